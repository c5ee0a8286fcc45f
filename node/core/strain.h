// node/core/strain.h - which nodes have so much to do that they should be home of fewer partitions, as they say of themselves.
// Pure; decides about load only: any replica may be home at any time. Design: resources/docs/protocol.md, "Home".
#pragma once

#include "shared/base/ids.h"
#include "shared/base/time.h"

#include <cstdint>
#include <map>

namespace quoit {

/// How a node fares, as its heartbeats tell; node/server/strain_meter.h decides.
enum class Strain : std::uint8_t {
    None,
    Recovering, ///< was strained: gives nothing away, and takes nothing back yet
    Strained,   ///< gives partitions away
};
struct Busy
{
    Strain strain = Strain::None;
    std::uint8_t percent = 0; ///< of its time in which the node's main thread wants a processor, 0 … 100
    bool operator==(const Busy&) const = default;
};

/// What one node knows of itself and its peers.
class StrainBook
{
public:
    /// Whoever was strained gets its partitions back a few at a time for as long.
    static constexpr Milliseconds gentleFor{60'000};
    /// Who wants a processor for more of its time isn't given partitions of somebody strained.
    static constexpr std::uint8_t percentMax = 75;

    void setOwn(TimePoint now, Busy busy)
    {
        if (m_own.strain != Strain::None && busy.strain == Strain::None)
            m_gentleUntil = now + gentleFor;
        m_own = busy;
    }
    const Busy& own() const { return m_own; }
    /// Whether this node may take what is its own without being offered it.
    bool mayReclaim(TimePoint now) const { return m_own.strain == Strain::None && now >= m_gentleUntil; }

    void heard(TimePoint now, NodeId peer, Busy busy)
    {
        Peer& known = m_peers[peer];
        known.busy = busy;
        if (busy.strain != Strain::None)
            known.gentleUntil = now + gentleFor;
    }
    /// It is gone; when it comes back it begins anew.
    void forget(NodeId peer) { m_peers.erase(peer); }
    template <typename IsMember>
    void keepOnly(IsMember isMember)
    {
        std::erase_if(m_peers, [&](const auto& peer) { return !isMember(peer.first); });
    }
    bool takesBack(NodeId peer) const { return of(peer).busy.strain == Strain::None; }
    /// Whether it is given partitions a few at a time.
    bool isGentle(TimePoint now, NodeId peer) const { return now < of(peer).gentleUntil; }
    bool hasCapacity(NodeId peer) const { return takesBack(peer) && of(peer).busy.percent <= percentMax; }

private:
    struct Peer
    {
        Busy busy;
        TimePoint gentleUntil{};
    };
    Peer of(NodeId peer) const
    {
        const auto found = m_peers.find(peer);
        return found == m_peers.end() ? Peer{} : found->second;
    }

    Busy m_own;
    TimePoint m_gentleUntil{};
    std::map<NodeId, Peer> m_peers; ///< those that were heard
};

} // namespace quoit
