#include "shared/admin/node_report.h"

#include "shared/admin/report_codec.h"

#include <array>
#include <charconv>

namespace quoit {

namespace {

constexpr std::array<std::string_view, 5> stateNames = {"unknown", "up", "suspect", "down", "waiting"};

} // namespace

std::string_view toText(NodeState state)
{
    return stateNames[std::size_t(state)];
}

NodeState nodeStateFromText(std::string_view text)
{
    for (std::size_t i = 0; i < stateNames.size(); ++i)
        if (stateNames[i] == text)
            return NodeState(i);
    return NodeState::Unknown; // also what a later version may call something else
}

NodeReport reportOfMember(const Member& member)
{
    NodeReport report;
    report.id = member.id;
    report.name = member.name;
    report.clientAddress = member.clientAddress;
    report.peerAddress = member.peerAddress;
    report.httpAddress = member.httpAddress;
    report.zone = member.zone;
    report.weight = member.weight;
    return report;
}

// The overloads that the codec finds by the argument's namespace.

/// A position may not fit a signed integer, so it travels as its decimal digits.
struct PositionText
{
    Position position = 0;
};

static RespValue fieldToResp(const PositionText& field)
{
    return RespValue::bulk(std::to_string(field.position));
}

static bool fieldFromResp(const RespValue& value, PositionText& field)
{
    const std::string text = value.asText();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), field.position);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

static RespValue fieldToResp(const NodeState& state)
{
    return RespValue::bulk(std::string(toText(state)));
}

static bool fieldFromResp(const RespValue& value, NodeState& state)
{
    if (!value.isString())
        return false;
    state = nodeStateFromText(value.text);
    return true;
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, LoadFigures>
static void visitFields(Visitor& visit, Report& figures)
{
    visit("reads-per-second", figures.readsPerSecond);
    visit("writes-per-second", figures.writesPerSecond);
    visit("p50-us", figures.p50Us);
    visit("p99-us", figures.p99Us);
    visit("p999-us", figures.p999Us);
    visit("cache-hits-per-second", figures.cacheHitsPerSecond);
    visit("cache-misses-per-second", figures.cacheMissesPerSecond);
    visit("memory-bytes", figures.memoryBytes);
    visit("cache-bytes", figures.cacheBytes);
    visit("disk-bytes", figures.diskBytes);
    visit("disk-free-bytes", figures.diskFreeBytes);
    visit("keys", figures.keys);
    visit("tombstones", figures.tombstones);
    visit("data-bytes", figures.dataBytes);
    visit("connections", figures.connections);
    visit("waiting-operations", figures.waitingOperations);
    visit("hints", figures.hints);
    visit("homes", figures.homes);
    visit("commit-p50-us", figures.commitP50Us);
    visit("commit-p99-us", figures.commitP99Us);
    visit("fsync-p50-us", figures.fsyncP50Us);
    visit("fsync-p99-us", figures.fsyncP99Us);
    visit("queued-bytes", figures.queuedBytes);
    visit("cpu-permille", figures.cpuPermille);
    visit("uptime-seconds", figures.uptimeSeconds);
    visit("partitions-to-copy", figures.partitionsToCopy);
    visit("partitions-copied", figures.partitionsCopied);
    visit("copied-bytes", figures.copiedBytes);
    visit("map-revision", figures.mapRevision);
    visit("expired-per-second", figures.expiredPerSecond);
    visit("evicted-per-second", figures.evictedPerSecond);
    visit("cache-evictions-per-second", figures.cacheEvictionsPerSecond);
    visit("busy-per-second", figures.busyPerSecond);
    visit("errors-per-second", figures.errorsPerSecond);
    visit("used-bytes", figures.usedBytes);
    visit("max-bytes", figures.bytesMax);
    visit("evicted-keys", figures.evictedKeys);
    visit("refused-for-room", figures.refusedForRoom);
    visit("eviction-policy", figures.evictionPolicy);
    visit("storage-full", figures.storageFull);
}

static RespValue fieldToResp(const LoadFigures& figures)
{
    return admin::writeReport(figures);
}

static bool fieldFromResp(const RespValue& value, LoadFigures& figures)
{
    Result<LoadFigures> read = admin::readReport<LoadFigures>(value, "figures");
    if (!read)
        return false;
    figures = read.value();
    return true;
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, NodeReport>
static void visitFields(Visitor& visit, Report& report)
{
    visit("id", report.id);
    visit("name", report.name);
    visit("client-address", report.clientAddress);
    visit("peer-address", report.peerAddress);
    visit("http-address", report.httpAddress);
    visit("zone", report.zone);
    visit("weight", report.weight);
    visit("state", report.state);
    visit("phi", report.phi);
    visit("since-ms", report.sinceMs);
    visit("incarnation", report.incarnation);
    visit("figures-age-ms", report.figuresAgeMs);
    visit("clock-offset-ms", report.clockOffsetMs);
    visit("version", report.version);
    visit("figures", report.figures);
    visit("partitions-uncompared", report.partitionsUncompared);
    visit("partitions-differing", report.partitionsDiffering);
    visit("tombstones-waiting", report.tombstonesWaiting);
    visit("same-for-ms", report.sameForMs);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, ClusterEvent>
static void visitFields(Visitor& visit, Report& event)
{
    visit("time-ms", event.timeMs);
    visit("kind", event.kind);
    visit("node", event.node);
    visit("text", event.text);
}

/// A flat array of pairs: it is the longest part of a push.
static RespValue fieldToResp(const std::vector<PartitionLoad>& loads)
{
    std::vector<RespValue> flat;
    flat.reserve(loads.size() * 2);
    for (const PartitionLoad& load : loads) {
        flat.push_back(RespValue::integer(load.partition));
        flat.push_back(admin::fieldToResp(load.operationsPerSecond));
    }
    return RespValue::array(std::move(flat));
}

static bool fieldFromResp(const RespValue& value, std::vector<PartitionLoad>& loads)
{
    if (value.type != RespType::Array || value.elements.size() % 2 != 0)
        return false;
    loads.clear();
    for (std::size_t i = 0; i < value.elements.size(); i += 2) {
        PartitionLoad load;
        if (!admin::fieldFromResp(value.elements[i], load.partition) ||
            !admin::fieldFromResp(value.elements[i + 1], load.operationsPerSecond))
            return false;
        loads.push_back(load);
    }
    return true;
}

static RespValue fieldToResp(const std::vector<NodeReport>& reports)
{
    return admin::writeReports(reports);
}

static bool fieldFromResp(const RespValue& value, std::vector<NodeReport>& reports)
{
    return admin::readReports(value, reports);
}

static RespValue fieldToResp(const std::vector<ClusterEvent>& events)
{
    return admin::writeReports(events);
}

static bool fieldFromResp(const RespValue& value, std::vector<ClusterEvent>& events)
{
    return admin::readReports(value, events);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, WatchReport>
static void visitFields(Visitor& visit, Report& report)
{
    visit("time-ms", report.timeMs);
    visit("reporter", report.reporter);
    visit("epoch", report.epoch);
    visit("nodes", report.nodes);
    visit("partitions", report.partitions);
    visit("events", report.events);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, ReplicaReport>
static void visitFields(Visitor& visit, Report& report)
{
    visit("node", report.node);
    visit("answered", report.answered);
    visit("present", report.present);
    visit("tombstone", report.tombstone);
    visit("version", report.version);
    visit("value-bytes", report.valueBytes);
    visit("expiry-ms", report.expiryMs);
}

static RespValue fieldToResp(const std::vector<ReplicaReport>& replicas)
{
    return admin::writeReports(replicas);
}

static bool fieldFromResp(const RespValue& value, std::vector<ReplicaReport>& replicas)
{
    return admin::readReports(value, replicas);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, LocateReport>
static void visitFields(Visitor& visit, Report& report)
{
    visit("key", report.key);
    PositionText position{report.position};
    visit("position", position);
    if constexpr (!std::is_const_v<Report>)
        report.position = position.position;
    visit("slot", report.slot);
    visit("partition", report.partition);
    visit("home", report.home);
    visit("replicas", report.replicas);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, StatusReport>
static void visitFields(Visitor& visit, Report& report)
{
    visit("node", report.node);
    visit("name", report.name);
    visit("version", report.version);
    visit("state", report.state);
    visit("cluster", report.clusterId);
    visit("epoch", report.epoch);
    visit("nodes-up", report.nodesUp);
    visit("nodes-suspect", report.nodesSuspect);
    visit("nodes-down", report.nodesDown);
    visit("partitions", report.partitions);
    visit("partitions-below-strength", report.partitionsBelowStrength);
    visit("partitions-without-majority", report.partitionsWithoutMajority);
    visit("partitions-read-only", report.partitionsReadOnly);
    visit("repair", report.repair);
    visit("change", report.change);
    visit("verdict", report.verdict);
    visit("zones", report.zones);
    visit("strength", report.strength);
}

template <typename Visitor, typename Report>
requires std::same_as<std::remove_const_t<Report>, IdentityReport>
static void visitFields(Visitor& visit, Report& report)
{
    visit("disk", report.diskId);
    visit("node", report.node);
    visit("cluster", report.clusterId);
    visit("name", report.name);
    visit("client-address", report.clientAddress);
    visit("peer-address", report.peerAddress);
    visit("http-address", report.httpAddress);
    visit("zone", report.zone);
    visit("weight", report.weight);
    visit("disk-free-bytes", report.diskFreeBytes);
    visit("state", report.state);
    visit("version", report.version);
}

RespValue toResp(const LoadFigures& figures)
{
    return admin::writeReport(figures);
}

RespValue toResp(const NodeReport& report)
{
    return admin::writeReport(report);
}

RespValue toResp(const std::vector<NodeReport>& reports)
{
    return admin::writeReports(reports);
}

RespValue toResp(const WatchReport& report)
{
    return admin::writeReport(report);
}

RespValue toResp(const LocateReport& report)
{
    return admin::writeReport(report);
}

RespValue toResp(const StatusReport& report)
{
    return admin::writeReport(report);
}

RespValue toResp(const IdentityReport& report)
{
    return admin::writeReport(report);
}

Result<NodeReport> nodeReportFromResp(const RespValue& value)
{
    return admin::readReport<NodeReport>(value, "node");
}

Result<std::vector<NodeReport>> nodeReportsFromResp(const RespValue& value)
{
    if (!value.isAggregate() || value.type == RespType::Map)
        return admin::corruptField("nodes");
    std::vector<NodeReport> reports;
    for (const RespValue& element : value.elements) {
        Result<NodeReport> report = nodeReportFromResp(element);
        if (!report)
            return report.error();
        reports.push_back(std::move(report).value());
    }
    return reports;
}

Result<WatchReport> watchReportFromResp(const RespValue& value)
{
    return admin::readReport<WatchReport>(value, "watch");
}

Result<LocateReport> locateReportFromResp(const RespValue& value)
{
    return admin::readReport<LocateReport>(value, "locate");
}

Result<StatusReport> statusReportFromResp(const RespValue& value)
{
    return admin::readReport<StatusReport>(value, "status");
}

Result<IdentityReport> identityReportFromResp(const RespValue& value)
{
    return admin::readReport<IdentityReport>(value, "identity");
}

} // namespace quoit
