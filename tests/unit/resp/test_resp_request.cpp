#include "shared/base/random.h"
#include "shared/resp/inline_arguments.h"
#include "shared/resp/request_parser.h"
#include "shared/resp/writer.h"

#include <QtTest>

using namespace quoit;

namespace {

using Requests = std::vector<std::vector<std::string>>;

/// Everything a stream holds: its requests, and the error that ended it, if any.
struct Outcome
{
    Requests requests;
    std::string error;
    bool operator==(const Outcome&) const = default;
};

void drain(RequestParser& parser, Outcome& outcome)
{
    std::vector<std::string_view> arguments;
    for (;;) {
        switch (parser.next(arguments)) {
        case RequestParser::Status::NeedMore:
            return;
        case RequestParser::Status::Error:
            outcome.error = parser.error();
            return;
        case RequestParser::Status::Request:
            outcome.requests.emplace_back(arguments.begin(), arguments.end());
        }
    }
}

RequestParser::Limits smallLimits()
{
    RequestParser::Limits limits;
    limits.bulkBytesMax = 100;
    limits.argumentsMax = 10;
    limits.inlineBytesMax = 50;
    limits.requestBytesMax = 250;
    return limits;
}

Outcome parse(const std::vector<std::string_view>& chunks, const RequestParser::Limits& limits)
{
    RequestParser parser(limits);
    Outcome outcome;
    for (const std::string_view chunk : chunks) {
        parser.append(chunk);
        drain(parser, outcome);
    }
    return outcome;
}

Outcome parse(std::string_view stream)
{
    return parse({stream}, smallLimits());
}

} // namespace

class TestRespRequest : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everySplitGivesTheSame_data();
    void everySplitGivesTheSame();
    void emptyRequestsAreSkipped();
    void badRequestGetsRedisError_data();
    void badRequestGetsRedisError();
    void errorIsForGoodAndKeepsWhatCameBefore();
    void inlineLineIsSplitAsInRedis_data();
    void inlineLineIsSplitAsInRedis();
    void declaredLengthTakesNoMemory();
    void largeBulkInSmallChunksIsWhole();
    void memoryIsGivenBackWhenIdle();
    void randomBytesNeverBreakTheParser();
    void pipelineLongerThanTheBufferComesWhole();
};

void TestRespRequest::everySplitGivesTheSame_data()
{
    QTest::addColumn<QByteArray>("stream");
    QTest::newRow("pipeline") << QByteArray("*2\r\n$3\r\nGET\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n"
                                            "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$4\r\n\r\n\r\n\r\n");
    QTest::newRow("inline between") << QByteArray("PING\r\n*1\r\n$4\r\nPING\r\nSET a \"b c\"\n\r\n*0\r\nGET a\r\n");
    QTest::newRow("bad bulk") << QByteArray("*1\r\n$1\r\na\r\n*1\r\n$x\r\n");
    QTest::newRow("no dollar") << QByteArray("*2\r\n$1\r\na\r\nfoo\r\n*1\r\n$1\r\na\r\n");
    QTest::newRow("bad count") << QByteArray("PING\r\n*x\r\nPING\r\n");
    QTest::newRow("long inline") << QByteArray("PING\r\n") + QByteArray(60, 'x') + "\r\nPING\r\n";
    QTest::newRow("long count") << "*" + QByteArray(60, '1') + "\r\nPING\r\n";
    QTest::newRow("long length") << "*1\r\n$" + QByteArray(60, '1') + "\r\nPING\r\n";
    QTest::newRow("large request") << "*3\r\n$90\r\n" + QByteArray(90, 'x') + "\r\n$90\r\n" + QByteArray(90, 'x') +
                                          "\r\n$90\r\n" + QByteArray(90, 'x') + "\r\n";
    QTest::newRow("quotes") << QByteArray("GET \"a\r\nPING\r\n");
}

void TestRespRequest::everySplitGivesTheSame()
{
    QFETCH(QByteArray, stream);
    const std::string_view all(stream.constData(), static_cast<std::size_t>(stream.size()));
    const Outcome whole = parse(all);
    QVERIFY(!whole.requests.empty() || !whole.error.empty());
    for (std::size_t i = 0; i <= all.size(); ++i) {
        for (std::size_t k = i; k <= all.size(); ++k) {
            const Outcome split = parse({all.substr(0, i), all.substr(i, k - i), all.substr(k)}, smallLimits());
            QVERIFY2(split == whole, qPrintable(QString::number(i) + QLatin1Char(',') + QString::number(k)));
        }
    }
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < all.size(); ++i)
        bytes.push_back(all.substr(i, 1));
    QVERIFY(parse(bytes, smallLimits()) == whole);
}

void TestRespRequest::emptyRequestsAreSkipped()
{
    const Outcome outcome = parse("\r\n\n*0\r\n   \r\n*-1\r\n*-5\r\nPING\r\n*0\r\n");
    QCOMPARE(outcome.error, std::string());
    QCOMPARE(outcome.requests, (Requests{{"PING"}}));
}

void TestRespRequest::badRequestGetsRedisError_data()
{
    QTest::addColumn<QByteArray>("stream");
    QTest::addColumn<QByteArray>("error");
    const auto row = [](const char* name, QByteArray stream, const char* error) {
        QTest::newRow(name) << stream << "Protocol error: " + QByteArray(error);
    };
    const QByteArray digits(60, '1');
    row("count not a number", "*abc\r\n", "invalid multibulk length");
    row("count empty", "*\r\n", "invalid multibulk length");
    row("count with zero before", "*01\r\n", "invalid multibulk length");
    row("count too large", "*11\r\n", "invalid multibulk length");
    row("count beyond 64 bits", "*99999999999999999999\r\n", "invalid multibulk length");
    row("count never ends", "*" + digits, "too big mbulk count string");
    row("no dollar", "*1\r\nx", "expected '$', got 'x'");
    row("line break instead of dollar", "*1\r\n\r\n", "expected '$', got ' '");
    row("length not a number", "*1\r\n$a\r\n", "invalid bulk length");
    row("length negative", "*1\r\n$-1\r\n", "invalid bulk length");
    row("length too large", "*1\r\n$101\r\n", "invalid bulk length");
    row("length never ends", "*1\r\n$" + digits, "too big bulk count string");
    row("inline never ends", QByteArray(51, 'x'), "too big inline request");
    row("double quote open", "GET \"a\r\n", "unbalanced quotes in request");
    row("single quote open", "GET 'a\r\n", "unbalanced quotes in request");
    row("quote within a word", "GET \"a\"b\r\n", "unbalanced quotes in request");
    const QByteArray bulk = "$90\r\n" + QByteArray(90, 'x') + "\r\n";
    row("too much in all", "*3\r\n" + bulk + bulk + bulk, "too big request");
}

void TestRespRequest::badRequestGetsRedisError()
{
    QFETCH(QByteArray, stream);
    QFETCH(QByteArray, error);
    const Outcome outcome = parse(stream.toStdString());
    QVERIFY(outcome.requests.empty());
    QCOMPARE(QByteArray::fromStdString(outcome.error), error);
}

void TestRespRequest::errorIsForGoodAndKeepsWhatCameBefore()
{
    RequestParser parser;
    parser.append("PING\r\n*x\r\n");
    std::vector<std::string_view> arguments;
    QVERIFY(parser.next(arguments) == RequestParser::Status::Request);
    QVERIFY(parser.next(arguments) == RequestParser::Status::Error);
    parser.append("PING\r\n");
    QVERIFY(parser.next(arguments) == RequestParser::Status::Error);
    QVERIFY(arguments.empty());
}

void TestRespRequest::inlineLineIsSplitAsInRedis_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QByteArrayList>("arguments");
    const auto row = [](const char* line, QByteArrayList arguments) {
        QTest::addRow("%s", line) << QByteArray(line) << arguments;
    };
    row("", {});
    row("  \t ", {});
    row("GET a", {"GET", "a"});
    row("  GET\t a  ", {"GET", "a"});
    row("SET a \"\"", {"SET", "a", ""});
    row("SET a ''", {"SET", "a", ""});
    row("SET a \"b c\"", {"SET", "a", "b c"});
    row("SET a \"x\\n\\t\\r\\a\\b\\q\\\"\\\\\"", {"SET", "a", "x\n\t\r\a\bq\"\\"});
    row("SET a \"\\x41\\xfF\\xzz\"", {"SET", "a", "A\xffxzz"});
    row("SET a 'it\\'s \\n \"x\"'", {"SET", "a", "it's \\n \"x\""});
    row("foo\"bar\"", {"foobar"});
    row("foo'b r' x", {"foob r", "x"});
    row("a\\nb", {"a\\nb"});
}

void TestRespRequest::inlineLineIsSplitAsInRedis()
{
    QFETCH(QByteArray, line);
    QFETCH(QByteArrayList, arguments);
    const auto split = splitInlineArguments(line.toStdString());
    QVERIFY(split.has_value());
    QByteArrayList got;
    for (const std::string& argument : *split)
        got.append(QByteArray::fromStdString(argument));
    QCOMPARE(got, arguments);
}

void TestRespRequest::declaredLengthTakesNoMemory()
{
    RequestParser parser;
    parser.append("*1048576\r\n$16777216\r\nabc");
    std::vector<std::string_view> arguments;
    QVERIFY(parser.next(arguments) == RequestParser::Status::NeedMore);
    QVERIFY(parser.heldBytes() <= 4096);
}

void TestRespRequest::largeBulkInSmallChunksIsWhole()
{
    const std::string value(16 * 1024 * 1024, 'v');
    const std::string stream = encodeRequest({"SET", "key", value}) + encodeRequest({"PING"});
    RequestParser parser;
    std::vector<std::string_view> arguments;
    Requests requests;
    for (std::size_t at = 0; at < stream.size(); at += 1000) {
        parser.append(std::string_view(stream).substr(at, 1000));
        while (parser.next(arguments) == RequestParser::Status::Request)
            requests.emplace_back(arguments.begin(), arguments.end());
    }
    QCOMPARE(requests, (Requests{{"SET", "key", value}, {"PING"}}));
}

void TestRespRequest::memoryIsGivenBackWhenIdle()
{
    RequestParser parser;
    std::vector<std::string_view> arguments;
    parser.append(encodeRequest({"SET", "key", std::string(1024 * 1024, 'v')}));
    QVERIFY(parser.next(arguments) == RequestParser::Status::Request);
    QVERIFY(parser.next(arguments) == RequestParser::Status::NeedMore);
    QVERIFY(parser.heldBytes() <= 1024);

    parser.append("PI");
    parser.shrink(); // does nothing while half a request waits
    parser.append("NG\r\n");
    QVERIFY(parser.next(arguments) == RequestParser::Status::Request);
    QCOMPARE(std::string(arguments.at(0)), std::string("PING"));
    QVERIFY(parser.next(arguments) == RequestParser::Status::NeedMore);
    parser.shrink();
    QCOMPARE(parser.heldBytes(), std::size_t(0));
}

void TestRespRequest::randomBytesNeverBreakTheParser()
{
    constexpr std::string_view alphabet = "*$0123456789-\r\n\r\n\r\nab \"'\\x";
    Random random(7);
    std::size_t requests = 0;
    std::size_t errors = 0;
    for (int round = 0; round < 5000; ++round) {
        std::string stream;
        for (std::uint64_t left = random.below(60); left > 0; --left)
            stream.push_back(alphabet[random.below(alphabet.size())]);
        if (random.chance(0.5))
            stream.insert(random.below(stream.size() + 1), "*2\r\n$1\r\na\r\n$2\r\nbc\r\n");
        const Outcome whole = parse(stream);
        const std::size_t cut = random.below(stream.size() + 1);
        QVERIFY(parse({std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)}, smallLimits()) ==
                whole);
        requests += whole.requests.size();
        errors += whole.error.empty() ? 0 : 1;
    }
    QVERIFY(requests > 100);
    QVERIFY(errors > 100);
}

void TestRespRequest::pipelineLongerThanTheBufferComesWhole()
{
    std::string stream;
    Requests expected;
    for (int i = 0; i < 5000; ++i) {
        expected.push_back({"SET", "key:" + std::to_string(i), std::string(static_cast<std::size_t>(i % 300), 'x')});
        appendRequest(stream, expected.back());
    }
    for (const std::size_t chunk : {1u, 7u, 100u, 1460u, 65536u}) {
        RequestParser parser;
        Outcome outcome;
        for (std::size_t at = 0; at < stream.size(); at += chunk) {
            parser.append(std::string_view(stream).substr(at, chunk));
            drain(parser, outcome);
        }
        QCOMPARE(outcome.error, std::string());
        QVERIFY(outcome.requests == expected);
    }
}

QTEST_GUILESS_MAIN(TestRespRequest)
#include "test_resp_request.moc"
