#include "console/terminal/import_source.h"
#include "console/terminal/record_reader.h"
#include "console/terminal/record_writer.h"
#include "shared/base/random.h"

#include <QFile>
#include <QTest>

using namespace quoit;
using namespace quoit::terminal;

namespace {

using Fields = std::vector<std::string>;

/// @param chunkBytes how the text is cut
std::vector<Record> read(std::string_view text, RecordReader::Format format = {}, std::size_t chunkBytes = 1)
{
    RecordReader reader(format);
    std::vector<Record> records;
    const auto drain = [&] {
        while (auto record = reader.next())
            records.push_back(std::move(*record));
    };
    for (std::size_t at = 0; at < text.size(); at += chunkBytes) {
        reader.feed(text.substr(at, chunkBytes));
        drain();
    }
    reader.finish();
    drain();
    return records;
}

std::vector<ImportItem> import(std::string_view text, const FileOptions& options, FileFormat format = FileFormat::Csv,
                               std::string* fatal = nullptr)
{
    ImportSource source(options, format);
    source.feed(text);
    source.finish();
    std::vector<ImportItem> items;
    while (auto item = source.next())
        items.push_back(std::move(*item));
    if (fatal)
        *fatal = source.fatalError();
    return items;
}

std::optional<ColumnName> column(const char* name)
{
    return ColumnName{name};
}

} // namespace

class TestTerminalRecords : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void quotedFieldsHoldDelimitersQuotesAndLineEnds()
    {
        const auto records = read("a,\"b,\"\"c\"\"\nd\",e\r\n1,2,3");
        QCOMPARE(records.size(), 2u);
        QCOMPARE(records[0].fields, (Fields{"a", "b,\"c\"\nd", "e"}));
        QCOMPARE(records[0].text, std::string("a,\"b,\"\"c\"\"\nd\",e"));
        QCOMPARE(records[1].line, 3u);
        QCOMPARE(records[1].fields, (Fields{"1", "2", "3"}));
    }

    void everyLineEndAndTheByteOrderMarkAreUnderstood()
    {
        const auto records = read("\xef\xbb\xbf"
                                  "a,b\r\nc\rd\n\n\r\ne,\n");
        QCOMPARE(records.size(), 4u);
        QCOMPARE(records[0].fields, (Fields{"a", "b"}));
        QCOMPARE(records[1].fields, Fields{"c"});
        QCOMPARE(records[2].line, 3u);
        QCOMPARE(records[3].fields, (Fields{"e", ""}));
        QCOMPARE(records[3].line, 6u);
    }

    void bytesStayAsTheyAre()
    {
        const std::string field("\x00\xff\x80 \"", 5);
        const auto records = read("x;" + field + ";\"" + std::string("\0\"\"", 3) + "\"", {.delimiter = ';'});
        QCOMPARE(records.size(), 1u);
        QCOMPARE(records[0].fields, (Fields{"x", field, std::string("\0\"", 2)}));
    }

    void quotesCanBeSwitchedOff()
    {
        const auto records = read("\"a\t5\" tall\n", {.delimiter = '\t', .hasQuotes = false});
        QCOMPARE(records[0].fields, (Fields{"\"a", "5\" tall"}));
    }

    void badRecordIsNamedAndTheNextOnesAreRead()
    {
        const auto records = read("ok,1\n\"a\"b,2\nok,3\n\"never closed\nand so on");
        QCOMPARE(records.size(), 4u);
        QVERIFY(!records[1].error.empty());
        QCOMPARE(records[1].line, 2u);
        QCOMPARE(records[2].fields, (Fields{"ok", "3"}));
        QVERIFY(records[3].error.find("never closed") != std::string::npos);
        QCOMPARE(records[3].line, 4u);
    }

    void recordPastTheLimitIsSkippedWithoutKeepingIt()
    {
        const RecordReader::Format format{.recordBytesMax = 100};
        const std::string longText(100'000, 'x');
        for (const std::string& bad : {longText, "\"" + longText}) {
            const auto records = read("a,1\n" + bad + "\nb,2\n", format, 1000);
            QCOMPARE(records.size(), 3u);
            QVERIFY(records[1].error.find("longer than 100 bytes") != std::string::npos);
            QVERIFY(records[1].text.empty());
            QCOMPARE(records[2].fields, (Fields{"b", "2"}));
        }
        QCOMPARE(read(std::string(100, 'x'), format).at(0).error, std::string());
    }

    void anySplitIntoChunksGivesTheSameRecords()
    {
        Random random(7);
        const std::string_view alphabet = "ab,\"\"\r\n\n;";
        for (int round = 0; round < 300; ++round) {
            std::string text;
            for (int i = 0; i < 60; ++i)
                text.push_back(alphabet[random.below(alphabet.size())]);
            const auto whole = read(text, {}, text.size());
            for (const std::size_t chunkBytes : {1u, 2u, 7u}) {
                const auto cut = read(text, {}, chunkBytes);
                QCOMPARE(cut.size(), whole.size());
                for (std::size_t i = 0; i < cut.size(); ++i) {
                    QCOMPARE(cut[i].fields, whole[i].fields);
                    QCOMPARE(cut[i].line, whole[i].line);
                    QCOMPARE(cut[i].error, whole[i].error);
                    QCOMPARE(cut[i].text, whole[i].text);
                }
            }
        }
    }

    void headerNamesTheColumns()
    {
        FileOptions options;
        options.keyColumn = column("id");
        options.valueColumn = column("2");
        const auto items = import("x,name,id\n1,Ann,k1\n2,Bob,k2\n", options);
        QCOMPARE(items.size(), 2u);
        QCOMPARE(items[1].key, std::string("k2"));
        QCOMPARE(items[1].value, std::string("Bob"));
        QCOMPARE(items[1].line, 3u);
    }

    void usualColumnsAreFoundByThemselves()
    {
        const auto items = import("ttl_ms,value,key\n500,v,k\n,w,l\n", {});
        QCOMPARE(items[0].key, std::string("k"));
        QCOMPARE(items[0].value, std::string("v"));
        QCOMPARE(items[0].ttlMs, 500);
        QCOMPARE(items[1].ttlMs, 0);
    }

    void wholeRecordIsTheValueIfNoColumnIsNamed()
    {
        const auto items = import("a;b;c\n", {.delimiter = ';', .hasHeader = false, .keyPrefix = "p:"});
        QCOMPARE(items.size(), 1u);
        QCOMPARE(items[0].key, std::string("p:a"));
        QCOMPARE(items[0].value, std::string("a;b;c"));
    }

    void missingColumnEndsTheImportBeforeItBegins()
    {
        std::string fatal;
        QVERIFY(import("a,b\n1,2\n", {.keyColumn = column("id")}, FileFormat::Csv, &fatal).empty());
        QVERIFY(fatal.find("\"id\"") != std::string::npos && fatal.find("\"b\"") != std::string::npos);
        QVERIFY(import("1,2\n", {.hasHeader = false, .keyColumn = column("id")}, FileFormat::Csv, &fatal).empty());
        QVERIFY(!fatal.empty());
    }

    void badLinesAreItemsWithAnError()
    {
        const auto items =
            import("key,value,ttl_ms\n,v,\nk\nk,v,soon\n" + std::string(keyBytesMax + 1, 'k') + ",v,\ngood,v,\n", {});
        QCOMPARE(items.size(), 5u);
        QVERIFY(items[0].error.find("empty") != std::string::npos);
        QVERIFY(items[1].error.find("no column") != std::string::npos);
        QVERIFY(items[2].error.find("soon") != std::string::npos);
        QVERIFY(items[3].error.find("32 KiB") != std::string::npos);
        QCOMPARE(items[4].error, std::string());
        QCOMPARE(items[4].line, 6u);
    }

    void jsonLinesGiveKeysAndValues()
    {
        const auto items = import("{\"key\":\"k\",\"value\":\"v\\u00e4\",\"ttl_ms\":9}\n"
                                  "{\"key_base64\":\"/wA=\",\"value\":{\"a\": [1, true]}}\n"
                                  "{\"key\":7,\"other\":1}\n"
                                  "[1]\n{\"value\":1}\n{\"key\":\"k\",\"value_base64\":\"*\"}\nnonsense\n",
                                  {}, FileFormat::JsonLines);
        QCOMPARE(items.size(), 7u);
        QCOMPARE(items[0].value, std::string("v\xc3\xa4"));
        QCOMPARE(items[0].ttlMs, 9);
        QCOMPARE(items[1].key, std::string("\xff\0", 2));
        QCOMPARE(items[1].value, std::string("{\"a\":[1,true]}"));
        QCOMPARE(items[2].key, std::string("7"));
        QCOMPARE(items[2].value, std::string("{\"key\":7,\"other\":1}"));
        for (std::size_t i = 3; i < 7; ++i)
            QVERIFY2(!items[i].error.empty(), items[i].value.c_str());
    }

    void exportComesBackAsItWas_data()
    {
        QTest::addColumn<int>("format");
        QTest::newRow("CSV") << int(FileFormat::Csv);
        QTest::newRow("TSV") << int(FileFormat::Tsv);
        QTest::newRow("JSON Lines") << int(FileFormat::JsonLines);
    }
    void exportComesBackAsItWas()
    {
        QFETCH(int, format);
        const auto fileFormat = static_cast<FileFormat>(format);
        const Fields texts = {"plain",
                              "",
                              "a,b\t\"c\"",
                              "line\r\nend\n",
                              "\xef\xbb\xbf"
                              "bom",
                              std::string("\0\xff\x80", 3),
                              "Grüße 漢字 🎯",
                              "\\n",
                              " space "};
        const RecordWriter writer(fileFormat, delimiterOf({}, fileFormat));
        std::string file = writer.header();
        for (std::size_t i = 0; i < texts.size(); ++i)
            writer.append(file, "k" + texts[i], texts[i], static_cast<std::int64_t>(i));
        const auto items = import(file, {}, fileFormat);
        QCOMPARE(items.size(), texts.size());
        for (std::size_t i = 0; i < texts.size(); ++i) {
            QCOMPARE(items[i].error, std::string());
            QCOMPARE(items[i].key, "k" + texts[i]);
            QVERIFY2(items[i].value == texts[i], texts[i].c_str());
            QCOMPARE(items[i].ttlMs, static_cast<std::int64_t>(i));
        }
    }

    void formatFollowsTheNameUnlessSaid()
    {
        QCOMPARE(formatOf({}, "a.CSV").value(), FileFormat::Csv);
        QCOMPARE(formatOf({}, "a.tab").value(), FileFormat::Tsv);
        QCOMPARE(formatOf({}, "a.ndjson").value(), FileFormat::JsonLines);
        QCOMPARE(formatOf({.format = FileFormat::Tsv}, "a.csv").value(), FileFormat::Tsv);
        QCOMPARE(formatOf({.delimiter = ';'}, "a.txt").value(), FileFormat::Csv);
        QVERIFY(!formatOf({}, "a.txt").ok());
    }

    void unicodeDataIsReadWhole()
    {
        QFile file(QStringLiteral("/usr/share/unicode/UnicodeData.txt"));
        if (!file.open(QIODevice::ReadOnly))
            QSKIP("the package unicode-data isn't installed");
        FileOptions options{.delimiter = ';', .hasHeader = false};
        options.keyColumn = column("1");
        options.valueColumn = column("2");
        const QByteArray bytes = file.readAll();
        const auto items = import({bytes.data(), static_cast<std::size_t>(bytes.size())}, options);
        QCOMPARE(items.size(), static_cast<std::size_t>(bytes.count('\n')));
        QVERIFY(std::ranges::all_of(items, [](const ImportItem& item) { return item.error.empty(); }));
        QCOMPARE(items[0x41].key, std::string("0041"));
        QCOMPARE(items[0x41].value, std::string("LATIN CAPITAL LETTER A"));
    }
};

QTEST_GUILESS_MAIN(TestTerminalRecords)
#include "test_terminal_records.moc"
