#include "console/terminal/exporter.h"
#include "console/terminal/importer.h"
#include "tests/unit/client/fake_server.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <fstream>
#include <map>

using namespace quoit;
using namespace quoit::terminal;

namespace {

constexpr int endMs = 30'000; // a bound, not a promise

/// So many nodes that share one memory, as a cluster does.
class FakeCluster
{
public:
    explicit FakeCluster(std::size_t count)
    {
        for (std::size_t i = 0; i < count; ++i) {
            nodes.push_back(std::make_unique<FakeServer>());
            addresses.push_back(nodes.back()->address());
        }
        for (auto& node : nodes)
            node->answer = [this, server = node.get()](const FakeServer::Arguments& request) {
                return answer(server, request);
            };
    }

    QStringList seeds() const { return {addresses.begin(), addresses.end()}; }

    std::vector<std::unique_ptr<FakeServer>> nodes;
    std::vector<QString> addresses;
    std::map<std::string, std::string> values;
    std::map<std::string, std::int64_t> ttls;
    std::size_t setCount = 0;
    std::function<void(FakeServer*)> beforeSet = [](FakeServer*) {};

private:
    std::optional<std::string> answer(FakeServer* server, const FakeServer::Arguments& request)
    {
        const std::string& name = request[0];
        if (name == "QUOIT.NODES")
            return nodesReply(addresses);
        if (name == "PING")
            return "+PONG\r\n";
        if (name == "SCAN")
            return scan(std::stoul(request[1]));
        if (name == "GET")
            return values.contains(request[1]) ? bulkReply(values[request[1]]) : "_\r\n";
        if (name == "PTTL")
            return ":" + std::to_string(ttls.contains(request[1]) ? ttls[request[1]] : -1) + "\r\n";
        if (name != "SET")
            return "-ERR unknown command\r\n";
        ++setCount;
        beforeSet(server);
        if (request[1].starts_with("bad"))
            return "-ERR this key is refused\r\n";
        values[request[1]] = request[2];
        if (request.size() == 5)
            ttls[request[1]] = std::stoll(request[4]);
        return "+OK\r\n";
    }

    /// Ten keys a page; the cursor is the index of the next.
    std::string scan(std::size_t from)
    {
        std::string keys;
        std::size_t index = 0;
        std::size_t count = 0;
        for (const auto& [key, value] : values)
            if (index++ >= from && count < 10) {
                keys += bulkReply(key);
                ++count;
            }
        const std::size_t next = from + count >= values.size() ? 0 : from + count;
        return "*2\r\n" + bulkReply(std::to_string(next)) + "*" + std::to_string(count) + "\r\n" + keys;
    }
};

std::unique_ptr<InputFile> fileWith(const QTemporaryDir& folder, const std::string& text)
{
    const std::string name = folder.filePath(QStringLiteral("in")).toStdString();
    std::ofstream(name, std::ios::binary) << text;
    return std::move(InputFile::open(name)).value();
}

std::string numberedLines(int count)
{
    std::string text = "key,value\n";
    for (int i = 0; i < count; ++i)
        text += "k" + std::to_string(i) + ",v" + std::to_string(i) + "\n";
    return text;
}

} // namespace

class TestTerminalTransfer : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;

    ImportResult import(FakeCluster& cluster, const std::string& text, Importer::Limits limits = {},
                        const std::function<void(Importer&)>& meanwhile = {})
    {
        ClusterClient client;
        client.setSpread(8);
        client.connectTo(cluster.seeds());
        const auto file = fileWith(m_folder, text);
        Importer importer(client, *file, ImportSource({}, FileFormat::Csv), limits);
        QSignalSpy finished(&importer, &Importer::finished);
        importer.start();
        if (meanwhile)
            meanwhile(importer);
        if (finished.isEmpty())
            finished.wait(endMs);
        return importer.result();
    }

private Q_SLOTS:
    void everyLineArrives()
    {
        FakeCluster cluster(3);
        const ImportResult result = import(cluster, numberedLines(5000));
        QCOMPARE(result.imported, 5000u);
        QCOMPARE(result.failed, 0u);
        QCOMPARE(result.stoppedBecause, std::string());
        QCOMPARE(cluster.values.size(), 5000u);
        QCOMPARE(cluster.values["k4999"], std::string("v4999"));
    }

    void deathOfANodeFailsNoLine()
    {
        FakeCluster cluster(3);
        bool hasDied = false;
        cluster.beforeSet = [&](FakeServer* server) {
            if (cluster.setCount < 1000 || hasDied)
                return;
            hasDied = true;
            QMetaObject::invokeMethod(
                server, [server] { server->die(); }, Qt::QueuedConnection);
        };
        const ImportResult result = import(cluster, numberedLines(5000));
        QVERIFY2(hasDied, "the fault didn't happen");
        QCOMPARE(result.imported, 5000u);
        QCOMPARE(result.failed, 0u);
        QCOMPARE(cluster.values.size(), 5000u);
    }

    void refusedLinesAreListedAndTheOthersWritten()
    {
        FakeCluster cluster(1);
        const ImportResult result = import(cluster, "key,value\na,1\nbad1,2\nb,3\n,4\nbad2,5\n", {.failedLinesMax = 2});
        QCOMPARE(result.imported, 2u);
        QCOMPARE(result.failed, 3u);
        QCOMPARE(result.failedLines.size(), 2u);
        QCOMPARE(result.failedLines[0].line, 3u);
        QVERIFY(result.failedLines[0].error.find("refused") != std::string::npos);
        QCOMPARE(result.failedLines[1].line, 5u);
    }

    void lastLineOfAKeyWins()
    {
        FakeCluster cluster(3);
        std::string text = "key,value\n";
        for (int i = 0; i < 600; ++i)
            text += "k" + std::to_string(i % 7) + ",v" + std::to_string(i) + "\n";
        QCOMPARE(import(cluster, text).imported, 600u);
        for (int i = 593; i < 600; ++i)
            QCOMPARE(cluster.values["k" + std::to_string(i % 7)], "v" + std::to_string(i));
    }

    void windowBoundsWhatIsInFlight()
    {
        FakeCluster cluster(1);
        cluster.nodes[0]->answer = [&](const FakeServer::Arguments& request) -> std::optional<std::string> {
            cluster.setCount += request[0] == "SET";
            return std::nullopt;
        };
        const ImportResult result =
            import(cluster, numberedLines(100), {.requestsMax = 10, .deadline = 300ms}, [&](Importer& importer) {
                QTRY_COMPARE(cluster.setCount, 10u);
                QTest::qWait(50);
                QCOMPARE(cluster.setCount, 10u);
                importer.stop("enough");
            });
        QCOMPARE(result.stoppedBecause, std::string("enough"));
        QCOMPARE(result.imported, 0u);
        QCOMPARE(result.failed, 10u);
    }

    void missingColumnStopsBeforeAnythingIsWritten()
    {
        FakeCluster cluster(1);
        ClusterClient client;
        client.connectTo(cluster.seeds());
        const auto file = fileWith(m_folder, "a,b\n1,2\n");
        Importer importer(client, *file, ImportSource({.keyColumn = ColumnName{"id"}}, FileFormat::Csv), {});
        QSignalSpy finished(&importer, &Importer::finished);
        importer.start();
        QVERIFY(finished.wait(endMs));
        QVERIFY(importer.result().stoppedBecause.find("\"id\"") != std::string::npos);
        QVERIFY(cluster.values.empty());
    }

    void exportWritesEveryKeyOnceWithItsTtl()
    {
        FakeCluster cluster(2);
        for (int i = 0; i < 95; ++i)
            cluster.values["k" + std::to_string(i)] = "v" + std::to_string(i);
        cluster.ttls["k7"] = 5000;
        cluster.ttls["k8"] = -2; // expired since it was listed
        ClusterClient client;
        client.connectTo(cluster.seeds());
        std::string text;
        Exporter exporter(client, RecordWriter(FileFormat::Csv, ','), {}, {.keysMax = 8}, [&](std::string_view bytes) {
            text += bytes;
            return std::string();
        });
        QSignalSpy finished(&exporter, &Exporter::finished);
        exporter.start();
        QVERIFY(finished.wait(endMs));
        QCOMPARE(exporter.result().exported, 94u);
        QCOMPARE(exporter.result().failed, 0u);
        QCOMPARE(std::ranges::count(text, '\n'), 95);
        QVERIFY(text.starts_with("key,value,ttl_ms\n"));
        QVERIFY(text.find("\nk7,v7,5000\n") != std::string::npos);
        QVERIFY(text.find("\nk8,") == std::string::npos);
    }

    void exportStopsWhenTheFileCantBeWritten()
    {
        FakeCluster cluster(1);
        for (int i = 0; i < 50; ++i)
            cluster.values["k" + std::to_string(i)] = "v";
        ClusterClient client;
        client.connectTo(cluster.seeds());
        int writes = 0;
        Exporter exporter(client, RecordWriter(FileFormat::Csv, ','), {}, {},
                          [&](std::string_view) { return ++writes > 20 ? "No space left." : std::string(); });
        QSignalSpy finished(&exporter, &Exporter::finished);
        exporter.start();
        QVERIFY(finished.wait(endMs));
        QCOMPARE(exporter.result().stoppedBecause, std::string("No space left."));
        QCOMPARE(exporter.result().exported, 19u);
    }
};

QTEST_GUILESS_MAIN(TestTerminalTransfer)
#include "test_terminal_transfer.moc"
