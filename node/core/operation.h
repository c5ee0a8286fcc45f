// node/core/operation.h - what the protocol knows of commands: nothing but that they are pure functions on one key.
// node/commands implements OperationLogic; node/core only calls it, at the home, once per operation.
#pragma once

#include "node/core/ballot.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quoit {

/// What an operation finds at its key. Expired and deleted keys are absent.
struct KeyState
{
    bool present = false;
    std::string_view value;    ///< borrowed for the call
    std::int64_t expiryMs = 0; ///< ms since the Unix epoch; 0: none
    Version version;           ///< of the record, when present
};

/// What an operation makes of it.
struct Applied
{
    enum class Change {
        None,   ///< the key stays as it is (a failed condition, a read, an error)
        Put,    ///< the key now has `value` and `expiryMs`
        Expiry, ///< the key keeps its value and now has `expiryMs`
        Delete, ///< the key is now absent
    };
    Change change = Change::None;
    std::string value;
    std::int64_t expiryMs = 0;
    /// The client's reply in RESP3 bytes ("+OK\r\n", ":1\r\n", "_\r\n", "$3\r\nabc\r\n", "-ERR …\r\n").
    std::string reply;
};

/// The semantics of all commands on one key. Implementations keep no state; the same input gives the same output anywhere.
class OperationLogic
{
public:
    virtual ~OperationLogic() = default;
    /// @param operation bytes made by the same build's node/commands (or a peer's). Malformed bytes: None with an error reply.
    /// @param nowMs wall clock of whoever runs it, ms since the Unix epoch.
    virtual Applied apply(std::string_view operation, const KeyState& before, std::int64_t nowMs) const = 0;
    /// Whether it may make a key hold more than before: refused when there is no room.
    virtual bool addsData(std::string_view operation) const = 0;
};

} // namespace quoit
