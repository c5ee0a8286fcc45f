#include "node/core/early_messages.h"

namespace quoit {

namespace {

/// Of what may be long.
std::size_t contentBytes(const MessageBody& body)
{
    return std::visit(
        [](const auto& message) {
            std::size_t bytes = 0;
            if constexpr (requires { message.record; })
                bytes += message.record ? message.record->bytes() : 0;
            if constexpr (requires { message.read.record; })
                bytes += message.read.record ? message.read.record->bytes() : 0;
            if constexpr (requires { message.operation.size(); })
                bytes += message.operation.size();
            if constexpr (requires { message.result; })
                bytes += message.result.size();
            return bytes;
        },
        body);
}

} // namespace

void EarlyMessages::keep(NodeId from, Message&& message)
{
    m_bytes += contentBytes(message.body);
    m_messages.emplace_back(from, std::move(message));
    while (m_messages.size() > countMax || m_bytes > bytesMax) {
        m_bytes -= contentBytes(m_messages.front().second.body);
        m_messages.pop_front();
    }
}

std::deque<std::pair<NodeId, Message>> EarlyMessages::take()
{
    m_bytes = 0;
    return std::exchange(m_messages, {});
}

} // namespace quoit
