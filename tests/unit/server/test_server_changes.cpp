// tests/unit/server/test_server_changes.cpp - what QUOIT.CHANGES tells of a change in progress.
#include "node/server/change_book.h"
#include "shared/ring/token_allocation.h"

#include <QTest>

using namespace quoit;

namespace {

/// Three nodes, and a fourth that joins.
ClusterMapPtr jointMap()
{
    std::vector<NodeToPlace> places;
    for (NodeId id = 1; id <= 3; ++id)
        places.push_back({id, "", 1.0});
    ClusterMapParts parts;
    parts.clusterId = "5f8ab9f2-6c1f-4a35-bb4e-6d7f1c0b2a11";
    parts.revision = 8;
    const auto tokens = allocateTokens(places, parts.partitionCount, parts.replicaCount, parts.vnodesPerWeight).value();
    for (NodeId id = 1; id <= 3; ++id) {
        const std::string text = std::to_string(id);
        parts.members.push_back(
            {id, "disk-" + text, "n" + text, "h:" + text, "p:" + text, "", "", 1.0, tokens[id - 1]});
    }
    const ClusterMapPtr map = ClusterMap::make(std::move(parts)).value();
    ChangeStep join;
    join.member = {noNode, "disk-4", "n4", "h:4", "p:4", "", "", 1.0, {}};
    return beginChange(*map, planChange(*map, {9, {join}}).value()).value();
}

std::uint64_t copiesOf(const ClusterMap& map, NodeId id)
{
    std::uint64_t count = 0;
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition)
        for (const NodeId node : newReplicas(map, partition))
            count += node == id;
    return count;
}

NodeReport reportOf(NodeId id, std::uint64_t toCopy, std::uint64_t copied, std::uint64_t bytes, std::uint64_t revision)
{
    NodeReport report;
    report.id = id;
    report.figures.partitionsToCopy = toCopy;
    report.figures.partitionsCopied = copied;
    report.figures.copiedBytes = bytes;
    report.figures.mapRevision = revision;
    return report;
}

} // namespace

class TestServerChanges : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void figuresOfAnEarlierChangeDontCount()
    {
        const ClusterMapPtr map = jointMap();
        const std::uint64_t expected = copiesOf(*map, 4);
        QVERIFY(expected > 0);
        // Node 2 copied for a change before this one, and hasn't told anything since.
        const ChangesReport report =
            ChangeBook::changes(*map, {reportOf(2, 500, 500, 70'000, 8), reportOf(4, expected, 0, 9000, 8)});
        QCOMPARE(report.partitionsToCopy, expected);
        QCOMPARE(report.partitionsCopied, std::uint64_t(0));
        QCOMPARE(report.bytesCopied, std::uint64_t(0));
        QCOMPARE(report.nodes.size(), std::size_t(1));
        QCOMPARE(report.nodes[0].node, NodeId(4));
    }

    void nodeThatTellsNothingStillHasToCopy()
    {
        const ClusterMapPtr map = jointMap();
        const ChangesReport report = ChangeBook::changes(*map, {});
        QCOMPARE(report.state, std::string("copying"));
        QCOMPARE(report.partitionsToCopy, copiesOf(*map, 4));
        QCOMPARE(report.nodes.size(), std::size_t(1));
    }

    void figuresOfThisChangeCount()
    {
        const ClusterMapPtr map = jointMap();
        const std::uint64_t expected = copiesOf(*map, 4);
        const ChangesReport report = ChangeBook::changes(*map, {reportOf(4, expected, 17, 9000, map->revision())});
        QCOMPARE(report.partitionsToCopy, expected);
        QCOMPARE(report.partitionsCopied, std::uint64_t(17));
        QCOMPARE(report.bytesCopied, std::uint64_t(9000));
    }
};

QTEST_APPLESS_MAIN(TestServerChanges)
#include "test_server_changes.moc"
