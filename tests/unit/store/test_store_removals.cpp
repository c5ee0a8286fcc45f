// Tests of removals: a record that is no longer needed is gone, at once and after every kind of end, unless something
// newer is there.
#include "tests/unit/store/store_fixture.h"

#include <QtTest>

#include <set>

using namespace quoit;
using namespace quoit::test;

namespace {

Removal removal(const std::string& key, std::uint64_t sequence)
{
    return {positionOf(key), key, version(sequence)};
}

PersistBatch removals(PersistSequence sequence, std::vector<Removal> removals)
{
    PersistBatch made;
    made.sequence = sequence;
    made.removals = std::move(removals);
    return made;
}

std::set<std::string> listed(Store& store)
{
    std::set<std::string> keys;
    for (const RecordSummary& record : store.list(0, ~Position(0), 1000))
        keys.insert(record.key);
    return keys;
}

} // namespace

class TestStoreRemovals : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void aRemovedRecordIsGoneAtOnceAndAfterReopening()
    {
        Folder folder;
        RecordingListener listener;
        {
            auto store = folder.open(listener);
            QVERIFY2(store, folder.error().message.c_str());
            store->submit(batch(1, {record("a", "1", 1), tombstone("b", 2), tombstone("c", 3)}));
            store->submit(removals(2, {removal("b", 2)}));
            QVERIFY(!store->find(positionOf("b"), "b"));
            QCOMPARE(listed(*store), (std::set<std::string>{"a", "c"}));
            QVERIFY(listener.waitForDurable(2));
            QVERIFY(!store->find(positionOf("b"), "b"));
            QVERIFY(store->close());
        }
        auto store = folder.open(listener);
        QVERIFY2(store, folder.error().message.c_str());
        QVERIFY(!store->find(positionOf("b"), "b"));
        QCOMPARE(listed(*store), (std::set<std::string>{"a", "c"}));
        store->submit(removals(1, {removal("c", 3)})); // from the table, not from the log
        QVERIFY(!store->find(positionOf("c"), "c"));
        QVERIFY(store->close());
        store.reset();
        auto again = folder.open(listener);
        QVERIFY2(again, folder.error().message.c_str());
        QCOMPARE(listed(*again), std::set<std::string>{"a"});
    }

    void whatIsNewerStays()
    {
        Folder folder;
        RecordingListener listener;
        for (const bool inOneBatch : {false, true}) {
            auto store = folder.open(listener);
            QVERIFY2(store, folder.error().message.c_str());
            PersistBatch first = batch(1, {record("k", "newer", 5), tombstone("gone", 4)});
            if (inOneBatch)
                first.removals = {removal("k", 4), removal("gone", 4)};
            store->submit(std::move(first));
            if (!inOneBatch)
                store->submit(removals(2, {removal("k", 4), removal("gone", 4)}));
            QVERIFY(store->find(positionOf("k"), "k"));
            QCOMPARE(listed(*store), std::set<std::string>{"k"});
            QVERIFY(store->close());
        }
        auto store = folder.open(listener);
        QVERIFY2(store, folder.error().message.c_str());
        store->submit(removals(1, {removal("k", 4)})); // the newer one is in the table
        QVERIFY(store->find(positionOf("k"), "k"));
        QVERIFY(store->close());
        store.reset();
        auto again = folder.open(listener);
        QVERIFY2(again, folder.error().message.c_str());
        QCOMPARE(listed(*again), std::set<std::string>{"k"});
    }

    void aKeyMayComeBackInTheSameBatch()
    {
        Folder folder;
        RecordingListener listener;
        {
            auto store = folder.open(listener);
            QVERIFY2(store, folder.error().message.c_str());
            store->submit(batch(1, {tombstone("k", 1)}));
            PersistBatch both = batch(2, {record("k", "again", 2)});
            both.removals = {removal("k", 1)};
            store->submit(std::move(both));
            QCOMPARE(store->find(positionOf("k"), "k")->value, std::string("again"));
            QVERIFY(store->close());
        }
        auto store = folder.open(listener);
        QVERIFY2(store, folder.error().message.c_str());
        QCOMPARE(store->find(positionOf("k"), "k")->value, std::string("again"));
    }

    void nothingIsCountedOfWhatIsGone()
    {
        Folder folder;
        RecordingListener listener;
        const ClusterMapPtr map = makeMap();
        {
            auto store = folder.open(listener);
            QVERIFY2(store, folder.error().message.c_str());
            QVERIFY(store->setIdentity(1, map));
            store->submit(batch(1, {record("a", "1", 1), tombstone("b", 2)}));
            store->submit(removals(2, {removal("b", 2)}));
            QVERIFY(store->close());
        }
        auto store = folder.open(listener);
        QVERIFY2(store, folder.error().message.c_str());
        std::uint64_t keys = 0, tombstones = 0;
        for (const PartitionCounts& counts : store->state().counts) {
            keys += counts.keys;
            tombstones += counts.tombstones;
        }
        QCOMPARE(keys, std::uint64_t(1));
        QCOMPARE(tombstones, std::uint64_t(0));
    }

    void removalOfNothingDoesNothing()
    {
        Folder folder;
        RecordingListener listener;
        auto store = folder.open(listener);
        QVERIFY2(store, folder.error().message.c_str());
        store->submit(removals(1, {removal("nowhere", 1)}));
        QVERIFY(listener.waitForDurable(1));
        QVERIFY(!store->find(positionOf("nowhere"), "nowhere"));
        QVERIFY(store->close());
        QCOMPARE(listener.failures(), 0);
    }
};

QTEST_GUILESS_MAIN(TestStoreRemovals)
#include "test_store_removals.moc"
