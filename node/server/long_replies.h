// node/server/long_replies.h - how many of a connection's writes that reply with a value (GETDEL, GETSET, SET GET …) are under way.
// Pure. Such a write is small when it is asked and large when it is answered, and its reply can't be made again: many at once would
// queue behind each other between the nodes until their coordinator gives them up, and what they took out would be lost.
#pragma once

#include <algorithm>
#include <cstdint>

namespace quoit {

class LongReplies
{
public:
    static constexpr std::uint64_t bytesMax = 8 << 20;      ///< expected of all connections together; each may have one write at least
    static constexpr std::uint64_t firstBytes = 1 << 20;    ///< expected before the first reply is there
    static constexpr std::uint64_t expectedBytesMin = 32 << 10; ///< values grow without notice

    /// @param expectedOfAll  what began() gave and hasn't ended, of all connections
    bool mayBegin(std::uint64_t expectedOfAll) const { return m_underWay == 0 || expectedOfAll + m_expectedBytes <= bytesMax; }
    /// @return the bytes that are expected of its reply
    std::uint64_t began()
    {
        ++m_underWay;
        return m_expectedBytes;
    }
    void ended(std::uint64_t replyBytes)
    {
        --m_underWay;
        m_expectedBytes = std::max({replyBytes, m_expectedBytes / 2, expectedBytesMin});
    }

private:
    std::uint64_t m_underWay = 0;
    std::uint64_t m_expectedBytes = firstBytes; ///< as the largest lately
};

} // namespace quoit
