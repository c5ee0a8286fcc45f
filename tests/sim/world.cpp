#include "tests/sim/world.h"

#include "node/core/planted_bug.h"
#include "shared/ring/change_plan.h"
#include "shared/ring/token_allocation.h"

#include <algorithm>

namespace quoit::sim {

namespace {

constexpr std::uint32_t partitionCount = 16;
constexpr std::uint32_t changingPartitionCount = 32; ///< more nodes find a place
constexpr std::int64_t newMembersUs = 50'000;
constexpr std::uint64_t neverReached = std::uint64_t(1) << 60; // operations of a disk

ClusterMapPtr makeMap(int nodes, int replicas, bool changes)
{
    ClusterMapParts parts;
    parts.clusterId = "simulated";
    parts.partitionCount = changes ? changingPartitionCount : partitionCount;
    parts.replicaCount = static_cast<std::uint32_t>(replicas);
    parts.vnodesPerWeight = 2;
    std::vector<NodeToPlace> places;
    for (int i = 1; i <= nodes; ++i)
        places.push_back({static_cast<NodeId>(i), {}, 1.0});
    const auto tokens = allocateTokens(places, parts.partitionCount, parts.replicaCount, parts.vnodesPerWeight);
    QUOIT_ENSURE(tokens.ok());
    for (int i = 1; i <= nodes; ++i) {
        Member member;
        member.id = static_cast<NodeId>(i);
        member.diskId = "disk-" + std::to_string(i);
        member.name = "n" + std::to_string(i);
        member.clientAddress = member.name + ":1";
        member.peerAddress = member.name + ":2";
        member.tokens = tokens.value()[static_cast<std::size_t>(i - 1)];
        parts.members.push_back(member);
    }
    auto map = ClusterMap::make(parts);
    QUOIT_ENSURE(map.ok());
    return map.value();
}

/// Placing tokens takes longer than a short run; there are few shapes.
ClusterMapPtr mapFor(int nodes, int replicas, bool changes)
{
    static std::map<std::tuple<int, int, bool>, ClusterMapPtr> maps;
    ClusterMapPtr& map = maps[{nodes, replicas, changes}];
    if (!map)
        map = makeMap(nodes, replicas, changes);
    return map;
}

} // namespace

World::World(std::uint64_t seed, const Parameters& parameters, const OperationLogic& logic, bool trace)
    : m_seed(seed)
    , m_parameters(parameters)
    , m_logic(logic)
    , m_trace(trace)
    , m_random(seed)
    , m_network(m_parameters, m_random)
    , m_firstMap(mapFor(parameters.nodes, parameters.replicas, parameters.ringChange > 0))
{
    for (const Member& member : m_firstMap->members()) {
        SimulatedNode& node = m_nodes[member.id];
        node.diskId = member.diskId;
        node.disk = std::make_unique<NodeDisk>(member.id, m_firstMap, true, m_parameters, m_random.next());
        node.clockDrift = (m_random.unit() * 2 - 1) * parameters.clockDrift;
    }
    if (parameters.ringChange > 0)
        at(newMembersUs, [this] { addNewMembers(); });
}

ClusterMapPtr World::map() const
{
    ClusterMapPtr newest = m_firstMap;
    for (const auto& [id, node] : m_nodes)
        if (node.core && node.core->map()->revision() > newest->revision())
            newest = node.core->map();
    return newest;
}

NodeId World::randomNode()
{
    return std::next(m_nodes.begin(), static_cast<std::ptrdiff_t>(m_random.below(m_nodes.size())))->first;
}

void World::note(std::uint64_t value)
{
    m_hash = (m_hash ^ value) * 0x100000001b3ULL;
    m_hash ^= m_hash >> 31;
}

Now World::nowAt(const SimulatedNode& node) const
{
    const auto drifted = static_cast<std::int64_t>(static_cast<double>(m_nowUs) * node.clockDrift);
    return {TimePoint(Microseconds(m_nowUs)), 1'700'000'000'000 + (m_nowUs + drifted + node.clockOffsetUs) / 1000};
}

void World::at(std::int64_t delayUs, std::function<void()> action)
{
    m_events.push(std::make_shared<Event>(Event{m_nowUs + delayUs, ++m_order, std::move(action)}));
}

bool World::step()
{
    if (m_events.empty())
        return false;
    const std::shared_ptr<Event> event = m_events.top();
    m_events.pop();
    m_nowUs = event->timeUs;
    event->action();
    return true;
}

std::vector<NodeId> World::nodeIds() const
{
    std::vector<NodeId> ids;
    for (const auto& [id, node] : m_nodes)
        ids.push_back(id);
    return ids;
}

bool World::takesRequests(NodeId id) const
{
    const SimulatedNode& node = m_nodes.at(id);
    return node.core && !node.leaving && node.pausedUntilUs <= m_nowUs;
}

// --- processes

void World::onEvents(NodeId id, const std::vector<CoreEvent>& events)
{
    for (const CoreEvent& event : events) {
        if (event.kind == CoreEvent::Kind::Removed) {
            fault("node removed", "n", id);
            m_nodes.at(id).gone = true;
            crash(id);
            return;
        }
        m_nodes.at(id).leaving = m_nodes.at(id).leaving || event.kind == CoreEvent::Kind::Leaving;
        if (event.kind != CoreEvent::Kind::MapAdopted)
            continue;
        const ClusterMapPtr& map = m_nodes.at(id).core->map();
        m_nodes.at(id).leaving = m_nodes.at(id).leaving && isLeaving(*map, id);
        const auto [known, isNew] = m_maps.emplace(map->revision(), map);
        if (isNew)
            fault(map->isAborting() ? "change being aborted" : map->isChanging() ? "change begun" : "change over", "n", id, ", revision ", map->revision(), ", epoch ", map->epoch());
        else if (known->second->parts() != map->parts())
            m_problem = "n" + std::to_string(id) + " has another map " + std::to_string(map->revision()) + " than others have";
    }
}

void World::addNewMembers()
{
    const ClusterMapPtr newest = map();
    for (const Member& member : newest->members()) {
        SimulatedNode& node = m_nodes[member.id];
        if (node.diskId == member.diskId)
            continue;
        crash(member.id); // only if an id is given out twice
        node.gone = node.lost = node.damaged = false;
        node.diskId = member.diskId;
        node.disk = std::make_unique<NodeDisk>(member.id, newest, false, m_parameters, m_random.next());
        node.clockDrift = (m_random.unit() * 2 - 1) * m_parameters.clockDrift;
        start(member.id);
    }
    at(newMembersUs, [this] { addNewMembers(); });
}

bool World::ringIsSettled() const
{
    const ClusterMapPtr newest = map();
    for (const Member& member : newest->members())
        if (m_nodes.count(member.id) > 0 && m_nodes.at(member.id).gone)
            return newest->isChanging() || !m_nodes.at(member.id).waitsEmpty;
    for (const auto& [id, node] : m_nodes)
        if (node.core && node.core->map()->revision() != newest->revision())
            return false;
    return (!newest->isChanging() || newest->parts().change->paused) && (newest->isChanging() || newest->parts().queue.empty());
}

void World::armTick(NodeId id)
{
    SimulatedNode& node = m_nodes.at(id);
    const std::int64_t dueUs = std::max<std::int64_t>(
        m_nowUs, std::chrono::duration_cast<Microseconds>(node.core->nextTick().time_since_epoch()).count());
    if (node.tickAtUs != 0 && node.tickAtUs <= dueUs)
        return;
    node.tickAtUs = dueUs;
    at(dueUs - m_nowUs, [this, id, life = node.life, dueUs] {
        SimulatedNode& ticking = m_nodes.at(id);
        if (ticking.life != life || ticking.tickAtUs != dueUs)
            return;
        inNode(id, life, [this](SimulatedNode& n) {
            n.tickAtUs = 0;
            n.core->tick(nowAt(n));
        });
    });
}

/// The disk takes its time, works even while the process is paused, and tells the process.
void World::work(NodeId id)
{
    SimulatedNode& node = m_nodes.at(id);
    if (node.diskBusy)
        return;
    node.diskBusy = true;
    const bool slow = !m_healed && m_random.chance(m_parameters.diskSlow);
    const std::int64_t stallUs = std::max<std::int64_t>(0, node.diskStallsUntilUs - m_nowUs);
    at(stallUs + (slow ? static_cast<std::int64_t>(m_random.below(60'000)) : 50 + static_cast<std::int64_t>(m_random.below(1500))),
       [this, id, life = node.life] {
           SimulatedNode& working = m_nodes.at(id);
           if (!working.core || working.life != life)
               return;
           working.diskBusy = false;
           if (working.diskStallsUntilUs > m_nowUs) {
               work(id);
               return;
           }
           const NodeDisk::Turn turn = working.disk->turn();
           note(turn.durable);
           if (turn.ended) {
               endUntrusted(id);
               return;
           }
           if (turn.spaceChanged)
               inNode(id, life, [this](SimulatedNode& told) { told.core->diskSpace(nowAt(told), told.disk->space()); });
           if (turn.durable != 0)
               inNode(id, life, [this, turn](SimulatedNode& told) { told.core->persisted(nowAt(told), turn.durable, turn.progress); });
           if (working.core && working.life == life && turn.more)
               work(id);
       });
}

void World::start(NodeId id)
{
    SimulatedNode& node = m_nodes.at(id);
    if (node.core || node.gone)
        return;
    Result<StoredState> found = node.disk->open();
    if (!found || !found.value().map) {
        startFailed(id, found ? Error{ErrorCode::Corrupt, "the disk is empty"} : found.error());
        return;
    }
    if (!node.disk->problem().empty())
        m_problem = "n" + std::to_string(id) + "'s store: " + node.disk->problem();
    if (!found.value().map->member(found.value().identity.node)) {
        fault("removed node ends", "n", id);
        node.disk->close(m_random);
        node.gone = true;
        return;
    }
    ++node.life;
    node.incarnation = found.value().identity.incarnation;
    node.startProgress = found.value().progress;
    node.session = m_random.next() | 1;
    node.tickAtUs = 0;
    node.inTurn = false;
    node.leaving = false;
    node.diskBusy = false;
    node.crashAfterEffects = 0;
    node.diskStallsUntilUs = 0;
    node.core = std::make_unique<Core>(m_parameters.core, found.value(), node.disk->records(), m_logic, m_random.next(), nowAt(node));
    node.core->diskSpace(nowAt(node), node.disk->space());
    say("n", id, " starts, life ", node.life, ", incarnation ", node.incarnation, ", progress ", node.startProgress);
    for (const auto& [peer, other] : m_nodes)
        if (peer != id && other.core)
            connect(id, peer);
    carryOut(id);
    heartbeat(id, node.life);
}

/// A failing disk may be better next time; damaged or lost data is not.
void World::startFailed(NodeId id, const Error& error)
{
    SimulatedNode& node = m_nodes.at(id);
    fault("start failed", "n", id, ": ", error.message);
    node.disk->close(m_random);
    node.gone = error.code == ErrorCode::Corrupt;
    if (!node.gone)
        at(100'000, [this, id] { start(id); });
    else if (m_parameters.core.autoReplace) {
        node.waitsEmpty = true;
        waitEmpty(id);
    }
}

/// The process begins anew with an empty disk, and waits at its address until its peers take it in under another id.
void World::waitEmpty(NodeId id)
{
    const ClusterMapPtr newest = map();
    const Member* const member = newest->member(id);
    // A change may be aborted yet; and with most nodes down, the newest map may be one from before this node came.
    if (!member && !newest->isChanging() && id <= newest->parts().lastNodeId)
        return;
    for (const NodeId peer : member ? nodeIds() : std::vector<NodeId>()) {
        Member newcomer = *member;
        newcomer.id = noNode;
        newcomer.tokens.clear();
        newcomer.diskId = "again-" + member->diskId;
        if (m_nodes.at(peer).core && (m_healed || !m_network.isCut(peer, id, m_nowUs)))
            inNode(peer, m_nodes.at(peer).life, [this, id, newcomer](SimulatedNode& n) { n.core->emptyNodeAt(nowAt(n), id, newcomer); });
    }
    at(1'000'000, [this, id] { waitEmpty(id); });
}

void World::connect(NodeId a, NodeId b)
{
    at(1000 + static_cast<std::int64_t>(m_random.below(20'000)),
       [this, a, b, lifeA = m_nodes.at(a).life, lifeB = m_nodes.at(b).life] { greet(a, lifeA, b, lifeB); });
}

/// A node that isn't in the other's map is news to it and offers its own, or was removed.
bool World::knowEachOther(NodeId a, NodeId b)
{
    for (const auto& [to, peer] : {std::pair{a, b}, std::pair{b, a}}) {
        const ClusterMap& map = *m_nodes.at(to).core->map();
        if (map.member(peer))
            continue;
        const ClusterMapPtr& newer = m_nodes.at(peer).core->map();
        if (newer->revision() > map.revision()) {
            // Perhaps nobody is left whom it knows.
            if (newer->member(to) && newer->epoch() > map.epoch())
                inNode(to, m_nodes.at(to).life, [this, peer, newer](SimulatedNode& n) {
                    n.core->receive(nowAt(n), peer, {newer->epoch(), MapPush{newer}});
                });
            connect(a, b);
            return false;
        }
        fault("removed node refused", "n", peer);
        m_nodes.at(peer).gone = true;
        crash(peer);
        return false;
    }
    return true;
}

/// Both say who they are, and take the link if neither objects.
void World::greet(NodeId a, std::uint64_t lifeA, NodeId b, std::uint64_t lifeB)
{
    const auto alive = [this](NodeId id, std::uint64_t life) { return m_nodes.at(id).core && m_nodes.at(id).life == life; };
    if (!alive(a, lifeA) || !alive(b, lifeB))
        return;
    if (!m_healed && (m_network.isCut(a, b, m_nowUs) || m_network.isCut(b, a, m_nowUs))) {
        connect(a, b);
        return;
    }
    if (!knowEachOther(a, b))
        return;
    const auto introduce = [this](NodeId to, NodeId peer) {
        SimulatedNode& known = m_nodes.at(peer);
        const PeerIntroduction introduction{known.incarnation, known.session, known.startProgress};
        return m_nodes.at(to).core->peerIntroduced(nowAt(m_nodes.at(to)), peer, introduction);
    };
    for (const auto& [to, peer] : {std::pair{a, b}, std::pair{b, a}}) {
        const std::string objection = introduce(to, peer);
        if (objection.empty())
            continue;
        fault("peer refused", "n", to, ": ", objection);
        if (!m_nodes.at(peer).lost && !m_nodes.at(peer).damaged)
            m_problem = "n" + std::to_string(peer) + " was refused, although its disk is what it was: " + objection;
        m_nodes.at(peer).gone = true;
        crash(peer);
        return;
    }
    for (const auto& [to, life, peer] : {std::tuple{a, lifeA, b}, std::tuple{b, lifeB, a}})
        inNode(to, life, [this, peer = peer](SimulatedNode& n) {
            n.links.insert(peer);
            n.core->peerConnected(nowAt(n), peer);
        });
}

void World::crash(NodeId id)
{
    SimulatedNode& node = m_nodes.at(id);
    if (!node.core)
        return;
    fault("crash", "n", id, ", progress ", node.core->progress());
    addBranches(node.core->counters());
    node.core.reset();
    node.disk->close(m_random);
    node.links.clear();
    for (const RequestId request : std::exchange(node.requests, {}))
        m_answers->lost(request);
    for (const auto& [peer, other] : m_nodes) {
        if (!other.core)
            continue;
        at(static_cast<std::int64_t>(m_random.below(50'000)), [this, id, to = peer, life = other.life, dead = node.life] {
            inNode(to, life, [this, id, dead](SimulatedNode& n) {
                if (m_nodes.at(id).core && m_nodes.at(id).life != dead)
                    return;
                n.links.erase(id);
                n.core->peerDisconnected(nowAt(n), id);
            });
        });
    }
}

void World::pause(NodeId id, std::int64_t us)
{
    m_nodes.at(id).pausedUntilUs = m_nowUs + us;
}

/// A connection breaks for both, and comes back.
void World::disconnect(NodeId a, NodeId b)
{
    for (const auto& [from, peer] : {std::pair{a, b}, std::pair{b, a}})
        inNode(from, m_nodes.at(from).life, [this, peer = peer](SimulatedNode& n) {
            if (n.links.erase(peer) > 0)
                n.core->peerDisconnected(nowAt(n), peer);
        });
    if (m_nodes.at(a).core && m_nodes.at(b).core)
        at(20'000 + static_cast<std::int64_t>(m_random.below(static_cast<std::uint64_t>(m_parameters.disconnectMaxUs))),
           [this, a, b, lifeA = m_nodes.at(a).life, lifeB = m_nodes.at(b).life] { greet(a, lifeA, b, lifeB); });
}

std::int64_t World::pausesEndUs() const
{
    std::int64_t endUs = m_nowUs;
    for (const auto& [id, node] : m_nodes)
        endUs = std::max(endUs, node.pausedUntilUs);
    return endUs;
}

void World::heal()
{
    say("healed");
    m_healed = true;
    m_network.heal();
    for (auto& [id, node] : m_nodes) {
        node.crashAfterEffects = 0;
        node.diskStallsUntilUs = 0;
        node.disk->disk().faults() = {};
        node.disk->disk().crashAfter(neverReached, CrashSide::Before);
        if (node.damaged) { // whoever asks the last questions is well
            crash(id);
            node.gone = true;
        }
        start(id);
    }
    for (const auto& [id, node] : m_nodes)
        for (const auto& [peer, other] : m_nodes)
            if (id < peer && node.core && other.core)
                greet(id, node.life, peer, other.life);
}

// --- messages

void World::send(NodeId from, NodeId to, Message message)
{
    if (!m_nodes.at(from).links.count(to))
        return;
    const std::uint64_t life = m_nodes.at(to).life;
    const Nuisance* const nuisance = m_network.nuisanceOf(message.body);
    if (!m_healed) {
        if (m_random.chance(m_parameters.loss) || (nuisance && m_random.chance(nuisance->loss))) {
            ++m_faults["message lost"];
            return;
        }
        // A link never doubles a request for an operation [7].
        const bool mayDouble = planted(PlantedBug::RequestDeliveredTwice) || !std::holds_alternative<OperationRequest>(message.body);
        if (mayDouble && (m_random.chance(m_parameters.doubling) || (nuisance && m_random.chance(nuisance->doubling)))) {
            ++m_faults["message doubled"];
            at(3 * m_network.delayUs(nuisance), [this, from, to, life, message] { deliver(from, to, life, message); });
        }
    }
    at(m_network.delayUs(nuisance), [this, from, to, life, message = std::move(message)] { deliver(from, to, life, message); });
}

void World::deliver(NodeId from, NodeId to, std::uint64_t life, const Message& message)
{
    if (m_network.isCut(from, to, m_nowUs)) {
        ++m_faults["message cut off"];
        return;
    }
    if (const std::int64_t left = m_network.clogLeftUs(from, to, m_nowUs)) {
        at(left + static_cast<std::int64_t>(m_random.below(500)), [this, from, to, life, message] { deliver(from, to, life, message); });
        return;
    }
    inNode(to, life, [this, from, to, message](SimulatedNode& node) {
        note(static_cast<std::uint64_t>(m_nowUs) * 64 + message.body.index() * 4096 + from * 8 + to);
        if (m_parameters.hearsTraffic)
            node.core->peerHeard(nowAt(node), from);
        node.core->receive(nowAt(node), from, Message(message));
    });
}

void World::setDiskShort(NodeId id, bool isShort)
{
    SimulatedNode& node = m_nodes.at(id);
    if (!node.disk)
        return;
    node.disk->setShort(isShort);
    if (node.core)
        inNode(id, node.life, [this](SimulatedNode& told) { told.core->diskSpace(nowAt(told), told.disk->space()); });
}

RequestId World::submit(NodeId id, const std::function<void(Core&, Now, RequestId)>& ask)
{
    const RequestId request = ++m_nextRequest;
    SimulatedNode& node = m_nodes.at(id);
    node.requests.insert(request);
    at(0, [this, id, life = node.life, ask, request] {
        inNode(id, life, [this, &ask, request](SimulatedNode& n) { ask(*n.core, nowAt(n), request); });
    });
    return request;
}

} // namespace quoit::sim
