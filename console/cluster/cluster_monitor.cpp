#include "console/cluster/cluster_monitor.h"

#include <QDateTime>

#include <algorithm>

namespace quoit {

namespace {

constexpr int tickMs = 500;
constexpr int hotKeysMax = 20;

ClusterClient::Options clientOptions()
{
    ClusterClient::Options options;
    options.link.connection.clientName = "quoit-console";
    return options;
}

/// Members that nobody has reported on yet.
std::vector<NodeReport> nodesOf(const ClusterMap& map)
{
    std::vector<NodeReport> nodes;
    for (const Member& member : map.members())
        nodes.push_back(reportOfMember(member));
    return nodes;
}

} // namespace

ClusterMonitor::ClusterMonitor(QObject* parent)
    : ClusterMonitor(Options(), parent)
{}

ClusterMonitor::ClusterMonitor(Options options, QObject* parent)
    : QObject(parent)
    , m_options(options)
    , m_client(clientOptions())
    , m_snapshot(std::make_shared<ClusterSnapshot>())
{
    connect(&m_client, &ClusterClient::connected, this, &ClusterMonitor::onConnected);
    connect(&m_client, &ClusterClient::disconnected, this, &ClusterMonitor::onDisconnected);
    connect(&m_client, &ClusterClient::pushReceived, this, &ClusterMonitor::onPush);
    connect(&m_client, &ClusterClient::attemptFailed, this, [this](const QString& address, const QString& reason) {
        m_trouble = reason.contains(QLatin1String("refused"), Qt::CaseInsensitive)
                        ? tr("%1 refuses the connection").arg(address)
                        : QStringLiteral("%1: %2").arg(address, reason);
        Q_EMIT stateChanged();
    });
    connect(&m_tick, &QTimer::timeout, this, &ClusterMonitor::updateState);
    m_tick.setInterval(tickMs);
}

void ClusterMonitor::connectTo(const QStringList& seeds)
{
    m_client.disconnectFromCluster();
    m_seeds = seeds;
    m_sinceReport.invalidate();
    m_trouble.clear();
    m_hotKeys.reset();
    ClusterSnapshot empty;
    empty.number = m_snapshot->number;
    publish(std::move(empty));
    m_state = PictureState::Connecting;
    m_tick.start();
    m_client.connectTo(seeds);
    Q_EMIT stateChanged();
}

void ClusterMonitor::disconnectFromCluster()
{
    m_tick.stop();
    m_client.disconnectFromCluster();
    m_state = PictureState::Disconnected;
    m_trouble.clear();
    Q_EMIT stateChanged();
}

void ClusterMonitor::askForRing()
{
    if (m_client.isConnected())
        askRing();
}

Milliseconds ClusterMonitor::age() const
{
    return Milliseconds(m_sinceReport.isValid() ? m_sinceReport.elapsed() : 0);
}

void ClusterMonitor::onConnected()
{
    m_trouble.clear();
    m_areHotKeysAsked = false;
    m_areHotKeysTold = true;
    askRing();
    askWatch();
    askHotKeys();
    Q_EMIT stateChanged();
}

void ClusterMonitor::onDisconnected(const QString& reason)
{
    m_isRingAsked = false;
    m_trouble = reason;
    updateState();
    Q_EMIT stateChanged();
}

void ClusterMonitor::askRing()
{
    if (m_isRingAsked)
        return;
    m_isRingAsked = true;
    RequestOptions options;
    options.idempotent = true;
    options.context = this;
    m_client.request({"QUOIT.RING"}, options, [this](const ClientReply& reply) { onRing(reply); });
}

void ClusterMonitor::askWatch()
{
    m_sinceAsked.start();
    RequestOptions options;
    options.idempotent = true;
    options.context = this;
    m_client.request({"QUOIT.WATCH"}, options, [this](const ClientReply& reply) {
        if (!reply.ok())
            m_trouble = QString::fromStdString(reply.errorText());
    });
}

/// With every report, one question at a time.
void ClusterMonitor::askHotKeys()
{
    if (m_areHotKeysAsked || !m_areHotKeysTold)
        return;
    m_areHotKeysAsked = true;
    RequestOptions options;
    options.idempotent = true;
    options.context = this;
    m_client.request({"QUOIT.HOTKEYS", "COUNT", std::to_string(hotKeysMax)}, options, [this](const ClientReply& reply) {
        m_areHotKeysAsked = false;
        m_hotKeys.reset();
        m_areHotKeysTold = !reply.value.isError(); // no answer at all isn't a refusal
        if (!reply.ok())
            return;
        if (auto report = hotKeysReportFromResp(reply.value); report.ok())
            m_hotKeys = std::move(report).value();
    });
}

void ClusterMonitor::onRing(const ClientReply& reply)
{
    m_isRingAsked = false;
    if (!reply.ok()) {
        m_trouble = QString::fromStdString(reply.errorText());
        return;
    }
    auto map = clusterMapFromResp(reply.value);
    if (!map) {
        m_trouble = QString::fromStdString(map.error().message);
        return;
    }
    ClusterSnapshot next = *m_snapshot;
    next.map = map.value();
    if (next.nodes.empty())
        next.nodes = nodesOf(*next.map);
    publish(std::move(next));
}

void ClusterMonitor::onPush(const RespValue& push)
{
    if (push.elements.size() != 2 || push.elements[0].asText() != "quoit.watch")
        return;
    auto report = watchReportFromResp(push.elements[1]);
    if (report)
        onReport(std::move(report).value());
    else
        m_trouble = QString::fromStdString(report.error().message);
}

void ClusterMonitor::onReport(WatchReport report)
{
    ClusterSnapshot next;
    next.map = m_snapshot->map;
    next.events = m_snapshot->events;
    next.receivedMs = QDateTime::currentMSecsSinceEpoch();
    next.reportedMs = report.timeMs;
    next.reporter = report.reporter;
    next.nodes = std::move(report.nodes);
    std::ranges::sort(next.nodes, {}, &NodeReport::id);
    // Another node tells, after a reconnect, what the last one told already.
    const std::int64_t known = next.events.empty() ? 0 : next.events.back().timeMs;
    for (ClusterEvent& event : report.events)
        if (event.timeMs >= known && std::ranges::none_of(next.events, [&](const ClusterEvent& each) {
                return each.timeMs == event.timeMs && each.text == event.text;
            }))
            next.events.push_back(std::move(event));
    if (const auto surplus = std::ptrdiff_t(next.events.size()) - m_options.eventsMax; surplus > 0)
        next.events.erase(next.events.begin(), next.events.begin() + surplus);
    if (!next.map || next.map->epoch() != report.epoch)
        askRing();
    if (next.map) {
        next.partitionLoad.assign(next.map->partitionCount(), 0);
        for (const PartitionLoad& load : report.partitions)
            if (load.partition < next.partitionLoad.size())
                next.partitionLoad[load.partition] = load.operationsPerSecond;
    }
    next.hotKeys = m_hotKeys;
    askHotKeys();
    m_sinceReport.start();
    m_sinceAsked.start();
    publish(std::move(next));
    updateState();
}

void ClusterMonitor::publish(ClusterSnapshot next)
{
    next.number = m_snapshot->number + 1;
    completeSnapshot(next);
    m_snapshot = std::make_shared<const ClusterSnapshot>(std::move(next));
    Q_EMIT snapshotChanged(m_snapshot);
}

void ClusterMonitor::updateState()
{
    const PictureState before = m_state;
    if (!m_sinceReport.isValid())
        m_state = PictureState::Connecting;
    else if (age() > m_options.lostAfter)
        m_state = PictureState::Lost;
    else if (age() > m_options.staleAfter || !m_client.isConnected())
        m_state = PictureState::Stale;
    else
        m_state = PictureState::Live;
    // A connection may have moved to another node without a word: what was asked of the old one is gone.
    if (m_client.isConnected() && m_sinceAsked.isValid() && m_sinceAsked.hasExpired(m_options.staleAfter.count())) {
        askRing();
        askWatch();
    }
    if (m_state != before || m_state == PictureState::Stale || m_state == PictureState::Lost)
        Q_EMIT stateChanged();
}

} // namespace quoit
