// shared/ring/balance.cpp - how even a map is, and how much of it differs from another one.
#include "shared/base/result.h"
#include "shared/ring/fair_share.h"
#include "shared/ring/token_allocation.h"

#include <algorithm>

namespace quoit {

Balance balanceOf(const ClusterMap& map)
{
    // During a change: as it will be. Whoever leaves has no share.
    const std::vector<Member>& members = map.membersAfter();
    const std::uint32_t setSize = static_cast<std::uint32_t>(map.after(0).size());
    std::vector<double> weights;
    ring::ZoneTable zones;
    for (const Member& member : members) {
        weights.push_back(member.weight);
        zones.add(member.zone);
    }
    const std::vector<Member>& all = map.members();
    std::vector<std::uint64_t> held(all.size());
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition) {
        for (const NodeId replica : map.after(partition))
            ++held[static_cast<std::size_t>(map.member(replica) - all.data())];
    }
    const std::vector<std::uint64_t> fair = ring::fairLoads(weights, zones, map.partitionCount(), setSize);
    Balance balance;
    balance.share.resize(all.size());
    for (std::size_t i = 0; i < members.size(); ++i) {
        const auto place = static_cast<std::size_t>(map.member(members[i].id) - all.data());
        const double partitions = static_cast<double>(held[place]);
        const double overFair = partitions * ring::fairUnit / static_cast<double>(fair[i]);
        balance.share[place] = partitions / (static_cast<double>(map.partitionCount()) * setSize);
        balance.maxOverFair = i == 0 ? overFair : std::max(balance.maxOverFair, overFair);
        balance.minOverFair = i == 0 ? overFair : std::min(balance.minOverFair, overFair);
    }
    return balance;
}

double movedShare(const ClusterMap& before, const ClusterMap& after)
{
    QUOIT_ENSURE(before.partitionCount() == after.partitionCount());
    std::uint64_t moved = 0;
    for (PartitionIndex partition = 0; partition < after.partitionCount(); ++partition) {
        for (const NodeId node : after.replicas(partition))
            moved += !before.isReplica(partition, node);
    }
    return static_cast<double>(moved) /
           (static_cast<double>(after.partitionCount()) * static_cast<double>(after.replicas(0).size()));
}

} // namespace quoit
