#include "node/server/admission.h"

#include <algorithm>

namespace quoit {

namespace {

// Completions come in bursts, one a commit: a rate counts after about so long.
constexpr double secondsOfRise = 1;
constexpr double secondsOfFall = 2;
constexpr double secondsOfForgetting = 5;
constexpr double targetSeconds = std::chrono::duration<double>(Admission::delayTarget).count();

} // namespace

void Admission::tick(TimePoint now, std::uint64_t completed, std::size_t underWay)
{
    const double seconds = std::chrono::duration<double>(now - m_last).count();
    if (m_last == TimePoint{} || seconds <= 0) {
        m_last = now;
        m_completed = completed;
        return;
    }
    const auto approach = [&](double perSecond, double slowness) {
        m_perSecond += (perSecond - m_perSecond) * std::min(1.0, seconds / slowness);
    };
    const double perSecond = static_cast<double>(completed - m_completed) / seconds;
    if (perSecond > m_perSecond)
        approach(perSecond, secondsOfRise);
    else if (underWay >= requestsMin && static_cast<double>(underWay) >= perSecond * targetSeconds) // what waits takes longer than it should
        approach(perSecond, secondsOfFall);
    else
        approach(std::max(m_perSecond, untriedPerSecond), secondsOfForgetting);
    m_limit = std::clamp(static_cast<std::size_t>(m_perSecond * targetSeconds), requestsMin, requestsMax);
    m_last = now;
    m_completed = completed;
}

} // namespace quoit
