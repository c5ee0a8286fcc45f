#include "console/desktop/ring_view_marks.h"

#include "console/desktop/ring_view_overlay.h"
#include "shared/ring/change_plan.h"

#include <QPainter>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quoit {

namespace {

constexpr double fullTurn = 2 * std::numbers::pi;
constexpr int ribbonCountMax = 160; ///< more are one grey mass

struct MarkRun
{
    RingMark mark = RingMark::None;
    double start = 0; ///< turns
    double length = 0;
};

/// Neighbours with the same mark as one piece, none narrower than about a pixel; there the worst mark wins.
std::vector<MarkRun> runsOf(const std::vector<RingMark>& marks, double radius)
{
    std::vector<MarkRun> runs;
    const std::size_t fitting = std::max<std::size_t>(64, std::size_t(fullTurn * radius / 1.2));
    const std::size_t perPiece = (marks.size() + fitting - 1) / fitting;
    for (std::size_t first = 0; first < marks.size(); first += perPiece) {
        const std::size_t end = std::min(first + perPiece, marks.size());
        const RingMark mark =
            *std::max_element(marks.begin() + std::ptrdiff_t(first), marks.begin() + std::ptrdiff_t(end));
        const double length = double(end - first) / double(marks.size());
        if (!runs.empty() && runs.back().mark == mark)
            runs.back().length += length;
        else
            runs.push_back({mark, double(first) / double(marks.size()), length});
    }
    return runs;
}

/// Slanted stripes: what isn't so must not look as what is.
void paintHatched(QPainter& painter, const MarkRun& run, double outer, double inner)
{
    constexpr double periodPixels = 7;
    const double turnsPerPixel = 1 / (fullTurn * outer);
    const double slant = (outer - inner) * 0.6 * turnsPerPixel;
    const double end = run.start + run.length;
    const double period = periodPixels * turnsPerPixel;
    // Stripes of all runs are parts of one pattern, so that neighbours fit.
    for (double at = std::floor(run.start / period) * period; at < end; at += period) {
        const double from = std::max(at, run.start);
        const double to = std::min(at + period / 2, end);
        if (to > from)
            painter.drawPolygon(QPolygonF({pointAt(from, outer), pointAt(to, outer), pointAt(std::min(to + slant, end), inner),
                                           pointAt(std::min(from + slant, end), inner)}));
    }
}

} // namespace

std::vector<RingMark> marksOfChange(const ClusterMap& map)
{
    std::vector<RingMark> marks;
    if (!map.isChanging())
        return marks;
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition)
        marks.push_back(newReplicas(map, partition).empty() && !needsSettling(map, partition) ? RingMark::None
                                                                                              : RingMark::Moving);
    return marks;
}

std::vector<RingMark> marksOfDifference(const ClusterMap& before, const ClusterMap& after)
{
    std::vector<RingMark> marks;
    if (before.partitionCount() != after.partitionCount())
        return marks;
    for (PartitionIndex partition = 0; partition < after.partitionCount(); ++partition) {
        const auto old = before.before(partition);
        const auto now = after.after(partition);
        const bool isSame = old.size() == now.size() && std::is_permutation(old.begin(), old.end(), now.begin());
        marks.push_back(isSame ? RingMark::None : RingMark::Moving);
    }
    return marks;
}

std::vector<RingMark> marksOf(const Availability& availability)
{
    std::vector<RingMark> marks;
    for (const Strength strength : availability.partitions)
        marks.push_back(strength == Strength::Full    ? RingMark::None
                        : strength == Strength::Below ? RingMark::BelowStrength
                                                      : RingMark::NoMajority);
    return marks;
}

std::vector<RingMark> worseOf(std::vector<RingMark> first, const std::vector<RingMark>& second)
{
    if (first.size() != second.size())
        return first.empty() ? second : first;
    for (std::size_t i = 0; i < first.size(); ++i)
        first[i] = std::max(first[i], second[i]);
    return first;
}

void paintMarks(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme)
{
    if (scene.marks.size() != scene.geometry.partitionCount() || scene.isEmpty())
        return;
    const double outer = layout.radii.stateInner - 2;
    const double width = std::clamp(outer * 0.045, 4.0, 10.0);
    painter.save();
    painter.translate(layout.center);
    painter.setPen(Qt::NoPen);
    painter.setBrush(mixed(theme.surface, theme.text, 0.05));
    painter.drawPath(ringPiece(0, 1, outer, outer - width));
    const double overlap = 0.5 / (fullTurn * outer);
    for (const MarkRun& run : runsOf(scene.marks, outer)) {
        // Colour and height: what is lost is a full bar, what is weaker half of one, what moves a bar that pulses.
        double inner = outer - width;
        if (run.mark == RingMark::None)
            continue;
        if (run.mark == RingMark::BelowStrength) {
            painter.setBrush(theme.suspect);
            inner = outer - width * 0.4;
        } else if (run.mark == RingMark::NoMajority) {
            painter.setBrush(theme.down);
            inner = outer - width * 1.6;
        } else {
            painter.setBrush(mixed(theme.joining, theme.surface, 0.45 * scene.pulse));
        }
        if (scene.areMarksPretended)
            paintHatched(painter, run, outer, inner);
        else
            painter.drawPath(ringPiece(run.start, run.length + overlap, outer, inner));
    }
    painter.restore();
}

void paintMovingRibbons(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme)
{
    if (!scene.map || !scene.map->isChanging() || scene.isEmpty())
        return;
    struct Move
    {
        PartitionIndex first = 0;
        std::uint32_t count = 0;
        NodeId to = noNode;
    };
    std::vector<Move> moves;
    for (PartitionIndex partition = 0; partition < scene.map->partitionCount(); ++partition)
        for (const NodeId node : newReplicas(*scene.map, partition)) {
            const auto run = std::find_if(moves.rbegin(), moves.rend(), [&](const Move& move) {
                return move.to == node && move.first + move.count == partition;
            });
            if (run != moves.rend())
                ++run->count;
            else
                moves.push_back({partition, 1, node});
        }
    // The widest say most.
    std::stable_sort(moves.begin(), moves.end(), [](const Move& a, const Move& b) { return a.count > b.count; });
    if (moves.size() > ribbonCountMax)
        moves.resize(ribbonCountMax);
    const double count = scene.geometry.partitionCount();
    const double radius =
        layout.radii.stateInner - 2 - std::clamp((layout.radii.stateInner - 2) * 0.045, 4.0, 10.0) - 1;
    painter.save();
    painter.translate(layout.center);
    for (const Move& move : moves)
        if (const auto arc = scene.geometry.arcOfNodeFrom(move.first, move.to)) {
            const RingArc& target = scene.geometry.arcs()[*arc];
            paintRibbonBetween(painter, {move.first / count, move.count / count}, {target.startTurn, target.spanTurns},
                               radius, theme.node(move.to), 0.14);
        }
    painter.restore();
}

} // namespace quoit
