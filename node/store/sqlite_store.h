// node/store/sqlite_store.h - the Store on a real disk: a folder with one SQLite file, a thread that writes, a cache
// that answers. Puts together the folder, the tables, the writer, the reader and the cache; each is described in its
// own header.
//
// Lookups stay coherent because every submitted record is pinned in the cache until the writer has committed it, and
// the reader's connection sees a commit as soon as it is reported: what is found on disk is never older than what was
// reported durable.
#pragma once

#include "node/store/damage_mark.h"
#include "node/store/data_folder.h"
#include "node/store/presence_builder.h"
#include "node/store/record_cache.h"
#include "node/store/store.h"
#include "node/store/store_reader.h"
#include "node/store/store_writer.h"

#include <cstdint>
#include <memory>
#include <string>

namespace quoit {

/// How much to gather before it is folded into the tables: the more, the more records a page is written for, but all of it twice over may be in
/// memory, pinned in the cache, and is replayed at a start after a crash. @return 8 to 32 MiB
std::uint64_t logBytesFor(std::uint64_t cacheBytes);
/// The same when the tables are large, so that hardly two records lie on a page. @return 8 to 128 MiB
std::uint64_t logBytesMaxFor(std::uint64_t cacheBytes);

struct SqliteStoreOptions
{
    std::string dir;                               ///< made if it is missing
    std::uint64_t cacheBytes = 64 * 1024 * 1024;   ///< for records that are on disk as well
    CachePolicyKind cachePolicy = CachePolicyKind::TinyLfu;
    std::uint64_t reserveBytes = 32 * 1024 * 1024; ///< with less space, on the disk and within the file, it is short; 0: never
    std::uint64_t logBytes = 8 * 1024 * 1024;      ///< of records gathered before they are folded into their table; see logBytesFor
    std::uint64_t logBytesMax = 0;                 ///< with large tables; see logBytesMaxFor
    std::uint64_t directBytes = 8 * 1024;          ///< records with so long a value go to their table past the log
    std::int64_t writerCacheKib = 16 * 1024;       ///< SQLite's pages, for the writer
    std::int64_t readerCacheKib = 1024;            ///< SQLite's pages, for lookups
    std::uint64_t builtAtOnce = 20'000; ///< records; the presence filter of more is built while the store is in use
    std::uint64_t walPagesMax = 4000;              ///< of 4 KiB; SQLite's own log is checkpointed when it is longer
    /// SQLite's layer for files. One process works on a folder, so this one keeps locks and the index of SQLite's log
    /// in the process: lookups then need no lock calls, and no memory-mapped file can fail them when the disk is full.
    /// Tests put faults here.
    std::string vfs = "unix-excl";
    Milliseconds retryPause{500}; ///< between attempts while the disk is full
    /// False: `dir` names a place inside the VFS and no folder of the system. Nothing is made or locked there, and its
    /// free space is not looked at.
    bool folder = true;
    /// False: no thread is started. The owner calls turn(); flush, setIdentity and close do their work themselves;
    /// nothing depends on the time. Listeners are then called on the owner's thread, and must not call the store.
    bool threads = true;
    std::string diskId; ///< of a new folder; empty: a random one
    /// All pages of the file are read and verified once in it, at least, in the background; 0: never. Without threads each turn reads one.
    std::chrono::seconds scrubPeriod{24 * 3600};
};

/// One owner's thread; see Store.
class SqliteStore final : public Store
{
public:
    /// Opens the folder, raises the incarnation, loads what StoredState holds and starts the writer. Takes no longer with more
    /// records.
    /// @param listener  outlives the store
    /// @return Refused if another process uses the folder, or the file isn't a node's; Unsupported if another version wrote
    /// it; Corrupt, now and ever after, if something in it is damaged, with what to do; DiskFull; Io.
    static Result<std::unique_ptr<SqliteStore>> open(SqliteStoreOptions options, StoreListener& listener);
    /// Closes if close() was not called.
    ~SqliteStore() override;

    RecordPtr find(Position position, std::string_view key) override;
    void expect(std::span<const Position> positions) override { m_cache.expect(positions); }
    std::vector<RecordSummary> list(Position first, Position last, std::size_t limit) override;
    ExpiredKeys expired(std::int64_t nowMs, std::size_t limit, const ExpiryPlace& after = {}) override;

    const StoredState& state() const override { return m_state; }
    /// Keeps what is cached; see RecordCache::setPolicy.
    void setCachePolicy(CachePolicyKind policy) { m_cache.setPolicy(policy); }
    void setCacheBytes(std::uint64_t bytesMax) { m_cache.setBytesMax(bytesMax); }
    void submit(PersistBatch batch) override;
    std::uint64_t queuedBytes() const override { return m_writer->queuedBytes(); }
    Result<void> setIdentity(NodeId node, ClusterMapPtr map) override;
    Result<void> flush() override { return m_writer->flush(); }
    Result<void> close() override;
    /// One piece of work, the most urgent one: a commit of all that waits (one attempt), or else a step of folding, or
    /// else some tidying. Only without threads.
    StoreTurn turn();
    StoreStatistics statistics() const override;
    /// Whether the counts of the start are those of the records in the tables. For tests, before anything is submitted.
    Result<void> checkCounts() const;

private:
    SqliteStore(SqliteStoreOptions options, DataFolder folder, StoreListener& listener);
    Result<void> start();
    Error whyNotStarted(const Error& error) const;
    Result<void> load(Database& database);
    Result<void> loadCounts(Database& database);
    Result<void> beginPresence();
    void noticePresence();
    std::uint64_t bytesOnDisk() const;

    const SqliteStoreOptions m_options;
    const DataFolder m_folder;
    DamageMark m_damage;
    StoreListener& m_listener;
    StoredState m_state;
    RecordCache m_cache;
    PresenceFilter m_presence; ///< of every position that was ever written; of those before the start once the builder is done
    std::unique_ptr<PresenceBuilder> m_presenceBuilder; ///< null: it has ended
    StoreReader m_reader;
    std::uint64_t m_filteredLookups = 0;
    std::unique_ptr<Scrubber> m_scrubber; ///< null: none
    std::unique_ptr<StoreWriter> m_writer;
};

} // namespace quoit
