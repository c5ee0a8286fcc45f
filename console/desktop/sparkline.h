// console/desktop/sparkline.h - a line without axes, as large as a word. Plain QPainter.
#pragma once

#include "console/desktop/theme.h"

#include <QPointF>
#include <QVector>

class QPainter;
class QRectF;

namespace quoit {

/// Paints values at their times. The scale starts at 0 and ends at the largest value. Nothing to see with fewer than two values;
/// a faint base line then.
/// @param points ascending by x, the time; NaN as y is a gap
/// @param from,to times at the left and the right edge
void paintSparkline(QPainter& painter, const QRectF& box, const QVector<QPointF>& points, double from, double to,
                    const QColor& color, const Theme& theme);

} // namespace quoit
