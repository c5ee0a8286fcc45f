#include "console/terminal/options.h"
#include "console/terminal/plan_steps.h"

#include <QTest>

using namespace quoit;
using namespace quoit::terminal;

namespace {

Options parsed(const std::vector<std::string>& arguments)
{
    auto options = parseOptions(arguments);
    if (!options)
        qWarning("%s", options.error().message.c_str());
    return options ? options.value() : Options{.command = Command::Help, .arguments = {"(refused)"}};
}

QString refusal(const std::vector<std::string>& arguments)
{
    const auto options = parseOptions(arguments);
    return options ? QString() : QString::fromStdString(options.error().message);
}

} // namespace

class TestTerminalOptions : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nothingAsksForHelp() { QCOMPARE(parsed({}).command, Command::Help); }

    void optionsMayStandBeforeAndAfterTheCommand()
    {
        const Options before = parsed({"-c", "h:1", "--json", "get", "k"});
        const Options after = parsed({"get", "k", "--connect=h:1", "--json"});
        for (const Options& options : {before, after}) {
            QCOMPARE(options.command, Command::Get);
            QCOMPARE(options.address, std::string("h:1"));
            QVERIFY(options.json);
            QCOMPARE(options.arguments, std::vector<std::string>{"k"});
        }
    }

    void everyImportOptionIsUnderstood()
    {
        const Options options = parsed({"import",       "a.txt", "--delimiter",    ";",        "--no-header",
                                        "--key-column", "1",     "--value-column", "name",     "--ttl-column=3",
                                        "--key-prefix", "u:",    "--no-quotes",    "--window", "10",
                                        "--errors",     "5",     "--quiet",        "--format", "csv"});
        QCOMPARE(options.command, Command::Import);
        QCOMPARE(options.file.delimiter, std::optional<char>(';'));
        QVERIFY(!options.file.hasHeader);
        QVERIFY(!options.file.hasQuotes);
        QCOMPARE(options.file.keyColumn->text, std::string("1"));
        QCOMPARE(options.file.valueColumn->text, std::string("name"));
        QCOMPARE(options.file.ttlColumn->text, std::string("3"));
        QCOMPARE(options.file.keyPrefix, std::string("u:"));
        QCOMPARE(options.window, 10u);
        QCOMPARE(options.errorsMax, 5u);
        QVERIFY(options.quiet);
    }

    void planStepsAreRead()
    {
        const auto steps = parsePlanSteps(parsed({"plan", "replace", "n2", "10.0.0.5:7400", "under-strength", "weight", "n1", "0.5"}).arguments);
        QVERIFY(steps.ok());
        QCOMPARE(steps.value().size(), std::size_t(3));
        QCOMPARE(steps.value()[0].words, std::vector<std::string>{"n2"});
        QCOMPARE(steps.value()[0].address, std::string("10.0.0.5:7400"));
        QCOMPARE(steps.value()[1].kind, std::string("under-strength"));
        QCOMPARE(steps.value()[2].words, (std::vector<std::string>{"n1", "0.5"}));
    }

    void tabulatorCanBeNamed()
    {
        QCOMPARE(parsed({"import", "a", "--delimiter", "\\t"}).file.delimiter, std::optional<char>('\t'));
        QCOMPARE(parsed({"import", "a", "--delimiter", "tab"}).file.delimiter, std::optional<char>('\t'));
    }

    void valuesMayLookLikeOptions()
    {
        QCOMPARE(parsed({"set", "k", "-5"}).arguments, (std::vector<std::string>{"k", "-5"}));
        QCOMPARE(parsed({"set", "--", "--k", "--v"}).arguments, (std::vector<std::string>{"--k", "--v"}));
        QCOMPARE(parsed({"import", "-", "--format", "tsv"}).arguments, std::vector<std::string>{"-"});
    }

    void helpIsAHundredColumnsWide()
    {
        std::vector<std::string> texts{helpText()};
        for (const char* const command : {"plan", "import", "create", "dev", "status"})
            texts.push_back(helpText(command));
        for (const std::string& text : texts)
            for (const QString& line : QString::fromStdString(text).split(QLatin1Char('\n'))) {
                QVERIFY2(line.size() <= 100, qPrintable(line));
                QVERIFY2(!line.endsWith(QLatin1Char(' ')), qPrintable(line));
            }
        // Nothing was lost on the way.
        QVERIFY(QString::fromStdString(helpText("plan")).simplified().contains(
            QStringLiteral("weight NODE W, zone NODE Z, replicas N; under-strength allows fewer nodes than replicas.")));
    }

    void helpOfACommandIsReachedBothWays()
    {
        for (const Options& options :
             {parsed({"help", "import"}), parsed({"import", "--help"}), parsed({"import", "-h"})}) {
            QCOMPARE(options.command, Command::Help);
            QCOMPARE(options.arguments, std::vector<std::string>{"import"});
        }
        QVERIFY(helpText("import").find("--key-column") != std::string::npos);
        QVERIFY(helpText("get").find("--key-column") == std::string::npos);
        QVERIFY(helpText().find("  export FILE") != std::string::npos);
    }

    void badInputIsRefusedWithAHint_data()
    {
        QTest::addColumn<QStringList>("words");
        QTest::addColumn<QString>("expected");
        const auto row = [](const char* line, const char* expected) {
            QTest::newRow(line) << QString::fromUtf8(line).split(QLatin1Char(' ')) << QString::fromUtf8(expected);
        };
        row("exprot", "Did you mean \"export\"?");
        row("frobnicate", "\"quoit help\" lists all commands");
        row("get", "\"get\" needs KEY");
        row("get a b", "\"b\"");
        row("del", "\"del\" needs KEY... \"quoit help del\"");
        row("set k", "either VALUE or --from FILE");
        row("set k v --from f", "either VALUE or --from FILE");
        row("import a --delimeter ;", "Did you mean \"--delimiter\"?");
        row("import a --delimiter ;;", "\";;\" is nothing for --delimiter");
        row("import a --key-column 0", "\"0\" is nothing for --key-column");
        row("plan foo", "\"foo\" is no step of a plan. \"quoit help plan\"");
        row("plan leave n1 weight", "\"weight\" needs more");
        row("plan join 10.0.0.4", "\"10.0.0.4\" is no address");
        row("plan replace n2", "\"replace\" needs more");
        row("plan weight n1 heavy", "\"heavy\" is no number");
        row("plan replicas many", "\"many\" is no number");
        row("apply first", "\"first\" is no number");
        row("abort x", "\"x\" is no number");
        row("throttle much", "\"much\" is no number");
        row("get k --match x", "--match doesn't go with \"get\"");
        row("create a --partitions 1000", "a power of two");
        row("dev --nodes 10", "1 - 9");
        row("status --json=yes", "--json takes no value");
        row("status --connect", "--connect needs HOST:PORT");
        row("help nothing", "There is no command \"nothing\"");
        row("set k v --ttl 0", "\"0\" is nothing for --ttl");
    }
    void badInputIsRefusedWithAHint()
    {
        QFETCH(QStringList, words);
        QFETCH(QString, expected);
        std::vector<std::string> arguments;
        for (const QString& word : words)
            arguments.push_back(word.toStdString());
        const QString message = refusal(arguments);
        QVERIFY2(message.contains(expected), qPrintable(message));
        QVERIFY2(message.contains(QStringLiteral("quoit help")), qPrintable(message));
    }

    void durationsHaveUnits()
    {
        QCOMPARE(parseDuration("250ms"), std::optional<std::int64_t>(250));
        QCOMPARE(parseDuration("90"), std::optional<std::int64_t>(90'000));
        QCOMPARE(parseDuration("15m"), std::optional<std::int64_t>(900'000));
        QCOMPARE(parseDuration("2h"), std::optional<std::int64_t>(7'200'000));
        QCOMPARE(parseDuration("7d"), std::optional<std::int64_t>(604'800'000));
        for (const char* bad : {"", "s", "-1s", "0", "1y", "1.5h", "9223372036854775807d", "99999999999999999999"})
            QVERIFY2(!parseDuration(bad), bad);
    }
};

QTEST_GUILESS_MAIN(TestTerminalOptions)
#include "test_terminal_options.moc"
