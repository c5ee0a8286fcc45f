// Commands of one connection on one key keep their order, and short writes that wait go together.
#include "node/commands/command_logic.h"
#include "node/commands/parse.h"
#include "node/server/key_chains.h"
#include "node/server/node_service.h"
#include "tests/unit/server/test_client.h"

#include <QTemporaryDir>
#include <QtTest>

#include <numeric>

using namespace quoit;
using quoit::testing::Client;

namespace {

ChainedCommand command(std::initializer_list<std::string_view> words, Level level = Level::Quorum)
{
    const std::vector<std::string_view> arguments(words);
    const CommandSpec& spec = *findCommand(arguments.front());
    std::vector<KeyOperation> operations;
    parseCommand(spec, arguments, {}, operations);
    ChainedCommand made;
    made.spec = &spec;
    made.key = arguments[1];
    made.operation = operations.front().operation;
    made.isWrite = spec.kind == CommandKind::KeyWrite;
    made.level = level;
    made.bytes = made.key.size() + made.operation.size();
    return made;
}

/// How many go at a time, until none is left.
std::vector<std::size_t> groups(KeyChains& chains)
{
    std::vector<std::size_t> sizes;
    while (chains.contains(1))
        sizes.push_back(chains.takeNext(1).size());
    return sizes;
}

} // namespace

class TestServerChains : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void shortWritesGoTogether();
    void othersGoAlone();
    void whatGoesTogetherIsBounded();
    void whatWasPutBackGoesOneByOne();
    void pipelinedWritesTakeFewRounds();
    void pipelinedCommandsKeepTheirOrder();
    void valuesTooLargeTogetherAreMadeOneByOne();
    void commandsOfAClosedConnectionComeToAnEnd();
    void pipelinedReadsOfManyLargeValuesAreAnswered();
    void pipelinedCommandsOnManyKeysAreNotRefused();

private:
    void startNode();

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<NodeService> m_node;
};

void TestServerChains::shortWritesGoTogether()
{
    KeyChains chains;
    for (int i = 0; i < 3; ++i)
        chains.append(1, command({"incr", "k"}));
    chains.append(1, command({"set", "k", "5"}));
    chains.append(2, command({"incr", "l"}));
    const std::vector<ChainedCommand> taken = chains.takeNext(1);
    QCOMPARE(taken.size(), std::size_t(4));
    QCOMPARE(taken.back().spec->id, CommandId::Set);
    QVERIFY(!chains.contains(1));
    QVERIFY(chains.contains(2));
    QCOMPARE(chains.takeNext(2).size(), std::size_t(1));
    QVERIFY(chains.empty());
}

void TestServerChains::othersGoAlone()
{
    KeyChains chains;
    chains.append(1, command({"incr", "k"}));
    chains.append(1, command({"incr", "k"}));
    chains.append(1, command({"get", "k"}));
    chains.append(1, command({"getset", "k", "5"})); // a long reply, maybe
    chains.append(1, command({"incr", "k"}));
    chains.append(1, command({"incr", "k"}, Level::All));
    chains.append(1, command({"expire", "k", "5"}, Level::All)); // it may be carried out where there is no room for the other
    chains.append(1, command({"incr", "other with the same hash"}, Level::All));
    QVERIFY(groups(chains) == (std::vector<std::size_t>{2, 1, 1, 1, 1, 1, 1}));
}

void TestServerChains::whatGoesTogetherIsBounded()
{
    KeyChains chains;
    for (int i = 0; i < 100; ++i)
        chains.append(1, command({"incr", "k"}));
    std::vector<std::size_t> sizes = groups(chains);
    QCOMPARE(std::accumulate(sizes.begin(), sizes.end(), std::size_t(0)), std::size_t(100));
    QVERIFY(sizes.front() > 20);
    QVERIFY(sizes.front() * std::string(":-9223372036854775808\r\n").size() <= 1024); // as many replies as a record keeps
    const std::string value(4000, 'v');
    for (int i = 0; i < 100; ++i)
        chains.append(1, command({"set", "k", value}));
    sizes = groups(chains);
    QVERIFY(sizes.size() > 5 && sizes.front() * value.size() <= 64 * 1024);
}

void TestServerChains::whatWasPutBackGoesOneByOne()
{
    KeyChains chains;
    for (const char* const value : {"1", "2", "3"})
        chains.append(1, command({"append", "k", value}));
    std::vector<ChainedCommand> taken = chains.takeNext(1);
    QCOMPARE(taken.size(), std::size_t(3));
    chains.append(1, command({"append", "k", "4"}));
    chains.append(1, command({"append", "k", "5"}));
    chains.putBack(1, std::move(taken));
    std::string order;
    std::vector<std::size_t> sizes;
    while (chains.contains(1)) {
        const std::vector<ChainedCommand> next = chains.takeNext(1);
        sizes.push_back(next.size());
        for (const ChainedCommand& one : next)
            order += one.operation.back();
    }
    QCOMPARE(order, std::string("12345"));
    QVERIFY(sizes == (std::vector<std::size_t>{1, 1, 1, 2}));
}

void TestServerChains::startNode()
{
    m_node.reset();
    m_dir = std::make_unique<QTemporaryDir>();
    m_node = quoit::testing::startAlone(*m_dir);
    QVERIFY(m_node);
}

void TestServerChains::pipelinedWritesTakeFewRounds()
{
    startNode();
    Client client(m_node->clientAddress());
    std::string pipeline;
    for (int i = 0; i < 1000; ++i)
        pipeline += encodeRequest({"INCR", "n"});
    client.send(pipeline);
    for (int i = 1; i <= 1000; ++i)
        QCOMPARE(client.reply().integerValue, std::int64_t(i));
    const std::string version = client.run({"QUOIT.GETV", "n"}).elements[1].text;
    QVERIFY2(std::stoi(version.substr(version.rfind('.') + 1)) < 500, version.c_str()); // each round counts one up
}

void TestServerChains::pipelinedCommandsKeepTheirOrder()
{
    startNode();
    Client client(m_node->clientAddress());
    constexpr int rounds = 120;
    std::string pipeline;
    for (int i = 0; i < rounds; ++i)
        pipeline += encodeRequest({"INCR", "n"}) + encodeRequest({"SET", "k" + std::to_string(i % 7), std::to_string(i)}) + encodeRequest({"INCR", "n"}) +
                    encodeRequest({"GET", "n"}) + encodeRequest({"SETNX", "n", "0"}) + encodeRequest({"GET", "k" + std::to_string(i % 7)}) +
                    encodeRequest({"INCRBY", "n", "much"}) + encodeRequest({"DEL", "absent", "n"}) + encodeRequest({"SET", "n", std::to_string(3 * i)}) +
                    encodeRequest({"STRLEN", "n"});
    client.send(pipeline);
    for (int i = 0; i < rounds; ++i) {
        const std::int64_t begin = i == 0 ? 0 : 3 * (i - 1);
        QCOMPARE(client.reply().integerValue, begin + 1);
        QCOMPARE(client.reply().text, std::string("OK"));
        QCOMPARE(client.reply().integerValue, begin + 2);
        QCOMPARE(client.reply().text, std::to_string(begin + 2));
        QCOMPARE(client.reply().integerValue, std::int64_t(0));
        QCOMPARE(client.reply().text, std::to_string(i));
        QVERIFY(client.reply().isError());
        QCOMPARE(client.reply().integerValue, std::int64_t(1));
        QCOMPARE(client.reply().text, std::string("OK"));
        QCOMPARE(client.reply().integerValue, static_cast<std::int64_t>(std::to_string(3 * i).size()));
    }
    QCOMPARE(client.run({"PING"}).text, std::string("PONG")); // each was answered once
}

void TestServerChains::valuesTooLargeTogetherAreMadeOneByOne()
{
    startNode();
    Client client(m_node->clientAddress());
    const std::int64_t bytes = 15 * 1024 * 1024;
    QCOMPARE(client.run({"SET", "k", std::string(static_cast<std::size_t>(bytes), 'v')}).text, std::string("OK"));
    std::string pipeline;
    for (int i = 0; i < 7; ++i)
        pipeline += encodeRequest({"APPEND", "k", "x"});
    client.send(pipeline);
    for (int i = 0; i < 7; ++i)
        QCOMPARE(client.reply().integerValue, bytes + 1 + i);
    const std::string conflict = client.run({"QUOIT.CAS", "k", "0", "v"}).text;
    QVERIFY2(std::stoi(conflict.substr(conflict.rfind('.') + 1)) > 7, conflict.c_str()); // a record each
}

void TestServerChains::commandsOfAClosedConnectionComeToAnEnd()
{
    startNode();
    Client other(m_node->clientAddress());
    {
        Client client(m_node->clientAddress());
        std::string pipeline;
        for (int i = 0; i < 300; ++i)
            pipeline += encodeRequest({"INCR", "n"});
        client.send(pipeline);
        QTRY_VERIFY(client.socket.bytesAvailable() > 0);
        client.socket.abort();
    }
    QTRY_VERIFY(other.run({"INFO", "clients"}).text.find("connected_clients:1\r") != std::string::npos);
    const std::int64_t count = std::stoll(other.run({"GET", "n"}).text);
    QVERIFY(count > 0 && count <= 300);
    QCOMPARE(other.run({"INCR", "n"}).integerValue, count + 1); // nothing is on its way any more
}

void TestServerChains::pipelinedReadsOfManyLargeValuesAreAnswered()
{
    startNode();
    Client client(m_node->clientAddress());
    const std::string large(1024 * 1024, 'v');
    std::string request;
    {
        std::vector<std::string> names;
        for (int i = 0; i < 10; ++i) {
            names.push_back("k" + std::to_string(i));
            QCOMPARE(client.run({"SET", names.back(), large}).text, std::string("OK"));
        }
        request = encodeRequest({"MGET", names[0], names[1], names[2], names[3], names[4], names[5], names[6], names[7], names[8], names[9]});
    }
    std::string pipeline;
    for (int i = 0; i < 60; ++i)
        pipeline += request;
    client.send(pipeline);
    for (int i = 0; i < 60; ++i) {
        const RespValue values = client.reply();
        QVERIFY2(values.elements.size() == 10, values.text.c_str());
        QVERIFY(values.elements[9].text == large);
    }
}

void TestServerChains::pipelinedCommandsOnManyKeysAreNotRefused()
{
    startNode();
    Client client(m_node->clientAddress());
    std::string pipeline;
    constexpr int count = 400;
    for (int i = 0; i < count; ++i) {
        std::vector<std::string> k;
        for (int j = 0; j < 10; ++j)
            k.push_back("k" + std::to_string((i * 10 + j) % 2000));
        pipeline += encodeRequest({"MSET", k[0], "v", k[1], "v", k[2], "v", k[3], "v", k[4], "v", k[5], "v", k[6], "v", k[7], "v", k[8], "v", k[9], "v"}) +
                    encodeRequest({"MGET", k[0], k[1], k[2], k[3], k[4], k[5], k[6], k[7], k[8], k[9]});
    }
    for (int i = 0; i < count; ++i)
        pipeline += encodeRequest({"DEL", "k" + std::to_string(5 * i), "k" + std::to_string(5 * i + 1), "k" + std::to_string(5 * i + 2)});
    client.send(pipeline);
    for (int i = 0; i < count; ++i) {
        QCOMPARE(client.reply().text, std::string("OK"));
        const RespValue values = client.reply();
        QVERIFY2(values.elements.size() == 10, values.text.c_str());
        QCOMPARE(values.elements[9].text, std::string("v"));
    }
    for (int i = 0; i < count; ++i) {
        const RespValue deleted = client.reply();
        QVERIFY2(deleted.integerValue == 3, deleted.text.c_str());
    }
}

QTEST_GUILESS_MAIN(TestServerChains)
#include "test_server_chains.moc"
