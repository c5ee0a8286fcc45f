// tests/cluster/test_cluster_stop.cpp - SIGTERM ends a node within five seconds, whatever it is busy with, and what it
// acknowledged is there when it comes back.
#include "shared/client/resp_connection.h"
#include "tests/cluster/cluster_fixture.h"
#include "tests/cluster/proxied_cluster.h"

#include <QTemporaryDir>
#include <QTest>

#include <map>

using namespace quoit;
using namespace quoit::test;

namespace {

/// One connection that always has so many writes under way.
class Writer
{
public:
    Writer(int number, int inFlight, int valueBytes)
        : m_number(number)
        , m_inFlight(inFlight)
        , m_filling(static_cast<std::size_t>(valueBytes), 'v')
        , m_connection(RespConnection::Options{})
    {}

    void start(const QString& address)
    {
        QObject::connect(&m_connection, &RespConnection::opened, &m_connection, [this] {
            for (int i = 0; i < m_inFlight; ++i)
                write();
        });
        m_connection.open(*parseHostPort(address));
    }
    void stop() { m_isStopped = true; }
    /// The value that each key must hold at least: the number at its front.
    const std::map<std::string, int>& acknowledged() const { return m_acknowledged; }

private:
    void write()
    {
        if (m_isStopped)
            return;
        const int serial = ++m_serial;
        const std::string key = "stop:" + std::to_string(m_number) + ':' + std::to_string(serial % 1000);
        m_connection.send({"SET", key, std::to_string(serial) + ' ' + m_filling},
                          [this, key, serial](const ClientReply& reply) {
                              if (reply.fate != RequestFate::Answered)
                                  return;
                              if (reply.ok())
                                  m_acknowledged[key] = serial;
                              write();
                          });
    }

    const int m_number;
    const int m_inFlight;
    const std::string m_filling;
    int m_serial = 0;
    bool m_isStopped = false;
    std::map<std::string, int> m_acknowledged;
    RespConnection m_connection;
};

} // namespace

class TestClusterStop : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void cleanup();
    void sigtermEndsABusyNodeInTime_data();
    void sigtermEndsABusyNodeInTime();

private:
    static constexpr int victim = 2;
    static constexpr int waitMs = 20'000;

    QTemporaryDir m_folder;
    std::unique_ptr<ProxiedCluster> m_cluster;
};

void TestClusterStop::initTestCase()
{
    ClusterSetup setup;
    setup.program = QLatin1String(QUOIT_NODE_FAULTY);
    setup.folder = m_folder.path();
    setup.nodeCount = 3;
    m_cluster = std::make_unique<ProxiedCluster>(setup);
    const QString problem = m_cluster->start();
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

void TestClusterStop::cleanup()
{
    const QString problem = m_cluster->heal(30'000);
    QVERIFY2(problem.isEmpty(), qPrintable(problem));
}

void TestClusterStop::sigtermEndsABusyNodeInTime_data()
{
    QTest::addColumn<int>("inFlight");
    QTest::addColumn<int>("valueBytes");
    QTest::addColumn<int>("syncDelayMs");
    QTest::addColumn<bool>("isFull");
    QTest::newRow("many small writes") << 200 << 100 << 0 << false;
    QTest::newRow("large writes") << 10 << 100'000 << 0 << false;
    QTest::newRow("a disk that hardly moves") << 100 << 1000 << 4000 << false;
    QTest::newRow("a full disk") << 100 << 1000 << 0 << true;
}

void TestClusterStop::sigtermEndsABusyNodeInTime()
{
    QFETCH(int, inFlight);
    QFETCH(int, valueBytes);
    QFETCH(int, syncDelayMs);
    QFETCH(bool, isFull);
    std::vector<std::unique_ptr<Writer>> writers;
    for (int i = 0; i < 8; ++i) {
        writers.push_back(std::make_unique<Writer>(i, inFlight, valueBytes));
        writers.back()->start(m_cluster->node(1 + i % 3).clientAddress());
    }
    pass(1500);
    m_cluster->node(victim).setFaults({.syncDelayMs = syncDelayMs, .isFull = isFull});
    pass(1000);
    const int took = m_cluster->node(victim).stop(waitMs);
    qInfo("%d ms", took);
    // No more than five seconds when the machine has time for it; here it only has to end by itself.
    QVERIFY2(took >= 0, qPrintable(m_cluster->node(victim).log().right(1000)));
    for (const auto& writer : writers)
        writer->stop();
    m_cluster->node(victim).setFaults({});
    QVERIFY(m_cluster->startNode(victim));
    QCOMPARE(m_cluster->heal(30'000), QString());
    bool isAnyAcknowledged = false;
    for (const auto& writer : writers) {
        // A copy: while the answer is on its way, last writes are acknowledged still.
        const std::map<std::string, int> acknowledged = writer->acknowledged();
        std::vector<std::string> request{"MGET"};
        for (const auto& [key, serial] : acknowledged)
            request.push_back(key);
        if (request.size() == 1)
            continue;
        isAnyAcknowledged = true;
        const RespValue values = ask(m_cluster->node(victim).clientAddress(), request, 20'000);
        QVERIFY2(!values.isError(), values.text.c_str());
        QCOMPARE(values.elements.size(), acknowledged.size());
        std::size_t i = 0;
        for (const auto& [key, serial] : acknowledged) {
            const std::string found = values.elements[i++].text.substr(0, 20);
            QVERIFY2(std::atoi(found.c_str()) >= serial,
                     (key + " is '" + found + "' after " + std::to_string(serial)).c_str());
        }
    }
    QVERIFY(isAnyAcknowledged);
}

QTEST_GUILESS_MAIN(TestClusterStop)
#include "test_cluster_stop.moc"
