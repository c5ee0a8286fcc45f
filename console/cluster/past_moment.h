// console/cluster/past_moment.h - what the history kept of one moment, and the snapshot that it makes. Pure.
// What isn't kept stays unknown: no ring, state or figure is made up for a time that nobody told about.
#pragma once

#include "console/cluster/cluster_snapshot.h"
#include "console/cluster/metric.h"

#include <map>
#include <memory>
#include <vector>

namespace quoit {

/// How a node was, from one change of any of this to the next.
struct NodePast
{
    NodeId id = noNode;
    NodeState state = NodeState::Unknown;
    bool isStorageFull = false;
    qint64 beganMs = 0; ///< of the state, Unix epoch
    std::uint64_t incarnation = 0;
    std::uint64_t keys = 0;      ///< of one that is down: what it stored last; else 0, its figures tell
    std::uint64_t dataBytes = 0; ///< likewise
    std::string version;         ///< at most 255 bytes

    bool operator==(const NodePast&) const = default;
};

/// @param before as of the report before: a state that goes on keeps its begin, which else would waver with the clocks
std::vector<NodePast> nodePastsOf(const ClusterSnapshot& snapshot, const std::vector<NodePast>& before);
/// The same but for begins that waver.
bool areAlike(const std::vector<NodePast>& first, const std::vector<NodePast>& second);

struct PastMoment
{
    qint64 second = 0;        ///< Unix epoch
    bool isListened = false;  ///< a console heard the cluster then; otherwise nothing of the rest is set but the gap
    qint64 gapFromSecond = 0; ///< the last report before; 0: there is none
    qint64 gapToSecond = 0;   ///< the first one after; 0: there is none
    qint64 ringsFromSecond = 0; ///< the oldest ring that is kept; 0: none
    ClusterMapPtr map;        ///< null: none is kept of so early
    std::vector<NodePast> nodes; ///< ascending; [0]: none is kept
    int stepSeconds = 0;      ///< how finely figures are kept; 0: none are
    std::map<NodeId, MetricValues> figures; ///< the largest of the step; noNode: the cluster's
};
using PastMomentPtr = std::shared_ptr<const PastMoment>;

/// @param ms the moment that was asked for, within the second
/// Without a ring there are no nodes, and health says why.
ClusterSnapshotPtr snapshotOf(const PastMoment& moment, qint64 ms);

} // namespace quoit
