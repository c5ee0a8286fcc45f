// Tests of find, list and expired: their order and limits, and that they agree with a model while records are on their
// way to the disk.
#include "node/store/database.h"
#include "tests/unit/store/store_fixture.h"

#include <sqlite3.h>

#include <QtTest>

#include <map>
#include <set>
#include <tuple>

using namespace quoit;
using namespace quoit::test;

namespace {

using Place = std::pair<Position, std::string>;

std::vector<std::string> keysOf(const std::vector<RecordSummary>& summaries)
{
    std::vector<std::string> keys;
    for (const RecordSummary& summary : summaries)
        keys.push_back(summary.key);
    return keys;
}

using Keys = std::vector<std::string>;

PersistBatch placed(PersistSequence sequence, std::vector<std::pair<Position, RecordPtr>> records)
{
    PersistBatch made;
    made.sequence = sequence;
    made.records = std::move(records);
    return made;
}

/// Waits until the writer has folded everything, so that lookups are answered from the tables.
void waitUntilFolded(SqliteStore& store)
{
    QTRY_COMPARE_WITH_TIMEOUT(store.statistics().unfoldedRecords, std::uint64_t(0), 60'000);
    for (int call = 0; call < 100; ++call)
        static_cast<void>(store.find(0, "drops some of what was pinned"));
}

} // namespace

class TestStoreLookups : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void listIsAscendingAndEndsWithWholePositions_data();
    void listIsAscendingAndEndsWithWholePositions();
    void listShowsTheNewestState();
    void expiredAreOldestFirst_data();
    void expiredAreOldestFirst();
    void expiryThatWasLiftedIsNotListed();
    void lookAtExpiredIsBounded();
    void statementIsPlannedOnce();
    void lookupsAgreeWithAModel_data();
    void lookupsAgreeWithAModel();
};

void TestStoreLookups::listIsAscendingAndEndsWithWholePositions_data()
{
    QTest::addColumn<bool>("folded");
    QTest::newRow("from the log") << false;
    QTest::newRow("from the tables") << true;
}

void TestStoreLookups::listIsAscendingAndEndsWithWholePositions()
{
    QFETCH(bool, folded);
    Folder folder;
    RecordingListener listener;
    auto store = folder.open(listener);
    QVERIFY(store);
    const Position high = UINT64_MAX;
    store->submit(placed(1, {{5, record("b", "1", 1)},
                             {high, record("z", "22", 2)},
                             {5, record("a", "", 3)},
                             {0, record("first", "4", 4)},
                             {5, record("c", "5", 5)},
                             {6, tombstone("gone", 6)},
                             {0x8000000000000000, record("middle", "7", 7, 99)}}));
    QVERIFY(store->flush());
    if (folded)
        waitUntilFolded(*store);

    const std::vector<RecordSummary> all = store->list(0, UINT64_MAX, 100);
    QCOMPARE(keysOf(all), (Keys{"first", "a", "b", "c", "gone", "middle", "z"}));
    QVERIFY(all[4].tombstone);
    QCOMPARE(all[5].expiryMs, std::int64_t(99));
    QCOMPARE(all[6].valueBytes, std::uint64_t(2));
    QVERIFY(all[6].version == version(2));
    QCOMPARE(all[6].position, high);

    QCOMPARE(keysOf(store->list(0, UINT64_MAX, 1)), Keys{"first"});
    QCOMPARE(keysOf(store->list(0, UINT64_MAX, 2)), (Keys{"first", "a", "b", "c"}));
    QCOMPARE(keysOf(store->list(0, UINT64_MAX, 4)), (Keys{"first", "a", "b", "c"}));
    QCOMPARE(keysOf(store->list(0, UINT64_MAX, 5)), (Keys{"first", "a", "b", "c", "gone"}));
    QCOMPARE(keysOf(store->list(5, 5, 1)), (Keys{"a", "b", "c"}));
    QCOMPARE(keysOf(store->list(1, 6, 100)), (Keys{"a", "b", "c", "gone"}));
    QCOMPARE(keysOf(store->list(high, high, 100)), Keys{"z"});
    QVERIFY(store->list(7, 0x7fffffffffffffff, 100).empty());
    QVERIFY(store->list(0, UINT64_MAX, 0).empty());
}

void TestStoreLookups::listShowsTheNewestState()
{
    Folder folder;
    RecordingListener listener;
    auto store = folder.open(listener);
    QVERIFY(store);
    store->submit(placed(1, {{5, record("a", "old", 1)}, {6, record("b", "old", 2)}}));
    QVERIFY(store->flush());
    waitUntilFolded(*store);
    store->submit(placed(2, {{5, record("a", "newer", 3)}, {4, record("c", "x", 4)}}));
    QVERIFY(store->flush());
    const std::vector<RecordSummary> all = store->list(0, 100, 10);
    QCOMPARE(keysOf(all), (Keys{"c", "a", "b"}));
    QVERIFY(all[1].version == version(3));
    QCOMPARE(all[1].valueBytes, std::uint64_t(5));
}

void TestStoreLookups::expiredAreOldestFirst_data()
{
    listIsAscendingAndEndsWithWholePositions_data();
}

void TestStoreLookups::expiredAreOldestFirst()
{
    QFETCH(bool, folded);
    Folder folder;
    RecordingListener listener;
    auto store = folder.open(listener);
    QVERIFY(store);
    store->submit(batch(1, {record("never", "v", 1), record("third", "v", 2, 300), record("first", "v", 3, 100),
                            record("second", "v", 4, 200), record("later", "v", 5, 1001)}));
    QVERIFY(store->flush());
    if (folded)
        waitUntilFolded(*store);
    QCOMPARE(keysOf(store->expired(1000, 10).keys), (Keys{"first", "second", "third"}));
    QCOMPARE(keysOf(store->expired(1000, 2).keys), (Keys{"first", "second"}));
    QCOMPARE(keysOf(store->expired(200, 10).keys), (Keys{"first", "second"}));
    QVERIFY(store->expired(99, 10).keys.empty());
    QVERIFY(store->expired(1000, 0).keys.empty());
    QCOMPARE(keysOf(store->expired(1000, 10, {100, positionOf("first")}).keys), (Keys{"second", "third"}));
    QCOMPARE(keysOf(store->expired(1000, 10, {200, 0}).keys), (Keys{"second", "third"}));
    QVERIFY(store->expired(1000, 10, {300, ~Position(0)}).keys.empty());
}

void TestStoreLookups::expiryThatWasLiftedIsNotListed()
{
    Folder folder;
    RecordingListener listener;
    auto store = folder.open(listener);
    QVERIFY(store);
    store->submit(
        batch(1, {record("lifted", "v", 1, 100), record("buried", "v", 2, 100), record("moved", "v", 3, 100)}));
    QVERIFY(store->flush());
    waitUntilFolded(*store);
    QCOMPARE(store->expired(1000, 10).keys.size(), std::size_t(3));
    store->submit(batch(2, {record("lifted", "v", 4), tombstone("buried", 5), record("moved", "v", 6, 900)}));
    QVERIFY(store->flush());
    for (int round = 0; round < 2; ++round) {
        const std::vector<RecordSummary> expired = store->expired(1000, 10).keys;
        QCOMPARE(keysOf(expired), Keys{"moved"});
        QCOMPARE(expired[0].expiryMs, std::int64_t(900));
        waitUntilFolded(*store); // and once more from the tables
    }
}

/// However many have been buried since and are in the index still.
void TestStoreLookups::lookAtExpiredIsBounded()
{
    Folder folder;
    RecordingListener listener;
    auto store = folder.open(listener);
    QVERIFY(store);
    PersistBatch live{1};
    PersistBatch buried{2};
    for (int i = 0; i < 100; ++i) {
        const std::string key = "key" + std::to_string(i);
        live.records.emplace_back(positionOf(key), record(key, "v", 1, 100 + i));
        if (i < 90)
            buried.records.emplace_back(positionOf(key), tombstone(key, 2));
    }
    store->submit(std::move(live));
    QVERIFY(store->flush());
    waitUntilFolded(*store);
    store->submit(std::move(buried));
    ExpiryPlace place;
    Keys found;
    bool isEnd = false;
    for (int looks = 0; looks <= 10 && !isEnd; ++looks) {
        const std::int64_t before = std::max(place.expiryMs, std::int64_t(99));
        const ExpiredKeys look = store->expired(1000, 10, place);
        QVERIFY(look.keys.size() <= 10);
        QVERIFY(look.seenTo.expiryMs <= before + 10 || store->statistics().unfoldedRecords == 0); // once folded they are passed by
        place = look.seenTo;
        isEnd = look.isEnd;
        for (const RecordSummary& summary : look.keys)
            found.push_back(summary.key);
    }
    QVERIFY(isEnd);
    QCOMPARE(found, (Keys{"key90", "key91", "key92", "key93", "key94", "key95", "key96", "key97", "key98", "key99"}));
}

/// SQLite plans a statement anew for other values if these could make a partial index useless, unless it is told not to. That took far longer than
/// a look at what has expired itself.
void TestStoreLookups::statementIsPlannedOnce()
{
    QTemporaryDir folder;
    Result<Database> opened = Database::open(folder.filePath("some.db").toStdString(), Database::Access::ReadWrite, "unix");
    QVERIFY(opened);
    Database database = std::move(opened).value();
    QVERIFY(database.execute("CREATE TABLE records(position INTEGER PRIMARY KEY, expiry INTEGER NOT NULL);"
                             "CREATE INDEX by_expiry ON records(expiry) WHERE expiry > 0;"
                             "INSERT INTO records VALUES(1, 0), (2, 10), (3, 20)"));
    Result<Statement> prepared =
        database.prepare("SELECT position FROM records INDEXED BY by_expiry WHERE expiry > ?2 AND expiry > 0 AND expiry <= ?1");
    QVERIFY(prepared);
    Statement statement = std::move(prepared).value();
    for (const auto& [upTo, after, expected] : {std::tuple(15, 0, 2), {30, 10, 3}, {30, 5, 2}}) {
        statement.bind(1, std::int64_t(upTo));
        statement.bind(2, std::int64_t(after));
        QCOMPARE(statement.step(), SQLITE_ROW);
        QCOMPARE(statement.integer(0), std::int64_t(expected));
        statement.reset();
    }
    QCOMPARE(sqlite3_stmt_status(sqlite3_next_stmt(database.handle(), nullptr), SQLITE_STMTSTATUS_REPREPARE, 0), 0);
}

void TestStoreLookups::lookupsAgreeWithAModel_data()
{
    QTest::addColumn<quint64>("cacheBytes");
    QTest::addColumn<quint64>("logBytes");
    QTest::newRow("no cache, log folded at once") << quint64(0) << quint64(1);
    QTest::newRow("small cache, small log") << quint64(20'000) << quint64(4'000);
    QTest::newRow("small cache, large log") << quint64(20'000) << quint64(1'000'000);
    QTest::newRow("large cache, small log") << quint64(10'000'000) << quint64(20'000);
}

namespace {

/// What was submitted, to judge what is found: never older than what was reported durable, nor newer than what was
/// submitted.
class Model
{
public:
    explicit Model(std::uint64_t seed)
        : m_random(seed)
    {}

    Random& random() { return m_random; }
    const auto& history() const { return m_history; }

    Place place()
    {
        const std::uint64_t number = m_random.below(400);
        return {(number / 2) * 0x0051eb851eb851ebULL, "key" + std::to_string(number)};
    }

    PersistBatch nextBatch()
    {
        PersistBatch made;
        made.sequence = ++m_sequence;
        for (std::uint64_t i = m_random.below(8); i > 0; --i) {
            const Place where = place();
            const std::int64_t expiryMs =
                m_random.chance(0.3) ? static_cast<std::int64_t>(1 + m_random.below(1000)) : 0;
            RecordPtr state = record(where.second, std::string(m_random.below(200), 'v'), ++m_versions, expiryMs);
            made.records.emplace_back(where.first, state);
            auto& states = m_history[where];
            if (!states.empty() && states.back().first == made.sequence)
                states.pop_back();
            states.emplace_back(made.sequence, state);
        }
        return made;
    }

    bool admits(const Place& where, const std::optional<Version>& found, PersistSequence durable) const
    {
        std::set<Version> allowed;
        bool absenceAllowed = true;
        if (const auto known = m_history.find(where); known != m_history.end()) {
            for (const auto& [written, state] : known->second) {
                if (written <= durable) {
                    allowed.clear();
                    absenceAllowed = false;
                }
                allowed.insert(state->version);
            }
        }
        return found ? allowed.contains(*found) : absenceAllowed;
    }

    bool admitsList(SqliteStore& store, PersistSequence durable)
    {
        const Position first = place().first;
        const Position last = m_random.chance(0.5) ? UINT64_MAX : place().first;
        const std::size_t limit = 1 + m_random.below(300);
        const std::vector<RecordSummary> listed = store.list(first, last, limit);
        std::map<Place, Version> found;
        for (const RecordSummary& summary : listed) {
            const Place where{summary.position, summary.key};
            if ((!found.empty() && found.rbegin()->first >= where) || where.first < first || where.first > last)
                return false;
            found[where] = summary.version;
        }
        const Position reached = listed.size() >= limit ? listed.back().position : last;
        for (const auto& [where, states] : m_history) {
            const bool asked = where.first >= first && where.first <= reached && first <= last;
            if (asked && !admits(where, found.contains(where) ? std::optional(found[where]) : std::nullopt, durable))
                return false;
        }
        return true;
    }

    /// In the end, when all is durable.
    bool admitsExpired(SqliteStore& store, std::int64_t nowMs) const
    {
        std::vector<std::pair<std::int64_t, std::string>> expected;
        for (const auto& [where, states] : m_history) {
            if (const std::int64_t expiryMs = states.back().second->expiryMs; expiryMs > 0 && expiryMs <= nowMs)
                expected.emplace_back(expiryMs, where.second);
        }
        std::vector<std::pair<std::int64_t, std::string>> expired;
        for (const RecordSummary& summary : store.expired(nowMs, 1000).keys) {
            if (!expired.empty() && summary.expiryMs < expired.back().first)
                return false;
            expired.emplace_back(summary.expiryMs, summary.key);
        }
        std::sort(expected.begin(), expected.end());
        std::sort(expired.begin(), expired.end());
        return expected == expired;
    }

private:
    Random m_random;
    std::map<Place, std::vector<std::pair<PersistSequence, RecordPtr>>> m_history; // of each key, ascending
    PersistSequence m_sequence = 0;
    std::uint64_t m_versions = 0;
};

} // namespace

/// Submits, waits and looks up at random.
void TestStoreLookups::lookupsAgreeWithAModel()
{
    QFETCH(quint64, cacheBytes);
    QFETCH(quint64, logBytes);
    Folder folder;
    RecordingListener listener;
    SqliteStoreOptions options = folder.options(cacheBytes);
    options.logBytes = logBytes;
    options.walPagesMax = 40;
    auto store = folder.open(listener, options);
    QVERIFY(store);
    Model model(cacheBytes + logBytes);
    for (int step = 0; step < 6000; ++step) {
        const std::uint64_t dice = model.random().below(10);
        const PersistSequence durable = listener.durableUpTo();
        if (dice < 3) {
            store->submit(model.nextBatch());
        } else if (dice < 8) {
            const Place place = model.place();
            const RecordPtr found = store->find(place.first, place.second);
            QVERIFY(model.admits(place, found ? std::optional(found->version) : std::nullopt, durable));
        } else if (dice == 8 && step % 10 == 0) {
            QVERIFY(model.admitsList(*store, durable));
        } else if (model.random().chance(0.05)) {
            const Result<void> flushed = store->flush();
            QVERIFY2(flushed, flushed ? "" : flushed.error().message.c_str());
        } else if (model.random().chance(0.002)) {
            waitUntilFolded(*store);
        }
    }
    const Result<void> flushed = store->flush();
    QVERIFY2(flushed, flushed ? "" : flushed.error().message.c_str());
    const StoreStatistics statistics = store->statistics();
    QVERIFY(statistics.cacheHits > 0);
    if (cacheBytes < 1'000'000 && logBytes < 1'000'000)
        QVERIFY(statistics.cacheMisses > 0); // the disk was asked, too
    for (const auto& [place, states] : model.history()) {
        const RecordPtr found = store->find(place.first, place.second);
        QVERIFY(found && *found == *states.back().second);
    }
    QVERIFY(model.admitsExpired(*store, 500));
    QCOMPARE(listener.failures(), 0);
}

QTEST_GUILESS_MAIN(TestStoreLookups)
#include "test_store_lookups.moc"
