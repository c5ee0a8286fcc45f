#include "node/store/sqlite_store.h"

#include "node/store/checked_vfs.h"
#include "node/store/listing.h"
#include "node/store/log_replay.h"
#include "node/store/store_schema.h"
#include "node/store/synced_mark.h"

#include <sqlite3.h>

namespace quoit {

namespace {
constexpr std::uint64_t mebibyte = 1024 * 1024;
constexpr const char* fileName = "quoit.db";
constexpr const char* damageMarkName = "damaged";
constexpr std::size_t recordsPerStep = 2048; // of the presence filter
constexpr std::size_t recordsPerTurn = 4;    // … without threads: so that tests meet one that isn't complete
constexpr std::int64_t checkpointCacheKib = 64;     // it copies pages without keeping any
/// Every call unpins a few more records than a batch brings.
constexpr int unpinnedPerCall = 64;
} // namespace

Result<std::unique_ptr<SqliteStore>> SqliteStore::open(SqliteStoreOptions options, StoreListener& listener)
{
    Result<DataFolder> folder = options.folder ? DataFolder::open(options.dir) : DataFolder::named(options.dir);
    if (!folder)
        return folder.error();
    std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(options), std::move(folder).value(), listener));
    if (Result<void> usable = store->m_damage.check(); !usable)
        return usable.error();
    if (Result<void> started = store->start(); !started)
        return store->whyNotStarted(started.error());
    return store;
}

Error SqliteStore::whyNotStarted(const Error& error) const
{
    switch (error.code) {
    case ErrorCode::Corrupt:
        return m_damage.leave(error);
    case ErrorCode::DiskFull:
        return {error.code, "the disk of " + m_folder.path() +
                                " is full, and a start has to write: make some room there (writes are taken from 32 MiB on) and start again; " +
                                error.message};
    default:
        return error;
    }
}

std::uint64_t logBytesFor(std::uint64_t cacheBytes)
{
    return std::clamp(cacheBytes / 32, 8 * mebibyte, 32 * mebibyte);
}

std::uint64_t logBytesMaxFor(std::uint64_t cacheBytes)
{
    return std::clamp(cacheBytes / 16, 8 * mebibyte, 128 * mebibyte);
}

SqliteStore::SqliteStore(SqliteStoreOptions options, DataFolder folder, StoreListener& listener)
    : m_options(std::move(options))
    , m_folder(std::move(folder))
    , m_damage(m_options.vfs, m_folder.file(damageMarkName))
    , m_listener(listener)
    , m_cache(m_options.cacheBytes, m_options.cachePolicy)
    , m_presence(0)
{}

SqliteStore::~SqliteStore()
{
    static_cast<void>(close());
}

Result<void> SqliteStore::start()
{
    const std::string file = m_folder.file(fileName);
    if (Result<void> whole = checkSyncedLog(m_options.vfs, file); !whole)
        return whole;
    if (Result<void> written = rewriteLog(m_options.vfs, file); !written)
        return written;
    const std::string vfs = checkedVfs(m_options.vfs);
    Result<Database> opened = openStoreFile(file, vfs, m_options.writerCacheKib);
    if (!opened)
        return opened.error();
    Database database = std::move(opened).value();
    Result<Database> checkpointDatabase = Database::open(file, Database::Access::ReadWrite, vfs);
    if (!checkpointDatabase)
        return checkpointDatabase.error();
    if (Result<void> configured = configureConnection(checkpointDatabase.value(), checkpointCacheKib); !configured)
        return configured;
    Result<StoreReader> reader = StoreReader::open(file, vfs, m_options.readerCacheKib);
    if (!reader)
        return reader.error();
    m_reader = std::move(reader).value();
    m_reader.setOnFailure([this](const Error& error) { m_writer->fail(error); });
    if (Result<void> loaded = load(database); !loaded)
        return loaded;

    if (m_options.scrubPeriod.count() > 0) {
        Result<Database> scrubbed = Database::open(file, Database::Access::ReadOnly, vfs);
        if (!scrubbed)
            return scrubbed.error();
        ScrubOptions scrubOptions;
        scrubOptions.period = m_options.scrubPeriod;
        scrubOptions.firstPage = m_state.identity.incarnation * 0x9e3779b97f4a7c15ULL;
        m_scrubber = std::make_unique<Scrubber>(std::move(scrubbed).value(), scrubOptions);
    }

    WriterOptions writerOptions;
    writerOptions.scrubber = m_scrubber.get();
    writerOptions.folder = m_folder.path();
    writerOptions.threads = m_options.threads;
    writerOptions.reserveBytes = m_options.folder ? m_options.reserveBytes : 0;
    writerOptions.retryPause = m_options.retryPause;
    writerOptions.leaveDamageMark = [this](const Error& error) { return m_damage.leave(error); };
    writerOptions.logBytes = m_options.logBytes;
    writerOptions.logBytesMax = m_options.logBytesMax;
    writerOptions.directBytes = m_options.directBytes;
    writerOptions.progress = m_state.progress;
    writerOptions.walPagesMax = m_options.walPagesMax;
    m_writer = std::make_unique<StoreWriter>(std::move(database), std::move(checkpointDatabase).value(),
                                             std::move(writerOptions), m_listener);
    if (Result<void> started = m_writer->start(); !started)
        return started;
    if (m_presenceBuilder && m_options.threads)
        m_presenceBuilder->start([this](const Error& error) { m_writer->fail(error); });
    if (m_scrubber && m_options.threads)
        m_scrubber->start([this](const Error& error) { m_writer->fail(error); });
    return {};
}

Result<void> SqliteStore::load(Database& database)
{
    const Result<NodeId> node = loadNode(database);
    if (!node)
        return node.error();
    m_damage.setNode(node.value());
    const Result<std::uint64_t> progress = replayLog(database);
    if (!progress)
        return progress.error();
    Result<ClusterMapPtr> map = loadMap(database);
    if (!map)
        return map.error();
    Result<std::vector<PartitionState>> partitions = loadPartitions(database);
    if (!partitions)
        return partitions.error();
    Result<std::vector<PeerMark>> peers = loadPeers(database);
    if (!peers)
        return peers.error();
    Result<std::map<std::string, std::string>> notes = loadNotes(database);
    if (!notes)
        return notes.error();
    Result<std::vector<Hint>> hints = loadHints(database);
    if (!hints)
        return hints.error();
    m_state.progress = progress.value();
    m_state.map = std::move(map).value();
    m_state.partitions = std::move(partitions).value();
    m_state.peers = std::move(peers).value();
    m_state.notes = std::move(notes).value();
    m_state.hints = std::move(hints).value();
    if (Result<void> counted = loadCounts(database); !counted)
        return counted;
    if (Result<void> begun = beginPresence(); !begun)
        return begun;
    // Last: a start that fails before has used no incarnation.
    Result<Identity> identity = beginIncarnation(database, m_options.diskId);
    if (!identity)
        return identity.error();
    m_state.identity = std::move(identity).value();
    return {};
}

/// Those beside the tables; a file that has none yet gets them.
Result<void> SqliteStore::loadCounts(Database& database)
{
    if (!m_state.map)
        return {};
    const std::uint32_t partitionCount = m_state.map->partitionCount();
    Result<StoreTables> opened = StoreTables::open(database);
    if (!opened)
        return opened.error();
    StoreTables& tables = opened.value();
    if (tables.counts().size() != partitionCount) {
        int code = tables.begin();
        if (code == SQLITE_DONE)
            code = tables.countBy(partitionCount);
        if (code == SQLITE_DONE)
            code = tables.commit();
        if (code != SQLITE_DONE) {
            const Error error = database.error("write");
            tables.rollback();
            return error;
        }
    }
    m_state.counts = tables.counts();
    return {};
}

/// Until the filter is complete every absent key has to be looked up, which takes some microseconds more.
Result<void> SqliteStore::beginPresence()
{
    std::uint64_t records = 0;
    for (const PartitionCounts& counts : m_state.counts)
        records += counts.keys + counts.tombstones;
    Result<StoreReader> reader = StoreReader::open(m_folder.file(fileName), checkedVfs(m_options.vfs), m_options.readerCacheKib);
    if (!reader)
        return reader.error();
    m_presenceBuilder = std::make_unique<PresenceBuilder>(std::move(reader).value(), records);
    if (m_state.map && (records > m_options.builtAtOnce || !m_options.threads))
        return {};
    while (!m_presenceBuilder->done())
        if (Result<void> stepped = m_presenceBuilder->step(recordsPerStep); !stepped)
            return stepped;
    noticePresence();
    return {};
}

void SqliteStore::noticePresence()
{
    if (!m_presenceBuilder || !m_presenceBuilder->done())
        return;
    m_presence.absorb(m_presenceBuilder->take());
    m_presenceBuilder.reset();
}

Result<void> SqliteStore::checkCounts() const
{
    if (m_state.counts.empty())
        return {};
    Result<Database> database = Database::open(m_folder.file(fileName), Database::Access::ReadOnly, checkedVfs(m_options.vfs));
    if (!database)
        return database.error();
    const Result<std::vector<PartitionCounts>> counted =
        countRecords(database.value(), static_cast<std::uint32_t>(m_state.counts.size()));
    if (!counted)
        return counted.error();
    for (std::size_t p = 0; p < m_state.counts.size(); ++p) {
        const PartitionCounts& is = counted.value()[p];
        const PartitionCounts& told = m_state.counts[p];
        if (is.keys != told.keys || is.tombstones != told.tombstones || is.bytes != told.bytes || is.highest > told.highest)
            return Error{ErrorCode::Refused, "partition " + std::to_string(p) + " has " + std::to_string(is.keys) + " keys, " +
                                                 std::to_string(is.tombstones) + " tombstones and " + std::to_string(is.bytes) +
                                                 " bytes, but the counts say " + std::to_string(told.keys) + ", " +
                                                 std::to_string(told.tombstones) + " and " + std::to_string(told.bytes)};
    }
    return {};
}

RecordPtr SqliteStore::find(Position position, std::string_view key)
{
    m_cache.unpin(m_writer->settled(), unpinnedPerCall);
    RecordCache::Answer answer = m_cache.find(position, key);
    if (answer.known)
        return std::move(answer.record);
    noticePresence();
    if (!m_presenceBuilder && !m_presence.mayContain(position)) {
        ++m_filteredLookups;
        return nullptr;
    }
    RecordPtr record = m_reader.find(position, key);
    if (record)
        m_cache.insert(position, record);
    else
        m_cache.insertAbsent(position, key); // after a failure, too: nobody is to be answered any more
    return record;
}

std::vector<RecordSummary> SqliteStore::list(Position first, Position last, std::size_t limit)
{
    return mergedList(m_reader.list(first, last), m_cache, first, last, limit);
}

ExpiredKeys SqliteStore::expired(std::int64_t nowMs, std::size_t limit, const ExpiryPlace& after)
{
    return mergedExpired(m_reader.expired(nowMs, after), m_cache, nowMs, limit, after);
}

void SqliteStore::submit(PersistBatch batch)
{
    m_cache.unpin(m_writer->settled(), unpinnedPerCall);
    for (const auto& [position, record] : batch.records) {
        m_presence.add(position);
        m_cache.pin(batch.sequence, position, record);
    }
    for (const Removal& removal : batch.removals) {
        const RecordPtr record = find(removal.position, removal.key);
        if (record && record->version <= removal.version)
            m_cache.pinAbsent(batch.sequence, removal.position, removal.key);
    }
    m_writer->submit(std::move(batch));
}

Result<void> SqliteStore::setIdentity(NodeId node, ClusterMapPtr map)
{
    QUOIT_ENSURE(node != noNode && map);
    if (m_state.identity.node != noNode && m_state.identity.node != node)
        return Error{ErrorCode::AlreadyExists, "the data folder " + m_folder.path() + " belongs to node " +
                                                   std::to_string(m_state.identity.node) + " already"};
    if (Result<void> stored = m_writer->setIdentity(node, map); !stored)
        return stored;
    m_state.identity.node = node;
    m_state.map = std::move(map);
    m_damage.setNode(node);
    m_state.counts.resize(m_state.map->partitionCount()); // nobody's records were kept before
    return {};
}

StoreTurn SqliteStore::turn()
{
    if (m_scrubber) {
        if (const Result<void> scrubbed = m_scrubber->step(1); !scrubbed)
            m_writer->fail(scrubbed.error());
    }
    if (m_presenceBuilder) {
        if (const Result<void> stepped = m_presenceBuilder->step(recordsPerTurn); !stepped)
            m_writer->fail(stepped.error());
    }
    return m_writer->turn();
}

Result<void> SqliteStore::close()
{
    if (!m_writer)
        return {};
    if (m_scrubber)
        m_scrubber->stop();
    m_presenceBuilder.reset();
    Result<void> readerClosed = m_reader.close();
    Result<void> writerClosed = m_writer->close();
    return writerClosed ? readerClosed : writerClosed;
}

/// The database with its log; 0 if that is no file of the system.
std::uint64_t SqliteStore::bytesOnDisk() const
{
    if (!m_options.folder)
        return 0;
    const std::string file = m_folder.file(fileName);
    return fileBytes(file) + fileBytes(file + "-wal");
}

StoreStatistics SqliteStore::statistics() const
{
    StoreStatistics statistics;
    m_writer->addTo(statistics);
    statistics.fileBytes = bytesOnDisk();
    statistics.cacheHits = m_cache.hits();
    statistics.cacheMisses = m_cache.misses();
    statistics.cacheEvictions = m_cache.evictions();
    statistics.cachePolicy = m_cache.policy();
    statistics.cacheBytes = m_cache.bytes();
    statistics.filterBytes = m_presence.bytes();
    statistics.filteredLookups = m_filteredLookups;
    statistics.cacheEntries = m_cache.entries();
    if (m_scrubber)
        statistics.scrub = m_scrubber->statistics();
    return statistics;
}

} // namespace quoit
