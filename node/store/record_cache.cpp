#include "node/store/record_cache.h"

#include "shared/base/result.h"

#include <bit>

namespace quoit {

namespace {
constexpr std::size_t bucketCountFirst = 1024;

std::uint32_t entryBytes(const Record& record)
{
    constexpr std::size_t overhead = 64 + 9 + 6 + 32; // entry, policy, buckets, allocator
    return static_cast<std::uint32_t>(record.bytes() + overhead);
}
} // namespace

RecordCache::RecordCache(std::uint64_t bytesMax, std::unique_ptr<EvictionPolicy> policy)
    : m_bytesMax(bytesMax)
    , m_policy(std::move(policy))
    , m_buckets(bucketCountFirst, noCacheSlot)
    , m_bucketShift(64 - std::countr_zero(bucketCountFirst))
    , m_pinnedFirst(pinnedRanges, noCacheSlot)
{}

RecordCache::Answer RecordCache::find(Position position, std::string_view key)
{
    const CacheSlot slot = lookUp(position, key);
    if (slot == noCacheSlot) {
        ++m_misses;
        return {};
    }
    ++m_hits;
    const Entry& found = entry(slot);
    if (found.pin == 0)
        m_policy->touched(slot);
    return {true, found.absent ? nullptr : found.record};
}

void RecordCache::insert(Position position, RecordPtr record)
{
    QUOIT_ENSURE(record);
    m_policy->inserted(add(position, std::move(record), false));
    evict();
}

void RecordCache::insertAbsent(Position position, std::string_view key)
{
    auto marker = std::make_shared<Record>();
    marker->key = key;
    m_policy->inserted(add(position, std::move(marker), true));
    evict();
}

void RecordCache::pin(PersistSequence sequence, Position position, RecordPtr record)
{
    pinEntry(sequence, position, std::move(record), false);
}

void RecordCache::pinAbsent(PersistSequence sequence, Position position, std::string_view key)
{
    auto marker = std::make_shared<Record>();
    marker->key = key;
    pinEntry(sequence, position, std::move(marker), true);
}

void RecordCache::pinEntry(PersistSequence sequence, Position position, RecordPtr record, bool absent)
{
    QUOIT_ENSURE(record && sequence > 0 && (m_pins.empty() || m_pins.back().sequence <= sequence));
    CacheSlot slot = lookUp(position, record->key);
    if (slot == noCacheSlot) {
        slot = add(position, std::move(record), absent);
    } else {
        Entry& present = entry(slot);
        if (present.pin == 0)
            m_policy->removed(slot);
        else
            leaveRange(slot);
        m_bytes -= present.bytes;
        present.bytes = entryBytes(*record);
        m_bytes += present.bytes;
        present.record = std::move(record);
        present.absent = absent;
    }
    entry(slot).pin = sequence;
    enterRange(slot);
    m_pins.push_back({sequence, slot});
    evict();
}

void RecordCache::unpin(PersistSequence upTo, int limit)
{
    for (; limit > 0 && !m_pins.empty() && m_pins.front().sequence <= upTo; --limit) {
        const Pin pin = m_pins.front();
        m_pins.pop_front();
        Entry& pinned = entry(pin.slot);
        if (pinned.pin != pin.sequence)
            continue; // written once more since, or met here already
        leaveRange(pin.slot);
        pinned.pin = 0;
        m_policy->inserted(pin.slot);
    }
    evict();
}

void RecordCache::pinnedIn(std::uint32_t range, std::vector<Pinned>& pinned) const
{
    for (CacheSlot slot = m_pinnedFirst[range]; slot != noCacheSlot; slot = entry(slot).pinnedNext)
        pinned.push_back({entry(slot).position, entry(slot).record.get(), entry(slot).absent});
}

bool RecordCache::isPinned(Position position, std::string_view key) const
{
    if (m_pinnedEntries == 0)
        return false;
    const CacheSlot slot = lookUp(position, key);
    return slot != noCacheSlot && entry(slot).pin != 0;
}

void RecordCache::enterRange(CacheSlot slot)
{
    Entry& entering = entry(slot);
    CacheSlot& first = m_pinnedFirst[pinnedRangeOf(entering.position)];
    entering.pinnedNext = first;
    entering.pinnedPrevious = noCacheSlot;
    if (first != noCacheSlot)
        entry(first).pinnedPrevious = slot;
    first = slot;
    ++m_pinnedEntries;
    m_pinnedExpiries += entering.record->expiryMs != 0;
}

void RecordCache::leaveRange(CacheSlot slot)
{
    const Entry& leaving = entry(slot);
    if (leaving.pinnedPrevious == noCacheSlot)
        m_pinnedFirst[pinnedRangeOf(leaving.position)] = leaving.pinnedNext;
    else
        entry(leaving.pinnedPrevious).pinnedNext = leaving.pinnedNext;
    if (leaving.pinnedNext != noCacheSlot)
        entry(leaving.pinnedNext).pinnedPrevious = leaving.pinnedPrevious;
    --m_pinnedEntries;
    m_pinnedExpiries -= leaving.record->expiryMs != 0;
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
    if (m_entries >= m_buckets.size())
        growBuckets();
    const CacheSlot slot = allocate();
    Entry& added = entry(slot);
    added.position = position;
    added.bytes = entryBytes(*record);
    added.record = std::move(record);
    added.pin = 0;
    added.absent = absent;
    CacheSlot& bucket = m_buckets[bucketOf(position)];
    added.next = bucket;
    bucket = slot;
    m_bytes += added.bytes;
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
    m_policy->removed(slot);
    m_bytes -= leaving.bytes;
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
    while (m_bytes > m_bytesMax) {
        const CacheSlot victim = m_policy->victim();
        if (victim == noCacheSlot)
            return; // all that is left is pinned
        remove(victim);
    }
}

} // namespace quoit
