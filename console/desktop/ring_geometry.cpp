#include "console/desktop/ring_geometry.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace quoit {

namespace {

double wrapped(double turn)
{
    const double rest = turn - std::floor(turn);
    return rest < 1 ? rest : 0; // -1e-20 - floor(-1e-20) is 1
}

} // namespace

RingRadii RingRadii::forRadius(double outer)
{
    const double gap = std::clamp(outer * 0.011, 1.5, 4.0);
    RingRadii radii;
    radii.heatOuter = outer;
    radii.heatInner = outer - std::clamp(outer * 0.05, 4.0, 18.0);
    radii.arcOuter = radii.heatInner - gap;
    radii.arcInner = radii.arcOuter - std::clamp(outer * 0.1, 8.0, 38.0);
    radii.stateOuter = radii.arcInner - gap;
    radii.stateInner = radii.stateOuter - std::clamp(outer * 0.024, 3.0, 8.0);
    return radii;
}

RingGeometry::RingGeometry(const ClusterMap& map)
    : m_partitionCount(map.partitionCount())
{
    for (const Member& member : map.members()) {
        for (const PartitionIndex token : member.tokens) {
            RingArc arc;
            arc.node = member.id;
            arc.token = token;
            m_arcs.push_back(arc);
        }
    }
    // During a replacement two members own the same tokens: the one that is there (its id is lower) keeps the arc.
    std::stable_sort(m_arcs.begin(), m_arcs.end(),
                     [](const RingArc& a, const RingArc& b) { return a.token < b.token; });
    const auto isSameToken = [](const RingArc& a, const RingArc& b) { return a.token == b.token; };
    m_arcs.erase(std::unique(m_arcs.begin(), m_arcs.end(), isSameToken), m_arcs.end());
    for (std::size_t i = 0; i < m_arcs.size(); ++i) {
        const PartitionIndex previous = m_arcs[(i + m_arcs.size() - 1) % m_arcs.size()].token;
        RingArc& arc = m_arcs[i];
        arc.first = (previous + 1) % m_partitionCount;
        const std::uint32_t covered = (arc.token + m_partitionCount - arc.first) % m_partitionCount + 1;
        arc.startTurn = double(arc.first) / m_partitionCount;
        arc.spanTurns = double(covered) / m_partitionCount;
    }
}

std::size_t RingGeometry::arcOf(PartitionIndex partition) const
{
    const auto found = std::lower_bound(m_arcs.begin(), m_arcs.end(), partition,
                                        [](const RingArc& arc, PartitionIndex p) { return arc.token < p; });
    // Past the last token the first arc goes on: it wraps over 0.
    return found == m_arcs.end() ? 0 : std::size_t(found - m_arcs.begin());
}

PartitionIndex RingGeometry::partitionAt(double turn) const
{
    const auto partition = PartitionIndex(wrapped(turn) * m_partitionCount);
    return std::min(partition, m_partitionCount - 1);
}

RingHit RingGeometry::hit(QPointF point, const RingRadii& radii) const
{
    RingHit hit;
    const double distance = std::hypot(point.x(), point.y());
    if (distance > radii.heatOuter)
        return hit;
    hit.partition = partitionAt(turnOf(point));
    hit.arc = arcOf(hit.partition);
    // A gap between two bands belongs to the inner one, so that the mouse never
    // falls through.
    if (distance > radii.heatInner)
        hit.band = RingBand::Heat;
    else if (distance > radii.arcInner)
        hit.band = RingBand::Arcs;
    else if (distance > radii.stateInner)
        hit.band = RingBand::State;
    else
        hit.band = RingBand::Inside;
    return hit;
}

std::optional<std::size_t> RingGeometry::arcOfNodeFrom(PartitionIndex partition, NodeId node) const
{
    if (m_arcs.empty())
        return std::nullopt;
    const std::size_t start = arcOf(partition);
    for (std::size_t i = 0; i < m_arcs.size(); ++i) {
        const std::size_t arc = (start + i) % m_arcs.size();
        if (m_arcs[arc].node == node)
            return arc;
    }
    return std::nullopt;
}

double RingGeometry::middleTurn(std::size_t arc) const
{
    return wrapped(m_arcs[arc].startTurn + m_arcs[arc].spanTurns / 2);
}

double RingGeometry::endTurn(std::size_t arc) const
{
    return wrapped(m_arcs[arc].startTurn + m_arcs[arc].spanTurns);
}

std::vector<RingArc> RingGeometry::aggregated(std::size_t bucketCount) const
{
    if (m_arcs.size() <= bucketCount || bucketCount == 0)
        return m_arcs;
    std::vector<RingArc> result;
    const auto boundary = [&](std::size_t bucket) {
        return PartitionIndex(std::llround(double(bucket) / double(bucketCount) * m_partitionCount));
    };
    for (std::size_t bucket = 0; bucket < bucketCount; ++bucket) {
        const double start = double(bucket) / double(bucketCount);
        const double end = double(bucket + 1) / double(bucketCount);
        if (boundary(bucket) == boundary(bucket + 1))
            continue;
        const NodeId node = mostIn(boundary(bucket), boundary(bucket + 1));
        if (!result.empty() && result.back().node == node) {
            result.back().spanTurns = end - result.back().startTurn;
            result.back().token = boundary(bucket + 1) - 1;
            continue;
        }
        result.push_back({node, boundary(bucket), boundary(bucket + 1) - 1, start, end - start});
    }
    return result;
}

NodeId RingGeometry::mostIn(PartitionIndex first, PartitionIndex end) const
{
    std::vector<std::pair<NodeId, std::uint32_t>> counts; // a handful: looking through them beats any map
    for (PartitionIndex p = first; p < end;) {
        const RingArc& arc = m_arcs[arcOf(p)];
        // The arc that wraps has a token below p; it lasts until the end of the circle then.
        const PartitionIndex last = arc.token >= p ? arc.token : m_partitionCount - 1;
        const std::uint32_t count = std::min(last + 1, end) - p;
        auto known =
            std::find_if(counts.begin(), counts.end(), [&arc](const auto& entry) { return entry.first == arc.node; });
        if (known == counts.end())
            known = counts.insert(counts.end(), {arc.node, 0});
        known->second += count;
        p += count;
    }
    return std::max_element(counts.begin(), counts.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; })
        ->first;
}

double turnOf(QPointF point)
{
    if (point.isNull())
        return 0;
    return wrapped(std::atan2(point.x(), -point.y()) / (2 * std::numbers::pi));
}

QPointF pointAt(double turn, double radius)
{
    const double angle = turn * 2 * std::numbers::pi;
    return {radius * std::sin(angle), -radius * std::cos(angle)};
}

} // namespace quoit
