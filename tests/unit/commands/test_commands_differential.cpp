// Random commands, to redis-server and to parse + CommandLogic: the same RESP2 replies, byte for byte.
// QUOIT_COMMAND_SEED=n runs that seed only, QUOIT_COMMAND_SEEDS=n the seeds 1 … n.
#include "tests/unit/commands/key_machine.h"
#include "tests/unit/commands/random_commands.h"
#include "tests/unit/commands/redis_process.h"

#include <QDateTime>
#include <QtTest>

#include <array>
#include <charconv>
#include <cstdlib>

using namespace quoit;
using namespace quoit::testing;

namespace {

constexpr int seedsByDefault = 20;
constexpr int batchesOfSeed = 6;
constexpr int commandsOfBatch = 500;
constexpr std::int64_t toleranceMs = 10'000; // between the moments at which the two of them run a command

using Request = std::vector<std::string>;

QByteArray shown(std::string_view bytes)
{
    constexpr std::size_t bytesMax = 300;
    const std::string_view begin = bytes.substr(0, bytesMax);
    QByteArray text;
    for (const char c : begin) {
        if (c >= ' ' && c <= '~' && c != '\\')
            text += c;
        else
            text += "\\x" + QByteArray(1, c).toHex();
    }
    return begin.size() < bytes.size() ? text + "… of " + QByteArray::number(qlonglong(bytes.size())) : text;
}

QByteArray shown(const Request& request)
{
    QByteArray text;
    for (const std::string& argument : request)
        text += '"' + shown(std::string_view(argument)) + "\" ";
    return text;
}

std::optional<std::int64_t> integerReply(const std::string& reply)
{
    if (!reply.starts_with(':') || !reply.ends_with("\r\n"))
        return std::nullopt;
    std::int64_t value = 0;
    const auto parsed = std::from_chars(reply.data() + 1, reply.data() + reply.size() - 2, value);
    return parsed.ec == std::errc() ? std::optional(value) : std::nullopt;
}

/// Of what a command's answer is counted in, or 0 if time doesn't matter to it.
std::int64_t toleranceOf(const Request& request)
{
    const QByteArray name = QByteArray::fromStdString(request.front()).toLower();
    if (name == "ttl" || name == "expiretime")
        return toleranceMs / 1000;
    return name == "pttl" || name == "pexpiretime" ? toleranceMs : 0;
}

bool same(const Request& request, const std::string& theirs, const std::string& ours)
{
    if (theirs == ours)
        return true;
    const std::int64_t tolerance = toleranceOf(request);
    const auto a = integerReply(theirs);
    const auto b = integerReply(ours);
    return tolerance > 0 && a && b && *a > 0 && *b > 0 && (*a > *b ? *a - *b : *b - *a) <= tolerance;
}

bool shareKey(const Request& a, const Request& b)
{
    for (std::size_t i = 1; i < a.size(); ++i)
        for (std::size_t j = 1; j < b.size(); ++j)
            if (a[i] == b[j])
                return true;
    return false;
}

} // namespace

class TestCommandsDifferential : public QObject
{
    Q_OBJECT

    void report(std::uint64_t seed, const std::vector<Request>& history, const std::string& theirs,
                const std::string& ours)
    {
        QByteArray text = "seed " + QByteArray::number(qulonglong(seed)) + ", command " +
                          QByteArray::number(qlonglong(history.size())) + ": " + shown(history.back()) +
                          "\n  Redis: " + shown(theirs) + "\n  Quoit: " + shown(ours) +
                          "\n  before it, with a word in common:";
        int lines = 0;
        for (std::size_t i = history.size() - 1; i > 0 && lines < 12; --i)
            if (shareKey(history[i - 1], history.back())) {
                text += "\n    " + shown(history[i - 1]);
                ++lines;
            }
        QFAIL(text.constData());
    }

private Q_SLOTS:
    void initTestCase()
    {
        if (!RedisProcess::isInstalled())
            QSKIP("no redis-server in PATH: nothing to compare with");
        QVERIFY2(m_redis.start(), m_redis.error().c_str());
    }

    void randomCommandsAreAnsweredAsByRedis_data()
    {
        QTest::addColumn<qulonglong>("seed");
        const int only = qEnvironmentVariableIntValue("QUOIT_COMMAND_SEED");
        const int asked = qEnvironmentVariableIntValue("QUOIT_COMMAND_SEEDS");
        const int last = only > 0 ? only : asked > 0 ? asked : seedsByDefault;
        for (int seed = only > 0 ? only : 1; seed <= last; ++seed)
            QTest::addRow("seed %d", seed) << qulonglong(seed);
    }

    void randomCommandsAreAnsweredAsByRedis()
    {
        QFETCH(qulonglong, seed);
        RandomCommands commands(seed);
        KeyMachine machine(0);
        const std::vector<std::string> flushed = m_redis.run({{"flushall"}});
        QVERIFY2(flushed.size() == 1 && flushed.front() == "+OK\r\n", m_redis.error().c_str());
        std::vector<Request> history;
        for (int batch = 0; batch < batchesOfSeed; ++batch) {
            std::vector<Request> requests;
            for (int i = 0; i < commandsOfBatch; ++i)
                requests.push_back(commands.next());
            const std::vector<std::string> theirs = m_redis.run(requests);
            QVERIFY2(theirs.size() == requests.size(), m_redis.error().c_str());
            machine.setNow(QDateTime::currentMSecsSinceEpoch());
            for (std::size_t i = 0; i < requests.size(); ++i) {
                const std::string ours = machine.run(requests[i]);
                history.push_back(requests[i]);
                if (!same(requests[i], theirs[i], ours))
                    return report(seed, history, theirs[i], ours);
            }
        }
    }

private:
    RedisProcess m_redis;
};

QTEST_GUILESS_MAIN(TestCommandsDifferential)
#include "test_commands_differential.moc"
