#include "tests/unit/core/core_world.h"

#include "node/commands/parse.h"
#include "shared/ring/position.h"

#include <algorithm>

namespace quoit::testing {

namespace {

constexpr std::int64_t onTheWayUs = 200;
constexpr std::int64_t writingUs = 1000;
constexpr std::int64_t heartbeatUs = 100'000;

RecordSummary summaryOf(const Record& record)
{
    return {positionOf(record.key), std::string(record.key), record.version, record.tombstone, record.expiryMs, record.value.size()};
}

} // namespace

void StoredRecords::put(const RecordPtr& record)
{
    m_records[{positionOf(record->key), std::string(record->key)}] = record;
}

void StoredRecords::remove(const Removal& removal)
{
    const auto found = m_records.find({removal.position, removal.key});
    if (found != m_records.end() && found->second->version <= removal.version)
        m_records.erase(found);
}

RecordPtr StoredRecords::find(Position position, std::string_view key)
{
    const auto found = m_records.find({position, std::string(key)});
    return found == m_records.end() ? nullptr : found->second;
}

std::vector<RecordSummary> StoredRecords::list(Position first, Position last, std::size_t limit)
{
    std::vector<RecordSummary> listed;
    for (auto place = m_records.lower_bound({first, {}}); place != m_records.end() && place->first.first <= last;
         ++place) {
        if (listed.size() >= limit && place->first.first != listed.back().position)
            break;
        listed.push_back(summaryOf(*place->second));
    }
    return listed;
}

ExpiredKeys StoredRecords::expired(std::int64_t nowMs, std::size_t limit, const ExpiryPlace& after)
{
    std::vector<RecordSummary> over;
    for (const auto& [place, record] : m_records)
        if (record->expiryMs != 0 && record->expiryMs <= nowMs && ExpiryPlace{record->expiryMs, place.first} > after)
            over.push_back(summaryOf(*record));
    std::stable_sort(over.begin(), over.end(), [](const RecordSummary& a, const RecordSummary& b) {
        return ExpiryPlace{a.expiryMs, a.position} < ExpiryPlace{b.expiryMs, b.position};
    });
    const bool isEnd = over.size() < limit;
    over.resize(std::min(over.size(), limit));
    const ExpiryPlace seenTo = over.empty() ? after : ExpiryPlace{over.back().expiryMs, over.back().position};
    return {std::move(over), seenTo, isEnd};
}

CoreWorld::CoreWorld(NodeId nodeCount, CoreOptions options)
    : m_options(options)
{
    ClusterMapParts parts;
    parts.partitionCount = 16;
    parts.replicaCount = 3;
    for (NodeId id = 1; id <= nodeCount; ++id) {
        Member member;
        member.id = id;
        member.tokens = {id};
        parts.members.push_back(std::move(member));
    }
    m_map = ClusterMap::make(std::move(parts)).value();
    for (NodeId id = 1; id <= nodeCount; ++id) {
        Node& node = m_nodes[id];
        StoredState state;
        state.identity = {"disk", id, 1};
        state.map = m_map;
        node.core = std::make_unique<Core>(m_options, state, node.records, m_logic, id, now());
        beat(id);
    }
    for (auto& [a, node] : m_nodes)
        for (const auto& [b, other] : m_nodes)
            if (a != b)
                node.core->peerConnected(now(), b);
    for (const auto& [id, node] : m_nodes)
        run(id);
}

std::string CoreWorld::keyOf(PartitionIndex partition, int number) const
{
    for (int i = 0;; ++i) {
        std::string key = "key " + std::to_string(i);
        if (m_map->partitionOf(positionOf(key)) == partition && number-- == 0)
            return key;
    }
}

NodeId CoreWorld::outsider(PartitionIndex partition) const
{
    for (const auto& [id, node] : m_nodes)
        if (!m_map->isReplica(partition, id))
            return id;
    return noNode;
}

RequestId CoreWorld::set(NodeId at, const std::string& key, const std::string& value, Level level)
{
    m_asked[++m_request] = m_us;
    core(at).submitWrite(now(), m_request, key, encodeSet(value), level);
    run(at);
    return m_request;
}

RequestId CoreWorld::submit(NodeId at, const std::string& key, const std::string& operation)
{
    m_asked[++m_request] = m_us;
    core(at).submitWrite(now(), m_request, key, operation, Level::Quorum);
    run(at);
    return m_request;
}

RequestId CoreWorld::get(NodeId at, const std::string& key, Level level)
{
    m_asked[++m_request] = m_us;
    core(at).submitRead(now(), m_request, key, level);
    run(at);
    return m_request;
}

RequestId CoreWorld::scan(NodeId at, Position first, std::uint32_t count)
{
    m_asked[++m_request] = m_us;
    core(at).submitScan(now(), m_request, first, count);
    run(at);
    return m_request;
}

RequestId CoreWorld::changeMap(NodeId at, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder)
{
    m_asked[++m_request] = m_us;
    core(at).submitMap(now(), m_request, std::move(builder));
    run(at);
    return m_request;
}

void CoreWorld::split(NodeId a, NodeId b)
{
    m_cut[{a, b}] = m_cut[{b, a}] = true;
    for (const auto& [from, to] : {std::pair{a, b}, std::pair{b, a}}) {
        core(from).peerDisconnected(now(), to);
        run(from);
    }
}

void CoreWorld::crash(NodeId id)
{
    m_nodes.at(id).core.reset();
    for (auto& [other, node] : m_nodes) {
        if (!node.core)
            continue;
        node.core->peerDisconnected(now(), id);
        run(other);
    }
}

void CoreWorld::setDiskSpace(NodeId id, DiskSpace space)
{
    m_nodes.at(id).disk = space;
    core(id).diskSpace(now(), space);
    run(id);
}

void CoreWorld::setBusy(NodeId id, Busy busy)
{
    m_nodes.at(id).busy = busy;
    core(id).setBusy(now(), busy);
    run(id);
}

void CoreWorld::at(std::int64_t us, std::function<void()> happens)
{
    m_events.push({us, ++m_order, std::move(happens)});
}

void CoreWorld::step()
{
    const Event event = m_events.top();
    m_events.pop();
    m_us = event.us;
    event.happens();
}

void CoreWorld::pass(Milliseconds time)
{
    passUntil(time, [] { return false; });
}

bool CoreWorld::passUntil(Milliseconds time, const std::function<bool()>& condition)
{
    const std::int64_t end = m_us + time.count() * 1000;
    while (!condition()) {
        if (m_events.top().us > end) {
            m_us = end;
            return condition();
        }
        step();
    }
    return true;
}

void CoreWorld::beat(NodeId id)
{
    if (!m_nodes.at(id).core)
        return;
    Heartbeat heartbeat;
    heartbeat.disk = m_nodes.at(id).disk;
    heartbeat.revision = core(id).map()->revision();
    heartbeat.busy = m_nodes.at(id).busy;
    for (const auto& [other, node] : m_nodes)
        if (other != id)
            send(id, other, {core(id).map()->epoch(), heartbeat});
    at(m_us + heartbeatUs, [this, id] { beat(id); });
}

void CoreWorld::planTick(NodeId id)
{
    Node& node = m_nodes.at(id);
    const std::int64_t due = std::max(m_us, Microseconds(node.core->nextTick().time_since_epoch()).count());
    if (node.tickUs > m_us && node.tickUs <= due)
        return;
    node.tickUs = due;
    at(due, [this, id, due] {
        Node& node = m_nodes.at(id);
        if (!node.core || node.tickUs != due)
            return;
        ++ticks;
        node.tickUs = 0;
        node.core->tick(now());
        run(id);
    });
}

void CoreWorld::send(NodeId from, NodeId to, const Message& message)
{
    if (m_cut[{from, to}] || (loses && loses(from, to, message)))
        return;
    const std::int64_t extraUs = delay ? delay(from, to, message).count() : 0;
    at(m_us + onTheWayUs + extraUs, [this, from, to, message] {
        if (!m_nodes.at(to).core || m_cut[{from, to}])
            return;
        core(to).receive(now(), from, Message(message));
        run(to);
    });
}

void CoreWorld::write(NodeId id)
{
    Node& node = m_nodes.at(id);
    if (!node.core || node.disk == DiskSpace::None)
        return;
    PersistSequence upTo = 0;
    for (const PersistBatch& batch : node.unwritten) {
        for (const auto& [position, record] : batch.records)
            node.records.put(record);
        for (const Removal& removal : batch.removals)
            node.records.remove(removal);
        upTo = batch.sequence;
    }
    node.unwritten.clear();
    node.core->persisted(now(), upTo, 0);
    run(id);
}

void CoreWorld::run(NodeId id)
{
    Node& node = m_nodes.at(id);
    while (true) {
        Effects effects = node.core->takeEffects();
        if (effects.empty())
            break;
        if (!effects.persist.empty()) {
            node.unwritten.push_back(std::move(effects.persist));
            at(m_us + writingUs, [this, id] { write(id); });
        }
        for (const Outgoing& outgoing : effects.messages)
            send(id, outgoing.to, outgoing.message);
        const auto since = [this](RequestId request) { return Milliseconds((m_us - m_asked.at(request)) / 1000); };
        for (Completion& completion : effects.completions)
            answers[completion.request] = {completion, since(completion.request)};
        for (ScanPage& page : effects.scanPages)
            pages[page.request] = {page, since(page.request)};
        for (ChangeCompletion& change : effects.changes)
            if (change.request != 0)
                changes[change.request] = {change, since(change.request)};
    }
    planTick(id);
}

} // namespace quoit::testing
