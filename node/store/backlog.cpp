#include "node/store/backlog.h"

#include "node/store/store_schema.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

namespace quoit {

namespace {
/// Removing an entry frees its pages, about a quarter of what a record costs for each; so they go a few at a time, too.
constexpr std::uint64_t entriesPerStep = 2;
constexpr std::uint64_t stepsMin = 32;
} // namespace

void Backlog::append(LoggedChanges& changes, PersistSequence upTo, std::uint64_t entryBytes)
{
    for (const LoggedChanges::RecordWrite& write : changes.records()) {
        if (!write.direct)
            m_active.positions.add(write.position);
    }
    m_active.changes.absorb(changes);
    ++m_active.lastEntry;
    m_active.upTo = upTo;
    m_active.bytes += entryBytes;
    if (m_active.bytes >= m_bytesMax)
        freeze();
}

bool Backlog::freeze()
{
    if (m_folding || m_active.bytes == 0)
        return false;
    std::swap(m_frozen, m_active);
    m_active.changes.clear();
    m_active.positions.clear();
    m_active.lastEntry = m_frozen.lastEntry;
    m_active.upTo = m_frozen.upTo;
    m_active.bytes = 0;
    m_frozen.changes.seal();
    m_confirmed.records = 0;
    m_confirmed.nextHint = std::as_const(m_frozen.changes).hints().all().begin();
    m_reached = m_confirmed;
    m_folding = true;
    return true;
}

std::uint64_t Backlog::stepsFor(std::uint64_t records, std::uint64_t entryBytes) const
{
    // Half as fast again as the active generation fills up, whether it is counted in records or in bytes.
    const std::uint64_t total = m_frozen.changes.records().size() +
                                std::as_const(m_frozen.changes).hints().all().size() +
                                (m_frozen.lastEntry - m_confirmed.entriesGone) / entriesPerStep;
    const std::uint64_t byBytes = total * std::min(entryBytes, m_bytesMax) / m_bytesMax;
    return std::max(stepsMin, std::max(records, byBytes) * 3 / 2);
}

int Backlog::fold(StoreTables& tables, std::uint64_t steps)
{
    const auto records = m_frozen.changes.records();
    for (; steps > 0 && m_reached.records < records.size(); --steps, ++m_reached.records) {
        if (const int code = tables.applyWrite(records[m_reached.records]); code != SQLITE_DONE)
            return code;
    }
    const auto& hints = std::as_const(m_frozen.changes).hints().all();
    for (; steps > 0 && m_reached.nextHint != hints.end(); --steps, ++m_reached.nextHint) {
        if (const int code = tables.changeHint(m_reached.nextHint->first, m_reached.nextHint->second);
            code != SQLITE_DONE)
            return code;
    }
    if (steps == 0)
        return SQLITE_DONE;
    // Oldest first: what is left of the log after a crash is always its newest part, and may be replayed.
    m_reached.entriesGone = std::min(m_frozen.lastEntry, m_reached.entriesGone + steps * entriesPerStep);
    int code = tables.removeLogUpTo(m_reached.entriesGone);
    if (code == SQLITE_DONE && m_reached.entriesGone == m_frozen.lastEntry) // the log may be empty now
        code = tables.putMeta(metaName::progress, std::to_string(m_frozen.lastEntry));
    return code;
}

PersistSequence Backlog::confirm()
{
    m_confirmed = m_reached;
    if (m_confirmed.entriesGone < m_frozen.lastEntry)
        return 0;
    m_folding = false;
    const PersistSequence upTo = m_frozen.upTo;
    m_frozen.changes.clear();
    m_confirmed.records = 0;
    if (m_active.bytes >= m_bytesMax)
        freeze();
    return upTo;
}

} // namespace quoit
