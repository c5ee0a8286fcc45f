// tests/cluster/test_cluster_eviction.cpp - real nodes with a limit: what is refused, what leaves, and that no node sees it otherwise; all of it
// set while they run.
#include "tests/cluster/cluster_fixture.h"

#include <QTest>

using namespace quoit;

namespace {

constexpr int nodes = 3;
constexpr int limitBytes = 64 * 1024;
const std::string value(800, 'v');

std::string keyOf(int number)
{
    return "key:" + std::to_string(number);
}

} // namespace

class TestClusterEviction : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void initTestCase();
    void init();
    void withoutEvictionWritesAreRefused();
    void leastRecentlyUsedKeysLeaveForEverybody();
    void onlyKeysWithATimeToLiveLeave();

private:
    RespValue ask(const std::vector<std::string>& arguments, int node = 0)
    {
        return quoit::ask(m_cluster->address(node), arguments);
    }
    bool setOnAll(const std::string& name, const std::string& value)
    {
        for (int node = 0; node < nodes; ++node)
            if (ask({"CONFIG", "SET", name, value}, node).text != "OK")
                return false;
        return true;
    }
    /// Of INFO, by its name.
    std::int64_t figure(int node, const std::string& name)
    {
        const std::string info = ask({"INFO"}, node).text;
        const std::size_t at = info.find("\n" + name + ":");
        return at == std::string::npos ? -1 : std::stoll(info.substr(at + name.size() + 2));
    }
    int presentKeys(int count, int node)
    {
        int present = 0;
        for (int i = 0; i < count; ++i)
            present += ask({"EXISTS", keyOf(i)}, node).integerValue == 1;
        return present;
    }

    std::unique_ptr<ClusterFixture> m_cluster;
};

void TestClusterEviction::initTestCase()
{
    m_cluster = std::make_unique<ClusterFixture>(QStringLiteral(QUOIT_BIN_DIR "/quoit-node"), nodes);
    const QString problem = m_cluster->start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem + m_cluster->logs()));
}

void TestClusterEviction::init()
{
    QVERIFY(setOnAll("maxmemory", "0"));
    for (int i = 0; i < 400; ++i)
        ask({"DEL", keyOf(i)});
    QCOMPARE(ask({"DBSIZE"}).integerValue, std::int64_t(0));
    QVERIFY(setOnAll("maxmemory", std::to_string(limitBytes)));
}

void TestClusterEviction::withoutEvictionWritesAreRefused()
{
    QVERIFY(setOnAll("maxmemory-policy", "noeviction"));
    int taken = 0;
    RespValue refused;
    for (; taken < 400; ++taken) {
        const RespValue reply = ask({"SET", keyOf(taken), value}, taken % nodes);
        if (reply.text == "OK")
            continue;
        refused = reply;
        break;
    }
    QVERIFY2(refused.text.starts_with("OOM "), refused.text.c_str());
    for (int node = 0; node < nodes; ++node)
        QVERIFY(figure(node, "quoit_room_used_bytes") <= limitBytes);
    QCOMPARE(ask({"GET", keyOf(0)}).text, value);
    QCOMPARE(presentKeys(taken, 1), taken);
    // Its home may be another node, which hears from heartbeats how full the others are.
    QTRY_VERIFY(ask({"APPEND", keyOf(0), value}).text.starts_with("OOM "));
    QCOMPARE(ask({"EXPIRE", keyOf(0), "1000"}).integerValue, std::int64_t(1));
    QCOMPARE(ask({"DEL", keyOf(0), keyOf(1)}).integerValue, std::int64_t(2));
    QCOMPARE(ask({"SET", keyOf(0), value}, 2).text, std::string("OK"));
}

void TestClusterEviction::leastRecentlyUsedKeysLeaveForEverybody()
{
    QVERIFY(setOnAll("eviction-policy", "allkeys-lru"));
    const std::int64_t before = figure(0, "evicted_keys") + figure(1, "evicted_keys") + figure(2, "evicted_keys");
    for (int i = 0; i < 400; ++i) {
        QCOMPARE(ask({"SET", keyOf(i), value}, i % nodes).text, std::string("OK"));
        // One that is asked for all the time, through nodes by turns.
        QCOMPARE(ask({"GET", keyOf(0)}, (i / 2) % nodes).text, value);
    }
    const auto fits = [this] {
        for (int node = 0; node < nodes; ++node)
            if (figure(node, "quoit_room_used_bytes") > limitBytes)
                return false;
        return true;
    };
    QTRY_VERIFY_WITH_TIMEOUT(fits(), 30'000);
    const int present = presentKeys(400, 0);
    QVERIFY2(present > 20 && present <= limitBytes / static_cast<int>(value.size()), qPrintable(QString::number(present)));
    for (int node = 1; node < nodes; ++node)
        QCOMPARE(presentKeys(400, node), present);
    QCOMPARE(ask({"DBSIZE"}).integerValue, std::int64_t(present));
    QCOMPARE(figure(0, "evicted_keys") + figure(1, "evicted_keys") + figure(2, "evicted_keys") - before, std::int64_t(400 - present));
    QCOMPARE(ask({"EXISTS", keyOf(0)}, 1).integerValue, std::int64_t(1));
}

void TestClusterEviction::onlyKeysWithATimeToLiveLeave()
{
    QVERIFY(setOnAll("maxmemory-policy", "volatile-ttl"));
    for (int i = 0; i < 30; ++i)
        QCOMPARE(ask({"SET", keyOf(i), value}).text, std::string("OK"));
    for (int i = 30; i < 300; ++i)
        QCOMPARE(ask({"SET", keyOf(i), value, "EX", std::to_string(1000 + i)}, i % nodes).text, std::string("OK"));
    QCOMPARE(presentKeys(30, 0), 30);
    // Whose time ends last is there.
    QCOMPARE(ask({"EXISTS", keyOf(299)}, 1).integerValue, std::int64_t(1));
    QCOMPARE(ask({"EXISTS", keyOf(40)}, 1).integerValue, std::int64_t(0));
}

QTEST_GUILESS_MAIN(TestClusterEviction)
#include "test_cluster_eviction.moc"
