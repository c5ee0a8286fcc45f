#include "node/server/slow_log.h"

#include <utility>

namespace quoit {

void SlowLog::setLimits(const SlowLogLimits& limits)
{
    m_limits = limits;
    while (m_entries.size() > m_limits.entriesMax)
        m_entries.pop_front();
}

void SlowLog::note(Entry entry)
{
    entry.id = m_nextId++;
    if (m_limits.entriesMax == 0)
        return;
    if (m_entries.size() == m_limits.entriesMax)
        m_entries.pop_front();
    m_entries.push_back(std::move(entry));
}

} // namespace quoit
