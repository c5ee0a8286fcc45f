#include "tests/cluster/proxied_cluster.h"

#include "console/cluster/cluster_formation.h"
#include "shared/admin/node_report.h"
#include "tests/cluster/cluster_fixture.h"

#include <QElapsedTimer>
#include <QUuid>

#include <algorithm>

namespace quoit::test {

namespace {
constexpr int logLinesShown = 12;
}

ProxiedCluster::ProxiedCluster(const ClusterSetup& setup)
    : m_setup(setup)
    , m_proxy(setup.nodeCount)
{
    for (int id = 1; id <= setup.nodeCount; ++id)
        m_nodes.push_back(std::make_unique<TestNode>(QStringLiteral("n%1").arg(id), setup.program,
                                                     setup.folder + QStringLiteral("/%1").arg(id)));
}

ProxiedCluster::~ProxiedCluster()
{
    // What is paused or waits for a slow disk would hold the others up.
    for (const auto& node : m_nodes)
        if (node->isAlive())
            node->kill();
}

QString ProxiedCluster::start()
{
    if (const std::string problem = m_proxy.start(); !problem.empty())
        return QString::fromStdString(problem);
    for (const auto& node : m_nodes)
        node->start();
    for (int id = 1; id <= nodeCount(); ++id)
        if (!node(id).waitUntilReady(20'000))
            return QStringLiteral("node %1 does not start\n%2").arg(id).arg(logs());
    if (const QString problem = form(); !problem.isEmpty())
        return problem;
    return heal(20'000);
}

QString ProxiedCluster::form()
{
    std::vector<IdentityReport> identities;
    for (int id = 1; id <= nodeCount(); ++id) {
        auto identity = identityReportFromResp(ask(node(id).clientAddress(), {"QUOIT.IDENTITY"}));
        if (!identity.ok())
            return QStringLiteral("node %1 doesn't say who it is").arg(id);
        // Never 127.0.0.1: a node takes a port of the map for its own if the host is.
        identity.value().clientAddress = "127.0.0.3:" + std::to_string(id);
        identity.value().peerAddress = m_proxy.address(id);
        identities.push_back(std::move(identity).value());
        m_proxy.setTarget(id, node(id).peerPort());
    }
    FormationOptions options;
    options.partitionCount = m_setup.partitionCount;
    options.replicaCount = m_setup.replicaCount;
    options.vnodesPerWeight = std::clamp(m_setup.partitionCount / 16, 1u, 16u);
    const auto map =
        makeFirstMap(identities, options, QUuid::createUuid().toString(QUuid::WithoutBraces).toStdString());
    if (!map.ok())
        return QString::fromStdString(map.error().message);
    for (int id = 1; id <= nodeCount(); ++id) {
        const RespValue reply = ask(node(id).clientAddress(), {"QUOIT.ADOPT", map.value()->encode()});
        if (reply.isError())
            return QStringLiteral("node %1: %2").arg(id).arg(QString::fromStdString(reply.text));
    }
    return {};
}

bool ProxiedCluster::startNode(int id, int milliseconds)
{
    m_proxy.setTarget(id, 0);
    node(id).start();
    return reach(id, milliseconds);
}

/// A start may take longer than who began it has waited for.
bool ProxiedCluster::reach(int id, int milliseconds)
{
    if (!node(id).waitUntilReady(milliseconds))
        return false;
    m_proxy.setTarget(id, node(id).peerPort());
    return true;
}

QString ProxiedCluster::heal(int milliseconds)
{
    QElapsedTimer clock;
    clock.start();
    m_proxy.free();
    for (const auto& node : m_nodes) {
        node->setFaults({});
        node->resume();
    }
    QString problem;
    do {
        // Again and again: whose disk failed a moment ago may be about to end. Who ends without a reason is found by `wrongEnds`.
        for (int id = 1; id <= nodeCount(); ++id)
            if (!node(id).isAlive() ? !startNode(id) : !reach(id))
                return QStringLiteral("node %1 does not start\n%2").arg(id).arg(logs());
        problem = trouble();
        if (problem.isEmpty())
            return {};
        pass(100);
    } while (clock.elapsed() < milliseconds);
    return QStringLiteral("%1 ms after everything was mended, %2\n%3").arg(milliseconds).arg(problem, logs());
}

QString ProxiedCluster::trouble()
{
    for (int id = 1; id <= nodeCount(); ++id) {
        const auto status = statusReportFromResp(ask(node(id).clientAddress(), {"QUOIT.STATUS"}));
        if (!status.ok())
            return QStringLiteral("node %1 doesn't answer").arg(id);
        if (status.value().nodesUp != static_cast<std::uint64_t>(nodeCount()) ||
            status.value().partitionsWithoutMajority > 0)
            return QStringLiteral("node %1 says: %2").arg(id).arg(QString::fromStdString(status.value().verdict));
    }
    return {};
}

QString ProxiedCluster::logs() const
{
    QString text;
    for (const auto& node : m_nodes) {
        const QStringList lines = node->log().split(QLatin1Char('\n'), Qt::SkipEmptyParts);
        text += node->name() + QStringLiteral(" (") + node->logFile() + QStringLiteral("):\n  ") +
                lines.mid(std::max<qsizetype>(0, lines.size() - logLinesShown)).join(QStringLiteral("\n  ")) +
                QStringLiteral("\n");
    }
    return text;
}

} // namespace quoit::test
