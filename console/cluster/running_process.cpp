#include "console/cluster/running_process.h"

#include <QFile>

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quoit {

namespace {

/// @return 0: nobody holds it
qint64 holderOf(const QByteArray& lockFile)
{
    const int file = ::open(lockFile.constData(), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    const bool isHeld = ::flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    char text[32] = {};
    const bool isRead = ::pread(file, text, sizeof text - 1, 0) > 0;
    ::close(file); // and with it the lock, if we got it
    return isHeld && isRead ? QByteArray(text).trimmed().toLongLong() : 0;
}

} // namespace

std::unique_ptr<RunningProcess> RunningProcess::lockHolder(const QString& folder)
{
    const QByteArray lockFile = QFile::encodeName(folder + QStringLiteral("/lock"));
    const qint64 id = holderOf(lockFile);
    if (id <= 0)
        return nullptr;
    const int descriptor = int(::syscall(SYS_pidfd_open, pid_t(id), 0));
    if (descriptor < 0)
        return nullptr;
    std::unique_ptr<RunningProcess> process(new RunningProcess(id, descriptor));
    // Still the one: had it ended before the descriptor was there, its number might be another's by now.
    return holderOf(lockFile) == id ? std::move(process) : nullptr;
}

RunningProcess::RunningProcess(qint64 processId, int descriptor)
    : m_processId(processId)
    , m_descriptor(descriptor)
    , m_notifier(descriptor, QSocketNotifier::Read)
{
    connect(&m_notifier, &QSocketNotifier::activated, this, [this] {
        m_notifier.setEnabled(false);
        Q_EMIT ended();
    });
}

RunningProcess::~RunningProcess()
{
    m_notifier.setEnabled(false);
    ::close(m_descriptor);
}

bool RunningProcess::send(int number)
{
    return ::syscall(SYS_pidfd_send_signal, m_descriptor, number, nullptr, 0) == 0;
}

bool RunningProcess::waitForEnd(int milliseconds)
{
    pollfd entry{m_descriptor, POLLIN, 0};
    int result = 0;
    do {
        result = ::poll(&entry, 1, milliseconds);
    } while (result < 0 && errno == EINTR);
    return result > 0;
}

} // namespace quoit
