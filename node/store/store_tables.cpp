#include "node/store/store_tables.h"

#include "node/store/store_codec.h"
#include "node/store/store_schema.h"

#include <sqlite3.h>

namespace quoit {

Result<StoreTables> StoreTables::open(Database& database)
{
    StoreTables tables;
    tables.m_database = &database;
    Result<std::unique_ptr<PartitionCounter>> counter = PartitionCounter::open(database);
    if (!counter)
        return counter.error();
    tables.m_counter = std::move(counter).value();
    const std::pair<Statement&, const char*> statements[] = {
        {tables.m_begin, "BEGIN IMMEDIATE"},
        {tables.m_commit, "COMMIT"},
        {tables.m_rollback, "ROLLBACK"},
        // Changes nothing where the row is another key's.
        {tables.m_records.put, "INSERT INTO records VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(position) DO UPDATE SET "
                               "expiry = excluded.expiry, head = excluded.head, value = excluded.value "
                               "WHERE CASE WHEN records.key = excluded.key THEN quoit_replaced(records.head, length(records.value)) END"},
        {tables.m_records.findHead, "SELECT expiry, head, length(value) FROM records WHERE position = ?1 AND key = ?2"},
        {tables.m_records.remove, "DELETE FROM records WHERE position = ?1 AND key = ?2"},
        {tables.m_twins.put, "INSERT INTO twins VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(position, key) DO UPDATE SET "
                             "expiry = excluded.expiry, head = excluded.head, value = excluded.value "
                             "WHERE quoit_replaced(twins.head, length(twins.value))"},
        {tables.m_twins.findHead, "SELECT expiry, head, length(value) FROM twins WHERE position = ?1 AND key = ?2"},
        {tables.m_twins.remove, "DELETE FROM twins WHERE position = ?1 AND key = ?2"},
        {tables.m_putHint, "REPLACE INTO hints VALUES(?1, ?2, ?3, ?4)"},
        {tables.m_removeHint, "DELETE FROM hints WHERE node = ?1 AND position = ?2 AND key = ?3 AND version <= ?4"},
        {tables.m_putPartition, "REPLACE INTO partitions VALUES(?1, ?2, ?3)"},
        {tables.m_putPeer, "REPLACE INTO peers VALUES(?1, ?2, ?3, ?4)"},
        {tables.m_putMeta, "REPLACE INTO meta VALUES(?1, ?2)"},
        {tables.m_appendLog, "INSERT INTO log VALUES(?1, ?2)"},
        {tables.m_removeLog, "DELETE FROM log WHERE id <= ?1"},
    };
    for (auto& [statement, sql] : statements) {
        Result<Statement> prepared = database.prepare(sql);
        if (!prepared)
            return prepared.error();
        statement = std::move(prepared).value();
    }
    const Result<std::int64_t> anyTwin = database.number("SELECT EXISTS(SELECT 1 FROM twins)");
    if (!anyTwin)
        return anyTwin.error();
    tables.m_mayHaveTwins = anyTwin.value() != 0;
    return tables;
}

int StoreTables::setDurable(bool durable)
{
    if (durable == m_durable)
        return SQLITE_DONE;
    const char* const sql = durable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL";
    const int code = sqlite3_exec(m_database->handle(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        return code;
    m_durable = durable;
    return SQLITE_DONE;
}

int StoreTables::begin()
{
    m_counter->rolledBack(); // whatever an attempt before didn't come to commit
    return m_begin.run();
}

int StoreTables::commit()
{
    int code = m_counter->save();
    if (code == SQLITE_DONE)
        code = m_commit.run();
    if (code == SQLITE_DONE)
        m_counter->committed();
    return code;
}

int StoreTables::countBy(std::uint32_t partitionCount)
{
    if (m_counter->counts().size() == partitionCount)
        return SQLITE_DONE;
    const int code = m_counter->recount(partitionCount);
    return code == SQLITE_DONE ? putMeta(metaName::countedPartitions, std::to_string(partitionCount)) : code;
}

void StoreTables::rollback()
{
    m_counter->rolledBack();
    if (sqlite3_get_autocommit(m_database->handle()) == 0)
        m_rollback.run();
}

int StoreTables::putRecord(Position position, const Record& record)
{
    m_head.bytes.clear();
    encodeHead(m_head, position, record);
    RecordTable* table = &m_records;
    if (m_mayHaveTwins) {
        bool isTwin = false;
        if (const int code = hasRow(m_twins, position, record.key, isTwin); code != SQLITE_DONE)
            return code;
        table = isTwin ? &m_twins : &m_records;
    }
    int code = putInto(*table, position, record);
    if (code == SQLITE_DONE && table == &m_records && sqlite3_changes(m_database->handle()) == 0) {
        m_mayHaveTwins = true;
        code = putInto(m_twins, position, record);
    }
    if (code == SQLITE_DONE)
        m_counter->written(position, record);
    return code;
}

int StoreTables::putInto(RecordTable& table, Position position, const Record& record)
{
    table.put.bind(1, storedPosition(position));
    table.put.bind(2, record.key);
    table.put.bind(3, record.expiryMs);
    table.put.bind(4, m_head.bytes);
    table.put.bind(5, record.value);
    m_counter->expectReplaced();
    return table.put.run();
}

int StoreTables::hasRow(RecordTable& table, Position position, std::string_view key, bool& has)
{
    const StatementScope scope(table.findHead);
    table.findHead.bind(1, storedPosition(position));
    table.findHead.bind(2, key);
    const int code = table.findHead.step();
    has = code == SQLITE_ROW;
    return has ? SQLITE_DONE : code;
}

int StoreTables::applyWrite(const LoggedChanges::RecordWrite& write)
{
    return write.removes ? removeRecord(write.position, write.record->key, write.record->version)
                         : putRecord(write.position, *write.record);
}

int StoreTables::removeRecord(Position position, std::string_view key, const Version& version)
{
    bool isTwin = false;
    if (m_mayHaveTwins) {
        if (const int code = hasRow(m_twins, position, key, isTwin); code != SQLITE_DONE)
            return code;
    }
    return removeFrom(isTwin ? m_twins : m_records, position, key, version);
}

/// Leaves a row whose version is newer, and one that can't be read: lookups say what is wrong with it.
int StoreTables::removeFrom(RecordTable& table, Position position, std::string_view key, const Version& version)
{
    bool tombstone = false;
    std::size_t valueBytes = 0;
    {
        const StatementScope scope(table.findHead);
        table.findHead.bind(1, storedPosition(position));
        table.findHead.bind(2, key);
        const int code = table.findHead.step();
        if (code != SQLITE_ROW)
            return code;
        const std::optional<HeadFacts> facts = headFactsOf({position, key, table.findHead.integer(0), table.findHead.blob(1), {}});
        if (!facts || facts->version > version)
            return SQLITE_DONE;
        tombstone = facts->tombstone;
        valueBytes = static_cast<std::size_t>(table.findHead.integer(2));
    }
    table.remove.bind(1, storedPosition(position));
    table.remove.bind(2, key);
    const int code = table.remove.run();
    if (code == SQLITE_DONE)
        m_counter->removed(position, key.size(), tombstone, valueBytes);
    return code;
}

int StoreTables::changeHint(const HintKey& hint, const HintChange& change)
{
    Statement& statement = change.set ? m_putHint : m_removeHint;
    const std::string version = sortableVersion(change.set ? *change.set : *change.removeUpTo);
    statement.bind(1, static_cast<std::int64_t>(hint.node));
    statement.bind(2, storedPosition(hint.position));
    statement.bind(3, hint.key);
    statement.bind(4, version);
    return statement.run();
}

int StoreTables::putPartition(const PartitionState& state)
{
    const std::string promised = sortableVersion({state.promised, 0});
    const std::string floor = sortableVersion(state.floor);
    m_putPartition.bind(1, static_cast<std::int64_t>(state.partition));
    m_putPartition.bind(2, promised);
    m_putPartition.bind(3, floor);
    return m_putPartition.run();
}

int StoreTables::putPeer(const PeerMark& peer)
{
    m_putPeer.bind(1, static_cast<std::int64_t>(peer.node));
    m_putPeer.bind(2, static_cast<std::int64_t>(peer.incarnation));
    m_putPeer.bind(3, static_cast<std::int64_t>(peer.session));
    m_putPeer.bind(4, static_cast<std::int64_t>(peer.progress));
    return m_putPeer.run();
}

int StoreTables::putMeta(std::string_view name, std::string_view value)
{
    m_putMeta.bind(1, name);
    m_putMeta.bind(2, value);
    return m_putMeta.run();
}

int StoreTables::appendLog(std::uint64_t id, std::string_view entry)
{
    m_appendLog.bind(1, static_cast<std::int64_t>(id));
    m_appendLog.bind(2, entry);
    return m_appendLog.run();
}

int StoreTables::removeLogUpTo(std::uint64_t id)
{
    m_removeLog.bind(1, static_cast<std::int64_t>(id));
    return m_removeLog.run();
}

} // namespace quoit
