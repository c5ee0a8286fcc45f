// node/core/hints.h - what replicas missed while they were away: chosen writes, remembered by the home that saw them chosen.
// Pure. Sends only records that are known to be chosen. Design: resources/docs/protocol.md, "Repair".
#pragma once

#include "node/core/context.h"
#include "node/core/replica.h"

#include <map>
#include <string>
#include <unordered_map>

namespace quoit {

class Hints
{
public:
    Hints(Context& context, Replica& replica, const std::vector<Hint>& stored);

    /// A chosen version that the node did not acknowledge. Bounded: past the limit it is dropped and counted.
    void add(NodeId node, const std::string& key, const Version& version);
    /// Sends what waits for peers that are up, a window at a time. Called about every 100 ms: while this node is busy that is the pace, so that
    /// the catching up of a peer costs clients little; else the next ones go when half of them are answered.
    void deliver();
    /// @return false if the tag is none of this role's.
    bool handle(NodeId from, const LearnReply& reply);
    void onPeerLost(NodeId peer);
    /// The context has a new map: nobody else gets anything any more.
    void onAdopted();
    std::uint64_t count() const { return m_count; }
    /// What waits for one node.
    std::size_t countFor(NodeId node) const;

private:
    static constexpr std::size_t windowMax = 200;
    static constexpr std::uint8_t busyPercent = 50; ///< Busy::percent

    struct Waiting
    {
        Version version;
        Tag tag = 0; ///< under way if not 0
    };
    struct Peer
    {
        std::map<std::string, Waiting> waiting;
        std::size_t underWay = 0;
        TimePoint lastProgress{}; ///< of what is under way; too long ago: lost on the way
        std::string next; ///< where deliver() goes on
    };
    void deliverTo(NodeId node, Peer& peer);
    void drop(NodeId node, Peer& peer, std::map<std::string, Waiting>::iterator hint);

    Context& m_context;
    Replica& m_replica;
    std::map<NodeId, Peer> m_peers;
    std::unordered_map<Tag, std::pair<NodeId, std::string>> m_underWay;
    std::uint64_t m_count = 0;
    std::size_t m_keyBytes = 0;
};

} // namespace quoit
