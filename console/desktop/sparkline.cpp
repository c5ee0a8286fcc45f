#include "console/desktop/sparkline.h"

#include "console/desktop/drawing.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

double topOf(const std::vector<double>& values, std::optional<double> valueMax)
{
    if (valueMax && *valueMax > 0)
        return *valueMax;
    double top = 0;
    for (const double value : values) {
        if (std::isfinite(value))
            top = std::max(top, value);
    }
    return top > 0 ? top : 1;
}

} // namespace

void paintSparkline(QPainter& painter, const QRectF& box, const std::vector<double>& values, const QColor& color,
                    const Theme& theme, std::optional<double> valueMax)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const QRectF inner = box.adjusted(1, 2, -1, -1.5);
    painter.setPen(QPen(theme.chartGrid, 1));
    painter.drawLine(inner.bottomLeft(), inner.bottomRight());

    const double top = topOf(values, valueMax);
    const double step = values.size() > 1 ? inner.width() / double(values.size() - 1) : 0;
    QLinearGradient fade(inner.topLeft(), inner.bottomLeft()); // a steady figure isn't a slab
    QColor soft = color;
    soft.setAlphaF(theme.isDark ? 0.28F : 0.2F);
    fade.setColorAt(0, soft);
    soft.setAlphaF(0.02F);
    fade.setColorAt(1, soft);
    const QPen pen(color, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::BevelJoin);
    QVector<QPointF> piece; // up to the next gap
    for (std::size_t i = 0; i <= values.size(); ++i) {
        if (i < values.size() && std::isfinite(values[i])) {
            const double share = std::clamp(values[i] / top, 0.0, 1.0);
            piece << QPointF(inner.left() + step * double(i), inner.bottom() - share * inner.height());
            continue;
        }
        drawLine(painter, piece, pen, fade, inner.bottom());
        piece.clear();
    }
    painter.restore();
}

Sparkline::Sparkline(const ThemeManager& themes, QWidget* parent)
    : QWidget(parent)
    , m_themes(themes)
{
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(&themes, &ThemeManager::changed, this, qOverload<>(&QWidget::update));
}

void Sparkline::setValues(std::vector<double> values)
{
    m_values = std::move(values);
    update();
}

void Sparkline::setColor(const QColor& color)
{
    m_color = color;
    update();
}

void Sparkline::setValueMax(std::optional<double> valueMax)
{
    m_valueMax = valueMax;
    update();
}

QSize Sparkline::sizeHint() const
{
    return {120, 28};
}

QSize Sparkline::minimumSizeHint() const
{
    return {32, 14};
}

void Sparkline::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Theme& theme = m_themes.theme();
    paintSparkline(painter, rect(), m_values, m_color.isValid() ? m_color : theme.accent, theme, m_valueMax);
}

} // namespace quoit
