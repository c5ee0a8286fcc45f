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

Result<void> checkMembers(const std::vector<Member>& members, std::uint32_t partitionCount)
{
    if (members.empty())
        return invalid("a map needs at least one member");
    std::vector<bool> taken(partitionCount);
    NodeId idBefore = noNode;
    for (const Member& member : members) {
        if (Result<void> checked = checkMember(member, idBefore, taken); !checked)
            return checked;
        idBefore = member.id;
    }
    return {};
}

bool hasNumbers(const WantedChange& wanted)
{
    return std::ranges::all_of(wanted.steps, [](const ChangeStep& step) { return std::isfinite(step.weight) && std::isfinite(step.member.weight); });
}

Result<void> check(const ClusterMapParts& parts)
{
    if (const Result<void> sizes = checkRingSizes(parts.partitionCount, parts.replicaCount, parts.vnodesPerWeight);
        !sizes)
        return sizes;
    if (parts.epoch < 1)
        return invalid("the epoch must be at least 1");
    if (parts.revision < 1)
        return invalid("the revision must be at least 1");
    if (parts.ended.size() > EndedChange::keptMax ||
        std::ranges::any_of(parts.ended, [](const EndedChange& ended) { return ended.text.size() > EndedChange::textBytesMax; }))
        return invalid("it tells more of ended changes than it may");
    if (!std::ranges::all_of(parts.queue, hasNumbers) || (parts.change && !hasNumbers(parts.change->wanted)))
        return invalid("a weight in a change must be a finite number");
    if (Result<void> checked = checkMembers(parts.members, parts.partitionCount); !checked || !parts.change)
        return checked;
    if (const Result<void> sizes =
            checkRingSizes(parts.partitionCount, parts.change->replicaCount, parts.vnodesPerWeight);
        !sizes)
        return sizes;
    if (parts.change->paused && parts.change->aborting)
        return invalid("a change that is being aborted can't be paused");
    return checkMembers(parts.change->members, parts.partitionCount);
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
    , m_before(tableOf(m_parts.members, m_parts.partitionCount, m_parts.replicaCount))
{
    if (!m_parts.change)
        return;
    if (hasTwoSets()) {
        m_after = tableOf(m_parts.change->members, m_parts.partitionCount, m_parts.change->replicaCount);
        uniteSets();
    }
    std::set_union(m_parts.members.begin(), m_parts.members.end(), m_parts.change->members.begin(),
                   m_parts.change->members.end(), std::back_inserter(m_all),
                   [](const Member& a, const Member& b) { return a.id < b.id; });
}

ClusterMap::ReplicaTable ClusterMap::tableOf(const std::vector<Member>& members, std::uint32_t partitionCount,
                                             std::uint32_t replicaCount)
{
    std::vector<ring::NodeIndex> ownerAt(partitionCount, ring::nobody);
    ring::ZoneTable zones;
    for (std::size_t i = 0; i < members.size(); ++i) {
        zones.add(members[i].zone);
        for (const PartitionIndex token : members[i].tokens)
            ownerAt[token] = static_cast<ring::NodeIndex>(i);
    }
    ReplicaTable table;
    table.setSize = static_cast<std::uint32_t>(std::min<std::size_t>(replicaCount, members.size()));
    table.nodes = ring::replicaSets(ownerAt, zones, table.setSize);
    for (NodeId& replica : table.nodes)
        replica = members[replica].id;
    return table;
}

void ClusterMap::uniteSets()
{
    m_unions.resize(m_parts.partitionCount);
    m_moving.resize(m_parts.partitionCount);
    for (PartitionIndex partition = 0; partition < m_parts.partitionCount; ++partition) {
        const std::span<const NodeId> before = m_before.of(partition);
        std::vector<NodeId>& all = m_unions[partition];
        all.assign(before.begin(), before.end());
        for (const NodeId node : m_after.of(partition)) {
            if (std::find(before.begin(), before.end(), node) == before.end())
                all.push_back(node);
        }
        m_moving[partition] = all.size() > before.size() || m_after.setSize != m_before.setSize;
    }
}

NodeId ClusterMap::lastNodeId() const
{
    return std::max(m_parts.lastNodeId, members().back().id);
}

std::vector<NodeId> ClusterMap::deciders() const
{
    constexpr std::size_t decidersMax = 7;
    std::vector<NodeId> chosen;
    std::vector<NodeId> others;
    std::vector<std::string_view> zones;
    for (const Member& member : m_parts.members) {
        const bool known = !member.zone.empty() && std::find(zones.begin(), zones.end(), member.zone) != zones.end();
        (known ? others : chosen).push_back(member.id);
        zones.push_back(member.zone);
    }
    chosen.insert(chosen.end(), others.begin(), others.end());
    chosen.resize(std::min(chosen.size(), decidersMax));
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

const Member* ClusterMap::member(NodeId id) const
{
    const std::vector<Member>& all = members();
    const auto place = std::lower_bound(all.begin(), all.end(), id,
                                        [](const Member& member, NodeId wanted) { return member.id < wanted; });
    return place != all.end() && place->id == id ? &*place : nullptr;
}

bool ClusterMap::isReplica(PartitionIndex partition, NodeId node) const
{
    const std::span<const NodeId> set = replicas(partition);
    return std::find(set.begin(), set.end(), node) != set.end();
}

} // namespace quoit
