// console/terminal/dev_command.cpp - a cluster on this machine, in the foreground, with the live view. Which processes
// run, and how they become a cluster, is console/cluster's; here are the screen, the keys and the end.
#include "console/terminal/commands.h"

#include "console/cluster/local_cluster.h"
#include "console/terminal/interrupt.h"
#include "console/terminal/json_text.h"
#include "console/terminal/keyboard.h"
#include "console/terminal/live_screen.h"

#include <QEventLoop>
#include <QTemporaryDir>

#include <memory>
#include <optional>

namespace quoit::terminal {

namespace {

constexpr quint16 usualPort = 7400;

LocalCluster::Options clusterOptions(const Options& options, const QString& folder, quint16 firstPort)
{
    LocalCluster::Options cluster;
    cluster.folder = folder;
    cluster.firstClientPort = firstPort;
    cluster.formation = {
        .partitionCount = options.partitions, .replicaCount = options.replicas, .vnodesPerWeight = options.vnodes};
    return cluster;
}

/// One run of `quoit dev`, from the start of the nodes to their end.
class DevRun : public QObject
{
public:
    DevRun(Output& output, const Options& options, const QString& folder)
        : m_output(output)
        , m_options(options)
        , m_folder(folder)
    {
        connect(&m_interrupt, &Interrupt::requested, this, &DevRun::end);
    }

    int exec()
    {
        // The ring that all nodes share names their ports.
        const QStringList known = LocalCluster::addressesIn(m_folder);
        const quint16 port = m_options.port.value_or(0);
        if (port > 0 && !known.isEmpty() && !known.first().endsWith(QStringLiteral(":%1").arg(port))) {
            m_output.complain("The cluster in " + printable(m_folder.toStdString()) + " has its nodes at " +
                              known.join(QStringLiteral(", ")).toStdString() +
                              " for good. Leave --port out to start it there, or name another --dir for a new one.");
            return exitUsage;
        }
        const int kept = LocalCluster::nodeCountIn(m_folder);
        if (kept > 0 && kept != static_cast<int>(m_options.nodes))
            m_output.note("The cluster in " + m_folder.toStdString() + " has " + std::to_string(kept) +
                          " nodes; it goes on with them.");
        start(m_options.port.value_or(usualPort));
        m_loop.exec();
        return m_code;
    }

private:
    void start(quint16 firstPort)
    {
        m_firstPort = firstPort;
        m_cluster = std::make_unique<LocalCluster>(clusterOptions(m_options, m_folder, firstPort));
        LocalCluster* cluster = m_cluster.get();
        connect(cluster, &LocalCluster::stateChanged, this, &DevRun::showProgress);
        connect(cluster, &LocalCluster::serving, this, &DevRun::onServing);
        connect(cluster, &LocalCluster::failed, this, &DevRun::onFailed);
        connect(cluster, &LocalCluster::nodeChanged, this, &DevRun::onNodeChanged);
        connect(cluster, &LocalCluster::allStopped, &m_loop, &QEventLoop::quit);
        // Failures at once must find the loop running.
        QTimer::singleShot(0, cluster, [this] { m_cluster->start(static_cast<int>(m_options.nodes)); });
    }

    void showProgress()
    {
        if (!m_options.json && !m_cluster->progress().isEmpty())
            m_output.note(printable(m_cluster->progress().toStdString()) + " ...");
    }

    void onServing(const QStringList& addresses)
    {
        if (m_options.json) {
            std::vector<std::string> list;
            std::vector<std::string> processes;
            for (int i = 0; i < addresses.size(); ++i) {
                list.push_back(jsonString(addresses[i].toStdString()));
                processes.push_back(std::to_string(m_cluster->node(i)->processId()));
            }
            m_output.line(jsonObject({{"addresses", jsonList(list)},
                                      {"pids", jsonList(processes)},
                                      {"dir", jsonString(m_cluster->folder().toStdString())}}));
            return;
        }
        if (!m_output.isTerminal()) {
            m_output.line("The cluster serves at " + addresses.join(QStringLiteral(", ")).toStdString() + "; data in " +
                          m_cluster->folder().toStdString() + ". SIGTERM or Ctrl+C ends it.");
            return;
        }
        Options options = m_options;
        options.address = addresses.join(QLatin1Char(',')).toStdString();
        m_session = std::make_unique<Session>(options, m_output);
        m_screen = std::make_unique<LiveScreen>(*m_session, "quoit dev", false);
        m_keyboard = std::make_unique<Keyboard>();
        connect(m_keyboard.get(), &Keyboard::pressed, this, &DevRun::onKey);
        m_session->client().connectTo(addresses);
        showFooter();
    }

    void showFooter()
    {
        if (!m_screen)
            return;
        std::string processes = "processes:";
        for (int i = 0; i < m_cluster->nodeCount(); ++i) {
            const NodeProcess& node = *m_cluster->node(i);
            processes += "  " + std::to_string(i + 1) + " " +
                         (node.isAlive() ? "pid " + std::to_string(node.processId()) : std::string("ended"));
        }
        std::vector<std::string> lines = {processes, "data and logs (node.log) in " + m_cluster->folder().toStdString()};
        for (int i = 0; i < m_cluster->nodeCount(); ++i)
            if (const NodeProcess& node = *m_cluster->node(i); node.state() == NodeProcess::State::Failed)
                lines.push_back(printable(node.name().toStdString() + ": " + node.problem().toStdString() +
                                          " Its log: " + node.logFile().toStdString()));
        if (m_keyboard->isThere())
            lines.push_back("Keys 1 - " + std::to_string(m_cluster->nodeCount()) +
                            " kill that node (SIGKILL) or start it again; q or Ctrl+C ends the cluster.");
        m_screen->setFooter(std::move(lines));
    }

    void onKey(char key)
    {
        const int index = key - '1';
        if (key == 'q' || key == 'Q')
            return end();
        if (index < 0 || index >= m_cluster->nodeCount())
            return;
        NodeProcess& node = *m_cluster->node(index);
        if (node.isAlive())
            node.kill();
        else
            node.start();
    }

    void onNodeChanged(int index)
    {
        showFooter();
        const NodeProcess& node = *m_cluster->node(index);
        if (!m_screen && node.state() == NodeProcess::State::Failed)
            m_output.note(printable(node.name().toStdString() + ": " + node.problem().toStdString() +
                                    " Its log: " + node.logFile().toStdString()));
    }

    void onFailed(const QString& reason)
    {
        // Nobody asked for the usual ports in so many words: somebody else's program there is no reason to give up.
        if (!m_options.port && m_firstPort == usualPort && !m_screen && !m_interrupt.isRequested() &&
            LocalCluster::nodeCountIn(m_folder) == 0) {
            m_output.note(printable(reason.toStdString()) + "\nTrying again with free ports ...");
            m_firstPort = 0;
            QTimer::singleShot(0, this, [this] { start(0); });
            return;
        }
        closeScreen();
        m_output.complain(printable(reason.toStdString()));
        m_code = exitNotDone;
        end();
    }

    void end()
    {
        closeScreen();
        if (!m_options.json && m_cluster->isAnyAlive())
            m_output.note("Ending the nodes ...");
        m_cluster->stopAll();
    }

    void closeScreen()
    {
        m_keyboard.reset();
        m_screen.reset();
        m_session.reset();
    }

    Output& m_output;
    const Options& m_options;
    const QString m_folder;
    quint16 m_firstPort = 0;
    std::unique_ptr<LocalCluster> m_cluster;
    Interrupt m_interrupt;
    QEventLoop m_loop;
    std::unique_ptr<Session> m_session;
    std::unique_ptr<LiveScreen> m_screen; ///< shows m_session
    std::unique_ptr<Keyboard> m_keyboard;
    int m_code = exitDone;
};

} // namespace

int runDev(Output& output, const Options& options)
{
    std::optional<QTemporaryDir> temporary;
    QString folder = QString::fromLocal8Bit(options.dataDir.c_str());
    if (folder.isEmpty()) {
        temporary.emplace();
        if (!temporary->isValid()) {
            output.complain("No temporary folder can be made: " + temporary->errorString().toStdString() +
                            " (--dir DIR names another one.)");
            return exitNotDone;
        }
        folder = temporary->path();
    }
    DevRun run(output, options, folder);
    return run.exec();
}

} // namespace quoit::terminal
