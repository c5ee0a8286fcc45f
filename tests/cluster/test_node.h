// tests/cluster/test_node.h - one quoit-node process that a test starts, kills, pauses and gives a bad disk.
#pragma once

#include "tests/cluster/held_file.h"

#include <QProcess>
#include <QString>
#include <QStringList>

#include <cstdint>
#include <functional>

namespace quoit::test {

/// Runs the event loop for a while.
void pass(int milliseconds);

/// Runs the event loop until the condition holds. @return false if it doesn't in time
bool passUntil(int milliseconds, const std::function<bool()>& condition);

/// Ends with this process, however that ends, even when it is paused.
class TestNode
{
public:
    /// @param folder gets the data folder, the log of all its lives and the ready file; made if it is missing
    TestNode(const QString& name, const QString& program, const QString& folder);
    /// SIGTERM, later SIGKILL.
    ~TestNode();
    TestNode(const TestNode&) = delete;
    TestNode& operator=(const TestNode&) = delete;

    /// At free ports, new ones each time.
    void start();
    /// Beside those that it needs; from its next start on.
    void setOptions(const QStringList& options) { m_options = options; }
    /// @return false if it ends or doesn't serve in time
    bool waitUntilReady(int milliseconds);
    /// SIGKILL. Returns when the process is gone.
    void kill();
    /// SIGTERM. @return how long the process took to end, ms; -1: longer than the limit, and it was killed
    int stop(int milliseconds);
    void pause();
    void resume();
    /// Bounded by the limit. @return true if the process ended by itself
    bool waitForEnd(int milliseconds);

    qint64 processId() const { return m_process.processId(); } ///< 0 if it doesn't run
    bool isAlive() const { return m_process.state() != QProcess::NotRunning; }
    bool isPaused() const { return m_isPaused; }
    /// How the lives ended that nobody ended: sentences. A failed disk is a reason, a crash never is.
    const QStringList& ownEnds() const { return m_ownEnds; }
    /// "host:port" since waitUntilReady(); empty while it doesn't run.
    QString clientAddress() const;
    std::uint16_t peerPort() const { return m_peerPort; }
    const QString& name() const { return m_name; }
    QString dataFolder() const { return m_folder + QStringLiteral("/data"); }
    QString logFile() const { return m_folder + QStringLiteral("/log"); }
    /// All that the process has said in all its lives.
    QString log() const;
    /// From now on; only quoit-node-faulty knows them.
    void setFaults(const DiskFaults& faults);

private:
    QString readyFile() const { return m_folder + QStringLiteral("/ready"); }
    bool readReadyFile();
    void onFinished(int exitCode, QProcess::ExitStatus status);
    void signal(int number);

    const QString m_name;
    const QString m_program;
    const QString m_folder;
    QStringList m_options;
    QProcess m_process;
    QStringList m_ownEnds;
    bool m_isPaused = false;
    bool m_isEndExpected = false;
    QString m_clientAddress;
    std::uint16_t m_peerPort = 0;
};

} // namespace quoit::test
