#include "tests/sim/network.h"

#include <algorithm>

namespace quoit::sim {

std::int64_t Network::until(const Links& links, NodeId from, NodeId to)
{
    const auto found = links.find({from, to});
    return found == links.end() ? 0 : found->second;
}

std::int64_t Network::delayUs()
{
    const auto between = [this](std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(m_random.below(static_cast<std::uint64_t>(high - low)));
    };
    if (m_healed)
        return between(100, 2'100);
    double kind = m_random.unit();
    if ((kind -= m_parameters.veryLate) < 0)
        return between(3'000'000, 30'000'000);
    if ((kind -= m_parameters.verySlow) < 0)
        return between(200'000, 3'200'000);
    if ((kind -= m_parameters.slow) < 0)
        return between(20'000, 120'000);
    return between(500, 12'500);
}

std::int64_t Network::clogLeftUs(NodeId from, NodeId to, std::int64_t nowUs) const
{
    return std::max<std::int64_t>(0, until(m_clogUntilUs, from, to) - nowUs);
}

void Network::heal()
{
    m_healed = true;
    m_cutUntilUs.clear();
    m_clogUntilUs.clear();
}

} // namespace quoit::sim
