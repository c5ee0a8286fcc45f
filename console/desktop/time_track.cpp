#include "console/desktop/time_track.h"

#include "console/desktop/alert_text.h"
#include "console/desktop/cards.h"
#include "console/desktop/drawing.h"

#include <QAccessible>
#include <QAccessibleWidget>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QToolTip>

#include <array>
#include <cmath>

namespace quoit {

namespace {

constexpr double side = 12;          // left and right of the groove, for the thumb
constexpr double grooveHeight = 6;
constexpr double softMs = 45'000;    // time is drawn evenly up to about here, and ever coarser before
constexpr qint64 spanMinMs = 600'000;
constexpr double nowPixels = 5;      // so near the right end it is now
constexpr double snapPixels = 4;     // to a mark
constexpr qint64 secondMs = 1000;

struct Tick
{
    qint64 ms;
    const char* text;
};
constexpr std::array<Tick, 8> ticks = {{{60'000, "1 min"},
                                        {10 * 60'000, "10 min"},
                                        {3'600'000, "1 h"},
                                        {6 * 3'600'000, "6 h"},
                                        {24 * 3'600'000, "1 day"},
                                        {3 * 24 * 3'600'000LL, "3 days"},
                                        {7 * 24 * 3'600'000LL, "1 week"},
                                        {30 * 24 * 3'600'000LL, "30 days"}}};

/// Who takes over what from whom follows from the states, and would hide them.
bool isWorthAMark(const ClusterEvent& event)
{
    return event.kind != "takeover" && event.kind != "handover";
}

int weightOf(StateMark mark)
{
    switch (mark) {
    case StateMark::Down:
        return 4;
    case StateMark::Suspect:
        return 3;
    case StateMark::Joining:
        return 2;
    case StateMark::Up:
        return 1;
    case StateMark::Unknown:
        break;
    }
    return 0;
}

class AccessibleTrack : public QAccessibleWidget
{
public:
    explicit AccessibleTrack(TimeTrack* track)
        : QAccessibleWidget(track, QAccessible::Slider)
    {}

    QString text(QAccessible::Text kind) const override
    {
        const auto* track = qobject_cast<const TimeTrack*>(object());
        return track && kind == QAccessible::Value ? track->valueText() : QAccessibleWidget::text(kind);
    }
};

QAccessibleInterface* makeAccessible(const QString& className, QObject* object)
{
    auto* track = className == QLatin1String("quoit::TimeTrack") ? qobject_cast<TimeTrack*>(object) : nullptr;
    return track ? new AccessibleTrack(track) : nullptr;
}

} // namespace

void installTimeTrackAccessibility()
{
    QAccessible::installFactory(makeAccessible); // Qt keeps each function once
}

TimeTrack::TimeTrack(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    installTimeTrackAccessibility();
    setAccessibleName(tr("Time"));
    setToolTip({});
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&workspace.past(), &Past::moved, this, &TimeTrack::announce);
    connect(&workspace.past(), &Past::shown, this, qOverload<>(&QWidget::update));
    connect(&workspace.past(), &Past::timelineChanged, this, &TimeTrack::rebuildMarks);
    connect(&workspace.alerts(), &AlertBook::changed, this, &TimeTrack::rebuildMarks);
    connect(&workspace.monitor(), &ClusterMonitor::snapshotChanged, this, qOverload<>(&QWidget::update));
    connect(&workspace, &Workspace::themeChanged, this, qOverload<>(&QWidget::update));
    rebuildMarks();
}

void TimeTrack::rebuildMarks()
{
    m_marks.clear();
    // A report tells of an event within a second: the first moment that shows it is the next whole one.
    const auto toldMs = [](qint64 ms) { return (ms / secondMs + 1) * secondMs; };
    for (const ClusterEvent& event : m_workspace.past().timeline().events())
        if (isWorthAMark(event))
            m_marks.push_back({toldMs(event.timeMs), markOf(stateOfEvent(event)), false});
    const auto addAlerts = [&](const std::vector<Alert>& alerts) {
        for (const Alert& alert : alerts)
            m_marks.push_back({toldMs(alert.beganMs),
                               alert.level() == AlertLevel::Critical ? StateMark::Down : StateMark::Suspect, true});
    };
    addAlerts(m_workspace.alerts().active());
    addAlerts(m_workspace.alerts().ended());
    std::ranges::stable_sort(m_marks, {}, &TimeMark::ms);
    update();
}

std::optional<qint64> TimeTrack::markFrom(bool isForward) const
{
    const qint64 shown = m_workspace.shownMs();
    if (isForward) {
        const auto next = std::ranges::upper_bound(m_marks, shown, {}, &TimeMark::ms);
        return next == m_marks.end() || m_workspace.isLive() ? std::nullopt : std::optional(next->ms);
    }
    const auto here = std::ranges::lower_bound(m_marks, shown, {}, &TimeMark::ms);
    return here == m_marks.begin() || std::prev(here)->ms < m_workspace.history().oldestMs()
               ? std::nullopt
               : std::optional(std::prev(here)->ms);
}

QString TimeTrack::textAt(qint64 ms) const
{
    constexpr int linesMax = 4;
    QStringList lines;
    const auto add = [&](const QString& line) {
        if (lines.size() == linesMax)
            lines << tr("…");
        if (lines.size() < linesMax && !lines.contains(line))
            lines << line;
    };
    for (const ClusterEvent& event : m_workspace.past().timeline().eventsIn({ms - secondMs, ms - 1}))
        if (isWorthAMark(event))
            add(QString::fromStdString(event.text));
    const AlertBook& book = m_workspace.alerts();
    for (const auto& alerts : {book.active(), book.ended()})
        for (const Alert& alert : alerts)
            if (alert.beganMs >= ms - secondMs && alert.beganMs < ms)
                add(tr("Alert: %1").arg(alertText(alert)));
    return lines.join(QLatin1Char('\n'));
}

QString TimeTrack::valueText() const
{
    if (m_workspace.isLive())
        return tr("Live");
    const PastMomentPtr& moment = m_workspace.past().moment();
    QStringList parts{momentText(m_workspace.shownMs())};
    if (moment && !moment->isListened)
        parts << tr("nobody watched then");
    else if (moment && moment->stepSeconds > 1)
        parts << tr("highest figures of %1").arg(durationText(moment->stepSeconds * secondMs));
    return parts.join(QStringLiteral(" · "));
}

void TimeTrack::announce()
{
    update();
    QAccessibleEvent event(this, QAccessible::ValueChanged);
    QAccessible::updateAccessibility(&event);
}

qint64 TimeTrack::lastMs() const
{
    return m_workspace.history().lastMs();
}

qint64 TimeTrack::spanMs() const
{
    return std::max(spanMinMs, lastMs() - m_workspace.history().oldestMs());
}

QRectF TimeTrack::groove() const
{
    return {side, height() / 2.0 - 6, width() - 2 * side, grooveHeight};
}

double TimeTrack::xOf(qint64 ms) const
{
    const double age = std::clamp(double(lastMs() - ms), 0.0, double(spanMs()));
    return groove().right() - groove().width() * std::log1p(age / softMs) / std::log1p(double(spanMs()) / softMs);
}

qint64 TimeTrack::msAt(double x) const
{
    const double share = std::clamp((groove().right() - x) / groove().width(), 0.0, 1.0);
    return lastMs() - qint64(softMs * std::expm1(share * std::log1p(double(spanMs()) / softMs)));
}

/// A mark that is nearly under the mouse, else the time itself.
qint64 TimeTrack::msNear(double x) const
{
    const TimeMark* nearest = nullptr;
    for (auto mark = std::ranges::lower_bound(m_marks, msAt(x - snapPixels), {}, &TimeMark::ms);
         mark != m_marks.end() && mark->ms <= msAt(x + snapPixels); ++mark)
        if (!nearest || weightOf(mark->mark) > weightOf(nearest->mark) ||
            (mark->mark == nearest->mark && std::abs(xOf(mark->ms) - x) < std::abs(xOf(nearest->ms) - x)))
            nearest = &*mark;
    return nearest ? nearest->ms : msAt(x);
}

void TimeTrack::goTo(double x)
{
    if (x >= groove().right() - nowPixels)
        m_workspace.past().goLive();
    else
        m_workspace.past().go(m_isDragging ? msAt(x) : msNear(x));
}

/// @param seconds at least one step of what is kept
void TimeTrack::step(qint64 seconds)
{
    const PastMomentPtr& moment = m_workspace.past().moment();
    const qint64 fine = moment && moment->stepSeconds > 0 ? moment->stepSeconds : 1;
    m_workspace.past().go(m_workspace.shownMs() + seconds * fine * secondMs);
}

void TimeTrack::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton || lastMs() == 0)
        return;
    goTo(event->position().x());
    m_isDragging = true;
}

void TimeTrack::mouseMoveEvent(QMouseEvent* event)
{
    m_hoverX = event->position().x();
    if (m_isDragging)
        goTo(*m_hoverX);
    if (lastMs() > 0) {
        const qint64 ms = m_isDragging ? msAt(*m_hoverX) : msNear(*m_hoverX);
        const QString text = textAt(ms);
        const bool isKnown = m_workspace.past().timeline().isListenedAt(ms);
        QToolTip::showText(event->globalPosition().toPoint(),
                           momentText(ms) + (text.isEmpty() ? QString() : QLatin1Char('\n') + text) +
                               (isKnown ? QString() : QLatin1Char('\n') + tr("Nobody watched then")),
                           this);
    }
    update();
}

void TimeTrack::mouseReleaseEvent(QMouseEvent*)
{
    m_isDragging = false;
    update();
}

void TimeTrack::leaveEvent(QEvent*)
{
    m_hoverX.reset();
    update();
}

void TimeTrack::repaintFor(QFocusEvent* event)
{
    Q_UNUSED(event)
    update();
}

void TimeTrack::keyPressEvent(QKeyEvent* event)
{
    const bool isFar = event->modifiers() & (Qt::ShiftModifier | Qt::ControlModifier);
    constexpr int farSteps = 10;
    switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Down:
        return step(isFar ? -farSteps : -1);
    case Qt::Key_Right:
    case Qt::Key_Up:
        return step(isFar ? farSteps : 1);
    case Qt::Key_PageUp:
    case Qt::Key_PageDown:
        if (const auto ms = markFrom(event->key() == Qt::Key_PageDown))
            m_workspace.past().go(*ms);
        return;
    case Qt::Key_Home:
        return m_workspace.past().go(m_workspace.history().oldestMs());
    case Qt::Key_End:
    case Qt::Key_Escape:
        return m_workspace.past().goLive();
    default:
        QWidget::keyPressEvent(event);
    }
}

void TimeTrack::paintEvent(QPaintEvent*)
{
    if (lastMs() == 0)
        return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    paintTicks(painter);
    paintGroove(painter);
    paintMarks(painter);
    paintThumb(painter);
}

/// Filled where somebody listened; an outline where nobody did.
void TimeTrack::paintGroove(QPainter& painter) const
{
    const Theme& theme = m_workspace.theme();
    const QRectF box = groove();
    painter.setPen(QPen(theme.border, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 3, 3);
    painter.setPen(Qt::NoPen);
    painter.setBrush(mixed(theme.surface, theme.text, theme.isDark ? 0.34 : 0.24));
    double painted = -1; // to here: many spans may fall on one pixel
    for (const TimeRange& span : m_workspace.past().timeline().listened()) {
        const double left = std::max(xOf(span.fromMs), painted);
        const double right = std::max(xOf(span.toMs), xOf(span.fromMs) + 1);
        if (right <= painted)
            continue;
        painter.drawRoundedRect(QRectF(left, box.top(), right - left, box.height()), 3, 3);
        painted = right;
    }
}

void TimeTrack::paintTicks(QPainter& painter) const
{
    const Theme& theme = m_workspace.theme();
    const QFont font = fontOf(theme, 10.5);
    const QFontMetricsF metrics(font);
    const double top = groove().bottom() + 3;
    const auto draw = [&](double x, const QString& text, Qt::Alignment alignment) {
        painter.setPen(QPen(theme.borderStrong, 1));
        painter.drawLine(QPointF(x, top), QPointF(x, top + 3));
        const double wide = metrics.horizontalAdvance(text) + 2;
        const double left = alignment == Qt::AlignRight ? x - wide + 4 : std::max(0.0, x - wide / 2);
        drawText(painter, QRectF(left, top + 3, wide, 14), int(Qt::AlignHCenter | Qt::AlignVCenter), text, font, theme.mutedText);
        return left;
    };
    double free = draw(groove().right(), tr("now"), Qt::AlignRight);
    for (const Tick& tick : ticks) {
        if (tick.ms > spanMs())
            break;
        const double x = xOf(lastMs() - tick.ms);
        const QString text = QString::fromLatin1(tick.text);
        if (x + metrics.horizontalAdvance(text) / 2 + 8 < free)
            free = draw(x, text, Qt::AlignHCenter);
    }
}

/// One a place: the worst.
void TimeTrack::paintMarks(QPainter& painter) const
{
    constexpr double apart = 9;
    const Theme& theme = m_workspace.theme();
    const qint64 oldest = m_workspace.history().oldestMs();
    const double y = groove().top() - 6;
    const TimeMark* worst = nullptr;
    double place = -apart;
    const auto paint = [&] {
        if (worst)
            paintStateMark(painter, QRectF(place - 4, y - 4, 8, 8), worst->mark, theme);
    };
    for (auto mark = std::ranges::lower_bound(m_marks, oldest, {}, &TimeMark::ms); mark != m_marks.end(); ++mark) {
        const double x = xOf(mark->ms);
        if (x - place >= apart) {
            paint();
            worst = nullptr;
            place = x;
        }
        if (!worst || weightOf(mark->mark) > weightOf(worst->mark))
            worst = &*mark;
    }
    paint();
}

void TimeTrack::paintThumb(QPainter& painter) const
{
    const Theme& theme = m_workspace.theme();
    const QRectF box = groove();
    if (m_hoverX && !m_isDragging) {
        const double x = std::clamp(xOf(msNear(*m_hoverX)), box.left(), box.right());
        painter.setPen(QPen(theme.mutedText, 1));
        painter.drawLine(QPointF(x, box.top() - 3), QPointF(x, box.bottom() + 3));
    }
    const bool isLive = m_workspace.isLive();
    const QPointF at(isLive ? box.right() : xOf(m_workspace.shownMs()), box.center().y());
    if (!isLive) { // how far back
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.suspect);
        painter.drawRoundedRect(QRectF(at.x(), box.center().y() - 1.5, box.right() - at.x(), 3), 1.5, 1.5);
    }
    if (hasFocus()) {
        painter.setPen(QPen(theme.focus, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawEllipse(at, 10, 10);
    }
    painter.setPen(QPen(theme.surface, 2));
    painter.setBrush(isLive ? theme.up : theme.suspect);
    painter.drawEllipse(at, 7, 7);
}

} // namespace quoit
