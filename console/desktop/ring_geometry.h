// console/desktop/ring_geometry.h - where everything lies on the painted ring,
// and what lies under a point. Pure: knows no widget and no painter. Angles are
// turns: 0 at twelve o'clock, clockwise, 1 is the whole circle; the ring's
// position 0 is at 0, so partition p covers [p / P, (p + 1) / P).
#pragma once

#include "shared/ring/cluster_map.h"

#include <QPointF>

#include <optional>
#include <vector>

namespace quoit {

/// A vnode: the partitions (previous token, token], clockwise. A ring with one
/// token has one arc of the whole circle.
struct RingArc
{
    NodeId node = noNode;
    PartitionIndex first = 0; ///< first partition covered
    PartitionIndex token = 0; ///< last partition covered; less than first where the arc wraps over 0
    double startTurn = 0;     ///< 0 ≤ startTurn < 1
    double spanTurns = 0;     ///< 0 < spanTurns ≤ 1

    bool operator==(const RingArc&) const = default;
};

/// Radii of the bands, in pixels from the centre; outermost first.
struct RingRadii
{
    double heatOuter = 0;
    double heatInner = 0;
    double arcOuter = 0;
    double arcInner = 0;
    double stateOuter = 0;
    double stateInner = 0; ///< within it: walk, chords, totals

    /// The bands for a ring of that radius.
    static RingRadii forRadius(double outer);
};

enum class RingBand { Outside, Heat, Arcs, State, Inside };

/// What is under a point.
struct RingHit
{
    RingBand band = RingBand::Outside;
    PartitionIndex partition = 0; ///< valid in the bands
    std::size_t arc = 0;          ///< index into arcs(); valid in the bands
};

/// The arcs of one map. Immutable after construction.
class RingGeometry
{
public:
    RingGeometry() = default; ///< no cluster: no arcs
    explicit RingGeometry(const ClusterMap& map);

    bool isEmpty() const { return m_arcs.empty(); }
    std::uint32_t partitionCount() const { return m_partitionCount; }
    const std::vector<RingArc>& arcs() const { return m_arcs; } ///< ascending by token

    /// Index of the arc that covers the partition: binary search. Not for an
    /// empty ring.
    std::size_t arcOf(PartitionIndex partition) const;
    /// @param turn any finite number, also negative or above 1
    PartitionIndex partitionAt(double turn) const;
    /// What is at a point given relative to the centre, y downwards. Not for an
    /// empty ring.
    RingHit hit(QPointF point, const RingRadii& radii) const;

    /// The first token clockwise from the partition on (it included) that the
    /// node owns: where the walk meets it.
    std::optional<std::size_t> arcOfNodeFrom(PartitionIndex partition, NodeId node) const;
    double middleTurn(std::size_t arc) const; ///< 0 … 1
    double endTurn(std::size_t arc) const;    ///< 0 … 1; where its token lies

    /// Arcs thinned out for painting: none narrower than one of `bucketCount`
    /// equal parts of the circle; each part goes to the node that has most of it,
    /// neighbours of one node are merged. Returns arcs() when there are no more
    /// than that.
    std::vector<RingArc> aggregated(std::size_t bucketCount) const;

private:
    NodeId mostIn(PartitionIndex first, PartitionIndex end) const;

    std::uint32_t m_partitionCount = 0;
    std::vector<RingArc> m_arcs;
};

/// @return 0 ≤ turn < 1 of a point relative to the centre; 0 for the centre
/// itself.
double turnOf(QPointF point);
/// @return the point on a circle around (0, 0).
QPointF pointAt(double turn, double radius);

} // namespace quoit
