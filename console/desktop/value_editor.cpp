#include "console/desktop/value_editor.h"

#include <QKeyEvent>
#include <QMimeData>
#include <QTextDocument>

#include <memory>

namespace quoit {

namespace {

/// A document separates its lines by U+2029, and by nothing else.
QString withLineEnds(QString raw)
{
    return raw.replace(QChar::ParagraphSeparator, QLatin1Char('\n'));
}

} // namespace

ValueEditor::ValueEditor(QWidget* parent)
    : QPlainTextEdit(parent)
{
    setTabChangesFocus(true);
    setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
}

QString ValueEditor::exactText() const
{
    return withLineEnds(document()->toRawText());
}

void ValueEditor::keyPressEvent(QKeyEvent* event)
{
    if (event->matches(QKeySequence::InsertLineSeparator)) {
        QKeyEvent enter(event->type(), Qt::Key_Return, Qt::NoModifier, QStringLiteral("\r"));
        return QPlainTextEdit::keyPressEvent(&enter);
    }
    QPlainTextEdit::keyPressEvent(event);
}

QMimeData* ValueEditor::createMimeDataFromSelection() const
{
    auto data = std::make_unique<QMimeData>();
    data->setText(withLineEnds(textCursor().selectedText()));
    return data.release();
}

} // namespace quoit
