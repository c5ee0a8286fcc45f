// shared/base/time.h - the two kinds of time. Pure rooms are handed a Now and never look at a clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace quoit {

using Microseconds = std::chrono::duration<std::int64_t, std::micro>;
using Milliseconds = std::chrono::duration<std::int64_t, std::milli>;
using namespace std::chrono_literals;

/// A point on this process' monotonic clock; means nothing to another process.
struct MonotonicClock
{
    using duration = Microseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<MonotonicClock>;
    static constexpr bool is_steady = true;
};
using TimePoint = MonotonicClock::time_point;

/// Both clocks, read at one moment by whoever owns the clocks (node/server, the simulator).
struct Now
{
    TimePoint monotonic;       ///< decides timeouts
    std::int64_t wallMs = 0;   ///< ms since the Unix epoch; decides expiry, never which write wins
};

} // namespace quoit
