#include "console/cluster/history.h"

#include <QFile>
#include <QFileInfo>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QtTest>

#include <sqlite3.h>

#include <cmath>
#include <limits>

using namespace quoit;

/// The past on disk: what is kept, for how long, and what happens to a file that can't be used.
class TestConsoleHistory : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }
    void figuresComeBackAsTheyWereTold();
    void peaksOutliveTheSecondsInCoarserTiers();
    void whatIsWrittenTwiceIsWidenedNotReplaced();
    void eachTierForgetsInItsTime();
    void fileStaysWithinItsBound();
    void detailGoesBeforeAge();
    void minutesGoBeforeTheMonthDoes();
    void stepsKeepFiveDigits();
    void unpackedStepsOfBeforeAreRead();
    void monthIsReadByTenMinutes();
    void tenMinutesOfAnOlderFileComeFromItsMinutes();
    void firstMomentIsAsExactAsItIsKept();
    void clustersAreKeptApart();
    void figuresAreFoundByNameNotByPlace();
    void fileThatIsNoDatabaseIsSetAside();
    void damagedPagesAreFoundAndTheFileSetAside();
    void fileOfANewerProgramIsLeftAlone();
    void folderThatCantBeWrittenIsTold();
    void restartShowsTheLastHourAgain();
    void dayAndMonthAreFetchedWhenLookedAt();
    void otherClusterDoesntGetThisOnesPast();

private:
    QString path() const { return m_folder->filePath(QStringLiteral("data/history.db")); }
    std::unique_ptr<QTemporaryDir> m_folder;
};

namespace {

constexpr qint64 start = 1'700'002'800; // a multiple of 3600
constexpr qint64 day = 86'400;
const QString here = QStringLiteral("cluster-1");
constexpr float nothing = std::numeric_limits<float>::quiet_NaN();

HistorySecond secondOf(qint64 second, float reads, NodeId node = 1)
{
    MetricValues values;
    values.fill(nothing);
    values[std::size_t(Metric::ReadsPerSecond)] = reads;
    values[std::size_t(Metric::Hints)] = 0;
    return {second, {{node, values}}};
}

std::vector<HistorySecond> secondsOf(qint64 from, qint64 to, float reads)
{
    std::vector<HistorySecond> seconds;
    for (qint64 second = from; second < to; ++second)
        seconds.push_back(secondOf(second, reads));
    return seconds;
}

ClusterSnapshot snapshotAt(qint64 second, std::uint64_t reads, const std::string& clusterId = "cluster-1")
{
    ClusterMapParts parts;
    parts.clusterId = clusterId;
    parts.epoch = 1;
    parts.partitionCount = 16;
    parts.replicaCount = 1;
    parts.members.emplace_back();
    parts.members[0].id = 1;
    parts.members[0].tokens = {0};
    ClusterSnapshot snapshot;
    snapshot.map = ClusterMap::make(parts).value();
    snapshot.receivedMs = second * 1000;
    NodeReport node;
    node.id = 1;
    node.state = NodeState::Up;
    node.figures.readsPerSecond = reads;
    snapshot.nodes = {node};
    completeSnapshot(snapshot);
    return snapshot;
}

void runSql(const QString& path, const char* sql)
{
    sqlite3* handle = nullptr;
    QCOMPARE(sqlite3_open(path.toUtf8().constData(), &handle), SQLITE_OK);
    QCOMPARE(sqlite3_exec(handle, sql, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(handle);
}

/// @return NaN: nobody told
float highAt(const HistoryWindow& window, qint64 second, NodeId node = 1, Metric metric = Metric::ReadsPerSecond)
{
    const HistoryWindow::Band* band = window.band(node, metric);
    return band ? band->high[std::size_t((second - window.fromSecond) / window.stepSeconds)] : nothing;
}

/// Figures that are never twice the same in a step: those take the most room. Of nodes 1 … nodeCount, every `spacing` seconds.
std::vector<HistorySecond> restless(qint64 first, qint64 end, qint64 spacing, NodeId nodeCount)
{
    std::vector<HistorySecond> seconds;
    for (qint64 second = first; second < end; second += spacing) {
        HistorySecond told{second, {}};
        for (NodeId node = 1; node <= nodeCount; ++node) {
            MetricValues values;
            for (std::size_t i = 0; i < values.size(); ++i)
                values[i] = float(second % 997 + qint64(i) * 7 + qint64(node));
            told.nodes.emplace_back(node, values);
        }
        seconds.push_back(told);
    }
    return seconds;
}

} // namespace

void TestConsoleHistory::figuresComeBackAsTheyWereTold()
{
    {
        HistoryFile file(path());
        QVERIFY(file.open());
        QVERIFY(file.write(here, {secondOf(start, 123.5), secondOf(start + 1, 0), secondOf(start + 3, 7e9f)}));
    }
    HistoryFile file(path());
    QVERIFY(file.open());
    const auto window = file.read(here, start, start + 10, start + 10, 10);
    QVERIFY(window);
    QCOMPARE(window.value().stepSeconds, 1);
    QCOMPARE(highAt(window.value(), start), 123.5f);
    QCOMPARE(highAt(window.value(), start + 1), 0.0f);
    QVERIFY(std::isnan(highAt(window.value(), start + 2))); // a gap, not 0
    QCOMPARE(highAt(window.value(), start + 3), 7e9f);
    QCOMPARE(highAt(window.value(), start, 1, Metric::Hints), 0.0f);
    QVERIFY(std::isnan(highAt(window.value(), start, 1, Metric::P99Us))); // nobody told
    QVERIFY(!window.value().band(2, Metric::Hints));
    QCOMPARE(file.firstSecond(here).value(), start);
    QCOMPARE(file.firstSecond(QStringLiteral("another")).value(), 0);
}

void TestConsoleHistory::peaksOutliveTheSecondsInCoarserTiers()
{
    HistoryFile file(path());
    QVERIFY(file.open());
    auto seconds = secondsOf(start, start + 120, 100);
    seconds[17] = secondOf(start + 17, 9999);
    seconds[80] = secondOf(start + 80, 1);
    QVERIFY(file.write(here, seconds));
    const auto ten = file.read(here, start, start + 120, start + 5 * 3600, 12); // too old for the seconds
    QCOMPARE(ten.value().stepSeconds, 10);
    QCOMPARE(highAt(ten.value(), start + 10), 9999.0f);
    QCOMPARE(highAt(ten.value(), start + 20), 100.0f);
    QCOMPARE(ten.value().band(1, Metric::ReadsPerSecond)->low[8], 1.0f);
    const auto minute = file.read(here, start, start + 120, start + 7 * 86'400, 12);
    QCOMPARE(minute.value().stepSeconds, 60);
    QCOMPARE(highAt(minute.value(), start), 9999.0f);
    QCOMPARE(highAt(minute.value(), start + 60), 100.0f);
    QCOMPARE(minute.value().band(1, Metric::ReadsPerSecond)->low[1], 1.0f);
}

void TestConsoleHistory::whatIsWrittenTwiceIsWidenedNotReplaced()
{
    HistoryFile file(path());
    QVERIFY(file.open());
    QVERIFY(file.write(here, {secondOf(start + 1, 500)})); // a batch ends within the minute, and another program goes on
    QVERIFY(file.write(here, {secondOf(start + 2, 20), secondOf(start + 2, 7, 2)}));
    const auto minute = file.read(here, start, start + 60, start + 7 * 86'400, 1);
    QCOMPARE(highAt(minute.value(), start), 500.0f);
    QCOMPARE(minute.value().band(1, Metric::ReadsPerSecond)->low[0], 20.0f);
    QCOMPARE(highAt(minute.value(), start, 2), 7.0f);
}

void TestConsoleHistory::eachTierForgetsInItsTime()
{
    HistoryFile file(path());
    QVERIFY(file.open());
    QVERIFY(file.write(here, {secondOf(start, 5)}));
    const auto isKept = [&](qint64 age, int step) { // what a reader finds who asks for that step
        QVERIFY2(file.prune(start + age).ok(), "prune");
        const auto window = file.read(here, start, start + step, start, 1);
        QCOMPARE(window.value().stepSeconds, step);
        QCOMPARE(highAt(window.value(), start), 5.0f);
    };
    isKept(3600, 1);
    isKept(86'400, 10);
    QVERIFY(std::isnan(highAt(file.read(here, start, start + 1, start, 1).value(), start)));
    isKept(30 * day, 60);
    QVERIFY(std::isnan(highAt(file.read(here, start, start + 10, start, 1).value(), start)));
    isKept(30 * day, 600);
    QVERIFY(file.prune(start + 30 * day + 1));
    QCOMPARE(file.firstSecond(here).value(), 0);
}

void TestConsoleHistory::fileStaysWithinItsBound()
{
    constexpr qint64 bytesMax = 300'000;
    HistoryFile file(path(), bytesMax);
    QVERIFY(file.open());
    qint64 second = start;
    for (int batch = 0; batch < 60; ++batch, second += 100) {
        std::vector<HistorySecond> seconds;
        for (qint64 each = second; each < second + 100; ++each) {
            HistorySecond told{each, {}};
            for (NodeId node = 0; node < 12; ++node)
                told.nodes.push_back(secondOf(each, float(each % 97), node).nodes[0]);
            seconds.push_back(told);
        }
        QVERIFY(file.write(here, seconds));
        QVERIFY(file.prune(second));
        QVERIFY(file.bytesUsed().value() <= bytesMax);
    }
    QVERIFY(file.firstSecond(here).value() > start); // the oldest went
    QCOMPARE(highAt(file.read(here, second - 50, second, second, 50).value(), second - 1), float((second - 1) % 97));
}

void TestConsoleHistory::detailGoesBeforeAge()
{
    constexpr qint64 hour = 3600;
    constexpr qint64 end = start + 20 * hour;
    // The minutes of all these hours take 6 MB, by 10 s they take 36.
    constexpr qint64 bytesMax = 14'000'000;
    HistoryFile file(path(), bytesMax);
    QVERIFY(file.open());
    for (qint64 second = start; second < end; second += 600) {
        QVERIFY(file.write(here, restless(second, second + 600, 5, 10)));
        QVERIFY(file.prune(second + 600));
        QVERIFY(file.bytesUsed().value() <= bytesMax);
    }
    QCOMPARE(file.firstSecond(here).value(), start); // nothing is forgotten altogether
    // Lately it is known by 10 s; of what isn't, a reader gets minutes, without a gap.
    QCOMPARE(file.read(here, end - hour, end, end, 360).value().stepSeconds, 10);
    const auto before = file.read(here, start, start + hour, end, 360);
    QCOMPARE(before.value().stepSeconds, 60);
    for (qint64 second = start; second < start + hour; second += 60)
        QVERIFY(!std::isnan(highAt(before.value(), second)));
    QCOMPARE(file.moment(here, start + 90).value().stepSeconds, 60);
}

void TestConsoleHistory::minutesGoBeforeTheMonthDoes()
{
    constexpr qint64 end = start + 10 * day;
    // The minutes of all these days take 5 MB, the steps of ten minutes 1.
    constexpr qint64 bytesMax = 3'000'000;
    HistoryFile file(path(), bytesMax);
    QVERIFY(file.open());
    for (qint64 second = start; second < end; second += 4 * 3600) {
        QVERIFY(file.write(here, restless(second, second + 4 * 3600, 60, 3)));
        QVERIFY(file.prune(second + 4 * 3600));
        QVERIFY(file.bytesUsed().value() <= bytesMax);
    }
    QCOMPARE(file.firstSecond(here).value(), start); // nothing is forgotten altogether
    QCOMPARE(file.read(here, end - day, end, end, 1440).value().stepSeconds, 60);
    const auto before = file.read(here, start, start + day, end, 1440);
    QCOMPARE(before.value().stepSeconds, 600);
    for (qint64 second = start; second < start + day; second += 600)
        QVERIFY(!std::isnan(highAt(before.value(), second)));
}

void TestConsoleHistory::stepsKeepFiveDigits()
{
    HistoryFile file(path());
    QVERIFY(file.open());
    const float values[] = {1, 12'003, 65'535, 0.123456f, 7.654321e9f, -3.25f, 1e-9f};
    qint64 second = start;
    for (const float value : values) {
        QVERIFY(file.write(here, {secondOf(second, value)}));
        QVERIFY(file.write(here, {secondOf(second + 1, value)})); // packed, read and packed again
        QCOMPARE(highAt(file.read(here, second, second + 10, second, 10).value(), second), value); // by the second
        const auto minute = file.read(here, second, second + 60, second + 7 * 86'400, 1);
        QCOMPARE(minute.value().stepSeconds, 60);
        const auto* band = minute.value().band(1, Metric::ReadsPerSecond);
        QCOMPARE(band->low[0], band->high[0]); // a steady figure stays one
        QVERIFY(std::abs(band->high[0] - value) <= std::abs(value) * 1.6e-5f);
        if (value == std::floor(value) && std::abs(value) <= 65'536)
            QCOMPARE(band->high[0], value);
        second += 60;
    }
}

void TestConsoleHistory::unpackedStepsOfBeforeAreRead()
{
    {
        HistoryFile file(path());
        QVERIFY(file.open());
        QVERIFY(file.write(here, {secondOf(start, 123.456f)}));
    }
    // The second's figures aren't packed: as a step's, they are what a console of before has written.
    runSql(path(), "UPDATE samples SET figures = (SELECT figures FROM samples WHERE step = 1) WHERE step > 1;"
                   "PRAGMA user_version = 2;");
    HistoryFile file(path());
    QVERIFY(file.open());
    QCOMPARE(highAt(file.read(here, start, start + 60, start + 7 * 86'400, 1).value(), start), 123.456f);
    QVERIFY(file.write(here, {secondOf(start + 2, 500)})); // goes on with them
    const auto minute = file.read(here, start, start + 60, start + 7 * 86'400, 1);
    QCOMPARE(highAt(minute.value(), start), 500.0f);
    QVERIFY(std::abs(minute.value().band(1, Metric::ReadsPerSecond)->low[0] - 123.456f) < 0.003f);
}

void TestConsoleHistory::monthIsReadByTenMinutes()
{
    {
        HistoryFile file(path());
        QVERIFY(file.open());
        QVERIFY(file.write(here, secondsOf(start, start + 1800, 50)));
        QVERIFY(file.write(here, {secondOf(start + 700, 9999), secondOf(start + 1300, 1), secondOf(start + 40, 3, 2)}));
    }
    runSql(path(), "DELETE FROM samples WHERE step < 600"); // whoever reads these finds nothing
    HistoryFile file(path());
    QVERIFY(file.open());
    const auto month = file.read(here, start + 1800 - 30 * day, start + 1800, start + 1800, 1440);
    QCOMPARE(month.value().stepSeconds, 1800);
    QCOMPARE(highAt(month.value(), start), 9999.0f);
    const auto fine = file.read(here, start, start + 1800, start + 29 * day, 3);
    QCOMPARE(fine.value().stepSeconds, 600);
    QCOMPARE(highAt(fine.value(), start), 50.0f);
    QCOMPARE(highAt(fine.value(), start + 600), 9999.0f);
    QCOMPARE(fine.value().band(1, Metric::ReadsPerSecond)->low[2], 1.0f);
    QCOMPARE(highAt(fine.value(), start, 2), 3.0f);
    QCOMPARE(file.moment(here, start + 710).value().stepSeconds, 600);
}

void TestConsoleHistory::tenMinutesOfAnOlderFileComeFromItsMinutes()
{
    const QString other = QStringLiteral("cluster-2");
    {
        HistoryFile file(path());
        QVERIFY(file.open());
        auto seconds = secondsOf(start, start + 1800, 50);
        seconds[700] = secondOf(start + 700, 9999);
        seconds[1300] = secondOf(start + 1300, 1);
        QVERIFY(file.write(here, seconds));
        QVERIFY(file.write(here, secondsOf(start + 2 * day, start + 2 * day + 60, 8)));
        QVERIFY(file.write(other, {secondOf(start + 61, 3), secondOf(start + 125, 4, 2)}));
    }
    runSql(path(), "DELETE FROM samples WHERE step = 600; PRAGMA user_version = 3");
    {
        HistoryFile file(path());
        QVERIFY(file.open());
    }
    runSql(path(), "DELETE FROM samples WHERE step < 600"); // from here on only what was filled is there
    HistoryFile file(path());
    QVERIFY(file.open());
    const auto steps = file.read(here, start, start + 1800, start + 29 * day, 3);
    QCOMPARE(steps.value().stepSeconds, 600);
    QCOMPARE(highAt(steps.value(), start), 50.0f);
    QCOMPARE(highAt(steps.value(), start + 600), 9999.0f);
    QCOMPARE(steps.value().band(1, Metric::ReadsPerSecond)->low[2], 1.0f);
    QVERIFY(std::isnan(highAt(steps.value(), start, 1, Metric::P99Us))); // nobody told
    QCOMPARE(highAt(file.read(here, start + 2 * day, start + 2 * day + 600, start + 29 * day, 1).value(), start + 2 * day), 8.0f);
    const auto others = file.read(other, start, start + 600, start + 29 * day, 1);
    QCOMPARE(highAt(others.value(), start), 3.0f);
    QCOMPARE(highAt(others.value(), start, 2), 4.0f);
    QVERIFY(file.write(here, {secondOf(start + 2 * day + 70, 12)})); // and it goes on
    QCOMPARE(highAt(file.read(here, start + 2 * day, start + 2 * day + 600, start + 29 * day, 1).value(), start + 2 * day), 12.0f);
}

/// A chart of a young cluster doesn't begin with an empty stretch.
void TestConsoleHistory::firstMomentIsAsExactAsItIsKept()
{
    HistoryFile file(path());
    QVERIFY(file.open());
    QVERIFY(file.write(here, {secondOf(start + 599, 5), secondOf(start + 2 * day, 5)}));
    QCOMPARE(file.firstSecond(here).value(), start + 599);
    QVERIFY(file.prune(start + 2 * day)); // seconds and tens are gone
    QCOMPARE(file.firstSecond(here).value(), start + 540);
}

void TestConsoleHistory::clustersAreKeptApart()
{
    HistoryFile file(path());
    QVERIFY(file.open());
    QVERIFY(file.write(here, {secondOf(start, 1)}));
    QVERIFY(file.write(QStringLiteral("cluster-2"), {secondOf(start, 2)}));
    QCOMPARE(highAt(file.read(here, start, start + 1, start, 1).value(), start), 1.0f);
    QCOMPARE(highAt(file.read(QStringLiteral("cluster-2"), start, start + 1, start, 1).value(), start), 2.0f);
    QVERIFY(file.read(QStringLiteral("cluster-3"), start, start + 1, start, 1).value().nodes.empty());
}

void TestConsoleHistory::figuresAreFoundByNameNotByPlace()
{
    {
        HistoryFile file(path());
        QVERIFY(file.open());
    }
    // Another program: it has a figure that this one doesn't know, and others in another order.
    runSql(path(), "DELETE FROM metrics;"
                   "INSERT INTO metrics VALUES (0, CAST('of-the-future' AS BLOB)), (1, CAST('hints' AS BLOB));");
    {
        HistoryFile file(path());
        QVERIFY(file.open());
        QVERIFY(file.write(here, {secondOf(start, 42)}));
    }
    HistoryFile file(path());
    QVERIFY(file.open());
    const auto window = file.read(here, start, start + 1, start, 1);
    QCOMPARE(highAt(window.value(), start), 42.0f);
    QCOMPARE(highAt(window.value(), start, 1, Metric::Hints), 0.0f);
    QVERIFY(std::isnan(highAt(window.value(), start, 1, Metric::WritesPerSecond)));
}

void TestConsoleHistory::fileThatIsNoDatabaseIsSetAside()
{
    QDir().mkpath(QFileInfo(path()).path());
    QFile rubbish(path());
    QVERIFY(rubbish.open(QIODevice::WriteOnly));
    rubbish.write(QByteArray(20'000, 'x'));
    rubbish.close();
    HistoryStore store(path());
    QSignalSpy read(&store, &HistoryStore::read);
    QSignalSpy told(&store, &HistoryStore::troubleChanged);
    store.append(here, {secondOf(start, 3)});
    store.ask(here, start, start + 1, start, 1);
    QTRY_VERIFY(!read.isEmpty() && !told.isEmpty());
    QVERIFY(store.trouble().contains(path() + QStringLiteral(".damaged")));
    QCOMPARE(QFileInfo(path() + QStringLiteral(".damaged")).size(), 20'000);
    const auto window = read.last()[1].value<HistoryWindowPtr>();
    QVERIFY(window);
    QCOMPARE(highAt(*window, start), 3.0f); // the batch that met the damage isn't lost
}

void TestConsoleHistory::damagedPagesAreFoundAndTheFileSetAside()
{
    {
        HistoryFile file(path());
        QVERIFY(file.open());
        QVERIFY(file.write(here, secondsOf(start, start + 3000, 5)));
    }
    QFile damaged(path());
    QVERIFY(damaged.open(QIODevice::ReadWrite));
    const qint64 bytes = damaged.size();
    QVERIFY(bytes > 40'000);
    damaged.seek(20'000); // all but the first pages, so that it opens
    damaged.write(QByteArray(int(bytes - 20'000), '\x5a'));
    damaged.close();
    HistoryStore store(path());
    QSignalSpy read(&store, &HistoryStore::read);
    store.ask(here, start, start + 3000, start + 3000, 3000);
    QTRY_VERIFY(store.trouble().contains(QStringLiteral(".damaged")));
    store.append(here, {secondOf(start + 3001, 8)});
    read.clear();
    store.ask(here, start + 3001, start + 3002, start + 3001, 1);
    QTRY_VERIFY(!read.isEmpty() && read.last()[1].value<HistoryWindowPtr>());
    QCOMPARE(highAt(*read.last()[1].value<HistoryWindowPtr>(), start + 3001), 8.0f);
}

void TestConsoleHistory::fileOfANewerProgramIsLeftAlone()
{
    {
        HistoryFile file(path());
        QVERIFY(file.open());
    }
    runSql(path(), "PRAGMA user_version = 99");
    {
        HistoryStore store(path());
        store.append(here, {secondOf(start, 3)});
        QTRY_VERIFY(store.trouble().contains(QStringLiteral("newer")));
    }
    QVERIFY(!QFile::exists(path() + QStringLiteral(".damaged")));
    HistoryFile file(path());
    QVERIFY(file.open().error().code == ErrorCode::Unsupported);
}

void TestConsoleHistory::folderThatCantBeWrittenIsTold()
{
    QFile inTheWay(m_folder->filePath(QStringLiteral("data")));
    QVERIFY(inTheWay.open(QIODevice::WriteOnly)); // a file where a folder is to be
    inTheWay.close();
    History history(path());
    history.add(snapshotAt(start, 5));
    QTRY_VERIFY(history.trouble().contains(path()));
    QCOMPARE(history.valueAt(1, Metric::ReadsPerSecond, start * 1000), 5.0); // and the rest goes on
}

void TestConsoleHistory::restartShowsTheLastHourAgain()
{
    {
        History history(path());
        for (qint64 second = start; second < start + 100; ++second)
            history.add(snapshotAt(second, 100 + std::uint64_t(second - start)));
    }
    History history(path());
    QSignalSpy fetched(&history, &History::fetched);
    history.add(snapshotAt(start + 300, 7));
    QVERIFY(fetched.wait());
    QCOMPARE(history.firstMs(), start * 1000);
    QCOMPARE(history.oldestMs(), start * 1000);
    QCOMPARE(history.valueAt(1, Metric::ReadsPerSecond, (start + 42) * 1000), 142.0);
    QCOMPARE(history.valueAt(1, Metric::ReadsPerSecond, (start + 99) * 1000), 199.0); // the last batch, too
    QCOMPARE(history.valueAt(1, Metric::ReadsPerSecond, (start + 300) * 1000), 7.0);
    const auto points = history.series(1, Metric::ReadsPerSecond, {start * 1000, (start + 300) * 1000}, 1000);
    QCOMPARE(points.size(), 102); // with one gap
    QCOMPARE(std::ranges::count_if(points, [](const QPointF& point) { return std::isnan(point.y()); }), 1);
}

void TestConsoleHistory::dayAndMonthAreFetchedWhenLookedAt()
{
    const qint64 now = start + 5 * 86'400;
    {
        HistoryFile file(path());
        QVERIFY(file.open());
        QVERIFY(file.write(here, secondsOf(start, start + 600, 50)));
        QVERIFY(file.write(here, secondsOf(now - 7200, now - 6600, 70)));
    }
    History history(path());
    QSignalSpy fetched(&history, &History::fetched);
    history.add(snapshotAt(now, 1));
    QVERIFY(fetched.wait());
    QCOMPARE(history.oldestMs(), start * 1000);
    const TimeRange day{(now - 86'400) * 1000, now * 1000};
    QCOMPARE(history.series(1, Metric::ReadsPerSecond, day, 700).size(), 1); // so far only what is in memory
    history.look(day);
    QVERIFY(history.isFetching());
    QVERIFY(fetched.wait());
    QVERIFY(!history.isFetching());
    QVERIFY(history.series(1, Metric::ReadsPerSecond, day, 700).size() > 5);
    QCOMPARE(history.valueAt(1, Metric::ReadsPerSecond, (now - 7000) * 1000), 70.0);
    QVERIFY(history.stepSecondsAt((now - 7000) * 1000) > 1);
    QCOMPARE(history.stepSecondsAt(now * 1000), 1);
    history.look(day); // is there already
    QVERIFY(!history.isFetching());
    const TimeRange week{(now - 7 * 86'400) * 1000, now * 1000};
    history.look(week);
    QVERIFY(fetched.wait());
    const auto points = history.series(1, Metric::ReadsPerSecond, week, 700);
    const auto found = std::ranges::count_if(points, [](const QPointF& point) { return point.y() == 50; });
    QVERIFY(found == 1 || found == 2); // ten minutes are about a pixel of a week
    QVERIFY(std::ranges::is_sorted(points, {}, &QPointF::x));
}

void TestConsoleHistory::otherClusterDoesntGetThisOnesPast()
{
    History history(path());
    QSignalSpy fetched(&history, &History::fetched);
    history.add(snapshotAt(start, 5));
    QVERIFY(fetched.wait());
    history.clear();
    history.add(snapshotAt(start + 30, 6, "cluster-2"));
    QVERIFY(fetched.wait());
    QVERIFY(std::isnan(history.valueAt(1, Metric::ReadsPerSecond, start * 1000)));
    history.clear();
    history.add(snapshotAt(start + 60, 7)); // and back
    QVERIFY(fetched.wait());
    QCOMPARE(history.valueAt(1, Metric::ReadsPerSecond, start * 1000), 5.0);
    QVERIFY(std::isnan(history.valueAt(1, Metric::ReadsPerSecond, (start + 30) * 1000)));
}

QTEST_GUILESS_MAIN(TestConsoleHistory)
#include "test_console_history.moc"
