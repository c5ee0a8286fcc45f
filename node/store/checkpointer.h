// node/store/checkpointer.h - copies SQLite's write-ahead log into the database file on a thread of its own, so that no
// commit waits for it; or when its owner says, where there are no threads. The writer ends a round itself: only between two commits can the log be home as a whole, and be
// written from its start again.
#pragma once

#include "node/store/database.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace quoit {

/// What a checkpoint left.
struct CheckpointResult
{
    int code = 0; ///< SQLite's
    Error error;  ///< for other codes than SQLITE_OK
    bool noSpace = false;
    std::uint64_t pages = 0;     ///< in the log when it ended
    std::uint64_t pagesDone = 0; ///< of them, in the file
    std::uint64_t microseconds = 0;
};

/// Copies what it can without waiting for anybody. Any thread that may use the connection.
CheckpointResult checkpointOnce(Database& database);

/// All calls are for one thread, the writer's.
class Checkpointer
{
public:
    /// @param database  configured; the checkpointer's own
    /// @param thread  false: work() does the rounds
    Checkpointer(Database database, bool thread);
    /// Waits for the round that is under way.
    ~Checkpointer();

    /// Starts a round. Only while not busy().
    void request();
    /// Does the round that was requested, if one was. Only without a thread.
    void work();
    /// A round is under way; nobody else may checkpoint.
    bool busy() const { return m_busy.load(std::memory_order_acquire); }
    /// The result of the last round, once not busy() any more.
    const CheckpointResult& result() const { return m_result; }

private:
    void run();
    void round();

    Database m_database;
    CheckpointResult m_result; ///< the thread's own while busy
    std::atomic<bool> m_busy{false};
    std::mutex m_mutex;
    std::condition_variable m_work;
    bool m_requested = false; ///< protected by m_mutex
    bool m_stop = false;      ///< protected by m_mutex
    std::thread m_thread;
};

} // namespace quoit
