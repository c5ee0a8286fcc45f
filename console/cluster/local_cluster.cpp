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
    for (const auto& node : m_nodes) {
        node->disconnect(this);
        node->askToEnd();
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
    return int(nodesIn(readJson(fileIn(folder))).size());
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
        const QString name = QStringLiteral("node-%1").arg(i + 1);
        m_nodes.push_back(
            std::make_unique<NodeProcess>(name, m_options.program, m_options.folder + QLatin1Char('/') + name));
        if (m_options.firstClientPort > 0)
            m_nodes.back()->setAddresses({.client = QStringLiteral("127.0.0.1:%1").arg(m_options.firstClientPort + i)});
    }
    for (int i = 0; i < this->nodeCount(); ++i) {
        connect(node(i), &NodeProcess::ready, this, &LocalCluster::onNodeReady);
        connect(node(i), &NodeProcess::stateChanged, this, [this, i] { onNodeStateChanged(i); });
    }
    setState(State::Starting, tr("Starting %1 nodes").arg(m_nodes.size()));
    for (int i = 0; i < this->nodeCount() && m_state == State::Starting; ++i)
        node(i)->start();
}

void LocalCluster::stopAll()
{
    m_isStopping = true;
    m_formation.reset();
    for (const auto& node : m_nodes)
        node->stop();
    if (!isAnyAlive())
        QTimer::singleShot(0, this, &LocalCluster::allStopped);
}

NodeProcess* LocalCluster::nodeAt(const QString& clientAddress) const
{
    const auto found =
        std::ranges::find_if(m_nodes, [&](const auto& node) { return node->addresses().client == clientAddress; });
    return found == m_nodes.end() ? nullptr : found->get();
}

QStringList LocalCluster::addresses() const
{
    QStringList list;
    for (const auto& node : m_nodes)
        list << node->addresses().client;
    return list;
}

bool LocalCluster::isAnyAlive() const
{
    return std::ranges::any_of(m_nodes, [](const auto& node) { return node->isAlive(); });
}

QString LocalCluster::fileName() const
{
    return fileIn(m_options.folder);
}

void LocalCluster::load()
{
    const QJsonObject json = readJson(fileName());
    m_isFormed = json.value(QLatin1String("formed")).toBool();
    for (const QJsonValue& value : nodesIn(json)) {
        const QJsonObject entry = value.toObject();
        const QString name = entry.value(QLatin1String("name")).toString();
        auto node = std::make_unique<NodeProcess>(name, m_options.program, m_options.folder + QLatin1Char('/') + name);
        node->setAddresses({entry.value(QLatin1String("client")).toString(),
                            entry.value(QLatin1String("peer")).toString(),
                            entry.value(QLatin1String("http")).toString()});
        m_nodes.push_back(std::move(node));
    }
}

bool LocalCluster::save()
{
    QJsonArray nodes;
    for (const auto& node : m_nodes)
        nodes.append(QJsonObject{{QStringLiteral("name"), node->name()},
                                 {QStringLiteral("client"), node->addresses().client},
                                 {QStringLiteral("peer"), node->addresses().peer},
                                 {QStringLiteral("http"), node->addresses().http}});
    QSaveFile file(fileName());
    if (!file.open(QIODevice::WriteOnly))
        return false;
    file.write(
        QJsonDocument(QJsonObject{{QStringLiteral("formed"), m_isFormed}, {QStringLiteral("nodes"), nodes}}).toJson());
    return file.commit();
}

void LocalCluster::onNodeReady()
{
    if (m_isStopping)
        return;
    if (m_isFormed) {
        // One that serves is enough to look at; the others are seen as they come.
        if (m_state == State::Starting) {
            setState(State::Serving, {});
            Q_EMIT serving(addresses());
        }
        return;
    }
    const auto isRunning = [](const auto& node) { return node->state() == NodeProcess::State::Running; };
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
    connect(m_formation.get(), &ClusterFormation::formed, this, [this](const ClusterMapPtr&) {
        m_formation.release()->deleteLater();
        m_isFormed = true;
        if (!save())
            return setState(State::Failed, tr("%1 can't be written.").arg(fileName()));
        setState(State::Serving, {});
        Q_EMIT serving(addresses());
    });
    m_formation->start();
}

void LocalCluster::onNodeStateChanged(int index)
{
    Q_EMIT nodeChanged(index);
    const NodeProcess& changed = *node(index);
    if (m_isStopping) {
        if (!isAnyAlive()) {
            setState(State::Idle, {});
            Q_EMIT allStopped();
        }
        return;
    }
    const bool isNeeded = !m_isFormed || std::ranges::none_of(m_nodes, [](const auto& node) {
        return node->state() == NodeProcess::State::Starting || node->state() == NodeProcess::State::Running;
    });
    if (changed.state() == NodeProcess::State::Failed && isNeeded && m_state != State::Serving)
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
