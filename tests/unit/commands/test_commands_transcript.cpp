// Plays the transcripts of tests/golden/commands to parse + CommandLogic, and, where there is a redis-server, to that.
//
//   # comment                   > SET key "a\x00b"       a request, in redis-cli's quoting
//   @ 120                       < $3\r\na\x00b           its reply: RESP2 without its last CRLF; \r \n \\ and \xHH
//   escaped (120 ms pass)               < :[99990..100000]       an integer reply within a range, both ends included
//
// Each file starts without keys. quoit_*.txt is about commands that Redis doesn't have.
// QUOIT_REWRITE_GOLDEN=1 writes what redis-server answers into the other files: look at the difference before you
// commit it.
#include "shared/resp/inline_arguments.h"
#include "tests/unit/commands/key_machine.h"
#include "tests/unit/commands/redis_process.h"

#include <QDir>
#include <QtTest>

#include <set>

using namespace quoit;
using namespace quoit::testing;

namespace {

constexpr std::int64_t startMs = 1'767'225'600'000; // 2026-01-01

struct Step
{
    QByteArray before; ///< lines without a reply: comments, "@"
    int advanceMs = 0;
    QByteArray requestLine;
    std::vector<std::string> request;
    QByteArray expected; ///< as in the file
};

struct Transcript
{
    std::vector<Step> steps;
    QByteArray behind;
    QByteArray error;
};

QByteArray escaped(std::string_view bytes)
{
    QByteArray text;
    for (const char c : bytes) {
        if (c == '\r')
            text += "\\r";
        else if (c == '\n')
            text += "\\n";
        else if (c == '\\')
            text += "\\\\";
        else if (c >= ' ' && c <= '~')
            text += c;
        else
            text += "\\x" + QByteArray(1, c).toHex();
    }
    return text;
}

QByteArray asLine(const std::string& reply)
{
    return escaped(std::string_view(reply).substr(0, reply.size() - 2));
}

Transcript readTranscript(const QString& path)
{
    QFile file(path);
    Transcript transcript;
    if (!file.open(QIODevice::ReadOnly)) {
        transcript.error = "can't be read";
        return transcript;
    }
    Step step;
    while (!file.atEnd()) {
        QByteArray line = file.readLine();
        line.chop(line.endsWith('\n'));
        if (line.startsWith("> ")) {
            const auto arguments = splitInlineArguments(line.mid(2).toStdString());
            if (!arguments || arguments->empty() || !step.request.empty()) {
                transcript.error = "not a request with a reply: " + line;
                return transcript;
            }
            step.request = *arguments;
            step.requestLine = line;
        } else if (line.startsWith("< ") && !step.request.empty()) {
            step.expected = line.mid(2);
            transcript.steps.push_back(std::exchange(step, {}));
        } else if (line.startsWith("@ ")) {
            step.advanceMs += line.mid(2).toInt();
            step.before += line + '\n';
        } else if (line.isEmpty() || line.startsWith('#')) {
            step.before += line + '\n';
        } else {
            transcript.error = "what is this line: " + line;
            return transcript;
        }
    }
    if (!step.request.empty())
        transcript.error = "without a reply: " + step.requestLine;
    transcript.behind = step.before;
    return transcript;
}

/// Redis' clock runs on between a time to live and the question for it.
bool fitsRedis(const Step& step, const std::string& reply)
{
    constexpr qlonglong toleranceMs = 5000;
    const QByteArray line = asLine(reply);
    const QByteArray name = QByteArray::fromStdString(step.request.front()).toLower();
    if (line == step.expected || (name != "ttl" && name != "pttl"))
        return line == step.expected;
    const qlonglong lag = step.expected.mid(1).toLongLong() - line.mid(1).toLongLong();
    return line.startsWith(':') && line.mid(1).toLongLong() > 0 && lag >= 0 &&
           lag <= (name == "ttl" ? toleranceMs / 1000 : toleranceMs);
}

QByteArray difference(const Step& step, const std::string& reply)
{
    return step.requestLine + "\n  expected " + step.expected + "\n  got      " + asLine(reply);
}

QDir goldenFolder()
{
    return QDir(QStringLiteral(QUOIT_SOURCE_DIR "/tests/golden/commands"));
}

} // namespace

class TestCommandsTranscript : public QObject
{
    Q_OBJECT

    RedisProcess m_redis;
    bool m_hasRedis = false;

    /// @return [steps], fewer if the connection broke
    std::vector<std::string> redisReplies(const Transcript& transcript)
    {
        std::vector<std::string> replies;
        std::vector<std::vector<std::string>> batch{{"flushall"}};
        // All that comes between two waits is sent at once: nothing expires there by chance.
        const auto runBatch = [&] {
            for (std::string& reply : m_redis.run(batch))
                replies.push_back(std::move(reply));
            batch.clear();
        };
        for (const Step& step : transcript.steps) {
            if (step.advanceMs > 0) {
                runBatch();
                QTest::qSleep(step.advanceMs);
            }
            batch.push_back(step.request);
        }
        runBatch();
        if (!replies.empty())
            replies.erase(replies.begin()); // of flushall
        return replies;
    }

    static void addFiles(bool redisOnly)
    {
        QTest::addColumn<QString>("file");
        for (const QString& name : goldenFolder().entryList({QStringLiteral("*.txt")}, QDir::Files))
            if (!redisOnly || !name.startsWith(QLatin1String("quoit_")))
                QTest::newRow(qPrintable(name)) << goldenFolder().filePath(name);
    }

private Q_SLOTS:
    void initTestCase()
    {
        m_hasRedis = RedisProcess::isInstalled();
        if (m_hasRedis)
            QVERIFY2(m_redis.start(), m_redis.error().c_str());
        else
            qInfo("no redis-server in PATH: the golden files aren't compared with it");
    }

    void redisAnswersAsTheGoldenFilesSay_data() { addFiles(true); }

    void redisAnswersAsTheGoldenFilesSay()
    {
        if (!m_hasRedis)
            QSKIP("no redis-server in PATH");
        QFETCH(QString, file);
        const Transcript transcript = readTranscript(file);
        QVERIFY2(transcript.error.isEmpty(), transcript.error.constData());
        const std::vector<std::string> replies = redisReplies(transcript);
        QVERIFY2(replies.size() == transcript.steps.size(), m_redis.error().c_str());
        QByteArray rewritten;
        for (std::size_t i = 0; i < replies.size(); ++i) {
            const Step& step = transcript.steps[i];
            rewritten += step.before + step.requestLine + "\n< " +
                         (fitsRedis(step, replies[i]) ? step.expected : asLine(replies[i])) + '\n';
            if (!qEnvironmentVariableIsSet("QUOIT_REWRITE_GOLDEN"))
                QVERIFY2(fitsRedis(step, replies[i]), difference(step, replies[i]).constData());
        }
        if (qEnvironmentVariableIsSet("QUOIT_REWRITE_GOLDEN")) {
            QFile output(file);
            QVERIFY(output.open(QIODevice::WriteOnly));
            output.write(rewritten + transcript.behind);
        }
    }

    void quoitAnswersAsTheGoldenFilesSay_data() { addFiles(false); }

    void quoitAnswersAsTheGoldenFilesSay()
    {
        QFETCH(QString, file);
        const Transcript transcript = readTranscript(file);
        QVERIFY2(transcript.error.isEmpty(), transcript.error.constData());
        KeyMachine machine(startMs);
        for (const Step& step : transcript.steps) {
            machine.advance(step.advanceMs);
            const std::string reply = machine.run(step.request);
            QVERIFY2(asLine(reply) == step.expected, difference(step, reply).constData());
        }
    }

    void everyCommandOnKeysHasATranscript()
    {
        std::set<CommandId> seen;
        for (const QString& name : goldenFolder().entryList({QStringLiteral("*.txt")}, QDir::Files))
            for (const Step& step : readTranscript(goldenFolder().filePath(name)).steps)
                if (const CommandSpec* spec = findCommand(step.request.front()); spec && !step.expected.startsWith('-'))
                    seen.insert(spec->id);
        for (const CommandSpec& spec : allCommands())
            QVERIFY2(spec.kind == CommandKind::Server || seen.count(spec.id), spec.name.data());
    }
};

QTEST_GUILESS_MAIN(TestCommandsTranscript)
#include "test_commands_transcript.moc"
