#include "console/cluster/line_history.h"

#include <algorithm>

namespace quoit {

LineHistory::LineHistory(const QStringList& lines)
    : m_lines(lines.mid(std::max<qsizetype>(0, lines.size() - linesMax)))
    , m_place(m_lines.size())
{}

void LineHistory::add(const QString& line)
{
    const bool isRepeated = !m_lines.isEmpty() && m_lines.last() == line;
    if (!line.isEmpty() && line.size() <= lineCharactersMax && !isRepeated) {
        m_lines << line;
        if (m_lines.size() > linesMax)
            m_lines.removeFirst();
    }
    m_place = m_lines.size();
    m_draft.clear();
}

QString LineHistory::older(const QString& current)
{
    if (m_place == 0)
        return current;
    if (m_place == m_lines.size())
        m_draft = current;
    return m_lines[--m_place];
}

QString LineHistory::newer(const QString& current)
{
    if (m_place == m_lines.size())
        return current;
    return ++m_place == m_lines.size() ? m_draft : m_lines[m_place];
}

} // namespace quoit
