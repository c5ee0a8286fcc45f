#include "console/desktop/number_text.h"
#include "console/desktop/sparkline.h"
#include "console/desktop/theme.h"

#include <QApplication>
#include <QImage>
#include <QPainter>
#include <QSignalSpy>
#include <QtTest>

#include <cmath>
#include <limits>

using namespace quoit;

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

/// No-break spaces are what we want, and hard to read in a table.
QString plain(QString text)
{
    return text.replace(QChar(0x00a0), QLatin1Char(' '));
}

int paintedPixels(const QImage& image, QRgb background)
{
    int count = 0;
    for (int y = 0; y < image.height(); ++y) {
        for (int x = 0; x < image.width(); ++x)
            count += image.pixel(x, y) != background;
    }
    return count;
}

} // namespace

class TestConsoleFigures : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void figuresHaveThreeDigitsAndAUnit_data();
    void figuresHaveThreeDigitsAndAUnit();
    void whatIsNotKnownIsADashAndNeverZero();
    void durationsAndAgesAreReadable();
    void ticksOfAnAxisLineUp();
    void textAndMarksHaveEnoughContrast_data();
    void textAndMarksHaveEnoughContrast();
    void everyStateHasItsOwnShapeAndWord();
    void quietPartitionsAreNearlyTheBackground();
    void themeChangesAreTold();
    void sparklineBreaksAtGaps();
};

void TestConsoleFigures::figuresHaveThreeDigitsAndAUnit_data()
{
    QTest::addColumn<double>("value");
    QTest::addColumn<int>("unit");
    QTest::addColumn<QString>("text");
    const auto row = [](double value, Unit unit, const char* text) {
        QTest::newRow(text) << value << int(unit) << QString::fromUtf8(text);
    };
    row(0, Unit::PerSecond, "0/s");
    row(7, Unit::Plain, "7");
    row(999, Unit::Plain, "999");
    row(999.7, Unit::Plain, "1.00 k");
    row(12345, Unit::PerSecond, "12.3 k/s");
    row(180, Unit::PerSecond, "180/s");
    row(1240, Unit::Microseconds, "1.24 ms");
    row(850, Unit::Microseconds, "850 µs");
    row(2500000, Unit::Microseconds, "2.50 s");
    row(345000000, Unit::Bytes, "345 MB");
    row(345, Unit::Bytes, "345 B");
    row(1.5e9, Unit::BytesPerSecond, "1.50 GB/s");
    row(0.983, Unit::Ratio, "98.3 %");
    row(1, Unit::Ratio, "100 %");
    row(0.99996, Unit::Ratio, "100.0 %");
    row(147, Unit::Permille, "14.7 %");
    row(3100, Unit::Permille, "310 %");
    row(-1234, Unit::Plain, "−1.23 k");
}

void TestConsoleFigures::figuresHaveThreeDigitsAndAUnit()
{
    QFETCH(double, value);
    QFETCH(int, unit);
    QFETCH(QString, text);
    QCOMPARE(plain(numberText(value, Unit(unit))), text);
}

void TestConsoleFigures::whatIsNotKnownIsADashAndNeverZero()
{
    QCOMPARE(numberText(std::nullopt, Unit::PerSecond), noDataText());
    QCOMPARE(numberText(unknown, Unit::Bytes), noDataText());
    QCOMPARE(numberText(std::numeric_limits<double>::infinity()), noDataText());
    QCOMPARE(durationText(std::nullopt), noDataText());
    QCOMPARE(ageText(-1), noDataText());
}

void TestConsoleFigures::durationsAndAgesAreReadable()
{
    QCOMPARE(plain(durationText(850)), QStringLiteral("850 ms"));
    QCOMPARE(plain(durationText(12'400)), QStringLiteral("12 s"));
    QCOMPARE(plain(durationText(192'000)), QStringLiteral("3 min 12 s"));
    QCOMPARE(plain(durationText(7'500'000)), QStringLiteral("2 h 5 min"));
    QCOMPARE(plain(durationText(99ll * 3'600'000)), QStringLiteral("4 d 3 h"));
    QCOMPARE(ageText(900), QStringLiteral("now"));
    QCOMPARE(plain(ageText(34'000)), QStringLiteral("34 s ago"));
    QCOMPARE(countText(34924), QStringLiteral("34,924"));
    QCOMPARE(countText(999), QStringLiteral("999"));
    QCOMPARE(countText(1000000), QStringLiteral("1,000,000"));
}

void TestConsoleFigures::ticksOfAnAxisLineUp()
{
    QCOMPARE(plain(tickText(0, 5000, 10000, Unit::PerSecond)), QStringLiteral("0"));
    QCOMPARE(plain(tickText(5000, 5000, 10000, Unit::PerSecond)), QStringLiteral("5 k/s"));
    QCOMPARE(plain(tickText(500, 500, 2000, Unit::PerSecond)), QStringLiteral("0.5 k/s"));
    QCOMPARE(plain(tickText(1000, 500, 2000, Unit::PerSecond)), QStringLiteral("1.0 k/s"));
    QCOMPARE(plain(tickText(0, 50, 150, Unit::Permille)), QStringLiteral("0 %"));
    QCOMPARE(plain(tickText(50, 50, 150, Unit::Permille)), QStringLiteral("5 %"));
    QCOMPARE(niceStep(1, 4, 1), 1.0); // no half of an operation
    QCOMPARE(niceStep(9, 5), 2.0);
    QCOMPARE(niceStep(100, 5), 20.0);
    QCOMPARE(niceStep(0.3, 4), 0.1);
}

void TestConsoleFigures::textAndMarksHaveEnoughContrast_data()
{
    QTest::addColumn<bool>("isDark");
    QTest::newRow("light") << false;
    QTest::newRow("dark") << true;
}

void TestConsoleFigures::textAndMarksHaveEnoughContrast()
{
    QFETCH(bool, isDark);
    const Theme theme = isDark ? Theme::dark() : Theme::light();
    for (const QColor& surface : {theme.background, theme.surface, theme.surfaceRaised}) {
        for (const QColor& text : {theme.text, theme.mutedText, theme.accent, theme.up, theme.suspect, theme.down,
                                   theme.joining, theme.unknown})
            QVERIFY2(contrastRatio(text, surface) >= 4.5, qPrintable(text.name() + surface.name()));
    }
    QVERIFY(contrastRatio(theme.accentText, theme.accent) >= 4.5);
    QVERIFY(contrastRatio(theme.selectionText, theme.selection) >= 4.5);
    QVERIFY(contrastRatio(theme.borderStrong, theme.surface) >= 3);
    QVERIFY(contrastRatio(theme.focus, theme.surface) >= 3);
    for (int i = 0; i < 21; ++i)
        QVERIFY2(contrastRatio(theme.series(i), theme.surface) >= 3, qPrintable(QString::number(i)));
}

void TestConsoleFigures::everyStateHasItsOwnShapeAndWord()
{
    std::vector<QImage> shapes;
    QStringList words;
    for (const StateMark mark :
         {StateMark::Up, StateMark::Suspect, StateMark::Down, StateMark::Joining, StateMark::Unknown}) {
        QImage image(24, 24, QImage::Format_RGB32);
        image.fill(Qt::white);
        QPainter painter(&image);
        paintStateMark(painter, QRectF(0, 0, 24, 24), mark, QColor(Qt::black)); // one colour: the shape alone must do
        painter.end();
        for (const QImage& other : shapes)
            QVERIFY(image != other);
        QVERIFY(!words.contains(wordOf(mark)));
        QVERIFY(paintedPixels(image, qRgb(255, 255, 255)) > 40);
        shapes.push_back(image);
        words.append(wordOf(mark));
    }
    QCOMPARE(markOf(NodeState::Waiting), StateMark::Joining);
}

void TestConsoleFigures::quietPartitionsAreNearlyTheBackground()
{
    for (const Theme& theme : {Theme::light(), Theme::dark()}) {
        QVERIFY(contrastRatio(theme.heat(0), theme.surface) < 1.3);
        QVERIFY(contrastRatio(theme.heat(1), theme.surface) > 6);
        QVERIFY(contrastRatio(theme.heat(0.3), theme.surface) < contrastRatio(theme.heat(0.9), theme.surface));
        QCOMPARE(theme.heat(unknown), theme.surface);
        QCOMPARE(theme.heat(7), theme.heat(1));
    }
}

void TestConsoleFigures::themeChangesAreTold()
{
    ThemeManager themes(*qobject_cast<QApplication*>(QCoreApplication::instance()), ThemeChoice::Light);
    QSignalSpy changes(&themes, &ThemeManager::changed);
    QVERIFY(!themes.theme().isDark);
    themes.setChoice(ThemeChoice::Dark);
    QVERIFY(themes.theme().isDark);
    QCOMPARE(QApplication::palette().color(QPalette::Window), themes.theme().background);
    QCOMPARE(changes.count(), 1);
    themes.setChoice(ThemeChoice::Dark);
    QCOMPARE(changes.count(), 1);
    QVERIFY2(!styleSheetOf(themes.theme()).contains(QLatin1Char('@')), "a token without a value");
}

void TestConsoleFigures::sparklineBreaksAtGaps()
{
    const Theme theme = Theme::light();
    const QColor red(Qt::red);
    const auto paintedAt = [&](const QVector<QPointF>& points, int x) {
        QImage image(100, 30, QImage::Format_RGB32);
        image.fill(Qt::white);
        QPainter painter(&image);
        paintSparkline(painter, QRectF(0, 0, 100, 30), points, 0, 4, red, theme);
        painter.end();
        int count = 0;
        for (int y = 0; y < 26; ++y)
            count += QColor(image.pixel(x, y)).saturation() > 40;
        return count > 0;
    };
    QVERIFY(paintedAt({{0, 5}, {1, 5}, {2, 5}, {3, 5}, {4, 5}}, 50));
    const QVector<QPointF> broken = {{0, 5}, {1, 5}, {2, unknown}, {3, 5}, {4, 5}};
    QVERIFY(!paintedAt(broken, 50));
    QVERIFY(paintedAt(broken, 12));
    QVERIFY(!paintedAt({}, 50));
    QVERIFY(!paintedAt({{1, unknown}, {3, unknown}}, 50));
    // What began a moment ago stands at the end, where now is.
    QVERIFY(!paintedAt({{3, 5}, {4, 5}}, 50));
    QVERIFY(paintedAt({{3, 5}, {4, 5}}, 90));
}

QTEST_MAIN(TestConsoleFigures)
#include "test_console_figures.moc"
