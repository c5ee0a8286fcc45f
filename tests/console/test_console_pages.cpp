#include "console/desktop/node_legend.h"
#include "console/desktop/screenshots.h"
#include "tests/console/fake_cluster_fixture.h"
#include "tests/console/sheet_button.h"

#include <QRegularExpression>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTcpServer>

#include <numeric>

using namespace quoit;
using quoit::test::FakeClusterFixture;

/// Every page against a cluster in this process.
class TestConsolePages : public QObject, protected FakeClusterFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { isolateSettings(); }
    void init();
    void cleanup() { closeConsole(); }
    void startPageGivesWayToTheOverview();
    void addressesThatArentAreRefused();
    void wrongAddressIsToldWhereItWasTyped();
    void everyPagePaintsInBothThemes();
    void selectionIsTheSameEverywhere();
    void nodesOfOthersCantBeStopped();
    void ringPinsAKey();
    void ringSaysWhoIsHomeOfHowMuch();
    void pinnedKeyIsAskedAgainWhenANodeGoes();
    void outageShowsWhichPartitionsAreLost();
    void pretendedLossIsDrawnAndCounted();
    void pretendingEndsWhereItWouldMislead();
    void keysAreBrowsedOpenedAndSaved();
    void conflictIsAskedAbout();
    void deleteCanBeUndone();
    void paletteFindsPagesNodesAndKeys();
    void oldDataIsDimmedAndItsAgeShown();
    void disconnectLeadsBackToTheStart();
    void hiddenPagesAreNotPainted();
    void smallWindowsWork();
    void picturesOfEveryPageAreTaken();

private:
    /// The window in both themes, into the folder that QUOIT_PICTURES names.
    void savePicture(const QString& name);
    KeyPanel& openedKey(const QByteArray& key);
};

void TestConsolePages::init()
{
    openConsole(5);
    for (int i = 0; i < 500; ++i)
        m_cluster->put("user:" + QByteArray::number(i), "value " + QByteArray::number(i));
}

void TestConsolePages::savePicture(const QString& name)
{
    const QString folder = qEnvironmentVariable("QUOIT_PICTURES");
    if (folder.isEmpty())
        return;
    for (const ThemeChoice choice : {ThemeChoice::Dark, ThemeChoice::Light}) {
        m_workspace->setThemeChoice(choice);
        QCoreApplication::processEvents();
        m_window->grab().save(QStringLiteral("%1/%2-%3.png").arg(folder, name).arg(int(choice)));
    }
}

KeyPanel& TestConsolePages::openedKey(const QByteArray& key)
{
    m_window->showPage(4);
    KeyPanel& panel = *m_window->keysPage()->panel();
    m_window->keysPage()->openKey(QString::fromUtf8(key));
    [&] { QTRY_VERIFY(panel.record() && panel.record()->key == key); }();
    return panel;
}

void TestConsolePages::startPageGivesWayToTheOverview()
{
    QVERIFY(m_window->isStartShown());
    QVERIFY(!m_window->grab().isNull());
    connectAndWait();
    QVERIFY(!m_window->isStartShown());
    QCOMPARE(m_window->currentPage(), 0);
    QCOMPARE(m_workspace->recentConnections().size(), 1);
    QTRY_VERIFY(m_window->status()->connectionText().startsWith(QStringLiteral("Live")));
}

void TestConsolePages::addressesThatArentAreRefused()
{
    for (const char* bad : {"", "nonsense", "host:", "host:0", "host:99999", "a:1,b"})
        QVERIFY2(!m_workspace->connectTo(QString::fromLatin1(bad)), bad);
    QVERIFY(m_window->isStartShown());
}

void TestConsolePages::wrongAddressIsToldWhereItWasTyped()
{
    QTcpServer closed;
    QVERIFY(closed.listen(QHostAddress::LocalHost));
    const QString address = QStringLiteral("127.0.0.1:%1").arg(closed.serverPort());
    closed.close();
    auto* start = m_window->findChild<StartPage*>();
    auto* field = start->findChild<QLineEdit*>(QStringLiteral("address"));
    field->setText(address);
    QTest::keyClick(field, Qt::Key_Return);
    auto* attempt = start->findChild<QLabel*>(QStringLiteral("attempt"));
    QTRY_VERIFY2(attempt->text().startsWith(address + QStringLiteral(" refuses the connection")), qPrintable(attempt->text()));
    QVERIFY(m_window->isStartShown());
    QVERIFY(attempt->isVisible());
    QVERIFY(!m_window->veil()->isVisible()); // nothing old lies under it
    savePicture(QStringLiteral("start-refused"));
    for (int i = 0; i < m_window->pageCount(); ++i) {
        m_window->showPage(i);
        QVERIFY(m_window->isStartShown()); // empty pages say nothing
    }
    start->findChild<QPushButton*>(QStringLiteral("cancelConnecting"))->click();
    QCOMPARE(m_workspace->monitor().state(), PictureState::Disconnected);
    QVERIFY(!attempt->isVisible());
    QVERIFY(field->isEnabled());
    QCOMPARE(field->text(), address);
    // A second attempt need not wait for the end of the first.
    QTest::keyClick(field, Qt::Key_Return);
    QTRY_VERIFY(attempt->isVisible());
    field->setText(m_cluster->addresses().first());
    QTest::keyClick(field, Qt::Key_Return);
    QTRY_VERIFY(!m_window->isStartShown());
    QCOMPARE(m_window->currentPage(), 0);
}

void TestConsolePages::everyPagePaintsInBothThemes()
{
    connectAndWait();
    for (const ThemeChoice choice : {ThemeChoice::Light, ThemeChoice::Dark}) {
        m_workspace->setThemeChoice(choice);
        for (int i = 0; i < m_window->pageCount(); ++i) {
            m_window->showPage(i);
            QVERIFY(m_window->page(i)->isVisible());
            const QImage image = m_window->grab().toImage();
            QSet<QRgb> colors;
            for (int x = 200; x < image.width(); x += 7)
                for (int y = 0; y < image.height(); y += 7)
                    colors.insert(image.pixel(x, y));
            QVERIFY2(colors.size() > 12, qPrintable(m_window->page(i)->title()));
            QCOMPARE(qGray(image.pixel(5, 400)) < 128, choice == ThemeChoice::Dark);
        }
    }
}

void TestConsolePages::selectionIsTheSameEverywhere()
{
    connectAndWait();
    m_window->showPage(2);
    auto* table = m_window->nodesPage()->findChild<QTableView*>();
    table->setCurrentIndex(table->model()->index(2, 0));
    QCOMPARE(m_workspace->selectedNode(), NodeId(3));
    m_window->showPage(1);
    auto* ring = m_window->ringPage()->findChild<RingView*>();
    QCOMPARE(ring->selectedNode(), NodeId(3));
    m_workspace->selectNode(5);
    QCOMPARE(ring->selectedNode(), NodeId(5));
    m_window->showPage(2);
    QCOMPARE(table->currentIndex().row(), 4);
}

void TestConsolePages::nodesOfOthersCantBeStopped()
{
    connectAndWait();
    m_window->showPage(2);
    m_workspace->selectNode(1);
    for (const QPushButton* button : m_window->nodesPage()->findChildren<QPushButton*>())
        QVERIFY(!button->isVisible());
}

void TestConsolePages::ringSaysWhoIsHomeOfHowMuch()
{
    connectAndWait();
    m_window->showPage(1);
    auto* legend = m_window->ringPage()->findChild<NodeLegend*>();
    const auto own = m_workspace->snapshot().ownHomes;
    QCOMPARE(std::accumulate(own.begin(), own.end(), 0u), m_cluster->map()->partitionCount());
    QTRY_VERIFY(legend->accessibleDescription().contains(QStringLiteral("home of %1 partitions").arg(own[0])));

    // A part of it is painted as in the whole.
    const QRect third(0, 2 * NodeLegend::rowHeight, legend->width(), NodeLegend::rowHeight);
    QCOMPARE(legend->grab(third).toImage(), legend->grab().toImage().copy(third));

    // node-1 has too much to do: node-2 stands in for ten of its partitions.
    m_cluster->setReport(1, [](NodeReport& report) { report.figures.homes -= 10; });
    m_cluster->setReport(2, [](NodeReport& report) { report.figures.homes += 10; });
    QTRY_VERIFY(legend->accessibleDescription().contains(QStringLiteral("home of %1, others of 10 of its own").arg(own[0] - 10)));
    QTRY_VERIFY(legend->accessibleDescription().contains(QStringLiteral("home of %1, 10 of them for others").arg(own[1] + 10)));
    savePicture(QStringLiteral("ring-homes"));
    m_workspace->selectNode(2);
    m_window->showPage(m_window->indexOf(m_window->nodesPage()));
    const auto* figures = m_window->nodesPage()->findChild<NodeFigures*>();
    QTRY_VERIFY(figures->accessibleDescription().contains(QStringLiteral("Home of %1, 10 for others").arg(own[1] + 10)));
    m_window->showPage(1);
    m_cluster->stopNode(3);
    QTRY_VERIFY(legend->accessibleDescription().contains(QStringLiteral("home of nothing")));
}

void TestConsolePages::ringPinsAKey()
{
    connectAndWait();
    m_window->showPage(1);
    m_window->ringPage()->pinKey(QStringLiteral("user:7"));
    auto* view = m_window->ringPage()->findChild<LocateView*>();
    QTRY_VERIFY(view->accessibleDescription().contains(QStringLiteral("partition")));
    QVERIFY(!m_window->grab().isNull());
    m_window->ringPage()->pinKey({});
    QVERIFY(view->accessibleDescription().isEmpty());
}

void TestConsolePages::pinnedKeyIsAskedAgainWhenANodeGoes()
{
    connectAndWait();
    m_window->showPage(1);
    RingPage& page = *m_window->ringPage();
    page.pinKey(QStringLiteral("user:7"));
    auto* view = page.findChild<LocateView*>();
    QTRY_VERIFY(view->accessibleDescription().contains(QStringLiteral("version 1.1.1.8")));
    const ClusterMapPtr map = m_workspace->snapshot().map;
    const NodeId gone = map->replicas(RingPin::forKey("user:7", *map).report.partition)[1];
    m_cluster->stopNode(gone);
    m_cluster->pushNow();
    const QRegularExpression asOf(QStringLiteral("node-%1 [^;]*version 1.1.1.8 · as of \\d\\d:").arg(gone));
    QTRY_VERIFY2(view->accessibleDescription().contains(asOf), qPrintable(view->accessibleDescription()));
    savePicture(QStringLiteral("pin-down"));
    auto* open = page.findChild<QPushButton*>(QStringLiteral("openInKeys"));
    QVERIFY(open->isVisible());
    open->click();
    QCOMPARE(m_window->currentPage(), 4);
    QTRY_VERIFY(m_window->keysPage()->panel()->record() &&
                m_window->keysPage()->panel()->record()->key == QByteArray("user:7"));
}

void TestConsolePages::outageShowsWhichPartitionsAreLost()
{
    connectAndWait();
    m_window->showPage(1);
    auto* ring = m_window->ringPage()->findChild<RingView*>();
    QVERIFY(ring->marks().empty());
    QVERIFY(ring->centerText().isEmpty());
    m_cluster->stopNode(2);
    m_cluster->stopNode(4);
    m_cluster->pushNow();
    QTRY_VERIFY(m_workspace->snapshot().health.partitionsWithoutMajority > 0);
    const ClusterMapPtr map = m_workspace->snapshot().map;
    const auto isRight = [&](const RingView& view) {
        int lost = 0;
        for (PartitionIndex p = 0; p < map->partitionCount(); ++p) {
            const bool isLost = map->isReplica(p, 2) && map->isReplica(p, 4);
            lost += isLost;
            if (view.marks().size() != map->partitionCount() || (view.marks()[p] == RingMark::NoMajority) != isLost)
                return false;
        }
        return lost > 0 && !view.areMarksPretended() &&
               view.centerText() == QStringLiteral("\n%1\nof 1,024 partitions\nout of reach").arg(lost);
    };
    QTRY_VERIFY(isRight(*ring));
    savePicture(QStringLiteral("outage-ring"));
    m_window->ringPage()->findChild<QStackedWidget*>()->setCurrentIndex(1);
    auto* table = m_window->ringPage()->findChild<QTableView*>();
    m_cluster->pushNow();
    QStringList reach;
    QTRY_VERIFY([&] {
        for (int row = 0; row < table->model()->rowCount(); ++row)
            reach << table->model()->index(row, RingTableModel::Reach).data().toString();
        return reach.contains(QStringLiteral("out of reach")) && reach.contains(QStringLiteral("below strength"));
    }());
    savePicture(QStringLiteral("outage-table"));
    m_window->showPage(0);
    QTRY_VERIFY(isRight(*m_window->page(0)->findChild<RingView*>()));
    savePicture(QStringLiteral("outage-overview"));
}

void TestConsolePages::pretendedLossIsDrawnAndCounted()
{
    connectAndWait();
    m_window->showPage(1);
    RingPage& page = *m_window->ringPage();
    auto* ring = page.findChild<RingView*>();
    QVERIFY(ring->marks().empty());
    page.findChild<QPushButton*>(QStringLiteral("pretendDown"))->click();
    QVERIFY(page.isPretending());
    QVERIFY(page.pretendDown()->text().contains(QStringLiteral("Nothing happens")));
    QListWidget& list = *page.pretendDown()->list();
    QCOMPARE(list.count(), 5);
    list.setCurrentRow(0);
    QTest::keyClick(&list, Qt::Key_Space);
    QVERIFY(page.pretendDown()->text().startsWith(QStringLiteral("With node-1 down: every partition keeps its majority")));
    Q_EMIT ring->nodeClicked(4); // in the ring as well
    const ClusterMapPtr map = m_workspace->snapshot().map;
    int lost = 0;
    for (PartitionIndex p = 0; p < map->partitionCount(); ++p) {
        const bool isLost = map->isReplica(p, 1) && map->isReplica(p, 4);
        lost += isLost;
        QCOMPARE(ring->marks()[p] == RingMark::NoMajority, isLost);
    }
    QVERIFY(lost > 0);
    const QString text = page.pretendDown()->text();
    QVERIFY2(text.startsWith(QStringLiteral("With node-1 and node-4 down: %1 of 1,024 partitions have no majority").arg(lost)),
             qPrintable(text));
    QVERIFY(ring->areMarksPretended());
    QVERIFY(ring->centerText().startsWith(QStringLiteral("PRETENDED\n")));
    auto* band = page.findChild<QFrame*>(QStringLiteral("pretendBand"));
    QVERIFY(band->isVisible());
    QVERIFY(band->findChild<QLabel*>()->text().startsWith(QStringLiteral("Pretending node-1 and node-4 down")));
    savePicture(QStringLiteral("pretend"));
    band->findChild<QPushButton*>()->click();
    QVERIFY(!page.isPretending());
    QVERIFY(!band->isVisible());
    QVERIFY(ring->marks().empty());
}

void TestConsolePages::pretendingEndsWhereItWouldMislead()
{
    connectAndWait();
    m_window->showPage(1);
    RingPage& page = *m_window->ringPage();
    page.setPretending(true, 1);
    QVERIFY(page.isPretending());
    m_window->showPage(0);
    QVERIFY(!page.isPretending());
    m_window->showPage(1);
    page.setPretending(true, 1);
    auto* band = page.findChild<QFrame*>(QStringLiteral("pretendBand"));
    QVERIFY(band->isVisible());
    m_cluster->stopNode(2);
    m_cluster->pushNow();
    QTRY_VERIFY(!page.isPretending());
    QVERIFY(band->findChild<QLabel*>()->text().startsWith(QStringLiteral("node-2 went down")));
    // Who is down is counted without being ticked.
    page.setPretending(true);
    QVERIFY(page.pretendDown()->text().contains(QStringLiteral("node-2 is down already")));
}

void TestConsolePages::keysAreBrowsedOpenedAndSaved()
{
    connectAndWait();
    m_window->showPage(4);
    QTRY_VERIFY(m_workspace->browser().keys().size() >= 200);
    KeyPanel& panel = openedKey("user:42");
    auto* editor = panel.findChild<QPlainTextEdit*>();
    QCOMPARE(editor->toPlainText(), QStringLiteral("value 42"));
    editor->setPlainText(QStringLiteral("another"));
    panel.save();
    QTRY_COMPARE(m_cluster->value("user:42"), QByteArray("another"));
    // And the way back.
    QTRY_COMPARE(panel.record()->value, QByteArray("another"));
    m_workspace->keyUndo().undoLast();
    QTRY_COMPARE(m_cluster->value("user:42"), QByteArray("value 42"));
    panel.openNew("made here");
    editor->setPlainText(QStringLiteral("new"));
    panel.save();
    QTRY_COMPARE(m_cluster->value("made here"), QByteArray("new"));
    QTRY_COMPARE(panel.record()->value, QByteArray("new"));
    panel.findChild<QLineEdit*>()->setText(QStringLiteral("10 min"));
    panel.applyTtl();
    QTRY_VERIFY(panel.record()->ttlMs().value_or(0) > 500'000);
}

void TestConsolePages::conflictIsAskedAbout()
{
    connectAndWait();
    KeyPanel& panel = openedKey("user:1");
    auto* editor = panel.findChild<QPlainTextEdit*>();
    editor->setPlainText(QStringLiteral("mine"));
    m_cluster->put("user:1", "theirs");
    panel.save();
    const auto press = [&](const QString& text) { return sheetButton(panel, "conflict", text); };
    QTRY_VERIFY(press(QStringLiteral("Overwrite theirs")));
    QCOMPARE(m_cluster->value("user:1"), QByteArray("theirs"));
    const auto values = press(QStringLiteral("Take theirs"))->window()->findChildren<QPlainTextEdit*>();
    QCOMPARE(values.size(), 2);
    QCOMPARE(values[0]->toPlainText(), QStringLiteral("theirs"));
    QCOMPARE(values[1]->toPlainText(), QStringLiteral("mine"));
    press(QStringLiteral("Overwrite theirs"))->click();
    QTRY_COMPARE(m_cluster->value("user:1"), QByteArray("mine"));
}

void TestConsolePages::deleteCanBeUndone()
{
    connectAndWait();
    KeyPanel& panel = openedKey("user:9");
    panel.removeKey();
    QTRY_VERIFY(!m_cluster->contains("user:9"));
    QTRY_VERIFY(!panel.record()->isPresent);
    m_workspace->keyUndo().undoLast();
    QTRY_COMPARE(m_cluster->value("user:9"), QByteArray("value 9"));
}

void TestConsolePages::paletteFindsPagesNodesAndKeys()
{
    connectAndWait();
    QPointer<CommandPalette> palette = m_window->openPalette();
    auto* field = palette->findChild<QLineEdit*>();
    QVERIFY(palette->shownTexts().contains(QStringLiteral("Charts")));
    field->setText(QStringLiteral("node-4"));
    QCOMPARE(palette->shownTexts().first(), QStringLiteral("node-4"));
    QTest::keyClick(field, Qt::Key_Return);
    QCOMPARE(m_window->currentPage(), 2);
    QCOMPARE(m_workspace->selectedNode(), NodeId(4));
    palette = m_window->openPalette();
    field = palette->findChild<QLineEdit*>();
    field->setText(QStringLiteral("user:17"));
    QTest::keyClick(field, Qt::Key_Return);
    QCOMPARE(m_window->currentPage(), 4);
    QTRY_VERIFY(m_window->keysPage()->panel()->record() &&
                m_window->keysPage()->panel()->record()->key == QByteArray("user:17"));
}

void TestConsolePages::oldDataIsDimmedAndItsAgeShown()
{
    connectAndWait();
    QTRY_VERIFY(!m_window->veil()->isVisible());
    const QImage bright = m_window->grab().toImage();
    m_cluster->setSilent(true);
    for (NodeId id = 1; id <= 5; ++id)
        m_cluster->stopNode(id);
    QTRY_VERIFY(m_window->veil()->isVisible());
    QVERIFY(m_window->veil()->text().contains(QStringLiteral("ago")));
    QVERIFY(m_workspace->snapshot().totals.operationsPerSecond.value_or(0) > 0);
    QVERIFY(m_window->grab().toImage() != bright);
    for (NodeId id = 1; id <= 5; ++id)
        m_cluster->startNode(id);
    m_cluster->setSilent(false);
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->veil()->isVisible(), 60'000);
}

void TestConsolePages::disconnectLeadsBackToTheStart()
{
    connectAndWait();
    m_workspace->disconnectFromCluster();
    QVERIFY(m_window->isStartShown());
    connectAndWait();
    QVERIFY(!m_window->isStartShown());
}

void TestConsolePages::hiddenPagesAreNotPainted()
{
    connectAndWait();
    m_window->showPage(4);
    auto* ring = m_window->ringPage()->findChild<RingView*>();
    struct Counter : QObject
    {
        int paints = 0;
        bool eventFilter(QObject*, QEvent* event) override
        {
            paints += event->type() == QEvent::Paint;
            return false;
        }
    } counter;
    ring->installEventFilter(&counter);
    const quint64 before = m_workspace->snapshot().number;
    QTRY_VERIFY(m_workspace->snapshot().number > before + 5);
    QCOMPARE(counter.paints, 0);
    m_window->showPage(1);
    QTRY_VERIFY(counter.paints > 0);
}

void TestConsolePages::smallWindowsWork()
{
    connectAndWait();
    m_window->resize(900, 600);
    m_window->showPage(m_window->indexOf(m_window->nodesPage()));
    const auto* table = m_window->nodesPage()->findChild<QTableView*>();
    QCOMPARE(table->model()->rowCount(), 5);
    QTRY_COMPARE(table->verticalScrollBar()->maximum(), 0); // all five are seen
    m_window->showPage(m_window->indexOf(m_window->ringPage()));
    const auto buttons = m_window->ringPage()->findChildren<QPushButton*>();
    const QPushButton* asTable = *std::ranges::find(buttons, QStringLiteral("Show as table"), &QPushButton::text);
    QTRY_COMPARE(asTable->visibleRegion().boundingRect().size(), asTable->size()); // not below what is scrolled to
    m_window->ringPage()->pinKey(QStringLiteral("user:7"));
    const auto* ring = m_window->ringPage()->findChild<RingView*>();
    QTRY_COMPARE(ring->visibleRegion().boundingRect().size(), ring->size()); // whole, however much stands beside it
    m_window->ringPage()->setPretending(true, 1);
    QTRY_VERIFY(m_window->ringPage()->findChild<QFrame*>(QStringLiteral("pretendBand"))->isVisible());
    QTRY_COMPARE(ring->visibleRegion().boundingRect().size(), ring->size()); // or above it
    m_window->ringPage()->setPretending(false);
    m_window->resize(640, 400);
    for (int i = 0; i < m_window->pageCount(); ++i) {
        m_window->showPage(i);
        QCOMPARE(m_window->width(), 640); // nothing forces it wider
        QVERIFY(!m_window->grab().isNull());
    }
}

void TestConsolePages::picturesOfEveryPageAreTaken()
{
    const QString folder = m_folder->filePath(QStringLiteral("pictures"));
    Screenshots screenshots(*m_workspace, *m_window, folder);
    QSignalSpy finished(&screenshots, &Screenshots::finished);
    QVERIFY(m_window->isStartShown());
    screenshots.start([this] { return m_workspace->connectTo(m_cluster->addresses().join(QLatin1Char(','))); });
    QVERIFY(finished.wait(60'000));
    QCOMPARE(finished[0][0].toString(), QString());
    const QStringList names = QDir(folder).entryList({QStringLiteral("*.png")});
    QCOMPARE(names.size(), 2 * m_window->pageCount() + 2);
    QVERIFY(names.contains(QStringLiteral("start-light.png")) && names.contains(QStringLiteral("start-dark.png")));
    for (const QString& name : names)
        QVERIFY(!QImage(folder + QLatin1Char('/') + name).isNull());
}

QTEST_MAIN(TestConsolePages)
#include "test_console_pages.moc"
