// node/core/timer_queue.h - what is due when. Timers are not cancelled: whoever gets one looks whether it still matters.
// Pure.
//
// Nearly all timers of one kind are set for the same span from now, so they come in the order in which they are due: a queue for each kind,
// and a heap for those that don't keep the order. A node under load has a hundred thousand waiting.
#pragma once

#include "shared/base/time.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <queue>
#include <vector>

namespace quoit {

struct Timer
{
    enum class Kind : std::uint8_t { Promise, HomeRound, HomeOffer, Read, OperationAttempt, OperationPause, OperationDeadline, Scan, Count, MapRound, Copy, Upkeep, Eviction, Expiry };
    static constexpr std::size_t kindCount = static_cast<std::size_t>(Kind::Expiry) + 1;

    TimePoint due;
    std::uint64_t order = 0; ///< those due at one moment fire in the order in which they were set
    Kind kind = Kind::Promise;
    std::uint64_t id = 0; ///< a tag, an operation's counter …: known to the role that set it

    bool operator>(const Timer& other) const { return due != other.due ? due > other.due : order > other.order; }
};

class TimerQueue
{
public:
    void set(TimePoint due, Timer::Kind kind, std::uint64_t id)
    {
        const Timer timer{due, ++m_order, kind, id};
        std::deque<Timer>& lane = m_lanes[static_cast<std::size_t>(kind)];
        if (lane.empty() || lane.back().due <= due)
            lane.push_back(timer);
        else
            m_others.push(timer);
        ++m_count;
        m_firstDue = std::min(m_firstDue, due);
    }
    /// @return false if nothing is due.
    bool next(TimePoint now, Timer& timer)
    {
        if (m_firstDue > now)
            return false;
        std::deque<Timer>* const lane = firstLane();
        if (!m_others.empty() && (!lane || lane->front() > m_others.top())) {
            timer = m_others.top();
            m_others.pop();
        } else {
            timer = lane->front();
            lane->pop_front();
        }
        --m_count;
        const std::deque<Timer>* const following = firstLane();
        m_firstDue = following ? following->front().due : TimePoint::max();
        if (!m_others.empty())
            m_firstDue = std::min(m_firstDue, m_others.top().due);
        return true;
    }
    bool empty() const { return m_count == 0; }
    std::size_t size() const { return m_count; }
    TimePoint firstDue() const { return m_firstDue; }

private:
    std::deque<Timer>* firstLane()
    {
        std::deque<Timer>* first = nullptr;
        for (std::deque<Timer>& lane : m_lanes)
            if (!lane.empty() && (!first || first->front() > lane.front()))
                first = &lane;
        return first;
    }

    std::array<std::deque<Timer>, Timer::kindCount> m_lanes; ///< each ascending
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> m_others;
    std::size_t m_count = 0;
    TimePoint m_firstDue = TimePoint::max();
    std::uint64_t m_order = 0;
};

} // namespace quoit
