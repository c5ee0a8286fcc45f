#include "console/cluster/local_cluster.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSaveFile>
#include <QStandardPaths>

#include <algorithm>

namespace quoit {

namespace {

QJsonObject readJson(const QString& fileName)
{
    QFile file(fileName);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    return QJsonDocument::fromJson(file.readAll()).object();
}

QJsonArray nodesIn(const QJsonObject& json)
{
    return json.value(QLatin1String("nodes")).toArray();
}

QString fileIn(const QString& folder)
{
    return folder + QStringLiteral("/cluster.json");
}

} // namespace

LocalCluster::LocalCluster(Options options, QObject* parent)
    : QObject(parent)
    , m_options(std::move(options))
{}

LocalCluster::~LocalCluster()
{
    // All at once, so that the waits overlap.
    for (const Node& node : m_nodes) {
        node.process->disconnect(this);
        node.process->askToEnd();
    }
}

QString LocalCluster::findNodeProgram()
{
    const QString beside = QCoreApplication::applicationDirPath() + QStringLiteral("/quoit-node");
    return QFile::exists(beside) ? beside : QStandardPaths::findExecutable(QStringLiteral("quoit-node"));
}

QString LocalCluster::defaultFolder()
{
    return QStandardPaths::writableLocation(QStandardPaths::AppDataLocation) + QStringLiteral("/local");
}

int LocalCluster::nodeCountIn(const QString& folder)
{
    int count = 0;
    for (const QJsonValue& value : nodesIn(readJson(fileIn(folder))))
        count += !value.toObject().value(QLatin1String("waiting")).toBool();
    return count;
}

int LocalCluster::runningCountIn(const QString& folder)
{
    int count = 0;
    for (const QJsonValue& value : nodesIn(readJson(fileIn(folder)))) {
        const QString name = value.toObject().value(QLatin1String("name")).toString();
        count += RunningProcess::lockHolder(folder + QLatin1Char('/') + name) != nullptr;
    }
    return count;
}

QStringList LocalCluster::addressesIn(const QString& folder)
{
    QStringList list;
    for (const QJsonValue& value : nodesIn(readJson(fileIn(folder))))
        if (!value.toObject().value(QLatin1String("waiting")).toBool())
            list << value.toObject().value(QLatin1String("client")).toString();
    return list;
}

void LocalCluster::start(int nodeCount)
{
    if (m_state == State::Starting || m_state == State::Forming || isAnyAlive())
        return;
    m_nodes.clear();
    m_isFormed = false;
    m_isStopping = false;
    if (m_options.program.isEmpty())
        return setState(State::Failed, tr("The program quoit-node wasn't found beside this one."));
    if (!QDir().mkpath(m_options.folder))
        return setState(State::Failed, tr("The folder %1 can't be made.").arg(m_options.folder));
    load();
    for (int i = int(m_nodes.size()); m_nodes.size() < std::size_t(std::clamp(nodeCount, 1, nodesMax)) && !m_isFormed;
         ++i) {
        NodeProcess& process = append(QStringLiteral("node-%1").arg(i + 1), Role::Member);
        if (m_options.firstClientPort > 0)
            process.setAddresses({.client = QStringLiteral("127.0.0.1:%1").arg(m_options.firstClientPort + i)});
    }
    setState(State::Starting, tr("Starting %1 nodes").arg(m_nodes.size()));
    for (int i = 0; i < this->nodeCount() && m_state == State::Starting; ++i)
        node(i)->start();
}

void LocalCluster::stopAll()
{
    m_isStopping = true;
    m_formation.reset();
    for (const Node& node : m_nodes)
        node.process->stop();
    if (!isAnyAlive())
        QTimer::singleShot(0, this, &LocalCluster::allStopped);
}

bool LocalCluster::leaveRunning()
{
    m_isStopping = true;
    m_formation.reset();
    bool isAll = true;
    for (const Node& node : m_nodes)
        isAll = node.process->leave() && isAll;
    m_isStopping = isAll;
    return isAll;
}

NodeProcess* LocalCluster::nodeAt(const QString& clientAddress) const
{
    const auto found = std::ranges::find_if(
        m_nodes, [&](const Node& node) { return node.process->addresses().client == clientAddress; });
    return found == m_nodes.end() ? nullptr : found->process.get();
}

QStringList LocalCluster::addresses() const
{
    QStringList list;
    for (const Node& node : m_nodes)
        if (node.role == Role::Member)
            list << node.process->addresses().client;
    return list;
}

bool LocalCluster::isAnyAlive() const
{
    return std::ranges::any_of(m_nodes, [](const Node& node) { return node.process->isAlive(); });
}

QString LocalCluster::fileName() const
{
    return fileIn(m_options.folder);
}

void LocalCluster::load()
{
    const QJsonObject json = readJson(fileName());
    m_isFormed = json.value(QLatin1String("formed")).toBool();
    m_clusterId = json.value(QLatin1String("cluster")).toString();
    m_epoch = json.value(QLatin1String("epoch")).toString().toULongLong();
    for (const QJsonValue& value : nodesIn(json)) {
        const QJsonObject entry = value.toObject();
        NodeProcess& process = append(entry.value(QLatin1String("name")).toString(),
                                      entry.value(QLatin1String("waiting")).toBool() ? Role::Waiting : Role::Member);
        process.setAddresses({entry.value(QLatin1String("client")).toString(),
                              entry.value(QLatin1String("peer")).toString(),
                              entry.value(QLatin1String("http")).toString()});
    }
}

bool LocalCluster::save()
{
    QJsonArray nodes;
    for (const Node& node : m_nodes) {
        QJsonObject entry{{QStringLiteral("name"), node.process->name()},
                          {QStringLiteral("client"), node.process->addresses().client},
                          {QStringLiteral("peer"), node.process->addresses().peer},
                          {QStringLiteral("http"), node.process->addresses().http}};
        if (node.role == Role::Waiting)
            entry.insert(QStringLiteral("waiting"), true);
        if (node.role != Role::Discarded)
            nodes.append(entry);
    }
    QSaveFile file(fileName());
    if (!file.open(QIODevice::WriteOnly))
        return false;
    file.write(QJsonDocument(QJsonObject{{QStringLiteral("formed"), m_isFormed},
                                         {QStringLiteral("cluster"), m_clusterId},
                                         {QStringLiteral("epoch"), QString::number(m_epoch)},
                                         {QStringLiteral("nodes"), nodes}})
                   .toJson());
    return file.commit();
}

void LocalCluster::onNodeReady(NodeProcess* process)
{
    if (m_isStopping)
        return;
    if (const auto node = find(process); node == m_nodes.end() || node->role != Role::Member) {
        save(); // its ports
        return;
    }
    if (m_isFormed) {
        // One that serves is enough to look at; the others are seen as they come.
        if (m_state == State::Starting) {
            setState(State::Serving, {});
            Q_EMIT serving(addresses());
        }
        return;
    }
    const auto isRunning = [](const Node& node) { return node.process->state() == NodeProcess::State::Running; };
    if (m_state == State::Starting && std::ranges::all_of(m_nodes, isRunning))
        form();
}

void LocalCluster::form()
{
    // The ports are remembered before anybody learns them from the map: an attempt that is cut short goes on with them.
    if (!save())
        return setState(State::Failed, tr("%1 can't be written.").arg(fileName()));
    setState(State::Forming, tr("Making one ring of %1 nodes").arg(m_nodes.size()));
    m_formation = std::make_unique<ClusterFormation>(addresses(), m_options.formation);
    connect(m_formation.get(), &ClusterFormation::failed, this, [this](const QString& reason) {
        m_formation.release()->deleteLater();
        setState(State::Failed, reason);
    });
    connect(m_formation.get(), &ClusterFormation::formed, this, [this](const ClusterMapPtr& map) {
        m_formation.release()->deleteLater();
        m_isFormed = true;
        m_clusterId = QString::fromStdString(map->clusterId());
        if (!save())
            return setState(State::Failed, tr("%1 can't be written.").arg(fileName()));
        setState(State::Serving, {});
        Q_EMIT serving(addresses());
    });
    m_formation->start();
}

void LocalCluster::onNodeStateChanged(NodeProcess* process)
{
    const auto found = find(process);
    if (found == m_nodes.end())
        return;
    const bool isGoing = found->role == Role::Leaving || found->role == Role::Discarded;
    if (isGoing && !process->isAlive() && !m_isStopping)
        QTimer::singleShot(0, process, [this, process] { forget(process); }); // it is calling us
    const bool isMember = found->role == Role::Member;
    Q_EMIT nodeChanged(int(found - m_nodes.begin()));
    const NodeProcess& changed = *process;
    if (m_isStopping) {
        if (!isAnyAlive()) {
            setState(State::Idle, {});
            Q_EMIT allStopped();
        }
        return;
    }
    const bool isNeeded = !m_isFormed || std::ranges::none_of(m_nodes, [](const Node& node) {
        return node.process->state() == NodeProcess::State::Starting ||
               node.process->state() == NodeProcess::State::Running;
    });
    if (isMember && changed.state() == NodeProcess::State::Failed && isNeeded && m_state != State::Serving)
        setState(State::Failed,
                 tr("%1: %2 %3")
                     .arg(changed.name(), changed.problem(),
                          changed.log().mid(std::max<qsizetype>(0, changed.log().size() - 3)).join(QLatin1Char(' '))));
}

void LocalCluster::setState(State state, const QString& text)
{
    m_state = state;
    m_problem = state == State::Failed ? text : QString();
    m_progress = state == State::Starting || state == State::Forming ? text : QString();
    Q_EMIT stateChanged();
    if (state == State::Failed)
        Q_EMIT failed(text);
}

} // namespace quoit
