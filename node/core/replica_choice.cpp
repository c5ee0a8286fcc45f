#include "node/core/replica_choice.h"

#include <algorithm>

namespace quoit {

namespace {

constexpr std::uint32_t requestInHundredths = 100;
constexpr Microseconds hedgeMin{1000}; // earlier than a tick of the process it can't be

std::uint64_t usOf(Microseconds time)
{
    return static_cast<std::uint64_t>(std::clamp<std::int64_t>(time.count(), 1, 60'000'000));
}

} // namespace

ReplicaChoice::ReplicaChoice(Milliseconds hedgeMax)
    : m_hedgeMax(hedgeMax)
    , m_hedgeAfter(hedgeMax)
    , m_saved(savedRequestsMax * requestInHundredths)
{}

ReplicaChoice::Peer& ReplicaChoice::peer(NodeId node)
{
    const auto place = std::ranges::lower_bound(m_peers, node, {}, &Peer::node);
    if (place != m_peers.end() && place->node == node)
        return *place;
    return *m_peers.insert(place, Peer{node});
}

void ReplicaChoice::asked(NodeId node)
{
    ++peer(node).underWay;
    m_saved = std::min(m_saved + budgetPercent, savedRequestsMax * requestInHundredths);
}

void ReplicaChoice::answered(NodeId node, Microseconds took, TimePoint now)
{
    Peer& known = peer(node);
    known.underWay -= known.underWay > 0;
    learn(known, took, now);
}

void ReplicaChoice::givenUp(NodeId node, Microseconds waited, TimePoint now)
{
    Peer& known = peer(node);
    known.underWay -= known.underWay > 0;
    if (usOf(waited) > known.latencyUs)
        learn(known, waited, now);
}

void ReplicaChoice::learn(Peer& known, Microseconds took, TimePoint now)
{
    const std::uint64_t us = usOf(took);
    known.latencyUs = known.latencyUs == 0 ? us : (known.latencyUs * 7 + us + 7) / 8;
    known.renewed = now;
}

void ReplicaChoice::lost(NodeId node)
{
    peer(node) = Peer{node};
}

std::uint64_t ReplicaChoice::cost(NodeId node, TimePoint now) const
{
    const auto place = std::ranges::lower_bound(m_peers, node, {}, &Peer::node);
    if (place == m_peers.end() || place->node != node)
        return 0;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - place->renewed).count();
    return (place->latencyUs >> std::clamp<std::int64_t>(seconds, 0, 63)) * (place->underWay + 1);
}

void ReplicaChoice::roundEnded(Microseconds took)
{
    m_roundsUs[m_rounds++ % roundsKept] = static_cast<std::uint32_t>(usOf(took));
    if (m_rounds % roundsPerEstimate != 0)
        return;
    std::array<std::uint32_t, roundsKept> sorted = m_roundsUs;
    const auto count = static_cast<std::ptrdiff_t>(std::min(m_rounds, roundsKept));
    const auto place = sorted.begin() + count * 95 / 100;
    std::nth_element(sorted.begin(), place, sorted.begin() + count);
    m_hedgeAfter = std::clamp(Microseconds(*place), std::min(hedgeMin, m_hedgeMax), m_hedgeMax);
}

bool ReplicaChoice::mayHedge(std::uint32_t requests)
{
    if (m_saved < requests * requestInHundredths)
        return false;
    m_saved -= requests * requestInHundredths;
    return true;
}

} // namespace quoit
