#include "node/store/logged_changes.h"

#include <algorithm>
#include <utility>

namespace quoit {

namespace {

constexpr std::size_t unsealedMin = 256 * 1024; // sorting so many takes about 30 ms

/// Below zero if a comes before b in the tables.
int order(const LoggedChanges::RecordWrite& a, const LoggedChanges::RecordWrite& b)
{
    if (a.position != b.position)
        return a.position < b.position ? -1 : 1;
    return a.record->key.compare(b.record->key);
}

} // namespace

void LoggedChanges::add(Position position, RecordPtr record)
{
    m_records.push_back({position, std::move(record), m_nextOrder++});
}

void LoggedChanges::remove(Removal removal)
{
    Record marker;
    marker.key = removal.key;
    marker.version = removal.version;
    m_records.push_back({removal.position, makeRecord(marker), m_nextOrder++, true});
}

void LoggedChanges::absorb(LoggedChanges& later)
{
    for (RecordWrite& write : later.m_records) {
        if (write.direct)
            continue;
        m_records.push_back({write.position, std::move(write.record), m_nextOrder++, write.removes});
    }
    m_hints.absorb(std::move(later.m_hints));
    later.clear();
    if (m_records.size() - m_sealed >= std::max(unsealedMin, m_sealed / 8))
        seal();
}

void LoggedChanges::seal()
{
    const auto unsealed = m_records.begin() + static_cast<std::ptrdiff_t>(m_sealed);
    std::sort(unsealed, m_records.end(), [](const RecordWrite& a, const RecordWrite& b) {
        const int compared = order(a, b);
        return compared != 0 ? compared < 0 : a.order < b.order;
    });
    // Of two of one key the one that was sealed before stays in front.
    std::inplace_merge(m_records.begin(), unsealed, m_records.end(), [](const RecordWrite& a, const RecordWrite& b) { return order(a, b) < 0; });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < m_records.size(); ++i) {
        RecordWrite& write = m_records[i];
        const bool again = kept > 0 && m_records[kept - 1].position == write.position &&
                           m_records[kept - 1].record->key == write.record->key;
        if (again && write.removes && m_records[kept - 1].record->version > write.record->version)
            continue;
        if (!again)
            ++kept;
        if (kept - 1 != i)
            m_records[kept - 1] = std::move(write);
    }
    m_records.erase(m_records.begin() + static_cast<std::ptrdiff_t>(kept), m_records.end());
    m_sealed = m_records.size();
}

void LoggedChanges::clear()
{
    m_records.clear();
    m_sealed = 0;
    m_hints.clear();
    m_nextOrder = 0;
}

} // namespace quoit
