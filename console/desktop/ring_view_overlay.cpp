#include "console/desktop/ring_view_overlay.h"

#include "console/desktop/number_text.h"
#include "console/desktop/ring_view_bands.h"

#include <QPainter>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quoit {

namespace {

constexpr double fullTurn = 2 * std::numbers::pi;
constexpr std::size_t ribbonCountMax = 400; ///< more say nothing any more

struct Span {
  double start = 0;
  double length = 0; ///< turns
};

/// Two pieces of the circle, tied by a ribbon that bends inwards: the further
/// apart they are, the deeper.
QPainterPath ribbon(Span from, Span to, double radius) {
  const double fromMiddle = from.start + from.length / 2;
  const double toMiddle = to.start + to.length / 2;
  double apart = std::abs(fromMiddle - toMiddle);
  apart -= std::floor(apart);
  apart = std::min(apart, 1 - apart);
  double middle = (fromMiddle + toMiddle) / 2;
  if (std::abs(fromMiddle - toMiddle) > 0.5)
    middle += 0.5;
  const double depth = std::clamp(0.08 + apart * 2.6, 0.0, 0.92);
  const QPointF control = pointAt(middle, radius * (1 - depth));
  const QRectF circle(-radius, -radius, 2 * radius, 2 * radius);
  QPainterPath path;
  path.arcMoveTo(circle, 90 - from.start * 360);
  path.arcTo(circle, 90 - from.start * 360, -from.length * 360);
  path.quadTo(control, pointAt(to.start, radius));
  path.arcTo(circle, 90 - to.start * 360, -to.length * 360);
  path.quadTo(control, pointAt(from.start, radius));
  path.closeSubpath();
  return path;
}

Span spanOf(const RingArc &arc) { return {arc.startTurn, arc.spanTurns}; }

void paintRibbon(QPainter &painter, const QPainterPath &path,
                 const QColor &color, double alpha) {
  QColor fill = color;
  fill.setAlphaF(float(alpha));
  QColor edge = color;
  edge.setAlphaF(float(std::min(1.0, alpha * 1.8)));
  painter.setPen(QPen(edge, 0.8));
  painter.setBrush(fill);
  painter.drawPath(path);
}

void paintPartitionChords(QPainter &painter, const RingScene &scene,
                          double radius, const Theme &theme,
                          PartitionIndex partition) {
  const double pixel = 1 / (fullTurn * radius);
  const double length =
      std::max(1.0 / scene.geometry.partitionCount(), 3 * pixel);
  const double start =
      (partition + 0.5) / scene.geometry.partitionCount() - length / 2;
  const auto replicas = scene.map->replicas(partition);
  for (const NodeId node : replicas) {
    const auto arc = scene.geometry.arcOfNodeFrom(partition, node);
    if (arc && *arc != scene.geometry.arcOf(partition))
      paintRibbon(
          painter,
          ribbon({start, length}, spanOf(scene.geometry.arcs()[*arc]), radius),
          theme.node(node), 0.42);
  }
  painter.setPen(Qt::NoPen);
  painter.setBrush(theme.text);
  painter.drawPath(ringPiece(start, length, radius, radius - 4));
}

/// Runs of partitions that the node replicates for one owner, each tied to the
/// arc where the walk meets the node.
void paintNodeChords(QPainter &painter, const RingScene &scene, double radius,
                     const Theme &theme, NodeId node) {
  const RingGeometry &geometry = scene.geometry;
  const auto &arcs = geometry.arcs();
  std::size_t painted = 0;
  for (std::size_t source = 0; source < arcs.size() && painted < ribbonCountMax;
       ++source) {
    // All partitions of an arc have the same walk, hence the same replicas.
    if (arcs[source].node == node ||
        !scene.map->isReplica(arcs[source].token, node))
      continue;
    const auto own = geometry.arcOfNodeFrom(arcs[source].token, node);
    if (!own)
      continue;
    paintRibbon(painter,
                ribbon(spanOf(arcs[source]), spanOf(arcs[*own]), radius),
                theme.node(arcs[source].node), 0.22);
    ++painted;
  }
}

QString holdingText(const RingPin &pin, const ReplicaReport &replica) {
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

/// A small label with a background of its own. @return its box
QRectF paintLabel(QPainter &painter, const QRectF &box, const QString &strong,
                  const QString &rest, const Theme &theme) {
  painter.setPen(QPen(theme.border, 1));
  painter.setBrush(theme.surfaceRaised);
  painter.drawRoundedRect(box, 5, 5);
  const QFontMetricsF metrics(theme.small);
  painter.setFont(theme.small);
  painter.setPen(theme.text);
  painter.drawText(box.adjusted(8, 0, -4, 0), Qt::AlignLeft | Qt::AlignVCenter,
                   strong);
  painter.setPen(theme.mutedText);
  painter.drawText(
      box.adjusted(14 + metrics.horizontalAdvance(strong), 0, -4, 0),
      Qt::AlignLeft | Qt::AlignVCenter, rest);
  return box;
}

struct WalkStop {
  const ReplicaReport *replica = nullptr;
  double turn = 0;    ///< clockwise from the key, where the walk meets the node
  double dotTurn = 0; ///< the same, moved on where dots would overlap
};

std::vector<WalkStop> walkOf(const RingScene &scene, double keyTurn,
                             double trackRadius) {
  std::vector<WalkStop> stops;
  for (const ReplicaReport &replica : scene.pin->report.replicas) {
    const auto arc =
        scene.geometry.arcOfNodeFrom(scene.pin->report.partition, replica.node);
    if (!arc)
      continue;
    double ahead = scene.geometry.endTurn(*arc) - keyTurn;
    ahead -= std::floor(ahead);
    stops.push_back({&replica, ahead, ahead});
  }
  std::vector<WalkStop *> byTurn;
  for (WalkStop &stop : stops)
    byTurn.push_back(&stop);
  std::sort(
      byTurn.begin(), byTurn.end(),
      [](const WalkStop *a, const WalkStop *b) { return a->turn < b->turn; });
  const double apart = 24 / (fullTurn * trackRadius);
  double least = apart;
  for (WalkStop *stop : byTurn) {
    stop->dotTurn = std::max(stop->turn, least);
    least = stop->dotTurn + apart;
  }
  return stops;
}

void paintStop(QPainter &painter, const RingScene &scene,
               const RingRadii &radii, const Theme &theme, const WalkStop &stop,
               int number, double keyTurn, double trackRadius) {
  const QPointF token =
      pointAt(keyTurn + stop.turn, (radii.arcOuter + radii.arcInner) / 2);
  const QPointF dot = pointAt(keyTurn + stop.dotTurn, trackRadius);
  painter.setPen(QPen(theme.text, 1.2));
  painter.drawLine(token, dot);
  painter.setPen(QPen(theme.surface, 1.5));
  painter.setBrush(theme.text);
  painter.drawEllipse(token, 3.5, 3.5);

  const QColor fill = theme.node(stop.replica->node);
  painter.setPen(QPen(theme.surface, 2));
  painter.setBrush(fill);
  painter.drawEllipse(dot, 10, 10);
  const QColor dark(0x10141a);
  painter.setPen(contrastRatio(fill, dark) > contrastRatio(fill, Qt::white)
                     ? dark
                     : QColor(Qt::white));
  QFont font = theme.small;
  font.setWeight(QFont::Bold);
  painter.setFont(font);
  painter.drawText(QRectF(dot.x() - 10, dot.y() - 10, 20, 20), Qt::AlignCenter,
                   QString::number(number));
  Q_UNUSED(scene)
}

/// Labels stand inside the ring beside their dots, kept apart vertically, in
/// the order of height.
void paintStopLabels(QPainter &painter, const RingScene &scene,
                     const Theme &theme, const std::vector<WalkStop> &stops,
                     double keyTurn, double trackRadius) {
  const QFontMetricsF metrics(theme.small);
  const double height = metrics.height() + 8;
  struct Label {
    QRectF box;
    QString name;
    QString holding;
  };
  std::vector<Label> labels;
  for (const WalkStop &stop : stops) {
    Label label;
    label.name = scene.name(stop.replica->node);
    label.holding = holdingText(*scene.pin, *stop.replica);
    const double width = metrics.horizontalAdvance(label.name) +
                         metrics.horizontalAdvance(label.holding) + 24;
    const QPointF anchor = pointAt(keyTurn + stop.dotTurn, trackRadius - 18);
    // The box grows towards the middle of the ring.
    const double side = std::clamp(anchor.x() / (trackRadius * 0.5), -1.0, 1.0);
    label.box = QRectF(anchor.x() - width * (1 + side) / 2,
                       anchor.y() - height / 2, width, height);
    if (std::abs(side) < 0.8)
      label.box.translate(0, anchor.y() < 0 ? height / 2 : -height / 2);
    labels.push_back(label);
  }
  std::vector<Label *> byHeight;
  for (Label &label : labels)
    byHeight.push_back(&label);
  std::sort(byHeight.begin(), byHeight.end(),
            [](const Label *a, const Label *b) {
              return a->box.center().y() < b->box.center().y();
            });
  for (std::size_t i = 1; i < byHeight.size(); ++i) {
    const double least = byHeight[i - 1]->box.bottom() + 3;
    if (byHeight[i]->box.top() < least)
      byHeight[i]->box.moveTop(least);
  }
  for (const Label &label : labels)
    paintLabel(painter, label.box, label.name, label.holding, theme);
}

void paintPinHead(QPainter &painter, const RingScene &scene,
                  const RingLayout &layout, const Theme &theme, double turn) {
  const RingRadii &radii = layout.radii;
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

  const QFontMetricsF metrics(theme.small);
  const QString key = metrics.elidedText(
      QString::fromStdString(scene.pin->report.key), Qt::ElideMiddle, 150);
  const double width = metrics.horizontalAdvance(key) + 18;
  const double height = metrics.height() + 8;
  QRectF box(head.x() >= 0 ? head.x() + 13 : head.x() - 13 - width,
             head.y() - height / 2, width, height);
  // Kept in the view: over the ring rather than cut off.
  const QRectF room = QRectF(QPointF(), layout.area)
                          .translated(-layout.center)
                          .adjusted(4, 4, -4, -4);
  if (box.right() > room.right())
    box.moveRight(room.right());
  if (box.left() < room.left())
    box.moveLeft(room.left());
  box.moveTop(std::clamp(box.top(), room.top(),
                         std::max(room.top(), room.bottom() - height)));
  paintLabel(painter, box, key, {}, theme);
}

} // namespace

void paintEmphasis(QPainter &painter, const RingScene &scene,
                   const RingLayout &layout, const Theme &theme) {
  const NodeId node = scene.emphasisedNode();
  painter.save();
  painter.translate(layout.center);
  const RingRadii &radii = layout.radii;
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
    painter.drawPath(
        ringPiece((scene.hoveredPartition + 0.5) / count - length / 2, length,
                  radii.heatOuter + 1, radii.heatInner - 1));
  }
  if (scene.hasFocus && scene.currentArc) {
    const RingArc &arc = scene.geometry.arcs()[*scene.currentArc];
    painter.setBrush(Qt::NoBrush);
    for (const auto &[color, width] :
         {std::pair(theme.surface, 5.0), std::pair(theme.focus, 2.5)}) {
      painter.setPen(
          QPen(color, width, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
      painter.drawPath(ringPiece(arc.startTurn, arc.spanTurns,
                                 radii.arcOuter + 2, radii.stateInner - 2));
    }
  }
  painter.restore();
}

void paintChords(QPainter &painter, const RingScene &scene,
                 const RingLayout &layout, const Theme &theme) {
  painter.save();
  painter.translate(layout.center);
  const double radius = layout.radii.stateInner - 5;
  if (scene.chordPartition() >= 0)
    paintPartitionChords(painter, scene, radius, theme,
                         PartitionIndex(scene.chordPartition()));
  else if (scene.emphasisedNode() != noNode)
    paintNodeChords(painter, scene, radius, theme, scene.emphasisedNode());
  painter.restore();
}

void paintPin(QPainter &painter, const RingScene &scene,
              const RingLayout &layout, const Theme &theme) {
  if (!scene.pin || scene.isEmpty())
    return;
  painter.save();
  painter.translate(layout.center);
  const double keyTurn = std::ldexp(double(scene.pin->report.position), -64);
  const double trackRadius = std::max(20.0, layout.radii.stateInner - 18);
  const std::vector<WalkStop> stops = walkOf(scene, keyTurn, trackRadius);
  double furthest = 0;
  for (const WalkStop &stop : stops)
    furthest = std::max(furthest, stop.dotTurn);
  const QRectF track(-trackRadius, -trackRadius, 2 * trackRadius,
                     2 * trackRadius);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(QPen(theme.text, 2, Qt::SolidLine, Qt::RoundCap));
  QPainterPath way(pointAt(keyTurn, layout.radii.stateInner - 4));
  way.arcTo(track, 90 - keyTurn * 360, -furthest * 360);
  painter.drawPath(way);
  paintPinHead(painter, scene, layout, theme, keyTurn);
  for (std::size_t i = 0; i < stops.size(); ++i)
    paintStop(painter, scene, layout.radii, theme, stops[i], int(i) + 1,
              keyTurn, trackRadius);
  if (layout.radii.stateInner > 130)
    paintStopLabels(painter, scene, theme, stops, keyTurn, trackRadius);
  painter.restore();
}

} // namespace quoit
