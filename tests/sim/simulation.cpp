#include "tests/sim/simulation.h"

#include "shared/ring/token_allocation.h"
#include "tests/sim/register_logic.h"

#include <iostream>
#include <sstream>

namespace quoit::sim {

namespace {

const RegisterLogic logic;
constexpr std::int64_t heartbeatUs = 100'000;
constexpr std::int64_t finaleUs = 30'000'000;
/// Faults stop once the outcome of as many requests is unknown: each may double what the checker has to consider.
constexpr int unknownMax = 12;
constexpr int finalClient = 1'000'000;

ClusterMapPtr makeMap(int nodes)
{
    ClusterMapParts parts;
    parts.clusterId = "simulated";
    parts.partitionCount = 16;
    parts.replicaCount = 3;
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

Milliseconds drawMs(Random& random, std::int64_t low, std::int64_t high)
{
    return Milliseconds(low + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(high - low + 1))));
}

} // namespace

Parameters Parameters::draw(std::uint64_t seed)
{
    Random random(seed * 7919 + 17);
    Parameters p;
    p.nodes = 3 + static_cast<int>(random.below(3));
    p.keys = 1 + static_cast<int>(random.below(3));
    p.clients = 2 + static_cast<int>(random.below(5));
    p.operations = 60 + static_cast<int>(random.below(120));
    p.loss = random.chance(0.3) ? 0 : random.unit() * 0.2;
    p.doubling = random.chance(0.5) ? 0 : random.unit() * 0.3;
    p.verySlow = random.chance(0.5) ? 0.002 : random.unit() * 0.08;
    p.nemesisPauseUs = random.chance(0.2) ? 15'000 : 60'000 + static_cast<std::int64_t>(random.below(300'000));
    p.crashes = random.chance(0.8);
    p.pauses = random.chance(0.6);
    p.cuts = random.chance(0.6);
    p.needlessTakeovers = random.chance(0.7);
    p.core.requestDeadline = drawMs(random, 2000, 6000);
    p.core.attemptTimeout = drawMs(random, 200, 1400);
    p.core.roundTimeout = drawMs(random, 200, 800);
    p.core.readHedge = drawMs(random, 5, 200);
    p.core.handBackAfter = drawMs(random, 200, 3000);
    p.core.memoryRetention = drawMs(random, 8000, 60000);
    p.core.memoryOperationsMax = random.chance(0.3) ? 20 + random.below(50) : 100'000;
    p.core.bindingLifetime = drawMs(random, 500, 5000);
    p.core.hintsMax = random.chance(0.3) ? 2 : 1000;
    return p;
}

std::string Parameters::toText() const
{
    std::ostringstream text;
    text << "nodes " << nodes << ", keys " << keys << ", clients " << clients << ", operations " << operations << ", loss " << loss
         << ", doubling " << doubling << ", very slow " << verySlow << ", crashes " << crashes << ", pauses " << pauses << ", cuts "
         << cuts << ", needless takeovers " << needlessTakeovers;
    return text.str();
}

Simulation::Simulation(std::uint64_t seed, Parameters parameters, bool trace)
    : m_parameters(parameters)
    , m_trace(trace)
    , m_random(seed)
    , m_map(makeMap(parameters.nodes))
{
    for (const Member& member : m_map->members())
        m_nodes[member.id].disk = std::make_unique<SimulatedDisk>(m_map, member.id);
}

template <typename... Parts>
void Simulation::say(const Parts&... parts) const
{
    if (!m_trace)
        return;
    std::cout << m_nowUs / 1000 << "." << (m_nowUs % 1000) / 100 << " ms ";
    (std::cout << ... << parts) << "\n";
}

void Simulation::note(std::uint64_t value)
{
    m_hash = (m_hash ^ value) * 0x100000001b3ULL;
    m_hash ^= m_hash >> 31;
}

Now Simulation::now() const
{
    return {TimePoint(Microseconds(m_nowUs)), 1'700'000'000'000 + m_nowUs / 1000};
}

void Simulation::at(std::int64_t delayUs, std::function<void()> action)
{
    m_events.push(std::make_shared<Event>(Event{m_nowUs + delayUs, ++m_order, std::move(action)}));
}

void Simulation::inNode(NodeId id, std::uint64_t life, std::function<void(Node&)> action)
{
    Node& node = m_nodes.at(id);
    if (!node.core || node.life != life)
        return;
    if (node.pausedUntilUs > m_nowUs) {
        at(node.pausedUntilUs - m_nowUs, [this, id, life, action = std::move(action)] { inNode(id, life, action); });
        return;
    }
    action(node);
    carryOut(id);
}

std::int64_t Simulation::networkDelayUs()
{
    if (m_healed)
        return 100 + static_cast<std::int64_t>(m_random.below(2000));
    const double kind = m_random.unit();
    if (kind < m_parameters.verySlow)
        return 200'000 + static_cast<std::int64_t>(m_random.below(3'000'000));
    if (kind < 0.2)
        return 20'000 + static_cast<std::int64_t>(m_random.below(100'000));
    return 500 + static_cast<std::int64_t>(m_random.below(12'000));
}

void Simulation::send(NodeId from, NodeId to, Message message)
{
    const std::uint64_t life = m_nodes.at(to).life;
    if (!m_healed) {
        if (m_unknown < unknownMax && m_random.chance(m_parameters.loss)) {
            ++m_faults["lost"];
            return;
        }
        // A link never doubles a request for an operation [7].
        const bool mayDouble = !std::holds_alternative<OperationRequest>(message.body);
        if (mayDouble && m_random.chance(m_parameters.doubling)) {
            ++m_faults["doubled"];
            at(3 * networkDelayUs(), [this, from, to, life, message] { deliver(from, to, life, message); });
        }
    }
    at(networkDelayUs(), [this, from, to, life, message = std::move(message)] { deliver(from, to, life, message); });
}

void Simulation::deliver(NodeId from, NodeId to, std::uint64_t life, Message message)
{
    const auto cut = m_cutUntilUs.find({from, to});
    if (!m_healed && cut != m_cutUntilUs.end() && cut->second > m_nowUs) {
        ++m_faults["cut off"];
        return;
    }
    inNode(to, life, [this, from, to, message = std::move(message)](Node& node) {
        note(static_cast<std::uint64_t>(m_nowUs) * 64 + message.body.index() * 4096 + from * 8 + to);
        node.core->receive(now(), from, message);
    });
}

void Simulation::carryOut(NodeId id)
{
    Node& node = m_nodes.at(id);
    for (Effects effects = node.core->takeEffects(); !effects.empty(); effects = node.core->takeEffects()) {
        if (!effects.persist.empty()) {
            node.disk->submit(std::move(effects.persist));
            sync(id);
        }
        for (Outgoing& outgoing : effects.messages)
            send(id, outgoing.to, std::move(outgoing.message));
        for (const Completion& completion : effects.completions)
            answered(node, completion);
    }
    const std::int64_t due = std::max(m_nowUs + 1, node.core->nextTick().time_since_epoch().count());
    if (node.tickAtUs <= m_nowUs || due < node.tickAtUs) {
        node.tickAtUs = due;
        at(due - m_nowUs, [this, id, due, life = node.life] {
            if (m_nodes.at(id).tickAtUs == due)
                inNode(id, life, [this](Node& ticking) {
                    ticking.tickAtUs = 0;
                    ticking.core->tick(now());
                });
        });
    }
}

void Simulation::sync(NodeId id)
{
    Node& node = m_nodes.at(id);
    if (node.syncing || node.disk->waiting() == 0)
        return;
    node.syncing = true;
    const std::size_t count = node.disk->waiting();
    const std::int64_t delay = m_random.chance(0.05) ? static_cast<std::int64_t>(m_random.below(60'000)) : 50 + static_cast<std::int64_t>(m_random.below(1500));
    at(delay, [this, id, count, life = node.life] {
        Node& syncing = m_nodes.at(id);
        if (!syncing.core || syncing.life != life)
            return;
        const PersistSequence last = syncing.disk->sync(count);
        syncing.syncing = false;
        inNode(id, life, [this, last](Node& told) { told.core->persisted(now(), last); });
        sync(id);
    });
}

void Simulation::start(NodeId id)
{
    Node& node = m_nodes.at(id);
    if (node.core)
        return;
    ++node.life;
    node.tickAtUs = 0;
    node.syncing = false;
    node.core = std::make_unique<Core>(m_parameters.core, node.disk->start(), *node.disk, logic, m_random.next(), now());
    say("n", id, " starts, life ", node.life);
    for (auto& [peerId, peer] : m_nodes) {
        if (peerId == id || !peer.core)
            continue;
        at(1000 + static_cast<std::int64_t>(m_random.below(20'000)), [this, id, other = peerId, life = node.life, otherLife = peer.life] {
            if (!m_nodes.at(id).core || m_nodes.at(id).life != life || !m_nodes.at(other).core || m_nodes.at(other).life != otherLife)
                return;
            inNode(id, life, [this, other](Node& n) { n.core->peerConnected(now(), other); });
            inNode(other, otherLife, [this, id](Node& n) { n.core->peerConnected(now(), id); });
        });
    }
    carryOut(id);
    heartbeat(id, node.life);
}

void Simulation::crash(NodeId id)
{
    Node& node = m_nodes.at(id);
    if (!node.core)
        return;
    say("n", id, " crashes");
    ++m_faults["crash"];
    const CoreCounters& c = node.core->counters();
    m_branches["recall applied"] += c.recallApplied;
    m_branches["recall new"] += c.recallNew;
    m_branches["recall remembered but dead"] += c.recallRememberedButDead;
    m_branches["recall unknown"] += c.recallUnknown;
    m_branches["settle"] += c.settles;
    m_branches["carried over"] += c.carriedOver;
    m_branches["confirm"] += c.confirms;
    m_branches["read through home"] += c.readsThroughHome;
    m_branches["read shared"] += c.readsShared;
    m_branches["retry"] += c.retries;
    m_branches["handover"] += c.handovers;
    m_branches["hint delivered"] += c.hintsDelivered;
    m_branches["hint dropped"] += c.hintsDropped;
    m_branches["learn"] += c.learnsSent;
    m_branches["no quorum"] += c.noQuorum;
    m_branches["unknown"] += c.unknown;
    node.core.reset();
    node.disk->crash(m_random);
    for (const auto& [request, index] : std::exchange(node.requests, {})) {
        if (m_open[index]) {
            m_open[index] = false;
            ++m_unknown;
            const int number = m_history[index].client;
            at(1000, [this, number] { client(number); });
        }
    }
    for (auto& [peerId, peer] : m_nodes) {
        if (!peer.core)
            continue;
        at(static_cast<std::int64_t>(m_random.below(50'000)), [this, id, other = peerId, life = peer.life, gone = node.life] {
            inNode(other, life, [this, id, gone](Node& n) {
                if (!m_nodes.at(id).core || m_nodes.at(id).life == gone)
                    n.core->peerDisconnected(now(), id);
            });
        });
    }
}

void Simulation::heartbeat(NodeId id, std::uint64_t life)
{
    inNode(id, life, [this, id, life](Node& node) {
        for (const Member& member : m_map->members())
            if (member.id != id)
                send(id, member.id, {m_map->epoch(), Heartbeat{node.life, false, {}}});
        at(heartbeatUs, [this, id, life] { heartbeat(id, life); });
    });
}

void Simulation::nemesis()
{
    if (m_healed)
        return;
    const NodeId id = 1 + static_cast<NodeId>(m_random.below(m_nodes.size()));
    Node& node = m_nodes.at(id);
    const std::uint64_t kind = m_random.below(100);
    const bool mayLose = m_unknown < unknownMax;
    if (kind < 15 && m_parameters.crashes && mayLose) {
        crash(id);
        at(50'000 + static_cast<std::int64_t>(m_random.below(1'500'000)), [this, id] { start(id); });
    } else if (kind < 30 && m_parameters.pauses && mayLose && node.core) {
        node.pausedUntilUs = m_nowUs + static_cast<std::int64_t>(m_random.below(1'500'000));
        say("n", id, " pauses until ", node.pausedUntilUs / 1000);
        ++m_faults["pause"];
    } else if (kind < 45 && m_parameters.cuts && mayLose) {
        const NodeId other = 1 + static_cast<NodeId>(m_random.below(m_nodes.size()));
        m_cutUntilUs[{id, other}] = m_nowUs + static_cast<std::int64_t>(m_random.below(1'000'000));
        ++m_faults["cut"];
    } else if (kind < 55 && m_parameters.cuts && mayLose) {
        const NodeId other = 1 + static_cast<NodeId>(m_random.below(m_nodes.size()));
        if (other != id) { // a connection breaks and comes back
            ++m_faults["disconnect"];
            for (const auto& [a, b] : {std::pair{id, other}, std::pair{other, id}}) {
                const std::uint64_t life = m_nodes.at(a).life;
                inNode(a, life, [this, peer = b](Node& n) { n.core->peerDisconnected(now(), peer); });
                at(20'000 + static_cast<std::int64_t>(m_random.below(300'000)), [this, from = a, peer = b, life] {
                    if (m_nodes.at(peer).core)
                        inNode(from, life, [this, peer](Node& n) { n.core->peerConnected(now(), peer); });
                });
            }
        }
    } else if (m_parameters.needlessTakeovers) {
        HomeOffer offer;
        for (PartitionIndex p = 0; p < m_map->partitionCount(); ++p)
            if (m_random.chance(0.7))
                offer.partitions.push_back(p);
        ++m_faults["needless takeover"];
        inNode(id, node.life, [this, offer, id](Node& n) { n.core->receive(now(), id, {m_map->epoch(), offer}); });
    }
    at(m_parameters.nemesisPauseUs + static_cast<std::int64_t>(m_random.below(static_cast<std::uint64_t>(8 * m_parameters.nemesisPauseUs))),
       [this] { nemesis(); });
}

void Simulation::heal()
{
    say("healed");
    m_healed = true;
    for (auto& [id, node] : m_nodes) {
        node.pausedUntilUs = 0;
        start(id);
        for (auto& [peerId, peer] : m_nodes)
            if (peerId != id)
                inNode(id, node.life, [this, other = peerId](Node& n) { n.core->peerConnected(now(), other); });
    }
}

HistoryEntry Simulation::randomEntry(int clientNumber)
{
    HistoryEntry entry;
    entry.client = clientNumber;
    entry.key = "k" + std::to_string(m_random.below(static_cast<std::uint64_t>(m_parameters.keys)));
    const std::uint64_t kind = m_random.below(100);
    entry.kind = kind < 28   ? Kind::Get
                 : kind < 46 ? Kind::Set
                 : kind < 58 ? Kind::Delete
                 : kind < 70 ? Kind::CompareAndSet
                 : kind < 84 ? Kind::Increment
                 : kind < 93 ? Kind::SetIfAbsent
                             : Kind::Append;
    entry.argument = std::to_string(1000 + 10 * m_history.size());
    if (entry.kind == Kind::CompareAndSet) { // expects what was last written there, as far as anybody knows
        for (std::size_t i = m_history.size(); i > 0 && m_history.size() - i < 20; --i) {
            const HistoryEntry& past = m_history[i - 1];
            if (past.key == entry.key && (past.kind == Kind::Set || past.kind == Kind::CompareAndSet)) {
                entry.expected = past.argument;
                break;
            }
        }
    }
    return entry;
}

void Simulation::client(int number)
{
    if (number == finalClient || m_left <= 0)
        return;
    const NodeId id = 1 + static_cast<NodeId>(m_random.below(m_nodes.size()));
    const Node& node = m_nodes.at(id);
    if (!node.core || node.pausedUntilUs > m_nowUs) {
        at(20'000, [this, number] { client(number); });
        return;
    }
    --m_left;
    call(id, randomEntry(number));
}

void Simulation::call(NodeId coordinator, HistoryEntry entry)
{
    entry.calledUs = m_nowUs;
    const std::size_t index = m_history.size();
    m_history.push_back(entry);
    m_open.push_back(true);
    const RequestId request = ++m_nextRequest;
    Node& node = m_nodes.at(coordinator);
    node.requests[request] = index;
    say("client ", entry.client, " at n", coordinator, " request ", request, ": ", toText(entry.kind), " ", entry.key, " ",
        entry.argument, " ", entry.expected);
    // Some reads go through the home, as operations that change nothing.
    const bool asRead = entry.kind == Kind::Get && !m_random.chance(0.1);
    inNode(coordinator, node.life, [&](Node& n) {
        if (asRead)
            n.core->submitRead(now(), request, entry.key, Level::Quorum);
        else
            n.core->submitWrite(now(), request, entry.key, encodeOperation(entry), Level::Quorum);
    });
}

void Simulation::answered(Node& node, const Completion& completion)
{
    const auto found = node.requests.find(completion.request);
    QUOIT_ENSURE(found != node.requests.end());
    const std::size_t index = found->second;
    node.requests.erase(found);
    HistoryEntry& entry = m_history[index];
    m_open[index] = false;
    if (completion.status == CompletionStatus::Done) {
        entry.returnedUs = m_nowUs;
        entry.result = completion.result;
        if (entry.result.empty())
            entry.result = completion.record
                               ? "$" + std::to_string(completion.record->value.size()) + "\r\n" + completion.record->value + "\r\n"
                               : "_\r\n";
    } else if (completion.status != CompletionStatus::Unknown) {
        entry.refused = true;
    } else {
        ++m_unknown;
    }
    say("request ", completion.request, " of client ", entry.client, ": status ", static_cast<int>(completion.status), " ",
        entry.result.substr(0, entry.result.find('\r')), completion.record ? " " + completion.record->value : "");
    at(static_cast<std::int64_t>(m_random.below(15'000)), [this, number = entry.client] { client(number); });
}

std::string Simulation::run()
{
    m_left = m_parameters.operations;
    for (auto& [id, node] : m_nodes)
        start(id);
    for (int i = 0; i < m_parameters.clients; ++i)
        at(300'000 + static_cast<std::int64_t>(m_random.below(10'000)), [this, i] { client(i); });
    at(400'000, [this] { nemesis(); });
    std::int64_t lookAgainUs = 0;
    std::int64_t endUs = HistoryEntry::never;
    while (!m_events.empty() && m_nowUs < endUs) {
        const std::shared_ptr<Event> event = m_events.top();
        m_events.pop();
        m_nowUs = event->timeUs;
        event->action();
        if (m_healed || m_left > 0 || m_nowUs < lookAgainUs)
            continue;
        lookAgainUs = m_nowUs + 50'000;
        if (std::find(m_open.begin(), m_open.end(), true) != m_open.end())
            continue;
        heal();
        endUs = m_nowUs + finaleUs;
        for (const auto& [id, node] : m_nodes)
            for (int k = 0; k < m_parameters.keys; ++k)
                at(finaleUs / 2 + static_cast<std::int64_t>(m_random.below(3'000'000)), [this, id = id, k] {
                    HistoryEntry entry;
                    entry.client = finalClient;
                    entry.key = "k" + std::to_string(k);
                    call(id, entry);
                });
    }
    for (std::size_t i = 0; i < m_history.size(); ++i)
        if (m_open[i] || (m_history[i].client == finalClient && m_history[i].refused))
            return "request " + std::to_string(i + 1) + " was not answered although all nodes were well";
    for (auto& [id, node] : m_nodes)
        crash(id); // adds its counters up
    return checkLinearizable(m_history);
}

std::map<std::string, std::uint64_t> Simulation::coverage() const
{
    std::map<std::string, std::uint64_t> all = m_branches;
    for (const auto& [name, count] : m_faults)
        all["fault: " + name] += count;
    return all;
}

} // namespace quoit::sim
