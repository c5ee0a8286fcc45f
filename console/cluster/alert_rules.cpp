#include "console/cluster/alert_rules.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace quoit {

namespace {

using Rule = AlertRule;
using Unit = AlertUnit;
constexpr auto critical = AlertLevel::Critical;
constexpr auto warning = AlertLevel::Warning;
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

// Too little load says nothing about shares and ratios.
constexpr double operationsMin = 200; // a second, for shares of the load
constexpr double looksMin = 100;      // into the cache a second

const std::array<AlertRuleFacts, alertRuleCount> table = {{
    {Rule::NoMajority, "no-majority", critical, Unit::State, false, 1, 1, 1, 0, {}},
    {Rule::StorageFull, "storage-full", critical, Unit::State, false, 1, 1, 1, 0, Metric::DiskFreeBytes},
    {Rule::NodeDown, "node-down", warning, Unit::State, false, 1, 1, 1, 0, Metric::OperationsPerSecond},
    {Rule::Busy, "busy", critical, Unit::PerSecond, false, 1, 1, 1e9, 3, Metric::BusyPerSecond},
    {Rule::NodeSuspect, "node-suspect", warning, Unit::State, false, 1, 1, 1, 3, Metric::Phi},
    {Rule::BelowStrength, "below-strength", warning, Unit::State, false, 1, 1, 1, 60, {}},
    {Rule::DiskNearlyFull, "disk-nearly-full", warning, Unit::Share, true, 0.1, 0.01, 0.5, 10, Metric::DiskFreeBytes},
    {Rule::SlowRequests, "slow-requests", warning, Unit::Microseconds, false, 100'000, 100, 60'000'000, 15,
     Metric::P99Us},
    {Rule::SlowCommits, "slow-commits", warning, Unit::Microseconds, false, 100'000, 100, 60'000'000, 15,
     Metric::FsyncP99Us},
    {Rule::Queue, "queue", warning, Unit::Count, false, 2000, 10, 1'000'000, 10, Metric::WaitingOperations},
    {Rule::HitRatioFallen, "hit-ratio-fallen", warning, Unit::Share, true, 0.5, 0.05, 0.95, 30, Metric::HitRatio},
    {Rule::Evicting, "evicting", warning, Unit::PerSecond, false, 1, 1, 1e9, 30, Metric::EvictedPerSecond},
    {Rule::AtLimit, "at-limit", warning, Unit::Share, false, 0.95, 0.5, 1, 10, Metric::LimitUsed},
    {Rule::Imbalance, "imbalance", warning, Unit::Factor, false, 1.5, 1.1, 10, 30, Metric::CpuPermille},
    {Rule::HotKey, "hot-key", warning, Unit::Share, false, 0.25, 0.02, 1, 20, {}},
    {Rule::ClockSkew, "clock-skew", warning, Unit::Milliseconds, false, 1000, 50, 3'600'000, 10, {}},
    {Rule::TombstonesWaiting, "tombstones-waiting", warning, Unit::Count, false, 10'000, 1, 1e9, 60,
     Metric::TombstonesWaiting},
}};

class Reader
{
public:
    explicit Reader(const ClusterSnapshot& snapshot)
        : m_snapshot(snapshot)
    {}

    std::vector<AlertReading> take()
    {
        addCluster();
        for (const NodeReport& node : m_snapshot.nodes)
            addNode(node);
        addImbalance();
        addHotKeys();
        std::ranges::sort(m_readings, {}, &AlertReading::subject);
        return std::move(m_readings);
    }

private:
    void add(Rule rule, NodeId node, double figure, qint64 forMs = 0)
    {
        m_readings.push_back({{rule, node, {}}, figure, forMs, false});
    }

    void addCluster()
    {
        const Health& health = m_snapshot.health;
        const bool isKnown = m_snapshot.map != nullptr;
        add(Rule::NoMajority, noNode, isKnown ? health.partitionsWithoutMajority : nothing);
        add(Rule::BelowStrength, noNode, isKnown ? health.partitionsBelowStrength : nothing);
    }

    void addNode(const NodeReport& node)
    {
        const bool isKnown = node.state != NodeState::Unknown;
        const auto sinceMs = qint64(node.sinceMs);
        add(Rule::NodeDown, node.id, !isKnown ? nothing : node.state == NodeState::Down ? 1 : 0, sinceMs);
        add(Rule::NodeSuspect, node.id,
            !isKnown ? nothing : node.state == NodeState::Suspect ? std::max(1.0, node.phi) : 0, sinceMs);
        m_readings.back().isSuperseded = node.state == NodeState::Down;
        add(Rule::TombstonesWaiting, node.id, isKnown ? double(node.tombstonesWaiting) : nothing);
        const bool isFresh = hasFreshFigures(node);
        const LoadFigures& figures = node.figures;
        const auto addFresh = [&](Rule rule, double figure) { add(rule, node.id, isFresh ? figure : nothing); };
        addFresh(Rule::StorageFull, figures.storageFull ? 1 : 0);
        // Of what is there for the node: the size of its disk isn't told, and others may write there too.
        const double room = double(figures.diskFreeBytes) + double(figures.diskBytes);
        addFresh(Rule::DiskNearlyFull, room > 0 ? double(figures.diskFreeBytes) / room : nothing);
        addFresh(Rule::SlowRequests, double(figures.p99Us)); // 0: there were none
        addFresh(Rule::SlowCommits, double(figures.fsyncP99Us));
        addFresh(Rule::Busy, double(figures.busyPerSecond));
        addFresh(Rule::Evicting, double(figures.evictedPerSecond));
        // Who may evict any key is at its limit as a rule, and refuses nothing: Evicting tells of it.
        const bool mayRefuse = figures.bytesMax > 0 && !figures.evictionPolicy.starts_with("allkeys-");
        addFresh(Rule::AtLimit, mayRefuse ? double(figures.usedBytes) / double(figures.bytesMax) : 0);
        // The reporter's clock less this machine's, and the node's less the reporter's.
        const qint64 skewMs = m_snapshot.reportedMs - m_snapshot.receivedMs + node.clockOffsetMs;
        addFresh(Rule::ClockSkew, m_snapshot.reportedMs > 0 ? double(std::abs(skewMs)) : nothing);
        addFresh(Rule::Queue, double(figures.waitingOperations));
        const double looks = double(figures.cacheHitsPerSecond + figures.cacheMissesPerSecond);
        addFresh(Rule::HitRatioFallen, looks < looksMin ? std::numeric_limits<double>::infinity()
                                                        : double(figures.cacheHitsPerSecond) / looks);
    }

    /// What the ring makes each node carry, whichever node the clients are connected to: a partition's load, shared
    /// evenly by its replicas, over the node's share by weight.
    void addImbalance()
    {
        const auto& load = m_snapshot.partitionLoad;
        if (!m_snapshot.map)
            return;
        const ClusterMap& map = *m_snapshot.map;
        if (load.size() != map.partitionCount() || map.isChanging()) { // what is moving isn't a lasting imbalance
            for (const Member& member : map.members())
                add(Rule::Imbalance, member.id, nothing);
            return;
        }
        std::map<NodeId, double> carried;
        double weights = 0;
        for (const Member& member : map.members()) {
            carried[member.id] = 0;
            weights += member.weight;
        }
        for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition)
            for (const NodeId replica : map.replicas(partition))
                carried[replica] += double(load[partition]) / double(map.replicas(partition).size());
        const double all = std::accumulate(load.begin(), load.end(), 0.0);
        for (const Member& member : map.members())
            add(Rule::Imbalance, member.id,
                all < operationsMin ? 0 : carried[member.id] / (all * member.weight / weights));
    }

    /// At least: what is sure of a key's rate, of all requests for keys.
    void addHotKeys()
    {
        if (!m_snapshot.hotKeys)
            return;
        const HotKeysReport& report = *m_snapshot.hotKeys;
        const double all = double(report.readsPerSecond + report.writesPerSecond);
        for (const HotKeyReport& key : report.keys) {
            const double rate = double(key.readsPerSecond + key.writesPerSecond);
            const double sure = std::max(0.0, rate - double(key.readsError + key.writesError));
            m_readings.push_back({{Rule::HotKey, noNode, key.key}, all < operationsMin ? 0 : std::min(1.0, sure / all), 0, false});
        }
    }

    const ClusterSnapshot& m_snapshot;
    std::vector<AlertReading> m_readings;
};

} // namespace

const AlertRuleFacts& factsOf(AlertRule rule)
{
    return table[std::size_t(rule)];
}

std::optional<AlertRule> alertRuleOf(const QString& id)
{
    for (const AlertRuleFacts& facts : table)
        if (id == QLatin1String(facts.id))
            return facts.rule;
    return {};
}

AlertSettings defaultAlertSettings()
{
    AlertSettings settings;
    for (const AlertRuleFacts& facts : table)
        settings[std::size_t(facts.rule)].bound = facts.bound;
    return settings;
}

std::vector<AlertReading> alertReadings(const ClusterSnapshot& snapshot)
{
    return snapshot.receivedMs == 0 ? std::vector<AlertReading>() : Reader(snapshot).take();
}

} // namespace quoit
