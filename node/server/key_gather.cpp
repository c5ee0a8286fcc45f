#include "node/server/key_gather.h"

#include "shared/resp/writer.h"

#include <algorithm>
#include <charconv>

namespace quoit {

PackedArguments::PackedArguments(std::span<const std::string_view> arguments)
{
    std::size_t bytes = 0;
    for (const std::string_view argument : arguments)
        bytes += argument.size();
    m_bytes.reserve(bytes);
    m_ends.reserve(arguments.size());
    for (const std::string_view argument : arguments) {
        m_bytes += argument;
        m_ends.push_back(m_bytes.size());
    }
}

void KeyGather::ended(std::uint64_t keyHash)
{
    *std::find(m_underWay.begin(), m_underWay.end(), keyHash) = m_underWay.back();
    m_underWay.pop_back();
}

void KeyGather::add(std::size_t part, std::string reply)
{
    if (reply.starts_with('-')) {
        if (m_error.empty())
            fail(std::move(reply));
        return;
    }
    if (hasFailed())
        return;
    m_partBytesMax = std::max(m_partBytesMax, reply.size());
    if (combine == Combine::Array) {
        m_replyBytes += reply.size();
        if (m_replyBytes > replyBytesMax) {
            fail("-ERR the values are too large for one reply; ask for fewer keys at once\r\n");
            return;
        }
        m_replies.resize(std::max(m_replies.size(), part - m_joinedCount + 1));
        m_replies[part - m_joinedCount] = std::move(reply);
        for (; !m_replies.empty() && !m_replies.front().empty(); m_replies.pop_front()) {
            m_joined += m_replies.front();
            ++m_joinedCount;
        }
    } else if (combine == Combine::SumIntegers && reply.size() > 1) {
        std::int64_t value = 0;
        std::from_chars(reply.data() + 1, reply.data() + reply.size(), value);
        m_sum += value;
    }
}

void KeyGather::fail(std::string error)
{
    m_error = std::move(error);
    m_replies = {};
    m_joined = {};
}

void KeyGather::appendReply(std::string& out) const
{
    if (!m_error.empty()) {
        out += m_error;
        return;
    }
    RespWriter writer(out, protocol);
    switch (combine) {
    case Combine::Array:
        writer.arrayHeader(m_joinedCount);
        writer.raw(m_joined);
        break;
    case Combine::SumIntegers:
        writer.integer(m_sum);
        break;
    case Combine::AllOk:
    case Combine::Single:
        writer.simpleString("OK");
        break;
    }
}

} // namespace quoit
