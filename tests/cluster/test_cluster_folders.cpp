// tests/cluster/test_cluster_folders.cpp - a member's data folder that is gone, that is an older copy of itself, or that
// is damaged: the node must not take part with it, since it forgot what it promised, but may come back as another one.
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
    void damagedFolderIsRefused_data();
    void damagedFolderIsRefused();
    void damageUnderARunningNodeEndsIt();
    void damagedNodeTakesItsOwnPlaceAgain();

private:
    static constexpr int victim = 3;
    static constexpr int marksMs = 6000; ///< by then every peer has written down how far it knows a node's disk to be
    static constexpr int toldMs = 500;   ///< by then they have heard
    static constexpr int watchMs = 3500; ///< long enough for every peer to dial, or to look whether it waits

    TestNode& node() { return m_cluster->node(victim); }
    QString copyName() const { return m_folder.filePath(QStringLiteral("copy")); }
    static bool copyFolder(const QString& from, const QString& to);
    /// One bit of that byte, and of the same byte of each so many bytes that follow (0: no other).
    bool flipBits(const QString& file, qint64 at, qint64 everyBytes = 0);
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
    bool m_victimIsLost = false; ///< for good: by the last test
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
    if (m_victimIsLost)
        return;
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

bool TestClusterFolders::flipBits(const QString& file, qint64 at, qint64 everyBytes)
{
    QFile opened(node().dataFolder() + QLatin1Char('/') + file);
    if (!opened.open(QIODevice::ReadWrite) || at >= opened.size())
        return false;
    const qint64 end = everyBytes > 0 ? opened.size() : at + 1;
    for (; at < end; at += std::max<qint64>(everyBytes, 1)) {
        char byte = 0;
        if (!opened.seek(at) || !opened.getChar(&byte) || !opened.seek(at) || !opened.putChar(byte ^ 4))
            return false;
    }
    return opened.flush();
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
    const auto advice = [this] {
        const auto status = statusReportFromResp(ask(m_cluster->node(1).clientAddress(), {"QUOIT.STATUS"}));
        return status ? QString::fromStdString(status.value().verdict) : QString();
    };
    QTRY_VERIFY2_WITH_TIMEOUT(advice().contains(QLatin1String("quoit plan replace ") + node().name()), qPrintable(advice()), 15'000);
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
    QTest::newRow("copied while it ran") << true << 0 << false;
    QTest::newRow("copied while it ran, all others were started anew since") << true << 0 << true;
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
    // It has to take part again, or the copy isn't older than what it has told its peers.
    QCOMPARE(m_cluster->heal(20'000), QString());
    QCOMPARE(work(300), QString());
    pass(toldMs);
    if (peersRestart)
        pass(marksMs); // they write down what they have heard
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
    const auto refusals = [this] { return (otherLogs() + node().log()).count(QLatin1String("older data than it had before")); };
    const qsizetype before = refusals();
    m_cluster->startNode(victim); // it may be refused, and end, before it says that it serves
    // By those who refuse it or by itself: who says it first ends the matter.
    QVERIFY2(passUntil(20'000, [&] { return refusals() > before; }), qPrintable(otherLogs() + node().log()));
    pass(watchMs);

    QCOMPARE(nodesUpAt(1), std::uint64_t(m_cluster->nodeCount() - 1));
    QCOMPARE(work(300), QString());
    QCOMPARE(verify(), QString());
    // What the copy says alone is no answer.
    if (node().isAlive()) {
        const RespValue stale = ask(node().clientAddress(), {"GET", "folder:1"}, 8000);
        QVERIFY2(stale.isError(), stale.text.c_str());
    }
}

void TestClusterFolders::damagedFolderIsRefused_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<bool>("killed");
    QTest::addColumn<double>("place"); // in the file, 0 ... 1; below 0: every page but the first
    QTest::newRow("first page") << QStringLiteral("quoit.db") << false << 0.0;
    QTest::newRow("all other pages") << QStringLiteral("quoit.db") << false << -1.0; // a single one may be a page that nobody needs
    QTest::newRow("SQLite's log") << QStringLiteral("quoit.db-wal") << true << 0.1;
}

void TestClusterFolders::damagedFolderIsRefused()
{
    QFETCH(QString, file);
    QFETCH(bool, killed);
    QFETCH(double, place);
    QCOMPARE(work(500), QString());
    if (killed)
        node().kill();
    else
        QVERIFY(node().stop(6000) >= 0);
    QVERIFY(copyFolder(node().dataFolder(), node().dataFolder() + QStringLiteral(".original")));
    const qint64 bytes = QFileInfo(node().dataFolder() + QLatin1Char('/') + file).size();
    QVERIFY(bytes > 0);
    QVERIFY(place < 0 ? flipBits(file, 4096 + 50, 4096) : flipBits(file, static_cast<qint64>(place * double(bytes)) + 50));
    const qsizetype loggedBefore = node().log().size();
    // What it meets late it may meet after it has begun to serve.
    if (m_cluster->startNode(victim)) {
        for (int i = 0; i < 20 && node().isAlive(); ++i)
            QCOMPARE(work(200), QString());
        QVERIFY(node().waitForEnd(1000));
    }

    const QString log = node().log().mid(loggedBefore);
    for (const QString& part : {file + QLatin1String(" is damaged: "), QStringLiteral("empty data folder"),
                                QStringLiteral("quoit plan replace ")})
        QVERIFY2(log.contains(part), qPrintable(log));
    QVERIFY(!m_cluster->startNode(victim)); // never again
    QVERIFY2(node().log().contains(QLatin1String("/damaged says: ")), qPrintable(node().log()));
    QCOMPARE(nodesUpAt(1), std::uint64_t(m_cluster->nodeCount() - 1));
    QCOMPARE(work(300), QString());
    QCOMPARE(verify(), QString());
}

void TestClusterFolders::damageUnderARunningNodeEndsIt()
{
    QCOMPARE(work(500), QString());
    QVERIFY(node().stop(6000) >= 0); // so that the file holds everything
    QVERIFY(m_cluster->startNode(victim));
    QCOMPARE(m_cluster->heal(20'000), QString());
    m_victimIsLost = true;
    QVERIFY(flipBits(QStringLiteral("quoit.db"), 4096 + 3000, 4096));
    for (int i = 0; i < 100 && node().isAlive(); ++i)
        QCOMPARE(work(200), QString());
    QVERIFY(!node().isAlive());
    QVERIFY2(node().log().contains(QLatin1String("the data folder is damaged, so this node stops at once")),
             qPrintable(node().log()));
    QCOMPARE(verify(), QString());
}

/// What the one before has left behind, with --auto-replace.
void TestClusterFolders::damagedNodeTakesItsOwnPlaceAgain()
{
    QVERIFY(!node().isAlive());
    for (int id = 1; id <= m_cluster->nodeCount(); ++id) {
        m_cluster->node(id).setOptions({QStringLiteral("--auto-replace")});
        if (id == victim)
            continue;
        QVERIFY(m_cluster->node(id).stop(6000) >= 0);
        QVERIFY(m_cluster->startNode(id));
    }
    QVERIFY(passUntil(20'000, [this] { return nodesUpAt(1) == std::uint64_t(m_cluster->nodeCount() - 1); }));
    QVERIFY2(m_cluster->startNode(victim), qPrintable(node().log()));
    for (int i = 0; i < 200 && nodesUpAt(1) < std::uint64_t(m_cluster->nodeCount()); ++i)
        QCOMPARE(work(200), QString());
    QCOMPARE(m_cluster->heal(20'000), QString());
    QVERIFY(passUntil(30'000, [this] {
        const auto ring = clusterMapFromResp(ask(m_cluster->node(1).clientAddress(), {"QUOIT.RING"}));
        return ring.ok() && !ring.value()->isChanging() && !ring.value()->member(victim);
    }));
    const auto identity = identityReportFromResp(ask(node().clientAddress(), {"QUOIT.IDENTITY"}));
    QVERIFY(identity.ok());
    QCOMPARE(identity.value().node, NodeId(m_cluster->nodeCount() + 1));
    QCOMPARE(verify(), QString());
    for (const auto& [key, value] : m_acknowledged)
        QCOMPARE(ask(node().clientAddress(), {"GET", key}).text, value);
    const QDir aside(node().dataFolder() + QStringLiteral("/set-aside"));
    QVERIFY(aside.exists(QStringLiteral("quoit.db")) && aside.exists(QStringLiteral("damaged")));

    // A disk on which that happens twice is no disk to go on with.
    QVERIFY(node().stop(6000) >= 0);
    QVERIFY(flipBits(QStringLiteral("quoit.db"), 3000, 4096));
    QVERIFY(!m_cluster->startNode(victim) || node().waitForEnd(20'000));
    QVERIFY(!m_cluster->startNode(victim));
    QVERIFY2(node().log().contains(QLatin1String("its disk seems to be failing")), qPrintable(node().log()));
}

QTEST_GUILESS_MAIN(TestClusterFolders)
#include "test_cluster_folders.moc"
