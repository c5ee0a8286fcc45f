#include "node/store/scrubber.h"

#include "node/store/checked_vfs.h"
#include "node/store/store_schema.h"

#include <algorithm>
#include <utility>

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace quoit {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds tick{1};
constexpr int niceness = 10;
/// SQLite uses no page that has the byte of its file locks, at 1 GiB.
constexpr std::uint64_t lockPage = 0x40000000 / storePageBytes + 1;
constexpr std::size_t suspectsMax = 100; ///< one is enough

std::int64_t unixTimeMs()
{
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

} // namespace

Scrubber::Scrubber(Database database, const ScrubOptions& options)
    : m_database(std::move(database))
    , m_options(options)
{}

Scrubber::~Scrubber()
{
    stop();
}

void Scrubber::start(std::function<void(const Error&)> onError)
{
    m_onError = std::move(onError);
    m_thread = std::thread([this] { run(); });
}

void Scrubber::stop()
{
    {
        const std::lock_guard lock(m_stopMutex);
        m_stop = true;
    }
    m_wake.notify_one();
    if (m_thread.joinable())
        m_thread.join();
}

void Scrubber::run()
{
    ::pthread_setname_np(::pthread_self(), "scrubber");
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness)); // best effort
    double due = 0;
    std::unique_lock lock(m_stopMutex);
    while (!m_wake.wait_for(lock, tick, [this] { return m_stop; })) {
        lock.unlock();
        const Result<std::uint64_t> pages = pageCountOf(m_database.handle(), storePageBytes);
        const double wanted =
            pages ? static_cast<double>(pages.value()) / static_cast<double>(m_options.period.count()) : 0;
        due += std::max(wanted, static_cast<double>(m_options.pagesPerSecondMin));
        const Result<void> done = pages ? step(static_cast<std::uint64_t>(due)) : Result<void>(pages.error());
        due -= static_cast<double>(static_cast<std::uint64_t>(due));
        if (!done) {
            m_onError(done.error());
            return;
        }
        lock.lock();
    }
}

Result<void> Scrubber::step(std::uint64_t pages)
{
    for (; pages > 0; --pages) {
        if (Result<void> verified = verifyNext(); !verified)
            return verified;
    }
    return {};
}

Result<void> Scrubber::verifyNext()
{
    const std::lock_guard lock(m_mutex);
    if (m_left == 0) {
        const Result<std::uint64_t> pages = pageCountOf(m_database.handle(), storePageBytes);
        if (!pages)
            return Error{pages.error().code, m_database.path() + ": " + pages.error().message};
        m_pages = m_left = pages.value();
        if (m_pages == 0)
            return {};
        if (m_next == 0)
            m_next = m_options.firstPage % m_pages + 1;
    }
    const std::uint64_t page = m_next > m_pages ? 1 : m_next;
    m_next = page + 1;
    if (page != lockPage) {
        const Result<bool> fits = pageFits(m_database.handle(), page, storePageBytes);
        if (!fits)
            return Error{fits.error().code, m_database.path() + ": " + fits.error().message};
        if (!fits.value() && m_suspects.size() < suspectsMax)
            m_suspects.insert(page);
        m_suspected.store(!m_suspects.empty(), std::memory_order_relaxed);
        ++m_statistics.pagesVerified;
    }
    if (--m_left == 0) {
        ++m_statistics.passes;
        m_statistics.passEndedMs = m_onError ? unixTimeMs() : 0;
    }
    return {};
}

Result<void> Scrubber::judge()
{
    const std::lock_guard lock(m_mutex);
    const Result<std::uint64_t> pages = pageCountOf(m_database.handle(), storePageBytes);
    if (!pages)
        return Error{pages.error().code, m_database.path() + ": " + pages.error().message};
    for (const std::uint64_t page : std::exchange(m_suspects, {})) {
        if (page > pages.value())
            continue; // the file is shorter now
        const Result<bool> fits = pageFits(m_database.handle(), page, storePageBytes);
        if (!fits)
            return Error{fits.error().code, m_database.path() + ": " + fits.error().message};
        if (!fits.value())
            return Error{ErrorCode::Corrupt,
                         m_database.path() + " is damaged: page " + std::to_string(page) + " doesn't fit its checksum"};
    }
    m_suspected.store(false, std::memory_order_relaxed);
    return {};
}

ScrubStatistics Scrubber::statistics() const
{
    const std::lock_guard lock(m_mutex);
    return m_statistics;
}

} // namespace quoit
