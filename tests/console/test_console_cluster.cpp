#include "console/cluster/cluster_formation.h"
#include "console/cluster/cluster_monitor.h"
#include "console/cluster/history.h"
#include "console/cluster/key_browser.h"
#include "console/cluster/key_record.h"
#include "console/cluster/local_cluster.h"
#include "tests/console/fake_cluster.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

#include <cmath>

using namespace quoit;
using quoit::test::FakeCluster;

class TestConsoleCluster : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void formationGivesEveryNodeTheSameMap();
    void formationGoesOnWhereOneWasCutShort();
    void formationLeavesOtherClustersAlone();
    void formationRefusesADiskNamedTwice();
    void formationRefusesAMemberNamedTwice();
    void formationEndsWhenAllNodesSeeEachOther();
    void formationSaysWhoIsNotReached();
    void formationLooksAtAllNodesBeforeItBegins_data();
    void formationLooksAtAllNodesBeforeItBegins();
    void monitorShowsTheRingAndTheReports();
    void monitorMovesToAnotherNodeAndKeepsThePictureMeanwhile();
    void monitorFetchesTheRingOfANewEpoch();
    void deadNodesFiguresAreNotCountedAsLoad();
    void historyKeepsPeaksInTwoPointsAPixel();
    void historyShowsGapsAsGaps();
    void historyForgetsAfterAnHour();
    void browserListsEachKeyOnceAndPages();
    void browserTakesPrefixesAndPatterns();
    void changesAreConditionalOnTheVersionShown();
    void missingNodeProgramIsSaid();
};

namespace {

ClusterSnapshot snapshotAt(qint64 second, std::uint64_t reads)
{
    ClusterSnapshot snapshot;
    snapshot.receivedMs = second * 1000;
    NodeReport node;
    node.id = 1;
    node.state = NodeState::Up;
    node.figures.readsPerSecond = reads;
    snapshot.nodes = {node};
    completeSnapshot(snapshot);
    return snapshot;
}

} // namespace

void TestConsoleCluster::formationGivesEveryNodeTheSameMap()
{
    FakeCluster cluster(5, 1000, false);
    ClusterFormation formation(cluster.addresses(), {});
    QSignalSpy formed(&formation, &ClusterFormation::formed);
    formation.start();
    QVERIFY(formed.wait());
    const auto map = formed[0][0].value<ClusterMapPtr>();
    QCOMPARE(map->members().size(), 5u);
    QCOMPARE(map->epoch(), Epoch(1));
    QCOMPARE(QString::fromStdString(map->members()[2].clientAddress), cluster.addresses()[2]);
    QVERIFY(cluster.map()->parts() == map->parts());
}

void TestConsoleCluster::formationGoesOnWhereOneWasCutShort()
{
    FakeCluster cluster(3);
    const ClusterMapPtr before = cluster.map();
    cluster.forgetMap(2);
    ClusterFormation formation(cluster.addresses(), {});
    QSignalSpy formed(&formation, &ClusterFormation::formed);
    formation.start();
    QVERIFY(formed.wait());
    QVERIFY(formed[0][0].value<ClusterMapPtr>()->parts() == before->parts());
}

void TestConsoleCluster::formationLeavesOtherClustersAlone()
{
    FakeCluster cluster(3);
    FakeCluster waiting(4, 1000, false);
    ClusterFormation formation(cluster.addresses() << waiting.addresses().last(), {});
    QSignalSpy failed(&formation, &ClusterFormation::failed);
    formation.start();
    QVERIFY(failed.wait());
    QVERIFY(!waiting.map());
}

void TestConsoleCluster::formationRefusesADiskNamedTwice()
{
    FakeCluster cluster(2, 1000, false);
    ClusterFormation formation({cluster.addresses()[0], cluster.addresses()[0]}, {});
    QSignalSpy failed(&formation, &ClusterFormation::failed);
    formation.start();
    QVERIFY(failed.wait());
    QVERIFY(failed[0][0].toString().contains(QStringLiteral("twice")));
}

/// Also of a cluster that exists: the third node would go unnoticed.
void TestConsoleCluster::formationRefusesAMemberNamedTwice()
{
    FakeCluster cluster(3);
    QString again = cluster.addresses()[0];
    again.replace(QStringLiteral("127.0.0.1"), QStringLiteral("localhost"));
    ClusterFormation formation({cluster.addresses()[0], again, cluster.addresses()[1]}, {});
    QSignalSpy failed(&formation, &ClusterFormation::failed);
    formation.start();
    QVERIFY(failed.wait());
    QCOMPARE(failed[0][0].toString(), QStringLiteral("%1 and %2 are the same node: it was named twice. Nothing was done.").arg(cluster.addresses()[0], again));
}

void TestConsoleCluster::formationEndsWhenAllNodesSeeEachOther()
{
    FakeCluster cluster(3, 1000, false);
    int asked = 0;
    cluster.setStatus(2, [&asked](StatusReport& status) {
        ++asked;
        status.nodesUp = asked < 3 ? 2 : 3;
        status.partitionsWithoutMajority = asked < 5 ? 7 : 0;
    });
    ClusterFormation formation(cluster.addresses(), {});
    QSignalSpy formed(&formation, &ClusterFormation::formed);
    formation.start();
    QVERIFY(formed.wait());
    QCOMPARE(asked, 5);
}

void TestConsoleCluster::formationSaysWhoIsNotReached()
{
    FakeCluster cluster(3, 1000, false);
    cluster.setStatus(2, [](StatusReport& status) {
        status.nodesUp = 2;
        status.verdict = "everything can be read and written, but node-3 is away";
    });
    FormationOptions options;
    options.timeout = 500ms;
    ClusterFormation formation(cluster.addresses(), options);
    QSignalSpy failed(&formation, &ClusterFormation::failed);
    formation.start();
    QVERIFY(failed.wait());
    const QString reason = failed[0][0].toString();
    QVERIFY2(reason.contains(cluster.addresses()[1] + QStringLiteral(" says: everything can be read and written, but node-3 is away")),
             qPrintable(reason));
    QVERIFY(reason.contains(QStringLiteral("--peer-listen")));
    // Trying again finds nothing left to do.
    cluster.setStatus(2, nullptr);
    ClusterFormation again(cluster.addresses(), {});
    QSignalSpy formed(&again, &ClusterFormation::formed);
    again.start();
    QVERIFY(formed.wait());
    QVERIFY(again.existedBefore());
}

void TestConsoleCluster::formationLooksAtAllNodesBeforeItBegins_data()
{
    QTest::addColumn<int>("which");
    QTest::addColumn<QString>("problem");
    QTest::newRow("a full disk") << 0 << "has 0 MB free";
    QTest::newRow("a small disk") << 1 << "has 63 MB free on the disk of its data folder, and needs 67 MB at least";
    QTest::newRow("stopping") << 2 << "is stopping";
    QTest::newRow("another version") << 3 << "runs version 0.2.0, and";
}

void TestConsoleCluster::formationLooksAtAllNodesBeforeItBegins()
{
    QFETCH(int, which);
    QFETCH(QString, problem);
    FakeCluster cluster(3, 1000, false);
    cluster.setIdentity(3, [which](IdentityReport& identity) {
        if (which <= 1)
            identity.diskFreeBytes = which == 0 ? 0 : 63'000'000;
        (which == 2 ? identity.state : identity.version) = which == 2 ? "stopping" : which == 3 ? "0.2.0" : identity.version;
    });
    ClusterFormation formation(cluster.addresses(), {});
    QSignalSpy failed(&formation, &ClusterFormation::failed);
    formation.start();
    QVERIFY(failed.wait());
    const QString reason = failed[0][0].toString();
    QVERIFY2(reason.contains(cluster.addresses()[2] + QLatin1Char(' ') + problem), qPrintable(reason));
    QVERIFY(reason.endsWith(QStringLiteral("Nothing was done.")));
    QVERIFY(!cluster.map()); // nobody was given one
}

void TestConsoleCluster::monitorShowsTheRingAndTheReports()
{
    FakeCluster cluster(5, 50);
    ClusterMonitor monitor;
    QCOMPARE(monitor.state(), PictureState::Disconnected);
    monitor.connectTo({cluster.addresses().first()});
    QCOMPARE(monitor.state(), PictureState::Connecting);
    QTRY_COMPARE(monitor.state(), PictureState::Live);
    QTRY_VERIFY(monitor.snapshot()->map != nullptr);
    QTRY_VERIFY(monitor.snapshot()->partitionLoad.size() == 1024);
    const ClusterSnapshotPtr snapshot = monitor.snapshot();
    QCOMPARE(snapshot->nodes.size(), 5u);
    QCOMPARE(snapshot->totals.nodesUp, 5);
    QCOMPARE(snapshot->health.level, Health::Level::Well);
    QVERIFY(snapshot->totals.operationsPerSecond.value() > 1000);
    double sum = 0;
    for (const double share : snapshot->ownership)
        sum += share;
    QVERIFY(std::abs(sum - 1) < 1e-9);
    cluster.stopNode(4);
    QTRY_COMPARE(monitor.snapshot()->totals.nodesDown, 1);
    QCOMPARE(monitor.snapshot()->health.level, Health::Level::Degraded);
    QCOMPARE(monitor.snapshot()->events.size(), 1u);
    cluster.stopNode(5);
    QTRY_COMPARE(monitor.snapshot()->health.level, Health::Level::Critical);
}

void TestConsoleCluster::monitorMovesToAnotherNodeAndKeepsThePictureMeanwhile()
{
    FakeCluster cluster(3, 50);
    ClusterMonitor monitor;
    monitor.connectTo(cluster.addresses());
    QTRY_COMPARE(monitor.state(), PictureState::Live);
    QTRY_VERIFY(monitor.snapshot()->map != nullptr);
    const QString first = monitor.address();
    const NodeId firstId = NodeId(cluster.addresses().indexOf(first) + 1);

    cluster.setSilent(true);
    cluster.stopNode(firstId);
    QTRY_COMPARE(monitor.state(), PictureState::Stale);
    QVERIFY(monitor.snapshot()->totals.operationsPerSecond.value() > 0); // the old picture, not zeros
    QTRY_VERIFY(!monitor.address().isEmpty() && monitor.address() != first);
    QCOMPARE(monitor.state(), PictureState::Stale);
    QTRY_VERIFY(monitor.age() > Milliseconds(100));
    cluster.setSilent(false);
    QTRY_COMPARE(monitor.state(), PictureState::Live);
    QTRY_COMPARE(monitor.snapshot()->totals.nodesDown, 1);
}

void TestConsoleCluster::monitorFetchesTheRingOfANewEpoch()
{
    FakeCluster cluster(3, 50);
    ClusterMonitor monitor;
    monitor.connectTo(cluster.addresses());
    QTRY_VERIFY(monitor.snapshot()->map != nullptr);
    cluster.addMember();
    QTRY_COMPARE(monitor.snapshot()->map->epoch(), Epoch(2));
    QCOMPARE(monitor.snapshot()->map->members().size(), 4u);
}

void TestConsoleCluster::deadNodesFiguresAreNotCountedAsLoad()
{
    ClusterSnapshot snapshot = snapshotAt(1000, 500);
    NodeReport dead = snapshot.nodes[0];
    dead.id = 2;
    dead.state = NodeState::Down;
    snapshot.nodes.push_back(dead);
    completeSnapshot(snapshot);
    QCOMPARE(snapshot.totals.operationsPerSecond.value(), 500.0);
    QCOMPARE(snapshot.totals.nodesDown, 1);
    snapshot.nodes[0].state = NodeState::Unknown;
    completeSnapshot(snapshot);
    QVERIFY(!snapshot.totals.operationsPerSecond); // nobody tells: nothing, not 0
}

void TestConsoleCluster::historyKeepsPeaksInTwoPointsAPixel()
{
    History history;
    const qint64 start = 1'700'000'000;
    for (qint64 second = start; second < start + 3600; ++second)
        history.add(snapshotAt(second, second == start + 1234 ? 9999 : 100 + std::uint64_t(second % 7)));
    const TimeRange range{start * 1000, (start + 3600) * 1000};
    const auto points = history.series(noNode, Metric::ReadsPerSecond, range, 200);
    QVERIFY(points.size() <= 400);
    QVERIFY(points.size() >= 200);
    QVERIFY(std::ranges::any_of(points, [](const QPointF& point) { return point.y() == 9999; }));
    QVERIFY(std::ranges::is_sorted(points, {}, &QPointF::x));
    QVERIFY(std::ranges::none_of(points, [](const QPointF& point) { return std::isnan(point.y()); }));
    QCOMPARE(history.valueAt(1, Metric::ReadsPerSecond, (start + 1234) * 1000), 9999.0);
}

void TestConsoleCluster::historyShowsGapsAsGaps()
{
    History history;
    const qint64 start = 1'700'000'000;
    for (qint64 second = start; second < start + 100; ++second)
        if (second != start + 20 && (second < start + 40 || second > start + 60))
            history.add(snapshotAt(second, 5));
    const auto points = history.series(1, Metric::ReadsPerSecond, {start * 1000, (start + 100) * 1000}, 1000);
    const auto gaps = std::ranges::count_if(points, [](const QPointF& point) { return std::isnan(point.y()); });
    QCOMPARE(gaps, 1); // one second that was missed is no gap
    QVERIFY(std::isnan(history.valueAt(1, Metric::ReadsPerSecond, (start + 50) * 1000)));
    QVERIFY(std::isnan(history.valueAt(7, Metric::ReadsPerSecond, (start + 50) * 1000)));
    QVERIFY(std::isnan(history.valueAt(1, Metric::P99Us, (start + 10) * 1000))); // no operations, no latency
}

void TestConsoleCluster::historyForgetsAfterAnHour()
{
    History history;
    const qint64 start = 1'700'000'000;
    history.add(snapshotAt(start, 5));
    history.add(snapshotAt(start + History::secondsKept, 6)); // the same slot
    QVERIFY(std::isnan(history.valueAt(1, Metric::ReadsPerSecond, start * 1000)));
    QCOMPARE(history.valueAt(1, Metric::ReadsPerSecond, history.lastMs()), 6.0);
    history.add(snapshotAt(start + 3 * History::secondsKept, 7));
    const auto points =
        history.series(1, Metric::ReadsPerSecond, {start * 1000, (start + 4 * History::secondsKept) * 1000}, 5000);
    QCOMPARE(points.size(), 1);
}

void TestConsoleCluster::browserListsEachKeyOnceAndPages()
{
    FakeCluster cluster(3);
    for (int i = 0; i < 1000; ++i)
        cluster.put("user:" + QByteArray::number(i), "x");
    for (int i = 0; i < 500; ++i)
        cluster.put("other:" + QByteArray::number(i), "x");
    ClusterClient client;
    client.connectTo(cluster.addresses());
    KeyBrowser browser(client);
    browser.browse("user:");
    QTRY_VERIFY(!browser.isLooking());
    QVERIFY(browser.keys().size() >= KeyBrowser::pageKeys);
    QVERIFY(!browser.isComplete());
    QTRY_COMPARE(browser.keyCount().value_or(0), 1500);
    while (browser.canFetchMore()) {
        browser.fetchMore();
        QTRY_VERIFY(!browser.isLooking());
    }
    QCOMPARE(browser.keys().size(), 1000);
    QCOMPARE(QSet<QByteArray>(browser.keys().begin(), browser.keys().end()).size(), 1000);
    browser.browse("user:");
    browser.stop();
    QVERIFY(!browser.isLooking());
}

void TestConsoleCluster::browserTakesPrefixesAndPatterns()
{
    FakeCluster cluster(1);
    cluster.put("a*b", "1");
    cluster.put("axb", "2");
    cluster.put("a[1]", "3");
    cluster.put("b\\c", "4");
    ClusterClient client;
    client.connectTo(cluster.addresses());
    KeyBrowser browser(client);
    const auto found = [&](const QByteArray& text) {
        browser.browse(text);
        [&] { QTRY_VERIFY(browser.isComplete()); }();
        return browser.keys();
    };
    QCOMPARE(found("a"), QList<QByteArray>({"a*b", "a[1]", "axb"}));
    QCOMPARE(found("b\\"), QList<QByteArray>{"b\\c"}); // a prefix means itself
    QCOMPARE(found("a?b"), QList<QByteArray>({"a*b", "axb"}));
    QCOMPARE(found("*b"), QList<QByteArray>({"a*b", "axb"}));
    QCOMPARE(found("a[x-z]b"), QList<QByteArray>{"axb"});
    QCOMPARE(found("a\\*b"), QList<QByteArray>{"a*b"});
    // What is written here meanwhile is listed if it fits.
    browser.noteKey("other");
    QCOMPARE(browser.keys().size(), 1);
    browser.browse("a?b");
    QTRY_VERIFY(browser.isComplete());
    browser.noteKey("ayb");
    browser.noteKey("ayyb");
    QCOMPARE(browser.keys(), QList<QByteArray>({"a*b", "axb", "ayb"}));
}

void TestConsoleCluster::changesAreConditionalOnTheVersionShown()
{
    FakeCluster cluster(3);
    cluster.put("k", "one");
    ClusterClient client;
    client.connectTo(cluster.addresses());
    KeyStore store(client);
    std::optional<KeyOutcome> outcome;
    const auto note = [&](const KeyOutcome& each) { outcome = each; };
    const auto done = [&] { return outcome.has_value(); };

    store.load("k", note);
    QTRY_VERIFY(done());
    const KeyRecord shown = outcome->record;
    QCOMPARE(shown.value, QByteArray("one"));
    QVERIFY(!shown.expiresAtMs);

    cluster.put("k", "somebody else's");
    outcome.reset();
    store.put("k", "mine", shown.version, {}, note);
    QTRY_VERIFY(done());
    QCOMPARE(outcome->kind, KeyOutcome::Kind::Conflict);
    QCOMPARE(cluster.value("k"), QByteArray("somebody else's"));
    outcome.reset();
    store.remove(shown, note);
    QTRY_VERIFY(done());
    QCOMPARE(outcome->kind, KeyOutcome::Kind::Conflict);
    QVERIFY(cluster.contains("k"));

    outcome.reset();
    store.put("new", "value", "0", QDateTime::currentMSecsSinceEpoch() + 60'000, note);
    QTRY_VERIFY(done());
    QCOMPARE(outcome->kind, KeyOutcome::Kind::Done);
    outcome.reset();
    store.load("new", note);
    QTRY_VERIFY(done());
    const KeyRecord made = outcome->record;
    QVERIFY(made.ttlMs().value_or(0) > 0);
    QVERIFY(made.ttlMs().value_or(0) <= 60'000);
    outcome.reset();
    store.setTtl(shown, {}, note); // it has another version since
    QTRY_VERIFY(done());
    QCOMPARE(outcome->kind, KeyOutcome::Kind::Conflict);
    outcome.reset();
    store.put("new", "late", made.version, QDateTime::currentMSecsSinceEpoch() - 1, note);
    QTRY_VERIFY(done());
    QCOMPARE(outcome->kind, KeyOutcome::Kind::Expired);
    QCOMPARE(cluster.value("new"), QByteArray("value"));
    outcome.reset();
    store.setTtl(made, {}, note);
    QTRY_VERIFY(done());
    QCOMPARE(outcome->kind, KeyOutcome::Kind::Done);
    outcome.reset();
    store.load("new", note);
    QTRY_VERIFY(done());
    QVERIFY(!outcome->record.expiresAtMs);
}

void TestConsoleCluster::missingNodeProgramIsSaid()
{
    QTemporaryDir folder;
    LocalCluster::Options options;
    options.program = folder.filePath(QStringLiteral("no-such-program"));
    options.folder = folder.filePath(QStringLiteral("cluster"));
    LocalCluster cluster(options);
    QSignalSpy failed(&cluster, &LocalCluster::failed);
    cluster.start(3);
    QTRY_VERIFY(!failed.isEmpty());
    QCOMPARE(cluster.state(), LocalCluster::State::Failed);
    QVERIFY(cluster.problem().contains(QStringLiteral("no-such-program")));
}

QTEST_GUILESS_MAIN(TestConsoleCluster)
#include "test_console_cluster.moc"
