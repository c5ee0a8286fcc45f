// shared/ring/token_transfer.h - tokens that go over from one member to another, so that shares are fair again after somebody left or
// weights changed. Inside this room only. Deterministic; the work is bounded whatever P is.
#pragma once

#include "shared/ring/cluster_map.h"

#include <vector>

namespace quoit::ring {

/// Gives the tokens of a member that is gone to those that are left, each to the one that it suits best.
/// @param members with their tokens, which gain the new ones
void inherit(std::vector<Member>& members, const std::vector<PartitionIndex>& tokens, std::uint32_t partitionCount,
             std::uint32_t replicaCount);

/// Moves tokens from members with too much to members with too little.
/// @param newcomer  if not noNode: only from others to this one, or from this one away, so that nobody else gains anything by its join
void evenOut(std::vector<Member>& members, std::uint32_t partitionCount, std::uint32_t replicaCount, NodeId newcomer = noNode);

} // namespace quoit::ring
