#include "node/store/partition_counter.h"

#include "node/store/store_codec.h"
#include "node/store/store_schema.h"
#include "shared/ring/position.h"

#include <sqlite3.h>

#include <algorithm>

namespace quoit {

namespace {

std::size_t valueBytesOf(sqlite3_value* value)
{
    return static_cast<std::size_t>(std::max<sqlite3_int64>(sqlite3_value_int64(value), 0)); // NULL: no value
}

void add(PartitionCounts& counts, std::uint64_t sign, bool tombstone, std::size_t bytes)
{
    if (tombstone) {
        counts.tombstones += sign;
        return;
    }
    counts.keys += sign;
    counts.bytes += sign * bytes;
}

constexpr std::uint64_t plus = 1;
constexpr std::uint64_t minus = ~std::uint64_t(0);

} // namespace

Result<std::unique_ptr<PartitionCounter>> PartitionCounter::open(Database& database)
{
    std::unique_ptr<PartitionCounter> counter(new PartitionCounter(database));
    const int code = sqlite3_create_function_v2(
        database.handle(), replacedFunction, 2, SQLITE_UTF8 | SQLITE_DIRECTONLY, counter.get(),
        [](sqlite3_context* context, int, sqlite3_value** arguments) {
            auto& counter = *static_cast<PartitionCounter*>(sqlite3_user_data(context));
            const std::string_view head(static_cast<const char*>(sqlite3_value_blob(arguments[0])),
                                        static_cast<std::size_t>(sqlite3_value_bytes(arguments[0])));
            counter.m_replaced = Replaced{isTombstoneHead(head), valueBytesOf(arguments[1])};
            sqlite3_result_int(context, 1);
        },
        nullptr, nullptr, nullptr);
    if (code != SQLITE_OK)
        return database.error("prepare");
    if (Result<void> loaded = counter->load(); !loaded)
        return loaded.error();
    return counter;
}

Result<void> PartitionCounter::load()
{
    Result<Statement> put = m_database.prepare("REPLACE INTO counts VALUES(?1, ?2, ?3, ?4, ?5)");
    if (!put)
        return put.error();
    m_put = std::move(put).value();
    const Result<std::uint64_t> partitionCount = loadCountedPartitions(m_database);
    if (!partitionCount)
        return partitionCount.error();
    if (partitionCount.value() == 0)
        return {};
    Result<Statement> prepared = m_database.prepare("SELECT partition, keys, tombstones, bytes, highest FROM counts");
    if (!prepared)
        return prepared.error();
    Statement& statement = prepared.value();
    std::vector<PartitionCounts> counts(partitionCount.value());
    int code;
    while ((code = statement.step()) == SQLITE_ROW) {
        const auto partition = static_cast<std::uint64_t>(statement.integer(0));
        const std::optional<Version> highest = versionFromSortable(statement.blob(4));
        if (partition >= counts.size() || !highest)
            return Error{ErrorCode::Corrupt, m_database.path() + " is damaged: its counts can't be read"};
        counts[partition] = {static_cast<std::uint64_t>(statement.integer(1)), static_cast<std::uint64_t>(statement.integer(2)),
                             static_cast<std::uint64_t>(statement.integer(3)), *highest};
    }
    if (code != SQLITE_DONE)
        return m_database.error("read");
    m_counts = std::move(counts);
    return {};
}

PartitionCounts& PartitionCounter::changing(Position position)
{
    const std::uint32_t partition = partitionOf(position, static_cast<std::uint32_t>(m_counts.size()));
    // Records come in the order of their positions: mostly it is the same partition as before.
    if (m_changed.empty() || m_changed.back().first != partition)
        m_changed.emplace_back(partition, m_counts[partition]);
    return m_counts[partition];
}

void PartitionCounter::written(Position position, const Record& record)
{
    if (m_counts.empty())
        return;
    PartitionCounts& counts = changing(position);
    if (m_replaced)
        add(counts, minus, m_replaced->tombstone, record.key.size() + m_replaced->valueBytes);
    add(counts, plus, record.tombstone, record.key.size() + record.value.size());
    counts.highest = std::max(counts.highest, record.version);
}

void PartitionCounter::removed(Position position, std::size_t keyBytes, bool tombstone, std::size_t valueBytes)
{
    if (!m_counts.empty())
        add(changing(position), minus, tombstone, keyBytes + valueBytes);
}

int PartitionCounter::put(std::uint32_t partition)
{
    const PartitionCounts& counts = m_counts[partition];
    const std::string highest = sortableVersion(counts.highest);
    m_put.bind(1, static_cast<std::int64_t>(partition));
    m_put.bind(2, static_cast<std::int64_t>(counts.keys));
    m_put.bind(3, static_cast<std::int64_t>(counts.tombstones));
    m_put.bind(4, static_cast<std::int64_t>(counts.bytes));
    m_put.bind(5, highest);
    return m_put.run();
}

int PartitionCounter::save()
{
    for (const auto& [partition, before] : m_changed)
        if (const int code = put(partition); code != SQLITE_DONE)
            return code;
    return SQLITE_DONE;
}

void PartitionCounter::rolledBack()
{
    for (auto change = m_changed.rbegin(); change != m_changed.rend(); ++change)
        if (change->first < m_counts.size())
            m_counts[change->first] = change->second;
    m_changed.clear();
}

/// If the transaction is rolled back, it goes on to count in vain until the next start, which counts anew.
int PartitionCounter::recount(std::uint32_t partitionCount)
{
    Result<std::vector<PartitionCounts>> counted = countRecords(m_database, partitionCount);
    if (!counted)
        return sqlite3_extended_errcode(m_database.handle());
    m_changed.clear();
    m_counts = std::move(counted).value();
    int code = SQLITE_DONE;
    for (std::uint32_t partition = 0; partition < partitionCount && code == SQLITE_DONE; ++partition)
        code = put(partition);
    return code;
}

Result<std::vector<PartitionCounts>> countRecords(Database& database, std::uint32_t partitionCount)
{
    Result<Statement> prepared = database.prepare("SELECT position, key, expiry, head, length(value) FROM records NOT INDEXED "
                                                   "UNION ALL SELECT position, key, expiry, head, length(value) FROM twins NOT INDEXED");
    if (!prepared)
        return prepared.error();
    Statement& statement = prepared.value();
    std::vector<PartitionCounts> counts(partitionCount);
    int code;
    while ((code = statement.step()) == SQLITE_ROW) {
        const StoredRow row{positionFromStored(statement.integer(0)), statement.blob(1), statement.integer(2), statement.blob(3), {}};
        const std::optional<HeadFacts> facts = headFactsOf(row);
        if (!facts)
            return damagedRecord(database, row.position, row.key);
        PartitionCounts& partition = counts[partitionOf(row.position, partitionCount)];
        add(partition, plus, facts->tombstone, row.key.size() + static_cast<std::size_t>(statement.integer(4)));
        partition.highest = std::max(partition.highest, facts->version);
    }
    if (code != SQLITE_DONE)
        return database.error("read");
    return counts;
}

} // namespace quoit
