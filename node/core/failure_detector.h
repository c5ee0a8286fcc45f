// node/core/failure_detector.h - decides which peers are suspected of being down.
// Pure: fed with heartbeats, connections and the time. Design: ARCHITECTURE.md, "Failure detection".
#pragma once

#include "shared/base/ids.h"
#include "shared/base/time.h"

#include <array>
#include <cstdint>
#include <map>
#include <vector>

namespace quoit {

struct FailureDetectorOptions
{
    double phiSuspect = 8.0;             ///< 1 in 10^8 that the peer's next heartbeat is only late
    Milliseconds deviationMin{60};       ///< lower bound of the assumed jitter, against a phi that explodes on a quiet network
    Milliseconds downAfter{10000};       ///< suspected for as long: called down
    Milliseconds ownStall{50};           ///< a tick that comes later than due by more than this excuses all peers for the delay
};

/// How often a node tells each of its peers that it lives: every 100 ms, but no more than 500 heartbeats a second to all of them together.
Milliseconds heartbeatInterval(std::size_t members);

enum class PeerState : std::uint8_t { Unknown, Up, Suspect, Down };

struct PeerHealth
{
    PeerState state = PeerState::Unknown;
    double phi = 0;       ///< 0 … 300
    Microseconds since{}; ///< how long it has been in that state
};

/// Phi-accrual over the intervals between heartbeats of one peer.
/// Source: Hayashibara et al., "The φ accrual failure detector", SRDS 2004; normal distribution of intervals,
/// of which early ones don't count for more than late ones.
class PhiAccrual
{
public:
    explicit PhiAccrual(const FailureDetectorOptions& options);

    /// @param interval  of the peer's heartbeats, those that it sends out of turn not counted
    void heartbeat(TimePoint now, Milliseconds interval);
    /// Something else came from the peer, or a part of it: it lives, whatever its next heartbeat waits behind.
    void heard(TimePoint now) { m_heard = now; }
    /// The owner itself was late by this much: whatever arrived meanwhile couldn't be noticed.
    void excuse(TimePoint now, Microseconds delay);
    /// Forgets the past: the peer begins anew.
    void reset(TimePoint now);
    /// @param interval  the shortest mean that is believed, and the mean before two intervals were seen
    /// @return -log10 P(a heartbeat comes even later than now), 0 … 300.
    double phi(TimePoint now, Milliseconds interval) const;

private:
    static constexpr std::size_t windowMax = 100;
    void estimate(Milliseconds interval);

    FailureDetectorOptions m_options;
    std::array<double, windowMax> m_intervalsMs{}; ///< ring buffer
    std::size_t m_count = 0;
    std::size_t m_next = 0;
    double m_meanMs = 0; ///< of them; at least the interval that was told
    double m_deviationMs = 0;
    TimePoint m_last{};  ///< heartbeat
    TimePoint m_heard{}; ///< of anything
};

/// All peers of one node. Not thread-safe.
class FailureDetector
{
public:
    struct Change
    {
        NodeId peer = noNode;
        PeerState state = PeerState::Unknown;
        bool again = false; ///< it was suspected before; now its link is gone as well, with what was sent on it
    };

    FailureDetector(const FailureDetectorOptions& options, std::size_t members);

    void setMembers(std::size_t members) { m_interval = heartbeatInterval(members); }
    void connected(TimePoint now, NodeId peer);
    void disconnected(TimePoint now, NodeId peer); ///< suspicion at once
    void heartbeat(TimePoint now, NodeId peer);
    /// Bytes of anything came from it. Whoever is suspected stays so until its next heartbeat.
    void heard(TimePoint now, NodeId peer);
    /// @param lateBy how much later than planned this call comes.
    void tick(TimePoint now, Microseconds lateBy);
    /// Changes since the last call, in the order in which they happened.
    std::vector<Change> takeChanges();

    bool isUp(NodeId peer) const;
    bool isConnected(NodeId peer) const;
    /// Suspected for as long as FailureDetectorOptions::downAfter.
    bool isDown(NodeId peer) const;
    bool anyDown() const { return m_downCount > 0; }
    PeerHealth health(TimePoint now, NodeId peer) const;
    /// How long the peer has been up without a break; zero if it isn't.
    Microseconds upFor(TimePoint now, NodeId peer) const;

private:
    struct Peer
    {
        PhiAccrual phi;
        bool connected = false;
        PeerState state = PeerState::Unknown;
        TimePoint since{};
    };
    Peer& peer(TimePoint now, NodeId id);
    void enter(TimePoint now, NodeId id, Peer& peer, PeerState state);

    FailureDetectorOptions m_options;
    Milliseconds m_interval; ///< of a peer's heartbeats
    std::map<NodeId, Peer> m_peers;
    std::size_t m_downCount = 0; ///< of them
    std::vector<Change> m_changes;
};

} // namespace quoit
