#include "shared/resp/inline_arguments.h"
#include "shared/resp/reply_text.h"

#include <QtTest>

using namespace quoit;

/// The expected texts are redis-cli's own (7.0, at a terminal), but for the UTF-8.
class TestRespReplyText : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void repliesLookAsInRedisCli_data();
    void repliesLookAsInRedisCli();
    void quotedTextReadsBackAsTheSameBytes();
    void longReplyEndsWhenNoMoreIsWanted();
};

void TestRespReplyText::repliesLookAsInRedisCli_data()
{
    QTest::addColumn<RespValue>("reply");
    QTest::addColumn<std::string>("text");
    const auto row = [](const char* name, const RespValue& reply, const char* text) {
        QTest::newRow(name) << reply << std::string(text);
    };
    const RespValue a = RespValue::bulk("a");
    row("status", RespValue::simple("OK"), "OK");
    row("error", RespValue::error("ERR no"), "(error) ERR no");
    row("integer", RespValue::integer(-7), "(integer) -7");
    row("double", RespValue::real(1.5), "(double) 1.5");
    row("nil", RespValue::null(), "(nil)");
    row("true", RespValue::boolean(true), "(true)");
    row("false", RespValue::boolean(false), "(false)");
    row("string", a, "\"a\"");
    row("escapes", RespValue::bulk(std::string("\"\\\n\r\t\a\b\x01\0\x7f\xff", 11)),
        "\"\\\"\\\\\\n\\r\\t\\a\\b\\x01\\x00\\x7f\\xff\"");
    row("utf-8", RespValue::bulk("M\xc3\xbcller \xe2\x9c\x93 \xc2\x85"), "\"M\xc3\xbcller \xe2\x9c\x93 \\xc2\\x85\"");
    row("verbatim", RespValue::verbatim("# Server\r\nport:1\r\n"), "# Server\nport:1");
    row("empty array", RespValue::array({}), "(empty array)");
    row("empty map", RespValue::map({}), "(empty hash)");
    row("empty set", RespValue::set({}), "(empty set)");
    row("array", RespValue::array({a, RespValue::null(), RespValue::integer(3)}), "1) \"a\"\n2) (nil)\n3) (integer) 3");
    row("nested", RespValue::array({RespValue::array({a, a}), RespValue::array({RespValue::array({a})})}),
        "1) 1) \"a\"\n   2) \"a\"\n2) 1) 1) \"a\"");
    row("map", RespValue::map({a, RespValue::integer(1), RespValue::bulk("b"), RespValue::array({a, a})}),
        "1# \"a\" => (integer) 1\n2# \"b\" => \n   1) \"a\"\n   2) \"a\"");
    row("map of short ones", RespValue::map({a, RespValue::array({a}), a, RespValue::set({})}),
        "1# \"a\" => 1) \"a\"\n2# \"a\" => (empty set)");
    row("map of a list in a list", RespValue::map({a, RespValue::array({RespValue::array({a, a})})}),
        "1# \"a\" => \n   1) 1) \"a\"\n      2) \"a\"");
    row("map in a list", RespValue::array({RespValue::map({a, RespValue::set({a, a})})}),
        "1) 1# \"a\" => \n      1~ \"a\"\n      2~ \"a\"");
    row("set", RespValue::set({a}), "1~ \"a\"");
    row("ten", RespValue::array(std::vector<RespValue>(10, RespValue::integer(0))),
        " 1) (integer) 0\n 2) (integer) 0\n 3) (integer) 0\n 4) (integer) 0\n 5) (integer) 0\n 6) (integer) 0\n"
        " 7) (integer) 0\n 8) (integer) 0\n 9) (integer) 0\n10) (integer) 0");
}

void TestRespReplyText::repliesLookAsInRedisCli()
{
    QFETCH(const RespValue, reply);
    QFETCH(const std::string, text);
    QCOMPARE(replyText(reply), text);
}

void TestRespReplyText::quotedTextReadsBackAsTheSameBytes()
{
    std::string bytes;
    for (int i = 1; i < 256; ++i)
        bytes.push_back(char(i));
    bytes += "\xe2\x9c\x93 and \\x41";
    bytes.push_back('\0');
    const auto arguments = splitInlineArguments("SET " + quotedText(bytes));
    QVERIFY(arguments && arguments->size() == 2);
    QCOMPARE((*arguments)[1], bytes);
}

void TestRespReplyText::longReplyEndsWhenNoMoreIsWanted()
{
    const RespValue many = RespValue::array(std::vector<RespValue>(100'000, RespValue::bulk(std::string(100, 'x'))));
    for (const RespValue& reply : {many, RespValue::bulk(std::string(10'000'000, 'x'))}) {
        std::size_t bytes = 0;
        int refused = 0;
        QVERIFY(!writeReplyText(reply, [&](std::string_view piece) {
            bytes += piece.size();
            refused += bytes >= 64 * 1024;
            return bytes < 64 * 1024;
        }));
        QCOMPARE(refused, 1); // it isn't asked again
        QVERIFY(bytes < 70 * 1024);
    }
}

QTEST_GUILESS_MAIN(TestRespReplyText)
#include "test_resp_reply_text.moc"
