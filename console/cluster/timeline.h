// console/cluster/timeline.h - what happened when, as far as anybody told, and when a console listened at all. Pure.
#pragma once

#include "shared/admin/node_report.h"

#include <QtGlobal>

#include <span>
#include <vector>

namespace quoit {

/// A stretch of time, ms since the Unix epoch; from < to.
struct TimeRange
{
    qint64 fromMs = 0;
    qint64 toMs = 0;
    bool operator==(const TimeRange&) const = default;
};

class Timeline
{
public:
    static constexpr std::size_t eventsMax = 20'000; ///< the oldest go first
    static constexpr qint64 pauseMs = 5000;          ///< without a report for longer: nobody listened

    /// By the clock of the node that told, ascending; no two alike.
    const std::vector<ClusterEvent>& events() const { return m_events; }
    /// @return those with from ≤ time ≤ to. Valid until the next change.
    std::span<const ClusterEvent> eventsIn(TimeRange range) const;
    /// When reports came, ascending; more than pauseMs apart.
    const std::vector<TimeRange>& listened() const { return m_listened; }
    bool isListenedAt(qint64 ms) const;

    /// @return whether there was any that isn't known yet
    bool note(const std::vector<ClusterEvent>& events);
    /// A report came. @param ms not before the last one's
    void listen(qint64 ms);
    /// What another one knows; from a file.
    void add(const Timeline& other);
    void addListened(TimeRange range);

private:
    std::vector<ClusterEvent> m_events;
    std::vector<TimeRange> m_listened;
};

} // namespace quoit
