// How a chosen map reaches all members, and how many are sent for it.
#include "shared/ring/change_plan.h"
#include "tests/unit/core/core_world.h"

#include <QtTest>

using namespace quoit;
using quoit::testing::CoreWorld;

namespace {

constexpr NodeId nodes = 13;
constexpr NodeId proposer = 1;

/// Begins a change that takes a node away: a new epoch, in which everybody asks for promises at once.
RequestId beginRemovalOf(CoreWorld& world, NodeId leaving)
{
    return world.changeMap(proposer, [leaving](const ClusterMap& map) -> Result<ClusterMapPtr> {
        ChangeStep leave;
        leave.kind = ChangeStep::Kind::Remove;
        leave.node = leaving;
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
        beginRemovalOf(world, nodes);
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
        beginRemovalOf(world, nodes);
        QVERIFY(world.passUntil(Milliseconds(1000), [&] { return allChange(world); }));
        QCOMPARE(lost, 4); // the whole tree
    }

    /// Nobody talks to it any more: what its clients wait for would never be answered. What they ask then neither.
    void aNodeThatIsRemovedAnswersAllItsRequests()
    {
        constexpr NodeId leaving = 4;
        CoreOptions options;
        options.changeTakes = options.leavingTakes = Milliseconds(500); // less than a request's deadline
        CoreWorld world(leaving, options);
        world.pass(Milliseconds(3000));
        const std::string key = world.keyOf(0);
        beginRemovalOf(world, leaving);
        QVERIFY(world.passUntil(Milliseconds(1000), [&] { return world.core(leaving).map()->isChanging(); }));
        world.set(leaving, key, "first"); // so that it knows the home: the next may run
        world.pass(Milliseconds(50));
        world.loses = [](NodeId from, NodeId, const Message& message) {
            return from == leaving && (std::holds_alternative<OperationRequest>(message.body) ||
                                       std::holds_alternative<ReadRequest>(message.body) || std::holds_alternative<ScanRequest>(message.body));
        };
        const RequestId write = world.set(leaving, key, "value");
        const RequestId read = world.get(leaving, key);
        const RequestId second = world.get(leaving, key); // waits for the round after
        const RequestId scan = world.scan(leaving, 0, 10);
        QVERIFY(world.passUntil(Milliseconds(3000), [&] { return world.core(leaving).map()->member(leaving) == nullptr; }));
        world.pass(Milliseconds(10));
        QCOMPARE(world.answers[write].completion.status, CompletionStatus::Unknown);
        QCOMPARE(world.answers[read].completion.status, CompletionStatus::NoQuorum);
        QCOMPARE(world.answers[second].completion.status, CompletionStatus::NoQuorum);
        QVERIFY(world.pages.count(scan) > 0);
        QCOMPARE(world.pages[scan].first.status, CompletionStatus::NoQuorum);
        const RequestId late = world.set(leaving, key, "late");
        QCOMPARE(world.answers[late].completion.status, CompletionStatus::NoQuorum);
        QCOMPARE(world.answers[world.get(leaving, key)].completion.status, CompletionStatus::NoQuorum);
        const std::uint64_t ticks = world.ticks;
        world.pass(Milliseconds(1000));
        QVERIFY2(world.ticks - ticks < 1000, qPrintable(QString::number(world.ticks - ticks)));
    }

    /// What was given up is not done later, when nobody expects it any more.
    void changesThatCannotBeMadeAreGivenUpInTime()
    {
        CoreWorld world(4);
        world.pass(Milliseconds(3000));
        bool isCut = true;
        world.loses = [&](NodeId, NodeId, const Message& message) {
            return isCut && std::holds_alternative<MapPrepareRequest>(message.body);
        };
        std::vector<RequestId> requests;
        for (int i = 0; i < 70; ++i)
            requests.push_back(beginRemovalOf(world, 4));
        QCOMPARE(world.changes.size(), std::size_t(6)); // of more than 64 nobody would know which are meant
        QCOMPARE(world.changes.begin()->second.first.status, CompletionStatus::Busy);
        world.pass(Milliseconds(10'900));
        QCOMPARE(world.changes.size(), requests.size());
        QCOMPARE(world.changes[requests.front()].first.status, CompletionStatus::Unknown); // it has asked
        for (int i = 1; i < 64; ++i) {
            QCOMPARE(world.changes[requests[i]].first.status, CompletionStatus::NoQuorum);
            QVERIFY(!world.changes[requests[i]].first.problem.empty());
        }
        isCut = false;
        world.pass(Milliseconds(5000));
        QCOMPARE(world.core(1).map()->revision(), world.map().revision());
    }
};

QTEST_GUILESS_MAIN(TestCoreMaps)
#include "test_core_maps.moc"
