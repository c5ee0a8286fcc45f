// node/server/admission.h - how many requests may be under way on this node: more are answered BUSY at once, before
// anything is done for them. Pure. What is under way takes, by Little's law, its number divided by the rate at which
// requests are completed: the limit is what completes in `delayTarget`, so that a request that is taken in has its
// answer long before its deadline, however much is asked. A rate tells what the node can only while enough waits;
// otherwise it tells what was asked, and a node of which nothing is known takes in as much as a fast one.
#pragma once

#include "shared/base/time.h"

#include <cstddef>
#include <cstdint>

namespace quoit {

class Admission
{
public:
    static constexpr Milliseconds delayTarget{250};
    static constexpr std::size_t requestsMin = 1024; ///< also while nothing completes: a takeover isn't an overload
    static constexpr std::size_t requestsMax = 65'536;
    static constexpr std::size_t requestsUntried = 16'384; ///< at the start, and after a while of little work
    static constexpr std::uint64_t bytesMax = 256 << 20; ///< of keys and operations; one larger request runs alone

    /// @param requests, bytes  under way. @param more  bytes of the next request
    bool admits(std::size_t requests, std::uint64_t bytes, std::uint64_t more) const
    {
        return requests < m_limit && (bytes == 0 || bytes + more <= bytesMax);
    }
    std::size_t limit() const { return m_limit; }
    /// About ten times a second. @param completed  requests, since the start  @param underWay  requests
    void tick(TimePoint now, std::uint64_t completed, std::size_t underWay);

private:
    std::size_t m_limit = requestsUntried;
    double m_perSecond = untriedPerSecond; ///< that the node can complete, smoothed
    TimePoint m_last{};
    std::uint64_t m_completed = 0;

    static constexpr double untriedPerSecond = requestsUntried * 1000.0 / static_cast<double>(delayTarget.count());
};

} // namespace quoit
