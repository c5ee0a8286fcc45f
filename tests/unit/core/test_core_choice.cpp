// Which replica a read asks: the choice alone, and whole cores with a replica that is slow.
#include "node/core/replica_choice.h"
#include "tests/unit/core/core_world.h"

#include <QtTest>

#include <algorithm>

using namespace quoit;
using quoit::testing::CoreWorld;

class TestCoreChoice : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void onlyEligibleNodesArePicked();
    void loadSpreadsOverEquals();
    void slowNodeIsAvoidedAndTriedAgain();
    void queueCounts();
    void givenUpQuestionsTeach();
    void hedgesFollowThePercentile();
    void hedgesKeepTheirBudget();
    void readsAvoidASlowReplica_data();
    void readsAvoidASlowReplica();
};

namespace {

constexpr std::array<NodeId, 3> nodes = {1, 2, 3};

TimePoint at(Microseconds time)
{
    return TimePoint(time);
}

bool any(NodeId)
{
    return true;
}

int timesPicked(const ReplicaChoice& choice, NodeId node, TimePoint now)
{
    Random random(4);
    int count = 0;
    for (int i = 0; i < 300; ++i)
        count += choice.pick(nodes, any, random, now) == node;
    return count;
}

} // namespace

void TestCoreChoice::onlyEligibleNodesArePicked()
{
    ReplicaChoice choice(20ms);
    Random random(1);
    QCOMPARE(choice.pick(nodes, [](NodeId) { return false; }, random, at(0us)), noNode);
    for (int i = 0; i < 20; ++i)
        QCOMPARE(choice.pick(nodes, [](NodeId node) { return node == 2; }, random, at(0us)), NodeId(2));
}

void TestCoreChoice::loadSpreadsOverEquals()
{
    const ReplicaChoice choice(20ms);
    for (const NodeId node : nodes)
        QVERIFY(timesPicked(choice, node, at(0us)) > 60);
}

void TestCoreChoice::slowNodeIsAvoidedAndTriedAgain()
{
    ReplicaChoice choice(20ms);
    for (const NodeId node : nodes) {
        choice.asked(node);
        choice.answered(node, node == 2 ? 50'000us : 400us, at(1s));
    }
    QCOMPARE(timesPicked(choice, 2, at(1s)), 0);
    // The others are asked all the time, and stay what they are.
    for (const NodeId node : {1, 3}) {
        choice.asked(NodeId(node));
        choice.answered(NodeId(node), 400us, at(12s));
    }
    QVERIFY(timesPicked(choice, 2, at(12s)) > 100);
}

void TestCoreChoice::queueCounts()
{
    ReplicaChoice choice(20ms);
    for (const NodeId node : nodes) {
        choice.asked(node);
        choice.answered(node, 400us, at(0us));
    }
    for (int i = 0; i < 5; ++i)
        choice.asked(3);
    QCOMPARE(choice.cost(3, at(0us)), std::uint64_t(6 * 400));
    QCOMPARE(timesPicked(choice, 3, at(0us)), 0);
    choice.lost(3);
    QCOMPARE(choice.cost(3, at(0us)), std::uint64_t(0));
}

void TestCoreChoice::givenUpQuestionsTeach()
{
    ReplicaChoice choice(20ms);
    choice.asked(1);
    choice.givenUp(1, 8'000us, at(0us));
    QCOMPARE(choice.cost(1, at(0us)), std::uint64_t(8'000));
    choice.asked(1);
    choice.givenUp(1, 10us, at(0us)); // says nothing: it may have been about to answer
    QCOMPARE(choice.cost(1, at(0us)), std::uint64_t(8'000));
}

void TestCoreChoice::hedgesFollowThePercentile()
{
    ReplicaChoice choice(20ms);
    QCOMPARE(choice.hedgeAfter(), Microseconds(20'000));
    for (int i = 0; i < 256; ++i)
        choice.roundEnded(Microseconds(i % 100 < 90 ? 2'000 : 5'000));
    QCOMPARE(choice.hedgeAfter(), Microseconds(5'000));
    for (int i = 0; i < 256; ++i)
        choice.roundEnded(Microseconds(100));
    QCOMPARE(choice.hedgeAfter(), Microseconds(1'000));
    for (int i = 0; i < 256; ++i)
        choice.roundEnded(Microseconds(900'000));
    QCOMPARE(choice.hedgeAfter(), Microseconds(20'000));
}

void TestCoreChoice::hedgesKeepTheirBudget()
{
    ReplicaChoice choice(20ms);
    int hedges = 0;
    for (int i = 0; i < 10'000; ++i) {
        choice.asked(1);
        choice.answered(1, 400us, at(0us));
        hedges += choice.mayHedge(1);
    }
    QVERIFY(hedges >= 500 && hedges <= 520);
    QVERIFY(!choice.mayHedge(1));
}

void TestCoreChoice::readsAvoidASlowReplica_data()
{
    QTest::addColumn<int>("slow"); // which replica in preference order
    QTest::addColumn<bool>("isReplica"); // the coordinator
    for (const int slow : {1, 2})
        for (const bool isReplica : {false, true})
            QTest::addRow("replica %d, coordinator %s", slow, isReplica ? "inside" : "outside") << slow << isReplica;
}

/// In virtual time: a slow replica costs the hundredth slowest read no more than twice what it takes without.
void TestCoreChoice::readsAvoidASlowReplica()
{
    QFETCH(int, slow);
    QFETCH(bool, isReplica);
    constexpr PartitionIndex partition = 0;
    const auto slowestOfAHundred = [&](Microseconds extra, CoreCounters& counters) {
        CoreWorld world(4);
        const auto replicas = world.map().replicas(partition);
        const NodeId late = replicas[std::size_t(slow)];
        const NodeId coordinator = isReplica ? replicas[0] : world.outsider(partition);
        world.delay = [&](NodeId from, NodeId to, const Message&) { return from == late || to == late ? extra : Microseconds(0); };
        world.pass(1s);
        std::vector<std::int64_t> took;
        for (int i = 0; i < 3'000; ++i) {
            const std::int64_t before = world.now().monotonic.time_since_epoch().count();
            const RequestId read = world.get(coordinator, world.keyOf(partition, i % 50));
            if (!world.passUntil(5s, [&] { return world.answers.count(read) > 0; }))
                return Microseconds(-1);
            took.push_back(world.now().monotonic.time_since_epoch().count() - before);
        }
        counters = world.core(coordinator).counters();
        std::sort(took.begin(), took.end());
        return Microseconds(took[took.size() * 99 / 100]);
    };
    CoreCounters counters;
    const Microseconds healthy = slowestOfAHundred(0us, counters);
    QVERIFY(healthy > 0us);
    const Microseconds withSlow = slowestOfAHundred(25ms, counters); // each way
    QVERIFY2(withSlow > 0us && withSlow <= 2 * healthy,
             qPrintable(QStringLiteral("%1 µs, healthy %2 µs").arg(withSlow.count()).arg(healthy.count())));
    QVERIFY(counters.hedgeRequests * 100 <= counters.readRequests * ReplicaChoice::budgetPercent + 2'000);
    QVERIFY(counters.hedgeRequests > 0); // it was slow
}

QTEST_APPLESS_MAIN(TestCoreChoice)
#include "test_core_choice.moc"
