#include "console/cluster/history_file.h"
#include "console/cluster/past.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

#include <sqlite3.h>

#include <cmath>

using namespace quoit;

/// Rings, states and events of the past: kept once, given back as of any moment, and never made up.
class TestConsolePastTables : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_file = std::make_unique<HistoryFile>(path());
        QVERIFY(m_file->open());
    }
    void momentHasTheRingStatesAndFiguresOfThen();
    void whatStaysTheSameIsStoredOnce();
    void gapsAreGaps();
    void pauseOfAFewSecondsIsNone();
    void fileOfTheFormatBeforeIsTakenOver();
    void olderMomentsSayWhyThereIsNoRing();
    void eventsAreKeptOnceAndInOrder();
    void prunedPastKeepsWhatHeldOn();
    void tablesStayWithinTheirBounds();
    void clustersThatAreForgottenLeaveNothing();
    void damagedRowsAreFound();
    void downNodeKeepsWhatItStored();
    void consoleThatMovesOnGetsTheLastMoment();
    void pastThatCantBeReadIsSaidToBe();
    void whatWasNoticedHereIsKeptToo();
    void timelineJoinsWhatItIsTold();

private:
    QString path() const { return m_folder->filePath(QStringLiteral("history.db")); }
    PastMoment momentAt(qint64 second);
    qint64 countOf(const char* table);
    void runSql(const QString& sql);
    void write(const std::vector<HistorySecond>& seconds) { QVERIFY2(m_file->write(m_cluster, seconds), "write"); }

    const QString m_cluster = QStringLiteral("cluster-1");
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<HistoryFile> m_file;
};

namespace {

constexpr qint64 start = 1'700'000'040; // a multiple of 60

ClusterMapPtr mapOf(Epoch epoch, int members, const std::string& clusterId = "cluster-1")
{
    ClusterMapParts parts;
    parts.clusterId = clusterId;
    parts.epoch = epoch;
    parts.revision = epoch;
    parts.partitionCount = 64;
    parts.replicaCount = 3;
    for (int i = 0; i < members; ++i) {
        Member member;
        member.id = NodeId(i + 1);
        member.name = "node-" + std::to_string(i + 1);
        member.clientAddress = "127.0.0.1:" + std::to_string(7000 + i);
        member.tokens = {PartitionIndex(i * 5), PartitionIndex(i * 5 + 2)};
        parts.members.push_back(member);
    }
    return ClusterMap::make(parts).value();
}

ClusterSnapshot snapshotOf(qint64 second, const ClusterMapPtr& map, NodeId down = noNode)
{
    ClusterSnapshot snapshot;
    snapshot.map = map;
    snapshot.receivedMs = second * 1000 + 250;
    for (const Member& member : map->members()) {
        NodeReport node;
        node.id = member.id;
        node.name = member.name;
        node.state = member.id == down ? NodeState::Down : NodeState::Up;
        node.figuresAgeMs = member.id == down ? 60'000 : 100;
        node.sinceMs = 5000;
        node.version = "0.1.0";
        node.incarnation = 7;
        node.figures.readsPerSecond = std::uint64_t(member.id) * 100;
        node.figures.memoryBytes = 20'000'000;
        node.figures.keys = 1234;
        node.figures.dataBytes = 99'000;
        snapshot.nodes.push_back(node);
    }
    completeSnapshot(snapshot);
    return snapshot;
}

HistorySecond secondOf(const ClusterSnapshot& snapshot)
{
    HistorySecond second;
    second.second = snapshot.receivedMs / 1000;
    second.nodes.emplace_back(noNode, metricsOf(snapshot));
    for (const NodeReport& node : snapshot.nodes)
        second.nodes.emplace_back(node.id, metricsOf(node));
    second.map = snapshot.map;
    second.states = nodePastsOf(snapshot, {});
    return second;
}

std::vector<HistorySecond> secondsOf(qint64 from, qint64 to, const ClusterMapPtr& map, NodeId down = noNode)
{
    std::vector<HistorySecond> seconds;
    for (qint64 second = from; second < to; ++second)
        seconds.push_back(secondOf(snapshotOf(second, map, down)));
    return seconds;
}

ClusterEvent eventOf(qint64 ms, const char* kind, NodeId node = 1)
{
    return {ms, kind, node, std::string("something about node ") + std::to_string(node)};
}

} // namespace

PastMoment TestConsolePastTables::momentAt(qint64 second)
{
    auto moment = m_file->moment(m_cluster, second);
    [&] { QVERIFY2(moment.ok(), moment.ok() ? "" : moment.error().message.c_str()); }();
    return moment.ok() ? moment.value() : PastMoment();
}

qint64 TestConsolePastTables::countOf(const char* table)
{
    sqlite3* handle = nullptr;
    sqlite3_open(path().toUtf8().constData(), &handle);
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(handle, qPrintable(QStringLiteral("SELECT count(*) FROM %1").arg(QLatin1String(table))), -1, &statement,
                       nullptr);
    const qint64 count = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    sqlite3_close(handle);
    return count;
}

/// As another program does it, while this one has the file closed.
void TestConsolePastTables::runSql(const QString& sql)
{
    m_file.reset();
    sqlite3* handle = nullptr;
    QCOMPARE(sqlite3_open(path().toUtf8().constData(), &handle), SQLITE_OK);
    QCOMPARE(sqlite3_exec(handle, sql.toUtf8().constData(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(handle);
    m_file = std::make_unique<HistoryFile>(path());
    QVERIFY(m_file->open());
}

void TestConsolePastTables::momentHasTheRingStatesAndFiguresOfThen()
{
    write(secondsOf(start, start + 20, mapOf(1, 3)));
    write(secondsOf(start + 20, start + 40, mapOf(1, 3), 2));
    write(secondsOf(start + 40, start + 60, mapOf(2, 4)));
    const PastMoment well = momentAt(start + 19);
    QVERIFY(well.isListened);
    QCOMPARE(well.map->epoch(), 1u);
    QCOMPARE(well.stepSeconds, 1);
    QCOMPARE(well.nodes.size(), 3u);
    QCOMPARE(well.nodes[1].state, NodeState::Up);
    const PastMoment down = momentAt(start + 20);
    QCOMPARE(down.nodes[1].state, NodeState::Down);
    const auto snapshot = quoit::snapshotOf(down, (start + 30) * 1000);
    QCOMPARE(snapshot->totals.nodesUp, 2);
    QCOMPARE(snapshot->totals.nodesDown, 1);
    QCOMPARE(snapshot->totals.operationsPerSecond.value_or(-1), 400.0); // of the two that were up
    QCOMPARE(snapshot->node(3)->figures.readsPerSecond, 300u);
    QVERIFY(hasFreshFigures(*snapshot->node(3)));
    QVERIFY(!hasFreshFigures(*snapshot->node(2)));
    QCOMPARE(snapshot->node(2)->sinceMs, 14'750u); // it had been down for 5 s at start + 20.25 s
    QCOMPARE(snapshot->node(1)->name, std::string("node-1"));
    QCOMPARE(snapshot->node(1)->version, std::string("0.1.0"));
    QCOMPARE(snapshot->node(1)->incarnation, 7u);
    QCOMPARE(snapshot->health.level, Health::Level::Degraded);
    const PastMoment later = momentAt(start + 59);
    QCOMPARE(later.map->epoch(), 2u);
    QCOMPARE(later.nodes.size(), 4u);
    // The same after the seconds are gone: states keep their second, figures the largest of their step.
    QVERIFY(m_file->prune(start + 2 * 86'400));
    const PastMoment old = momentAt(start + 20);
    QCOMPARE(old.stepSeconds, 60);
    QCOMPARE(old.nodes[1].state, NodeState::Down);
    QCOMPARE(momentAt(start + 19).nodes[1].state, NodeState::Up);
    QVERIFY(!hasFreshFigures(*quoit::snapshotOf(old, (start + 20) * 1000)->node(2))); // though the minute has some of it
}

void TestConsolePastTables::whatStaysTheSameIsStoredOnce()
{
    write(secondsOf(start, start + 300, mapOf(1, 5)));
    write(secondsOf(start + 300, start + 600, mapOf(1, 5))); // another batch, as after a restart
    QCOMPARE(countOf("maps"), 1);
    QCOMPARE(countOf("spans"), 1);
    const qint64 states = countOf("states"); // begins of states wander with this helper: 5 s before each report
    QVERIFY2(states > 1, "the helper's states should differ");
    std::vector<HistorySecond> seconds;
    std::vector<NodePast> before;
    for (qint64 second = start + 600; second < start + 900; ++second) {
        ClusterSnapshot snapshot = snapshotOf(second, mapOf(1, 5));
        for (NodeReport& node : snapshot.nodes)
            node.sinceMs = std::uint64_t(second - start) * 1000 + (second % 7) * 90; // as clocks waver
        seconds.push_back(secondOf(snapshot));
        seconds.back().states = before = nodePastsOf(snapshot, before);
    }
    write(seconds);
    QCOMPARE(countOf("states"), states + 1);
}

void TestConsolePastTables::gapsAreGaps()
{
    write(secondsOf(start, start + 30, mapOf(1, 3)));
    write(secondsOf(start + 500, start + 530, mapOf(1, 3)));
    const PastMoment gap = momentAt(start + 200);
    QVERIFY(!gap.isListened);
    QCOMPARE(gap.gapFromSecond, start + 29);
    QCOMPARE(gap.gapToSecond, start + 500);
    QVERIFY(!gap.map);
    QVERIFY(gap.nodes.empty() && gap.figures.empty());
    const auto snapshot = quoit::snapshotOf(gap, (start + 200) * 1000);
    QVERIFY(!snapshot->map && snapshot->nodes.empty());
    QVERIFY(!snapshot->totals.operationsPerSecond && !snapshot->totals.keys); // unknown, not 0
    QCOMPARE(snapshot->health.headline, QStringLiteral("Nobody watched then"));
    QVERIFY(!momentAt(start - 100).isListened);
    QCOMPARE(momentAt(start - 100).gapFromSecond, 0);
    QVERIFY(!momentAt(start + 600).isListened);
    QVERIFY(momentAt(start + 510).isListened);
    const Timeline timeline = m_file->timeline(m_cluster).value();
    QCOMPARE(timeline.listened().size(), 2u);
    QVERIFY(timeline.isListenedAt((start + 10) * 1000));
    QVERIFY(!timeline.isListenedAt((start + 200) * 1000));
}

void TestConsolePastTables::pauseOfAFewSecondsIsNone()
{
    write(secondsOf(start, start + 10, mapOf(1, 3)));
    write(secondsOf(start + 13, start + 20, mapOf(1, 3)));
    QVERIFY(momentAt(start + 12).isListened);
    QVERIFY(momentAt(start + 12).map);
    QCOMPARE(countOf("spans"), 1);
}

void TestConsolePastTables::fileOfTheFormatBeforeIsTakenOver()
{
    write(secondsOf(start, start + 120, mapOf(1, 3)));
    write(secondsOf(start + 600, start + 720, mapOf(1, 3)));
    runSql(QStringLiteral("DROP TABLE maps; DROP TABLE states; DROP TABLE events; DROP TABLE spans;"
                          "DELETE FROM samples WHERE step = 600; PRAGMA user_version = 1"));
    QCOMPARE(countOf("spans"), 2); // by the minute
    const PastMoment moment = momentAt(start + 60);
    QVERIFY(moment.isListened);
    QVERIFY(!moment.map);
    QVERIFY(moment.figures.contains(noNode));
    QVERIFY(!momentAt(start + 400).isListened);
    const auto snapshot = quoit::snapshotOf(moment, (start + 60) * 1000);
    QVERIFY(snapshot->nodes.empty());
    QCOMPARE(snapshot->totals.operationsPerSecond.value_or(-1), 600.0); // what is kept is shown
    QCOMPARE(snapshot->health.headline, QStringLiteral("No ring is kept of this time"));
    // And it goes on: from now on rings are kept.
    write(secondsOf(start + 720, start + 730, mapOf(3, 3)));
    QCOMPARE(momentAt(start + 725).map->epoch(), 3u);
}

void TestConsolePastTables::olderMomentsSayWhyThereIsNoRing()
{
    auto seconds = secondsOf(start, start + 20, mapOf(1, 3));
    for (HistorySecond& second : seconds) {
        second.map.reset();
        second.states.clear();
    }
    write(seconds);
    write(secondsOf(start + 20, start + 30, mapOf(1, 3)));
    const PastMoment moment = momentAt(start + 5);
    QVERIFY(moment.isListened && !moment.map);
    QCOMPARE(moment.ringsFromSecond, start + 20);
    const QString headline = quoit::snapshotOf(moment, (start + 5) * 1000)->health.headline;
    QVERIFY2(headline.startsWith(QStringLiteral("No ring is kept from before")), qPrintable(headline));
}

void TestConsolePastTables::eventsAreKeptOnceAndInOrder()
{
    auto seconds = secondsOf(start, start + 3, mapOf(1, 3));
    seconds[0].events = {eventOf(start * 1000 + 5, "node-down", 2), eventOf(start * 1000 + 1, "node-suspect", 2)};
    seconds[2].events = {eventOf(start * 1000 + 5, "node-down", 2), eventOf(start * 1000 + 900, "node-up", 2)};
    write(seconds);
    write(seconds); // another node tells them again
    const Timeline timeline = m_file->timeline(m_cluster).value();
    QCOMPARE(timeline.events().size(), 3u);
    QVERIFY(std::ranges::is_sorted(timeline.events(), {}, &ClusterEvent::timeMs));
    QCOMPARE(timeline.events()[1].kind, std::string("node-down"));
    QCOMPARE(timeline.events()[1].node, 2u);
    QCOMPARE(timeline.eventsIn({start * 1000 + 5, start * 1000 + 5}).size(), 1u);
}

void TestConsolePastTables::prunedPastKeepsWhatHeldOn()
{
    auto seconds = secondsOf(start, start + 5, mapOf(1, 3));
    seconds[0].events = {eventOf(start * 1000, "node-up")};
    write(seconds);
    const qint64 later = start + 20 * 86'400;
    seconds = secondsOf(later, later + 5, mapOf(1, 3));
    for (HistorySecond& second : seconds)
        second.map.reset(); // the same as before
    write(seconds);
    QVERIFY(m_file->prune(start + 40 * 86'400));
    QVERIFY(!momentAt(start + 2).isListened);
    QVERIFY(momentAt(later + 2).isListened);
    QVERIFY(momentAt(later + 2).map); // stored more than 30 days ago
    QVERIFY(m_file->timeline(m_cluster).value().events().empty());
    QCOMPARE(m_file->timeline(m_cluster).value().listened().size(), 1u);
}

void TestConsolePastTables::tablesStayWithinTheirBounds()
{
    write(secondsOf(start, start + 1, mapOf(1, 3)));
    const auto fill = [](const char* table, const char* columns, const char* values, qint64 rows) {
        return QStringLiteral("INSERT INTO %1 (%2) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %4)"
                              " SELECT %3 FROM n;")
            .arg(QLatin1String(table), QLatin1String(columns), QLatin1String(values))
            .arg(rows);
    };
    runSql(fill("maps", "cluster, second, map", "1, i, x'00'", PastTables::mapsMax + 50) +
           fill("states", "cluster, second, nodes", "1, i, x'00'", PastTables::statesMax + 50) +
           fill("events", "cluster, ms, kind, node, text", "1, i, x'00', 1, x'00'", PastTables::eventsMax + 50) +
           fill("spans", "cluster, first, last", "1, i * 10, i * 10", PastTables::spansMax + 50));
    auto seconds = secondsOf(start + 100, start + 101, mapOf(2, 3), 3);
    seconds[0].events = {eventOf(start * 1000, "node-up")};
    write(seconds);
    QCOMPARE(countOf("maps"), PastTables::mapsMax);
    QCOMPARE(countOf("states"), PastTables::statesMax);
    QCOMPARE(countOf("events"), PastTables::eventsMax);
    QCOMPARE(countOf("spans"), PastTables::spansMax);
    QCOMPARE(momentAt(start + 100).map->epoch(), 2u); // the newest stay
}

void TestConsolePastTables::clustersThatAreForgottenLeaveNothing()
{
    auto seconds = secondsOf(start, start + 5, mapOf(1, 3));
    seconds[0].events = {eventOf(start * 1000, "node-up")};
    write(seconds);
    QVERIFY(m_file->prune(start + 31 * 86'400));
    for (const char* table : {"clusters", "maps", "states", "events", "spans"})
        QCOMPARE(countOf(table), 0);
}

void TestConsolePastTables::damagedRowsAreFound()
{
    write(secondsOf(start, start + 5, mapOf(1, 3)));
    runSql(QStringLiteral("UPDATE maps SET map = x'00000010deadbeef'"));
    QCOMPARE(m_file->moment(m_cluster, start + 2).error().code, ErrorCode::Corrupt);
    runSql(QStringLiteral("UPDATE maps SET map = x'7fffffff00'")); // claims 2 GiB
    QCOMPARE(m_file->moment(m_cluster, start + 2).error().code, ErrorCode::Corrupt);
    runSql(QStringLiteral("DELETE FROM maps; UPDATE states SET nodes = x'0102'"));
    QCOMPARE(m_file->moment(m_cluster, start + 2).error().code, ErrorCode::Corrupt);
}

void TestConsolePastTables::downNodeKeepsWhatItStored()
{
    write(secondsOf(start, start + 5, mapOf(1, 3), 2));
    const auto snapshot = quoit::snapshotOf(momentAt(start + 3), (start + 3) * 1000);
    QCOMPARE(snapshot->node(2)->figures.keys, 1234u);
    QCOMPARE(snapshot->node(2)->figures.dataBytes, 99'000u);
    QCOMPARE(snapshot->node(1)->figures.dataBytes, 99'000u);
    QCOMPARE(snapshot->totals.keys.value_or(-1), 1234.0); // three copies of each
}

void TestConsolePastTables::consoleThatMovesOnGetsTheLastMoment()
{
    History history(m_folder->filePath(QStringLiteral("other.db")));
    Past past(history);
    const ClusterMapPtr map = mapOf(1, 3);
    for (qint64 second = start; second < start + 100; ++second)
        history.add(snapshotOf(second, map, second >= start + 50 ? NodeId(2) : noNode));
    QSignalSpy shown(&past, &Past::shown);
    QSignalSpy live(&past, &Past::liveChanged);
    for (qint64 second = start + 90; second > start + 20; --second)
        past.go(second * 1000); // dragged: nobody waits for all the answers
    QVERIFY(!past.isLive());
    QTRY_VERIFY(past.moment() && past.moment()->second == start + 21);
    QVERIFY2(shown.size() <= 3, qPrintable(QString::number(shown.size())));
    QCOMPARE(past.snapshot()->node(2)->state, NodeState::Up);
    QCOMPARE(live.size(), 1);
    past.go((start + 60) * 1000);
    QTRY_COMPARE(past.snapshot()->node(2)->state, NodeState::Down);
    past.go((start - 1000) * 1000); // before all: the oldest
    QCOMPARE(past.ms(), start * 1000);
    past.go((start + 1000) * 1000); // beyond the end: now
    QVERIFY(past.isLive());
    QVERIFY(!past.snapshot());
    QCOMPARE(live.size(), 2);
}

void TestConsolePastTables::pastThatCantBeReadIsSaidToBe()
{
    QFile inTheWay(m_folder->filePath(QStringLiteral("data")));
    QVERIFY(inTheWay.open(QIODevice::WriteOnly)); // a file where a folder is to be
    inTheWay.close();
    History history(m_folder->filePath(QStringLiteral("data/history.db")));
    Past past(history);
    for (qint64 second = start; second < start + 30; ++second)
        history.add(snapshotOf(second, mapOf(1, 3)));
    for (const qint64 second : {start + 10, start + 5}) { // again, too
        past.go(second * 1000);
        QTRY_VERIFY(past.snapshot());
        QTRY_COMPARE(past.snapshot()->receivedMs, second * 1000);
        QVERIFY(!past.snapshot()->map); // and not the ring of now
        QCOMPARE(past.snapshot()->health.headline, QStringLiteral("The past can't be read"));
        QVERIFY(!past.snapshot()->health.detail.isEmpty());
    }
    past.goLive();
    QVERIFY(!past.snapshot());
}

void TestConsolePastTables::whatWasNoticedHereIsKeptToo()
{
    const QString name = m_folder->filePath(QStringLiteral("other.db"));
    {
        History history(name);
        history.add(snapshotOf(start, mapOf(1, 3)));
        history.note(eventOf(start * 1000 + 300, "process-ended", 3));
        ClusterSnapshot snapshot = snapshotOf(start + 1, mapOf(1, 3));
        snapshot.events = {eventOf(start * 1000 + 700, "node-down", 3)};
        history.add(snapshot);
    }
    History history(name);
    Past past(history);
    QSignalSpy changed(&past, &Past::timelineChanged);
    history.add(snapshotOf(start + 60, mapOf(1, 3)));
    QVERIFY(changed.wait());
    QCOMPARE(past.timeline().events().size(), 2u);
    QCOMPARE(past.timeline().events()[0].kind, std::string("process-ended"));
    QCOMPARE(past.timeline().events()[1].kind, std::string("node-down"));
}

void TestConsolePastTables::timelineJoinsWhatItIsTold()
{
    Timeline timeline;
    for (qint64 ms = 100'000; ms <= 110'000; ms += 1000)
        timeline.listen(ms);
    QVERIFY(timeline.note({eventOf(105'000, "node-up")}));
    QVERIFY(!timeline.note({eventOf(105'000, "node-up")}));
    Timeline older;
    older.addListened({50'000, 60'000});
    older.addListened({90'000, 97'000}); // up to a pause before
    older.note({eventOf(55'000, "node-down"), eventOf(105'000, "node-up")});
    timeline.add(older);
    QCOMPARE(timeline.listened(), (std::vector<TimeRange>{{50'000, 60'000}, {90'000, 110'000}}));
    QCOMPARE(timeline.events().size(), 2u);
    QVERIFY(timeline.isListenedAt(62'000));
    QVERIFY(!timeline.isListenedAt(70'000));
    QVERIFY(!timeline.isListenedAt(10'000));
    std::vector<ClusterEvent> many;
    for (int i = 0; i < int(Timeline::eventsMax) + 10; ++i)
        many.push_back(eventOf(200'000 + i, "node-up"));
    timeline.note(many);
    QCOMPARE(timeline.events().size(), Timeline::eventsMax);
    QCOMPARE(timeline.events().back().timeMs, 200'000 + int(Timeline::eventsMax) + 9);
}

QTEST_GUILESS_MAIN(TestConsolePastTables)
#include "test_console_past_tables.moc"
