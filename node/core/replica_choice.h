// node/core/replica_choice.h - which replica a read asks, and when it asks a further one because the first is late.
// Pure; decides about speed only: any replica may be asked at any time. Design: resources/docs/protocol.md, "Reading".
//
// Of two candidates, drawn at random, the one whose (requests under way + 1) × latency is smaller. Source: Mitzenmacher, "The Power of Two
// Choices in Randomized Load Balancing", 2001. Late ones are hedged after the 95th percentile of recent rounds, within a budget. Source: Dean,
// Barroso, "The Tail at Scale", CACM 2013.
#pragma once

#include "shared/base/ids.h"
#include "shared/base/random.h"
#include "shared/base/time.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace quoit {

class ReplicaChoice
{
public:
    static constexpr std::uint32_t budgetPercent = 5; ///< requests of hedges, of all other requests

    /// @param hedgeMax  a read is hedged after it at the latest
    explicit ReplicaChoice(Milliseconds hedgeMax);

    /// @param eligible  of the nodes, those that may be asked. @return noNode if none may
    template <typename Eligible>
    NodeId pick(std::span<const NodeId> nodes, Eligible eligible, Random& random, TimePoint now) const
    {
        std::uint32_t count = 0;
        for (const NodeId node : nodes)
            count += eligible(node) ? 1 : 0;
        if (count == 0)
            return noNode;
        const auto nth = [&](std::uint64_t wanted) {
            for (const NodeId node : nodes)
                if (eligible(node) && wanted-- == 0)
                    return node;
            return noNode;
        };
        const std::uint64_t first = random.below(count);
        if (count == 1)
            return nth(first);
        const std::uint64_t other = (first + 1 + random.below(count - 1)) % count;
        const NodeId a = nth(first);
        const NodeId b = nth(other);
        return cost(b, now) < cost(a, now) ? b : a;
    }

    void asked(NodeId node);
    /// @param took  from the question to the answer
    void answered(NodeId node, Microseconds took, TimePoint now);
    /// Nobody waits for the answer any more. @param waited  so long: it would have taken longer
    void givenUp(NodeId node, Microseconds waited, TimePoint now);
    /// The link is gone, and with it all that was under way.
    void lost(NodeId node);

    /// A round that asked for a key has ended.
    void roundEnded(Microseconds took);
    /// How long a round waits before it is hedged.
    Microseconds hedgeAfter() const { return m_hedgeAfter; }
    /// @return whether so many further requests fit the budget; they are taken from it then
    bool mayHedge(std::uint32_t requests);

    /// What choosing that node costs; 0 while nothing is known of it. An estimate that isn't renewed halves every second, so that a node that was slow
    /// is tried again.
    std::uint64_t cost(NodeId node, TimePoint now) const;

private:
    static constexpr std::size_t roundsKept = 256;
    static constexpr std::size_t roundsPerEstimate = 64;
    static constexpr std::uint32_t savedRequestsMax = 20;

    struct Peer
    {
        NodeId node = noNode;
        std::uint32_t underWay = 0;
        std::uint64_t latencyUs = 0; ///< moving average
        TimePoint renewed{};
    };
    Peer& peer(NodeId node);
    void learn(Peer& peer, Microseconds took, TimePoint now);

    const Microseconds m_hedgeMax;
    Microseconds m_hedgeAfter;
    std::vector<Peer> m_peers; ///< ascending by node
    std::array<std::uint32_t, roundsKept> m_roundsUs{}; ///< ring buffer
    std::size_t m_rounds = 0;  ///< ended, all in all
    std::uint32_t m_saved;     ///< hundredths of requests that hedges may still send
};

} // namespace quoit
