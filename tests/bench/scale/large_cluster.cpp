#include "tests/bench/scale/large_cluster.h"

#include "node/peer/message_codec.h"
#include "shared/base/bytes.h"
#include "shared/ring/token_allocation.h"

#include <algorithm>
#include <fstream>

namespace quoit::bench {

namespace {

constexpr std::int64_t onTheWayUs = 300;
constexpr std::int64_t writingUs = 1000;
constexpr std::size_t figuresBytes = 150;             // of a busy node, without the loads of its partitions

const char* kindOf(const MessageBody& body)
{
    return std::visit(
        [](const auto& message) -> const char* {
            using T = std::decay_t<decltype(message)>;
            if constexpr (std::is_same_v<T, Heartbeat>)
                return "heartbeats";
            else if constexpr (std::is_same_v<T, PromiseRequest> || std::is_same_v<T, PromiseReply> || std::is_same_v<T, HomeOffer>)
                return "promises";
            else if constexpr (std::is_same_v<T, TreeRequest> || std::is_same_v<T, TreeReply>)
                return "trees";
            else if constexpr (std::is_same_v<T, MapPush> || std::is_same_v<T, MapRequest> || std::is_same_v<T, MapPrepareRequest> ||
                               std::is_same_v<T, MapPrepareReply> || std::is_same_v<T, MapAcceptRequest> || std::is_same_v<T, MapAcceptReply>)
                return "maps";
            else
                return "other";
        },
        body);
}

std::uint64_t bytesOf(const Message& message)
{
    ByteWriter writer;
    encodeMessage(writer, message);
    return writer.bytes.size();
}

} // namespace

std::uint64_t residentBytes()
{
    std::uint64_t total = 0;
    std::uint64_t resident = 0;
    std::ifstream("/proc/self/statm") >> total >> resident;
    return resident * 4096;
}

LargeCluster::LargeCluster(NodeId nodeCount, std::uint32_t partitionCount)
    : m_nodes(nodeCount)
{
    std::vector<NodeToPlace> places;
    for (NodeId id = 1; id <= nodeCount; ++id)
        places.push_back({id, "zone-" + std::to_string(id % 3), 1.0});
    ClusterMapParts parts;
    parts.clusterId = "5f8ab9f2-6c1f-4a35-bb4e-6d7f1c0b2a11";
    parts.partitionCount = partitionCount;
    parts.vnodesPerWeight = std::clamp<std::uint32_t>(partitionCount / nodeCount, 1, 16);
    const auto tokens = allocateTokens(places, partitionCount, parts.replicaCount, parts.vnodesPerWeight).value();
    for (const NodeToPlace& place : places) {
        const std::string number = std::to_string(place.id);
        Member member{place.id, "0d1c7c36-8c5e-4f0e-9a53-7c6a3fb0" + number, "node-" + number, "10.0.0." + number + ":7400",
                      "10.0.0." + number + ":17400", "", place.zone, 1.0, tokens[place.id - 1]};
        parts.members.push_back(std::move(member));
    }
    m_map = ClusterMap::make(std::move(parts)).value();
    for (NodeId id = 1; id <= nodeCount; ++id) {
        StoredState state;
        state.identity = {"disk", id, 1};
        state.map = m_map;
        Node& node = m_nodes[id - 1];
        node.core = std::make_unique<Core>(CoreOptions{}, state, node.records, m_logic, id, now());
        const std::int64_t first = heartbeatInterval().count() * 1000 * id / nodeCount;
        at(m_us + first, [this, id] { beat(id); });
    }
    for (NodeId a = 1; a <= nodeCount; ++a)
        for (NodeId b = 1; b <= nodeCount; ++b)
            if (a != b)
                core(a).peerConnected(now(), b);
    for (NodeId id = 1; id <= nodeCount; ++id)
        run(id);
}

Milliseconds LargeCluster::heartbeatInterval() const
{
    return quoit::heartbeatInterval(m_nodes.size());
}

void LargeCluster::step()
{
    const Event event = m_events.top();
    m_events.pop();
    m_us = event.us;
    event.happens();
}

void LargeCluster::pass(Milliseconds time)
{
    passUntil(time, [] { return false; });
}

Milliseconds LargeCluster::passUntil(Milliseconds limit, const std::function<bool()>& condition)
{
    const std::int64_t begin = m_us;
    const std::int64_t end = m_us + limit.count() * 1000;
    std::int64_t nextLook = m_us;
    while (m_events.top().us <= end) {
        if (m_us >= nextLook) {
            nextLook = m_us + 1000;
            if (condition())
                return Milliseconds((m_us - begin) / 1000);
        }
        step();
    }
    m_us = end;
    return limit;
}

void LargeCluster::beat(NodeId id)
{
    if (m_nodes[id - 1].hangs)
        return;
    tellAll(id);
    at(m_us + heartbeatInterval().count() * 1000, [this, id] { beat(id); });
}

void LargeCluster::tellAll(NodeId id)
{
    Node& node = m_nodes[id - 1];
    Heartbeat heartbeat;
    heartbeat.sequence = ++node.sequence;
    heartbeat.revision = core(id).map()->revision();
    if (heartbeatInterval() >= Milliseconds(1000) || node.sequence % (1000 / static_cast<std::uint64_t>(heartbeatInterval().count())) == 0)
        heartbeat.figures = std::string(figuresBytes, 'f'); // once a second at most
    const auto message = std::make_shared<const Message>(Message{core(id).map()->epoch(), std::move(heartbeat)});
    const std::uint64_t bytes = bytesOf(*message);
    for (NodeId other = 1; other <= size(); ++other)
        if (other != id)
            send(id, other, message, bytes);
}

void LargeCluster::planTick(NodeId id)
{
    Node& node = m_nodes[id - 1];
    const std::int64_t due = std::max(m_us, Microseconds(node.core->nextTick().time_since_epoch()).count());
    if (node.tickUs > m_us && node.tickUs <= due)
        return;
    node.tickUs = due;
    at(due, [this, id, due] {
        Node& node = m_nodes[id - 1];
        if (node.hangs || node.tickUs != due)
            return;
        node.tickUs = 0;
        node.core->tick(now());
        run(id);
    });
}

void LargeCluster::run(NodeId id)
{
    Effects effects = core(id).takeEffects();
    if (!effects.persist.empty())
        at(m_us + writingUs, [this, id, sequence = effects.persist.sequence] {
            core(id).persisted(now(), sequence, sequence);
            run(id);
        });
    for (Outgoing& outgoing : effects.messages) {
        const auto message = std::make_shared<const Message>(std::move(outgoing.message));
        send(id, outgoing.to, message, bytesOf(*message));
    }
    for (const CoreEvent& event : effects.events)
        if (event.kind == CoreEvent::Kind::MapAdopted)
            tellAll(id); // as in node/server: the others learn of it at once
    planTick(id);
}

void LargeCluster::send(NodeId from, NodeId to, const std::shared_ptr<const Message>& message, std::uint64_t bytes)
{
    Traffic& traffic = m_traffic[kindOf(message->body)];
    ++traffic.messages;
    traffic.bytes += bytes;
    m_nodes[from - 1].sent += bytes;
    at(m_us + onTheWayUs, [this, from, to, message] {
        if (m_nodes[to - 1].hangs)
            return;
        if (!std::holds_alternative<MapPush>(message->body)) {
            core(to).receive(now(), from, Message(*message));
        } else { // not shared: to build its own is what a map costs a node
            ByteWriter writer;
            encodeMessage(writer, *message);
            ByteReader reader(writer.bytes);
            core(to).receive(now(), from, decodeMessage(reader));
        }
        run(to);
    });
}

void LargeCluster::propose(NodeId id, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder)
{
    core(id).submitMap(now(), 1, std::move(builder));
    run(id);
}

std::map<std::string, Traffic> LargeCluster::takeTraffic()
{
    for (Node& node : m_nodes)
        node.sent = 0;
    return std::exchange(m_traffic, {});
}

std::uint64_t LargeCluster::mostSent() const
{
    return std::ranges::max_element(m_nodes, {}, &Node::sent)->sent;
}

} // namespace quoit::bench
