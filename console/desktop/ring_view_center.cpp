// The totals, or the pinned key, in the ring's centre; declared in ring_view_overlay.h.
#include "console/desktop/number_text.h"
#include "console/desktop/ring_view_overlay.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

QFont scaled(const QFont& font, double pixels)
{
    QFont result = font;
    result.setPixelSize(std::max(8, int(std::lround(pixels))));
    return result;
}

/// Number and unit on one baseline, centred.
void paintFigure(QPainter& painter, const NumberParts& parts, double centerX, double baseline, const QFont& numberFont,
                 const QFont& unitFont, const Theme& theme)
{
    const double numberWidth = QFontMetricsF(numberFont).horizontalAdvance(parts.number);
    const double gap = parts.unit.isEmpty() ? 0 : QFontMetricsF(unitFont).horizontalAdvance(QLatin1Char(' ')) * 1.2;
    const double unitWidth = QFontMetricsF(unitFont).horizontalAdvance(parts.unit);
    const double left = centerX - (numberWidth + gap + unitWidth) / 2;
    painter.setFont(numberFont);
    painter.setPen(theme.text);
    painter.drawText(QPointF(left, baseline), parts.number);
    painter.setFont(unitFont);
    painter.setPen(theme.mutedText);
    painter.drawText(QPointF(left + numberWidth + gap, baseline), parts.unit);
}

void paintLine(QPainter& painter, const QString& text, double baseline, const QFont& font, const QColor& color)
{
    painter.setFont(font);
    painter.setPen(color);
    painter.drawText(QPointF(-QFontMetricsF(font).horizontalAdvance(text) / 2, baseline), text);
}

struct StateCount
{
    StateMark mark;
    int count;
    QString text;
};

/// "5 up", "1 suspect", "1 down": up always, the others if there are any; only what isn't known while no state is.
std::vector<StateCount> stateCounts(const ClusterTotals& totals, bool hasWords)
{
    std::vector<StateCount> counts = {{StateMark::Up, totals.nodesUp, {}},
                                      {StateMark::Suspect, totals.nodesSuspect, {}},
                                      {StateMark::Down, totals.nodesDown, {}},
                                      {StateMark::Unknown, totals.nodesUnknown, {}}};
    std::erase_if(counts, [](const StateCount& entry) { return entry.count == 0 && entry.mark != StateMark::Up; });
    const bool isKnown = totals.nodesUp + totals.nodesSuspect + totals.nodesDown > 0;
    if (!isKnown) // "0 up" would claim to know
        return {{StateMark::Unknown, 0,
                 totals.nodesUnknown > 0
                     ? QStringLiteral("%1 %2").arg(totals.nodesUnknown).arg(wordOf(StateMark::Unknown))
                     : noDataText()}};
    for (StateCount& entry : counts) {
        entry.text = QString::number(entry.count);
        if (hasWords)
            entry.text += QLatin1Char(' ') + wordOf(entry.mark);
    }
    return counts;
}

void paintStates(QPainter& painter, const ClusterTotals& totals, double baseline, double widthMax, const QFont& font,
                 const Theme& theme)
{
    const QFontMetricsF metrics(font);
    const double mark = metrics.capHeight() * 1.15;
    const double gap = mark * 0.9;
    const auto widthOf = [&](const std::vector<StateCount>& counts) {
        double width = 0;
        for (const StateCount& entry : counts)
            width += mark + 4 + metrics.horizontalAdvance(entry.text) + gap;
        return width - gap;
    };
    std::vector<StateCount> counts = stateCounts(totals, true);
    if (widthOf(counts) > widthMax)
        counts = stateCounts(totals, false);
    double x = -widthOf(counts) / 2;
    painter.setFont(font);
    for (const StateCount& entry : counts) {
        const QRectF box(x, baseline - metrics.capHeight() / 2 - mark / 2, mark, mark);
        paintStateMark(painter, box, entry.mark, theme);
        x += mark + 4;
        painter.setPen(entry.mark == StateMark::Up || entry.mark == StateMark::Unknown ? theme.text
                                                                                       : theme.state(entry.mark));
        painter.drawText(QPointF(x, baseline), entry.text);
        x += metrics.horizontalAdvance(entry.text) + gap;
    }
}

QString holdingText(const RingScene& scene, const ReplicaReport& replica)
{
    const RingPin& pin = *scene.pin;
    // What a node held that is down is told beside the ring, with its time.
    if (const StateMark mark = scene.mark(replica.node); mark == StateMark::Down)
        return wordOf(mark);
    if (!pin.isAnswered)
        return QStringLiteral("…");
    if (!replica.answered)
        return RingView::tr("no answer");
    if (replica.tombstone)
        return RingView::tr("deleted");
    if (!replica.present)
        return RingView::tr("nothing");
    return numberText(double(replica.valueBytes), Unit::Bytes);
}

struct CenterFonts
{
    double unit; ///< everything grows with the ring, up to a point
    QFont number;
    QFont numberUnit;
    QFont value;
    QFont valueUnit;
    QFont label;
    QFont line;
};

CenterFonts centerFonts(double radius, const Theme& theme)
{
    const double unit = std::min(radius, 190.0) / 100;
    return {unit,
            scaled(theme.figure, 44 * unit),
            scaled(theme.body, 17 * unit),
            scaled(theme.strong, std::max(12.0, 16 * unit)),
            scaled(theme.body, std::max(10.0, 12 * unit)),
            scaled(theme.body, std::max(10.5, 11.5 * unit)),
            scaled(theme.body, std::max(11.0, 13 * unit))};
}

void paintTotals(QPainter& painter, const ClusterTotals& totals, const CenterFonts& fonts, const Theme& theme)
{
    const double unit = fonts.unit;
    paintFigure(painter, numberParts(totals.operationsPerSecond, Unit::PerSecond), 0, -20 * unit, fonts.number,
                fonts.numberUnit, theme);
    paintLine(painter, RingView::tr("operations"), 0, fonts.label, theme.mutedText);
    const double column = 38 * unit;
    painter.setPen(QPen(theme.border, 1));
    painter.drawLine(QPointF(0, 18 * unit), QPointF(0, 46 * unit));
    const auto paintColumn = [&](double x, const NumberParts& parts, const QString& label) {
        paintFigure(painter, parts, x, 30 * unit, fonts.value, fonts.valueUnit, theme);
        painter.translate(x, 0);
        paintLine(painter, label, 46 * unit, fonts.label, theme.mutedText);
        painter.translate(-x, 0);
    };
    paintColumn(-column, numberParts(totals.p99Us, Unit::Microseconds), QStringLiteral("p99"));
    paintColumn(column, numberParts(totals.keys), RingView::tr("keys"));
}

void paintPinned(QPainter& painter, const RingScene& scene, const CenterFonts& fonts, double radius, const Theme& theme)
{
    const RingPin& pin = *scene.pin;
    const double unit = fonts.unit;
    const QString key =
        QFontMetricsF(fonts.value).elidedText(QString::fromStdString(pin.report.key), Qt::ElideMiddle, radius * 1.6);
    const double row = std::max(20.0, 20 * unit);
    const int count = int(pin.report.replicas.size());
    double y = -(count * row + 36 * unit) / 2 + 8 * unit;
    paintLine(painter, key, y, fonts.value, theme.text);
    y += 17 * unit;
    const QString place = RingView::tr("slot %1 · partition %2").arg(pin.report.slot).arg(pin.report.partition);
    paintLine(painter, place, y, fonts.label, theme.mutedText);
    y += 12 * unit + row / 2;

    const double half = std::min(radius * 0.92, 84 * unit);
    const QFontMetricsF metrics(fonts.line);
    for (int i = 0; i < count; ++i, y += row) {
        const ReplicaReport& replica = pin.report.replicas[std::size_t(i)];
        const double baseline = y + metrics.capHeight() / 2;
        paintReplicaNumber(painter, QPointF(-half + 9 * unit, y), 8.5 * unit, i + 1, theme.node(replica.node), theme);
        const QString holding = holdingText(scene, replica);
        const double holdingWidth = metrics.horizontalAdvance(holding);
        painter.setFont(fonts.line);
        painter.setPen(scene.mark(replica.node) == StateMark::Down ? theme.down
                       : pin.isAnswered && !replica.answered       ? theme.suspect
                                                                   : theme.mutedText);
        painter.drawText(QPointF(half - holdingWidth, baseline), holding);
        const double nameLeft = -half + 24 * unit;
        painter.setPen(theme.text);
        painter.drawText(QPointF(nameLeft, baseline),
                         pinnedName(scene, replica.node, metrics, half - holdingWidth - nameLeft - 8 * unit));
    }
}

void paintCaption(QPainter& painter, const RingScene& scene, double radius, const Theme& theme)
{
    const QStringList lines = centerCaption(scene);
    const bool isOutage = scene.captionTitle.isEmpty();
    const QFont overline = scaled(theme.strong, std::clamp(radius * 0.11, 9.0, 13.0));
    const QFont title = scaled(theme.strong, std::clamp(radius * (isOutage ? 0.3 : 0.2), 12.0, isOutage ? 44.0 : 20.0));
    const QFont text = scaled(theme.body, std::clamp(radius * 0.15, 10.5, 14.0));
    const double half = radius * 1.05;
    const QFontMetricsF titleMetrics(title);
    const QRectF wide(-half, 0, 2 * half, 1000);
    const int flags = Qt::AlignHCenter | Qt::TextWordWrap;
    const double overlineHeight = lines[0].isEmpty() ? 0 : QFontMetricsF(overline).height() + 2;
    const double textHeight = QFontMetricsF(text).boundingRect(wide, flags, lines[2]).height();
    double top = -(titleMetrics.height() + 2 + textHeight) / 2 - overlineHeight;
    painter.setFont(overline);
    painter.setPen(theme.accent);
    painter.drawText(QRectF(-half, top, 2 * half, overlineHeight), Qt::AlignHCenter | Qt::AlignTop, lines[0]);
    top += overlineHeight;
    painter.setFont(title);
    painter.setPen(isOutage ? theme.down : theme.text);
    painter.drawText(QRectF(-half, top, 2 * half, titleMetrics.height()), Qt::AlignCenter, lines[1]);
    top += titleMetrics.height() + 2;
    painter.setFont(text);
    painter.setPen(theme.mutedText);
    painter.drawText(QRectF(-half, top, 2 * half, textHeight + 2), flags, lines[2]);
}

} // namespace

QString pinnedName(const RingScene& scene, NodeId node, const QFontMetricsF& metrics, double widthMax)
{
    const QString name = scene.name(node);
    const QString named = node == scene.pin->report.home ? RingView::tr("%1 (home)").arg(name) : name;
    return metrics.elidedText(metrics.horizontalAdvance(named) <= widthMax ? named : name, Qt::ElideRight, widthMax);
}

QStringList centerCaption(const RingScene& scene)
{
    if (!scene.captionTitle.isEmpty())
        return {scene.areMarksPretended ? RingView::tr("PRETENDED") : QString(), scene.captionTitle, scene.captionText};
    if (scene.lostCount > 0)
        return {QString(), countText(scene.lostCount),
                RingView::tr("of %1 partitions\nout of reach").arg(countText(scene.geometry.partitionCount()))};
    return {};
}

void paintCenter(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme)
{
    const double radius = layout.centerRadius;
    if (scene.isEmpty() || radius < 26)
        return;
    painter.save();
    painter.translate(layout.center);
    painter.setOpacity(scene.staleMs ? 0.55 : 1);
    if (!scene.pin && !centerCaption(scene).isEmpty()) {
        paintCaption(painter, scene, radius, theme);
        painter.setOpacity(1);
        if (scene.captionTitle.isEmpty() && radius >= 74)
            paintStates(painter, scene.totals, 78 * centerFonts(radius, theme).unit, radius * 1.75,
                        centerFonts(radius, theme).line, theme);
        painter.restore();
        return;
    }
    if (radius < 74) {
        const QFont number = scaled(theme.figure, 0.5 * radius);
        const QFont line = scaled(theme.body, std::max(11.0, 0.2 * radius));
        const bool hasStates = radius >= 40 && !scene.staleMs;
        const double baseline = hasStates ? 0.1 * radius : QFontMetricsF(number).capHeight() / 2;
        paintFigure(painter, numberParts(scene.totals.operationsPerSecond, Unit::PerSecond), 0, baseline, number,
                    scaled(theme.body, 0.24 * radius), theme);
        if (hasStates)
            paintStates(painter, scene.totals, 0.6 * radius, radius * 1.6, line, theme);
        painter.restore();
        return;
    }
    const CenterFonts fonts = centerFonts(radius, theme);
    if (scene.pin)
        paintPinned(painter, scene, fonts, radius, theme);
    else
        paintTotals(painter, scene.totals, fonts, theme);
    painter.setOpacity(1);
    if (scene.staleMs) {
        QFont age = fonts.line;
        age.setWeight(QFont::Weight(theme.strong.weight()));
        paintLine(painter, RingView::tr("last heard %1").arg(ageText(*scene.staleMs)), 78 * fonts.unit, age,
                  theme.suspect);
    } else if (!scene.pin) {
        paintStates(painter, scene.totals, 78 * fonts.unit, radius * 1.75, fonts.line, theme);
    }
    painter.restore();
}

} // namespace quoit
