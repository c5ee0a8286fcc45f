// console/desktop/undo_bar.h - a line at the foot of the window that offers the way back from what was just changed,
// whatever page or key is looked at meanwhile.
#pragma once

#include "console/desktop/workspace.h"

#include <QLabel>
#include <QPushButton>
#include <QTimer>
#include <QWidget>

namespace quoit {

class UndoBar : public QWidget
{
    Q_OBJECT

public:
    static constexpr int shownMs = 10'000;

    /// @param workspace must outlive the bar
    explicit UndoBar(Workspace& workspace, QWidget* parent = nullptr);

    QString text() const { return m_text->text(); }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void say(const QString& text, bool canUndo);

    Workspace& m_workspace;
    QLabel* m_text;
    QPushButton* m_undo;
    QTimer m_hide;
};

} // namespace quoit
