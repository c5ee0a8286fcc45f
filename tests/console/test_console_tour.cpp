#include "console/cluster/cluster_monitor.h"
#include "console/cluster/tour.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

using namespace quoit;

/// The guided tour's logic with real nodes that are really killed.
class TestConsoleTour : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void ledgerKnowsWhatAReadMayGive();
    void tourIsForLocalNodesOnly();
    void tourGoesFromItsFirstStepToItsLast();
    void sampleKeysAreDeletedAndNothingElse();
    void stoppedTourLeavesNoNodeDown();
    void loadEndsByItself();
    void nodeStartedElsewhereCounts();
    void cleanupTestCase();

private:
    const ClusterSnapshot& snapshot() const { return *m_monitor->snapshot(); }
    void waitUntilWell();
    void follow(Tour& tour);
    /// Up to and including startLoad().
    void putUnderLoad(Tour& tour);
    RespValue ask(const std::vector<std::string>& arguments);
    int sampleKeyCount();

    QTemporaryDir m_folder;
    std::unique_ptr<LocalCluster> m_local;
    std::unique_ptr<ClusterMonitor> m_monitor;
    std::unique_ptr<ClusterClient> m_client;
};

namespace {

Tour::Options smallOptions()
{
    Tour::Options options;
    options.keyCount = 2000;
    return options;
}

} // namespace

void TestConsoleTour::initTestCase()
{
    m_local = std::make_unique<LocalCluster>(
        LocalCluster::Options{.program = QStringLiteral(QUOIT_BIN_DIR "/quoit-node"), .folder = m_folder.path()});
    QSignalSpy serving(m_local.get(), &LocalCluster::serving);
    m_local->start(3);
    QVERIFY(serving.wait(30'000));
    m_monitor = std::make_unique<ClusterMonitor>();
    m_monitor->connectTo(m_local->addresses());
    m_client = std::make_unique<ClusterClient>();
    m_client->connectTo(m_local->addresses());
    waitUntilWell();
}

void TestConsoleTour::waitUntilWell()
{
    QTRY_COMPARE_WITH_TIMEOUT(Tour::whyNot(m_local.get(), snapshot()), QString(), 60'000);
}

void TestConsoleTour::follow(Tour& tour)
{
    connect(m_monitor.get(), &ClusterMonitor::snapshotChanged, &tour,
            [&tour](const ClusterSnapshotPtr& each) { tour.follow(*each); });
}

void TestConsoleTour::putUnderLoad(Tour& tour)
{
    follow(tour);
    tour.begin(*m_local, snapshot());
    QTRY_COMPARE_WITH_TIMEOUT(tour.stage(), Tour::Stage::KeysLoaded, 60'000);
    tour.startLoad();
    QTRY_VERIFY_WITH_TIMEOUT(tour.figures().load.acknowledged > 200, 20'000);
}

RespValue TestConsoleTour::ask(const std::vector<std::string>& arguments)
{
    std::optional<ClientReply> answer;
    m_client->request(arguments, {.deadline = Milliseconds(10'000), .idempotent = true},
                      [&](ClientReply reply) { answer = std::move(reply); });
    [&] { QTRY_VERIFY_WITH_TIMEOUT(answer.has_value(), 20'000); }();
    return answer ? answer->value : RespValue();
}

int TestConsoleTour::sampleKeyCount()
{
    return int(ask({"KEYS", "sample:*"}).elements.size());
}

void TestConsoleTour::ledgerKnowsWhatAReadMayGive()
{
    SampleLedger ledger(10);
    QCOMPARE(ledger.key(7), std::string("sample:00007"));
    QVERIFY(ledger.endRead(7, std::nullopt));
    const std::string first = ledger.beginWrite(7);
    QVERIFY(ledger.isBusy(7));
    ledger.endWrite(7, true);
    QVERIFY(!ledger.isBusy(7));
    QVERIFY(ledger.endRead(7, first));
    QVERIFY(!ledger.endRead(7, std::nullopt));
    QVERIFY(!ledger.endRead(7, first + "x"));
    QVERIFY(!ledger.endRead(8, first)); // another key's
    const std::string second = ledger.beginWrite(7);
    ledger.endWrite(7, true);
    QVERIFY(!ledger.endRead(7, first)); // lost
    QVERIFY(ledger.endRead(7, second));
    const std::string third = ledger.beginWrite(7);
    ledger.endWrite(7, false); // perhaps
    QVERIFY(ledger.endRead(7, second));
    QVERIFY(ledger.endRead(7, third));
    QVERIFY(!ledger.endRead(7, std::string("other")));
}

void TestConsoleTour::tourIsForLocalNodesOnly()
{
    QVERIFY(Tour::isFor(m_local.get(), snapshot()));
    QVERIFY(!Tour::isFor(nullptr, snapshot()));
    ClusterSnapshot other = snapshot();
    ClusterMapParts parts = other.map->parts();
    parts.members.back().clientAddress = "127.0.0.1:1"; // somebody else's
    other.map = ClusterMap::make(std::move(parts)).value();
    QVERIFY(!Tour::isFor(m_local.get(), other));
    QVERIFY(!Tour::whyNot(m_local.get(), other).isEmpty());
    Tour tour;
    tour.begin(*m_local, other);
    QCOMPARE(tour.stage(), Tour::Stage::Idle);
    ClusterSnapshot ill = snapshot();
    ill.health.level = Health::Level::Degraded;
    QVERIFY(Tour::isFor(m_local.get(), ill));
    QVERIFY(!Tour::whyNot(m_local.get(), ill).isEmpty());
}

void TestConsoleTour::tourGoesFromItsFirstStepToItsLast()
{
    QVERIFY(ask({"SET", "mine", "stays"}).isString());
    Tour tour(smallOptions());
    for (const auto step : {&Tour::startLoad, &Tour::startNode, &Tour::finish, &Tour::deleteKeys, &Tour::stop})
        (tour.*step)(); // none before its turn
    QCOMPARE(tour.stage(), Tour::Stage::Idle);
    putUnderLoad(tour);
    QCOMPARE(sampleKeyCount(), 2000);
    const QString avoided = m_monitor->address();
    tour.killNode(snapshot(), avoided);
    QCOMPARE(tour.stage(), Tour::Stage::NodeKilled);
    QTRY_VERIFY(tour.canStartNode());
    NodeProcess* killed = nullptr;
    for (int i = 0; i < 3; ++i)
        if (!m_local->node(i)->isAlive())
            killed = m_local->node(i);
    QVERIFY(killed); // it did die
    QCOMPARE(killed->endText(), QStringLiteral("was killed"));
    QCOMPARE(killed->name(), tour.figures().node);
    QVERIFY(killed->addresses().client != avoided);
    QTRY_VERIFY_WITH_TIMEOUT(tour.figures().sinceKill.acknowledged > 500, 30'000);
    tour.startNode();
    QCOMPARE(tour.stage(), Tour::Stage::CatchingUp);
    QTRY_COMPARE_WITH_TIMEOUT(tour.stage(), Tour::Stage::CaughtUp, 90'000);
    QVERIFY(killed->isAlive());
    tour.finish();
    QTRY_COMPARE_WITH_TIMEOUT(tour.stage(), Tour::Stage::Report, 30'000);
    const Tour::Figures figures = tour.figures();
    QVERIFY2(figures.load.failed == 0, figures.load.problem.c_str());
    QCOMPARE(figures.load.wrong, 0u);
    QVERIFY(figures.sinceKill.longestUs > 0);
    QVERIFY(figures.sinceStart.longestUs > 0); // its return is told apart from its absence
    QVERIFY(figures.sinceStart.acknowledged > 0);
    QVERIFY(figures.load.longestUs >= std::max(figures.sinceKill.longestUs, figures.sinceStart.longestUs));
    QVERIFY(figures.load.acknowledged >= figures.sinceKill.acknowledged + figures.sinceStart.acknowledged);
    QVERIFY(figures.awayMs > 0);
    QVERIFY(figures.catchUpMs > 0);
    QCOMPARE(figures.keysLoaded, 2000);
    QCOMPARE(figures.keysChecked, 2000);
    QCOMPARE(figures.keysWrong, 0);
    QCOMPARE(figures.keysUnread, 0);
    QVERIFY(!figures.isStopped);
    qInfo("longest after the kill %lld us, after the start %lld us, away %lld ms, caught up in %lld ms", figures.sinceKill.longestUs,
          figures.sinceStart.longestUs, figures.awayMs, figures.catchUpMs);
    const quint64 answered = figures.load.acknowledged;
    QTest::qWait(100);
    QCOMPARE(tour.figures().load.acknowledged, answered); // the load has ended
    tour.deleteKeys();
    QTRY_COMPARE_WITH_TIMEOUT(tour.stage(), Tour::Stage::Idle, 60'000);
    QCOMPARE(tour.figures().keysDeleted, 2000);
}

void TestConsoleTour::sampleKeysAreDeletedAndNothingElse()
{
    QCOMPARE(sampleKeyCount(), 0);
    QCOMPARE(ask({"GET", "mine"}).text, std::string("stays"));
}

void TestConsoleTour::stoppedTourLeavesNoNodeDown()
{
    waitUntilWell();
    Tour tour(smallOptions());
    putUnderLoad(tour);
    tour.killNode(snapshot(), {});
    tour.stop(); // its process may still be ending
    QCOMPARE(tour.stage(), Tour::Stage::Report);
    QVERIFY(tour.figures().isStopped);
    QTRY_VERIFY_WITH_TIMEOUT(std::ranges::all_of(std::array{0, 1, 2},
                                                 [this](int i) {
                                                     return m_local->node(i)->state() == NodeProcess::State::Running;
                                                 }),
                             30'000);
    QCOMPARE(sampleKeyCount(), 2000);
    tour.leave();
    QCOMPARE(tour.stage(), Tour::Stage::Idle);
    waitUntilWell();

    // Where keys are being loaded there is something to delete as well.
    tour.begin(*m_local, snapshot());
    QTRY_VERIFY(tour.figures().keysLoaded > 0);
    tour.stop();
    QCOMPARE(tour.stage(), Tour::Stage::Report);
    tour.deleteKeys();
    QTRY_COMPARE_WITH_TIMEOUT(tour.stage(), Tour::Stage::Idle, 60'000);
    QTRY_COMPARE_WITH_TIMEOUT(sampleKeyCount(), 0, 10'000);
}

void TestConsoleTour::loadEndsByItself()
{
    waitUntilWell();
    Tour::Options options = smallOptions();
    options.load.durationMax = Milliseconds(1500);
    Tour tour(options);
    putUnderLoad(tour);
    QTRY_VERIFY(tour.isLoadOver());
    // What was sent is answered sooner or later, and no more comes after it.
    constexpr int triesMax = 20;
    quint64 answered = 0;
    int tries = 0;
    for (; tries < triesMax && answered != tour.figures().load.acknowledged; ++tries) {
        answered = tour.figures().load.acknowledged;
        QTest::qWait(1500);
    }
    QVERIFY2(tries < triesMax, "the load goes on");
    QVERIFY(answered > 0);
    QVERIFY(answered <= 500 * 15 / 10);
    tour.abandon();
    QCOMPARE(tour.stage(), Tour::Stage::Idle);
}

void TestConsoleTour::nodeStartedElsewhereCounts()
{
    waitUntilWell();
    Tour tour(smallOptions());
    putUnderLoad(tour);
    tour.killNode(snapshot(), {});
    QTRY_VERIFY(tour.canStartNode());
    for (int i = 0; i < 3; ++i)
        m_local->node(i)->start();
    QTRY_COMPARE_WITH_TIMEOUT(tour.stage(), Tour::Stage::CaughtUp, 90'000);
    QCOMPARE(tour.figures().load.failed, 0u);
    tour.abandon();
}

void TestConsoleTour::cleanupTestCase()
{
    m_client.reset();
    m_monitor.reset();
    m_local.reset();
}

QTEST_GUILESS_MAIN(TestConsoleTour)
#include "test_console_tour.moc"
