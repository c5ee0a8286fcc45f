// console/cluster/cluster_snapshot.h - what is known of a cluster at one moment: an immutable value, shared by all
// pages.
#pragma once

#include "shared/admin/hot_keys_report.h"
#include "shared/admin/node_report.h"
#include "shared/ring/availability.h"

#include <QString>

#include <memory>
#include <optional>
#include <vector>

namespace quoit {

/// How the picture relates to the cluster. Where data is old it is shown with its age, never as zeros.
enum class PictureState {
    Disconnected, ///< nobody asked for a connection
    Connecting,   ///< nothing has been received yet
    Live,
    Stale, ///< there is a picture, and it isn't renewed any more; new connections are being tried
    Lost,  ///< stale for more than half a minute
};

struct ClusterSnapshot;
/// Never null where it is handed out.
using ClusterSnapshotPtr = std::shared_ptr<const ClusterSnapshot>;

/// Sums over the nodes. No value: nobody has told.
struct ClusterTotals
{
    std::optional<double> operationsPerSecond;
    std::optional<double> readsPerSecond;
    std::optional<double> writesPerSecond;
    std::optional<double> p50Us; ///< weighted by operations
    std::optional<double> p99Us; ///< of the slowest node that had operations
    std::optional<double> p999Us;
    std::optional<double> hitRatio; ///< 0 … 1
    std::optional<double> keys;     ///< each counted once; an estimate while replicas differ
    std::optional<double> memoryBytes;
    std::optional<double> diskBytes;
    std::optional<double> dataBytes;
    std::optional<double> connections;
    int nodesUp = 0;
    int nodesSuspect = 0;
    int nodesDown = 0;
    int nodesUnknown = 0; ///< waiting ones too
};

/// How well the cluster is, in words.
struct Health
{
    enum class Level { Unknown, Well, Degraded, Critical };
    Level level = Level::Unknown;
    QString headline; ///< "All is well"
    QString detail;   ///< what it means, and what to do
    int partitionsBelowStrength = 0;
    int partitionsWithoutMajority = 0;
};

struct ClusterSnapshot
{
    quint64 number = 0;    ///< grows with every snapshot
    ClusterMapPtr map;     ///< null until the ring was told
    qint64 receivedMs = 0; ///< Unix epoch, this machine's clock; 0: nothing was received
    qint64 reportedMs = 0; ///< the same moment by the clock of the node that told; 0: it was not told
    NodeId reporter = noNode;
    std::vector<NodeReport> nodes;            ///< ascending by id; before the first report: the members, unknown
    std::vector<std::uint64_t> partitionLoad; ///< [P] operations per second; [0] before the first report
    std::vector<ClusterEvent> events;         ///< the last few hundred, oldest first
    std::optional<HotKeysReport> hotKeys;     ///< a few seconds old at most; nothing: not told
    std::vector<double> ownership;            ///< [nodes] share of all replicas, 0 … 1; NaN: not in the map
    std::vector<std::uint32_t> ownHomes;      ///< [nodes] partitions whose first replica it is: their home in good times
    Availability availability;                ///< as the nodes are now; [0] partitions before the first report
    ClusterTotals totals;
    Health health;

    /// @return nullptr if there is no such node; borrowed from this.
    const NodeReport* node(NodeId id) const;
};

/// It has told figures at some time: until then all are zero, which no process that runs would say (of its memory, say).
bool hasFigures(const NodeReport& node);
/// The figures of this node are its own of the last seconds, not the last words of one that is gone.
bool hasFreshFigures(const NodeReport& node);
/// Fills ownership, totals and health from the rest.
void completeSnapshot(ClusterSnapshot& snapshot);

} // namespace quoit
