// Hash trees: the same records give the same tree, whatever the order of events, and a floor's hash leaves out what it
// must.
#include "node/core/hash_tree.h"
#include "shared/base/random.h"
#include "tests/unit/core/core_fixture.h"

#include <QtTest>

#include <algorithm>
#include <map>

using namespace quoit;

namespace {

constexpr std::uint32_t partitionCount = 16;

/// What a replica holds, by key; and a tree that was told of it.
struct Held
{
    explicit Held(PartitionIndex index)
        : partition(index)
        , trees(partitionCount)
    {
        trees.open(partition, {}, {});
    }

    /// A key of this partition.
    std::string key(std::uint64_t number) const
    {
        std::string key;
        for (std::uint64_t i = 0; key.empty() || partitionOf(positionOf(key), partitionCount) != partition; ++i)
            key = std::to_string(number) + "." + std::to_string(i);
        return key;
    }
    void write(const std::string& key, const Version& version, bool tombstone = false)
    {
        Record record;
        record.key = key;
        record.version = version;
        record.tombstone = tombstone;
        const RecordPtr before = records[key];
        records[key] = makeRecord(record);
        trees.changed(partition, positionOf(key), before.get(), record);
    }
    /// A tree built from a listing, as after a restart.
    HashTrees rebuilt(const Version& floor = {}) const
    {
        HashTrees built(partitionCount);
        built.open(partition, floor, Version{{9, 9, 9}, 9});
        for (const auto& [position, record] : inOrder())
            built.count(partition, position, record->key, record->version, record->tombstone);
        built.countedTo(partition, built.leafLast(partition, treeLeafCount - 1));
        return built;
    }
    std::vector<std::pair<Position, RecordPtr>> inOrder() const
    {
        std::vector<std::pair<Position, RecordPtr>> ordered;
        for (const auto& [key, record] : records)
            ordered.emplace_back(positionOf(key), record);
        std::sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        return ordered;
    }
    std::uint64_t hashBy(const Version& upTo, const Version& floor) const
    {
        std::uint64_t hash = 0;
        for (const auto& [key, record] : records)
            if (record->version <= upTo && !(record->tombstone && record->version <= floor))
                hash ^= HashTrees::hashOf(key, record->version);
        return hash;
    }

    const PartitionIndex partition;
    HashTrees trees;
    std::map<std::string, RecordPtr> records;
};

bool sameTree(const HashTrees& a, const HashTrees& b, PartitionIndex partition)
{
    return a.root(partition) == b.root(partition) && a.leaves(partition) == b.leaves(partition) &&
           a.tombstones(partition) == b.tombstones(partition);
}

Version version(std::uint64_t sequence)
{
    return {{1, 1, 1}, sequence};
}

} // namespace

class TestCoreTree : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void changesAndAListingGiveTheSameTree()
    {
        Random random(7);
        for (const PartitionIndex partition : {0u, 6u, partitionCount - 1}) {
            Held held(partition);
            for (std::uint64_t sequence = 1; sequence <= 500; ++sequence)
                held.write(held.key(random.below(80)), version(sequence), random.chance(0.3));
            QVERIFY(sameTree(held.trees, held.rebuilt(), partition));
            QVERIFY(held.trees.root(partition) != 0);
        }
    }

    void writesDuringTheBuildingCountOnce()
    {
        Random random(8);
        Held held(3);
        for (std::uint64_t sequence = 1; sequence <= 100; ++sequence)
            held.write(held.key(sequence), version(sequence));
        // Another tree of the same records is built a few at a time, while all of them may change.
        HashTrees building(partitionCount);
        building.open(3, {}, version(100));
        std::uint64_t sequence = 100;
        const Position last = building.leafLast(3, treeLeafCount - 1);
        while (!building.isBuilt(3)) {
            std::size_t counted = 0;
            Position covered = last;
            for (const auto& [position, record] : held.inOrder()) {
                if (position < building.buildFrom(3))
                    continue;
                building.count(3, position, record->key, record->version, record->tombstone);
                if (++counted == 7) {
                    covered = position;
                    break;
                }
            }
            building.countedTo(3, covered);
            for (int i = 0; i < 5; ++i) {
                const std::string key = held.key(random.below(150));
                const RecordPtr before = held.records[key];
                held.write(key, version(++sequence), random.chance(0.3));
                building.changed(3, positionOf(key), before.get(), *held.records[key]);
            }
        }
        QVERIFY(sameTree(building, held.trees, 3));
    }

    void aLeafCoversItsPositions()
    {
        const HashTrees trees(partitionCount);
        Position next = 0;
        for (PartitionIndex partition = 0; partition < partitionCount; ++partition)
            for (std::size_t leaf = 0; leaf < treeLeafCount; ++leaf) {
                QCOMPARE(trees.leafFirst(partition, leaf), next);
                next = trees.leafLast(partition, leaf) + 1;
            }
        QCOMPARE(next, Position(0));
    }

    void oneVersionMoreChangesOneLeaf()
    {
        Held a(5), b(5);
        for (std::uint64_t i = 1; i <= 50; ++i) {
            a.write(a.key(i), version(i));
            b.write(b.key(i), version(i));
        }
        QVERIFY(sameTree(a.trees, b.trees, 5));
        b.write(b.key(9), version(51));
        int differing = 0;
        for (std::size_t leaf = 0; leaf < treeLeafCount; ++leaf)
            differing += a.trees.leaves(5)[leaf] != b.trees.leaves(5)[leaf];
        QCOMPARE(differing, 1);
        QVERIFY(a.trees.root(5) != b.trees.root(5));
    }

    void tombstonesAtOrBelowTheFloorAreLeftOut()
    {
        Held dropped(2), kept(2);
        for (std::uint64_t i = 1; i <= 40; ++i)
            for (Held* held : {&dropped, &kept})
                held->write(held->key(i), version(i), i % 2 == 0);
        const Version floor = version(30);
        dropped.trees.floorRaised(2, floor);
        QVERIFY(!sameTree(dropped.trees, kept.trees, 2));
        // Whoever removes them afterwards, or has them still, has the same tree.
        for (auto record = dropped.records.begin(); record != dropped.records.end();) {
            const bool goes = record->second->tombstone && record->second->version <= floor;
            if (goes)
                dropped.trees.removed(2, positionOf(record->first), *record->second);
            record = goes ? dropped.records.erase(record) : std::next(record);
        }
        kept.trees.floorRaised(2, floor);
        QCOMPARE(kept.trees.tombstones(2), std::uint64_t(5));
        QVERIFY(sameTree(dropped.trees, kept.trees, 2));
        QVERIFY(sameTree(dropped.trees, dropped.rebuilt(floor), 2));
    }

    void aFloorBelowWhatIsRememberedBuildsAnew()
    {
        Held held(2);
        for (std::uint64_t i = 1; i <= 200; ++i)
            held.write(held.key(i), version(i), i % 2 == 0);
        held.trees.floorRaised(2, version(20));
        QVERIFY(!held.trees.isBuilt(2));
        QCOMPARE(held.trees.buildFrom(2), firstPosition(2, partitionCount));
    }

    void hashUpToAVersionIsThatOfTheRecordsBelow()
    {
        Random random(9);
        for (int round = 0; round < 50; ++round) {
            Held held(4);
            const std::uint64_t count = 1 + random.below(100);
            for (std::uint64_t sequence = 1; sequence <= count; ++sequence)
                held.write(held.key(random.below(20)), version(sequence), random.chance(0.4));
            int known = 0;
            for (std::uint64_t sequence = 0; sequence <= count; ++sequence) {
                const auto hash = held.trees.hashUpTo(4, version(sequence));
                known += hash.has_value();
                if (hash)
                    QCOMPARE(*hash, held.hashBy(version(sequence), {}));
            }
            QVERIFY(known >= 1); // everything that it has, at least
            const Version floor = version(count);
            held.trees.floorRaised(4, floor);
            QCOMPARE(held.trees.hashUpTo(4, floor).value_or(0), held.hashBy(floor, floor));
        }
    }
};

QTEST_APPLESS_MAIN(TestCoreTree)
#include "test_core_tree.moc"
