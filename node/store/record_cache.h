// node/store/record_cache.h - records in memory: those read lately, keys known to be absent, and every record on its
// way to the disk. The last kind is pinned: it stays until the disk has it, so that a lookup can never fall back to an
// older state.
#pragma once

#include "node/core/persistence.h"
#include "node/store/eviction_policy.h"

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <vector>

namespace quoit {

/// A hash table by (position, key), bounded in bytes except for pinned entries. One owner, one thread.
class RecordCache
{
public:
    struct Answer
    {
        bool known = false; ///< false: ask the disk
        RecordPtr record;   ///< null, when known: there is none
    };

    /// @param bytesMax  budget of the entries that aren't pinned; 0 keeps only those
    RecordCache(std::uint64_t bytesMax, std::unique_ptr<EvictionPolicy> policy);

    /// Counts as a use. Well under 300 ns.
    Answer find(Position position, std::string_view key);
    /// What a lookup on disk has found, after find() didn't know.
    void insert(Position position, RecordPtr record);
    /// A lookup on disk has found nothing, after find() didn't know.
    void insertAbsent(Position position, std::string_view key);
    /// The newest state of its key, on its way to the disk as part of that sequence. Replaces what was there. Sequences
    /// ascend.
    void pin(PersistSequence sequence, Position position, RecordPtr record);
    /// The disk has everything up to this sequence: entries pinned by it become ordinary ones.
    void unpin(PersistSequence upTo);

    std::uint64_t hits() const { return m_hits; }
    std::uint64_t misses() const { return m_misses; }
    std::uint64_t bytes() const { return m_bytes + m_pinnedBytes; }
    std::uint64_t entries() const { return m_entries; }

private:
    struct Entry
    {
        Position position = 0;
        RecordPtr record; ///< for a known absence: one that only says the key
        PersistSequence pin = 0;
        CacheSlot next = noCacheSlot; ///< in the bucket, or among the free slots
        std::uint32_t bytes = 0;      ///< at most 4 GiB: a value is far smaller
        bool absent = false;
    };
    struct Pin
    {
        PersistSequence sequence;
        CacheSlot slot;
    };
    static constexpr std::uint32_t slotsPerChunk = 1024;

    Entry& entry(CacheSlot slot) { return m_chunks[slot / slotsPerChunk][slot % slotsPerChunk]; }
    std::size_t bucketOf(Position position) const { return (position * 0x9e3779b97f4a7c15ULL) >> m_bucketShift; }
    CacheSlot lookUp(Position position, std::string_view key);
    CacheSlot allocate();
    CacheSlot add(Position position, RecordPtr record, bool absent);
    void remove(CacheSlot slot);
    void growBuckets();
    void evict();

    const std::uint64_t m_bytesMax;
    const std::unique_ptr<EvictionPolicy> m_policy; ///< knows the slots that aren't pinned
    std::vector<std::unique_ptr<Entry[]>> m_chunks; ///< never moved, so that growth doesn't stall
    std::vector<CacheSlot> m_buckets;               ///< a power of two
    int m_bucketShift;
    CacheSlot m_freeSlot = noCacheSlot;
    std::deque<Pin> m_pins; ///< ascending; a slot that was pinned again appears again
    std::uint64_t m_bytes = 0;
    std::uint64_t m_pinnedBytes = 0;
    std::uint64_t m_entries = 0;
    std::uint64_t m_hits = 0;
    std::uint64_t m_misses = 0;
};

} // namespace quoit
