// tests/cluster/test_cluster_ring.cpp - the ring of real processes grows and shrinks under load.
#include "shared/admin/change_report.h"
#include "shared/admin/node_report.h"
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/cluster_load.h"
#include "tests/cluster/test_node.h"

#include <QTemporaryDir>
#include <QTest>

using namespace quoit;
using quoit::test::TestNode;

class TestClusterRing : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void noRequestFailsWhileNodesComeAndGo();
    void replacedNodeIsDeadAndNothingIsLost();
    void abortedChangeLeavesTheRingAsItWas();
    void noRequestFailsAtANewcomerWhoseChangeIsAborted();
    void endedChangesAreToldByEveryNode();
    void pausedChangeWaits();
    void removedNodeIsRefused();

private:
    static constexpr int firstNodes = 3;
    TestNode* startNew(const QString& name);
    /// The words that let a node join.
    static std::vector<std::string> identityOf(const QString& address);
    QString plan(const std::vector<std::string>& steps, PlanReport& report);
    QString apply(const PlanReport& report);
    /// Plans and applies. @return what went wrong; empty if the change has begun
    QString begin(const std::vector<std::string>& steps);
    QString waitUntilDone(int milliseconds = 30'000);
    QString change(const std::vector<std::string>& steps);
    QString entry() const { return m_fixture->address(0); }
    ChangesReport changes() const;
    std::size_t memberCount() const;

    std::unique_ptr<ClusterFixture> m_fixture;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::vector<std::unique_ptr<TestNode>> m_more;
};

namespace {

/// Every promised value through one node. @return the first that is wrong
QString wrongValue(const QString& address, const ClusterLoad& load)
{
    for (const auto& [key, value] : load.promised()) {
        const RespValue found = ask(address, {"GET", key});
        if (found.asText() != value)
            return QStringLiteral("%1 is '%2' through %3, '%4' was acknowledged")
                .arg(QString::fromStdString(key), QString::fromStdString(found.asText()), address, QString::fromStdString(value));
    }
    return {};
}

std::vector<std::string> joined(std::vector<std::string> words, const std::vector<std::string>& more)
{
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

} // namespace

void TestClusterRing::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_fixture = std::make_unique<ClusterFixture>(QStringLiteral(QUOIT_NODE), firstNodes);
    const QString problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QVERIFY(m_fixture->waitUntilAllUp(10'000));
}

void TestClusterRing::cleanup()
{
    if (QTest::currentTestFailed()) {
        qWarning("%s", qPrintable(m_fixture->logs()));
        for (const auto& node : m_more)
            qWarning("%s", qPrintable(node->log().right(3000)));
    }
    m_more.clear();
    m_fixture.reset();
}

TestNode* TestClusterRing::startNew(const QString& name)
{
    m_more.push_back(std::make_unique<TestNode>(name, QStringLiteral(QUOIT_NODE), m_folder->filePath(name)));
    TestNode* const node = m_more.back().get();
    node->start();
    return node->waitUntilReady(10'000) ? node : nullptr;
}

std::vector<std::string> TestClusterRing::identityOf(const QString& address)
{
    const auto read = identityReportFromResp(ask(address, {"QUOIT.IDENTITY"}));
    if (!read)
        return {};
    const IdentityReport& i = read.value();
    return {i.diskId, i.name, i.clientAddress, i.peerAddress, i.httpAddress, i.zone, std::to_string(i.weight)};
}

QString TestClusterRing::plan(const std::vector<std::string>& steps, PlanReport& report)
{
    const RespValue reply = ask(entry(), joined({"QUOIT.PLAN"}, steps));
    if (reply.isError())
        return QString::fromStdString(reply.text);
    Result<PlanReport> read = planReportFromResp(reply);
    if (!read)
        return QString::fromStdString(read.error().message);
    report = std::move(read).value();
    return {};
}

QString TestClusterRing::begin(const std::vector<std::string>& steps)
{
    PlanReport report;
    if (const QString problem = plan(steps, report); !problem.isEmpty())
        return problem;
    return apply(report);
}

QString TestClusterRing::apply(const PlanReport& report)
{
    const RespValue reply = ask(entry(), {"QUOIT.APPLY", std::to_string(report.number)}, 15'000);
    return reply.isError() ? QString::fromStdString(reply.text) : QString();
}

ChangesReport TestClusterRing::changes() const
{
    const auto read = changesReportFromResp(ask(entry(), {"QUOIT.CHANGES"}));
    return read ? read.value() : ChangesReport{};
}

QString TestClusterRing::waitUntilDone(int milliseconds)
{
    const bool done = test::passUntil(milliseconds, [this] { return changes().state == "none"; });
    return done ? QString() : QStringLiteral("the change isn't done in time");
}

QString TestClusterRing::change(const std::vector<std::string>& steps)
{
    const QString problem = begin(steps);
    return problem.isEmpty() ? waitUntilDone() : problem;
}

std::size_t TestClusterRing::memberCount() const
{
    const auto map = clusterMapFromResp(ask(entry(), {"QUOIT.RING"}));
    return map ? map.value()->members().size() : 0;
}

void TestClusterRing::noRequestFailsWhileNodesComeAndGo()
{
    ClusterLoad load(m_fixture->addressesWithout(-1), 20);
    QVERIFY(load.start());
    QTest::qWait(300);
    for (const QString& name : {QStringLiteral("four"), QStringLiteral("five")}) {
        TestNode* const node = startNew(name);
        QVERIFY(node);
        const QString problem = change(joined({"JOIN"}, identityOf(node->clientAddress())));
        QVERIFY2(problem.isEmpty(), qPrintable(problem));
        QTest::qWait(300);
    }
    QCOMPARE(memberCount(), std::size_t(5));
    for (const char* const step : {"REPLICAS 5", "LEAVE four", "REPLICAS 3", "WEIGHT five 2", "LEAVE five"}) {
        std::vector<std::string> words;
        for (const QByteArray& word : QByteArray(step).split(' '))
            words.push_back(word.toStdString());
        if (words.back() == "four") { // five replicas need five nodes
            QVERIFY(begin(words).contains(QLatin1String("replicas")));
            words = {"REPLICAS", "4", "LEAVE", "four"};
        }
        const QString problem = change(words);
        QVERIFY2(problem.isEmpty(), qPrintable(QLatin1String(step) + QLatin1String(": ") + problem));
        QTest::qWait(300);
    }
    QVERIFY(load.stop());
    QVERIFY2(load.failures().isEmpty(), qPrintable(load.failures().join(QLatin1Char('\n'))));
    QVERIFY(load.successes() > 100);
    QCOMPARE(memberCount(), std::size_t(3));
    for (int i = 0; i < firstNodes; ++i) {
        const QString wrong = wrongValue(m_fixture->address(i), load);
        QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
    }
    // Who has left ends by itself.
    for (const auto& node : m_more)
        QVERIFY(node->waitForEnd(10'000));
}

void TestClusterRing::replacedNodeIsDeadAndNothingIsLost()
{
    ClusterLoad load({m_fixture->address(0), m_fixture->address(1)}, 10);
    QVERIFY(load.start());
    QTest::qWait(500);
    m_fixture->cluster().node(2)->kill();
    QVERIFY(m_fixture->waitForEnd(2, 2000));
    TestNode* const node = startNew(QStringLiteral("new"));
    QVERIFY(node);
    const QString problem = change(joined({"REPLACE", "3"}, identityOf(node->clientAddress())));
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QVERIFY(load.stop());
    QVERIFY2(load.failures().isEmpty(), qPrintable(load.failures().join(QLatin1Char('\n'))));
    QCOMPARE(memberCount(), std::size_t(3));
    // A second death: what the new node has copied is needed now.
    m_fixture->cluster().node(1)->kill();
    QVERIFY(m_fixture->waitForEnd(1, 2000));
    const QString wrong = wrongValue(node->clientAddress(), load);
    QVERIFY2(wrong.isEmpty(), qPrintable(wrong));
}

void TestClusterRing::abortedChangeLeavesTheRingAsItWas()
{
    TestNode* const node = startNew(QStringLiteral("four"));
    QVERIFY(node);
    // A node that can't copy keeps the change open.
    PlanReport report;
    QVERIFY(plan(joined({"JOIN"}, identityOf(node->clientAddress())), report).isEmpty());
    node->kill();
    QVERIFY(apply(report).isEmpty());
    QTest::qWait(1000);
    QCOMPARE(changes().state, std::string("copying"));
    QCOMPARE(ask(entry(), {"SET", "during", "1"}).asText(), std::string("OK"));
    QCOMPARE(ask(entry(), {"QUOIT.ABORT"}, 15'000).asText(), std::string("OK"));
    QTRY_COMPARE_WITH_TIMEOUT(changes().state, std::string("none"), 15'000); // nobody waits for the clients of a node that is down
    QCOMPARE(memberCount(), std::size_t(3));
    QCOMPARE(ask(m_fixture->address(1), {"GET", "during"}).asText(), std::string("1"));
    QVERIFY(ask(entry(), {"QUOIT.ABORT"}).isError());
}

/// Its clients get an answer to all that it has read, and then the end of their connections.
void TestClusterRing::noRequestFailsAtANewcomerWhoseChangeIsAborted()
{
    TestNode* const node = startNew(QStringLiteral("four"));
    QVERIFY(node);
    QVERIFY(begin(joined({"JOIN"}, identityOf(node->clientAddress()))).isEmpty());
    QCOMPARE(ask(entry(), {"QUOIT.PAUSE"}, 15'000).asText(), std::string("OK"));
    int done = 0;
    QStringList refusals;
    std::vector<std::unique_ptr<RespConnection>> clients;
    const std::function<void(RespConnection&)> next = [&](RespConnection& client) {
        client.send({"SET", "key", "value"}, [&](const ClientReply& reply) {
            done += reply.ok();
            if (!reply.ok() && client.isOpen())
                refusals.append(QString::fromStdString(reply.errorText()));
            if (client.isOpen())
                next(client);
        });
    };
    QTRY_COMPARE(ask(node->clientAddress(), {"SET", "key", "value"}).asText(), std::string("OK")); // it knows that it is a member
    for (int i = 0; i < 5; ++i) {
        RespConnection& client = *clients.emplace_back(std::make_unique<RespConnection>(RespConnection::Options{}));
        client.open(*parseHostPort(node->clientAddress()));
        QTRY_VERIFY(client.isOpen());
        next(client);
    }
    QTRY_VERIFY_WITH_TIMEOUT(done > 20, 10'000);
    QCOMPARE(ask(entry(), {"QUOIT.ABORT"}, 15'000).asText(), std::string("OK"));
    QVERIFY(node->waitForEnd(20'000));
    QVERIFY2(refusals.isEmpty(), qPrintable(refusals.join(QLatin1Char('\n')).left(1000)));
    QCOMPARE(memberCount(), std::size_t(firstNodes));
    QCOMPARE(changes().ended.back().outcome, std::string("aborted"));
}

/// Also by a node that was away when they ended, and after all have been started anew.
void TestClusterRing::endedChangesAreToldByEveryNode()
{
    const auto endedAt = [this](int index) {
        const auto report = changesReportFromResp(ask(m_fixture->address(index), {"QUOIT.CHANGES"}));
        QString text;
        for (const EndedChangeReport& ended : report ? report.value().ended : std::vector<EndedChangeReport>())
            text += QStringLiteral("%1 %2 (%3);").arg(ended.number).arg(QString::fromStdString(ended.outcome), QString::fromStdString(ended.text));
        return text;
    };
    const QString problem = change({"ZONE", "1", "west"});
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    const std::uint64_t doneNumber = changes().ended.at(0).number;
    m_fixture->cluster().node(2)->kill();
    QVERIFY(m_fixture->waitForEnd(2, 5000));
    QVERIFY(begin({"REMOVE", "3", "REPLICAS", "2"}).isEmpty());
    QCOMPARE(ask(entry(), {"QUOIT.PAUSE"}, 15'000).asText(), std::string("OK"));
    const RespValue again = ask(entry(), {"QUOIT.PLAN", "LEAVE", "3"});
    QVERIFY2(again.isError() && again.text.find("leaves already") != std::string::npos, again.text.c_str());
    QCOMPARE(ask(entry(), {"QUOIT.ABORT"}, 15'000).asText(), std::string("OK"));
    const QString expected = endedAt(0);
    QVERIFY2(expected.contains(QLatin1String("done (zone")) && expected.contains(QLatin1String("aborted (remove")), qPrintable(expected));
    const RespValue late = ask(entry(), {"QUOIT.ABORT", std::to_string(doneNumber)}, 15'000);
    QVERIFY2(late.isError() && late.text.find("is over (done)") != std::string::npos, late.text.c_str());
    m_fixture->cluster().node(0)->kill();
    QVERIFY(m_fixture->waitForEnd(0, 5000));
    for (const int index : {0, 2}) {
        m_fixture->cluster().node(index)->start();
        QVERIFY(m_fixture->waitForReady(index, 15'000));
    }
    for (int index = 0; index < firstNodes; ++index)
        QVERIFY2(test::passUntil(15'000, [&] { return endedAt(index) == expected; }), qPrintable(endedAt(index)));
}

void TestClusterRing::pausedChangeWaits()
{
    TestNode* const node = startNew(QStringLiteral("four"));
    QVERIFY(node);
    PlanReport report;
    QVERIFY(plan(joined({"JOIN"}, identityOf(node->clientAddress())), report).isEmpty());
    node->pause();
    QVERIFY(apply(report).isEmpty());
    QCOMPARE(ask(entry(), {"QUOIT.PAUSE"}, 15'000).asText(), std::string("OK"));
    node->resume();
    QTest::qWait(2000);
    QCOMPARE(changes().state, std::string("paused"));
    QCOMPARE(ask(entry(), {"QUOIT.RESUME"}, 15'000).asText(), std::string("OK"));
    const QString problem = waitUntilDone();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QCOMPARE(memberCount(), std::size_t(4));
}

void TestClusterRing::removedNodeIsRefused()
{
    m_fixture->cluster().node(2)->kill();
    QVERIFY(m_fixture->waitForEnd(2, 2000));
    const QString problem = change({"REMOVE", "3", "REPLICAS", "2"});
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
    QCOMPARE(memberCount(), std::size_t(2));
    m_fixture->cluster().node(2)->start();
    QVERIFY(m_fixture->waitForEnd(2, 15'000)); // it comes, learns that it is no member, and ends
    QVERIFY(m_fixture->logs().contains(QLatin1String("removed")));
}

QTEST_GUILESS_MAIN(TestClusterRing)
#include "test_cluster_ring.moc"
