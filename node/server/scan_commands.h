// node/server/scan_commands.h - SCAN, KEYS, RANDOMKEY, DBSIZE and CLUSTER COUNTKEYSINSLOT, over all nodes.
// A SCAN cursor is the decimal ring position to go on from, so it stays good while nodes fail, and on any node.
#pragma once

#include "node/server/long_command.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

using Arguments = std::vector<std::string_view>;

/// What became of looking at a command's arguments.
struct LongCommandResult
{
    std::shared_ptr<LongCommand> command; ///< to be started; null on error
    std::string error;                    ///< "ERR syntax error"
};

/// SCAN cursor [MATCH pattern] [COUNT n] [TYPE type]
LongCommandResult makeScan(LongCommandDesk& desk, Session& session, const Arguments& arguments);
/// KEYS pattern
std::shared_ptr<LongCommand> makeKeys(LongCommandDesk& desk, Session& session, std::string_view pattern);
/// @param seed where to begin to look
std::shared_ptr<LongCommand> makeRandomKey(LongCommandDesk& desk, Session& session, Position seed);
std::shared_ptr<LongCommand> makeCountKeysInSlot(LongCommandDesk& desk, Session& session, std::uint32_t slot);
/// Counts all keys, then writes the reply with that sum.
std::shared_ptr<LongCommand> makeCountAll(LongCommandDesk& desk, Session& session,
                                          std::function<void(std::uint64_t keys, RespWriter& reply)> write);

} // namespace quoit
