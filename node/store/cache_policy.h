// node/store/cache_policy.h - decides which cached entry leaves when memory is short. Knows slots, hashes and bytes,
// not records: whatever keeps things in numbered slots can use it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace quoit {

/// An entry's place; small integers that are used again.
using CacheSlot = std::uint32_t;
inline constexpr CacheSlot noCacheSlot = UINT32_MAX;

/// What a policy remembers of an entry that it doesn't rank for a while. 0: nothing. Means something to the same policy
/// only.
using CacheRank = std::uint32_t;

enum class CachePolicyKind : std::uint8_t { Lru, Lfu, TinyLfu, S3Fifo };
inline constexpr CachePolicyKind allCachePolicies[] = {CachePolicyKind::Lru, CachePolicyKind::Lfu,
                                                       CachePolicyKind::TinyLfu, CachePolicyKind::S3Fifo};
/// "lru", "lfu", "w-tinylfu", "s3-fifo"
std::string_view toText(CachePolicyKind kind);
std::optional<CachePolicyKind> cachePolicyFromText(std::string_view text);

/// Ranks the slots that may be evicted. One owner, one thread.
class CachePolicy
{
public:
    virtual ~CachePolicy() = default;
    /// The slot holds an entry that may be evicted from now on.
    /// @param hash   of its key, well mixed
    /// @param bytes  that it takes, at most 1 GiB; counted as of now
    /// @param rank   what removed() returned, if the entry was ranked here before
    virtual void inserted(CacheSlot slot, std::uint64_t hash, std::uint32_t bytes, CacheRank rank) = 0;
    /// The slots' entries, inserted before, were asked for, in this order; one may be named several times.
    virtual void touched(std::span<const CacheSlot> slots) = 0;
    /// The slot's entry, inserted before, may no longer be evicted, but is still there.
    virtual CacheRank removed(CacheSlot slot) = 0;
    /// The slot's entry, inserted before, leaves.
    virtual void evicted(CacheSlot slot) { removed(slot); }
    /// Who should go next. It stays until removed() or evicted() is called. @return noCacheSlot if there is none
    virtual CacheSlot victim() = 0;
};

/// @param bytesMax  budget of the cache: the policies give parts of it to newcomers. Keeping to it is the cache's duty
std::unique_ptr<CachePolicy> makeCachePolicy(CachePolicyKind kind, std::uint64_t bytesMax);

} // namespace quoit
