// node/store/eviction_policy.h - decides which cached record leaves when memory is short. Knows slots, not records.
// A policy of another kind implements EvictionPolicy; the record cache needs no change.
#pragma once

#include <cstdint>
#include <vector>

namespace quoit {

/// A cache entry's place; small integers that are used again.
using CacheSlot = std::uint32_t;
inline constexpr CacheSlot noCacheSlot = UINT32_MAX;

/// Ranks the slots that may be evicted. One owner, one thread.
class EvictionPolicy
{
public:
    virtual ~EvictionPolicy() = default;
    /// The slot holds an entry that may be evicted from now on.
    virtual void inserted(CacheSlot slot) = 0;
    /// The slot's entry, inserted before, was asked for.
    virtual void touched(CacheSlot slot) = 0;
    /// The slot's entry, inserted before, may no longer be evicted (it left, or is pinned).
    virtual void removed(CacheSlot slot) = 0;
    /// Who should go next; stays until removed() is called. @return noCacheSlot if there is none.
    virtual CacheSlot victim() = 0;
};

/// First in, first out, with a second chance for who was asked for meanwhile: least recently used, nearly, but a hit
/// costs the write of one byte instead of a walk through four cache lines. Source: Corbató, A Paging Experiment with
/// the Multics System, 1968.
class SecondChancePolicy final : public EvictionPolicy
{
public:
    void inserted(CacheSlot slot) override;
    void touched(CacheSlot slot) override { m_touched[slot] = 1; }
    void removed(CacheSlot slot) override;
    CacheSlot victim() override;

private:
    struct Links
    {
        CacheSlot newer = noCacheSlot;
        CacheSlot older = noCacheSlot;
    };

    std::vector<Links> m_links;          ///< by slot
    std::vector<std::uint8_t> m_touched; ///< by slot: 1 since it was asked for, apart from the links so that all fit
                                         ///< into the processor's cache
    CacheSlot m_newest = noCacheSlot;
    CacheSlot m_oldest = noCacheSlot;
};

} // namespace quoit
