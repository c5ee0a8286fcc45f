// console/desktop/drawing.h - small things that several views paint alike: icons, cards, text, figures with units.
#pragma once

#include "console/desktop/number_text.h"
#include "console/desktop/theme.h"

#include <QIcon>
#include <QPainter>
#include <QPixmap>
#include <QPointF>
#include <QRectF>

#include <optional>

class QScrollArea;
class QStyleOptionViewItem;

namespace quoit {

/// The theme's family in another size. @param pixels height of the em square
QFont fontOf(const Theme& theme, double pixels, QFont::Weight weight = QFont::Normal);

/// One of resources/icons in one colour, sharp at any pixel ratio.
/// @param name without ".svg". @param pixels logical, square
QPixmap iconPixmap(const QString& name, const QColor& color, int pixels, double pixelRatio);
/// Normal, disabled and checked colours of a theme.
QIcon themedIcon(const QString& name, const Theme& theme);

void paintStateMark(QPainter& painter, const QRectF& box, NodeState state, const Theme& theme);
/// "Up", "Suspect", "Down", "Joining", "Unknown"
QString stateWord(NodeState state);

/// Exact, in groups of three; "—" if there is no value or it is NaN.
QString wholeText(std::optional<double> value);
/// Local time, "14:03:22".
QString clockText(qint64 ms);
/// The same, or "27 Nov" for what is more than half a day from the moment that is shown.
QString whenText(qint64 ms, qint64 shownMs);
/// "Fri 27 Nov, 14:03:22"; the year too where it isn't this one.
QString momentText(qint64 ms);

/// A scroll area that looks like what it lies on: no frame, no background.
QScrollArea* plainScrollArea(QWidget* content);

/// A line through points, and the area below it. In pieces: the time that a path takes grows with the square of how many of its edges
/// share a row of pixels.
/// @param points ascending by x; nothing is drawn of less than two
/// @param fill of the area down to baseline; Qt::NoBrush: none
void drawLine(QPainter& painter, const QVector<QPointF>& points, const QPen& pen, const QBrush& fill, double baseline);

/// A card's rounded background, with its border.
void drawCard(QPainter& painter, const QRectF& box, const Theme& theme);
/// A list's row: what is behind its text if it is selected or under the mouse, and the line below it.
void drawRow(QPainter& painter, const QStyleOptionViewItem& option, const Theme& theme);

/// One line of text, elided at the end. @return the width used
double drawText(QPainter& painter, const QRectF& box, int flags, const QString& text, const QFont& font,
                const QColor& color);

/// A number in one font and its unit, smaller, on the same baseline, from the left.
/// @param baseline of both. @return the width used
double drawQuantity(QPainter& painter, QPointF baseline, const NumberParts& quantity, double pixels,
                    const Theme& theme);

} // namespace quoit
