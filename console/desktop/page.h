// console/desktop/page.h - one page of the window. It looks at the cluster only while it is seen.
#pragma once

#include "console/desktop/workspace.h"

#include <QLabel>
#include <QWidget>

namespace quoit {

/// A line that takes room only while it says something.
class Notice : public QLabel
{
public:
    explicit Notice(QWidget* parent = nullptr);
    void say(const QString& text);
};

class Page : public QWidget
{
    Q_OBJECT

public:
    /// Which time a page is about.
    enum class Time {
        Shown,   ///< the moment that the window shows
        Present, ///< always now: of keys and commands there is no past
    };

    /// @param workspace must outlive the page
    Page(Workspace& workspace, const QString& title, const QString& iconName, Time time = Time::Shown, QWidget* parent = nullptr);

    const QString& title() const { return m_title; }
    const QString& iconName() const { return m_iconName; }
    Time time() const { return m_time; }
    /// Where typing is to go when the page is shown; nullptr: nowhere in particular.
    virtual QWidget* firstField() { return nullptr; }
    /// Width in pixels that its columns need beside each other.
    virtual int narrowBelow() const { return 760; }
    /// Columns become rows where there isn't room for both: a small window, or large scaling.
    virtual void arrange(bool isNarrow) { Q_UNUSED(isNarrow) }
    /// Height in pixels below which it had better be dense than scroll.
    virtual int shortBelow() const { return 0; }
    /// Called before arrange().
    virtual void setShort(bool isShort) { Q_UNUSED(isShort) }

protected:
    /// Shows what the workspace says now. Called only while the page is visible.
    virtual void refresh() = 0;
    /// The theme has changed; refresh() follows.
    virtual void restyle() {}

    void showEvent(QShowEvent* event) override;
    void refreshSoon();

    Workspace& m_workspace;

private:
    const QString m_title;
    const QString m_iconName;
    const Time m_time;
    bool m_isDirty = true;
};

} // namespace quoit
