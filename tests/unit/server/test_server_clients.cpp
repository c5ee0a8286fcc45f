// What clients of Redis ask about connections and commands, and expect of a node: over real sockets.
#include "node/server/node_service.h"
#include "tests/unit/server/test_client.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace quoit;
using quoit::testing::Client;

class TestServerClients : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void clientsAreListedAndKilled();
    void killedConnectionsAreThoseThatWereMeant();
    void ownConnectionIsAnsweredBeforeItEnds();
    void idleClientsAreClosedAndOthersStay();
    void passwordsAreTakenAsRedisWithoutAnyTakesThem();
    void helloAndInfoTellOneVersion();
    void errorsOfEveryKindAreCounted();
    void slowRequestsAreKept();
    void latenciesAreToldAndBeginAnew();
    void infoCountsKeysFoundAndCommands();
    void usersAreNotThere();
    void everyHelpThatErrorsNameExists();
    void keysOfCommandsAreTold();
    void keysAreTakenForWhatTheyCost();
    void memoryIsWhatTheAllocatorSays();
    void badInputIsRefused_data();
    void badInputIsRefused();

private:
    std::unique_ptr<Client> named(const char* name);
    std::string address() const { return m_node->clientAddress(); }

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<NodeService> m_node;
};

void TestServerClients::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    ServiceOptions options;
    options.allocatedBytes = [] { return std::uint64_t(123'456); };
    options.allocator = "counted";
    m_node = quoit::testing::startAlone(*m_dir, std::move(options));
    QVERIFY(m_node);
}

void TestServerClients::cleanup()
{
    m_node.reset();
    m_dir.reset();
}

std::unique_ptr<Client> TestServerClients::named(const char* name)
{
    auto client = std::make_unique<Client>(address());
    client->run({"CLIENT", "SETNAME", name});
    return client;
}

void TestServerClients::clientsAreListedAndKilled()
{
    Client client(address());
    const auto first = named("first");
    const auto second = named("second");
    const std::string id = std::to_string(first->run({"CLIENT", "ID"}).integerValue);
    const std::string lines = client.run({"CLIENT", "LIST"}).text;
    QVERIFY(lines.find("name=first") < lines.find("name=second"));
    const std::string one = client.run({"CLIENT", "LIST", "ID", id}).text;
    QVERIFY(one.find("name=first") != std::string::npos && one.find("name=second") == std::string::npos);
    for (const char* const field : {" laddr=", " fd=", " age=", " idle=", " flags=N", " multi=-1", " qbuf=0", " tot-mem=", " cmd=client|id", " resp=2"})
        QVERIFY2(one.find(field) != std::string::npos, field);
    QVERIFY(client.run({"CLIENT", "LIST", "TYPE", "replica"}).text.empty());

    QCOMPARE(client.run({"CLIENT", "KILL", "ID", id}).integerValue, std::int64_t(1));
    QVERIFY(first->untilClosed().isEmpty());
    QCOMPARE(client.run({"CLIENT", "KILL", "ID", id}).integerValue, std::int64_t(0));
    QCOMPARE(second->run({"PING"}).text, std::string("PONG"));
    QTRY_VERIFY(client.run({"INFO", "clients"}).text.find("connected_clients:2\r") != std::string::npos);
}

void TestServerClients::killedConnectionsAreThoseThatWereMeant()
{
    Client client(address());
    const auto byAddress = named("by-address");
    const std::string where = "127.0.0.1:" + std::to_string(byAddress->socket.localPort());
    const auto watching = named("watching");
    watching->run({"HELLO", "3"});
    QCOMPARE(watching->run({"QUOIT.WATCH"}).text, std::string("OK"));
    QCOMPARE(client.run({"CLIENT", "KILL", "127.0.0.1:1"}).text, std::string("ERR No such client"));
    QCOMPARE(client.run({"CLIENT", "KILL", where}).text, std::string("OK"));
    QVERIFY(byAddress->untilClosed().isEmpty());

    const auto normal = named("normal");
    QCOMPARE(client.run({"CLIENT", "KILL", "TYPE", "normal", "ADDR", where}).integerValue, std::int64_t(0));
    QCOMPARE(client.run({"CLIENT", "KILL", "TYPE", "normal", "LADDR", address(), "USER", "default"}).integerValue, std::int64_t(1));
    QVERIFY(normal->untilClosed().isEmpty());
    const std::string lines = client.run({"CLIENT", "LIST", "TYPE", "pubsub"}).text;
    QVERIFY2(lines.find("name=watching") != std::string::npos && lines.find("flags=P") != std::string::npos, lines.c_str());
    QCOMPARE(client.run({"CLIENT", "KILL", "TYPE", "pubsub"}).integerValue, std::int64_t(1));
}

void TestServerClients::ownConnectionIsAnsweredBeforeItEnds()
{
    for (const bool oldForm : {true, false}) {
        Client client(address());
        const std::string where = "127.0.0.1:" + std::to_string(client.socket.localPort());
        client.send(oldForm ? encodeRequest({"CLIENT", "KILL", where})
                            : encodeRequest({"CLIENT", "KILL", "ADDR", where, "SKIPME", "no"}));
        QCOMPARE(client.untilClosed(), QByteArray(oldForm ? "+OK\r\n" : ":1\r\n"));
    }
}

void TestServerClients::idleClientsAreClosedAndOthersStay()
{
    Client client(address());
    const auto watching = named("watching");
    watching->run({"HELLO", "3"});
    watching->run({"QUOIT.WATCH"});
    const auto idle = named("idle");
    QCOMPARE(client.run({"CONFIG", "GET", "timeout"}).elements[1].text, std::string("0"));
    // In one go: who asks too late is closed as well.
    client.send(encodeRequest({"CONFIG", "SET", "timeout", "1"}) + encodeRequest({"CONFIG", "GET", "timeout"}));
    QCOMPARE(client.reply().text, std::string("OK"));
    QCOMPARE(client.reply().elements[1].text, std::string("1"));
    QTRY_COMPARE_WITH_TIMEOUT(idle->socket.state(), QAbstractSocket::UnconnectedState, 30'000);
    QCOMPARE(watching->socket.state(), QAbstractSocket::ConnectedState);
}

void TestServerClients::passwordsAreTakenAsRedisWithoutAnyTakesThem()
{
    Client client(address());
    QVERIFY(client.run({"AUTH", "secret"}).text.starts_with("ERR AUTH <password> called without any password configured"));
    QCOMPARE(client.run({"AUTH", "default", "secret"}).text, std::string("OK"));
    QVERIFY(client.run({"AUTH", "somebody", "secret"}).text.starts_with("WRONGPASS"));
    QVERIFY(client.run({"HELLO", "3", "AUTH", "somebody", "secret"}).text.starts_with("WRONGPASS"));
    QVERIFY(client.run({"CLIENT", "INFO"}).text.find(" resp=2 ") != std::string::npos);
    QCOMPARE(client.run({"HELLO", "3", "AUTH", "default", "secret", "SETNAME", "me"}).type, RespType::Map);
    QCOMPARE(client.run({"CLIENT", "GETNAME"}).text, std::string("me"));
}

/// Clients choose their commands by it.
void TestServerClients::helloAndInfoTellOneVersion()
{
    Client client(address());
    const RespValue hello = client.run({"HELLO", "2"});
    QCOMPARE(hello.elements.at(2).text, std::string("version"));
    const std::string line = "redis_version:" + hello.elements.at(3).text + "\r\n";
    QVERIFY(client.run({"INFO", "server"}).text.find(line) != std::string::npos);
}

void TestServerClients::errorsOfEveryKindAreCounted()
{
    Client client(address());
    QVERIFY(client.run({"NONSENSE"}).isError());
    QVERIFY(client.run({"GET"}).isError());
    QVERIFY(client.run({"SELECT", "1"}).isError());
    QCOMPARE(client.run({"SET", "word", "abc"}).text, std::string("OK"));
    QVERIFY(client.run({"INCR", "word"}).isError());
    const std::string stats = client.run({"INFO", "stats"}).text;
    QVERIFY2(stats.find("total_error_replies:4\r\n") != std::string::npos, stats.c_str());
    QVERIFY(stats.find("quoit_failed_commands:0\r\n") != std::string::npos);
}

void TestServerClients::slowRequestsAreKept()
{
    const auto client = named("slow");
    QCOMPARE(client->run({"SLOWLOG", "LEN"}).integerValue, std::int64_t(0));
    QCOMPARE(client->run({"CONFIG", "SET", "slowlog-log-slower-than", "0"}).text, std::string("OK")); // everything is slow
    const std::string longKey(300, 'k');
    client->run({"SET", "a", "v"});
    client->run({"MGET", "b", "c"});
    client->run({"GET", longKey});
    client->run({"MULTI"});
    client->run({"INCR", "n"});
    client->run({"EXEC"});
    client->run({"KEYS", "*"});
    client->run({"CONFIG", "SET", "slowlog-log-slower-than", "-1"});
    client->run({"SET", "a", "not noted"});
    QCOMPARE(client->run({"SLOWLOG", "LEN"}).integerValue, std::int64_t(5));
    const RespValue all = client->run({"SLOWLOG", "GET", "-1"});
    const std::vector<std::vector<std::string>> wanted{{"keys"}, {"exec", "n"}, {"get", longKey.substr(0, 128)}, {"mget", "b"}, {"set", "a"}};
    QCOMPARE(all.elements.size(), wanted.size());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        const std::vector<RespValue>& entry = all.elements[i].elements;
        QCOMPARE(entry.size(), std::size_t(6));
        QCOMPARE(entry[0].integerValue, static_cast<std::int64_t>(4 - i));
        QVERIFY(entry[1].integerValue > 1'700'000'000 && entry[2].integerValue >= 0);
        std::vector<std::string> words;
        for (const RespValue& word : entry[3].elements)
            words.push_back(word.text);
        QVERIFY2(words == wanted[i], words.front().c_str());
        QVERIFY(entry[4].text.starts_with("127.0.0.1:"));
        QCOMPARE(entry[5].text, std::string("slow"));
    }
    QCOMPARE(client->run({"SLOWLOG", "GET", "2"}).elements.size(), std::size_t(2));
    QVERIFY(client->run({"SLOWLOG", "GET", "-2"}).isError());
    QCOMPARE(client->run({"LATENCY", "LATEST"}).elements.at(0).elements.at(0).text, std::string("command"));
    QCOMPARE(client->run({"LATENCY", "HISTORY", "command"}).elements.size(), std::size_t(5));
    QCOMPARE(client->run({"LATENCY", "HISTORY", "fork"}).elements.size(), std::size_t(0));
    client->run({"CONFIG", "SET", "slowlog-max-len", "3"});
    QCOMPARE(client->run({"SLOWLOG", "LEN"}).integerValue, std::int64_t(3));
    QCOMPARE(client->run({"SLOWLOG", "GET"}).elements.at(2).elements.at(0).integerValue, std::int64_t(2)); // the oldest went
    QCOMPARE(client->run({"SLOWLOG", "RESET"}).text, std::string("OK"));
    QCOMPARE(client->run({"SLOWLOG", "LEN"}).integerValue, std::int64_t(0));
    QCOMPARE(client->run({"LATENCY", "LATEST"}).elements.size(), std::size_t(0));
}

void TestServerClients::latenciesAreToldAndBeginAnew()
{
    Client client(address());
    client.run({"SET", "a", "v"});
    client.run({"GET", "a"});
    client.run({"GET", "a"});
    const RespValue asked = client.run({"LATENCY", "HISTOGRAM", "GET", "strlen"}); // a command that nobody used is left out
    QCOMPARE(asked.elements.size(), std::size_t(2));
    QCOMPARE(asked.elements[0].text, std::string("get"));
    const std::vector<RespValue>& figures = asked.elements[1].elements;
    QCOMPARE(figures.at(1).integerValue, std::int64_t(2));
    QCOMPARE(figures.at(3).elements.back().integerValue, std::int64_t(2)); // all calls took less than the last bound
    QCOMPARE(client.run({"LATENCY", "HISTOGRAM"}).elements.size(), std::size_t(4));
    const std::string text = client.run({"LATENCY", "DOCTOR"}).text;
    QVERIFY2(text.starts_with("Of 3 commands on keys half took up to "), text.c_str());
    const auto count = [&client] {
        const std::string info = client.run({"INFO", "stats"}).text;
        const std::string field = "quoit_reads:";
        return std::stoi(info.substr(info.find(field) + field.size()));
    };
    QCOMPARE(count(), 2);
    QCOMPARE(client.run({"CONFIG", "RESETSTAT"}).text, std::string("OK"));
    QCOMPARE(count(), 0);
    QCOMPARE(client.run({"LATENCY", "HISTOGRAM"}).elements.size(), std::size_t(0));
    client.run({"GET", "a"});
    QCOMPARE(count(), 1);
    QVERIFY(client.run({"LASTSAVE"}).integerValue > 1'700'000'000);
}

/// What tools that know Redis read from INFO.
void TestServerClients::infoCountsKeysFoundAndCommands()
{
    Client client(address());
    client.run({"SET", "a", "v"});
    client.run({"GET", "a"});
    client.run({"STRLEN", "a"});
    client.run({"GET", "absent"});
    client.run({"MGET", "a", "absent", "a", "nor this"});
    client.run({"SET", "b", "v", "XX"}); // no read
    const std::string stats = client.run({"INFO", "stats"}).text;
    QVERIFY2(stats.find("\r\nkeyspace_hits:4\r\nkeyspace_misses:3\r\n") != std::string::npos, stats.c_str());
    const std::string commands = client.run({"INFO", "commandstats"}).text;
    QVERIFY2(commands.starts_with("# Commandstats\r\n"), commands.c_str());
    QVERIFY2(commands.find("\r\ncmdstat_get:calls=2,usec=") != std::string::npos, commands.c_str());
    QVERIFY2(commands.find("\r\ncmdstat_mget:calls=1,usec=") != std::string::npos, commands.c_str());
    QVERIFY(commands.find("cmdstat_append") == std::string::npos); // nobody used it
    QVERIFY(client.run({"INFO", "all"}).text.find("\r\ncmdstat_set:calls=2,usec=") != std::string::npos);
    QVERIFY(client.run({"INFO"}).text.find("cmdstat_") == std::string::npos); // only when asked for, as in Redis
    const std::string cpu = client.run({"INFO", "cpu"}).text;
    QVERIFY2(cpu.find("\r\nused_cpu_sys:") != std::string::npos && cpu.find("\r\nused_cpu_user:") != std::string::npos, cpu.c_str());
}

void TestServerClients::usersAreNotThere()
{
    Client client(address());
    QCOMPARE(client.run({"ACL", "WHOAMI"}).text, std::string("default"));
    QVERIFY(client.run({"ACL", "LIST"}).text.starts_with("ERR ACL LIST is not supported: there are no users"));
    QCOMPARE(client.run({"ACL", "HELP"}).type, RespType::Array);
    QCOMPARE(client.run({"CLUSTER", "LINKS"}).elements.size(), std::size_t(0)); // there is nobody else
}

void TestServerClients::everyHelpThatErrorsNameExists()
{
    Client client(address());
    for (const char* const command : {"CLIENT", "CLUSTER", "COMMAND", "CONFIG", "LATENCY", "MEMORY", "OBJECT", "SLOWLOG"}) {
        QCOMPARE(client.run({command, "NOSUCH"}).text, "ERR unknown subcommand 'NOSUCH'. Try " + std::string(command) + " HELP.");
        const RespValue help = client.run({command, "help"});
        QCOMPARE(help.type, RespType::Array);
        QVERIFY2(help.elements.at(0).text.starts_with(command), command);
    }
}

void TestServerClients::keysOfCommandsAreTold()
{
    Client client(address());
    const auto keys = [&client](std::initializer_list<std::string_view> request) {
        std::string all;
        for (const RespValue& key : client.run(request).elements)
            all += key.text + ' ';
        return all;
    };
    QCOMPARE(keys({"COMMAND", "GETKEYS", "SET", "a", "b"}), std::string("a "));
    QCOMPARE(keys({"COMMAND", "GETKEYS", "mset", "a", "1", "b", "2"}), std::string("a b "));
    QCOMPARE(keys({"COMMAND", "GETKEYS", "DEL", "a", "b", "c"}), std::string("a b c "));
    QCOMPARE(keys({"COMMAND", "GETKEYS", "MEMORY", "USAGE", "a"}), std::string("a "));
    QCOMPARE(keys({"COMMAND", "LIST", "FILTERBY", "PATTERN", "set*"}), std::string("set setnx setex setrange "));
    QVERIFY(client.run({"COMMAND", "LIST", "FILTERBY", "ACLCAT", "write"}).elements.size() > 10);
    QCOMPARE(client.run({"COMMAND", "COUNT"}).integerValue, std::int64_t(client.run({"COMMAND", "LIST"}).elements.size()));
}

void TestServerClients::keysAreTakenForWhatTheyCost()
{
    Client client(address());
    client.run({"SET", "key", "12345"});
    QCOMPARE(client.run({"MEMORY", "USAGE", "key"}).integerValue, std::int64_t(3 + 5 + 64));
    QCOMPARE(client.run({"MEMORY", "USAGE", "key", "SAMPLES", "0"}).integerValue, std::int64_t(3 + 5 + 64));
    QCOMPARE(client.run({"OBJECT", "ENCODING", "key"}).text, std::string("raw"));
    QCOMPARE(client.run({"OBJECT", "REFCOUNT", "key"}).integerValue, std::int64_t(1));
    for (const auto& request : {std::pair{"MEMORY", "USAGE"}, std::pair{"OBJECT", "ENCODING"}, std::pair{"OBJECT", "REFCOUNT"}})
        QVERIFY(client.run({request.first, request.second, "absent"}).isNull());
    const RespValue time = client.run({"TIME"});
    QVERIFY(time.elements.size() == 2 && std::stoll(time.elements[0].text) > 1'600'000'000);
    QCOMPARE(client.run({"ROLE"}).elements.at(0).text, std::string("master"));
}

void TestServerClients::memoryIsWhatTheAllocatorSays()
{
    Client client(address());
    const std::string info = client.run({"INFO", "memory"}).text;
    QVERIFY2(info.find("used_memory:123456\r\nused_memory_human:120.56K\r\nused_memory_rss:") != std::string::npos, info.c_str());
    QVERIFY2(info.find("mem_allocator:counted\r\n") != std::string::npos, info.c_str());
    QVERIFY(info.find("used_memory_rss:123456\r") == std::string::npos);
}

void TestServerClients::badInputIsRefused_data()
{
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<QByteArray>("error");
    const auto row = [](std::initializer_list<std::string_view> request, const char* error) {
        const std::string bytes = encodeRequest(request);
        QTest::newRow(QByteArray::number(static_cast<qulonglong>(qHash(QByteArray::fromStdString(bytes)))).constData())
            << QByteArray::fromStdString(bytes) << QByteArray(error);
    };
    row({"CLIENT", "KILL"}, "ERR wrong number of arguments for 'client|kill' command");
    row({"CLIENT", "KILL", "ID", "0"}, "ERR client-id should be greater than 0");
    row({"CLIENT", "KILL", "ID", "x"}, "ERR client-id should be greater than 0");
    row({"CLIENT", "KILL", "ID", "1", "SKIPME"}, "ERR syntax error");
    row({"CLIENT", "KILL", "SKIPME", "perhaps"}, "ERR syntax error");
    row({"CLIENT", "KILL", "TYPE", "odd"}, "ERR Unknown client type 'odd'");
    row({"CLIENT", "KILL", "USER", "bob"}, "ERR No such user 'bob'");
    row({"CLIENT", "LIST", "TYPE", "odd"}, "ERR Unknown client type 'odd'");
    row({"CLIENT", "LIST", "ID", "x"}, "ERR Invalid client ID");
    row({"CLIENT", "LIST", "WHAT"}, "ERR syntax error");
    row({"CLIENT", "REPLY", "OFF"}, "ERR CLIENT REPLY OFF is not supported: every command is answered");
    row({"CLIENT", "TRACKING", "ON"}, "ERR CLIENT TRACKING is not supported: clients aren't told when keys change");
    row({"CONFIG", "SET", "timeout", "-1"},
        "ERR CONFIG SET failed - timeout: '-1' is no whole number of seconds from 0 (never) to 100000000");
    row({"CONFIG", "SET", "port", "1"}, "ERR CONFIG SET failed - port is fixed when the node starts; see quoit-node --help");
    row({"CONFIG", "SET", "hz", "10"}, "ERR Unknown option or number of arguments for CONFIG SET - 'hz'");
    row({"SELECT", "zero"}, "ERR value is not an integer or out of range");
    row({"SELECT", "1"}, "ERR DB index is out of range");
    row({"COMMAND", "GETKEYS", "NOSUCH", "a"}, "ERR Invalid command specified");
    row({"COMMAND", "GETKEYS", "PING"}, "ERR The command has no key arguments");
    row({"COMMAND", "GETKEYS", "GET", "a", "b"}, "ERR Invalid number of arguments specified for command");
    row({"COMMAND", "LIST", "FILTERBY", "PATTERN"}, "ERR syntax error");
    row({"MEMORY", "USAGE"}, "ERR wrong number of arguments for 'memory|usage' command");
    row({"MEMORY", "USAGE", "k", "SAMPLES", "-1"}, "ERR syntax error");
    row({"MEMORY", "USAGE", ""}, "ERR the empty key is not supported");
    row({"EXEC", "x"}, "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command");
}

void TestServerClients::badInputIsRefused()
{
    QFETCH(QByteArray, request);
    QFETCH(QByteArray, error);
    Client client(address());
    client.send(request.toStdString());
    QCOMPARE(QByteArray::fromStdString(client.reply().text), error);
    QCOMPARE(client.run({"PING"}).text, std::string("PONG"));
}

QTEST_GUILESS_MAIN(TestServerClients)
#include "test_server_clients.moc"
