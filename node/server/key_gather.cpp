#include "node/server/key_gather.h"

#include "shared/resp/writer.h"

#include <algorithm>
#include <charconv>

namespace quoit {

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
        m_replies.resize(parts.size());
        m_replies[part] = std::move(reply);
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
        writer.arrayHeader(m_replies.size());
        for (const std::string& reply : m_replies)
            writer.raw(reply);
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
