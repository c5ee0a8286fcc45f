// console/desktop/time_series_accessible.h - a chart for a screen reader: its title, its time, and its values with
// their units. Inside the charts only.
#pragma once

namespace quoit {

/// Makes Qt ask this room for the accessible side of charts. May be called again and again.
void installChartAccessibility();

} // namespace quoit
