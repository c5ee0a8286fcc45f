// node/store/store_writer.h - makes batches durable: commits whatever waits as one transaction, and keeps the log
// short. Decides when to commit, when to try again and when to give up; what a commit contains is CommitSet's business.
// A thread drives it, or its owner does, turn by turn: both take the same steps.
#pragma once

#include "node/store/backlog.h"
#include "node/store/checkpointer.h"
#include "node/store/commit_set.h"
#include "node/store/database.h"
#include "node/store/scrubber.h"
#include "node/store/store.h"
#include "node/store/store_tables.h"
#include "shared/base/time.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace quoit {

/// What one turn of a store without threads came to.
enum class StoreTurn {
    Worked,   ///< one commit, or else one step of folding, or else some tidying; there may be more to do
    Idle,     ///< nothing is left to do until something is submitted
    DiskFull, ///< what waits found no space; nothing is lost, and another turn tries again
    Ended,    ///< failed, or closed
};

/// How the writer behaves; constant while it runs.
struct WriterOptions
{
    bool threads = true;            ///< false: its owner calls turn(), and no step looks at the time
    std::string folder;             ///< whose file system's free space counts
    std::uint64_t reserveBytes = 0; ///< with less space than this it is short: free on the disk, or in the file's free pages
    std::uint64_t logBytes =
        0; ///< of records in the log before they are folded into their table; twice as much at times
    std::uint64_t logBytesMax = 0; ///< the same with large tables; less than logBytes: always that
    /// Leaves a mark that what is stored is damaged. Any thread. @return the error as the listener shall hear it
    std::function<Error(const Error&)> leaveDamageMark;
    Scrubber* scrubber = nullptr;     ///< outlives the writer, which tells it when the file is at rest; null: none
    std::uint64_t progress = 0;       ///< the id of the last entry of the log that was ever written
    std::uint64_t directBytes = 0; ///< a record with so long a value goes to its table at once
    std::uint64_t walPagesMax = 4000; ///< when SQLite's write-ahead log is so long, it is checkpointed even under load
    Milliseconds retryPause{500};     ///< between attempts while the disk is full
    Milliseconds spaceCheckPause{1000}; ///< between looks at the free space
    Milliseconds closingFoldMax{1000};  ///< of folding when the store is closed
    Milliseconds idlePause{200};        ///< without work for so long, everything is folded and checkpointed
};

/// Everything but the thread itself may be called from the owner's thread only. Without a thread the listener is called
/// on the owner's, from within turn, flush, setIdentity and close, and must not call back.
class StoreWriter
{
public:
    /// @param database  configured, with its tables; the writer's own
    /// @param checkpointDatabase  another connection to it
    /// @param listener  outlives the writer
    StoreWriter(Database database, Database checkpointDatabase, WriterOptions options, StoreListener& listener);
    ~StoreWriter();

    /// Compiles the statements and starts the thread, if there is to be one.
    Result<void> start();
    /// Does the most urgent piece of work. Only without threads.
    StoreTurn turn();

    void submit(PersistBatch batch);
    std::uint64_t queuedBytes() const { return m_queuedBytes.load(std::memory_order_relaxed); }
    /// Everything up to this sequence is in the tables, where a reader finds it.
    PersistSequence settled() const { return m_settled.load(std::memory_order_acquire); }

    Result<void> setIdentity(NodeId node, ClusterMapPtr map);
    Result<void> flush();
    /// Ends the thread after what waits is durable, folds the log (with a thread: as far as it gets in closingFoldMax),
    /// closes the file.
    Result<void> close();
    /// Ends everything as if a write had failed; a read did. Calls listener.failed() unless it was called before.
    void fail(const Error& reason);

    void addTo(StoreStatistics& statistics) const;

private:
    enum class Outcome { Done, DiskFull, Failed };
    struct IdentityRequest
    {
        NodeId node;
        ClusterMapPtr map;
        bool taken = false; ///< an attempt to write it is under way
    };
    void run();
    bool waitForWork();
    bool pauseWhileFull();
    template <typename Condition>
    void await(std::unique_lock<std::mutex>& lock, Condition condition);
    StoreTurn work();
    StoreTurn tidy();
    StoreTurn commitWaiting();
    void gather();
    Outcome attempt();
    int writeSet();
    int writeRecords();
    void completed(std::uint64_t commitMicroseconds);
    void gaveUp();
    void foldRest();
    Outcome keepUp();
    Outcome fold(std::uint64_t steps);
    Outcome foldAll();
    Outcome keepWalShort();
    Outcome requestCheckpoint();
    Outcome checkpoint();
    Outcome checkpointed(const CheckpointResult& result);
    void fitBacklog();
    void noteWalPages(std::uint64_t pages);
    Outcome judgeSuspects();
    Outcome checked(int code);
    bool isFull() const { return m_disk == DiskSpace::None; }
    DiskSpace spaceLeft(Milliseconds checkedWithin);
    void setDisk(DiskSpace space);
    Result<void> failureOr(const char* otherwise) const;

    Database m_database;
    const WriterOptions m_options;
    StoreListener& m_listener;

    // The writer thread's own, or its owner's if there is none.
    StoreTables m_tables;
    std::vector<PersistBatch> m_gathered; ///< on the way from m_queue to m_set
    CommitSet m_set;                      ///< being committed
    std::optional<IdentityRequest> m_takenIdentity;
    std::uint64_t m_takenBytes = 0;
    bool m_retrying = false; ///< the last attempt found no space
    ByteWriter m_entry;      ///< of the log, the newest
    std::uint64_t m_directBytes = 0; ///< of records beside it
    Backlog m_backlog;
    std::uint64_t m_foldSteps = 0; ///< owed since the last commit
    std::chrono::steady_clock::time_point m_spaceChecked;
    bool m_spaceShort = false;
    std::unique_ptr<Checkpointer> m_checkpointer;
    bool m_checkpointing = false;     ///< requested, and not looked at since
    std::uint64_t m_walPages = 0;     ///< in SQLite's write-ahead log, of which some may be checkpointed already
    std::uint64_t m_walPagesDone = 0; ///< of them, checkpointed

    // Shared, protected by m_mutex.
    mutable std::mutex m_mutex;
    std::condition_variable m_work;     ///< the writer waits
    std::condition_variable m_progress; ///< the owner waits
    std::vector<PersistBatch> m_queue;
    std::optional<IdentityRequest> m_identityRequest;
    std::uint64_t m_submitted = 0; ///< batches, ever
    std::uint64_t m_completed = 0; ///< of them, durable
    bool m_attempting = false;     ///< a transaction is under way
    bool m_stop = false;
    bool m_ended = false; ///< the thread does nothing any more
    std::optional<Error> m_failure;
    StoreStatistics m_statistics;

    std::atomic<std::uint64_t> m_queuedBytes{0};
    std::atomic<PersistSequence> m_settled{0};
    std::atomic<std::uint64_t> m_unfolded{0}; ///< records, about
    std::mutex m_reportMutex;                 ///< so that nothing is reported durable after failed()
    bool m_failed = false;                    ///< protected by m_reportMutex
    std::atomic<DiskSpace> m_disk{DiskSpace::Ample};
    std::thread m_thread; ///< last: it uses everything above
};

} // namespace quoit
