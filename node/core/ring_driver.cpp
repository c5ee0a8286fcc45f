#include "node/core/ring_driver.h"

#include "shared/ring/change_plan.h"

namespace quoit {

namespace {

constexpr Milliseconds askEvery{300};
constexpr Milliseconds emptyNodeBelieved{10'000}; ///< after it was seen for the last time

/// For a planted bug only: the map forgets which ids were given out before.
Result<ClusterMapPtr> withoutPastIds(const Result<ClusterMapPtr>& map)
{
    if (!map)
        return map;
    ClusterMapParts parts = map.value()->parts();
    parts.lastNodeId = noNode;
    return ClusterMap::make(std::move(parts));
}

} // namespace

RingDriver::RingDriver(Context& context, MapRegister& maps)
    : m_context(context)
    , m_maps(maps)
    , m_adopted(context.now.monotonic)
{
}

void RingDriver::onAdopted()
{
    m_adopted = m_context.now.monotonic;
    m_tag = 0;
    m_copied.clear();
    m_settled.clear();
    m_withoutClients.clear();
    m_done = {};
    m_emptyNodes.clear();
}

bool RingDriver::isDriver() const
{
    for (const NodeId node : m_context.map->deciders())
        if (m_context.isUp(node))
            return node == m_context.self;
    return false;
}

void RingDriver::housekeeping()
{
    if (!isDriver() || m_maps.isProposing())
        return;
    const ClusterMap& map = *m_context.map;
    if (!map.isChanging()) {
        // A request that meets two changes may find no answer to what became of it.
        if (!map.parts().queue.empty() && m_context.now.monotonic - m_adopted >= m_context.options.changeTakes)
            m_maps.propose(0, [nowMs = m_context.now.wallMs](const ClusterMap& present) { return beginNext(present, nowMs); });
        else if (!replaceEmptied())
            removeDead();
        return;
    }
    if (map.parts().change->paused || m_context.now.monotonic - m_asked < askEvery)
        return;
    m_asked = m_context.now.monotonic;
    m_tag = m_context.newTag();
    for (const Member& member : map.members())
        if (m_context.isUp(member.id))
            m_context.outbox.send(member.id, ChangeReportRequest{m_tag, m_done != TimePoint{}});
}

void RingDriver::emptyNodeAt(NodeId member, Member newcomer)
{
    if (m_context.map->member(member))
        m_emptyNodes[member] = {std::move(newcomer), m_context.now.monotonic};
}

/// What has to be copied needs all of the others. @return noNode if all are up, or several aren't
NodeId RingDriver::onlyOneAway() const
{
    NodeId away = noNode;
    for (const Member& member : m_context.map->members()) {
        if (m_context.isUp(member.id))
            continue;
        if (away != noNode)
            return noNode;
        away = member.id;
    }
    return away;
}

/// The only member that is away is there again without its data: the node at its address takes its place, under another id.
/// @return whether that was proposed
bool RingDriver::replaceEmptied()
{
    const NodeId away = m_context.options.autoReplace ? onlyOneAway() : noNode;
    const auto found = m_emptyNodes.find(away);
    if (away == noNode || found == m_emptyNodes.end() || m_context.now.monotonic - found->second.seen > emptyNodeBelieved)
        return false;
    ChangeStep step;
    step.kind = ChangeStep::Kind::Replace;
    step.node = away;
    step.member = found->second.newcomer;
    if (!propose(std::move(step)))
        return false;
    ++m_context.counters.autoReplacements;
    return true;
}

/// The only member that is away has been down for too long, and the others are enough.
void RingDriver::removeDead()
{
    const NodeId dead = m_context.options.autoRemoveAfter > Milliseconds(0) ? onlyOneAway() : noNode;
    if (dead == noNode || m_context.detector.health(m_context.now.monotonic, dead).since < m_context.options.autoRemoveAfter)
        return;
    ChangeStep step;
    step.kind = ChangeStep::Kind::Remove;
    step.node = dead;
    if (propose(std::move(step)))
        ++m_context.counters.autoRemovals;
}

/// Nobody has looked at a plan of it: enough nodes and zones must remain, and a majority of each set without the one that is lost.
bool RingDriver::propose(ChangeStep step)
{
    const ClusterMap& map = *m_context.map;
    Result<RingChange> change = planChange(map, {map.revision() + 1, {std::move(step)}});
    const std::size_t replicas = std::min<std::size_t>(map.replicaCount(), map.members().size());
    if (!change || replicas < 3 || change.value().members.size() < replicas ||
        zoneCount(change.value().members) < std::min(replicas, zoneCount(map.members())))
        return false;
    m_maps.propose(0, [change = std::move(change).value()](const ClusterMap& present) -> Result<ClusterMapPtr> {
        if (present.revision() + 1 != change.wanted.number)
            return Error{ErrorCode::Refused, "the map has changed"};
        return beginChange(present, change);
    });
    return true;
}

void RingDriver::handle(NodeId from, const ChangeReportReply& reply)
{
    if (reply.tag != m_tag || m_tag == 0 || !m_context.map->isChanging())
        return;
    m_copied[from].insert(reply.copied.begin(), reply.copied.end());
    m_settled.insert(reply.settled.begin(), reply.settled.end());
    if (reply.clientsGone)
        m_withoutClients.insert(from);
    const Epoch epoch = m_context.map->epoch();
    const bool isEarly = !m_context.map->isAborting() && m_context.now.monotonic - m_adopted < m_context.options.changeTakes;
    if (isEarly || m_maps.isProposing() || !isDone() || !clientsAreGone())
        return;
    m_maps.propose(0, [epoch, nowMs = m_context.now.wallMs](const ClusterMap& map) -> Result<ClusterMapPtr> {
        if (map.epoch() != epoch || map.parts().change->paused)
            return Error{ErrorCode::Refused, "the map has changed"};
        return planted(PlantedBug::NodeIdReused) ? withoutPastIds(finishChange(map, nowMs)) : finishChange(map, nowMs);
    });
}

/// Whoever leaves has answered all that its clients asked for; a node that takes too long, or is down, is not waited for.
bool RingDriver::clientsAreGone()
{
    if (planted(PlantedBug::LeavesWithClients))
        return true;
    const ClusterMap& map = *m_context.map;
    const bool isWaitedFor = std::any_of(map.members().begin(), map.members().end(), [&](const Member& member) {
        return isLeaving(map, member.id) && m_context.isUp(member.id) && m_withoutClients.count(member.id) == 0;
    });
    if (m_done == TimePoint{})
        m_done = m_context.now.monotonic;
    return !isWaitedFor || m_context.now.monotonic - m_done >= m_context.options.leavingTakes;
}

/// Every new replica has copied every partition [21], and where the set becomes smaller its home has settled everything [20].
bool RingDriver::isDone() const
{
    const ClusterMap& map = *m_context.map;
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition) {
        if (!map.isMoving(partition))
            continue;
        for (const NodeId node : newReplicas(map, partition)) {
            const auto copied = m_copied.find(node);
            const bool hasCopied = copied != m_copied.end() && copied->second.count(partition) > 0;
            if (!hasCopied && !planted(PlantedBug::DoneBeforeCopied))
                return false;
        }
        if (needsSettling(map, partition) && m_settled.count(partition) == 0 && !planted(PlantedBug::SmallerSetNotSettled))
            return false;
    }
    return true;
}

} // namespace quoit
