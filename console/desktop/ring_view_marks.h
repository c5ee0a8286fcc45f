// console/desktop/ring_view_marks.h - marks single partitions of the ring: those that a change moves, and those that
// would lose replicas. A band inside the states, and ribbons to whoever receives them. Inside the ring view only, but
// for the two functions that make marks.
#pragma once

#include "console/desktop/ring_view_scene.h"
#include "shared/ring/availability.h"

class QPainter;

namespace quoit {

/// [P] Moving where the replicas before and after the change in progress differ; [0] if there is none.
std::vector<RingMark> marksOfChange(const ClusterMap& map);
/// [P] Moving where two maps of the same P differ in who holds the partition.
std::vector<RingMark> marksOfDifference(const ClusterMap& before, const ClusterMap& after);
std::vector<RingMark> marksOf(const Availability& availability);
/// [P] the worse mark of each partition. @param second [P]; either may be [0]: no marks
std::vector<RingMark> worseOf(std::vector<RingMark> first, const std::vector<RingMark>& second);

/// The band. Its moving parts pulse with scene.pulse.
void paintMarks(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme);
/// While a change is in progress: ribbons from the partitions that move to the arcs of those who receive them.
void paintMovingRibbons(QPainter& painter, const RingScene& scene, const RingLayout& layout, const Theme& theme);

} // namespace quoit
