// node/store/cache_policies.h - what the four policies share: their makers, and lists of slots.
#pragma once

#include "node/store/cache_policy.h"

#include <vector>

namespace quoit {

/// Least recently used leaves first. Exact.
std::unique_ptr<CachePolicy> makeLru();
/// Least often used leaves first, of those the one whose last use is longest ago. Exact; counts don't age, and end
/// with the entry.
std::unique_ptr<CachePolicy> makeLfu();
/// A small window for newcomers; the rest only for who is asked for more often than who would leave. The window's share
/// follows the load. Sources: Einziger, Friedman, Manes, TinyLFU, ACM TOS 2017; Einziger et al., Adaptive Software
/// Cache Management, Middleware 2018.
std::unique_ptr<CachePolicy> makeTinyLfu(std::uint64_t bytesMax);
/// A small queue that most entries don't survive, a large one, and memory of who left the small one. Source: Yang et
/// al., FIFO Queues are All You Need for Cache Eviction, SOSP 2023.
std::unique_ptr<CachePolicy> makeS3Fifo(std::uint64_t bytesMax);

/// What a policy keeps by slot; in chunks that never move, so that growth doesn't stall and wastes little.
template <typename Node>
class SlotNodes
{
public:
    Node& operator[](CacheSlot slot) { return m_chunks[slot / nodesPerChunk][slot % nodesPerChunk]; }
    void reach(CacheSlot slot)
    {
        while (slot / nodesPerChunk >= m_chunks.size())
            m_chunks.push_back(std::make_unique<Node[]>(nodesPerChunk));
    }

private:
    static constexpr CacheSlot nodesPerChunk = 1024;
    std::vector<std::unique_ptr<Node[]>> m_chunks;
};

/// Links, bytes and a mark of one slot.
struct CacheNode
{
    CacheSlot newer = noCacheSlot;
    CacheSlot older = noCacheSlot;
    std::uint32_t hash = 0;
    std::uint32_t bytes : 30 = 0;
    std::uint32_t mark : 2 = 0; ///< the policy's own
};

/// A list of slots from newest to oldest, and their bytes. A slot is in one list at a time.
template <typename Node>
struct SlotList
{
    CacheSlot newest = noCacheSlot;
    CacheSlot oldest = noCacheSlot;

    bool isEmpty() const { return oldest == noCacheSlot; }
    void push(SlotNodes<Node>& nodes, CacheSlot slot)
    {
        nodes[slot].newer = noCacheSlot;
        nodes[slot].older = newest;
        (newest == noCacheSlot ? oldest : nodes[newest].newer) = slot;
        newest = slot;
    }
    void take(SlotNodes<Node>& nodes, CacheSlot slot)
    {
        const Node& node = nodes[slot];
        (node.newer == noCacheSlot ? newest : nodes[node.newer].older) = node.older;
        (node.older == noCacheSlot ? oldest : nodes[node.older].newer) = node.newer;
    }
};

} // namespace quoit
