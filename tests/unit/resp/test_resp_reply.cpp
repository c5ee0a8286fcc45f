#include "shared/base/random.h"
#include "shared/resp/reply_parser.h"
#include "shared/resp/writer.h"

#include <QtTest>

#include <cmath>

using namespace quoit;

namespace {

struct Outcome
{
    std::vector<RespValue> values;
    std::string error;
    bool operator==(const Outcome&) const = default;
};

ReplyParser::Limits smallLimits()
{
    ReplyParser::Limits limits;
    limits.depthMax = 4;
    limits.lineBytesMax = 40;
    limits.bulkBytesMax = 100;
    limits.elementsMax = 10;
    limits.valueBytesMax = 300;
    return limits;
}

Outcome parse(const std::vector<std::string_view>& chunks)
{
    ReplyParser parser(smallLimits());
    Outcome outcome;
    for (const std::string_view chunk : chunks) {
        parser.feed(chunk);
        while (auto value = parser.next())
            outcome.values.push_back(std::move(*value));
    }
    outcome.error = parser.error();
    return outcome;
}

} // namespace

class TestRespReply : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyTypeIsRead();
    void everySplitGivesTheSame_data();
    void everySplitGivesTheSame();
    void attributesAreSkipped();
    void garbageAndLimitsFailWithAReason_data();
    void garbageAndLimitsFailWithAReason();
    void deepestAllowedNestingIsRead();
    void writtenValuesReadBackTheSame();
    void randomBytesNeverBreakTheParser();
    void largeBulkInSmallChunksIsWhole();
};

void TestRespReply::everyTypeIsRead()
{
    const Outcome outcome =
        parse({"+OK\r\n-ERR x\r\n:-5\r\n:+5\r\n$2\r\n\r\n\r\n$-1\r\n*-1\r\n_\r\n*0\r\n,1.5e3\r\n,-inf\r\n"
               "#t\r\n#f\r\n(-123456789012345678901\r\n=6\r\ntxt:hi\r\n!5\r\nERR y\r\n"
               "%1\r\n+k\r\n~1\r\n:1\r\n>2\r\n+w\r\n*1\r\n_\r\n"});
    QCOMPARE(outcome.error, std::string());
    const std::vector<RespValue> expected = {
        RespValue::simple("OK"),
        RespValue::error("ERR x"),
        RespValue::integer(-5),
        RespValue::integer(5),
        RespValue::bulk("\r\n"),
        RespValue::null(),
        RespValue::null(),
        RespValue::null(),
        RespValue::array({}),
        RespValue::real(1500),
        RespValue::real(-HUGE_VAL),
        RespValue::boolean(true),
        RespValue::boolean(false),
        RespValue::bigNumber("-123456789012345678901"),
        RespValue::verbatim("hi"),
        RespValue::error("ERR y"),
        RespValue::map({RespValue::simple("k"), RespValue::set({RespValue::integer(1)})}),
        RespValue::push({RespValue::simple("w"), RespValue::array({RespValue::null()})}),
    };
    QVERIFY(outcome.values == expected);
}

void TestRespReply::everySplitGivesTheSame_data()
{
    QTest::addColumn<QByteArray>("stream");
    QTest::newRow("resp2") << QByteArray("+OK\r\n*2\r\n$3\r\nfoo\r\n*2\r\n:1\r\n$-1\r\n-ERR no\r\n$0\r\n\r\n");
    QTest::newRow("resp3") << QByteArray(
        "%2\r\n+a\r\n,0.5\r\n+b\r\n~2\r\n#t\r\n_\r\n|1\r\n+ttl\r\n:9\r\n>1\r\n=5\r\ntxt:x\r\n");
    QTest::newRow("bad in the middle") << QByteArray("+OK\r\n*2\r\n:1\r\n:x\r\n+OK\r\n");
    QTest::newRow("string longer than said") << QByteArray("+OK\r\n$3\r\nabcd\r\n+OK\r\n");
    QTest::newRow("CR without LF") << QByteArray("+OK\r\n+a\rb\r\n");
    QTest::newRow("long line") << "+OK\r\n+" + QByteArray(60, 'x') + "\r\n+OK\r\n";
    QTest::newRow("http") << QByteArray("HTTP/1.1 400 Bad Request\r\n\r\n");
}

void TestRespReply::everySplitGivesTheSame()
{
    QFETCH(QByteArray, stream);
    const std::string_view all(stream.constData(), static_cast<std::size_t>(stream.size()));
    const Outcome whole = parse({all});
    for (std::size_t i = 0; i <= all.size(); ++i) {
        for (std::size_t k = i; k <= all.size(); ++k)
            QVERIFY(parse({all.substr(0, i), all.substr(i, k - i), all.substr(k)}) == whole);
    }
    std::vector<std::string_view> bytes;
    for (std::size_t i = 0; i < all.size(); ++i)
        bytes.push_back(all.substr(i, 1));
    QVERIFY(parse(bytes) == whole);
}

void TestRespReply::attributesAreSkipped()
{
    const Outcome outcome =
        parse({"|1\r\n+ttl\r\n:9\r\n:1\r\n*2\r\n|0\r\n:1\r\n|1\r\n+a\r\n*1\r\n:5\r\n:2\r\n+OK\r\n"});
    QCOMPARE(outcome.error, std::string());
    const std::vector<RespValue> expected = {RespValue::integer(1),
                                             RespValue::array({RespValue::integer(1), RespValue::integer(2)}),
                                             RespValue::simple("OK")};
    QVERIFY(outcome.values == expected);
}

void TestRespReply::garbageAndLimitsFailWithAReason_data()
{
    QTest::addColumn<QByteArray>("stream");
    QTest::addColumn<QByteArray>("reason");
    const auto row = [](const char* name, QByteArray stream, const char* reason) {
        QTest::newRow(name) << stream << QByteArray(reason);
    };
    row("not RESP", "SSH-2.0-OpenSSH\r\n", "'S'");
    row("binary", QByteArray("\0\1\2", 3), "byte 0x00");
    row("integer", ":1x\r\n", "integer");
    row("double", ",1x\r\n", "floating-point");
    row("boolean", "#x\r\n", "boolean");
    row("big number", "(12a\r\n", "big number");
    row("null", "_x\r\n", "null");
    row("bulk length", "$-2\r\n", "invalid length");
    row("streamed", "$?\r\n", "invalid length");
    row("bulk too long", "$101\r\n", "more than 100 bytes");
    row("list length", "*-2\r\n", "invalid length");
    row("list too long", "*11\r\n", "more than 10 elements");
    row("map too long", "%6\r\n", "more than 10 elements");
    row("map beyond 64 bits", "%9223372036854775807\r\n", "more than 10 elements");
    row("line too long", QByteArray("+") + QByteArray(50, 'x'), "more than 40 bytes");
    row("too deep", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "more than 4 deep");
    row("verbatim", "=3\r\nabc\r\n", "invalid length");
    row("verbatim without format", "=5\r\nabcde\r\n", "format");
    const QByteArray bulk = "$90\r\n" + QByteArray(90, 'x') + "\r\n";
    row("value too large", "*4\r\n" + bulk + bulk + bulk + bulk, "larger than 300 bytes");
}

void TestRespReply::garbageAndLimitsFailWithAReason()
{
    QFETCH(QByteArray, stream);
    QFETCH(QByteArray, reason);
    const Outcome outcome = parse({stream.toStdString()});
    QVERIFY(outcome.values.empty());
    QVERIFY2(QByteArray::fromStdString(outcome.error).contains(reason), outcome.error.c_str());
}

void TestRespReply::deepestAllowedNestingIsRead()
{
    const Outcome outcome = parse({"*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"});
    QCOMPARE(outcome.error, std::string());
    QCOMPARE(outcome.values.size(), std::size_t(1));
}

void TestRespReply::writtenValuesReadBackTheSame()
{
    const std::vector<RespValue> values = {
        RespValue::simple("OK"),
        RespValue::error("ERR no"),
        RespValue::integer(INT64_MIN),
        RespValue::bulk(std::string("\0\r\n\xff", 4)),
        RespValue::null(),
        RespValue::real(0.1),
        RespValue::boolean(true),
        RespValue::bigNumber("99999999999999999999"),
        RespValue::verbatim("some text"),
        RespValue::push({RespValue::bulk("stats"), RespValue::map({RespValue::bulk("a"), RespValue::set({})})}),
        RespValue::array({RespValue::array({RespValue::array({})}), RespValue::null()}),
    };
    std::string bytes;
    RespWriter writer(bytes, 3);
    for (const RespValue& value : values)
        writer.write(value);
    const Outcome outcome = parse({bytes});
    QCOMPARE(outcome.error, std::string());
    QVERIFY(outcome.values == values);
}

void TestRespReply::randomBytesNeverBreakTheParser()
{
    constexpr std::string_view alphabet = "+-:$*_,#(!=%~>|0123456789\r\n\r\n\r\n\r\ntf";
    Random random(11);
    std::size_t values = 0;
    std::size_t errors = 0;
    for (int round = 0; round < 20000; ++round) {
        std::string stream =
            random.chance(0.5) ? "%1\r\n+a\r\n*2\r\n:1\r\n$2\r\nab\r\n" : "+OK\r\n|1\r\n:1\r\n:2\r\n>1\r\n_\r\n";
        for (std::uint64_t changes = random.below(4); changes > 0; --changes)
            stream[random.below(stream.size())] = alphabet[random.below(alphabet.size())];
        const Outcome whole = parse({stream});
        const std::size_t cut = random.below(stream.size() + 1);
        QVERIFY(parse({std::string_view(stream).substr(0, cut), std::string_view(stream).substr(cut)}) == whole);
        values += whole.values.size();
        errors += whole.error.empty() ? 0 : 1;
    }
    QVERIFY(values > 100);
    QVERIFY(errors > 100);
}

void TestRespReply::largeBulkInSmallChunksIsWhole()
{
    const RespValue value =
        RespValue::array({RespValue::bulk(std::string(16 * 1024 * 1024, 'v')), RespValue::integer(1)});
    std::string bytes;
    RespWriter(bytes, 3).write(value);
    ReplyParser parser;
    for (std::size_t at = 0; at < bytes.size(); at += 1000) {
        QVERIFY(!parser.next());
        parser.feed(std::string_view(bytes).substr(at, 1000));
    }
    const auto read = parser.next();
    QVERIFY(read.has_value() && *read == value);
}

QTEST_GUILESS_MAIN(TestRespReply)
#include "test_resp_reply.moc"
