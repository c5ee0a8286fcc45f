#include "console/cluster/cluster_formation.h"

#include "shared/ring/token_allocation.h"

#include <QUuid>

#include <algorithm>
#include <set>

namespace quoit {

namespace {
constexpr std::chrono::milliseconds statusPause{50};
} // namespace

Result<ClusterMapPtr> makeFirstMap(const std::vector<IdentityReport>& nodes, const FormationOptions& options,
                                   const std::string& clusterId)
{
    std::set<std::string> disks;
    std::vector<NodeToPlace> places;
    for (const IdentityReport& node : nodes) {
        if (node.node != noNode)
            return Error{ErrorCode::InvalidArgument, node.clientAddress + " is a member of a cluster already."};
        if (!disks.insert(node.diskId).second)
            return Error{ErrorCode::InvalidArgument, node.clientAddress + " was named twice."};
        places.push_back({NodeId(places.size() + 1), node.zone, node.weight});
    }
    auto tokens = allocateTokens(places, options.partitionCount, options.replicaCount, options.vnodesPerWeight);
    if (!tokens)
        return tokens.error();

    ClusterMapParts parts;
    parts.clusterId = clusterId;
    parts.partitionCount = options.partitionCount;
    parts.replicaCount = options.replicaCount;
    parts.vnodesPerWeight = options.vnodesPerWeight;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        const IdentityReport& node = nodes[i];
        const std::string name = node.name.empty() ? "node-" + std::to_string(i + 1) : node.name;
        parts.members.push_back(Member{places[i].id, node.diskId, name, node.clientAddress, node.peerAddress,
                                       node.httpAddress, node.zone, node.weight, std::move(tokens.value()[i])});
    }
    return ClusterMap::make(std::move(parts));
}

Result<void> canFormCluster(const std::vector<IdentityReport>& nodes)
{
    // With less than half of it a node takes no writes, and its log wants some.
    constexpr std::uint64_t diskBytesMin = 64 * 1024 * 1024;
    std::string problems;
    const auto complain = [&problems](const IdentityReport& node, const std::string& what) {
        problems += (problems.empty() ? "" : "; ") + node.clientAddress + ' ' + what;
    };
    for (const IdentityReport& node : nodes) {
        if (node.diskFreeBytes < diskBytesMin)
            complain(node, "has " + std::to_string(node.diskFreeBytes / 1'000'000) + " MB free on the disk of its data folder, and needs " +
                               std::to_string(diskBytesMin / 1'000'000) + " MB at least");
        if (!node.state.empty() && node.state != "waiting")
            complain(node, "is " + node.state);
        if (node.version != nodes.front().version)
            complain(node, "runs version " + (node.version.empty() ? std::string("unknown") : node.version) + ", and " + nodes.front().clientAddress + " runs " +
                               (nodes.front().version.empty() ? std::string("an unknown one") : nodes.front().version));
    }
    if (!problems.empty())
        return Error{ErrorCode::Refused, problems + ". Nothing was done."};
    return {};
}

ClusterFormation::ClusterFormation(const QStringList& addresses, FormationOptions options, QObject* parent)
    : QObject(parent)
    , m_options(options)
{
    for (const QString& address : addresses)
        m_nodes.push_back(Node{.address = address});
    m_deadline.setSingleShot(true);
    connect(&m_deadline, &QTimer::timeout, this, &ClusterFormation::onTimeout);
}

ClusterFormation::~ClusterFormation() = default;

void ClusterFormation::start()
{
    m_deadline.start(m_options.timeout);
    if (m_nodes.empty()) {
        QTimer::singleShot(0, this, [this] { end(tr("A cluster needs at least one node.")); });
        return;
    }
    Q_EMIT progressed(tr("Asking the nodes who they are"));
    for (std::size_t i = 0; i < m_nodes.size(); ++i) {
        Node& node = m_nodes[i];
        const auto address = parseHostPort(node.address);
        if (!address) {
            QTimer::singleShot(0, this, [this, text = node.address] { end(tr("%1 isn't host:port.").arg(text)); });
            return;
        }
        RespConnection::Options options;
        options.clientName = "quoit-formation";
        options.connectTimeout = Milliseconds(5000);
        node.connection = std::make_unique<RespConnection>(options);
        connect(node.connection.get(), &RespConnection::opened, this, [this, i] { askIdentity(i); });
        connect(node.connection.get(), &RespConnection::closed, this, [this, i](const QString& reason) {
            if (!m_nodes[i].seesAll)
                end(tr("%1: %2").arg(m_nodes[i].address, reason));
        });
        node.connection->open(*address);
    }
}

void ClusterFormation::askIdentity(std::size_t index)
{
    m_nodes[index].connection->send({"QUOIT.IDENTITY"},
                                    [this, index](const ClientReply& reply) { onIdentity(index, reply); });
}

void ClusterFormation::onIdentity(std::size_t index, const ClientReply& reply)
{
    Node& node = m_nodes[index];
    if (!reply.ok())
        return end(tr("%1: %2").arg(node.address, QString::fromStdString(reply.errorText())));
    auto identity = identityReportFromResp(reply.value);
    if (!identity)
        return end(tr("%1: %2").arg(node.address, QString::fromStdString(identity.error().message)));
    node.identity = std::move(identity).value();
    if (std::ranges::all_of(m_nodes, [](const Node& each) { return each.identity.has_value(); }))
        chooseMap();
}

void ClusterFormation::chooseMap()
{
    for (auto node = m_nodes.begin(); node != m_nodes.end(); ++node) {
        const auto before = std::find_if(m_nodes.begin(), node, [&](const Node& each) { return each.identity->diskId == node->identity->diskId; });
        if (before == node)
            continue;
        if (before->identity->clientAddress == node->identity->clientAddress)
            return end(tr("%1 and %2 are the same node: it was named twice. Nothing was done.").arg(before->address, node->address));
        return end(tr("%1 and %2 have the same identity: the data folder of one is a copy of the other's, and has to be emptied. Nothing was done.")
                       .arg(before->address, node->address));
    }
    const auto isMember = [](const Node& node) { return node.identity->node != noNode; };
    std::vector<IdentityReport> waiting;
    for (const Node& node : m_nodes)
        if (!isMember(node))
            waiting.push_back(*node.identity);
    if (const Result<void> can = canFormCluster(waiting); !can)
        return end(QString::fromStdString(can.error().message));
    const auto member = std::ranges::find_if(m_nodes, isMember);
    if (member != m_nodes.end())
        return takeMapFrom(std::size_t(member - m_nodes.begin()));

    const QString clusterId = QUuid::createUuid().toString(QUuid::WithoutBraces);
    auto map = makeFirstMap(waiting, m_options, clusterId.toStdString());
    if (!map)
        return end(QString::fromStdString(map.error().message));
    handOut(map.value());
}

/// Some attempt before this one reached a few nodes: its map is the one that counts.
void ClusterFormation::takeMapFrom(std::size_t member)
{
    for (const Node& node : m_nodes)
        if (node.identity->node != noNode && node.identity->clusterId != m_nodes[member].identity->clusterId)
            return end(tr("%1 and %2 belong to different clusters.").arg(m_nodes[member].address, node.address));
    m_nodes[member].connection->send({"QUOIT.RING"}, [this, member](const ClientReply& reply) {
        auto map = reply.ok() ? clusterMapFromResp(reply.value)
                              : Result<ClusterMapPtr>(Error{ErrorCode::Unavailable, reply.errorText()});
        if (!map)
            return end(tr("%1: %2").arg(m_nodes[member].address, QString::fromStdString(map.error().message)));
        for (const Node& node : m_nodes) {
            const auto isThis = [&](const Member& each) { return each.diskId == node.identity->diskId; };
            if (std::ranges::none_of(map.value()->members(), isThis))
                return end(tr("%1 is a member of a cluster already, and %2 isn't part of it.")
                               .arg(m_nodes[member].address, node.address));
        }
        handOut(map.value());
    });
}

void ClusterFormation::handOut(const ClusterMapPtr& map)
{
    m_map = map;
    Q_EMIT progressed(tr("Handing out the ring"));
    const std::string bytes = map->encode();
    bool isAnyWaiting = false;
    for (std::size_t i = 0; i < m_nodes.size(); ++i) {
        if (m_nodes[i].identity->node != noNode) {
            m_nodes[i].hasMap = true;
            continue;
        }
        isAnyWaiting = true;
        m_nodes[i].connection->send({"QUOIT.ADOPT", bytes},
                                    [this, i](const ClientReply& reply) { onAdopted(i, reply); });
    }
    m_existedBefore = !isAnyWaiting;
    if (isAnyWaiting)
        return;
    if (map->members().size() > m_nodes.size())
        return end(tr("%1 belongs to a cluster that exists already and has %2 members; further ones join it by a plan: "
                      "quoit plan join ADDRESS")
                       .arg(m_nodes.front().address)
                       .arg(map->members().size()));
    end({});
}

void ClusterFormation::onAdopted(std::size_t index, const ClientReply& reply)
{
    Node& node = m_nodes[index];
    if (!reply.ok())
        return end(tr("%1: %2").arg(node.address, QString::fromStdString(reply.errorText())));
    node.hasMap = true;
    if (std::ranges::all_of(m_nodes, &Node::hasMap))
        waitForEachOther();
}

void ClusterFormation::waitForEachOther()
{
    Q_EMIT progressed(tr("Waiting until the nodes have found each other"));
    m_deadline.start(m_options.timeout);
    for (std::size_t i = 0; i < m_nodes.size(); ++i)
        askStatus(i);
}

void ClusterFormation::askStatus(std::size_t index)
{
    if (!m_hasEnded)
        m_nodes[index].connection->send({"QUOIT.STATUS"}, [this, index](const ClientReply& reply) { onStatus(index, reply); });
}

void ClusterFormation::onStatus(std::size_t index, const ClientReply& reply)
{
    Node& node = m_nodes[index];
    if (!reply.ok())
        return end(tr("%1: %2").arg(node.address, QString::fromStdString(reply.errorText())));
    const auto status = statusReportFromResp(reply.value);
    if (!status)
        return end(tr("%1: %2").arg(node.address, QString::fromStdString(status.error().message)));
    node.seesAll = status.value().nodesUp >= m_nodes.size() && status.value().partitionsWithoutMajority == 0;
    node.verdict = QString::fromStdString(status.value().verdict);
    if (!node.seesAll)
        QTimer::singleShot(statusPause, this, [this, index] { askStatus(index); });
    else if (std::ranges::all_of(m_nodes, &Node::seesAll))
        end({});
}

void ClusterFormation::onTimeout()
{
    QStringList silent;
    for (const Node& node : m_nodes)
        if (!node.identity || (m_map && !node.hasMap))
            silent << node.address;
    if (!silent.isEmpty())
        return end(tr("No answer in time from %1.").arg(silent.join(QLatin1String(", "))));
    const auto lonely = std::ranges::find_if(m_nodes, [](const Node& node) { return !node.seesAll; });
    const QString verdict = lonely->verdict.isEmpty() ? tr("nothing") : lonely->verdict;
    end(tr("The nodes have the ring, but they don't find each other: %1 says: %2. Can each node reach the others where "
           "they take nodes (--peer-listen)?")
            .arg(lonely->address, verdict));
}

void ClusterFormation::end(const QString& failure)
{
    if (m_hasEnded)
        return;
    m_hasEnded = true;
    m_deadline.stop();
    for (Node& node : m_nodes)
        if (node.connection) {
            node.connection->disconnect(this);
            // It may be what is calling us.
            node.connection.release()->deleteLater();
        }
    if (failure.isEmpty())
        Q_EMIT formed(m_map);
    else
        Q_EMIT failed(failure);
}

} // namespace quoit
