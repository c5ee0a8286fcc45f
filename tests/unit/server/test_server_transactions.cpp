// MULTI, EXEC and WATCH, over real sockets: several commands on one key happen as one, or not at all.
#include "node/server/node_service.h"
#include "tests/unit/server/test_client.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace quoit;
using quoit::testing::Client;

class TestServerTransactions : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void oneCommandIsCarriedOut();
    void severalCommandsOnOneKeyAreOne();
    void commandsOnSeveralKeysChangeNothing();
    void spoiledTransactionIsRefused();
    void waitsForEarlierCommands();
    void heldCommandsAreCounted();
    void sizeIsBounded();
    void repliesSuitTheProtocol();
    void watchedKeyThatChangedMeansNothing();
    void watchEnds();
    void oneKeyIsWatched();

private:
    std::string address() const { return m_node->clientAddress(); }
    /// MULTI, the commands, EXEC. @return EXEC's reply
    RespValue transaction(Client& client, std::initializer_list<std::initializer_list<std::string_view>> commands);

    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<NodeService> m_node;
};

void TestServerTransactions::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_node = quoit::testing::startAlone(*m_dir);
    QVERIFY(m_node);
}

void TestServerTransactions::cleanup()
{
    m_node.reset();
    m_dir.reset();
}

RespValue TestServerTransactions::transaction(Client& client, std::initializer_list<std::initializer_list<std::string_view>> commands)
{
    client.run({"MULTI"});
    for (const auto& command : commands)
        client.run(command);
    return client.run({"EXEC"});
}

void TestServerTransactions::oneCommandIsCarriedOut()
{
    Client client(address());
    QCOMPARE(client.run({"MULTI"}).text, std::string("OK"));
    QCOMPARE(client.run({"INCR", "n"}).text, std::string("QUEUED"));
    QCOMPARE(client.run({"DISCARD"}).text, std::string("OK"));
    QVERIFY(client.run({"GET", "n"}).isNull());
    for (int round = 1; round <= 2; ++round) { // as redis-py's pipeline() does
        client.send(encodeRequest({"MULTI"}) + encodeRequest({"INCR", "n"}) + encodeRequest({"EXEC"}));
        QCOMPARE(client.reply().text, std::string("OK"));
        QCOMPARE(client.reply().text, std::string("QUEUED"));
        const RespValue replies = client.reply();
        QCOMPARE(replies.elements.size(), std::size_t(1));
        QCOMPARE(replies.elements[0].integerValue, std::int64_t(round));
    }
    client.run({"MULTI"});
    QCOMPARE(client.run({"EXEC"}).type, RespType::Array);
    QCOMPARE(transaction(client, {{"PING"}}).elements[0].text, std::string("PONG"));
    QCOMPARE(transaction(client, {{"MSET", "c", "1"}}).elements[0].text, std::string("OK"));
}

void TestServerTransactions::severalCommandsOnOneKeyAreOne()
{
    Client client(address());
    const RespValue counted = transaction(client, {{"INCR", "n"}, {"EXPIRE", "n", "60"}, {"GET", "n"}});
    QCOMPARE(counted.elements.size(), std::size_t(3));
    QCOMPARE(counted.elements[0].integerValue, std::int64_t(1));
    QCOMPARE(counted.elements[1].integerValue, std::int64_t(1));
    QCOMPARE(counted.elements[2].text, std::string("1"));
    QVERIFY(client.run({"TTL", "n"}).integerValue >= 59);
    const std::string version = client.run({"QUOIT.GETV", "n"}).elements[1].text;
    transaction(client, {{"INCR", "n"}, {"INCR", "n"}, {"INCR", "n"}});
    const std::string after = client.run({"QUOIT.GETV", "n"}).elements[1].text;
    // One record, whose number is the next one.
    QCOMPARE(std::stoi(after.substr(after.rfind('.') + 1)), std::stoi(version.substr(version.rfind('.') + 1)) + 1);

    // An error is one of the replies, whether it shows when the command is parsed or when it runs; the others go on.
    const RespValue mixed = transaction(client, {{"SET", "n", "text"}, {"INCR", "n"}, {"INCRBY", "n", "much"}, {"APPEND", "n", "!"}, {"DEL", "n", "n"}});
    QCOMPARE(mixed.elements.size(), std::size_t(5));
    QVERIFY(mixed.elements[1].isError() && mixed.elements[2].isError());
    QCOMPARE(mixed.elements[3].integerValue, std::int64_t(5));
    QCOMPARE(mixed.elements[4].integerValue, std::int64_t(1)); // the second time it is gone
    const RespValue allWrong = transaction(client, {{"INCRBY", "n", "much"}, {"EXPIRE", "n", "soon"}});
    QVERIFY(allWrong.elements.size() == 2 && allWrong.elements[0].isError() && allWrong.elements[1].isError());
    const RespValue read = transaction(client, {{"GET", "n"}, {"EXISTS", "n", "n"}, {"MGET", "n", "n"}, {"MEMORY", "USAGE", "n"}});
    QCOMPARE(read.elements.size(), std::size_t(4));
    QVERIFY(read.elements[0].isNull() && read.elements[3].isNull());
    QCOMPARE(read.elements[1].integerValue, std::int64_t(0));
    QCOMPARE(read.elements[2].elements.size(), std::size_t(2));
}

void TestServerTransactions::commandsOnSeveralKeysChangeNothing()
{
    Client client(address());
    client.send(encodeRequest({"MULTI"}) + encodeRequest({"SET", "a", "1"}) + encodeRequest({"SET", "b", "1"}) + encodeRequest({"EXEC"}));
    QCOMPARE(client.reply().text, std::string("OK"));
    QCOMPARE(client.reply().text, std::string("QUEUED"));
    const RespValue refused = client.reply();
    QVERIFY2(refused.isError() && refused.text.starts_with("CROSSSLOT a transaction may have commands on one key only"), refused.text.c_str());
    QVERIFY(refused.text.find("pipeline(transaction=False)") != std::string::npos);
    QCOMPARE(client.reply().text, std::string("EXECABORT Transaction discarded because of previous errors."));
    client.run({"MULTI"});
    QVERIFY(client.run({"MSET", "a", "1", "b", "1"}).text.starts_with("CROSSSLOT")); // one command, on two keys
    QVERIFY(client.run({"EXEC"}).text.starts_with("EXECABORT"));
    client.run({"MULTI"});
    QCOMPARE(client.run({"SET", "a", "1"}).text, std::string("QUEUED"));
    QVERIFY(client.run({"PING"}).text.starts_with("ERR a transaction may have commands on one key, or one other command alone"));
    QVERIFY(client.run({"EXEC"}).text.starts_with("EXECABORT"));
    QCOMPARE(client.run({"EXISTS", "a", "b"}).integerValue, std::int64_t(0));
}

void TestServerTransactions::spoiledTransactionIsRefused()
{
    Client client(address());
    for (const char* const wrong : {"NOSUCH", "GET"}) {
        client.run({"MULTI"});
        QCOMPARE(client.run({"SET", "k", "v"}).text, std::string("QUEUED"));
        QVERIFY(client.run({wrong}).isError());
        QCOMPARE(client.run({"SET", "k", "w"}).text, std::string("QUEUED"));
        QCOMPARE(client.run({"EXEC"}).text, std::string("EXECABORT Transaction discarded because of previous errors."));
        QCOMPARE(client.run({"EXEC"}).text, std::string("ERR EXEC without MULTI"));
    }
    client.run({"MULTI"});
    QCOMPARE(client.run({"MULTI"}).text, std::string("ERR MULTI calls can not be nested"));
    QCOMPARE(client.run({"WATCH", "k"}).text, std::string("ERR WATCH inside MULTI is not allowed"));
    QCOMPARE(client.run({"RESET"}).text, std::string("RESET"));
    QCOMPARE(client.run({"DISCARD"}).text, std::string("ERR DISCARD without MULTI"));
    QVERIFY(client.run({"GET", "k"}).isNull());
}

void TestServerTransactions::waitsForEarlierCommands()
{
    Client client(address());
    std::string pipeline;
    for (int i = 0; i < 50; ++i)
        pipeline += encodeRequest({"INCR", "n"}) + encodeRequest({"MULTI"}) + encodeRequest({"INCR", "n"}) + encodeRequest({"GET", "n"}) +
                    encodeRequest({"EXEC"});
    client.send(pipeline);
    for (int i = 0; i < 50; ++i) {
        QCOMPARE(client.reply().integerValue, std::int64_t(2 * i + 1));
        QCOMPARE(client.reply().text, std::string("OK"));
        QCOMPARE(client.reply().text, std::string("QUEUED"));
        QCOMPARE(client.reply().text, std::string("QUEUED"));
        const RespValue replies = client.reply();
        QCOMPARE(replies.elements.size(), std::size_t(2));
        QCOMPARE(replies.elements[0].integerValue, std::int64_t(2 * i + 2));
        QCOMPARE(replies.elements[1].text, std::to_string(2 * i + 2));
    }
}

void TestServerTransactions::heldCommandsAreCounted()
{
    Client client(address());
    const auto held = [this] {
        Client other(address());
        const std::string info = other.run({"INFO", "clients"}).text;
        const std::string field = "quoit_input_bytes:";
        return std::stoull(info.substr(info.find(field) + field.size()));
    };
    client.run({"MULTI"});
    QCOMPARE(client.run({"SET", "k", std::string(1'000'000, 'v')}).text, std::string("QUEUED"));
    QVERIFY(held() >= 1'000'000);
    QVERIFY(client.run({"PING"}).isError()); // what was queued is of no use any more
    QVERIFY(held() < 1'000'000);
}

void TestServerTransactions::sizeIsBounded()
{
    Client client(address());
    const std::string large(16 * 1024 * 1024, 'v');
    const RespValue whole = transaction(client, {{"SET", "k", large}, {"EXPIRE", "k", "60"}, {"STRLEN", "k"}});
    QCOMPARE(whole.elements.size(), std::size_t(3));
    QCOMPARE(whole.elements[2].integerValue, std::int64_t(large.size()));
    const RespValue tooLong = transaction(client, {{"APPEND", "k", ""}, {"GET", "k"}, {"GET", "k"}});
    QVERIFY2(tooLong.text.starts_with("EXECABORT Transaction discarded, nothing was changed"), tooLong.text.c_str());
    client.run({"MULTI"});
    client.run({"SET", "k", large});
    QVERIFY(client.run({"SET", "k", std::string(2 * 1024 * 1024, 'w')}).text.starts_with("ERR a transaction may have 17825792 bytes"));
    QVERIFY(client.run({"EXEC"}).text.starts_with("EXECABORT"));
    std::string many = encodeRequest({"MULTI"});
    for (int i = 0; i < 1025; ++i)
        many += encodeRequest({"INCR", "n"});
    client.send(many);
    for (int i = 0; i < 1025; ++i)
        QVERIFY(!client.reply().isError());
    QVERIFY(client.reply().text.starts_with("ERR a transaction may have 1024 commands"));
    QVERIFY(client.run({"EXEC"}).text.starts_with("EXECABORT"));
    QVERIFY(client.run({"GET", "n"}).isNull());
}

void TestServerTransactions::repliesSuitTheProtocol()
{
    Client client(address());
    client.send(encodeRequest({"MULTI"}) + encodeRequest({"GET", "k"}) + encodeRequest({"QUOIT.GETV", "k"}) + encodeRequest({"EXEC"}));
    QByteArray bytes;
    QTRY_VERIFY((bytes += client.socket.readAll()).endsWith("*2\r\n$-1\r\n*-1\r\n"));
    client.run({"HELLO", "3"});
    client.send(encodeRequest({"MULTI"}) + encodeRequest({"GET", "k"}) + encodeRequest({"EXEC"}));
    bytes.clear();
    QTRY_VERIFY((bytes += client.socket.readAll()).endsWith("*1\r\n_\r\n"));
    Client other(address());
    other.run({"WATCH", "k"});
    client.run({"SET", "k", "v"});
    other.send(encodeRequest({"MULTI"}) + encodeRequest({"EXEC"}));
    bytes.clear();
    QTRY_COMPARE(bytes += other.socket.readAll(), QByteArray("+OK\r\n*-1\r\n"));
}

void TestServerTransactions::watchedKeyThatChangedMeansNothing()
{
    Client client(address());
    Client other(address());
    for (const bool exists : {false, true}) {
        const std::string before = exists ? "v" : "";
        if (exists)
            client.run({"SET", "k", "v"});
        QCOMPARE(client.run({"WATCH", "k"}).text, std::string("OK"));
        other.run({"SET", "k", "v"}); // the same value is a change, too
        QVERIFY(transaction(client, {{"SET", "k", "mine"}, {"EXPIRE", "k", "9"}}).isNull());
        QCOMPARE(client.run({"GET", "k"}).text, std::string("v"));
        QCOMPARE(client.run({"WATCH", "k"}).text, std::string("OK"));
        QCOMPARE(client.run({"GET", "k"}).text, std::string("v"));
        QCOMPARE(transaction(client, {{"SET", "k", "mine"}, {"GET", "k"}}).elements.size(), std::size_t(2));
        QCOMPARE(client.run({"GET", "k"}).text, std::string("mine"));
    }
    client.run({"WATCH", "k"});
    other.run({"EXPIRE", "k", "100"});
    QVERIFY(transaction(client, {{"GET", "k"}}).isNull()); // reads alone, too
    client.run({"WATCH", "gone"});
    QVERIFY(transaction(client, {{"GET", "gone"}}).elements[0].isNull());
}

void TestServerTransactions::watchEnds()
{
    Client client(address());
    Client other(address());
    for (const char* const ending : {"UNWATCH", "DISCARD", "EXEC"}) {
        client.run({"WATCH", "k"});
        other.run({"INCR", "k"});
        if (ending != std::string_view("UNWATCH"))
            client.run({"MULTI"});
        client.run({ending});
        QCOMPARE(transaction(client, {{"GET", "k"}}).elements.size(), std::size_t(1));
    }
    client.run({"WATCH", "k"});
    QCOMPARE(client.run({"EXEC"}).text, std::string("ERR EXEC without MULTI"));
    other.run({"INCR", "k"});
    QVERIFY(transaction(client, {{"GET", "k"}}).isNull());
    // Before it is known what is watched.
    client.send(encodeRequest({"WATCH", "k"}) + encodeRequest({"UNWATCH"}) + encodeRequest({"INCR", "k"}) + encodeRequest({"MULTI"}) +
                encodeRequest({"GET", "k"}) + encodeRequest({"EXEC"}));
    for (int i = 0; i < 5; ++i)
        QVERIFY(!client.reply().isError());
    QCOMPARE(client.reply().elements.size(), std::size_t(1));
}

void TestServerTransactions::oneKeyIsWatched()
{
    Client client(address());
    QVERIFY(client.run({"WATCH", "a", "b"}).text.starts_with("CROSSSLOT only one key can be watched"));
    QCOMPARE(client.run({"WATCH", "a", "a"}).text, std::string("OK"));
    QCOMPARE(client.run({"WATCH", "a"}).text, std::string("OK"));
    QVERIFY(client.run({"WATCH", "b"}).text.starts_with("CROSSSLOT only one key can be watched"));
    QVERIFY(transaction(client, {{"SET", "b", "1"}}).text.starts_with("EXECABORT"));
    client.run({"WATCH", "a"});
    QVERIFY(transaction(client, {{"PING"}}).text.starts_with("EXECABORT"));
    client.run({"WATCH", "a"});
    QCOMPARE(transaction(client, {}).type, RespType::Array);
    QVERIFY(client.run({"WATCH", ""}).isError());
    QCOMPARE(client.run({"EXISTS", "a", "b"}).integerValue, std::int64_t(0));
}

QTEST_GUILESS_MAIN(TestServerTransactions)
#include "test_server_transactions.moc"
