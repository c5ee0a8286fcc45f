// Tests of keys that share a position, which happens to random ones about never: whatever comes, the store answers as a map would; and a
// folder of a former format, which kept all records in one table, is taken over.
#include "tests/unit/store/store_fixture.h"

#include <QtTest>

#include <algorithm>
#include <filesystem>

using namespace quoit;
using namespace quoit::test;

namespace {

constexpr std::uint64_t keys = 12;
constexpr std::uint64_t places = 5;

std::string keyOf(std::uint64_t number)
{
    return "key" + std::to_string(number);
}

/// Three positions that are neighbours, and two far away.
Position placeOf(const std::string& key)
{
    const std::uint64_t place = positionOf(key) % places;
    return place < 3 ? (Position(1) << 63) + place : place * (Position(1) << 61);
}

using Model = std::map<std::pair<Position, std::string>, RecordPtr>;

PersistBatch anything(PersistSequence sequence, Random& random, Model& model)
{
    PersistBatch made;
    made.sequence = sequence;
    for (std::uint64_t i = random.below(4); i > 0; --i) {
        const std::string key = keyOf(random.below(keys));
        const std::uint64_t number = sequence * 100 + i;
        const std::int64_t expiryMs = random.chance(0.5) ? 1 + static_cast<std::int64_t>(random.below(12)) * 3 : 0;
        const std::string value(random.chance(0.2) ? 9000 : random.below(50), 'v');
        const RecordPtr put = random.chance(0.2) ? tombstone(key, number) : record(key, value, number, expiryMs);
        made.records.emplace_back(placeOf(key), put);
        model[{placeOf(key), key}] = put;
    }
    if (random.chance(0.3)) {
        const std::string key = keyOf(random.below(keys));
        const auto found = model.find({placeOf(key), key});
        if (found != model.end() && std::none_of(made.records.begin(), made.records.end(), [&](const auto& r) { return r.second->key == key; })) {
            made.removals.push_back({placeOf(key), key, found->second->version});
            model.erase(found);
        }
    }
    return made;
}

/// As difference(), of what has expired at 25 and lies behind that place.
std::string expiredDifference(SqliteStore& store, const Model& model, const ExpiryPlace& after)
{
    std::vector<std::pair<ExpiryPlace, std::string>> wanted;
    for (const auto& [place, record] : model) {
        const ExpiryPlace at{record->expiryMs, place.first};
        if (record->expiryMs > 0 && record->expiryMs <= 25 && at > after)
            wanted.emplace_back(at, record->key);
    }
    std::vector<std::pair<ExpiryPlace, std::string>> is;
    for (const RecordSummary& row : store.expired(25, SIZE_MAX, after).keys)
        is.emplace_back(ExpiryPlace{row.expiryMs, row.position}, row.key);
    const auto ascending = [](const auto& a, const auto& b) { return a.first < b.first; };
    if (!std::is_sorted(is.begin(), is.end(), ascending))
        return "order of expiry";
    std::sort(is.begin(), is.end());
    std::sort(wanted.begin(), wanted.end());
    return is == wanted ? "" : "expired: " + std::to_string(is.size()) + " of " + std::to_string(wanted.size());
}

/// @return what differs; empty if nothing does
std::string difference(SqliteStore& store, const Model& model)
{
    for (std::uint64_t number = 0; number < keys; ++number) {
        const std::string key = keyOf(number);
        const RecordPtr is = store.find(placeOf(key), key);
        const auto wanted = model.find({placeOf(key), key});
        if ((wanted != model.end()) != (is != nullptr) || (is && !(*is == *wanted->second)))
            return "find " + key;
    }
    const std::vector<RecordSummary> listed = store.list(0, ~Position(0), SIZE_MAX);
    const auto sameKey = [](const RecordSummary& row, const auto& entry) {
        return row.position == entry.first.first && row.key == entry.first.second && row.version == entry.second->version;
    };
    if (!std::equal(listed.begin(), listed.end(), model.begin(), model.end(), sameKey))
        return "list: " + std::to_string(listed.size()) + " of " + std::to_string(model.size());
    for (const ExpiryPlace after : {ExpiryPlace{}, ExpiryPlace{4, 0}, ExpiryPlace{10, (Position(1) << 63) + 1}, ExpiryPlace{13, ~Position(0)}})
        if (const std::string expired = expiredDifference(store, model, after); !expired.empty())
            return expired;
    return {};
}

} // namespace

class TestStoreTwins : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keysOfOnePositionAreKeptApart()
    {
        Folder folder;
        SqliteStoreOptions options = folder.options(3000); // lookups go to the disk, mostly
        options.logBytes = 3000;
        Random random(11);
        Model model;
        PersistSequence sequence = 0;
        bool twins = false;
        for (int life = 0; life < 30; ++life) {
            RecordingListener listener;
            auto store = folder.open(listener, options);
            QVERIFY2(store, folder.error().message.c_str());
            if (life == 0)
                QVERIFY(store->setIdentity(1, makeMap()));
            const Result<void> counted = store->checkCounts();
            QVERIFY2(counted, counted.error().message.c_str());
            QCOMPARE(difference(*store, model), std::string());
            for (int i = 0; i < 40; ++i) {
                store->submit(anything(++sequence, random, model));
                if (random.chance(0.3))
                    QVERIFY(store->flush());
                if (random.chance(0.2))
                    QCOMPARE(difference(*store, model), std::string());
            }
            if (random.chance(0.5))
                QVERIFY(store->close());
            else
                QVERIFY(listener.waitForDurable(sequence));
            store.reset();
            twins = twins || folder.number("SELECT count(*) FROM twins") > 0;
        }
        QVERIFY(twins);
    }

    /// Looking for twins at the start leaves no reader behind, on whose account SQLite's log could never begin anew.
    void logBeginsAnewWhereThereAreTwins()
    {
        Folder folder;
        SqliteStoreOptions options = folder.options();
        options.walPagesMax = 50;
        options.logBytes = 20'000;
        PersistSequence sequence = 0;
        for (int life = 0; life < 2; ++life) {
            RecordingListener listener;
            auto store = folder.open(listener, options);
            QVERIFY2(store, folder.error().message.c_str());
            if (life == 0)
                QVERIFY(store->setIdentity(1, makeMap()));
            for (int i = 0; i < 400; ++i) {
                PersistBatch made;
                made.sequence = ++sequence;
                made.records.emplace_back(7, record(keyOf(sequence % 2), std::string(5000, 'v'), sequence));
                store->submit(std::move(made));
                QVERIFY(store->flush());
            }
            QVERIFY2(std::filesystem::file_size(folder.file() + "-wal") < 3'000'000, std::to_string(life).c_str());
            QVERIFY(store->close());
        }
        QVERIFY(folder.number("SELECT count(*) FROM twins") == 1);
    }

    void formerFormatsAreTakenOver_data()
    {
        QTest::addColumn<QString>("alteration");
        const QString allInOne =
            "ALTER TABLE records RENAME TO now; DROP INDEX records_by_expiry;"
            "CREATE TABLE records(position INTEGER NOT NULL, key BLOB NOT NULL, expiry INTEGER NOT NULL, head BLOB NOT NULL,"
            "                     value BLOB, PRIMARY KEY(position, key)) WITHOUT ROWID;"
            "INSERT INTO records SELECT * FROM now UNION ALL SELECT * FROM twins; DROP TABLE now; DROP TABLE twins;"
            "CREATE INDEX records_by_expiry ON records(expiry) WHERE expiry > 0;";
        QTest::newRow("4: one table without rowids") << allInOne + "PRAGMA user_version = 4";
        QTest::newRow("3: no counts") << allInOne + "DROP TABLE counts; DELETE FROM meta WHERE name = CAST('counted partitions' AS BLOB);"
                                                    "PRAGMA user_version = 3";
    }
    void formerFormatsAreTakenOver()
    {
        QFETCH(QString, alteration);
        Folder folder;
        RecordingListener listener;
        Random random(3);
        Model model;
        {
            auto store = folder.open(listener);
            QVERIFY2(store, folder.error().message.c_str());
            QVERIFY(store->setIdentity(1, makeMap()));
            for (PersistSequence sequence = 1; sequence <= 100; ++sequence)
                store->submit(anything(sequence, random, model));
            QVERIFY(store->close());
        }
        QVERIFY(folder.number("SELECT count(*) FROM twins") > 0);
        QVERIFY(folder.alter(alteration.toStdString()));
        for (int start = 0; start < 2; ++start) {
            auto store = folder.open(listener);
            QVERIFY2(store, folder.error().message.c_str());
            QCOMPARE(difference(*store, model), std::string());
            const Result<void> counted = store->checkCounts();
            QVERIFY2(counted, counted.error().message.c_str());
            QVERIFY(store->close());
        }
        QVERIFY(folder.number("SELECT count(*) FROM twins") > 0);
    }
};

QTEST_GUILESS_MAIN(TestStoreTwins)
#include "test_store_twins.moc"
