// tests/unit/commands/key_machine.h - commands on keys without a cluster: parse, run on a map in memory, answer in
// RESP2. What lies between in a real node (home, replicas, store) keeps the same rules, and has tests of its own.
#pragma once

#include "node/commands/command_logic.h"

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace quoit::testing {

class KeyMachine
{
public:
    explicit KeyMachine(std::int64_t nowMs)
        : m_nowMs(nowMs)
    {}

    void setNow(std::int64_t nowMs) { m_nowMs = nowMs; }
    void advance(std::int64_t ms) { m_nowMs += ms; }
    void clear() { m_keys.clear(); }

    /// Any command; those that the node itself answers are checked for their number of arguments only.
    /// @param arguments [1 …] with the name. @return RESP2 bytes
    std::string run(const std::vector<std::string>& arguments);

private:
    struct Entry
    {
        std::string value;
        std::int64_t expiryMs = 0;
        Version version;
    };

    std::string runOne(const CommandSpec& spec, const KeyOperation& operation);

    std::int64_t m_nowMs;
    std::uint64_t m_sequence = 0;
    std::map<std::string, Entry, std::less<>> m_keys;
    CommandLogic m_logic;
};

} // namespace quoit::testing
