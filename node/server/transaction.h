// node/server/transaction.h - what a client queues between MULTI and EXEC, and what it watches. Pure.
//
// What EXEC carries out is one operation on one key, so commands on a second key are refused when they come: executed one
// after the other they would be no transaction.
#pragma once

#include "node/commands/command.h"
#include "node/commands/parse.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

/// A key that is watched: EXEC does nothing if its version is another one by then.
struct WatchedKey
{
    std::string key;
    std::optional<std::string> version; ///< as QUOIT.GETV shows it, "0": absent; nothing: not known yet
};

class Transaction
{
public:
    /// @param arguments  with the name; their number fits. @return an error (without '-' and line end), and then EXEC refuses all; empty: queued
    std::string queue(const CommandSpec& spec, std::span<const std::string_view> arguments, const CommandLimits& limits);
    /// A command was refused: EXEC refuses all.
    void spoil();

    bool isSpoiled() const { return m_spoiled; }
    std::size_t count() const { return m_commands.size(); }
    std::size_t heldBytes() const { return m_bytes; }
    /// The key of all commands; empty: no command is on a key.
    const std::string& key() const { return m_key; }
    /// The only command, if it is one that the node itself answers.
    const std::vector<std::string>* serverCommand() const
    {
        return m_key.empty() && !m_commands.empty() ? &m_commands.front().arguments : nullptr;
    }

    /// What became of one command on the key.
    struct Parsed
    {
        const CommandSpec* spec = nullptr;
        std::size_t operationCount = 0;
        std::string error; ///< instead of operations
    };
    /// @param operations  of all commands, one after the other
    std::vector<Parsed> parse(const CommandLimits& limits, std::vector<std::string>& operations) const;
    /// Whether no command may change the key.
    bool isRead() const;

private:
    struct Command
    {
        const CommandSpec* spec;
        std::vector<std::string> arguments;
    };
    std::string problemOf(const CommandSpec& spec, std::span<const std::string_view> arguments, std::size_t bytes,
                          const CommandLimits& limits);

    std::vector<Command> m_commands;
    std::string m_key;
    std::size_t m_operations = 0;
    std::size_t m_bytes = 0;
    bool m_spoiled = false;
};

} // namespace quoit
