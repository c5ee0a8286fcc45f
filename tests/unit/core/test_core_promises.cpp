// What whole cores promise in situations that are built by hand: bounded memory, bounded time, nobody in another's way.
#include "shared/ring/position.h"
#include "tests/unit/core/core_world.h"

#include <QtTest>

using namespace quoit;
using quoit::testing::CoreWorld;

class TestCorePromises : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void attemptIsBoundOnlyToWhatTheHomeItselfTells();
    void fullHomeIsNoHome();
    void fullDiskKeepsNoMessages();
    void isolatedNodeLooksSeldom();
    void waitingBehindAReadDoesNotDoubleTheDeadline();
    void scanOverDeletedKeysEndsInTime();
    void keysOfOtherPartitionsDontKeepKeysFromExpiring();
    void keysExpireAlthoughFewAreLookedAtAtOnce();
    void readMendsAReplicaThatMissedADelete();
    void partitionLoadsCountWhatClientsAsk();
    void largeValuesOnSlowLinksAreLateButDone();
    void smallWritesDontWaitForLargeOnes();
    void largeValuesAreFetchedOnceEach();
    void largeValueThatIsLostIsFetchedElsewhere();
    void withoutMajorityNothingIsLeftOpen();
    void withoutMajorityForLongTheAnswerComesAtOnce();
    void replicaThatIsAloneLeavesItToOthers();
    void readsOfACutOffNodeGoThroughTheReplicaThatIsLeft();
};

namespace {

constexpr PartitionIndex somePartition = 0;

std::string setWithTtl(std::int64_t milliseconds)
{
    std::string operation("\x02\x10", 2);
    for (int i = 0; i < 8; ++i)
        operation += static_cast<char>(milliseconds >> (8 * i) & 0xff);
    return operation + "v";
}

RecordPtr recordWith(const std::string& key, std::uint64_t sequence, bool tombstone)
{
    Record record;
    record.key = key;
    record.tombstone = tombstone;
    record.value = tombstone ? "" : "v";
    record.version = {{1, 1, 1}, sequence};
    return makeRecord(record);
}

/// Links carry so many bytes a second; heartbeats wait for nobody.
void limitLinks(CoreWorld& world, std::int64_t bytesPerSecond)
{
    world.delay = [&world, bytesPerSecond, freeUs = std::map<std::pair<NodeId, NodeId>, std::int64_t>()](
                      NodeId from, NodeId to, const Message& message) mutable -> Microseconds {
        std::size_t bytes = 0;
        if (const auto* const request = std::get_if<OperationRequest>(&message.body))
            bytes = request->operation.size();
        else if (const auto* const write = std::get_if<WriteRequest>(&message.body))
            bytes = write->record->value.size();
        else if (const auto* const read = std::get_if<ReadReply>(&message.body); read && read->record)
            bytes = read->record->value.size();
        else
            return Microseconds::zero();
        const std::int64_t nowUs = Microseconds(world.now().monotonic.time_since_epoch()).count();
        std::int64_t& free = freeUs[{from, to}];
        free = std::max(free, nowUs) + static_cast<std::int64_t>(bytes) * 1'000'000 / bytesPerSecond;
        return Microseconds(free - nowUs);
    };
}

} // namespace

/// What others say of a home tells whom to ask. An attempt is bound to what the home itself says: a majority has promised it that (seed 30008326).
void TestCorePromises::attemptIsBoundOnlyToWhatTheHomeItselfTells()
{
    CoreWorld world(4);
    constexpr PartitionIndex partition = 0;
    const NodeId coordinator = world.outsider(partition);
    const std::string key = world.keyOf(partition);
    world.pass(Milliseconds(3000));
    std::optional<std::pair<NodeId, OperationRequest>> asked;
    world.loses = [&](NodeId from, NodeId to, const Message& message) {
        const auto* const request = std::get_if<OperationRequest>(&message.body);
        if (from == coordinator && request)
            asked = {to, *request};
        return request != nullptr;
    };
    const auto answer = [&](NodeId from, const Ballot& home) {
        OperationReply reply;
        reply.id = asked->second.id;
        reply.attempt = asked->second.attempt;
        reply.outcome = OperationOutcome::NotBound;
        reply.ballot = home;
        asked.reset();
        world.core(coordinator).receive(world.now(), from, {world.map().epoch(), std::move(reply)});
        return world.passUntil(Milliseconds(500), [&] { return asked.has_value(); });
    };
    world.set(coordinator, key, "v");
    QVERIFY(asked && asked->second.believed.isNone());
    const NodeId home = world.map().replicas(partition)[1];
    const Ballot ballot{world.map().epoch(), 99, home};
    QVERIFY(answer(world.map().replicas(partition)[2], ballot));
    QCOMPARE(asked->first, home);
    QVERIFY(asked->second.believed.isNone());
    QVERIFY(answer(home, ballot));
    QCOMPARE(asked->first, home);
    QVERIFY(asked->second.believed == ballot);
}

void TestCorePromises::fullHomeIsNoHome()
{
    CoreWorld world(4);
    const auto replicas = world.map().replicas(somePartition);
    const NodeId coordinator = world.outsider(somePartition);
    world.pass(10s);
    const RequestId before = world.set(coordinator, world.keyOf(somePartition), "v");
    QVERIFY(world.passUntil(1s, [&] { return world.answers.count(before) > 0; }));
    world.setDiskSpace(replicas[0], DiskSpace::None);
    world.pass(200ms);
    const std::uint64_t turnedAway = world.core(replicas[1]).counters().notBound;
    const RequestId after = world.set(coordinator, world.keyOf(somePartition), "w");
    QVERIFY(world.passUntil(6s, [&] { return world.answers.count(after) > 0; }));
    QCOMPARE(int(world.answers[after].completion.status), int(CompletionStatus::Done));
    QVERIFY2(world.answers[after].took <= 10ms, std::to_string(world.answers[after].took.count()).c_str());
    // Once, to be told of the new ballot; not until the request insists.
    QCOMPARE(world.core(replicas[1]).counters().notBound, turnedAway + 1);
}

void TestCorePromises::fullDiskKeepsNoMessages()
{
    CoreWorld world(4);
    const NodeId full = world.map().replicas(somePartition)[0];
    const NodeId coordinator = world.outsider(somePartition);
    world.pass(10s);
    const auto write = [&](int first, int count) {
        for (int i = first; i < first + count; ++i) {
            world.set(coordinator, world.keyOf(somePartition, i), "v");
            world.pass(5ms);
        }
    };
    world.setDiskSpace(full, DiskSpace::None);
    write(0, 200);
    const std::size_t early = world.core(full).sizes().held;
    write(200, 600);
    QVERIFY2(world.core(full).sizes().held <= early + 20,
             (std::to_string(early) + ", then " + std::to_string(world.core(full).sizes().held)).c_str());
    for (const auto& [request, answer] : world.answers)
        QCOMPARE(int(answer.completion.status), int(CompletionStatus::Done));
}

void TestCorePromises::isolatedNodeLooksSeldom()
{
    CoreWorld world(4);
    const NodeId alone = world.outsider(somePartition);
    world.pass(3s);
    for (NodeId id = 1; id <= 4; ++id)
        if (id != alone)
            world.split(alone, id);
    for (int i = 0; i < 1000; ++i)
        world.set(alone, world.keyOf(somePartition), "v");
    const std::uint64_t before = world.ticks;
    world.pass(5100ms);
    QCOMPARE(world.answers.size(), std::size_t(1000));
    QVERIFY2(world.ticks - before < 150'000, std::to_string(world.ticks - before).c_str());
}

void TestCorePromises::waitingBehindAReadDoesNotDoubleTheDeadline()
{
    CoreWorld world(4);
    const NodeId coordinator = world.outsider(somePartition);
    const std::string key = world.keyOf(somePartition);
    world.pass(3s);
    world.loses = [&](NodeId from, NodeId to, const Message& message) {
        return !std::holds_alternative<Heartbeat>(message.body) && (from == coordinator || to == coordinator);
    };
    const RequestId first = world.get(coordinator, key);
    world.pass(100ms);
    const RequestId second = world.get(coordinator, key);
    world.pass(30s);
    for (const RequestId request : {first, second}) {
        QCOMPARE(int(world.answers[request].completion.status), int(CompletionStatus::NoQuorum));
        QVERIFY2(world.answers[request].took <= 5100ms, std::to_string(world.answers[request].took.count()).c_str());
    }
}

void TestCorePromises::scanOverDeletedKeysEndsInTime()
{
    CoreWorld world(3);
    world.pass(3s);
    constexpr int deletedCount = 100'000;
    for (int i = 0; i < deletedCount; ++i) {
        const RecordPtr record = recordWith("gone" + std::to_string(i), std::uint64_t(i + 1), true);
        for (NodeId id = 1; id <= 3; ++id)
            world.records(id).put(record);
    }
    Position next = 0;
    int pages = 0;
    do {
        const RequestId request = world.scan(1, next, 10);
        QVERIFY(world.passUntil(6s, [&] { return world.pages.count(request) > 0; }));
        const auto& [page, took] = world.pages[request];
        QCOMPARE(int(page.status), int(CompletionStatus::Done));
        QVERIFY2(took <= 1s, std::to_string(took.count()).c_str());
        QVERIFY(page.next == 0 || page.next > next);
        next = page.next;
        QVERIFY(++pages < 20);
    } while (next != 0);
}

void TestCorePromises::keysOfOtherPartitionsDontKeepKeysFromExpiring()
{
    CoreWorld world(5);
    world.pass(6s);
    // One partition loses its majority, another doesn't, and one node has both and is preferred for the second.
    PartitionIndex dead = 99;
    PartitionIndex living = 99;
    NodeId shared = noNode;
    const auto lost = [&](PartitionIndex p) { return world.map().isReplica(p, 1) + world.map().isReplica(p, 2); };
    for (PartitionIndex a = 0; a < 16; ++a)
        for (PartitionIndex b = 0; b < 16; ++b)
            if (lost(a) == 2 && lost(b) < 2 && world.map().replicas(b)[0] > 2 &&
                world.map().isReplica(a, world.map().replicas(b)[0]))
                dead = a, living = b, shared = world.map().replicas(b)[0];
    QVERIFY(shared != noNode);
    for (int i = 0; i < 150; ++i) {
        world.submit(shared, world.keyOf(dead, i), setWithTtl(2000));
        world.pass(5ms);
    }
    world.crash(1);
    world.crash(2);
    world.pass(1s);
    for (int i = 0; i < 10; ++i) {
        world.submit(shared, world.keyOf(living, i), setWithTtl(2000));
        world.pass(5ms);
    }
    world.pass(10s);
    for (int i = 0; i < 10; ++i) {
        const std::string key = world.keyOf(living, i);
        const RecordPtr record = world.records(shared).find(positionOf(key), key);
        QVERIFY(!record || record->tombstone);
    }
    const RecordPtr stuck = world.records(shared).find(positionOf(world.keyOf(dead)), world.keyOf(dead));
    QVERIFY(stuck && !stuck->tombstone); // else nothing stood in the way
}

/// Most looks find keys of other homes only.
void TestCorePromises::keysExpireAlthoughFewAreLookedAtAtOnce()
{
    CoreOptions options;
    options.expiry = {1, 1, Microseconds(10)};
    CoreWorld world(3, options);
    world.pass(3s);
    std::vector<std::string> keys;
    for (PartitionIndex partition = 0; partition < 16; ++partition)
        for (int i = 0; i < 4; ++i)
            keys.push_back(world.keyOf(partition, i));
    for (const std::string& key : keys) {
        world.submit(1, key, setWithTtl(2000));
        world.pass(5ms);
    }
    world.pass(5s);
    std::uint64_t counted = 0;
    std::uint64_t inVain = 0;
    std::uint64_t cut = 0;
    for (NodeId id = 1; id <= 3; ++id) {
        for (const std::string& key : keys) {
            const RecordPtr record = world.records(id).find(positionOf(key), key);
            QVERIFY(!record || record->tombstone);
        }
        counted += world.core(id).counters().expired;
        inVain += world.core(id).counters().expiryLooksInVain;
        cut += world.core(id).counters().expiryCut;
    }
    QCOMPARE(counted, std::uint64_t(keys.size())); // each is told once
    QVERIFY(inVain > 0);
    QVERIFY(cut > 0);
}

void TestCorePromises::readMendsAReplicaThatMissedADelete()
{
    CoreWorld world(3);
    world.pass(3s);
    const std::string key = world.keyOf(somePartition);
    const RecordPtr value = recordWith(key, 1, false);
    const RecordPtr deleted = recordWith(key, 2, true);
    world.records(1).put(deleted);
    world.records(2).put(deleted);
    world.records(3).put(value);
    for (NodeId id = 1; id <= 3; ++id) {
        world.get(id, key);
        world.pass(500ms);
    }
    const RecordPtr mended = world.records(3).find(positionOf(key), key);
    QVERIFY(mended && mended->tombstone);
}

void TestCorePromises::partitionLoadsCountWhatClientsAsk()
{
    CoreWorld world(4);
    world.pass(1s);
    const NodeId coordinator = world.outsider(somePartition);
    const std::string key = world.keyOf(somePartition);
    const RequestId written = world.set(coordinator, key, "v");
    QVERIFY(world.passUntil(1s, [&] { return world.answers.count(written) > 0; }));
    for (const Level level : {Level::Quorum, Level::Quorum, Level::One, Level::All}) { // the second one shares a round with the first
        world.get(coordinator, key, level);
        world.get(world.map().replicas(somePartition)[0], key, level);
    }
    QVERIFY(world.passUntil(1s, [&] { return world.answers.size() == 9; }));
    std::vector<std::uint32_t> expected(world.map().partitionCount());
    expected[somePartition] = 5;
    QCOMPARE(world.core(coordinator).takePartitionLoads(), expected);
    expected[somePartition] = 4;
    QCOMPARE(world.core(world.map().replicas(somePartition)[0]).takePartitionLoads(), expected);
    expected[somePartition] = 0;
    QCOMPARE(world.core(coordinator).takePartitionLoads(), expected);
    QCOMPARE(world.core(world.map().replicas(somePartition)[1]).takePartitionLoads(), expected);
}

void TestCorePromises::largeValuesOnSlowLinksAreLateButDone()
{
    CoreWorld world(4);
    world.pass(6s);
    limitLinks(world, 8 << 20);
    const std::uint64_t takeovers = world.core(1).counters().takeovers + world.core(2).counters().takeovers;
    const std::string value(4 << 20, 'x');
    constexpr int count = 40;
    for (int i = 0; i < count; ++i)
        world.set(i % 4 + 1, "large " + std::to_string(i), value);
    QVERIFY(world.passUntil(60s, [&] { return world.answers.size() == count; }));
    for (const auto& [request, answer] : world.answers)
        QCOMPARE(int(answer.completion.status), int(CompletionStatus::Done));
    QCOMPARE(world.core(1).counters().takeovers + world.core(2).counters().takeovers, takeovers);
    for (NodeId id = 1; id <= 4; ++id)
        QCOMPARE(world.core(id).sizes().operations, std::size_t(0));
}

void TestCorePromises::smallWritesDontWaitForLargeOnes()
{
    CoreWorld world(3);
    world.pass(6s);
    const std::string value(10 << 20, 'x');
    std::vector<RequestId> large;
    for (int i = 0; i < 8; ++i)
        large.push_back(world.set(1, "large " + std::to_string(i), value));
    const RequestId small = world.set(1, "small", "v");
    QVERIFY(world.passUntil(1s, [&] { return world.answers.count(small) > 0; }));
    QVERIFY(world.answers.count(large.back()) == 0);
    QVERIFY(world.passUntil(10s, [&] { return world.answers.size() == 9; }));
}

void TestCorePromises::largeValuesAreFetchedOnceEach()
{
    CoreWorld world(4);
    world.pass(6s);
    const NodeId coordinator = world.outsider(somePartition);
    constexpr int count = 20;
    for (int i = 0; i < count; ++i)
        world.set(coordinator, world.keyOf(somePartition, i), std::string(4 << 20, 'x'));
    QVERIFY(world.passUntil(10s, [&] { return world.answers.size() == count; }));
    world.pass(1s);
    limitLinks(world, 8 << 20);
    int fetched = 0;
    world.loses = [&](NodeId, NodeId to, const Message& message) {
        const auto* const reply = std::get_if<ReadReply>(&message.body);
        fetched += to == coordinator && reply && reply->record;
        return false;
    };
    world.answers.clear();
    for (int i = 0; i < count; ++i)
        world.get(coordinator, world.keyOf(somePartition, i), i % 2 == 0 ? Level::Quorum : Level::One);
    QVERIFY(world.passUntil(30s, [&] { return world.answers.size() == count; }));
    for (const auto& [request, answer] : world.answers) {
        QCOMPARE(int(answer.completion.status), int(CompletionStatus::Done));
        QCOMPARE(answer.completion.record->value.size(), std::size_t(4 << 20));
    }
    QCOMPARE(fetched, count);
}

void TestCorePromises::largeValueThatIsLostIsFetchedElsewhere()
{
    for (const Level level : {Level::Quorum, Level::One, Level::All}) {
        CoreWorld world(4);
        world.pass(6s);
        const NodeId coordinator = world.outsider(somePartition);
        const std::string key = world.keyOf(somePartition);
        const RequestId write = world.set(coordinator, key, std::string(1 << 20, 'x'));
        QVERIFY(world.passUntil(1s, [&] { return world.answers.count(write) > 0; }));
        world.pass(1s);
        NodeId silent = noNode;
        world.loses = [&](NodeId from, NodeId, const Message& message) {
            const auto* const reply = std::get_if<ReadReply>(&message.body);
            if (reply && reply->record && silent == noNode)
                silent = from;
            return reply && reply->record && from == silent;
        };
        const RequestId read = world.get(coordinator, key, level);
        QVERIFY(world.passUntil(2s, [&] { return world.answers.count(read) > 0; }));
        QCOMPARE(int(world.answers[read].completion.status), int(CompletionStatus::Done));
        QVERIFY(silent != noNode);
    }
}

void TestCorePromises::withoutMajorityNothingIsLeftOpen()
{
    CoreWorld world(3);
    world.pass(6s);
    const NodeId left = world.map().replicas(somePartition)[0];
    for (NodeId id = 1; id <= 3; ++id)
        if (id != left)
            world.crash(id);
    const RequestId request = world.set(left, world.keyOf(somePartition), "v");
    QVERIFY(world.passUntil(6s, [&] { return world.answers.count(request) > 0; }));
    QCOMPARE(int(world.answers[request].completion.status), int(CompletionStatus::NoQuorum));
}

void TestCorePromises::withoutMajorityForLongTheAnswerComesAtOnce()
{
    CoreWorld world(4);
    world.pass(6s);
    const auto replicas = world.map().replicas(somePartition);
    world.crash(replicas[1]);
    world.crash(replicas[2]);
    world.pass(11s);
    const std::string key = world.keyOf(somePartition);
    const RequestId write = world.set(replicas[0], key, "v");
    const RequestId read = world.get(replicas[0], key);
    const RequestId stale = world.get(replicas[0], key, Level::One);
    QVERIFY(world.passUntil(100ms, [&] { return world.answers.size() == 3; }));
    QCOMPARE(int(world.answers[write].completion.status), int(CompletionStatus::NoQuorum));
    QCOMPARE(int(world.answers[read].completion.status), int(CompletionStatus::NoQuorum));
    QCOMPARE(int(world.answers[stale].completion.status), int(CompletionStatus::Done));
    // Who has no copy is told by the replica that is left.
    const NodeId outsider = world.outsider(somePartition);
    const RequestId writeElsewhere = world.set(outsider, key, "v");
    const RequestId readElsewhere = world.get(outsider, key);
    QVERIFY(world.passUntil(500ms, [&] { return world.answers.count(writeElsewhere) > 0 && world.answers.count(readElsewhere) > 0; }));
    QCOMPARE(int(world.answers[writeElsewhere].completion.status), int(CompletionStatus::NoQuorum));
    QCOMPARE(int(world.answers[readElsewhere].completion.status), int(CompletionStatus::NoQuorum));
    // Nobody can look at all keys, and both know.
    for (const NodeId at : {replicas[0], outsider}) {
        const RequestId scan = world.scan(at, positionOf(key), 10);
        QVERIFY(world.passUntil(500ms, [&] { return world.pages.count(scan) > 0; }));
        QCOMPARE(int(world.pages[scan].first.status), int(CompletionStatus::NoQuorum));
    }
}

void TestCorePromises::replicaThatIsAloneLeavesItToOthers()
{
    CoreWorld world(4);
    world.pass(6s);
    const auto replicas = world.map().replicas(somePartition);
    const std::string key = world.keyOf(somePartition);
    world.split(replicas[0], replicas[1]);
    world.split(replicas[0], replicas[2]);
    world.pass(11s);
    const NodeId outsider = world.outsider(somePartition); // reaches all three
    const RequestId write = world.set(outsider, key, "v");
    const RequestId read = world.get(outsider, key);
    QVERIFY(world.passUntil(1s, [&] { return world.answers.count(write) > 0 && world.answers.count(read) > 0; }));
    QCOMPARE(int(world.answers[write].completion.status), int(CompletionStatus::Done));
    QCOMPARE(int(world.answers[read].completion.status), int(CompletionStatus::Done));
}

void TestCorePromises::readsOfACutOffNodeGoThroughTheReplicaThatIsLeft()
{
    CoreWorld world(4);
    world.pass(6s);
    const auto replicas = world.map().replicas(somePartition);
    const std::string key = world.keyOf(somePartition);
    const NodeId outsider = world.outsider(somePartition);
    world.set(outsider, key, "v");
    world.split(outsider, replicas[1]);
    world.split(outsider, replicas[2]);
    world.pass(11s);
    const RequestId read = world.get(outsider, key);
    QVERIFY(world.passUntil(1s, [&] { return world.answers.count(read) > 0; }));
    QCOMPARE(int(world.answers[read].completion.status), int(CompletionStatus::Done));
    QVERIFY(world.answers[read].completion.record);
    QCOMPARE(world.answers[read].completion.record->value, std::string("v"));
}

QTEST_GUILESS_MAIN(TestCorePromises)
#include "test_core_promises.moc"
