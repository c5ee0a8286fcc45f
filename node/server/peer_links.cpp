#include "node/server/peer_links.h"

#include "node/server/clocks.h"

#include <algorithm>
#include <unistd.h>

namespace quoit {

namespace {

// A member with the higher id doesn't dial, but looks now and then whether the other one still waits for the map.
constexpr Milliseconds probePause{2000};
// A tick that comes later than this is this process' own fault; silence of that time isn't the peers'.
constexpr Milliseconds ownStall{1000};

/// While a member is being replaced by a node at its own address, the map lists both, and whoever answers there is the new one.
bool hasSuccessor(const ClusterMap& map, NodeId id)
{
    const Member* const member = map.member(id);
    return member && std::any_of(map.members().begin(), map.members().end(), [member](const Member& other) {
               return other.id > member->id && other.peerAddress == member->peerAddress;
           });
}

} // namespace

PeerLinks::PeerLinks(const PeerLinksOptions& options, Host& host)
    : m_options(options)
    , m_host(host)
    , m_listener([this](qintptr descriptor) { onAccepted(descriptor); })
{}

PeerLinks::~PeerLinks() = default;

void PeerLinks::become(const Hello& self, ClusterMapPtr map)
{
    for (auto& [id, peer] : m_peers) {
        if (peer.link)
            peer.link->abandon();
    }
    for (auto& link : m_strangers)
        link->abandon();
    // They may be on the stack: kept until settle().
    for (auto& [id, peer] : m_peers) {
        if (peer.link)
            m_strangers.push_back(std::move(peer.link));
    }
    m_strangersClosed = true;
    m_peers.clear();
    m_dirty.clear();
    m_lost.clear();
    m_self = self;
    m_map = std::move(map);
    if (!m_map)
        return;
    const TimePoint now = readClocks().monotonic;
    for (const Member& member : m_map->members()) {
        if (member.id == m_self.node)
            continue;
        m_peers.emplace(member.id, peerFor(member, now));
    }
}

PeerLinks::Peer PeerLinks::peerFor(const Member& member, TimePoint now) const
{
    Peer peer;
    const Result<Address> address = addressFromText(member.peerAddress);
    if (address)
        peer.address = address.value();
    else
        logLine(LogLevel::Error, "the map has no usable address of node " + std::to_string(member.id) + ": " +
                                     address.error().message);
    peer.diskId = member.diskId;
    peer.pause = m_options.dialPauseMin;
    peer.nextDial = m_self.node < member.id ? now : now + probePause; // new members have the highest ids
    return peer;
}

void PeerLinks::change(const Hello& self, ClusterMapPtr map)
{
    m_self = self;
    m_map = std::move(map);
    const TimePoint now = readClocks().monotonic;
    const std::vector<NodeId> tellers = m_map->deciders(); // a few are enough
    const bool tells = std::find(tellers.begin(), tellers.end(), m_self.node) != tellers.end();
    for (auto& [id, peer] : m_peers) {
        if (m_map->member(id) || !peer.link)
            continue;
        if (peer.link->state() == PeerLink::State::Up) {
            if (tells)
                peer.link->frames().add({m_map->epoch(), MapPush{m_map}});
            peer.link->flush();
        }
        peer.link->abandon();
        m_strangers.push_back(std::move(peer.link)); // it may be on the stack
        m_strangersClosed = true;
        if (peer.announced)
            m_gone.push_back(id);
    }
    std::erase_if(m_peers, [this](const auto& entry) { return !m_map->member(entry.first); });
    std::erase_if(m_dirty, [this](NodeId id) { return m_peers.count(id) == 0; });
    for (const Member& member : m_map->members())
        if (member.id != m_self.node && m_peers.count(member.id) == 0)
            m_peers.emplace(member.id, peerFor(member, now));
}

void PeerLinks::stop()
{
    m_listener.stop();
    for (auto& [id, peer] : m_peers) {
        if (peer.link && peer.link->state() == PeerLink::State::Up)
            peer.link->flush();
        if (peer.link)
            peer.link->abandon();
    }
    for (auto& link : m_strangers)
        link->abandon();
    m_strangersClosed = true;
    m_map.reset();
}

void PeerLinks::send(NodeId to, const Message& message)
{
    const auto found = m_peers.find(to);
    if (found == m_peers.end() || !found->second.link || found->second.link->state() != PeerLink::State::Up) {
        ++m_counters.messagesDropped;
        return;
    }
    Peer& peer = found->second;
    if (peer.link->backlogBytes() > m_options.backlogBytesMax || !peer.link->frames().add(message)) {
        ++m_counters.messagesDropped;
        // Its coordinator would wait for an answer that can't come; a lost link tells it.
        if (std::holds_alternative<OperationRequest>(message.body)) {
            m_refusals.line(readClocks().monotonic, LogLevel::Warning,
                            "node " + std::to_string(to) + " doesn't take what is sent to it; the link is made anew");
            peer.link->abandon();
            m_lost.push_back(to);
        }
        return;
    }
    ++m_counters.messagesSent;
    if (!peer.dirty) {
        peer.dirty = true;
        m_dirty.push_back(to);
    }
}

void PeerLinks::flush()
{
    for (const NodeId id : m_dirty) {
        const auto found = m_peers.find(id);
        if (found == m_peers.end())
            continue;
        found->second.dirty = false;
        if (!found->second.link)
            continue;
        m_counters.bytesSent += found->second.link->flush();
        ++m_counters.writes;
    }
    m_dirty.clear();
}

bool PeerLinks::settle()
{
    if (!m_strangersClosed && m_gone.empty() && m_lost.empty())
        return false;
    const Now now = readClocks();
    if (m_strangersClosed) {
        m_strangersClosed = false;
        std::erase_if(m_strangers, [](const auto& link) { return link->state() == PeerLink::State::Closed; });
    }
    for (const NodeId id : std::exchange(m_gone, {})) {
        ++m_counters.linksLost;
        m_host.peerDisconnected(now, id);
    }
    if (m_lost.empty())
        return false;
    for (const NodeId id : std::exchange(m_lost, {})) {
        const auto found = m_peers.find(id);
        if (found == m_peers.end() || !found->second.link || found->second.link->state() != PeerLink::State::Closed)
            continue;
        Peer& peer = found->second;
        dropLink(now, id, peer);
        if (m_self.node < id) {
            peer.nextDial = now.monotonic + peer.pause;
            peer.pause = std::min(peer.pause * 2, m_options.dialPauseMax);
        } else {
            peer.nextDial = now.monotonic + probePause;
        }
    }
    return true;
}

void PeerLinks::dropLink(Now now, NodeId id, Peer& peer)
{
    peer.link.reset();
    if (!peer.announced)
        return;
    peer.announced = false;
    ++m_counters.linksLost;
    m_host.peerDisconnected(now, id);
}

std::vector<PeerLinkFacts> PeerLinks::facts() const
{
    std::vector<PeerLinkFacts> facts;
    for (const auto& [id, peer] : m_peers)
        if (peer.announced && peer.link)
            facts.push_back({id, peer.link->isDialled(), peer.since, peer.link->backlogBytes()});
    std::sort(facts.begin(), facts.end(), [](const PeerLinkFacts& a, const PeerLinkFacts& b) { return a.peer < b.peer; });
    return facts;
}

void PeerLinks::tick(TimePoint now)
{
    const bool stalled = m_lastTick != TimePoint{} && now - m_lastTick > ownStall;
    m_lastTick = now;
    for (auto& link : m_strangers) {
        if (link->state() != PeerLink::State::Closed && now - link->lastReceived > m_options.greetingTimeout)
            refuse(*link, "it didn't say who it is in time");
    }
    for (auto& [id, peer] : m_peers) {
        if (!peer.link) {
            if (now >= peer.nextDial && !peer.address.host.empty() && m_map && !hasSuccessor(*m_map, id))
                dial(now, id, peer);
            continue;
        }
        if (stalled)
            peer.link->lastReceived = now;
        const bool up = peer.link->state() == PeerLink::State::Up;
        if (now - peer.link->lastReceived > (up ? m_options.silenceMax : m_options.greetingTimeout)) {
            if (up)
                logLine(LogLevel::Warning,
                        "node " + std::to_string(id) + " has been silent for too long; the link is made anew");
            peer.link->abandon();
            m_lost.push_back(id);
        }
    }
}

void PeerLinks::dial(TimePoint now, NodeId id, Peer& peer)
{
    peer.link = std::make_unique<PeerLink>(static_cast<PeerLink::Owner&>(*this), m_self, peer.address, id);
    peer.link->lastReceived = now;
    if (peer.link->state() == PeerLink::State::Closed)
        m_lost.push_back(id);
}

void PeerLinks::onAccepted(qintptr descriptor)
{
    const TimePoint now = readClocks().monotonic;
    if (m_strangers.size() >= m_options.greetingsMax) {
        ++m_counters.linksRefused;
        ::close(static_cast<int>(descriptor));
        m_refusals.line(now, LogLevel::Warning,
                        "too many connections to the peer port that don't say who they are; closed one");
        return;
    }
    auto link = std::make_unique<PeerLink>(static_cast<PeerLink::Owner&>(*this), m_self, descriptor);
    link->lastReceived = now;
    if (link->state() != PeerLink::State::Closed)
        m_strangers.push_back(std::move(link));
}

void PeerLinks::linkGreeted(PeerLink& link, Now now)
{
    link.lastReceived = now.monotonic;
    const Judgement judgement = judge(link);
    switch (judgement) {
    case Judgement::Welcome:
        if (!m_map)
            link.enter(PeerLink::State::Adopting);
        else if (link.hello().node == noNode)
            look(link);
        else
            greetedByMember(link, now, m_peers.at(link.hello().node));
        return;
    case Judgement::Ahead:
        link.enter(PeerLink::State::Behind);
        return;
    case Judgement::Removed:
        refuseMember(link, reasonFor(judgement, link));
        return;
    case Judgement::UnknownDisk:
        if (link.isDialled())
            m_host.emptyNodeFound(link.expected(), link.hello());
        break;
    case Judgement::OtherCluster:
    case Judgement::UnknownNode:
    case Judgement::OtherNode:
    case Judgement::OtherDisk:
        break;
    }
    refuse(link, reasonFor(judgement, link));
}

PeerLinks::Judgement PeerLinks::judge(const PeerLink& link) const
{
    const Hello& hello = link.hello();
    if (!m_map)
        return Judgement::Welcome; // whoever has a map that lists this disk may offer it
    if (hello.node == noNode) {
        const bool known = std::any_of(m_map->members().begin(), m_map->members().end(),
                                       [&hello](const Member& member) { return member.diskId == hello.diskId; });
        return known && link.isDialled() ? Judgement::Welcome : Judgement::UnknownDisk;
    }
    if (hello.clusterId != m_map->clusterId())
        return Judgement::OtherCluster;
    const auto found = m_peers.find(hello.node);
    if (found == m_peers.end() && hello.node <= m_map->lastNodeId())
        return Judgement::Removed;
    if (found == m_peers.end())
        return hello.epoch > m_map->epoch() ? Judgement::Ahead : Judgement::UnknownNode;
    if (link.isDialled() && hello.node != link.expected())
        return Judgement::OtherNode;
    return hello.diskId == found->second.diskId ? Judgement::Welcome : Judgement::OtherDisk;
}

std::string PeerLinks::reasonFor(Judgement judgement, const PeerLink& link) const
{
    const Hello& hello = link.hello();
    const std::string node = "node " + std::to_string(hello.node);
    switch (judgement) {
    case Judgement::Welcome:
        break;
    case Judgement::Removed:
        return "it was removed from the cluster; a node that comes again has to join with an empty data folder";
    case Judgement::OtherCluster:
        return "it belongs to another cluster (" + hello.clusterId + ", this is " + m_map->clusterId() + ")";
    case Judgement::UnknownDisk:
        return "it waits for a cluster, and the map doesn't list its disk " + hello.diskId;
    case Judgement::Ahead:
    case Judgement::UnknownNode:
        return "the map doesn't list " + node + " yet";
    case Judgement::OtherNode:
        return "it is " + node + ", the map says node " + std::to_string(link.expected()) + " has this address";
    case Judgement::OtherDisk:
        return node + " has another disk (" + hello.diskId + ") than the map says (" + m_peers.at(hello.node).diskId +
               "); a node whose data is lost has to join as a new one";
    }
    return {};
}

/// Whichever map is newer reaches the other side by this: a waiting node's is the oldest, for it has none.
void PeerLinks::look(PeerLink& link)
{
    link.enter(PeerLink::State::Looking);
    if (link.hello().epoch < m_map->epoch())
        offerMap(link);
    link.flush();
}

void PeerLinks::greetedByMember(PeerLink& link, Now now, Peer& peer)
{
    const NodeId id = link.hello().node;
    // The rule: the lower id dials. The other way round it was only a look.
    const bool rightWay = link.isDialled() == (m_self.node < id);
    if (!rightWay && link.isDialled() && link.hello().epoch != m_map->epoch()) {
        look(link); // one of both may not know the other one, or know that it is no member any more
        return;
    }
    if (!rightWay) {
        link.abandon();
        if (link.isDialled())
            m_lost.push_back(id);
        else
            m_strangersClosed = true;
        return;
    }
    if (const std::string objection = m_host.peerIntroduced(now, link.hello()); !objection.empty()) {
        refuseMember(link, objection);
        return;
    }
    if (!link.isDialled()) {
        // A newer connection replaces the older one, whose unread requests are never looked at: rule [7].
        if (peer.link) {
            peer.link->abandon();
            std::unique_ptr<PeerLink> old = std::move(peer.link);
            dropLink(now, id, peer);
            m_strangers.push_back(std::move(old));
            m_strangersClosed = true;
        }
        const auto self = std::find_if(m_strangers.begin(), m_strangers.end(),
                                       [&link](const auto& entry) { return entry.get() == &link; });
        QUOIT_ENSURE(self != m_strangers.end());
        peer.link = std::move(*self);
        m_strangers.erase(self);
    }
    peer.pause = m_options.dialPauseMin;
    peer.announced = true;
    peer.since = now.monotonic;
    link.enter(PeerLink::State::Up);
    ++m_counters.linksMade;
    if (link.hello().epoch < m_map->epoch())
        offerMap(link);
    m_host.peerConnected(now, link.hello());
    link.flush();
}

void PeerLinks::offerMap(PeerLink& link)
{
    link.frames().add({m_map->epoch(), MapPush{m_map}});
}

void PeerLinks::linkRead(PeerLink& link, Now now)
{
    if (link.state() != PeerLink::State::Up)
        return; // strangers have to say something whole in time
    link.lastReceived = now.monotonic;
    m_host.peerHeard(now, link.hello().node);
}

void PeerLinks::linkMessages(PeerLink& link, Now now, std::vector<Message>& messages)
{
    if (link.state() == PeerLink::State::Up) {
        m_counters.messagesReceived += messages.size();
        m_counters.bytesReceived += link.receivedBytes;
        link.receivedBytes = 0;
        m_host.peerMessages(now, link.hello().node, messages);
        return;
    }
    link.lastReceived = now.monotonic;
    if (link.state() == PeerLink::State::Looking) {
        std::erase_if(messages, [](const Message& message) { return !std::holds_alternative<Farewell>(message.body); });
        if (!messages.empty())
            m_host.peerMessages(now, link.hello().node, messages);
    }
    if (link.state() == PeerLink::State::Behind) {
        std::erase_if(messages, [](const Message& message) { return !std::holds_alternative<MapPush>(message.body); });
        if (messages.empty())
            return;
        m_host.peerMessages(now, link.hello().node, messages);
        link.abandon(); // once the map is in use they meet as members
        m_strangersClosed = true;
        return;
    }
    if (link.state() != PeerLink::State::Adopting)
        return;
    for (Message& message : messages) {
        auto* push = std::get_if<MapPush>(&message.body);
        if (!push)
            continue;
        const auto& members = push->map->members();
        const bool listed = std::any_of(members.begin(), members.end(),
                                        [this](const Member& member) { return member.diskId == m_self.diskId; });
        if (!listed) {
            refuse(link, "the map that it offers doesn't list this disk " + m_self.diskId);
            return;
        }
        m_host.mapOffered(push->map);
        return;
    }
}

void PeerLinks::linkClosed(PeerLink& link, const std::string& reason, bool garbled)
{
    if (garbled) {
        ++m_counters.linksRefused;
        m_refusals.line(readClocks().monotonic, LogLevel::Warning,
                        "closed a connection with " + link.peerText() + " on the peer port: " + reason);
    }
    for (auto& [id, peer] : m_peers) {
        if (peer.link.get() == &link) {
            m_lost.push_back(id);
            return;
        }
    }
    m_strangersClosed = true;
}

void PeerLinks::refuse(PeerLink& link, const std::string& reason)
{
    link.abandon();
    linkClosed(link, reason, true);
}

/// Says why, so that the operator of the other node learns it there as well.
void PeerLinks::refuseMember(PeerLink& link, const std::string& reason)
{
    link.frames().add({m_map->epoch(), Farewell{reason}});
    link.flush();
    refuse(link, reason);
}

bool PeerLinks::isConnected(NodeId peer) const
{
    const auto found = m_peers.find(peer);
    return found != m_peers.end() && found->second.link && found->second.link->state() == PeerLink::State::Up;
}

std::size_t PeerLinks::backlogBytes(NodeId peer) const
{
    const auto found = m_peers.find(peer);
    return found != m_peers.end() && found->second.link ? found->second.link->backlogBytes() : 0;
}

} // namespace quoit
