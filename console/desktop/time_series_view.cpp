#include "console/desktop/time_series_view.h"

#include "console/desktop/time_series_accessible.h"

#include <QDateTime>
#include <QFontMetricsF>
#include <QPainterPath>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace quoit {

namespace {

constexpr double leftMargin = 66;
constexpr double rightMargin = 16;
constexpr double topMargin = 44;
constexpr double bottomMargin = 30;
constexpr double usualLatencyUs = 100; ///< where the logarithmic axis begins, unless something is faster
constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

} // namespace

TimeSeriesView::TimeSeriesView(Workspace& workspace, const QString& title, Metric metric, Unit unit, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_title(title)
    , m_metric(metric)
    , m_unit(unit)
{
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(title);
    setToolTip(tr("Drag over a span to zoom, with Shift to move; Ctrl and wheel zoom as well; double click or Esc: back to now"));
    addActions();
    installChartAccessibility();
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

QRectF TimeSeriesView::plot() const
{
    return QRectF(leftMargin, topMargin, width() - leftMargin - rightMargin, height() - topMargin - bottomMargin);
}

double TimeSeriesView::xOf(double ms) const
{
    const QRectF box = plot();
    return box.left() +
           (ms - double(m_shared.range.fromMs)) / double(m_shared.range.toMs - m_shared.range.fromMs) * box.width();
}

double TimeSeriesView::yOf(double value) const
{
    const QRectF box = plot();
    return box.bottom() - shareOf(value) * box.height();
}

double TimeSeriesView::shareOf(double value) const
{
    fetch();
    if (isLogarithmic())
        return std::log(std::max(value, m_bottom) / m_bottom) / std::log(m_top / m_bottom);
    return value / m_top;
}

qint64 TimeSeriesView::msAt(double x) const
{
    const QRectF box = plot();
    const double share = std::clamp((x - box.left()) / std::max(1.0, box.width()), 0.0, 1.0);
    return m_shared.range.fromMs + qint64(share * double(m_shared.range.toMs - m_shared.range.fromMs));
}

QColor TimeSeriesView::colorOf(const Line& line) const
{
    return line.node == noNode ? m_workspace.theme().accent : m_workspace.theme().node(line.node);
}

void TimeSeriesView::show(const ChartRange& shared)
{
    m_shared = shared;
    m_isDue = true;
    update();
}

/// What nobody sees waits: of a page full of charts a few are on the screen.
void TimeSeriesView::fetch() const
{
    if (!m_isDue)
        return;
    m_isDue = false;
    const ChartRange& shared = m_shared;
    m_lines.clear();
    m_low.clear();
    m_high.clear();
    const History& history = m_workspace.history();
    const int pixels = std::max(1, int(plot().width()));
    if (shared.isPerNode) {
        for (const NodeReport& node : m_workspace.namedNodes())
            m_lines.push_back(
                {node.id, QString::fromStdString(node.name), history.series(node.id, m_metric, shared.range, pixels)});
        if (m_lines.size() > linesMax)
            joinIntoBand();
    } else {
        const NodeReport* node = m_workspace.snapshot().node(shared.node);
        m_lines.push_back({shared.node, node ? QString::fromStdString(node->name) : tr("Cluster"),
                           history.series(shared.node, m_metric, shared.range, pixels)});
    }
    scaleAxis();
}

void TimeSeriesView::setCrosshair(const ChartRange& shared)
{
    m_shared.crosshairMs = shared.crosshairMs;
    m_shared.isPinned = shared.isPinned;
    update();
}

/// Too many to tell apart: smallest and largest per pixel, and as lines only those that end farthest from the middle.
void TimeSeriesView::joinIntoBand() const
{
    const int columns = std::max(1, int(plot().width()));
    QVector<double> low(columns, nothing);
    QVector<double> high(columns, nothing);
    std::vector<std::pair<double, std::size_t>> ends; // last value, line
    for (std::size_t i = 0; i < m_lines.size(); ++i) {
        for (const QPointF& point : m_lines[i].points) {
            const int column = std::clamp(int(xOf(point.x()) - plot().left()), 0, columns - 1);
            if (std::isnan(point.y()))
                continue;
            low[column] = std::isnan(low[column]) ? point.y() : std::min(low[column], point.y());
            high[column] = std::isnan(high[column]) ? point.y() : std::max(high[column], point.y());
        }
        if (!m_lines[i].points.isEmpty())
            ends.emplace_back(m_lines[i].points.last().y(), i);
    }
    for (int column = 0; column < columns; ++column) {
        if (std::isnan(low[column]))
            continue;
        const double ms = double(msAt(plot().left() + column));
        m_low << QPointF(ms, low[column]);
        m_high << QPointF(ms, high[column]);
    }
    std::ranges::sort(ends);
    const double middle = ends.empty() ? 0 : ends[ends.size() / 2].first;
    std::ranges::sort(ends, std::ranges::greater(), [middle](const auto& end) { return std::abs(end.first - middle); });
    std::vector<Line> kept;
    for (std::size_t i = 0; i < std::min(outliers, ends.size()); ++i)
        kept.push_back(std::move(m_lines[ends[i].second]));
    m_lines = std::move(kept);
}

void TimeSeriesView::scaleAxis() const
{
    double top = 0;
    double bottom = usualLatencyUs;
    const auto include = [&](const QVector<QPointF>& points) {
        for (const QPointF& point : points) {
            top = std::isnan(point.y()) ? top : std::max(top, point.y());
            bottom = point.y() > 0 ? std::min(bottom, point.y()) : bottom;
        }
    };
    for (const Line& line : m_lines)
        include(line.points);
    include(m_high);
    include(m_low);
    m_bottom = 0;
    if (isLogarithmic()) {
        // Whole decades, at least two, from where the fastest are.
        m_bottom = std::pow(10, std::floor(std::log10(std::max(1.0, bottom))));
        m_top = std::max(m_bottom * 100, std::pow(10, std::ceil(std::log10(std::max(1.0, top)) - 0.001)));
        return;
    }
    if (m_unit == Unit::Ratio) {
        m_top = 1;
        m_step = 0.25;
        return;
    }
    m_step = niceStep(top > 0 ? top : 4, 4, m_metric == Metric::Phi ? 0 : 1); // of all others there are whole ones only
    m_top = std::max(1.0, std::ceil(top / m_step + 0.02)) * m_step;
}

void TimeSeriesView::paintEvent(QPaintEvent*)
{
    fetch();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    drawCard(painter, rect(), theme);
    if (hasFocus()) {
        painter.setPen(QPen(theme.accent, 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10);
    }
    const QFont titleFont = fontOf(theme, 13, QFont::DemiBold);
    const double titleWidth = drawText(painter, QRectF(16, 10, width() - 32, 22), Qt::AlignLeft | Qt::AlignVCenter, m_title,
                                       titleFont, theme.text);
    if (isLogarithmic())
        drawText(painter, QRectF(16 + titleWidth + 8, 10, 40, 22), Qt::AlignLeft | Qt::AlignVCenter, tr("log"),
                 fontOf(theme, 11), theme.mutedText);
    if (m_shared.range.toMs <= m_shared.range.fromMs)
        return;
    drawAxes(painter);
    drawTimes(painter);
    drawEvents(painter);
    painter.save();
    painter.setClipRect(plot().adjusted(-1, -3, 1, 3));
    drawBand(painter);
    drawLines(painter);
    painter.restore();
    const bool hasData = std::ranges::any_of(m_lines, [](const Line& line) { return !line.points.isEmpty(); });
    if (!hasData)
        drawNoData(painter);
    drawCrosshair(painter, hasData);
    drawDraggedSpan(painter);
}

/// On a patch of its own: lines of the grid would strike it through.
void TimeSeriesView::drawNoData(QPainter& painter) const
{
    const Theme& theme = m_workspace.theme();
    const QFont font = fontOf(theme, 13);
    const QString text = m_workspace.history().isFetching() ? tr("Fetching what was kept…") : tr("No data in this time");
    QRectF patch(0, 0, QFontMetricsF(font).horizontalAdvance(text) + 16, 22);
    patch.moveCenter(plot().center());
    painter.fillRect(patch, theme.surface);
    drawText(painter, patch, Qt::AlignCenter, text, font, theme.mutedText);
}

void TimeSeriesView::drawAxes(QPainter& painter) const
{
    const Theme& theme = m_workspace.theme();
    const QRectF box = plot();
    const auto draw = [&](double value, const QString& text) {
        const double y = std::round(yOf(value)) + 0.5;
        painter.setPen(QPen(value <= m_bottom ? theme.border : theme.chartGrid, 1));
        painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y));
        drawText(painter, QRectF(4, y - 9, leftMargin - 12, 18), Qt::AlignRight | Qt::AlignVCenter, text, fontOf(theme, 11),
                 theme.mutedText);
    };
    if (isLogarithmic())
        for (double value = m_bottom; value <= m_top * 1.001; value *= 10)
            draw(value, numberText(value, m_unit));
    else
        for (double value = 0; value <= m_top * 1.001; value += m_step)
            draw(value, tickText(value, m_step, m_top, m_unit));
}

void TimeSeriesView::drawTimes(QPainter& painter) const
{
    const Theme& theme = m_workspace.theme();
    const QRectF box = plot();
    const qint64 span = m_shared.range.toMs - m_shared.range.fromMs;
    const int fitting = std::max(1, int(box.width() / 90));
    constexpr qint64 minute = 60'000;
    constexpr qint64 hour = 60 * minute;
    constexpr qint64 day = 24 * hour;
    qint64 step = 14 * day;
    for (const qint64 each : {10 * minute / 60, 15 * minute / 60, 30 * minute / 60, minute, 2 * minute, 5 * minute,
                              10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, day,
                              2 * day, 7 * day})
        if (span / each <= fitting) {
            step = each;
            break;
        }
    const QString pattern = step < minute ? QStringLiteral("HH:mm:ss")
                            : step < day  ? QStringLiteral("HH:mm")
                                          : QStringLiteral("d MMM");
    // Midnight is the local one.
    const qint64 offset = QDateTime::fromMSecsSinceEpoch(m_shared.range.toMs).offsetFromUtc() * qint64(1000);
    for (qint64 ms = ((m_shared.range.fromMs + offset) / step + 1) * step - offset; ms <= m_shared.range.toMs;
         ms += step) {
        const double x = xOf(double(ms));
        const double left = std::min(x - 36, box.right() - 72);
        drawText(painter, QRectF(left, box.bottom() + 6, 72, 16), left < x - 36 ? Qt::AlignRight : Qt::AlignHCenter,
                 QDateTime::fromMSecsSinceEpoch(ms).toString(pattern), fontOf(theme, 11), theme.mutedText);
    }
}

void TimeSeriesView::drawLines(QPainter& painter) const
{
    const QRectF box = plot();
    for (const Line& line : m_lines) {
        const QColor color = colorOf(line);
        const bool isBehind =
            m_shared.isPerNode && m_workspace.selectedNode() != noNode && m_workspace.selectedNode() != line.node;
        QColor stroke = color;
        stroke.setAlphaF(isBehind ? 0.25f : 1.0f);
        const QPen pen(stroke, 1.7, Qt::SolidLine, Qt::RoundCap, Qt::BevelJoin);
        QColor soft = color;
        soft.setAlpha(34);
        for (qsizetype begin = 0; begin < line.points.size();) {
            qsizetype end = begin;
            QVector<QPointF> places;
            for (; end < line.points.size() && !std::isnan(line.points[end].y()); ++end)
                places << QPointF(xOf(line.points[end].x()), yOf(line.points[end].y()));
            if (places.size() == 1)
                places << places[0] + QPointF(0.5, 0); // a lonely sample is a dot
            drawLine(painter, places, pen, m_lines.size() == 1 ? QBrush(soft) : QBrush(), box.bottom());
            begin = end + 1;
        }
    }
}

void TimeSeriesView::drawBand(QPainter& painter) const
{
    if (m_low.isEmpty())
        return;
    QPainterPath band(QPointF(xOf(m_low.first().x()), yOf(m_low.first().y())));
    for (const QPointF& point : m_low)
        band.lineTo(xOf(point.x()), yOf(point.y()));
    for (auto point = m_high.rbegin(); point != m_high.rend(); ++point)
        band.lineTo(xOf(point->x()), yOf(point->y()));
    QColor soft = m_workspace.theme().accent;
    soft.setAlpha(46);
    painter.fillPath(band, soft);
}

/// Node events first: an alert says the same a moment later.
void TimeSeriesView::drawEvents(QPainter& painter) const
{
    std::vector<double> taken; // places of marks
    for (const ClusterEvent& event : m_workspace.past().timeline().eventsIn(m_shared.range))
        drawEventMark(painter, event.timeMs, markOf(stateOfEvent(event)), taken);
    for (const Alert& alert : m_workspace.alerts().active())
        drawAlert(painter, alert, taken);
    for (const Alert& alert : m_workspace.alerts().ended())
        drawAlert(painter, alert, taken);
}

/// Its begin on every chart; on the chart of its own figure also how long it lasted, and the bound.
void TimeSeriesView::drawAlert(QPainter& painter, const Alert& alert, std::vector<double>& taken) const
{
    const qint64 end = alert.isActive() ? m_shared.range.toMs : alert.endedMs;
    if (end < m_shared.range.fromMs || alert.beganMs > m_shared.range.toMs)
        return;
    const StateMark mark = alert.level() == AlertLevel::Critical ? StateMark::Down : StateMark::Suspect;
    const AlertRuleFacts& facts = factsOf(alert.subject.rule);
    const bool isMine = m_shared.isPerNode || alert.subject.node == m_shared.node || m_shared.node == noNode;
    if (facts.metric == m_metric && isMine) {
        const QRectF box = plot();
        QColor soft = m_workspace.theme().state(mark);
        soft.setAlpha(26);
        const double left = std::max(box.left(), xOf(double(alert.beganMs)));
        const double right = std::min(box.right(), xOf(double(end)));
        painter.fillRect(QRectF(left, box.top(), std::max(2.0, right - left), box.height()), soft);
        // A bound in the unit of the axis.
        if ((facts.unit == AlertUnit::Microseconds || facts.unit == AlertUnit::Count || facts.unit == AlertUnit::PerSecond) && alert.bound < m_top) {
            painter.setPen(QPen(m_workspace.theme().state(mark), 1, Qt::DotLine));
            painter.drawLine(QPointF(box.left(), yOf(alert.bound)), QPointF(box.right(), yOf(alert.bound)));
        }
    }
    drawEventMark(painter, alert.beganMs, mark, taken);
}

void TimeSeriesView::drawEventMark(QPainter& painter, qint64 ms, StateMark mark, std::vector<double>& taken) const
{
    if (ms < m_shared.range.fromMs || ms > m_shared.range.toMs)
        return;
    constexpr double apart = 5;
    const Theme& theme = m_workspace.theme();
    const QRectF box = plot();
    const double x = std::round(xOf(double(ms))) + 0.5;
    if (std::ranges::any_of(taken, [x](double other) { return std::abs(other - x) < apart; }))
        return;
    taken.push_back(x);
    paintStateMark(painter, QRectF(x - 4, box.top() - 11, 8, 8), mark, theme);
    QColor color = theme.state(mark);
    color.setAlpha(150);
    painter.setPen(QPen(color, 1, Qt::DashLine));
    painter.drawLine(QPointF(x, box.top() - 1), QPointF(x, box.bottom()));
}

void TimeSeriesView::drawCrosshair(QPainter& painter, bool hasData) const
{
    const Theme& theme = m_workspace.theme();
    const QRectF box = plot();
    const History& history = m_workspace.history();
    const qint64 ms = m_shared.crosshairMs.value_or(m_shared.range.toMs);
    // At the right of the title: the value at the cross-hair, else the last one shown.
    if (m_lines.size() == 1) {
        const QString now = bandText(history.bandAt(m_lines[0].node, m_metric, ms));
        drawText(painter, QRectF(width() / 2.0, 10, width() / 2.0 - 16, 22), Qt::AlignRight | Qt::AlignVCenter, now,
                 fontOf(theme, 13, QFont::DemiBold), colorOf(m_lines[0]));
    }
    if (!m_shared.crosshairMs || *m_shared.crosshairMs < m_shared.range.fromMs || ms > m_shared.range.toMs)
        return;
    const double x = std::round(xOf(double(ms))) + 0.5;
    painter.setPen(QPen(theme.mutedText, m_shared.isPinned ? 1.5 : 1));
    painter.drawLine(QPointF(x, box.top()), QPointF(x, box.bottom()));
    if (!hasData)
        return; // a tag would only cover the words that say so
    struct Entry
    {
        QString text;
        QColor color;
        double value;
    };
    std::vector<Entry> entries;
    for (const Line& line : m_lines) {
        const ValueBand band = history.bandAt(line.node, m_metric, ms);
        const double value = band.high;
        entries.push_back({line.name + QStringLiteral("  ") + bandText(band), colorOf(line), value});
        if (!std::isnan(value)) {
            painter.setPen(QPen(theme.surface, 1.5));
            painter.setBrush(colorOf(line));
            painter.drawEllipse(QPointF(x, yOf(value)), 3.5, 3.5);
        }
    }
    std::ranges::sort(entries, [](const Entry& a, const Entry& b) { return a.value > b.value; });
    const QFont font = fontOf(theme, 11, QFont::Medium);
    // A time of another day says which.
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(ms);
    const QString when = time.date() == QDate::currentDate() ? clockText(ms)
                                                             : time.toString(QStringLiteral("d MMM HH:mm"));
    double textWidth = QFontMetricsF(font).horizontalAdvance(when);
    for (const Entry& entry : entries)
        textWidth = std::max(textWidth, QFontMetricsF(font).horizontalAdvance(entry.text) + 12);
    QRectF tag(x + 8, box.top() + 2, textWidth + 18, 16 * double(entries.size() + 1) + 10);
    if (tag.right() > box.right())
        tag.moveRight(x - 8);
    painter.setPen(QPen(theme.border, 1));
    painter.setBrush(theme.surfaceRaised);
    painter.drawRoundedRect(tag, 6, 6);
    QRectF row(tag.left() + 9, tag.top() + 5, textWidth + 2, 16);
    drawText(painter, row, Qt::AlignLeft | Qt::AlignVCenter, when, font, theme.mutedText);
    for (const Entry& entry : entries) {
        row.translate(0, 16);
        painter.setPen(Qt::NoPen);
        painter.setBrush(entry.color);
        painter.drawEllipse(QPointF(row.left() + 3, row.center().y()), 3, 3);
        drawText(painter, row.adjusted(12, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter, entry.text, font, theme.text);
    }
}

/// Of a time that isn't known by the second: from the smallest to the largest of the step.
QString TimeSeriesView::bandText(const ValueBand& band) const
{
    const QString high = numberText(band.high, m_unit);
    const QString low = numberText(band.low, m_unit);
    return low == high ? high : low + QStringLiteral(" – ") + high;
}

QByteArray TimeSeriesView::csv() const
{
    fetch();
    const History& history = m_workspace.history();
    const bool isCoarse = history.stepSecondsAt(m_shared.range.fromMs) > 1;
    const double unit = m_unit == Unit::Permille ? 1000 : 1; // shares are told from 0 to 1
    const auto field = [unit](double value) { return std::isnan(value) ? QByteArray() : QByteArray::number(value / unit, 'g', 9); };
    QByteArray text = isCoarse ? "time,node,smallest,largest\n" : "time,node,value\n";
    for (const Line& line : m_lines) {
        qint64 stepMs = 0;
        for (qint64 ms = m_shared.range.fromMs; ms <= m_shared.range.toMs; ms += stepMs) {
            stepMs = history.stepSecondsAt(ms) * qint64(1000);
            ms = ms / stepMs * stepMs;
            const ValueBand band = history.bandAt(line.node, m_metric, ms);
            text += QDateTime::fromMSecsSinceEpoch(ms, Qt::UTC).toString(Qt::ISODate).toUtf8() + ',' +
                    line.name.toUtf8() + ',' + (isCoarse ? field(band.low) + ',' : QByteArray()) + field(band.high) +
                    '\n';
        }
    }
    return text;
}

} // namespace quoit
