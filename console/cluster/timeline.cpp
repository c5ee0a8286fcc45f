#include "console/cluster/timeline.h"

#include <algorithm>
#include <tuple>

namespace quoit {

namespace {

auto keyOf(const ClusterEvent& event)
{
    return std::tie(event.timeMs, event.kind, event.node, event.text);
}

bool isBefore(const ClusterEvent& first, const ClusterEvent& second)
{
    return keyOf(first) < keyOf(second);
}

} // namespace

std::span<const ClusterEvent> Timeline::eventsIn(TimeRange range) const
{
    const auto begin = std::ranges::lower_bound(m_events, range.fromMs, {}, &ClusterEvent::timeMs);
    const auto end = std::ranges::upper_bound(m_events, range.toMs, {}, &ClusterEvent::timeMs);
    return begin < end ? std::span(begin, end) : std::span<const ClusterEvent>();
}

bool Timeline::isListenedAt(qint64 ms) const
{
    const auto after = std::ranges::upper_bound(m_listened, ms, {}, &TimeRange::fromMs);
    return after != m_listened.begin() && std::prev(after)->toMs + pauseMs >= ms;
}

bool Timeline::note(const std::vector<ClusterEvent>& events)
{
    bool isAny = false;
    for (const ClusterEvent& event : events) {
        const auto place = std::ranges::lower_bound(m_events, event, isBefore);
        if (place != m_events.end() && !isBefore(event, *place))
            continue;
        m_events.insert(place, event);
        isAny = true;
    }
    if (m_events.size() > eventsMax)
        m_events.erase(m_events.begin(), m_events.begin() + std::ptrdiff_t(m_events.size() - eventsMax));
    return isAny;
}

void Timeline::listen(qint64 ms)
{
    if (m_listened.empty() || ms > m_listened.back().toMs + pauseMs)
        m_listened.push_back({ms, ms + 1});
    else
        m_listened.back().toMs = std::max(m_listened.back().toMs, ms);
}

void Timeline::add(const Timeline& other)
{
    std::vector<ClusterEvent> all;
    std::ranges::set_union(m_events, other.m_events, std::back_inserter(all), isBefore);
    if (all.size() > eventsMax)
        all.erase(all.begin(), all.begin() + std::ptrdiff_t(all.size() - eventsMax));
    m_events = std::move(all);
    for (const TimeRange& range : other.m_listened)
        addListened(range);
}

void Timeline::addListened(TimeRange range)
{
    if (m_listened.empty() || range.fromMs > m_listened.back().toMs + pauseMs)
        return m_listened.push_back(range);
    m_listened.push_back(range);
    std::ranges::sort(m_listened, {}, &TimeRange::fromMs);
    std::vector<TimeRange> joined;
    for (const TimeRange& each : m_listened) {
        if (joined.empty() || each.fromMs > joined.back().toMs + pauseMs)
            joined.push_back(each);
        else
            joined.back().toMs = std::max(joined.back().toMs, each.toMs);
    }
    m_listened = std::move(joined);
}

} // namespace quoit
