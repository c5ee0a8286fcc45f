#include "console/desktop/ring_view_scene.h"

#include <QFontMetricsF>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

constexpr double outerMargin = 34; ///< for slot numbers and the pin's head
constexpr double legendWidth = 208;
constexpr double legendGap = 20;
constexpr double scaleHeight = 40;

/// Whoever needs attention comes first where not all have room; else the order
/// of the ids.
std::vector<NodeId> legendOrder(const RingScene& scene, std::size_t room)
{
    std::vector<NodeId> order = scene.members();
    if (order.size() > room) {
        std::stable_partition(order.begin(), order.end(), [&scene](NodeId node) {
            return scene.mark(node) != StateMark::Up || node == scene.selectedNode;
        });
    }
    return order;
}

void fillLegend(RingLayout& layout, const RingScene& scene, QRectF box, int columns, double rowHeight)
{
    const int rows = std::max(1, int(box.height() / rowHeight));
    const std::size_t room = std::size_t(rows) * std::size_t(columns);
    const std::vector<NodeId> order = legendOrder(scene, room);
    const bool isTooMany = order.size() > room;
    const std::size_t shown = isTooMany ? room - 1 : order.size();
    // Columns of even length look calmer than a full one and a stub.
    const int usedColumns = std::max(1, int(std::ceil(double(std::min(order.size(), room)) / rows)));
    const int usedRows = isTooMany ? rows : int(std::ceil(double(order.size()) / usedColumns));
    const double columnWidth = std::min(legendWidth, box.width() / usedColumns);
    const double top = box.top() + std::max(0.0, (box.height() - usedRows * rowHeight) / 2);
    const auto boxOf = [&](std::size_t index) {
        const int column = int(index) / usedRows;
        const int row = int(index) % usedRows;
        return QRectF(box.left() + column * columnWidth, top + row * rowHeight, columnWidth - 8, rowHeight);
    };
    for (std::size_t i = 0; i < shown; ++i)
        layout.legend.push_back({order[i], boxOf(i)});
    layout.hiddenCount = int(order.size() - shown);
    if (isTooMany)
        layout.hiddenBox = boxOf(shown);
}

} // namespace

int RingScene::chordPartition() const
{
    if (hoveredPartition >= 0)
        return hoveredPartition;
    if (hasFocus && currentArc && selectedNode == noNode)
        return int(geometry.arcs()[*currentArc].token);
    return -1;
}

const NodeReport* RingScene::report(NodeId node) const
{
    const auto found = std::lower_bound(nodes.begin(), nodes.end(), node,
                                        [](const NodeReport& report, NodeId id) { return report.id < id; });
    return found != nodes.end() && found->id == node ? &*found : nullptr;
}

StateMark RingScene::mark(NodeId node) const
{
    const NodeReport* known = report(node);
    const StateMark mark = known ? markOf(known->state) : StateMark::Unknown;
    // While it copies its share, a newcomer counts for nothing alone.
    const bool isComing = map && map->isChanging() &&
                          std::ranges::none_of(map->parts().members, [node](const Member& member) { return member.id == node; });
    return isComing && mark == StateMark::Up ? StateMark::Joining : mark;
}

QString RingScene::name(NodeId node) const
{
    const NodeReport* known = report(node);
    if (known && !known->name.empty())
        return QString::fromStdString(known->name);
    const Member* member = map ? map->member(node) : nullptr;
    if (member && !member->name.empty())
        return QString::fromStdString(member->name);
    return RingView::tr("node %1").arg(node);
}

std::optional<double> RingScene::shareOf(NodeId node) const
{
    if (!map)
        return std::nullopt;
    for (std::size_t i = 0; i < map->members().size() && i < share.size(); ++i) {
        if (map->members()[i].id == node)
            return share[i];
    }
    return std::nullopt;
}

std::optional<double> RingScene::operationsPerSecond(NodeId node) const
{
    const NodeReport* known = report(node);
    if (!known || !hasFreshFigures(*known))
        return std::nullopt;
    return double(known->figures.readsPerSecond + known->figures.writesPerSecond);
}

std::optional<double> RingScene::load(PartitionIndex partition) const
{
    return partition < loads.size() ? std::optional(double(loads[partition])) : std::nullopt;
}

std::uint64_t RingScene::loadMax() const
{
    return loads.empty() ? 0 : *std::max_element(loads.begin(), loads.end());
}

double HeatScale::shareOf(double load) const
{
    constexpr double least = 0.15; // what has load differs from what has none
    if (load <= 0)
        return 0;
    return std::clamp(least + (1 - least) * std::log(load / low) / std::log(high / low), least, 1.0);
}

HeatScale RingScene::heatScale() const
{
    HeatScale scale;
    if (loads.empty())
        return scale;
    std::vector<std::uint64_t> sorted = loads;
    const auto middle = sorted.begin() + std::ptrdiff_t(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    double sum = 0;
    for (const std::uint64_t each : loads)
        sum += double(each);
    scale.low = std::max(1.0, double(*middle));
    scale.high = std::max({double(loadMax()), 4 * sum / double(loads.size()), 2 * scale.low});
    return scale;
}

std::vector<NodeId> RingScene::members() const
{
    std::vector<NodeId> ids;
    if (map) {
        for (const Member& member : map->members())
            ids.push_back(member.id);
    }
    return ids;
}

RingLayout RingLayout::compute(const RingScene& scene, QSizeF area, const Theme& theme)
{
    RingLayout layout;
    layout.area = area;
    const double rowHeight = std::ceil(QFontMetricsF(theme.body).height() + 9);
    const int nodeCount = scene.map ? int(scene.map->members().size()) : 0;
    const bool wantsLegend = scene.isLegendVisible && nodeCount > 0;

    QRectF ringArea(QPointF(0, 0), area);
    const double beside = area.width() - area.height();
    if (wantsLegend && beside >= legendWidth - 20) {
        const int rows = std::max(1, int((area.height() - scaleHeight - 24) / rowHeight));
        const int columns = std::clamp(int(std::ceil(double(nodeCount) / rows)), 1,
                                       std::max(1, int((beside - legendGap) / legendWidth)));
        const double width = columns * legendWidth;
        const double group = std::min(area.width(), area.height() + width + legendGap);
        const double left = (area.width() - group) / 2;
        ringArea = QRectF(left, 0, group - width - legendGap + 12, area.height());
        const QRectF box(left + group - width - 12, 12, width, area.height() - 24 - scaleHeight);
        fillLegend(layout, scene, box, columns, rowHeight);
        layout.scaleBox =
            QRectF(box.left(), area.height() - scaleHeight - 8, std::min(width, legendWidth) - 8, scaleHeight);
    } else if (wantsLegend && area.height() - area.width() >= rowHeight * 2) {
        const int columns = std::max(1, int((area.width() - 24) / (legendWidth - 20)));
        const double rows = std::ceil(double(nodeCount) / columns);
        const double height = std::min(area.height() - area.width() + outerMargin, rows * rowHeight + 8);
        ringArea.setHeight(area.height() - height - 8);
        fillLegend(layout, scene, QRectF(16, ringArea.bottom(), area.width() - 32, height), columns, rowHeight);
    }
    const double radius = std::max(24.0, std::min(ringArea.width(), ringArea.height()) / 2 - outerMargin);
    layout.center = ringArea.center();
    layout.radii = RingRadii::forRadius(radius);
    layout.centerRadius = layout.radii.stateInner * 0.6;
    if (layout.scaleBox.isEmpty() && nodeCount > 0) {
        // The free corner below the circle, if the scale doesn't reach into it.
        const QRectF corner(12, area.height() - scaleHeight - 8, 120, scaleHeight);
        const QPointF nearest = corner.topRight() - layout.center;
        const bool isFree = layout.legend.empty() && std::hypot(nearest.x(), nearest.y()) > radius + 16;
        layout.scaleBox = isFree ? corner : QRectF();
    }
    return layout;
}

NodeId RingLayout::legendNodeAt(QPointF point) const
{
    for (const RingLegendEntry& entry : legend) {
        if (entry.box.contains(point))
            return entry.node;
    }
    return noNode;
}

QPainterPath ringPiece(double startTurn, double spanTurns, double outerRadius, double innerRadius)
{
    const QRectF outer(-outerRadius, -outerRadius, 2 * outerRadius, 2 * outerRadius);
    const QRectF inner(-innerRadius, -innerRadius, 2 * innerRadius, 2 * innerRadius);
    QPainterPath path;
    if (spanTurns >= 1) {
        path.addEllipse(outer);
        path.addEllipse(inner);
        return path;
    }
    // Qt counts degrees anticlockwise from three o'clock.
    const double start = 90 - startTurn * 360;
    const double sweep = -spanTurns * 360;
    path.arcMoveTo(outer, start);
    path.arcTo(outer, start, sweep);
    path.arcTo(inner, start + sweep, -sweep);
    path.closeSubpath();
    return path;
}

} // namespace quoit
