// shared/ring/fair_share.h - how many partitions each node should replicate. Inside this room only.
// Integer arithmetic throughout, so that every machine and every build comes to the same figures.
#pragma once

#include "shared/ring/replica_walk.h"

#include <cstdint>
#include <vector>

namespace quoit::ring {

/// Fair loads are counted in 1/1024 of a partition.
inline constexpr std::uint64_t fairUnit = 1024;

/// What a node search aims at, all [nodes] in units of 1/1024 partition.
struct FairLoads
{
    std::vector<std::uint64_t> replicas; ///< partitions that it replicates
    std::vector<std::uint64_t> homes;    ///< partitions whose preference order it leads: it is their home in good times
    std::vector<std::uint64_t> rears;    ///< partitions that the next newcomer can take from it; empty: doesn't matter
};

/// Loads in proportion to the weights as far as a replica set of distinct nodes in distinct zones allows it: no node
/// can replicate more than all partitions. With at least as many zones as replicas, no zone can either; with fewer,
/// each zone replicates all partitions at least once. What a node or zone can't have is shared out among the others by
/// weight.
/// @param weights [nodes] > 0; counts to 1/65536 of the largest
/// @param zones   of the same nodes
/// @param setSize replicas of a partition, 1 … nodes
/// @return [nodes] in units of 1/1024 partition, ≥ 1; their sum is partitionCount × setSize up to rounding
std::vector<std::uint64_t> fairLoads(const std::vector<double>& weights, const ZoneTable& zones,
                                     std::uint32_t partitionCount, std::uint32_t setSize);

/// How many partitions each node should be the last replica of, so that one more node of average weight in a zone of
/// its own could come in and leave everybody with a fair load.
/// @return [nodes] in units of 1/1024 partition; at least a quarter of the mean each, so that nobody is cut off
std::vector<std::uint64_t> fairRears(std::vector<double> weights, ZoneTable zones, std::uint32_t partitionCount,
                                     std::uint32_t setSize);

} // namespace quoit::ring
