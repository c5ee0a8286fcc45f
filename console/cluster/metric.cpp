#include "console/cluster/metric.h"

#include <algorithm>
#include <limits>

namespace quoit {

namespace {

constexpr float nothing = std::numeric_limits<float>::quiet_NaN();

MetricValues noValues()
{
    MetricValues values;
    values.fill(nothing);
    return values;
}

/// How the cluster's figure comes from those of its nodes.
enum class Joint { Sum, Largest, Smallest };

void join(float& joint, float value, Joint how)
{
    if (std::isnan(value))
        return;
    if (std::isnan(joint))
        joint = value;
    else
        joint = how == Joint::Sum ? joint + value : how == Joint::Largest ? std::max(joint, value) : std::min(joint, value);
}

} // namespace

const char* metricId(Metric metric)
{
    switch (metric) {
    case Metric::OperationsPerSecond:
        return "operations-per-second";
    case Metric::ReadsPerSecond:
        return "reads-per-second";
    case Metric::WritesPerSecond:
        return "writes-per-second";
    case Metric::P50Us:
        return "p50-us";
    case Metric::P99Us:
        return "p99-us";
    case Metric::P999Us:
        return "p999-us";
    case Metric::HitRatio:
        return "hit-ratio";
    case Metric::MemoryBytes:
        return "memory-bytes";
    case Metric::DiskBytes:
        return "disk-bytes";
    case Metric::Keys:
        return "keys";
    case Metric::Phi:
        return "phi";
    case Metric::CpuPermille:
        return "cpu-permille";
    case Metric::CacheBytes:
        return "cache-bytes";
    case Metric::WaitingOperations:
        return "waiting-operations";
    case Metric::CommitP99Us:
        return "commit-p99-us";
    case Metric::Hints:
        return "hints";
    case Metric::TombstonesWaiting:
        return "tombstones-waiting";
    case Metric::Tombstones:
        return "tombstones";
    case Metric::DiskFreeBytes:
        return "disk-free-bytes";
    case Metric::Connections:
        return "connections";
    case Metric::ExpiredPerSecond:
        return "expired-per-second";
    case Metric::EvictedPerSecond:
        return "evicted-per-second";
    case Metric::CacheEvictionsPerSecond:
        return "cache-evictions-per-second";
    case Metric::FsyncP99Us:
        return "fsync-p99-us";
    case Metric::QueuedBytes:
        return "queued-bytes";
    case Metric::BusyPerSecond:
        return "busy-per-second";
    case Metric::ErrorsPerSecond:
        return "errors-per-second";
    case Metric::LimitUsed:
        return "limit-used";
    case Metric::RefusedForRoom:
        return "refused-for-room";
    case Metric::DataBytes:
        return "data-bytes";
    case Metric::Homes:
        return "homes";
    case Metric::UptimeSeconds:
        return "uptime-seconds";
    }
    return "";
}

MetricValues metricsOf(const NodeReport& node)
{
    MetricValues values = noValues();
    const auto set = [&](Metric metric, double value) { values[std::size_t(metric)] = float(value); };
    // Who is down isn't suspected any more.
    if (node.state == NodeState::Up || node.state == NodeState::Suspect)
        set(Metric::Phi, node.phi);
    // What waits for it is told by the others, and matters most while it is down.
    if (node.state != NodeState::Unknown)
        set(Metric::TombstonesWaiting, double(node.tombstonesWaiting));
    if (!hasFreshFigures(node))
        return values;
    const LoadFigures& figures = node.figures;
    set(Metric::OperationsPerSecond, double(figures.readsPerSecond + figures.writesPerSecond));
    set(Metric::ReadsPerSecond, double(figures.readsPerSecond));
    set(Metric::WritesPerSecond, double(figures.writesPerSecond));
    if (figures.p99Us > 0) {
        set(Metric::P50Us, double(figures.p50Us));
        set(Metric::P99Us, double(figures.p99Us));
        set(Metric::P999Us, double(figures.p999Us));
    }
    if (const auto looks = figures.cacheHitsPerSecond + figures.cacheMissesPerSecond; looks > 0)
        set(Metric::HitRatio, double(figures.cacheHitsPerSecond) / double(looks));
    if (figures.commitP99Us > 0)
        set(Metric::CommitP99Us, double(figures.commitP99Us));
    if (figures.fsyncP99Us > 0)
        set(Metric::FsyncP99Us, double(figures.fsyncP99Us));
    set(Metric::MemoryBytes, double(figures.memoryBytes));
    set(Metric::DiskBytes, double(figures.diskBytes));
    set(Metric::DiskFreeBytes, double(figures.diskFreeBytes));
    set(Metric::Keys, double(figures.keys));
    set(Metric::CpuPermille, double(figures.cpuPermille));
    set(Metric::CacheBytes, double(figures.cacheBytes));
    set(Metric::WaitingOperations, double(figures.waitingOperations));
    set(Metric::Hints, double(figures.hints));
    set(Metric::Tombstones, double(figures.tombstones));
    set(Metric::Connections, double(figures.connections));
    set(Metric::ExpiredPerSecond, double(figures.expiredPerSecond));
    set(Metric::EvictedPerSecond, double(figures.evictedPerSecond));
    set(Metric::CacheEvictionsPerSecond, double(figures.cacheEvictionsPerSecond));
    set(Metric::QueuedBytes, double(figures.queuedBytes));
    set(Metric::BusyPerSecond, double(figures.busyPerSecond));
    set(Metric::ErrorsPerSecond, double(figures.errorsPerSecond));
    if (figures.bytesMax > 0)
        set(Metric::LimitUsed, double(figures.usedBytes) / double(figures.bytesMax));
    set(Metric::RefusedForRoom, double(figures.refusedForRoom));
    set(Metric::DataBytes, double(figures.dataBytes));
    set(Metric::Homes, double(figures.homes));
    set(Metric::UptimeSeconds, double(figures.uptimeSeconds));
    return values;
}

MetricValues metricsOf(const ClusterSnapshot& snapshot)
{
    MetricValues values = noValues();
    const auto joined = [&](Metric metric, Joint how, const MetricValues& node) {
        join(values[std::size_t(metric)], node[std::size_t(metric)], how);
    };
    for (const NodeReport& each : snapshot.nodes) {
        const MetricValues node = metricsOf(each);
        for (const Metric metric :
             {Metric::CpuPermille, Metric::CacheBytes, Metric::WaitingOperations, Metric::Hints,
              Metric::TombstonesWaiting, Metric::Tombstones, Metric::Connections, Metric::ExpiredPerSecond,
              Metric::EvictedPerSecond, Metric::CacheEvictionsPerSecond, Metric::QueuedBytes, Metric::BusyPerSecond,
              Metric::ErrorsPerSecond, Metric::RefusedForRoom, Metric::DataBytes, Metric::Homes})
            joined(metric, Joint::Sum, node);
        for (const Metric metric : {Metric::Phi, Metric::CommitP99Us, Metric::FsyncP99Us, Metric::LimitUsed})
            joined(metric, Joint::Largest, node);
        for (const Metric metric : {Metric::DiskFreeBytes, Metric::UptimeSeconds})
            joined(metric, Joint::Smallest, node);
    }
    // The rest is weighted, or counted once for all replicas: the totals know how.
    const ClusterTotals& totals = snapshot.totals;
    const auto set = [&](Metric metric, const std::optional<double>& value) {
        values[std::size_t(metric)] = value ? float(*value) : nothing;
    };
    set(Metric::OperationsPerSecond, totals.operationsPerSecond);
    set(Metric::ReadsPerSecond, totals.readsPerSecond);
    set(Metric::WritesPerSecond, totals.writesPerSecond);
    set(Metric::P50Us, totals.p50Us);
    set(Metric::P99Us, totals.p99Us);
    set(Metric::P999Us, totals.p999Us);
    set(Metric::HitRatio, totals.hitRatio);
    set(Metric::MemoryBytes, totals.memoryBytes);
    set(Metric::DiskBytes, totals.diskBytes);
    set(Metric::Keys, totals.keys);
    return values;
}

} // namespace quoit
