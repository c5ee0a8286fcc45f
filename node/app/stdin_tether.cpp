#include "node/app/stdin_tether.h"

#include "node/server/log.h"

#include <cerrno>
#include <csignal>
#include <string_view>
#include <unistd.h>

namespace quoit {

StdinTether::StdinTether()
    : m_notifier(STDIN_FILENO, QSocketNotifier::Read)
{
    QObject::connect(&m_notifier, &QSocketNotifier::activated, &m_notifier, [this] { onReadable(); });
}

void StdinTether::onReadable()
{
    char bytes[256];
    const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes); // a short word, written in one
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    const bool isLetGo = count > 0 && std::string_view(bytes, std::size_t(count)).find("stay") != std::string_view::npos;
    if (count > 0 && !isLetGo)
        return;
    m_notifier.setEnabled(false);
    if (isLetGo)
        return logLine(LogLevel::Info, "runs on without the program that started it");
    logLine(LogLevel::Info, "the program that started this node has ended");
    ::kill(::getpid(), SIGTERM);
}

} // namespace quoit
