// node/server/loop_turn.h - calls back once in each turn of this thread's event loop, after its sockets, timers and
// posted events.
#pragma once

#include <QAbstractEventDispatcher>
#include <QObject>
#include <functional>

namespace quoit {

/// Right before the loop sleeps; in a loop that never does (processEvents() in tests), at the beginning of the next
/// turn.
class LoopTurn
{
public:
    /// @param call never from within another of its calls. Make one after the QCoreApplication, destroy it before.
    explicit LoopTurn(std::function<void()> call)
        : m_call(std::move(call))
    {
        QAbstractEventDispatcher* const dispatcher = QAbstractEventDispatcher::instance();
        QObject::connect(dispatcher, &QAbstractEventDispatcher::aboutToBlock, &m_context, [this] {
            m_called = true;
            m_call();
        });
        QObject::connect(dispatcher, &QAbstractEventDispatcher::awake, &m_context, [this] {
            if (!m_called)
                m_call();
            m_called = false;
        });
    }
    /// The next turn comes without waiting for an event.
    void again() { QAbstractEventDispatcher::instance()->wakeUp(); }

private:
    std::function<void()> m_call;
    QObject m_context;
    bool m_called = false;
};

} // namespace quoit
