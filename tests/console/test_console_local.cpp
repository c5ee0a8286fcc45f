#include "tests/console/console_fixture.h"
#include "tests/console/sheet_button.h"

#include <QSignalSpy>

using namespace quoit;

/// The console with real nodes on this machine.
class TestConsoleLocal : public QObject, private quoit::test::LocalFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { isolateSettings(); }
    void clusterIsMadeAndShown();
    void everyPageShowsTheRealCluster();
    void keysAreWrittenAndRead();
    void killedNodeIsSeenAndNothingIsLost();
    void killedNodeComesBack();
    void newcomerThatIsNotWantedLeavesNothing();
    void nodeIsAddedWithOneClick();
    void nodeIsRemovedWithOneClick();
    void oldMapsAndOtherClustersPutNoFolderAside();
    void clusterStartsAgainWithItsData();
    void cleanupTestCase() { closeWindow(); }

private:
    void start() { startThree({1280, 800}); }
    KeyOutcome put(const QByteArray& key, const QByteArray& value);
    KeyOutcome load(const QByteArray& key);
    void answer(const char* question, const QString& button);
    ClusterMapPtr m_mapBefore; ///< before a node was added

    QStringList folders() const { return QDir(m_folder.path()).entryList(QDir::Dirs | QDir::NoDotAndDotDot); }
};

KeyOutcome TestConsoleLocal::put(const QByteArray& key, const QByteArray& value)
{
    std::optional<KeyOutcome> outcome;
    const std::string version = load(key).record.version;
    m_workspace->keys().put(key, value, version, {}, [&](const KeyOutcome& each) { outcome = each; });
    [&] { QTRY_VERIFY_WITH_TIMEOUT(outcome.has_value(), 10'000); }();
    return outcome.value_or(KeyOutcome());
}

KeyOutcome TestConsoleLocal::load(const QByteArray& key)
{
    std::optional<KeyOutcome> outcome;
    m_workspace->keys().load(key, [&](const KeyOutcome& each) { outcome = each; });
    [&] { QTRY_VERIFY_WITH_TIMEOUT(outcome.has_value(), 10'000); }();
    return outcome.value_or(KeyOutcome());
}

void TestConsoleLocal::clusterIsMadeAndShown()
{
    start();
    QVERIFY(!m_window->isStartShown());
    QCOMPARE(m_workspace->snapshot().map->members().size(), 3u);
    for (NodeId id = 1; id <= 3; ++id) {
        QVERIFY(m_workspace->processOf(id));
        QVERIFY(!m_workspace->processOf(id)->log().isEmpty());
    }
}

void TestConsoleLocal::everyPageShowsTheRealCluster()
{
    for (int i = 0; i < m_window->pageCount(); ++i) {
        m_window->showPage(i);
        QVERIFY(m_window->page(i)->isVisible());
        QVERIFY(!m_window->grab().isNull());
    }
    m_window->showPage(2);
    m_workspace->selectNode(2);
    auto* log = m_window->nodesPage()->findChild<QPlainTextEdit*>();
    QVERIFY(log->isVisible());
    QVERIFY(!log->toPlainText().isEmpty());
}

void TestConsoleLocal::keysAreWrittenAndRead()
{
    for (int i = 0; i < 40; ++i)
        QCOMPARE(put("key:" + QByteArray::number(i), "value " + QByteArray::number(i)).kind, KeyOutcome::Kind::Done);
    const KeyOutcome seven = load("key:7");
    QCOMPARE(seven.record.value, QByteArray("value 7"));
    // Somebody else's version is a conflict, and changes nothing.
    std::optional<KeyOutcome> outcome;
    m_workspace->keys().put("key:7", "x", load("key:8").record.version + "1", {},
                            [&](const KeyOutcome& each) { outcome = each; });
    QTRY_VERIFY(outcome.has_value());
    QCOMPARE(outcome->kind, KeyOutcome::Kind::Conflict);
    QCOMPARE(load("key:7").record.value, QByteArray("value 7"));

    m_window->showPage(4);
    m_workspace->browser().browse("key:");
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->browser().isComplete(), 10'000);
    QCOMPARE(m_workspace->browser().keys().size(), 40);
    QTRY_COMPARE(m_workspace->browser().keyCount().value_or(-1), 40);

    std::optional<LocateReport> located;
    m_workspace->keys().locate("key:7", [&](const Result<LocateReport>& report) {
        QVERIFY(report.ok());
        located = report.value();
    });
    QTRY_VERIFY(located.has_value());
    QCOMPARE(located->replicas.size(), 3u);
    QCOMPARE(located->partition, m_workspace->snapshot().map->partitionOf(located->position));
}

void TestConsoleLocal::killedNodeIsSeenAndNothingIsLost()
{
    m_window->showPage(2);
    m_workspace->selectNode(2);
    auto* kill = m_window->nodesPage()->findChild<QPushButton*>(QStringLiteral("killNode"));
    QTRY_VERIFY(kill->isVisible() && kill->isEnabled());
    kill->click();
    QTRY_VERIFY(sheetButton(*m_window, "killQuestion", QStringLiteral("Kill")));
    sheetButton(*m_window, "killQuestion", QStringLiteral("Kill"))->click();
    // Whose process has ended is known here, whatever the others think.
    QTRY_VERIFY(std::ranges::any_of(m_workspace->past().timeline().events(),
                                    [](const ClusterEvent& each) { return each.text == "node-2 was killed"; }));
    QCOMPARE(m_workspace->health().level, Health::Level::Degraded);
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->snapshot().node(2)->state, NodeState::Down, 20'000);
    QCOMPARE(m_workspace->snapshot().health.level, Health::Level::Degraded);
    QTRY_COMPARE(m_workspace->processOf(2)->state(), NodeProcess::State::Stopped);
    for (int i = 0; i < 40; ++i)
        QCOMPARE(load("key:" + QByteArray::number(i)).record.value, "value " + QByteArray::number(i));
    QCOMPARE(put("while away", "written").kind, KeyOutcome::Kind::Done);
}

void TestConsoleLocal::killedNodeComesBack()
{
    m_workspace->processOf(2)->start();
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->snapshot().node(2)->state, NodeState::Up, 20'000);
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->snapshot().health.level, Health::Level::Well, 20'000);
    QVERIFY(m_workspace->snapshot().node(2)->incarnation >= 2);
}

void TestConsoleLocal::answer(const char* name, const QString& text)
{
    QPushButton* button = nullptr;
    [&] { QTRY_VERIFY_WITH_TIMEOUT((button = sheetButton(*m_window, name, text)), 20'000); }();
    if (!button)
        return;
    auto* question = qobject_cast<Sheet*>(button->window());
    QVERIFY(question && question->text().contains(QStringLiteral("Moves")));
    if (const QString folder = qEnvironmentVariable("QUOIT_PICTURES"); !folder.isEmpty())
        question->grab().save(folder + QLatin1Char('/') + QLatin1String(name) + QStringLiteral(".png"));
    button->click();
}

void TestConsoleLocal::newcomerThatIsNotWantedLeavesNothing()
{
    m_window->showPage(2);
    auto* add = m_window->nodesPage()->findChild<QPushButton*>(QStringLiteral("addNode"));
    QTRY_VERIFY(add->isVisible() && add->isEnabled());
    const QStringList before = folders();
    add->click();
    answer("addQuestion", QStringLiteral("Cancel"));
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->local()->nodeCount(), 3, 20'000);
    QTRY_COMPARE(folders(), before);
    QCOMPARE(m_workspace->snapshot().map->members().size(), 3u);
    QTRY_VERIFY(add->isEnabled());
}

void TestConsoleLocal::nodeIsAddedWithOneClick()
{
    auto* add = m_window->nodesPage()->findChild<QPushButton*>(QStringLiteral("addNode"));
    m_mapBefore = m_workspace->snapshot().map;
    add->click();
    QVERIFY(!add->isEnabled());
    answer("addQuestion", QStringLiteral("Add"));
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->snapshot().map->parts().members.size(), 4u, 40'000);
    auto* note = m_window->nodesPage()->findChild<QLabel*>(QStringLiteral("localNote"));
    QTRY_COMPARE_WITH_TIMEOUT(note->text(), QStringLiteral("node-4 is in the ring."), 20'000);
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->snapshot().totals.nodesUp, 4, 20'000);
    QVERIFY(m_workspace->processOf(4));
    QCOMPARE(m_workspace->processOf(4)->name(), QStringLiteral("node-4"));
    picture(QStringLiteral("added"));
    for (int i = 0; i < 40; ++i)
        QCOMPARE(load("key:" + QByteArray::number(i)).record.value, "value " + QByteArray::number(i));
}

void TestConsoleLocal::nodeIsRemovedWithOneClick()
{
    m_workspace->selectNode(2);
    auto* remove = m_window->nodesPage()->findChild<QPushButton*>(QStringLiteral("removeNode"));
    QTRY_VERIFY(remove->isVisible() && remove->isEnabled());
    QPointer<NodeProcess> process = m_workspace->processOf(2);
    remove->click();
    answer("removeQuestion", QStringLiteral("Remove"));
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->snapshot().map->parts().members.size(), 3u, 40'000);
    // It stops by itself, and nothing of it is left but its folder under another name.
    QTRY_VERIFY_WITH_TIMEOUT(!process, 20'000);
    QCOMPARE(m_workspace->local()->nodeCount(), 3);
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->selectedNode(), noNode, 10'000);
    QVERIFY(!folders().contains(QStringLiteral("node-2")));
    QCOMPARE(folders().filter(QStringLiteral("node-2-left-")).size(), 1);
    auto* note = m_window->nodesPage()->findChild<QLabel*>(QStringLiteral("localNote"));
    QTRY_VERIFY2(note->text().contains(QStringLiteral("node-2 has left")), qPrintable(note->text()));
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->snapshot().health.level, Health::Level::Well, 20'000);
    picture(QStringLiteral("removed"));
    for (int i = 0; i < 40; ++i)
        QCOMPARE(load("key:" + QByteArray::number(i)).record.value, "value " + QByteArray::number(i));
}

void TestConsoleLocal::oldMapsAndOtherClustersPutNoFolderAside()
{
    LocalCluster& local = *m_workspace->local();
    QVERIFY(!m_mapBefore->member(4));
    local.follow(*m_mapBefore); // from a node that missed what came after
    ClusterMapParts other = m_mapBefore->parts();
    other.clusterId = "6f9619ff-8b86-d011-b42d-00cf4fc964ff";
    other.epoch = 1000;
    other.members.resize(1);
    local.follow(*ClusterMap::make(std::move(other)).value());
    QTest::qWait(200);
    QCOMPARE(local.nodeCount(), 3);
    QCOMPARE(folders().filter(QStringLiteral("-left-")).size(), 1);
}

void TestConsoleLocal::clusterStartsAgainWithItsData()
{
    // One that waits for a cluster when the console ends is taken by the next click.
    NodeProcess* waiting = m_workspace->local()->addNode();
    QVERIFY(waiting);
    const QString name = waiting->name();
    QTRY_COMPARE_WITH_TIMEOUT(waiting->state(), NodeProcess::State::Running, 20'000);
    QCOMPARE(LocalCluster::nodeCountIn(m_folder.path()), 3);
    const std::string clusterId = m_workspace->snapshot().map->clusterId();
    QSignalSpy stopped(m_workspace->local(), &LocalCluster::allStopped);
    m_window->close(); // stops the nodes first
    QVERIFY(stopped.wait(20'000));
    QVERIFY(!m_workspace->local()->isAnyAlive());
    closeWindow();
    start();
    QCOMPARE(m_workspace->snapshot().map->clusterId(), clusterId);
    QCOMPARE(load("while away").record.value, QByteArray("written"));
    LocalCluster& local = *m_workspace->local();
    QCOMPARE(local.nodeCount(), 4);
    QCOMPARE(local.addresses().size(), 3);
    waiting = local.addNode();
    QVERIFY(waiting);
    QCOMPARE(waiting->name(), name);
    QTRY_COMPARE_WITH_TIMEOUT(waiting->state(), NodeProcess::State::Running, 20'000);
    local.discard(waiting);
    QTRY_COMPARE_WITH_TIMEOUT(local.nodeCount(), 3, 20'000);
    QVERIFY(!folders().contains(name));
}

QTEST_MAIN(TestConsoleLocal)
#include "test_console_local.moc"
