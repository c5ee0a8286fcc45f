#include "console/cluster/alert_book.h"
#include "shared/ring/token_allocation.h"

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

#include <cmath>

using namespace quoit;

/// Rules, hysteresis and what is kept, with reports made here: no cluster, no clock.
class TestConsoleAlertRules : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyRuleHasAnIdAndABoundWithinItsRange();
    void wellClusterHasNoAlerts();
    void downNodeAlertsAtOnceAndSinceItWentDown();
    void suspectNodeAlertsOnlyIfItStaysSuspect();
    void lostMajorityIsCritical();
    void figureThatWaversAboutItsBoundIsOneAlert();
    void shortPeaksAreNoAlerts();
    void unknownFiguresNeitherBeginNorEndAlerts();
    void silenceIsNotCountedAsBroken();
    void nodesThatLeaveTakeTheirAlertsWithThem();
    void fullDisksAreSeenBeforeAndAfter();
    void loadOnFewPartitionsIsImbalance();
    void littleLoadIsNoImbalance();
    void hitRatioIsComparedWithTheUsual();
    void clocksOfAllNodesAreCompared();
    void nodeAtItsLimitAlerts();
    void tombstonesThatWaitForANodeAlert();
    void hotKeyIsAnAlertUntilItCoolsDown();
    void refusalsAndEvictionsAlert();
    void rulesThatAreOffEndTheirAlerts();
    void boundsAreKept();
    void snoozedAlertsWakeAndAcknowledgedOnesDont();
    void snoozeOutlivesTheAlert();
    void alertsSurviveARestart();
    void alertsOfClustersAreKeptApart();
    void brokenFilesAreIgnored();

private:
    ClusterSnapshot& at(double second);
    AlertWatch::Changes follow(AlertWatch& watch, double second) { return watch.follow(at(second)); }
    void load(PartitionIndex from, PartitionIndex to, std::uint64_t each);

    ClusterSnapshot m_snapshot;
    QTemporaryDir m_folder;

private Q_SLOTS:
    void init();
};

namespace {

constexpr qint64 epochMs = 1'700'000'000'000;

ClusterMapPtr mapOf(int nodes, const std::string& clusterId = "6f9619ff-8b86-d011-b42d-00cf4fc964ff")
{
    std::vector<NodeToPlace> places;
    for (int i = 1; i <= nodes; ++i)
        places.push_back({NodeId(i), "", 1.0});
    ClusterMapParts parts;
    parts.clusterId = clusterId;
    const auto tokens = allocateTokens(places, parts.partitionCount, parts.replicaCount, parts.vnodesPerWeight);
    for (int i = 1; i <= nodes; ++i)
        parts.members.push_back(Member{NodeId(i), "disk-" + std::to_string(i), "node-" + std::to_string(i),
                                       "127.0.0.1:" + std::to_string(7400 + i), "127.0.0.1:" + std::to_string(17400 + i), "",
                                       "", 1.0, tokens.value()[std::size_t(i) - 1]});
    return ClusterMap::make(std::move(parts)).value();
}

const Alert* find(const std::vector<Alert>& alerts, AlertRule rule, NodeId node)
{
    const auto found = std::ranges::find(alerts, AlertSubject{rule, node, {}}, &Alert::subject);
    return found == alerts.end() ? nullptr : &*found;
}

} // namespace

void TestConsoleAlertRules::init()
{
    m_snapshot = {};
    m_snapshot.map = mapOf(5);
    m_snapshot.reporter = 1;
    for (NodeId id = 1; id <= 5; ++id) {
        NodeReport node;
        node.id = id;
        node.name = "node-" + std::to_string(id);
        node.state = NodeState::Up;
        node.figures.readsPerSecond = 1000;
        node.figures.p99Us = 900;
        node.figures.fsyncP99Us = 2000;
        node.figures.cacheHitsPerSecond = 900;
        node.figures.cacheMissesPerSecond = 100;
        node.figures.diskBytes = 1'000'000'000;
        node.figures.diskFreeBytes = 9'000'000'000;
        m_snapshot.nodes.push_back(node);
    }
    load(0, 1024, 5);
}

ClusterSnapshot& TestConsoleAlertRules::at(double second)
{
    m_snapshot.receivedMs = epochMs + qint64(second * 1000);
    m_snapshot.reportedMs = m_snapshot.receivedMs - 1;
    completeSnapshot(m_snapshot);
    return m_snapshot;
}

void TestConsoleAlertRules::load(PartitionIndex from, PartitionIndex to, std::uint64_t each)
{
    m_snapshot.partitionLoad.assign(1024, 0);
    for (PartitionIndex p = from; p < to; ++p)
        m_snapshot.partitionLoad[p] = each;
}

void TestConsoleAlertRules::everyRuleHasAnIdAndABoundWithinItsRange()
{
    QSet<QString> ids;
    for (int i = 0; i < alertRuleCount; ++i) {
        const AlertRuleFacts& facts = factsOf(AlertRule(i));
        QCOMPARE(facts.rule, AlertRule(i));
        QVERIFY(facts.bound >= facts.boundMin && facts.bound <= facts.boundMax);
        QCOMPARE(alertRuleOf(QLatin1String(facts.id)).value(), AlertRule(i));
        ids.insert(QLatin1String(facts.id));
    }
    QCOMPARE(ids.size(), alertRuleCount);
    QVERIFY(!alertRuleOf(QStringLiteral("no such rule")));
    QSet<QString> metrics;
    for (int i = 0; i < metricCount; ++i)
        metrics.insert(QLatin1String(metricId(Metric(i))));
    QCOMPARE(metrics.size(), metricCount);
    QVERIFY(!metrics.contains(QString()));
}

void TestConsoleAlertRules::wellClusterHasNoAlerts()
{
    AlertWatch watch;
    for (int second = 0; second < 200; ++second)
        QVERIFY(follow(watch, second).began.empty());
    QVERIFY(alertReadings(m_snapshot).size() > 40); // and not because nothing was looked at
}

void TestConsoleAlertRules::downNodeAlertsAtOnceAndSinceItWentDown()
{
    AlertWatch watch;
    follow(watch, 0);
    m_snapshot.nodes[2].state = NodeState::Down;
    m_snapshot.nodes[2].sinceMs = 40'000;
    QCOMPARE(follow(watch, 1).began.size(), 1u);
    const Alert* alert = find(watch.active(), AlertRule::NodeDown, 3);
    QVERIFY(alert);
    QCOMPARE(alert->beganMs, epochMs + 1000 - 40'000);
    QCOMPARE(alert->nodeName, QStringLiteral("node-3"));
    // The partitions that it holds are below strength: another alert, once that has lasted.
    QVERIFY(!find(watch.active(), AlertRule::BelowStrength, noNode));
    for (int second = 2; second <= 62; ++second)
        follow(watch, second);
    QVERIFY(find(watch.active(), AlertRule::BelowStrength, noNode));
    m_snapshot.nodes[2].state = NodeState::Up;
    std::vector<Alert> ended;
    for (int second = 63; second < 80; ++second)
        std::ranges::copy(follow(watch, second).ended, std::back_inserter(ended));
    QCOMPARE(ended.size(), 2u);
    QVERIFY(watch.active().empty());
    for (const Alert& each : ended)
        QCOMPARE(each.endedMs, epochMs + 63'000); // when it was well again, not when that was sure
}

void TestConsoleAlertRules::suspectNodeAlertsOnlyIfItStaysSuspect()
{
    AlertWatch watch;
    m_snapshot.nodes[1].state = NodeState::Suspect;
    m_snapshot.nodes[1].phi = 8.4;
    follow(watch, 0);
    follow(watch, 1);
    m_snapshot.nodes[1].state = NodeState::Up;
    for (int second = 2; second < 20; ++second)
        QVERIFY(follow(watch, second).began.empty());
    m_snapshot.nodes[1].state = NodeState::Suspect;
    for (int second = 20; second < 24; ++second)
        follow(watch, second);
    QCOMPARE(find(watch.active(), AlertRule::NodeSuspect, 2)->figure, 8.4);
    // Once it is down nobody needs to be told that it is late as well.
    m_snapshot.nodes[1].state = NodeState::Down;
    QCOMPARE(follow(watch, 24).ended.size(), 1u);
    QCOMPARE(watch.active().size(), 1u);
    QVERIFY(find(watch.active(), AlertRule::NodeDown, 2));
}

void TestConsoleAlertRules::lostMajorityIsCritical()
{
    AlertWatch watch;
    m_snapshot.nodes[0].state = NodeState::Down;
    m_snapshot.nodes[1].state = NodeState::Down;
    follow(watch, 0);
    const Alert* alert = find(watch.active(), AlertRule::NoMajority, noNode);
    QVERIFY(alert);
    QCOMPARE(alert->level(), AlertLevel::Critical);
    QCOMPARE(alert->figure, double(m_snapshot.health.partitionsWithoutMajority));
    QVERIFY(alert->figure > 0);
}

void TestConsoleAlertRules::figureThatWaversAboutItsBoundIsOneAlert()
{
    AlertWatch watch;
    int began = 0;
    int ended = 0;
    for (int second = 0; second < 600; ++second) {
        // Above the bound for 20 s, then a little below it for 20 s.
        m_snapshot.nodes[0].figures.p99Us = second / 20 % 2 == 0 ? 110'000 : 90'000;
        const auto changes = follow(watch, second);
        began += int(changes.began.size());
        ended += int(changes.ended.size());
    }
    QCOMPARE(began, 1);
    QCOMPARE(ended, 0);
    QCOMPARE(watch.active()[0].worst, 110'000.0);
    m_snapshot.nodes[0].figures.p99Us = 70'000;
    for (int second = 600; second < 620; ++second)
        ended += int(follow(watch, second).ended.size());
    QCOMPARE(ended, 1);
}

void TestConsoleAlertRules::shortPeaksAreNoAlerts()
{
    AlertWatch watch;
    for (int second = 0; second < 300; ++second) {
        m_snapshot.nodes[0].figures.p99Us = second % 15 == 14 ? 900 : 500'000; // never 15 s in a row
        QVERIFY(follow(watch, second).began.empty());
    }
}

void TestConsoleAlertRules::unknownFiguresNeitherBeginNorEndAlerts()
{
    AlertWatch watch;
    m_snapshot.nodes[0].figures.p99Us = 500'000;
    for (int second = 0; second <= 20; ++second)
        follow(watch, second);
    QVERIFY(find(watch.active(), AlertRule::SlowRequests, 1));
    // Old figures: whatever they say.
    m_snapshot.nodes[0].figures.p99Us = 10;
    m_snapshot.nodes[0].figuresAgeMs = 60'000;
    for (int second = 21; second < 120; ++second)
        QVERIFY(follow(watch, second).ended.empty());
    m_snapshot.nodes[0].figuresAgeMs = 0;
    int ended = 0;
    for (int second = 120; second < 140; ++second)
        ended += int(follow(watch, second).ended.size());
    QCOMPARE(ended, 1);
    m_snapshot.nodes[3].figures.p99Us = 900'000;
    m_snapshot.nodes[3].figuresAgeMs = 60'000;
    for (int second = 140; second < 200; ++second)
        QVERIFY(follow(watch, second).began.empty());
}

void TestConsoleAlertRules::silenceIsNotCountedAsBroken()
{
    AlertWatch watch;
    m_snapshot.nodes[0].figures.p99Us = 500'000;
    follow(watch, 0);
    follow(watch, 1);
    QVERIFY(follow(watch, 500).began.empty()); // broken twice, who knows what was between
    for (int second = 501; second < 515; ++second)
        QVERIFY(follow(watch, second).began.empty());
    QCOMPARE(follow(watch, 515).began.size(), 1u);
}

void TestConsoleAlertRules::nodesThatLeaveTakeTheirAlertsWithThem()
{
    AlertWatch watch;
    m_snapshot.nodes[4].state = NodeState::Down;
    follow(watch, 0);
    QVERIFY(find(watch.active(), AlertRule::NodeDown, 5));
    m_snapshot.nodes.pop_back();
    m_snapshot.map = mapOf(4);
    const auto changes = follow(watch, 1);
    QCOMPARE(changes.ended.size(), 1u);
    QVERIFY(watch.active().empty());
}

void TestConsoleAlertRules::fullDisksAreSeenBeforeAndAfter()
{
    AlertWatch watch;
    m_snapshot.nodes[1].figures.diskFreeBytes = 80'000'000; // 7 % of what is there
    for (int second = 0; second <= 10; ++second)
        follow(watch, second);
    QVERIFY(find(watch.active(), AlertRule::DiskNearlyFull, 2));
    QVERIFY(!find(watch.active(), AlertRule::StorageFull, 2));
    m_snapshot.nodes[1].figures.diskFreeBytes = 0;
    m_snapshot.nodes[1].figures.storageFull = true;
    follow(watch, 11);
    QCOMPARE(find(watch.active(), AlertRule::StorageFull, 2)->level(), AlertLevel::Critical);
    QCOMPARE(find(watch.active(), AlertRule::DiskNearlyFull, 2)->worst, 0.0);
}

void TestConsoleAlertRules::loadOnFewPartitionsIsImbalance()
{
    AlertWatch watch;
    load(10, 11, 5000); // all on one partition: its three replicas carry 5/3 of a fair share
    for (int second = 0; second <= 30; ++second)
        follow(watch, second);
    QCOMPARE(std::ranges::count(watch.active(), AlertRule::Imbalance, [](const Alert& a) { return a.subject.rule; }), 3);
    for (const NodeId replica : m_snapshot.map->replicas(10))
        QVERIFY(std::abs(find(watch.active(), AlertRule::Imbalance, replica)->figure - 5.0 / 3) < 1e-9);
}

void TestConsoleAlertRules::littleLoadIsNoImbalance()
{
    AlertWatch watch;
    load(10, 11, 50);
    for (int second = 0; second <= 60; ++second)
        QVERIFY(follow(watch, second).began.empty());
}

void TestConsoleAlertRules::hitRatioIsComparedWithTheUsual()
{
    AlertWatch watch;
    LoadFigures& figures = m_snapshot.nodes[0].figures;
    figures.cacheHitsPerSecond = 200; // always low: nobody's alarm
    figures.cacheMissesPerSecond = 800;
    int second = 0;
    for (; second < 120; ++second)
        QVERIFY(follow(watch, second).began.empty());
    figures.cacheHitsPerSecond = 50;
    for (; second < 160; ++second)
        follow(watch, second);
    const Alert* alert = find(watch.active(), AlertRule::HitRatioFallen, 1);
    QVERIFY(alert);
    QVERIFY2(alert->figure > 0.2 && alert->figure < 0.5, qPrintable(QString::number(alert->figure)));
    // Without load it is over; nothing is missed.
    figures.cacheHitsPerSecond = figures.cacheMissesPerSecond = 0;
    for (; second < 180; ++second)
        follow(watch, second);
    QVERIFY(!find(watch.active(), AlertRule::HitRatioFallen, 1));
}

void TestConsoleAlertRules::clocksOfAllNodesAreCompared()
{
    AlertWatch watch;
    m_snapshot.nodes[1].clockOffsetMs = 4000; // less the reporter's: it is right by this machine's clock
    m_snapshot.nodes[2].clockOffsetMs = -3000;
    for (int second = 0; second <= 12; ++second) {
        at(second).reportedMs -= 4000;
        watch.follow(m_snapshot);
    }
    QCOMPARE(find(watch.active(), AlertRule::ClockSkew, 1)->figure, 4001.0);
    QVERIFY(!find(watch.active(), AlertRule::ClockSkew, 2));
    QCOMPARE(find(watch.active(), AlertRule::ClockSkew, 3)->figure, 7001.0);
}

void TestConsoleAlertRules::nodeAtItsLimitAlerts()
{
    AlertWatch watch;
    LoadFigures& figures = m_snapshot.nodes[1].figures;
    figures.usedBytes = 5'000'000; // no limit: never
    for (int second = 0; second <= 15; ++second)
        QVERIFY(follow(watch, second).began.empty());
    figures.bytesMax = 5'100'000;
    for (int second = 16; second <= 30; ++second)
        follow(watch, second);
    const Alert* alert = find(watch.active(), AlertRule::AtLimit, 2);
    QVERIFY(alert);
    QVERIFY(alert->figure > 0.98 && alert->figure < 0.99);
    figures.evictionPolicy = "allkeys-lru"; // makes room by itself
    for (int second = 31; second <= 45; ++second)
        follow(watch, second);
    QVERIFY(!find(watch.active(), AlertRule::AtLimit, 2));
}

void TestConsoleAlertRules::tombstonesThatWaitForANodeAlert()
{
    AlertWatch watch;
    m_snapshot.nodes[3].state = NodeState::Down;
    m_snapshot.nodes[3].tombstonesWaiting = 250'000;
    for (int second = 0; second <= 60; ++second)
        follow(watch, second);
    QCOMPARE(find(watch.active(), AlertRule::TombstonesWaiting, 4)->figure, 250'000.0);
}

void TestConsoleAlertRules::hotKeyIsAnAlertUntilItCoolsDown()
{
    AlertWatch watch;
    HotKeysReport report;
    report.readsPerSecond = 9000;
    report.writesPerSecond = 1000;
    report.keys = {{"hot\n\xff", 4000, 500, 500, 0}, {"warm", 1500, 0, 0, 0}, {"maybe", 3000, 2000, 0, 0}};
    m_snapshot.hotKeys = report;
    for (int second = 0; second <= 20; ++second)
        follow(watch, second);
    QCOMPARE(watch.active().size(), 1u); // only what is sure counts
    QCOMPARE(watch.active()[0].subject.key, std::string("hot\n\xff"));
    QCOMPARE(watch.active()[0].figure, 0.4);
    // Nobody tells: it stays. It isn't told among the hottest any more: it ends.
    m_snapshot.hotKeys.reset();
    for (int second = 21; second < 60; ++second)
        QVERIFY(follow(watch, second).ended.empty());
    report.keys.erase(report.keys.begin());
    m_snapshot.hotKeys = report;
    int ended = 0;
    for (int second = 60; second < 80; ++second)
        ended += int(follow(watch, second).ended.size());
    QCOMPARE(ended, 1);
    // A large share of little is nothing.
    report.readsPerSecond = 50;
    report.writesPerSecond = 0;
    report.keys = {{"alone", 50, 0, 0, 0}};
    m_snapshot.hotKeys = report;
    for (int second = 80; second < 120; ++second)
        QVERIFY(follow(watch, second).began.empty());
}

void TestConsoleAlertRules::refusalsAndEvictionsAlert()
{
    AlertWatch watch;
    m_snapshot.nodes[1].figures.busyPerSecond = 300;
    m_snapshot.nodes[2].figures.evictedPerSecond = 40;
    for (int second = 0; second <= 30; ++second)
        follow(watch, second);
    QCOMPARE(watch.active().size(), 2u);
    QCOMPARE(find(watch.active(), AlertRule::Busy, 2)->level(), AlertLevel::Critical);
    QCOMPARE(find(watch.active(), AlertRule::Evicting, 3)->figure, 40.0);
}

void TestConsoleAlertRules::rulesThatAreOffEndTheirAlerts()
{
    AlertWatch watch;
    m_snapshot.nodes[0].state = NodeState::Down;
    follow(watch, 0);
    QCOMPARE(watch.active().size(), 1u);
    AlertSettings settings = defaultAlertSettings();
    settings[std::size_t(AlertRule::NodeDown)].isOn = false;
    watch.setSettings(settings);
    QCOMPARE(follow(watch, 1).ended.size(), 1u);
    for (int second = 2; second < 30; ++second)
        QVERIFY(follow(watch, second).began.empty());
}

void TestConsoleAlertRules::boundsAreKept()
{
    Settings settings(m_folder.filePath(QStringLiteral("settings.ini")));
    {
        AlertBook book({}, settings);
        QCOMPARE(book.settings(), defaultAlertSettings());
        book.setSetting(AlertRule::SlowRequests, {true, 20'000});
        book.setSetting(AlertRule::NodeSuspect, {false, 1});
        book.setSetting(AlertRule::DiskNearlyFull, {true, 7}); // no share: the largest that there is
    }
    AlertBook book({}, settings);
    QCOMPARE(book.settings()[std::size_t(AlertRule::SlowRequests)].bound, 20'000.0);
    QVERIFY(!book.settings()[std::size_t(AlertRule::NodeSuspect)].isOn);
    QCOMPARE(book.settings()[std::size_t(AlertRule::DiskNearlyFull)].bound, 0.5);
    settings.setValue(QStringLiteral("alerts/slow-requests/bound"), QStringLiteral("nonsense"));
    AlertBook again({}, settings);
    QCOMPARE(again.settings()[std::size_t(AlertRule::SlowRequests)].bound, factsOf(AlertRule::SlowRequests).bound);
}

void TestConsoleAlertRules::snoozedAlertsWakeAndAcknowledgedOnesDont()
{
    Settings settings(m_folder.filePath(QStringLiteral("snooze.ini")));
    AlertBook book({}, settings);
    QSignalSpy raised(&book, &AlertBook::raised);
    book.follow(at(0));
    m_snapshot.nodes[0].state = NodeState::Down;
    book.follow(at(1));
    QCOMPARE(raised.size(), 1);
    QCOMPARE(book.waitingCount(), 1);
    const quint64 number = book.active()[0].number;
    book.snooze(number, epochMs + 30'000);
    QCOMPARE(book.waitingCount(), 0);
    QCOMPARE(book.shownCount(), 0);
    for (int second = 2; second < 30; ++second)
        book.follow(at(second));
    QCOMPARE(raised.size(), 1);
    book.follow(at(30));
    QCOMPARE(raised.size(), 2); // again, as it goes on
    QCOMPARE(book.waitingCount(), 1);
    book.acknowledge(number);
    QCOMPARE(book.waitingCount(), 0);
    QCOMPARE(book.shownCount(), 1);
    book.snooze(number, epochMs + 40'000);
    for (int second = 31; second < 45; ++second)
        book.follow(at(second));
    QCOMPARE(raised.size(), 2); // somebody has seen it
    QCOMPARE(book.active()[0].snoozedUntilMs, 0);
}

void TestConsoleAlertRules::snoozeOutlivesTheAlert()
{
    Settings settings(m_folder.filePath(QStringLiteral("again.ini")));
    AlertBook book({}, settings);
    QSignalSpy raised(&book, &AlertBook::raised);
    m_snapshot.nodes[0].state = NodeState::Down;
    book.follow(at(0));
    book.snooze(book.active()[0].number, epochMs + 3'600'000);
    m_snapshot.nodes[0].state = NodeState::Up;
    for (int second = 1; second < 20; ++second)
        book.follow(at(second));
    QVERIFY(book.active().empty());
    QCOMPARE(book.ended().size(), 1u);
    m_snapshot.nodes[0].state = NodeState::Down;
    book.follow(at(20));
    QCOMPARE(book.active().size(), 1u);
    QCOMPARE(raised.size(), 1);
    QCOMPARE(book.waitingCount(), 0);
}

void TestConsoleAlertRules::alertsSurviveARestart()
{
    Settings settings(m_folder.filePath(QStringLiteral("restart.ini")));
    const QString file = m_folder.filePath(QStringLiteral("sub/alerts.json"));
    quint64 number = 0;
    {
        AlertBook book(file, settings);
        m_snapshot.nodes[0].state = NodeState::Down;
        m_snapshot.nodes[0].sinceMs = 5000;
        book.follow(at(0));
        number = book.active()[0].number;
        book.acknowledge(number);
        QCOMPARE(book.trouble(), QString());
    }
    {
        AlertBook book(file, settings);
        QSignalSpy raised(&book, &AlertBook::raised);
        book.follow(at(100));
        QCOMPARE(book.active().size(), 1u);
        QCOMPARE(book.active()[0].number, number);
        QCOMPARE(book.active()[0].beganMs, epochMs - 5000);
        QVERIFY(book.active()[0].acknowledgedMs > 0);
        QCOMPARE(raised.size(), 0);
        m_snapshot.nodes[0].state = NodeState::Up;
        m_snapshot.nodes[1].state = NodeState::Down;
        for (int second = 101; second < 115; ++second)
            book.follow(at(second));
        QCOMPARE(book.ended().size(), 1u);
        QVERIFY(book.active()[0].number > number);
        QCOMPARE(raised.size(), 1);
    }
    AlertBook third(file, settings);
    third.follow(at(116));
    QCOMPARE(third.ended().size(), 1u);
    QCOMPARE(third.ended()[0].subject.node, NodeId(1));
}

void TestConsoleAlertRules::alertsOfClustersAreKeptApart()
{
    Settings settings(m_folder.filePath(QStringLiteral("apart.ini")));
    AlertBook book({}, settings);
    m_snapshot.nodes[0].state = NodeState::Down;
    book.follow(at(0));
    QCOMPARE(book.active().size(), 1u);
    m_snapshot.map = mapOf(5, "11111111-8b86-d011-b42d-00cf4fc964ff");
    m_snapshot.nodes[0].state = NodeState::Up;
    book.follow(at(1));
    QVERIFY(book.active().empty());
    m_snapshot.map = mapOf(5);
    m_snapshot.nodes[0].state = NodeState::Down;
    book.follow(at(2));
    QCOMPARE(book.active().size(), 1u);
    QCOMPARE(book.active()[0].beganMs, epochMs);
    book.leave();
    QVERIFY(book.active().empty());
    book.follow(at(3));
    QCOMPARE(book.active()[0].beganMs, epochMs);
}

void TestConsoleAlertRules::brokenFilesAreIgnored()
{
    Settings settings(m_folder.filePath(QStringLiteral("broken.ini")));
    const QString name = m_folder.filePath(QStringLiteral("broken.json"));
    for (const char* text : {"", "nonsense", "[1, {}, {\"rule\": \"of later versions\", \"number\": \"7\"}]", "{\"a\": 1}"}) {
        QFile file(name);
        QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
        file.write(text);
        file.close();
        AlertBook book(name, settings);
        book.follow(at(0));
        QVERIFY(book.active().empty() && book.ended().empty());
        const bool isList = text[0] == '[';
        QCOMPARE(book.trouble().isEmpty(), isList);
        QFile aside(name + QStringLiteral(".damaged"));
        QCOMPARE(aside.exists(), !isList); // nothing is written over what can't be read
        if (aside.open(QIODevice::ReadOnly))
            QCOMPARE(aside.readAll(), QByteArray(text));
        aside.remove();
    }
}

QTEST_GUILESS_MAIN(TestConsoleAlertRules)
#include "test_console_alert_rules.moc"
