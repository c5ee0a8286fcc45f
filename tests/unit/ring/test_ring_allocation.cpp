#include "shared/ring/token_allocation.h"

#include "shared/base/bytes.h"
#include "shared/base/random.h"

#include <QtTest>

#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <set>

using namespace quoit;

class TestRingAllocation : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void replicasAreEvenAtEveryCountOnTheWay_data();
    void replicasAreEvenAtEveryCountOnTheWay();
    void newcomerAloneGains_data();
    void newcomerAloneGains();
    void newcomerMovesItsShareAndNoMore();
    void tokensOfANodeDontDependOnLaterNodes();
    void loadFollowsWeight();
    void zonesOfEqualCapacityAreEven();
    void additionsRepairWhatRemovalsLeft();
    void everyBoundaryCanBeUsed();
    void tokensAreTheSameInEveryBuild_data();
    void tokensAreTheSameInEveryBuild();
    void impossibleRequestsAreRefused();
    void balanceCountsReplicas();
    void movedShareCountsNewReplicasOnly();
};

namespace {

constexpr double balanceMax = 1.05;

Member memberOf(const NodeToPlace& node, std::vector<PartitionIndex> tokens)
{
    Member member;
    member.id = node.id;
    member.zone = node.zone;
    member.weight = node.weight;
    member.tokens = std::move(tokens);
    return member;
}

/// A cluster that nodes join and leave; every step is a map.
struct Cluster
{
    ClusterMapParts parts;

    explicit Cluster(std::uint32_t partitionCount, std::uint32_t replicaCount = 3, std::uint32_t vnodesPerWeight = 16)
    {
        parts.partitionCount = partitionCount;
        parts.replicaCount = replicaCount;
        parts.vnodesPerWeight = vnodesPerWeight;
    }

    void add(const std::string& zone = {}, double weight = 1)
    {
        const NodeToPlace node{++lastId, zone, weight};
        Result<std::vector<PartitionIndex>> tokens =
            allocateTokensFor(node, parts.members, parts.partitionCount, parts.replicaCount, parts.vnodesPerWeight);
        if (!tokens)
            qFatal("%s", tokens.error().message.c_str());
        parts.members.push_back(memberOf(node, std::move(tokens).value()));
    }

    /// make() checks that the tokens are ascending, free and in range.
    ClusterMapPtr map() const
    {
        Result<ClusterMapPtr> map = ClusterMap::make(parts);
        if (!map)
            qFatal("%s", map.error().message.c_str());
        return std::move(map).value();
    }

    NodeId lastId = 0;
};

std::vector<NodeToPlace> equalNodes(std::uint32_t count)
{
    std::vector<NodeToPlace> nodes;
    for (NodeId id = 1; id <= count; ++id)
        nodes.push_back({.id = id});
    return nodes;
}

std::uint64_t replicasGainedByOthers(const ClusterMap& before, const ClusterMap& after, NodeId newcomer)
{
    std::uint64_t gained = 0;
    for (PartitionIndex partition = 0; partition < after.partitionCount(); ++partition) {
        for (const NodeId node : after.replicas(partition))
            gained += node != newcomer && !before.isReplica(partition, node);
    }
    return gained;
}

} // namespace

void TestRingAllocation::replicasAreEvenAtEveryCountOnTheWay_data()
{
    QTest::addColumn<std::uint32_t>("partitionCount");
    QTest::addColumn<std::uint32_t>("nodeCount");
    QTest::newRow("1024 partitions, up to 50 nodes") << 1024u << 50u;
    QTest::newRow("16384 partitions, up to 100 nodes") << 16384u << 100u;
}

void TestRingAllocation::replicasAreEvenAtEveryCountOnTheWay()
{
    QFETCH(std::uint32_t, partitionCount);
    QFETCH(std::uint32_t, nodeCount);
    Cluster cluster(partitionCount);
    double worst = 0;
    for (std::uint32_t count = 1; count <= nodeCount; ++count) {
        cluster.add();
        QCOMPARE(cluster.parts.members.back().tokens.size(), std::size_t(16));
        if (count < 3)
            continue;
        const double balance = balanceOf(*cluster.map()).maxOverFair;
        worst = std::max(worst, balance);
        QVERIFY2(balance <= balanceMax, qPrintable(QStringLiteral("%1 nodes: %2").arg(count).arg(balance)));
    }
    qInfo("worst largest share / mean: %.4f", worst);
}

void TestRingAllocation::newcomerAloneGains_data()
{
    QTest::addColumn<int>("zoneCount");
    QTest::addColumn<std::uint32_t>("replicaCount");
    for (const int zoneCount : {0, 1, 2, 3, 5}) {
        for (const std::uint32_t replicaCount : {1u, 3u, 5u})
            QTest::addRow("%d zones, %u replicas", zoneCount, replicaCount) << zoneCount << replicaCount;
    }
}

void TestRingAllocation::newcomerAloneGains()
{
    QFETCH(int, zoneCount);
    QFETCH(std::uint32_t, replicaCount);
    Cluster cluster(256, replicaCount, 8);
    ClusterMapPtr before;
    for (int i = 0; i < 14; ++i) {
        cluster.add(zoneCount == 0 ? "" : "zone" + std::to_string(i * 5 % 7 % zoneCount), i % 3 == 0 ? 1.5 : 1);
        const ClusterMapPtr after = cluster.map();
        if (before)
            QCOMPARE(replicasGainedByOthers(*before, *after, cluster.lastId), std::uint64_t(0));
        before = after;
    }
}

void TestRingAllocation::newcomerMovesItsShareAndNoMore()
{
    Cluster cluster(1024);
    for (int i = 0; i < 11; ++i)
        cluster.add();
    const ClusterMapPtr before = cluster.map();
    cluster.add();
    const ClusterMapPtr after = cluster.map();
    const double moved = movedShare(*before, *after);
    QVERIFY2(moved > 0.95 / 12 && moved < 1.05 / 12, qPrintable(QString::number(moved)));
    QCOMPARE(moved, balanceOf(*after).share.back());
}

void TestRingAllocation::tokensOfANodeDontDependOnLaterNodes()
{
    const auto ten = allocateTokens(equalNodes(10), 1024, 3, 16);
    const auto seven = allocateTokens(equalNodes(7), 1024, 3, 16);
    QVERIFY(ten.ok() && seven.ok());
    Cluster oneByOne(1024);
    for (std::size_t i = 0; i < 10; ++i) {
        oneByOne.add();
        QCOMPARE(oneByOne.parts.members[i].tokens, ten.value()[i]);
        if (i < 7)
            QCOMPARE(seven.value()[i], ten.value()[i]);
    }
}

void TestRingAllocation::loadFollowsWeight()
{
    Cluster cluster(4096);
    for (int i = 0; i < 24; ++i) {
        const double weight = i % 3 == 0 ? 2 : i % 3 == 1 ? 1 : 0.5;
        cluster.add({}, weight);
        QCOMPARE(cluster.parts.members.back().tokens.size(), std::size_t(weight * 16));
    }
    const Balance balance = balanceOf(*cluster.map());
    QVERIFY2(balance.maxOverFair <= balanceMax, qPrintable(QString::number(balance.maxOverFair)));
    QVERIFY2(balance.minOverFair >= 0.95, qPrintable(QString::number(balance.minOverFair)));
    QVERIFY(balance.share[0] > 3.7 * balance.share[2] && balance.share[0] < 4.3 * balance.share[2]);
}

void TestRingAllocation::zonesOfEqualCapacityAreEven()
{
    Cluster cluster(1024);
    for (int i = 0; i < 30; ++i)
        cluster.add("zone" + std::to_string(i % 3));
    const ClusterMapPtr map = cluster.map();
    const Balance balance = balanceOf(*map);
    QVERIFY2(balance.maxOverFair <= balanceMax, qPrintable(QString::number(balance.maxOverFair)));
    for (PartitionIndex partition = 0; partition < map->partitionCount(); ++partition) {
        std::set<std::string> zones;
        for (const NodeId node : map->replicas(partition))
            zones.insert(map->member(node)->zone);
        QCOMPARE(zones.size(), std::size_t(3));
    }
}

void TestRingAllocation::additionsRepairWhatRemovalsLeft()
{
    Cluster cluster(1024);
    for (int i = 0; i < 20; ++i)
        cluster.add();
    Random random(5);
    for (int round = 0; round < 10; ++round) {
        auto& members = cluster.parts.members;
        for (int i = 0; i < 2; ++i)
            members.erase(members.begin() + static_cast<std::ptrdiff_t>(random.below(members.size())));
        cluster.add();
        cluster.add();
        const double balance = balanceOf(*cluster.map()).maxOverFair;
        QVERIFY2(balance <= balanceMax, qPrintable(QStringLiteral("round %1: %2").arg(round).arg(balance)));
    }
}

void TestRingAllocation::everyBoundaryCanBeUsed()
{
    const auto all = allocateTokens(equalNodes(4), 16, 3, 4);
    QVERIFY(all.ok());
    std::set<PartitionIndex> tokens;
    for (const std::vector<PartitionIndex>& list : all.value())
        tokens.insert(list.begin(), list.end());
    QCOMPARE(tokens.size(), std::size_t(16));
    QVERIFY(!allocateTokens(equalNodes(5), 16, 3, 4).ok());
}

void TestRingAllocation::tokensAreTheSameInEveryBuild_data()
{
    QTest::addColumn<std::uint32_t>("partitionCount");
    QTest::addColumn<std::uint32_t>("nodeCount");
    QTest::addColumn<bool>("hasZonesAndWeights");
    QTest::addColumn<quint64>("hash");
    QTest::newRow("a first cluster") << 1024u << 5u << false << quint64(0x8254f52ec87880e9);
    QTest::newRow("many nodes") << 16384u << 30u << false << quint64(0xe9149f9580fe9df8);
    QTest::newRow("zones and weights") << 1024u << 12u << true << quint64(0x89af1d4a999c8a65);
}

void TestRingAllocation::tokensAreTheSameInEveryBuild()
{
    QFETCH(std::uint32_t, partitionCount);
    QFETCH(std::uint32_t, nodeCount);
    QFETCH(bool, hasZonesAndWeights);
    QFETCH(quint64, hash);
    std::vector<NodeToPlace> nodes = equalNodes(nodeCount);
    for (NodeToPlace& node : nodes) {
        if (hasZonesAndWeights) {
            node.zone = "zone" + std::to_string(node.id % 4);
            node.weight = 0.7 + 0.1 * (node.id % 9);
        }
    }
    const auto lists = allocateTokens(nodes, partitionCount, 3, 16);
    QVERIFY(lists.ok());
    ByteWriter writer;
    for (const std::vector<PartitionIndex>& list : lists.value()) {
        writer.varint(list.size());
        for (const PartitionIndex token : list)
            writer.varint(token);
    }
    const quint64 actual = XXH3_64bits(writer.bytes.data(), writer.bytes.size());
    QVERIFY2(actual == hash, qPrintable(QStringLiteral("0x%1").arg(actual, 16, 16, QLatin1Char('0'))));
}

void TestRingAllocation::impossibleRequestsAreRefused()
{
    const auto isRefused = [](const auto& result) {
        return !result.ok() && result.error().code == ErrorCode::InvalidArgument && !result.error().message.empty();
    };
    QVERIFY(isRefused(allocateTokens(equalNodes(3), 1000, 3, 16)));
    QVERIFY(isRefused(allocateTokens(equalNodes(3), 0, 3, 16)));
    QVERIFY(isRefused(allocateTokens(equalNodes(3), 0x80000000u, 3, 16)));
    QVERIFY(isRefused(allocateTokens(equalNodes(3), 1024, 0, 16)));
    QVERIFY(isRefused(allocateTokens(equalNodes(3), 1024, 8, 16)));
    QVERIFY(isRefused(allocateTokens(equalNodes(3), 1024, 3, 0)));
    QVERIFY(isRefused(allocateTokens(equalNodes(65), 1024, 3, 16)));
    for (const double weight :
         {0.0, -1.0, 1e300, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
        QVERIFY(isRefused(allocateTokens({{1, {}, weight}}, 1024, 3, 16)));
    const NodeToPlace node{9, {}, 1};
    QVERIFY(isRefused(allocateTokensFor(node, {memberOf({1, {}, 1}, {1024})}, 1024, 3, 16)));
    QVERIFY(isRefused(allocateTokensFor(node, {memberOf({1, {}, 1}, {7, 7})}, 1024, 3, 16)));
    QVERIFY(isRefused(allocateTokensFor(node, {memberOf({1, {}, 1}, {})}, 1024, 3, 16)));
    QVERIFY(isRefused(allocateTokensFor(node, {memberOf({1, {}, 0}, {7})}, 1024, 3, 16)));
}

void TestRingAllocation::balanceCountsReplicas()
{
    Cluster cluster(16, 1);
    cluster.parts.members = {memberOf({1, {}, 1}, {3}), memberOf({2, {}, 3}, {15})};
    const Balance balance = balanceOf(*cluster.map());
    QCOMPARE(balance.share, (std::vector<double>{0.25, 0.75}));
    QVERIFY(qAbs(balance.maxOverFair - 1) < 0.001 && qAbs(balance.minOverFair - 1) < 0.001);
    cluster.parts.members[1].weight = 1;
    QVERIFY(qAbs(balanceOf(*cluster.map()).maxOverFair - 1.5) < 0.001);
    QVERIFY(qAbs(balanceOf(*cluster.map()).minOverFair - 0.5) < 0.001);
}

void TestRingAllocation::movedShareCountsNewReplicasOnly()
{
    Cluster cluster(16, 1);
    cluster.parts.members = {memberOf({1, {}, 1}, {15})};
    const ClusterMapPtr before = cluster.map();
    cluster.parts.members.push_back(memberOf({2, {}, 1}, {3}));
    const ClusterMapPtr after = cluster.map();
    QCOMPARE(movedShare(*before, *after), 0.25);
    QCOMPARE(movedShare(*after, *before), 0.25);
    QCOMPARE(movedShare(*after, *after), 0.0);
}

QTEST_APPLESS_MAIN(TestRingAllocation)
#include "test_ring_allocation.moc"
