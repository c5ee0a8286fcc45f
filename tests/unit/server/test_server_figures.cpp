// Small pieces of the server: figures in heartbeats, addresses, requests that wait for the core.
#include "node/server/address.h"
#include "node/server/figures_codec.h"
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
};

namespace {

Gossip sample()
{
    Gossip gossip;
    gossip.programVersion = "0.1.0";
    gossip.figures.readsPerSecond = 123456;
    gossip.figures.p999Us = 99;
    gossip.figures.uptimeSeconds = 1ULL << 40;
    gossip.figures.storageFull = true;
    gossip.partitions = {{0, 5}, {7, 1}, {16383, 100000}};
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
    bytes[0] = 2;
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

QTEST_APPLESS_MAIN(TestServerFigures)
#include "test_server_figures.moc"
