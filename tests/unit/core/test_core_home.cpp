// What a home answers, and when, if its peers are played by the test: one whole core, node 1 of three.
#include "node/commands/command_logic.h"
#include "node/commands/parse.h"
#include "node/core/core.h"
#include "tests/unit/core/core_fixture.h"

#include <QtTest>

using namespace quoit;
using quoit::testing::recordOf;

namespace {

constexpr NodeId coordinator = 3;
constexpr OperationId someOperation{coordinator, 1, 7};

/// Appends a value to what is there.
std::string encodeAppend(const std::string& value)
{
    std::vector<KeyOperation> operations;
    const CommandSpec& append = *findCommand("append");
    std::vector<std::string_view> arguments{"APPEND", "key", value};
    parseCommand(append, arguments, {}, operations);
    return operations.at(0).operation;
}

/// Node 1, preferred home of some partition, with a key that it has stored.
class Home
{
public:
    explicit Home(const Version& stored = {})
    {
        while (m_state.map->replicas(m_state.map->partitionOf(positionOf(key)))[0] != 1)
            key += 'k';
        partition = m_state.map->partitionOf(positionOf(key));
        m_state.counts.resize(16);
        if (!stored.isNone()) {
            source.put(recordOf(key, stored));
            m_state.counts[partition].highest = stored;
            m_state.counts[partition].keys = 1;
        }
        core = std::make_unique<Core>(CoreOptions{}, m_state, source, m_logic, 1, now());
        core->peerConnected(now(), 2);
        core->peerConnected(now(), 3);
        turn();
        pass(200ms);
    }

    /// Takes the effects of each turn: what is stored is durable at once, peers promise whatever they are asked for.
    void turn()
    {
        for (Effects effects = core->takeEffects(); !effects.empty(); effects = core->takeEffects()) {
            if (!effects.persist.empty()) {
                for (const auto& [position, record] : effects.persist.records)
                    source.put(record);
                core->persisted(now(), effects.persist.sequence, 0);
            }
            for (const Outgoing& outgoing : effects.messages)
                take(outgoing);
        }
    }
    void receive(NodeId from, MessageBody body)
    {
        core->receive(now(), from, {1, std::move(body)});
        turn();
    }
    void lose(NodeId peer)
    {
        core->peerDisconnected(now(), peer);
        turn();
    }
    void pass(Milliseconds time)
    {
        for (const TimePoint end = m_now + time; m_now < end;) {
            m_now += 10ms;
            for (const NodeId peer : {2, 3})
                receive(peer, Heartbeat{});
            core->tick(now());
            turn();
        }
    }
    OperationRequest request(const OperationId& id, const std::string& operation) const
    {
        OperationRequest made;
        made.id = id;
        made.attempt = 1;
        made.partition = partition;
        made.key = key;
        made.operation = operation;
        made.believed = ballot;
        return made;
    }

    std::string key = "key";
    PartitionIndex partition = 0;
    Ballot ballot; ///< that it asked promises for last
    quoit::testing::MemorySource source;
    std::unique_ptr<Core> core;
    std::vector<OperationReply> replies;
    std::map<NodeId, std::vector<RecallRequest>> recalls;
    std::map<NodeId, std::vector<ReadRequest>> reads;
    std::map<NodeId, std::vector<WriteRequest>> writes;
    int promiseRequests = 0;
    int offers = 0;

private:
    Now now() const { return {m_now, 1'700'000'000'000}; }
    void take(const Outgoing& outgoing)
    {
        const MessageBody& body = outgoing.message.body;
        if (const auto* promise = std::get_if<PromiseRequest>(&body)) {
            ++promiseRequests;
            for (const PartitionBallot& asked : promise->partitions)
                if (asked.partition == partition)
                    ballot = asked.ballot;
            core->receive(now(), outgoing.to, {1, PromiseReply{promise->tag, promise->partitions}});
        } else if (const auto* reply = std::get_if<OperationReply>(&body)) {
            replies.push_back(*reply);
        } else if (const auto* recall = std::get_if<RecallRequest>(&body)) {
            recalls[outgoing.to].push_back(*recall);
        } else if (const auto* read = std::get_if<ReadRequest>(&body)) {
            reads[outgoing.to].push_back(*read);
        } else if (const auto* write = std::get_if<WriteRequest>(&body)) {
            writes[outgoing.to].push_back(*write);
        } else if (std::holds_alternative<HomeOffer>(body)) {
            ++offers;
        }
    }

    StoredState m_state = quoit::testing::stateOfNodeOne();
    CommandLogic m_logic;
    TimePoint m_now = quoit::testing::at(0ms);
};

RecallReply recalled(const RecallRequest& request, const RecordPtr& record, bool sure)
{
    RecallReply reply;
    reply.read.tag = request.tag;
    reply.read.present = true;
    reply.read.version = record->version;
    reply.read.record = record;
    reply.sure = sure;
    return reply;
}

} // namespace

class TestCoreHome : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void twoThatAreSureMakeUpForOneThatIsnt();
    void whoDoesntAnswerIsWaitedForNoLongerThanARound();
    void whoWasNotAskedIsNotWaitedFor();
    void retryAfterTwoMoreHomesIsJudgedByTheirAncestors_data();
    void retryAfterTwoMoreHomesIsJudgedByTheirAncestors();
    void doubledOfferIsTakenOnce();
    void hugeAppendsAreSpreadOverRecords();
};

void TestCoreHome::twoThatAreSureMakeUpForOneThatIsnt()
{
    const Version stored{{1, 0, 2}, 5}; // of an earlier home
    Home home(stored);                  // started anew: it has forgotten what that record's predecessors carried
    OperationRequest retry = home.request(someOperation, encodeSet("new"));
    retry.retry = true;
    home.receive(coordinator, retry);
    QCOMPARE(home.recalls[2].size(), std::size_t(1));
    home.receive(2, recalled(home.recalls[2][0], home.source.find(0, home.key), true));
    QVERIFY(home.replies.empty());
    home.receive(3, recalled(home.recalls[3][0], home.source.find(0, home.key), true));
    QCOMPARE(home.writes[2].size(), std::size_t(1));
    home.receive(2, WriteReply{home.writes[2][0].tag, ReplicaStatus::Ok, {}});
    QCOMPARE(home.replies.size(), std::size_t(1));
    QCOMPARE(int(home.replies[0].outcome), int(OperationOutcome::Changed));
}

void TestCoreHome::whoDoesntAnswerIsWaitedForNoLongerThanARound()
{
    const Version stored{{1, 0, 2}, 5}; // of an earlier home
    Home home(stored);
    OperationRequest retry = home.request(someOperation, encodeSet("new"));
    retry.retry = true;
    home.receive(coordinator, retry);
    home.receive(2, recalled(home.recalls[2][0], home.source.find(0, home.key), true));
    QVERIFY(home.replies.empty());
    home.pass(1100ms);
    QCOMPARE(home.replies.size(), std::size_t(1));
    QCOMPARE(int(home.replies[0].outcome), int(OperationOutcome::Unknown));
    QCOMPARE(home.replies[0].ballot, home.ballot); // and it is home still
}

void TestCoreHome::retryAfterTwoMoreHomesIsJudgedByTheirAncestors_data()
{
    using History = std::vector<BuiltOn>;
    const Version first{{1, 0, 1}, 4}, second{{1, 0, 2}, 9}, third{{1, 0, 3}, 2};
    const BuiltOn secondHome{second.ballot, first}, thirdHome{third.ballot, second};
    QTest::addColumn<Version>("remembered");
    QTest::addColumn<History>("ancestry");
    QTest::addColumn<int>("outcome");
    const int unknown = int(OperationOutcome::Unknown), again = int(OperationOutcome::Changed) + 100, was = int(OperationOutcome::Changed);
    QTest::newRow("its home's last record was built on") << first << History{thirdHome, secondHome} << was;
    QTest::newRow("an earlier one, in another order") << Version{first.ballot, 2} << History{secondHome, thirdHome} << was;
    QTest::newRow("it was never built on") << Version{first.ballot, 5} << History{thirdHome, secondHome} << again;
    QTest::newRow("older than all that is known") << Version{{0, 9, 2}, 7} << History{thirdHome, secondHome} << unknown;
    QTest::newRow("nobody knows on what the second home built") << first << History{thirdHome} << unknown;
    QTest::newRow("the last one's base may be a floor") << first << History{secondHome} << unknown;
    QTest::newRow("nothing is remembered") << first << History{} << unknown;
    QTest::newRow("a circle") << first << History{thirdHome, {second.ballot, second}} << unknown;
}

/// What a record says itself ends with the ballot that its own was built on.
void TestCoreHome::retryAfterTwoMoreHomesIsJudgedByTheirAncestors()
{
    QFETCH(const Version, remembered);
    QFETCH(const std::vector<BuiltOn>, ancestry);
    QFETCH(const int, outcome);
    Record last;
    last.value = "v";
    last.version = {{1, 0, 3}, 6};
    last.base = {{1, 0, 2}, 9};
    Home home(last.version);
    last.key = home.key;
    home.source.put(makeRecord(last));
    OperationRequest retry = home.request(someOperation, encodeSet("new"));
    retry.retry = true;
    home.receive(coordinator, retry);
    for (const NodeId node : {2, 3}) {
        RecallReply reply = recalled(home.recalls[node][0], makeRecord(last), true);
        if (node == 3) {
            reply.remembered = {{remembered, "+before\r\n"}};
            reply.ancestry = ancestry;
        }
        home.receive(node, reply);
    }
    home.pass(10ms);
    if (outcome == int(OperationOutcome::Unknown)) {
        QCOMPARE(home.replies.size(), std::size_t(1));
        QCOMPARE(int(home.replies[0].outcome), outcome);
        return;
    }
    const bool runs = outcome != int(OperationOutcome::Changed);
    QCOMPARE(home.writes[2].size(), std::size_t(runs));
    if (runs)
        home.receive(2, WriteReply{home.writes[2][0].tag, ReplicaStatus::Ok, {}});
    QCOMPARE(home.replies.size(), std::size_t(1));
    QCOMPARE(int(home.replies[0].outcome), int(OperationOutcome::Changed));
    QCOMPARE(home.replies[0].result, std::string(runs ? "+OK\r\n" : "+before\r\n"));
}

void TestCoreHome::whoWasNotAskedIsNotWaitedFor()
{
    Home home;
    home.lose(3);
    home.receive(2, home.request(someOperation, encodeSet("new")));
    QCOMPARE(home.reads[2].size(), std::size_t(1));
    QVERIFY(home.reads[3].empty());
    ReadReply refusal;
    refusal.tag = home.reads[2][0].tag;
    refusal.status = ReplicaStatus::Refused;
    refusal.promised = {1, 99, 3}; // who is back, and was home before
    home.receive(2, refusal);
    QCOMPARE(home.replies.size(), std::size_t(1));
    QCOMPARE(int(home.replies[0].outcome), int(OperationOutcome::NotBound));
}

void TestCoreHome::doubledOfferIsTakenOnce()
{
    Home home;
    const int before = home.promiseRequests;
    home.receive(2, HomeOffer{{home.partition, home.partition}});
    QVERIFY(home.promiseRequests > before);
}

void TestCoreHome::hugeAppendsAreSpreadOverRecords()
{
    const Version stored{{1, 0, 2}, 5}; // of an earlier home
    Home home(stored);
    const std::string huge(8 << 20, 'x');
    home.receive(coordinator, home.request({coordinator, 1, 1}, encodeAppend(huge)));
    for (std::uint64_t i = 2; i <= 20; ++i)
        home.receive(coordinator, home.request({coordinator, 1, i}, encodeAppend("y")));
    QCOMPARE(home.reads[2].size(), std::size_t(1));
    ReadReply found;
    found.tag = home.reads[2][0].tag;
    found.present = true;
    found.record = home.source.find(0, home.key);
    found.version = found.record->version;
    home.receive(2, found);
    std::size_t most = 0;
    for (std::size_t done = 0; done < home.writes[2].size(); ++done) {
        const WriteRequest write = home.writes[2][done];
        most = std::max(most, write.record->operations.size());
        home.receive(2, WriteReply{write.tag, ReplicaStatus::Ok, {}});
    }
    QCOMPARE(home.replies.size(), std::size_t(20));
    for (const OperationReply& reply : home.replies)
        QCOMPARE(int(reply.outcome), int(OperationOutcome::Changed));
    QVERIFY2(most <= 5, std::to_string(most).c_str());
}

QTEST_GUILESS_MAIN(TestCoreHome)
#include "test_core_home.moc"
