// console/desktop/screenshots.h - a picture of every page, in light and in dark; for the documentation and for checks.
#pragma once

#include "console/desktop/main_window.h"

#include <QObject>
#include <QTimer>

#include <functional>

namespace quoit {

/// The start page first, as it is without a cluster; then waits until there is something to see of one, and takes the
/// pages: start-light.png, overview-light.png …
class Screenshots : public QObject
{
    Q_OBJECT

public:
    /// @param window and workspace must outlive this
    Screenshots(Workspace& workspace, MainWindow& window, const QString& folder, QObject* parent = nullptr);

    /// @param connect called once the start page has its pictures. @return of it: false if that can't be done
    void start(std::function<bool()> connect);

Q_SIGNALS:
    /// @param failure for people; empty: all pictures were taken
    void finished(const QString& failure);

private:
    void takeStart(ThemeChoice choice);
    void waitForLife();
    void prepare();
    void takeAll();
    bool take(const QString& name);

    Workspace& m_workspace;
    MainWindow& m_window;
    const QString m_folder;
    std::function<bool()> m_connect;
    QTimer m_poll;
    int m_polls = 0;
    int m_step = 0;
    bool m_isPrepared = false;
};

} // namespace quoit
