#include "console/desktop/alert_notifier.h"

#include "console/desktop/alert_text.h"
#include "console/desktop/drawing.h"

#include <QSystemTrayIcon>

namespace quoit {

AlertNotifier::AlertNotifier(Workspace& workspace, QObject* parent)
    : QObject(parent)
    , m_workspace(workspace)
{
    if (!QSystemTrayIcon::isSystemTrayAvailable())
        return;
    m_tray = new QSystemTrayIcon(this);
    connect(&workspace.alerts(), &AlertBook::changed, this, &AlertNotifier::refresh);
    connect(&workspace, &Workspace::themeChanged, this, &AlertNotifier::refresh);
    connect(&workspace.alerts(), &AlertBook::raised, this, [this](const std::vector<Alert>& raised) {
        if (!QSystemTrayIcon::supportsMessages())
            return;
        const NotificationText words = notificationText(raised);
        const bool isCritical = m_workspace.alerts().worstLevel() == AlertLevel::Critical;
        m_tray->showMessage(words.title, words.text, isCritical ? QSystemTrayIcon::Critical : QSystemTrayIcon::Warning);
    });
    connect(m_tray, &QSystemTrayIcon::messageClicked, this, &AlertNotifier::opened);
    connect(m_tray, &QSystemTrayIcon::activated, this, &AlertNotifier::opened);
    refresh();
    m_tray->show();
}

/// The mark, with a state mark at its corner while there are alerts.
void AlertNotifier::refresh()
{
    const AlertBook& book = m_workspace.alerts();
    const Theme& theme = m_workspace.theme();
    constexpr int edge = 64;
    QPixmap pixmap = iconPixmap(QStringLiteral("quoit"), theme.text, edge, 1);
    if (book.shownCount() > 0) {
        QPainter painter(&pixmap);
        painter.setRenderHint(QPainter::Antialiasing);
        const QRectF corner(edge / 2.0, edge / 2.0, edge / 2.0, edge / 2.0);
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.surface);
        painter.drawEllipse(corner);
        paintStateMark(painter, corner.adjusted(3, 3, -3, -3),
                       book.worstLevel() == AlertLevel::Critical ? StateMark::Down : StateMark::Suspect, theme);
    }
    m_tray->setIcon(QIcon(pixmap));
    m_tray->setToolTip(book.shownCount() == 0 ? tr("Quoit: no alerts") : tr("Quoit: %1 alerts").arg(book.shownCount()));
}

} // namespace quoit
