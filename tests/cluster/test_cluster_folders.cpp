// tests/cluster/test_cluster_folders.cpp - a member's data folder that is gone, or that is an older copy of itself: the
// node must not take part with it, since it forgot what it promised.
#include "shared/admin/node_report.h"
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/promise_load.h"
#include "tests/cluster/proxied_cluster.h"

#include <QDir>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

using namespace quoit;
using namespace quoit::test;

class TestClusterFolders : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void cleanup();
    void wipedNodeWaitsAndTakesNobodysPlace();
    void olderCopyIsRefused_data();
    void olderCopyIsRefused();

private:
    static constexpr int victim = 3;
    static constexpr int watchMs = 3500; ///< long enough for every peer to dial, or to look whether it waits

    TestNode& node() { return m_cluster->node(victim); }
    QString copyName() const { return m_folder.filePath(QStringLiteral("copy")); }
    static bool copyFolder(const QString& from, const QString& to);
    /// Writes for a moment, so that the victim promises and stores. @return what is wrong with it
    QString work(int milliseconds);
    /// Reads back, through all nodes but the victim, what was acknowledged so far.
    QString verify();
    std::uint64_t nodesUpAt(int id);
    QString otherLogs();

    QTemporaryDir m_folder;
    std::unique_ptr<ProxiedCluster> m_cluster;
    std::map<std::string, std::string> m_acknowledged;
    int m_serial = 0;
};

void TestClusterFolders::initTestCase()
{
    ClusterSetup setup;
    setup.program = QLatin1String(QUOIT_NODE);
    setup.folder = m_folder.path();
    m_cluster = std::make_unique<ProxiedCluster>(setup);
    const QString problem = m_cluster->start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

/// Whatever a test did: the true folder is back, and its node a member again.
void TestClusterFolders::cleanup()
{
    const QString original = node().dataFolder() + QStringLiteral(".original");
    if (QDir(original).exists()) {
        node().kill();
        QDir(node().dataFolder()).removeRecursively();
        QVERIFY(QDir().rename(original, node().dataFolder()));
    }
    QDir(copyName()).removeRecursively();
    QString problem = m_cluster->heal(20'000);
    if (problem.isEmpty())
        problem = verify();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

bool TestClusterFolders::copyFolder(const QString& from, const QString& to)
{
    return QProcess::execute(QStringLiteral("cp"), {QStringLiteral("-a"), from, to}) == 0;
}

QString TestClusterFolders::work(int milliseconds)
{
    const std::int64_t endUs = nowUs() + std::int64_t(milliseconds) * 1000;
    while (nowUs() < endUs) {
        std::vector<std::string> request{"MSET"};
        for (int i = 0; i < 50; ++i) {
            const std::string key = "folder:" + std::to_string(m_serial % 500);
            const std::string value = std::to_string(++m_serial);
            request.insert(request.end(), {key, value});
            m_acknowledged[key] = value;
        }
        const RespValue reply = ask(m_cluster->node(1).clientAddress(), request);
        if (reply.isError())
            return QString::fromStdString(reply.text);
    }
    return {};
}

QString TestClusterFolders::verify()
{
    for (int id = 1; id <= m_cluster->nodeCount(); ++id) {
        if (id == victim)
            continue;
        std::vector<std::string> request{"MGET"};
        for (const auto& [key, value] : m_acknowledged)
            request.push_back(key);
        const RespValue values = ask(m_cluster->node(id).clientAddress(), request);
        std::size_t i = 0;
        for (const auto& [key, value] : m_acknowledged) {
            const std::string found = i < values.elements.size() ? values.elements[i].text : values.text;
            if (found != value)
                return QStringLiteral("%1 is '%2' at node %3, not '%4'")
                    .arg(QString::fromStdString(key), QString::fromStdString(found), QString::number(id),
                         QString::fromStdString(value));
            ++i;
        }
    }
    return {};
}

std::uint64_t TestClusterFolders::nodesUpAt(int id)
{
    const auto status = statusReportFromResp(ask(m_cluster->node(id).clientAddress(), {"QUOIT.STATUS"}));
    return status.ok() ? status.value().nodesUp : 0;
}

QString TestClusterFolders::otherLogs()
{
    QString logs;
    for (int id = 1; id <= m_cluster->nodeCount(); ++id)
        if (id != victim)
            logs += m_cluster->node(id).log();
    return logs;
}

void TestClusterFolders::wipedNodeWaitsAndTakesNobodysPlace()
{
    QCOMPARE(work(300), QString());
    const auto before = identityReportFromResp(ask(node().clientAddress(), {"QUOIT.IDENTITY"}));
    node().kill();
    QVERIFY(QDir().rename(node().dataFolder(), node().dataFolder() + QStringLiteral(".original")));
    QVERIFY(m_cluster->startNode(victim));
    pass(watchMs);

    const auto after = identityReportFromResp(ask(node().clientAddress(), {"QUOIT.IDENTITY"}));
    QVERIFY(before.ok() && after.ok());
    QCOMPARE(before.value().node, NodeId(victim));
    QCOMPARE(after.value().node, noNode);
    QVERIFY(after.value().diskId != before.value().diskId);
    QVERIFY(ask(node().clientAddress(), {"GET", "folder:1"}).text.starts_with("CLUSTERDOWN"));
    QCOMPARE(nodesUpAt(1), std::uint64_t(m_cluster->nodeCount() - 1));
    // Not even if somebody hands it the map: its disk isn't in it.
    const auto map = clusterMapFromResp(ask(m_cluster->node(1).clientAddress(), {"QUOIT.RING"}));
    QVERIFY(map.ok());
    const RespValue adopted = ask(node().clientAddress(), {"QUOIT.ADOPT", map.value()->encode()});
    QVERIFY2(adopted.isError() && adopted.text.find(after.value().diskId) != std::string::npos, adopted.text.c_str());
    const QString logs = otherLogs();
    QVERIFY2(logs.contains(QString::fromStdString(after.value().diskId)), qPrintable(logs));
    QCOMPARE(work(300), QString());
    QCOMPARE(verify(), QString());
}

void TestClusterFolders::olderCopyIsRefused_data()
{
    QTest::addColumn<bool>("whileRunning");
    QTest::addColumn<int>("livesSince");
    QTest::addColumn<bool>("peersRestart");
    QTest::newRow("copied while it was stopped, two lives ago") << false << 2 << false;
    QTest::newRow("copied while it was stopped, a life ago") << false << 1 << false;
}

void TestClusterFolders::olderCopyIsRefused()
{
    QFETCH(bool, whileRunning);
    QFETCH(int, livesSince);
    QFETCH(bool, peersRestart);
    QCOMPARE(work(300), QString());
    if (whileRunning)
        node().pause(); // what is copied is what a power cut would have left
    else
        QVERIFY(node().stop(6000) >= 0);
    QVERIFY(copyFolder(node().dataFolder(), copyName()));
    node().resume();
    for (int life = 0; life < livesSince; ++life) {
        if (node().isAlive())
            QVERIFY(node().stop(6000) >= 0);
        QVERIFY(m_cluster->startNode(victim));
        QCOMPARE(m_cluster->heal(20'000), QString());
        QCOMPARE(work(300), QString());
    }
    QCOMPARE(work(300), QString());
    node().kill();
    if (peersRestart) {
        for (int id = 1; id <= m_cluster->nodeCount(); ++id) {
            m_cluster->node(id).kill();
            QVERIFY(id == victim || m_cluster->startNode(id));
        }
        QVERIFY(passUntil(10'000, [this] { return nodesUpAt(1) == std::uint64_t(m_cluster->nodeCount() - 1); }));
    }
    QVERIFY(QDir().rename(node().dataFolder(), node().dataFolder() + QStringLiteral(".original")));
    QVERIFY(QDir().rename(copyName(), node().dataFolder()));
    const qsizetype loggedBefore = otherLogs().size();
    if (m_cluster->startNode(victim))
        pass(watchMs);

    QCOMPARE(nodesUpAt(1), std::uint64_t(m_cluster->nodeCount() - 1));
    const QString logs = otherLogs();
    QVERIFY(logs.size() > loggedBefore);
    QVERIFY2((logs + node().log()).contains(QLatin1String("older data than it had before")), qPrintable(logs));
    QCOMPARE(work(300), QString());
    QCOMPARE(verify(), QString());
    // What the copy says alone is no answer.
    if (node().isAlive()) {
        const RespValue stale = ask(node().clientAddress(), {"GET", "folder:1"}, 8000);
        QVERIFY2(stale.isError(), stale.text.c_str());
    }
}

QTEST_GUILESS_MAIN(TestClusterFolders)
#include "test_cluster_folders.moc"
