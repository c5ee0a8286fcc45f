// Tests of what survives: records, promises, map, hints and identity over a reopening, order, and several batches in
// one commit.
#include "tests/unit/store/store_fixture.h"

#include <QtTest>

using namespace quoit;
using namespace quoit::test;

class TestStoreDurability : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void recordsSurviveReopening();
    void partitionStatesHintsAndMapSurviveReopening();
    void eachOpeningRaisesTheIncarnationAndKeepsTheDiskId();
    void identityIsDurableAtOnceAndFinal();
    void waitingBatchesBecomeOneTransaction();
    void lastStateOfAKeyWins();
    void durableIsReportedAscending();
    void hintsAreReplacedAndRemovedByVersion();
    void countsAreTakenAtTheStart();
    void emptyBatchIsAcknowledged();
    void progressCountsCommitsOverTheWholeLife();
    void commitsWithoutRecordsLeaveNoLogBehind();
    void aLargeRecordIsTheLastOneWhateverTheLogHolds();
};

void TestStoreDurability::recordsSurviveReopening()
{
    Folder folder;
    RecordingListener listener;
    const RecordPtr large = record("large", std::string(300000, 'x'), 3);
    const RecordPtr temporary = record("temporary", "value", 4, 1700000000000);
    const RecordPtr empty = record("empty", "", 5);
    {
        auto store = folder.open(listener);
        QVERIFY2(store, folder.error().message.c_str());
        store->submit(batch(1, {record("a", "1", 1), tombstone("b", 2), large}));
        store->submit(batch(2, {temporary, empty}));
        QVERIFY(listener.waitForDurable(2));
        QVERIFY(store->close());
    }
    auto store = folder.open(listener);
    QVERIFY2(store, folder.error().message.c_str());
    for (const RecordPtr& expected : {record("a", "1", 1), tombstone("b", 2), large, temporary, empty}) {
        const RecordPtr found = store->find(positionOf(expected->key), expected->key);
        QVERIFY(found);
        QVERIFY(*found == *expected);
    }
    QVERIFY(!store->find(positionOf("nowhere"), "nowhere"));
    QCOMPARE(listener.failures(), 0);
}

/// Large ones go to their table past the log, small ones through it, in both orders, folded between and not.
void TestStoreDurability::aLargeRecordIsTheLastOneWhateverTheLogHolds()
{
    Folder folder;
    RecordingListener listener;
    SqliteStoreOptions options = folder.options(0);
    options.directBytes = 1000;
    for (const std::uint64_t logBytes : {std::uint64_t(300), std::uint64_t(1024 * 1024)}) {
        options.logBytes = logBytes;
        std::map<std::string, RecordPtr> last;
        Random random(logBytes);
        {
            auto store = folder.open(listener, options);
            QVERIFY2(store, folder.error().message.c_str());
            for (PersistSequence sequence = 1; sequence <= 300; ++sequence) {
                const std::string key = "k" + std::to_string(random.below(10));
                last[key] = record(key, std::string(random.chance(0.5) ? 2000 : 5, 'v'), logBytes + sequence);
                store->submit(batch(sequence, {last[key]}));
                if (random.chance(0.7))
                    QVERIFY(store->flush());
            }
            QVERIFY(store->flush());
            for (const auto& [name, expected] : last)
                QVERIFY(*store->find(positionOf(name), name) == *expected);
            QVERIFY(store->close());
        }
        auto store = folder.open(listener, options);
        QVERIFY2(store, folder.error().message.c_str());
        for (const auto& [name, expected] : last) {
            const RecordPtr found = store->find(positionOf(name), name);
            QVERIFY(found && *found == *expected);
        }
    }
    QCOMPARE(listener.failures(), 0);
}

void TestStoreDurability::partitionStatesHintsAndMapSurviveReopening()
{
    Folder folder;
    RecordingListener listener;
    const PartitionState first{3, {2, 9, 4}, version(77)};
    const PartitionState second{15, {1, 1, 1}, {}};
    const Hint hint{2, positionOf("k"), "k", version(5)};
    {
        auto store = folder.open(listener);
        QVERIFY(store);
        QVERIFY(!store->state().map);
        QVERIFY(store->state().counts.empty());
        PersistBatch one;
        one.sequence = 1;
        one.partitions = {{3, {1, 1, 1}, {}}, second};
        one.map = makeMap(4);
        store->submit(std::move(one));
        PersistBatch two;
        two.sequence = 2;
        two.partitions = {first};
        two.hintsAdded = {hint};
        two.peers = {{2, 7, UINT64_MAX, 900}, {3, 1, 2, 3}};
        store->submit(std::move(two));
        PersistBatch three;
        three.sequence = 3;
        three.peers = {{3, 2, 4, 0}};
        store->submit(std::move(three));
        QVERIFY(listener.waitForDurable(3));
    }
    auto store = folder.open(listener);
    QVERIFY(store);
    const StoredState& state = store->state();
    QCOMPARE(state.peers, (std::vector<PeerMark>{{2, 7, UINT64_MAX, 900}, {3, 2, 4, 0}}));
    QVERIFY(state.map);
    QVERIFY(state.map->parts() == makeMap(4)->parts());
    QCOMPARE(state.counts.size(), std::size_t(16));
    QCOMPARE(state.hints, std::vector<Hint>{hint});
    QCOMPARE(state.partitions.size(), std::size_t(2));
    for (const PartitionState& expected : {first, second}) {
        const PartitionState& found = state.partitions[state.partitions[0].partition == expected.partition ? 0 : 1];
        QCOMPARE(found.partition, expected.partition);
        QVERIFY(found.promised == expected.promised);
        QVERIFY(found.floor == expected.floor);
    }
}

void TestStoreDurability::eachOpeningRaisesTheIncarnationAndKeepsTheDiskId()
{
    Folder folder;
    Folder other;
    RecordingListener listener;
    std::string diskId;
    for (std::uint64_t start = 1; start <= 3; ++start) {
        auto store = folder.open(listener);
        QVERIFY(store);
        QCOMPARE(store->state().identity.incarnation, start);
        QCOMPARE(store->state().identity.node, noNode);
        QCOMPARE(store->state().identity.diskId.size(), std::size_t(36));
        if (!diskId.empty())
            QCOMPARE(store->state().identity.diskId, diskId);
        diskId = store->state().identity.diskId;
    }
    auto store = other.open(listener);
    QVERIFY(store);
    QVERIFY(store->state().identity.diskId != diskId);
}

void TestStoreDurability::identityIsDurableAtOnceAndFinal()
{
    Folder folder;
    RecordingListener listener;
    {
        auto store = folder.open(listener);
        QVERIFY(store);
        QVERIFY(store->setIdentity(2, makeMap()));
        QCOMPARE(store->state().identity.node, NodeId(2));
        QVERIFY(store->state().map);
        QCOMPARE(store->state().counts.size(), std::size_t(16));
    }
    auto store = folder.open(listener);
    QVERIFY(store);
    QCOMPARE(store->state().identity.node, NodeId(2));
    QVERIFY(store->state().map);
    const Result<void> second = store->setIdentity(3, makeMap());
    QVERIFY(!second);
    QVERIFY(second.error().code == ErrorCode::AlreadyExists);
    QVERIFY(store->setIdentity(2, makeMap(2)));
}

void TestStoreDurability::waitingBatchesBecomeOneTransaction()
{
    Folder folder;
    RecordingListener listener;
    auto store = folder.open(listener);
    QVERIFY(store);
    // The first batch keeps the writer busy for long enough that those behind it must gather.
    std::vector<RecordPtr> many;
    for (int i = 0; i < 20000; ++i)
        many.push_back(record("bulk" + std::to_string(i), std::string(100, 'v'), 1));
    store->submit(batch(1, std::move(many)));
    for (PersistSequence sequence = 2; sequence <= 500; ++sequence)
        store->submit(batch(sequence, {record("key" + std::to_string(sequence), "v", sequence)}));
    QVERIFY(store->queuedBytes() > 0);
    QVERIFY(store->flush());
    QCOMPARE(listener.durableUpTo(), PersistSequence(500));
    const StoreStatistics statistics = store->statistics();
    QCOMPARE(statistics.batches, std::uint64_t(500));
    QVERIFY2(statistics.transactions < 100, std::to_string(statistics.transactions).c_str());
    QCOMPARE(statistics.commitLatency.count(), statistics.transactions);
    QCOMPARE(statistics.recordsSubmitted, std::uint64_t(20499));
    QCOMPARE(statistics.queuedBatches, std::uint64_t(0));
    QCOMPARE(store->queuedBytes(), std::uint64_t(0));
    QVERIFY(statistics.fileBytes > 20000 * 100);
}

void TestStoreDurability::lastStateOfAKeyWins()
{
    Folder folder;
    RecordingListener listener;
    {
        auto store = folder.open(listener);
        QVERIFY(store);
        PersistBatch twice = batch(1, {record("k", "old", 1), record("k", "middle", 2)});
        store->submit(std::move(twice));
        for (PersistSequence sequence = 2; sequence <= 200; ++sequence)
            store->submit(batch(sequence, {record("k", "value" + std::to_string(sequence), sequence)}));
        QVERIFY(store->flush());
        const StoreStatistics statistics = store->statistics();
        QCOMPARE(statistics.recordsSubmitted, std::uint64_t(201));
        QVERIFY(statistics.recordsWritten < statistics.recordsSubmitted); // keys did meet in a transaction
    }
    auto store = folder.open(listener);
    QVERIFY(store);
    QCOMPARE(store->find(positionOf("k"), "k")->value, std::string("value200"));
}

void TestStoreDurability::durableIsReportedAscending()
{
    Folder folder;
    RecordingListener listener;
    auto store = folder.open(listener);
    QVERIFY(store);
    for (PersistSequence sequence = 1; sequence <= 300; ++sequence) {
        store->submit(batch(sequence * 10, {record("k" + std::to_string(sequence % 7), "v", sequence)}));
        if (sequence % 50 == 0)
            QVERIFY(listener.waitForDurable(sequence * 10));
    }
    QVERIFY(store->close());
    QCOMPARE(listener.durableUpTo(), PersistSequence(3000));
    QVERIFY(listener.ascending());
}

void TestStoreDurability::hintsAreReplacedAndRemovedByVersion()
{
    Folder folder;
    RecordingListener listener;
    const auto hint = [](NodeId node, const char* key, std::uint64_t sequence) {
        return Hint{node, positionOf(key), key, version(sequence)};
    };
    {
        auto store = folder.open(listener);
        QVERIFY(store);
        PersistBatch one;
        one.sequence = 1;
        one.hintsAdded = {hint(1, "stays", 5), hint(1, "goes", 5), hint(2, "goes", 5), hint(1, "replaced", 1)};
        store->submit(std::move(one));
        QVERIFY(store->flush());
        PersistBatch two;
        two.sequence = 2;
        two.hintsRemoved = {hint(1, "stays", 4), hint(1, "goes", 5)};
        two.hintsAdded = {hint(1, "replaced", 2), hint(3, "brief", 9)};
        store->submit(std::move(two));
        PersistBatch three;
        three.sequence = 3;
        three.hintsRemoved = {hint(3, "brief", 9), hint(1, "replaced", 1)};
        store->submit(std::move(three));
        QVERIFY(store->flush());
    }
    auto store = folder.open(listener);
    QVERIFY(store);
    std::vector<Hint> found = store->state().hints;
    std::sort(found.begin(), found.end(),
              [](const Hint& a, const Hint& b) { return std::tie(a.key, a.node) < std::tie(b.key, b.node); });
    const std::vector<Hint> expected{hint(2, "goes", 5), hint(1, "replaced", 2), hint(1, "stays", 5)};
    QCOMPARE(found, expected);
}

void TestStoreDurability::countsAreTakenAtTheStart()
{
    Folder folder;
    RecordingListener listener;
    {
        auto store = folder.open(listener);
        QVERIFY(store);
        QVERIFY(store->setIdentity(1, makeMap()));
        store->submit(batch(1, {record("a", "12345", 8), record("{a}b", "1", 9), tombstone("{a}c", 7)}));
        QVERIFY(store->flush());
    }
    auto store = folder.open(listener);
    QVERIFY(store);
    const PartitionIndex partition = partitionOf(positionOf("a"), 16);
    for (PartitionIndex i = 0; i < 16; ++i) {
        const PartitionCounts& counts = store->state().counts[i];
        QCOMPARE(counts.keys, std::uint64_t(i == partition ? 2 : 0));
        QCOMPARE(counts.tombstones, std::uint64_t(i == partition ? 1 : 0));
        QCOMPARE(counts.bytes, std::uint64_t(i == partition ? 1 + 5 + 4 + 1 : 0));
        QVERIFY(counts.highest == (i == partition ? version(9) : Version()));
    }
}

void TestStoreDurability::emptyBatchIsAcknowledged()
{
    Folder folder;
    RecordingListener listener;
    auto store = folder.open(listener);
    QVERIFY(store);
    PersistBatch nothing;
    nothing.sequence = 4;
    store->submit(std::move(nothing));
    QVERIFY(listener.waitForDurable(4));
}

void TestStoreDurability::progressCountsCommitsOverTheWholeLife()
{
    Folder folder;
    std::uint64_t progress = 0;
    for (int start = 0; start < 4; ++start) {
        RecordingListener listener;
        SqliteStoreOptions options = folder.options();
        options.logBytes = start % 2 == 0 ? 100 : 1'000'000; // folded at once, or at the end
        auto store = folder.open(listener, options);
        QVERIFY(store);
        QCOMPARE(store->state().progress, progress);
        if (start == 2)
            continue; // a start alone is no progress
        for (PersistSequence sequence = 1; sequence <= 5; ++sequence) {
            PersistBatch made = batch(sequence, sequence % 2 ? std::vector{record("k", "v", sequence)}
                                                             : std::vector<RecordPtr>());
            made.partitions = {{0, {1, sequence, 1}, {}}};
            store->submit(std::move(made));
            QVERIFY(store->flush());
            QCOMPARE(listener.progress(), ++progress);
        }
        QVERIFY(store->setIdentity(1, makeMap())); // no commit of batches
        QVERIFY(listener.ascending());
    }
    QCOMPARE(progress, std::uint64_t(15));
}

void TestStoreDurability::commitsWithoutRecordsLeaveNoLogBehind()
{
    Folder folder;
    RecordingListener listener;
    SqliteStoreOptions options = folder.options();
    options.logBytes = 1000;
    auto store = folder.open(listener, options);
    QVERIFY(store);
    for (PersistSequence sequence = 1; sequence <= 400; ++sequence) {
        PersistBatch made;
        made.sequence = sequence;
        made.partitions = {{0, {1, sequence, 1}, {}}};
        store->submit(std::move(made));
        if (sequence % 2 == 0)
            QVERIFY(store->flush());
    }
    QVERIFY(listener.waitForDurable(400));
    QVERIFY(store->close());
    QVERIFY(listener.progress() >= 200);
    QCOMPARE(folder.number("SELECT count(*) FROM log"), std::int64_t(0));
}

QTEST_GUILESS_MAIN(TestStoreDurability)
#include "test_store_durability.moc"
