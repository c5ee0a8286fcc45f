// The names beside the ring and the scale of its heat; declared in
// ring_view_bands.h.
#include "console/desktop/number_text.h"
#include "console/desktop/ring_view_bands.h"

#include <QPainter>

#include <algorithm>

namespace quoit {

namespace {

constexpr double roomOfNumber = 24; ///< to its left and right, so that numbers of the scale don't run into each other

/// What stands at the end of a row: the load of a node that is up, else its
/// state in words.
QString noteOf(const RingScene& scene, NodeId node)
{
    const StateMark mark = scene.mark(node);
    if (mark == StateMark::Up)
        return numberText(scene.operationsPerSecond(node), Unit::PerSecond);
    const NodeReport* report = scene.report(node);
    if (mark == StateMark::Suspect && report)
        return wordOf(mark) + QStringLiteral(" φ ") + QString::number(report->phi, 'f', 1);
    return wordOf(mark);
}

void paintRow(QPainter& painter, const RingScene& scene, const Theme& theme, const RingLegendEntry& entry)
{
    const StateMark mark = scene.mark(entry.node);
    const QRectF box = entry.box;
    if (entry.node == scene.selectedNode || entry.node == scene.hoveredNode) {
        painter.setPen(Qt::NoPen);
        painter.setBrush(entry.node == scene.selectedNode ? theme.selection : theme.hover);
        painter.drawRoundedRect(box.adjusted(0, 1, 0, -1), spacing::radius, spacing::radius);
    }
    const double middle = box.center().y();
    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.node(entry.node));
    painter.drawRoundedRect(QRectF(box.left() + 8, middle - 6, 4, 12), 2, 2);
    paintStateMark(painter, QRectF(box.left() + 19, middle - 6, 12, 12), mark, theme);

    const QString note = noteOf(scene, entry.node);
    const QFontMetricsF noteMetrics(theme.small);
    const double noteWidth = noteMetrics.horizontalAdvance(note) + 2;
    const QRectF noteBox(box.right() - noteWidth - 8, box.top(), noteWidth, box.height());
    painter.setFont(theme.small);
    painter.setPen(mark == StateMark::Up ? theme.mutedText : theme.state(mark));
    painter.drawText(noteBox, Qt::AlignRight | Qt::AlignVCenter, note);

    const QRectF nameBox(box.left() + 38, box.top(), noteBox.left() - box.left() - 46, box.height());
    const QString name = QFontMetricsF(theme.body).elidedText(scene.name(entry.node), Qt::ElideRight, nameBox.width());
    painter.setFont(theme.body);
    painter.setPen(theme.text);
    painter.drawText(nameBox, Qt::AlignLeft | Qt::AlignVCenter, name);
}

void paintScale(QPainter& painter, const RingScene& scene, const Theme& theme, const QRectF& box)
{
    const double left = box.left() + 8;
    const double width = box.width() - 16;
    const QRectF bar(left, box.top() + 17, width, 5);
    constexpr int stepCount = 48;
    painter.setPen(Qt::NoPen);
    for (int i = 0; i < stepCount; ++i) {
        painter.setBrush(theme.heat((i + 0.5) / stepCount));
        painter.drawRect(
            QRectF(bar.left() + bar.width() * i / stepCount, bar.top(), bar.width() / stepCount + 0.5, bar.height()));
    }
    painter.setFont(theme.small);
    painter.setPen(theme.mutedText);
    const QRectF above(left, box.top() - 2, width, 17);
    const QRectF below(left, bar.bottom() + 2, width, 17);
    painter.drawText(above, Qt::AlignLeft | Qt::AlignVCenter, RingView::tr("Load per partition"));
    painter.drawText(below, Qt::AlignLeft | Qt::AlignVCenter, QStringLiteral("0"));
    // What the colours mean: the scale is logarithmic between the usual load and the strongest.
    const HeatScale scale = scene.heatScale();
    const double usual = width * scale.shareOf(scale.low);
    if (usual >= roomOfNumber && usual <= width - 2 * roomOfNumber)
        painter.drawText(QRectF(left + usual - roomOfNumber, below.top(), 2 * roomOfNumber, 17), Qt::AlignCenter,
                         numberText(scale.low));
    painter.drawText(below, Qt::AlignRight | Qt::AlignVCenter, numberText(scale.high, Unit::PerSecond));
}

} // namespace

void paintLegend(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    for (const RingLegendEntry& entry : layout.legend)
        paintRow(painter, scene, theme, entry);
    if (layout.hiddenCount > 0) {
        painter.setFont(theme.small);
        painter.setPen(theme.mutedText);
        painter.drawText(layout.hiddenBox.adjusted(38, 0, 0, 0), Qt::AlignLeft | Qt::AlignVCenter,
                         RingView::tr("and %1 more").arg(layout.hiddenCount));
    }
    if (!layout.scaleBox.isEmpty() && !scene.loads.empty())
        paintScale(painter, scene, theme, layout.scaleBox);
    painter.restore();
}

} // namespace quoit
