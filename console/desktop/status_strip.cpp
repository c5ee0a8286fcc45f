#include "console/desktop/status_strip.h"

#include "console/desktop/change_models.h"
#include "console/desktop/drawing.h"

#include <QFontMetricsF>
#include <QMouseEvent>

namespace quoit {

namespace {

constexpr int narrowBelow = 860;

/// As wide as the text can become while it has as many digits: those of the font are of several widths, and what stands beside
/// a figure would jump with each report. Figures have three digits, but for small counts.
QString steadyText(const QString& text)
{
    QString steady;
    for (const QChar each : text)
        steady += each.isDigit() ? QLatin1Char('0') : each;
    const auto missing = 3 - steady.count(QLatin1Char('0'));
    return steady.contains(QLatin1String("/s")) && missing > 0 ? steady + QString(missing, QLatin1Char('0')) : steady;
}

} // namespace

StatusStrip::StatusStrip(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setAccessibleName(tr("Status"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setMouseTracking(true);
    const auto refresh = [this] {
        QStringList parts{connectionText(), changeText(), alertText()};
        parts.removeAll(QString());
        setAccessibleDescription(parts.join(QStringLiteral("; ")));
        update();
    };
    connect(&workspace.alerts(), &AlertBook::changed, this, refresh);
    connect(&workspace.changes(), &ChangeDesk::changed, this, refresh);
    connect(&workspace.monitor(), &ClusterMonitor::snapshotChanged, this, refresh);
    connect(&workspace.monitor(), &ClusterMonitor::stateChanged, this, refresh);
    connect(&workspace, &Workspace::themeChanged, this, refresh);
}

QString StatusStrip::connectionText() const
{
    ClusterMonitor& monitor = m_workspace.monitor();
    const QString age = durationText(monitor.age().count());
    switch (monitor.state()) {
    case PictureState::Disconnected:
        return tr("Not connected");
    case PictureState::Connecting:
        return monitor.trouble().isEmpty() ? tr("Connecting…") : tr("Connecting… %1").arg(monitor.trouble());
    case PictureState::Live:
        return tr("Live from %1").arg(monitor.address());
    case PictureState::Stale:
        return monitor.address().isEmpty() ? tr("Reconnecting, data is %1 old").arg(age)
                                           : tr("No report for %1 from %2").arg(age, monitor.address());
    case PictureState::Lost:
        break;
    }
    return tr("Connection lost %1 ago, still trying").arg(age);
}

QString StatusStrip::alertText() const
{
    const int count = m_workspace.alerts().shownCount();
    return count == 0 ? QString() : count == 1 ? tr("1 alert") : tr("%1 alerts").arg(count);
}

QString StatusStrip::changeText() const
{
    return changeProgressText(m_workspace.live().map, m_workspace.changes().changes());
}

void StatusStrip::mousePressEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton && m_alertsBox.contains(event->position()))
        Q_EMIT alertsWanted();
    else if (event->button() == Qt::LeftButton && m_changeBox.contains(event->position()))
        Q_EMIT changeWanted();
}

void StatusStrip::mouseMoveEvent(QMouseEvent* event)
{
    const bool isLink = m_alertsBox.contains(event->position()) || m_changeBox.contains(event->position());
    setCursor(isLink ? Qt::PointingHandCursor : Qt::ArrowCursor);
}

void StatusStrip::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    painter.fillRect(rect(), theme.surface);
    painter.fillRect(QRectF(0, 0, width(), 1), theme.border);
    const PictureState state = m_workspace.monitor().state();
    const NodeState mark = state == PictureState::Live    ? NodeState::Up
                           : state == PictureState::Stale ? NodeState::Suspect
                           : state == PictureState::Lost  ? NodeState::Down
                                                          : NodeState::Unknown;
    const double middle = height() / 2.0;
    const bool isNarrow = width() < narrowBelow; // the connection needs room too
    const QFont font = fontOf(theme, 12);
    const ClusterSnapshot& snapshot = m_workspace.live();
    const ClusterTotals& totals = snapshot.totals;
    // From the right; the connection gets what is left.
    double x = width() - 16;
    const auto part = [&](const QString& text) {
        const double wide = QFontMetricsF(font).horizontalAdvance(steadyText(text));
        x -= wide;
        drawText(painter, QRectF(x, 0, wide + 1, height()), Qt::AlignLeft | Qt::AlignVCenter, text, font,
                 state == PictureState::Live ? theme.mutedText : theme.disabledText);
        x -= 18;
    };
    if (snapshot.map) {
        part(tr("p99 %1").arg(numberText(totals.p99Us, Unit::Microseconds)));
        const QString operations = numberText(totals.operationsPerSecond, Unit::PerSecond);
        part(isNarrow ? operations : tr("%1 operations").arg(operations));
        for (const auto& [nodeState, count] :
             {std::pair{NodeState::Down, totals.nodesDown}, std::pair{NodeState::Suspect, totals.nodesSuspect},
              std::pair{NodeState::Up, totals.nodesUp}}) {
            part(tr("%1 %2").arg(count).arg(stateWord(nodeState).toLower()));
            painter.setOpacity(count == 0 ? 0.35 : 1); // none is no reason for a red mark
            paintStateMark(painter, QRectF(x + 4, middle - 4, 8, 8), nodeState, theme);
            painter.setOpacity(1);
            x -= 14;
        }
        if (!isNarrow)
            part(tr("epoch %1").arg(snapshot.map->epoch()));
    }
    m_alertsBox = {};
    if (const QString alerts = alertText(); !alerts.isEmpty()) {
        const double right = x + 8;
        part(alerts);
        paintStateMark(painter, QRectF(x + 4, middle - 4, 8, 8),
                       m_workspace.alerts().worstLevel() == AlertLevel::Critical ? StateMark::Down : StateMark::Suspect,
                       theme);
        m_alertsBox = QRectF(x - 4, 0, right - x, height());
        x -= 14;
    }
    m_changeBox = {};
    if (const QString change = isNarrow && !changeText().isEmpty() ? tr("Change") : changeText(); !change.isEmpty()) {
        const double right = x + 8;
        part(change);
        paintStateMark(painter, QRectF(x + 4, middle - 4, 8, 8), StateMark::Joining, theme);
        m_changeBox = QRectF(x - 4, 0, right - x, height());
        x -= 14;
    }
    paintStateMark(painter, QRectF(16, middle - 4, 8, 8), mark, theme);
    drawText(painter, QRectF(32, 0, std::max(40.0, x - 32), height()), Qt::AlignLeft | Qt::AlignVCenter,
             connectionText(), font, theme.mutedText);
}

StaleVeil::StaleVeil(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setAttribute(Qt::WA_TransparentForMouseEvents);
    setAttribute(Qt::WA_NoSystemBackground);
    setFocusPolicy(Qt::NoFocus);
    hide();
}

QString StaleVeil::text() const
{
    ClusterMonitor& monitor = m_workspace.monitor();
    const QString age = durationText(monitor.age().count());
    switch (monitor.state()) {
    case PictureState::Stale:
        return tr("This is how it was %1 ago. Reconnecting…").arg(age);
    case PictureState::Lost:
        return tr("This is how it was %1 ago. No node answers; still trying.").arg(age);
    default:
        return {};
    }
}

void StaleVeil::refresh()
{
    const PictureState state = m_workspace.monitor().state();
    setVisible(m_workspace.isLive() && (state == PictureState::Stale || state == PictureState::Lost)); // the past isn't old
    if (!isVisible())
        return;
    raise();
    setAccessibleName(text());
    update();
}

void StaleVeil::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    QColor veil = theme.background;
    veil.setAlphaF(0.55f);
    painter.fillRect(rect(), veil);
    const QFont font = fontOf(theme, 13, QFont::Medium);
    const double textWidth = std::min(QFontMetricsF(font).horizontalAdvance(text()), width() - 110.0);
    const QRectF pill((width() - textWidth - 60) / 2, height() - 62, textWidth + 60, 38);
    painter.setPen(QPen(theme.border, 1));
    painter.setBrush(theme.surfaceRaised);
    painter.drawRoundedRect(pill, 19, 19);
    const PictureState state = m_workspace.monitor().state();
    paintStateMark(painter, QRectF(pill.left() + 18, pill.center().y() - 5, 10, 10),
                   state == PictureState::Stale ? NodeState::Suspect : NodeState::Down,
                   theme);
    drawText(painter, QRectF(pill.left() + 38, pill.top(), textWidth + 2, pill.height()),
             Qt::AlignLeft | Qt::AlignVCenter, text(), font, theme.text);
}

} // namespace quoit
