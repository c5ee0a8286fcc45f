// Two nodes find each other, strangers are refused with a reason, and a newer connection silences the older one.
#include "node/core/peer_ledger.h"
#include "node/server/peer_links.h"

#include "node/peer/frame.h"
#include "node/server/clocks.h"
#include "node/server/loop_turn.h"

#include <QTcpSocket>
#include <QtTest>

#include <map>

using namespace quoit;

namespace {

constexpr char clusterId[] = "0b8e6f0c-6b5d-4f37-9f52-0d5a5f1c7a11";

ClusterMapPtr mapOf(const std::string& firstAddress, const std::string& secondAddress)
{
    ClusterMapParts parts;
    parts.clusterId = clusterId;
    parts.partitionCount = 16;
    parts.replicaCount = 2;
    parts.vnodesPerWeight = 1;
    parts.members = {{1, "disk-1", "one", "127.0.0.1:1", firstAddress, "", "", 1.0, {0}},
                     {2, "disk-2", "two", "127.0.0.1:2", secondAddress, "", "", 1.0, {8}}};
    return ClusterMap::make(std::move(parts)).value();
}

Hello helloOf(NodeId node, std::uint64_t incarnation = 1)
{
    Hello hello;
    hello.clusterId = clusterId;
    hello.node = node;
    hello.diskId = "disk-" + std::to_string(node);
    hello.incarnation = incarnation;
    hello.epoch = 1;
    return hello;
}

/// One node's links, with what they told.
class Node final : public PeerLinks::Host
{
public:
    explicit Node(const PeerLinksOptions& options = {})
        : links(options, *this)
    {
        address = links.listen({"127.0.0.1", 0}).value();
        timer.start(10);
        QObject::connect(&timer, &QTimer::timeout, &context, [this] { links.tick(readClocks().monotonic); });
    }
    std::string peerIntroduced(Now, const Hello& peer) override
    {
        return ledger.introduce(peer.node, {peer.incarnation, peer.session, peer.progress});
    }
    void peerConnected(Now, const Hello& peer) override { connected.push_back(peer.node); }
    void peerDisconnected(Now, NodeId peer) override { disconnected.push_back(peer); }
    void peerHeard(Now, NodeId peer) override { heard.push_back(peer); }
    void peerMessages(Now, NodeId from, std::vector<Message>& messages) override
    {
        ++frames;
        for (Message& message : messages) {
            senders.push_back(from);
            received.push_back(std::move(message));
        }
    }
    void mapOffered(ClusterMapPtr map) override { offered = std::move(map); }
    void emptyNodeFound(NodeId member, const Hello& found) override { emptyDisks[member] = found.diskId; }

    PeerLinks links;
    Address address;
    std::vector<NodeId> connected;
    std::vector<NodeId> disconnected;
    std::vector<NodeId> heard;
    std::vector<Message> received;
    std::vector<NodeId> senders;
    ClusterMapPtr offered;
    std::map<NodeId, std::string> emptyDisks; ///< by the member at whose address the node waits
    PeerLedger ledger{{}};
    int frames = 0;

private:
    QObject context;
    QTimer timer;
    LoopTurn turn{[this] {
        while (links.settle()) {
        }
        links.flush();
    }};
};

/// A connection made by hand.
class Stranger
{
public:
    explicit Stranger(const Address& to)
    {
        socket.connectToHost(QStringLiteral("127.0.0.1"), to.port);
        socket.waitForConnected(5000);
    }
    void send(const std::string& bytes)
    {
        socket.write(bytes.data(), static_cast<qint64>(bytes.size()));
        socket.flush();
    }
    void sendHello(const Hello& hello)
    {
        std::string bytes;
        encodeHello(bytes, hello);
        send(bytes);
    }
    bool isClosed() const { return socket.state() == QAbstractSocket::UnconnectedState; }

    QTcpSocket socket;
};

std::string frameOf(const Message& message)
{
    FrameWriter writer;
    writer.add(message);
    writer.finish();
    return writer.bytes();
}

} // namespace

class TestServerLinks : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void membersFindEachOther();
    void messagesOfOneTurnTravelInOneFrame();
    void lostLinkIsDialledAgain();
    void waitingNodeIsOfferedTheMap();
    void memberThatKnowsNobodyWhoIsLeftIsGivenTheMap();
    void memberThatWasRemovedIsToldWhenItLooks();
    void emptyNodeAtTheAddressOfAMemberIsFound();
    void replacedMemberIsNotDialledWhereItsSuccessorIs();
    void strangersAreRefused_data();
    void strangersAreRefused();
    void newerConnectionReplacesTheOlder();
    void olderIncarnationIsRefused();
    void garbageAfterTheHelloClosesTheLink();
    void partOfAMessageIsHeard();
    void silentStrangerIsClosed();
    void messageWithoutALinkIsDroppedAndCounted();
    void operationBeyondTheBacklogTakesTheLinkDown();
};

void TestServerLinks::membersFindEachOther()
{
    Node one;
    Node two;
    const ClusterMapPtr map = mapOf(one.address.toText(), two.address.toText());
    two.links.become(helloOf(2), map);
    one.links.become(helloOf(1), map);
    QTRY_COMPARE(one.connected, std::vector<NodeId>{2});
    QTRY_COMPARE(two.connected, std::vector<NodeId>{1});
    QCOMPARE(one.links.facts().size(), std::size_t(1));
    QCOMPARE(one.links.facts().front().peer, NodeId(2));
    QVERIFY(one.links.facts().front().isDialled != two.links.facts().front().isDialled);
    two.links.send(1, {1, CountRequest{7}});
    QTRY_COMPARE(one.received.size(), std::size_t(1));
    QCOMPARE(std::get<CountRequest>(one.received[0].body).tag, Tag(7));
    QCOMPARE(one.senders[0], NodeId(2));
}

void TestServerLinks::messagesOfOneTurnTravelInOneFrame()
{
    Node one;
    Node two;
    const ClusterMapPtr map = mapOf(one.address.toText(), two.address.toText());
    two.links.become(helloOf(2), map);
    one.links.become(helloOf(1), map);
    QTRY_COMPARE(one.connected.size(), std::size_t(1));
    const std::uint64_t writesBefore = one.links.counters().writes;
    for (Tag tag = 0; tag < 1000; ++tag)
        one.links.send(2, {1, CountRequest{tag}});
    QTRY_COMPARE(two.received.size(), std::size_t(1000));
    QCOMPARE(two.frames, 1);
    QCOMPARE(one.links.counters().writes, writesBefore + 1);
    for (Tag tag = 0; tag < 1000; ++tag)
        QCOMPARE(std::get<CountRequest>(two.received[tag].body).tag, tag);
}

void TestServerLinks::lostLinkIsDialledAgain()
{
    Node one;
    auto two = std::make_unique<Node>();
    const ClusterMapPtr map = mapOf(one.address.toText(), two->address.toText());
    two->links.become(helloOf(2), map);
    one.links.become(helloOf(1), map);
    QTRY_COMPARE(one.connected.size(), std::size_t(1));
    two->links.become(helloOf(2, 2), map); // closes its links
    QTRY_COMPARE(one.disconnected, std::vector<NodeId>{2});
    QTRY_COMPARE(one.connected.size(), std::size_t(2));
    QTRY_COMPARE(two->connected.size(), std::size_t(2));
}

void TestServerLinks::waitingNodeIsOfferedTheMap()
{
    Node one;
    Node two;
    Hello waiting;
    waiting.diskId = "disk-2";
    two.links.become(waiting, nullptr);
    const ClusterMapPtr map = mapOf(one.address.toText(), two.address.toText());
    one.links.become(helloOf(1), map);
    QTRY_VERIFY(two.offered);
    QVERIFY(two.offered->parts() == map->parts());
    two.links.become(helloOf(2), two.offered);
    QTRY_COMPARE(one.connected, std::vector<NodeId>{2});
}

/// All others were replaced while it was away.
void TestServerLinks::memberThatKnowsNobodyWhoIsLeftIsGivenTheMap()
{
    Node two;
    Node three;
    const ClusterMapPtr before = mapOf("127.0.0.1:1", two.address.toText());
    two.links.become(helloOf(2), before);
    ClusterMapParts parts = before->parts();
    parts.epoch = before->epoch() + 4;
    parts.revision = before->revision() + 4;
    parts.lastNodeId = 3;
    parts.members[0] = {3, "disk-3", "three", "127.0.0.1:3", three.address.toText(), "", "", 1.0, {0}};
    std::swap(parts.members[0], parts.members[1]);
    const Result<ClusterMapPtr> made = ClusterMap::make(parts);
    QVERIFY2(made.ok(), made.ok() ? "" : made.error().message.c_str());
    const ClusterMapPtr map = made.value();
    Hello hello = helloOf(3);
    hello.epoch = map->epoch();
    three.links.become(hello, map);
    QTRY_COMPARE(two.received.size(), std::size_t(1));
    QCOMPARE(two.senders[0], NodeId(3));
    QVERIFY(std::get<MapPush>(two.received[0].body).map->parts() == map->parts());
    hello = helloOf(2);
    hello.epoch = map->epoch();
    two.links.change(hello, map);
    QTRY_COMPARE(two.connected, std::vector<NodeId>{3});
    QTRY_COMPARE(three.connected, std::vector<NodeId>{2});
}

/// It has the higher id, so that nobody dials it but by a map that lists it.
void TestServerLinks::memberThatWasRemovedIsToldWhenItLooks()
{
    Node one;
    Node two;
    const ClusterMapPtr before = mapOf(one.address.toText(), two.address.toText());
    ClusterMapParts parts = before->parts();
    parts.epoch = before->epoch() + 2;
    parts.revision = before->revision() + 2;
    parts.lastNodeId = 2;
    parts.members.pop_back();
    const Result<ClusterMapPtr> after = ClusterMap::make(parts);
    QVERIFY2(after.ok(), after.ok() ? "" : after.error().message.c_str());
    Hello hello = helloOf(1);
    hello.epoch = after.value()->epoch();
    one.links.become(hello, after.value());
    two.links.become(helloOf(2), before);
    QTRY_COMPARE(two.received.size(), std::size_t(1));
    QVERIFY(QByteArray::fromStdString(std::get<Farewell>(two.received[0].body).reason).contains("was removed"));
    QVERIFY(one.connected.empty());
    QVERIFY(two.connected.empty());
}

void TestServerLinks::emptyNodeAtTheAddressOfAMemberIsFound()
{
    Node one;
    Node two;
    Hello waiting;
    waiting.diskId = "disk-x";
    two.links.become(waiting, nullptr);
    one.links.become(helloOf(1), mapOf(one.address.toText(), two.address.toText()));
    QTRY_COMPARE(one.emptyDisks, (std::map<NodeId, std::string>{{2, "disk-x"}}));
    QVERIFY(!two.offered);
    QVERIFY(one.connected.empty());
    // One that dials is at no member's address.
    Node three;
    three.links.become(helloOf(1), mapOf(three.address.toText(), "127.0.0.1:1"));
    Stranger stranger(three.address);
    stranger.sendHello(waiting);
    QTRY_VERIFY(stranger.isClosed());
    QVERIFY(three.emptyDisks.empty());
}

/// While a change is in progress the map lists both.
void TestServerLinks::replacedMemberIsNotDialledWhereItsSuccessorIs()
{
    Node one;
    Node three;
    ClusterMapParts parts = mapOf(one.address.toText(), three.address.toText())->parts();
    Member successor = parts.members[1];
    successor.id = 3;
    successor.diskId = "disk-3";
    successor.name = "three";
    successor.clientAddress = "127.0.0.1:3";
    successor.tokens = {4};
    parts.members.push_back(successor);
    const Result<ClusterMapPtr> map = ClusterMap::make(parts);
    QVERIFY2(map.ok(), map.ok() ? "" : map.error().message.c_str());
    three.links.become(helloOf(3), map.value());
    one.links.become(helloOf(1), map.value());
    QTRY_COMPARE(one.connected, std::vector<NodeId>{3});
    QTest::qWait(500); // dials what isn't connected many times
    QCOMPARE(one.connected, std::vector<NodeId>{3});
    QVERIFY(one.disconnected.empty());
    QCOMPARE(one.links.counters().linksRefused, std::uint64_t(0));
}

void TestServerLinks::strangersAreRefused_data()
{
    QTest::addColumn<QByteArray>("bytes");
    const auto row = [](const char* name, const Hello& hello) {
        std::string bytes;
        encodeHello(bytes, hello);
        QTest::newRow(name) << QByteArray::fromStdString(bytes);
    };
    Hello otherCluster = helloOf(1);
    otherCluster.clusterId = "11111111-6b5d-4f37-9f52-0d5a5f1c7a11";
    row("other cluster", otherCluster);
    row("unknown node id", helloOf(9));
    Hello wrongDisk = helloOf(1);
    wrongDisk.diskId = "disk-x";
    row("wrong disk", wrongDisk);
    Hello waiting;
    waiting.diskId = "disk-x";
    row("waits, and isn't in the map", waiting);
    QTest::newRow("redis client") << QByteArray("*1\r\n$4\r\nPING\r\n");
    QTest::newRow("browser") << QByteArray("GET / HTTP/1.1\r\n\r\n");
    QTest::newRow("other version") << QByteArray("QUOT\x02");
    QTest::newRow("random bytes") << QByteArray("QUOT\x01\xff\xff\x00\x00", 9);
    std::string bytes;
    encodeHello(bytes, helloOf(1));
    bytes[20] ^= 1;
    QTest::newRow("changed hello") << QByteArray::fromStdString(bytes);
}

void TestServerLinks::strangersAreRefused()
{
    QFETCH(QByteArray, bytes);
    Node two;
    two.links.become(helloOf(2), mapOf("127.0.0.1:1", two.address.toText()));
    Stranger stranger(two.address);
    stranger.send(bytes.toStdString());
    QTRY_VERIFY(stranger.isClosed());
    QCOMPARE(two.links.counters().linksRefused, std::uint64_t(1));
    QVERIFY(two.connected.empty());
}

void TestServerLinks::newerConnectionReplacesTheOlder()
{
    Node two;
    two.links.become(helloOf(2), mapOf("127.0.0.1:1", two.address.toText()));
    Stranger older(two.address);
    older.sendHello(helloOf(1));
    QTRY_COMPARE(two.connected.size(), std::size_t(1));
    Stranger newer(two.address);
    newer.sendHello(helloOf(1));
    QTRY_COMPARE(two.connected.size(), std::size_t(2));
    QCOMPARE(two.disconnected, std::vector<NodeId>{1});
    older.send(frameOf({1, CountRequest{1}}));
    newer.send(frameOf({1, CountRequest{2}}));
    QTRY_COMPARE(two.received.size(), std::size_t(1));
    QTest::qWait(30);
    QCOMPARE(two.received.size(), std::size_t(1));
    QCOMPARE(std::get<CountRequest>(two.received[0].body).tag, Tag(2));
    QTRY_VERIFY(older.isClosed());
}

void TestServerLinks::olderIncarnationIsRefused()
{
    Node two;
    two.links.become(helloOf(2), mapOf("127.0.0.1:1", two.address.toText()));
    Stranger first(two.address);
    first.sendHello(helloOf(1, 5));
    QTRY_COMPARE(two.connected.size(), std::size_t(1));
    Stranger restored(two.address);
    restored.sendHello(helloOf(1, 4));
    QTRY_VERIFY(restored.isClosed());
    QVERIFY(restored.socket.readAll().contains("replace it by a node with an empty folder")); // it is told why
    QVERIFY(!first.isClosed());
    QCOMPARE(two.connected.size(), std::size_t(1));
}

void TestServerLinks::garbageAfterTheHelloClosesTheLink()
{
    Node two;
    two.links.become(helloOf(2), mapOf("127.0.0.1:1", two.address.toText()));
    Stranger peer(two.address);
    peer.sendHello(helloOf(1));
    std::string frame = frameOf({1, CountRequest{1}});
    peer.send(frame);
    QTRY_COMPARE(two.received.size(), std::size_t(1));
    frame.back() ^= 1;
    peer.send(frame);
    QTRY_VERIFY(peer.isClosed());
    QTRY_COMPARE(two.disconnected, std::vector<NodeId>{1});
    QCOMPARE(two.received.size(), std::size_t(1));
}

void TestServerLinks::partOfAMessageIsHeard()
{
    Node two;
    two.links.become(helloOf(2), mapOf("127.0.0.1:1", two.address.toText()));
    Stranger peer(two.address);
    peer.send("QUO");
    QTest::qWait(20);
    QVERIFY(two.heard.empty()); // nobody knows yet who it is
    std::string hello;
    encodeHello(hello, helloOf(1));
    peer.send(hello.substr(3));
    QTRY_COMPARE(two.connected.size(), std::size_t(1));
    const std::size_t before = two.heard.size();
    Heartbeat large;
    large.figures.assign(100'000, 'x');
    const std::string frame = frameOf({1, large});
    peer.send(frame.substr(0, frame.size() / 2));
    QTRY_VERIFY(two.heard.size() > before);
    QCOMPARE(two.heard.back(), NodeId(1));
    QVERIFY(two.received.empty());
    peer.send(frame.substr(frame.size() / 2));
    QTRY_COMPARE(two.received.size(), std::size_t(1));
}

void TestServerLinks::silentStrangerIsClosed()
{
    PeerLinksOptions options;
    options.greetingTimeout = Milliseconds(50);
    Node two(options);
    two.links.become(helloOf(2), mapOf("127.0.0.1:1", two.address.toText()));
    Stranger stranger(two.address);
    stranger.send("QUO");
    QTRY_VERIFY(stranger.isClosed());
}

void TestServerLinks::messageWithoutALinkIsDroppedAndCounted()
{
    Node one;
    one.links.become(helloOf(1), mapOf(one.address.toText(), "127.0.0.1:1"));
    one.links.send(2, {1, CountRequest{1}});
    one.links.send(77, {1, CountRequest{1}});
    QCOMPARE(one.links.counters().messagesDropped, std::uint64_t(2));
}

void TestServerLinks::operationBeyondTheBacklogTakesTheLinkDown()
{
    PeerLinksOptions options;
    options.backlogBytesMax = 1024 * 1024;
    Node two(options);
    two.links.become(helloOf(2), mapOf("127.0.0.1:1", two.address.toText()));
    Stranger peer(two.address);
    peer.socket.setReadBufferSize(1024);
    peer.sendHello(helloOf(1));
    QTRY_COMPARE(two.connected.size(), std::size_t(1));
    Heartbeat large;
    large.figures.assign(100'000, 'x');
    for (int i = 0; i < 200; ++i) {
        two.links.send(1, {1, large});
        two.links.flush();
    }
    QVERIFY(two.links.counters().messagesDropped > 0);
    QVERIFY(two.links.backlogBytes(1) < 2 * options.backlogBytesMax);
    QVERIFY(two.disconnected.empty());
    two.links.send(1, {1, OperationRequest{}});
    QTRY_COMPARE(two.disconnected, std::vector<NodeId>{1});
}

QTEST_GUILESS_MAIN(TestServerLinks)
#include "test_server_links.moc"
