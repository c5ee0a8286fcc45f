// console/cluster/line_history.h - lines that were typed before, and the way back to them. Pure.
#pragma once

#include <QString>
#include <QStringList>

namespace quoit {

class LineHistory
{
public:
    static constexpr int linesMax = 500;
    static constexpr int lineCharactersMax = 4096; ///< longer ones aren't kept

    /// @param lines oldest first, as lines() gave them
    explicit LineHistory(const QStringList& lines = {});

    const QStringList& lines() const { return m_lines; } ///< [≤ linesMax] oldest first
    /// Also goes back to the end. Repeating the last line adds nothing.
    void add(const QString& line);

    /// @param current what stands in the field: kept while one goes back, and found again behind the newest
    /// @return the line before; current if there is none
    QString older(const QString& current);
    QString newer(const QString& current);

private:
    QStringList m_lines;
    qsizetype m_place; ///< of what is shown; lines().size(): the draft
    QString m_draft;
};

} // namespace quoit
