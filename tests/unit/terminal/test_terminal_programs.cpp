// The programs as a person uses them: `quoit dev` with real nodes, and `quoit` beside it.
#include "console/terminal/output.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>
#include <memory>

using namespace quoit::terminal;

namespace {

constexpr int patienceMs = 120'000; // a bound, not a promise

struct Outcome
{
    int code = -1;
    QByteArray out;
    QByteArray err;
};

QString program()
{
    return QStringLiteral(QUOIT_BIN_DIR "/quoit");
}

Outcome quoitRun(const QStringList& arguments, const QByteArray& input = {})
{
    QProcess process;
    process.start(program(), arguments);
    process.write(input);
    process.closeWriteChannel();
    if (!process.waitForFinished(patienceMs)) {
        process.kill();
        process.waitForFinished();
        return {};
    }
    return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
}

QJsonObject object(const QByteArray& json)
{
    return QJsonDocument::fromJson(json).object();
}

/// So many lines "k<i>,<i>".
QByteArray numberedLines(int count)
{
    QByteArray text = "key,value\n";
    for (int i = 0; i < count; ++i)
        text += "k" + QByteArray::number(i) + "," + QByteArray::number(i) + "\n";
    return text;
}

} // namespace

class TestTerminalPrograms : public QObject
{
    Q_OBJECT

private:
    QTemporaryDir m_folder;
    QProcess m_dev;
    QStringList m_addresses;
    QList<pid_t> m_processIds;

    Outcome ask(QStringList arguments, const QByteArray& input = {})
    {
        return quoitRun(QStringList{QStringLiteral("-c"), m_addresses.value(0)} + arguments, input);
    }
    static QStringList words(const char* line) { return QString::fromUtf8(line).split(QLatin1Char(' ')); }

private Q_SLOTS:
    void initTestCase()
    {
        m_dev.setProcessChannelMode(QProcess::ForwardedErrorChannel);
        m_dev.start(program(), words("dev --nodes 3 --partitions 64 --port 0 --json --dir")
                                   << m_folder.filePath(QStringLiteral("data")));
        QTRY_VERIFY_WITH_TIMEOUT(m_dev.canReadLine() || m_dev.state() == QProcess::NotRunning, patienceMs);
        const QJsonObject told = object(m_dev.readLine());
        for (const QJsonValue& address : told.value(QLatin1String("addresses")).toArray())
            m_addresses << address.toString();
        for (const QJsonValue& processId : told.value(QLatin1String("pids")).toArray())
            m_processIds << processId.toInt();
        QCOMPARE(m_addresses.size(), 3);
        QCOMPARE(m_processIds.size(), 3);
        QVERIFY(m_processIds[1] > 0);
    }

    void statusIsWellAndSaysSoByItsExitCode()
    {
        QTRY_COMPARE_WITH_TIMEOUT(ask(words("status")).code, int(exitDone), patienceMs);
        const QJsonObject status = object(ask(words("status --json")).out);
        QCOMPARE(status.value(QLatin1String("verdict")).toString(), QStringLiteral("well"));
        QCOMPARE(status.value(QLatin1String("nodes-up")).toInt(), 3);
    }

    void ringNamesEveryPartition()
    {
        const QJsonObject ring = object(ask(words("ring --json")).out);
        QCOMPARE(ring.value(QLatin1String("partition-replicas")).toArray().size(), 64);
        QCOMPARE(ring.value(QLatin1String("members")).toArray().size(), 3);
        QVERIFY(ask(words("ring")).out.contains("33.3 %"));
    }

    void keysAreWrittenReadLocatedAndDeleted()
    {
        QCOMPARE(ask(words("set greeting hello --ttl 1h")).out, QByteArray("OK\n"));
        QCOMPARE(ask(words("get greeting")).out, QByteArray("hello\n"));
        const QJsonObject place = object(ask(words("locate greeting --json")).out);
        QCOMPARE(place.value(QLatin1String("replicas")).toArray().size(), 3);
        const QByteArray binary("\0\xff\n\r,\"", 6);
        QCOMPARE(ask(words("set binary --from -"), binary).code, int(exitDone));
        QCOMPARE(ask(words("get binary --raw")).out, binary);
        QCOMPARE(ask(words("del greeting binary nothing")).out, QByteArray("2 deleted\n"));
        QCOMPARE(ask(words("get greeting")).code, int(exitNotDone));
    }

    void createEndsWhenTheClusterServes()
    {
        QTemporaryDir folder;
        std::vector<std::unique_ptr<QProcess>> nodes;
        QStringList addresses;
        for (const char* const name : {"one", "two"}) {
            const QString place = folder.filePath(QLatin1String(name));
            nodes.push_back(std::make_unique<QProcess>());
            nodes.back()->start(QStringLiteral(QUOIT_BIN_DIR "/quoit-node"),
                                words("--listen 127.0.0.1:0 --end-with-stdin")
                                    << QStringLiteral("--data-dir") << place << QStringLiteral("--ready-file")
                                    << place + QStringLiteral(".ready"));
            QFile ready(place + QStringLiteral(".ready"));
            QTRY_VERIFY_WITH_TIMEOUT(ready.exists() && ready.size() > 0, patienceMs);
            QVERIFY(ready.open(QIODevice::ReadOnly));
            addresses << object(ready.readAll()).value(QLatin1String("client")).toString();
        }
        const Outcome created = quoitRun(QStringList(QStringLiteral("create")) + addresses);
        QVERIFY2(created.out.contains("2 nodes, 1,024 partitions, 2 replicas of each (3 once there are as many nodes)"),
                 created.out + created.err);
        QCOMPARE(created.code, int(exitDone));
        for (const QString& address : addresses) {
            const Outcome status = quoitRun({QStringLiteral("-c"), address, QStringLiteral("status")});
            QVERIFY2(status.code == exitDone, status.out + status.err);
        }
        for (const auto& node : nodes) {
            node->closeWriteChannel();
            QVERIFY(node->waitForFinished(patienceMs));
        }
        QCOMPARE(quoitRun({QStringLiteral("create"), addresses[0]}).code, int(exitNotDone));
    }

    void nodeWantsAnAddressThatOthersReach()
    {
        QTemporaryDir folder;
        for (const char* const options : {"--listen 0.0.0.0:0", "--listen [::]:0", "--listen 127.0.0.1:0 --peer-listen 0.0.0.0:0"}) {
            QProcess node;
            node.start(QStringLiteral(QUOIT_BIN_DIR "/quoit-node"),
                       words(options) << QStringLiteral("--allow-insecure") << QStringLiteral("--data-dir") << folder.path());
            QVERIFY(node.waitForFinished(patienceMs));
            QCOMPARE(node.exitCode(), 2);
            QVERIFY(node.readAllStandardError().contains("is no address at which"));
        }
    }

    void stepsThatAreNoneAreNamed()
    {
        const auto refused = [this](const char* line, int code = exitUsage) {
            const Outcome outcome = ask(words(line));
            return outcome.code == code ? outcome.err : QByteArray();
        };
        QVERIFY(refused("plan grow").contains("\"grow\" is no step of a plan"));
        QVERIFY(refused("plan leave 3 grow 4").contains("\"grow\" is no step of a plan"));
        QVERIFY(refused("plan leave").contains("\"leave\" needs more"));
        const Outcome zones = ask(words("plan zone 1 east"));
        QVERIFY2(zones.out.contains("(node 1, zone east) stays: ") && zones.out.contains("(node 2) stays: "), zones.out.constData());
        QVERIFY(refused("plan join 127.0.0.1:1", exitNotDone).contains("start it with an empty data folder, and plan again"));
        QVERIFY(refused("plan leave 3", exitNotDone).contains("UNDER-STRENGTH"));
    }

    void portsOfAClusterThatExistsAreNotIgnored()
    {
        QTemporaryDir folder;
        QFile file(folder.filePath(QStringLiteral("cluster.json")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(R"({"formed": true, "nodes": [{"name": "node-1", "client": "127.0.0.1:7999"}]})");
        file.close();
        const Outcome refused = quoitRun(words("dev --nodes 1 --port 7998 --dir") << folder.path());
        QCOMPARE(refused.code, int(exitUsage));
        QVERIFY2(refused.err.contains("has its nodes at 127.0.0.1:7999 for good"), refused.err.constData());
    }

    void dataIsForItsOwnerOnly()
    {
        const QFile::Permissions others = QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther;
        const QFile database(m_folder.filePath(QStringLiteral("data/node-1/quoit.db")));
        QVERIFY(database.exists());
        QVERIFY((database.permissions() & others) == 0);
    }

    void everyNodeKeepsItsLog()
    {
        for (const char* const node : {"node-1", "node-2", "node-3"}) {
            QFile log(m_folder.filePath(QStringLiteral("data/%1/node.log").arg(QLatin1String(node))));
            QVERIFY2(log.open(QIODevice::ReadOnly), qPrintable(log.fileName()));
            QVERIFY(log.readAll().contains("takes clients on 127.0.0.1:"));
        }
    }

    void watchTellsOnceASecondWhatIsGoingOn()
    {
        const QList<QByteArray> pushes = ask(words("watch --count 2 --json")).out.trimmed().split('\n');
        QCOMPARE(pushes.size(), 2);
        QCOMPARE(object(pushes[1]).value(QLatin1String("nodes")).toArray().size(), 3);
    }

    void importSurvivesTheDeathOfANode()
    {
        constexpr int count = 20'000;
        QProcess import;
        import.start(program(),
                     QStringList{QStringLiteral("-c"), m_addresses[0]} + words("import - --format csv --json"));
        import.write(numberedLines(count));
        import.closeWriteChannel();
        // Killed once it is under way, and before its end.
        QTRY_VERIFY_WITH_TIMEOUT(ask(words("get k1000")).code == exitDone, patienceMs);
        QVERIFY2(import.state() == QProcess::Running, "the import was over before the fault");
        QCOMPARE(kill(m_processIds[1], SIGKILL), 0);
        QVERIFY(import.waitForFinished(patienceMs));
        const QJsonObject result = object(import.readAllStandardOutput());
        QCOMPARE(result.value(QLatin1String("imported")).toInt(), count);
        QCOMPARE(result.value(QLatin1String("failed")).toInt(), 0);
        QCOMPARE(import.exitCode(), int(exitDone));
        QCOMPARE(ask(words("status")).code, int(exitNotDone)); // a node is away, and it says so
    }

    void exportHasEveryKeyOnce()
    {
        for (const char* name : {"all.csv", "all.jsonl"}) {
            const QString file = m_folder.filePath(QString::fromLatin1(name));
            QCOMPARE(ask({QStringLiteral("export"), file}).code, int(exitDone));
            QFile content(file);
            QVERIFY(content.open(QIODevice::ReadOnly));
            const QList<QByteArray> lines = content.readAll().trimmed().split('\n');
            const int headerLines = file.endsWith(QLatin1String(".csv")) ? 1 : 0;
            QCOMPARE(lines.size(), 20'000 + headerLines);
            QCOMPARE(QSet<QByteArray>(lines.begin(), lines.end()).size(), lines.size());
        }
    }

    void failedLinesAreListedAndCounted()
    {
        const Outcome outcome = ask(words("import - --format csv"), "key,value\na,1\n,2\nb,3\n");
        QCOMPARE(outcome.code, int(exitNotDone));
        QVERIFY2(outcome.out.startsWith("2 imported, 1 failed"), outcome.out.constData());
        QVERIFY2(outcome.err.contains("line 3: the key is empty"), outcome.err.constData());
    }

    void wrongUsageAndMissingConnectionSayWhatToDo()
    {
        const Outcome usage = quoitRun(words("stats --colour sometimes"));
        QCOMPARE(usage.code, int(exitUsage));
        QVERIFY(usage.err.contains("quoit help stats"));
        const Outcome nobody = quoitRun(words("-c 127.0.0.1:1 status"));
        QCOMPARE(nobody.code, int(exitNoConnection));
        QVERIFY2(nobody.err.contains("No connection to 127.0.0.1:1"), nobody.err.constData());
    }

    void sigtermEndsTheNodesInOrder()
    {
        m_dev.terminate();
        QVERIFY(m_dev.waitForFinished(patienceMs));
        QCOMPARE(m_dev.exitStatus(), QProcess::NormalExit);
        QCOMPARE(m_dev.exitCode(), int(exitDone));
        QCOMPARE(ask(words("status")).code, int(exitNoConnection));
    }
};

QTEST_GUILESS_MAIN(TestTerminalPrograms)
#include "test_terminal_programs.moc"
