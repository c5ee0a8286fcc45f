#include "node/core/ring_driver.h"

#include "shared/ring/change_plan.h"

namespace quoit {

namespace {

constexpr Milliseconds askEvery{300};

/// The front of the queue becomes the change in progress; one that isn't possible any more goes.
Result<ClusterMapPtr> takeFromQueue(const ClusterMap& map)
{
    if (map.isChanging() || map.parts().queue.empty())
        return Error{ErrorCode::Refused, "nothing waits"};
    ClusterMapParts parts = map.parts();
    const WantedChange wanted = parts.queue.front();
    parts.queue.erase(parts.queue.begin());
    Result<RingChange> change = planChange(map, wanted);
    if (!change) {
        ++parts.revision;
        return ClusterMap::make(std::move(parts));
    }
    Result<ClusterMapPtr> begun = beginChange(map, std::move(change).value());
    if (!begun)
        return begun;
    ClusterMapParts next = begun.value()->parts();
    next.queue = std::move(parts.queue);
    return ClusterMap::make(std::move(next));
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
        if (!map.parts().queue.empty())
            m_maps.propose(0, takeFromQueue);
        return;
    }
    if (map.parts().change->paused || m_context.now.monotonic - m_asked < askEvery)
        return;
    m_asked = m_context.now.monotonic;
    m_tag = m_context.newTag();
    for (const Member& member : map.members())
        if (m_context.isUp(member.id))
            m_context.outbox.send(member.id, ChangeReportRequest{m_tag});
}

void RingDriver::handle(NodeId from, const ChangeReportReply& reply)
{
    if (reply.tag != m_tag || m_tag == 0 || !m_context.map->isChanging())
        return;
    m_copied[from].insert(reply.copied.begin(), reply.copied.end());
    m_settled.insert(reply.settled.begin(), reply.settled.end());
    const Epoch epoch = m_context.map->epoch();
    if (m_context.now.monotonic - m_adopted < m_context.options.changeTakes || m_maps.isProposing() || !isDone())
        return;
    m_maps.propose(0, [epoch](const ClusterMap& map) -> Result<ClusterMapPtr> {
        if (map.epoch() != epoch || map.parts().change->paused)
            return Error{ErrorCode::Refused, "the map has changed"};
        return finishChange(map);
    });
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
