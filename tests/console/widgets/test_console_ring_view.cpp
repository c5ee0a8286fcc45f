#include "console/desktop/number_text.h"
#include "console/desktop/ring_view_overlay.h"
#include "tests/console/widgets/ring_fixture.h"

#include <QAccessible>
#include <QApplication>
#include <QSignalSpy>
#include <QtTest>

#include <memory>

using namespace quoit;
using namespace quoit::test;

class TestConsoleRingView : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void paintsWithoutDataWithDataAndWithOldData();
    void paintsAtEverySize_data();
    void paintsAtEverySize();
    void unchangedInputPaintsTheSamePicture();
    void everyStateLooksDifferent();
    void arrowsWalkAllVnodesAndAround();
    void enterSelectsAndEscapeClears();
    void escapeWithNothingToClearIsLeftToThePage();
    void mouseFindsNodesAndPartitions();
    void clickBesideTheRingClears();
    void mapChangeForgetsWhatPointedIntoTheOldRing();
    void transitionEndsInTheNewRing();
    void pinFollowsTheMap();
    void nameOfAPinnedKeysHomeIsNotCutForAWord();
    void screenReaderFindsEveryNode();
    void unknownFiguresAreToldAsUnknown();

private:
    QImage picture() { return m_view->grab().toImage(); }
    void fill();

    std::unique_ptr<ThemeManager> m_themes;
    std::unique_ptr<RingView> m_view;
};

namespace {

QtMessageHandler previousHandler = nullptr;
int warningCount = 0;

void countWarnings(QtMsgType type, const QMessageLogContext& context, const QString& text)
{
    if (type != QtDebugMsg && type != QtInfoMsg && !text.contains(QLatin1String("XDG_RUNTIME_DIR")))
        ++warningCount;
    if (previousHandler)
        previousHandler(type, context, text);
}

ClusterMapPtr fiveArcs(Epoch epoch = 1)
{
    return ringOf(16, {{1, 9}, {4, 12}, {7}}, epoch);
}

} // namespace

void TestConsoleRingView::initTestCase()
{
    m_themes =
        std::make_unique<ThemeManager>(*qobject_cast<QApplication*>(QCoreApplication::instance()), ThemeChoice::Light);
}

void TestConsoleRingView::init()
{
    warningCount = 0;
    previousHandler = qInstallMessageHandler(countWarnings);
    m_view = std::make_unique<RingView>(*m_themes);
    m_view->setReducedMotion(true);
    m_view->resize(800, 560);
    m_view->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_view.get()));
}

void TestConsoleRingView::cleanup()
{
    m_view.reset();
    qInstallMessageHandler(previousHandler);
    QCOMPARE(warningCount, 0);
}

void TestConsoleRingView::fill()
{
    m_view->setMap(fiveArcs());
    m_view->setNodes(reportsOf({NodeState::Up, NodeState::Up, NodeState::Up}));
    m_view->setLoads(std::vector<std::uint64_t>(16, 10));
    ClusterTotals totals;
    totals.operationsPerSecond = 12345;
    totals.nodesUp = 3;
    m_view->setTotals(totals);
}

void TestConsoleRingView::paintsWithoutDataWithDataAndWithOldData()
{
    const QImage empty = picture();
    fill();
    const QImage live = picture();
    m_view->setStale(34'000);
    const QImage stale = picture();
    m_themes->setChoice(ThemeChoice::Dark);
    const QImage dark = picture();
    m_themes->setChoice(ThemeChoice::Light);
    QVERIFY(empty != live);
    QVERIFY(live != stale);
    QVERIFY(stale != dark);
    m_view->setStale(std::nullopt);
    QCOMPARE(picture(), live);
    m_view->setMap(nullptr);
    QCOMPARE(picture(), empty);
}

void TestConsoleRingView::paintsAtEverySize_data()
{
    QTest::addColumn<QSize>("size");
    QTest::newRow("tiny") << QSize(180, 180);
    QTest::newRow("wide") << QSize(1400, 300);
    QTest::newRow("tall") << QSize(260, 900);
    QTest::newRow("large") << QSize(1600, 1200);
}

void TestConsoleRingView::paintsAtEverySize()
{
    QFETCH(QSize, size);
    m_view->resize(size);
    fill();
    m_view->setSelectedNode(2);
    m_view->setPin(RingPin::forKey("user:1", *m_view->map()));
    QVERIFY(!picture().isNull());
    // As many nodes as have no room in a legend.
    std::vector<std::vector<PartitionIndex>> tokens(100);
    for (PartitionIndex p = 0; p < 4000; ++p)
        tokens[p % 100].push_back(p);
    m_view->setMap(ringOf(4096, tokens));
    m_view->setNodes(reportsOf(std::vector<NodeState>(100, NodeState::Suspect)));
    QVERIFY(!picture().isNull());
}

void TestConsoleRingView::unchangedInputPaintsTheSamePicture()
{
    fill();
    const QImage first = picture();
    fill();
    QCOMPARE(picture(), first);
}

void TestConsoleRingView::everyStateLooksDifferent()
{
    fill();
    m_view->setLegendVisible(false);
    std::vector<QImage> seen;
    for (const NodeState state :
         {NodeState::Up, NodeState::Suspect, NodeState::Down, NodeState::Waiting, NodeState::Unknown}) {
        m_view->setNodes(reportsOf({NodeState::Up, state, NodeState::Up}));
        const QImage image = picture();
        for (const QImage& other : seen)
            QVERIFY(image != other);
        seen.push_back(image);
    }
}

void TestConsoleRingView::arrowsWalkAllVnodesAndAround()
{
    fill();
    QSignalSpy partitions(m_view.get(), &RingView::partitionHovered);
    QSignalSpy nodes(m_view.get(), &RingView::nodeHovered);
    for (int i = 0; i < 6; ++i)
        QTest::keyClick(m_view.get(), Qt::Key_Right);
    QCOMPARE(partitions.count(), 6);
    QList<int> walked;
    for (const auto& call : partitions)
        walked.append(call.at(0).toInt());
    QCOMPARE(walked, QList<int>({1, 4, 7, 9, 12, 1}));
    QCOMPARE(nodes.at(2).at(0).value<NodeId>(), NodeId(3));
    QTest::keyClick(m_view.get(), Qt::Key_Left);
    QCOMPARE(partitions.last().at(0).toInt(), 12);
    QTest::keyClick(m_view.get(), Qt::Key_Home);
    QCOMPARE(partitions.last().at(0).toInt(), 1);
    QVERIFY(!picture().isNull());
}

void TestConsoleRingView::enterSelectsAndEscapeClears()
{
    fill();
    QSignalSpy clicks(m_view.get(), &RingView::nodeClicked);
    QSignalSpy clears(m_view.get(), &RingView::selectionCleared);
    QTest::keyClick(m_view.get(), Qt::Key_Return); // on nothing
    QCOMPARE(clicks.count(), 0);
    QTest::keyClick(m_view.get(), Qt::Key_Right);
    QTest::keyClick(m_view.get(), Qt::Key_Right);
    QTest::keyClick(m_view.get(), Qt::Key_Return);
    QCOMPARE(clicks.count(), 1);
    QCOMPARE(clicks.at(0).at(0).value<NodeId>(), NodeId(2));
    QTest::keyClick(m_view.get(), Qt::Key_Escape);
    QCOMPARE(clears.count(), 1);
    QVERIFY(!m_view->currentArc());
}

void TestConsoleRingView::escapeWithNothingToClearIsLeftToThePage()
{
    fill();
    QSignalSpy clears(m_view.get(), &RingView::selectionCleared);
    QTest::keyClick(m_view.get(), Qt::Key_Escape);
    QCOMPARE(clears.count(), 0);
}

void TestConsoleRingView::mouseFindsNodesAndPartitions()
{
    fill();
    m_view->setLegendVisible(false);
    m_view->resize(600, 600);
    QSignalSpy clicks(m_view.get(), &RingView::nodeClicked);
    QSignalSpy partitions(m_view.get(), &RingView::partitionClicked);
    // At three o'clock lies partition 4, whose token is node 2's.
    const RingRadii radii = RingRadii::forRadius(266);
    const int x = 300 + int((radii.arcOuter + radii.arcInner) / 2);
    QTest::mouseClick(m_view.get(), Qt::LeftButton, Qt::NoModifier, QPoint(x, 304));
    QCOMPARE(clicks.count(), 1);
    QCOMPARE(clicks.at(0).at(0).value<NodeId>(), NodeId(2));
    QCOMPARE(partitions.at(0).at(0).toInt(), 4);
    m_view->setLegendVisible(true);
    m_view->resize(800, 560);
    QTest::mouseClick(m_view.get(), Qt::LeftButton, Qt::NoModifier, m_view->nodeRect(3).center());
    QCOMPARE(clicks.last().at(0).value<NodeId>(), NodeId(3));
    QCOMPARE(partitions.count(), 1);
}

void TestConsoleRingView::clickBesideTheRingClears()
{
    fill();
    QSignalSpy clears(m_view.get(), &RingView::selectionCleared);
    QTest::mouseClick(m_view.get(), Qt::LeftButton, Qt::NoModifier, QPoint(3, 3));
    QCOMPARE(clears.count(), 1);
}

void TestConsoleRingView::mapChangeForgetsWhatPointedIntoTheOldRing()
{
    fill();
    m_view->setSelectedNode(3);
    QTest::keyClick(m_view.get(), Qt::Key_End);
    QVERIFY(m_view->currentArc());
    m_view->setMap(ringOf(16, {{1}, {4}}, 2));
    QVERIFY(!m_view->currentArc());
    QCOMPARE(m_view->selectedNode(), noNode);
    QVERIFY(!picture().isNull());
}

void TestConsoleRingView::transitionEndsInTheNewRing()
{
    fill();
    const ClusterMapPtr grown = ringOf(16, {{1, 9}, {4, 12}, {7}, {14}}, 2);
    m_view->setMap(grown);
    const QImage immediate = picture();
    m_view->setMap(fiveArcs(3));
    m_view->setReducedMotion(false);
    m_view->setMap(grown);
    QVERIFY(picture() != immediate); // it has only begun
    QTRY_COMPARE(picture(), immediate);
}

void TestConsoleRingView::pinFollowsTheMap()
{
    fill();
    const RingPin pin = RingPin::forKey("user:1042", *m_view->map());
    const auto replicas = m_view->map()->replicas(pin.report.partition);
    QCOMPARE(pin.report.replicas.size(), replicas.size());
    QCOMPARE(pin.report.replicas[0].node, replicas[0]);
    QCOMPARE(pin.report.home, replicas[0]);
    QVERIFY(!pin.isAnswered);
    const QImage without = picture();
    m_view->setPin(pin);
    const QImage with = picture();
    QVERIFY(with != without);
    m_view->setPin(std::nullopt);
    QCOMPARE(picture(), without);
}

void TestConsoleRingView::nameOfAPinnedKeysHomeIsNotCutForAWord()
{
    fill();
    RingScene scene;
    scene.nodes = reportsOf({NodeState::Up, NodeState::Up, NodeState::Up});
    scene.pin = RingPin::forKey("user:1042", *m_view->map());
    scene.pin->report.home = 2;
    const QFontMetricsF metrics(QApplication::font());
    const double name = metrics.horizontalAdvance(QStringLiteral("node-2"));
    const double named = metrics.horizontalAdvance(QStringLiteral("node-2 (home)"));
    QCOMPARE(pinnedName(scene, 2, metrics, named + 1), QStringLiteral("node-2 (home)"));
    QCOMPARE(pinnedName(scene, 2, metrics, named - 1), QStringLiteral("node-2"));
    QCOMPARE(pinnedName(scene, 2, metrics, name + 1), QStringLiteral("node-2"));
    QVERIFY(pinnedName(scene, 2, metrics, name - 1).endsWith(QChar(0x2026)));
    QCOMPARE(pinnedName(scene, 1, metrics, 1000), QStringLiteral("node-1"));
}

void TestConsoleRingView::screenReaderFindsEveryNode()
{
    fill();
    QAccessibleInterface* ring = QAccessible::queryAccessibleInterface(m_view.get());
    QVERIFY(ring);
    QCOMPARE(ring->role(), QAccessible::List);
    QCOMPARE(ring->childCount(), 3);
    for (int i = 0; i < 3; ++i) {
        QAccessibleInterface* node = ring->child(i);
        QVERIFY(node && node->isValid());
        QCOMPARE(node->text(QAccessible::Name), QStringLiteral("node-%1").arg(i + 1));
        QVERIFY(node->text(QAccessible::Description).startsWith(QLatin1String("up, ")));
        QCOMPARE(node->parent(), ring);
        QCOMPARE(ring->indexOfChild(node), i);
        QVERIFY(!node->rect().isEmpty());
        QCOMPARE(ring->child(i), node); // the same one, not one a question
    }
    m_view->setSelectedNode(2);
    QVERIFY(ring->child(1)->state().selected);
    QVERIFY(!ring->child(0)->state().selected);
    m_view->setMap(nullptr);
    QCOMPARE(ring->childCount(), 0);
}

void TestConsoleRingView::unknownFiguresAreToldAsUnknown()
{
    m_view->setMap(fiveArcs());
    const QString description = m_view->nodeDescription(1);
    QVERIFY2(description.startsWith(wordOf(StateMark::Unknown)), qPrintable(description));
    QVERIFY2(description.endsWith(noDataText()), qPrintable(description));
    // "0 up" would be a claim: nobody's state is known, so it looks otherwise than a count of none.
    const QImage unknown = picture();
    ClusterTotals down;
    down.nodesDown = 3;
    m_view->setTotals(down);
    QVERIFY(picture() != unknown);
}

QTEST_MAIN(TestConsoleRingView)
#include "test_console_ring_view.moc"
