#include "node/store/logged_changes.h"

#include <algorithm>
#include <utility>

namespace quoit {

void LoggedChanges::add(Position position, RecordPtr record)
{
    m_records.push_back({position, std::move(record), m_nextOrder++});
}

void LoggedChanges::absorb(LoggedChanges& later)
{
    for (RecordWrite& write : later.m_records)
        add(write.position, std::move(write.record));
    m_hints.absorb(std::move(later.m_hints));
    later.clear();
}

void LoggedChanges::seal()
{
    std::sort(m_records.begin(), m_records.end(), [](const RecordWrite& a, const RecordWrite& b) {
        if (a.position != b.position)
            return a.position < b.position;
        const int order = a.record->key.compare(b.record->key);
        return order != 0 ? order < 0 : a.order > b.order;
    });
    const auto end = std::unique(m_records.begin(), m_records.end(), [](const RecordWrite& a, const RecordWrite& b) {
        return a.position == b.position && a.record->key == b.record->key;
    });
    m_records.erase(end, m_records.end());
}

void LoggedChanges::clear()
{
    m_records.clear();
    m_hints.clear();
    m_nextOrder = 0;
}

} // namespace quoit
