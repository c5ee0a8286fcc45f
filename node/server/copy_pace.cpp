#include "node/server/copy_pace.h"

#include <algorithm>

namespace quoit {

namespace {

constexpr std::uint64_t enoughRequests = 20; ///< a second, for a percentile that means something
constexpr std::uint64_t freshMs = 3000;
constexpr double tolerated = 1.7;    ///< times the usual latency
constexpr double toleratedUs = 2000; ///< and what nobody feels
constexpr double unknownUsualUs = 10'000;
constexpr double weight = 0.1; ///< of one second in what is usual
constexpr std::uint64_t increase = 8 << 20;

bool tellsSomething(const NodeReport& node)
{
    return node.state == NodeState::Up && node.figuresAgeMs < freshMs &&
           node.figures.readsPerSecond + node.figures.writesPerSecond >= enoughRequests;
}

} // namespace

void CopyPace::update(const std::vector<NodeReport>& nodes, bool copying)
{
    if (!copying) {
        learn(nodes);
        m_rate = first;
    } else if (isStrained(nodes)) {
        m_rate = std::max(m_rate / 2, slowest);
    } else {
        m_rate = std::min(m_rate + increase, fastest);
    }
}

void CopyPace::learn(const std::vector<NodeReport>& nodes)
{
    for (const NodeReport& node : nodes) {
        if (!tellsSomething(node))
            continue;
        const auto p99 = static_cast<double>(node.figures.p99Us);
        const auto [usual, isNew] = m_usualP99Us.try_emplace(node.id, p99);
        if (!isNew)
            usual->second += weight * (p99 - usual->second);
    }
    std::erase_if(m_usualP99Us, [&](const auto& entry) {
        return std::ranges::none_of(nodes, [&](const NodeReport& node) { return node.id == entry.first; });
    });
}

bool CopyPace::isStrained(const std::vector<NodeReport>& nodes) const
{
    return std::ranges::any_of(nodes, [this](const NodeReport& node) {
        const auto usual = m_usualP99Us.find(node.id);
        const double usualUs = usual == m_usualP99Us.end() ? unknownUsualUs : usual->second;
        return tellsSomething(node) && static_cast<double>(node.figures.p99Us) > std::max(tolerated * usualUs, usualUs + toleratedUs);
    });
}

} // namespace quoit
