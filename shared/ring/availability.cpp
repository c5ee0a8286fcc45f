#include "shared/ring/availability.h"

#include <algorithm>

namespace quoit {

namespace {

Strength strengthOf(std::span<const NodeId> replicas, std::span<const NodeId> down)
{
    const auto isDown = [down](NodeId node) { return std::find(down.begin(), down.end(), node) != down.end(); };
    const auto missing = static_cast<std::size_t>(std::count_if(replicas.begin(), replicas.end(), isDown));
    if (missing == 0)
        return Strength::Full;
    return replicas.size() - missing >= replicas.size() / 2 + 1 ? Strength::Below : Strength::NoMajority;
}

} // namespace

Availability availabilityWithout(const ClusterMap& map, std::span<const NodeId> down)
{
    Availability availability;
    availability.partitions.reserve(map.partitionCount());
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition) {
        const Strength strength =
            std::max(strengthOf(map.before(partition), down), strengthOf(map.after(partition), down));
        availability.partitions.push_back(strength);
        availability.partitionsBelowStrength += strength != Strength::Full;
        availability.partitionsWithoutMajority += strength == Strength::NoMajority;
    }
    return availability;
}

} // namespace quoit
