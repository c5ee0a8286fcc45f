#include "shared/resp/glob.h"

#include <QtTest>

#include <string>

using namespace quoit;

class TestRespGlob : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void patternMatchesAsInRedis_data();
    void patternMatchesAsInRedis();
    void pathologicalPatternEndsSoon();
    void bytesAboveAsciiCompareUnsigned();
    void everyMatchBeginsWithTheLiteralPrefix_data();
    void everyMatchBeginsWithTheLiteralPrefix();
};

void TestRespGlob::patternMatchesAsInRedis_data()
{
    QTest::addColumn<QByteArray>("pattern");
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("matches");
    const struct
    {
        const char* pattern;
        const char* text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "", false},
        {"*", "", true},
        {"*", "anything", true},
        {"***", "anything", true},
        {"h?llo", "hello", true},
        {"h?llo", "hllo", false},
        {"h*llo", "hllo", true},
        {"h*llo", "heeeello", true},
        {"h[ae]llo", "hallo", true},
        {"h[ae]llo", "hillo", false},
        {"h[^e]llo", "hallo", true},
        {"h[^e]llo", "hello", false},
        {"h[a-b]llo", "hbllo", true},
        {"h[b-a]llo", "hallo", true},
        {"h[a-b]llo", "hcllo", false},
        {"user:*:name", "user:17:name", true},
        {"user:*:name", "user:17:names", false},
        {"*a*b*c", "xxaxxbxxc", true},
        {"*a*b*c", "xxaxxcxxb", false},
        {"a\\*b", "a*b", true},
        {"a\\*b", "axb", false},
        {"a\\?", "a?", true},
        {"a\\[b", "a[b", true},
        {"a\\", "a\\", true},
        {"a\\", "a", false},
        {"\\a", "a", true},
        {"[\\]]", "]", true},
        {"[\\-x]", "-", true},
        {"[a\\-z]", "m", false},
        {"[abc", "b", true},
        {"[abc", "d", false},
        {"[a-", "-", true},
        {"[a-^c", "_", true},
        {"[a-]", "b", false},
        {"[a-]", "^", true}, // the range from ']' to 'a', never closed
        {"[]", "x", false},
        {"[^]", "x", true},
        {"[", "x", false},
        {"[^", "x", true},
        {"*[0-9]", "key7", true},
        {"*[0-9]", "key7x", false},
        {"?", "", false},
        {"*?", "", false},
        {"*?", "x", true},
    };
    for (const auto& row : rows)
        QTest::addRow("%s with %s", row.pattern, row.text)
            << QByteArray(row.pattern) << QByteArray(row.text) << row.matches;
}

void TestRespGlob::patternMatchesAsInRedis()
{
    QFETCH(QByteArray, pattern);
    QFETCH(QByteArray, text);
    QFETCH(bool, matches);
    QCOMPARE(globMatches(pattern.toStdString(), text.toStdString()), matches);
}

void TestRespGlob::pathologicalPatternEndsSoon()
{
    // A matcher that recurses at each '*' needs longer than the universe has for this.
    std::string pattern;
    for (int i = 0; i < 500; ++i)
        pattern += "a*";
    const std::string text(5000, 'a');
    QVERIFY(!globMatches(pattern + "b", text));
    QVERIFY(globMatches(pattern, text));
    QVERIFY(!globMatches("a*a*a*a*b", text));
}

void TestRespGlob::bytesAboveAsciiCompareUnsigned()
{
    QVERIFY(globMatches("[a-\xff]", "\xe4"));
    QVERIFY(!globMatches("[a-\xff]", "A"));
    QVERIFY(globMatches(std::string_view("a\0*", 3), std::string_view("a\0b", 3)));
    QVERIFY(!globMatches(std::string_view("a\0b", 3), "a"));
}

void TestRespGlob::everyMatchBeginsWithTheLiteralPrefix_data()
{
    QTest::addColumn<QByteArray>("pattern");
    QTest::addColumn<QByteArray>("prefix");
    QTest::newRow("none") << QByteArray("*") << QByteArray();
    QTest::newRow("all") << QByteArray("user:1") << QByteArray("user:1");
    QTest::newRow("star") << QByteArray("user:*") << QByteArray("user:");
    QTest::newRow("class") << QByteArray("user[12]") << QByteArray("user");
    QTest::newRow("question") << QByteArray("a?c") << QByteArray("a");
    QTest::newRow("escaped") << QByteArray("a\\*b*") << QByteArray("a*b");
    QTest::newRow("lone escape") << QByteArray("a\\") << QByteArray("a\\");
}

void TestRespGlob::everyMatchBeginsWithTheLiteralPrefix()
{
    QFETCH(QByteArray, pattern);
    QFETCH(QByteArray, prefix);
    QCOMPARE(QByteArray::fromStdString(literalPrefix(pattern.toStdString())), prefix);
}

QTEST_GUILESS_MAIN(TestRespGlob)
#include "test_resp_glob.moc"
