#include "console/desktop/terminal_view.h"

#include <QKeyEvent>
#include <QScrollBar>
#include <QTextBlock>

namespace quoit {

TerminalView::TerminalView(const Theme& theme, QWidget* parent)
    : QPlainTextEdit(parent)
    , m_theme(theme)
{
    setReadOnly(true);
    setUndoRedoEnabled(false);
    setMaximumBlockCount(linesMax);
    setWordWrapMode(QTextOption::WrapAnywhere);
    setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    setAccessibleName(tr("Commands and replies"));
    restyle();
}

QTextCharFormat TerminalView::formatOf(TerminalLineKind kind) const
{
    QTextCharFormat format;
    format.setForeground(kind == TerminalLineKind::Error  ? m_theme.down
                         : kind == TerminalLineKind::Note ? m_theme.mutedText
                                                          : m_theme.text);
    if (kind == TerminalLineKind::Command)
        format.setFontWeight(QFont::Bold);
    return format;
}

void TerminalView::append(TerminalLineKind kind, const QString& text)
{
    // Whoever has scrolled up to read something isn't taken away from it.
    const bool wasAtEnd = isAtEnd();
    for (const QString& line : text.split(QLatin1Char('\n'))) {
        qsizetype begin = 0;
        do {
            appendLine(kind, line.mid(begin, lineCharactersMax));
            begin += lineCharactersMax;
        } while (begin < line.size());
    }
    if (wasAtEnd)
        goToEnd();
}

bool TerminalView::isAtEnd() const
{
    return verticalScrollBar()->value() >= verticalScrollBar()->maximum() - 1;
}

void TerminalView::goToEnd()
{
    verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

void TerminalView::resizeEvent(QResizeEvent* event)
{
    const bool wasAtEnd = isAtEnd();
    QPlainTextEdit::resizeEvent(event);
    if (wasAtEnd)
        goToEnd();
}

void TerminalView::appendLine(TerminalLineKind kind, const QString& line)
{
    QTextCursor cursor(document());
    cursor.movePosition(QTextCursor::End);
    if (!document()->isEmpty())
        cursor.insertBlock();
    cursor.block().setUserState(int(kind));
    cursor.insertText(line, formatOf(kind));
}

void TerminalView::restyle()
{
    setFont(m_theme.mono);
    for (QTextBlock block = document()->begin(); block.isValid(); block = block.next()) {
        if (block.userState() < 0)
            continue;
        QTextCursor cursor(block);
        cursor.movePosition(QTextCursor::EndOfBlock, QTextCursor::KeepAnchor);
        cursor.setCharFormat(formatOf(TerminalLineKind(block.userState())));
    }
}

void TerminalView::keyPressEvent(QKeyEvent* event)
{
    const bool isText = !event->text().isEmpty() && event->text().front().isPrint() &&
                        !(event->modifiers() & (Qt::ControlModifier | Qt::AltModifier | Qt::MetaModifier));
    if (isText)
        return Q_EMIT typed(event);
    QPlainTextEdit::keyPressEvent(event);
}

} // namespace quoit
