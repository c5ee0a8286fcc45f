// console/cluster/local_cluster.h - a cluster of nodes on this machine, as child processes with their own data folders.
// The folder's cluster.json remembers names and ports, since the map that the nodes share names them.
#pragma once

#include "console/cluster/cluster_formation.h"
#include "console/cluster/node_process.h"

#include <QObject>

#include <memory>
#include <vector>

namespace quoit {

class LocalCluster : public QObject
{
    Q_OBJECT

public:
    static constexpr int nodesMax = 9;
    enum class State { Idle, Starting, Forming, Serving, Failed };
    struct Options
    {
        QString program = findNodeProgram(); ///< path of quoit-node
        QString folder = defaultFolder();
        FormationOptions formation;
        quint16 firstClientPort = 0; ///< of a new cluster's first node, the next ones count up; 0: free ports
    };

    explicit LocalCluster(Options options, QObject* parent = nullptr);
    /// Stops all nodes and waits for their end.
    ~LocalCluster() override;

    /// Beside this program's own executable.
    static QString findNodeProgram();
    /// In the user's folder for application data.
    static QString defaultFolder();
    /// How many nodes the cluster in a folder has; 0: there is none.
    static int nodeCountIn(const QString& folder);

    /// Starts the cluster that the folder holds, or makes a new one. Ends in serving() or failed().
    /// @param nodeCount 1 … nodesMax, for a new one
    void start(int nodeCount);
    /// SIGTERM to all; then allStopped().
    void stopAll();

    State state() const { return m_state; }
    const QString& problem() const { return m_problem; }
    /// What it is doing while it starts; a sentence for people.
    const QString& progress() const { return m_progress; }
    const QString& folder() const { return m_options.folder; }
    int nodeCount() const { return int(m_nodes.size()); }
    /// @param index 0 … nodeCount() - 1; the node with the id index + 1
    NodeProcess* node(int index) const { return m_nodes[std::size_t(index)].get(); }
    /// The process that serves a client address; nullptr: none of ours.
    NodeProcess* nodeAt(const QString& clientAddress) const;
    QStringList addresses() const;
    bool isAnyAlive() const;

Q_SIGNALS:
    void stateChanged();
    /// The state of a node has changed.
    void nodeChanged(int index);
    void serving(const QStringList& addresses);
    void failed(const QString& reason);
    void allStopped();

private:
    QString fileName() const;
    void load();
    bool save();
    void onNodeReady();
    void onNodeStateChanged(int index);
    void form();
    void setState(State state, const QString& text);

    const Options m_options;
    std::vector<std::unique_ptr<NodeProcess>> m_nodes;
    std::unique_ptr<ClusterFormation> m_formation;
    State m_state = State::Idle;
    QString m_problem;
    QString m_progress;
    bool m_isFormed = false;
    bool m_isStopping = false;
};

} // namespace quoit
