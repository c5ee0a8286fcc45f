#include "node/store/store_reader.h"

#include "node/store/store_schema.h"

#include <sqlite3.h>

namespace quoit {

namespace {

// length() reads no value.
constexpr const char* listSql =
    "SELECT position, key, expiry, head, length(value) FROM records WHERE position BETWEEN ?1 AND ?2 UNION ALL "
    "SELECT position, key, expiry, head, length(value) FROM twins WHERE position BETWEEN ?1 AND ?2 "
    "ORDER BY position, key"; // merges the two
// Behind a place (?2, ?3): a comparison of pairs would begin at the expiry only, since the position is the rowid. What stands first is where SQLite
// begins in the index. It holds the keys, too: the rows themselves, each on another page, are not read.
constexpr const char* expiredSql =
    "SELECT position, key, expiry FROM records INDEXED BY records_by_expiry "
    "WHERE expiry = ?2 AND position > ?3 AND expiry > 0 AND expiry <= ?1 UNION ALL "
    "SELECT position, key, expiry FROM records INDEXED BY records_by_expiry "
    "WHERE expiry > ?2 AND expiry > 0 AND expiry <= ?1 UNION ALL "
    "SELECT position, key, expiry FROM twins INDEXED BY twins_by_expiry "
    "WHERE (expiry, position) > (?2, ?3) AND expiry > 0 AND expiry <= ?1 ORDER BY expiry, position, key";

StoredRow rowOf(const Statement& statement)
{
    return {positionFromStored(statement.integer(0)), statement.blob(1), statement.integer(2), statement.blob(3), {}};
}

} // namespace

Result<StoreReader> StoreReader::open(const std::string& path, const std::string& vfs, std::int64_t cacheKib)
{
    StoreReader reader;
    Result<Database> database = Database::open(path, Database::Access::ReadOnly, vfs);
    if (!database)
        return database.error();
    reader.m_database = std::move(database).value();
    if (Result<void> configured = configureConnection(reader.m_database, cacheKib); !configured)
        return configured.error();
    const std::pair<Statement&, const char*> statements[] = {
        {reader.m_find, "SELECT expiry, head, value FROM records WHERE position = ?1 AND key = ?2"},
        {reader.m_findTwin, "SELECT expiry, head, value FROM twins WHERE position = ?1 AND key = ?2"},
        {reader.m_list, listSql},
        {reader.m_expired, expiredSql},
    };
    for (auto& [statement, sql] : statements) {
        Result<Statement> prepared = reader.m_database.prepare(sql);
        if (!prepared)
            return prepared.error();
        statement = std::move(prepared).value();
    }
    return reader;
}

RecordPtr StoreReader::find(Position position, std::string_view key)
{
    bool found = false;
    RecordPtr record = findIn(m_find, position, key, found);
    return found ? record : findIn(m_findTwin, position, key, found);
}

/// @param found  becomes true if there is a row, or a failure was told
RecordPtr StoreReader::findIn(Statement& statement, Position position, std::string_view key, bool& found)
{
    const StatementScope scope(statement);
    statement.bind(1, storedPosition(position));
    statement.bind(2, key);
    const int code = statement.step();
    if (code == SQLITE_DONE)
        return nullptr;
    found = true;
    if (code != SQLITE_ROW) {
        m_onFailure(m_database.error("read"));
        return nullptr;
    }
    RecordPtr record = recordOf({position, key, statement.integer(0), statement.blob(1), statement.blob(2)});
    if (!record)
        m_onFailure(damagedRecord(m_database, position, key));
    return record;
}

SummaryCursor StoreReader::list(Position first, Position last)
{
    m_list.bind(1, storedPosition(first));
    m_list.bind(2, storedPosition(last));
    return {*this, m_list};
}

SummaryCursor StoreReader::expired(std::int64_t nowMs, const ExpiryPlace& after)
{
    m_expired.bind(1, nowMs);
    m_expired.bind(2, after.expiryMs);
    m_expired.bind(3, storedPosition(after.position));
    return {*this, m_expired, true};
}

std::optional<RecordSummary> SummaryCursor::next()
{
    const int code = m_statement.step();
    if (code != SQLITE_ROW) {
        if (code != SQLITE_DONE)
            m_reader.m_onFailure(m_reader.m_database.error("read"));
        return std::nullopt;
    }
    if (m_keysOnly) {
        RecordSummary key;
        key.position = positionFromStored(m_statement.integer(0));
        key.key = m_statement.blob(1);
        key.expiryMs = m_statement.integer(2);
        return key;
    }
    const StoredRow row = rowOf(m_statement);
    std::optional<RecordSummary> summary = summaryOf(row, static_cast<std::uint64_t>(m_statement.integer(4)));
    if (!summary)
        m_reader.m_onFailure(damagedRecord(m_reader.m_database, row.position, row.key));
    return summary;
}

Result<std::optional<Position>> StoreReader::scan(Position first, std::size_t limit, const std::function<void(Position)>& take)
{
    m_list.bind(1, storedPosition(first));
    m_list.bind(2, storedPosition(~Position(0)));
    const StatementScope scope(m_list);
    std::optional<Position> last;
    int code;
    while ((code = m_list.step()) == SQLITE_ROW) {
        const StoredRow row = rowOf(m_list);
        if (!headFactsOf(row))
            return damagedRecord(m_database, row.position, row.key);
        if (limit == 0 && row.position != last)
            return last;
        limit -= limit > 0;
        last = row.position;
        take(row.position);
    }
    if (code != SQLITE_DONE)
        return m_database.error("read");
    return std::optional<Position>();
}

Result<void> StoreReader::close()
{
    m_find = {};
    m_findTwin = {};
    m_list = {};
    m_expired = {};
    return m_database.close();
}

} // namespace quoit
