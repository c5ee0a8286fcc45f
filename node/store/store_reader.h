// node/store/store_reader.h - looks records up in the tables, on the owner's thread and a connection of its own, and
// goes through them. Knows no cache and nothing that isn't committed.
#pragma once

#include "node/core/persistence.h"
#include "node/store/database.h"
#include "node/store/store_codec.h"

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace quoit {

class StoreReader;

/// Rows of one listing, one at a time; the only one of its kind of listing while it lives.
class SummaryCursor
{
public:
    /// @param keysOnly  position, key and expiry are all that the statement yields
    SummaryCursor(StoreReader& reader, Statement& statement, bool keysOnly = false)
        : m_reader(reader)
        , m_scope(statement)
        , m_statement(statement)
        , m_keysOnly(keysOnly)
    {}
    /// @return nothing at the end, and after a failure was told
    std::optional<RecordSummary> next();

private:
    StoreReader& m_reader;
    StatementScope m_scope;
    Statement& m_statement;
    const bool m_keysOnly;
};

/// One owner, one thread.
class StoreReader
{
public:
    static Result<StoreReader> open(const std::string& path, const std::string& vfs, std::int64_t cacheKib);

    /// Hears of lookups that failed: Corrupt, if a page or a record doesn't fit its checksum; Io.
    void setOnFailure(std::function<void(const Error&)> onFailure) { m_onFailure = std::move(onFailure); }

    /// Null as well, after the failure was told, if the record can't be read.
    RecordPtr find(Position position, std::string_view key);
    /// Ascending by (position, key), first ≤ position ≤ last.
    SummaryCursor list(Position first, Position last);
    /// Records with an expiry ≤ nowMs behind that place, ascending by (expiry, position): position, key and expiry of each.
    SummaryCursor expired(std::int64_t nowMs, const ExpiryPlace& after);

    /// The positions of records from this one on, ascending, until there are so many, and on to the end of that position. Verifies all but
    /// the values. Tells no failure but by what it returns.
    /// @return the last one; nothing if these were all
    Result<std::optional<Position>> scan(Position first, std::size_t limit, const std::function<void(Position)>& take);

    Result<void> close();

private:
    friend class SummaryCursor;

    RecordPtr findIn(Statement& statement, Position position, std::string_view key, bool& found);

    Database m_database;
    Statement m_find;
    Statement m_findTwin;
    Statement m_list;
    Statement m_expired;
    std::function<void(const Error&)> m_onFailure;
};

} // namespace quoit
