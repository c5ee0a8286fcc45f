// node/store/store_reader.h - looks records up in the tables, on the owner's thread and a connection of its own, and
// counts them at the start. Knows no cache and nothing that isn't committed.
#pragma once

#include "node/core/persistence.h"
#include "node/store/database.h"
#include "node/store/store_codec.h"

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace quoit {

/// What a reader has to say beside its answers; see StoreListener.
struct ReaderEvents
{
    std::function<void(Position, std::string_view key)> corrupt;
    std::function<void(const Error&)> failed;
};

class StoreReader;

/// Rows of one listing, one at a time; the only one of its kind of listing while it lives.
class SummaryCursor
{
public:
    SummaryCursor(StoreReader& reader, Statement& statement)
        : m_reader(reader)
        , m_scope(statement)
        , m_statement(statement)
    {}
    /// Corrupt records are left out. @return nothing at the end, and after events.failed
    std::optional<RecordSummary> next();

private:
    StoreReader& m_reader;
    StatementScope m_scope;
    Statement& m_statement;
};

/// One owner, one thread.
class StoreReader
{
public:
    static Result<StoreReader> open(const std::string& path, const std::string& vfs, std::int64_t cacheKib);

    void setEvents(ReaderEvents events) { m_events = std::move(events); }

    /// Null as well, after events.corrupt or events.failed, if the record can't be read.
    RecordPtr find(Position position, std::string_view key);
    /// Ascending by (position, key), first ≤ position ≤ last.
    SummaryCursor list(Position first, Position last);
    /// Records with an expiry ≤ nowMs, oldest first.
    SummaryCursor expired(std::int64_t nowMs);

    /// One pass over all records, without their values. Corrupt ones are reported, and passed on without facts.
    /// @param take  valueBytes is the value's length
    Result<void> scan(const std::function<void(const StoredRow&, const HeadFacts*, std::uint64_t valueBytes)>& take);

    Result<void> close();

private:
    friend class SummaryCursor;

    Database m_database;
    Statement m_find;
    Statement m_list;
    Statement m_expired;
    ReaderEvents m_events;
};

} // namespace quoit
