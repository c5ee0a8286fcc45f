// Small pieces of the server: figures in heartbeats, addresses, requests that wait for the core.
#include "node/server/address.h"
#include "node/server/figures_codec.h"
#include "node/server/key_gather.h"
#include "node/server/load_meter.h"
#include "node/server/long_replies.h"
#include "node/server/request_table.h"
#include "shared/base/random.h"

#include <QtTest>

using namespace quoit;

class TestServerFigures : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void figuresComeBackUnchanged();
    void truncatedFiguresAreRefused();
    void mutatedFiguresNeverCrash();
    void figuresOfAnUnknownVersionAreRefused();
    void addressesAreReadStrictly();
    void loopbackIsKnown();
    void lateAnswerFindsNoRequest();
    void repliesOfSeveralKeysBecomeOne();
    void firstErrorIsTheReplyOfAll();
    void repliesTooLargeTogetherAreAnError();
    void longRepliesAreFewAtATime();
    void argumentsArePacked();
    void partsUnderWayAreBounded();
    void failuresAreNeitherThroughputNorLatency();
};

namespace {

Gossip sample()
{
    Gossip gossip;
    gossip.programVersion = "0.1.0";
    gossip.figures.readsPerSecond = 123456;
    gossip.figures.p999Us = 99;
    gossip.figures.uptimeSeconds = 1ULL << 40;
    gossip.figures.fsyncP99Us = 1'000'000;
    gossip.figures.errorsPerSecond = 3;
    gossip.figures.storageFull = true;
    gossip.partitions = {{0, 5}, {7, 1}, {16383, 100000}};
    gossip.hotReads = {{{"hot", 70000, 12}, {std::string("\0\xff", 2), 5, 0}}, 40};
    gossip.hotWrites = {{}, 7};
    gossip.sentMs = 1'764'215'000'123;
    gossip.standings = {{2, 7, 0, 0}, {900, 1, 1000, 1ULL << 33}};
    return gossip;
}

} // namespace

void TestServerFigures::figuresComeBackUnchanged()
{
    const Gossip gossip = sample();
    Gossip decoded;
    QVERIFY(decodeGossip(encodeGossip(gossip), decoded));
    QVERIFY(decoded.figures == gossip.figures);
    QCOMPARE(decoded.programVersion, gossip.programVersion);
    QVERIFY(decoded.standings == gossip.standings);
    QVERIFY(decoded.hotReads == gossip.hotReads);
    QVERIFY(decoded.hotWrites == gossip.hotWrites);
    QCOMPARE(decoded.sentMs, gossip.sentMs);
    QCOMPARE(decoded.partitions.size(), gossip.partitions.size());
    for (std::size_t i = 0; i < gossip.partitions.size(); ++i) {
        QCOMPARE(decoded.partitions[i].partition, gossip.partitions[i].partition);
        QCOMPARE(decoded.partitions[i].operationsPerSecond, gossip.partitions[i].operationsPerSecond);
    }
}

void TestServerFigures::truncatedFiguresAreRefused()
{
    const std::string bytes = encodeGossip(sample());
    for (std::size_t length = 0; length < bytes.size(); ++length) {
        Gossip decoded;
        QVERIFY(!decodeGossip(std::string_view(bytes).substr(0, length), decoded));
    }
}

void TestServerFigures::mutatedFiguresNeverCrash()
{
    Random random(5);
    const std::string bytes = encodeGossip(sample());
    for (int round = 0; round < 5000; ++round) {
        std::string mutated = bytes;
        mutated[random.below(mutated.size())] = static_cast<char>(random.next());
        Gossip decoded;
        if (decodeGossip(mutated, decoded)) {
            for (const PartitionLoad& load : decoded.partitions)
                QVERIFY(load.partition < 16384);
        }
    }
}

void TestServerFigures::figuresOfAnUnknownVersionAreRefused()
{
    std::string bytes = encodeGossip(sample());
    bytes[0] = 99;
    Gossip decoded;
    QVERIFY(!decodeGossip(bytes, decoded));
}

void TestServerFigures::addressesAreReadStrictly()
{
    QVERIFY((addressFromText("127.0.0.1:7400").value() == Address{"127.0.0.1", 7400}));
    QVERIFY((addressFromText("[::1]:0").value() == Address{"::1", 0}));
    QVERIFY((addressFromText("localhost:1").value() == Address{"localhost", 1}));
    QCOMPARE(addressFromText("[::1]:80").value().toText(), std::string("[::1]:80"));
    for (const char* wrong : {"", "7400", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",
                              "::1:80", "a.b:1", ":80"})
        QVERIFY2(!addressFromText(wrong), wrong);
}

void TestServerFigures::loopbackIsKnown()
{
    QVERIFY((Address{"127.0.0.1", 1}.isLoopback()));
    QVERIFY((Address{"127.8.0.1", 1}.isLoopback()));
    QVERIFY((Address{"::1", 1}.isLoopback()));
    QVERIFY((Address{"localhost", 1}.isLoopback()));
    QVERIFY(!(Address{"0.0.0.0", 1}.isLoopback()));
    QVERIFY(!(Address{"192.168.1.1", 1}.isLoopback()));
    QVERIFY(!(Address{"::", 1}.isLoopback()));
    QVERIFY((Address{"0.0.0.0", 1}.isWildcard()));
    QVERIFY((Address{"::", 1}.isWildcard()));
    QVERIFY(!(Address{"10.0.0.0", 1}.isWildcard()));
    QVERIFY(!(Address{"::1", 1}.isWildcard()));
    QVERIFY(!(Address{"localhost", 1}.isWildcard()));
}

void TestServerFigures::lateAnswerFindsNoRequest()
{
    RequestTable table;
    RequestId first = 0;
    table.add(first).keyHash = 1;
    QCOMPARE(table.find(first)->keyHash, std::uint64_t(1));
    QCOMPARE(table.take(first).keyHash, std::uint64_t(1));
    QVERIFY(!table.find(first));
    RequestId second = 0;
    table.add(second).keyHash = 2;
    QVERIFY(second != first);
    QVERIFY(!table.find(first));
    QCOMPARE(table.count(), std::size_t(1));
}

namespace {

std::string replyOf(Combine combine, const std::vector<std::string>& replies)
{
    KeyGather gather;
    gather.combine = combine;
    for (std::size_t i = replies.size(); i > 0; --i)
        gather.add(i - 1, replies[i - 1]);
    std::string out;
    gather.appendReply(out);
    return out;
}

} // namespace

void TestServerFigures::repliesOfSeveralKeysBecomeOne()
{
    QCOMPARE(replyOf(Combine::Array, {"$1\r\na\r\n", "$-1\r\n"}), std::string("*2\r\n$1\r\na\r\n$-1\r\n"));
    QCOMPARE(replyOf(Combine::SumIntegers, {":1\r\n", ":0\r\n", ":1\r\n"}), std::string(":2\r\n"));
    QCOMPARE(replyOf(Combine::AllOk, {"+OK\r\n", "+OK\r\n"}), std::string("+OK\r\n"));
}

void TestServerFigures::firstErrorIsTheReplyOfAll()
{
    for (const Combine combine : {Combine::Array, Combine::SumIntegers, Combine::AllOk})
        QCOMPARE(replyOf(combine, {":1\r\n", "-BUSY x\r\n"}), std::string("-BUSY x\r\n"));
}

void TestServerFigures::repliesTooLargeTogetherAreAnError()
{
    const std::vector<std::string> replies(300, std::string(KeyGather::replyBytesMax / 256, 'x'));
    QVERIFY(replyOf(Combine::Array, replies).starts_with("-ERR the values are too large"));
}

void TestServerFigures::longRepliesAreFewAtATime()
{
    LongReplies replies;
    std::deque<std::uint64_t> underWay;
    std::uint64_t expected = 0;
    const auto begin = [&] {
        while (replies.mayBegin(expected)) {
            underWay.push_back(replies.began());
            expected += underWay.back();
        }
        return underWay.size();
    };
    const auto end = [&](std::uint64_t bytes) {
        replies.ended(bytes);
        expected -= underWay.front();
        underWay.pop_front();
    };
    QCOMPARE(begin(), std::size_t(LongReplies::bytesMax / LongReplies::firstBytes)); // nothing is known of the first
    for (int i = 0; i < 1000; ++i) {
        end(10);
        begin();
    }
    QCOMPARE(underWay.size(), std::size_t(LongReplies::bytesMax / LongReplies::expectedBytesMin));
    while (!underWay.empty())
        end(4 << 20);
    QCOMPARE(begin(), std::size_t(2));
    // Other connections take all the room: one at a time goes on all the same.
    LongReplies other;
    QVERIFY(other.mayBegin(LongReplies::bytesMax));
    other.began();
    QVERIFY(!other.mayBegin(LongReplies::bytesMax));
}

void TestServerFigures::argumentsArePacked()
{
    const std::string key("\0\r\n", 3);
    const std::vector<std::string_view> arguments{"mset", "", key, "value", ""};
    const PackedArguments packed(arguments);
    QCOMPARE(packed.count(), arguments.size());
    for (std::size_t i = 0; i < arguments.size(); ++i)
        QCOMPARE(packed.at(i), arguments[i]);
    QCOMPARE(PackedArguments().count(), std::size_t(0));
}

void TestServerFigures::partsUnderWayAreBounded()
{
    KeyGather gather;
    gather.partCount = 1000;
    std::uint64_t begun = 0;
    while (gather.hasRoomForPart())
        gather.began(++begun);
    QCOMPARE(begun, std::uint64_t(KeyGather::partsUnderWayMax));
    QVERIFY(gather.isUnderWay(7));
    gather.ended(7);
    QVERIFY(!gather.isUnderWay(7));
    QVERIFY(gather.isUnderWay(begun));
    QVERIFY(gather.hasRoomForPart());
    gather.skipRest();
    QVERIFY(!gather.isComplete());
    for (std::uint64_t hash = 1; hash <= begun; ++hash)
        if (hash != 7)
            gather.ended(hash);
    QVERIFY(gather.isComplete());
}

void TestServerFigures::failuresAreNeitherThroughputNorLatency()
{
    const CommandSpec& get = *findCommand("get");
    const CommandSpec& set = *findCommand("set");
    LoadMeter meter{TimePoint(Milliseconds(0))};
    meter.answered(get, Level::Quorum, Microseconds(100), CompletionStatus::Done);
    for (int i = 0; i < 50; ++i)
        meter.answered(set, Level::Quorum, Microseconds(5'000'000), CompletionStatus::NoQuorum);
    meter.answered(get, Level::Quorum, Microseconds(3), CompletionStatus::Busy);
    meter.refused();
    LoadFigures figures;
    meter.rotate(TimePoint(Milliseconds(1000)), figures);
    QCOMPARE(figures.readsPerSecond, std::uint64_t(1));
    QCOMPARE(figures.writesPerSecond, std::uint64_t(0));
    QCOMPARE(figures.errorsPerSecond, std::uint64_t(52));
    QCOMPARE(figures.busyPerSecond, std::uint64_t(2));
    QVERIFY2(figures.p999Us < 200 && figures.p50Us >= 96, std::to_string(figures.p999Us).c_str());
    int commands = 0;
    meter.eachLatency([&](const CommandSpec& spec, Level, const Histogram& latency) {
        ++commands;
        QCOMPARE(spec.id, get.id);
        QCOMPARE(latency.count(), std::uint64_t(1));
    });
    QCOMPARE(commands, 1);
    QCOMPARE(meter.totals().failedFor(CompletionStatus::NoQuorum), std::uint64_t(50));
    QCOMPARE(meter.totals().failedFor(CompletionStatus::Busy), std::uint64_t(2));
    QCOMPARE(meter.totals().failures(), std::uint64_t(52));
}

QTEST_APPLESS_MAIN(TestServerFigures)
#include "test_server_figures.moc"
