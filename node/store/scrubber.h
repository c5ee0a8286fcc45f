// node/store/scrubber.h - reads all pages of the database slowly, again and again, so that damage is found before it is
// needed: while the other replicas are well. Decides which page is next and what it means if one doesn't fit;
// checked_vfs.h knows what fits.
//
// It reads past SQLite, so it holds no lock, and no commit or checkpoint waits for it. Hence a page that doesn't fit is
// only a suspect: it may be on its way to the file at this moment. It is judged when the whole log is in the file and
// nobody writes it. What the system's cache holds is verified there; the disk below it when it has to be read.
#pragma once

#include "node/store/database.h"
#include "node/store/store.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

namespace quoit {

struct ScrubOptions
{
    std::chrono::seconds period{0}; ///< all pages are read once in it, at least
    std::uint64_t pagesPerSecondMin = 16;
    std::uint64_t firstPage =
        0; ///< any number: a process that never lives for a whole period begins elsewhere each time
};

/// One owner; see each call for its thread.
class Scrubber
{
public:
    /// @param database  a connection of its own, which executes nothing
    Scrubber(Database database, const ScrubOptions& options);
    /// Waits for the page that is being read.
    ~Scrubber();

    /// Begins to read, on a thread. @param onError  on that thread: the file can't be read
    void start(std::function<void(const Error&)> onError);
    void stop();
    /// Reads the next few pages. For an owner without a thread. @return Io
    Result<void> step(std::uint64_t pages);

    /// Some page waits to be judged. Any thread.
    bool suspects() const { return m_suspected.load(std::memory_order_relaxed); }
    /// Looks at the suspects once more. Only while the file holds all that is in SQLite's log, and nobody writes it.
    /// @return Corrupt, with the first page that is damaged; Io
    Result<void> judge();

    ScrubStatistics statistics() const;

private:
    void run();
    Result<void> verifyNext();

    const Database m_database;
    const ScrubOptions m_options;
    std::function<void(const Error&)> m_onError; ///< null: no thread

    mutable std::mutex m_mutex; ///< protects what follows and the connection, page by page
    std::uint64_t m_next = 0;   ///< page, from 1; 0: not settled yet
    std::uint64_t m_pages = 0;  ///< in the file, when this pass began
    std::uint64_t m_left = 0;   ///< of this pass
    std::set<std::uint64_t> m_suspects;
    ScrubStatistics m_statistics;

    std::atomic<bool> m_suspected{false};
    std::mutex m_stopMutex;
    std::condition_variable m_wake;
    bool m_stop = false; ///< protected by m_stopMutex
    std::thread m_thread;
};

} // namespace quoit
