// node/server/store_messenger.h - brings the store's reports from its thread to the main thread, many in one event.
#pragma once

#include "node/store/store.h"

#include <QObject>
#include <atomic>

namespace quoit {

class StoreMessenger final : public QObject, public StoreListener
{
public:
    /// Called on the main thread.
    class Receiver
    {
    public:
        virtual ~Receiver() = default;
        virtual void storeDurable(PersistSequence upTo) = 0;
        virtual void storeSpace(DiskSpace space) = 0;
    };

    /// @param receiver outlives the store that reports here
    explicit StoreMessenger(Receiver& receiver)
        : m_receiver(receiver)
    {}

    void durable(PersistSequence upTo, std::uint64_t progress) override;
    void diskSpace(DiskSpace space) override;
    /// Says so and ends the process at once: nothing may be acknowledged any more.
    void failed(const Error& error) override;
    /// That of the commit which the last storeDurable() told of, or of a later one. Main thread; 0 before the first.
    std::uint64_t progress() const { return m_progress.load(std::memory_order_acquire); }

    /// As last told. Main thread.
    DiskSpace space() const { return m_reportedSpace; }

protected:
    bool event(QEvent* event) override;

private:
    void post();

    Receiver& m_receiver;
    std::atomic<PersistSequence> m_durable{0};
    std::atomic<std::uint64_t> m_progress{0};
    std::atomic<DiskSpace> m_space{DiskSpace::Ample};
    std::atomic<bool> m_posted{false};
    PersistSequence m_reportedDurable = 0; // main thread
    DiskSpace m_reportedSpace = DiskSpace::Ample; // main thread
};

} // namespace quoit
