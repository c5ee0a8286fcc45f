#include "node/store/record_cache.h"

#include "shared/base/result.h"

#include <bit>
#include <utility>

namespace quoit {

namespace {
constexpr std::size_t bucketCountFirst = 1024;

std::uint32_t entryBytes(const Record& record)
{
    return static_cast<std::uint32_t>(record.bytes() + RecordCache::overheadBytes);
}
} // namespace

RecordCache::RecordCache(std::uint64_t bytesMax, CachePolicyKind policy)
    : m_bytesMax(bytesMax)
    , m_policyKind(policy)
    , m_policy(makeCachePolicy(policy, bytesMax))
    , m_buckets(bucketCountFirst, noCacheSlot)
    , m_bucketShift(64 - std::countr_zero(bucketCountFirst))
    , m_pinnedFirst(pinnedRanges, notPinned)
{}

RecordCache::~RecordCache() = default;

void RecordCache::setPolicy(CachePolicyKind policy)
{
    tellTouched();
    const std::unique_ptr<CachePolicy> before = std::exchange(m_policy, makeCachePolicy(policy, m_bytesMax));
    m_policyKind = policy;
    for (PinnedPlace& place : m_pinnedPlaces)
        place.rank = 0; // it means something to the old one only
    for (CacheSlot slot = before->victim(); slot != noCacheSlot; slot = before->victim()) {
        before->removed(slot);
        rank(slot, 0);
    }
}

void RecordCache::setBytesMax(std::uint64_t bytesMax)
{
    m_bytesMax = bytesMax;
    setPolicy(m_policyKind); // a policy gives parts of the whole to newcomers
    evict();
}

RecordCache::Answer RecordCache::find(Position position, std::string_view key)
{
    const CacheSlot slot = lookUp(position, key);
    if (slot == noCacheSlot) {
        ++m_misses;
        return {};
    }
    ++m_hits;
    const Entry& found = entry(slot);
    if (found.pinned == notPinned) {
        m_touched[m_touchedCount++] = slot;
        if (m_touchedCount == m_touched.size())
            tellTouched();
    }
    return {true, found.absent ? nullptr : found.record};
}

void RecordCache::expect(std::span<const Position> positions) const
{
    QUOIT_ENSURE(positions.size() <= RecordSource::expectedMax);
    constexpr std::size_t lineBytes = 64;
    std::array<const Record*, RecordSource::expectedMax> records;
    for (const Position position : positions)
        __builtin_prefetch(&m_buckets[bucketOf(position)]);
    for (const Position position : positions)
        if (const CacheSlot first = m_buckets[bucketOf(position)]; first != noCacheSlot)
            __builtin_prefetch(&entry(first));
    for (std::size_t i = 0; i < positions.size(); ++i) {
        CacheSlot slot = m_buckets[bucketOf(positions[i])];
        while (slot != noCacheSlot && entry(slot).position != positions[i])
            slot = entry(slot).next;
        records[i] = slot == noCacheSlot ? nullptr : entry(slot).record.get();
        for (std::size_t at = 0; records[i] && at < sizeof(Record); at += lineBytes)
            __builtin_prefetch(reinterpret_cast<const char*>(records[i]) + at);
    }
    for (std::size_t i = 0; i < positions.size(); ++i) {
        if (records[i]) {
            __builtin_prefetch(records[i]->key.data());
            __builtin_prefetch(records[i]->value.data());
        }
    }
}

void RecordCache::insert(Position position, RecordPtr record)
{
    QUOIT_ENSURE(record);
    rank(add(position, std::move(record), false), 0);
    evict();
}

void RecordCache::insertAbsent(Position position, std::string_view key)
{
    Record marker;
    marker.key = key;
    rank(add(position, makeRecord(marker), true), 0);
    evict();
}

void RecordCache::pin(PersistSequence sequence, Position position, RecordPtr record)
{
    pinEntry(sequence, position, std::move(record), false);
}

void RecordCache::pinAbsent(PersistSequence sequence, Position position, std::string_view key)
{
    Record marker;
    marker.key = key;
    pinEntry(sequence, position, makeRecord(marker), true);
}

void RecordCache::pinEntry(PersistSequence sequence, Position position, RecordPtr record, bool absent)
{
    QUOIT_ENSURE(record && sequence > 0 && (m_pins.empty() || m_pins.back().sequence <= sequence));
    CacheSlot slot = lookUp(position, record->key);
    CacheRank rankBefore = 0;
    if (slot == noCacheSlot) {
        slot = add(position, std::move(record), absent);
    } else {
        Entry& present = entry(slot);
        if (present.pinned == notPinned) {
            tellTouched();
            rankBefore = m_policy->removed(slot);
        } else {
            rankBefore = leaveRange(slot);
        }
        m_bytes -= entryBytes(*present.record);
        m_bytes += entryBytes(*record);
        present.record = std::move(record);
        present.absent = absent;
    }
    enterRange(slot, sequence, rankBefore);
    m_pins.push_back({sequence, slot});
    evict();
}

void RecordCache::unpin(PersistSequence upTo, int limit)
{
    for (; limit > 0 && !m_pins.empty() && m_pins.front().sequence <= upTo; --limit) {
        const Pin pin = m_pins.front();
        m_pins.pop_front();
        const std::uint32_t place = entry(pin.slot).pinned;
        if (place == notPinned || m_pinnedPlaces[place].sequence != pin.sequence)
            continue; // written once more since, or met here already
        rank(pin.slot, leaveRange(pin.slot));
    }
    evict();
}

void RecordCache::pinnedIn(std::uint32_t range, std::vector<Pinned>& pinned) const
{
    for (std::uint32_t place = m_pinnedFirst[range]; place != notPinned; place = m_pinnedPlaces[place].next) {
        const Entry& found = entry(m_pinnedPlaces[place].slot);
        pinned.push_back({found.position, found.record.get(), found.absent != 0});
    }
}

void RecordCache::pinnedExpired(std::int64_t nowMs, std::size_t limit, const ExpiryPlace& after, std::vector<Pinned>& pinned) const
{
    for (auto place = m_pinnedExpiries.upper_bound({after, noCacheSlot}); place != m_pinnedExpiries.end() && limit > 0; ++place, --limit) {
        if (place->first.expiryMs > nowMs)
            return;
        const Entry& found = entry(place->second);
        pinned.push_back({found.position, found.record.get(), false});
    }
}

bool RecordCache::isPinned(Position position, std::string_view key) const
{
    CacheSlot slot = m_pinnedEntries == 0 ? noCacheSlot : m_buckets[bucketOf(position)];
    while (slot != noCacheSlot) {
        const Entry& candidate = entry(slot);
        if (candidate.pinned != notPinned && candidate.position == position && candidate.record->key == key)
            return true; // the records of others, somewhere in memory, are not looked at
        slot = candidate.next;
    }
    return false;
}

void RecordCache::rank(CacheSlot slot, CacheRank rank)
{
    tellTouched();
    const Entry& ranked = entry(slot);
    m_policy->inserted(slot, ranked.position, entryBytes(*ranked.record), rank);
}

void RecordCache::tellTouched()
{
    if (m_touchedCount > 0)
        m_policy->touched(std::span(m_touched).first(m_touchedCount));
    m_touchedCount = 0;
}

void RecordCache::enterRange(CacheSlot slot, PersistSequence sequence, CacheRank rank)
{
    std::uint32_t entering = m_freePlace;
    if (entering == notPinned) {
        entering = static_cast<std::uint32_t>(m_pinnedPlaces.size());
        m_pinnedPlaces.emplace_back();
    } else {
        m_freePlace = m_pinnedPlaces[entering].next;
    }
    Entry& pinned = entry(slot);
    pinned.pinned = entering;
    std::uint32_t& first = m_pinnedFirst[pinnedRangeOf(pinned.position)];
    m_pinnedPlaces[entering] = {sequence, slot, first, notPinned, rank};
    if (first != notPinned)
        m_pinnedPlaces[first].previous = entering;
    first = entering;
    ++m_pinnedEntries;
    if (pinned.record->expiryMs != 0)
        m_pinnedExpiries.insert({{pinned.record->expiryMs, pinned.position}, slot});
}

CacheRank RecordCache::leaveRange(CacheSlot slot)
{
    Entry& pinned = entry(slot);
    PinnedPlace& leaving = m_pinnedPlaces[pinned.pinned];
    if (leaving.previous == notPinned)
        m_pinnedFirst[pinnedRangeOf(pinned.position)] = leaving.next;
    else
        m_pinnedPlaces[leaving.previous].next = leaving.next;
    if (leaving.next != notPinned)
        m_pinnedPlaces[leaving.next].previous = leaving.previous;
    leaving.next = m_freePlace;
    m_freePlace = pinned.pinned;
    pinned.pinned = notPinned;
    --m_pinnedEntries;
    if (pinned.record->expiryMs != 0)
        m_pinnedExpiries.erase({{pinned.record->expiryMs, pinned.position}, slot});
    return leaving.rank;
}

CacheSlot RecordCache::lookUp(Position position, std::string_view key) const
{
    CacheSlot slot = m_buckets[bucketOf(position)];
    while (slot != noCacheSlot) {
        const Entry& candidate = entry(slot);
        if (candidate.position == position && candidate.record->key == key)
            return slot;
        slot = candidate.next;
    }
    return noCacheSlot;
}

CacheSlot RecordCache::allocate()
{
    if (m_freeSlot == noCacheSlot) {
        const auto first = static_cast<CacheSlot>(m_chunks.size() * slotsPerChunk);
        m_chunks.push_back(std::make_unique<Entry[]>(slotsPerChunk));
        for (CacheSlot slot = first + slotsPerChunk; slot-- > first;) {
            entry(slot).next = m_freeSlot;
            m_freeSlot = slot;
        }
    }
    const CacheSlot slot = m_freeSlot;
    m_freeSlot = entry(slot).next;
    return slot;
}

CacheSlot RecordCache::add(Position position, RecordPtr record, bool absent)
{
    if (m_entries >= m_buckets.size() / 2 * 3)
        growBuckets();
    const CacheSlot slot = allocate();
    Entry& added = entry(slot);
    added.position = position;
    m_bytes += entryBytes(*record);
    added.record = std::move(record);
    added.absent = absent;
    CacheSlot& bucket = m_buckets[bucketOf(position)];
    added.next = bucket;
    bucket = slot;
    ++m_entries;
    return slot;
}

void RecordCache::remove(CacheSlot slot)
{
    Entry& leaving = entry(slot);
    CacheSlot* link = &m_buckets[bucketOf(leaving.position)];
    while (*link != slot)
        link = &entry(*link).next;
    *link = leaving.next;
    m_policy->evicted(slot);
    m_bytes -= entryBytes(*leaving.record);
    --m_entries;
    leaving.record.reset();
    leaving.next = m_freeSlot;
    m_freeSlot = slot;
}

void RecordCache::growBuckets()
{
    std::vector<CacheSlot> old(m_buckets.size() * 2, noCacheSlot);
    old.swap(m_buckets);
    --m_bucketShift;
    for (CacheSlot slot : old) {
        while (slot != noCacheSlot) {
            Entry& moved = entry(slot);
            const CacheSlot next = moved.next;
            CacheSlot& bucket = m_buckets[bucketOf(moved.position)];
            moved.next = bucket;
            bucket = slot;
            slot = next;
        }
    }
}

void RecordCache::evict()
{
    if (m_bytes <= m_bytesMax)
        return;
    tellTouched();
    while (m_bytes > m_bytesMax) {
        const CacheSlot victim = m_policy->victim();
        if (victim == noCacheSlot)
            return; // all that is left is pinned
        remove(victim);
        ++m_evictions;
    }
}

} // namespace quoit
