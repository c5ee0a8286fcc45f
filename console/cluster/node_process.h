// console/cluster/node_process.h - one quoit-node that this program started, and its log.
#pragma once

#include "console/cluster/running_process.h"

#include <QFile>
#include <QObject>
#include <QProcess>
#include <QStringList>
#include <QTimer>

#include <memory>

namespace quoit {

/// Where a node listens, "host:port"; port 0: a free one.
struct NodeAddresses
{
    QString client = QStringLiteral("127.0.0.1:0");
    QString peer = QStringLiteral("127.0.0.1:0");
    QString http = QStringLiteral("127.0.0.1:0");
};

/// A child that can be let go.
class ChildProcess : public QProcess
{
public:
    using QProcess::QProcess;
    /// It runs on, and this is as if it had never been started.
    void forget() { setProcessState(QProcess::NotRunning); }
};

/// Ends with this program, however that ends (the node sees the end of its standard input), unless leave() has let it go. One
/// that an earlier program has left, or that another one runs, is taken over instead of being started a second time.
class NodeProcess : public QObject
{
    Q_OBJECT

public:
    enum class State {
        Stopped,  ///< never started, or ended as it was told
        Starting, ///< runs, doesn't serve yet
        Running,
        Stopping,
        Failed, ///< ended by itself; see problem()
    };
    static constexpr int logLinesMax = 2000;
    static constexpr qint64 logFileBytesMax = 8 * 1024 * 1024; ///< then a new file is begun
    static constexpr int stopMs = 5000; ///< to finish and flush after SIGTERM, before SIGKILL

    /// @param program path of quoit-node
    NodeProcess(QString name, QString program, QString folder, QObject* parent = nullptr);
    /// Stops the process and waits for its end.
    ~NodeProcess() override;

    const QString& name() const { return m_name; }
    State state() const { return m_state; }
    /// How the last process ended, to come after its name: "was killed", "was stopped", "crashed (signal 11)"; empty before.
    const QString& endText() const { return m_endText; }
    /// A sentence for people; empty unless Failed.
    const QString& problem() const { return m_problem; }
    /// What the node said it got, once it serves; before, what it is to be given at the next start.
    const NodeAddresses& addresses() const { return m_addresses; }
    void setAddresses(const NodeAddresses& addresses) { m_addresses = addresses; }
    qint64 processId() const { return m_found ? m_found->processId() : m_process.processId(); }
    /// [≤ logLinesMax] oldest first
    const QStringList& log() const { return m_log; }
    /// Everything the node said, in its folder: this process and the ones before. The file before it is kept as node.log.1.
    QString logFile() const;
    bool isAlive() const { return m_found || m_process.state() != QProcess::NotRunning; }

    /// Nothing happens while it is alive. A process that runs on its folder already is taken over.
    void start();
    /// SIGTERM, and SIGKILL after stopMs.
    void stop();
    /// SIGKILL.
    void kill();
    /// stop() if it is alive, then start().
    void restart();
    /// SIGTERM without a state change to wait for; the destructor does the rest.
    void askToEnd();
    /// Lets the process run on when this program ends. It isn't ours any more: nothing is told of it, the destructor leaves it.
    /// @return false if it couldn't be told, and nothing has changed
    bool leave();

Q_SIGNALS:
    void stateChanged();
    /// The process is gone; endText() says how.
    void ended();
    /// It serves; addresses() are final.
    void ready();
    /// One line was added at the end of log(); one at the front may have gone.
    void logAppended(const QString& line);

private:
    void readOutput();
    void append(const QString& line);
    void writeToFile(const QString& line);
    void lookForReadyFile();
    void onFinished(int exitCode, QProcess::ExitStatus status);
    void onEnded(const QString& endText, const QString& problem);
    bool takeOver();
    void send(int signal);
    bool waitForEnd(int milliseconds);
    void setState(State state, const QString& problem = {});
    QString readyFile() const;

    const QString m_name;
    const QString m_program;
    const QString m_folder;
    NodeAddresses m_addresses;
    ChildProcess m_process;
    std::unique_ptr<RunningProcess> m_found; ///< in its place: a process that was there before
    QTimer m_readyTimer;
    QTimer m_killTimer;
    State m_state = State::Stopped;
    QString m_problem;
    QString m_endText;
    QStringList m_log;
    QFile m_logFile; ///< open from the first start on, as far as that is possible
    QByteArray m_partialLine;
    bool m_isEndExpected = false;
    bool m_isKilled = false; ///< by kill()
    bool m_isRestarting = false;
};

} // namespace quoit
