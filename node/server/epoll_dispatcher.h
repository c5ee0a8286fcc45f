// node/server/epoll_dispatcher.h - Qt's event loop on epoll(7), so that idle connections cost nothing.
// Qt's own dispatchers hand all descriptors to poll(2) in every turn: with 10,000 connections that takes milliseconds,
// and throughput for everyone falls to a fraction. What is registered is handed to the kernel only when it has changed
// for good by the end of a turn.
#pragma once

#include <QAbstractEventDispatcher>
#include <atomic>
#include <cstdint>
#include <thread>
#include <unordered_map>
#include <vector>

namespace quoit {

/// For one thread. Install with QCoreApplication::setEventDispatcher() before the application is made, which then owns
/// it. wakeUp() and interrupt() may be called from any thread.
class EpollDispatcher final : public QAbstractEventDispatcher
{
public:
    EpollDispatcher();
    ~EpollDispatcher() override;

    bool processEvents(QEventLoop::ProcessEventsFlags flags) override;
    void registerSocketNotifier(QSocketNotifier* notifier) override;
    void unregisterSocketNotifier(QSocketNotifier* notifier) override;
    void registerTimer(int timerId, qint64 intervalMs, Qt::TimerType type, QObject* object) override;
    bool unregisterTimer(int timerId) override;
    bool unregisterTimers(QObject* object) override;
    QList<TimerInfo> registeredTimers(QObject* object) const override;
    int remainingTime(int timerId) override;
    void wakeUp() override;
    void interrupt() override;

private:
    struct Descriptor
    {
        QSocketNotifier* read = nullptr;
        QSocketNotifier* write = nullptr;
        QSocketNotifier* exception = nullptr;
        std::uint32_t generation = 0; ///< tells a descriptor from an earlier one of the same number
        std::uint32_t known = 0;      ///< events that the kernel watches for
        bool changed = false;         ///< is in m_changed
    };
    struct Timer
    {
        int id;
        std::int64_t intervalMs;
        Qt::TimerType type;
        QObject* object;
        std::int64_t dueUs;
        bool firing; ///< its event is being delivered: not again before that returns
    };

    static std::uint32_t wanted(const Descriptor& descriptor);
    QSocketNotifier*& slotOf(Descriptor& descriptor, const QSocketNotifier* notifier);
    void tellKernel(int fd, Descriptor& descriptor);
    void applyChanges();
    int waitMs(bool mayWait) const;
    bool activateSockets(int eventCount);
    void activate(int fd, std::uint32_t generation, QSocketNotifier* Descriptor::*which);
    bool activateTimers();
    void clearWakeUp();

    const int m_epoll;
    const int m_wakeFd;
    const std::thread::id m_thread;
    std::unordered_map<int, Descriptor> m_descriptors;
    std::vector<int> m_changed; ///< descriptors whose notifiers changed since the kernel was told
    std::vector<Timer> m_timers;
    std::uint32_t m_generation = 0;
    std::atomic<bool> m_woken{false};
    std::atomic<bool> m_interrupted{false};
};

} // namespace quoit
