#include "node/server/store_messenger.h"

#include "node/server/log.h"

#include <QCoreApplication>
#include <QEvent>
#include <unistd.h>

namespace quoit {

void StoreMessenger::durable(PersistSequence upTo, std::uint64_t progress)
{
    m_progress.store(progress, std::memory_order_release);
    m_durable.store(upTo, std::memory_order_release);
    post();
}

void StoreMessenger::diskSpace(DiskSpace space)
{
    m_space.store(space, std::memory_order_release);
    post();
}

void StoreMessenger::post()
{
    // One event on its way is enough: it reads what is newest when it arrives.
    if (!m_posted.exchange(true, std::memory_order_acq_rel))
        QCoreApplication::postEvent(this, new QEvent(QEvent::User), Qt::HighEventPriority);
}

bool StoreMessenger::event(QEvent* event)
{
    if (event->type() != QEvent::User)
        return QObject::event(event);
    m_posted.exchange(false, std::memory_order_acq_rel); // sees all that was set before a post() that found it true
    const PersistSequence durable = m_durable.load(std::memory_order_acquire);
    if (durable > m_reportedDurable) {
        m_reportedDurable = durable;
        m_receiver.storeDurable(durable);
    }
    const DiskSpace space = m_space.load(std::memory_order_acquire);
    if (space != m_reportedSpace) {
        m_reportedSpace = space;
        m_receiver.storeSpace(space);
    }
    return true;
}

void StoreMessenger::failed(const Error& error)
{
    // Not to have what was acknowledged is no answer that a replica may give, and no later start makes it one.
    const bool damaged = error.code == ErrorCode::Corrupt;
    logLine(LogLevel::Error,
            (damaged ? "the data folder is damaged, so this node stops at once: "
                     : "the data folder can't be trusted any more, so this node stops at once: ") +
                error.message +
                (damaged ? "" : "; check the disk (dmesg, smartctl), then start the node again: it goes on where the "
                                "disk left off"));
    _exit(1);
}

} // namespace quoit
