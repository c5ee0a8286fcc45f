// shared/admin/hot_keys_report.h - which keys clients ask for most, in the whole cluster; to and from RESP.
// Pure. QUOIT.HOTKEYS [COUNT n] answers with it; see node_report.h for how reports look on the wire.
#pragma once

#include "shared/base/result.h"
#include "shared/resp/value.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quoit {

/// One hot key. Requests per second of the last seconds, the latest counting most.
struct HotKeyReport
{
    std::string key; ///< at most its first 256 bytes
    std::uint64_t readsPerSecond = 0;
    std::uint64_t readsError = 0; ///< the true rate is at most so much higher or lower
    std::uint64_t writesPerSecond = 0;
    std::uint64_t writesError = 0;

    bool operator==(const HotKeyReport&) const = default;
};

struct HotKeysReport
{
    std::int64_t timeMs = 0;           ///< Unix epoch
    std::uint64_t nodes = 0;           ///< that were heard of in the last seconds
    std::uint64_t readsPerSecond = 0;  ///< of all keys
    std::uint64_t writesPerSecond = 0;
    std::vector<HotKeyReport> keys;    ///< descending by reads and writes together; none where no key stands out
};

RespValue toResp(const HotKeysReport& report);
/// @return Corrupt with the name of the offending field when a value has the wrong type
Result<HotKeysReport> hotKeysReportFromResp(const RespValue& value);

} // namespace quoit
