// How nodes of a local cluster come and go; declared in local_cluster.h.
#include "console/cluster/local_cluster.h"

#include <QDateTime>
#include <QDir>
#include <QRegularExpression>

#include <algorithm>

namespace quoit {

namespace {

constexpr int leaveMs = 10'000; // who has left stops by itself; if it doesn't, it is told to

} // namespace

std::vector<LocalCluster::Node>::iterator LocalCluster::find(const NodeProcess* process)
{
    return std::ranges::find_if(m_nodes, [process](const Node& node) { return node.process.get() == process; });
}

NodeProcess& LocalCluster::append(const QString& name, Role role)
{
    m_nodes.push_back(
        {std::make_unique<NodeProcess>(name, m_options.program, m_options.folder + QLatin1Char('/') + name), role});
    NodeProcess* process = m_nodes.back().process.get();
    connect(process, &NodeProcess::ready, this, [this, process] { onNodeReady(process); });
    connect(process, &NodeProcess::stateChanged, this, [this, process] { onNodeStateChanged(process); });
    connect(process, &NodeProcess::ended, this, [this, process] {
        if (const auto node = find(process); node != m_nodes.end() && node->role == Role::Member && !m_isStopping)
            Q_EMIT nodeEnded(process->addresses().client, process->endText());
    });
    return *process;
}

/// A number that no node here had before, so that logs and folders of those that have left can't be taken for its own.
QString LocalCluster::nextName() const
{
    static const QRegularExpression pattern(QStringLiteral("^node-(\\d+)"));
    QStringList names = QDir(m_options.folder).entryList(QDir::Dirs | QDir::NoDotAndDotDot);
    for (const Node& node : m_nodes)
        names << node.process->name();
    int last = 0;
    for (const QString& name : names)
        last = std::max(last, pattern.match(name).captured(1).toInt());
    return QStringLiteral("node-%1").arg(last + 1);
}

NodeProcess* LocalCluster::addNode()
{
    const auto waiting = std::ranges::find(m_nodes, Role::Waiting, &Node::role);
    if (waiting != m_nodes.end()) {
        waiting->process->start();
        return waiting->process.get();
    }
    if (nodeCount() >= nodesMax || !m_isFormed || m_isStopping)
        return nullptr;
    NodeProcess& process = append(nextName(), Role::Waiting);
    save();
    process.start();
    Q_EMIT nodeCountChanged();
    return &process;
}

void LocalCluster::discard(NodeProcess* process)
{
    const auto node = find(process);
    if (node == m_nodes.end() || node->role != Role::Waiting)
        return;
    node->role = Role::Discarded;
    save();
    if (process->isAlive())
        process->stop(); // forgotten when it has ended
    else
        QTimer::singleShot(0, process, [this, process] { forget(process); });
}

void LocalCluster::follow(const ClusterMap& map)
{
    const auto isIn = [&map](const Node& node) {
        const std::string address = node.process->addresses().client.toStdString();
        return std::ranges::any_of(map.members(),
                                   [&](const Member& member) { return member.clientAddress == address; });
    };
    const auto isServing = [&](const Node& node) { return node.process->isAlive() && isIn(node); };
    if (!m_isFormed || m_isStopping)
        return;
    // A folder of an earlier version doesn't say which cluster it is: the one that lists what serves here.
    if (m_clusterId.isEmpty() && std::ranges::any_of(m_nodes, isServing))
        m_clusterId = QString::fromStdString(map.clusterId());
    if (map.clusterId() != m_clusterId.toStdString() || map.epoch() < m_epoch)
        return;
    m_epoch = map.epoch();
    bool isChanged = false;
    for (Node& node : m_nodes) {
        if (node.role == Role::Waiting && isIn(node)) {
            node.role = Role::Member;
            isChanged = true;
        } else if (node.role == Role::Member && !isIn(node)) {
            letGo(node);
            isChanged = true;
        }
    }
    if (isChanged)
        save();
}

void LocalCluster::letGo(Node& node)
{
    node.role = Role::Leaving;
    NodeProcess* process = node.process.get();
    if (process->isAlive())
        QTimer::singleShot(leaveMs, process, &NodeProcess::stop);
    else
        QTimer::singleShot(0, process, [this, process] { forget(process); });
}

void LocalCluster::forget(NodeProcess* process)
{
    const auto node = find(process);
    if (node == m_nodes.end() || process->isAlive())
        return;
    const bool isDiscarded = node->role == Role::Discarded;
    const QString name = process->name();
    process->disconnect(this);
    node->process.release()->deleteLater();
    m_nodes.erase(node);
    save();
    QDir folder(m_options.folder);
    if (isDiscarded) {
        QDir(folder.filePath(name)).removeRecursively();
    } else {
        const QString kept =
            name + QStringLiteral("-left-") + QDateTime::currentDateTime().toString(QStringLiteral("yyyyMMdd-hhmmss"));
        Q_EMIT nodeLeft(name, folder.rename(name, kept) ? folder.filePath(kept) : QString());
    }
    Q_EMIT nodeCountChanged();
}

} // namespace quoit
