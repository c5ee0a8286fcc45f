#include "console/desktop/page.h"

#include <QShowEvent>

namespace quoit {

Notice::Notice(QWidget* parent)
    : QLabel(parent)
{
    setWordWrap(true);
    setTextInteractionFlags(Qt::TextSelectableByMouse);
    hide();
}

void Notice::say(const QString& text)
{
    if (text != this->text())
        setText(text);
    setVisible(!text.isEmpty());
}

Page::Page(Workspace& workspace, const QString& title, const QString& iconName, Time time, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_title(title)
    , m_iconName(iconName)
    , m_time(time)
{
    setAccessibleName(title);
    if (time == Time::Present)
        connect(&workspace.monitor(), &ClusterMonitor::snapshotChanged, this, &Page::refreshSoon);
    else
        connect(&workspace, &Workspace::pictureChanged, this, &Page::refreshSoon);
    connect(&workspace, &Workspace::selectedNodeChanged, this, &Page::refreshSoon);
    connect(&workspace, &Workspace::localChanged, this, &Page::refreshSoon);
    connect(&workspace, &Workspace::themeChanged, this, [this] {
        restyle();
        refreshSoon();
    });
}

void Page::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    if (!m_isDirty)
        return;
    m_isDirty = false;
    refresh();
}

void Page::refreshSoon()
{
    if (isVisible())
        refresh();
    else
        m_isDirty = true;
}

} // namespace quoit
