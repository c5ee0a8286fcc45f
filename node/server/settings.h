// node/server/settings.h - what CONFIG SET changes while the node runs, and how its values are written.
#pragma once

#include "node/core/eviction_policy.h"
#include "node/server/slow_log.h"
#include "node/store/cache_policy.h"
#include "shared/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quoit {

/// Lasts until the process ends; the next one begins with its command line again.
struct RuntimeSettings
{
    RoomLimit room;
    std::uint64_t cacheBytes = 0;
    CachePolicyKind cachePolicy = CachePolicyKind::TinyLfu;
    std::uint32_t timeoutSeconds = 0; ///< a client that is idle for longer is closed; 0: never
    SlowLogLimits slowLog;
};

/// A whole number of bytes, with a unit if one is given: b; k, m, g (powers of 1000); kb, mb, gb (powers of 1024). As
/// Redis reads maxmemory.
std::optional<std::uint64_t> byteCountFromText(std::string_view text);

/// @param name  lower case: max-bytes or maxmemory, eviction-policy or maxmemory-policy, cache-bytes, cache-policy, timeout,
/// slowlog-log-slower-than, slowlog-max-len
/// @return NotFound for a name that can't be changed, InvalidArgument with what the value may be; the settings are then as before.
Result<void> change(RuntimeSettings& settings, std::string_view name, std::string_view value);

} // namespace quoit
