// console/desktop/alert_notifier.h - tells of new alerts in the desktop's tray, where there is one.
#pragma once

#include "console/desktop/workspace.h"

#include <QObject>

class QSystemTrayIcon;

namespace quoit {

class AlertNotifier : public QObject
{
    Q_OBJECT

public:
    /// @param workspace must outlive this
    explicit AlertNotifier(Workspace& workspace, QObject* parent = nullptr);

    /// There is a tray; without one nothing is shown.
    bool isAvailable() const { return m_tray != nullptr; }

Q_SIGNALS:
    /// The notification was clicked, or the icon in the tray.
    void opened();

private:
    void refresh();

    Workspace& m_workspace;
    QSystemTrayIcon* m_tray = nullptr; ///< nullptr: there is no tray
};

} // namespace quoit
