// shared/ring/token_allocation.cpp - gives each token the middle of the widest gap.
#include "shared/ring/token_allocation.h"

#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

std::uint32_t tokenCountOf(double weight, std::uint32_t vnodesPerWeight)
{
    return static_cast<std::uint32_t>(std::max(1.0, std::round(weight * vnodesPerWeight)));
}

/// The free boundary in the middle of the widest gap that ends at somebody else's token, or of any gap.
PartitionIndex widestGapMiddle(const std::vector<bool>& taken)
{
    const std::size_t count = taken.size();
    std::size_t begin = 0;
    while (begin < count && !taken[begin])
        ++begin;
    if (begin == count)
        return static_cast<PartitionIndex>(count - 1);
    std::size_t widest = 0;
    std::size_t middle = 0;
    std::size_t gap = 0;
    for (std::size_t i = 1; i <= count; ++i) {
        const std::size_t at = (begin + i) % count;
        if (!taken[at]) {
            ++gap;
            continue;
        }
        if (gap > widest) {
            widest = gap;
            middle = (at + count - 1 - gap / 2) % count;
        }
        gap = 0;
    }
    return static_cast<PartitionIndex>(middle);
}

} // namespace

Result<std::vector<PartitionIndex>> allocateTokensFor(const NodeToPlace& node, const std::vector<Member>& members,
                                                      std::uint32_t partitionCount, std::uint32_t,
                                                      std::uint32_t vnodesPerWeight)
{
    std::vector<bool> taken(partitionCount);
    std::size_t free = partitionCount;
    for (const Member& member : members) {
        for (const PartitionIndex token : member.tokens) {
            free -= !taken.at(token);
            taken.at(token) = true;
        }
    }
    const std::uint32_t wanted = tokenCountOf(node.weight, vnodesPerWeight);
    if (wanted > free)
        return Error{ErrorCode::InvalidArgument,
                     "too few partitions for the tokens of node " + std::to_string(node.id)};
    std::vector<PartitionIndex> tokens;
    for (std::uint32_t i = 0; i < wanted; ++i) {
        tokens.push_back(widestGapMiddle(taken));
        taken[tokens.back()] = true;
    }
    std::sort(tokens.begin(), tokens.end());
    return tokens;
}

Result<std::vector<std::vector<PartitionIndex>>> allocateTokens(const std::vector<NodeToPlace>& nodes,
                                                                std::uint32_t partitionCount,
                                                                std::uint32_t replicaCount,
                                                                std::uint32_t vnodesPerWeight)
{
    std::vector<Member> members;
    std::vector<std::vector<PartitionIndex>> lists;
    for (const NodeToPlace& node : nodes) {
        Result<std::vector<PartitionIndex>> tokens =
            allocateTokensFor(node, members, partitionCount, replicaCount, vnodesPerWeight);
        if (!tokens)
            return tokens.error();
        lists.push_back(std::move(tokens).value());
        members.push_back({.id = node.id, .zone = node.zone, .weight = node.weight, .tokens = lists.back()});
    }
    return lists;
}

Balance balanceOf(const ClusterMap& map)
{
    const std::vector<Member>& members = map.members();
    std::vector<std::uint64_t> held(members.size());
    double weights = 0;
    std::size_t setSize = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
        weights += members[i].weight;
        for (PartitionIndex p = 0; p < map.partitionCount(); ++p)
            held[i] += map.isReplica(p, members[i].id);
    }
    setSize = map.replicas(0).size();
    Balance balance;
    for (std::size_t i = 0; i < members.size(); ++i) {
        const double share = double(held[i]) / (double(map.partitionCount()) * double(setSize));
        const double overFair = share * weights / members[i].weight;
        balance.share.push_back(share);
        balance.maxOverFair = i == 0 ? overFair : std::max(balance.maxOverFair, overFair);
        balance.minOverFair = i == 0 ? overFair : std::min(balance.minOverFair, overFair);
    }
    return balance;
}

double movedShare(const ClusterMap& before, const ClusterMap& after)
{
    QUOIT_ENSURE(before.partitionCount() == after.partitionCount());
    std::uint64_t moved = 0;
    for (PartitionIndex p = 0; p < after.partitionCount(); ++p) {
        for (const NodeId node : after.replicas(p))
            moved += !before.isReplica(p, node);
    }
    return double(moved) / (double(after.partitionCount()) * double(after.replicas(0).size()));
}

} // namespace quoit
