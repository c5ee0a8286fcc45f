#include "node/server/cluster_view.h"

#include "node/server/zone_advice.h"

#include "shared/ring/change_plan.h"

#include <algorithm>
#include <map>
#include <span>

namespace quoit {

namespace {

constexpr std::size_t eventsMax = 256;
// Loads that are older say nothing about now.
constexpr Milliseconds loadLifetime{3000};
constexpr std::chrono::minutes awayForLong{5};
constexpr std::chrono::seconds emptyNodeBelieved{10}; ///< after it was seen for the last time
constexpr Microseconds downAfter = FailureDetectorOptions{}.downAfter;

std::uint64_t millisecondsOf(Microseconds duration)
{
    return static_cast<std::uint64_t>(
        std::max<std::int64_t>(0, std::chrono::duration_cast<Milliseconds>(duration).count()));
}

NodeState stateOf(PeerState state)
{
    switch (state) {
    case PeerState::Up:
        return NodeState::Up;
    case PeerState::Suspect:
        return NodeState::Suspect;
    case PeerState::Down:
        return NodeState::Down;
    case PeerState::Unknown:
        break;
    }
    return NodeState::Unknown;
}

/// What the ring is changing to, in the words of the plan; empty if it isn't.
std::string changeText(const ClusterMap& map)
{
    if (!map.isChanging())
        return {};
    const RingChange& change = *map.parts().change;
    return toText(map, change.wanted.steps) + (map.isAborting() ? " (being aborted)" : change.paused ? " (paused)" : "");
}

std::string plural(std::uint64_t count, const char* noun)
{
    return std::to_string(count) + ' ' + noun + (count == 1 ? "" : "s");
}

/// "node-4" or "n4" for node 4, but not "node-14".
bool saysNumber(const std::string& name, NodeId node)
{
    const std::string number = std::to_string(node);
    if (!name.ends_with(number))
        return false;
    const std::size_t before = name.size() - number.size();
    return before > 0 && !(name[before - 1] >= '0' && name[before - 1] <= '9');
}

using NodeSet = std::map<NodeId, bool>;

/// @param writable  those of `up` that have space on their disk
void countPartitions(const ClusterMap& map, const NodeSet& up, const NodeSet& writable, StatusReport& report)
{
    const auto count = [](std::span<const NodeId> set, const NodeSet& among) {
        return static_cast<std::size_t>(std::count_if(set.begin(), set.end(), [&among](NodeId id) {
            const auto found = among.find(id);
            return found != among.end() && found->second;
        }));
    };
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition) {
        bool isWhole = true;
        bool hasMajority = true;
        bool hasRoom = true;
        for (const auto set : {map.before(partition), map.after(partition)}) {
            isWhole = isWhole && count(set, up) == set.size();
            hasMajority = hasMajority && count(set, up) >= set.size() / 2 + 1;
            hasRoom = hasRoom && count(set, writable) >= set.size() / 2 + 1;
        }
        report.partitionsBelowStrength += isWhole ? 0 : 1;
        report.partitionsWithoutMajority += hasMajority ? 0 : 1;
        report.partitionsReadOnly += hasMajority && !hasRoom ? 1 : 0;
    }
}

} // namespace

void ClusterView::become(const Hello& own, ClusterMapPtr map, TimePoint now)
{
    m_self = own;
    m_map = std::move(map);
    m_since = now;
    m_own.incarnation = own.incarnation;
    m_own.programVersion = own.programVersion;
}

void ClusterView::onHello(const Hello& peer)
{
    Known& known = m_peers[peer.node];
    known.incarnation = peer.incarnation;
    known.programVersion = peer.programVersion;
}

void ClusterView::onGossip(Now now, NodeId from, std::string_view bytes)
{
    if (bytes.empty())
        return;
    Known& known = m_peers[from];
    Gossip gossip;
    if (!decodeGossip(bytes, gossip))
        return;
    known.gossip = std::move(gossip);
    known.received = now.monotonic;
    known.any = true;
    known.clockOffsetMs = static_cast<std::int64_t>(known.gossip.sentMs) - now.wallMs;
}

void ClusterView::setOwn(TimePoint now, Gossip gossip)
{
    m_own.gossip = std::move(gossip);
    m_own.received = now;
    m_own.any = true;
}

ReplicaStanding ClusterView::standingOf(NodeId node) const
{
    ReplicaStanding sum;
    sum.node = node;
    const auto add = [&sum, node](const Gossip& gossip) {
        for (const ReplicaStanding& standing : gossip.standings) {
            if (standing.node != node)
                continue;
            sum.uncompared += standing.uncompared;
            sum.differing += standing.differing;
            sum.tombstonesWaiting += standing.tombstonesWaiting;
        }
    };
    add(m_own.gossip);
    for (const auto& [id, known] : m_peers)
        if (m_map->member(id))
            add(known.gossip);
    return sum;
}

void ClusterView::noteStandings(Now now, const Core& core)
{
    // Before every home that is up has spoken nobody knows.
    const bool allKnown = std::ranges::all_of(m_map->members(), [&](const Member& member) {
        const auto known = m_peers.find(member.id);
        return member.id == m_self.node || core.peerHealth(now, member.id).state != PeerState::Up ||
               (known != m_peers.end() && known->second.any);
    });
    for (const Member& member : m_map->members()) {
        const ReplicaStanding standing = standingOf(member.id);
        const bool isUp = member.id == m_self.node || core.peerHealth(now, member.id).state == PeerState::Up;
        if (allKnown && isUp && standing.uncompared + standing.differing == 0)
            m_sameSince.try_emplace(member.id, now.monotonic);
        else
            m_sameSince.erase(member.id);
    }
}

std::string ClusterView::repairText() const
{
    std::string text;
    for (const Member& member : m_map->members()) {
        if (m_sameSince.count(member.id))
            continue;
        const ReplicaStanding standing = standingOf(member.id);
        text += (text.empty() ? "" : "; ") + nameOf(member.id) + ": " + plural(standing.uncompared, "partition") +
                " to compare, " + std::to_string(standing.differing) + " differ";
        if (standing.tombstonesWaiting > 0)
            text += ", " + plural(standing.tombstonesWaiting, "tombstone") + " wait";
    }
    return text;
}

std::string ClusterView::nameOf(NodeId node) const
{
    const Member* const member = m_map ? m_map->member(node) : nullptr;
    if (!member || member->name.empty())
        return "node " + std::to_string(node);
    return saysNumber(member->name, node) ? member->name : member->name + " (node " + std::to_string(node) + ")";
}

void ClusterView::addEvent(std::int64_t wallMs, std::string kind, NodeId node, std::string text)
{
    if (m_events.size() >= eventsMax)
        m_events.erase(m_events.begin());
    m_events.push_back({wallMs, std::move(kind), node, std::move(text)});
}

void ClusterView::addEvent(std::int64_t wallMs, const CoreEvent& event)
{
    const std::string who = nameOf(event.node);
    switch (event.kind) {
    case CoreEvent::Kind::PeerUp:
        return addEvent(wallMs, "node-up", event.node, who + " is up");
    case CoreEvent::Kind::PeerSuspect:
        return addEvent(wallMs, "node-suspect", event.node, who + " is suspected of being down");
    case CoreEvent::Kind::PeerDown:
        return addEvent(wallMs, "node-down", event.node, who + " is down");
    case CoreEvent::Kind::TookOver:
        return addEvent(wallMs, "takeover", event.node,
                        nameOf(m_self.node) + " took over " + plural(event.count, "partition") + " from " + who);
    case CoreEvent::Kind::HandedOver:
        return addEvent(wallMs, "handover", event.node,
                        nameOf(m_self.node) + " handed over " + plural(event.count, "partition") + " to " + who);
    case CoreEvent::Kind::StorageFull:
        return addEvent(wallMs, "storage-full", event.node, "the disk of " + who + " is full or nearly so");
    case CoreEvent::Kind::StorageFree:
        return addEvent(wallMs, "storage-free", event.node, who + " has disk space again");
    case CoreEvent::Kind::MapAdopted:
        return addEvent(wallMs, "ring-changed", event.node,
                        m_map && m_map->isAborting()   ? "the change of the ring is being aborted"
                        : m_map && m_map->isChanging() ? "a change of the ring is in progress"
                                                       : "the ring has " + plural(m_map ? m_map->members().size() : 0, "member"));
    case CoreEvent::Kind::Leaving:
        return addEvent(wallMs, "node-leaving", event.node, who + " lets its clients go and leaves");
    case CoreEvent::Kind::Removed:
        return addEvent(wallMs, "node-removed", event.node, who + " has been removed");
    }
}

/// One truth for all that tell of nodes. A member that nobody has heard of since this node's start is taken for one that fell silent then.
PeerHealth ClusterView::healthOf(Now now, const Core& core, NodeId id) const
{
    if (id == m_self.node)
        return {PeerState::Up, 0, now.monotonic - m_since};
    PeerHealth health = core.peerHealth(now, id);
    if (health.state == PeerState::Unknown) {
        const Microseconds silent = now.monotonic - m_since;
        health.state = silent < downAfter ? PeerState::Suspect : PeerState::Down;
        health.since = silent < downAfter ? silent : silent - downAfter;
    }
    return health;
}

void ClusterView::setFigures(NodeReport& report, const Known& known, TimePoint now) const
{
    report.incarnation = known.incarnation;
    report.version = known.programVersion.empty() ? known.gossip.programVersion : known.programVersion;
    report.figures = known.gossip.figures;
    report.clockOffsetMs = known.clockOffsetMs;
    report.figuresAgeMs = known.any ? millisecondsOf(now - known.received) : 0;
}

std::vector<NodeReport> ClusterView::nodes(Now now, const Core* core) const
{
    std::vector<NodeReport> reports;
    if (!m_map || !core) {
        NodeReport report;
        report.id = m_self.node;
        report.name = m_self.name;
        report.clientAddress = m_self.clientAddress;
        report.peerAddress = m_self.peerAddress;
        report.httpAddress = m_self.httpAddress;
        report.state = NodeState::Waiting;
        report.sinceMs = millisecondsOf(now.monotonic - m_since);
        setFigures(report, m_own, now.monotonic);
        reports.push_back(std::move(report));
        return reports;
    }
    static const Known nothing;
    for (const Member& member : m_map->members()) {
        NodeReport report = reportOfMember(member);
        const PeerHealth health = healthOf(now, *core, member.id);
        report.state = stateOf(health.state);
        report.phi = health.phi;
        report.sinceMs = millisecondsOf(health.since);
        const auto known = m_peers.find(member.id);
        setFigures(report, member.id == m_self.node ? m_own : known == m_peers.end() ? nothing : known->second, now.monotonic);
        const ReplicaStanding standing = standingOf(member.id);
        report.partitionsUncompared = standing.uncompared;
        report.partitionsDiffering = standing.differing;
        report.tombstonesWaiting = standing.tombstonesWaiting;
        if (const auto same = m_sameSince.find(member.id); same != m_sameSince.end())
            report.sameForMs = millisecondsOf(now.monotonic - same->second) + 1;
        reports.push_back(std::move(report));
    }
    return reports;
}

WatchReport ClusterView::watch(Now now, const Core* core) const
{
    WatchReport report;
    report.timeMs = now.wallMs;
    report.reporter = m_self.node;
    report.epoch = m_map ? m_map->epoch() : 0;
    report.nodes = nodes(now, core);
    report.events = m_events;
    if (!m_map)
        return report;
    std::vector<std::uint64_t> loads(m_map->partitionCount());
    const auto add = [&loads, &now](const Known& known) {
        if (!known.any || now.monotonic - known.received > loadLifetime)
            return;
        for (const PartitionLoad& load : known.gossip.partitions) {
            if (load.partition < loads.size())
                loads[load.partition] += load.operationsPerSecond;
        }
    };
    add(m_own);
    for (const auto& [id, known] : m_peers)
        add(known);
    for (PartitionIndex partition = 0; partition < loads.size(); ++partition) {
        if (loads[partition] > 0)
            report.partitions.push_back({partition, loads[partition]});
    }
    return report;
}

HotKeysReport ClusterView::hotKeys(Now now, std::size_t countMax) const
{
    HotKeysReport report;
    report.timeMs = now.wallMs;
    std::vector<const HotKeyList*> reads;
    std::vector<const HotKeyList*> writes;
    const auto add = [&](const Known& known) {
        if (!known.any || now.monotonic - known.received > loadLifetime)
            return;
        ++report.nodes;
        report.readsPerSecond += known.gossip.figures.readsPerSecond;
        report.writesPerSecond += known.gossip.figures.writesPerSecond;
        reads.push_back(&known.gossip.hotReads);
        writes.push_back(&known.gossip.hotWrites);
    };
    add(m_own);
    for (const auto& [id, known] : m_peers)
        add(known);
    report.keys = mergeHotKeys(reads, writes, countMax);
    return report;
}

StatusReport ClusterView::status(Now now, const Core* core, const std::string& state) const
{
    StatusReport report;
    report.node = m_self.node;
    report.name = m_self.name;
    report.version = m_self.programVersion;
    report.state = state;
    if (!m_map || !core) {
        report.verdict =
            "waits to be made part of a cluster: quoit create ADDRESS... with the client addresses of all its nodes";
        return report;
    }
    report.clusterId = m_map->clusterId();
    report.epoch = m_map->epoch();
    report.partitions = m_map->partitionCount();
    NodeSet up;
    NodeSet writable;
    std::string troubled;
    std::string longAway;
    std::string emptied;
    std::string full;
    for (const Member& member : m_map->members()) {
        const PeerHealth health = healthOf(now, *core, member.id);
        const PeerState peer = health.state;
        up[member.id] = peer == PeerState::Up;
        report.nodesUp += peer == PeerState::Up ? 1 : 0;
        report.nodesSuspect += peer == PeerState::Suspect ? 1 : 0;
        report.nodesDown += peer == PeerState::Down ? 1 : 0;
        if (peer != PeerState::Up)
            troubled += (troubled.empty() ? "" : ", ") + nameOf(member.id);
        if (peer != PeerState::Up && health.since > awayForLong)
            longAway = member.name.empty() ? std::to_string(member.id) : member.name;
        if (const auto seen = m_emptySeen.find(member.id);
            peer != PeerState::Up && seen != m_emptySeen.end() && now.monotonic - seen->second < emptyNodeBelieved)
            emptied = member.name + " " + member.clientAddress;
        const auto known = m_peers.find(member.id);
        if (member.id == m_self.node ? m_own.gossip.figures.storageFull
                                     : known != m_peers.end() && known->second.gossip.figures.storageFull)
            full += (full.empty() ? "" : ", ") + nameOf(member.id);
        else
            writable[member.id] = up[member.id];
    }
    countPartitions(*m_map, up, writable, report);
    report.change = changeText(*m_map);
    report.repair = repairText();
    report.zones = zoneAdvice(*m_map);
    report.strength = strengthAdvice(*m_map);
    if (report.partitionsWithoutMajority > 0)
        report.verdict = plural(report.partitionsWithoutMajority, "partition") +
                         " can't be read or written: too many of their nodes are away (" + troubled +
                         "); bring them back";
    else if (report.partitionsReadOnly > 0)
        report.verdict = plural(report.partitionsReadOnly, "partition") + " can't be written: the disk of " + full +
                         " is full or nearly so" + (troubled.empty() ? "" : ", and " + troubled + " is away") +
                         "; delete keys, free some space there, or add a node: quoit plan join ADDRESS";
    else if (!troubled.empty())
        report.verdict = "everything can be read and written, but " + troubled +
                         " is away; until it is back, fewer further losses are survived" +
                         (!emptied.empty()   ? "; a node of its name waits there with an empty folder; let it take the place: quoit plan replace " + emptied
                          : longAway.empty() ? std::string()
                                             : "; start it again, or let the others take its part: quoit plan remove " + longAway);
    else if (!full.empty())
        report.verdict = "the disk of " + full +
                         " is full or nearly so: it takes no writes but deletes until there is space; delete keys, free "
                         "some, or add a node: quoit plan join ADDRESS";
    else
        report.verdict = report.strength.empty() ? "well" : report.strength;
    return report;
}

} // namespace quoit
