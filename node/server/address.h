// node/server/address.h - "host:port" as options and maps have it.
#pragma once

#include "shared/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace quoit {

struct Address
{
    std::string host; ///< an IP address without brackets, or "localhost"
    std::uint16_t port = 0;

    bool operator==(const Address&) const = default;
    /// "127.0.0.1:7400", "[::1]:7400"
    std::string toText() const;
    /// True for 127.0.0.0/8, ::1 and "localhost".
    bool isLoopback() const;
    /// True for 0.0.0.0 and ::, which stand for whatever addresses a machine has; nobody can be reached there.
    bool isWildcard() const;
};

/// @param text "host:port" or "[v6]:port"; port 0 … 65535. @return InvalidArgument with a sentence that quotes the
/// text.
Result<Address> addressFromText(std::string_view text);

} // namespace quoit
