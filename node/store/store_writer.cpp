#include "node/store/store_writer.h"

#include "node/store/checked_vfs.h"
#include "node/store/data_folder.h"
#include "node/store/store_schema.h"

#include <sqlite3.h>

#include <chrono>

#include <pthread.h>

namespace quoit {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds spaceCheckUnderLoad{100};
constexpr std::uint64_t walTailPagesMax = 250;    // copied within a millisecond or two
constexpr std::uint64_t walGrowthMax = 8;         // times walPagesMax; what is in it has to be copied before a start
constexpr std::uint64_t foldStepsWhenQuiet = 256; ///< in one transaction, less than a millisecond

std::uint64_t microsecondsSince(Clock::time_point start)
{
    return static_cast<std::uint64_t>(std::chrono::duration_cast<Microseconds>(Clock::now() - start).count());
}

std::uint64_t bytesOf(const PersistBatch& batch)
{
    std::uint64_t bytes = sizeof batch + batch.partitions.size() * sizeof(PartitionState);
    for (const auto& [position, record] : batch.records)
        bytes += sizeof position + sizeof record + record->bytes();
    for (const Removal& removal : batch.removals)
        bytes += sizeof removal + removal.key.size() + sizeof(Record);
    for (const Hint& hint : batch.hintsAdded)
        bytes += sizeof hint + hint.key.size();
    for (const Hint& hint : batch.hintsRemoved)
        bytes += sizeof hint + hint.key.size();
    return bytes;
}

} // namespace

StoreWriter::StoreWriter(Database database, Database checkpointDatabase, WriterOptions options, StoreListener& listener)
    : m_database(std::move(database))
    , m_options(std::move(options))
    , m_listener(listener)
    , m_backlog(m_options.logBytes, m_options.logBytesMax, m_options.progress)
    , m_checkpointer(std::make_unique<Checkpointer>(std::move(checkpointDatabase), m_options.threads))
{}

StoreWriter::~StoreWriter()
{
    static_cast<void>(close());
}

Result<void> StoreWriter::start()
{
    Result<StoreTables> tables = StoreTables::open(m_database);
    if (!tables)
        return tables.error();
    m_tables = std::move(tables).value();
    fitBacklog();
    sqlite3_wal_hook(
        m_database.handle(),
        [](void* writer, sqlite3*, const char*, int pages) {
            static_cast<StoreWriter*>(writer)->noteWalPages(static_cast<std::uint64_t>(pages));
            return SQLITE_OK;
        },
        this);
    if (m_options.threads)
        m_thread = std::thread([this] { run(); });
    return {};
}

/// A number that can't be read leaves it as it is.
void StoreWriter::fitBacklog()
{
    if (const Result<std::int64_t> pages = m_database.number("PRAGMA page_count"))
        m_backlog.fitTo(static_cast<std::uint64_t>(pages.value()) * storePageBytes);
}

/// After a commit. Fewer pages than before: SQLite began the log anew.
void StoreWriter::noteWalPages(std::uint64_t pages)
{
    if (pages < m_walPages)
        m_walPagesDone = 0;
    m_walPages = pages;
}

void StoreWriter::submit(PersistBatch batch)
{
    const std::uint64_t bytes = bytesOf(batch);
    {
        const std::lock_guard lock(m_mutex);
        if (m_failure || m_stop)
            return;
        m_queue.push_back(std::move(batch));
        ++m_submitted;
        m_queuedBytes.fetch_add(bytes, std::memory_order_relaxed);
    }
    m_work.notify_one();
}

/// Returns when the condition holds: waits for the thread, or does its work.
template <typename Condition>
void StoreWriter::await(std::unique_lock<std::mutex>& lock, Condition condition)
{
    if (m_options.threads) {
        m_progress.wait(lock, condition);
        return;
    }
    StoreTurn turn = StoreTurn::Worked;
    while (turn == StoreTurn::Worked) {
        lock.unlock();
        turn = work();
        lock.lock();
        if (condition())
            return;
    }
}

Result<void> StoreWriter::setIdentity(NodeId node, ClusterMapPtr map)
{
    std::unique_lock lock(m_mutex);
    if (m_failure || m_stop)
        return failureOr("the store is closed");
    m_identityRequest = IdentityRequest{node, std::move(map)};
    m_work.notify_one();
    await(lock, [this] {
        return !m_identityRequest || m_ended || m_failure || (isFull() && !m_identityRequest->taken);
    });
    if (!m_identityRequest)
        return {};
    m_identityRequest.reset();
    if (isFull() && !m_failure)
        return Error{ErrorCode::DiskFull, "no space left in " + m_options.folder};
    return failureOr("the store is closed");
}

Result<void> StoreWriter::flush()
{
    std::unique_lock lock(m_mutex);
    const std::uint64_t target = m_submitted;
    if (m_completed < target)
        await(lock, [&] { return m_completed >= target || m_ended || m_failure || (isFull() && !m_attempting); });
    if (m_completed >= target && !m_failure)
        return {};
    if (isFull() && !m_failure)
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
    if (m_thread.joinable()) {
        m_work.notify_one();
        m_thread.join();
    } else {
        while (work() == StoreTurn::Worked) {
        }
        foldRest();
    }
    const std::lock_guard lock(m_mutex);
    if (!m_failure && m_completed == m_submitted)
        sqlite3_wal_checkpoint_v2(m_database.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    m_tables = {};
    m_checkpointer.reset();
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

void StoreWriter::fail(const Error& reason)
{
    {
        const std::lock_guard report(m_reportMutex);
        if (m_failed)
            return;
        m_failed = true;
    }
    const Error error = reason.code == ErrorCode::Corrupt ? m_options.leaveDamageMark(reason) : reason;
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
    statistics.syncLatency = own.syncLatency;
    statistics.checkpointLatency = own.checkpointLatency;
    statistics.queuedBatches = m_submitted - m_completed;
    statistics.queuedBytes = queuedBytes();
    statistics.unfoldedRecords = m_unfolded;
    statistics.disk = m_disk;
}

void StoreWriter::run()
{
    ::pthread_setname_np(::pthread_self(), "store writer");
    while (true) {
        const StoreTurn turn = work();
        if (turn == StoreTurn::Ended || (turn == StoreTurn::DiskFull && !pauseWhileFull()))
            break;
        if (turn == StoreTurn::Idle && !waitForWork())
            tidy();
    }
    foldRest();
    {
        const std::lock_guard lock(m_mutex);
        m_ended = true;
    }
    m_progress.notify_all();
}

/// @return false if none came
bool StoreWriter::waitForWork()
{
    const bool untidy = !m_backlog.empty() || m_walPages > m_walPagesDone;
    std::unique_lock lock(m_mutex);
    return m_work.wait_for(lock, untidy ? m_options.idlePause : m_options.spaceCheckPause,
                           [this] { return m_failure || m_stop || !m_queue.empty() || m_identityRequest; });
}

/// @return false when the thread shall end.
bool StoreWriter::pauseWhileFull()
{
    std::unique_lock lock(m_mutex);
    return !m_work.wait_for(lock, m_options.retryPause, [this] { return m_stop || m_failure; });
}

StoreTurn StoreWriter::turn()
{
    QUOIT_ENSURE(!m_options.threads);
    const StoreTurn turn = work();
    return turn == StoreTurn::Idle ? tidy() : turn;
}

/// Commits what waits; folds while there is nothing else to do.
StoreTurn StoreWriter::work()
{
    bool waiting;
    {
        const std::lock_guard lock(m_mutex);
        waiting = m_retrying || !m_queue.empty() || m_identityRequest;
        if (m_failure || (m_stop && !waiting))
            return StoreTurn::Ended;
    }
    if (waiting)
        return commitWaiting();
    if (!m_backlog.folding() || isFull())
        return StoreTurn::Idle;
    return fold(foldStepsWhenQuiet) == Outcome::Failed ? StoreTurn::Ended : StoreTurn::Worked;
}

/// Puts things in order after a quiet moment, a piece at a time.
StoreTurn StoreWriter::tidy()
{
    bool worked = m_backlog.freeze();
    Outcome outcome = Outcome::Done;
    if ((!m_backlog.folding() || isFull()) && m_walPages > m_walPagesDone) {
        const std::uint64_t pagesDone = m_walPagesDone;
        outcome = m_checkpointing ? keepWalShort() : checkpoint();
        worked = worked || m_walPagesDone != pagesDone;
    }
    if (outcome == Outcome::Done)
        outcome = judgeSuspects();
    if (outcome != Outcome::Failed && isFull() && m_backlog.folding()) {
        outcome = fold(foldStepsWhenQuiet);
        worked = true;
    }
    if (outcome == Outcome::Failed)
        return StoreTurn::Ended;
    if (outcome == Outcome::Done)
        setDisk(spaceLeft(m_options.spaceCheckPause / 2));
    if (outcome == Outcome::DiskFull || isFull())
        return StoreTurn::DiskFull;
    return worked ? StoreTurn::Worked : StoreTurn::Idle;
}

/// Before the end. Not all of it, if it takes long: who stops a node waits for it. The next start replays the rest.
void StoreWriter::foldRest()
{
    {
        const std::lock_guard lock(m_mutex);
        if (m_failure || m_completed != m_submitted)
            return;
    }
    const Clock::time_point deadline = Clock::now() + m_options.closingFoldMax;
    Outcome outcome = Outcome::Done;
    while (outcome == Outcome::Done && !m_backlog.empty() && (!m_options.threads || Clock::now() < deadline)) {
        m_backlog.freeze();
        outcome = fold(foldStepsWhenQuiet);
    }
}

/// One attempt to commit all that waits.
StoreTurn StoreWriter::commitWaiting()
{
    const Clock::time_point start = Clock::now();
    gather();
    Outcome outcome = attempt();
    m_retrying = outcome == Outcome::DiskFull;
    if (outcome == Outcome::Done) {
        completed(microsecondsSince(start));
        return keepUp() == Outcome::Failed ? StoreTurn::Ended : StoreTurn::Worked;
    }
    // What is checkpointed makes room in the write-ahead log.
    if (outcome == Outcome::DiskFull && m_walPages > m_walPagesDone)
        outcome = checkpoint();
    if (outcome == Outcome::Failed)
        return StoreTurn::Ended;
    setDisk(DiskSpace::None);
    gaveUp();
    return StoreTurn::DiskFull;
}

/// Moves what waits to the writer's own, behind what an attempt before could not store.
void StoreWriter::gather()
{
    {
        const std::lock_guard lock(m_mutex);
        m_gathered.swap(m_queue);
        m_takenBytes = queuedBytes();
        m_takenIdentity = m_identityRequest;
        if (m_identityRequest)
            m_identityRequest->taken = true;
        m_attempting = true;
    }
    for (PersistBatch& batch : m_gathered)
        m_set.add(std::move(batch));
    m_gathered.clear();
}

/// The attempt found no space: whoever waits for it hears so.
void StoreWriter::gaveUp()
{
    {
        const std::lock_guard lock(m_mutex);
        m_attempting = false;
        if (m_identityRequest)
            m_identityRequest->taken = false;
    }
    m_progress.notify_all();
}

/// One transaction with all that was gathered; rolled back if it doesn't succeed.
StoreWriter::Outcome StoreWriter::attempt()
{
    Outcome outcome = Outcome::Done;
    if (m_backlog.overdue())
        outcome = foldAll();
    else if (isFull() && m_backlog.folding())
        outcome = fold(foldStepsWhenQuiet); // what is owed first, or "full" would come and go
    if (outcome != Outcome::Done)
        return outcome;
    m_set.seal();
    int code = m_tables.setDurable(true);
    if (code == SQLITE_DONE)
        code = m_tables.begin();
    if (code == SQLITE_DONE)
        code = writeSet();
    if (code == SQLITE_DONE)
        code = m_tables.commit();
    outcome = checked(code);
    if (outcome != Outcome::Done)
        m_tables.rollback();
    return outcome;
}

/// After a commit: tells everybody, then hands the records to the backlog.
void StoreWriter::completed(std::uint64_t commitMicroseconds)
{
    {
        const std::lock_guard report(m_reportMutex);
        if (m_failed)
            return;
        if (m_set.batches() > 0)
            m_listener.durable(m_set.upTo(), m_backlog.nextEntry());
    }
    setDisk(spaceLeft(m_disk == DiskSpace::None ? Milliseconds(0) : spaceCheckUnderLoad));
    const std::uint64_t records = m_set.changes().records().size();
    const std::chrono::microseconds syncTime = lastLogSyncOf(m_database.handle());
    {
        const std::lock_guard lock(m_mutex);
        m_queuedBytes.fetch_sub(m_takenBytes, std::memory_order_relaxed);
        m_completed += m_set.batches();
        m_attempting = false;
        if (m_takenIdentity)
            m_identityRequest.reset();
        ++m_statistics.transactions;
        m_statistics.recordsSubmitted += m_set.recordsAdded();
        m_statistics.recordsWritten += records;
        m_statistics.commitLatency.record(commitMicroseconds);
        m_statistics.syncLatency.record(static_cast<std::uint64_t>(syncTime.count()));
    }
    m_progress.notify_all();
    if (m_set.batches() > 0) {
        const std::uint64_t bytes = m_entry.bytes.size() + m_directBytes;
        m_backlog.append(m_set.changes(), m_set.upTo(), bytes);
        m_foldSteps = m_backlog.stepsFor(records, bytes);
    }
    m_unfolded = m_backlog.records();
    m_set.clear();
}

/// Pays for a commit: folds as much as keeps the log from growing, and checkpoints when it is time.
StoreWriter::Outcome StoreWriter::keepUp()
{
    Outcome outcome = Outcome::Done;
    if (m_backlog.folding() && m_foldSteps > 0)
        outcome = fold(m_foldSteps);
    m_foldSteps = 0;
    if (outcome == Outcome::Done)
        outcome = keepWalShort();
    return outcome;
}

/// One transaction that needn't wait for the disk: until it is on disk, the log's entries are.
StoreWriter::Outcome StoreWriter::fold(std::uint64_t steps)
{
    int code = m_tables.setDurable(false);
    if (code == SQLITE_DONE)
        code = m_tables.begin();
    if (code == SQLITE_DONE)
        code = m_backlog.fold(m_tables, steps);
    if (code == SQLITE_DONE)
        code = m_tables.commit();
    const Outcome outcome = checked(code);
    if (outcome == Outcome::Done) {
        if (const PersistSequence upTo = m_backlog.confirm()) {
            m_settled.store(upTo, std::memory_order_release);
            fitBacklog();
        }
        m_unfolded = m_backlog.records();
        return outcome;
    }
    m_tables.rollback();
    m_backlog.revert();
    if (outcome == Outcome::DiskFull)
        setDisk(DiskSpace::None);
    return outcome;
}

StoreWriter::Outcome StoreWriter::foldAll()
{
    Outcome outcome = Outcome::Done;
    while (outcome == Outcome::Done && m_backlog.folding())
        outcome = fold(foldStepsWhenQuiet);
    return outcome;
}

/// Keeps SQLite's log short: the checkpointer copies most of it while commits go on, then the little that came
/// meanwhile is copied here, after which SQLite writes the log from its start again.
StoreWriter::Outcome StoreWriter::keepWalShort()
{
    if (m_checkpointing) {
        if (!m_options.threads)
            m_checkpointer->work();
        if (m_checkpointer->busy())
            return Outcome::Done;
        m_checkpointing = false;
        if (const Outcome outcome = checkpointed(m_checkpointer->result()); outcome != Outcome::Done)
            return outcome;
        // Where the disk writes no faster to the database than commits come to the log, there is no end to that: then commits wait.
        if (m_walPages > m_walPagesDone + walTailPagesMax && m_walPages < m_options.walPagesMax * walGrowthMax)
            return requestCheckpoint();
        return checkpoint();
    }
    return m_walPages >= m_options.walPagesMax ? requestCheckpoint() : Outcome::Done;
}

StoreWriter::Outcome StoreWriter::requestCheckpoint()
{
    m_checkpointing = true;
    m_checkpointer->request();
    return Outcome::Done;
}

/// Here and now, unless the checkpointer is at it.
StoreWriter::Outcome StoreWriter::checkpoint()
{
    return m_checkpointer->busy() ? Outcome::Done : checkpointed(checkpointOnce(m_database));
}

StoreWriter::Outcome StoreWriter::checkpointed(const CheckpointResult& result)
{
    {
        const std::lock_guard lock(m_mutex);
        ++m_statistics.checkpoints;
        m_statistics.checkpointLatency.record(result.microseconds);
    }
    if (result.code == SQLITE_BUSY)
        return Outcome::Done; // it met a commit, or another checkpoint: the next one gets on
    if (result.code == SQLITE_OK) {
        m_walPagesDone = result.pagesDone;
        return judgeSuspects();
    }
    if (result.noSpace)
        return Outcome::DiskFull;
    fail(result.error);
    return Outcome::Failed;
}

/// Whether the file rests: between a checkpoint of everything and the next commit.
StoreWriter::Outcome StoreWriter::judgeSuspects()
{
    if (!m_options.scrubber || !m_options.scrubber->suspects() || m_walPagesDone < m_walPages || m_checkpointer->busy())
        return Outcome::Done;
    const Result<void> judged = m_options.scrubber->judge();
    if (judged)
        return Outcome::Done;
    fail(judged.error());
    return Outcome::Failed;
}

/// What a result of SQLite means. Reports what is final.
StoreWriter::Outcome StoreWriter::checked(int code)
{
    if (code == SQLITE_DONE || code == SQLITE_OK)
        return Outcome::Done;
    if (m_database.lacksSpace(code))
        return Outcome::DiskFull;
    fail(m_database.error("write"));
    return Outcome::Failed;
}

/// Ample or Short. Pages that the file doesn't use at present count as free: what is deleted doesn't make it smaller.
DiskSpace StoreWriter::spaceLeft(Milliseconds checkedWithin)
{
    if (m_options.reserveBytes == 0)
        return DiskSpace::Ample;
    const Clock::time_point now = Clock::now();
    if (!m_options.threads || now - m_spaceChecked >= checkedWithin) {
        m_spaceChecked = now;
        const std::uint64_t wanted = m_options.reserveBytes + (m_spaceShort ? m_options.reserveBytes / 4 : 0); // or it would come and go
        std::uint64_t bytes = freeBytes(m_options.folder);
        if (bytes < wanted)
            if (const Result<std::int64_t> pages = m_database.number("PRAGMA freelist_count"))
                bytes += static_cast<std::uint64_t>(pages.value()) * storePageBytes;
        m_spaceShort = bytes < wanted;
    }
    return m_spaceShort ? DiskSpace::Short : DiskSpace::Ample;
}

void StoreWriter::setDisk(DiskSpace space)
{
    if (m_disk.exchange(space) != space)
        m_listener.diskSpace(space);
}

} // namespace quoit
