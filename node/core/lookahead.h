// node/core/lookahead.h - tells the records' source which keys the next messages will look up, so that it waits for memory once for
// all of them instead of several times for each.
#pragma once

#include "node/core/messages.h"
#include "node/core/persistence.h"
#include "shared/ring/position.h"

#include <algorithm>
#include <array>
#include <span>

namespace quoit {

class Lookahead
{
public:
    explicit Lookahead(RecordSource& records)
        : m_records(records)
    {}

    /// @param messages  Message or MessageBody, at least one. @return how many of them it has looked at; after these it's worth telling again.
    template <typename Any>
    std::size_t tell(std::span<const Any> messages)
    {
        const std::size_t count = std::min(messages.size(), RecordSource::expectedMax);
        if (count == 1) // nothing to overlap with
            return 1;
        std::size_t known = 0;
        for (const Any& message : messages.first(count))
            if (const std::string_view key = keyOf(message); key.data())
                m_positions[known++] = positionOf(key);
        if (known > 1)
            m_records.expect(std::span(m_positions).first(known));
        return count;
    }

private:
    /// @return one without data if the message looks nothing up
    static std::string_view keyOf(const Message& message) { return keyOf(message.body); }
    static std::string_view keyOf(const MessageBody& body)
    {
        if (const auto* const read = std::get_if<ReadRequest>(&body))
            return read->key;
        if (const auto* const operation = std::get_if<OperationRequest>(&body))
            return operation->key;
        const auto* const write = std::get_if<WriteRequest>(&body);
        return write && write->record ? write->record->key : std::string_view();
    }

    RecordSource& m_records;
    std::array<Position, RecordSource::expectedMax> m_positions;
};

} // namespace quoit
