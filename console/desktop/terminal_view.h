// console/desktop/terminal_view.h - what was asked and answered, in lines of one width: bounded, and coloured by kind.
#pragma once

#include "console/desktop/theme.h"

#include <QPlainTextEdit>

namespace quoit {

/// How a line is meant; errors say so in words as well.
enum class TerminalLineKind { Command, Reply, Error, Note };

class TerminalView : public QPlainTextEdit
{
    Q_OBJECT

public:
    static constexpr int linesMax = 5000; ///< the oldest go
    /// A text field takes seconds for one very long line: they are broken here.
    static constexpr qsizetype lineCharactersMax = 1000;

    /// @param theme must outlive the view; call restyle() when it has changed
    explicit TerminalView(const Theme& theme, QWidget* parent = nullptr);

    /// @param text one line or several, without a line end at the end
    void append(TerminalLineKind kind, const QString& text);
    void restyle();

protected:
    void resizeEvent(QResizeEvent* event) override;
    /// What is typed here belongs into the field below.
    void keyPressEvent(QKeyEvent* event) override;

Q_SIGNALS:
    void typed(QKeyEvent* event);

private:
    bool isAtEnd() const;
    void goToEnd();
    void appendLine(TerminalLineKind kind, const QString& line);
    QTextCharFormat formatOf(TerminalLineKind kind) const;

    const Theme& m_theme;
};

} // namespace quoit
