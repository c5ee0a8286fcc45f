#include "node/core/evictor.h"

namespace quoit {

namespace {

constexpr Milliseconds turnPause{1};
constexpr Milliseconds usePatience{20};
constexpr std::size_t wantedPerTurnMax = 64;
constexpr std::size_t underWayMax = 512;     ///< evictions
constexpr std::size_t roundsMax = 8;
constexpr std::size_t poolMax = 256;
constexpr std::size_t samplesPerKey = 10;    ///< as Redis' maxmemory-samples, if one wants it exact
constexpr std::size_t askedPerKey = 2;
constexpr std::size_t samplesMin = 16;
constexpr std::size_t pageRecords = 16;
constexpr std::size_t pagesPerTurnMax = 16;
constexpr std::size_t endingRecords = 256;
constexpr Milliseconds sharesLifetime{100};
constexpr Milliseconds searchLasts{250};     ///< before it is taken for certain that nothing can go
constexpr std::uint64_t clockEpochMs = std::uint64_t(1) << 33; ///< so that no use comes before it

} // namespace

Evictor::Evictor(Context& context, Replica& replica, Home& home, RecordSource& records)
    : m_context(context)
    , m_replica(replica)
    , m_home(home)
    , m_records(records)
{
    setRoom(context.room);
}

void Evictor::setRoom(const RoomLimit& room)
{
    if (room.policy != m_context.room.policy) {
        for (const Candidate& candidate : std::exchange(m_pool, {}))
            m_busy.erase(candidate.position);
    }
    m_context.room = room;
    m_context.nothingToEvict = false;
    // A node without a limit of its own may have to evict for one that has one.
    m_replica.uses().setActive(room.policy != EvictionPolicy::NoEviction && room.policy != EvictionPolicy::VolatileTtl);
}

void Evictor::heard(NodeId from, const Heartbeat& heartbeat)
{
    if (heartbeat.bytesMax == 0)
        m_context.peerRooms.erase(from);
    else
        m_context.peerRooms[from] = {heartbeat.usedBytes, heartbeat.bytesMax};
}

void Evictor::onPeerLost(NodeId peer)
{
    m_context.peerRooms.erase(peer);
    std::vector<Tag> over;
    for (auto& [tag, round] : m_rounds)
        if (round.open.erase(peer) > 0 && round.open.empty())
            over.push_back(tag);
    for (const Tag tag : over) {
        Round round = std::move(m_rounds.at(tag));
        m_rounds.erase(tag);
        decide(std::move(round));
    }
}

void Evictor::onAdopted()
{
    std::erase_if(m_context.peerRooms, [this](const auto& peer) { return !m_context.map->member(peer.first); });
    computeShares();
}

void Evictor::housekeeping()
{
    m_endsSeen = {};
    if (isPressed()) {
        turn();
        return;
    }
    for (const Candidate& candidate : std::exchange(m_pool, {}))
        m_busy.erase(candidate.position);
    m_lastFound = m_context.now.monotonic;
    m_context.nothingToEvict = false;
}

bool Evictor::isPressed() const
{
    if (m_context.room.bytesMax != 0 && m_context.usedBytes > m_context.room.bytesMax)
        return true;
    return std::any_of(m_context.peerRooms.begin(), m_context.peerRooms.end(),
                       [](const auto& peer) { return peer.second.usedBytes > peer.second.bytesMax; });
}

void Evictor::computeShares()
{
    m_sharesOf = m_context.now.monotonic;
    m_heldBytes.clear();
    m_partitions.clear();
    for (PartitionIndex p = 0; p < m_context.map->partitionCount(); ++p) {
        const PartitionCounts& counts = m_replica.counts(p);
        if (counts.keys == 0 || m_home.ballotOf(p).isNone())
            continue;
        m_partitions.push_back(p);
        for (const NodeId node : m_context.replicas(p))
            m_heldBytes[node] += counts.bytes + counts.keys * keyOverheadBytes;
    }
}

/// Every home takes away its part of what is too much: that of all bytes there which are in its partitions. What it has begun counts already.
void Evictor::computeNeeds()
{
    m_needs.clear();
    std::uint64_t askedBytes = 0;
    for (const auto& [tag, round] : m_rounds)
        askedBytes += round.wanted * averageBytes();
    const auto add = [&](NodeId node, const Room& room) {
        const auto held = m_heldBytes.find(node);
        if (room.bytesMax == 0 || room.usedBytes <= room.bytesMax || held == m_heldBytes.end())
            return;
        const double part = std::min(1.0, static_cast<double>(held->second) / static_cast<double>(room.usedBytes));
        auto need = static_cast<std::int64_t>(part * static_cast<double>(room.usedBytes - room.bytesMax)) + 1;
        need -= static_cast<std::int64_t>(askedBytes);
        for (const auto& [counter, evicting] : m_evicting)
            if (m_context.map->isReplica(evicting.partition, node))
                need -= static_cast<std::int64_t>(evicting.bytes);
        if (need > 0)
            m_needs[node] = need;
    };
    add(m_context.self, {m_context.usedBytes, m_context.room.bytesMax});
    for (const auto& [node, room] : m_context.peerRooms)
        add(node, room);
}

bool Evictor::isNeeded(PartitionIndex partition) const
{
    for (const NodeId node : m_context.replicas(partition))
        if (const auto need = m_needs.find(node); need != m_needs.end() && need->second > 0)
            return true;
    return false;
}

std::uint64_t Evictor::averageBytes() const
{
    return std::max<std::uint64_t>(m_replica.keys() > 0 ? m_context.usedBytes / m_replica.keys() : 0, 1);
}

/// Rounded by chance, up or down: were it always up, a home with few keys, or each of many homes, would take away more than its part.
std::size_t Evictor::recordsFor(std::uint64_t bytes) const
{
    const double records = static_cast<double>(bytes) / static_cast<double>(averageBytes());
    return static_cast<std::size_t>(records + m_context.random.unit());
}

void Evictor::turn()
{
    const EvictionPolicy policy = m_context.room.policy;
    if (policy == EvictionPolicy::NoEviction || m_context.disk == DiskSpace::None || !isPressed() ||
        m_context.now.monotonic - m_lastTurn < turnPause)
        return;
    m_lastTurn = m_context.now.monotonic;
    if (m_lastTurn - m_sharesOf > sharesLifetime)
        computeShares();
    computeNeeds();
    if (m_needs.empty() || m_evicting.size() >= underWayMax || m_rounds.size() >= roundsMax)
        return;
    std::int64_t most = 0;
    for (const auto& [node, need] : m_needs)
        most = std::max(most, need);
    const std::size_t wanted = std::min({recordsFor(static_cast<std::uint64_t>(most)), wantedPerTurnMax, underWayMax - m_evicting.size()});
    if (wanted == 0)
        return;
    bool found = false;
    if (policy == EvictionPolicy::VolatileTtl) {
        found = evictEarliestEnding(wanted);
    } else {
        sample(std::max(wanted * samplesPerKey, samplesMin));
        found = askForColdest(wanted);
    }
    // What has just been written can't be found yet.
    if (found || !m_evicting.empty() || !m_rounds.empty())
        m_lastFound = m_lastTurn;
    m_context.nothingToEvict = m_lastTurn - m_lastFound > searchLasts;
}

// --- candidates

/// Lower for what was used longer ago, or less often; what is not known counts as the coldest.
std::uint64_t Evictor::scoreOf(Position position) const
{
    const EvictionPolicy policy = m_context.room.policy;
    if (!looksAtUse(policy))
        return m_context.random.next();
    const std::optional<KeyUse> use = m_replica.uses().find(position);
    if (!use)
        return 0;
    const std::uint32_t nowMs = m_replica.usesClockMs();
    const std::uint64_t usedMs = clockEpochMs + m_replica.usesClockMs64() - (nowMs - use->lastMs);
    const std::uint64_t frequency = looksAtFrequency(policy) ? AccessTable::fadedFrequency(*use, nowMs) : 0;
    return frequency << 48 | usedMs;
}

bool Evictor::mayLeave(Position position) const
{
    const PartitionIndex partition = m_context.map->partitionOf(position);
    return !m_home.ballotOf(partition).isNone() && isNeeded(partition);
}

void Evictor::add(Position position, bool expires)
{
    if (!mayLeave(position) || !m_busy.insert(position).second)
        return;
    m_pool.insert({scoreOf(position), position, expires});
    if (m_pool.size() > poolMax) {
        m_busy.erase(std::prev(m_pool.end())->position);
        m_pool.erase(std::prev(m_pool.end()));
    }
}

/// The more keys there are that nobody has used since this process began, the more are looked for in the store.
void Evictor::sample(std::size_t count)
{
    const std::uint64_t known = m_replica.uses().count();
    const std::uint64_t keys = std::max<std::uint64_t>(m_replica.keys(), 1);
    const double unknown = known >= keys ? 0 : 1 - static_cast<double>(known) / static_cast<double>(keys);
    const bool onlyVolatile = isVolatile(m_context.room.policy);
    const double volatileKeys = static_cast<double>(m_replica.uses().table(true).count());
    const double volatilePart = onlyVolatile ? 1 : volatileKeys / static_cast<double>(std::max<std::uint64_t>(known, 1));
    // Of the keys here only some are of partitions whose home is here.
    const std::size_t tries = count * m_context.replicas(0).size();
    std::size_t pages = 0;
    for (std::size_t i = 0; i < tries; ++i) {
        if (m_context.random.unit() >= unknown)
            sampleTable(m_context.random.unit() < volatilePart);
        else if (pages++ < pagesPerTurnMax)
            sampleStore();
    }
}

void Evictor::sampleTable(bool expires)
{
    if (const AccessTable::Entry* const entry = m_replica.uses().table(expires).sample(m_context.random))
        add(entry->position, expires);
}

void Evictor::sampleStore()
{
    if (m_partitions.empty())
        return;
    const PartitionIndex partition = m_partitions[m_context.random.below(m_partitions.size())];
    const std::uint32_t count = m_context.map->partitionCount();
    const Position begin = firstPosition(partition, count);
    const Position last = begin + (~Position(0) / count);
    const Position first = begin + m_context.random.below(~Position(0) / count);
    std::vector<RecordSummary> page = m_records.list(first, last, pageRecords);
    if (page.empty())
        page = m_records.list(begin, last, pageRecords);
    for (const RecordSummary& record : page)
        if (!record.tombstone && (record.expiryMs != 0 || !isVolatile(m_context.room.policy)) &&
            !m_replica.uses().find(record.position))
            add(record.position, record.expiryMs != 0);
}

std::vector<Evictor::Candidate> Evictor::takeColdest(std::size_t count)
{
    std::vector<Candidate> coldest;
    while (!m_pool.empty() && coldest.size() < count) {
        const Candidate candidate = *m_pool.begin();
        m_pool.erase(m_pool.begin());
        // Used since it was chosen? Then others may be colder.
        const bool isUsed = looksAtUse(m_context.room.policy) && scoreOf(candidate.position) > candidate.score;
        if (!isUsed && mayLeave(candidate.position))
            coldest.push_back(candidate);
        else
            m_busy.erase(candidate.position);
    }
    return coldest;
}

// --- the other replicas' word

/// What is being asked about or evicted already isn't in the pool. If little else is there, a key that is in use would be the coldest of what is
/// left: then it waits for the rounds under way. @return false if there is nothing that may go
bool Evictor::askForColdest(std::size_t wanted)
{
    std::vector<Candidate> coldest = takeColdest(wanted * askedPerKey);
    const std::size_t atLeast = m_rounds.empty() && m_evicting.empty() ? 1 : 0;
    wanted = std::min(wanted, std::max(coldest.size() / askedPerKey, atLeast));
    if (coldest.empty())
        return false;
    if (wanted > 0) {
        ask(std::move(coldest), wanted);
        return true;
    }
    for (const Candidate& candidate : coldest) {
        m_busy.erase(candidate.position);
        add(candidate.position, candidate.expires);
    }
    return true;
}

void Evictor::ask(std::vector<Candidate> candidates, std::size_t wanted)
{
    Round round;
    round.candidates = std::move(candidates);
    round.wanted = wanted;
    if (looksAtUse(m_context.room.policy))
        for (std::size_t i = 0; i < round.candidates.size(); ++i)
            for (const NodeId node : m_context.replicas(m_context.map->partitionOf(round.candidates[i].position)))
                if (node != m_context.self && m_context.isUp(node))
                    round.open[node].push_back(i);
    if (round.open.empty()) {
        decide(std::move(round));
        return;
    }
    const Tag tag = m_context.newTag();
    for (const auto& [node, indexes] : round.open) {
        UseRequest request;
        request.tag = tag;
        for (const std::size_t index : indexes)
            request.positions.push_back(round.candidates[index].position);
        m_context.outbox.send(node, std::move(request));
    }
    m_rounds.emplace(tag, std::move(round));
    m_context.timers.set(m_context.now.monotonic + usePatience, Timer::Kind::Eviction, tag);
}

void Evictor::handle(NodeId from, const UseReply& reply)
{
    const auto found = m_rounds.find(reply.tag);
    if (found == m_rounds.end())
        return;
    Round& round = found->second;
    const auto open = round.open.find(from);
    if (open == round.open.end() || open->second.size() != reply.uses.size())
        return;
    const std::uint32_t nowMs = m_replica.usesClockMs();
    for (std::size_t i = 0; i < reply.uses.size(); ++i) {
        const Candidate& candidate = round.candidates[open->second[i]];
        m_replica.uses().learn(candidate.position, candidate.expires, {nowMs - reply.uses[i].idleMs, reply.uses[i].frequency});
    }
    round.open.erase(open);
    if (!round.open.empty())
        return;
    Round over = std::move(round);
    m_rounds.erase(found);
    decide(std::move(over));
}

void Evictor::onTimer(const Timer& timer)
{
    if (timer.kind != Timer::Kind::Eviction)
        return;
    const auto found = m_rounds.find(timer.id);
    if (found == m_rounds.end())
        return;
    Round round = std::move(found->second);
    m_rounds.erase(found);
    decide(std::move(round));
}

void Evictor::decide(Round round)
{
    computeNeeds();
    if (looksAtUse(m_context.room.policy))
        for (Candidate& candidate : round.candidates)
            candidate.score = scoreOf(candidate.position);
    std::sort(round.candidates.begin(), round.candidates.end());
    std::size_t evicted = 0;
    for (const Candidate& candidate : round.candidates) {
        m_busy.erase(candidate.position);
        if (evicted < round.wanted && mayLeave(candidate.position))
            evicted += evictAt(candidate.position);
        else
            add(candidate.position, candidate.expires);
    }
}

// --- the writes

bool Evictor::evictAt(Position position)
{
    bool any = false;
    for (const RecordSummary& record : m_records.list(position, position, 1))
        any = evict(record) || any;
    return any;
}

bool Evictor::evict(const RecordSummary& record)
{
    if (record.tombstone || (record.expiryMs == 0 && isVolatile(m_context.room.policy)))
        return false;
    const std::uint64_t counter = evictingBit | ++m_counter;
    Evicting& evicting = m_evicting[counter];
    evicting = {record.position, m_context.map->partitionOf(record.position),
                record.key.size() + record.valueBytes + keyOverheadBytes};
    m_busy.insert(record.position);
    for (const NodeId node : m_context.replicas(evicting.partition))
        if (const auto need = m_needs.find(node); need != m_needs.end())
            need->second -= static_cast<std::int64_t>(evicting.bytes);
    OperationRequest request;
    request.id = {m_context.self, m_context.incarnation, counter};
    request.partition = evicting.partition;
    request.key = record.key;
    request.read = true;
    request.evicts = record.version;
    m_home.handle(m_context.self, std::move(request));
    return true;
}

/// The index by expiry knows: no sampling.
bool Evictor::evictEarliestEnding(std::size_t wanted)
{
    const ExpiredKeys ending = m_records.expired(INT64_MAX, endingRecords, m_endsSeen);
    std::size_t evicted = 0;
    for (const RecordSummary& record : ending.keys) {
        if (evicted >= wanted)
            return true;
        m_endsSeen = {record.expiryMs, record.position};
        if (m_busy.count(record.position) == 0 && mayLeave(record.position))
            evicted += evictAt(record.position);
    }
    m_endsSeen = ending.seenTo;
    return evicted > 0 || !ending.isEnd;
}

void Evictor::handle(const OperationReply& reply)
{
    const auto found = m_evicting.find(reply.id.counter);
    if (found == m_evicting.end())
        return;
    m_busy.erase(found->second.position);
    m_evicting.erase(found);
}

} // namespace quoit
