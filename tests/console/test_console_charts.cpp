#include "tests/console/fake_cluster_fixture.h"

#include <QAccessible>
#include <QClipboard>

using namespace quoit;
using quoit::test::FakeClusterFixture;

/// The page Charts: one time range for all, that can be zoomed, moved and left.
class TestConsoleCharts : public QObject, protected FakeClusterFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { isolateSettings(); }
    void init();
    void cleanup() { closeConsole(); }
    void chartsShareRangeAndCrosshair();
    void chartExportsGapsAsEmptyFields();
    void chartsGoBackInTime();
    void chartsZoomMoveAndComeBack();
    void chartsTellTheirValues();
    void pinnedMomentShowsWhoToldWhat();

private:
};

void TestConsoleCharts::init()
{
    openConsole(5);
}

void TestConsoleCharts::chartsShareRangeAndCrosshair()
{
    connectAndWait();
    QTRY_VERIFY(m_workspace->history().lastMs() > 0);
    m_window->showPage(3);
    for (const TimeSeriesView* chart : m_window->chartsPage()->charts())
        if (chart->metric() == Metric::P99Us) { // a tenth is seen, not a line at the bottom
            QVERIFY(chart->shareOf(10'000) - chart->shareOf(1000) >= 0.15);
            QCOMPARE(chart->shareOf(0), 0.0);
        }
    m_window->chartsPage()->setPerNode(true);
    const auto& charts = m_window->chartsPage()->charts();
    QCOMPARE(charts.size(), 24u);
    const QImage before = charts[1]->grab().toImage();
    QTest::mouseMove(charts[0], charts[0]->rect().center());
    // The one beside it shows the cross-hair too.
    QTRY_VERIFY(charts[1]->grab().toImage() != before);
}

void TestConsoleCharts::chartExportsGapsAsEmptyFields()
{
    connectAndWait();
    QTRY_VERIFY(m_workspace->history().lastMs() > 0);
    m_window->showPage(3);
    const QList<QByteArray> lines = m_window->chartsPage()->charts().front()->csv().trimmed().split('\n');
    QCOMPARE(lines.first(), QByteArray("time,node,value"));
    QVERIFY(lines[1].endsWith(",Cluster,")); // before the first report: nothing, not 0
    QVERIFY(!lines.last().endsWith(','));
}

void TestConsoleCharts::chartsGoBackInTime()
{
    const qint64 earlier = (QDateTime::currentSecsSinceEpoch() / 60 - 120) * 60;
    {
        HistoryFile file(m_folder->filePath(QStringLiteral("history.db")));
        QVERIFY(file.open());
        MetricValues values{};
        values[std::size_t(Metric::OperationsPerSecond)] = 4711;
        QVERIFY(file.write(QString::fromStdString(m_cluster->map()->clusterId()), {{earlier, {{noNode, values}}}}));
    }
    connectAndWait();
    m_window->showPage(3);
    const ChartsPage& page = *m_window->chartsPage();
    const auto button = [&page](const QString& text) {
        const auto all = page.findChildren<QPushButton*>();
        return *std::ranges::find(all, text, &QPushButton::text);
    };
    const TimeSeriesView& chart = *page.charts().front();
    QTRY_COMPARE(m_workspace->history().oldestMs(), earlier * 1000);
    QVERIFY(!chart.csv().contains("4711"));
    button(QStringLiteral("6 h"))->click();
    QTRY_VERIFY(chart.csv().contains(",4711,4711"));
    QVERIFY(!button(QStringLiteral("Now"))->isEnabled());
    button(QStringLiteral("1 h"))->click();
    for (int i = 0; i < 10 && button(QStringLiteral("‹"))->isEnabled(); ++i)
        button(QStringLiteral("‹"))->click();
    QTRY_VERIFY(chart.csv().contains(",4711"));
    QVERIFY(!button(QStringLiteral("‹"))->isEnabled()); // nothing is older
    button(QStringLiteral("Now"))->click();
    QVERIFY(!chart.csv().contains("4711"));
    QVERIFY(!button(QStringLiteral("›"))->isEnabled());
}

void TestConsoleCharts::chartsZoomMoveAndComeBack()
{
    const qint64 earlier = (QDateTime::currentSecsSinceEpoch() / 60 - 120) * 60;
    {
        HistoryFile file(m_folder->filePath(QStringLiteral("history.db")));
        QVERIFY(file.open());
        MetricValues values{};
        values[std::size_t(Metric::OperationsPerSecond)] = 4711;
        QVERIFY(file.write(QString::fromStdString(m_cluster->map()->clusterId()), {{earlier, {{noNode, values}}}}));
    }
    connectAndWait();
    QTRY_COMPARE(m_workspace->history().oldestMs(), earlier * 1000);
    ChartsPage& page = *m_window->chartsPage();
    m_window->showPage(m_window->indexOf(&page));
    TimeSeriesView& chart = *page.charts().front();
    QTRY_VERIFY(m_workspace->history().lastMs() > m_workspace->history().firstMs() && chart.width() > 200);
    QTRY_VERIFY(page.range().toMs > page.range().fromMs);
    const TimeRange before = page.range();
    const int y = chart.height() / 2;
    const int left = chart.width() / 3;
    const int right = chart.width() / 2;
    const auto drag = [&](int from, int to, Qt::KeyboardModifiers modifiers) {
        QTest::mousePress(&chart, Qt::LeftButton, modifiers, QPoint(from, y));
        QMouseEvent move(QEvent::MouseMove, QPointF(to, y), chart.mapToGlobal(QPointF(to, y)), Qt::NoButton,
                         Qt::LeftButton, modifiers);
        QCoreApplication::sendEvent(&chart, &move);
        if (const QString folder = qEnvironmentVariable("QUOIT_PICTURES"); !folder.isEmpty())
            m_window->grab().save(folder + QStringLiteral("/drag-%1.png").arg(int(modifiers)));
        QTest::mouseRelease(&chart, Qt::LeftButton, modifiers, QPoint(to, y));
    };
    drag(left, right, Qt::NoModifier);
    const TimeRange zoomed = page.range();
    QVERIFY(!page.isLive());
    QVERIFY(zoomed.toMs - zoomed.fromMs < before.toMs - before.fromMs);
    QVERIFY(zoomed.toMs - zoomed.fromMs >= 10'000); // two points would say nothing
    for (const TimeSeriesView* each : page.charts())
        QCOMPARE(each->range(), zoomed); // all of them
    drag(left, right, Qt::ShiftModifier);
    QVERIFY(page.range().fromMs < zoomed.fromMs);
    const TimeRange moved = page.range();
    QTest::keyClick(&chart, Qt::Key_Right, Qt::ShiftModifier);
    QVERIFY(page.range().toMs > moved.toMs);
    QTest::keyClick(&chart, Qt::Key_Escape);
    QVERIFY(page.isLive());
    // The wheel zooms about the cursor with Ctrl; without, the page scrolls.
    chart.clearFocus();
    const auto wheel = [&](int angle, Qt::KeyboardModifiers modifiers) {
        const QPointF at(right, y);
        QWheelEvent event(at, chart.mapToGlobal(at), {}, QPoint(0, angle), Qt::NoButton, modifiers, Qt::NoScrollPhase,
                          false);
        QCoreApplication::sendEvent(&chart, &event);
    };
    wheel(240, Qt::NoModifier);
    QVERIFY(page.isLive());
    wheel(240, Qt::ControlModifier);
    QVERIFY(!page.isLive());
    QTest::mouseDClick(&chart, Qt::LeftButton, {}, QPoint(left, y));
    QVERIFY(page.isLive());
    QVERIFY(page.range().toMs >= before.toMs);
}

void TestConsoleCharts::chartsTellTheirValues()
{
    connectAndWait();
    ChartsPage& page = *m_window->chartsPage();
    m_window->showPage(m_window->indexOf(&page));
    page.setPerNode(true);
    TimeSeriesView& chart = *page.charts()[1];
    QTRY_VERIFY(chart.valuesText().contains(QStringLiteral("node-5\t")));
    QAccessibleInterface* face = QAccessible::queryAccessibleInterface(&chart);
    QVERIFY(face);
    QCOMPARE(face->role(), QAccessible::Chart);
    QCOMPARE(face->text(QAccessible::Name), chart.title());
    QCOMPARE(face->text(QAccessible::Value), chart.valuesText());
    QTRY_VERIFY2(face->text(QAccessible::Value).contains(QStringLiteral("s\n")),
                 qPrintable(face->text(QAccessible::Value)));
    QStringList names;
    for (QAction* action : chart.actions()) {
        names << action->text();
        if (action->text() == QStringLiteral("Copy values"))
            action->trigger();
    }
    QCOMPARE(names.size(), 4);
    QVERIFY(QGuiApplication::clipboard()->text().startsWith(chart.title()));
}

void TestConsoleCharts::pinnedMomentShowsWhoToldWhat()
{
    const qint64 earlier = (QDateTime::currentSecsSinceEpoch() / 60 - 120) * 60;
    {
        HistoryFile file(m_folder->filePath(QStringLiteral("history.db")));
        QVERIFY(file.open());
        MetricValues values;
        values.fill(std::numeric_limits<float>::quiet_NaN());
        values[std::size_t(Metric::OperationsPerSecond)] = 4711;
        QVERIFY(file.write(QString::fromStdString(m_cluster->map()->clusterId()), {{earlier, {{NodeId(2), values}}}}));
    }
    connectAndWait();
    ChartsPage& page = *m_window->chartsPage();
    m_window->showPage(m_window->indexOf(&page));
    QVERIFY(!page.past().isVisible());
    QTRY_COMPARE(m_workspace->history().oldestMs(), earlier * 1000);
    page.showAt(Metric::OperationsPerSecond, noNode, earlier * 1000);
    QTRY_VERIFY(page.past().isVisible());
    const QTableWidget& table = page.past().table();
    QCOMPARE(table.rowCount(), 5);
    QTRY_COMPARE(table.item(1, 1)->text(), QStringLiteral("told"));
    QCOMPARE(table.item(1, 2)->text(), numberText(4711, Unit::PerSecond));
    QCOMPARE(table.item(0, 1)->text(), QStringLiteral("not told")); // and not as it is now
    QCOMPARE(table.item(0, 2)->text(), noDataText());
    QCOMPARE(page.past().alertsText(), QStringLiteral("No alert that is kept went on then."));
    if (const QString folder = qEnvironmentVariable("QUOIT_PICTURES"); !folder.isEmpty())
        m_window->grab().save(folder + QStringLiteral("/past.png"));
    page.past().findChild<QPushButton*>(QStringLiteral("backToNow"))->click();
    QVERIFY(!page.past().isVisible());
    QVERIFY(page.isLive());
}

QTEST_MAIN(TestConsoleCharts)
#include "test_console_charts.moc"
