#include "shared/resp/numbers.h"

#include <QtTest>

#include <clocale>
#include <cmath>
#include <limits>

using namespace quoit;

class TestRespNumbers : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void canonicalIntegersAreRead_data();
    void canonicalIntegersAreRead();
    void otherIntegersAreRefused_data();
    void otherIntegersAreRefused();
    void longDoublesAreReadAsInRedis();
    void longDoublesAreWrittenWithoutExponent_data();
    void longDoublesAreWrittenWithoutExponent();
    void commaLocaleChangesNothing();
    void doublesRoundTrip();
};

void TestRespNumbers::canonicalIntegersAreRead_data()
{
    QTest::addColumn<qint64>("value");
    for (const qint64 value : {qint64(0), qint64(1), qint64(-1), qint64(10), qint64(-10),
                               std::numeric_limits<qint64>::max(), std::numeric_limits<qint64>::min()})
        QTest::addRow("%lld", static_cast<long long>(value)) << value;
}

void TestRespNumbers::canonicalIntegersAreRead()
{
    QFETCH(qint64, value);
    const auto parsed = parseInteger(std::to_string(value));
    QVERIFY(parsed.has_value());
    QCOMPARE(qint64(*parsed), value);
}

void TestRespNumbers::otherIntegersAreRefused_data()
{
    QTest::addColumn<QByteArray>("text");
    for (const char* text : {"", "-", "+1", " 1", "1 ", "01", "-01", "-0", "00", "1.0", "1e3", "0x10", "abc", "1a",
                             "9223372036854775808", "-9223372036854775809", "99999999999999999999"})
        QTest::addRow("'%s'", text) << QByteArray(text);
    QTest::newRow("NUL behind") << QByteArray("1\0", 2);
}

void TestRespNumbers::otherIntegersAreRefused()
{
    QFETCH(QByteArray, text);
    QVERIFY(!parseInteger(text.toStdString()).has_value());
}

void TestRespNumbers::longDoublesAreReadAsInRedis()
{
    QVERIFY(parseLongDouble("3.0e3") == 3000.0L);
    QVERIFY(parseLongDouble("+1.5") == 1.5L);
    QVERIFY(parseLongDouble("0x10") == 16.0L);
    QVERIFY(parseLongDouble(".5") == 0.5L);
    QVERIFY(std::isinf(parseLongDouble("-inf").value()));
    for (const char* text : {"", " 1", "1 ", "nan", "abc", "1,5", "1e5000", "1e-5000", "--1"})
        QVERIFY2(!parseLongDouble(text), text);
    QVERIFY(!parseLongDouble(std::string_view("1\0", 2)));
    QVERIFY(!parseLongDouble(std::string(5120, '1')));
}

void TestRespNumbers::longDoublesAreWrittenWithoutExponent_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("written");
    const auto row = [](const char* text, const char* written) {
        QTest::addRow("%s", text) << QByteArray(text) << QByteArray(written);
    };
    row("10.6", "10.6");
    row("5200", "5200");
    row("5.0e3", "5000");
    row("0.1", "0.1");
    row("-0", "0");
    row("-0.5", "-0.5");
    row("1e17", "100000000000000000");
    row("1e-17", "0.00000000000000001");
    row("3.14159265358979", "3.14159265358979");
}

void TestRespNumbers::longDoublesAreWrittenWithoutExponent()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, written);
    QCOMPARE(QByteArray::fromStdString(formatLongDouble(parseLongDouble(text.toStdString()).value())), written);
    // The largest number has 4933 digits, and all of them are written.
    QCOMPARE(formatLongDouble(std::numeric_limits<long double>::max()).size(), std::size_t(4933));
}

void TestRespNumbers::commaLocaleChangesNothing()
{
    // Present on users' machines; where it isn't, the check holds by itself.
    std::setlocale(LC_ALL, "de_DE.UTF-8");
    QVERIFY(parseLongDouble("1.5") == 1.5L);
    QVERIFY(!parseLongDouble("1,5"));
    QCOMPARE(formatLongDouble(1.5L), std::string("1.5"));
    QCOMPARE(formatDouble(1.5), std::string("1.5"));
    std::setlocale(LC_ALL, "C");
}

void TestRespNumbers::doublesRoundTrip()
{
    for (const double value : {0.0, 1.5, -2.25, 0.1, 1e300, 5e-324, std::numeric_limits<double>::infinity()})
        QCOMPARE(parseDouble(formatDouble(value)).value(), value);
    QVERIFY(std::isnan(parseDouble("nan").value()));
    QCOMPARE(formatDouble(std::nan("")), std::string("nan"));
    QCOMPARE(formatDouble(-std::numeric_limits<double>::infinity()), std::string("-inf"));
    QCOMPARE(parseDouble("+1.5").value(), 1.5);
    for (const char* text : {"", "+", "1.5x", "x", " 1"})
        QVERIFY2(!parseDouble(text), text);
}

QTEST_GUILESS_MAIN(TestRespNumbers)
#include "test_resp_numbers.moc"
