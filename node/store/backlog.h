// node/store/backlog.h - what is durable in the log and not yet in its tables, and how it gets there a little at a
// time.
//
// A commit only appends to the log: a few pages in a row, however far apart its keys lie. The records gather in the
// active generation; when that is large, it is frozen and folded into the tables in the order of the tables, so that a
// page is written once for all the records on it that have changed meanwhile. The log's entries go when all of their
// generation is folded. After a crash the log is replayed from its start, which may write again what was folded
// already, with the same result.
#pragma once

#include "node/store/logged_changes.h"
#include "node/store/store_tables.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace quoit {

/// The writer thread's own.
class Backlog
{
public:
    /// @param bytes  of log entries in one generation, about, and of records that went past the log meanwhile; there are two
    /// @param bytesMax  the same with large tables
    /// @param lastEntry  the id of the last entry that was ever written; it isn't in the log any more
    Backlog(std::uint64_t bytes, std::uint64_t bytesMax, std::uint64_t lastEntry)
        : m_bytesLeast(bytes)
        , m_bytesMost(std::max(bytes, bytesMax))
        , m_bytesMax(bytes)
        , m_active(m_bytesMost)
        , m_frozen(m_bytesMost)
    {
        m_active.lastEntry = lastEntry;
        m_confirmed.entriesGone = lastEntry;
        m_reached.entriesGone = lastEntry;
    }

    /// A generation that is an eighth of the tables writes a page of theirs for three of its records of 100 B, however large they are.
    void fitTo(std::uint64_t tableBytes) { m_bytesMax = std::clamp(tableBytes / 8, m_bytesLeast, m_bytesMost); }

    /// The id of the next entry.
    std::uint64_t nextEntry() const { return m_active.lastEntry + 1; }
    /// The log may hold a change of a record at this position; if not, surely none. While it does, the record can't go to its table
    /// past the log: what is folded, or replayed, would replace it.
    bool mayHold(Position position) const
    {
        return m_active.positions.mayContain(position) || (m_folding && m_frozen.positions.mayContain(position));
    }
    /// Takes what was committed as entry nextEntry(), be it nothing, and leaves `changes` empty. Freezes the active generation if it
    /// is full and can be.
    void append(LoggedChanges& changes, PersistSequence upTo, std::uint64_t entryBytes);
    /// Freezes what there is, full or not, unless something is being folded still. @return whether it did
    bool freeze();

    bool empty() const { return !m_folding && m_active.bytes == 0; }
    /// Records not yet in their table, about: those written again meanwhile count as often.
    std::uint64_t records() const
    {
        return m_active.changes.records().size() + m_frozen.changes.records().size() - m_confirmed.records;
    }
    bool folding() const { return m_folding; }
    /// The active generation is full, and the one before isn't folded yet: that has to be ended now.
    bool overdue() const { return m_folding && m_active.bytes >= m_bytesMax; }
    /// How many steps keep the folding ahead of the log, after an entry of so many bytes and records.
    std::uint64_t stepsFor(std::uint64_t records, std::uint64_t entryBytes) const;

    /// Takes steps, of a record, a hint or a log entry each, inside an open transaction. @return as StoreTables
    int fold(StoreTables& tables, std::uint64_t steps);
    /// The transaction of the last fold() is committed. @return the sequence up to which everything is in its table
    /// now, 0 if that hasn't changed
    PersistSequence confirm();
    /// The transaction of the last fold() was rolled back.
    void revert() { m_reached = m_confirmed; }

private:
    /// A set of positions, and of others by mistake.
    class Positions
    {
    public:
        explicit Positions(std::uint64_t bytesMax)
            : m_bits(std::max(bytesMax / bytesPerWord, wordsMin))
        {}
        void add(Position position) { m_bits[wordOf(position)] |= bitOf(position); }
        bool mayContain(Position position) const { return m_bits[wordOf(position)] & bitOf(position); }
        void clear() { m_bits.assign(m_bits.size(), 0); }

    private:
        static constexpr std::uint64_t bytesPerWord = 512; ///< of 64 bits: a generation of records of 100 B sets a tenth of them
        static constexpr std::uint64_t wordsMin = 1024;
        std::size_t wordOf(Position position) const { return (position * mix >> 32) % m_bits.size(); }
        static std::uint64_t bitOf(Position position) { return std::uint64_t(1) << (position * mix >> 58); }
        static constexpr std::uint64_t mix = 0x9e3779b97f4a7c15ULL;
        std::vector<std::uint64_t> m_bits;
    };
    struct Generation
    {
        explicit Generation(std::uint64_t bytesMax)
            : positions(bytesMax)
        {}

        LoggedChanges changes;
        Positions positions; ///< of all changes of records in its entries
        std::uint64_t lastEntry = 0;
        PersistSequence upTo = 0;
        std::uint64_t bytes = 0; ///< of its entries, which may hold no changes
    };
    /// Steps taken.
    struct Progress
    {
        std::size_t records = 0;
        std::map<HintKey, HintChange>::const_iterator nextHint;
        std::uint64_t entriesGone = 0; ///< the id up to which they are
    };

    const std::uint64_t m_bytesLeast;
    const std::uint64_t m_bytesMost;
    std::uint64_t m_bytesMax; ///< of a generation now
    Generation m_active;
    Generation m_frozen;
    bool m_folding = false;
    Progress m_confirmed; ///< in the frozen generation
    Progress m_reached;   ///< with the open transaction
};

} // namespace quoit
