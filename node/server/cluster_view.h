// node/server/cluster_view.h - what this node knows of all members: from their heartbeats, the failure detector and the
// map. Answers QUOIT.NODES, QUOIT.STATUS and QUOIT.WATCH. Not thread-safe.
#pragma once

#include "node/core/core.h"
#include "node/peer/hello.h"
#include "node/server/figures_codec.h"
#include "shared/admin/node_report.h"

#include <map>
#include <string>
#include <vector>

namespace quoit {

class ClusterView
{
public:
    /// @param own this node's hello; its id may be noNode
    void become(const Hello& own, ClusterMapPtr map, TimePoint now);
    void change(ClusterMapPtr map) { m_map = std::move(map); }
    void onHello(const Hello& peer);
    /// A heartbeat's figures; empty ones are skipped.
    void onGossip(Now now, NodeId from, std::string_view bytes);
    void setOwn(TimePoint now, Gossip gossip);
    /// At the address of a member waits an empty node that has its name.
    void noteEmptyNode(TimePoint now, NodeId member) { m_emptySeen[member] = now; }
    /// To be called about once a second, with what is known by then.
    void noteStandings(Now now, const Core& core);
    const Gossip& own() const { return m_own.gossip; }

    void addEvent(std::int64_t wallMs, std::string kind, NodeId node, std::string text);
    void addEvent(std::int64_t wallMs, const CoreEvent& event);

    /// Ascending by id; this node alone while it waits. @param core null while this node waits
    std::vector<NodeReport> nodes(Now now, const Core* core) const;
    /// Nodes, loads of all partitions that are known, and events since the last call of clearEvents().
    WatchReport watch(Now now, const Core* core) const;
    /// Of the whole cluster. @param countMax of keys
    HotKeysReport hotKeys(Now now, std::size_t countMax) const;
    void clearEvents() { m_events.clear(); }
    /// @param state "waiting", "serving", "stopping"
    StatusReport status(Now now, const Core* core, const std::string& state) const;
    std::string nameOf(NodeId node) const;

private:
    struct Known
    {
        Gossip gossip;
        TimePoint received{};
        bool any = false;
        std::int64_t clockOffsetMs = 0; ///< its clock less this node's, when the gossip came
        std::uint64_t incarnation = 0;
        std::string programVersion;
    };
    PeerHealth healthOf(Now now, const Core& core, NodeId id) const;
    /// By the word of all homes that are up.
    ReplicaStanding standingOf(NodeId node) const;
    std::string repairText() const;
    void setFigures(NodeReport& report, const Known& known, TimePoint now) const;

    Hello m_self;
    ClusterMapPtr m_map;
    TimePoint m_since{};
    Known m_own;
    std::map<NodeId, Known> m_peers;
    std::map<NodeId, TimePoint> m_sameSince; ///< replicas that are known to be the same as the others
    std::map<NodeId, TimePoint> m_emptySeen; ///< by member: whose data is lost, it seems
    std::vector<ClusterEvent> m_events;
};

} // namespace quoit
