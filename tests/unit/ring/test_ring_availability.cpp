// tests/unit/ring/test_ring_availability.cpp - which partitions lose their majority with which nodes.
#include "shared/ring/availability.h"
#include "shared/ring/change_plan.h"
#include "shared/ring/token_allocation.h"

#include <QTest>

using namespace quoit;

namespace {

ClusterMapPtr mapOf(std::uint32_t nodes, std::uint32_t replicas, bool hasZones = false)
{
    std::vector<NodeToPlace> places;
    for (NodeId id = 1; id <= nodes; ++id)
        places.push_back({id, hasZones ? "zone-" + std::to_string(id % 3) : std::string(), 1.0});
    ClusterMapParts parts;
    parts.clusterId = "5f8ab9f2-6c1f-4a35-bb4e-6d7f1c0b2a11";
    parts.replicaCount = replicas;
    const auto tokens = allocateTokens(places, parts.partitionCount, replicas, parts.vnodesPerWeight).value();
    for (NodeId id = 1; id <= nodes; ++id) {
        const std::string text = std::to_string(id);
        parts.members.push_back(
            {id, "disk-" + text, "n" + text, "h:" + text, "p:" + text, "", places[id - 1].zone, 1.0, tokens[id - 1]});
    }
    return ClusterMap::make(std::move(parts)).value();
}

} // namespace

class TestRingAvailability : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nothingIsMissingWhileAllAreUp()
    {
        const Availability all = availabilityWithout(*mapOf(5, 3), {});
        QCOMPARE(all.partitions.size(), std::size_t(1024));
        QCOMPARE(all.partitionsBelowStrength, 0u);
        QCOMPARE(all.partitionsWithoutMajority, 0u);
    }

    void oneOfThreeReplicasCostsStrengthAndNoMajority()
    {
        const ClusterMapPtr map = mapOf(5, 3);
        const NodeId down[] = {2, 99};
        const Availability without = availabilityWithout(*map, down);
        QCOMPARE(without.partitionsWithoutMajority, 0u);
        std::uint32_t held = 0;
        for (PartitionIndex p = 0; p < map->partitionCount(); ++p) {
            held += map->isReplica(p, 2);
            QCOMPARE(without.partitions[p] == Strength::Below, map->isReplica(p, 2));
        }
        QCOMPARE(without.partitionsBelowStrength, held);
    }

    void twoNodesTakeTheMajorityOfWhatTheyShare()
    {
        const ClusterMapPtr map = mapOf(5, 3);
        const NodeId down[] = {4, 1};
        const Availability without = availabilityWithout(*map, down);
        std::uint32_t shared = 0;
        for (PartitionIndex p = 0; p < map->partitionCount(); ++p)
            shared += map->isReplica(p, 1) && map->isReplica(p, 4);
        QVERIFY(shared > 0);
        QCOMPARE(without.partitionsWithoutMajority, shared);
        const ClusterMapPtr five = mapOf(5, 5);
        QCOMPARE(availabilityWithout(*five, down).partitionsWithoutMajority, 0u);
    }

    void wholeZoneCostsNoMajorityWhereThereAreThree()
    {
        const ClusterMapPtr map = mapOf(6, 3, true);
        const NodeId zone[] = {1, 4};
        QCOMPARE(availabilityWithout(*map, zone).partitionsWithoutMajority, 0u);
        QCOMPARE(availabilityWithout(*map, zone).partitionsBelowStrength, 1024u);
        const NodeId across[] = {1, 2};
        QVERIFY(availabilityWithout(*map, across).partitionsWithoutMajority > 0);
    }

    void changeNeedsBothMajorities()
    {
        const ClusterMapPtr map = mapOf(3, 3);
        ChangeStep join;
        join.member = {noNode, "disk-4", "n4", "h:4", "p:4", "", "", 1.0, {}};
        const ClusterMapPtr joint = beginChange(*map, planChange(*map, {2, {join}}).value()).value();
        const NodeId oldAndNew[] = {1, 4};
        std::uint32_t expected = 0;
        for (PartitionIndex p = 0; p < joint->partitionCount(); ++p) {
            std::size_t missing = 0;
            for (const NodeId node : joint->after(p))
                missing += node == 1 || node == 4;
            expected += missing >= 2; // before the change only node 1 of three is missing
        }
        QVERIFY(expected > 0);
        QCOMPARE(availabilityWithout(*joint, oldAndNew).partitionsWithoutMajority, expected);
    }
};

QTEST_APPLESS_MAIN(TestRingAvailability)
#include "test_ring_availability.moc"
