// node/server/key_chains.h - commands of one connection that wait for earlier ones on the same key, and what goes next: short writes
// that follow each other go as one operation, so that they take one round together instead of one each.
// Pure. Design: ARCHITECTURE.md, "A request's way".
#pragma once

#include "node/commands/command.h"
#include "node/core/effects.h"
#include "node/server/reply_queue.h"
#include "shared/base/time.h"

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

namespace quoit {

struct ChainedCommand
{
    const CommandSpec* spec = nullptr;
    std::string key;
    std::string operation;
    bool isWrite = false;
    Level level = Level::Quorum;
    int protocol = 2;
    ReplyQueue::Ticket ticket = 0;
    TimePoint since{};
    std::uint64_t bytes = 0; ///< of key and operation
    bool alone = false;      ///< not with others
};

class KeyChains
{
public:
    static constexpr std::size_t operationBytesMax = 4 * 1024; ///< a larger one waits in its connection instead

    bool empty() const { return m_chains.empty(); }
    bool contains(std::uint64_t keyHash) const { return !m_chains.empty() && m_chains.count(keyHash) > 0; }
    void append(std::uint64_t keyHash, ChainedCommand command) { m_chains[keyHash].push_back(std::move(command)); }
    /// The first that waits; contains() holds.
    const ChainedCommand& front(std::uint64_t keyHash) const { return m_chains.at(keyHash).front(); }
    /// Takes the first out, and those behind it that may go with it as one operation; contains() holds.
    /// @return one or more, in order
    std::vector<ChainedCommand> takeNext(std::uint64_t keyHash);
    /// They go before what waits, one after the other.
    void putBack(std::uint64_t keyHash, std::vector<ChainedCommand> commands);

private:
    std::unordered_map<std::uint64_t, std::deque<ChainedCommand>> m_chains; ///< by hash of the key; none is empty
};

} // namespace quoit
