// node/store/logged_changes.h - records, their removals and hints that become durable through the log, before they reach
// their tables.
// Pure. Holds one transaction's changes, or those of many transactions waiting to be folded.
#pragma once

#include "node/core/persistence.h"
#include "node/store/hint_changes.h"

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace quoit {

/// Add, then seal, then look; more may be added and sealed after that. Many transactions' changes are sorted a part at a time, so that
/// sealing them takes no longer than a commit may, and what is superseded doesn't wait for that.
class LoggedChanges
{
public:
    struct RecordWrite
    {
        Position position;
        RecordPtr record;    ///< for a removal: one that only says key and version
        std::uint32_t order; ///< of two of one key the higher one counts
        bool removes = false; ///< what the table has of the key goes, unless it is newer than the record
        bool direct = false;  ///< is written to its table with the commit, and isn't in the log
    };

    void add(Position position, RecordPtr record);
    /// A removal counts unless something newer was added before it.
    void remove(Removal removal);
    HintChanges& hints() { return m_hints; }
    /// Once sealed: whether each write goes to its table at once.
    template <typename Predicate>
    void setDirect(Predicate goesDirectly)
    {
        for (RecordWrite& write : m_records)
            write.direct = goesDirectly(std::as_const(write));
    }
    /// Changes that come after all of these, without those that went to their table at once. Leaves the other one empty, with its memory.
    void absorb(LoggedChanges& later);
    /// Sorts by (position, key) and drops what is superseded.
    void seal();
    void clear();

    std::span<const RecordWrite> records() const { return m_records; }
    const HintChanges& hints() const { return m_hints; }
    bool empty() const { return m_records.empty() && m_hints.empty(); }

private:
    std::vector<RecordWrite> m_records;
    std::size_t m_sealed = 0; ///< so many of them, from the first on, are sorted, and each has a key of its own
    std::uint32_t m_nextOrder = 0;
    HintChanges m_hints;
};

} // namespace quoit
