// console/desktop/ring_view_bands.h - paints what stays: heat, vnodes, states,
// slot numbers, legend and scale. The view keeps the result as a pixmap. Inside
// the ring view only.
#pragma once

#include "console/desktop/ring_view_scene.h"

class QPainter;

namespace quoit {

/// Everything of a ring with a map but the centre and what is hovered, selected
/// or pinned.
void paintBands(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme);
/// The arcs of one node, brought out. @param painter moved to the ring's centre
void paintArcsOfNode(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme,
                     NodeId node);
/// The ring while one map blends into the next. @param painter moved to the
/// ring's centre
void paintTransition(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme);
/// An outline and nothing on it: no cluster. The hint stands in its centre.
void paintEmptyRing(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme);
/// Names, states and load of the nodes. Hovered and selected rows have a
/// background.
void paintLegend(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme);

} // namespace quoit
