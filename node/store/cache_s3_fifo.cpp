#include "node/store/cache_policies.h"

#include <algorithm>

namespace quoit {

namespace {

/// Hashes of entries that left lately: as many as fit into so many bytes of entries. Buckets of one cache line; a full
/// one forgets its oldest, so the memory is a little shorter than it says.
class Ghosts
{
public:
    explicit Ghosts(std::uint64_t bytesMax)
        : m_bytesMax(bytesMax)
        , m_buckets(1)
    {}
    /// The cache holds that many entries.
    void reach(std::uint64_t count)
    {
        // The upper half is a copy of the lower one: a hash finds its ghost by one bit more, and the strangers age out.
        while (count > m_buckets.size() * entriesPerBucket) {
            const std::size_t before = m_buckets.size();
            m_buckets.resize(before * 2);
            std::copy_n(m_buckets.begin(), before, m_buckets.begin() + static_cast<std::ptrdiff_t>(before));
        }
    }
    void add(std::uint32_t hash, std::uint32_t bytes)
    {
        m_bytes += bytes;
        Bucket& bucket = bucketOf(hash);
        Ghost* const oldest = std::min_element(bucket.ghosts, bucket.ghosts + ghostsPerBucket,
                                               [this](const Ghost& a, const Ghost& b) { return ageOf(a) > ageOf(b); });
        *oldest = {hash, stampNow()};
    }
    bool takes(std::uint32_t hash)
    {
        for (Ghost& ghost : bucketOf(hash).ghosts) {
            if (ghost.stamp != 0 && ghost.hash == hash) {
                const bool young = std::uint64_t(ageOf(ghost)) * unitBytes() <= m_bytesMax;
                ghost = {};
                return young;
            }
        }
        return false;
    }

private:
    static constexpr std::size_t ghostsPerBucket = 8;
    static constexpr std::size_t entriesPerBucket = 14; ///< 4.6 … 9.1 bytes each: all of an entry's stays within 64
    struct Ghost
    {
        std::uint32_t hash = 0;
        std::uint32_t stamp = 0; ///< when it came, in bytes that had come before; 0: none
    };
    struct alignas(64) Bucket
    {
        Ghost ghosts[ghostsPerBucket];
    };
    Bucket& bucketOf(std::uint32_t hash) { return m_buckets[hash & (m_buckets.size() - 1)]; }
    std::uint64_t unitBytes() const { return (m_bytesMax >> 20) + 1; }
    std::uint32_t stampNow() const
    {
        return std::max<std::uint32_t>(1, static_cast<std::uint32_t>(m_bytes / unitBytes()));
    }
    std::uint32_t ageOf(const Ghost& ghost) const { return ghost.stamp == 0 ? UINT32_MAX : stampNow() - ghost.stamp; }

    const std::uint64_t m_bytesMax;
    std::uint64_t m_bytes = 0; ///< that ever came
    std::vector<Bucket> m_buckets;
};

class S3FifoPolicy final : public CachePolicy
{
public:
    explicit S3FifoPolicy(std::uint64_t bytesMax)
        : m_smallBytesMax(bytesMax / 10)
        , m_ghosts(bytesMax - bytesMax / 10)
    {}
    void inserted(CacheSlot slot, std::uint64_t hash, std::uint32_t bytes, CacheRank rank) override
    {
        m_nodes.reach(slot);
        m_ghosts.reach(++m_entries);
        Node& node = m_nodes[slot];
        node.hash = static_cast<std::uint32_t>((hash * 0x9e3779b97f4a7c15ULL) >> 32);
        node.bytes = std::min(bytes, bytesMaxOfNode);
        node.inMain = (rank & rankMain) != 0 || (rank == 0 && m_ghosts.takes(node.hash));
        node.uses = rank & rankUses;
        enter(slot);
    }
    void touched(std::span<const CacheSlot> slots) override
    {
        for (const CacheSlot slot : slots) {
            Node& node = m_nodes[slot];
            if (node.uses < usesMax)
                node.uses = node.uses + 1;
        }
    }
    CacheRank removed(CacheSlot slot) override
    {
        const Node& node = m_nodes[slot];
        leave(slot);
        --m_entries;
        return rankKnown | (node.inMain ? rankMain : 0) | node.uses;
    }
    void evicted(CacheSlot slot) override
    {
        const Node& node = m_nodes[slot];
        if (!node.inMain)
            m_ghosts.add(node.hash, node.bytes);
        removed(slot);
    }
    CacheSlot victim() override
    {
        // Ends: whoever is spared has fewer uses left, or has gone over to the main queue.
        for (;;) {
            const bool fromSmall = !m_small.isEmpty() && (m_smallBytes > m_smallBytesMax || m_main.isEmpty());
            const CacheSlot slot = fromSmall ? m_small.oldest : m_main.oldest;
            if (slot == noCacheSlot)
                return slot;
            Node& node = m_nodes[slot];
            if (node.uses < (fromSmall ? usesToStay : 1U))
                return slot;
            leave(slot);
            node.uses = fromSmall ? 0 : node.uses - 1;
            node.inMain = 1;
            enter(slot);
        }
    }

private:
    static constexpr CacheRank rankUses = 3;
    static constexpr CacheRank rankMain = 4;
    static constexpr CacheRank rankKnown = 8;
    static constexpr std::uint32_t usesMax = 3;
    static constexpr std::uint32_t usesToStay = 2;
    static constexpr std::uint32_t bytesMaxOfNode = (1U << 29) - 1;
    struct Node
    {
        CacheSlot newer = noCacheSlot;
        CacheSlot older = noCacheSlot;
        std::uint32_t hash = 0;
        std::uint32_t bytes : 29 = 0;
        std::uint32_t uses : 2 = 0;
        std::uint32_t inMain : 1 = 0;
    };

    void enter(CacheSlot slot)
    {
        const Node& node = m_nodes[slot];
        (node.inMain ? m_main : m_small).push(m_nodes, slot);
        m_smallBytes += node.inMain ? 0 : node.bytes;
    }
    void leave(CacheSlot slot)
    {
        const Node& node = m_nodes[slot];
        (node.inMain ? m_main : m_small).take(m_nodes, slot);
        m_smallBytes -= node.inMain ? 0 : node.bytes;
    }

    const std::uint64_t m_smallBytesMax;
    Ghosts m_ghosts;
    SlotNodes<Node> m_nodes;
    SlotList<Node> m_small;
    SlotList<Node> m_main;
    std::uint64_t m_smallBytes = 0;
    std::uint64_t m_entries = 0;
};

} // namespace

std::unique_ptr<CachePolicy> makeS3Fifo(std::uint64_t bytesMax)
{
    return std::make_unique<S3FifoPolicy>(bytesMax);
}

} // namespace quoit
