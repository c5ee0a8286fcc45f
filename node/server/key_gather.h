// node/server/key_gather.h - a command on several keys while its parts are under way, and how their replies become one.
// Pure.
#pragma once

#include "node/commands/command.h"
#include "node/core/effects.h"
#include "node/server/reply_queue.h"
#include "shared/base/time.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

class Session;

/// The arguments of a command, copied: two allocations, however many there are.
class PackedArguments
{
public:
    PackedArguments() = default;
    explicit PackedArguments(std::span<const std::string_view> arguments);

    std::size_t count() const { return m_ends.size(); }
    std::string_view at(std::size_t index) const
    {
        const std::size_t begin = index == 0 ? 0 : m_ends[index - 1];
        return std::string_view(m_bytes).substr(begin, m_ends[index] - begin);
    }

private:
    std::string m_bytes;
    std::vector<std::size_t> m_ends; ///< [count] in m_bytes
};

class KeyGather
{
public:
    struct Part
    {
        std::string key; ///< moved out when it is handed over, as is the operation
        std::string operation;
        std::uint64_t keyHash = 0;
    };
    static constexpr std::size_t partsUnderWayMax = 128; ///< so that a huge MGET holds a bounded amount of memory in the core
    static constexpr std::size_t replyBytesMax = 128 * 1024 * 1024; ///< of all parts; more is an error
    static constexpr std::size_t partBytesMax = 32 * 1024 * 1024;   ///< of parts under way

    Session* session = nullptr; ///< lives until the ticket is completed
    ReplyQueue::Ticket ticket = 0;
    const CommandSpec* spec = nullptr;
    Level level = Level::Quorum;
    Combine combine = Combine::Array;
    bool isWrite = false;
    bool isExclusive = false; ///< holds the session for itself; else its keys are registered there
    int protocol = 2;
    TimePoint since{};
    std::string firstKey; ///< its beginning, for people
    std::size_t partCount = 0;
    PackedArguments arguments;  ///< of an exclusive one
    std::vector<Part> slice;    ///< parts that were taken from the arguments last; all of them unless it is exclusive
    std::size_t sliceFirst = 0; ///< the first of them
    std::size_t next = 0;       ///< the first part that wasn't handed over
    std::uint64_t bytes = 0;                          ///< of all keys and operations
    CompletionStatus status = CompletionStatus::Done; ///< of the first part that failed

    /// @param reply of one part, RESP bytes of the client's protocol
    void add(std::size_t part, std::string reply);
    /// There is no room for more of a reading command's parts.
    void fail(std::string error);
    /// Of the parts' replies.
    std::size_t heldBytes() const { return m_error.empty() ? m_replyBytes : 0; }
    /// The next part is in the slice.
    bool hasSlice() const { return next < sliceFirst + slice.size(); }
    /// The next part was handed over.
    void began(std::uint64_t keyHash)
    {
        ++next;
        m_underWay.push_back(keyHash);
    }
    void ended(std::uint64_t keyHash);
    void skipRest() { next = partCount; }
    bool isUnderWay(std::uint64_t keyHash) const { return std::find(m_underWay.begin(), m_underWay.end(), keyHash) != m_underWay.end(); }
    std::size_t inFlight() const { return m_underWay.size(); }
    /// Whether another part may be under way, counted as large as the largest one that came; the first 128 are let through.
    bool hasRoomForPart() const
    {
        return inFlight() == 0 || (inFlight() < partsUnderWayMax && (inFlight() + 1) * m_partBytesMax <= partBytesMax);
    }
    bool isComplete() const { return next == partCount && inFlight() == 0; }
    bool hasFailed() const { return !m_error.empty(); }
    /// Appends the whole reply; the first error among the parts is the reply of all.
    void appendReply(std::string& out) const;

private:
    std::vector<std::uint64_t> m_underWay; ///< hashes of the keys of parts that were handed over and aren't answered
    std::string m_joined;                  ///< Combine::Array: the replies of the first parts
    std::size_t m_joinedCount = 0;
    std::deque<std::string> m_replies; ///< likewise: of those behind them; empty: not there yet
    std::size_t m_replyBytes = 0;
    std::size_t m_partBytesMax = 0; ///< the largest
    std::int64_t m_sum = 0;
    std::string m_error; ///< RESP bytes
};

} // namespace quoit
