// node/server/thread_pressure.h - how much of its time a thread wants a processor: it runs, or waits for one.
#pragma once

#include "shared/base/time.h"

#include <cstdint>

namespace quoit {

/// Of the calling thread; always call it from the same one.
class ThreadPressure
{
public:
    /// @return 0 … 1 since the last call; 0 where the system doesn't tell (no /proc, a kernel without schedstat)
    double sinceLast(TimePoint now);

private:
    TimePoint m_last{};
    std::uint64_t m_wantedNs = 0;
};

} // namespace quoit
