#include "console/cluster/past_moment.h"

#include <QCoreApplication>
#include <QDateTime>

#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

constexpr qint64 waverMs = 5000;
constexpr std::uint64_t longAgoMs = 3'600'000; // older than any figures that count as fresh
constexpr double ratioParts = 1e6;

QString translated(const char* text)
{
    return QCoreApplication::translate("quoit::PastMoment", text);
}

QString timeText(qint64 second)
{
    return QDateTime::fromSecsSinceEpoch(second).toString(QStringLiteral("d MMM, HH:mm:ss"));
}

/// Of a time without a ring.
Health whyThereIsNoRing(const PastMoment& moment)
{
    Health health;
    if (moment.isListened) {
        health.headline = moment.ringsFromSecond > 0
                              ? translated("No ring is kept from before %1").arg(timeText(moment.ringsFromSecond))
                              : translated("No ring is kept of this time");
        health.detail = translated("The console of that time kept figures only: the page Charts has them.");
        return health;
    }
    health.headline = translated("Nobody watched then");
    if (moment.gapFromSecond == 0)
        health.detail = translated("The past that is kept begins later.");
    else if (moment.gapToSecond == 0)
        health.detail = translated("The last report that is kept came at %1.").arg(timeText(moment.gapFromSecond));
    else
        health.detail = translated("No console heard the cluster from %1 to %2.")
                            .arg(timeText(moment.gapFromSecond), timeText(moment.gapToSecond));
    return health;
}

LoadFigures figuresOf(const MetricValues& values)
{
    LoadFigures figures;
    const auto take = [&](Metric metric, std::uint64_t& field) {
        if (const float value = values[std::size_t(metric)]; std::isfinite(value) && value > 0)
            field = std::uint64_t(std::llround(double(value)));
    };
    take(Metric::ReadsPerSecond, figures.readsPerSecond);
    take(Metric::WritesPerSecond, figures.writesPerSecond);
    take(Metric::P50Us, figures.p50Us);
    take(Metric::P99Us, figures.p99Us);
    take(Metric::P999Us, figures.p999Us);
    if (const float ratio = values[std::size_t(Metric::HitRatio)]; std::isfinite(ratio)) { // of how many isn't kept
        figures.cacheHitsPerSecond = std::uint64_t(std::llround(double(ratio) * ratioParts));
        figures.cacheMissesPerSecond = std::uint64_t(ratioParts) - figures.cacheHitsPerSecond;
    }
    take(Metric::MemoryBytes, figures.memoryBytes);
    take(Metric::CacheBytes, figures.cacheBytes);
    take(Metric::DiskBytes, figures.diskBytes);
    take(Metric::DiskFreeBytes, figures.diskFreeBytes);
    take(Metric::Keys, figures.keys);
    take(Metric::DataBytes, figures.dataBytes);
    take(Metric::Tombstones, figures.tombstones);
    take(Metric::Connections, figures.connections);
    take(Metric::WaitingOperations, figures.waitingOperations);
    take(Metric::Hints, figures.hints);
    take(Metric::Homes, figures.homes);
    take(Metric::CommitP99Us, figures.commitP99Us);
    take(Metric::FsyncP99Us, figures.fsyncP99Us);
    take(Metric::QueuedBytes, figures.queuedBytes);
    take(Metric::CpuPermille, figures.cpuPermille);
    take(Metric::UptimeSeconds, figures.uptimeSeconds);
    take(Metric::ExpiredPerSecond, figures.expiredPerSecond);
    take(Metric::EvictedPerSecond, figures.evictedPerSecond);
    take(Metric::CacheEvictionsPerSecond, figures.cacheEvictionsPerSecond);
    take(Metric::BusyPerSecond, figures.busyPerSecond);
    take(Metric::ErrorsPerSecond, figures.errorsPerSecond);
    take(Metric::RefusedForRoom, figures.refusedForRoom);
    return figures;
}

NodeReport reportOf(const Member& member, const PastMoment& moment, qint64 ms)
{
    NodeReport report = reportOfMember(member);
    report.figuresAgeMs = longAgoMs;
    const auto past = std::ranges::lower_bound(moment.nodes, member.id, {}, &NodePast::id);
    if (past == moment.nodes.end() || past->id != member.id)
        return report; // unknown
    report.state = past->state;
    report.sinceMs = std::uint64_t(std::max<qint64>(0, ms - past->beganMs));
    report.incarnation = past->incarnation;
    report.version = past->version;
    const auto figures = moment.figures.find(member.id);
    const auto told = [&](Metric metric) {
        return figures == moment.figures.end() ? std::nan("") : double(figures->second[std::size_t(metric)]);
    };
    const bool isAnswering = past->state == NodeState::Up || past->state == NodeState::Suspect;
    if (isAnswering && std::isfinite(told(Metric::OperationsPerSecond))) {
        report.figures = figuresOf(figures->second);
        report.figuresAgeMs = 0;
    } else {
        report.figures.keys = past->keys;
        report.figures.dataBytes = past->dataBytes;
    }
    report.figures.storageFull = past->isStorageFull;
    if (const double phi = told(Metric::Phi); isAnswering && std::isfinite(phi))
        report.phi = phi;
    if (const double waiting = told(Metric::TombstonesWaiting); std::isfinite(waiting))
        report.tombstonesWaiting = std::uint64_t(waiting);
    return report;
}

/// The cluster's own figures: they can't be had from those of its nodes, which are the largest of the step.
void takeTotals(const MetricValues& values, ClusterTotals& totals)
{
    const auto take = [&](Metric metric, std::optional<double>& field) {
        const double value = double(values[std::size_t(metric)]);
        field = std::isfinite(value) ? std::optional(value) : std::nullopt;
    };
    take(Metric::OperationsPerSecond, totals.operationsPerSecond);
    take(Metric::ReadsPerSecond, totals.readsPerSecond);
    take(Metric::WritesPerSecond, totals.writesPerSecond);
    take(Metric::P50Us, totals.p50Us);
    take(Metric::P99Us, totals.p99Us);
    take(Metric::P999Us, totals.p999Us);
    take(Metric::HitRatio, totals.hitRatio);
    take(Metric::Keys, totals.keys);
    take(Metric::MemoryBytes, totals.memoryBytes);
    take(Metric::DiskBytes, totals.diskBytes);
}

} // namespace

std::vector<NodePast> nodePastsOf(const ClusterSnapshot& snapshot, const std::vector<NodePast>& before)
{
    constexpr std::size_t versionBytesMax = 255;
    std::vector<NodePast> nodes;
    nodes.reserve(snapshot.nodes.size());
    for (const NodeReport& report : snapshot.nodes) {
        NodePast node;
        node.id = report.id;
        node.state = report.state;
        node.isStorageFull = report.figures.storageFull;
        node.beganMs = snapshot.receivedMs - qint64(report.sinceMs);
        node.incarnation = report.incarnation;
        node.version = report.version.substr(0, versionBytesMax);
        if (report.state == NodeState::Down) {
            node.keys = report.figures.keys;
            node.dataBytes = report.figures.dataBytes;
        }
        const auto known = std::ranges::find(before, report.id, &NodePast::id);
        if (known != before.end() && known->state == node.state && std::abs(known->beganMs - node.beganMs) < waverMs)
            node.beganMs = known->beganMs;
        nodes.push_back(std::move(node));
    }
    return nodes;
}

bool areAlike(const std::vector<NodePast>& first, const std::vector<NodePast>& second)
{
    return std::ranges::equal(first, second, [](const NodePast& one, NodePast other) {
        if (std::abs(one.beganMs - other.beganMs) < waverMs)
            other.beganMs = one.beganMs;
        return one == other;
    });
}

ClusterSnapshotPtr snapshotOf(const PastMoment& moment, qint64 ms)
{
    ClusterSnapshot snapshot;
    snapshot.receivedMs = ms;
    if (!moment.isListened || !moment.map || moment.nodes.empty()) {
        completeSnapshot(snapshot);
        snapshot.health = whyThereIsNoRing(moment);
    } else {
        snapshot.map = moment.map;
        for (const Member& member : moment.map->members())
            snapshot.nodes.push_back(reportOf(member, moment, ms));
        completeSnapshot(snapshot);
    }
    MetricValues nothing;
    nothing.fill(std::nanf(""));
    const auto cluster = moment.figures.find(noNode);
    takeTotals(cluster == moment.figures.end() ? nothing : cluster->second, snapshot.totals);
    return std::make_shared<const ClusterSnapshot>(std::move(snapshot));
}

} // namespace quoit
