// console/desktop/terminal_line.h - the field that commands are typed into: earlier lines with Up and Down, names with Tab.
#pragma once

#include "console/cluster/command_book.h"
#include "console/cluster/line_history.h"

#include <QLineEdit>

namespace quoit {

class TerminalLine : public QLineEdit
{
    Q_OBJECT

public:
    /// @param book must outlive the field
    explicit TerminalLine(const CommandBook& book, QWidget* parent = nullptr);

    LineHistory& history() { return m_history; }
    void setHistory(const QStringList& lines) { m_history = LineHistory(lines); }
    /// The first word, as far as it is typed.
    QString commandName() const;
    /// The first word ends where the cursor is.
    bool isInName() const;
    /// For typing that began elsewhere.
    void takeKey(QKeyEvent* event) { keyPressEvent(event); }

protected:
    bool event(QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    /// @return false if there is nothing to complete: Tab goes on to the next field then
    bool complete();

    const CommandBook& m_book;
    LineHistory m_history;
    QString m_typed; ///< what Tab goes through the names of; empty: nothing yet
    QString m_offered;
};

} // namespace quoit
