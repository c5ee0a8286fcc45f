#include "console/desktop/change_models.h"
#include "console/desktop/key_list_model.h"
#include "console/desktop/node_model.h"
#include "console/desktop/ring_table_model.h"
#include "console/desktop/value_text.h"
#include "tests/console/fake_cluster.h"

#include "console/cluster/cluster_monitor.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QtTest>

using namespace quoit;
using quoit::test::FakeCluster;

class TestConsoleModels : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nodeRowsStayWhileFiguresChange();
    void nodeModelShowsNothingKnownAsNothing();
    void nodeThatNeverToldFiguresHasNone_data();
    void nodeThatNeverToldFiguresHasNone();
    void planShowsNodesInTheirColours();
    void planMarksNodesThatArentUp();
    void risksOfAPlanAreWholeSentences();
    void ringRowsCoverEveryPartitionOnce();
    void keyListGrowsByPages();
    void textThatMayNotBeSavedBackIsReadOnly();
    void valuesAreShownWithinBounds();
    void durationsAreRead_data();
    void durationsAreRead();
};

namespace {

/// A monitor's snapshot of a small cluster.
ClusterSnapshotPtr waitForSnapshot(ClusterMonitor& monitor)
{
    for (int i = 0; i < 200; ++i) {
        const ClusterSnapshotPtr& snapshot = monitor.snapshot();
        if (snapshot->map && !snapshot->partitionLoad.empty())
            return snapshot;
        QTest::qWait(20);
    }
    return nullptr;
}

} // namespace

void TestConsoleModels::nodeRowsStayWhileFiguresChange()
{
    FakeCluster cluster(4, 50);
    ClusterMonitor monitor;
    NodeModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    connect(&monitor, &ClusterMonitor::snapshotChanged, &model, &NodeModel::show);
    monitor.connectTo(cluster.addresses());
    QVERIFY(waitForSnapshot(monitor));
    QCOMPARE(model.rowCount(), 4);
    QSignalSpy reset(&model, &QAbstractItemModel::modelReset);
    QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
    cluster.stopNode(2);
    QTRY_COMPARE(model.index(1, NodeModel::State).data().toString(), QStringLiteral("Down"));
    QVERIFY(!changed.isEmpty());
    QVERIFY(reset.isEmpty());
    QCOMPARE(model.nodeAt(1), NodeId(2));
    QCOMPARE(model.rowOf(4), 3);
    QCOMPARE(model.rowOf(99), -1);
    // What it did per second isn't known any more; what it holds is.
    QCOMPARE(model.index(1, NodeModel::Operations).data().toString(), QStringLiteral("—"));
    QVERIFY(model.index(1, NodeModel::Ownership).data().toString().endsWith(QLatin1Char('%')));
}

void TestConsoleModels::nodeModelShowsNothingKnownAsNothing()
{
    auto snapshot = std::make_shared<ClusterSnapshot>();
    NodeReport node;
    node.id = 1;
    snapshot->nodes = {node};
    completeSnapshot(*snapshot);
    NodeModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.show(snapshot);
    for (const int column : {NodeModel::Phi, NodeModel::Ownership, NodeModel::Keys, NodeModel::Bytes,
                             NodeModel::Operations, NodeModel::P99, NodeModel::Memory, NodeModel::Uptime})
        QCOMPARE(model.index(0, column).data().toString(), QStringLiteral("—"));
    QCOMPARE(model.index(0, NodeModel::State).data().toString(), QStringLiteral("Unknown"));
}

void TestConsoleModels::nodeThatNeverToldFiguresHasNone_data()
{
    QTest::addColumn<int>("state");
    QTest::newRow("up") << int(NodeState::Up);
    QTest::newRow("suspect") << int(NodeState::Suspect);
    QTest::newRow("down") << int(NodeState::Down);
}

/// The others know that it is there, or was; no report of its own has come yet.
void TestConsoleModels::nodeThatNeverToldFiguresHasNone()
{
    QFETCH(int, state);
    auto snapshot = std::make_shared<ClusterSnapshot>();
    NodeReport node;
    node.id = 1;
    node.state = NodeState(state);
    snapshot->nodes = {node};
    completeSnapshot(*snapshot);
    NodeModel model;
    model.show(snapshot);
    for (const int column : {NodeModel::Keys, NodeModel::Bytes, NodeModel::Operations, NodeModel::P99, NodeModel::Memory, NodeModel::Uptime})
        QCOMPARE(model.index(0, column).data().toString(), QStringLiteral("—"));
    QVERIFY(!snapshot->totals.keys.has_value());
    QVERIFY(!snapshot->totals.operationsPerSecond.has_value());
}

void TestConsoleModels::planShowsNodesInTheirColours()
{
    ThemeManager themes(*qApp, ThemeChoice::Light);
    PlanNodeModel model(themes);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    std::vector<PlanNodeReport> nodes(2);
    nodes[0].id = 1;
    nodes[1].id = 2;
    model.show(nodes, 10, 10);
    for (const ThemeChoice choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
        themes.setChoice(choice);
        for (int row = 0; row < 2; ++row) {
            const QIcon icon = model.index(row, PlanNodeModel::Name).data(Qt::DecorationRole).value<QIcon>();
            QCOMPARE(icon.pixmap(12, 12).toImage().pixelColor(6, 6).rgb(), themes.theme().node(NodeId(row + 1)).rgb());
        }
    }
}

void TestConsoleModels::planMarksNodesThatArentUp()
{
    ThemeManager themes(*qApp, ThemeChoice::Light);
    PlanNodeModel model(themes);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    std::vector<PlanNodeReport> planned(3);
    std::vector<NodeReport> nodes(2); // the third isn't in the ring yet
    for (NodeId id = 1; id <= 3; ++id)
        planned[id - 1].id = id;
    planned[0].part = "stays";
    planned[1].part = "leaves";
    planned[2].part = "joins";
    nodes[0].id = 1;
    nodes[1].id = 2;
    nodes[0].state = nodes[1].state = NodeState::Up;
    model.show(planned, 10, 10);
    const auto part = [&](int row) { return model.index(row, PlanNodeModel::Part).data().toString(); };
    const auto image = [&](int row) { return model.index(row, PlanNodeModel::Part).data(Qt::DecorationRole).value<QIcon>().pixmap(12, 12).toImage(); };
    const auto imageOf = [&](StateMark mark) { return stateIcon(mark, themes.theme(), 12).pixmap(12, 12).toImage(); };
    QVERIFY(model.setStates(nodes));
    QVERIFY(!model.setStates(nodes));
    QCOMPARE(part(0), QStringLiteral("stays"));
    QCOMPARE(image(0), imageOf(StateMark::Up));
    nodes[0].state = NodeState::Down;
    nodes[1].state = NodeState::Suspect;
    QSignalSpy changed(&model, &QAbstractItemModel::dataChanged);
    QVERIFY(model.setStates(nodes));
    QCOMPARE(changed.size(), 1);
    QCOMPARE(part(0), QStringLiteral("stays, down"));
    QCOMPARE(image(0), imageOf(StateMark::Down));
    QCOMPARE(part(1), QStringLiteral("leaves, suspect"));
    QCOMPARE(image(1), imageOf(StateMark::Suspect));
    QCOMPARE(part(2), QStringLiteral("joins"));
    QCOMPARE(image(2), imageOf(StateMark::Joining));
}

void TestConsoleModels::risksOfAPlanAreWholeSentences()
{
    PlanReport plan;
    plan.nodes.resize(1);
    plan.nodes[0].name = "node-4";
    QCOMPARE(riskText(plan, "it waits until the change before it is done: leave node-4"),
             QStringLiteral("It waits until the change before it is done: leave node-4."));
    QCOMPARE(riskText(plan, "node-4 is down and can't hand over what it holds: remove it instead"),
             QStringLiteral("node-4 is down and can't hand over what it holds: remove it instead."));
    QCOMPARE(riskText(plan, "Done."), QStringLiteral("Done."));
}

void TestConsoleModels::ringRowsCoverEveryPartitionOnce()
{
    FakeCluster cluster(5, 50);
    ClusterMonitor monitor;
    monitor.connectTo(cluster.addresses());
    const ClusterSnapshotPtr snapshot = waitForSnapshot(monitor);
    QVERIFY(snapshot);
    RingTableModel model;
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.show(snapshot, snapshot->availability);
    QCOMPARE(model.rowCount(), 5 * 16);
    std::vector<int> covered(1024);
    for (int row = 0; row < model.rowCount(); ++row) {
        const QStringList ends =
            model.index(row, RingTableModel::Partitions).data().toString().split(QStringLiteral(" – "));
        const int last = ends.last().toInt();
        for (int p = ends.first().toInt();; p = (p + 1) % 1024) {
            ++covered[std::size_t(p)];
            QCOMPARE(snapshot->map->owner(PartitionIndex(p)), model.nodeAt(row));
            if (p == last)
                break;
        }
    }
    QVERIFY(std::ranges::all_of(covered, [](int count) { return count == 1; }));
}

void TestConsoleModels::keyListGrowsByPages()
{
    FakeCluster cluster(3);
    for (int i = 0; i < 700; ++i)
        cluster.put(QByteArray::number(i), "x");
    ClusterClient client;
    client.connectTo(cluster.addresses());
    KeyBrowser browser(client);
    KeyListModel model(browser);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    browser.browse({});
    QTRY_VERIFY(model.rowCount() >= KeyBrowser::pageKeys && !browser.isLooking());
    // The tester may have asked for more already.
    while (model.canFetchMore({})) {
        model.fetchMore({});
        QTRY_VERIFY(!browser.isLooking());
    }
    QCOMPARE(model.rowCount(), 700);
    browser.noteKey("new one");
    QCOMPARE(model.rowCount(), 701);
    browser.forgetKey(model.keyAt(5));
    QCOMPARE(model.rowCount(), 700);
    browser.browse("69");
    QTRY_COMPARE(model.rowCount(), 11);
    QCOMPARE(keyText(QByteArray("a\0\xff", 3)), QStringLiteral("a\\x00\\xff"));
}

void TestConsoleModels::textThatMayNotBeSavedBackIsReadOnly()
{
    QVERIFY(asPlainText("plain\ntext").isWhole);
    QVERIFY(asPlainText("").isWhole);
    QVERIFY(!asPlainText("line\r\nend").isWhole);         // a text field would make \n of it
    QVERIFY(!asPlainText(QByteArray(5000, 'x')).isWhole); // broken for display
    QVERIFY(!asPlainText(QByteArray("a\0b", 3)).isPossible);
    QVERIFY(!asPlainText("\xff\xfe").isPossible);
    QVERIFY(!asJson("{").isPossible);
    QCOMPARE(asJson("{\"a\":[1]}").text, QStringLiteral("{\n    \"a\": [\n        1\n    ]\n}\n"));
    // The order of names, the digits of numbers and what stands in strings are the value's.
    QCOMPARE(asJson("{\"z\":12345678901234567890,\"a\":[],\"b\":{ },\"c\":\"x,{\\\"y\\\":1}\\\\\",\"z\":1.0}").text,
             QString::fromLatin1("{\n    \"z\": 12345678901234567890,\n    \"a\": [],\n    \"b\": {},\n"
                                 "    \"c\": \"x,{\\\"y\\\":1}\\\\\",\n    \"z\": 1.0\n}\n"));
    QVERIFY(asJson(QByteArray(500, '[') + "1" + QByteArray(500, ']')).text.size() < 2 * previewBytesMax);
    QVERIFY(asHex(QByteArray("\x00\x41", 2)).text.endsWith(QStringLiteral(".A")));
}

void TestConsoleModels::valuesAreShownWithinBounds()
{
    const QByteArray huge(4 * 1024 * 1024, 'y');
    for (const ValueText& shown : {asPlainText(huge), asHex(huge), asJson(huge)}) {
        QVERIFY(shown.text.size() < 2 * previewBytesMax);
        QVERIFY(!shown.isWhole);
        for (const QString& line : shown.text.split(QLatin1Char('\n')))
            QVERIFY(line.size() <= 2000);
    }
    // A cut through a character is no fault of the value.
    QByteArray umlauts;
    while (umlauts.size() <= previewBytesMax)
        umlauts += "x\xc3\xa4";
    QVERIFY(asPlainText(umlauts).isPossible);
}

void TestConsoleModels::durationsAreRead_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<qint64>("ms");
    QTest::newRow("seconds") << QStringLiteral("90 s") << qint64(90'000);
    QTest::newRow("minutes") << QStringLiteral("15min") << qint64(900'000);
    QTest::newRow("m") << QStringLiteral("2m") << qint64(120'000);
    QTest::newRow("hours") << QStringLiteral("1.5 h") << qint64(5'400'000);
    QTest::newRow("two units") << QStringLiteral("1 h 30 min") << qint64(5'400'000);
    QTest::newRow("days") << QStringLiteral("7 d") << qint64(604'800'000);
    QTest::newRow("ms") << QStringLiteral("500ms") << qint64(500);
    for (const char* bad : {"", "5", "-5 s", "soon", "0 s", "9999999 d", "5 s later"})
        QTest::newRow(bad) << QString::fromLatin1(bad) << qint64(-1);
}

void TestConsoleModels::durationsAreRead()
{
    QFETCH(QString, text);
    QFETCH(qint64, ms);
    QCOMPARE(parseDuration(text).value_or(-1), ms);
}

QTEST_MAIN(TestConsoleModels)
#include "test_console_models.moc"
