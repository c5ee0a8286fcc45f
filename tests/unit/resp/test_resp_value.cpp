#include "shared/resp/value.h"
#include "shared/resp/writer.h"

#include <QtTest>

using namespace quoit;

class TestRespValue : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void sameCodeReadsMapsOfBothProtocols();
    void numbersAreReadFromWhateverCarriesThem();
    void eachProtocolGetsItsOwnBytes_data();
    void eachProtocolGetsItsOwnBytes();
    void lineBreaksNeverLeaveALine();
    void requestIsAnArrayOfBulkStrings();
};

void TestRespValue::sameCodeReadsMapsOfBothProtocols()
{
    const std::vector<RespValue> flat = {RespValue::bulk("epoch"), RespValue::integer(7), RespValue::simple("name"),
                                         RespValue::bulk("a"), RespValue::bulk("load")};
    for (const RespValue& value : {RespValue::map(flat), RespValue::array(flat)}) {
        QCOMPARE(value.integerAt("epoch"), std::int64_t(7));
        QCOMPARE(value.textAt("name"), std::string("a"));
        QVERIFY(!value.find("load")); // a key without a value
        QVERIFY(!value.find("absent"));
        QCOMPARE(value.integerAt("absent", -1), std::int64_t(-1));
        QCOMPARE(value.doubleAt("epoch"), 7.0);
    }
    QVERIFY(!RespValue::bulk("epoch").find("epoch"));
}

void TestRespValue::numbersAreReadFromWhateverCarriesThem()
{
    QCOMPARE(RespValue::bulk("-12").asInteger().value(), std::int64_t(-12));
    QCOMPARE(RespValue::bulk("1.5").asDouble().value(), 1.5);
    QCOMPARE(RespValue::integer(3).asDouble().value(), 3.0);
    QVERIFY(!RespValue::bulk("x").asInteger());
    QVERIFY(!RespValue::error("12").asInteger());
    QVERIFY(!RespValue::null().asDouble());
    QVERIFY(RespValue::boolean(true).asBool());
    QVERIFY(RespValue::integer(1).asBool());
    QVERIFY(!RespValue::bulk("0").asBool());
    QCOMPARE(RespValue::real(0.5).asText(), std::string("0.5"));
    QCOMPARE(RespValue::integer(-5).asText(), std::string("-5"));
}

void TestRespValue::eachProtocolGetsItsOwnBytes_data()
{
    QTest::addColumn<RespValue>("value");
    QTest::addColumn<QByteArray>("resp2");
    QTest::addColumn<QByteArray>("resp3");
    const auto row = [](const char* name, RespValue value, const char* resp2, const char* resp3) {
        QTest::newRow(name) << value << QByteArray(resp2) << QByteArray(resp3);
    };
    row("simple", RespValue::simple("OK"), "+OK\r\n", "+OK\r\n");
    row("error", RespValue::error("ERR no"), "-ERR no\r\n", "-ERR no\r\n");
    row("integer", RespValue::integer(-42), ":-42\r\n", ":-42\r\n");
    row("bulk", RespValue::bulk("a\r\nb"), "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n");
    row("empty bulk", RespValue::bulk(""), "$0\r\n\r\n", "$0\r\n\r\n");
    row("null", RespValue::null(), "$-1\r\n", "_\r\n");
    row("array", RespValue::array({RespValue::integer(1)}), "*1\r\n:1\r\n", "*1\r\n:1\r\n");
    row("map", RespValue::map({RespValue::simple("k"), RespValue::integer(1)}), "*2\r\n+k\r\n:1\r\n",
        "%1\r\n+k\r\n:1\r\n");
    row("set", RespValue::set({RespValue::simple("k")}), "*1\r\n+k\r\n", "~1\r\n+k\r\n");
    row("push", RespValue::push({RespValue::simple("k")}), "*1\r\n+k\r\n", ">1\r\n+k\r\n");
    row("double", RespValue::real(1.5), "$3\r\n1.5\r\n", ",1.5\r\n");
    row("boolean", RespValue::boolean(true), ":1\r\n", "#t\r\n");
    row("big number", RespValue::bigNumber("-123"), "$4\r\n-123\r\n", "(-123\r\n");
    row("verbatim", RespValue::verbatim("hi"), "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n");
}

void TestRespValue::eachProtocolGetsItsOwnBytes()
{
    QFETCH(RespValue, value);
    QFETCH(QByteArray, resp2);
    QFETCH(QByteArray, resp3);
    std::string out;
    RespWriter(out, 2).write(value);
    QCOMPARE(QByteArray::fromStdString(out), resp2);
    out.clear();
    RespWriter(out, 3).write(value);
    QCOMPARE(QByteArray::fromStdString(out), resp3);
}

void TestRespValue::lineBreaksNeverLeaveALine()
{
    std::string out;
    RespWriter(out, 3).error("ERR unknown command 'a\r\n+OK'");
    QCOMPARE(out, std::string("-ERR unknown command 'a  +OK'\r\n"));
}

void TestRespValue::requestIsAnArrayOfBulkStrings()
{
    QCOMPARE(encodeRequest({"GET", "a"}), std::string("*2\r\n$3\r\nGET\r\n$1\r\na\r\n"));
    QCOMPARE(encodeRequest(std::vector<std::string>{"PING"}), std::string("*1\r\n$4\r\nPING\r\n"));
    std::string out;
    RespWriter(out, 2).nullArray();
    RespWriter(out, 3).nullArray();
    QCOMPARE(out, std::string("*-1\r\n_\r\n"));
}

QTEST_GUILESS_MAIN(TestRespValue)
#include "test_resp_value.moc"
