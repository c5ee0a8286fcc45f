#include "shared/client/cluster_client.h"
#include "tests/unit/client/fake_server.h"

#include <QSignalSpy>
#include <QtTest>

using namespace quoit;

namespace {

using Arguments = FakeServer::Arguments;

ClusterClient::Options quickOptions()
{
    ClusterClient::Options options;
    options.link.connection.connectTimeout = 200ms;
    options.link.backoffMin = 10ms;
    options.link.backoffMax = 40ms;
    options.link.silenceMax = 60ms;
    options.topologyInterval = 50ms;
    options.retryMin = 5ms;
    options.retryMax = 20ms;
    return options;
}

RequestOptions idempotent(Milliseconds deadline = 5000ms)
{
    return {.deadline = deadline, .idempotent = true};
}

/// Answers of a server whose cluster has these members.
std::function<std::optional<std::string>(const Arguments&)> serving(std::vector<QString> members, std::string name)
{
    return [members = std::move(members),
            name = std::move(name)](const Arguments& arguments) -> std::optional<std::string> {
        if (arguments.at(0) == "QUOIT.NODES")
            return nodesReply(members);
        return bulkReply(name);
    };
}

} // namespace

class TestClientCluster : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void idempotentRequestsSurviveTheLossOfTheirNode();
    void otherRequestsInFlightReportThatTheyMayHaveRun();
    void membersAreLearnedFromTheClusterAndUsed();
    void serverWithoutQuoitCommandsTellsItsShards();
    void refusedRequestIsRetriedUntilItIsApplied();
    void refusalIsAnsweredAtTheDeadline();
    void unknownIsRetriedOnlyIfIdempotent();
    void deadlineTellsWhetherTheRequestMayHaveRun();
    void whatIsUnderWayAtTheDeadlineHasItsGrace();
    void stoppedNodeIsLeft();
    void slowRequestOnALiveNodeIsWaitedFor();
    void nodeThatLoadsIsLeftForAnother();
    void clientReconnectsWhenTheNodeComesBack();
    void pushesArePassedOn();
    void spreadUsesAllNodes();
    void cancelledAndOrphanedCallbacksAreDropped();
    void disconnectEndsEverything();
    void destructionInACallbackIsSafe();
    void tooManyRequestsAreRefused();
};

void TestClientCluster::idempotentRequestsSurviveTheLossOfTheirNode()
{
    FakeServer first;
    FakeServer second;
    first.answer = [](const Arguments&) { return std::nullopt; };
    second.answer = serving({}, "second");
    ClusterClient client(quickOptions());
    QSignalSpy connected(&client, &ClusterClient::connected);
    client.connectTo({first.address(), second.address()});
    std::vector<std::string> answers;
    for (int i = 0; i < 50; ++i) {
        client.request({"GET", std::to_string(i)}, idempotent(), [&answers](ClientReply reply) {
            QVERIFY2(reply.ok(), reply.errorText().c_str());
            answers.push_back(reply.value.text);
        });
    }
    QTRY_COMPARE(first.requests.size(), std::size_t(50)); // in flight when it dies
    first.die();
    QTRY_COMPARE(answers.size(), std::size_t(50));
    QCOMPARE(answers.front(), std::string("second"));
    QCOMPARE(second.requests.size(), std::size_t(50));
    QCOMPARE(client.pendingCount(), std::size_t(0));
    QCOMPARE(connected.count(), 2);
    QCOMPARE(client.address(), second.address());
}

void TestClientCluster::otherRequestsInFlightReportThatTheyMayHaveRun()
{
    FakeServer first;
    FakeServer second;
    first.answer = [](const Arguments&) { return std::nullopt; };
    second.answer = serving({}, "second");
    ClusterClient client(quickOptions());
    QSignalSpy disconnected(&client, &ClusterClient::disconnected);
    client.connectTo({first.address(), second.address()});
    std::vector<ClientReply> replies;
    const auto note = [&replies](ClientReply reply) { replies.push_back(std::move(reply)); };
    client.request({"INCR", "a"}, {}, note);
    QTRY_COMPARE(first.requests.size(), std::size_t(1));
    first.die();
    QTRY_COMPARE(replies.size(), std::size_t(1));
    QVERIFY(replies.front().fate == RequestFate::MayHaveRun);
    QVERIFY(QByteArray::fromStdString(replies.front().errorText()).contains(first.address().toUtf8()));
    QTRY_COMPARE(disconnected.count(), 1);
    // One that was never sent isn't lost, idempotent or not.
    client.request({"INCR", "b"}, {}, note);
    QTRY_COMPARE(replies.size(), std::size_t(2));
    QVERIFY(replies.back().ok());
    QCOMPARE(second.requests, (std::vector<Arguments>{{"INCR", "b"}}));
}

void TestClientCluster::membersAreLearnedFromTheClusterAndUsed()
{
    FakeServer first;
    FakeServer second;
    first.answer = serving({first.address(), second.address()}, "first");
    second.answer = serving({first.address(), second.address()}, "second");
    ClusterClient client(quickOptions());
    QSignalSpy topology(&client, &ClusterClient::topologyChanged);
    client.connectTo({first.address()});
    QVERIFY(topology.wait());
    QCOMPARE(client.knownAddresses(), QStringList({first.address(), second.address()}));
    first.die();
    std::string answer;
    client.request({"GET", "a"}, idempotent(), [&answer](ClientReply reply) { answer = reply.value.text; });
    QTRY_COMPARE(answer, std::string("second"));
    QCOMPARE(topology.count(), 1);
}

void TestClientCluster::serverWithoutQuoitCommandsTellsItsShards()
{
    FakeServer server;
    server.answer = [](const Arguments& arguments) -> std::optional<std::string> {
        if (arguments.at(0) != "CLUSTER")
            return "-ERR unknown command\r\n";
        return "*1\r\n%1\r\n+nodes\r\n*1\r\n%2\r\n+port\r\n:7001\r\n+ip\r\n+127.0.0.1\r\n";
    };
    ClusterClient client(quickOptions());
    QSignalSpy topology(&client, &ClusterClient::topologyChanged);
    client.connectTo({server.address()});
    QVERIFY(topology.wait());
    QVERIFY(client.knownAddresses().contains(QStringLiteral("127.0.0.1:7001")));
}

void TestClientCluster::refusedRequestIsRetriedUntilItIsApplied()
{
    for (const std::string error :
         {"NOQUORUM 1 of 3 replicas answer", "BUSY too much waits", "LOADING wait", "CLUSTERDOWN"}) {
        FakeServer server;
        int asked = 0;
        server.answer = [&asked, error](const Arguments& arguments) -> std::optional<std::string> {
            if (arguments.at(0) == "INCR" && ++asked == 5)
                return ":1\r\n";
            return "-" + error + "\r\n";
        };
        ClusterClient client(quickOptions());
        client.connectTo({server.address()});
        bool applied = false;
        client.request({"INCR", "a"}, {}, [&applied](ClientReply reply) { applied = reply.ok(); });
        QTRY_VERIFY(applied);
        QCOMPARE(asked, 5);
    }
}

void TestClientCluster::refusalIsAnsweredAtTheDeadline()
{
    FakeServer server;
    server.answer = [](const Arguments&) { return "-NOQUORUM 1 of 3 replicas answer\r\n"; };
    ClusterClient client(quickOptions());
    client.connectTo({server.address()});
    std::optional<ClientReply> reply;
    client.request({"INCR", "a"}, {.deadline = 200ms}, [&reply](ClientReply got) { reply = std::move(got); });
    QTRY_VERIFY(reply.has_value());
    QVERIFY(reply->fate == RequestFate::Answered);
    QCOMPARE(reply->errorText(), std::string("NOQUORUM 1 of 3 replicas answer"));
    QVERIFY(server.requests.size() > 1);
}

void TestClientCluster::unknownIsRetriedOnlyIfIdempotent()
{
    FakeServer server;
    int asked = 0;
    server.answer = [&asked](const Arguments& arguments) -> std::optional<std::string> {
        if (arguments.at(0) == "SET" && ++asked == 3)
            return "+OK\r\n";
        return "-UNKNOWN the write may have been applied\r\n";
    };
    ClusterClient client(quickOptions());
    client.connectTo({server.address()});
    std::optional<ClientReply> increment;
    std::optional<ClientReply> set;
    client.request({"INCR", "a"}, {}, [&increment](ClientReply reply) { increment = std::move(reply); });
    client.request({"SET", "a", "1"}, idempotent(), [&set](ClientReply reply) { set = std::move(reply); });
    QTRY_VERIFY(increment && set);
    QVERIFY(increment->errorText().starts_with("UNKNOWN"));
    QVERIFY(set->ok());
    QCOMPARE(asked, 3);
}

void TestClientCluster::deadlineTellsWhetherTheRequestMayHaveRun()
{
    FakeServer server;
    server.answer = [](const Arguments&) { return std::nullopt; };
    ClusterClient client(quickOptions());
    QSignalSpy connected(&client, &ClusterClient::connected);
    std::vector<ClientReply> replies;
    const auto note = [&replies](ClientReply reply) { replies.push_back(std::move(reply)); };
    client.connectTo({server.address()});
    QVERIFY(connected.wait());
    client.request({"INCR", "a"}, {.deadline = 50ms}, note);
    QTRY_COMPARE(replies.size(), std::size_t(1));
    QVERIFY(replies.back().fate == RequestFate::MayHaveRun);

    server.die();
    QTRY_VERIFY(!client.isConnected());
    client.request({"INCR", "a"}, {.deadline = 100ms}, note);
    QTRY_COMPARE(replies.size(), std::size_t(2));
    QVERIFY(replies.back().fate == RequestFate::NotRun);
    QVERIFY2(QByteArray::fromStdString(replies.back().reason).contains("refused"), replies.back().reason.c_str());
}

void TestClientCluster::whatIsUnderWayAtTheDeadlineHasItsGrace()
{
    FakeServer server;
    server.answer = [](const Arguments& arguments) {
        return arguments[0] == "QUOIT.NODES" ? std::optional(nodesReply({})) : std::nullopt;
    };
    ClusterClient::Options options = quickOptions();
    options.topologyInterval = 60s; // its answer would stand in line behind those that don't come
    ClusterClient client(options);
    QSignalSpy connected(&client, &ClusterClient::connected);
    std::vector<ClientReply> replies;
    const auto note = [&replies](ClientReply reply) { replies.push_back(std::move(reply)); };
    client.connectTo({server.address()});
    QVERIFY(connected.wait());
    // The answer comes after the deadline: it is the answer, and NOQUORUM is asked no more.
    client.request({"GET", "a"}, {.deadline = 30ms, .grace = 60s, .idempotent = true}, note);
    client.request({"GET", "b"}, {.deadline = 30ms, .idempotent = true}, note);
    QTRY_COMPARE(replies.size(), std::size_t(1));
    QVERIFY(replies.front().fate == RequestFate::MayHaveRun);
    server.sendToAll("-NOQUORUM too few\r\n");
    QTRY_COMPARE(replies.size(), std::size_t(2));
    QCOMPARE(replies.back().errorText(), std::string("NOQUORUM too few"));
    QCOMPARE(server.requests.size(), std::size_t(2));
    // The grace ends as well.
    client.request({"GET", "c"}, {.deadline = 30ms, .grace = 30ms, .idempotent = true}, note);
    QTRY_COMPARE(replies.size(), std::size_t(3));
    QCOMPARE(replies.back().reason, std::string("no answer within 60 ms"));
    // A lost connection ends it, instead of a second attempt.
    client.request({"GET", "d"}, {.deadline = 30ms, .grace = 60s, .idempotent = true}, note);
    client.request({"GET", "e"}, {.deadline = 30ms, .idempotent = true}, note);
    QTRY_COMPARE(replies.size(), std::size_t(4));
    server.closeConnections();
    QTRY_COMPARE(replies.size(), std::size_t(5));
    QVERIFY(replies.back().fate == RequestFate::MayHaveRun);
    // Without a connection there is nothing to wait for.
    server.die();
    QTRY_VERIFY(!client.isConnected());
    client.request({"GET", "f"}, {.deadline = 30ms, .grace = 60s, .idempotent = true}, note);
    QTRY_COMPARE(replies.size(), std::size_t(6));
    QVERIFY(replies.back().fate == RequestFate::NotRun);
}

void TestClientCluster::stoppedNodeIsLeft()
{
    FakeServer first;
    FakeServer second;
    first.answer = serving({}, "first");
    second.answer = serving({}, "second");
    ClusterClient client(quickOptions());
    QSignalSpy connected(&client, &ClusterClient::connected);
    client.connectTo({first.address(), second.address()});
    QVERIFY(connected.wait());
    QCOMPARE(client.address(), first.address());
    first.isAwake = false; // its connections stay open
    QSignalSpy disconnected(&client, &ClusterClient::disconnected);
    QVERIFY(disconnected.wait());
    QTRY_COMPARE(client.address(), second.address());
}

void TestClientCluster::slowRequestOnALiveNodeIsWaitedFor()
{
    FakeServer server;
    server.answer = [](const Arguments&) { return std::nullopt; };
    ClusterClient client(quickOptions());
    QSignalSpy disconnected(&client, &ClusterClient::disconnected);
    client.connectTo({server.address()});
    bool answered = false;
    client.request({"KEYS", "*"}, {}, [&answered](ClientReply reply) { answered = reply.ok(); });
    QTRY_COMPARE(server.requests.size(), std::size_t(1));
    QTRY_VERIFY(server.acceptedCount >= 3); // it did look twice whether the node lives
    QCOMPARE(disconnected.count(), 0);
    QVERIFY(client.isConnected());
}

void TestClientCluster::nodeThatLoadsIsLeftForAnother()
{
    FakeServer first;
    FakeServer second;
    first.answer = [](const Arguments&) { return "-LOADING wait\r\n"; };
    second.answer = serving({}, "second");
    ClusterClient client(quickOptions());
    client.connectTo({first.address(), second.address()});
    std::string answer;
    client.request({"INCR", "a"}, {}, [&answer](ClientReply reply) { answer = reply.value.text; });
    QTRY_COMPARE(answer, std::string("second"));
}

void TestClientCluster::clientReconnectsWhenTheNodeComesBack()
{
    FakeServer server;
    server.answer = serving({}, "back");
    server.die();
    ClusterClient client(quickOptions());
    QSignalSpy failed(&client, &ClusterClient::attemptFailed);
    client.connectTo({server.address()});
    std::string answer;
    client.request({"INCR", "a"}, {}, [&answer](ClientReply reply) { answer = reply.value.text; });
    QTRY_VERIFY(failed.count() >= 3);
    server.revive();
    QTRY_COMPARE(answer, std::string("back"));
    server.die();
    QTRY_VERIFY(!client.isConnected());
    server.revive();
    QTRY_VERIFY(client.isConnected());
}

void TestClientCluster::pushesArePassedOn()
{
    FakeServer server;
    ClusterClient client(quickOptions());
    QSignalSpy connected(&client, &ClusterClient::connected);
    std::vector<RespValue> pushes;
    connect(&client, &ClusterClient::pushReceived, this, [&pushes](const RespValue& push) { pushes.push_back(push); });
    client.connectTo({server.address()});
    QVERIFY(connected.wait());
    server.sendToAll(">2\r\n+quoit.watch\r\n%0\r\n");
    QTRY_COMPARE(pushes.size(), std::size_t(1));
}

void TestClientCluster::spreadUsesAllNodes()
{
    FakeServer servers[3];
    const std::vector<QString> members = {servers[0].address(), servers[1].address(), servers[2].address()};
    for (FakeServer& server : servers)
        server.answer = serving(members, "any");
    ClusterClient client(quickOptions());
    client.setSpread(5); // more than there are
    client.connectTo({servers[1].address()});
    const auto openCount = [&servers] {
        int count = 0;
        for (const FakeServer& server : servers)
            count += server.connectionCount() > 0 ? 1 : 0;
        return count;
    };
    QTRY_COMPARE(openCount(), 3);
    QTest::qWait(50);
    int answered = 0;
    for (int i = 0; i < 300; ++i)
        client.request({"SET", std::to_string(i), "v"}, idempotent(),
                       [&answered](ClientReply reply) { answered += reply.ok(); });
    QTRY_COMPARE(answered, 300);
    for (const FakeServer& server : servers)
        QVERIFY(server.requests.size() >= 50);

    servers[0].die();
    for (int i = 0; i < 300; ++i)
        client.request({"SET", std::to_string(i), "v"}, idempotent(),
                       [&answered](ClientReply reply) { answered += reply.ok(); });
    QTRY_COMPARE(answered, 600);

    client.setSpread(1);
    QTRY_COMPARE(openCount(), 1);
    QVERIFY(client.isConnected());
}

void TestClientCluster::cancelledAndOrphanedCallbacksAreDropped()
{
    FakeServer server;
    server.answer = serving({}, "x");
    ClusterClient client(quickOptions());
    client.connectTo({server.address()});
    int calls = 0;
    bool last = false;
    const quint64 id = client.request({"GET", "a"}, idempotent(), [&calls](ClientReply) { ++calls; });
    auto context = std::make_unique<QObject>();
    RequestOptions options = idempotent();
    options.context = context.get();
    client.request({"GET", "b"}, options, [&calls](ClientReply) { ++calls; });
    client.request({"GET", "c"}, idempotent(), [&last](ClientReply) { last = true; });
    client.cancel(id);
    client.cancel(id);
    context.reset();
    QTRY_VERIFY(last);
    QCOMPARE(calls, 0);
    QCOMPARE(client.pendingCount(), std::size_t(0));
}

void TestClientCluster::disconnectEndsEverything()
{
    FakeServer server;
    server.answer = [](const Arguments&) { return std::nullopt; };
    ClusterClient client(quickOptions());
    QSignalSpy disconnected(&client, &ClusterClient::disconnected);
    client.connectTo({server.address()});
    std::vector<RequestFate> fates;
    client.request({"GET", "a"}, idempotent(), [&fates](ClientReply reply) { fates.push_back(reply.fate); });
    QTRY_COMPARE(server.requests.size(), std::size_t(1));
    client.disconnectFromCluster();
    QVERIFY(fates == std::vector<RequestFate>{RequestFate::MayHaveRun});
    QCOMPARE(disconnected.count(), 1);
    client.request({"GET", "a"}, idempotent(), [&fates](ClientReply reply) { fates.push_back(reply.fate); });
    QCOMPARE(fates.size(), std::size_t(1));
    QTRY_COMPARE(fates.size(), std::size_t(2));
    QVERIFY(fates.back() == RequestFate::NotRun);
    QTRY_COMPARE(server.connectionCount(), 0);
    server.answer = serving({}, "again");
    client.connectTo({server.address()});
    QTRY_VERIFY(client.isConnected());
}

void TestClientCluster::destructionInACallbackIsSafe()
{
    FakeServer server;
    server.answer = serving({}, "x");
    auto client = std::make_unique<ClusterClient>(quickOptions());
    client->connectTo({server.address()});
    int calls = 0;
    for (int i = 0; i < 10; ++i) {
        client->request({"GET", "a"}, idempotent(), [&](ClientReply) {
            ++calls;
            client.reset();
        });
    }
    QTRY_VERIFY(!client);
    QTest::qWait(20);
    QCOMPARE(calls, 1);
}

void TestClientCluster::tooManyRequestsAreRefused()
{
    ClusterClient::Options options = quickOptions();
    options.requestsMax = 2;
    FakeServer server;
    server.answer = serving({}, "x");
    ClusterClient client(options);
    client.connectTo({server.address()});
    int answered = 0;
    int refused = 0;
    for (int i = 0; i < 3; ++i) {
        client.request({"GET", "a"}, idempotent(), [&](ClientReply reply) {
            answered += reply.ok();
            refused += reply.fate == RequestFate::NotRun;
        });
    }
    QTRY_COMPARE(answered + refused, 3);
    QCOMPARE(refused, 1);
}

QTEST_GUILESS_MAIN(TestClientCluster)
#include "test_client_cluster.moc"
