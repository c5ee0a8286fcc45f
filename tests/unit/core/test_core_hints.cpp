// What a replica missed is kept for it, bounded, and reaches it when it is back.
#include "node/core/hints.h"
#include "tests/unit/core/core_fixture.h"

#include <QtTest>

#include <deque>
#include <set>

using namespace quoit;
using quoit::testing::at;
using quoit::testing::recordOf;

namespace {

constexpr NodeId absent = 2;
const Version first{{1, 1, 1}, 1};
const Version second{{1, 1, 1}, 2};

/// Node 1 with a store in memory, and hints for node 2.
struct Node
{
    explicit Node(std::size_t hintsMax = 1000, const std::vector<Hint>& stored = {}, std::size_t hintBytesMax = 1 << 20)
        : context(options(hintsMax, hintBytesMax), state, logic, 1, {at(0ms), 0})
        , replica(context, source, state, {}, [](PartitionIndex, const Ballot&) {})
        , hints(context, replica, stored)
    {}

    static CoreOptions options(std::size_t hintsMax, std::size_t hintBytesMax)
    {
        CoreOptions options;
        options.hintsMax = hintsMax;
        options.hintBytesMax = hintBytesMax;
        return options;
    }

    /// A chosen write that node 2 missed.
    void miss(const std::string& key, const Version& version)
    {
        source.put(recordOf(key, version));
        hints.add(absent, key, version);
    }

    void comeBack() { context.detector.connected(context.now.monotonic, absent); }

    /// What was sent to node 2 since the last call.
    std::vector<LearnRequest> sent()
    {
        std::vector<LearnRequest> requests;
        effects = context.outbox.take();
        for (const Outgoing& outgoing : effects.messages)
            requests.push_back(std::get<LearnRequest>(outgoing.message.body));
        return requests;
    }

    bool answer(const LearnRequest& request, ReplicaStatus status = ReplicaStatus::Ok)
    {
        return hints.handle(absent, LearnReply{request.tag, status});
    }

    StoredState state = quoit::testing::stateOfNodeOne();
    quoit::testing::NoLogic logic;
    quoit::testing::MemorySource source;
    Context context;
    Replica replica;
    Hints hints;
    Effects effects; ///< of the last sent()
};

} // namespace

class TestCoreHints : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void missedWriteArrivesOnReturn()
    {
        Node node;
        node.miss("k", first);
        node.hints.deliver();
        QVERIFY(node.sent().empty());
        QCOMPARE(node.effects.persist.hintsAdded.size(), std::size_t(1));
        node.comeBack();
        node.hints.deliver();
        const auto sent = node.sent();
        QCOMPARE(sent.size(), std::size_t(1));
        QVERIFY(sent[0].tag != 0 && sent[0].record->version == first);
        QCOMPARE(node.hints.count(), std::uint64_t(1)); // until it says so
        QVERIFY(node.answer(sent[0]));
        QCOMPARE(node.hints.count(), std::uint64_t(0));
        node.hints.deliver();
        QVERIFY(node.sent().empty());
        QCOMPARE(node.effects.persist.hintsRemoved.size(), std::size_t(1));
        QCOMPARE(node.context.counters.hintsDelivered, std::uint64_t(1));
    }

    void longKeysCountByTheirBytes()
    {
        Node node(1000, {}, 100);
        for (const char letter : {'a', 'b', 'c'})
            node.miss(std::string(40, letter), first);
        QCOMPARE(node.hints.count(), std::uint64_t(2));
        QCOMPARE(node.context.counters.hintsDropped, std::uint64_t(1));
        node.comeBack();
        node.hints.deliver();
        for (const LearnRequest& request : node.sent())
            QVERIFY(node.answer(request));
        node.miss(std::string(90, 'd'), first); // there is room again
        QCOMPARE(node.hints.count(), std::uint64_t(1));
    }

    void pastTheBoundHintsAreDroppedAndCounted()
    {
        Node node(3);
        for (const char* key : {"a", "b", "c", "d", "e"})
            node.miss(key, first);
        QCOMPARE(node.hints.count(), std::uint64_t(3));
        QCOMPARE(node.context.counters.hintsDropped, std::uint64_t(2));
        node.miss("a", second); // is there already
        QCOMPARE(node.context.counters.hintsDropped, std::uint64_t(2));
        node.comeBack();
        node.hints.deliver();
        for (const LearnRequest& request : node.sent())
            QVERIFY(node.answer(request));
        node.miss("f", first); // there is room again
        QCOMPARE(node.hints.count(), std::uint64_t(1));
    }

    void newestVersionCounts()
    {
        Node node;
        node.miss("k", second);
        node.hints.add(absent, "k", first);
        QCOMPARE(node.hints.count(), std::uint64_t(1));
        node.comeBack();
        node.hints.deliver();
        const auto sent = node.sent();
        QCOMPARE(sent.size(), std::size_t(1));
        QVERIFY(sent[0].record->version == second);
        QCOMPARE(node.effects.persist.hintsAdded.size(), std::size_t(1));
    }

    void answerForAnOlderVersionLeavesTheNewerHint()
    {
        Node node;
        node.miss("k", first);
        node.comeBack();
        node.hints.deliver();
        const auto older = node.sent();
        node.miss("k", second);
        QVERIFY(!node.answer(older.at(0)));
        QCOMPARE(node.hints.count(), std::uint64_t(1));
        node.hints.deliver();
        QVERIFY(node.sent().at(0).record->version == second);
    }

    void replacedVersionIsNotSent()
    {
        Node node;
        node.miss("k", first);
        node.source.put(recordOf("k", second)); // not known to be chosen here
        node.comeBack();
        node.hints.deliver();
        QVERIFY(node.sent().empty());
        QCOMPARE(node.hints.count(), std::uint64_t(0));
    }

    void fullDiskIsTriedAgain()
    {
        Node node;
        node.miss("k", first);
        node.comeBack();
        node.hints.deliver();
        QVERIFY(node.answer(node.sent().at(0), ReplicaStatus::StorageFull));
        QCOMPARE(node.hints.count(), std::uint64_t(1));
        node.hints.deliver();
        QVERIFY(node.answer(node.sent().at(0)));
        QCOMPARE(node.hints.count(), std::uint64_t(0));
    }

    void whatWasOnTheWayToALostPeerIsSentAgain()
    {
        Node node;
        node.miss("k", first);
        node.comeBack();
        node.hints.deliver();
        const auto lost = node.sent();
        node.context.detector.disconnected(at(1ms), absent);
        node.hints.onPeerLost(absent);
        QVERIFY(!node.answer(lost.at(0)));
        node.comeBack();
        node.hints.deliver();
        const auto again = node.sent();
        QCOMPARE(again.size(), std::size_t(1));
        QVERIFY(again[0].tag != lost[0].tag);
    }

    void answerOfAnotherNodeCountsForNothing()
    {
        Node node;
        node.miss("k", first);
        node.comeBack();
        node.hints.deliver();
        QVERIFY(!node.hints.handle(3, LearnReply{node.sent().at(0).tag, ReplicaStatus::Ok}));
        QCOMPARE(node.hints.count(), std::uint64_t(1));
    }

    void manyArriveAWindowAtATime()
    {
        constexpr std::size_t count = 1000;
        Node node;
        for (std::size_t i = 0; i < count; ++i)
            node.miss("k" + std::to_string(i), first);
        node.comeBack();
        node.hints.deliver();
        std::set<std::string> arrived;
        std::size_t underWayMax = 0;
        std::deque<LearnRequest> underWay;
        do {
            for (LearnRequest& request : node.sent())
                underWay.push_back(std::move(request));
            underWayMax = std::max(underWayMax, underWay.size());
            if (underWay.empty())
                break;
            QVERIFY(arrived.emplace(underWay.front().record->key).second);
            QVERIFY(node.answer(underWay.front()));
            underWay.pop_front();
        } while (true);
        QCOMPARE(arrived.size(), count);
        QVERIFY2(underWayMax <= 200, qPrintable(QString::number(underWayMax)));
        QCOMPARE(node.hints.count(), std::uint64_t(0));
    }

    void busyNodeSendsOneWindowAtEachCall()
    {
        Node node;
        for (int i = 0; i < 500; ++i)
            node.miss("k" + std::to_string(i), first);
        node.context.strains.setOwn(at(0ms), {Strain::None, 90});
        node.comeBack();
        std::vector<std::size_t> counts;
        for (int call = 0; call < 4; ++call) {
            node.hints.deliver();
            std::size_t count = 0;
            for (auto requests = node.sent(); !requests.empty(); requests = node.sent()) {
                count += requests.size();
                for (const LearnRequest& request : requests)
                    QVERIFY(node.answer(request));
            }
            counts.push_back(count);
        }
        QCOMPARE(counts, (std::vector<std::size_t>{200, 200, 100, 0}));
    }

    void hintsSurviveARestart()
    {
        Node node(1000, {{absent, positionOf("k"), "k", first}});
        QCOMPARE(node.hints.count(), std::uint64_t(1));
        node.source.put(recordOf("k", first));
        node.comeBack();
        node.hints.deliver();
        QCOMPARE(node.sent().size(), std::size_t(1));
    }
};

QTEST_APPLESS_MAIN(TestCoreHints)
#include "test_core_hints.moc"
