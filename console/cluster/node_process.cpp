#include "console/cluster/node_process.h"

#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QRegularExpression>

#include <csignal>

namespace quoit {

namespace {

constexpr int readyPollMs = 50;
constexpr int lineBytesMax = 4000;

/// "client 127.0.0.1:7400" a line, or anything near it.
void readAddresses(const QString& text, NodeAddresses& addresses)
{
    static const QRegularExpression entry(
        QStringLiteral("(client|peer|http)[-_a-z]*[\"\\s:=]+([\\w.\\-]+:\\d+|\\[[0-9a-f:]+\\]:\\d+)"),
        QRegularExpression::CaseInsensitiveOption);
    for (auto each = entry.globalMatch(text); each.hasNext();) {
        const auto match = each.next();
        const QString what = match.captured(1).toLower();
        QString& field = what == QLatin1String("client") ? addresses.client
                         : what == QLatin1String("peer") ? addresses.peer
                                                         : addresses.http;
        field = match.captured(2);
    }
}

} // namespace

NodeProcess::NodeProcess(QString name, QString program, QString folder, QObject* parent)
    : QObject(parent)
    , m_name(std::move(name))
    , m_program(std::move(program))
    , m_folder(std::move(folder))
{
    m_process.setProcessChannelMode(QProcess::MergedChannels);
    connect(&m_process, &QProcess::readyReadStandardOutput, this, &NodeProcess::readOutput);
    connect(&m_process, &QProcess::finished, this, &NodeProcess::onFinished);
    connect(&m_process, &QProcess::errorOccurred, this, [this](QProcess::ProcessError error) {
        if (error == QProcess::FailedToStart)
            setState(State::Failed, tr("%1 can't be started: %2").arg(m_program, m_process.errorString()));
    });
    m_readyTimer.setInterval(readyPollMs);
    connect(&m_readyTimer, &QTimer::timeout, this, &NodeProcess::lookForReadyFile);
    m_killTimer.setSingleShot(true);
    connect(&m_killTimer, &QTimer::timeout, this, [this] { send(SIGKILL); });
}

NodeProcess::~NodeProcess()
{
    disconnect(&m_process, nullptr, this, nullptr);
    if (!isAlive())
        return;
    send(SIGTERM);
    if (!waitForEnd(stopMs)) {
        send(SIGKILL);
        waitForEnd(stopMs);
    }
}

void NodeProcess::send(int signal)
{
    if (m_found)
        m_found->send(signal);
    else if (m_process.state() != QProcess::NotRunning)
        signal == SIGKILL ? m_process.kill() : m_process.terminate();
}

bool NodeProcess::waitForEnd(int milliseconds)
{
    return m_found ? m_found->waitForEnd(milliseconds) : m_process.waitForFinished(milliseconds);
}

bool NodeProcess::takeOver()
{
    m_found = RunningProcess::lockHolder(m_folder);
    if (!m_found)
        return false;
    connect(m_found.get(), &RunningProcess::ended, this, [this] {
        m_found.release()->deleteLater(); // it is calling us
        onEnded(tr("ended"), tr("It ended by itself."));
    });
    append(tr("--- runs already, as process %1; what it has logged isn't here").arg(m_found->processId()));
    setState(State::Starting);
    m_readyTimer.start();
    return true;
}

bool NodeProcess::leave()
{
    if (m_found) {
        m_found.reset();
    } else if (isAlive()) {
        const QByteArray word("stay\n");
        if (m_process.write(word) != word.size() || !m_process.waitForBytesWritten(1000))
            return false;
        disconnect(&m_process, nullptr, this, nullptr);
        m_process.forget();
    }
    m_readyTimer.stop();
    m_killTimer.stop();
    return true;
}

void NodeProcess::start()
{
    if (isAlive())
        return;
    m_isEndExpected = false;
    m_isKilled = false;
    m_isRestarting = false;
    if (takeOver())
        return;
    QDir().mkpath(m_folder);
    QFile::remove(readyFile());
    setState(State::Starting);
    append(tr("--- started %1").arg(QDateTime::currentDateTime().toString(Qt::ISODate)));
    m_process.start(m_program,
                    {QStringLiteral("--data-dir"), m_folder, QStringLiteral("--name"), m_name,
                     QStringLiteral("--listen"), m_addresses.client, QStringLiteral("--peer-listen"), m_addresses.peer,
                     QStringLiteral("--http-listen"), m_addresses.http, QStringLiteral("--ready-file"), readyFile(),
                     QStringLiteral("--end-with-stdin"),
                     // Five on one machine take together what one alone would take.
                     QStringLiteral("--cache-bytes"), QStringLiteral("5%")});
    m_readyTimer.start();
}

void NodeProcess::stop()
{
    m_isRestarting = false;
    if (!isAlive())
        return;
    m_isEndExpected = true;
    setState(State::Stopping);
    send(SIGTERM);
    m_killTimer.start(stopMs);
}

void NodeProcess::kill()
{
    m_isRestarting = false;
    if (!isAlive())
        return;
    m_isEndExpected = true;
    m_isKilled = true;
    append(tr("--- killed"));
    send(SIGKILL);
}

void NodeProcess::restart()
{
    if (!isAlive())
        return start();
    stop();
    m_isRestarting = true;
}

void NodeProcess::askToEnd()
{
    m_isEndExpected = true;
    send(SIGTERM);
}

void NodeProcess::readOutput()
{
    m_partialLine += m_process.readAllStandardOutput();
    qsizetype begin = 0;
    for (qsizetype end; (end = m_partialLine.indexOf('\n', begin)) >= 0; begin = end + 1)
        append(QString::fromUtf8(m_partialLine.mid(begin, std::min<qsizetype>(end - begin, lineBytesMax))));
    m_partialLine.remove(0, begin);
    if (m_partialLine.size() > lineBytesMax) {
        append(QString::fromUtf8(m_partialLine.left(lineBytesMax)));
        m_partialLine.clear();
    }
}

void NodeProcess::append(const QString& line)
{
    m_log << line;
    if (m_log.size() > logLinesMax)
        m_log.removeFirst();
    writeToFile(line);
    Q_EMIT logAppended(line);
}

/// A log that can't be written is no reason to stop a node.
void NodeProcess::writeToFile(const QString& line)
{
    if (m_logFile.isOpen() && m_logFile.size() > logFileBytesMax) {
        m_logFile.close();
        QFile::remove(logFile() + QStringLiteral(".1"));
        QFile::rename(logFile(), logFile() + QStringLiteral(".1"));
    }
    if (!m_logFile.isOpen()) {
        m_logFile.setFileName(logFile());
        if (!m_logFile.open(QIODevice::WriteOnly | QIODevice::Append))
            return;
    }
    m_logFile.write(line.toUtf8() + '\n');
    m_logFile.flush();
}

QString NodeProcess::logFile() const
{
    return m_folder + QStringLiteral("/node.log");
}

void NodeProcess::lookForReadyFile()
{
    QFile file(readyFile());
    if (m_state != State::Starting || !file.open(QIODevice::ReadOnly))
        return;
    NodeAddresses addresses = m_addresses;
    readAddresses(QString::fromUtf8(file.read(4096)), addresses);
    if (addresses.client.endsWith(QLatin1String(":0")))
        return; // it is being written
    m_readyTimer.stop();
    m_addresses = addresses;
    setState(State::Running);
    Q_EMIT ready();
}

void NodeProcess::onFinished(int exitCode, QProcess::ExitStatus status)
{
    readOutput();
    // Of a process that a signal ended, the code is the signal's number.
    const bool isCrash = status == QProcess::CrashExit;
    onEnded(isCrash && exitCode == SIGKILL ? tr("was killed")
            : isCrash                      ? tr("crashed (signal %1)").arg(exitCode)
                                           : tr("ended with status %1").arg(exitCode),
            isCrash ? tr("It was killed or crashed.") : tr("It ended with status %1.").arg(exitCode));
}

/// @param endText and problem: what to say if it wasn't told to end
void NodeProcess::onEnded(const QString& endText, const QString& problem)
{
    m_readyTimer.stop();
    m_killTimer.stop();
    const bool isRestarting = m_isRestarting;
    m_endText = m_isKilled ? tr("was killed") : m_isEndExpected ? tr("was stopped") : endText;
    if (m_isEndExpected)
        setState(State::Stopped);
    else
        setState(State::Failed, problem);
    append(tr("--- ended"));
    m_logFile.close(); // the folder may be moved or deleted now
    Q_EMIT ended();
    if (isRestarting)
        start();
}

void NodeProcess::setState(State state, const QString& problem)
{
    m_state = state;
    m_problem = problem;
    Q_EMIT stateChanged();
}

QString NodeProcess::readyFile() const
{
    return m_folder + QStringLiteral("/ready");
}

} // namespace quoit
