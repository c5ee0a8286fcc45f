#include "shared/ring/change_plan.h"

#include "shared/ring/token_allocation.h"
#include "shared/ring/token_transfer.h"

#include <algorithm>
#include <charconv>
#include <set>

namespace quoit {

namespace {

using Kind = ChangeStep::Kind;

Error refused(std::string message)
{
    return {ErrorCode::Refused, std::move(message)};
}

/// Takes the steps one after the other.
class Planner
{
public:
    explicit Planner(const ClusterMap& map)
        : m_map(map)
        , m_members(map.parts().members)
        , m_replicaCount(map.replicaCount())
        , m_lastId(map.lastNodeId())
    {}

    Result<void> take(const ChangeStep& step)
    {
        switch (step.kind) {
        case Kind::Join:
            return join(step);
        case Kind::Leave:
        case Kind::Remove:
            return leave(step);
        case Kind::Replace:
            return replace(step);
        case Kind::Weight:
            return setWeight(step);
        case Kind::Zone:
            return setZone(step);
        case Kind::Replicas:
            m_replicaCount = step.replicas;
            m_uneven = true;
            return checkRingSizes(m_map.partitionCount(), m_replicaCount, m_map.vnodesPerWeight());
        }
        return {};
    }

    RingChange result(const WantedChange& wanted)
    {
        if (m_uneven)
            ring::evenOut(m_members, m_map.partitionCount(), m_replicaCount);
        RingChange change;
        change.wanted = wanted;
        change.replicaCount = m_replicaCount;
        change.members = std::move(m_members);
        return change;
    }

private:
    std::vector<Member>::iterator find(NodeId node)
    {
        return std::find_if(m_members.begin(), m_members.end(), [node](const Member& member) { return member.id == node; });
    }
    Error noMember(NodeId node) const
    {
        return refused("node " + std::to_string(node) + " is no member of the ring");
    }

    Result<void> checkNew(const Member& member) const
    {
        for (const Member& other : m_members) {
            const std::string who = "node " + std::to_string(other.id) + " (" + other.name + ")";
            if (other.diskId == member.diskId)
                return refused(who + " has that disk already: it is a member");
            if (other.name == member.name)
                return refused(who + " has the name " + member.name + " already; start the new node with another --name");
            if (other.peerAddress == member.peerAddress || other.clientAddress == member.clientAddress)
                return refused(who + " has the address " + member.clientAddress + " already");
        }
        return {};
    }

    Result<void> join(const ChangeStep& step)
    {
        if (Result<void> checked = checkNew(step.member); !checked)
            return checked;
        Member member = step.member;
        member.id = ++m_lastId;
        Result<std::vector<PartitionIndex>> tokens =
            allocateTokensFor({member.id, member.zone, member.weight}, m_members, m_map.partitionCount(), m_replicaCount,
                              m_map.vnodesPerWeight());
        if (!tokens)
            return tokens.error();
        member.tokens = std::move(tokens).value();
        m_members.push_back(std::move(member));
        ring::evenOut(m_members, m_map.partitionCount(), m_replicaCount, m_lastId);
        return {};
    }

    Result<void> leave(const ChangeStep& step)
    {
        const auto leaver = find(step.node);
        if (leaver == m_members.end())
            return noMember(step.node);
        if (m_members.size() == 1)
            return refused("the last member can't leave");
        const std::vector<PartitionIndex> tokens = std::move(leaver->tokens);
        m_members.erase(leaver);
        ring::inherit(m_members, tokens, m_map.partitionCount(), m_replicaCount);
        m_uneven = true;
        return {};
    }

    Result<void> replace(const ChangeStep& step)
    {
        const auto old = find(step.node);
        if (old == m_members.end())
            return noMember(step.node);
        Member member = step.member;
        member.id = ++m_lastId;
        member.tokens = std::move(old->tokens);
        member.weight = old->weight;
        if (member.zone.empty())
            member.zone = old->zone;
        m_members.erase(old); // its name and address may be used again
        if (Result<void> checked = checkNew(member); !checked)
            return checked;
        m_members.push_back(std::move(member));
        return {};
    }

    Result<void> setWeight(const ChangeStep& step)
    {
        const auto member = find(step.node);
        if (member == m_members.end())
            return noMember(step.node);
        if (!(step.weight >= 0.01 && step.weight <= 100))
            return refused("a weight must be between 0.01 and 100");
        member->weight = step.weight;
        m_uneven = true;
        return {};
    }

    Result<void> setZone(const ChangeStep& step)
    {
        const auto member = find(step.node);
        if (member == m_members.end())
            return noMember(step.node);
        member->zone = step.zone;
        m_uneven = true;
        return {};
    }

    const ClusterMap& m_map;
    std::vector<Member> m_members;
    std::uint32_t m_replicaCount;
    NodeId m_lastId;
    bool m_uneven = false;
};

std::string nameOf(const ClusterMap& map, NodeId node)
{
    const Member* const member = map.member(node);
    return member && !member->name.empty() ? member->name : "node " + std::to_string(node);
}

std::string toText(const ClusterMap& map, const ChangeStep& step)
{
    const std::string newcomer = step.member.name + " (" + step.member.clientAddress + ")";
    switch (step.kind) {
    case Kind::Join:
        return "join " + newcomer;
    case Kind::Leave:
        return "leave " + nameOf(map, step.node);
    case Kind::Remove:
        return "remove " + nameOf(map, step.node);
    case Kind::Replace:
        return "replace " + nameOf(map, step.node) + " by " + newcomer;
    case Kind::Weight: {
        char weight[32];
        const auto end = std::to_chars(weight, std::end(weight), step.weight).ptr; // in every language the same
        return "weight of " + nameOf(map, step.node) + ": " + std::string(weight, end);
    }
    case Kind::Zone:
        return "zone of " + nameOf(map, step.node) + ": " + (step.zone.empty() ? "none" : step.zone);
    case Kind::Replicas:
        return "replicas: " + std::to_string(step.replicas);
    }
    return {};
}

/// @return how many replicas of partitions have to be copied for the change in progress; had to, if it is being aborted
std::uint64_t copiesOf(const ClusterMap& map)
{
    if (map.isAborting()) {
        ClusterMapParts parts = map.parts();
        parts.change->aborting = false;
        return copiesOf(*ClusterMap::make(std::move(parts)).value());
    }
    std::uint64_t copies = 0;
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition)
        copies += newReplicas(map, partition).size();
    return copies;
}

/// @param parts of the next map @param map in which it still is in progress, or waits
void noteEnded(ClusterMapParts& parts, const ClusterMap& map, const WantedChange& wanted, EndedChange::Outcome outcome, std::int64_t nowMs,
               const std::string& reason = {})
{
    EndedChange ended{wanted.number, outcome, parts.epoch, nowMs, 0, toText(map, wanted.steps) + (reason.empty() ? "" : ": ") + reason};
    if (ended.text.size() > EndedChange::textBytesMax) {
        std::size_t end = EndedChange::textBytesMax;
        while (end > 0 && (static_cast<unsigned char>(ended.text[end]) & 0xC0) == 0x80)
            --end; // not within a character of UTF-8
        ended.text.resize(end);
    }
    if (map.isChanging() && map.parts().change->wanted.number == wanted.number)
        ended.partitions = copiesOf(map);
    parts.ended.push_back(std::move(ended));
    if (parts.ended.size() > EndedChange::keptMax)
        parts.ended.erase(parts.ended.begin());
}

ClusterMapParts nextParts(const ClusterMap& map)
{
    ClusterMapParts parts = map.parts();
    ++parts.epoch;
    ++parts.revision;
    parts.lastNodeId = map.lastNodeId();
    return parts;
}

} // namespace

std::string toText(const ClusterMap& map, const std::vector<ChangeStep>& steps)
{
    std::string text;
    for (const ChangeStep& step : steps)
        text += (text.empty() ? "" : ", ") + toText(map, step);
    return text;
}

std::string toText(EndedChange::Outcome outcome)
{
    switch (outcome) {
    case EndedChange::Outcome::Done:
        return "done";
    case EndedChange::Outcome::Aborted:
        return "aborted";
    case EndedChange::Outcome::Impossible:
        return "impossible";
    }
    return {};
}

Result<RingChange> planChange(const ClusterMap& map, const WantedChange& wanted)
{
    if (wanted.steps.empty())
        return refused("a change needs at least one step");
    Planner planner(map);
    for (const ChangeStep& step : wanted.steps)
        if (const Result<void> taken = planner.take(step); !taken)
            return taken.error();
    RingChange change = planner.result(wanted);
    if (change.members == map.parts().members && change.replicaCount == map.replicaCount())
        return refused("that changes nothing: the ring is like that already, or will be when the changes before it are done");
    return change;
}

Result<ClusterMapPtr> beginChange(const ClusterMap& map, RingChange change)
{
    if (map.isChanging())
        return refused("a change of the ring is in progress");
    ClusterMapParts parts = nextParts(map);
    for (const Member& member : change.members)
        parts.lastNodeId = std::max(parts.lastNodeId, member.id);
    parts.change = std::move(change);
    return ClusterMap::make(std::move(parts));
}

Result<ClusterMapPtr> finishChange(const ClusterMap& map, std::int64_t nowMs)
{
    if (!map.isChanging())
        return refused("no change of the ring is in progress");
    ClusterMapParts parts = nextParts(map);
    noteEnded(parts, map, parts.change->wanted, map.isAborting() ? EndedChange::Outcome::Aborted : EndedChange::Outcome::Done, nowMs);
    if (!map.isAborting()) {
        parts.members = std::move(parts.change->members);
        parts.replicaCount = parts.change->replicaCount;
    }
    parts.change.reset();
    return ClusterMap::make(std::move(parts));
}

Result<ClusterMapPtr> abortChange(const ClusterMap& map, std::int64_t nowMs)
{
    if (!map.isChanging())
        return refused("no change of the ring is in progress: there is nothing to abort");
    if (map.isAborting())
        return refused("the change is being aborted already");
    ClusterMapParts parts = nextParts(map);
    if (const bool anybodyCameIn = map.members().size() > parts.members.size(); anybodyCameIn) {
        parts.change->paused = false;
        parts.change->aborting = true;
    } else {
        noteEnded(parts, map, parts.change->wanted, EndedChange::Outcome::Aborted, nowMs);
        parts.change.reset();
    }
    return ClusterMap::make(std::move(parts));
}

Result<ClusterMapPtr> abortWaiting(const ClusterMap& map, std::uint64_t number, std::int64_t nowMs)
{
    ClusterMapParts parts = map.parts();
    ++parts.revision;
    const auto waiting = std::ranges::find(parts.queue, number, &WantedChange::number);
    if (waiting == parts.queue.end())
        return refused("no change with the number " + std::to_string(number) + " waits");
    noteEnded(parts, map, *waiting, EndedChange::Outcome::Aborted, nowMs);
    parts.queue.erase(waiting);
    return ClusterMap::make(std::move(parts));
}

std::vector<NodeId> newReplicas(const ClusterMap& map, PartitionIndex partition)
{
    const std::span<const NodeId> all = map.replicas(partition);
    const std::size_t before = map.before(partition).size();
    return {all.begin() + static_cast<std::ptrdiff_t>(before), all.end()};
}

bool needsSettling(const ClusterMap& map, PartitionIndex partition)
{
    return map.isMoving(partition) && map.after(partition).size() < map.before(partition).size();
}

bool isLeaving(const ClusterMap& map, NodeId node)
{
    return map.member(node) && std::ranges::find(map.membersAfter(), node, &Member::id) == map.membersAfter().end();
}

Result<ClusterMapPtr> beginNext(const ClusterMap& map, std::int64_t nowMs)
{
    if (map.isChanging() || map.parts().queue.empty())
        return refused("nothing waits");
    ClusterMapParts parts = map.parts();
    const WantedChange wanted = parts.queue.front();
    parts.queue.erase(parts.queue.begin());
    Result<RingChange> change = planChange(map, wanted);
    if (!change) {
        ++parts.revision;
        noteEnded(parts, map, wanted, EndedChange::Outcome::Impossible, nowMs, change.error().message);
        return ClusterMap::make(std::move(parts));
    }
    Result<ClusterMapPtr> begun = beginChange(map, std::move(change).value());
    if (!begun)
        return begun;
    ClusterMapParts next = begun.value()->parts();
    next.queue = std::move(parts.queue);
    return ClusterMap::make(std::move(next));
}

Result<ClusterMapPtr> futureOf(const ClusterMap& map)
{
    Result<ClusterMapPtr> future = ClusterMap::make(map.parts());
    while (future && (future.value()->isChanging() || !future.value()->parts().queue.empty()))
        future = future.value()->isChanging() ? finishChange(*future.value()) : beginNext(*future.value());
    return future;
}

std::size_t zoneCount(const std::vector<Member>& members)
{
    std::set<std::string> zones;
    for (const Member& member : members)
        zones.insert(member.zone.empty() ? "node " + std::to_string(member.id) : member.zone);
    return zones.size();
}

} // namespace quoit
