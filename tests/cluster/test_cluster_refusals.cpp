// tests/cluster/test_cluster_refusals.cpp - changes of the ring that can't be: real processes refuse each in words that say what to do.
#include "console/cluster/cluster_formation.h"
#include "shared/admin/change_report.h"
#include "shared/admin/node_report.h"
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/test_node.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <map>

using namespace quoit;
using quoit::test::TestNode;

using Words = std::vector<std::string>;

/// All rows share one cluster: what is refused leaves no trace.
class TestClusterRefusals : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void changeThatCannotBeIsRefused_data();
    void changeThatCannotBeIsRefused();
    void fewerNodesThanReplicasOnlyWhenSaid();
    void cleanupTestCase();

private:
    TestNode* startNew(const QString& name);
    /// Remembers under a name how a node joins.
    void describe(const char* name, const QString& address);
    /// "@name" becomes the words that let that node join, "#done" and the like a number.
    Words expanded(const QString& text) const;
    RespValue command(const QString& text) const { return ask(m_fixture->address(0), expanded(text), 15'000); }
    ChangesReport changes() const;
    /// Plans and applies. @return the number of the change; 0: it was refused
    std::uint64_t begin(const QString& steps);
    void setLeaving(bool isWanted);

    QTemporaryDir m_folder;
    std::unique_ptr<ClusterFixture> m_fixture;
    std::vector<std::unique_ptr<TestNode>> m_more;
    std::map<std::string, Words> m_newcomers;
    std::map<std::string, std::uint64_t> m_numbers;
    bool m_isLeaving = false;
};

TestNode* TestClusterRefusals::startNew(const QString& name)
{
    m_more.push_back(std::make_unique<TestNode>(name, QStringLiteral(QUOIT_NODE), m_folder.filePath(name)));
    m_more.back()->start();
    return m_more.back()->waitUntilReady(20'000) ? m_more.back().get() : nullptr;
}

void TestClusterRefusals::describe(const char* name, const QString& address)
{
    const auto read = identityReportFromResp(ask(address, {"QUOIT.IDENTITY"}));
    QVERIFY(read.ok());
    const IdentityReport& i = read.value();
    m_newcomers[name] = {i.diskId, i.name, i.clientAddress, i.peerAddress, i.httpAddress, i.zone, std::to_string(i.weight)};
}

Words TestClusterRefusals::expanded(const QString& text) const
{
    Words words;
    for (const QString& part : text.split(QLatin1Char(' '))) {
        const std::string word = part.toStdString();
        if (word.front() == '@') {
            const Words& newcomer = m_newcomers.at(word.substr(1));
            words.insert(words.end(), newcomer.begin(), newcomer.end());
        } else {
            words.push_back(word.front() == '#' ? std::to_string(m_numbers.at(word.substr(1))) : word);
        }
    }
    return words;
}

ChangesReport TestClusterRefusals::changes() const
{
    const auto read = changesReportFromResp(command(QStringLiteral("QUOIT.CHANGES")));
    return read ? read.value() : ChangesReport{};
}

std::uint64_t TestClusterRefusals::begin(const QString& steps)
{
    const auto plan = planReportFromResp(command(QLatin1String("QUOIT.PLAN ") + steps));
    if (!plan || command(QStringLiteral("QUOIT.APPLY %1").arg(plan.value().number)).isError())
        return 0;
    return changes().number;
}

void TestClusterRefusals::initTestCase()
{
    m_fixture = std::make_unique<ClusterFixture>(QStringLiteral(QUOIT_NODE), 3);
    const QString problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QVERIFY(m_fixture->waitUntilAllUp(20'000));
    const std::string value(100'000, 'v');
    for (int i = 0; i < 20; ++i)
        QCOMPARE(ask(m_fixture->address(0), {"SET", "key:" + std::to_string(i), value}, 15'000).asText(), std::string("OK"));

    describe("member", m_fixture->address(1));
    for (const char* name : {"four", "dead", "hung", "stranger"}) {
        TestNode* const node = startNew(QString::fromLatin1(name));
        QVERIFY(node);
        describe(name, node->clientAddress());
    }
    m_newcomers["masked"] = m_newcomers["dead"];
    m_newcomers["masked"][3] = m_newcomers["four"][3];
    m_newcomers["namesake"] = m_newcomers["four"];
    m_newcomers["namesake"][1] = m_newcomers["member"][1];
    m_newcomers["neighbour"] = m_newcomers["four"];
    m_newcomers["neighbour"][3] = m_newcomers["member"][3];
    m_newcomers["nowhere"] = m_newcomers["four"];
    m_newcomers["nowhere"][3] = "nowhere";

    ClusterFormation formation({m_more[3]->clientAddress()}, {});
    QSignalSpy formed(&formation, &ClusterFormation::formed);
    formation.start();
    QVERIFY(formed.wait(20'000));
    QVERIFY(test::passUntil(20'000, [&] { return ask(m_more[3]->clientAddress(), {"SET", "k", "v"}).asText() == "OK"; }));
    m_more[1]->kill();
    m_more[2]->pause();

    const auto stale = planReportFromResp(command(QStringLiteral("QUOIT.PLAN WEIGHT 1 3")));
    QVERIFY(stale.ok());
    m_numbers["stale"] = stale.value().number;
    m_numbers["done"] = begin(QStringLiteral("ZONE 1 west"));
    QVERIFY(m_numbers["done"] != 0);
    QVERIFY(test::passUntil(60'000, [this] { return changes().state == "none"; }));
    m_numbers["aborted"] = begin(QStringLiteral("WEIGHT 1 3"));
    QVERIFY(m_numbers["aborted"] != 0);
    QCOMPARE(command(QStringLiteral("QUOIT.ABORT")).asText(), std::string("OK"));
    // How much data there is, figures tell.
    QVERIFY(test::passUntil(30'000, [this] {
        const auto plan = planReportFromResp(command(QStringLiteral("QUOIT.PLAN JOIN @four")));
        return plan.ok() && plan.value().bytesMoved > 1'000'000;
    }));
}

/// A change that takes a node away is in progress, and paused; or nothing is.
void TestClusterRefusals::setLeaving(bool isWanted)
{
    if (isWanted == m_isLeaving)
        return;
    m_isLeaving = isWanted;
    if (isWanted) {
        QVERIFY(begin(QStringLiteral("LEAVE 3 REPLICAS 2")) != 0);
        QCOMPARE(command(QStringLiteral("QUOIT.PAUSE")).asText(), std::string("OK"));
    } else {
        QCOMPARE(command(QStringLiteral("QUOIT.ABORT")).asText(), std::string("OK"));
    }
}

void TestClusterRefusals::changeThatCannotBeIsRefused_data()
{
    QTest::addColumn<bool>("isLeaving");
    QTest::addColumn<QString>("words");
    QTest::addColumn<QString>("reason");
    QTest::addColumn<QString>("advice");
    const auto row = [](const char* name, const char* words, const char* reason, const char* advice, bool isLeaving = false) {
        QTest::newRow(name) << isLeaving << QString::fromLatin1(words) << QString::fromLatin1(reason) << QString::fromLatin1(advice);
    };
    row("joins, is down", "QUOIT.PLAN JOIN @dead", "dead at 127.0.0.1:", "start it and plan again");
    row("joins, hangs", "QUOIT.PLAN JOIN @hung", "hung at 127.0.0.1:", "start it and plan again");
    row("joins, is a member", "QUOIT.PLAN JOIN @member", "has that disk already", "it is a member");
    row("joins, has another cluster and data", "QUOIT.PLAN JOIN @stranger", "is node 1 of another cluster", "with another --data-dir");
    row("joins, is another node", "QUOIT.PLAN JOIN @masked", "another node than dead listens at", "QUOIT.IDENTITY");
    row("joins, too small", "QUOIT.PLAN JOIN @four FREE 1000", "four has 0 MB free on its disk and may need", "a larger disk");
    row("joins, name is taken", "QUOIT.PLAN JOIN @namesake", "has the name", "another --name");
    row("joins, address is taken", "QUOIT.PLAN JOIN @neighbour", "has the address 127.0.0.1:", "already");
    row("joins, address is none", "QUOIT.PLAN JOIN @nowhere", "'nowhere' is no address", "write it as");
    row("joins, not described", "QUOIT.PLAN JOIN", "something is missing", "QUOIT.IDENTITY");
    row("replaces, is down", "QUOIT.PLAN REPLACE 3 @dead", "dead at 127.0.0.1:", "start it and plan again");
    row("replaces, too small", "QUOIT.PLAN REPLACE 3 @four FREE 1000", "four has 0 MB free on its disk", "a larger disk");
    row("replaces itself", "QUOIT.PLAN REPLACE 3 @member", "has that disk already", "it is a member");
    row("leaves, too few stay", "QUOIT.PLAN LEAVE 1", "2 nodes can't keep 3 replicas", "a lower number of replicas");
    row("removed, too few stay", "QUOIT.PLAN REMOVE 3", "2 nodes can't keep 3 replicas", "UNDER-STRENGTH");
    row("leaves, is none", "QUOIT.PLAN LEAVE 9", "no member is called '9'", "QUOIT.NODES");
    row("leaves, is the last", "QUOIT.PLAN LEAVE 1 LEAVE 2 LEAVE 3 REPLICAS 1", "the last member", "can't leave");
    row("leaves twice", "QUOIT.PLAN LEAVE 3", "3 leaves already", "QUOIT.CHANGES", true);
    row("removed while it leaves", "QUOIT.PLAN REMOVE 3", "3 leaves already", "QUOIT.CHANGES", true);
    row("replaced while it leaves", "QUOIT.PLAN REPLACE 3 @four", "3 leaves already", "QUOIT.CHANGES", true);
    row("paused twice", "QUOIT.PAUSE", "paused already", "", true);
    row("leaves twice in one plan", "QUOIT.PLAN LEAVE 3 LEAVE 3 REPLICAS 1", "a node can leave only once", "keep one of the two");
    row("abort of what is done", "QUOIT.ABORT #done", "is over (done)", "plan a change that undoes it");
    row("abort of what is aborted", "QUOIT.ABORT #aborted", "is over (aborted)", "");
    row("abort of nothing", "QUOIT.ABORT", "no change of the ring is in progress", "nothing to abort");
    row("abort, unknown", "QUOIT.ABORT 12345", "no change has the number 12345", "QUOIT.CHANGES lists them");
    row("pause of nothing", "QUOIT.PAUSE", "no change of the ring is in progress", "");
    row("apply, stale", "QUOIT.APPLY #stale", "the ring has changed since the plan was made", "plan again");
    row("apply, unknown", "QUOIT.APPLY 123", "has no plan 123", "plan again");
    row("apply, no number", "QUOIT.APPLY x", "'x' is no plan's number", "plan again");
    row("no step", "QUOIT.PLAN DANCE", "'DANCE' is no step", "there are JOIN, LEAVE");
    row("under strength alone", "QUOIT.PLAN UNDER-STRENGTH", "a change needs at least one step", "");
    row("weight below 0", "QUOIT.PLAN WEIGHT 1 -3", "a weight must be between", "0.01 and 100");
    row("weight no number", "QUOIT.PLAN WEIGHT 1 heavy", "'heavy' is no number", "");
    row("nothing changes", "QUOIT.PLAN WEIGHT 1 1", "that changes nothing", "the ring is like that already");
    row("two weights for one node", "QUOIT.PLAN WEIGHT 1 2 WEIGHT 1 3", "the same is wanted twice", "");
    row("two numbers of replicas", "QUOIT.PLAN REPLICAS 2 REPLICAS 1", "the same is wanted twice", "");
    row("zone with control characters", "QUOIT.PLAN ZONE 1 \x1b[31mred", "the zone has control characters", "");
    row("too many replicas", "QUOIT.PLAN REPLICAS 9", "must be 1 to 7", "");
    row("limit no number", "QUOIT.THROTTLE fast", "whole number of MB/s", "0 (none)");
}

void TestClusterRefusals::changeThatCannotBeIsRefused()
{
    QFETCH(bool, isLeaving);
    QFETCH(QString, words);
    QFETCH(QString, reason);
    QFETCH(QString, advice);
    setLeaving(isLeaving);
    const std::string state = changes().state;
    const RespValue reply = command(words);
    QVERIFY2(reply.isError(), "it was not refused");
    const QString text = QString::fromStdString(reply.text);
    QVERIFY2(text.contains(reason) && text.contains(advice), qPrintable(text));
    QCOMPARE(changes().state, state);
    QVERIFY(changes().queue.empty());
}

void TestClusterRefusals::fewerNodesThanReplicasOnlyWhenSaid()
{
    setLeaving(false);
    QVERIFY(planReportFromResp(command(QStringLiteral("QUOIT.PLAN REMOVE 3 REPLICAS 2"))).ok());
    const auto plan = planReportFromResp(command(QStringLiteral("QUOIT.PLAN REMOVE 3 UNDER-STRENGTH")));
    QVERIFY(plan.ok());
    QVERIFY(std::ranges::count(plan.value().risks, "every partition will have 2 replicas instead of 3 until a node joins") == 1);
    m_fixture->cluster().node(2)->kill();
    QVERIFY(m_fixture->waitForEnd(2, 20'000));
    QCOMPARE(command(QStringLiteral("QUOIT.APPLY %1").arg(plan.value().number)).asText(), std::string("OK"));
    QVERIFY(test::passUntil(60'000, [this] { return changes().state == "none"; }));
    const auto map = clusterMapFromResp(command(QStringLiteral("QUOIT.RING")));
    QVERIFY(map.ok());
    QCOMPARE(map.value()->members().size(), std::size_t(2));
    QCOMPARE(map.value()->replicaCount(), std::uint32_t(3));
    QCOMPARE(ask(m_fixture->address(1), {"GET", "key:7"}, 15'000).asText().size(), std::size_t(100'000));
    // What is missing may come in later, and fewer are no news then.
    QVERIFY(planReportFromResp(command(QStringLiteral("QUOIT.PLAN JOIN @four"))).ok());
}

void TestClusterRefusals::cleanupTestCase()
{
    if (QTest::currentTestFailed())
        qWarning("%s", qPrintable(m_fixture->logs()));
    if (m_more.size() > 2)
        m_more[2]->resume();
    m_more.clear();
    m_fixture.reset();
}

QTEST_GUILESS_MAIN(TestClusterRefusals)
#include "test_cluster_refusals.moc"
