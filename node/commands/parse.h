// node/commands/parse.h - from a command's arguments to operations on one key each. Pure.
#pragma once

#include "node/commands/command.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

/// What is refused before it reaches a key.
struct CommandLimits
{
    std::size_t keyBytesMax = 32 * 1024;
    std::size_t valueBytesMax = 16 * 1024 * 1024;
};

struct KeyOperation
{
    std::string_view key;  ///< borrowed from the arguments
    std::string operation; ///< for CommandLogic
};

/// @param arguments with the name; their number fits the spec, whose kind is KeyRead or KeyWrite.
/// @param operations one per key, in the order of the arguments; left empty on an error.
/// @return an error as in Redis 7 (without '-' and line end), or an empty string.
std::string parseCommand(const CommandSpec& spec, std::span<const std::string_view> arguments,
                         const CommandLimits& limits, std::vector<KeyOperation>& operations);

/// The operation of a plain SET.
std::string encodeSet(std::string_view value);
/// Whether a read operation is just GET: its reply is the value.
bool isPlainGet(std::string_view operation);

} // namespace quoit
