// console/cluster/metric.h - the figures that are kept over time, and what a report says of each. Pure.
#pragma once

#include "console/cluster/cluster_snapshot.h"

#include <array>

namespace quoit {

/// The order may change: files name metrics by metricId().
enum class Metric {
    OperationsPerSecond,
    ReadsPerSecond,
    WritesPerSecond,
    P50Us,
    P99Us,
    P999Us,
    HitRatio, ///< 0 … 1
    MemoryBytes,
    DiskBytes,
    Keys,
    Phi, ///< nodes only; the cluster's is the largest
    CpuPermille,
    CacheBytes,
    WaitingOperations,
    CommitP99Us, ///< the cluster's is the largest
    Hints,
    TombstonesWaiting, ///< a node's: that wait for it
    Tombstones,
    DiskFreeBytes, ///< the cluster's is the smallest
    Connections,
    ExpiredPerSecond,
    EvictedPerSecond,
    CacheEvictionsPerSecond,
    FsyncP99Us, ///< the cluster's is the largest
    QueuedBytes,
    BusyPerSecond,
    ErrorsPerSecond,
    LimitUsed,        ///< 0 … 1 of what a node may hold; the cluster's is the largest
    RefusedForRoom,   ///< writes, since the node started
    DataBytes,        ///< keys and values; the cluster's counts each replica
    Homes,            ///< partitions whose home it is
    UptimeSeconds,    ///< the cluster's is the smallest
};
inline constexpr int metricCount = int(Metric::UptimeSeconds) + 1;

/// Short and lasting: "p99-us".
const char* metricId(Metric metric);

/// [metricCount], NaN: nobody told.
using MetricValues = std::array<float, metricCount>;
MetricValues metricsOf(const NodeReport& node);
MetricValues metricsOf(const ClusterSnapshot& snapshot); ///< the cluster's

} // namespace quoit
