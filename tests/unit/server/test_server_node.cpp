// A whole node in this process, over real sockets: from waiting to serving, through bad input, to a restart.
#include "node/server/epoll_dispatcher.h"
#include "node/server/node_service.h"
#include "shared/admin/hot_keys_report.h"
#include "shared/admin/node_report.h"
#include "tests/unit/server/metrics_checker.h"
#include "tests/unit/server/test_client.h"

#include <QProcess>
#include <QStandardPaths>
#include <QTcpSocket>
#include <QTemporaryDir>
#include <QtTest>
#include <sys/socket.h>

using namespace quoit;
using quoit::testing::Client;

class TestServerNode : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void waitingNodeSaysWhoItIsAndRefusesKeys();
    void foreignMapIsRefused();
    void adoptingTwiceIsFine();
    void servesKeys();
    void nullsFollowTheProtocol();
    void pipelineOnOneKeyIsOrdered();
    void badInputIsAnsweredAndDisturbsNobody_data();
    void badInputIsAnsweredAndDisturbsNobody();
    void brokenProtocolIsClosed_data();
    void brokenProtocolIsClosed();
    void webPagesCannotSendCommands_data();
    void webPagesCannotSendCommands();
    void watchPushesOnceASecondInResp3();
    void hotKeysAreTold();
    void clusterCommandsCoverAllSlots();
    void idleConnectionsDisturbNobody();
    void httpAnswersFourPathsAndNothingElse();
    void metricsAreGoodPrometheusText();
    void refusalsHaveFiguresOfTheirOwn();
    void clientsThatEndedTheirSideAreAnswered();
    void nodesThatNeverCameAreToldAlikeEverywhere();
    void dataSurvivesARestart();
    void memberAtAnotherAddressDoesNotSpeak();
    void stopAnswersWhatIsInFlight();

private:
    ServiceOptions options() const;
    void startNode();
    void formCluster();
    QByteArray http(const QByteArray& request);

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<NodeService> m_node;
    int m_exitCode = -1;
};

ServiceOptions TestServerNode::options() const
{
    ServiceOptions options;
    options.dataDir = m_dir->path().toStdString();
    options.listen.port = 0;
    options.peerListen.port = 0;
    options.httpListen = Address{"127.0.0.1", 0};
    options.name = "tested";
    return options;
}

void TestServerNode::startNode()
{
    m_exitCode = -1;
    m_node = std::make_unique<NodeService>(options(), [this](int exitCode) { m_exitCode = exitCode; });
    const Result<void> started = m_node->start();
    QVERIFY2(started.ok(), started.ok() ? "" : started.error().message.c_str());
}

void TestServerNode::formCluster()
{
    quoit::testing::formClusterOfOne(m_node->clientAddress());
}

void TestServerNode::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    startNode();
}

void TestServerNode::cleanup()
{
    m_node.reset();
    m_dir.reset();
}

void TestServerNode::waitingNodeSaysWhoItIsAndRefusesKeys()
{
    Client client(m_node->clientAddress());
    QCOMPARE(client.run({"PING"}).text, std::string("PONG"));
    const IdentityReport identity = identityReportFromResp(client.run({"QUOIT.IDENTITY"})).value();
    QCOMPARE(identity.node, noNode);
    QVERIFY(!identity.diskId.empty());
    QCOMPARE(identity.clientAddress, m_node->clientAddress());
    QCOMPARE(statusReportFromResp(client.run({"QUOIT.STATUS"})).value().state, std::string("waiting"));
    QCOMPARE(nodeReportsFromResp(client.run({"QUOIT.NODES"})).value().size(), std::size_t(1));
    for (const char* command : {"GET", "INCR", "KEYS", "EXISTS"})
        QVERIFY2(client.run({command, "k"}).text.starts_with("CLUSTERDOWN"), command);
    for (const char* command : {"DBSIZE", "RANDOMKEY", "QUOIT.RING"})
        QVERIFY2(client.run({command}).text.starts_with("CLUSTERDOWN"), command);
    QVERIFY(client.run({"CLUSTER", "SLOTS"}).text.starts_with("CLUSTERDOWN"));
    QVERIFY(client.run({"INFO"}).text.find("quoit_state:waiting") != std::string::npos);
}

void TestServerNode::foreignMapIsRefused()
{
    Client client(m_node->clientAddress());
    ClusterMapParts parts;
    parts.partitionCount = 16;
    parts.replicaCount = 1;
    parts.clusterId = "x";
    parts.members = {{1, "another disk", "n", "127.0.0.1:1", "127.0.0.1:2", "", "", 1.0, {0}}};
    QVERIFY(client.run({"QUOIT.ADOPT", ClusterMap::make(std::move(parts)).value()->encode()}).isError());
    QVERIFY(client.run({"QUOIT.ADOPT", "garbage"}).isError());
    QVERIFY(!m_node->isMember());
}

void TestServerNode::adoptingTwiceIsFine()
{
    formCluster();
    QVERIFY(m_node->isMember());
    Client client(m_node->clientAddress());
    const ClusterMapPtr map = clusterMapFromResp(client.run({"QUOIT.RING"})).value();
    QCOMPARE(client.run({"QUOIT.ADOPT", map->encode()}).text, std::string("OK"));
    ClusterMapParts other = map->parts();
    other.clusterId = "1b8e6f0c-6b5d-4f37-9f52-0d5a5f1c7a11";
    QVERIFY(client.run({"QUOIT.ADOPT", ClusterMap::make(std::move(other)).value()->encode()}).isError());
}

void TestServerNode::servesKeys()
{
    formCluster();
    Client client(m_node->clientAddress());
    QCOMPARE(client.run({"SET", "k", "v"}).text, std::string("OK"));
    QCOMPARE(client.run({"GET", "k"}).text, std::string("v"));
    QCOMPARE(client.run({"INCR", "n"}).integerValue, 1);
    QCOMPARE(client.run({"DBSIZE"}).integerValue, 2);
    QCOMPARE(client.run({"TTL", "k"}).integerValue, -1);
    QCOMPARE(client.run({"DEL", "k"}).integerValue, 1);
    QVERIFY(client.run({"GET", "k"}).isNull());
    std::vector<std::string> found;
    std::string cursor = "0";
    do {
        const RespValue page = client.run({"SCAN", cursor, "COUNT", "100"});
        cursor = page.elements.at(0).text;
        for (const RespValue& key : page.elements.at(1).elements)
            found.push_back(key.text);
    } while (cursor != "0");
    QCOMPARE(found, std::vector<std::string>{"n"});
}

void TestServerNode::nullsFollowTheProtocol()
{
    formCluster();
    Client client(m_node->clientAddress());
    client.send("GET nothing\r\nHELLO 3\r\nGET nothing\r\n");
    QTRY_VERIFY(client.socket.bytesAvailable() > 60);
    QTest::qWait(20);
    const QByteArray bytes = client.socket.readAll();
    QVERIFY2(bytes.startsWith("$-1\r\n%7\r\n"), bytes.constData());
    QVERIFY2(bytes.endsWith("_\r\n"), bytes.constData());
}

void TestServerNode::pipelineOnOneKeyIsOrdered()
{
    formCluster();
    Client client(m_node->clientAddress());
    std::string requests;
    for (int i = 0; i < 300; ++i) {
        appendRequest(requests, std::vector<std::string>{"SET", "a", std::to_string(i)});
        appendRequest(requests, std::vector<std::string>{"GET", "a"});
        appendRequest(requests, std::vector<std::string>{"SET", "b" + std::to_string(i), "x"});
    }
    client.send(requests);
    for (int i = 0; i < 300; ++i) {
        QCOMPARE(client.reply().text, std::string("OK"));
        QCOMPARE(client.reply().text, std::to_string(i));
        QCOMPARE(client.reply().text, std::string("OK"));
    }
}

void TestServerNode::badInputIsAnsweredAndDisturbsNobody_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<QByteArray>("answer");
    const auto row = [](const char* name, std::initializer_list<std::string_view> request, const char* answer) {
        QTest::newRow(name) << QByteArray::fromStdString(encodeRequest(request)) << QByteArray(answer);
    };
    row("unknown command", {"NOSUCH", "x"}, "ERR unknown command 'NOSUCH', with args beginning with: 'x' ");
    row("arity", {"GET"}, "ERR wrong number of arguments for 'get' command");
    row("not an integer", {"INCRBY", "k", "x"}, "ERR value is not an integer or out of range");
    row("syntax", {"SET", "k", "v", "WHAT"}, "ERR syntax error");
    row("cursor", {"SCAN", "x"}, "ERR invalid cursor");
    row("database", {"SELECT", "1"}, "ERR DB index is out of range");
    row("protocol version", {"HELLO", "4"}, "NOPROTO unsupported protocol version");
    row("subcommand", {"CLUSTER", "NOSUCH"}, "ERR unknown subcommand 'NOSUCH'. Try CLUSTER HELP.");
    row("slot", {"CLUSTER", "COUNTKEYSINSLOT", "16384"}, "ERR Invalid slot");
    row("level", {"QUOIT.LEVEL", "some"}, "ERR level must be one, quorum or all");
    row("watch in RESP2", {"QUOIT.WATCH"},
        "ERR QUOIT.WATCH pushes reports, which RESP2 can't carry; say HELLO 3 first");
}

void TestServerNode::badInputIsAnsweredAndDisturbsNobody()
{
    QFETCH(QByteArray, request);
    QFETCH(QByteArray, answer);
    formCluster();
    Client other(m_node->clientAddress());
    Client client(m_node->clientAddress());
    client.send(request.toStdString());
    const RespValue reply = client.reply();
    QVERIFY(reply.isError());
    QCOMPARE(QByteArray::fromStdString(reply.text).trimmed(), answer.trimmed());
    QCOMPARE(client.run({"SET", "k", "v"}).text, std::string("OK"));
    QCOMPARE(other.run({"GET", "k"}).text, std::string("v"));
    // Too long a key is refused; too long a value closes the connection before it is held.
    QVERIFY(client.run({"GET", std::string(40'000, 'k')}).isError());
}

void TestServerNode::brokenProtocolIsClosed_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("negative bulk") << QByteArray("*1\r\n$-5\r\n");
    QTest::newRow("no bulk") << QByteArray("*1\r\n:5\r\n");
    QTest::newRow("huge array") << QByteArray("*999999999\r\n");
    QTest::newRow("huge bulk") << QByteArray("*1\r\n$999999999999\r\n");
    QTest::newRow("not a number") << QByteArray("*x\r\n");
    QTest::newRow("unbalanced quotes") << QByteArray("SET \"a\r\n");
    QTest::newRow("endless line") << QByteArray(100'000, 'x');
}

void TestServerNode::brokenProtocolIsClosed()
{
    QFETCH(QByteArray, bytes);
    formCluster();
    Client other(m_node->clientAddress());
    Client client(m_node->clientAddress());
    client.send(bytes.toStdString());
    const QByteArray answer = client.untilClosed();
    QVERIFY2(answer.startsWith("-ERR Protocol error"), answer.constData());
    QCOMPARE(other.run({"SET", "k", "v"}).text, std::string("OK"));
}

void TestServerNode::webPagesCannotSendCommands_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("form") << QByteArray("POST / HTTP/1.1\r\nContent-Type: text/plain\r\n\r\nSET k harm\r\n");
    QTest::newRow("other methods") << QByteArray("PUT / HTTP/1.1\r\nHost: 127.0.0.1:7400\r\n\r\nSET k harm\r\n");
    QTest::newRow("GET is a command") << QByteArray("GET /k HTTP/1.1\r\nhost: 127.0.0.1:7400\r\n\r\nSET k harm\r\n");
}

/// A page that anybody offers may make a browser on this machine send what it likes to the client port, as the body of
/// an HTTP request. As in Redis, nothing behind its first lines is carried out.
void TestServerNode::webPagesCannotSendCommands()
{
    QFETCH(QByteArray, bytes);
    formCluster();
    Client other(m_node->clientAddress());
    Client client(m_node->clientAddress());
    client.send(bytes.toStdString());
    QVERIFY(!client.untilClosed().contains("+OK"));
    QCOMPARE(other.run({"GET", "k"}).type, RespType::Null);
}

void TestServerNode::watchPushesOnceASecondInResp3()
{
    formCluster();
    Client client(m_node->clientAddress());
    client.run({"HELLO", "3"});
    QCOMPARE(client.run({"QUOIT.WATCH"}).text, std::string("OK"));
    for (int i = 0; i < 2; ++i) {
        const RespValue push = client.reply();
        QCOMPARE(push.type, RespType::Push);
        QCOMPARE(push.elements.at(0).text, std::string("quoit.watch"));
        const WatchReport report = watchReportFromResp(push.elements.at(1)).value();
        QCOMPARE(report.reporter, NodeId(1));
        QCOMPARE(report.nodes.size(), std::size_t(1));
        QVERIFY(report.nodes[0].state == NodeState::Up);
        QVERIFY(report.nodes[0].figures.memoryBytes > 0);
    }
}

void TestServerNode::hotKeysAreTold()
{
    formCluster();
    Client client(m_node->clientAddress());
    HotKeysReport report;
    const auto ask = [&] {
        for (int i = 0; i < 30; ++i)
            client.run({"GET", "read"});
        client.run({"MSET", "written", "1", "other", "2"});
        report = hotKeysReportFromResp(client.run({"QUOIT.HOTKEYS", "COUNT", "2"})).value();
        return report.keys.size() == 2 && report.readsPerSecond > 0 && report.writesPerSecond > 0;
    };
    QTRY_VERIFY(ask());
    QCOMPARE(report.nodes, std::uint64_t(1));
    QCOMPARE(report.keys[0].key, std::string("read"));
    QVERIFY(report.keys[0].readsPerSecond > 0);
    QCOMPARE(report.keys[0].writesPerSecond, std::uint64_t(0));
    QVERIFY(report.keys[1].writesPerSecond > 0);
    for (const auto& wrong : {std::vector<std::string_view>{"COUNT", "0"}, {"COUNT", "101"}, {"COUNT", "x"}, {"TOP", "5"}})
        QVERIFY(client.run({"QUOIT.HOTKEYS", wrong[0], wrong[1]}).isError());
    QVERIFY(client.run({"QUOIT.HOTKEYS", "COUNT"}).isError());
}

void TestServerNode::clusterCommandsCoverAllSlots()
{
    formCluster();
    Client client(m_node->clientAddress());
    std::int64_t next = 0;
    for (const RespValue& range : client.run({"CLUSTER", "SLOTS"}).elements) {
        QCOMPARE(range.elements.at(0).integerValue, next);
        next = range.elements.at(1).integerValue + 1;
        QCOMPARE(range.elements.at(2).elements.at(2).text.size(), std::size_t(40));
    }
    QCOMPARE(next, std::int64_t(16384));
    QCOMPARE(client.run({"CLUSTER", "KEYSLOT", "123456789"}).integerValue, 12739);
    QVERIFY(client.run({"CLUSTER", "NODES"}).text.find("myself,master - 0 0 1 connected 0-16383") != std::string::npos);
    QVERIFY(client.run({"CLUSTER", "INFO"}).text.find("cluster_state:ok") != std::string::npos);
    QCOMPARE(client.run({"CLUSTER", "SHARDS"}).elements.size(), std::size_t(1));
}

void TestServerNode::idleConnectionsDisturbNobody()
{
    formCluster();
    std::vector<std::unique_ptr<QTcpSocket>> idle;
    for (int i = 0; i < 200; ++i) {
        idle.push_back(std::make_unique<QTcpSocket>());
        idle.back()->connectToHost(QStringLiteral("127.0.0.1"), addressFromText(m_node->clientAddress()).value().port);
    }
    QTRY_VERIFY(std::all_of(idle.begin(), idle.end(),
                            [](const auto& socket) { return socket->state() == QAbstractSocket::ConnectedState; }));
    Client client(m_node->clientAddress());
    QCOMPARE(client.run({"SET", "k", "v"}).text, std::string("OK"));
    const std::string info = client.run({"INFO", "clients"}).text;
    QVERIFY2(info.find("connected_clients:201") != std::string::npos, info.c_str());
}

QByteArray TestServerNode::http(const QByteArray& request)
{
    Client client(m_node->httpAddress());
    client.send(request.toStdString());
    return client.untilClosed();
}

void TestServerNode::httpAnswersFourPathsAndNothingElse()
{
    QVERIFY(http("GET /health HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 200"));
    QVERIFY(http("GET /ready HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 503"));
    QVERIFY(http("GET /healthz HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 503"));
    formCluster();
    QVERIFY(http("GET /health HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 200"));
    QVERIFY(http("GET /ready HTTP/1.1\r\n\r\n").endsWith("\r\n\r\nready\n"));
    QVERIFY(http("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").startsWith("HTTP/1.1 200"));
    const QByteArray metrics = http("GET /metrics?x=1 HTTP/1.0\r\n\r\n");
    QVERIFY(metrics.startsWith("HTTP/1.1 200"));
    QVERIFY(metrics.contains("\nquoit_homes "));
    QVERIFY(http("GET / HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 404"));
    QVERIFY(http("POST /metrics HTTP/1.1\r\n\r\n").startsWith("HTTP/1.1 405"));
    QVERIFY(http("*1\r\n$4\r\nPING\r\n\r\n").startsWith("HTTP/1.1 400"));
    QVERIFY(http("GET /healthz HTTP/1.1\r\nX: " + QByteArray(10'000, 'x')).startsWith("HTTP/1.1 431"));
}

void TestServerNode::metricsAreGoodPrometheusText()
{
    const auto body = [this] {
        const QByteArray reply = http("GET /metrics HTTP/1.1\r\n\r\n");
        return reply.mid(reply.indexOf("\r\n\r\n") + 4).toStdString();
    };
    QCOMPARE(testing::problemsOfMetrics(body()), std::string()); // of a node that waits
    formCluster();
    Client client(m_node->clientAddress());
    client.run({"SET", "k", "v"});
    client.run({"MGET", "k", "l"});
    client.run({"QUOIT.LEVEL", "one"});
    client.run({"GET", "k"});
    const std::string metrics = body();
    QCOMPARE(testing::problemsOfMetrics(metrics), std::string());
    for (const char* series : {"quoit_command_duration_seconds_count{command=\"set\",level=\"quorum\"} 1\n",
                               "quoit_command_duration_seconds_count{command=\"mget\",level=\"quorum\"} 1\n",
                               "quoit_command_duration_seconds_bucket{command=\"get\",level=\"one\",le=\"+Inf\"} 1\n",
                               "quoit_node_state{state=\"serving\"} 1\n", "quoit_writes_total 1\n", "quoit_reads_total 2\n"})
        QVERIFY2(metrics.find(series) != std::string::npos, series);
    const QString promtool = QStandardPaths::findExecutable(QStringLiteral("promtool"));
    if (promtool.isEmpty())
        return;
    QProcess check;
    check.setProcessChannelMode(QProcess::MergedChannels);
    check.start(promtool, {QStringLiteral("check"), QStringLiteral("metrics")});
    check.write(QByteArray::fromStdString(metrics));
    check.closeWriteChannel();
    QVERIFY(check.waitForFinished(30'000));
    QCOMPARE(check.readAll(), QByteArray());
    QCOMPARE(check.exitCode(), 0);
}

void TestServerNode::refusalsHaveFiguresOfTheirOwn()
{
    formCluster();
    Client client(m_node->clientAddress());
    QCOMPARE(client.run({"SET", "k", "v"}).text, std::string("OK"));
    QCOMPARE(client.run({"CONFIG", "SET", "max-bytes", "1"}).text, std::string("OK"));
    QVERIFY(client.run({"SET", "l", "v"}).text.starts_with("OOM "));
    QVERIFY(client.run({"MSET", "l", "v", "m", "v"}).text.starts_with("OOM "));
    const std::string metrics = http("GET /metrics HTTP/1.1\r\n\r\n").toStdString();
    for (const char* series : {"\nquoit_writes_total 1\n", "\nquoit_failed_commands_total{error=\"OOM\"} 2\n",
                               "\nquoit_failed_commands_total{error=\"NOQUORUM\"} 0\n",
                               "\nquoit_command_duration_seconds_count{command=\"set\",level=\"quorum\"} 1\n"})
        QVERIFY2(metrics.find(series) != std::string::npos, series);
    const std::string info = client.run({"INFO", "everything"}).text;
    for (const char* line : {"\nquoit_writes:1\r\n", "\nquoit_failed_commands:2\r\n", "\nerrorstat_OOM:count=2\r\n", "\ncmdstat_set:calls=1,"})
        QVERIFY2(info.find(line) != std::string::npos, info.c_str());
    QVERIFY(info.find("cmdstat_mset") == std::string::npos);
    const RespValue stats = client.run({"QUOIT.STATS"});
    const auto figure = [&stats](std::string_view name) {
        for (std::size_t i = 0; i + 1 < stats.elements.size(); i += 2)
            if (stats.elements[i].text == name)
                return stats.elements[i + 1].integerValue;
        return std::int64_t(-1);
    };
    QCOMPARE(figure("writes"), std::int64_t(1));
    QCOMPARE(figure("failed-commands"), std::int64_t(2));
    QCOMPARE(figure("failed-oom"), std::int64_t(2));
    QCOMPARE(figure("failed-unknown"), std::int64_t(0));
}

void TestServerNode::clientsThatEndedTheirSideAreAnswered()
{
    formCluster();
    // As a shell does it: printf 'SET a 1\r\nGET a\r\n' | nc
    const auto piped = [](const std::string& address, const std::string& bytes) {
        Client client(address);
        client.send(bytes);
        ::shutdown(static_cast<int>(client.socket.socketDescriptor()), SHUT_WR);
        return client.untilClosed();
    };
    QCOMPARE(piped(m_node->clientAddress(), "SET a 1\r\nINCR a\r\nGET a\r\nKEYS *\r\n"),
             QByteArray("+OK\r\n:2\r\n$1\r\n2\r\n*1\r\n$1\r\na\r\n"));
    QCOMPARE(piped(m_node->clientAddress(), ""), QByteArray());
    QVERIFY(piped(m_node->httpAddress(), "GET /healthz HTTP/1.0\r\n\r\n").startsWith("HTTP/1.1 200"));
    QCOMPARE(piped(m_node->httpAddress(), "GET /healthz"), QByteArray());
}

void TestServerNode::nodesThatNeverCameAreToldAlikeEverywhere()
{
    Client client(m_node->clientAddress());
    const IdentityReport identity = identityReportFromResp(client.run({"QUOIT.IDENTITY"})).value();
    ClusterMapParts parts;
    parts.clusterId = "0b8e6f0c-6b5d-4f37-9f52-0d5a5f1c7a12";
    parts.partitionCount = 16;
    parts.replicaCount = 2;
    parts.members = {{1, identity.diskId, "tested", identity.clientAddress, identity.peerAddress, "", "", 1.0, {0, 8}},
                     {2, "another-disk", "absent", "127.0.0.1:1", "127.0.0.1:2", "", "", 1.0, {4, 12}}};
    QCOMPARE(client.run({"QUOIT.ADOPT", ClusterMap::make(std::move(parts)).value()->encode()}).text, std::string("OK"));
    const StatusReport status = statusReportFromResp(client.run({"QUOIT.STATUS"})).value();
    const std::vector<NodeReport> nodes = nodeReportsFromResp(client.run({"QUOIT.NODES"})).value();
    QCOMPARE(nodes.size(), std::size_t(2));
    QCOMPARE(nodes[0].state, NodeState::Up);
    QCOMPARE(nodes[1].state, NodeState::Suspect);
    QCOMPARE(status.nodesUp, 1u);
    QCOMPARE(status.nodesSuspect, 1u);
    QCOMPARE(status.nodesDown, 0u);
}

void TestServerNode::dataSurvivesARestart()
{
    formCluster();
    {
        Client client(m_node->clientAddress());
        QCOMPARE(client.run({"SET", "k", "v"}).text, std::string("OK"));
    }
    m_node->beginStop();
    QTRY_COMPARE(m_exitCode, 0);
    m_node.reset();
    startNode();
    QVERIFY(m_node->isMember());
    Client client(m_node->clientAddress());
    QCOMPARE(client.run({"GET", "k"}).text, std::string("v"));
}

/// A copied folder that is started somewhere else would else be taken for the node itself, and depose it.
void TestServerNode::memberAtAnotherAddressDoesNotSpeak()
{
    formCluster();
    const Address client = addressFromText(m_node->clientAddress()).value();
    const Address peer = addressFromText(m_node->peerAddress()).value();
    m_node->beginStop();
    QTRY_COMPARE(m_exitCode, 0);
    m_node.reset();
    const auto start = [this](const Address& listen, const Address& peerListen) {
        ServiceOptions told = options();
        told.listen = listen;
        told.peerListen = peerListen;
        m_node = std::make_unique<NodeService>(told, [this](int exitCode) { m_exitCode = exitCode; });
        return m_node->start();
    };
    // On another address of loopback the ports are free, whoever else runs.
    for (const auto& [listen, peerListen] : {std::pair{Address{"127.0.0.9", client.port}, peer},
                                             std::pair{client, Address{"127.0.0.9", peer.port}}}) {
        const Result<void> started = start(listen, peerListen);
        QVERIFY(!started.ok());
        QVERIFY2(started.error().message.find("start it with --listen " + client.toText() + " --peer-listen " + peer.toText()) !=
                     std::string::npos,
                 started.error().message.c_str());
        QVERIFY(!m_node->isMember());
        m_node.reset();
    }
    QVERIFY(start(client, peer).ok());
    QVERIFY(m_node->isMember());
}

void TestServerNode::stopAnswersWhatIsInFlight()
{
    formCluster();
    Client client(m_node->clientAddress());
    QCOMPARE(client.run({"SET", "a", "0"}).text, std::string("OK"));
    std::string requests;
    for (int i = 0; i < 100; ++i)
        appendRequest(requests, std::vector<std::string>{"SET", "k" + std::to_string(i), "v"});
    client.send(requests);
    QTest::qWait(1);
    m_node->beginStop();
    QTRY_COMPARE(m_exitCode, 0);
    QTRY_COMPARE(client.socket.state(), QAbstractSocket::UnconnectedState);
    const QByteArray replies = client.socket.readAll();
    // All that was sent before is answered, and the connection ends with that: nobody is left in doubt.
    QCOMPARE(replies, QByteArray("+OK\r\n").repeated(100));
}

int main(int argc, char** argv)
{
    // The loop that quoit-node runs on.
    QCoreApplication::setEventDispatcher(new EpollDispatcher);
    QCoreApplication application(argc, argv);
    TestServerNode test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_server_node.moc"
