// node/core/map_spread.h - how a chosen map reaches everybody: whoever had it chosen tells a few, who tell a few more. Who misses it learns from
// heartbeats and messages that there is a newer one, and asks. Pure; decides nothing about which map is used.
// Design: resources/docs/protocol.md, "The map".
#pragma once

#include "node/core/context.h"

#include <map>
#include <vector>

namespace quoit {

class MapSpread
{
public:
    explicit MapSpread(Context& context)
        : m_context(context)
    {
    }

    /// Sends this node's share: to its children in a tree of all members, and for a child that isn't up, to the child's children as well.
    /// @param map chosen
    /// @param root who had it chosen, as the message says that brought it
    void passOn(const ClusterMapPtr& map, NodeId root);
    /// A peer told which map it has.
    /// @param known the newest revision that this node has, in use or not yet
    void onHeartbeat(NodeId peer, std::uint64_t revision, std::uint64_t known);
    /// The peer has an older map: it gets this one. Not at once when this node has just got the map itself: then the peer is probably getting it as well,
    /// and if not, it will ask.
    void tell(NodeId peer);
    /// The peer has a newer map: it is asked for it. Not at once: it is probably on its way.
    void ask(NodeId peer);
    /// This node had a map chosen in which it is no member. It remains what it was, a decider above all, until a member tells it of that map: only then
    /// somebody who stays has it on disk, whoever else leaves or ends.
    void handOver(const ClusterMapPtr& map);
    /// About every 100 ms.
    void housekeeping();
    /// The context has a new map.
    void onAdopted();

private:
    Context& m_context;
    std::map<NodeId, TimePoint> m_told; ///< under this map
    TimePoint m_asked{};
    TimePoint m_adopted{};              ///< this map; zero: found on the disk
    ClusterMapPtr m_handedOver;         ///< null: none, or a member has it
    TimePoint m_newsSince{}; ///< since when this node knows that there is a newer map than it has
};

} // namespace quoit
