#include "node/server/admission.h"

#include <algorithm>

namespace quoit {

namespace {

// Completions come in bursts, one a commit: a rate counts after about so long. The limit's lower bound is enough to begin at full speed.
constexpr double secondsOfRise = 1;
constexpr double secondsOfFall = 2;

} // namespace

void Admission::tick(TimePoint now, std::uint64_t completed)
{
    const double seconds = std::chrono::duration<double>(now - m_last).count();
    if (m_last == TimePoint{} || seconds <= 0) {
        m_last = now;
        m_completed = completed;
        return;
    }
    const double perSecond = static_cast<double>(completed - m_completed) / seconds;
    const double slowness = perSecond > m_perSecond ? secondsOfRise : secondsOfFall;
    m_perSecond += (perSecond - m_perSecond) * std::min(1.0, seconds / slowness);
    const double wanted = m_perSecond * std::chrono::duration<double>(delayTarget).count();
    m_limit = std::clamp(static_cast<std::size_t>(wanted), requestsMin, requestsMax);
    m_last = now;
    m_completed = completed;
}

} // namespace quoit
