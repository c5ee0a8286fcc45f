// console/cluster/node_process.h - one quoit-node that this program started, and its log.
#pragma once

#include <QObject>
#include <QProcess>
#include <QStringList>
#include <QTimer>

namespace quoit {

/// Where a node listens, "host:port"; port 0: a free one.
struct NodeAddresses
{
    QString client = QStringLiteral("127.0.0.1:0");
    QString peer = QStringLiteral("127.0.0.1:0");
    QString http = QStringLiteral("127.0.0.1:0");
};

/// Ends with this program, however that ends (Linux tells the child of its parent's death).
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
    qint64 processId() const { return m_process.processId(); }
    /// [≤ logLinesMax] oldest first
    const QStringList& log() const { return m_log; }
    bool isAlive() const { return m_process.state() != QProcess::NotRunning; }

    /// Nothing happens while it is alive.
    void start();
    /// SIGTERM, and SIGKILL after stopMs.
    void stop();
    /// SIGKILL.
    void kill();
    /// stop() if it is alive, then start().
    void restart();
    /// SIGTERM without a state change to wait for; the destructor does the rest.
    void askToEnd();

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
    void lookForReadyFile();
    void onFinished(int exitCode, QProcess::ExitStatus status);
    void setState(State state, const QString& problem = {});
    QString readyFile() const;

    const QString m_name;
    const QString m_program;
    const QString m_folder;
    NodeAddresses m_addresses;
    QProcess m_process;
    QTimer m_readyTimer;
    QTimer m_killTimer;
    State m_state = State::Stopped;
    QString m_problem;
    QString m_endText;
    QStringList m_log;
    QByteArray m_partialLine;
    bool m_isEndExpected = false;
    bool m_isKilled = false; ///< by kill()
    bool m_isRestarting = false;
};

} // namespace quoit
