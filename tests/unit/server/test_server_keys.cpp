// Commands on several keys, over real sockets: their parts become one, in the order of the arguments, however many they are.
#include "node/server/node_service.h"
#include "tests/unit/server/test_client.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace quoit;
using quoit::testing::Client;

class TestServerKeys : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void severalKeysAreCombined();
    void sameKeyTwiceIsWrittenInOrder();
    void mistakeFarInsideAHugeCommandIsFound();
    void hugeMultiKeyCommandIsServed();
    void pipelinedWritesThatReplyWithLargeValuesWaitForEachOther();

private:
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<NodeService> m_node;
};

void TestServerKeys::init()
{
    m_dir = std::make_unique<QTemporaryDir>();
    m_node = quoit::testing::startAlone(*m_dir);
    QVERIFY(m_node);
}

void TestServerKeys::cleanup()
{
    m_node.reset();
    m_dir.reset();
}

void TestServerKeys::severalKeysAreCombined()
{
    Client client(m_node->clientAddress());
    QCOMPARE(client.run({"MSET", "a", "1", "b", "2", "c", "3"}).text, std::string("OK"));
    const RespValue values = client.run({"MGET", "c", "nothing", "a"});
    QCOMPARE(values.elements.size(), std::size_t(3));
    QCOMPARE(values.elements[0].text, std::string("3"));
    QVERIFY(values.elements[1].isNull());
    QCOMPARE(values.elements[2].text, std::string("1"));
    QCOMPARE(client.run({"EXISTS", "a", "a", "nothing"}).integerValue, 2);
    QCOMPARE(client.run({"DEL", "a", "b", "nothing"}).integerValue, 2);
}

void TestServerKeys::sameKeyTwiceIsWrittenInOrder()
{
    Client client(m_node->clientAddress());
    QCOMPARE(client.run({"MSET", "a", "1", "a", "2", "a", "3"}).text, std::string("OK"));
    QCOMPARE(client.run({"GET", "a"}).text, std::string("3"));
    QCOMPARE(client.run({"DEL", "a", "a"}).integerValue, 1);
    // Far from each other in a command that is taken apart in slices.
    std::vector<std::string> set{"MSET"};
    std::vector<std::string> remove{"DEL"};
    for (int i = 0; i < 1000; ++i) {
        set.push_back("key" + std::to_string(i % 70));
        set.push_back(std::to_string(i));
        remove.push_back("key" + std::to_string(i % 70));
    }
    std::string requests;
    appendRequest(requests, set);
    client.send(requests);
    QCOMPARE(client.reply().text, std::string("OK"));
    for (int i = 0; i < 70; ++i)
        QCOMPARE(client.run({"GET", "key" + std::to_string(i)}).text, std::to_string(i + (i < 20 ? 980 : 910)));
    requests.clear();
    appendRequest(requests, remove);
    client.send(requests);
    QCOMPARE(client.reply().integerValue, std::int64_t(70));
}

/// Nothing of it is carried out.
void TestServerKeys::mistakeFarInsideAHugeCommandIsFound()
{
    Client client(m_node->clientAddress());
    std::vector<std::string> set{"MSET"};
    for (int i = 0; i < 1000; ++i)
        set.insert(set.end(), {"key" + std::to_string(i), "v"});
    const auto run = [&client](const std::vector<std::string>& command) {
        std::string request;
        appendRequest(request, command);
        client.send(request);
        return client.reply();
    };
    std::vector<std::string> odd = set;
    odd.push_back("key");
    QCOMPARE(run(odd).text, std::string("ERR wrong number of arguments for 'mset' command"));
    std::vector<std::string> tooLong = set;
    tooLong[1501] = std::string(70'000, 'k');
    QVERIFY2(run(tooLong).text.starts_with("ERR key is longer than"), run(tooLong).text.c_str());
    QCOMPARE(client.run({"EXISTS", "key0", "key1", "key999"}).integerValue, std::int64_t(0));
    QCOMPARE(run(set).text, std::string("OK"));
    QCOMPARE(client.run({"EXISTS", "key0", "key1", "key999"}).integerValue, std::int64_t(3));
}

void TestServerKeys::hugeMultiKeyCommandIsServed()
{
    Client client(m_node->clientAddress());
    std::vector<std::string> set{"MSET"};
    std::vector<std::string> get{"MGET"};
    for (int i = 0; i < 3000; ++i) {
        set.push_back("key" + std::to_string(i));
        set.push_back(std::to_string(i));
        get.push_back("key" + std::to_string(i));
    }
    std::string requests;
    appendRequest(requests, set);
    appendRequest(requests, get);
    appendRequest(requests, std::vector<std::string>{"GET", "key17"});
    client.send(requests);
    QCOMPARE(client.reply().text, std::string("OK"));
    const RespValue values = client.reply();
    QCOMPARE(values.elements.size(), std::size_t(3000));
    for (std::size_t i = 0; i < 3000; ++i)
        QCOMPARE(values.elements[i].text, std::to_string(i));
    QCOMPARE(client.reply().text, std::string("17"));
}

/// Once they are carried out, the values are there and nowhere else: a connection that owes too much would lose them.
void TestServerKeys::pipelinedWritesThatReplyWithLargeValuesWaitForEachOther()
{
    constexpr int count = 60;
    constexpr std::size_t valueBytes = 1024 * 1024;
    ServiceOptions options;
    options.session.outputPauseBytes = 8 * valueBytes;
    options.session.outputCloseBytes = 40 * valueBytes;
    m_node.reset();
    m_dir = std::make_unique<QTemporaryDir>();
    m_node = quoit::testing::startAlone(*m_dir, options);
    QVERIFY(m_node);
    Client client(m_node->clientAddress());
    std::string requests;
    for (int i = 0; i < count; ++i) {
        const std::string key = "key" + std::to_string(i);
        QCOMPARE(client.run({"SET", key, std::string(valueBytes, static_cast<char>('A' + i))}).text, std::string("OK"));
        appendRequest(requests, std::vector<std::string>{"GETDEL", key});
    }
    client.socket.setReadBufferSize(64 * 1024); // it takes its replies slowly
    client.send(requests);
    for (int i = 0; i < count; ++i) {
        const std::string value = client.reply().text;
        QVERIFY2(value == std::string(valueBytes, static_cast<char>('A' + i)), value.substr(0, 100).c_str());
    }
}

QTEST_GUILESS_MAIN(TestServerKeys)
#include "test_server_keys.moc"
