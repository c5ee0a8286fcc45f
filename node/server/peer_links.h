// node/server/peer_links.h - the connections to all other members: one to each, dialled by the node with the lower id.
// A connection that is lost takes with it what was under way on it; nothing is ever sent again. Design:
// resources/docs/protocol.md, "Messages between nodes" and rule [7].
#pragma once

#include "node/server/log.h"
#include "node/server/peer_link.h"
#include "node/server/tcp_listener.h"
#include "shared/base/time.h"
#include "shared/ring/cluster_map.h"

#include <memory>
#include <unordered_map>
#include <vector>

namespace quoit {

struct PeerLinksOptions
{
    std::size_t backlogBytesMax = 64 * 1024 * 1024; ///< to one peer; beyond it messages are dropped
    Milliseconds dialPauseMin{50};                  ///< doubles with every failure
    Milliseconds dialPauseMax{1000};
    Milliseconds greetingTimeout{5000};
    Milliseconds silenceMax{10000}; ///< a link on which nothing came for as long is closed
    std::size_t greetingsMax = 256; ///< connections that haven't said who they are
};

/// Counters since the start.
struct PeerLinksCounters
{
    std::uint64_t messagesSent = 0;
    std::uint64_t messagesReceived = 0;
    std::uint64_t messagesDropped = 0; ///< to peers without a link, or beyond the backlog
    std::uint64_t writes = 0;          ///< sends, each of one or more frames
    std::uint64_t bytesSent = 0;
    std::uint64_t bytesReceived = 0;
    std::uint64_t linksMade = 0;
    std::uint64_t linksLost = 0;
    std::uint64_t linksRefused = 0; ///< strangers, other versions, garbage
};

/// An open link to a member, for people.
struct PeerLinkFacts
{
    NodeId peer = noNode;
    bool isDialled = false; ///< by this node
    TimePoint since{};
    std::size_t backlogBytes = 0;
};

class PeerLinks final : private PeerLink::Owner
{
public:
    class Host
    {
    public:
        virtual ~Host() = default;
        /// A member says who it is. @return why it must not take part; empty if it may
        virtual std::string peerIntroduced(Now now, const Hello& peer) = 0;
        virtual void peerConnected(Now now, const Hello& peer) = 0;
        virtual void peerDisconnected(Now now, NodeId peer) = 0;
        /// Bytes have come from it, be it a part of a message.
        virtual void peerHeard(Now now, NodeId peer) = 0;
        /// In the order in which they were sent. May move from them.
        virtual void peerMessages(Now now, NodeId from, std::vector<Message>& messages) = 0;
        /// While this node waits: a member has a map that lists this disk.
        virtual void mapOffered(ClusterMapPtr map) = 0;
        /// At the address of a member waits a node that the map doesn't list. Told again with every look.
        virtual void emptyNodeFound(NodeId member, const Hello& found) = 0;
    };

    PeerLinks(const PeerLinksOptions& options, Host& host);
    ~PeerLinks() override;

    Result<Address> listen(const Address& address) { return m_listener.start(address); }
    /// Who this node is from now on; closes all links and dials anew. @param map null: waits for its cluster
    void become(const Hello& self, ClusterMapPtr map);
    /// The map has changed: new members are dialled, those that are none any more let go (the deciders tell them
    /// first), all other links stay.
    void change(const Hello& self, ClusterMapPtr map);
    /// Stops listening and closes everything, once what was sent is on its way.
    void stop();

    /// Gathers a message for that peer until flush(). Dropped if there is no link or too much waits; an operation that
    /// has to be dropped takes the link down, so that its coordinator's core learns of it.
    void send(NodeId to, const Message& message);
    /// One write to each peer for which something was gathered.
    void flush();
    /// Clears closed links away and tells the host. @return true if there were any. To be called until it returns
    /// false.
    bool settle();
    /// Dials whom it is time to dial, ends what takes too long. About every 50 ms.
    void tick(TimePoint now);

    bool isConnected(NodeId peer) const;
    const PeerLinksCounters& counters() const { return m_counters; }
    std::size_t backlogBytes(NodeId peer) const;
    std::vector<PeerLinkFacts> facts() const; ///< by node

private:
    struct Peer
    {
        Address address;
        std::string diskId;
        std::unique_ptr<PeerLink> link; ///< in any state
        TimePoint nextDial{};
        Milliseconds pause{};
        bool dirty = false;            ///< has something gathered
        bool announced = false;        ///< the host knows of the link
        TimePoint since{};             ///< when it was announced
    };

    /// What this node's map makes of who is at the other end.
    enum class Judgement {
        Welcome, ///< a member, or a waiting node that becomes one; whoever it is, if this node waits
        Ahead,   ///< has joined by a newer map, from which all that this node knows may be gone
        Removed,
        OtherCluster,
        UnknownDisk, ///< waits, and the map doesn't list it
        UnknownNode,
        OtherNode, ///< not the one that was dialled
        OtherDisk,
    };
    Judgement judge(const PeerLink& link) const;
    /// What is wrong, for people: of all but Welcome.
    std::string reasonFor(Judgement judgement, const PeerLink& link) const;

    void onAccepted(qintptr descriptor);
    void linkGreeted(PeerLink& link, Now now) override;
    void linkRead(PeerLink& link, Now now) override;
    void linkMessages(PeerLink& link, Now now, std::vector<Message>& messages) override;
    void linkClosed(PeerLink& link, const std::string& reason, bool garbled) override;
    void look(PeerLink& link);
    void greetedByMember(PeerLink& link, Now now, Peer& peer);
    void refuse(PeerLink& link, const std::string& reason);
    void refuseMember(PeerLink& link, const std::string& reason);
    void offerMap(PeerLink& link);
    void dropLink(Now now, NodeId id, Peer& peer);
    Peer peerFor(const Member& member, TimePoint now) const;
    void dial(TimePoint now, NodeId id, Peer& peer);

    const PeerLinksOptions m_options;
    Host& m_host;
    TcpListener m_listener;
    Hello m_self;
    ClusterMapPtr m_map;
    std::unordered_map<NodeId, Peer> m_peers;
    std::vector<std::unique_ptr<PeerLink>> m_strangers; ///< accepted, not known to be a peer's yet; or closed
    std::vector<NodeId> m_dirty;
    std::vector<NodeId> m_gone; ///< members that are none any more; the host doesn't know yet
    std::vector<NodeId> m_lost; ///< links that closed since settle()
    bool m_strangersClosed = false;
    TimePoint m_lastTick{};
    LogBrake m_refusals;
    PeerLinksCounters m_counters;
};

} // namespace quoit
