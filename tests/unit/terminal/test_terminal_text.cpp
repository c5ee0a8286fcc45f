#include "console/terminal/json_text.h"
#include "console/terminal/progress.h"
#include "console/terminal/text.h"

#include <QJsonDocument>
#include <QTest>

using namespace quoit;
using namespace quoit::terminal;

namespace {

constexpr Style plain{.isColoured = false};
constexpr Style coloured{.isColoured = true};

TimePoint at(std::int64_t ms)
{
    return TimePoint(Milliseconds(ms));
}

} // namespace

class TestTerminalText : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void figuresHaveThreeSignificantDigits()
    {
        QCOMPARE(figure(0), std::string("0"));
        QCOMPARE(figure(0.5), std::string("0.5"));
        QCOMPARE(figure(12.34), std::string("12.3"));
        QCOMPARE(figure(999), std::string("999"));
        QCOMPARE(figure(999.7), std::string("1 k"));
        QCOMPARE(figure(12345), std::string("12.3 k"));
        QCOMPARE(figure(1.5e9), std::string("1.5 G"));
        QCOMPARE(bytesText(512), std::string("512 B"));
        QCOMPARE(bytesText(1024 * 1024 * 3 / 2), std::string("1.5 MiB"));
        QCOMPARE(latencyText(0), std::string("—"));
        QCOMPARE(latencyText(85), std::string("85 µs"));
        QCOMPARE(latencyText(2050), std::string("2.05 ms"));
        QCOMPARE(durationText(200), std::string("3 min 20 s"));
        QCOMPARE(durationText(7200), std::string("2 h"));
        QCOMPARE(countText(34924), std::string("34,924"));
        QCOMPARE(countText(999), std::string("999"));
        QCOMPARE(countOf(1, "node"), std::string("1 node"));
        QCOMPARE(countOf(1000, "node"), std::string("1,000 nodes"));
    }

    void stateIsShapeAndWordAndOnlyThenColour()
    {
        QCOMPARE(stateText(NodeState::Up, plain), std::string("● up"));
        QCOMPARE(stateText(NodeState::Suspect, plain), std::string("▲ suspect"));
        QCOMPARE(stateText(NodeState::Down, plain), std::string("✕ down"));
        QVERIFY(stateText(NodeState::Down, coloured).find("✕ down") != std::string::npos);
        QCOMPARE(columnsOf(stateText(NodeState::Down, coloured)), 6u);
    }

    void tableColumnsAreAlignedWhateverTheirBytes()
    {
        Table table({{"name"}, {"n", Table::Align::Right}});
        table.add({"node-1", "1"});
        table.add({"Grüße", "1,000"});
        table.add({"漢字", coloured.paint(Colour::Red, "7")});
        const auto lines = table.lines(plain);
        QCOMPARE(lines.size(), 4u);
        for (const std::string& line : lines)
            QCOMPARE(columnsOf(line), 13u);
    }

    void barFillsExactlyItsColumns()
    {
        for (const double fraction : {-1.0, 0.0, 0.001, 0.33, 0.5, 0.999, 1.0, 7.0, std::nan("")})
            QCOMPARE(columnsOf(bar(fraction, 10)), 10u);
        QCOMPARE(bar(0.5, 4), std::string("██··"));
        QCOMPARE(bar(1, 2), std::string("██"));
    }

    void controlCharactersNeverReachTheTerminal()
    {
        QCOMPARE(printable(std::string_view("a\033[2J\n\0\xff\\ä", 11)), std::string("a\\x1b[2J\\n\\x00\\xff\\\\ä"));
        QCOMPARE(printable("\xc2\x9b"
                           "31m"),
                 std::string("\\xc2\\x9b31m")); // a C1 control sequence introducer
    }

    void valuesAreShownAsTheyAreIfThatIsSafe()
    {
        QCOMPARE(readable("{\n\t\"a\\\": 1\n}"), std::string("{\n\t\"a\\\": 1\n}"));
        QCOMPARE(readable("a\n\033[2J"), std::string("a\\n\\x1b[2J"));
        QCOMPARE(readable("\xff"), std::string("\\xff"));
    }

    void cuttingKeepsWholeCharacters()
    {
        QCOMPARE(cutToColumns("Grüße", 5), std::string("Grüße"));
        QCOMPARE(cutToColumns("Grüße", 4), std::string("Grü…"));
        QCOMPARE(cutToColumns("漢字字", 5), std::string("漢字…"));
        QCOMPARE(cutToColumns("漢字字", 4), std::string("漢…"));
        QCOMPARE(cutToColumns("abc", 0), std::string());
        QCOMPARE(cutToColumns("\033[31mabcd\033[0m", 4), std::string("\033[31mabcd\033[0m"));
        QCOMPARE(cutToColumns("\033[31mabcde\033[0m", 4), std::string("\033[31mabc…\033[0m"));
    }

    void sparklineShowsTheNewestValues()
    {
        QCOMPARE(sparkline({9, 0, 1, 2, 4}, 4), std::string("▁▃▅█"));
        QCOMPARE(sparkline({0, 0}, 9), std::string("▁▁"));
        QCOMPARE(sparkline({}, 9), std::string());
    }

    void utf8IsRecognisedStrictly()
    {
        QVERIFY(isUtf8("aä漢🎯"));
        for (const char* bad : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80"})
            QVERIFY2(!isUtf8(bad), bad);
    }

    void jsonIsValidAndExact()
    {
        const RespValue value =
            RespValue::map({RespValue::bulk("a\"\n\x01"), RespValue::integer(9007199254740993), RespValue::bulk("l"),
                            RespValue::array({RespValue::null(), RespValue::boolean(true), RespValue::real(0.5)}),
                            RespValue::bulk("bad"), RespValue::bulk("\xff")});
        const std::string text = jsonText(value);
        QCOMPARE(text, std::string("{\"a\\\"\\n\\u0001\":9007199254740993,\"l\":[null,true,0.5],\"bad\":\"\uFFFD\"}"));
        QVERIFY(QJsonDocument::fromJson(QByteArray::fromStdString(text)).isObject());
    }

    void progressTellsRateAndRemainingTime()
    {
        Progress progress("import", 1000, at(0));
        QVERIFY(!progress.secondsLeft());
        for (int i = 1; i <= 5; ++i)
            progress.update(100u * i, 50u * i, 0, at(1000 * i));
        QCOMPARE(progress.rate(), 50.0);
        QCOMPARE(progress.secondsLeft(), std::optional<std::uint64_t>(5));
        const std::string line = progress.line(200, plain);
        QVERIFY2(line.find("50 %") != std::string::npos && line.find("5 s left") != std::string::npos, line.c_str());
        QVERIFY(line.find("failed") == std::string::npos);
    }

    void progressFollowsWhatHappensNow()
    {
        Progress progress("import", 0, at(0));
        for (int i = 1; i <= 100; ++i)
            progress.update(0, 1000u * i, 0, at(100 * i));
        for (int i = 1; i <= 100; ++i)
            progress.update(0, 100'000, 2, at(10'000 + 100 * i));
        QCOMPARE(progress.rate(), 0.0);
        QVERIFY(!progress.secondsLeft());
        for (const std::size_t columns : {20u, 40u, 80u})
            QVERIFY(columnsOf(progress.line(columns, plain)) <= columns);
        QVERIFY(progress.line(20, plain).find("2 failed") != std::string::npos);
    }
};

QTEST_GUILESS_MAIN(TestTerminalText)
#include "test_terminal_text.moc"
