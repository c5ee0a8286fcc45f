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

/// One search for one node. About 10 ms for 16 tokens.
class TokenSearch
{
public:
    /// Not for a ring without nodes. @param takeover must outlive the search.
    /// @param fair     for the nodes that are there and, last, the new one
    /// @param seed     the same one finds the same tokens
    TokenSearch(const Takeover& takeover, const FairLoads& fair, std::uint64_t seed);

    /// @param tokenCount 1 … free boundaries
    /// @return ascending, only free boundaries
    std::vector<PartitionIndex> run(std::uint32_t tokenCount);

private:
    using Cost = std::int64_t;

    /// What each node has to do, and how far that is from what is fair.
    class Loads
    {
    public:
        Loads(std::vector<std::int64_t> partitions, const std::vector<std::uint64_t>& fair, Cost importance);
        /// How loaded a node is, to compare it with others.
        std::uint64_t relative(NodeIndex node) const;
        /// @return the change of the cost.
        Cost add(NodeIndex node, std::int64_t partitions);

    private:
        Cost costOf(NodeIndex node) const;

        Cost m_importance;
        std::vector<std::int64_t> m_partitions;    ///< [nodes]
        std::vector<std::uint64_t> m_perPartition; ///< [nodes] how much one partition adds to the relative load
    };

    /// Partitions that end with `end`.
    struct Run
    {
        PartitionIndex end = 0;
        std::uint32_t count = 0;
    };

    // Whatever returns a Cost changes something and returns by how much the cost grew.
    PartitionIndex distance(PartitionIndex from, PartitionIndex to) const; ///< clockwise, 1 … P
    bool isFree(PartitionIndex boundary) const;
    template <typename Visit>
    void forEachPart(Run run, Visit visit) const;
    Cost change(PartitionIndex x, std::int32_t sign);
    Cost changeRears(Run taken, Run ahead, std::int32_t sign);
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
    std::int64_t m_gapFactor = 0;
    std::uint32_t m_typicalGap = 1;
    Loads m_replicaLoads;
    Loads m_homeLoads;
    Loads m_rearLoads;
    const bool m_hasRears;
    std::vector<PartitionIndex> m_chosen; ///< ascending
    Random m_random;
};

} // namespace quoit::ring
