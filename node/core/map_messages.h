// node/core/map_messages.h - what nodes say to each other about the map and its changes, and what all messages share. Pure.
// Design: resources/docs/protocol.md, "The map" and "Changing the ring".
#pragma once

#include "node/core/record.h"
#include "shared/ring/cluster_map.h"

#include <cstdint>
#include <vector>

namespace quoit {

using Tag = std::uint64_t;

/// What a replica makes of a request.
enum class ReplicaStatus : std::uint8_t {
    Ok = 0,
    Refused = 1,     ///< it has promised a higher ballot, which the answer names
    BelowFloor = 2,  ///< the key is absent there and the version at or below its floor
    StorageFull = 3, ///< its disk is full; nothing was stored
    NotReplica = 4,  ///< by its map it doesn't hold the partition
};

/// A chosen map for a peer that has an older one.
struct MapPush
{
    ClusterMapPtr map;
    NodeId root = noNode; ///< who had it chosen, if the receiver passes it on; see node/core/map_spread.h
};
/// Asks for the map, having seen a newer epoch.
struct MapRequest
{
    bool operator==(const MapRequest&) const = default;
};

/// The next map is chosen by the deciders of the present one; a round of Paxos for each revision. See node/core/map_register.h.
struct MapPrepareRequest
{
    Tag tag = 0;
    std::uint64_t revision = 0;
    Ballot ballot; ///< its epoch is the revision
    bool operator==(const MapPrepareRequest&) const = default;
};
struct MapPrepareReply
{
    Tag tag = 0;
    ReplicaStatus status = ReplicaStatus::Ok;
    Ballot promised; ///< when Refused
    Ballot accepted; ///< none: nothing yet
    ClusterMapPtr map; ///< accepted under that ballot
};
struct MapAcceptRequest
{
    Tag tag = 0;
    Ballot ballot;
    ClusterMapPtr map;
};
struct MapAcceptReply
{
    Tag tag = 0;
    ReplicaStatus status = ReplicaStatus::Ok;
    Ballot promised; ///< when Refused
    bool operator==(const MapAcceptReply&) const = default;
};

/// How far a member is with what a change asks of it.
struct ChangeReportRequest
{
    Tag tag = 0;
    bool allElseIsDone = false; ///< whoever leaves by the change lets its clients go
    bool operator==(const ChangeReportRequest&) const = default;
};
struct ChangeReportReply
{
    Tag tag = 0;
    std::vector<PartitionIndex> copied;  ///< ascending; those that it has to copy and has completely, durably
    std::vector<PartitionIndex> settled; ///< ascending; in which it has settled whatever the replicas disagreed on
    bool clientsGone = false;            ///< it leaves, and has no clients any more
    bool operator==(const ChangeReportReply&) const = default;
};

} // namespace quoit
