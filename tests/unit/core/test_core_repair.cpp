// Comparison of replicas and floors, with whole cores: what they mend and drop, and when.
#include "shared/ring/change_plan.h"
#include "shared/ring/position.h"
#include "tests/unit/core/core_world.h"

#include <QtTest>

using namespace quoit;
using quoit::testing::CoreWorld;
using quoit::testing::StoredRecords;

namespace {

CoreOptions withoutHints()
{
    CoreOptions options;
    options.hintsMax = 0; // what a replica misses is found by comparison or not at all
    options.repair.round = Milliseconds(2000);
    return options;
}

/// Node 1 of three that has just been started, with records in all of its 16 partitions.
class RestartedCore
{
public:
    RestartedCore(const CoreOptions& options, int recordsPerPartition)
        : m_world(3)
        , m_now(m_world.now())
    {
        StoredState state;
        state.identity = {"disk", 1, 2};
        state.map = m_world.core(1).map();
        for (PartitionIndex partition = 0; partition < 16; ++partition) {
            PartitionCounts counts;
            for (int i = 0; i < recordsPerPartition; ++i) {
                Record record;
                const std::string key = m_world.keyOf(partition, i);
                record.key = key;
                record.version = counts.highest = {{1, 1, 1}, static_cast<std::uint64_t>(i + 1)};
                m_records.put(makeRecord(record));
                ++counts.keys;
            }
            state.counts.push_back(counts);
        }
        m_core = std::make_unique<Core>(options, state, m_records, m_logic, 1, m_now);
    }

    /// When the first turn is over.
    std::uint64_t builtAtFirst()
    {
        for (int tries = 0; tries < 500 && m_core->repairState().treesBuilt == 0; ++tries)
            builtAfter(Milliseconds(10));
        return m_core->repairState().treesBuilt;
    }
    std::uint64_t builtAfter(Milliseconds time)
    {
        for (const TimePoint end = m_now.monotonic + time; m_now.monotonic < end; m_now.monotonic += Milliseconds(10)) {
            m_core->tick(m_now);
            m_core->takeEffects();
        }
        return m_core->repairState().treesBuilt;
    }

private:
    CoreWorld m_world;
    StoredRecords m_records;
    CommandLogic m_logic;
    Now m_now;
    std::unique_ptr<Core> m_core;
};

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

    /// After a start: however many partitions there are, a turn is for records.
    void treesOfSmallPartitionsAreBuiltTogether()
    {
        CoreOptions options;
        options.repair.upkeepPause = Milliseconds(500);
        RestartedCore three(options, 3); // 48 records
        QCOMPARE(three.builtAtFirst(), std::uint64_t(16));
        options.repair.pageRecords = 4;
        RestartedCore few(options, 3);
        QCOMPARE(few.builtAtFirst(), std::uint64_t(2)); // with the first one the page isn't full
        QCOMPARE(few.builtAfter(Milliseconds(500)), std::uint64_t(4));
    }

    /// Partitions that come one after the other needn't wait as long as all of them together.
    void aPartitionThatGetsAnotherHomeIsComparedSoon()
    {
        CoreOptions options;
        options.handBackAfter = Milliseconds(300);
        CoreWorld world(4, options);
        constexpr PartitionIndex partition = 0;
        const NodeId preferred = world.map().replicas(partition)[0];
        const auto unknown = [&](NodeId home) {
            std::uint64_t left = 0;
            for (const PeerRepair& peer : world.core(home).repairState().peers)
                left += peer.partitions - peer.compared;
            return left;
        };
        world.pass(Milliseconds(30'000));
        QCOMPARE(unknown(preferred), std::uint64_t(0));
        world.setDiskSpace(preferred, DiskSpace::None); // others are home instead
        world.set(world.outsider(partition), world.keyOf(partition), "v");
        world.pass(Milliseconds(500));
        world.setDiskSpace(preferred, DiskSpace::Ample);
        QVERIFY(world.passUntil(Milliseconds(10'000), [&] { return unknown(preferred) > 0; })); // it is home again
        QVERIFY(world.passUntil(Milliseconds(2500), [&] { return unknown(preferred) == 0; }));
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
