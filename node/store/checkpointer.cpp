#include "node/store/checkpointer.h"

#include <sqlite3.h>

#include <chrono>

#include <pthread.h>

namespace quoit {

CheckpointResult checkpointOnce(Database& database)
{
    const auto start = std::chrono::steady_clock::now();
    CheckpointResult result;
    int pages = 0;
    int done = 0;
    result.code = sqlite3_wal_checkpoint_v2(database.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &pages, &done);
    if (result.code == SQLITE_OK) {
        result.pages = static_cast<std::uint64_t>(pages);
        result.pagesDone = static_cast<std::uint64_t>(done);
    } else {
        result.noSpace = database.lacksSpace(result.code);
        result.error = database.error("write");
    }
    result.microseconds = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count());
    return result;
}

Checkpointer::Checkpointer(Database database, bool thread)
    : m_database(std::move(database))
{
    if (thread)
        m_thread = std::thread([this] { run(); });
}

Checkpointer::~Checkpointer()
{
    {
        const std::lock_guard lock(m_mutex);
        m_stop = true;
    }
    m_work.notify_one();
    if (m_thread.joinable())
        m_thread.join();
}

void Checkpointer::request()
{
    QUOIT_ENSURE(!busy());
    m_busy.store(true, std::memory_order_release);
    {
        const std::lock_guard lock(m_mutex);
        m_requested = true;
    }
    m_work.notify_one();
}

void Checkpointer::run()
{
    ::pthread_setname_np(::pthread_self(), "checkpointer");
    std::unique_lock lock(m_mutex);
    while (true) {
        m_work.wait(lock, [this] { return m_requested || m_stop; });
        if (m_stop)
            return;
        m_requested = false;
        lock.unlock();
        round();
        lock.lock();
    }
}

void Checkpointer::work()
{
    QUOIT_ENSURE(!m_thread.joinable());
    if (!busy())
        return;
    m_requested = false;
    round();
}

void Checkpointer::round()
{
    m_result = checkpointOnce(m_database);
    m_busy.store(false, std::memory_order_release);
}

} // namespace quoit
