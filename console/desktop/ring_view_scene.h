// console/desktop/ring_view_scene.h - what the ring shows (RingScene) and where
// it lies (RingLayout). Inside the ring view only: its painters read these two
// and a Theme, and nothing else.
#pragma once

#include "console/desktop/ring_geometry.h"
#include "console/desktop/ring_view.h"

#include <QPainterPath>
#include <QRectF>
#include <QSizeF>
#include <QString>

#include <optional>
#include <vector>

namespace quoit {

/// Loads as colours: logarithmic, so that one hot partition neither hides the others nor vanishes among them.
struct HeatScale
{
    double low = 1;  ///< [1/s] the palest that is more than nothing: the median, at least 1
    double high = 4; ///< [1/s] the strongest: the peak, at least four times the mean

    /// 0 … 1; 0 for no load.
    double shareOf(double load) const;
};

struct RingScene
{
    ClusterMapPtr map; ///< null: no cluster
    RingGeometry geometry;
    RingGeometry previous;            ///< before the change that is being blended in
    double transition = 1;            ///< 0 … 1; 1: nothing is being blended in
    std::vector<double> share;        ///< [members] of all replicas, 0 … 1
    std::vector<NodeReport> nodes;    ///< ascending by id
    std::vector<std::uint64_t> loads; ///< [P], or [0] for unknown
    ClusterTotals totals;
    std::optional<RingPin> pin;
    std::optional<qint64> staleMs;
    std::vector<RingMark> marks;    ///< [P], or [0] for none
    bool areMarksPretended = false; ///< they show what would be
    std::uint32_t lostCount = 0;    ///< partitions that are out of reach now, whatever the marks show
    double pulse = 0;               ///< 0 … 1: how pale moving partitions are at this moment
    QString captionTitle;        ///< stands in the centre instead of the totals
    QString captionText;
    QString hintTitle;
    QString hintText;
    bool isLegendVisible = true;

    NodeId selectedNode = noNode;
    NodeId hoveredNode = noNode;
    int hoveredPartition = -1;
    std::optional<std::size_t> currentArc; ///< the keyboard's
    bool hasFocus = false;

    bool isEmpty() const { return geometry.isEmpty(); }
    /// Whom to bring out: the one under the mouse, else the selected one.
    NodeId emphasisedNode() const { return hoveredNode != noNode ? hoveredNode : selectedNode; }
    /// The partition whose replicas are shown as chords; -1: none.
    int chordPartition() const;

    const NodeReport* report(NodeId node) const; ///< nullptr: nothing is known of it
    StateMark mark(NodeId node) const;
    QString name(NodeId node) const; ///< "node 7" for one without a name
    std::optional<double> shareOf(NodeId node) const;
    std::optional<double> operationsPerSecond(NodeId node) const; ///< no value: not fresh
    std::optional<double> load(PartitionIndex partition) const;
    std::uint64_t loadMax() const; ///< 0: no load or unknown
    HeatScale heatScale() const;
    /// Ids of all members, ascending.
    std::vector<NodeId> members() const;
};

/// One node of the legend.
struct RingLegendEntry
{
    NodeId node = noNode;
    QRectF box;
};

struct RingLayout
{
    QSizeF area;
    QPointF center;
    RingRadii radii;
    double centerRadius = 0; ///< of the disc with the totals
    std::vector<RingLegendEntry> legend;
    int hiddenCount = 0; ///< nodes that the legend has no room for
    QRectF hiddenBox;    ///< where "and 12 more" stands
    QRectF scaleBox;     ///< the heat scale; empty: no room

    static RingLayout compute(const RingScene& scene, QSizeF area, const Theme& theme);
    NodeId legendNodeAt(QPointF point) const; ///< noNode: none
};

/// A piece of a ring as a path around (0, 0).
QPainterPath ringPiece(double startTurn, double spanTurns, double outerRadius, double innerRadius);

} // namespace quoit
