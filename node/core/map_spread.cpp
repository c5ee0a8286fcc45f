#include "node/core/map_spread.h"

namespace quoit {

namespace {

constexpr Milliseconds tellAgainAfter{50};
/// Of all peers together: a node that slept hears from hundreds at once that it is behind.
constexpr Milliseconds askAgainAfter{50};
/// Who has the map first is heard by all at once, and hears from all: it would send it to all, had they and it no patience.
constexpr Milliseconds comesByItself{100};

} // namespace

void MapSpread::passOn(const ClusterMapPtr& map, NodeId root)
{
    // A heap over the members in the order of their ids, but the root first: everybody finds the same tree.
    std::vector<NodeId> order{root};
    for (const Member& member : map->members())
        if (member.id != root)
            order.push_back(member.id);
    const std::size_t fanOut = m_context.options.mapFanOut;
    const auto self = static_cast<std::size_t>(std::find(order.begin(), order.end(), m_context.self) - order.begin());
    std::vector<std::size_t> parents{self};
    while (!parents.empty()) {
        const std::size_t parent = parents.back();
        parents.pop_back();
        for (std::size_t child = parent * fanOut + 1; child <= parent * fanOut + fanOut && child < order.size(); ++child) {
            m_context.outbox.send(order[child], MapPush{map, root});
            if (!m_context.isUp(order[child]))
                parents.push_back(child);
        }
    }
}

void MapSpread::onHeartbeat(NodeId peer, std::uint64_t revision, std::uint64_t known)
{
    if (revision < m_context.map->revision() && !m_context.map->member(peer))
        tell(peer); // it was removed: nobody else talks to it
    if (revision > known)
        ask(peer);
}

void MapSpread::tell(NodeId peer)
{
    const TimePoint now = m_context.now.monotonic;
    const bool isOnItsWay = m_adopted != TimePoint{} && now - m_adopted < comesByItself && m_context.map->member(peer);
    if (isOnItsWay || planted(PlantedBug::MissedMapStaysMissed))
        return;
    TimePoint& last = m_told[peer];
    if (last != TimePoint{} && now - last < tellAgainAfter)
        return;
    last = now;
    m_context.outbox.send(peer, MapPush{m_context.map});
}

void MapSpread::ask(NodeId peer)
{
    const TimePoint now = m_context.now.monotonic;
    if (m_newsSince == TimePoint{})
        m_newsSince = now;
    const bool isOnItsWay = now - m_newsSince < comesByItself;
    if (isOnItsWay || planted(PlantedBug::MissedMapStaysMissed) || (m_asked != TimePoint{} && now - m_asked < askAgainAfter))
        return;
    m_asked = now;
    m_context.outbox.send(peer, MapRequest{});
}

void MapSpread::handOver(const ClusterMapPtr& map)
{
    m_handedOver = map;
    housekeeping();
}

void MapSpread::housekeeping()
{
    if (!m_handedOver)
        return;
    bool hasRoot = false;
    for (const NodeId decider : m_handedOver->deciders()) {
        const bool isRoot = !hasRoot && m_context.isUp(decider);
        hasRoot = hasRoot || isRoot;
        m_context.outbox.send(decider, MapPush{m_handedOver, isRoot ? decider : noNode});
    }
}

void MapSpread::onAdopted()
{
    m_handedOver = nullptr;
    m_told.clear();
    m_newsSince = {};
    m_adopted = m_context.now.monotonic;
}

} // namespace quoit
