#include "node/store/cache_policies.h"

namespace quoit {

namespace {

struct LruNode
{
    CacheSlot newer = noCacheSlot;
    CacheSlot older = noCacheSlot;
};

class LruPolicy final : public CachePolicy
{
public:
    void inserted(CacheSlot slot, std::uint64_t, std::uint32_t, CacheRank) override
    {
        m_nodes.reach(slot);
        m_list.push(m_nodes, slot);
    }
    void touched(std::span<const CacheSlot> slots) override
    {
        for (const CacheSlot slot : slots) {
            if (slot == m_list.newest)
                continue;
            m_list.take(m_nodes, slot);
            m_list.push(m_nodes, slot);
        }
    }
    CacheRank removed(CacheSlot slot) override
    {
        m_list.take(m_nodes, slot);
        return 0;
    }
    CacheSlot victim() override { return m_list.oldest; }

private:
    SlotNodes<LruNode> m_nodes;
    SlotList<LruNode> m_list;
};

} // namespace

std::unique_ptr<CachePolicy> makeLru()
{
    return std::make_unique<LruPolicy>();
}

} // namespace quoit
