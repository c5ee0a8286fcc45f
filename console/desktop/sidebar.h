// console/desktop/sidebar.h - the pages, the theme and the palette at the left edge; only icons where there is little
// room.
#pragma once

#include "console/desktop/page.h"

#include <QAbstractButton>
#include <QVBoxLayout>
#include <QWidget>

#include <vector>

namespace quoit {

/// An icon and a word; checked where it is the current page.
class SidebarButton : public QAbstractButton
{
    Q_OBJECT

public:
    SidebarButton(Workspace& workspace, const QString& text, const QString& iconName, QWidget* parent = nullptr);

    void setIconName(const QString& name);
    void setHint(const QString& hint);
    /// A number in a round field, where there is something to look at. @param count 0: none
    void setBadge(int count, StateMark mark);
    QSize sizeHint() const override { return {160, 36}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void drawBadge(QPainter& painter) const;
    bool event(QEvent* event) override;

private:
    Workspace& m_workspace;
    QString m_iconName;
    QString m_hint; // a shortcut, at the right
    int m_badge = 0;
    StateMark m_badgeMark = StateMark::Suspect;
};

class Sidebar : public QWidget
{
    Q_OBJECT

public:
    explicit Sidebar(Workspace& workspace, QWidget* parent = nullptr);

    void addPage(const Page& page);
    void setCurrent(int index);
    /// See SidebarButton.
    void setBadge(int index, int count, StateMark mark);
    void setNarrow(bool isNarrow);
    /// Pages can be gone to.
    void setPagesEnabled(bool isEnabled);

Q_SIGNALS:
    void pageChosen(int index);
    void paletteWanted();
    void disconnectWanted();

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    void showThemeChoice();

    Workspace& m_workspace;
    QVBoxLayout* m_column;
    std::vector<SidebarButton*> m_pages;
    SidebarButton* m_search;
    SidebarButton* m_theme;
    SidebarButton* m_leave;
    bool m_isNarrow = false;
};

} // namespace quoit
