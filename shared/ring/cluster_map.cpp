// shared/ring/cluster_map.cpp - checks the parts of a map and works out all its replica sets once, so that a lookup is
// an index.
#include "shared/ring/cluster_map.h"

#include "shared/ring/replica_walk.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace quoit {

namespace {

Error invalid(std::string message)
{
    return {ErrorCode::InvalidArgument, std::move(message)};
}

/// @param taken [P] boundaries that earlier members own; gains this member's.
Result<void> checkMember(const Member& member, NodeId idBefore, std::vector<bool>& taken)
{
    const std::string who = "member " + std::to_string(member.id);
    if (member.id == noNode || member.id <= idBefore)
        return invalid("member ids must be greater than 0, unique and ascending");
    if (!std::isfinite(member.weight) || member.weight <= 0)
        return invalid(who + ": its weight must be greater than 0");
    if (member.tokens.empty())
        return invalid(who + " owns no token");
    for (std::size_t i = 0; i < member.tokens.size(); ++i) {
        const PartitionIndex token = member.tokens[i];
        if (token >= taken.size() || (i > 0 && token <= member.tokens[i - 1]))
            return invalid(who + ": its tokens must be ascending and below the partition count");
        if (taken[token])
            return invalid(who + ": token " + std::to_string(token) + " has an owner already");
        taken[token] = true;
    }
    return {};
}

Result<void> check(const ClusterMapParts& parts)
{
    if (const Result<void> sizes = checkRingSizes(parts.partitionCount, parts.replicaCount, parts.vnodesPerWeight);
        !sizes)
        return sizes;
    if (parts.epoch < 1)
        return invalid("the epoch must be at least 1");
    if (parts.members.empty())
        return invalid("a map needs at least one member");
    std::vector<bool> taken(parts.partitionCount);
    NodeId idBefore = noNode;
    for (const Member& member : parts.members) {
        if (const Result<void> checked = checkMember(member, idBefore, taken); !checked)
            return checked;
        idBefore = member.id;
    }
    return {};
}

} // namespace

Result<void> checkRingSizes(std::uint32_t partitionCount, std::uint32_t replicaCount, std::uint32_t vnodesPerWeight)
{
    if (partitionCount < partitionCountMin || partitionCount > partitionCountMax ||
        !std::has_single_bit(partitionCount))
        return invalid("the partition count must be a power of two, 16 to 16384");
    if (replicaCount < 1 || replicaCount > replicaCountMax)
        return invalid("the replica count must be 1 to 7");
    if (vnodesPerWeight < 1)
        return invalid("the number of vnodes must be at least 1");
    return {};
}

Result<ClusterMapPtr> ClusterMap::make(ClusterMapParts parts)
{
    if (const Result<void> checked = check(parts); !checked)
        return checked.error();
    return ClusterMapPtr(new ClusterMap(std::move(parts)));
}

ClusterMap::ClusterMap(ClusterMapParts parts)
    : m_parts(std::move(parts))
    , m_shift(64 - std::countr_zero(m_parts.partitionCount))
    , m_setSize(std::min<std::uint32_t>(m_parts.replicaCount, m_parts.members.size()))
{
    std::vector<ring::NodeIndex> ownerAt(m_parts.partitionCount, ring::nobody);
    ring::ZoneTable zones;
    for (std::size_t i = 0; i < m_parts.members.size(); ++i) {
        zones.add(m_parts.members[i].zone);
        for (const PartitionIndex token : m_parts.members[i].tokens)
            ownerAt[token] = static_cast<ring::NodeIndex>(i);
    }
    m_replicas = ring::replicaSets(ownerAt, zones, m_setSize);
    for (NodeId& replica : m_replicas)
        replica = m_parts.members[replica].id;
}

const Member* ClusterMap::member(NodeId id) const
{
    const auto place = std::lower_bound(m_parts.members.begin(), m_parts.members.end(), id,
                                        [](const Member& member, NodeId wanted) { return member.id < wanted; });
    return place != m_parts.members.end() && place->id == id ? &*place : nullptr;
}

bool ClusterMap::isReplica(PartitionIndex partition, NodeId node) const
{
    const std::span<const NodeId> set = replicas(partition);
    return std::find(set.begin(), set.end(), node) != set.end();
}

} // namespace quoit
