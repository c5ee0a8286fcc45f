#include "console/desktop/ring_view_overlay.h"

#include "console/desktop/ring_view_bands.h"

#include <QPainter>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quoit {

namespace {

constexpr double fullTurn = 2 * std::numbers::pi;
constexpr double flatTurns = 0.06; ///< feet that are nearer than this are tied by a bracket
constexpr std::size_t ribbonCountMax = 400; ///< more say nothing any more

struct Span
{
    double start = 0;
    double length = 0; ///< turns
};

/// An arch inside the circle, from where the path is: the further apart its feet are, the higher.
void archTo(QPainterPath& path, double fromTurn, double toTurn, double radius)
{
    double apart = std::abs(fromTurn - toTurn);
    apart -= std::floor(apart);
    apart = std::min(apart, 1 - apart);
    if (apart < flatTurns) {
        // Between neighbours an arch would be a bubble at the rim: a flat bracket, along the circle.
        const double depth = std::clamp(apart / flatTurns * 14, 8.0, 14.0);
        const double way = std::remainder(toTurn - fromTurn, 1.0);
        const double inner = std::max(1.0, radius - depth);
        path.lineTo(pointAt(fromTurn, inner));
        const QRectF circle(-inner, -inner, 2 * inner, 2 * inner);
        path.arcTo(circle, 90 - fromTurn * 360, -way * 360);
        path.lineTo(pointAt(toTurn, radius));
        return;
    }
    // 4.2 would make a half circle of a short arch.
    const double height = std::min(0.86, apart * 3.4);
    path.cubicTo(pointAt(fromTurn, radius * (1 - height)), pointAt(toTurn, radius * (1 - height)),
                 pointAt(toTurn, radius));
}

/// Two pieces of the circle, tied by a ribbon that bends inwards.
QPainterPath ribbon(Span from, Span to, double radius)
{
    const QRectF circle(-radius, -radius, 2 * radius, 2 * radius);
    QPainterPath path;
    path.arcMoveTo(circle, 90 - from.start * 360);
    path.arcTo(circle, 90 - from.start * 360, -from.length * 360);
    archTo(path, from.start + from.length, to.start, radius);
    path.arcTo(circle, 90 - to.start * 360, -to.length * 360);
    archTo(path, to.start + to.length, from.start, radius);
    path.closeSubpath();
    return path;
}

Span spanOf(const RingArc& arc)
{
    return {arc.startTurn, arc.spanTurns};
}

void paintRibbon(QPainter& painter, const QPainterPath& path, const QColor& color, double alpha)
{
    QColor fill = color;
    fill.setAlphaF(float(alpha));
    QColor edge = color;
    edge.setAlphaF(float(std::min(1.0, alpha * 1.8)));
    painter.setPen(QPen(edge, 0.8));
    painter.setBrush(fill);
    painter.drawPath(path);
}

void paintPartitionChords(QPainter& painter, const RingScene& scene, double radius, const Theme& theme,
                          PartitionIndex partition)
{
    const double pixel = 1 / (fullTurn * radius);
    const double length = std::max(1.0 / scene.geometry.partitionCount(), 3 * pixel);
    const double start = (partition + 0.5) / scene.geometry.partitionCount() - length / 2;
    const auto replicas = scene.map->replicas(partition);
    for (const NodeId node : replicas) {
        const auto arc = scene.geometry.arcOfNodeFrom(partition, node);
        if (arc && *arc != scene.geometry.arcOf(partition))
            paintRibbon(painter, ribbon({start, length}, spanOf(scene.geometry.arcs()[*arc]), radius), theme.node(node),
                        0.42);
    }
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.text);
    painter.drawPath(ringPiece(start, length, radius, radius - 4));
}

/// Runs of partitions that the node replicates for one owner, each tied to the
/// arc where the walk meets the node.
void paintNodeChords(QPainter& painter, const RingScene& scene, double radius, const Theme& theme, NodeId node)
{
    const RingGeometry& geometry = scene.geometry;
    const auto& arcs = geometry.arcs();
    std::size_t painted = 0;
    for (std::size_t source = 0; source < arcs.size() && painted < ribbonCountMax; ++source) {
        // All partitions of an arc have the same walk, hence the same replicas.
        if (arcs[source].node == node || !scene.map->isReplica(arcs[source].token, node))
            continue;
        const auto own = geometry.arcOfNodeFrom(arcs[source].token, node);
        if (!own)
            continue;
        paintRibbon(painter, ribbon(spanOf(arcs[source]), spanOf(arcs[*own]), radius), theme.node(arcs[source].node),
                    0.22);
        ++painted;
    }
}

struct WalkStop
{
    const ReplicaReport* replica = nullptr;
    double turn = 0;    ///< clockwise from the key, where the walk meets the node
    double dotTurn = 0; ///< the same, moved on where dots would overlap
};

std::vector<WalkStop> walkOf(const RingScene& scene, double keyTurn, double trackRadius)
{
    std::vector<WalkStop> stops;
    for (const ReplicaReport& replica : scene.pin->report.replicas) {
        const auto arc = scene.geometry.arcOfNodeFrom(scene.pin->report.partition, replica.node);
        if (!arc)
            continue;
        double ahead = scene.geometry.endTurn(*arc) - keyTurn;
        ahead -= std::floor(ahead);
        stops.push_back({&replica, ahead, ahead});
    }
    std::vector<WalkStop*> byTurn;
    for (WalkStop& stop : stops)
        byTurn.push_back(&stop);
    std::sort(byTurn.begin(), byTurn.end(), [](const WalkStop* a, const WalkStop* b) { return a->turn < b->turn; });
    const double apart = 24 / (fullTurn * trackRadius);
    double least = apart;
    for (WalkStop* stop : byTurn) {
        stop->dotTurn = std::max(stop->turn, least);
        least = stop->dotTurn + apart;
    }
    return stops;
}

void paintStop(QPainter& painter, const RingRadii& radii, const Theme& theme, const WalkStop& stop, int number,
               double keyTurn, double trackRadius)
{
    const QPointF token = pointAt(keyTurn + stop.turn, (radii.arcOuter + radii.arcInner) / 2);
    const QPointF dot = pointAt(keyTurn + stop.dotTurn, trackRadius);
    painter.setPen(QPen(theme.text, 1.2));
    painter.drawLine(token, dot);
    painter.setPen(QPen(theme.surface, 1.5));
    painter.setBrush(theme.text);
    painter.drawEllipse(token, 3.5, 3.5);

    paintReplicaNumber(painter, dot, 10, number, theme.node(stop.replica->node), theme);
}

void paintPinHead(QPainter& painter, const RingRadii& radii, const Theme& theme, double turn)
{
    const QPointF head = pointAt(turn, radii.heatOuter + 15);
    painter.setPen(QPen(theme.surface, 4, Qt::SolidLine, Qt::RoundCap));
    painter.drawLine(pointAt(turn, radii.stateInner - 4), head);
    painter.setPen(QPen(theme.text, 2, Qt::SolidLine, Qt::RoundCap));
    painter.drawLine(pointAt(turn, radii.stateInner - 4), head);
    painter.setPen(QPen(theme.surface, 2));
    painter.setBrush(theme.text);
    painter.drawEllipse(head, 8, 8);
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.surface);
    painter.drawEllipse(head, 3, 3);
}

} // namespace

void paintRibbonBetween(QPainter& painter, std::pair<double, double> from, std::pair<double, double> to, double radius,
                        const QColor& color, double alpha)
{
    const double pixel = 1 / (fullTurn * radius);
    paintRibbon(painter, ribbon({from.first, std::max(from.second, pixel)}, {to.first, to.second}, radius), color, alpha);
}

void paintReplicaNumber(QPainter& painter, QPointF center, double radius, int number, const QColor& fill,
                        const Theme& theme)
{
    painter.setPen(QPen(theme.surface, 2));
    painter.setBrush(fill);
    painter.drawEllipse(center, radius, radius);
    const QColor dark(0x10141a);
    painter.setPen(contrastRatio(fill, dark) > contrastRatio(fill, Qt::white) ? dark : QColor(Qt::white));
    QFont font = theme.strong;
    font.setPixelSize(int(std::lround(radius * 1.15)));
    painter.setFont(font);
    painter.drawText(QRectF(center.x() - radius, center.y() - radius, 2 * radius, 2 * radius), Qt::AlignCenter,
                     QString::number(number));
}

void paintEmphasis(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme)
{
    const NodeId node = scene.emphasisedNode();
    painter.save();
    painter.translate(layout.center);
    const RingRadii& radii = layout.radii;
    if (node != noNode) {
        QColor veil = theme.surface;
        veil.setAlphaF(0.66F);
        painter.setPen(Qt::NoPen);
        painter.setBrush(veil);
        painter.drawPath(ringPiece(0, 1, radii.arcOuter + 1, radii.stateInner - 3));
        paintArcsOfNode(painter, scene, layout, theme, node);
    }
    if (scene.hoveredPartition >= 0) {
        const double count = scene.geometry.partitionCount();
        const double length = std::max(1 / count, 3 / (fullTurn * radii.heatOuter));
        painter.setPen(QPen(theme.text, 1.5));
        painter.setBrush(Qt::NoBrush);
        painter.drawPath(ringPiece((scene.hoveredPartition + 0.5) / count - length / 2, length, radii.heatOuter + 1,
                                   radii.heatInner - 1));
    }
    if (scene.hasFocus && scene.currentArc) {
        const RingArc& arc = scene.geometry.arcs()[*scene.currentArc];
        painter.setBrush(Qt::NoBrush);
        for (const auto& [color, width] : {std::pair(theme.surface, 5.0), std::pair(theme.focus, 2.5)}) {
            painter.setPen(QPen(color, width, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
            painter.drawPath(ringPiece(arc.startTurn, arc.spanTurns, radii.arcOuter + 2, radii.stateInner - 2));
        }
    }
    painter.restore();
}

void paintChords(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme)
{
    painter.save();
    painter.translate(layout.center);
    const double radius = layout.radii.stateInner - 1;
    if (scene.chordPartition() >= 0)
        paintPartitionChords(painter, scene, radius, theme, PartitionIndex(scene.chordPartition()));
    else if (scene.emphasisedNode() != noNode)
        paintNodeChords(painter, scene, radius, theme, scene.emphasisedNode());
    painter.restore();
}

void paintPin(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme)
{
    if (!scene.pin || scene.isEmpty())
        return;
    painter.save();
    painter.translate(layout.center);
    const double keyTurn = std::ldexp(double(scene.pin->report.position), -64);
    const double trackRadius = std::max(20.0, layout.radii.stateInner - 18);
    const std::vector<WalkStop> stops = walkOf(scene, keyTurn, trackRadius);
    double furthest = 0;
    for (const WalkStop& stop : stops)
        furthest = std::max(furthest, stop.dotTurn);
    const QRectF track(-trackRadius, -trackRadius, 2 * trackRadius, 2 * trackRadius);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.text, 2, Qt::SolidLine, Qt::RoundCap));
    QPainterPath way(pointAt(keyTurn, layout.radii.stateInner - 4));
    way.arcTo(track, 90 - keyTurn * 360, -furthest * 360);
    painter.drawPath(way);
    paintPinHead(painter, layout.radii, theme, keyTurn);
    for (std::size_t i = 0; i < stops.size(); ++i)
        paintStop(painter, layout.radii, theme, stops[i], int(i) + 1, keyTurn, trackRadius);
    painter.restore();
}

} // namespace quoit
