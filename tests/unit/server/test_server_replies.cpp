// A connection's replies leave in the order of its requests, and what a connection may hold is bounded.
#include "node/server/client_sessions.h"
#include "node/server/loop_turn.h"
#include "node/server/reply_queue.h"
#include "shared/resp/writer.h"

#include <QTcpSocket>
#include <QtTest>
#include <map>
#include <sys/socket.h>

using namespace quoit;

namespace {

constexpr std::size_t largeBytes = 1024 * 1024;

/// Commands of the test: "now X" is answered at once, "later X" when the test says so, "key K X" likewise but ordered
/// by key.
class FakeRunner final : public CommandRunner
{
public:
    bool run(Session& session, const std::vector<std::string_view>& arguments) override
    {
        if (arguments[0] == "large") { // answered at once, in a turn of its own
            const auto ticket = session.openTicket();
            RespWriter(session.replies().replyOf(ticket), 2).bulk(std::string(largeBytes, 'x'));
            session.replies().complete(ticket);
            session.onReplied();
            return true;
        }
        if (arguments[0] == "now") {
            RespWriter(session.replies().immediate(), 2).bulk(arguments[1]);
            return true;
        }
        std::uint64_t key = 0;
        if (arguments[0] == "key") {
            key = std::hash<std::string_view>()(arguments[1]);
            if (session.keys().conflicts(key, true))
                return false;
            session.keys().add(key, true);
        }
        waiting[std::string(arguments.back())] = {&session, session.openTicket(), key};
        order.emplace_back(arguments.back());
        return true;
    }

    void runAgain(Session& session, ChainedCommand read) override
    {
        if (session.isClosed()) {
            session.replies().complete(read.ticket);
            session.onReplied();
            return;
        }
        waiting[read.key] = {&session, read.ticket, 0};
        order.push_back(read.key);
    }
    /// With a value as large as largeBytes that begins with the name, if there is room for it.
    void answerLarge(const std::string& name)
    {
        const Waiting entry = waiting.at(name);
        waiting.erase(name);
        Session& session = *entry.session;
        if (session.mustPostpone(entry.ticket, largeBytes)) {
            ChainedCommand read;
            read.key = name;
            read.ticket = entry.ticket;
            session.postpone(std::move(read), largeBytes);
            return;
        }
        if (!session.isClosed())
            RespWriter(session.replies().replyOf(entry.ticket), 2).bulk(name + std::string(largeBytes - name.size(), 'x'));
        session.replies().complete(entry.ticket);
        session.onReplied();
    }

    void answer(const std::string& name)
    {
        const Waiting entry = waiting.at(name);
        waiting.erase(name);
        entry.session->keys().remove(entry.key, true);
        RespWriter(entry.session->replies().replyOf(entry.ticket), 2).bulk(name);
        entry.session->replies().complete(entry.ticket);
        entry.session->onReplied();
    }

    struct Waiting
    {
        Session* session;
        ReplyQueue::Ticket ticket;
        std::uint64_t key;
    };
    std::map<std::string, Waiting> waiting;
    std::vector<std::string> order; ///< in which they were run
};

/// Sessions on a real port, flushed once a turn.
struct Fixture
{
    FakeRunner runner;
    SessionLimits limits;
    std::unique_ptr<ClientSessions> sessions;
    QTcpSocket client;
    LoopTurn turn{[this] { flush(); }};

    explicit Fixture(SessionLimits chosen = {}, std::size_t connectionsMax = 10, SessionMemoryLimits memory = {})
        : limits(chosen)
        , sessions(std::make_unique<ClientSessions>(limits, connectionsMax, runner, memory))
    {
        const Result<Address> address = sessions->listen({"127.0.0.1", 0});
        client.connectToHost(QStringLiteral("127.0.0.1"), address.value().port);
        client.waitForConnected(5000);
        port = address.value().port;
    }
    void flush()
    {
        while (sessions->flush()) {
        }
    }
    void send(const QByteArray& bytes)
    {
        client.write(bytes);
        client.flush();
    }
    /// Another client, with what it sends first.
    std::unique_ptr<QTcpSocket> another(const QByteArray& bytes)
    {
        auto socket = std::make_unique<QTcpSocket>();
        socket->setReadBufferSize(1); // it reads nothing by itself
        socket->connectToHost(QStringLiteral("127.0.0.1"), port);
        socket->waitForConnected(5000);
        socket->write(bytes);
        socket->flush();
        return socket;
    }
    QByteArray received()
    {
        QTest::qWait(30);
        return client.readAll();
    }
    quint16 port = 0;
};

} // namespace

class TestServerReplies : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void repliesLeaveInTheOrderOfRequests();
    void errorsAreCounted();
    void heldBytesAreCounted();
    void pipelineIsAnsweredInOrder();
    void commandOnABusyKeyWaits();
    void tooManyUnansweredRequestsStopParsing();
    void protocolErrorIsAnsweredAndCloses();
    void clientThatNeverReadsIsClosed();
    void manyLargeRepliesInOneTurnAreBounded();
    void largeRepliesAreReadAheadOnlyAsFarAsTheLimit();
    void readsWhoseRepliesHaveNoRoomAreRunAgain_data();
    void readsWhoseRepliesHaveNoRoomAreRunAgain();
    void postponedReadsEndWithTheirClient();
    void allClientsTogetherHoldNoMoreThanTheNodeMay();
    void whoDoesNotReadIsClosedWhenOthersNeedTheRoom();
    void halfSentRequestsTogetherAreBoundedAndStillArrive();
    void halfSentRequestThatDoesNotGoOnIsClosed();
    void immediateRepliesBehindOthersAreCounted();
    void clientBeyondTheLimitIsRefused();
    void answerToAClosedConnectionIsDropped();
    void halfARequestIsKept();
    void clientThatEndedItsSideIsAnsweredAndThenClosed();
    void clientThatEndedItsSideIsParsedToTheEnd();
};

void TestServerReplies::repliesLeaveInTheOrderOfRequests()
{
    ReplyQueue queue;
    const auto first = queue.open();
    const auto second = queue.open();
    queue.immediate() += "c";
    const auto fourth = queue.open();
    queue.replyOf(second) += "b";
    queue.complete(second);
    QVERIFY(queue.out().empty());
    queue.replyOf(fourth) += "d";
    queue.complete(fourth);
    queue.replyOf(first) += "a";
    queue.complete(first);
    QCOMPARE(queue.out(), std::string("abcd"));
    QCOMPARE(queue.waiting(), std::size_t(0));
    queue.immediate() += "e";
    QCOMPARE(queue.out(), std::string("abcde"));
}

void TestServerReplies::errorsAreCounted()
{
    ReplyQueue queue;
    queue.immediate() += "-ERR first\r\n";
    QCOMPARE(queue.takeErrorCount(), std::uint64_t(1));
    QCOMPARE(queue.takeErrorCount(), std::uint64_t(0));
    queue.immediate() += "$1\r\n-\r\n";
    queue.out().clear();
    const auto first = queue.open();
    const auto second = queue.open();
    queue.immediate() += "-ERR behind\r\n";
    queue.replyOf(second) += "-NOQUORUM\r\n";
    queue.complete(second);
    QCOMPARE(queue.takeErrorCount(), std::uint64_t(2));
    queue.replyOf(first) += ":1\r\n";
    queue.complete(first);
    queue.immediate() += "-ERR last\r\n";
    queue.out().clear();
    QCOMPARE(queue.takeErrorCount(), std::uint64_t(1));
    const auto closed = queue.open();
    queue.dropBytes();
    queue.complete(closed);
    QCOMPARE(queue.takeErrorCount(), std::uint64_t(0));
}

void TestServerReplies::heldBytesAreCounted()
{
    ReplyQueue queue;
    const auto first = queue.open();
    const auto second = queue.open();
    queue.replyOf(second) += "12345";
    queue.complete(second);
    QCOMPARE(queue.heldBytes(), std::size_t(5));
    queue.complete(first);
    QCOMPARE(queue.heldBytes(), std::size_t(0));
}

void TestServerReplies::pipelineIsAnsweredInOrder()
{
    Fixture fixture;
    fixture.send("later a\r\nnow b\r\nlater c\r\nnow d\r\n");
    QTRY_COMPARE(fixture.runner.waiting.size(), std::size_t(2));
    fixture.runner.answer("c");
    QCOMPARE(fixture.received(), QByteArray());
    fixture.runner.answer("a");
    QTRY_COMPARE(fixture.client.bytesAvailable(), qint64(28));
    QCOMPARE(fixture.received(), QByteArray("$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n"));
}

void TestServerReplies::commandOnABusyKeyWaits()
{
    Fixture fixture;
    fixture.send("key x 1\r\nkey y 2\r\nkey x 3\r\nkey z 4\r\n");
    QTRY_COMPARE(fixture.runner.waiting.size(), std::size_t(2));
    QTest::qWait(20);
    QCOMPARE(fixture.runner.order, (std::vector<std::string>{"1", "2"}));
    fixture.runner.answer("1");
    QTRY_COMPARE(fixture.runner.order, (std::vector<std::string>{"1", "2", "3", "4"}));
    for (const char* name : {"4", "3", "2"})
        fixture.runner.answer(name);
    QTRY_COMPARE(fixture.client.bytesAvailable(), qint64(28));
    QCOMPARE(fixture.received(), QByteArray("$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n$1\r\n4\r\n"));
}

void TestServerReplies::tooManyUnansweredRequestsStopParsing()
{
    SessionLimits limits;
    limits.waitingMax = 8;
    Fixture fixture(limits);
    QByteArray requests;
    for (int i = 0; i < 100; ++i)
        requests += "later " + QByteArray::number(i) + "\r\n";
    fixture.send(requests);
    QTRY_COMPARE(fixture.runner.waiting.size(), std::size_t(8));
    QTest::qWait(20);
    QCOMPARE(fixture.runner.order.size(), std::size_t(8));
    for (std::size_t i = 0; i < 100; ++i) {
        QTRY_VERIFY(fixture.runner.order.size() > i);
        fixture.runner.answer(fixture.runner.order[i]);
    }
    QTRY_VERIFY(fixture.client.bytesAvailable() == 10 * 7 + 90 * 8);
}

void TestServerReplies::protocolErrorIsAnsweredAndCloses()
{
    Fixture fixture;
    fixture.send("*1\r\n$-5\r\n");
    QTRY_COMPARE(fixture.client.state(), QAbstractSocket::UnconnectedState);
    QVERIFY(fixture.client.readAll().startsWith("-ERR Protocol error"));
    QTRY_COMPARE(fixture.sessions->count(), std::size_t(0));
}

void TestServerReplies::clientThatNeverReadsIsClosed()
{
    SessionLimits limits;
    limits.outputPauseBytes = 1024 * 1024;
    limits.outputCloseBytes = 2 * 1024 * 1024;
    limits.stallMax = Milliseconds(50);
    Fixture fixture(limits);
    fixture.client.setReadBufferSize(1024);
    const QByteArray large(100'000, 'x');
    for (int i = 0; i < 200; ++i)
        fixture.send("*2\r\n$3\r\nnow\r\n$100000\r\n" + large + "\r\n");
    const auto held = [&fixture] {
        std::size_t byteCount = 0;
        fixture.sessions->forEach([&byteCount](Session& session) { byteCount = session.outputBytes(); });
        return byteCount;
    };
    QTRY_VERIFY(held() > limits.outputPauseBytes / 2);
    QTest::qWait(50);
    QVERIFY2(held() < limits.outputCloseBytes, std::to_string(held()).c_str());
    const TimePoint start = readClocks().monotonic;
    fixture.sessions->tick(start + Milliseconds(1000));
    fixture.sessions->tick(start + Milliseconds(5000));
    QTRY_COMPARE(fixture.sessions->count(), std::size_t(0));
}

void TestServerReplies::manyLargeRepliesInOneTurnAreBounded()
{
    SessionLimits limits;
    limits.outputPauseBytes = 500 * 300'000; // nothing is known of the first replies: each counts as large
    limits.outputCloseBytes = 200'000;
    Fixture fixture(limits);
    for (int i = 0; i < 500; ++i)
        fixture.send("later " + QByteArray::number(i) + QByteArray(2000, 'x') + "\r\n");
    QTRY_COMPARE(fixture.runner.waiting.size(), std::size_t(500));
    std::size_t largest = 0;
    const std::vector<std::string> names = fixture.runner.order;
    for (const std::string& name : names) {
        fixture.runner.answer(name);
        fixture.sessions->forEach([&largest](Session& session) { largest = std::max(largest, session.outputBytes()); });
    }
    QVERIFY2(largest <= limits.outputCloseBytes, std::to_string(largest).c_str());
    QTRY_COMPARE(fixture.sessions->count(), std::size_t(0));
}

void TestServerReplies::largeRepliesAreReadAheadOnlyAsFarAsTheLimit()
{
    SessionLimits limits;
    limits.outputPauseBytes = 8 * largeBytes;
    Fixture fixture(limits);
    fixture.client.setReadBufferSize(1);
    fixture.send(QByteArray("large\r\n").repeated(100));
    QTRY_VERIFY(fixture.sessions->memory().replyBytes() > 6 * largeBytes);
    QTest::qWait(100);
    fixture.sessions->forEach([](Session& session) { QVERIFY(session.outputBytes() <= 8 * largeBytes + 1024); });
    QVERIFY(fixture.sessions->memory().replyBytes() <= 9 * largeBytes);
    // Who reads gets everything, without waiting for a tick.
    fixture.client.setReadBufferSize(0);
    qint64 count = 0;
    QTRY_VERIFY_WITH_TIMEOUT((count += fixture.client.readAll().size()) >= qint64(100 * largeBytes), 20'000);
    QTRY_VERIFY(fixture.sessions->memory().replyBytes() <= largeBytes);
}

void TestServerReplies::readsWhoseRepliesHaveNoRoomAreRunAgain_data()
{
    QTest::addColumn<bool>("inOrder");
    QTest::newRow("the one that goes first comes first") << true;
    QTest::newRow("the one that goes first comes last") << false;
}

void TestServerReplies::readsWhoseRepliesHaveNoRoomAreRunAgain()
{
    QFETCH(bool, inOrder);
    constexpr int count = 30;
    SessionLimits limits;
    limits.outputPauseBytes = 8 * largeBytes;
    limits.outputCloseBytes = 10 * largeBytes;
    Fixture fixture(limits);
    fixture.client.setReadBufferSize(1);
    for (int i = 0; i < count; ++i)
        fixture.send("later " + QByteArray::number(i) + "\r\n");
    QTRY_COMPARE(fixture.runner.waiting.size(), std::size_t(count));
    for (int i = 0; i < count; ++i) {
        fixture.runner.answerLarge(std::to_string(inOrder ? i : count - 1 - i));
        fixture.sessions->forEach([&](Session& session) { QVERIFY(session.outputBytes() <= limits.outputPauseBytes + 2 * largeBytes); });
    }
    fixture.client.setReadBufferSize(0);
    QByteArray all;
    for (int i = 0; i < 5000 && all.size() < qint64(count * (largeBytes + 12)); ++i) {
        QTest::qWait(1);
        all += fixture.client.readAll();
        while (!fixture.runner.waiting.empty())
            fixture.runner.answerLarge(fixture.runner.waiting.rbegin()->first);
    }
    QCOMPARE(all.size(), qint64(count * (largeBytes + 12)));
    for (int i = 0; i < count; ++i)
        QVERIFY2(all.mid(i * qint64(largeBytes + 12)).startsWith("$1048576\r\n" + QByteArray::number(i) + 'x'), std::to_string(i).c_str());
    QVERIFY(fixture.runner.order.size() > count);     // some were run again
    QVERIFY(fixture.runner.order.size() < 3 * count); // and not over and over
    QTRY_VERIFY(fixture.sessions->memory().replyBytes() <= largeBytes);
}

void TestServerReplies::postponedReadsEndWithTheirClient()
{
    SessionLimits limits;
    limits.outputPauseBytes = 4 * largeBytes;
    Fixture fixture(limits);
    fixture.client.setReadBufferSize(1);
    for (int i = 0; i < 20; ++i)
        fixture.send("later " + QByteArray::number(i) + "\r\n");
    QTRY_COMPARE(fixture.runner.waiting.size(), std::size_t(20));
    for (int i = 19; i > 0; --i)
        fixture.runner.answerLarge(std::to_string(i));
    fixture.client.abort();
    QTest::qWait(20);
    QCOMPARE(fixture.runner.waiting.size(), std::size_t(1)); // the first is still on its way
    for (int i = 0; i < 5000 && fixture.sessions->count() > 0; ++i) {
        while (!fixture.runner.waiting.empty())
            fixture.runner.answerLarge(fixture.runner.waiting.begin()->first);
        QTest::qWait(1);
    }
    QCOMPARE(fixture.sessions->count(), std::size_t(0));
    QVERIFY(fixture.runner.order.size() < 30); // those that were left were not run again
    QCOMPARE(fixture.sessions->memory().replyBytes(), std::uint64_t(0));
}

void TestServerReplies::allClientsTogetherHoldNoMoreThanTheNodeMay()
{
    SessionMemoryLimits memory;
    memory.replyBytesMax = 16 * largeBytes;
    Fixture fixture({}, 50, memory);
    std::vector<std::unique_ptr<QTcpSocket>> greedy;
    for (int i = 0; i < 20; ++i)
        greedy.push_back(fixture.another(QByteArray("large\r\n").repeated(100)));
    QTRY_VERIFY(fixture.sessions->memory().areRepliesShort());
    QTest::qWait(200);
    std::size_t held = 0;
    fixture.sessions->forEach([&held](Session& session) { held += session.outputBytes(); });
    QVERIFY2(held >= 8 * largeBytes, std::to_string(held).c_str());
    // One reply each may come beyond the limit, not a hundred.
    QVERIFY2(held <= (16 + 20 + 1) * largeBytes, std::to_string(held).c_str());
    // Others are served.
    fixture.send("now a\r\n");
    QTRY_COMPARE(fixture.client.bytesAvailable(), qint64(7));
    // Who goes away gives back what it held, and the rest goes on.
    greedy.resize(1);
    greedy[0]->setReadBufferSize(0);
    qint64 count = 0;
    QTRY_VERIFY_WITH_TIMEOUT((count += greedy[0]->readAll().size()) >= qint64(100 * largeBytes), 20'000);
    QTRY_VERIFY(fixture.sessions->memory().replyBytes() <= 2 * largeBytes);
}

void TestServerReplies::whoDoesNotReadIsClosedWhenOthersNeedTheRoom()
{
    SessionMemoryLimits memory;
    memory.replyBytesMax = 8 * largeBytes;
    Fixture fixture({}, 50, memory);
    const auto greedy = fixture.another(QByteArray("large\r\n").repeated(100));
    QTRY_VERIFY(fixture.sessions->memory().areRepliesShort());
    TimePoint now = readClocks().monotonic;
    fixture.sessions->tick(now); // what went into the socket's buffer was taken
    for (int second = 0; second < 3; ++second)
        fixture.sessions->tick(now += std::chrono::seconds(1));
    QTRY_COMPARE(fixture.sessions->count(), std::size_t(1));
    QCOMPARE(fixture.sessions->memory().closedUnread(), std::uint64_t(1));
    QVERIFY(!fixture.sessions->memory().areRepliesShort());
    fixture.send("now a\r\n");
    QTRY_COMPARE(fixture.client.bytesAvailable(), qint64(7));
}

void TestServerReplies::halfSentRequestsTogetherAreBoundedAndStillArrive()
{
    SessionMemoryLimits memory;
    memory.inputBytesMax = 4 * largeBytes;
    Fixture fixture({}, 50, memory);
    const QByteArray value(2 * largeBytes, 'v');
    const QByteArray request = "*2\r\n$3\r\nnow\r\n$" + QByteArray::number(value.size()) + "\r\n" + value + "\r\n";
    std::vector<std::unique_ptr<QTcpSocket>> clients;
    for (int i = 0; i < 20; ++i)
        clients.push_back(fixture.another(request.chopped(4)));
    QTRY_VERIFY(fixture.sessions->memory().isInputShort());
    QTest::qWait(200);
    std::uint64_t input = 0;
    fixture.sessions->forEach([&input](Session& session) { input += session.inputBytes(); });
    // Buffers double, and each of the others may hold a small piece.
    QVERIFY2(input <= 12 * largeBytes, std::to_string(input).c_str());
    // They arrive all the same, one after the other.
    for (const auto& client : clients) {
        client->setReadBufferSize(0);
        client->write("vv\r\n");
        client->flush();
    }
    std::vector<qint64> counts(clients.size());
    const auto haveAll = [&] {
        fixture.sessions->shareFairly(false);
        bool all = true;
        for (std::size_t i = 0; i < clients.size(); ++i) {
            counts[i] += clients[i]->readAll().size();
            all = all && counts[i] >= value.size();
        }
        return all;
    };
    QTRY_VERIFY_WITH_TIMEOUT(haveAll(), 30'000);
}

void TestServerReplies::halfSentRequestThatDoesNotGoOnIsClosed()
{
    Fixture fixture;
    fixture.send("*2\r\n$3\r\nnow\r\n$100000\r\n" + QByteArray(1000, 'v'));
    QTRY_VERIFY(fixture.sessions->memory().inputBytes() > 1000);
    const TimePoint now = readClocks().monotonic;
    fixture.sessions->tick(now + SessionLimits().halfSentMax / 2);
    QTest::qWait(20);
    QCOMPARE(fixture.sessions->count(), std::size_t(1));
    fixture.sessions->tick(now + 2 * SessionLimits().halfSentMax);
    QTRY_COMPARE(fixture.client.state(), QAbstractSocket::UnconnectedState);
    QCOMPARE(fixture.client.readAll(), QByteArray("-ERR the rest of the request didn't come in time\r\n"));
    QTRY_COMPARE(fixture.sessions->count(), std::size_t(0));
    QCOMPARE(fixture.sessions->memory().closedHalfSent(), std::uint64_t(1));
    QCOMPARE(fixture.sessions->memory().inputBytes(), std::uint64_t(0));
}

void TestServerReplies::immediateRepliesBehindOthersAreCounted()
{
    ReplyQueue queue;
    const auto first = queue.open();
    queue.immediate() += std::string(1000, 'a');
    QCOMPARE(queue.heldBytes(), std::size_t(1000));
    queue.immediate() += std::string(100, 'b');
    const auto last = queue.open();
    QCOMPARE(queue.heldBytes(), std::size_t(1100));
    queue.complete(first);
    QCOMPARE(queue.heldBytes(), std::size_t(0));
    QCOMPARE(queue.out().size(), std::size_t(1100));
    queue.complete(last);
}

void TestServerReplies::clientBeyondTheLimitIsRefused()
{
    Fixture fixture({}, 1);
    fixture.send("now a\r\n");
    QTRY_VERIFY(fixture.client.bytesAvailable() > 0);
    QTcpSocket second;
    second.connectToHost(QStringLiteral("127.0.0.1"), fixture.port);
    QTRY_COMPARE(second.state(), QAbstractSocket::UnconnectedState);
    QCOMPARE(second.readAll(), QByteArray("-ERR max number of clients reached\r\n"));
    QCOMPARE(fixture.sessions->rejected(), std::uint64_t(1));
}

void TestServerReplies::answerToAClosedConnectionIsDropped()
{
    Fixture fixture;
    fixture.send("later a\r\n");
    QTRY_COMPARE(fixture.runner.waiting.size(), std::size_t(1));
    fixture.client.abort();
    QTest::qWait(30);
    QCOMPARE(fixture.sessions->count(), std::size_t(1)); // its ticket is still open
    fixture.runner.answer("a");
    QTRY_COMPARE(fixture.sessions->count(), std::size_t(0));
}

void TestServerReplies::halfARequestIsKept()
{
    Fixture fixture;
    for (const char byte : QByteArray("*2\r\n$3\r\nnow\r\n$1\r\na\r\n")) {
        fixture.send(QByteArray(1, byte));
        QTest::qWait(1);
    }
    QTRY_COMPARE(fixture.client.bytesAvailable(), qint64(7));
}

void TestServerReplies::clientThatEndedItsSideIsAnsweredAndThenClosed()
{
    Fixture fixture;
    fixture.send("now a\r\nlater b\r\nkey k c\r\nkey k d\r\n");
    QCOMPARE(::shutdown(static_cast<int>(fixture.client.socketDescriptor()), SHUT_WR), 0);
    QTRY_COMPARE(fixture.runner.waiting.size(), std::size_t(2));
    QCOMPARE(fixture.received(), QByteArray("$1\r\na\r\n"));
    fixture.runner.answer("c");
    QTRY_COMPARE(fixture.runner.waiting.size(), std::size_t(2)); // d, which had to wait for c
    fixture.runner.answer("b");
    QTRY_COMPARE(fixture.client.bytesAvailable(), qint64(14));
    QCOMPARE(fixture.client.state(), QAbstractSocket::ConnectedState);
    fixture.runner.answer("d");
    QTRY_COMPARE(fixture.client.state(), QAbstractSocket::UnconnectedState);
    QCOMPARE(fixture.client.readAll(), QByteArray("$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n"));
    QTRY_COMPARE(fixture.sessions->count(), std::size_t(0));
}

void TestServerReplies::clientThatEndedItsSideIsParsedToTheEnd()
{
    SessionLimits limits;
    limits.waitingMax = 2;
    Fixture fixture(limits);
    QByteArray requests;
    for (int i = 0; i < 2000; ++i) // more than one portion of reading
        requests += "later " + QByteArray::number(i) + QByteArray(100, 'x') + "\r\n";
    fixture.send(requests + "now half a req");
    QCOMPARE(::shutdown(static_cast<int>(fixture.client.socketDescriptor()), SHUT_WR), 0);
    for (std::size_t answered = 0; answered < 2000; ++answered) {
        QTRY_VERIFY(fixture.runner.order.size() > answered);
        fixture.runner.answer(fixture.runner.order[answered]);
    }
    QTRY_COMPARE(fixture.client.state(), QAbstractSocket::UnconnectedState);
    QCOMPARE(fixture.client.readAll().count("\r\n"), 4000);
    QTRY_COMPARE(fixture.sessions->count(), std::size_t(0));
}

QTEST_GUILESS_MAIN(TestServerReplies)
#include "test_server_replies.moc"
