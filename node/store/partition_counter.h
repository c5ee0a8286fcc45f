// node/store/partition_counter.h - how many records each partition has in its table, kept beside them in the same transactions: so a start
// needn't go through all records to know. Whoever changes records tells it; it decides nothing.
//
// A row that is replaced is seen through a function in the statement that replaces it (replacedFunction): no lookup of its own. What it
// counts follows the rows, so a part of the log that is replayed again changes nothing.
#pragma once

#include "node/core/persistence.h"
#include "node/store/database.h"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace quoit {

/// Borrows the connection. One thread. Doesn't count before a first recount(), of which the file has a note.
class PartitionCounter
{
public:
    /// SQL: replacedFunction(head, length(value)) of the row that goes; true.
    static constexpr const char* replacedFunction = "quoit_replaced";

    /// Loads the counts, if the file has them.
    static Result<std::unique_ptr<PartitionCounter>> open(Database& database);
    PartitionCounter(const PartitionCounter&) = delete;
    PartitionCounter& operator=(const PartitionCounter&) = delete;

    /// [P]; empty: doesn't count.
    const std::vector<PartitionCounts>& counts() const { return m_counts; }
    /// Goes through all records and begins to count. Inside a transaction. @return as StoreTables
    int recount(std::uint32_t partitionCount);

    /// Before a statement with replacedFunction runs.
    void expectReplaced() { m_replaced.reset(); }
    /// After it: the row is there now, in place of the one that the function saw, if any.
    void written(Position position, const Record& record);
    /// The row is gone.
    void removed(Position position, std::size_t keyBytes, bool tombstone, std::size_t valueBytes);

    /// Writes what has changed, at the end of a transaction. @return as StoreTables
    int save();
    void committed() { m_changed.clear(); }
    /// Back to what it was at the last committed().
    void rolledBack();

private:
    struct Replaced
    {
        bool tombstone = false;
        std::size_t valueBytes = 0;
    };
    explicit PartitionCounter(Database& database)
        : m_database(database)
    {}
    Result<void> load();
    PartitionCounts& changing(Position position);
    int put(std::uint32_t partition);

    Database& m_database;
    Statement m_put;
    std::vector<PartitionCounts> m_counts; ///< [P]; empty: doesn't count
    std::vector<std::pair<std::uint32_t, PartitionCounts>> m_changed; ///< partition, and what it was; since the last commit
    std::optional<Replaced> m_replaced;
};

/// Goes through all records. @return [partitionCount]; Corrupt, Io
Result<std::vector<PartitionCounts>> countRecords(Database& database, std::uint32_t partitionCount);

} // namespace quoit
