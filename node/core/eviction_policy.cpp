#include "node/core/eviction_policy.h"

namespace quoit {

std::string_view toText(EvictionPolicy policy)
{
    static constexpr std::string_view texts[] = {"noeviction",   "allkeys-lru",  "allkeys-lfu",     "allkeys-random",
                                                 "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"};
    return texts[static_cast<std::size_t>(policy)];
}

std::optional<EvictionPolicy> evictionPolicyFromText(std::string_view text)
{
    for (const EvictionPolicy policy : allEvictionPolicies)
        if (toText(policy) == text)
            return policy;
    return std::nullopt;
}

} // namespace quoit
