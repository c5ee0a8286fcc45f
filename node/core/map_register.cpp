#include "node/core/map_register.h"

namespace quoit {

namespace {

constexpr Milliseconds patience{10'000};
constexpr Milliseconds roundPatience{500};
constexpr std::size_t proposalsMax = 64;

} // namespace

MapRegister::MapRegister(Context& context, const std::string& note)
    : m_context(context)
    , m_rounds(context.incarnation << 20) // no round of an earlier process is used again
{
    if (note.empty())
        return;
    ByteReader reader(note);
    m_promise.revision = reader.varint();
    m_promise.promised = decodeBallot(reader);
    m_promise.accepted = decodeBallot(reader);
    const std::string_view map = reader.blob();
    QUOIT_ENSURE(reader.ok());
    if (map.empty())
        return;
    Result<ClusterMapPtr> decoded = ClusterMap::decode(map);
    QUOIT_ENSURE(decoded.ok());
    m_promise.map = std::move(decoded).value();
}

void MapRegister::persist()
{
    ByteWriter writer;
    writer.varint(m_promise.revision);
    encode(writer, m_promise.promised);
    encode(writer, m_promise.accepted);
    writer.blob(m_promise.map ? m_promise.map->encode() : std::string());
    m_context.outbox.batch().notes[noteName] = std::move(writer.bytes);
}

bool MapRegister::fits(const ClusterMap& map) const
{
    return map.clusterId() == m_context.map->clusterId() && map.partitionCount() == m_context.map->partitionCount() &&
           map.revision() > m_context.map->revision() && map.epoch() >= m_context.map->epoch();
}

// --- deciding

/// Whether this node decides on that revision; if one of the two nodes is behind, it gets or asks for what it lacks.
bool MapRegister::mayDecide(NodeId from, std::uint64_t revision)
{
    const std::uint64_t next = m_context.map->revision() + 1;
    if (revision < next) {
        m_context.outbox.send(from, MapPush{m_context.map});
        return false;
    }
    if (revision > next) {
        m_context.outbox.send(from, MapRequest{});
        return false;
    }
    const std::vector<NodeId> deciders = m_context.map->deciders();
    if (!std::binary_search(deciders.begin(), deciders.end(), m_context.self) || m_context.disk == DiskSpace::None)
        return false;
    if (m_promise.revision != revision)
        m_promise = {revision, {}, {}, {}};
    return true;
}

void MapRegister::handle(NodeId from, const MapPrepareRequest& request)
{
    if (!mayDecide(from, request.revision))
        return;
    MapPrepareReply reply;
    reply.tag = request.tag;
    if (request.ballot < m_promise.promised) {
        reply.status = ReplicaStatus::Refused;
    } else {
        m_promise.promised = request.ballot;
        reply.accepted = m_promise.accepted;
        reply.map = m_promise.map;
    }
    reply.promised = m_promise.promised;
    persist();
    m_context.outbox.sendWhenDurable(m_context.outbox.batchSequence(), from, std::move(reply));
}

void MapRegister::handle(NodeId from, const MapAcceptRequest& request)
{
    if (!mayDecide(from, request.map->revision()) || !fits(*request.map))
        return;
    MapAcceptReply reply{request.tag, ReplicaStatus::Ok, {}};
    if (request.ballot < m_promise.promised) {
        reply.status = ReplicaStatus::Refused;
    } else {
        m_promise.promised = m_promise.accepted = request.ballot;
        m_promise.map = request.map;
    }
    persist();
    reply.promised = m_promise.promised;
    m_context.outbox.sendWhenDurable(m_context.outbox.batchSequence(), from, std::move(reply));
}

// --- proposing

void MapRegister::propose(RequestId request, Builder builder)
{
    if (m_proposals.size() >= proposalsMax) {
        answer(request, CompletionStatus::Busy, "too many changes wait already for the nodes that decide on the map: try again later");
        return;
    }
    m_proposals.push_back({request, std::move(builder), m_context.now.monotonic + patience});
    if (m_proposals.size() == 1)
        start();
}

bool MapRegister::isEnough(const std::vector<NodeId>& nodes) const
{
    return nodes.size() > m_context.map->deciders().size() / 2;
}

void MapRegister::start()
{
    m_round.reset();
    while (!m_proposals.empty()) {
        if (m_context.now.monotonic >= m_proposals.front().deadline) {
            finish(CompletionStatus::NoQuorum,
                   "nothing is changed: a majority of the nodes that decide on the map couldn't be reached in time; try again when it can");
            continue;
        }
        Result<ClusterMapPtr> next = m_proposals.front().builder(*m_context.map);
        if (next) {
            QUOIT_ENSURE(next.value()->revision() == m_context.map->revision() + 1);
            Round& round = *(m_round = Round{});
            round.own = std::move(next).value();
            break;
        }
        finish(CompletionStatus::Done, next.error().message);
    }
    if (!m_round)
        return;
    Round& round = *m_round;
    round.tag = m_context.newTag();
    round.ballot = {m_context.map->revision() + 1, ++m_rounds, m_context.self};
    for (const NodeId node : m_context.map->deciders())
        m_context.outbox.send(node, MapPrepareRequest{round.tag, m_context.map->revision() + 1, round.ballot});
    const Milliseconds jitter(static_cast<std::int64_t>(m_context.random.below(300)));
    m_context.timers.set(m_context.now.monotonic + roundPatience + jitter, Timer::Kind::MapRound, round.tag);
}

void MapRegister::startLater(const Ballot& higher)
{
    m_rounds = std::max(m_rounds, higher.round);
    m_round->tag = m_context.newTag(); // late answers are for nobody
    const Microseconds pause(static_cast<std::int64_t>(1000 + m_context.random.below(200'000)));
    m_context.timers.set(m_context.now.monotonic + pause, Timer::Kind::MapRound, m_round->tag);
}

void MapRegister::finish(CompletionStatus status, std::string text)
{
    answer(m_proposals.front().request, status, std::move(text));
    m_proposals.pop_front();
}

void MapRegister::answer(RequestId request, CompletionStatus status, std::string text)
{
    if (request != 0)
        m_context.outbox.effects().changes.push_back({request, status, std::move(text)});
}

void MapRegister::handle(NodeId from, const MapPrepareReply& reply)
{
    if (!m_round || m_round->tag != reply.tag || m_round->accepting)
        return;
    Round& round = *m_round;
    if (reply.status != ReplicaStatus::Ok) {
        startLater(reply.promised);
        return;
    }
    if (std::find(round.prepared.begin(), round.prepared.end(), from) == round.prepared.end())
        round.prepared.push_back(from);
    if (reply.map && reply.accepted > round.found && reply.map->revision() == m_context.map->revision() + 1) {
        round.found = reply.accepted;
        round.value = reply.map;
    }
    if (!isEnough(round.prepared))
        return;
    round.accepting = true;
    if (!round.value)
        round.value = round.own;
    for (const NodeId node : m_context.map->deciders())
        m_context.outbox.send(node, MapAcceptRequest{round.tag, round.ballot, round.value});
}

void MapRegister::handle(NodeId from, const MapAcceptReply& reply)
{
    if (!m_round || m_round->tag != reply.tag || !m_round->accepting)
        return;
    Round& round = *m_round;
    if (reply.status != ReplicaStatus::Ok) {
        startLater(reply.promised);
        return;
    }
    if (std::find(round.accepted.begin(), round.accepted.end(), from) == round.accepted.end())
        round.accepted.push_back(from);
    if (isEnough(round.accepted) || planted(PlantedBug::MapAdoptedBeforeChosen))
        m_chosen = round.value;
}

void MapRegister::onTimer(const Timer& timer)
{
    if (timer.kind != Timer::Kind::MapRound || !m_round || m_round->tag != timer.id)
        return;
    if (m_context.now.monotonic >= m_proposals.front().deadline)
        finish(CompletionStatus::Unknown,
               "a majority of the nodes that decide on the map can't be reached; whether the change is made will show");
    start();
}

void MapRegister::onAdopted()
{
    if (m_proposals.empty())
        return;
    if (m_round && m_round->own->parts() == m_context.map->parts())
        finish(CompletionStatus::Done, {});
    start();
}

} // namespace quoit
