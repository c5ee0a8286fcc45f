// tests/cluster/test_cluster_linearizable.cpp - what clients of real processes are told is linearizable, whatever
// happens to the processes. About a minute; quoit-torment (tests/cluster/run) does the same for as long as wanted.
#include "tests/cluster/fault_scenario.h"

#include <QTemporaryDir>
#include <QTest>

using namespace quoit::test;

class TestClusterLinearizable : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void historiesAreLinearizableUnder_data();
    void historiesAreLinearizableUnder();
    void everyFaultDidHappen();

private:
    ProxiedCluster& clusterFor(const Scenario& scenario);
    void note(const PeerProxyCounters& now, const PeerProxyCounters& before);

    static constexpr int faultMs = 2600;
    static constexpr int faultsMsMax = 1000;
    QTemporaryDir m_folder;
    std::uint64_t m_seed = 0;
    std::unique_ptr<ProxiedCluster> m_cluster;
    bool m_isFaulty = false;       ///< m_cluster's disks may fail
    QString m_problem;             ///< of starting it
    std::map<Fault, int> m_faults; ///< in all scenarios, like the next ones
    PeerProxyCounters m_network;
    qsizetype m_fullDisks = 0;
    qsizetype m_failedDisks = 0;
};

void TestClusterLinearizable::initTestCase()
{
    const QByteArray wanted = qgetenv("QUOIT_SEED");
    m_seed = wanted.isEmpty() ? static_cast<std::uint64_t>(nowUs()) % 1'000'000 : wanted.toULongLong();
    qInfo("seed %llu; QUOIT_SEED=%llu draws the same faults again", static_cast<unsigned long long>(m_seed),
          static_cast<unsigned long long>(m_seed));
}

ProxiedCluster& TestClusterLinearizable::clusterFor(const Scenario& scenario)
{
    if (m_cluster && m_isFaulty == scenario.needsFaultyDisks && m_problem.isEmpty())
        return *m_cluster;
    m_isFaulty = scenario.needsFaultyDisks;
    ClusterSetup setup;
    setup.program = QLatin1String(m_isFaulty ? QUOIT_NODE_FAULTY : QUOIT_NODE);
    setup.folder = m_folder.filePath(QLatin1String(scenario.name));
    m_cluster.reset();
    m_cluster = std::make_unique<ProxiedCluster>(setup);
    m_problem = m_cluster->start();
    return *m_cluster;
}

void TestClusterLinearizable::historiesAreLinearizableUnder_data()
{
    QTest::addColumn<int>("index");
    for (std::size_t i = 0; i < allScenarios().size(); ++i)
        QTest::newRow(allScenarios()[i].name) << static_cast<int>(i);
}

void TestClusterLinearizable::historiesAreLinearizableUnder()
{
    QFETCH(int, index);
    const Scenario& scenario = allScenarios()[static_cast<std::size_t>(index)];
    ProxiedCluster& cluster = clusterFor(scenario);
    QVERIFY2(m_problem.isEmpty(), qPrintable(m_problem));
    const PeerProxyCounters before = cluster.proxy().counters();
    ScenarioOptions options;
    options.seed = m_seed + static_cast<std::uint64_t>(index);
    options.milliseconds = faultMs;
    options.faultMsMax = faultsMsMax;
    options.keyPrefix = std::string(scenario.name) + ':';
    options.traceFolder = QStringLiteral("cluster-trace-%1").arg(QLatin1String(scenario.name));
    const ScenarioReport report = runScenario(scenario, options, cluster);
    qInfo("%s", qPrintable(report.toText()));
    if (!report.problem.isEmpty())
        m_problem = report.problem; // the next one begins with a fresh cluster
    QVERIFY2(report.problem.isEmpty(), qPrintable(report.problem));

    QVERIFY(report.registers.requests > 50);
    QVERIFY(report.acknowledged > 20);
    QVERIFY(report.keys > 2);
    for (const auto& [fault, count] : report.faults)
        m_faults[fault] += count;
    note(cluster.proxy().counters(), before);
    for (int id = 1; id <= cluster.nodeCount(); ++id) {
        const QString log = cluster.node(id).log();
        m_fullDisks += log.count(QLatin1String(" full: writes"));
        m_failedDisks += log.count(QLatin1String("can't be trusted any more"));
    }
}

void TestClusterLinearizable::note(const PeerProxyCounters& now, const PeerProxyCounters& before)
{
    m_network.cut += now.cut - before.cut;
    m_network.held += now.held - before.held;
    m_network.delayed += now.delayed - before.delayed;
}

void TestClusterLinearizable::everyFaultDidHappen()
{
    // A fault test that met no fault proves nothing.
    for (int fault = 0; fault < faultKinds; ++fault)
        QVERIFY2(m_faults[static_cast<Fault>(fault)] > 0, toText(static_cast<Fault>(fault)));
    QVERIFY(m_network.cut > 0);
    QVERIFY(m_network.held > 0);
    QVERIFY(m_network.delayed > 0);
    QVERIFY(m_fullDisks > 0);
    QVERIFY(m_failedDisks > 0);
}

QTEST_GUILESS_MAIN(TestClusterLinearizable)
#include "test_cluster_linearizable.moc"
