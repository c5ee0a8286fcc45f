// node/core/early_messages.h - messages of peers that have a newer map than this node, kept until it has it as well.
// Pure. A disk that stands still for long keeps a node from using a map that all others use: what they send meanwhile is bounded.
#pragma once

#include "node/core/messages.h"

#include <deque>
#include <utility>

namespace quoit {

class EarlyMessages
{
public:
    static constexpr std::size_t countMax = 10'000;
    static constexpr std::size_t bytesMax = 64 << 20;

    /// The oldest go if there are too many: whoever sent them asks again.
    void keep(NodeId from, Message&& message);
    /// All of them, in the order they came; none are left.
    std::deque<std::pair<NodeId, Message>> take();

    std::size_t count() const { return m_messages.size(); }
    /// Of keys, values and operations.
    std::size_t bytes() const { return m_bytes; }

private:
    std::deque<std::pair<NodeId, Message>> m_messages;
    std::size_t m_bytes = 0;
};

} // namespace quoit
