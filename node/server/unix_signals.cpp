#include "node/server/unix_signals.h"

#include "shared/base/result.h"

#include <QSocketNotifier>
#include <csignal>
#include <pthread.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace quoit {

struct UnixSignals::Notifier
{
    int descriptor;
    QSocketNotifier notifier;
    std::function<void(int)> onStop;
};

UnixSignals::UnixSignals(std::function<void(int)> onStop)
{
    std::signal(SIGPIPE, SIG_IGN);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    QUOIT_ENSURE(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
    const int descriptor = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    QUOIT_ENSURE(descriptor >= 0);
    m_notifier.reset(new Notifier{descriptor, QSocketNotifier(descriptor, QSocketNotifier::Read), std::move(onStop)});
    QObject::connect(&m_notifier->notifier, &QSocketNotifier::activated, &m_notifier->notifier, [this] {
        signalfd_siginfo info{};
        if (::read(m_notifier->descriptor, &info, sizeof info) == static_cast<ssize_t>(sizeof info))
            m_notifier->onStop(static_cast<int>(info.ssi_signo));
    });
}

UnixSignals::~UnixSignals()
{
    m_notifier->notifier.setEnabled(false);
    ::close(m_notifier->descriptor);
}

} // namespace quoit
