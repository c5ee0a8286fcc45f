// shared/ring/takeover.h - what a joining node would take over through each token that it could have. Inside this room
// only.
//
// The fact that makes a search over tokens cheap: let p be a partition and n the node that joins. n replicates p
// exactly if one of its tokens lies in [p, limit(p)), where limit(p) is the token at which the walk from p has no place
// left that n could take; and whoever owns that token is the one that loses p, whichever of n's tokens it is. (A
// replica set is a greedy basis of a matroid; a newcomer enters it in exchange for the last element of its circuit.)
// limit(p) never decreases with p, so a token at x covers a run of partitions that ends with x, and the runs of several
// tokens simply unite.
#pragma once

#include "shared/ring/replica_walk.h"

#include <cstdint>
#include <vector>

namespace quoit::ring {

/// Partitions between two neighbouring tokens of the nodes that are there: all have the same replica set. Limits are
/// distances clockwise from `last`, 0 … P; P: never.
struct Stretch
{
    PartitionIndex last = 0;  ///< the token that ends it
    std::uint32_t count = 0;  ///< partitions
    NodeIndex owner = nobody; ///< of that token: first in the preference order
    NodeIndex loser = nobody; ///< who gives them up to the new node; nobody: they lacked a replica
    std::uint32_t limit = 0;  ///< to the token at which the new node comes too late
    NodeIndex rear = nobody;  ///< last in the preference order of a full set: the one to give way to most newcomers
    NodeIndex nextRear =
        nobody; ///< who is last when the new node has come in before `rearLimit`; behind that, it is last itself
    std::uint32_t rearLimit = 0; ///< ≤ limit
};

/// For one node that joins a ring on which others own at least one token.
class Takeover
{
public:
    /// @param ownerAt [P]: whose token lies at each boundary, or nobody; nodes are 0 … zones - 2
    /// @param zones   of the nodes that are there and, last, of the new one
    /// @param setSize of the sets that the new node is part of
    Takeover(const std::vector<NodeIndex>& ownerAt, const ZoneTable& zones, std::uint32_t setSize);

    std::uint32_t partitionCount() const { return static_cast<std::uint32_t>(m_stretchAt.size()); }
    /// [tokens] clockwise
    const std::vector<Stretch>& stretches() const { return m_stretches; }
    /// Which stretch a partition belongs to.
    std::uint32_t stretchAt(PartitionIndex partition) const { return m_stretchAt[partition]; }
    /// How many partitions, ending with x, the new node replicates if it has a token at x and none before; 1 … P.
    std::uint32_t covered(PartitionIndex x) const { return m_covered[x]; }
    /// How many of those have somebody else in the rear.
    std::uint32_t coveredBeforeRear(PartitionIndex x) const { return m_coveredBeforeRear[x]; }
    /// [nodes there] partitions that each would replicate if the new node took over none
    const std::vector<std::uint32_t>& loads() const { return m_loads; }

private:
    void walk(const ZoneTable& zones, std::uint32_t setSize);
    std::vector<std::uint32_t> coverage(std::uint32_t Stretch::*limit) const;

    std::vector<Stretch> m_stretches;
    std::vector<std::uint32_t> m_stretchAt;         ///< [P]
    std::vector<std::uint32_t> m_covered;           ///< [P]; meaningless where there is a token already
    std::vector<std::uint32_t> m_coveredBeforeRear; ///< likewise
    std::vector<std::uint32_t> m_loads;
};

} // namespace quoit::ring
