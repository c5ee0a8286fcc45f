#include "shared/client/resp_connection.h"
#include "tests/unit/client/fake_server.h"

#include <QSignalSpy>
#include <QTcpSocket>
#include <QtTest>

using namespace quoit;

namespace {

HostPort addressOf(const FakeServer& server)
{
    return {QStringLiteral("127.0.0.1"), server.port()};
}

} // namespace

class TestClientConnection : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void pipelinedRequestsAreAnsweredInOrderAndLeaveInOneWrite();
    void pushesComeBetweenAnswers();
    void oldServerIsSpokenToInResp2();
    void refusingServerIsReported();
    void refusedConnectionIsReported();
    void silentServerTimesOut();
    void garbageClosesWithAReason();
    void unaskedAnswerClosesWithAReason();
    void lossTellsWhatMayHaveRun();
    void requestBeforeOpenIsNotRun();
    void destructionInACallbackIsSafe();
    void destructionDropsCallbacks();
};

void TestClientConnection::pipelinedRequestsAreAnsweredInOrderAndLeaveInOneWrite()
{
    FakeServer server;
    server.answer = [](const FakeServer::Arguments& arguments) { return bulkReply(arguments.at(1)); };
    RespConnection connection({.clientName = "test"});
    QSignalSpy opened(&connection, &RespConnection::opened);
    connection.open(addressOf(server));
    QVERIFY(opened.wait());
    QCOMPARE(connection.protocol(), 3);
    QTRY_COMPARE(connection.pendingCount(), std::size_t(0)); // CLIENT SETNAME
    const int readsBefore = server.readCount;

    std::vector<std::string> answers;
    for (int i = 0; i < 100; ++i) {
        connection.send({"ECHO", std::to_string(i)}, [&answers](ClientReply reply) {
            QVERIFY(reply.ok());
            answers.push_back(reply.value.text);
        });
    }
    QVERIFY(answers.empty());
    QTRY_COMPARE(answers.size(), std::size_t(100));
    for (int i = 0; i < 100; ++i)
        QCOMPARE(answers.at(static_cast<std::size_t>(i)), std::to_string(i));
    QCOMPARE(server.readCount - readsBefore, 1);
}

void TestClientConnection::pushesComeBetweenAnswers()
{
    FakeServer server;
    server.answer = [](const FakeServer::Arguments&) { return ">2\r\n+quoit.watch\r\n:1\r\n+OK\r\n>1\r\n+x\r\n"; };
    RespConnection connection({});
    QSignalSpy opened(&connection, &RespConnection::opened);
    connection.open(addressOf(server));
    QVERIFY(opened.wait());
    std::vector<RespValue> pushes;
    connect(&connection, &RespConnection::pushReceived, this,
            [&pushes](const RespValue& push) { pushes.push_back(push); });
    bool answered = false;
    connection.send({"QUOIT.WATCH"}, [&answered](ClientReply reply) { answered = reply.ok(); });
    QTRY_COMPARE(pushes.size(), std::size_t(2));
    QVERIFY(answered);
    QCOMPARE(pushes.front().elements.front().text, std::string("quoit.watch"));
}

void TestClientConnection::oldServerIsSpokenToInResp2()
{
    FakeServer server;
    server.hello = "-ERR unknown command 'HELLO'\r\n";
    RespConnection connection({});
    QSignalSpy opened(&connection, &RespConnection::opened);
    connection.open(addressOf(server));
    QVERIFY(opened.wait());
    QCOMPARE(connection.protocol(), 2);
}

void TestClientConnection::refusingServerIsReported()
{
    FakeServer server;
    server.hello = "-ERR max number of clients reached\r\n";
    RespConnection connection({});
    QSignalSpy closed(&connection, &RespConnection::closed);
    connection.open(addressOf(server));
    QVERIFY(closed.wait());
    QVERIFY(closed.front().front().toString().contains(QStringLiteral("max number of clients")));
}

void TestClientConnection::refusedConnectionIsReported()
{
    FakeServer server;
    server.die();
    RespConnection connection({});
    QSignalSpy closed(&connection, &RespConnection::closed);
    connection.open(addressOf(server));
    QVERIFY(closed.wait());
    QVERIFY(closed.front().front().toString().contains(QStringLiteral("refused")));
}

void TestClientConnection::silentServerTimesOut()
{
    FakeServer server;
    server.isAwake = false;
    RespConnection connection({.connectTimeout = 50ms});
    QSignalSpy closed(&connection, &RespConnection::closed);
    connection.open(addressOf(server));
    QVERIFY(closed.wait());
    QVERIFY(closed.front().front().toString().contains(QStringLiteral("50 ms")));
}

void TestClientConnection::garbageClosesWithAReason()
{
    FakeServer server;
    server.answer = [](const FakeServer::Arguments&) { return "HTTP/1.1 400 Bad Request\r\n\r\n"; };
    RespConnection connection({});
    QSignalSpy opened(&connection, &RespConnection::opened);
    QSignalSpy closed(&connection, &RespConnection::closed);
    connection.open(addressOf(server));
    QVERIFY(opened.wait());
    std::vector<RequestFate> fates;
    connection.send({"GET", "a"}, [&fates](ClientReply reply) { fates.push_back(reply.fate); });
    QVERIFY(closed.wait());
    QVERIFY(closed.front().front().toString().contains(QStringLiteral("doesn't speak RESP")));
    QVERIFY(fates == std::vector<RequestFate>{RequestFate::MayHaveRun});
}

void TestClientConnection::unaskedAnswerClosesWithAReason()
{
    FakeServer server;
    RespConnection connection({});
    QSignalSpy opened(&connection, &RespConnection::opened);
    QSignalSpy closed(&connection, &RespConnection::closed);
    connection.open(addressOf(server));
    QVERIFY(opened.wait());
    server.sendToAll("+surprise\r\n");
    QVERIFY(closed.wait());
    QVERIFY(closed.front().front().toString().contains(QStringLiteral("surprise")));
}

void TestClientConnection::lossTellsWhatMayHaveRun()
{
    FakeServer server;
    server.answer = [](const FakeServer::Arguments&) { return std::nullopt; };
    RespConnection connection({});
    QSignalSpy opened(&connection, &RespConnection::opened);
    QSignalSpy closed(&connection, &RespConnection::closed);
    connection.open(addressOf(server));
    QVERIFY(opened.wait());
    std::vector<RequestFate> fates;
    const auto note = [&fates](ClientReply reply) { fates.push_back(reply.fate); };
    connection.send({"SET", "a", "1"}, note);
    QTRY_COMPARE(server.requests.size(), std::size_t(1));
    connection.send({"SET", "b", "1"}, note); // still here when the connection ends
    connection.close(QStringLiteral("because"));
    const std::vector<RequestFate> expected = {RequestFate::MayHaveRun, RequestFate::NotRun};
    QVERIFY(fates == expected);
    QCOMPARE(closed.count(), 1);
    QTest::qWait(20);
    QCOMPARE(fates.size(), std::size_t(2));
    QCOMPARE(server.requests.size(), std::size_t(1));
}

void TestClientConnection::requestBeforeOpenIsNotRun()
{
    RespConnection connection({});
    int calls = 0;
    connection.send({"PING"}, [&calls](ClientReply reply) {
        ++calls;
        QVERIFY(reply.fate == RequestFate::NotRun);
    });
    QCOMPARE(calls, 0);
    QTRY_COMPARE(calls, 1);
}

void TestClientConnection::destructionInACallbackIsSafe()
{
    FakeServer server;
    server.answer = [](const FakeServer::Arguments&) { return "+OK\r\n"; };
    auto connection = std::make_unique<RespConnection>(RespConnection::Options());
    QSignalSpy opened(connection.get(), &RespConnection::opened);
    connection->open(addressOf(server));
    QVERIFY(opened.wait());
    int calls = 0;
    for (int i = 0; i < 3; ++i) {
        connection->send({"GET", "a"}, [&](ClientReply) {
            ++calls;
            connection.reset();
        });
    }
    QTRY_VERIFY(!connection);
    QTest::qWait(20);
    QCOMPARE(calls, 1);
}

void TestClientConnection::destructionDropsCallbacks()
{
    FakeServer server;
    server.answer = [](const FakeServer::Arguments&) { return std::nullopt; };
    int calls = 0;
    {
        RespConnection connection({});
        QSignalSpy opened(&connection, &RespConnection::opened);
        connection.open(addressOf(server));
        QVERIFY(opened.wait());
        connection.send({"GET", "a"}, [&calls](ClientReply) { ++calls; });
        QTRY_COMPARE(server.requests.size(), std::size_t(1));
    }
    QTRY_COMPARE(server.connectionCount(), 0);
    QCOMPARE(calls, 0);
}

QTEST_GUILESS_MAIN(TestClientConnection)
#include "test_client_connection.moc"
