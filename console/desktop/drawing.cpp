#include "console/desktop/drawing.h"

#include <QDateTime>
#include <QFile>
#include <QFontMetricsF>
#include <QScrollArea>
#include <QStyleOptionViewItem>
#include <QSvgRenderer>

#include <algorithm>
#include <cmath>

namespace quoit {

QFont fontOf(const Theme& theme, double pixels, QFont::Weight weight)
{
    QFont font = theme.body;
    font.setPixelSize(int(std::lround(pixels)));
    font.setWeight(weight);
    return font;
}

QPixmap iconPixmap(const QString& name, const QColor& color, int pixels, double pixelRatio)
{
    QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    QSvgRenderer renderer(file.readAll().replace("currentColor", color.name().toLatin1()));
    QPixmap pixmap(QSize(pixels, pixels) * pixelRatio);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    renderer.render(&painter, QRectF(QPointF(), QSizeF(pixmap.size())));
    painter.end();
    pixmap.setDevicePixelRatio(pixelRatio);
    return pixmap;
}

QIcon themedIcon(const QString& name, const Theme& theme)
{
    QIcon icon;
    for (const double ratio : {1.0, 2.0, 3.0}) {
        icon.addPixmap(iconPixmap(name, theme.mutedText, 16, ratio), QIcon::Normal);
        icon.addPixmap(iconPixmap(name, theme.disabledText, 16, ratio), QIcon::Disabled);
        icon.addPixmap(iconPixmap(name, theme.accent, 16, ratio), QIcon::Normal, QIcon::On);
    }
    return icon;
}

void paintStateMark(QPainter& painter, const QRectF& box, NodeState state, const Theme& theme)
{
    paintStateMark(painter, box, markOf(state), theme);
}

QString stateWord(NodeState state)
{
    QString word = wordOf(markOf(state));
    word[0] = word[0].toUpper();
    return word;
}

QString wholeText(std::optional<double> value)
{
    return value && *value >= 0 ? countText(std::uint64_t(std::llround(*value))) : noDataText();
}

QString clockText(qint64 ms)
{
    return QDateTime::fromMSecsSinceEpoch(ms).toString(QStringLiteral("HH:mm:ss"));
}

QString whenText(qint64 ms, qint64 shownMs)
{
    constexpr qint64 halfDayMs = 12 * 3'600'000;
    return std::abs(shownMs - ms) < halfDayMs ? clockText(ms)
                                              : QDateTime::fromMSecsSinceEpoch(ms).toString(QStringLiteral("d MMM"));
}

QString momentText(qint64 ms)
{
    const QDateTime moment = QDateTime::fromMSecsSinceEpoch(ms);
    const bool isThisYear = moment.date().year() == QDate::currentDate().year();
    return QLocale(QLocale::English)
        .toString(moment, isThisYear ? QStringLiteral("ddd d MMM, HH:mm:ss") : QStringLiteral("ddd d MMM yyyy, HH:mm:ss"));
}

QScrollArea* plainScrollArea(QWidget* content)
{
    auto* scroll = new QScrollArea;
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setWidgetResizable(true);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(content);
    scroll->viewport()->setAutoFillBackground(false);
    content->setAutoFillBackground(false);
    return scroll;
}

void drawLine(QPainter& painter, const QVector<QPointF>& points, const QPen& pen, const QBrush& fill, double baseline)
{
    constexpr qsizetype pieceSteps = 24;
    for (qsizetype first = 0; fill.style() != Qt::NoBrush && first + 1 < points.size(); first += pieceSteps) {
        QPolygonF area(points.mid(first, pieceSteps + 1));
        area << QPointF(area.last().x(), baseline) << QPointF(area.first().x(), baseline);
        QPainterPath path;
        path.addPolygon(area);
        painter.fillPath(path, fill);
    }
    for (qsizetype first = 0; first + 1 < points.size(); first += pieceSteps) {
        QPainterPath path;
        path.addPolygon(QPolygonF(points.mid(first, pieceSteps + 1)));
        painter.strokePath(path, pen);
    }
}

void drawCard(QPainter& painter, const QRectF& box, const Theme& theme)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(theme.border, 1));
    painter.setBrush(theme.surface);
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 10, 10);
    painter.restore();
}

void drawRow(QPainter& painter, const QStyleOptionViewItem& option, const Theme& theme)
{
    const QRectF box = option.rect;
    if (option.state & QStyle::State_Selected)
        painter.fillRect(box, theme.selection);
    else if (option.state & QStyle::State_MouseOver)
        painter.fillRect(box, theme.hover);
    painter.fillRect(QRectF(box.left(), box.bottom() - 1, box.width(), 1), theme.chartGrid);
}

double drawText(QPainter& painter, const QRectF& box, int flags, const QString& text, const QFont& font,
                const QColor& color)
{
    painter.setFont(font);
    painter.setPen(color);
    const QFontMetricsF metrics(font);
    const QString shown = metrics.elidedText(text, Qt::ElideRight, box.width() + 0.5);
    painter.drawText(box, flags | Qt::TextSingleLine, shown);
    return metrics.horizontalAdvance(shown);
}

double drawQuantity(QPainter& painter, QPointF baseline, const NumberParts& quantity, double pixels, const Theme& theme)
{
    const QFont numberFont = fontOf(theme, pixels, QFont::DemiBold);
    painter.setFont(numberFont);
    painter.setPen(quantity.number == noDataText() ? theme.mutedText : theme.text);
    painter.drawText(baseline, quantity.number);
    double width = QFontMetricsF(numberFont).horizontalAdvance(quantity.number);
    if (!quantity.unit.isEmpty()) {
        const QFont unitFont = fontOf(theme, std::max(11.0, pixels * 0.56), QFont::Medium);
        width += pixels * 0.18;
        painter.setFont(unitFont);
        painter.setPen(theme.mutedText);
        painter.drawText(baseline + QPointF(width, 0), quantity.unit);
        width += QFontMetricsF(unitFont).horizontalAdvance(quantity.unit);
    }
    return width;
}

} // namespace quoit
