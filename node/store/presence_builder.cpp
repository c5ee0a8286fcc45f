#include "node/store/presence_builder.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

namespace quoit {

namespace {
constexpr int niceness = 10;
constexpr std::size_t recordsPerStep = 2048; // a few milliseconds, for which SQLite's log can't begin anew
} // namespace

PresenceBuilder::PresenceBuilder(StoreReader reader, std::uint64_t expected)
    : m_reader(std::move(reader))
    , m_filter(expected)
{}

PresenceBuilder::~PresenceBuilder()
{
    m_stop = true;
    if (m_thread.joinable())
        m_thread.join();
}

void PresenceBuilder::start(std::function<void(const Error&)> onError)
{
    m_thread = std::thread([this, onError = std::move(onError)] { run(onError); });
}

void PresenceBuilder::run(const std::function<void(const Error&)>& onError)
{
    ::pthread_setname_np(::pthread_self(), "presence");
    static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness)); // best effort
    while (!m_stop && !done()) {
        if (const Result<void> stepped = step(recordsPerStep); !stepped) {
            onError(stepped.error());
            return;
        }
    }
}

Result<void> PresenceBuilder::step(std::size_t records)
{
    const Result<std::optional<Position>> last =
        m_reader.scan(m_next, records, [this](Position position) { m_filter.add(position); });
    if (!last)
        return last.error();
    if (last.value() && *last.value() != ~Position(0)) {
        m_next = *last.value() + 1;
        return {};
    }
    m_done.store(true, std::memory_order_release);
    return {};
}

} // namespace quoit
