#include "tests/cluster/cluster_fixture.h"

#include "shared/admin/node_report.h"
#include "shared/client/resp_connection.h"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QEventLoop>

#include <optional>

namespace quoit {

namespace {

template <typename Condition>
bool processUntil(int milliseconds, Condition condition)
{
    const QDeadlineTimer deadline(milliseconds);
    while (!condition()) {
        if (deadline.hasExpired())
            return false;
        QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 10);
    }
    return true;
}

} // namespace

RespValue ask(const QString& address, const std::vector<std::string>& arguments, int milliseconds)
{
    std::optional<RespValue> answer;
    const auto target = parseHostPort(address);
    if (!target)
        return RespValue::error("ERR not an address: " + address.toStdString());
    RespConnection connection(RespConnection::Options{});
    QObject::connect(&connection, &RespConnection::opened, [&] {
        connection.send(arguments, [&](const ClientReply& reply) {
            answer = reply.fate == RequestFate::Answered ? reply.value : RespValue::error("ERR " + reply.errorText());
        });
    });
    QObject::connect(&connection, &RespConnection::closed, [&](const QString& reason) {
        if (!answer)
            answer = RespValue::error("ERR " + reason.toStdString());
    });
    connection.open(*target);
    if (!processUntil(milliseconds, [&] { return answer.has_value(); }))
        return RespValue::error("ERR no answer in time from " + address.toStdString());
    return *answer;
}

ClusterFixture::ClusterFixture(const QString& program, int nodeCount)
    : m_nodeCount(nodeCount)
{
    LocalCluster::Options options;
    options.program = program;
    options.folder = m_folder.path();
    m_cluster = std::make_unique<LocalCluster>(options);
}

QString ClusterFixture::start()
{
    m_cluster->start(m_nodeCount);
    const bool ended = processUntil(30'000, [this] {
        return m_cluster->state() == LocalCluster::State::Serving || m_cluster->state() == LocalCluster::State::Failed;
    });
    if (!ended || m_cluster->state() == LocalCluster::State::Failed)
        return QStringLiteral("the cluster does not start: %1\n%2").arg(m_cluster->problem(), logs());
    if (!waitUntilAllUp(10'000))
        return QStringLiteral("the nodes don't find each other\n%1").arg(logs());
    return {};
}

QStringList ClusterFixture::addressesWithout(int index) const
{
    QStringList addresses;
    for (int i = 0; i < m_nodeCount; ++i)
        if (i != index)
            addresses.append(address(i));
    return addresses;
}

bool ClusterFixture::waitUntilAllUp(int milliseconds)
{
    const QDeadlineTimer deadline(milliseconds);
    while (!deadline.hasExpired()) {
        int well = 0;
        for (int i = 0; i < m_nodeCount; ++i) {
            const auto status = statusReportFromResp(ask(address(i), {"QUOIT.STATUS"}));
            well += status.ok() && status.value().nodesUp == static_cast<std::uint64_t>(m_nodeCount);
        }
        if (well == m_nodeCount)
            return true;
        processUntil(100, [] { return false; });
    }
    return false;
}

bool ClusterFixture::waitForEnd(int index, int milliseconds)
{
    return processUntil(milliseconds, [&] { return !m_cluster->node(index)->isAlive(); });
}

bool ClusterFixture::waitForReady(int index, int milliseconds)
{
    return processUntil(milliseconds, [&] { return m_cluster->node(index)->state() == NodeProcess::State::Running; });
}

QString ClusterFixture::logs() const
{
    QString text;
    for (int i = 0; i < m_cluster->nodeCount(); ++i)
        text += m_cluster->node(i)->name() + QStringLiteral(":\n  ") + m_cluster->node(i)->log().mid(std::max<qsizetype>(0, m_cluster->node(i)->log().size() - 15)).join(QStringLiteral("\n  ")) + QStringLiteral("\n");
    return text;
}

} // namespace quoit
