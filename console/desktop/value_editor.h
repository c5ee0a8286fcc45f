// console/desktop/value_editor.h - a text field that gives back, character for character, what was typed into it.
// QPlainTextEdit::toPlainText() makes spaces of no-break spaces and line ends of U+2028, which would change values.
#pragma once

#include <QPlainTextEdit>

namespace quoit {

class ValueEditor : public QPlainTextEdit
{
    Q_OBJECT

public:
    explicit ValueEditor(QWidget* parent = nullptr);

    /// What stands in it; lines end with \n.
    QString exactText() const;

protected:
    /// Shift+Enter would put in U+2028; it ends a line as Enter does.
    void keyPressEvent(QKeyEvent* event) override;
    QMimeData* createMimeDataFromSelection() const override;
};

} // namespace quoit
