// node/store/record_cache.h - records in memory: those read lately, keys known to be absent, and every record on its
// way to the disk. The last kind is pinned: it stays until the disk has it, so that a lookup can never fall back to an
// older state.
//
// Beside the record itself, which is shared with whoever else holds it, a cached entry takes at most 64 bytes: 32 here,
// up to 6 for its bucket, up to 24 for the policy. test_store_cache counts them.
#pragma once

#include "node/core/persistence.h"
#include "node/store/cache_policy.h"

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <vector>

namespace quoit {

/// A hash table by (position, key), bounded in bytes, of which the pinned entries come first. One owner, one thread.
class RecordCache
{
public:
    struct Answer
    {
        bool known = false; ///< false: ask the disk
        RecordPtr record;   ///< null, when known: there is none
    };

    /// What an entry counts beside its record.
    static constexpr std::uint32_t overheadBytes = 64;

    /// @param bytesMax  budget; only pinned entries go beyond it
    RecordCache(std::uint64_t bytesMax, CachePolicyKind policy);
    ~RecordCache();

    /// Keeps the entries, in the order in which they would have left. Takes about 0.3 s for a million.
    void setPolicy(CachePolicyKind policy);
    CachePolicyKind policy() const { return m_policyKind; }
    /// Keeps as many of the entries as fit. Takes as long as setPolicy.
    void setBytesMax(std::uint64_t bytesMax);

    /// Counts as a use. Well under 300 ns.
    Answer find(Position position, std::string_view key);
    /// find() will be called for these positions at once, ≤ RecordSource::expectedMax. What it will look at is brought into the processor's caches
    /// for all of them together; one lookup after the other would wait for memory four times each.
    void expect(std::span<const Position> positions) const;
    /// What a lookup on disk has found, after find() didn't know.
    void insert(Position position, RecordPtr record);
    /// A lookup on disk has found nothing, after find() didn't know.
    void insertAbsent(Position position, std::string_view key);
    /// The newest state of its key, on its way to the disk as part of that sequence. Replaces what was there. Sequences
    /// ascend.
    void pin(PersistSequence sequence, Position position, RecordPtr record);
    /// The same for a record that is being removed: its absence is on its way to the disk.
    void pinAbsent(PersistSequence sequence, Position position, std::string_view key);
    /// Lookups on disk find everything up to this sequence: entries pinned by it become ordinary ones. Does at most
    /// `limit` at once, so that nobody waits for thousands; the next call goes on.
    void unpin(PersistSequence upTo, int limit);

    /// Pinned records are sorted into this many ranges of positions.
    static constexpr std::uint32_t pinnedRanges = 4096;
    static std::uint32_t pinnedRangeOf(Position position) { return static_cast<std::uint32_t>(position >> 52); }
    struct Pinned
    {
        Position position;
        const Record* record; ///< valid until the next pin or unpin
        bool absent;          ///< a removal: only the record's key counts
    };
    /// Appends the pinned records of one range, in any order.
    void pinnedIn(std::uint32_t range, std::vector<Pinned>& pinned) const;
    bool isPinned(Position position, std::string_view key) const;
    std::uint64_t pinnedEntries() const { return m_pinnedEntries; }
    /// Appends the pinned records whose expiry is over, behind that place, ascending by (expiry, position); at most `limit`.
    void pinnedExpired(std::int64_t nowMs, std::size_t limit, const ExpiryPlace& after, std::vector<Pinned>& pinned) const;

    std::uint64_t hits() const { return m_hits; }
    std::uint64_t misses() const { return m_misses; }
    std::uint64_t evictions() const { return m_evictions; }
    std::uint64_t bytes() const { return m_bytes; }
    std::uint64_t entries() const { return m_entries; }

private:
    static constexpr std::uint32_t notPinned = INT32_MAX;
    struct alignas(32) Entry ///< two in a cache line
    {
        Position position = 0;
        RecordPtr record;                      ///< for a known absence: one that only says the key
        CacheSlot next = noCacheSlot;          ///< in the bucket, or among the free slots
        std::uint32_t pinned : 31 = notPinned; ///< index of its PinnedPlace
        std::uint32_t absent : 1 = 0;
    };
    static_assert(sizeof(Entry) == 32);
    struct PinnedPlace ///< what only pinned entries need
    {
        PersistSequence sequence = 0;
        CacheSlot slot = noCacheSlot;
        std::uint32_t next = notPinned; ///< in the range, or among the free ones
        std::uint32_t previous = notPinned;
        CacheRank rank = 0; ///< in the policy, before it was pinned
    };
    struct Pin
    {
        PersistSequence sequence;
        CacheSlot slot;
    };
    static constexpr std::uint32_t slotsPerChunk = 1024;

    const Entry& entry(CacheSlot slot) const { return m_chunks[slot / slotsPerChunk][slot % slotsPerChunk]; }
    Entry& entry(CacheSlot slot) { return m_chunks[slot / slotsPerChunk][slot % slotsPerChunk]; }
    std::size_t bucketOf(Position position) const { return (position * 0x9e3779b97f4a7c15ULL) >> m_bucketShift; }
    CacheSlot lookUp(Position position, std::string_view key) const;
    CacheSlot allocate();
    CacheSlot add(Position position, RecordPtr record, bool absent);
    void pinEntry(PersistSequence sequence, Position position, RecordPtr record, bool absent);
    void remove(CacheSlot slot);
    void rank(CacheSlot slot, CacheRank rank);
    void tellTouched();
    void enterRange(CacheSlot slot, PersistSequence sequence, CacheRank rank);
    CacheRank leaveRange(CacheSlot slot);
    void growBuckets();
    void evict();

    std::uint64_t m_bytesMax;
    CachePolicyKind m_policyKind;
    std::unique_ptr<CachePolicy> m_policy; ///< knows the slots that aren't pinned
    /// Uses that the policy hasn't heard of: many at once cost less, and it must know them only before it is asked.
    std::array<CacheSlot, 32> m_touched;
    std::size_t m_touchedCount = 0;
    std::vector<std::unique_ptr<Entry[]>> m_chunks; ///< never moved, so that growth doesn't stall
    std::vector<CacheSlot> m_buckets;               ///< a power of two
    int m_bucketShift;
    CacheSlot m_freeSlot = noCacheSlot;
    std::deque<Pin> m_pins; ///< ascending; a slot that was pinned again appears again
    std::uint64_t m_bytes = 0;
    std::vector<PinnedPlace> m_pinnedPlaces;
    std::uint32_t m_freePlace = notPinned;
    std::vector<std::uint32_t> m_pinnedFirst; ///< [pinnedRanges] places
    std::uint64_t m_pinnedEntries = 0;
    std::set<std::pair<ExpiryPlace, CacheSlot>> m_pinnedExpiries; ///< of the pinned entries that have one
    std::uint64_t m_entries = 0;
    std::uint64_t m_evictions = 0;
    std::uint64_t m_hits = 0;
    std::uint64_t m_misses = 0;
};

} // namespace quoit
