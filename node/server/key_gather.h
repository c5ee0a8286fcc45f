// node/server/key_gather.h - a command on several keys while its parts are under way, and how their replies become one.
// Pure.
#pragma once

#include "node/commands/command.h"
#include "node/core/effects.h"
#include "node/server/reply_queue.h"
#include "shared/base/time.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace quoit {

class Session;

class KeyGather
{
public:
    static constexpr std::size_t replyBytesMax = 128 * 1024 * 1024; ///< of all parts; more is an error
    static constexpr std::size_t partBytesMax = 32 * 1024 * 1024;   ///< of parts under way

    Session* session = nullptr; ///< lives until the ticket is completed
    ReplyQueue::Ticket ticket = 0;
    const CommandSpec* spec = nullptr;
    Level level = Level::Quorum;
    Combine combine = Combine::Array;
    bool isWrite = false;
    bool isExclusive = false; ///< holds the session for itself; else keyHashes are registered there
    int protocol = 2;
    TimePoint since{};
    std::string firstKey; ///< its beginning, for people
    std::vector<std::uint64_t> keyHashes; ///< [n]
    std::vector<std::pair<std::string, std::string>>
        parts;            ///< [n] key and operation, moved out when they are handed over
    std::size_t next = 0; ///< the first part that wasn't handed over
    std::size_t inFlight = 0;
    std::size_t inFlightMax = 0;
    std::uint64_t bytes = 0;                          ///< of all keys and operations
    CompletionStatus status = CompletionStatus::Done; ///< of the first part that failed

    /// @param reply of one part, RESP bytes of the client's protocol
    void add(std::size_t part, std::string reply);
    /// There is no room for more of a reading command's parts.
    void fail(std::string error);
    /// Of the parts' replies.
    std::size_t heldBytes() const { return m_error.empty() ? m_replyBytes : 0; }
    /// Whether another part may be under way, counted as large as the largest one that came; the first 128 are let through.
    bool hasRoomForPart() const { return inFlight == 0 || (inFlight + 1) * m_partBytesMax <= partBytesMax; }
    bool isComplete() const { return next == parts.size() && inFlight == 0; }
    bool hasFailed() const { return !m_error.empty(); }
    /// Appends the whole reply; the first error among the parts is the reply of all.
    void appendReply(std::string& out) const;

private:
    std::vector<std::string> m_replies; ///< Combine::Array: [n]
    std::size_t m_replyBytes = 0;
    std::size_t m_partBytesMax = 0; ///< the largest
    std::int64_t m_sum = 0;
    std::string m_error; ///< RESP bytes
};

} // namespace quoit
