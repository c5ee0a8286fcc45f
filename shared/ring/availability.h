// shared/ring/availability.h - what becomes of the partitions when some nodes are down. Pure: it decides nothing, it
// counts. The rule is the core's: during a change of the ring a majority of the replicas before it and one of those
// after it is needed.
#pragma once

#include "shared/ring/cluster_map.h"

#include <cstdint>
#include <span>
#include <vector>

namespace quoit {

/// How many of a partition's replicas are up.
enum class Strength : std::uint8_t {
    Full,
    Below,      ///< some are down, a majority is up: every request succeeds
    NoMajority, ///< no request on its keys succeeds
};

struct Availability
{
    std::vector<Strength> partitions;          ///< [P]
    std::uint32_t partitionsBelowStrength = 0; ///< those without a majority too
    std::uint32_t partitionsWithoutMajority = 0;
};

/// @param down ids in any order; those that are no members are ignored
Availability availabilityWithout(const ClusterMap& map, std::span<const NodeId> down);

} // namespace quoit
