#include "node/store/cache_policies.h"

namespace quoit {

namespace {

struct LfuNode
{
    CacheSlot newer = noCacheSlot;
    CacheSlot older = noCacheSlot;
    std::uint32_t group = 0;
};

/// The slots are kept in groups of equal use counts, the groups in a list by count: every step is of constant time.
class LfuPolicy final : public CachePolicy
{
public:
    void inserted(CacheSlot slot, std::uint64_t, std::uint32_t, CacheRank rank) override
    {
        m_nodes.reach(slot);
        const std::uint32_t uses = rank == 0 ? 1 : rank;
        // Nearly always 1: the walk is for who was ranked before.
        std::uint32_t before = none;
        std::uint32_t group = m_first;
        while (group != none && m_groups[group].uses < uses) {
            before = group;
            group = m_groups[group].next;
        }
        enter(slot, group != none && m_groups[group].uses == uses ? group : makeGroup(uses, before));
    }
    void touched(std::span<const CacheSlot> slots) override
    {
        for (const CacheSlot slot : slots)
            use(slot);
    }
    CacheRank removed(CacheSlot slot) override
    {
        const std::uint32_t group = m_nodes[slot].group;
        const CacheRank uses = m_groups[group].uses;
        m_groups[group].slots.take(m_nodes, slot);
        dropIfEmpty(group);
        return uses;
    }
    CacheSlot victim() override { return m_first == none ? noCacheSlot : m_groups[m_first].slots.oldest; }

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    struct Group
    {
        std::uint32_t uses = 0;
        std::uint32_t next = none; ///< with more uses; or among the free ones
        std::uint32_t previous = none;
        SlotList<LfuNode> slots;
    };

    void enter(CacheSlot slot, std::uint32_t group)
    {
        m_nodes[slot].group = group;
        m_groups[group].slots.push(m_nodes, slot);
    }
    void use(CacheSlot slot)
    {
        const std::uint32_t group = m_nodes[slot].group;
        const std::uint32_t uses = m_groups[group].uses;
        m_groups[group].slots.take(m_nodes, slot);
        const std::uint32_t next = m_groups[group].next;
        if (uses == UINT32_MAX)
            enter(slot, group);
        else
            enter(slot, next != none && m_groups[next].uses == uses + 1 ? next : makeGroup(uses + 1, group));
        dropIfEmpty(group);
    }
    std::uint32_t makeGroup(std::uint32_t uses, std::uint32_t previous)
    {
        std::uint32_t made = m_free;
        if (made != none) {
            m_free = m_groups[made].next;
        } else {
            made = static_cast<std::uint32_t>(m_groups.size());
            m_groups.emplace_back();
        }
        const std::uint32_t next = previous == none ? m_first : m_groups[previous].next;
        m_groups[made] = {uses, next, previous, {}};
        (previous == none ? m_first : m_groups[previous].next) = made;
        if (next != none)
            m_groups[next].previous = made;
        return made;
    }
    void dropIfEmpty(std::uint32_t group)
    {
        Group& empty = m_groups[group];
        if (!empty.slots.isEmpty())
            return;
        (empty.previous == none ? m_first : m_groups[empty.previous].next) = empty.next;
        if (empty.next != none)
            m_groups[empty.next].previous = empty.previous;
        empty.next = m_free;
        m_free = group;
    }

    SlotNodes<LfuNode> m_nodes;
    std::vector<Group> m_groups;
    std::uint32_t m_first = none; ///< the fewest uses
    std::uint32_t m_free = none;
};

} // namespace

std::unique_ptr<CachePolicy> makeLfu()
{
    return std::make_unique<LfuPolicy>();
}

} // namespace quoit
