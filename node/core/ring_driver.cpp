#include "node/core/ring_driver.h"

#include "shared/ring/change_plan.h"

namespace quoit {

namespace {

constexpr Milliseconds askEvery{300};

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
            m_maps.propose(0, beginNext);
        else if (m_context.options.autoRemoveAfter > Milliseconds(0))
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

/// The member that has been down for too long, if it is the only one that is away and the others are enough.
void RingDriver::removeDead()
{
    const ClusterMap& map = *m_context.map;
    const TimePoint now = m_context.now.monotonic;
    NodeId dead = noNode;
    for (const Member& member : map.members()) {
        if (m_context.isUp(member.id))
            continue;
        if (dead != noNode || m_context.detector.health(now, member.id).since < m_context.options.autoRemoveAfter)
            return; // what has to be copied needs all of the others
        dead = member.id;
    }
    if (dead == noNode)
        return;
    ChangeStep step;
    step.kind = ChangeStep::Kind::Remove;
    step.node = dead;
    Result<RingChange> change = planChange(map, {map.revision() + 1, {step}});
    if (!change || change.value().members.size() < map.replicaCount() ||
        zoneCount(change.value().members) < std::min<std::size_t>(map.replicaCount(), zoneCount(map.members())))
        return;
    ++m_context.counters.autoRemovals;
    m_maps.propose(0, [change = std::move(change).value()](const ClusterMap& present) -> Result<ClusterMapPtr> {
        if (present.revision() + 1 != change.wanted.number)
            return Error{ErrorCode::Refused, "the map has changed"};
        return beginChange(present, change);
    });
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
    if (m_context.now.monotonic - m_adopted < m_context.options.changeTakes || m_maps.isProposing() || !isDone() || !clientsAreGone())
        return;
    m_maps.propose(0, [epoch](const ClusterMap& map) -> Result<ClusterMapPtr> {
        if (map.epoch() != epoch || map.parts().change->paused)
            return Error{ErrorCode::Refused, "the map has changed"};
        return planted(PlantedBug::NodeIdReused) ? withoutPastIds(finishChange(map)) : finishChange(map);
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
