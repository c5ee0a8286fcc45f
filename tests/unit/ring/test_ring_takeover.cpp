// Checks the model that the token search relies on against replica sets that are worked out in full.
#include "shared/base/random.h"
#include "shared/ring/fair_share.h"
#include "shared/ring/takeover.h"

#include <QtTest>

#include <algorithm>
#include <numeric>

using namespace quoit;
using namespace quoit::ring;

class TestRingTakeover : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tokenCoversWhatTheModelSays_data();
    void tokenCoversWhatTheModelSays();
    void severalTokensCoverTheUnionOfTheirRuns();
    void equalNodesDeserveEqualLoads();
    void fairLoadsFollowWeightsUpToWhatANodeCanHold();
    void fairLoadsRespectZones();
};

namespace {

/// A ring of some nodes, and one that joins: the last in `zones`.
struct Scene
{
    std::vector<NodeIndex> ownerAt;
    ZoneTable zones;      // with the newcomer
    ZoneTable zonesThere; // without
    std::uint32_t replicaCount = 3;

    NodeIndex newcomer() const { return static_cast<NodeIndex>(zones.zoneOf.size() - 1); }
    std::uint32_t partitionCount() const { return static_cast<std::uint32_t>(ownerAt.size()); }
    std::uint32_t setSize() const { return std::min<std::uint32_t>(replicaCount, newcomer() + 1); }
    std::uint32_t setSizeThere() const { return std::min<std::uint32_t>(replicaCount, newcomer()); }
};

/// @param zoneCount 0: no zones
Scene randomScene(Random& random, std::uint64_t nodeCount, std::uint64_t zoneCount)
{
    Scene scene;
    scene.replicaCount = 1 + static_cast<std::uint32_t>(random.below(5));
    scene.ownerAt.assign(64, nobody);
    const auto randomZone = [&] { return zoneCount == 0 ? std::string() : std::to_string(random.below(zoneCount)); };
    for (NodeIndex node = 0; node < nodeCount; ++node) {
        const std::string zone = randomZone();
        scene.zones.add(zone);
        scene.zonesThere.add(zone);
        for (int token = 0; token < 4; ++token)
            scene.ownerAt[random.below(64)] = node;
        scene.ownerAt[node * 7 % 64] = node;
    }
    scene.zones.add(randomZone());
    // Later nodes may have overwritten a node's tokens: everybody needs one.
    for (NodeIndex node = 0; node < nodeCount; ++node) {
        if (std::find(scene.ownerAt.begin(), scene.ownerAt.end(), node) == scene.ownerAt.end())
            return randomScene(random, nodeCount, zoneCount);
    }
    return scene;
}

using Sets = std::vector<NodeIndex>;

bool holds(const Sets& sets, std::uint32_t setSize, PartitionIndex partition, NodeIndex node)
{
    const auto begin = sets.begin() + partition * setSize;
    return std::find(begin, begin + setSize, node) != begin + setSize;
}

/// Compares the model with the truth when the newcomer gets these tokens.
void compare(const Scene& scene, const Takeover& takeover, const std::vector<PartitionIndex>& tokens)
{
    std::vector<NodeIndex> ownerAt = scene.ownerAt;
    std::vector<bool> covered(scene.partitionCount());
    for (const PartitionIndex token : tokens) {
        ownerAt[token] = scene.newcomer();
        for (std::uint32_t back = 0; back < takeover.covered(token); ++back)
            covered[(token + scene.partitionCount() - back) % scene.partitionCount()] = true;
    }
    const std::uint32_t setSize = scene.setSize();
    const Sets after = replicaSets(ownerAt, scene.zones, setSize);
    std::vector<std::int64_t> loads(takeover.loads().begin(), takeover.loads().end());
    loads.push_back(0);
    std::vector<std::int64_t> truth(loads.size());
    for (PartitionIndex partition = 0; partition < scene.partitionCount(); ++partition) {
        QCOMPARE(holds(after, setSize, partition, scene.newcomer()), bool(covered[partition]));
        const Stretch& stretch = takeover.stretches()[takeover.stretchAt(partition)];
        if (covered[partition]) {
            ++loads.back();
            if (stretch.loser != nobody)
                --loads[stretch.loser];
            QVERIFY(stretch.loser == nobody || !holds(after, setSize, partition, stretch.loser));
        }
        for (std::uint32_t place = 0; place < setSize; ++place)
            ++truth[after[partition * setSize + place]];
    }
    QCOMPARE(loads, truth);
}

/// Nobody but the newcomer holds what it didn't hold before.
void verifyOnlyNewcomerGains(const Scene& scene, PartitionIndex token)
{
    std::vector<NodeIndex> ownerAt = scene.ownerAt;
    const Sets before = replicaSets(ownerAt, scene.zonesThere, scene.setSizeThere());
    ownerAt[token] = scene.newcomer();
    const Sets after = replicaSets(ownerAt, scene.zones, scene.setSize());
    for (PartitionIndex partition = 0; partition < scene.partitionCount(); ++partition) {
        for (NodeIndex node = 0; node < scene.newcomer(); ++node) {
            if (holds(after, scene.setSize(), partition, node))
                QVERIFY(holds(before, scene.setSizeThere(), partition, node));
        }
    }
}

} // namespace

void TestRingTakeover::tokenCoversWhatTheModelSays_data()
{
    QTest::addColumn<int>("zoneCount");
    QTest::newRow("no zones") << 0;
    QTest::newRow("one zone") << 1;
    QTest::newRow("two zones") << 2;
    QTest::newRow("five zones") << 5;
}

void TestRingTakeover::tokenCoversWhatTheModelSays()
{
    QFETCH(int, zoneCount);
    Random random(3);
    for (int round = 0; round < 40; ++round) {
        const Scene scene = randomScene(random, 1 + random.below(9), std::uint64_t(zoneCount));
        const Takeover takeover(scene.ownerAt, scene.zones, scene.setSize());
        for (PartitionIndex token = 0; token < scene.partitionCount(); ++token) {
            if (scene.ownerAt[token] != nobody)
                continue;
            compare(scene, takeover, {token});
            verifyOnlyNewcomerGains(scene, token);
            if (QTest::currentTestFailed())
                return;
        }
    }
}

void TestRingTakeover::severalTokensCoverTheUnionOfTheirRuns()
{
    Random random(4);
    for (int round = 0; round < 500; ++round) {
        const Scene scene = randomScene(random, 1 + random.below(9), random.below(4));
        const Takeover takeover(scene.ownerAt, scene.zones, scene.setSize());
        std::vector<PartitionIndex> tokens;
        for (PartitionIndex token = 0; token < scene.partitionCount(); ++token) {
            if (scene.ownerAt[token] == nobody && random.chance(0.15))
                tokens.push_back(token);
        }
        compare(scene, takeover, tokens);
        if (QTest::currentTestFailed())
            return;
    }
}

namespace {

std::vector<double> inPartitions(const std::vector<std::uint64_t>& loads)
{
    std::vector<double> result;
    for (const std::uint64_t load : loads)
        result.push_back(std::round(static_cast<double>(load) / fairUnit));
    return result;
}

ZoneTable zonesOf(const std::vector<std::string>& names)
{
    ZoneTable zones;
    for (const std::string& name : names)
        zones.add(name);
    return zones;
}

using Doubles = std::vector<double>;

} // namespace

void TestRingTakeover::equalNodesDeserveEqualLoads()
{
    QCOMPARE(inPartitions(fairLoads({1, 1, 1, 1}, zonesOf({"", "", "", ""}), 1024, 3)), (Doubles{768, 768, 768, 768}));
    QCOMPARE(inPartitions(fairLoads({2, 2, 2}, zonesOf({"", "", ""}), 1024, 3)), (Doubles{1024, 1024, 1024}));
}

void TestRingTakeover::fairLoadsFollowWeightsUpToWhatANodeCanHold()
{
    const ZoneTable none = zonesOf({"", "", "", ""});
    QCOMPARE(inPartitions(fairLoads({1, 2, 3, 2}, none, 1024, 2)), (Doubles{256, 512, 768, 512}));
    // 6 of 9 would be more than every partition once: the others share the rest.
    QCOMPARE(inPartitions(fairLoads({1, 1, 1, 6}, none, 1024, 2)), (Doubles{341, 341, 341, 1024}));
}

void TestRingTakeover::fairLoadsRespectZones()
{
    // Three zones, three replicas: each zone holds everything once.
    QCOMPARE(inPartitions(fairLoads({1, 1, 1, 1}, zonesOf({"a", "a", "b", "c"}), 1024, 3)),
             (Doubles{512, 512, 1024, 1024}));
    // Two zones, three replicas: b must hold everything, a's four nodes share the rest.
    QCOMPARE(inPartitions(fairLoads({1, 1, 1, 1, 1}, zonesOf({"a", "a", "a", "a", "b"}), 1024, 3)),
             (Doubles{512, 512, 512, 512, 1024}));
    // Four zones, three replicas: a's two nodes would deserve 2/5 of all replicas, but a zone can hold a third at most.
    QCOMPARE(inPartitions(fairLoads({1, 1, 1, 1, 1}, zonesOf({"a", "a", "b", "c", "d"}), 1024, 3)),
             (Doubles{512, 512, 683, 683, 683}));
}

QTEST_APPLESS_MAIN(TestRingTakeover)
#include "test_ring_takeover.moc"
