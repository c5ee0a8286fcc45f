// console/desktop/sparkline.h - a line without axes, as large as a word. Plain QPainter.
#pragma once

#include "console/desktop/theme.h"

#include <QWidget>

#include <optional>
#include <vector>

class QPainter;

namespace quoit {

/// Paints values, evenly spaced, oldest first; NaN is a gap. The scale starts at 0. Nothing to see with fewer than two
/// values; a faint base line then. For item delegates and widgets alike.
/// @param valueMax top of the scale; no value: the largest of the values
void paintSparkline(QPainter& painter, const QRectF& box, const std::vector<double>& values, const QColor& color,
                    const Theme& theme, std::optional<double> valueMax = std::nullopt);

class Sparkline : public QWidget
{
    Q_OBJECT

public:
    /// @param themes borrowed; must outlive the widget
    explicit Sparkline(const ThemeManager& themes, QWidget* parent = nullptr);

    void setValues(std::vector<double> values); ///< see paintSparkline()
    void setColor(const QColor& color);         ///< default: the theme's accent
    void setValueMax(std::optional<double> valueMax);

    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    const ThemeManager& m_themes;
    std::vector<double> m_values;
    QColor m_color;
    std::optional<double> m_valueMax;
};

} // namespace quoit
