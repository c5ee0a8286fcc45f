// node/store/store_reader.h - looks records up in the tables, on the owner's thread and a connection of its own, and
// counts them at the start. Knows no cache and nothing that isn't committed.
#pragma once

#include "node/core/persistence.h"
#include "node/store/database.h"
#include "node/store/store_codec.h"

#include <functional>
#include <string_view>
#include <vector>

namespace quoit {

/// What a reader has to say beside its answers; see StoreListener.
struct ReaderEvents
{
    std::function<void(Position, std::string_view key)> corrupt;
    std::function<void(const Error&)> failed;
};

/// One owner, one thread.
class StoreReader
{
public:
    static Result<StoreReader> open(const std::string& path, std::int64_t cacheKib);

    void setEvents(ReaderEvents events) { m_events = std::move(events); }

    /// Null as well, after events.corrupt or events.failed, if the record can't be read.
    RecordPtr find(Position position, std::string_view key);
    /// See RecordSource. Corrupt records are left out.
    std::vector<RecordSummary> list(Position first, Position last, std::size_t limit);
    std::vector<RecordSummary> expired(std::int64_t nowMs, std::size_t limit);

    /// One pass over all records, without their values. @param partitionCount  P. @return [P] by partition
    Result<std::vector<PartitionCounts>> count(std::uint32_t partitionCount);

    Result<void> close();

private:
    void takeSummary(Statement& statement, std::vector<RecordSummary>& summaries);

    Database m_database;
    Statement m_find;
    Statement m_list;
    Statement m_expired;
    ReaderEvents m_events;
};

} // namespace quoit
