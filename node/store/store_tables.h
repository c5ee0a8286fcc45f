// node/store/store_tables.h - the statements that change the tables; the writer decides which run when.
// Every call returns SQLITE_DONE or SQLite's extended error code; inside begin … commit unless it says otherwise.
#pragma once

#include "node/core/persistence.h"
#include "node/store/database.h"
#include "node/store/logged_changes.h"
#include "node/store/partition_counter.h"

#include <cstdint>
#include <memory>
#include <string_view>

namespace quoit {

/// Borrows the connection, which outlives it. One thread at a time.
class StoreTables
{
public:
    static Result<StoreTables> open(Database& database);

    /// Outside a transaction: whether the commits that follow wait for the disk. One that doesn't is durable with the
    /// next one that does, and can't survive without all before it.
    int setDurable(bool durable);
    int begin();
    int commit();
    /// Also if an error has ended the transaction already.
    void rollback();

    /// Records are counted from now on, by so many partitions, which stay as many; those that are there first. Does nothing if they are
    /// counted already.
    int countBy(std::uint32_t partitionCount);
    /// [P]; empty before countBy.
    const std::vector<PartitionCounts>& counts() const { return m_counter->counts(); }
    int putRecord(Position position, const Record& record);
    int applyWrite(const LoggedChanges::RecordWrite& write);
    int changeHint(const HintKey& hint, const HintChange& change);
    int putPartition(const PartitionState& state);
    int putPeer(const PeerMark& peer);
    int putMeta(std::string_view name, std::string_view value);
    int appendLog(std::uint64_t id, std::string_view entry);
    int removeLogUpTo(std::uint64_t id);

private:
    /// The statements on one of the two tables that have the columns of a record.
    struct RecordTable
    {
        Statement put, findHead, remove;
    };
    int putInto(RecordTable& table, Position position, const Record& record);
    int hasRow(RecordTable& table, Position position, std::string_view key, bool& has);
    int removeRecord(Position position, std::string_view key, const Version& version);
    int removeFrom(RecordTable& table, Position position, std::string_view key, const Version& version);

    Database* m_database = nullptr;
    std::unique_ptr<PartitionCounter> m_counter; ///< before the statements, which call it
    bool m_durable = true;
    ByteWriter m_head; ///< its memory is used again
    Statement m_begin, m_commit, m_rollback;
    RecordTable m_records;
    RecordTable m_twins;         ///< of keys whose position was another one's when they came
    bool m_mayHaveTwins = false; ///< else the table was empty at the start, and nothing came
    Statement m_putHint, m_removeHint, m_putPartition, m_putPeer, m_putMeta,
        m_appendLog, m_removeLog;
};

} // namespace quoit
