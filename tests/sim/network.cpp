#include "tests/sim/network.h"

#include <algorithm>

namespace quoit::sim {

namespace {

MessageKind kindOf(const MessageBody& body)
{
    return std::visit(
        [](const auto& message) {
            using T = std::decay_t<decltype(message)>;
            if constexpr (std::is_same_v<T, PromiseRequest> || std::is_same_v<T, PromiseReply>)
                return MessageKind::Promise;
            else if constexpr (std::is_same_v<T, WriteRequest>)
                return MessageKind::Write;
            else if constexpr (std::is_same_v<T, WriteReply>)
                return MessageKind::Written;
            else if constexpr (std::is_same_v<T, ReadRequest> || std::is_same_v<T, RecallRequest>)
                return MessageKind::Question;
            else if constexpr (std::is_same_v<T, ReadReply> || std::is_same_v<T, RecallReply>)
                return MessageKind::Answer;
            else if constexpr (std::is_same_v<T, LearnRequest>)
                return MessageKind::Learn;
            else if constexpr (std::is_same_v<T, OperationRequest>)
                return MessageKind::Operation;
            else if constexpr (std::is_same_v<T, OperationReply>)
                return MessageKind::OperationReply;
            else if constexpr (std::is_same_v<T, MapPush> || std::is_same_v<T, MapRequest>)
                return MessageKind::Map;
            else if constexpr (std::is_same_v<T, TreeRequest> || std::is_same_v<T, FloorRequest> || std::is_same_v<T, FloorFact>)
                return MessageKind::Upkeep;
            else
                return MessageKind::Other;
        },
        body);
}

} // namespace

const Nuisance* Network::nuisanceOf(const MessageBody& body) const
{
    if (m_healed || m_parameters.nuisances.empty())
        return nullptr;
    const MessageKind kind = kindOf(body);
    for (const Nuisance& nuisance : m_parameters.nuisances)
        if (nuisance.kind == kind)
            return &nuisance;
    return nullptr;
}

std::int64_t Network::delayUs(const Nuisance* nuisance)
{
    if (!nuisance || !m_random.chance(nuisance->late))
        return delayUs();
    const std::int64_t least = nuisance->lateUs / 5;
    return least + static_cast<std::int64_t>(m_random.below(static_cast<std::uint64_t>(nuisance->lateUs - least)));
}

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
