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
    /// Stops all nodes that aren't left running, and waits for their end.
    ~LocalCluster() override;

    /// Beside this program's own executable.
    static QString findNodeProgram();
    /// In the user's folder for application data.
    static QString defaultFolder();
    /// How many nodes the cluster in a folder has; 0: there is none.
    static int nodeCountIn(const QString& folder);
    /// How many of them run at this moment, whoever started them.
    static int runningCountIn(const QString& folder);
    /// Client addresses of the cluster in a folder, in the order of its nodes; empty: there is none.
    static QStringList addressesIn(const QString& folder);

    /// Starts the cluster that the folder holds, or makes a new one; nodes that run already are taken over. Ends in serving() or failed().
    /// @param nodeCount 1 … nodesMax, for a new one
    void start(int nodeCount);
    /// SIGTERM to all; then allStopped().
    void stopAll();
    /// Lets all nodes run on when this program ends; nothing is told of them any more.
    /// @return false if some couldn't be told: those are stopped with this program
    bool leaveRunning();

    State state() const { return m_state; }
    const QString& problem() const { return m_problem; }
    /// What it is doing while it starts; a sentence for people.
    const QString& progress() const { return m_progress; }
    const QString& folder() const { return m_options.folder; }
    int nodeCount() const { return int(m_nodes.size()); }
    /// @param index 0 … nodeCount() - 1; in the order in which they came
    NodeProcess* node(int index) const { return m_nodes[std::size_t(index)].process.get(); }
    /// The process that serves a client address; nullptr: none of ours.
    NodeProcess* nodeAt(const QString& clientAddress) const;
    /// Of the members.
    QStringList addresses() const;
    bool isAnyAlive() const;

    /// One more node with a fresh folder, that waits for a cluster; one that waits already is taken instead. It becomes a member by a plan, as
    /// nodes elsewhere do. @return nullptr if there are nodesMax; borrowed until discard(), or until the node has left
    NodeProcess* addNode();
    /// Ends a node that waits, and deletes its folder: it has never held data.
    void discard(NodeProcess* node);
    /// Learns from the ring who has come in and who has left. One that has left stops by itself; its folder is set aside under another
    /// name, since no node may ever use it again. Maps of other clusters and older ones are ignored.
    void follow(const ClusterMap& map);

Q_SIGNALS:
    void stateChanged();
    /// The state of a node has changed.
    void nodeChanged(int index);
    /// The process of a member is gone: known here before the others miss it. @param how as NodeProcess::endText()
    void nodeEnded(const QString& clientAddress, const QString& how);
    void serving(const QStringList& addresses);
    void failed(const QString& reason);
    void allStopped();
    /// @param folder where its data lies now; empty: it couldn't be set aside
    void nodeLeft(const QString& name, const QString& folder);
    /// A node came or went.
    void nodeCountChanged();

private:
    enum class Role {
        Member,
        Waiting,   ///< for a cluster
        Leaving,   ///< the ring doesn't list it any more
        Discarded, ///< it never was in the ring
    };
    struct Node
    {
        std::unique_ptr<NodeProcess> process;
        Role role = Role::Member;
    };

    QString fileName() const;
    void load();
    bool save();
    std::vector<Node>::iterator find(const NodeProcess* process);
    NodeProcess& append(const QString& name, Role role);
    QString nextName() const;
    void letGo(Node& node);
    void forget(NodeProcess* process);
    void onNodeReady(NodeProcess* process);
    void onNodeStateChanged(NodeProcess* process);
    void form();
    void setState(State state, const QString& text);

    const Options m_options;
    std::vector<Node> m_nodes;
    QString m_clusterId; ///< empty: not known yet
    quint64 m_epoch = 0; ///< of the newest map that was followed
    std::unique_ptr<ClusterFormation> m_formation;
    State m_state = State::Idle;
    QString m_problem;
    QString m_progress;
    bool m_isFormed = false;
    bool m_isStopping = false;
};

} // namespace quoit
