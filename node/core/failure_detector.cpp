#include "node/core/failure_detector.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

namespace quoit {

namespace {

double toMs(Microseconds duration)
{
    return static_cast<double>(duration.count()) / 1000.0;
}

constexpr double phiMax = 300.0;

} // namespace

Milliseconds heartbeatInterval(std::size_t members)
{
    constexpr Milliseconds shortest{100};
    constexpr std::int64_t perSecondMax = 500;
    return std::max(shortest, Milliseconds((static_cast<std::int64_t>(members) - 1) * 1000 / perSecondMax));
}

PhiAccrual::PhiAccrual(const FailureDetectorOptions& options)
    : m_options(options)
{
}

void PhiAccrual::heartbeat(TimePoint now, Milliseconds interval)
{
    if (m_last != TimePoint{}) {
        m_intervalsMs[m_next] = std::max(0.0, toMs(now - m_last));
        m_next = (m_next + 1) % windowMax;
        m_count = std::min(m_count + 1, windowMax);
        estimate(interval);
    }
    m_last = now;
}

/// What comes early may be out of turn, because its sender has news: that says nothing of how late the next one may be. So where more comes early
/// than late, the deviation is judged by what comes late, as if as much came early.
void PhiAccrual::estimate(Milliseconds interval)
{
    const std::span intervals(m_intervalsMs.data(), m_count);
    const double n = static_cast<double>(m_count);
    m_meanMs = std::max(toMs(interval), std::accumulate(intervals.begin(), intervals.end(), 0.0) / n);
    double early = 0;
    double late = 0;
    for (const double each : intervals)
        (each < m_meanMs ? early : late) += (each - m_meanMs) * (each - m_meanMs);
    m_deviationMs = std::sqrt((late + std::min(early, late)) / n);
}

void PhiAccrual::excuse(TimePoint now, Microseconds delay)
{
    // A heartbeat that was already noticed after the delay needs no excuse.
    if (m_last != TimePoint{})
        m_last = std::min(now, m_last + delay);
    if (m_heard != TimePoint{})
        m_heard = std::min(now, m_heard + delay);
}

void PhiAccrual::reset(TimePoint now)
{
    m_count = m_next = 0;
    m_last = now;
}

double PhiAccrual::phi(TimePoint now, Milliseconds interval) const
{
    if (m_last == TimePoint{})
        return 0;
    double mean = toMs(interval);
    double deviation = toMs(m_options.deviationMin);
    if (m_count >= 2) {
        mean = std::max(mean, m_meanMs);
        deviation = std::max(deviation, m_deviationMs);
    }
    // It is late since its next heartbeat was due. While other things come from it, that only waits behind them.
    const double late = std::min(toMs(now - m_last) - mean, toMs(now - m_heard)) / deviation;
    if (late < -8)
        return 0;
    const double probability = 0.5 * std::erfc(late / std::sqrt(2.0));
    if (probability <= 0)
        return phiMax;
    return std::clamp(-std::log10(probability), 0.0, phiMax);
}

FailureDetector::FailureDetector(const FailureDetectorOptions& options, std::size_t members)
    : m_options(options)
    , m_interval(heartbeatInterval(members))
{
}

FailureDetector::Peer& FailureDetector::peer(TimePoint now, NodeId id)
{
    const auto found = m_peers.find(id);
    if (found != m_peers.end())
        return found->second;
    return m_peers.emplace(id, Peer{PhiAccrual(m_options), false, PeerState::Unknown, now}).first->second;
}

void FailureDetector::enter(TimePoint now, NodeId id, Peer& peer, PeerState state)
{
    if (peer.state == state)
        return;
    m_downCount += state == PeerState::Down;
    m_downCount -= peer.state == PeerState::Down;
    peer.state = state;
    peer.since = now;
    m_changes.push_back({id, state, false});
}

void FailureDetector::connected(TimePoint now, NodeId id)
{
    Peer& p = peer(now, id);
    p.connected = true;
    p.phi.reset(now);
    enter(now, id, p, PeerState::Up);
}

void FailureDetector::disconnected(TimePoint now, NodeId id)
{
    Peer& p = peer(now, id);
    if (std::exchange(p.connected, false) && (p.state == PeerState::Suspect || p.state == PeerState::Down))
        m_changes.push_back({id, PeerState::Suspect, true});
    else if (p.state != PeerState::Down)
        enter(now, id, p, PeerState::Suspect);
}

void FailureDetector::heartbeat(TimePoint now, NodeId id)
{
    Peer& p = peer(now, id);
    if (!p.connected)
        return;
    // The silence of a pause says nothing about the jitter of what follows.
    if (p.state != PeerState::Up)
        p.phi.reset(now);
    else
        p.phi.heartbeat(now, m_interval);
    enter(now, id, p, PeerState::Up);
}

void FailureDetector::heard(TimePoint now, NodeId id)
{
    const auto found = m_peers.find(id);
    if (found != m_peers.end())
        found->second.phi.heard(now);
}

void FailureDetector::tick(TimePoint now, Microseconds lateBy)
{
    const bool stalled = lateBy > m_options.ownStall;
    for (auto& [id, p] : m_peers) {
        if (stalled)
            p.phi.excuse(now, lateBy);
        if (p.state == PeerState::Up && p.phi.phi(now, m_interval) >= m_options.phiSuspect)
            enter(now, id, p, PeerState::Suspect);
        else if (p.state == PeerState::Suspect && now - p.since >= m_options.downAfter)
            enter(now, id, p, PeerState::Down);
    }
}

std::vector<FailureDetector::Change> FailureDetector::takeChanges()
{
    return std::exchange(m_changes, {});
}

bool FailureDetector::isUp(NodeId id) const
{
    const auto found = m_peers.find(id);
    return found != m_peers.end() && found->second.state == PeerState::Up;
}

bool FailureDetector::isConnected(NodeId id) const
{
    const auto found = m_peers.find(id);
    return found != m_peers.end() && found->second.connected;
}

bool FailureDetector::isDown(NodeId id) const
{
    const auto found = m_peers.find(id);
    return found != m_peers.end() && found->second.state == PeerState::Down;
}

PeerHealth FailureDetector::health(TimePoint now, NodeId id) const
{
    const auto found = m_peers.find(id);
    if (found == m_peers.end())
        return {};
    const Peer& p = found->second;
    return {p.state, p.connected || p.state == PeerState::Up ? p.phi.phi(now, m_interval) : phiMax, now - p.since};
}

Microseconds FailureDetector::upFor(TimePoint now, NodeId id) const
{
    const auto found = m_peers.find(id);
    if (found == m_peers.end() || found->second.state != PeerState::Up)
        return Microseconds::zero();
    return now - found->second.since;
}

} // namespace quoit
