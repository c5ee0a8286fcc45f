// node/core/timer_queue.h - what is due when. Timers are not cancelled: whoever gets one looks whether it still matters.
// Pure.
#pragma once

#include "shared/base/time.h"

#include <cstdint>
#include <queue>
#include <vector>

namespace quoit {

struct Timer
{
    enum class Kind : std::uint8_t { Promise, HomeRound, HomeOffer, Read, OperationAttempt, OperationPause, OperationDeadline, Scan, Count, MapRound, Copy, Upkeep };

    TimePoint due;
    std::uint64_t order = 0; ///< those due at one moment fire in the order in which they were set
    Kind kind = Kind::Promise;
    std::uint64_t id = 0; ///< a tag, an operation's counter …: known to the role that set it

    bool operator>(const Timer& other) const { return due != other.due ? due > other.due : order > other.order; }
};

class TimerQueue
{
public:
    void set(TimePoint due, Timer::Kind kind, std::uint64_t id) { m_queue.push({due, ++m_order, kind, id}); }
    /// @return false if nothing is due.
    bool next(TimePoint now, Timer& timer)
    {
        if (m_queue.empty() || m_queue.top().due > now)
            return false;
        timer = m_queue.top();
        m_queue.pop();
        return true;
    }
    bool empty() const { return m_queue.empty(); }
    std::size_t size() const { return m_queue.size(); }
    TimePoint firstDue() const { return m_queue.top().due; }

private:
    std::priority_queue<Timer, std::vector<Timer>, std::greater<>> m_queue;
    std::uint64_t m_order = 0;
};

} // namespace quoit
