#include "node/store/eviction_policy.h"

namespace quoit {

void SecondChancePolicy::inserted(CacheSlot slot)
{
    if (slot >= m_links.size()) {
        m_links.resize(slot + std::size_t(1));
        m_touched.resize(slot + std::size_t(1));
    }
    m_touched[slot] = 0;
    m_links[slot] = {noCacheSlot, m_newest};
    if (m_newest != noCacheSlot)
        m_links[m_newest].newer = slot;
    m_newest = slot;
    if (m_oldest == noCacheSlot)
        m_oldest = slot;
}

void SecondChancePolicy::removed(CacheSlot slot)
{
    const Links links = m_links[slot];
    (links.newer == noCacheSlot ? m_newest : m_links[links.newer].older) = links.older;
    (links.older == noCacheSlot ? m_oldest : m_links[links.older].newer) = links.newer;
}

CacheSlot SecondChancePolicy::victim()
{
    // Ends: whoever goes to the other end has lost its mark.
    while (m_oldest != noCacheSlot && m_touched[m_oldest]) {
        const CacheSlot spared = m_oldest;
        removed(spared);
        inserted(spared);
    }
    return m_oldest;
}

} // namespace quoit
