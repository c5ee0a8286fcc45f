#include "console/desktop/ring_view_bands.h"

#include <QPainter>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quoit {

namespace {

constexpr std::size_t arcCountMax = 3000; ///< more are put together by angle
constexpr double fullTurn = 2 * std::numbers::pi;

/// A node that isn't well fades towards the surface, so that the well ones
/// carry the picture.
QColor arcColor(const RingScene& scene, const Theme& theme, NodeId node)
{
    const QColor color = theme.node(node);
    switch (scene.mark(node)) {
    case StateMark::Down:
        return mixed(color, theme.surface, 0.72);
    case StateMark::Suspect:
        return mixed(color, theme.surface, 0.35);
    case StateMark::Unknown:
        return mixed(mixed(color, theme.unknown, 0.5), theme.surface, 0.4);
    case StateMark::Joining:
        return mixed(color, theme.surface, 0.25);
    case StateMark::Up:
        break;
    }
    return color;
}

/// The gap between two arcs in turns: a pixel and a half, but never more than a
/// third of the arc.
double gapTurns(const RingArc& arc, double radius)
{
    return std::min(1.6 / (fullTurn * radius), arc.spanTurns * 0.33);
}

void paintArc(QPainter& painter, const RingArc& arc, const RingRadii& radii, const QColor& color)
{
    const double gap = arc.spanTurns < 1 ? gapTurns(arc, radii.arcOuter) : 0;
    painter.setBrush(color);
    painter.drawPath(ringPiece(arc.startTurn + gap / 2, arc.spanTurns - gap, radii.arcOuter, radii.arcInner));
}

void paintDashes(QPainter& painter, const RingArc& arc, double outer, double inner, double dash, double gap)
{
    const double pixelTurns = 1 / (fullTurn * outer);
    const double period = (dash + gap) * pixelTurns;
    const auto count = std::max(1, int(arc.spanTurns / period));
    const double step = arc.spanTurns / count;
    for (int i = 0; i < count; ++i)
        painter.drawPath(ringPiece(arc.startTurn + i * step, step * dash / (dash + gap), outer, inner));
}

/// Colour and pattern: up a quiet line, suspect dashes, down a full bar,
/// joining half bars, unknown dots.
void paintState(QPainter& painter, const RingArc& arc, const RingRadii& radii, const Theme& theme, StateMark mark)
{
    const double outer = radii.stateOuter;
    const double inner = radii.stateInner;
    const double thin = outer - std::max(2.0, (outer - inner) * 0.45);
    painter.setBrush(theme.state(mark));
    switch (mark) {
    case StateMark::Up:
        painter.setBrush(mixed(theme.up, theme.surface, 0.25));
        // Neighbours in the same state are one line: no gap.
        painter.drawPath(ringPiece(arc.startTurn, arc.spanTurns + 0.4 / (fullTurn * outer), outer, thin));
        break;
    case StateMark::Suspect:
        paintDashes(painter, arc, outer, inner, 5, 3);
        break;
    case StateMark::Down:
        // Paler than the partitions that are lost, which are marked beside it.
        paintArc(painter, arc, {0, 0, outer, inner, 0, 0}, mixed(theme.down, theme.surface, 0.45));
        break;
    case StateMark::Joining:
        paintDashes(painter, arc, outer, thin, 9, 5);
        break;
    case StateMark::Unknown:
        paintDashes(painter, arc, outer, thin, 2, 3);
        break;
    }
}

/// What isn't well also says so by its shape, where the arc is wide enough.
void paintArcMark(QPainter& painter, const RingScene& scene, const RingArc& arc, const RingRadii& radii,
                  const Theme& theme)
{
    const StateMark mark = scene.mark(arc.node);
    const double middle = (radii.arcOuter + radii.arcInner) / 2;
    const double width = arc.spanTurns * fullTurn * middle;
    const double edge = std::min({(radii.arcOuter - radii.arcInner) * 0.62, width - 4, 18.0});
    if (mark == StateMark::Up || mark == StateMark::Unknown || edge < 8)
        return;
    const QPointF at = pointAt(arc.startTurn + arc.spanTurns / 2, middle);
    const QRectF box(at.x() - edge / 2, at.y() - edge / 2, edge, edge);
    paintStateMark(painter, box, mark, mark == StateMark::Down ? theme.down : theme.text);
    painter.setPen(Qt::NoPen);
}

/// Nodes that aren't well must not vanish where arcs are put together: their states are painted arc by arc.
void paintTroubledStates(QPainter& painter, const RingScene& scene, const RingRadii& radii, const Theme& theme)
{
    painter.setPen(Qt::NoPen);
    for (RingArc arc : scene.geometry.arcs()) {
        const StateMark mark = scene.mark(arc.node);
        arc.spanTurns = std::max(arc.spanTurns, 2.5 / (fullTurn * radii.stateOuter));
        if (mark != StateMark::Up)
            paintState(painter, arc, radii, theme, mark);
    }
}

void paintArcs(QPainter& painter, const RingScene& scene, const std::vector<RingArc>& arcs, const RingRadii& radii,
               const Theme& theme)
{
    painter.setPen(Qt::NoPen);
    for (const RingArc& arc : arcs) {
        paintArc(painter, arc, radii, arcColor(scene, theme, arc.node));
        paintState(painter, arc, radii, theme, scene.mark(arc.node));
    }
    for (const RingArc& arc : arcs)
        paintArcMark(painter, scene, arc, radii, theme);
}

/// The busiest partition of each painted piece; pieces are never narrower than
/// about a pixel and a half.
void paintHeat(QPainter& painter, const RingScene& scene, const RingRadii& radii, const Theme& theme)
{
    painter.setPen(Qt::NoPen);
    const QColor quiet = theme.heat(0);
    painter.setBrush(quiet);
    painter.drawPath(ringPiece(0, 1, radii.heatOuter, radii.heatInner));
    if (scene.loadMax() == 0)
        return;
    const HeatScale scale = scene.heatScale();
    const auto partitions = scene.loads.size();
    const std::size_t fitting = std::max<std::size_t>(64, std::size_t(fullTurn * radii.heatOuter / 1.5));
    const std::size_t perPiece = (partitions + fitting - 1) / fitting;
    const double overlap = 0.5 / (fullTurn * radii.heatOuter); // hides the seams of antialiasing
    for (std::size_t first = 0; first < partitions; first += perPiece) {
        const std::size_t end = std::min(first + perPiece, partitions);
        const auto busiest =
            *std::max_element(scene.loads.begin() + std::ptrdiff_t(first), scene.loads.begin() + std::ptrdiff_t(end));
        if (busiest == 0)
            continue;
        painter.setBrush(theme.heat(scale.shareOf(double(busiest))));
        painter.drawPath(ringPiece(double(first) / double(partitions),
                                   double(end - first) / double(partitions) + overlap, radii.heatOuter,
                                   radii.heatInner));
    }
}

/// The hash slots at the quarters, as on a watch.
void paintSlots(QPainter& painter, const RingRadii& radii, const Theme& theme)
{
    painter.setFont(theme.small);
    const QFontMetricsF metrics(theme.small);
    constexpr int tickCount = 16;
    for (int i = 0; i < tickCount; ++i) {
        const double turn = double(i) / tickCount;
        const bool isQuarter = i % 4 == 0;
        painter.setPen(QPen(isQuarter ? theme.mutedText : theme.chartAxis, 1));
        painter.drawLine(pointAt(turn, radii.heatOuter + 3), pointAt(turn, radii.heatOuter + (isQuarter ? 8 : 6)));
        if (!isQuarter || radii.heatOuter < 90)
            continue;
        painter.setPen(theme.mutedText);
        const QString label = QString::number(i * 16384 / tickCount);
        const double width = metrics.horizontalAdvance(label);
        const QPointF at = pointAt(turn, radii.heatOuter + 11);
        QRectF box(at.x() - width / 2, at.y() - metrics.height() / 2, width, metrics.height());
        if (i == 0)
            box.moveBottom(at.y() + 2);
        else if (i == 8)
            box.moveTop(at.y() - 2);
        else {
            // Beside the ring the number is turned along it, so that it needs no
            // width.
            painter.save();
            painter.translate(at + QPointF(i == 4 ? metrics.height() / 2 - 2 : 2 - metrics.height() / 2, 0));
            painter.rotate(i == 4 ? 90 : -90);
            painter.drawText(QRectF(-width / 2 - 2, -metrics.height() / 2, width + 4, metrics.height()),
                             Qt::AlignCenter, label);
            painter.restore();
            continue;
        }
        painter.drawText(box.adjusted(-2, 0, 2, 0), Qt::AlignCenter, label);
    }
}

} // namespace

void paintBands(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme)
{
    painter.save();
    painter.translate(layout.center);
    paintSlots(painter, layout.radii, theme);
    paintHeat(painter, scene, layout.radii, theme);
    if (scene.transition >= 1) {
        const bool isCrowded = scene.geometry.arcs().size() > arcCountMax;
        const auto buckets = std::size_t(std::max(180.0, fullTurn * layout.radii.arcOuter / 2));
        paintArcs(painter, scene, isCrowded ? scene.geometry.aggregated(buckets) : scene.geometry.arcs(), layout.radii,
                  theme);
        if (isCrowded)
            paintTroubledStates(painter, scene, layout.radii, theme);
    }
    painter.restore();
}

void paintArcsOfNode(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme,
                     NodeId node)
{
    std::vector<RingArc> own;
    for (const RingArc& arc : scene.geometry.arcs()) {
        if (arc.node == node)
            own.push_back(arc);
    }
    RingRadii radii = layout.radii;
    radii.arcOuter += 1;
    paintArcs(painter, scene, own, radii, theme);
}

void paintTransition(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme)
{
    const auto hasToken = [](const RingGeometry& geometry, const RingArc& arc) {
        const RingArc& there = geometry.arcs()[geometry.arcOf(arc.token)];
        return there.token == arc.token && there.node == arc.node;
    };
    // Below lies the old ring without what goes; above it what comes grows from
    // its token, and what goes shrinks to it.
    std::vector<RingArc> below;
    std::vector<RingArc> moving;
    const auto grown = [&layout](RingArc arc, double amount) {
        const double end = arc.startTurn + arc.spanTurns;
        arc.spanTurns = std::max(arc.spanTurns * amount, 0.5 / (fullTurn * layout.radii.arcOuter));
        arc.startTurn = end - arc.spanTurns;
        return arc;
    };
    for (const RingArc& arc : scene.geometry.arcs()) {
        if (!hasToken(scene.previous, arc))
            moving.push_back(grown(arc, scene.transition));
    }
    for (const RingArc& arc : scene.previous.arcs()) {
        if (hasToken(scene.geometry, arc))
            below.push_back(arc);
        else
            moving.push_back(grown(arc, 1 - scene.transition));
    }
    // Where an arc takes over what a shrinking one leaves, its new extent must
    // lie under it.
    for (const RingArc& arc : scene.geometry.arcs()) {
        if (hasToken(scene.previous, arc))
            below.push_back(arc);
    }
    paintArcs(painter, scene, below, layout.radii, theme);
    paintArcs(painter, scene, moving, layout.radii, theme);
}

void paintEmptyRing(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme)
{
    painter.save();
    painter.translate(layout.center);
    const RingRadii& radii = layout.radii;
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.heat(0));
    painter.drawPath(ringPiece(0, 1, radii.arcOuter, radii.arcInner));
    QPen outline(theme.chartAxis, 1.5, Qt::CustomDashLine, Qt::RoundCap);
    outline.setDashPattern({1, 5});
    painter.setPen(outline);
    painter.setBrush(Qt::NoBrush);
    painter.drawEllipse(QPointF(), radii.heatOuter, radii.heatOuter);

    const double width = radii.stateInner * 1.55;
    const int wrapped = Qt::AlignHCenter | Qt::TextWordWrap;
    const QFontMetricsF titleMetrics(theme.title);
    const QFontMetricsF textMetrics(theme.body);
    const QRectF wide(-width / 2, 0, width, 1000);
    const double titleHeight = titleMetrics.boundingRect(wide, wrapped, scene.hintTitle).height();
    const double textHeight = textMetrics.boundingRect(wide, wrapped, scene.hintText).height();
    double top = -(titleHeight + 6 + textHeight) / 2;
    painter.setPen(theme.text);
    painter.setFont(theme.title);
    painter.drawText(QRectF(-width / 2, top, width, titleHeight), wrapped, scene.hintTitle);
    top += titleHeight + 6;
    painter.setPen(theme.mutedText);
    painter.setFont(theme.body);
    painter.drawText(QRectF(-width / 2, top, width, textHeight + 2), wrapped, scene.hintText);
    painter.restore();
}

} // namespace quoit
