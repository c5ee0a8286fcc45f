// node/server/session_memory.h - what all client connections of a node hold together, and whether one that wants more has to wait.
// Pure. Design: ARCHITECTURE.md, "Memory of clients".
#pragma once

#include <cstddef>
#include <cstdint>

namespace quoit {

/// Of the whole node, bytes.
struct SessionMemoryLimits
{
    std::uint64_t replyBytesMax = 256 << 20; ///< replies that wait for their clients, and those expected of requests under way
    std::uint64_t inputBytesMax = 256 << 20; ///< what clients have sent and isn't carried out yet: mostly half-sent requests
    std::uint64_t turnBytesMax = 16 << 20;   ///< records looked up before their replies are counted
};

class SessionMemory
{
public:
    static constexpr std::size_t smallBytes = 64 * 1024; ///< a connection that holds no more is never held back

    explicit SessionMemory(const SessionMemoryLimits& limits)
        : m_limits(limits)
    {}

    void changeReplies(std::uint64_t before, std::uint64_t after) { m_replyBytes += after - before; }
    void changeInput(std::uint64_t before, std::uint64_t after) { m_inputBytes += after - before; }
    /// A record was looked up; its reply isn't counted before the turn's end.
    void found(std::uint64_t bytes) { m_turnBytes += bytes; }
    void beginTurn() { m_turnBytes = 0; }

    bool areRepliesShort() const { return m_replyBytes >= m_limits.replyBytesMax; }
    /// Who holds much needn't be closed for the sake of the others any more.
    bool isRoomForReplies() const { return m_replyBytes <= m_limits.replyBytesMax * 3 / 4; }
    /// So much that even what is under way must not be finished in full.
    bool areRepliesFarTooMuch() const { return m_replyBytes >= 2 * m_limits.replyBytesMax; }
    bool isInputShort() const { return m_inputBytes >= m_limits.inputBytesMax; }
    /// @param isSmall  the connection's replies have been small: it needn't wait for those whose aren't
    bool isTurnFull(bool isSmall) const { return m_turnBytes >= (isSmall ? 4 : 1) * m_limits.turnBytesMax; }

    /// A connection waits for others to hold less.
    void waitForReplies() { m_waitsForReplies = true; }
    void waitForInput() { m_waitsForInput = true; }
    /// True if connections that wait may go on. All of them do: who still has to wait says so again.
    bool takeTurnOfWaiting()
    {
        const bool goOn = (m_waitsForReplies && !areRepliesShort()) || (m_waitsForInput && !isInputShort());
        if (goOn)
            m_waitsForReplies = m_waitsForInput = false;
        return goOn;
    }

    /// The one connection that may receive its request to the end although there is too much input, so that they don't
    /// all wait for each other. @param id  0: none
    void setFavourite(std::uint64_t id) { m_favourite = id; }
    std::uint64_t favourite() const { return m_favourite; }

    void noteClosedUnread() { ++m_closedUnread; }
    void noteClosedHalfSent() { ++m_closedHalfSent; }
    /// Connections, since the start: replies waited, and others needed the room.
    std::uint64_t closedUnread() const { return m_closedUnread; }
    /// Connections, since the start: the rest of a request didn't come.
    std::uint64_t closedHalfSent() const { return m_closedHalfSent; }

    std::uint64_t replyBytes() const { return m_replyBytes; }
    std::uint64_t inputBytes() const { return m_inputBytes; }

private:
    const SessionMemoryLimits m_limits;
    std::uint64_t m_replyBytes = 0;
    std::uint64_t m_inputBytes = 0;
    std::uint64_t m_turnBytes = 0;
    std::uint64_t m_favourite = 0;
    std::uint64_t m_closedUnread = 0;
    std::uint64_t m_closedHalfSent = 0;
    bool m_waitsForReplies = false;
    bool m_waitsForInput = false;
};

} // namespace quoit
