#include "console/desktop/ring_geometry.h"
#include "shared/ring/change_plan.h"
#include "tests/console/widgets/ring_fixture.h"

#include <QtTest>

#include <cmath>

using namespace quoit;
using namespace quoit::test;

class TestConsoleRingGeometry : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void arcsCoverTheCircleOnce();
    void arcOfAgreesWithTheOwnersOfAllPartitions();
    void oneTokenOwnsTheWholeCircle();
    void replacementInProgressCoversTheCircleOnce();
    void turnsWrapAround();
    void pointsHitTheBandThatTheyAreIn();
    void boundariesBelongToTheArcThatBeginsThere();
    void walkFindsTheNextTokenOfANode();
    void aggregatedArcsStillCoverTheCircle();
};

namespace {

ClusterMapPtr threeNodes()
{
    return ringOf(16, {{1, 9}, {4, 12}, {7}});
}

} // namespace

void TestConsoleRingGeometry::arcsCoverTheCircleOnce()
{
    const RingGeometry geometry(*threeNodes());
    QCOMPARE(geometry.arcs().size(), std::size_t(5));
    double sum = 0;
    for (const RingArc& arc : geometry.arcs())
        sum += arc.spanTurns;
    QCOMPARE(sum, 1.0);
    // The first arc wraps: 13, 14, 15, 0, 1.
    const RingArc& first = geometry.arcs().front();
    QCOMPARE(first.first, 13u);
    QCOMPARE(first.token, 1u);
    QCOMPARE(first.spanTurns, 5.0 / 16);
    QCOMPARE(geometry.endTurn(0), 2.0 / 16);
    QCOMPARE(geometry.middleTurn(0), 15.5 / 16);
}

void TestConsoleRingGeometry::arcOfAgreesWithTheOwnersOfAllPartitions()
{
    const ClusterMapPtr map = threeNodes();
    const RingGeometry geometry(*map);
    for (PartitionIndex p = 0; p < map->partitionCount(); ++p)
        QCOMPARE(geometry.arcs()[geometry.arcOf(p)].node, map->owner(p));
}

void TestConsoleRingGeometry::oneTokenOwnsTheWholeCircle()
{
    const RingGeometry geometry(*ringOf(16, {{5}}));
    QCOMPARE(geometry.arcs().size(), std::size_t(1));
    QCOMPARE(geometry.arcs()[0].spanTurns, 1.0);
    for (PartitionIndex p = 0; p < 16; ++p)
        QCOMPARE(geometry.arcOf(p), std::size_t(0));
}

void TestConsoleRingGeometry::replacementInProgressCoversTheCircleOnce()
{
    const ClusterMapPtr map = threeNodes();
    ChangeStep replace;
    replace.kind = ChangeStep::Kind::Replace;
    replace.node = 2;
    replace.member.diskId = "new";
    replace.member.name = "new";
    replace.member.clientAddress = "127.0.0.1:7409";
    replace.member.peerAddress = "127.0.0.1:17409";
    const auto change = planChange(*map, {2, {replace}});
    QVERIFY2(change.ok(), change.ok() ? "" : change.error().message.c_str());
    const ClusterMapPtr joint = beginChange(*map, change.value()).value();
    QCOMPARE(joint->members().size(), std::size_t(4)); // the old and the new one own the same tokens
    const RingGeometry geometry(*joint);
    QCOMPARE(geometry.arcs().size(), std::size_t(5));
    double sum = 0;
    for (const RingArc& arc : geometry.arcs())
        sum += arc.spanTurns;
    QCOMPARE(sum, 1.0);
    for (PartitionIndex p = 0; p < 16; ++p)
        QCOMPARE(geometry.arcs()[geometry.arcOf(p)].node, map->owner(p));
}

void TestConsoleRingGeometry::turnsWrapAround()
{
    const RingGeometry geometry(*threeNodes());
    QCOMPARE(geometry.partitionAt(0), 0u);
    QCOMPARE(geometry.partitionAt(1), 0u);
    QCOMPARE(geometry.partitionAt(-1e-20), 0u);
    QCOMPARE(geometry.partitionAt(-0.001), 15u);
    QCOMPARE(geometry.partitionAt(0.9999999), 15u);
    QCOMPARE(geometry.partitionAt(2.5), 8u);
    QCOMPARE(turnOf({0, -1}), 0.0);
    QCOMPARE(turnOf({1, 0}), 0.25);
    QCOMPARE(turnOf({0, 1}), 0.5);
    QCOMPARE(turnOf({-1, 0}), 0.75);
    QCOMPARE(turnOf({0, 0}), 0.0);
    for (const double turn : {0.01, 0.3, 0.62, 0.99})
        QVERIFY(std::abs(turnOf(pointAt(turn, 200)) - turn) < 1e-12);
}

void TestConsoleRingGeometry::pointsHitTheBandThatTheyAreIn()
{
    const RingGeometry geometry(*threeNodes());
    const RingRadii radii = RingRadii::forRadius(300);
    const auto bandAt = [&](double radius) { return geometry.hit(pointAt(0.3, radius), radii).band; };
    QCOMPARE(bandAt(301), RingBand::Outside);
    QCOMPARE(bandAt(299), RingBand::Heat);
    QCOMPARE(bandAt(radii.heatInner - 1), RingBand::Arcs);
    QCOMPARE(bandAt((radii.arcOuter + radii.arcInner) / 2), RingBand::Arcs);
    QCOMPARE(bandAt((radii.stateOuter + radii.stateInner) / 2), RingBand::State);
    QCOMPARE(bandAt(radii.stateInner - 1), RingBand::Inside);
    QCOMPARE(bandAt(0), RingBand::Inside);
    for (const double outer : {24.0, 60.0, 150.0, 900.0}) {
        const RingRadii scaled = RingRadii::forRadius(outer);
        QVERIFY(scaled.heatOuter > scaled.heatInner && scaled.heatInner > scaled.arcOuter);
        QVERIFY(scaled.arcOuter > scaled.arcInner && scaled.arcInner > scaled.stateOuter);
        QVERIFY(scaled.stateOuter > scaled.stateInner && scaled.stateInner > 0);
    }
}

void TestConsoleRingGeometry::boundariesBelongToTheArcThatBeginsThere()
{
    const RingGeometry geometry(*threeNodes());
    const RingRadii radii = RingRadii::forRadius(300);
    const double middle = (radii.arcOuter + radii.arcInner) / 2;
    // Node 1's token 1 ends its arc where partition 2 begins, at turn 2/16; node 2's arc begins there.
    const double boundary = 2.0 / 16;
    const RingHit before = geometry.hit(pointAt(boundary - 1e-6, middle), radii);
    const RingHit after = geometry.hit(pointAt(boundary + 1e-6, middle), radii);
    QCOMPARE(before.partition, 1u);
    QCOMPARE(geometry.arcs()[before.arc].node, NodeId(1));
    QCOMPARE(after.partition, 2u);
    QCOMPARE(geometry.arcs()[after.arc].node, NodeId(2));
    // Both sides of twelve o'clock lie in the arc that wraps.
    QCOMPARE(geometry.hit(pointAt(-1e-6, middle), radii).arc, geometry.hit(pointAt(1e-6, middle), radii).arc);
    QCOMPARE(geometry.hit(pointAt(-1e-6, middle), radii).partition, 15u);
}

void TestConsoleRingGeometry::walkFindsTheNextTokenOfANode()
{
    const RingGeometry geometry(*threeNodes());
    QCOMPARE(geometry.arcs()[*geometry.arcOfNodeFrom(0, 2)].token, 4u);
    QCOMPARE(geometry.arcs()[*geometry.arcOfNodeFrom(5, 2)].token, 12u);
    QCOMPARE(geometry.arcs()[*geometry.arcOfNodeFrom(13, 2)].token, 4u);
    QCOMPARE(geometry.arcs()[*geometry.arcOfNodeFrom(12, 2)].token, 12u);
    QVERIFY(!geometry.arcOfNodeFrom(0, 99));
    QVERIFY(!RingGeometry().arcOfNodeFrom(0, 1));
}

void TestConsoleRingGeometry::aggregatedArcsStillCoverTheCircle()
{
    std::vector<std::vector<PartitionIndex>> tokens(2);
    for (PartitionIndex p = 0; p < 4096; ++p)
        tokens[p % 3 == 0 ? 1 : 0].push_back(p);
    const RingGeometry geometry(*ringOf(4096, tokens));
    QCOMPARE(geometry.aggregated(5000).size(), geometry.arcs().size());
    for (const std::size_t buckets : {std::size_t(1), std::size_t(100), std::size_t(333), std::size_t(1440)}) {
        const std::vector<RingArc> arcs = geometry.aggregated(buckets);
        QVERIFY(!arcs.empty() && arcs.size() <= buckets);
        double reached = 0;
        for (const RingArc& arc : arcs) {
            QVERIFY(std::abs(arc.startTurn - reached) < 1e-9);
            reached = arc.startTurn + arc.spanTurns;
        }
        QVERIFY(std::abs(reached - 1) < 1e-9);
    }
    // Two thirds of every wide bucket are node 1's.
    QCOMPARE(geometry.aggregated(100).size(), std::size_t(1));
}

QTEST_APPLESS_MAIN(TestConsoleRingGeometry)
#include "test_console_ring_geometry.moc"
