#include "node/server/thread_pressure.h"

#include <algorithm>
#include <cstdio>

namespace quoit {

double ThreadPressure::sinceLast(TimePoint now)
{
    // "ran waited slices", the first two in ns. Source: Documentation/scheduler/sched-stats.rst of Linux.
    std::FILE* const file = std::fopen("/proc/thread-self/schedstat", "re");
    if (!file)
        return 0;
    unsigned long long ran = 0;
    unsigned long long waited = 0;
    const int fields = std::fscanf(file, "%llu %llu", &ran, &waited);
    std::fclose(file);
    if (fields != 2)
        return 0;
    const double passedNs = std::chrono::duration<double, std::nano>(now - m_last).count();
    const auto wantedNs = static_cast<double>(ran + waited - m_wantedNs);
    const bool first = m_last == TimePoint{};
    m_last = now;
    m_wantedNs = ran + waited;
    return first || passedNs <= 0 ? 0 : std::clamp(wantedNs / passedNs, 0.0, 1.0);
}

} // namespace quoit
