#include "node/server/clocks.h"

#include <ctime>

namespace quoit {

Now readClocks()
{
    timespec monotonic{};
    timespec wall{};
    clock_gettime(CLOCK_MONOTONIC, &monotonic);
    clock_gettime(CLOCK_REALTIME, &wall);
    return {TimePoint(Microseconds(std::int64_t(monotonic.tv_sec) * 1'000'000 + monotonic.tv_nsec / 1000)),
            std::int64_t(wall.tv_sec) * 1000 + wall.tv_nsec / 1'000'000};
}

} // namespace quoit
