#include "console/desktop/terminal_line.h"

#include <QKeyEvent>

namespace quoit {

namespace {

QString commonBeginning(const QStringList& names)
{
    QString common = names.value(0);
    for (const QString& name : names)
        while (!name.startsWith(common))
            common.chop(1);
    return common;
}

} // namespace

TerminalLine::TerminalLine(const CommandBook& book, QWidget* parent)
    : QLineEdit(parent)
    , m_book(book)
{
    setMaxLength(1'000'000);
}

QString TerminalLine::commandName() const
{
    return text().trimmed().section(QLatin1Char(' '), 0, 0);
}

bool TerminalLine::isInName() const
{
    return !commandName().isEmpty() && text() == commandName() && cursorPosition() == text().size();
}

bool TerminalLine::event(QEvent* event)
{
    if (event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->key() == Qt::Key_Tab && key->modifiers() == Qt::NoModifier && complete()) {
            event->accept();
            return true;
        }
    }
    return QLineEdit::event(event);
}

bool TerminalLine::complete()
{
    const bool isNext = !m_offered.isEmpty() && text() == m_offered;
    if (!isNext) {
        if (!isInName())
            return false;
        m_typed = text();
    }
    const QStringList names = m_book.namesWith(m_typed);
    if (names.isEmpty())
        return false;
    const bool isLower = m_typed == m_typed.toLower() && m_typed != m_typed.toUpper();
    QString next = commonBeginning(names);
    if (names.size() == 1)
        next += QLatin1Char(' ');
    else if (isNext || next.size() == m_typed.size())
        next = names[(names.indexOf(text().toUpper()) + 1) % names.size()];
    if (isLower)
        next = next.toLower();
    if (next == text())
        return false; // nothing more is to be had here
    setText(next);
    m_offered = next;
    return true;
}

void TerminalLine::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Up)
        return setText(m_history.older(text()));
    if (event->key() == Qt::Key_Down)
        return setText(m_history.newer(text()));
    QLineEdit::keyPressEvent(event);
}

} // namespace quoit
