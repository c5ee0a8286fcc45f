#include "tests/cluster/test_node.h"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QDir>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>

#include <csignal>

#include <sys/prctl.h>

namespace quoit::test {

namespace {
constexpr int stopMs = 6000;
}

void pass(int milliseconds)
{
    passUntil(milliseconds, [] { return false; });
}

bool passUntil(int milliseconds, const std::function<bool()>& condition)
{
    const QDeadlineTimer deadline(milliseconds, Qt::PreciseTimer);
    while (!condition()) {
        if (deadline.hasExpired())
            return false;
        QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 10);
    }
    return true;
}

TestNode::TestNode(const QString& name, const QString& program, const QString& folder)
    : m_name(name)
    , m_program(program)
    , m_folder(folder)
{
    QDir().mkpath(m_folder);
    m_process.setProcessChannelMode(QProcess::MergedChannels);
    m_process.setStandardOutputFile(logFile(), QIODevice::Append);
    m_process.setChildProcessModifier([] { prctl(PR_SET_PDEATHSIG, SIGKILL); });
    QObject::connect(&m_process, &QProcess::finished, &m_process,
                     [this](int exitCode, QProcess::ExitStatus status) { onFinished(exitCode, status); });
}

TestNode::~TestNode()
{
    if (isAlive())
        stop(stopMs);
}

void TestNode::start()
{
    if (isAlive())
        return;
    m_clientAddress.clear();
    m_peerPort = 0;
    m_isPaused = false;
    m_isEndExpected = false;
    QFile::remove(readyFile());
    const QString anyPort = QStringLiteral("127.0.0.1:0");
    m_process.start(m_program, QStringList{QStringLiteral("--data-dir"), dataFolder(), QStringLiteral("--name"), m_name,
                                           QStringLiteral("--listen"), anyPort, QStringLiteral("--peer-listen"), anyPort,
                                           QStringLiteral("--ready-file"), readyFile()} +
                                   m_options);
}

bool TestNode::readReadyFile()
{
    QFile file(readyFile());
    if (!file.open(QIODevice::ReadOnly))
        return false;
    const QJsonObject json = QJsonDocument::fromJson(file.readAll()).object();
    m_clientAddress = json.value(QLatin1String("client")).toString();
    const QString peer = json.value(QLatin1String("peer")).toString();
    m_peerPort = peer.mid(peer.lastIndexOf(QLatin1Char(':')) + 1).toUShort();
    return !m_clientAddress.isEmpty();
}

bool TestNode::waitUntilReady(int milliseconds)
{
    passUntil(milliseconds, [this] { return !isAlive() || readReadyFile(); });
    return isAlive() && !m_clientAddress.isEmpty();
}

void TestNode::signal(int number)
{
    // QProcess reaps its child on this thread only, so the id can't be another process' by now.
    if (const qint64 id = m_process.processId(); id > 0)
        ::kill(static_cast<pid_t>(id), number);
}

void TestNode::onFinished(int exitCode, QProcess::ExitStatus status)
{
    if (status == QProcess::CrashExit && !m_isEndExpected)
        m_ownEnds << QStringLiteral("%1 crashed (signal %2)").arg(m_name).arg(exitCode);
    else if (status == QProcess::NormalExit && exitCode != 0)
        m_ownEnds << QStringLiteral("%1 ended with status %2").arg(m_name).arg(exitCode);
    else if (!m_isEndExpected)
        m_ownEnds << QStringLiteral("%1 ended by itself").arg(m_name);
}

void TestNode::kill()
{
    m_isEndExpected = true;
    signal(SIGKILL);
    m_process.waitForFinished(-1);
    m_isPaused = false;
}

int TestNode::stop(int milliseconds)
{
    QElapsedTimer clock;
    clock.start();
    m_isEndExpected = true;
    resume();
    signal(SIGTERM);
    if (waitForEnd(milliseconds))
        return static_cast<int>(clock.elapsed());
    kill();
    return -1;
}

void TestNode::pause()
{
    signal(SIGSTOP);
    m_isPaused = true;
}

void TestNode::resume()
{
    if (m_isPaused)
        signal(SIGCONT);
    m_isPaused = false;
}

bool TestNode::waitForEnd(int milliseconds)
{
    return passUntil(milliseconds, [this] { return !isAlive(); });
}

QString TestNode::clientAddress() const
{
    return isAlive() ? m_clientAddress : QString();
}

QString TestNode::log() const
{
    QFile file(logFile());
    return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
}

void TestNode::setFaults(const DiskFaults& faults)
{
    QDir().mkpath(dataFolder());
    QSaveFile file(dataFolder() + QStringLiteral("/faults"));
    if (!file.open(QIODevice::WriteOnly))
        return;
    file.write(QStringLiteral("sync-delay-ms %1\nsync-fails %2\nfull %3\nleak-permille %4\n")
                   .arg(faults.syncDelayMs)
                   .arg(int(faults.syncFails))
                   .arg(int(faults.isFull))
                   .arg(faults.leakPermille)
                   .toLatin1());
    file.commit();
}

} // namespace quoit::test
