// Comparison of replicas and floors, with whole cores: what they mend and drop, and when.
#include "shared/ring/change_plan.h"
#include "shared/ring/position.h"
#include "tests/unit/core/core_world.h"

#include <QtTest>

using namespace quoit;
using quoit::testing::CoreWorld;

namespace {

CoreOptions withoutHints()
{
    CoreOptions options;
    options.hintsMax = 0; // what a replica misses is found by comparison or not at all
    options.repair.round = Milliseconds(2000);
    return options;
}

ChangeStep leaveOf(NodeId node)
{
    ChangeStep step;
    step.kind = ChangeStep::Kind::Leave;
    step.node = node;
    return step;
}

} // namespace

class TestCoreRepair : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    /// A change that waits for a dead newcomer may wait for days.
    void replicasThatStayAreComparedWhileAChangeWaits()
    {
        CoreWorld world(5, withoutHints());
        const ClusterMap& map = world.map();
        constexpr PartitionIndex partition = 0;
        const auto replicas = map.replicas(partition);
        const NodeId home = replicas[0];
        const NodeId stays = replicas[1];
        const NodeId leaves = replicas[2];
        const ClusterMapPtr changing = beginChange(map, planChange(map, {map.revision() + 1, {leaveOf(leaves)}}).value()).value();
        const std::vector<NodeId> newcomers = newReplicas(*changing, partition);
        QCOMPARE(newcomers.size(), std::size_t(1));
        world.pass(Milliseconds(5000)); // all are at work

        const std::string key = world.keyOf(partition);
        world.loses = [&](NodeId, NodeId to, const Message& message) {
            return to == stays && (std::get_if<WriteRequest>(&message.body) || std::get_if<LearnRequest>(&message.body));
        };
        const RequestId set = world.set(home, key, "v");
        QVERIFY(world.passUntil(Milliseconds(1000), [&] { return world.answers.count(set) > 0; }));
        QVERIFY(world.answers.at(set).completion.status == CompletionStatus::Done);
        world.crash(newcomers[0]);
        world.changeMap(home, [&](const ClusterMap&) -> Result<ClusterMapPtr> { return changing; });
        QVERIFY(world.passUntil(Milliseconds(3000), [&] { return world.core(home).map()->isMoving(partition); }));
        QVERIFY(!world.records(stays).find(positionOf(key), key));

        world.loses = nullptr;
        QVERIFY(world.passUntil(Milliseconds(60'000), [&] { return world.records(stays).find(positionOf(key), key) != nullptr; }));
        QVERIFY(world.core(home).map()->isMoving(partition)); // and it waits still
    }

    void firstFloorWaitsAsLongAsARequestMayTake()
    {
        CoreOptions options;
        QVERIFY(options.problem().empty());
        options.repair.floorAfter = options.requestDeadline - Milliseconds(1);
        QVERIFY(!options.problem().empty());
        options.repair.floorsBeforeRetries = true;
        QVERIFY(options.problem().empty());
    }

    /// Its tombstone shows that it was carried out (seed 4611173).
    void retryOfADeleteIsKnownAfterTheHomeHasMoved()
    {
        CoreOptions options;
        options.handBackAfter = Milliseconds(300);
        options.requestDeadline = options.repair.floorAfter = Milliseconds(8000);
        CoreWorld world(4, options);
        constexpr PartitionIndex partition = 0;
        const NodeId preferred = world.map().replicas(partition)[0];
        const NodeId deputy = world.map().replicas(partition)[1];
        const NodeId coordinator = world.outsider(partition);
        const std::string key = world.keyOf(partition);
        world.pass(Milliseconds(5000));
        world.setDiskSpace(preferred, DiskSpace::None); // so the deputy is home
        world.pass(Milliseconds(500));
        const RequestId set = world.set(coordinator, key, "v");
        QVERIFY(world.passUntil(Milliseconds(3000), [&] { return world.answers.count(set) > 0; }));
        world.setDiskSpace(preferred, DiskSpace::Ample);

        world.loses = [&](NodeId from, NodeId to, const Message& message) {
            const auto* const request = std::get_if<OperationRequest>(&message.body);
            return (request && request->retry) || (to == coordinator && std::get_if<OperationReply>(&message.body)) ||
                   (from == deputy && std::get_if<FloorRequest>(&message.body));
        };
        const RequestId deletion = world.submit(coordinator, key, std::string(1, '\x05'));
        world.passUntil(Milliseconds(3000), [&] { return world.core(deputy).floorOf(partition).ballot.node == preferred; });
        QVERIFY(world.answers.count(deletion) == 0);
        world.loses = nullptr;
        QVERIFY(world.passUntil(Milliseconds(6000), [&] { return world.answers.count(deletion) > 0; }));
        QVERIFY(world.answers.at(deletion).completion.status == CompletionStatus::Done);
        QVERIFY(world.passUntil(Milliseconds(30'000), [&] { return world.core(deputy).floorOf(partition).ballot.node == preferred; }));
        QVERIFY(world.passUntil(Milliseconds(1000), [&] { return !world.records(deputy).find(positionOf(key), key); })); // it goes all the same
    }
};

QTEST_GUILESS_MAIN(TestCoreRepair)
#include "test_core_repair.moc"
