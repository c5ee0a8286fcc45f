// console/desktop/sheet.h - a question over the window: a title that is never cut, what it is about, and buttons.
// Escape is Cancel, and so is Enter unless a button says otherwise.
#pragma once

#include <QDialog>
#include <QHBoxLayout>
#include <QPushButton>
#include <QVBoxLayout>

#include <functional>

namespace quoit {

/// Deletes itself once it is closed. Show it with open().
class Sheet : public QDialog
{
    Q_OBJECT

public:
    enum class Button {
        Primary, ///< what Enter does
        Plain,
        Danger, ///< something is lost by it
    };

    Sheet(const QString& title, const QString& text, QWidget* parent);

    /// Something to read or fill in, between text and buttons; the sheet owns it.
    void addWidget(QWidget* widget) { m_body->addWidget(widget); }
    /// @param run called once the sheet has closed by this button
    QPushButton* addButton(const QString& text, Button button, std::function<void()> run);
    /// The button that leaves all as it is, where "Cancel" could be taken for what the sheet asks about.
    void setLeaveText(const QString& text);
    QString text() const { return m_text; }

private:
    const QString m_text;
    QVBoxLayout* m_body;
    QHBoxLayout* m_buttons;
    QPushButton* m_leave; ///< "Close" of a sheet that only tells something, else "Cancel", or what was said
    bool m_isLeaveNamed = false;
};

} // namespace quoit
