// tests/cluster/test_cluster_faults.cpp - five real nodes under load, one of which dies, stops or ends.
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/cluster_load.h"

#include <QTest>

#include <csignal>

using namespace quoit;

class TestClusterFaults : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void noRequestFailsWhenANodeIsKilled_data();
    void noRequestFailsWhenANodeIsKilled();
    void noRequestFailsWhenANodeStopsAndGoesOn();
    void sigtermEndsANodeCleanly();
    void everythingAcknowledgedIsReadThroughEveryNode();

private:
    static constexpr int nodeCount = 5;
    void verify(const ClusterLoad& load);

    std::unique_ptr<ClusterFixture> m_fixture;
};

void TestClusterFaults::initTestCase()
{
    m_fixture = std::make_unique<ClusterFixture>(QStringLiteral(QUOIT_BIN_DIR "/quoit-node"), nodeCount);
    const QString problem = m_fixture->start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

void TestClusterFaults::verify(const ClusterLoad& load)
{
    QVERIFY2(load.failures().isEmpty(), qPrintable(load.failures().join(QLatin1Char('\n')) + QLatin1Char('\n') + m_fixture->logs()));
    QVERIFY(load.successes() > 0);
}

void TestClusterFaults::noRequestFailsWhenANodeIsKilled_data()
{
    QTest::addColumn<int>("index");
    for (int i = 0; i < nodeCount; ++i)
        QTest::addRow("node %d", i + 1) << i;
}

void TestClusterFaults::noRequestFailsWhenANodeIsKilled()
{
    QFETCH(int, index);
    QVERIFY(m_fixture->waitUntilAllUp(10'000));
    ClusterLoad load(m_fixture->addressesWithout(index), 50);
    QVERIFY(load.start());
    QTest::qWait(500);
    const auto before = load.successes();
    m_fixture->cluster().node(index)->kill();
    QVERIFY(m_fixture->waitForEnd(index, 2000));
    QTest::qWait(1000);
    QVERIFY(load.successes() > before);
    m_fixture->cluster().node(index)->start();
    QVERIFY2(m_fixture->waitForReady(index, 10'000), qPrintable(m_fixture->logs()));
    QTest::qWait(500);
    QVERIFY(load.stop());
    verify(load);
}

void TestClusterFaults::noRequestFailsWhenANodeStopsAndGoesOn()
{
    QVERIFY(m_fixture->waitUntilAllUp(10'000));
    const int index = 2;
    const auto pid = static_cast<pid_t>(m_fixture->cluster().node(index)->processId());
    ClusterLoad load(m_fixture->addressesWithout(index), 50);
    QVERIFY(load.start());
    QTest::qWait(300);
    QCOMPARE(::kill(pid, SIGSTOP), 0);
    QTest::qWait(3000);
    const RespValue status = ask(m_fixture->address(0), {"QUOIT.STATUS"});
    const auto report = statusReportFromResp(status);
    QVERIFY(report.ok());
    QCOMPARE(report.value().nodesUp, std::uint64_t(nodeCount - 1)); // the fault did happen
    QCOMPARE(::kill(pid, SIGCONT), 0);
    QTest::qWait(2000);
    QVERIFY(load.stop());
    verify(load);
}

void TestClusterFaults::sigtermEndsANodeCleanly()
{
    QVERIFY(m_fixture->waitUntilAllUp(10'000));
    const int index = 4;
    ClusterLoad load(m_fixture->addressesWithout(index), 20);
    QVERIFY(load.start());
    NodeProcess* const node = m_fixture->cluster().node(index);
    node->stop();
    QVERIFY(m_fixture->waitForEnd(index, 5000));
    QCOMPARE(node->state(), NodeProcess::State::Stopped);
    QTest::qWait(300);
    node->start();
    QVERIFY(m_fixture->waitForReady(index, 10'000));
    QVERIFY(load.stop());
    verify(load);
}

void TestClusterFaults::everythingAcknowledgedIsReadThroughEveryNode()
{
    QVERIFY(m_fixture->waitUntilAllUp(10'000));
    ClusterLoad load(m_fixture->addressesWithout(-1), 10);
    QVERIFY(load.start());
    QTest::qWait(500);
    QVERIFY(load.stop());
    verify(load);
    for (int i = 0; i < nodeCount; ++i) {
        std::vector<std::string> request{"MGET"};
        for (const auto& [key, value] : load.promised())
            request.push_back(key);
        const RespValue values = ask(m_fixture->address(i), request);
        QCOMPARE(values.elements.size(), load.promised().size());
        for (std::size_t k = 0; k < values.elements.size(); ++k)
            QCOMPARE(values.elements[k].text, load.promised()[k].second);
    }
}

QTEST_GUILESS_MAIN(TestClusterFaults)
#include "test_cluster_faults.moc"
