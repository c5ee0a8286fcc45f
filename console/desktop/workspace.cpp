#include "console/desktop/workspace.h"

#include "console/desktop/verdict.h"

#include <QApplication>
#include <QDateTime>
#include <QStandardPaths>

#include <algorithm>

namespace quoit {

namespace {

constexpr int recentMax = 6;

QString dataFile(const Workspace::Options& options, const char* name)
{
    const QString folder = options.dataFolder.isEmpty()
                               ? QStandardPaths::writableLocation(QStandardPaths::AppDataLocation)
                               : options.dataFolder;
    return folder + QLatin1Char('/') + QLatin1String(name);
}

QString readOnlyName(const std::string& clusterId)
{
    return QStringLiteral("readOnly/") + QString::fromStdString(clusterId);
}

} // namespace

Workspace::Workspace(Options options, QObject* parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_themes(*qApp, ThemeChoice(std::clamp(m_settings.value(QStringLiteral("theme"), 0).toInt(), 0, 2)))
    , m_history(dataFile(m_options, "history.db"))
    , m_past(m_history)
    , m_browser(m_keyClient)
    , m_keys(m_keyClient)
    , m_keyUndo(m_keys)
    , m_changeLog(dataFile(m_options, "changes.json"))
    , m_alerts(dataFile(m_options, "alerts.json"), m_settings)
{
    connect(&m_themes, &ThemeManager::changed, this, &Workspace::themeChanged);
    connect(&m_monitor, &ClusterMonitor::snapshotChanged, this, [this](const ClusterSnapshotPtr& snapshot) {
        m_history.add(*snapshot);
        m_past.follow(*snapshot);
        if (snapshot->map && snapshot->map->clusterId() != m_clusterId)
            applyClusterSettings(snapshot->map->clusterId());
        m_alerts.follow(*snapshot);
        m_changes.follow(snapshot->map);
        m_commands.learn(m_monitor.knownAddresses());
        m_tour.follow(*snapshot);
        if (isLive() && snapshot->receivedMs > 0 && !snapshot->node(m_selectedNode))
            selectNode(noNode); // it has left
        if (snapshot->map && m_local)
            m_local->follow(*snapshot->map);
        if (snapshot->map)
            m_changeLog.follow(*snapshot->map, QDateTime::currentMSecsSinceEpoch());
        if (snapshot->receivedMs > 0 && !m_addresses.isEmpty())
            remember(std::exchange(m_addresses, QString()));
        if (!m_past.snapshot())
            Q_EMIT pictureChanged();
    });
    connectPast();
    connect(&m_changes, &ChangeDesk::changed, this, [this] {
        const auto& report = m_changes.changes();
        if (!report)
            return;
        m_changeLog.note(*report, m_changes.bytesCopied(), QDateTime::currentMSecsSinceEpoch());
        // A change that is aborted at once would else have come and gone between two reports.
        if (const ClusterMapPtr& map = live().map; map && map->epoch() < report->epoch)
            m_monitor.askForRing();
    });
}

Workspace::~Workspace() = default;

NodeProcess* Workspace::processOf(NodeId id) const
{
    const NodeReport* node = live().node(id);
    return m_local && node ? m_local->nodeAt(QString::fromStdString(node->clientAddress)) : nullptr;
}

QString Workspace::localFolder() const
{
    return m_options.localFolder.isEmpty() ? LocalCluster::defaultFolder() : m_options.localFolder;
}

void Workspace::onLocalNodeEnded(const QString& clientAddress, const QString& how)
{
    const auto& nodes = live().nodes;
    const auto node = std::ranges::find(nodes, clientAddress.toStdString(), &NodeReport::clientAddress);
    if (node == nodes.end())
        return;
    // The nodes' clocks tell the other events; here they are this machine's.
    m_history.note({QDateTime::currentMSecsSinceEpoch(), "process-ended", node->id, node->name + ' ' + how.toStdString()});
    Q_EMIT localChanged();
}

void Workspace::connectPast()
{
    connect(&m_past, &Past::liveChanged, this, &Workspace::applyReadOnly);
    connect(&m_past, &Past::shown, this, [this] {
        if (isLive() && live().receivedMs > 0 && !live().node(m_selectedNode))
            selectNode(noNode); // it was in the past only
        Q_EMIT pictureChanged();
    });
}

QString Workspace::whyNotChange() const
{
    return isLive() ? QString() : tr("The past is shown: nothing can be changed until you are back to now.");
}

AlertBook::Then Workspace::alertsShown() const
{
    return isLive() ? AlertBook::Then{m_alerts.active(), m_alerts.ended()} : m_alerts.at(m_past.ms());
}

Health Workspace::health() const
{
    Health health = verdictOf(snapshot().health, alertsShown().active);
    if (snapshot().health.level != Health::Level::Well || !m_local || !isLive())
        return health;
    for (const NodeReport& node : live().nodes) {
        const NodeProcess* process = m_local->nodeAt(QString::fromStdString(node.clientAddress));
        if (!process || process->isAlive() || process->endText().isEmpty())
            continue;
        health.level = Health::Level::Degraded;
        health.headline = QStringLiteral("%1 %2").arg(QString::fromStdString(node.name), process->endText());
        health.detail = tr("The others will miss it within moments, and take over what it was home of.");
        break;
    }
    return health;
}

bool Workspace::hasPicture() const
{
    return m_monitor.state() != PictureState::Disconnected && m_monitor.state() != PictureState::Connecting;
}

bool Workspace::connectTo(const QString& addresses)
{
    QStringList seeds;
    for (const QString& part : addresses.split(QLatin1Char(','), Qt::SkipEmptyParts)) {
        if (!parseHostPort(part.trimmed()))
            return false;
        seeds << part.trimmed();
    }
    if (seeds.isEmpty())
        return false;
    m_tour.abandon();
    m_addresses = addresses.trimmed();
    m_past.clear();
    m_history.clear();
    selectNode(noNode);
    m_keyClient.connectTo(seeds);
    m_changes.connectTo(seeds);
    m_commands.setCluster(seeds);
    m_monitor.connectTo(seeds);
    return true;
}

void Workspace::startLocal(int nodeCount)
{
    if (!m_local) {
        LocalCluster::Options options;
        if (!m_options.nodeProgram.isEmpty())
            options.program = m_options.nodeProgram;
        options.folder = localFolder();
        m_local = std::make_unique<LocalCluster>(options);
        connect(m_local.get(), &LocalCluster::stateChanged, this, &Workspace::localChanged);
        connect(m_local.get(), &LocalCluster::nodeChanged, this, &Workspace::localChanged);
        connect(m_local.get(), &LocalCluster::nodeCountChanged, this, &Workspace::localChanged);
        connect(m_local.get(), &LocalCluster::nodeEnded, this, &Workspace::onLocalNodeEnded);
        connect(m_local.get(), &LocalCluster::nodeLeft, this, &Workspace::localNodeLeft);
        connect(m_local.get(), &LocalCluster::serving, this, [this](const QStringList& addresses) {
            connectTo(addresses.join(QLatin1Char(',')));
            m_addresses.clear(); // its ports mean nothing without its processes
        });
    }
    m_local->start(nodeCount);
    Q_EMIT localChanged();
}

void Workspace::disconnectFromCluster()
{
    m_past.goLive();
    m_tour.abandon();
    m_browser.stop();
    m_drafts.clear();
    m_keyUndo.clear();
    m_keyClient.disconnectFromCluster();
    m_changes.disconnectFromCluster();
    m_commands.setCluster({});
    m_monitor.disconnectFromCluster();
    m_alerts.leave();
}

void Workspace::applyClusterSettings(const std::string& clusterId)
{
    m_clusterId = clusterId;
    m_isReadOnlyChosen = m_settings.value(readOnlyName(clusterId), false).toBool();
    applyReadOnly();
}

void Workspace::applyReadOnly()
{
    const QString why = whyNotChange();
    m_keys.setReadOnly(m_isReadOnlyChosen || !isLive(), why);
    m_commands.setReadOnly(m_keys.isReadOnly(), why);
    Q_EMIT readOnlyChanged();
}

void Workspace::setReadOnly(bool isReadOnly)
{
    if (isReadOnly == m_isReadOnlyChosen)
        return;
    m_isReadOnlyChosen = isReadOnly;
    if (isReadOnly)
        m_tour.stop();
    if (!m_clusterId.empty())
        m_settings.setValue(readOnlyName(m_clusterId), isReadOnly);
    applyReadOnly();
}

QStringList Workspace::recentConnections() const
{
    return m_settings.value(QStringLiteral("recent")).toStringList();
}

void Workspace::remember(const QString& addresses)
{
    QStringList recent = recentConnections();
    recent.removeAll(addresses);
    recent.prepend(addresses);
    m_settings.setValue(QStringLiteral("recent"), QStringList(recent.mid(0, recentMax)));
}

void Workspace::setThemeChoice(ThemeChoice choice)
{
    m_settings.setValue(QStringLiteral("theme"), int(choice));
    m_themes.setChoice(choice);
}

void Workspace::selectNode(NodeId id)
{
    if (m_selectedNode == id)
        return;
    m_selectedNode = id;
    Q_EMIT selectedNodeChanged();
}

} // namespace quoit
