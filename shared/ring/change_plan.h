// shared/ring/change_plan.h - what a change of the ring comes to: who the members will be, and what has to move. Pure and
// deterministic: every node that plans the same change on the same map comes to the same members.
#pragma once

#include "shared/ring/cluster_map.h"

#include <string>
#include <vector>

namespace quoit {

/// Works out who the members are when all steps are taken. A join moves only what the new node receives, and a replacement only what the
/// old node held. For the other steps tokens go over from nodes that hold too much to nodes that hold too little, until the busiest
/// has at most about 1.05 of its fair share or nothing gets better.
/// @return InvalidArgument or Refused with a sentence that says what to do instead.
Result<RingChange> planChange(const ClusterMap& map, const WantedChange& wanted);

/// "done", "aborted", "impossible"
std::string toText(EndedChange::Outcome outcome);
/// "join n6 (127.0.0.1:7405), leave n2": a change in the words of its steps.
std::string toText(const ClusterMap& map, const std::vector<ChangeStep>& steps);

/// The map of a planned change's first step: the same members, and the change in progress. Its epoch and revision follow those of `map`.
Result<ClusterMapPtr> beginChange(const ClusterMap& map, RingChange change);
/// The map in which the change is done, or aborted if it was being aborted. @param nowMs Unix epoch, for the list of ended changes; likewise below
Result<ClusterMapPtr> finishChange(const ClusterMap& map, std::int64_t nowMs = 0);
/// The map in which the change never was; if nodes came in by it, one in which it is being aborted, and which finishChange() ends.
Result<ClusterMapPtr> abortChange(const ClusterMap& map, std::int64_t nowMs = 0);
/// The map in which a change waits no more. @return Refused if none with this number waits
Result<ClusterMapPtr> abortWaiting(const ClusterMap& map, std::uint64_t number, std::int64_t nowMs = 0);
/// The front of the queue becomes the change in progress; one that isn't possible any more only goes from the queue.
/// @return Refused if a change is in progress, or none waits
Result<ClusterMapPtr> beginNext(const ClusterMap& map, std::int64_t nowMs = 0);
/// The map as it will be when the change in progress is done, and then all that wait.
Result<ClusterMapPtr> futureOf(const ClusterMap& map);

/// How many zones there are; a member without one is a zone of its own.
std::size_t zoneCount(const std::vector<Member>& members);

/// What a partition needs before its change can be done.
/// @return those that are in the set after the change and weren't before: they copy the partition
std::vector<NodeId> newReplicas(const ClusterMap& map, PartitionIndex partition);
/// Whether its home has to settle every key that the replicas disagree on: where the new set is smaller, what was chosen may be on too few
/// of its replicas.
bool needsSettling(const ClusterMap& map, PartitionIndex partition);
/// Whether a member is none any more once the change in progress is over.
bool isLeaving(const ClusterMap& map, NodeId node);

} // namespace quoit
