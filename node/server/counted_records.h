// node/server/counted_records.h - the store as the core sees it, with a count of the bytes that are looked up in a turn: large records
// wait in the core's effects before anybody has counted their replies.
#pragma once

#include "node/core/persistence.h"
#include "node/server/session_memory.h"

namespace quoit {

class CountedRecords final : public RecordSource
{
public:
    /// Both outlive this.
    CountedRecords(RecordSource& records, SessionMemory& memory)
        : m_records(records)
        , m_memory(memory)
    {}

    RecordPtr find(Position position, std::string_view key) override
    {
        RecordPtr record = m_records.find(position, key);
        if (record)
            m_memory.found(record->value.size());
        return record;
    }
    std::vector<RecordSummary> list(Position first, Position last, std::size_t limit) override
    {
        return m_records.list(first, last, limit);
    }
    ExpiredKeys expired(std::int64_t nowMs, std::size_t limit, const ExpiryPlace& after) override
    {
        return m_records.expired(nowMs, limit, after);
    }
    void expect(std::span<const Position> positions) override { m_records.expect(positions); }

private:
    RecordSource& m_records;
    SessionMemory& m_memory;
};

} // namespace quoit
