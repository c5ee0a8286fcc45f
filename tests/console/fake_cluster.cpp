#include "tests/console/fake_cluster.h"

#include "shared/resp/glob.h"
#include "shared/resp/writer.h"
#include "shared/ring/position.h"
#include "shared/ring/token_allocation.h"

#include <QDateTime>
#include <QHostAddress>

#include <algorithm>
#include <cmath>

namespace quoit::test {

namespace {

qint64 nowMs()
{
    return QDateTime::currentMSecsSinceEpoch();
}

QByteArray bytes(std::string_view text)
{
    return QByteArray(text.data(), qsizetype(text.size()));
}

} // namespace

FakeCluster::FakeCluster(int nodeCount, int pushMs, bool isFormed, QObject* parent)
    : QObject(parent)
{
    for (int i = 0; i < nodeCount; ++i) {
        m_nodes.push_back(Node{});
        m_nodes.back().id = NodeId(i + 1);
        m_nodes.back().hasMap = isFormed;
        m_nodes.back().sinceMs = nowMs();
    }
    for (Node& each : m_nodes)
        listen(each);
    if (isFormed)
        makeMap(nodeCount);
    connect(&m_timer, &QTimer::timeout, this, &FakeCluster::pushNow);
    m_timer.start(pushMs);
}

FakeCluster::~FakeCluster()
{
    for (Node& each : m_nodes)
        for (auto& session : each.sessions)
            session->socket->disconnect(this);
}

QStringList FakeCluster::addresses() const
{
    QStringList list;
    for (const Node& each : m_nodes)
        list << QStringLiteral("127.0.0.1:%1").arg(each.port);
    return list;
}

void FakeCluster::put(const QByteArray& key, const QByteArray& value, qint64 ttlMs)
{
    m_keys[key] = Record{value, ++m_version, ttlMs == 0 ? 0 : nowMs() + ttlMs};
}

qint64 FakeCluster::ttlMs(const QByteArray& key) const
{
    const qint64 expiryMs = m_keys.value(key).expiryMs;
    return expiryMs == 0 ? 0 : expiryMs - nowMs();
}

void FakeCluster::stopNode(NodeId id)
{
    Node& stopped = node(id);
    stopped.server.reset();
    for (auto& session : stopped.sessions) {
        session->socket->disconnect(this);
        session->socket->abort();
        session->socket->deleteLater();
    }
    stopped.sessions.clear();
    stopped.state = NodeState::Down;
    stopped.sinceMs = nowMs();
    m_events.push_back({nowMs(), "node-down", id, "node-" + std::to_string(id) + " is down"});
}

void FakeCluster::startNode(NodeId id)
{
    Node& started = node(id);
    listen(started);
    started.state = NodeState::Up;
    started.sinceMs = nowMs();
    m_events.push_back({nowMs(), "node-up", id, "node-" + std::to_string(id) + " is up"});
}

void FakeCluster::suspectNode(NodeId id)
{
    node(id).state = NodeState::Suspect;
    node(id).sinceMs = nowMs();
    m_events.push_back({nowMs(), "node-suspect", id, "node-" + std::to_string(id) + " is suspected of being down"});
}

void FakeCluster::forgetMap(NodeId id)
{
    node(id).hasMap = false;
}

void FakeCluster::addMember()
{
    makeMap(int(m_map->members().size()) + 1);
}

void FakeCluster::listen(Node& each)
{
    each.server = std::make_unique<QTcpServer>();
    if (!each.server->listen(QHostAddress::LocalHost, each.port))
        qFatal("can't listen");
    each.port = each.server->serverPort();
    connect(each.server.get(), &QTcpServer::newConnection, this, [this, id = each.id] {
        Node& mine = node(id);
        while (QTcpSocket* socket = mine.server->nextPendingConnection()) {
            socket->setParent(this);
            mine.sessions.push_back(std::make_unique<Session>());
            Session* session = mine.sessions.back().get();
            session->socket = socket;
            connect(socket, &QTcpSocket::readyRead, this, [this, id, session] { serve(node(id), *session); });
            connect(socket, &QTcpSocket::disconnected, this, [this, id, session] {
                session->socket->deleteLater();
                std::erase_if(node(id).sessions, [session](const auto& other) { return other.get() == session; });
            });
        }
    });
}

void FakeCluster::makeMap(int memberCount)
{
    std::vector<NodeToPlace> places;
    for (int i = 1; i <= memberCount; ++i)
        places.push_back({NodeId(i), "", 1.0});
    ClusterMapParts parts;
    parts.epoch = m_map ? m_map->epoch() + 1 : 1;
    parts.clusterId = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
    if (memberCount > 50)
        parts.partitionCount = 4096; // room for all their tokens
    const auto tokens = allocateTokens(places, parts.partitionCount, parts.replicaCount, parts.vnodesPerWeight);
    for (int i = 1; i <= memberCount; ++i) {
        const int port = i <= int(m_nodes.size()) ? m_nodes[std::size_t(i) - 1].port : 1;
        const std::string name = "node-" + std::to_string(i);
        parts.members.push_back(Member{NodeId(i), "disk-" + std::to_string(i), name,
                                       "127.0.0.1:" + std::to_string(port), "127.0.0.1:" + std::to_string(port + 10000),
                                       "", "", 1.0, tokens.value()[std::size_t(i) - 1]});
    }
    m_map = ClusterMap::make(std::move(parts)).value();
}

void FakeCluster::serve(Node& each, Session& session)
{
    const QByteArray received = session.socket->readAll();
    session.parser.append(received.toStdString());
    std::vector<std::string_view> arguments;
    std::string out;
    while (session.parser.next(arguments) == RequestParser::Status::Request) {
        const RespValue reply = answer(each, session, arguments);
        RespWriter(out, session.protocol).write(reply);
    }
    session.socket->write(out.data(), qint64(out.size()));
}

RespValue FakeCluster::answer(Node& each, Session& session, const std::vector<std::string_view>& arguments)
{
    std::string name(arguments[0]);
    std::ranges::transform(name, name.begin(), [](char c) { return char(std::toupper(c)); });
    if (name.starts_with("QUOIT.") && name != "QUOIT.CAS" && name != "QUOIT.GETV")
        return answerAdmin(each, session, name, arguments);
    if (name == "HELLO") {
        session.protocol = 3;
        return RespValue::map(
            {RespValue::bulk("server"), RespValue::bulk("quoit"), RespValue::bulk("proto"), RespValue::integer(3)});
    }
    if (name == "CLIENT")
        return RespValue::simple("OK");
    if (name == "PING")
        return RespValue::simple("PONG");
    if (name == "DBSIZE")
        return RespValue::integer(m_keys.size());
    if (name == "SCAN")
        return scan(arguments);
    if (arguments.size() < 2)
        return RespValue::error("ERR unknown command '" + name + "'");
    return answerKey(name, arguments);
}

RespValue FakeCluster::answerAdmin(Node& each, Session& session, const std::string& name,
                                   const std::vector<std::string_view>& arguments)
{
    if (name == "QUOIT.IDENTITY") {
        IdentityReport identity;
        identity.diskId = "disk-" + std::to_string(each.id);
        identity.node = each.hasMap ? each.id : noNode;
        identity.clusterId = each.hasMap ? m_map->clusterId() : std::string();
        identity.name = "node-" + std::to_string(each.id);
        identity.clientAddress = "127.0.0.1:" + std::to_string(each.port);
        identity.peerAddress = "127.0.0.1:" + std::to_string(each.port + 10000);
        identity.diskFreeBytes = 41'000'000'000;
        identity.state = each.hasMap ? "serving" : "waiting";
        identity.version = "0.1.0";
        if (const auto change = m_identityChanges.find(each.id); change != m_identityChanges.end())
            change->second(identity);
        return toResp(identity);
    }
    if (name == "QUOIT.ADOPT") {
        auto adopted = ClusterMap::decode(arguments[1]);
        if (!adopted)
            return RespValue::error("ERR " + adopted.error().message);
        m_map = adopted.value();
        each.hasMap = true;
        return RespValue::simple("OK");
    }
    if (!m_map)
        return RespValue::error("CLUSTERDOWN this node waits to be made part of a cluster");
    if (name == "QUOIT.RING")
        return toResp(*m_map);
    if (name == "QUOIT.STATUS") {
        StatusReport status;
        status.node = each.id;
        status.nodesUp = m_nodes.size();
        status.verdict = "well";
        if (const auto change = m_statusChanges.find(each.id); change != m_statusChanges.end())
            change->second(status);
        return toResp(status);
    }
    if (name == "QUOIT.NODES")
        return toResp(watchReport(each.id).nodes);
    if (name == "QUOIT.WATCH") {
        session.isWatching = true;
        return RespValue::simple("OK");
    }
    if (name == "QUOIT.HOTKEYS" && m_hotKeys)
        return toResp(*m_hotKeys);
    if (name == "QUOIT.LOCATE")
        return locate(bytes(arguments[1]));
    return RespValue::error("ERR unknown command '" + name + "'");
}

RespValue FakeCluster::answerKey(const std::string& name, const std::vector<std::string_view>& arguments)
{
    const QByteArray key = bytes(arguments[1]);
    if (const qint64 expiryMs = m_keys.value(key).expiryMs; expiryMs != 0 && expiryMs <= nowMs())
        m_keys.remove(key);
    const auto found = m_keys.find(key);
    const bool isThere = found != m_keys.end();
    if (name == "QUOIT.CAS")
        return compareAndSet(arguments);
    if (name == "SET") {
        put(key, bytes(arguments[2]));
        return RespValue::simple("OK");
    }
    if (name == "DEL")
        return RespValue::integer(m_keys.remove(key));
    if (name == "EXISTS")
        return RespValue::integer(isThere);
    if (name == "GET")
        return isThere ? RespValue::bulk(found->value.toStdString()) : RespValue::null();
    if (name == "QUOIT.GETV")
        return isThere ? RespValue::array({RespValue::bulk(found->value.toStdString()),
                                           RespValue::bulk("1.1.1." + std::to_string(found->version))})
                       : RespValue::null();
    if (name == "PTTL")
        return RespValue::integer(!isThere ? -2 : found->expiryMs == 0 ? -1 : found->expiryMs - nowMs());
    if (name == "PEXPIRE" && isThere)
        found->expiryMs = nowMs() + bytes(arguments[2]).toLongLong();
    if (name == "PERSIST" && isThere)
        found->expiryMs = 0;
    return RespValue::integer(isThere ? 1 : 0);
}

RespValue FakeCluster::compareAndSet(const std::vector<std::string_view>& arguments)
{
    const QByteArray key = bytes(arguments[1]);
    const auto found = m_keys.find(key);
    const std::string current = found == m_keys.end() ? "0" : "1.1.1." + std::to_string(found->version);
    if (current != arguments[2])
        return RespValue::error(current == "0" ? "CONFLICT the key is absent"
                                               : "CONFLICT current version is " + current);
    put(key, bytes(arguments[3]));
    if (arguments.size() == 6)
        m_keys[key].expiryMs = nowMs() + bytes(arguments[5]).toLongLong();
    return RespValue::simple("OK");
}

RespValue FakeCluster::scan(const std::vector<std::string_view>& arguments) const
{
    const int from = bytes(arguments[1]).toInt();
    const std::string pattern(arguments.size() > 3 ? arguments[3] : "*");
    const int count = arguments.size() > 5 ? bytes(arguments[5]).toInt() : 10;
    std::vector<RespValue> found;
    const QList<QByteArray> all = m_keys.keys();
    const int end = std::min<int>(int(all.size()), from + count);
    for (int i = from; i < end; ++i)
        if (globMatches(pattern, all[i].toStdString()))
            found.push_back(RespValue::bulk(all[i].toStdString()));
    const int next = end < all.size() ? end : 0;
    return RespValue::array({RespValue::bulk(std::to_string(next)), RespValue::array(std::move(found))});
}

RespValue FakeCluster::locate(const QByteArray& key) const
{
    LocateReport report;
    report.key = key.toStdString();
    report.position = positionOf(report.key);
    report.slot = hashSlot(report.key);
    report.partition = m_map->partitionOf(report.position);
    report.home = m_map->owner(report.partition);
    const auto found = m_keys.find(key);
    for (const NodeId id : m_map->replicas(report.partition)) {
        ReplicaReport replica;
        replica.node = id;
        replica.answered = id <= m_nodes.size() && m_nodes[id - 1].state != NodeState::Down;
        if (replica.answered && found != m_keys.end()) {
            replica.present = true;
            replica.version = "1.1.1." + std::to_string(found->version);
            replica.valueBytes = std::uint64_t(found->value.size());
            replica.expiryMs = found->expiryMs;
        }
        report.replicas.push_back(replica);
    }
    return toResp(report);
}

NodeReport FakeCluster::reportOf(const Node& each) const
{
    NodeReport report;
    report.id = each.id;
    report.name = "node-" + std::to_string(each.id);
    report.clientAddress = "127.0.0.1:" + std::to_string(each.port);
    report.peerAddress = "127.0.0.1:" + std::to_string(each.port + 10000);
    report.state = each.state;
    report.sinceMs = std::uint64_t(nowMs() - each.sinceMs);
    report.incarnation = 1;
    report.version = "0.1.0";
    const bool isDown = each.state == NodeState::Down;
    const double t = m_pushCount / 7.0 + double(each.id);
    report.phi = isDown ? 300 : each.state == NodeState::Suspect ? 8.4 : 0.1 + 0.2 * std::abs(std::sin(t));
    report.figuresAgeMs = isDown ? report.sinceMs : 80;
    LoadFigures& figures = report.figures;
    figures.readsPerSecond = isDown ? 0 : std::uint64_t(5200 + 900 * std::sin(t) + 240 * std::sin(5 * t));
    figures.writesPerSecond = isDown ? 0 : std::uint64_t(1400 + 420 * std::cos(t * 0.7) + 90 * std::sin(4 * t));
    figures.p50Us = std::uint64_t(210 + 30 * std::sin(t));
    figures.p99Us = std::uint64_t(900 + 260 * std::sin(t * 1.3) + (m_pushCount % 23 == 7 ? 900 : 0));
    figures.p999Us = figures.p99Us * 2;
    figures.cacheHitsPerSecond = std::uint64_t(4800 + 500 * std::sin(t));
    figures.cacheMissesPerSecond = 300;
    figures.memoryBytes = 41'000'000 + 600'000 * each.id + std::uint64_t(m_pushCount) * 9'000;
    figures.diskBytes = 92'000'000;
    figures.keys = std::uint64_t(m_keys.size()) * 3 / std::max<std::size_t>(1, m_nodes.size());
    figures.dataBytes = figures.keys * 140;
    figures.connections = 10 + each.id;
    for (PartitionIndex p = 0; m_map && p < m_map->partitionCount(); ++p)
        figures.homes += m_map->owner(p) == each.id;
    figures.cpuPermille = 310;
    figures.uptimeSeconds = 8040 + std::uint64_t(m_pushCount);
    figures.diskFreeBytes = 41'000'000'000;
    figures.commitP99Us = isDown ? 0 : std::uint64_t(2100 + 700 * std::sin(t * 0.9));
    figures.commitP50Us = isDown ? 0 : std::uint64_t(900 + 200 * std::sin(t * 0.9));
    figures.fsyncP99Us = isDown ? 0 : std::uint64_t(1500 + 500 * std::sin(t * 0.9));
    figures.expiredPerSecond = std::uint64_t(40 + 30 * std::sin(t * 0.4));
    figures.cacheEvictionsPerSecond = std::uint64_t(210 + 80 * std::sin(t * 1.7));
    figures.queuedBytes = std::uint64_t(90'000 + 60'000 * std::sin(t * 2.1));
    figures.waitingOperations = isDown ? 0 : std::uint64_t(6 + 5 * std::sin(t * 2.1));
    figures.cacheBytes = 22'000'000 + 40'000 * std::uint64_t(m_pushCount % 50);
    if (const auto found = m_changes.find(each.id); found != m_changes.end() && found->second)
        found->second(report);
    return report;
}

WatchReport FakeCluster::watchReport(NodeId reporter)
{
    WatchReport report;
    report.timeMs = nowMs();
    report.reporter = reporter;
    report.epoch = m_map->epoch();
    for (const Node& each : m_nodes)
        report.nodes.push_back(reportOf(each));
    for (PartitionIndex p = 0; p < m_map->partitionCount(); ++p) {
        const double hot = std::exp(-std::pow((double(p) - 300) / 60.0, 2)) * 90;
        report.partitions.push_back({p, std::uint64_t(12 + hot + 9 * std::sin(p * 0.7 + m_pushCount))});
    }
    report.events = m_events;
    return report;
}

void FakeCluster::pushNow()
{
    if (m_isSilent || !m_map)
        return;
    ++m_pushCount;
    for (Node& each : m_nodes) {
        for (auto& session : each.sessions) {
            if (!session->isWatching)
                continue;
            std::string out;
            RespWriter(out, 3).write(RespValue::push({RespValue::bulk("quoit.watch"), toResp(watchReport(each.id))}));
            session->socket->write(out.data(), qint64(out.size()));
        }
    }
}

} // namespace quoit::test
