// node/core/repair_messages.h - what homes and replicas say to each other to become the same, and to forget what was
// deleted. Pure; a part of node/core/messages.h. Design: resources/docs/protocol.md, "Repair" and "Deletes and the
// floor".
#pragma once

#include "node/core/map_messages.h"
#include "shared/base/ids.h"

#include <cstdint>
#include <vector>

namespace quoit {

/// How many leaves a partition's hash tree has; see node/core/hash_tree.h.
inline constexpr std::size_t treeLeafCount = 64;

/// Asks for the hash tree of a partition.
struct TreeRequest
{
    Tag tag = 0;
    PartitionIndex partition = 0;
    Ballot ballot;          ///< none: just look; else promise it first
    std::uint64_t root = 0; ///< of the asker's own tree: the leaves are wanted only if the other one differs
    bool operator==(const TreeRequest&) const = default;
};
struct TreeReply
{
    Tag tag = 0;
    ReplicaStatus status = ReplicaStatus::Ok;
    Ballot promised;    ///< when Refused
    bool built = false; ///< false: it is still going through its records; what follows says nothing
    Version floor;      ///< tombstones at or below it are left out
    std::uint64_t root = 0;
    std::vector<std::uint64_t> leaves; ///< [treeLeafCount] if the root differs from the asker's, else empty
    bool operator==(const TreeReply&) const = default;
};

/// Asks for the hash of all that is held at or below a version.
struct FloorRequest
{
    Tag tag = 0;
    PartitionIndex partition = 0;
    Ballot ballot; ///< promise it first
    Version floor; ///< of that ballot; everything that its home wrote up to here is chosen
    bool operator==(const FloorRequest&) const = default;
};
struct FloorReply
{
    Tag tag = 0;
    ReplicaStatus status = ReplicaStatus::Ok;
    Ballot promised;        ///< when Refused
    bool known = false;     ///< false: it can't tell at the moment
    Version floor;          ///< that it has
    std::uint64_t hash = 0; ///< of every record at or below the version asked for, but tombstones at or below its floor
    bool operator==(const FloorReply&) const = default;
};

/// All replicas held the same at or below this version at one time: tombstones up to it may be dropped, now or at any
/// later time. Answered with a LearnReply.
struct FloorFact
{
    Tag tag = 0;
    PartitionIndex partition = 0;
    Version floor;
    bool operator==(const FloorFact&) const = default;
};

} // namespace quoit
