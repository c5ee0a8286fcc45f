#include "node/store/store_writer.h"

#include "node/store/data_folder.h"
#include "node/store/store_codec.h"
#include "node/store/store_schema.h"

#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <iterator>

namespace quoit {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds spaceCheckUnderLoad{100};

std::uint64_t microsecondsSince(Clock::time_point start)
{
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Microseconds>(Clock::now() - start).count());
}

std::uint64_t bytesOf(const PersistBatch& batch)
{
    std::uint64_t bytes = sizeof batch + batch.partitions.size() * sizeof(PartitionState);
    for (const auto& [position, record] : batch.records)
        bytes += sizeof position + sizeof record + record->bytes();
    for (const Hint& hint : batch.hintsAdded)
        bytes += sizeof hint + hint.key.size();
    for (const Hint& hint : batch.hintsRemoved)
        bytes += sizeof hint + hint.key.size();
    return bytes;
}

} // namespace

StoreWriter::StoreWriter(Database database, WriterOptions options, StoreListener& listener)
    : m_database(std::move(database))
    , m_options(std::move(options))
    , m_listener(listener)
{}

StoreWriter::~StoreWriter()
{
    static_cast<void>(close());
}

Result<void> StoreWriter::start()
{
    const std::pair<Statement&, const char*> statements[] = {
        {m_statements.begin, "BEGIN IMMEDIATE"},
        {m_statements.commit, "COMMIT"},
        {m_statements.rollback, "ROLLBACK"},
        {m_statements.putRecord, "INSERT INTO records VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(position, key) DO UPDATE "
                                 "SET expiry = excluded.expiry, "
                                 "head = excluded.head, value = excluded.value"},
        {m_statements.putPartition, "REPLACE INTO partitions VALUES(?1, ?2, ?3)"},
        {m_statements.putHint, "REPLACE INTO hints VALUES(?1, ?2, ?3, ?4)"},
        {m_statements.removeHint, "DELETE FROM hints WHERE node = ?1 AND position = ?2 AND key = ?3 AND version <= ?4"},
        {m_statements.putMeta, "REPLACE INTO meta VALUES(?1, ?2)"},
    };
    for (auto& [statement, sql] : statements) {
        Result<Statement> prepared = m_database.prepare(sql);
        if (!prepared)
            return prepared.error();
        statement = std::move(prepared).value();
    }
    sqlite3_wal_hook(
        m_database.handle(),
        [](void* writer, sqlite3*, const char*, int pages) {
            static_cast<StoreWriter*>(writer)->m_logPages = static_cast<std::uint64_t>(pages);
            return SQLITE_OK;
        },
        this);
    m_thread = std::thread([this] { run(); });
    return {};
}

void StoreWriter::submit(PersistBatch batch)
{
    const std::uint64_t bytes = bytesOf(batch);
    {
        const std::lock_guard lock(m_mutex);
        if (m_failure || m_stop)
            return;
        m_queue.push_back({std::move(batch), bytes});
        ++m_submitted;
    }
    m_queuedBytes.fetch_add(bytes, std::memory_order_relaxed);
    m_work.notify_one();
}

Result<void> StoreWriter::setIdentity(NodeId node, ClusterMapPtr map)
{
    std::unique_lock lock(m_mutex);
    if (m_failure || m_stop)
        return failureOr("the store is closed");
    m_identityRequest = IdentityRequest{node, std::move(map)};
    m_work.notify_one();
    m_progress.wait(lock, [this] {
        return !m_identityRequest || m_ended || m_failure || (m_diskFull && !m_identityRequest->taken);
    });
    if (!m_identityRequest)
        return {};
    m_identityRequest.reset();
    if (m_diskFull && !m_failure)
        return Error{ErrorCode::DiskFull, "no space left in " + m_options.folder};
    return failureOr("the store is closed");
}

Result<void> StoreWriter::flush()
{
    std::unique_lock lock(m_mutex);
    const std::uint64_t target = m_submitted;
    m_progress.wait(lock,
                    [&] { return m_completed >= target || m_ended || m_failure || (m_diskFull && !m_attempting); });
    if (m_completed >= target && !m_failure)
        return {};
    if (m_diskFull && !m_failure)
        return Error{ErrorCode::DiskFull, "no space left in " + m_options.folder};
    return failureOr("the store is closed");
}

Result<void> StoreWriter::close()
{
    if (!m_database.handle())
        return failureOr(nullptr);
    {
        const std::lock_guard lock(m_mutex);
        m_stop = true;
    }
    m_work.notify_one();
    if (m_thread.joinable())
        m_thread.join();
    const std::lock_guard lock(m_mutex);
    if (!m_failure && m_completed == m_submitted)
        sqlite3_wal_checkpoint_v2(m_database.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    m_statements = {};
    Result<void> closed = m_database.close();
    if (m_failure || !closed)
        return m_failure ? *m_failure : closed;
    if (m_completed != m_submitted)
        return Error{ErrorCode::DiskFull, "no space left in " + m_options.folder + ": the last writes were not stored"};
    return {};
}

/// @param otherwise  null: no error
Result<void> StoreWriter::failureOr(const char* otherwise) const
{
    if (m_failure)
        return *m_failure;
    if (otherwise)
        return Error{ErrorCode::Io, otherwise};
    return {};
}

void StoreWriter::fail(const Error& error)
{
    {
        const std::lock_guard report(m_reportMutex);
        if (m_failed)
            return;
        m_failed = true;
    }
    {
        const std::lock_guard lock(m_mutex);
        m_failure = error;
    }
    m_listener.failed(error);
    m_work.notify_one();
    m_progress.notify_all();
}

void StoreWriter::addTo(StoreStatistics& statistics) const
{
    const std::lock_guard lock(m_mutex);
    const StoreStatistics& own = m_statistics;
    statistics.batches = m_completed;
    statistics.transactions = own.transactions;
    statistics.recordsSubmitted = own.recordsSubmitted;
    statistics.recordsWritten = own.recordsWritten;
    statistics.checkpoints = own.checkpoints;
    statistics.commitLatency = own.commitLatency;
    statistics.checkpointLatency = own.checkpointLatency;
    statistics.queuedBatches = m_submitted - m_completed;
    statistics.queuedBytes = queuedBytes();
    statistics.diskFull = m_diskFull;
}

void StoreWriter::run()
{
    while (waitForWork()) {
        if (!commitWaiting())
            break;
    }
    {
        const std::lock_guard lock(m_mutex);
        m_ended = true;
    }
    m_progress.notify_all();
}

/// @return false when the thread shall end.
bool StoreWriter::waitForWork()
{
    std::unique_lock lock(m_mutex);
    while (true) {
        if (m_failure)
            return false;
        if (!m_queue.empty() || m_identityRequest)
            return true;
        if (m_stop)
            return false;
        const Milliseconds pause = m_logPages > m_logPagesHome ? m_options.idlePause : m_options.spaceCheckPause;
        if (m_work.wait_for(lock, pause) == std::cv_status::timeout) {
            lock.unlock();
            idle();
            lock.lock();
        }
    }
}

void StoreWriter::idle()
{
    if (m_logPages > m_logPagesHome)
        checkpoint();
    setDiskFull(spaceIsShort(m_options.spaceCheckPause / 2));
}

/// Commits all that waits; while the disk is full again and again. @return false when the thread shall end.
bool StoreWriter::commitWaiting()
{
    while (true) {
        const Clock::time_point start = Clock::now();
        gather();
        const Outcome outcome = attempt();
        if (outcome == Outcome::Failed)
            return false;
        if (outcome == Outcome::Done) {
            completed(microsecondsSince(start));
            return m_logPages < m_options.logPagesMax || checkpoint() != Outcome::Failed;
        }
        // With the log brought home, its space serves again.
        if (m_logPages > m_logPagesHome && checkpoint() == Outcome::Failed)
            return false;
        setDiskFull(true);
        if (!pauseWhileFull())
            return false;
    }
}

/// Moves what waits to the writer's own, behind what an attempt before could not store.
void StoreWriter::gather()
{
    const std::lock_guard lock(m_mutex);
    if (m_taken.empty())
        m_taken.swap(m_queue);
    else
        m_taken.insert(m_taken.end(), std::make_move_iterator(m_queue.begin()), std::make_move_iterator(m_queue.end()));
    m_queue.clear();
    m_takenIdentity = m_identityRequest;
    if (m_identityRequest)
        m_identityRequest->taken = true;
    m_attempting = true;
}

/// @return false when the thread shall end.
bool StoreWriter::pauseWhileFull()
{
    std::unique_lock lock(m_mutex);
    m_attempting = false;
    if (m_identityRequest)
        m_identityRequest->taken = false;
    m_progress.notify_all();
    if (m_stop)
        return false;
    m_work.wait_for(lock, m_options.retryPause, [this] { return m_stop || m_failure.has_value(); });
    return !m_failure;
}

StoreWriter::Outcome StoreWriter::attempt()
{
    if (spaceIsShort(m_diskFull ? Milliseconds(0) : spaceCheckUnderLoad))
        return Outcome::DiskFull;
    m_set.clear();
    for (const QueuedBatch& queued : m_taken)
        m_set.add(queued.batch);
    m_set.seal();
    Outcome outcome = checked(m_statements.begin.run());
    if (outcome == Outcome::Done)
        outcome = writeSet();
    if (outcome == Outcome::Done)
        outcome = checked(m_statements.commit.run());
    // Some errors have ended the transaction by themselves.
    if (outcome == Outcome::DiskFull && sqlite3_get_autocommit(m_database.handle()) == 0)
        m_statements.rollback.run();
    return outcome;
}

StoreWriter::Outcome StoreWriter::writeSet()
{
    for (const auto step : {&StoreWriter::writeRecords, &StoreWriter::writePartitions, &StoreWriter::writeHints,
                            &StoreWriter::writeMeta}) {
        if (const Outcome outcome = (this->*step)(); outcome != Outcome::Done)
            return outcome;
    }
    return Outcome::Done;
}

StoreWriter::Outcome StoreWriter::writeRecords()
{
    Statement& put = m_statements.putRecord;
    for (const CommitSet::RecordWrite& write : m_set.records()) {
        m_heads.bytes.clear();
        encodeHead(m_heads, write.position, *write.record);
        put.bind(1, storedPosition(write.position));
        put.bind(2, write.record->key);
        put.bind(3, write.record->expiryMs);
        put.bind(4, m_heads.bytes);
        put.bind(5, write.record->value);
        if (const Outcome outcome = checked(put.run()); outcome != Outcome::Done)
            return outcome;
    }
    return Outcome::Done;
}

StoreWriter::Outcome StoreWriter::writePartitions()
{
    Statement& put = m_statements.putPartition;
    for (const PartitionState& state : m_set.partitions()) {
        const std::string promised = sortableVersion({state.promised, 0});
        const std::string floor = sortableVersion(state.floor);
        put.bind(1, static_cast<std::int64_t>(state.partition));
        put.bind(2, promised);
        put.bind(3, floor);
        if (const Outcome outcome = checked(put.run()); outcome != Outcome::Done)
            return outcome;
    }
    return Outcome::Done;
}

StoreWriter::Outcome StoreWriter::writeHints()
{
    for (const auto& [hint, change] : m_set.hints()) {
        Statement& statement = change.set ? m_statements.putHint : m_statements.removeHint;
        const std::string version = sortableVersion(change.set ? *change.set : *change.removeUpTo);
        statement.bind(1, static_cast<std::int64_t>(hint.node));
        statement.bind(2, storedPosition(hint.position));
        statement.bind(3, hint.key);
        statement.bind(4, version);
        if (const Outcome outcome = checked(statement.run()); outcome != Outcome::Done)
            return outcome;
    }
    return Outcome::Done;
}

StoreWriter::Outcome StoreWriter::writeMeta()
{
    const ClusterMapPtr map = m_takenIdentity ? m_takenIdentity->map : m_set.map();
    Statement& put = m_statements.putMeta;
    if (map) {
        const std::string bytes = map->encode();
        put.bind(1, metaName::map);
        put.bind(2, bytes);
        if (const Outcome outcome = checked(put.run()); outcome != Outcome::Done)
            return outcome;
    }
    if (!m_takenIdentity)
        return Outcome::Done;
    const std::string node = std::to_string(m_takenIdentity->node);
    put.bind(1, metaName::node);
    put.bind(2, node);
    return checked(put.run());
}

/// What a result of SQLite means. Reports what is final.
StoreWriter::Outcome StoreWriter::checked(int code)
{
    if (code == SQLITE_DONE || code == SQLITE_OK)
        return Outcome::Done;
    const int systemError = sqlite3_system_errno(m_database.handle());
    // After a failed fsync nobody knows what is on disk, whatever the reason: the kernel may have dropped the pages.
    const bool sync = code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
    const bool noSpace = (code & 0xff) == SQLITE_IOERR && !sync && (systemError == ENOSPC || systemError == EDQUOT);
    if ((code & 0xff) == SQLITE_FULL || noSpace)
        return Outcome::DiskFull;
    fail(m_database.error("write"));
    return Outcome::Failed;
}

/// Copies the log's pages to their places, as far as no lookup is in the way; the log is then written from its start
/// again.
StoreWriter::Outcome StoreWriter::checkpoint()
{
    const Clock::time_point start = Clock::now();
    int pages = 0;
    int home = 0;
    const Outcome outcome =
        checked(sqlite3_wal_checkpoint_v2(m_database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &home));
    if (outcome == Outcome::Done) {
        m_logPages = static_cast<std::uint64_t>(pages);
        m_logPagesHome = static_cast<std::uint64_t>(home);
    }
    const std::lock_guard lock(m_mutex);
    ++m_statistics.checkpoints;
    m_statistics.checkpointLatency.record(microsecondsSince(start));
    return outcome;
}

bool StoreWriter::spaceIsShort(Milliseconds checkedWithin)
{
    if (m_options.reserveBytes == 0)
        return false;
    const Clock::time_point now = Clock::now();
    if (now - m_spaceChecked >= checkedWithin) {
        m_spaceChecked = now;
        m_spaceShort = freeBytes(m_options.folder) < m_options.reserveBytes;
    }
    return m_spaceShort;
}

void StoreWriter::setDiskFull(bool full)
{
    if (m_diskFull.exchange(full) != full)
        m_listener.diskFull(full);
}

/// After a commit: tells everybody, then lets go of the batches.
void StoreWriter::completed(std::uint64_t commitMicroseconds)
{
    PersistSequence upTo = 0;
    std::uint64_t bytes = 0;
    for (const QueuedBatch& queued : m_taken) {
        upTo = std::max(upTo, queued.batch.sequence);
        bytes += queued.bytes;
    }
    {
        const std::lock_guard report(m_reportMutex);
        if (m_failed)
            return;
        if (upTo > 0) {
            m_durable.store(upTo, std::memory_order_release);
            m_listener.durable(upTo);
        }
    }
    setDiskFull(false);
    m_queuedBytes.fetch_sub(bytes, std::memory_order_relaxed);
    {
        const std::lock_guard lock(m_mutex);
        m_completed += m_taken.size();
        m_attempting = false;
        if (m_takenIdentity)
            m_identityRequest.reset();
        ++m_statistics.transactions;
        m_statistics.recordsSubmitted += m_set.recordsAdded();
        m_statistics.recordsWritten += m_set.records().size();
        m_statistics.commitLatency.record(commitMicroseconds);
    }
    m_progress.notify_all();
    m_set.clear();
    m_taken.clear();
}

} // namespace quoit
