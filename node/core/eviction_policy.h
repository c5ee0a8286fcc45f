// node/core/eviction_policy.h - how much a node may hold, and which keys leave when that is too little. Names and meaning as in Redis.
// Pure. Design: resources/docs/protocol.md, "Eviction".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace quoit {

enum class EvictionPolicy : std::uint8_t {
    NoEviction, ///< writes that add data are refused
    AllKeysLru,
    AllKeysLfu,
    AllKeysRandom,
    VolatileLru, ///< volatile: only keys with a time to live
    VolatileLfu,
    VolatileRandom,
    VolatileTtl, ///< whose time ends first
};
inline constexpr EvictionPolicy allEvictionPolicies[] = {
    EvictionPolicy::NoEviction,  EvictionPolicy::AllKeysLru,  EvictionPolicy::AllKeysLfu,     EvictionPolicy::AllKeysRandom,
    EvictionPolicy::VolatileLru, EvictionPolicy::VolatileLfu, EvictionPolicy::VolatileRandom, EvictionPolicy::VolatileTtl};

/// "noeviction", "allkeys-lru", …, "volatile-ttl"
std::string_view toText(EvictionPolicy policy);
std::optional<EvictionPolicy> evictionPolicyFromText(std::string_view text);

constexpr bool isVolatile(EvictionPolicy policy)
{
    return policy >= EvictionPolicy::VolatileLru;
}
/// Whether it looks at when, or how often, keys were used.
constexpr bool looksAtUse(EvictionPolicy policy)
{
    return policy == EvictionPolicy::AllKeysLru || policy == EvictionPolicy::AllKeysLfu || policy == EvictionPolicy::VolatileLru ||
           policy == EvictionPolicy::VolatileLfu;
}
constexpr bool looksAtFrequency(EvictionPolicy policy)
{
    return policy == EvictionPolicy::AllKeysLfu || policy == EvictionPolicy::VolatileLfu;
}

/// What a node counts for a living key beside the bytes of key and value.
inline constexpr std::uint64_t keyOverheadBytes = 64;

/// What one node may hold, and what it does as a home when a replica holds too much.
struct RoomLimit
{
    std::uint64_t bytesMax = 0; ///< of living keys: key, value and keyOverheadBytes each; 0: no limit
    EvictionPolicy policy = EvictionPolicy::NoEviction;

    bool operator==(const RoomLimit&) const = default;
};

} // namespace quoit
