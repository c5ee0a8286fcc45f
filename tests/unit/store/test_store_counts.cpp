// Tests of what a start finds without going through all records: the counts of partitions are those of the records after every kind of
// change, and no key is missed while the presence filter is built.
#include "node/store/partition_counter.h"
#include "tests/unit/store/store_fixture.h"

#include <QtTest>

using namespace quoit;
using namespace quoit::test;

namespace {

std::string keyOf(std::uint64_t number)
{
    return "key" + std::to_string(number);
}

/// Whatever records may meet: new, written again, shorter, longer, large ones past the log, tombstones, removals.
PersistBatch anything(PersistSequence sequence, Random& random)
{
    PersistBatch made;
    for (std::uint64_t i = random.below(20); i > 0; --i) {
        const std::uint64_t version = sequence * 100 + i;
        const std::string key = keyOf(random.below(300));
        if (random.chance(0.2))
            made.records.emplace_back(positionOf(key), tombstone(key, version));
        else
            made.records.emplace_back(positionOf(key), record(key, std::string(random.chance(0.1) ? 9000 : random.below(50), 'v'), version));
    }
    for (std::uint64_t i = random.below(5); i > 0; --i) {
        const std::string key = keyOf(random.below(300));
        made.removals.push_back({positionOf(key), key, version(sequence * 100 - random.below(300))});
    }
    made.sequence = sequence;
    return made;
}

std::uint64_t keysIn(const StoredState& state)
{
    std::uint64_t keys = 0;
    for (const PartitionCounts& counts : state.counts)
        keys += counts.keys;
    return keys;
}

} // namespace

class TestStoreCounts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void countsAreThoseOfTheRecords()
    {
        Folder folder;
        SqliteStoreOptions options = folder.options();
        options.logBytes = 20'000; // several generations
        Random random(5);
        PersistSequence sequence = 0;
        for (int life = 0; life < 8; ++life) {
            RecordingListener listener;
            auto store = folder.open(listener, options);
            QVERIFY2(store, folder.error().message.c_str());
            const Result<void> counted = store->checkCounts();
            QVERIFY2(counted, counted.error().message.c_str());
            if (life == 0)
                QVERIFY(store->setIdentity(1, makeMap()));
            else
                QVERIFY(keysIn(store->state()) > 50);
            for (int i = 0; i < 60; ++i)
                store->submit(anything(++sequence, random));
            QVERIFY(listener.waitForDurable(sequence));
        }
    }

    void noKeyIsMissedWhileTheFilterIsBuilt()
    {
        Folder folder;
        RecordingListener listener;
        constexpr std::uint64_t keys = 30'000;
        {
            auto store = folder.open(listener);
            QVERIFY2(store, folder.error().message.c_str());
            QVERIFY(store->setIdentity(1, makeMap()));
            for (PersistSequence sequence = 1; sequence <= keys / 100; ++sequence) {
                std::vector<RecordPtr> records;
                for (std::uint64_t i = 0; i < 100; ++i)
                    records.push_back(record(keyOf((sequence - 1) * 100 + i), "v", sequence));
                store->submit(batch(sequence, std::move(records)));
            }
            QVERIFY(store->close());
        }
        SqliteStoreOptions options = folder.options(10'000); // lookups go to the disk
        options.builtAtOnce = 0;
        auto store = folder.open(listener, options);
        QVERIFY2(store, folder.error().message.c_str());
        QCOMPARE(keysIn(store->state()), keys);
        store->submit(batch(1, {record("new", "v", 1000)}));
        for (std::uint64_t i = 0; i < keys; ++i)
            QVERIFY(store->find(positionOf(keyOf(i)), keyOf(i)));
        QVERIFY(store->find(positionOf("new"), "new"));
        // Once it is built, absent keys are known without the disk again.
        std::uint64_t absent = 0;
        const auto filters = [&] {
            const std::string key = "never" + std::to_string(++absent);
            static_cast<void>(store->find(positionOf(key), key));
            return store->statistics().filteredLookups > 0;
        };
        QTRY_VERIFY_WITH_TIMEOUT(filters(), 60'000);
        for (std::uint64_t i = 0; i < keys; i += 7)
            QVERIFY(store->find(positionOf(keyOf(i)), keyOf(i)));
    }
};

QTEST_GUILESS_MAIN(TestStoreCounts)

#include "test_store_counts.moc"
