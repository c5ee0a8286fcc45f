#include "tests/cluster/ring_torment.h"

#include "console/cluster/cluster_formation.h"
#include "shared/admin/node_report.h"
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/promise_load.h"
#include "tests/cluster/register_load.h"

#include <QElapsedTimer>
#include <QUuid>

#include <algorithm>

namespace quoit::test {

namespace {

constexpr int firstNodes = 3;
constexpr int mostNodes = 7;
constexpr int lastNodes = 4;
constexpr int readyMs = 20'000;
constexpr int changeMs = 120'000;
constexpr int healMs = 60'000;
constexpr int lastRequestsMs = 20'000;

} // namespace

RingTorment::RingTorment(const RingTormentOptions& options)
    : m_options(options)
    , m_random(options.seed)
    , m_isMember(mostNodes)
    , m_ringIds(mostNodes)
{
    for (int id = 1; id <= mostNodes; ++id)
        m_nodes.push_back(std::make_unique<TestNode>(QStringLiteral("n%1").arg(id), options.program,
                                                     options.folder + QStringLiteral("/%1").arg(id)));
    m_nemesis.setSingleShot(true);
    QObject::connect(&m_nemesis, &QTimer::timeout, &m_nemesis, [this] { torment(); });
}

RingTorment::~RingTorment()
{
    m_nemesis.stop();
    for (const auto& node : m_nodes)
        if (node->isAlive())
            node->kill();
}

QString RingTorment::addressOf(int id)
{
    if (!m_isMember[static_cast<std::size_t>(id - 1)] || !node(id).isAlive() || !node(id).waitUntilReady(0))
        return {};
    return node(id).clientAddress();
}

std::vector<int> RingTorment::members() const
{
    std::vector<int> ids;
    for (int id = 1; id <= mostNodes; ++id)
        if (m_isMember[static_cast<std::size_t>(id - 1)])
            ids.push_back(id);
    return ids;
}

QString RingTorment::someAddress()
{
    std::vector<int> ids = members();
    while (!ids.empty()) {
        const auto place = ids.begin() + static_cast<std::ptrdiff_t>(m_random.below(ids.size()));
        const QString address = addressOf(*place);
        if (!address.isEmpty())
            return address;
        ids.erase(place);
    }
    return {};
}

ClusterMapPtr RingTorment::ring()
{
    auto map = clusterMapFromResp(ask(someAddress(), {"QUOIT.RING"}));
    return map ? map.value() : nullptr;
}

QString RingTorment::start()
{
    std::vector<IdentityReport> identities;
    for (int id = 1; id <= firstNodes; ++id) {
        begin(id);
        if (!node(id).waitUntilReady(readyMs))
            return QStringLiteral("node %1 does not start").arg(id);
        auto identity = identityReportFromResp(ask(node(id).clientAddress(), {"QUOIT.IDENTITY"}));
        if (!identity)
            return QStringLiteral("node %1 doesn't say who it is").arg(id);
        identities.push_back(std::move(identity).value());
        m_isMember[static_cast<std::size_t>(id - 1)] = true;
        m_ringIds[static_cast<std::size_t>(id - 1)] = static_cast<NodeId>(id);
    }
    FormationOptions options;
    options.partitionCount = std::uint32_t(64) << m_random.below(5);
    options.vnodesPerWeight = std::clamp(options.partitionCount / 16, 1u, 16u);
    const auto map =
        makeFirstMap(identities, options, QUuid::createUuid().toString(QUuid::WithoutBraces).toStdString());
    if (!map)
        return QString::fromStdString(map.error().message);
    for (int id = 1; id <= firstNodes; ++id)
        if (const RespValue reply = ask(node(id).clientAddress(), {"QUOIT.ADOPT", map.value()->encode()}); reply.isError())
            return QString::fromStdString(reply.text);
    return heal();
}

void RingTorment::begin(int id)
{
    node(id).start();
}

/// Began as a part of a ring at least once. One that waits for that comes back at other ports, where a ring that has it in its plan can't find it:
/// it takes any free ones, unlike a real node.
bool RingTorment::hasServed(int id)
{
    return m_isMember[static_cast<std::size_t>(id - 1)] || node(id).log().contains(QLatin1String("serves as node"));
}

/// Kills one node, or starts the one that was killed; then waits a little.
void RingTorment::torment()
{
    if (m_down != 0) {
        begin(m_down);
        m_down = 0;
    } else {
        std::vector<int> running;
        for (int id = 1; id <= mostNodes; ++id)
            if (node(id).isAlive() && node(id).waitUntilReady(0) && hasServed(id))
                running.push_back(id);
        if (!running.empty()) {
            m_down = running[m_random.below(running.size())];
            node(m_down).kill();
            ++m_kills;
        }
    }
    m_nemesis.start(100 + static_cast<int>(m_random.below(m_down != 0 ? 1500 : 4000)));
}

QString RingTorment::change(const QString& what, const Steps& steps, const IsWanted& isWanted)
{
    QElapsedTimer clock;
    clock.start();
    QString last;
    while (clock.elapsed() < changeMs) {
        pass(100);
        const ClusterMapPtr map = ring();
        if (!map || map->isChanging() || !map->parts().queue.empty())
            continue;
        if (isWanted(*map)) {
            ++m_changes;
            return {};
        }
        const std::vector<std::string> words = steps();
        if (words.empty())
            continue;
        // The plan is known to the node that made it.
        const QString address = someAddress();
        std::vector<std::string> request{"QUOIT.PLAN"};
        request.insert(request.end(), words.begin(), words.end());
        const auto plan = planReportFromResp(ask(address, request));
        if (!plan)
            continue;
        const RespValue reply = ask(address, {"QUOIT.APPLY", std::to_string(plan.value().number)}, 15'000);
        last = reply.isError() ? QString::fromStdString(reply.text) : QString();
    }
    return QStringLiteral("%1 isn't done after %2 s; the last answer was '%3'\n%4").arg(what).arg(changeMs / 1000).arg(last, logs());
}

QString RingTorment::join(int id)
{
    begin(id);
    const auto steps = [this, id]() -> std::vector<std::string> {
        if (!node(id).isAlive() || !node(id).waitUntilReady(0))
            return {};
        const auto read = identityReportFromResp(ask(node(id).clientAddress(), {"QUOIT.IDENTITY"}));
        if (!read)
            return {};
        const IdentityReport& i = read.value();
        return {"JOIN", i.diskId, i.name, i.clientAddress, i.peerAddress, i.httpAddress, i.zone, "1"};
    };
    const std::string name = node(id).name().toStdString();
    return change(QStringLiteral("the join of n%1").arg(id), steps, [&](const ClusterMap& map) {
        for (const Member& member : map.members()) {
            if (member.name != name)
                continue;
            m_isMember[static_cast<std::size_t>(id - 1)] = true;
            m_ringIds[static_cast<std::size_t>(id - 1)] = member.id;
            return true;
        }
        return false;
    });
}

QString RingTorment::leave(int id)
{
    const NodeId ringId = m_ringIds[static_cast<std::size_t>(id - 1)];
    const QString problem = change(
        QStringLiteral("the leave of n%1").arg(id),
        [ringId]() -> std::vector<std::string> {
            return {"LEAVE", std::to_string(ringId)};
        },
        [ringId](const ClusterMap& map) { return !map.member(ringId); });
    m_isMember[static_cast<std::size_t>(id - 1)] = false;
    if (m_down == id)
        m_down = 0; // it stays away
    return problem;
}

QString RingTorment::setReplicas(std::uint32_t count)
{
    return change(
        QStringLiteral("%1 replicas").arg(count),
        [count]() -> std::vector<std::string> {
            return {"REPLICAS", std::to_string(count)};
        },
        [count](const ClusterMap& map) { return map.replicaCount() == count; });
}

QString RingTorment::changeAll()
{
    for (int id = firstNodes + 1; id <= mostNodes; ++id) {
        if (const QString problem = join(id); !problem.isEmpty())
            return problem;
        if (id == static_cast<int>(m_options.replicaCount))
            if (const QString problem = setReplicas(m_options.replicaCount); !problem.isEmpty())
                return problem;
    }
    for (int left = mostNodes; left > lastNodes; --left) {
        if (left == static_cast<int>(m_options.replicaCount))
            if (const QString problem = setReplicas(firstNodes); !problem.isEmpty())
                return problem;
        const std::vector<int> ids = members();
        if (const QString problem = leave(ids[m_random.below(ids.size())]); !problem.isEmpty())
            return problem;
    }
    return {};
}

QString RingTorment::heal()
{
    m_nemesis.stop();
    m_down = 0;
    for (const int id : members())
        begin(id);
    QString trouble;
    const bool isWell = passUntil(healMs, [&] {
        for (const int id : members()) {
            const QString address = addressOf(id);
            const auto status = statusReportFromResp(address.isEmpty() ? RespValue{} : ask(address, {"QUOIT.STATUS"}));
            trouble = status ? QString::fromStdString(status.value().verdict) : QStringLiteral("n%1 doesn't answer").arg(id);
            if (trouble != QLatin1String("well"))
                return false;
        }
        return true;
    });
    return isWell ? QString() : QStringLiteral("after %1 s without faults: %2\n%3").arg(healMs / 1000).arg(trouble, logs());
}

QString RingTorment::logs()
{
    QString text;
    for (const auto& node : m_nodes)
        text += node->name() + QStringLiteral(":\n") + node->log().right(1500) + QLatin1Char('\n');
    return text;
}

QString RingTorment::run()
{
    QElapsedTimer clock;
    clock.start();
    RegisterLoadOptions load;
    load.prefix = "r";
    load.seed = m_random.next();
    load.pauseMaxMs = 4 + static_cast<int>(m_random.below(20));
    load.arePatient = !m_options.kills; // whoever gives up early would count as failed
    const auto where = [this](int id) { return addressOf(id); };
    RegisterLoad registers(load, mostNodes, where);
    PromiseLoadOptions promised;
    promised.prefix = "p";
    promised.seed = m_random.next();
    promised.arePatient = load.arePatient;
    PromiseLoad promises(promised, mostNodes, where);
    const auto check = [this](const QString& problem) {
        if (m_problem.isEmpty())
            m_problem = problem;
    };
    check(start());
    if (m_problem.isEmpty()) {
        registers.start();
        promises.start();
        if (m_options.kills)
            m_nemesis.start(500);
        check(changeAll());
        check(heal());
        pass(300);
        if (!registers.stop(lastRequestsMs) || !promises.stop(lastRequestsMs))
            check(QStringLiteral("a request wasn't answered although all nodes are well"));
        check(registers.readEverything(members()));
        check(promises.check(members()));
        check(registers.check());
    }
    for (const auto& node : m_nodes)
        for (const QString& end : node->ownEnds())
            if (end.contains(QLatin1String("crashed")))
                check(end);
    const LoadCounters& counters = registers.counters();
    QStringList answers;
    for (const auto& [code, count] : counters.errors)
        answers << QStringLiteral("%1 %2").arg(count).arg(QString::fromStdString(code));
    // Nobody who was connected to a node that has left lost a request.
    if (!m_options.kills && (counters.refused + counters.unknown > 0 || !counters.errors.empty() || promises.acknowledged() < promises.requests()))
        check(QStringLiteral("requests failed although nothing was killed; %1; %2").arg(counters.firstFailure, promises.firstFailure()));
    return QStringLiteral("%1 changes, %2 kills; %3 requests, %4 unknown, %5 failed (answers: %10), %6 keys judged; %7 of %8 promises acknowledged; %9 s; ")
               .arg(m_changes)
               .arg(m_kills)
               .arg(counters.requests)
               .arg(counters.unknown)
               .arg(counters.refused)
               .arg(registers.keyCount())
               .arg(promises.acknowledged())
               .arg(promises.requests())
               .arg(static_cast<double>(clock.elapsed()) / 1000, 0, 'f', 1)
               .arg(answers.isEmpty() ? QStringLiteral("none") : answers.join(QStringLiteral(", "))) +
           (m_problem.isEmpty() ? QStringLiteral("good") : QStringLiteral("WRONG: ") + m_problem);
}

} // namespace quoit::test
