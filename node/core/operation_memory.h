// node/core/operation_memory.h - which operations a replica's recent records carried, so that a retry can be told what became of it.
// Pure. Design: resources/docs/protocol.md, "What a replica stores".
//
// Every write passes here, and hardly any is asked for again: entries lie in their order, and a table without nodes, of eight bytes a slot,
// finds the newest of an operation. Noting an operation touches one slot that isn't in the processor's caches, and so does forgetting it.
#pragma once

#include "node/core/messages.h"
#include "shared/base/time.h"

#include <deque>
#include <vector>

namespace quoit {

class OperationMemory
{
public:
    OperationMemory(Milliseconds retention, std::size_t operationsMax);

    /// Notes every operation that the record carries, each with the record's version.
    void remember(TimePoint now, PartitionIndex partition, const Record& record);
    /// All remembered versions of the operation, ascending.
    std::vector<RememberedResult> find(const OperationId& id) const;
    /// Of records of the partition with higher versions nothing was forgotten.
    Version forgotten(PartitionIndex partition) const;
    void raiseForgotten(PartitionIndex partition, const Version& version);
    /// Forgets what is too old or too much.
    void prune(TimePoint now);
    std::size_t size() const { return m_entries.size(); }

private:
    /// Counts entries over the life of this memory and wraps around; those that are remembered are far fewer.
    using Number = std::uint32_t;
    struct Entry
    {
        TimePoint at;
        OperationId id;
        Version version;
        std::string result;
        PartitionIndex partition;
        Number previous; ///< of the same operation, if it is still remembered; its own: none
    };
    struct Slot
    {
        std::uint32_t hash = 0; ///< of the operation; 0: free
        Number newest = 0;
    };

    static std::uint32_t hashOf(const OperationId& id);
    const Entry* entryOf(Number number) const;
    std::size_t slotOf(const OperationId& id, std::uint32_t hash) const;
    template <typename Visitor>
    void forEachOf(const OperationId& id, Visitor visit) const;
    void add(Entry entry);
    void growSlots();
    void freeSlot(std::size_t slot);
    void forgetOldest();

    Milliseconds m_retention;
    std::size_t m_operationsMax;
    std::deque<Entry> m_entries;      ///< oldest first
    Number m_first = 0;               ///< of the oldest
    std::vector<Slot> m_slots;        ///< [power of two], at most half of them taken; linear probing
    std::size_t m_taken = 0;          ///< of the slots
    std::vector<Version> m_forgotten; ///< [P on demand]
};

} // namespace quoit
