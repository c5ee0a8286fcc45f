// shared/ring/token_search.h - chooses the tokens of one joining node so that all loads come out even. Inside this room
// only. Simulated annealing (Kirkpatrick, Gelatt, Vecchi, Science 220, 1983) in integer arithmetic with a generator of
// its own.
#pragma once

#include "shared/base/random.h"
#include "shared/ring/fair_share.h"
#include "shared/ring/takeover.h"

#include <cstdint>
#include <vector>

namespace quoit::ring {

class TokenSearch
{
public:
    /// @param takeover must outlive the search.
    /// @param fair     [nodes there + 1] loads to come close to, in 1/1024 partition (fairLoads); the last is the new
    /// node's
    /// @param seed     the same one finds the same tokens
    TokenSearch(const Takeover& takeover, const std::vector<std::uint64_t>& fair, std::uint64_t seed);

    /// @param tokenCount 1 … free boundaries
    /// @return ascending, only free boundaries
    std::vector<PartitionIndex> run(std::uint32_t tokenCount);

private:
    using Cost = std::int64_t;

    PartitionIndex distance(PartitionIndex from, PartitionIndex to) const; ///< clockwise, 1 … P
    bool isFree(PartitionIndex boundary) const;
    Cost costOf(NodeIndex node) const;
    Cost addLoad(NodeIndex node, std::int32_t change);
    Cost shift(PartitionIndex end, std::uint32_t count, std::int32_t sign);
    Cost change(PartitionIndex x, std::int32_t sign);
    Cost add(PartitionIndex x);
    Cost remove(PartitionIndex x);
    PartitionIndex neighbour(PartitionIndex x);
    bool isAccepted(Cost increase, Cost temperature);
    void startSomewhere(std::uint32_t tokenCount);
    void anneal();

    const Takeover& m_takeover;
    const std::uint32_t m_partitionCount;
    const NodeIndex m_newNode;
    std::vector<PartitionIndex> m_freeAtStart;
    std::vector<std::uint64_t> m_perPartition; ///< [nodes] how much one partition adds to a node's relative load
    std::int64_t m_gapFactor = 0;
    std::uint32_t m_typicalGap = 1;
    std::vector<std::int64_t> m_loads;    ///< [nodes] partitions
    std::vector<PartitionIndex> m_chosen; ///< ascending
    Random m_random;
};

} // namespace quoit::ring
