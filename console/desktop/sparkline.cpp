#include "console/desktop/sparkline.h"

#include "console/desktop/drawing.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

double topOf(const QVector<QPointF>& points)
{
    double top = 0;
    for (const QPointF& point : points) {
        if (std::isfinite(point.y()))
            top = std::max(top, point.y());
    }
    return top > 0 ? top : 1;
}

} // namespace

void paintSparkline(QPainter& painter, const QRectF& box, const QVector<QPointF>& points, double from, double to,
                    const QColor& color, const Theme& theme)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF inner = box.adjusted(1, 2, -1, -1.5);
    painter.setPen(QPen(theme.chartGrid, 1));
    painter.drawLine(inner.bottomLeft(), inner.bottomRight());

    const double top = topOf(points);
    const double scale = to > from ? inner.width() / (to - from) : 0;
    QLinearGradient fade(inner.topLeft(), inner.bottomLeft()); // a steady figure isn't a slab
    QColor soft = color;
    soft.setAlphaF(theme.isDark ? 0.28F : 0.2F);
    fade.setColorAt(0, soft);
    soft.setAlphaF(0.02F);
    fade.setColorAt(1, soft);
    const QPen pen(color, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::BevelJoin);
    QVector<QPointF> piece; // up to the next gap
    for (qsizetype i = 0; i <= points.size(); ++i) {
        if (i < points.size() && std::isfinite(points[i].y())) {
            const double share = std::clamp(points[i].y() / top, 0.0, 1.0);
            piece << QPointF(inner.left() + scale * (points[i].x() - from), inner.bottom() - share * inner.height());
            continue;
        }
        drawLine(painter, piece, pen, fade, inner.bottom());
        piece.clear();
    }
    painter.restore();
}

} // namespace quoit
