#include "node/server/epoll_dispatcher.h"

#include "node/server/clocks.h"
#include "shared/base/result.h"

#include <QCoreApplication>
#include <QSocketNotifier>
#include <QTimerEvent>
#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace quoit {

namespace {

constexpr int eventsPerTurn = 512;
constexpr std::uint64_t wakeMark = ~std::uint64_t(0);
thread_local std::array<epoll_event, eventsPerTurn> turnEvents;

std::int64_t nowUs()
{
    return readClocks().monotonic.time_since_epoch().count();
}

} // namespace

EpollDispatcher::EpollDispatcher()
    : m_epoll(epoll_create1(EPOLL_CLOEXEC))
    , m_wakeFd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))
    , m_thread(std::this_thread::get_id())
{
    QUOIT_ENSURE(m_epoll >= 0 && m_wakeFd >= 0);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = wakeMark;
    QUOIT_ENSURE(epoll_ctl(m_epoll, EPOLL_CTL_ADD, m_wakeFd, &event) == 0);
}

EpollDispatcher::~EpollDispatcher()
{
    ::close(m_epoll);
    ::close(m_wakeFd);
}

bool EpollDispatcher::processEvents(QEventLoop::ProcessEventsFlags flags)
{
    m_interrupted = false;
    Q_EMIT awake();
    m_woken = false; // whatever is posted from here on sets it again
    QCoreApplication::sendPostedEvents();
    const bool mayWait = flags.testFlag(QEventLoop::WaitForMoreEvents) && !m_interrupted && !m_woken;
    if (mayWait)
        Q_EMIT aboutToBlock();
    if (m_interrupted)
        return false;

    applyChanges();
    // Those who were called above may have posted something.
    const int count = epoll_wait(m_epoll, turnEvents.data(), eventsPerTurn, waitMs(mayWait && !m_woken));
    bool any = false;
    if (count > 0 && !flags.testFlag(QEventLoop::ExcludeSocketNotifiers))
        any = activateSockets(count);
    if (!flags.testFlag(QEventLoop::X11ExcludeTimers))
        any = activateTimers() || any;
    return any || m_woken;
}

std::uint32_t EpollDispatcher::wanted(const Descriptor& descriptor)
{
    return (descriptor.read ? EPOLLIN : 0U) | (descriptor.write ? EPOLLOUT : 0U) |
           (descriptor.exception ? EPOLLPRI : 0U);
}

QSocketNotifier*& EpollDispatcher::slotOf(Descriptor& descriptor, const QSocketNotifier* notifier)
{
    switch (notifier->type()) {
    case QSocketNotifier::Read:
        return descriptor.read;
    case QSocketNotifier::Write:
        return descriptor.write;
    case QSocketNotifier::Exception:
        break;
    }
    return descriptor.exception;
}

void EpollDispatcher::registerSocketNotifier(QSocketNotifier* notifier)
{
    const int fd = static_cast<int>(notifier->socket());
    const auto [place, isNew] = m_descriptors.try_emplace(fd);
    Descriptor& descriptor = place->second;
    if (isNew)
        descriptor.generation = ++m_generation;
    slotOf(descriptor, notifier) = notifier;
    if (!descriptor.changed) {
        descriptor.changed = true;
        m_changed.push_back(fd);
    }
}

void EpollDispatcher::unregisterSocketNotifier(QSocketNotifier* notifier)
{
    const int fd = static_cast<int>(notifier->socket());
    const auto place = m_descriptors.find(fd);
    if (place == m_descriptors.end() || slotOf(place->second, notifier) != notifier)
        return;
    Descriptor& descriptor = place->second;
    slotOf(descriptor, notifier) = nullptr;
    if (wanted(descriptor) == 0) {
        // At once: the descriptor may be closed next, and its number given to another connection within this turn.
        tellKernel(fd, descriptor);
        m_descriptors.erase(place);
    } else if (!descriptor.changed) {
        descriptor.changed = true;
        m_changed.push_back(fd);
    }
}

void EpollDispatcher::tellKernel(int fd, Descriptor& descriptor)
{
    const std::uint32_t events = wanted(descriptor);
    if (events == descriptor.known)
        return;
    epoll_event event{};
    event.events = events;
    event.data.u64 = (std::uint64_t(descriptor.generation) << 32) | static_cast<std::uint32_t>(fd);
    const int action = events == 0 ? EPOLL_CTL_DEL : descriptor.known == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    const int result = epoll_ctl(m_epoll, action, fd, &event);
    // A descriptor that is gone already needs no watching.
    QUOIT_ENSURE(result == 0 || errno == EBADF || errno == ENOENT);
    descriptor.known = events;
}

void EpollDispatcher::applyChanges()
{
    for (const int fd : m_changed) {
        const auto place = m_descriptors.find(fd);
        if (place == m_descriptors.end())
            continue;
        place->second.changed = false;
        tellKernel(fd, place->second);
    }
    m_changed.clear();
}

int EpollDispatcher::waitMs(bool mayWait) const
{
    if (!mayWait)
        return 0;
    std::int64_t firstDueUs = INT64_MAX;
    for (const Timer& timer : m_timers) {
        if (!timer.firing)
            firstDueUs = std::min(firstDueUs, timer.dueUs);
    }
    if (firstDueUs == INT64_MAX)
        return -1;
    const std::int64_t waitUs = firstDueUs - nowUs();
    return static_cast<int>(std::clamp<std::int64_t>((waitUs + 999) / 1000, 0, 3'600'000));
}

bool EpollDispatcher::activateSockets(int eventCount)
{
    bool any = false;
    // A handler may run a loop of its own, which would use the same array.
    std::vector<epoll_event> events(turnEvents.begin(), turnEvents.begin() + eventCount);
    for (const epoll_event& event : events) {
        if (event.data.u64 == wakeMark) {
            clearWakeUp();
            continue;
        }
        const int fd = static_cast<int>(static_cast<std::uint32_t>(event.data.u64));
        const auto generation = static_cast<std::uint32_t>(event.data.u64 >> 32);
        const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
        if (broken || (event.events & EPOLLIN))
            activate(fd, generation, &Descriptor::read);
        if (broken || (event.events & EPOLLOUT))
            activate(fd, generation, &Descriptor::write);
        if (event.events & EPOLLPRI)
            activate(fd, generation, &Descriptor::exception);
        any = true;
    }
    return any;
}

void EpollDispatcher::activate(int fd, std::uint32_t generation, QSocketNotifier* Descriptor::*which)
{
    // Looked up each time: what ran before may have closed it.
    const auto place = m_descriptors.find(fd);
    if (place == m_descriptors.end() || place->second.generation != generation || !(place->second.*which))
        return;
    QEvent event(QEvent::SockAct);
    QCoreApplication::sendEvent(place->second.*which, &event);
}

void EpollDispatcher::registerTimer(int timerId, qint64 intervalMs, Qt::TimerType type, QObject* object)
{
    m_timers.push_back({timerId, intervalMs, type, object, nowUs() + intervalMs * 1000, false});
}

bool EpollDispatcher::unregisterTimer(int timerId)
{
    return std::erase_if(m_timers, [timerId](const Timer& timer) { return timer.id == timerId; }) > 0;
}

bool EpollDispatcher::unregisterTimers(QObject* object)
{
    return std::erase_if(m_timers, [object](const Timer& timer) { return timer.object == object; }) > 0;
}

QList<QAbstractEventDispatcher::TimerInfo> EpollDispatcher::registeredTimers(QObject* object) const
{
    QList<TimerInfo> found;
    for (const Timer& timer : m_timers) {
        if (timer.object == object)
            found.append(TimerInfo(timer.id, static_cast<int>(timer.intervalMs), timer.type));
    }
    return found;
}

int EpollDispatcher::remainingTime(int timerId)
{
    for (const Timer& timer : m_timers) {
        if (timer.id == timerId)
            return static_cast<int>(std::max<std::int64_t>(0, (timer.dueUs - nowUs() + 999) / 1000));
    }
    return -1;
}

bool EpollDispatcher::activateTimers()
{
    const std::int64_t time = nowUs();
    std::vector<std::pair<std::int64_t, int>> due; // ascending by time, then by id
    for (const Timer& timer : m_timers) {
        if (timer.dueUs <= time && !timer.firing)
            due.emplace_back(timer.dueUs, timer.id);
    }
    std::sort(due.begin(), due.end());
    const auto find = [this](int id) {
        return std::find_if(m_timers.begin(), m_timers.end(), [id](const Timer& timer) { return timer.id == id; });
    };
    for (const auto& [dueUs, id] : due) {
        // What ran before may have stopped it, or set it anew.
        auto timer = find(id);
        if (timer == m_timers.end() || timer->dueUs != dueUs)
            continue;
        // Missed turns are left out, not made up for.
        timer->dueUs = std::max(dueUs + timer->intervalMs * 1000, time + (timer->intervalMs > 0 ? 1 : 0));
        timer->firing = true;
        QTimerEvent event(id);
        QCoreApplication::sendEvent(timer->object, &event);
        timer = find(id);
        if (timer != m_timers.end())
            timer->firing = false;
    }
    return !due.empty();
}

void EpollDispatcher::wakeUp()
{
    // On its own thread the loop isn't asleep, and looks at the flag before it goes to sleep.
    if (!m_woken.exchange(true) && std::this_thread::get_id() != m_thread) {
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(m_wakeFd, &one, sizeof one);
    }
}

void EpollDispatcher::clearWakeUp()
{
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t got = ::read(m_wakeFd, &count, sizeof count);
}

void EpollDispatcher::interrupt()
{
    m_interrupted = true;
    wakeUp();
}

} // namespace quoit
