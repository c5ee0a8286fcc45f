// How a chosen map reaches all members, and how many are sent for it.
#include "shared/ring/change_plan.h"
#include "tests/unit/core/core_world.h"

#include <QtTest>

using namespace quoit;
using quoit::testing::CoreWorld;

namespace {

constexpr NodeId nodes = 13;
constexpr NodeId proposer = 1;

/// Begins a change: a new epoch, in which everybody asks for promises at once.
void beginChangeOf(CoreWorld& world)
{
    world.changeMap(proposer, [](const ClusterMap& map) -> Result<ClusterMapPtr> {
        ChangeStep leave;
        leave.kind = ChangeStep::Kind::Remove;
        leave.node = nodes;
        Result<RingChange> change = planChange(map, {map.revision() + 1, {leave}});
        return change ? beginChange(map, std::move(change).value()) : Result<ClusterMapPtr>(change.error());
    });
}

bool allChange(CoreWorld& world)
{
    for (NodeId id = 1; id <= nodes; ++id)
        if (!world.core(id).map()->isChanging())
            return false;
    return true;
}

} // namespace

class TestCoreMaps : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    /// Whoever has the map first asks for promises before the others have it. They wait for it; they don't all ask for it.
    void everyMemberGetsTheMapOnce()
    {
        CoreWorld world(nodes);
        world.pass(Milliseconds(5000));
        std::map<NodeId, int> got;
        int requests = 0;
        world.delay = [&](NodeId, NodeId to, const Message& message) {
            requests += std::holds_alternative<MapRequest>(message.body);
            if (!std::holds_alternative<MapPush>(message.body))
                return Microseconds(0);
            ++got[to];
            return Microseconds(10'000); // it is large
        };
        beginChangeOf(world);
        QVERIFY(world.passUntil(Milliseconds(1000), [&] { return allChange(world); }));
        world.pass(Milliseconds(1000));
        QCOMPARE(requests, 0);
        for (NodeId id = 1; id <= nodes; ++id)
            QCOMPARE(got[id], id == proposer ? 0 : 1);
    }

    void whoMissesTheMapAsksForIt()
    {
        CoreWorld world(nodes);
        world.pass(Milliseconds(5000));
        int lost = 0;
        world.loses = [&](NodeId from, NodeId, const Message& message) {
            const bool loses = from == proposer && std::holds_alternative<MapPush>(message.body) && lost < 4;
            lost += loses;
            return loses;
        };
        beginChangeOf(world);
        QVERIFY(world.passUntil(Milliseconds(1000), [&] { return allChange(world); }));
        QCOMPARE(lost, 4); // the whole tree
    }
};

QTEST_GUILESS_MAIN(TestCoreMaps)
#include "test_core_maps.moc"
