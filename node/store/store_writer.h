// node/store/store_writer.h - the thread that makes batches durable: it commits whatever waits as one transaction, and
// keeps the log short. Decides when to commit, when to try again and when to give up; what a commit contains is
// CommitSet's business.
#pragma once

#include "node/store/commit_set.h"
#include "node/store/database.h"
#include "node/store/store.h"
#include "shared/base/time.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace quoit {

/// How the writer behaves; constant while it runs.
struct WriterOptions
{
    std::string folder;                 ///< whose file system's free space counts
    std::uint64_t reserveBytes = 0;     ///< with less free space than this the disk counts as full
    Milliseconds retryPause{500};       ///< between attempts while the disk is full
    Milliseconds spaceCheckPause{1000}; ///< between looks at the free space
    Milliseconds idlePause{200};        ///< without work for so long, the log is brought home
    std::uint64_t logPagesMax = 4000;   ///< a longer log is brought home even under load
};

/// Everything but the thread itself may be called from the owner's thread only.
class StoreWriter
{
public:
    /// @param database  configured, with its tables; the writer's own
    /// @param listener  called on the writer's thread; outlives the writer
    StoreWriter(Database database, WriterOptions options, StoreListener& listener);
    ~StoreWriter();

    /// Compiles the statements and starts the thread.
    Result<void> start();

    void submit(PersistBatch batch);
    std::uint64_t queuedBytes() const { return m_queuedBytes.load(std::memory_order_relaxed); }
    /// Everything up to this sequence is on disk; any thread.
    PersistSequence durable() const { return m_durable.load(std::memory_order_acquire); }

    Result<void> setIdentity(NodeId node, ClusterMapPtr map);
    Result<void> flush();
    /// Ends the thread after what waits is durable, brings the log home, closes the file.
    Result<void> close();
    /// Ends everything as if a write had failed; a read did. Calls listener.failed() unless it was called before.
    void fail(const Error& error);

    void addTo(StoreStatistics& statistics) const;

private:
    enum class Outcome { Done, DiskFull, Failed };
    struct IdentityRequest
    {
        NodeId node;
        ClusterMapPtr map;
        bool taken = false; ///< an attempt to write it is under way
    };
    struct QueuedBatch
    {
        PersistBatch batch;
        std::uint64_t bytes;
    };
    struct Statements
    {
        Statement begin, commit, rollback, putRecord, putPartition, putHint, removeHint, putMeta;
    };

    void run();
    bool waitForWork();
    bool commitWaiting();
    void idle();
    void gather();
    Outcome attempt();
    Outcome writeSet();
    Outcome writeRecords();
    Outcome writePartitions();
    Outcome writeHints();
    Outcome writeMeta();
    Outcome checked(int code);
    Outcome checkpoint();
    bool spaceIsShort(Milliseconds checkedWithin);
    void setDiskFull(bool full);
    void completed(std::uint64_t commitMicroseconds);
    bool pauseWhileFull();
    Result<void> failureOr(const char* otherwise) const;

    Database m_database;
    const WriterOptions m_options;
    StoreListener& m_listener;

    // The writer thread's own.
    Statements m_statements;
    CommitSet m_set;
    ByteWriter m_heads;
    std::vector<QueuedBatch> m_taken; ///< being committed
    std::optional<IdentityRequest> m_takenIdentity;
    std::chrono::steady_clock::time_point m_spaceChecked;
    bool m_spaceShort = false;
    std::uint64_t m_logPages = 0;     ///< in the log, of which some may be home already
    std::uint64_t m_logPagesHome = 0; ///< of them, copied to their place in the file

    // Shared, protected by m_mutex.
    mutable std::mutex m_mutex;
    std::condition_variable m_work;     ///< the writer waits
    std::condition_variable m_progress; ///< the owner waits
    std::vector<QueuedBatch> m_queue;
    std::optional<IdentityRequest> m_identityRequest;
    std::uint64_t m_submitted = 0; ///< batches, ever
    std::uint64_t m_completed = 0; ///< of them, durable
    bool m_attempting = false;     ///< a transaction is under way
    bool m_stop = false;
    bool m_ended = false; ///< the thread does nothing any more
    std::optional<Error> m_failure;
    StoreStatistics m_statistics;

    std::atomic<std::uint64_t> m_queuedBytes{0};
    std::atomic<PersistSequence> m_durable{0};
    std::mutex m_reportMutex; ///< so that nothing is reported durable after failed()
    bool m_failed = false;    ///< protected by m_reportMutex
    std::atomic<bool> m_diskFull{false};
    std::thread m_thread; ///< last: it uses everything above
};

} // namespace quoit
