// The totals in the ring's centre; declared in ring_view_overlay.h.
#include "console/desktop/number_text.h"
#include "console/desktop/ring_view_overlay.h"

#include <QPainter>

#include <algorithm>

namespace quoit {

namespace {

QFont scaled(const QFont &font, double pixels) {
  QFont result = font;
  result.setPixelSize(std::max(8, int(std::lround(pixels))));
  return result;
}

/// Number and unit on one baseline, centred. @return the height used
void paintFigure(QPainter &painter, const NumberParts &parts, double centerX,
                 double baseline, const QFont &numberFont,
                 const QFont &unitFont, const Theme &theme) {
  const double numberWidth =
      QFontMetricsF(numberFont).horizontalAdvance(parts.number);
  const double gap =
      parts.unit.isEmpty()
          ? 0
          : QFontMetricsF(unitFont).horizontalAdvance(QLatin1Char(' ')) * 1.2;
  const double unitWidth =
      QFontMetricsF(unitFont).horizontalAdvance(parts.unit);
  const double left = centerX - (numberWidth + gap + unitWidth) / 2;
  painter.setFont(numberFont);
  painter.setPen(theme.text);
  painter.drawText(QPointF(left, baseline), parts.number);
  painter.setFont(unitFont);
  painter.setPen(theme.mutedText);
  painter.drawText(QPointF(left + numberWidth + gap, baseline), parts.unit);
}

void paintLine(QPainter &painter, const QString &text, double baseline,
               const QFont &font, const QColor &color) {
  painter.setFont(font);
  painter.setPen(color);
  painter.drawText(
      QPointF(-QFontMetricsF(font).horizontalAdvance(text) / 2, baseline),
      text);
}

struct StateCount {
  StateMark mark;
  int count;
  QString text;
};

/// "5 up", "1 suspect", "1 down": up always, the others if there are any.
std::vector<StateCount> stateCounts(const ClusterTotals &totals,
                                    bool hasWords) {
  std::vector<StateCount> counts = {
      {StateMark::Up, totals.nodesUp, {}},
      {StateMark::Suspect, totals.nodesSuspect, {}},
      {StateMark::Down, totals.nodesDown, {}},
      {StateMark::Unknown, totals.nodesUnknown, {}}};
  std::erase_if(counts, [](const StateCount &entry) {
    return entry.count == 0 && entry.mark != StateMark::Up;
  });
  for (StateCount &entry : counts) {
    entry.text = QString::number(entry.count);
    if (hasWords)
      entry.text += QLatin1Char(' ') + wordOf(entry.mark);
  }
  return counts;
}

void paintStates(QPainter &painter, const ClusterTotals &totals,
                 double baseline, double widthMax, const QFont &font,
                 const Theme &theme) {
  const QFontMetricsF metrics(font);
  const double mark = metrics.capHeight() * 1.15;
  const double gap = mark * 0.9;
  const auto widthOf = [&](const std::vector<StateCount> &counts) {
    double width = 0;
    for (const StateCount &entry : counts)
      width += mark + 4 + metrics.horizontalAdvance(entry.text) + gap;
    return width - gap;
  };
  std::vector<StateCount> counts = stateCounts(totals, true);
  if (widthOf(counts) > widthMax)
    counts = stateCounts(totals, false);
  double x = -widthOf(counts) / 2;
  painter.setFont(font);
  for (const StateCount &entry : counts) {
    const QRectF box(x, baseline - metrics.capHeight() / 2 - mark / 2, mark,
                     mark);
    paintStateMark(painter, box, entry.mark, theme);
    x += mark + 4;
    painter.setPen(entry.mark == StateMark::Up ||
                           entry.mark == StateMark::Unknown
                       ? theme.text
                       : theme.state(entry.mark));
    painter.drawText(QPointF(x, baseline), entry.text);
    x += metrics.horizontalAdvance(entry.text) + gap;
  }
}

} // namespace

void paintCenter(QPainter &painter, const RingScene &scene,
                 const RingLayout &layout, const Theme &theme) {
  const double radius = layout.centerRadius;
  if (scene.isEmpty() || radius < 26)
    return;
  painter.save();
  painter.translate(layout.center);
  const bool isLarge = radius >= 74;
  const double unit = std::min(radius, 190.0) /
                      100; // everything grows with the ring, up to a point
  const QFont number = scaled(theme.figure, isLarge ? 44 * unit : 0.5 * radius);
  const QFont numberUnit =
      scaled(theme.body, isLarge ? 17 * unit : 0.24 * radius);
  const QFont label = scaled(theme.body, std::max(10.5, 11.5 * unit));
  const QFont value = scaled(theme.strong, std::max(12.0, 16 * unit));
  const QFont valueUnit = scaled(theme.body, std::max(10.0, 12 * unit));
  const NumberParts operations =
      numberParts(scene.totals.operationsPerSecond, Unit::PerSecond);
  if (!isLarge) {
    paintFigure(painter, operations, 0, QFontMetricsF(number).capHeight() / 2,
                number, numberUnit, theme);
    painter.restore();
    return;
  }
  paintFigure(painter, operations, 0, -20 * unit, number, numberUnit, theme);
  paintLine(painter, RingView::tr("operations"), 0, label, theme.mutedText);
  const double column = 36 * unit;
  painter.setPen(QPen(theme.border, 1));
  painter.drawLine(QPointF(0, 18 * unit), QPointF(0, 46 * unit));
  paintFigure(painter, numberParts(scene.totals.p99Us, Unit::Microseconds),
              -column, 30 * unit, value, valueUnit, theme);
  paintFigure(painter, numberParts(scene.totals.keys), column, 30 * unit, value,
              valueUnit, theme);
  painter.translate(-column, 0);
  paintLine(painter, QStringLiteral("p99"), 46 * unit, label, theme.mutedText);
  painter.translate(2 * column, 0);
  paintLine(painter, RingView::tr("keys"), 46 * unit, label, theme.mutedText);
  painter.translate(-column, 0);
  if (scene.staleMs) {
    const QString age =
        RingView::tr("last heard %1").arg(ageText(*scene.staleMs));
    paintLine(painter, age, 76 * unit,
              scaled(theme.strong, std::max(11.0, 12.5 * unit)), theme.suspect);
  } else {
    paintStates(painter, scene.totals, 76 * unit, radius * 1.7,
                scaled(theme.body, std::max(11.0, 13 * unit)), theme);
  }
  painter.restore();
}

} // namespace quoit
