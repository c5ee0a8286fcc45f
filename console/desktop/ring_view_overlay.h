// console/desktop/ring_view_overlay.h - paints what moves over the ring's
// cached picture: the emphasised node, chords, the pinned key and its walk, and
// the totals in the centre. Inside the ring view only.
#pragma once

#include "console/desktop/ring_view_scene.h"

#include <QFontMetricsF>
#include <QStringList>

#include <utility>

class QPainter;

namespace quoit {

/// Veils the other nodes' arcs and brings the emphasised one out; outlines the
/// arc that the keyboard is on.
void paintEmphasis(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme);
/// Ribbons to the replicas of the partition under the mouse, else to what the
/// selected node replicates for others.
void paintChords(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme);
/// The pin, the clockwise walk from it, and a numbered dot for each replica; the centre says what they hold.
void paintPin(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme);
/// A ribbon inside the ring between two pieces of it, each as (start, length) in turns.
void paintRibbonBetween(QPainter& painter, std::pair<double, double> from, std::pair<double, double> to, double radius,
                        const QColor& color, double alpha);
/// A dot with a number in the replica's colour.
void paintReplicaNumber(QPainter& painter, QPointF center, double radius, int number, const QColor& fill,
                        const Theme& theme);
/// [≤ 3] what stands in the centre instead of the totals: a line above the title, the title, the text below it; [0]: the
/// totals. An outage says itself there unless the owner has something of its own.
QStringList centerCaption(const RingScene& scene);
/// A replica's name in the list of the pinned key. That it is home is left out before letters of the name are: it is told beside
/// the ring as well. @param scene has a pin
QString pinnedName(const RingScene& scene, NodeId node, const QFontMetricsF& metrics, double widthMax);
/// Operations a second, p99, keys, and how many nodes are in which state; the age if the data is old. While a key is
/// pinned: the key, where it lies, and what each replica holds.
void paintCenter(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme);

} // namespace quoit
