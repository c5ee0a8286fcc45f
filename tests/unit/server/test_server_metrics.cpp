// How figures become Prometheus' text, and that the checker of the tests would notice if they didn't.
#include "node/server/metrics_text.h"
#include "tests/unit/server/metrics_checker.h"

#include <QtTest>

#include <limits>

using namespace quoit;
using quoit::testing::problemsOfMetrics;

class TestServerMetrics : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void valuesAreWritten();
    void histogramsAreCumulative();
    void histogramCountsBelowPowersExactly();
    void wrongTextIsNoticed_data();
    void wrongTextIsNoticed();
};

void TestServerMetrics::valuesAreWritten()
{
    MetricsText text;
    text.counter("a_total", "all of \\ them\n", std::uint64_t(1) << 63);
    text.family("b_bytes", MetricsText::Type::Gauge, "b");
    text.sample(0.5, {{"name", "x\"\\\n"}, {"id", "2"}});
    text.sample(std::numeric_limits<double>::infinity());
    const std::string bytes = text.take();
    QCOMPARE(bytes, std::string("# HELP a_total all of \\\\ them\\n\n# TYPE a_total counter\na_total 9223372036854775808\n"
                                "# HELP b_bytes b\n# TYPE b_bytes gauge\nb_bytes{name=\"x\\\"\\\\\\n\",id=\"2\"} 0.5\nb_bytes +Inf\n"));
    QCOMPARE(problemsOfMetrics(bytes), std::string());
}

void TestServerMetrics::histogramsAreCumulative()
{
    Histogram times;
    for (const std::uint64_t us : {10, 40, 40, 1000, 100'000'000})
        times.record(us);
    MetricsText text;
    text.family("t_seconds", MetricsText::Type::Histogram, "t");
    text.sample(times, {{"command", "get"}});
    text.sample(Histogram(), {{"command", "set"}});
    const std::string bytes = text.take();
    QCOMPARE(problemsOfMetrics(bytes), std::string());
    for (const char* series : {"t_seconds_bucket{command=\"get\",le=\"3.2e-05\"} 1\n", "t_seconds_bucket{command=\"get\",le=\"6.4e-05\"} 3\n",
                               "t_seconds_bucket{command=\"get\",le=\"0.001024\"} 4\n", "t_seconds_bucket{command=\"get\",le=\"16.777216\"} 4\n",
                               "t_seconds_bucket{command=\"get\",le=\"+Inf\"} 5\n", "t_seconds_sum{command=\"get\"} 100.00109\n",
                               "t_seconds_count{command=\"get\"} 5\n", "t_seconds_count{command=\"set\"} 0\n"})
        QVERIFY2(bytes.find(series) != std::string::npos, (series + bytes).c_str());
}

void TestServerMetrics::histogramCountsBelowPowersExactly()
{
    Histogram times;
    for (int power = 4; power <= 30; ++power) {
        times.record((std::uint64_t(1) << power) - 1);
        times.record(std::uint64_t(1) << power);
    }
    for (int power = 4; power <= 30; ++power)
        QCOMPARE(times.countBelowPower(power), std::uint64_t(2 * (power - 4) + 1));
    Histogram before = times;
    times.record(5);
    QCOMPARE(times.since(before).count(), std::uint64_t(1));
    QCOMPARE(times.since(before).sum(), std::uint64_t(5));
    QCOMPARE(times.since(before).percentile(0.5), std::uint64_t(5));
}

void TestServerMetrics::wrongTextIsNoticed_data()
{
    QTest::addColumn<QByteArray>("text");
    const QByteArray gauge("# HELP a b\n# TYPE a gauge\n");
    QTest::newRow("no help") << QByteArray("a 1\n");
    QTest::newRow("no end") << QByteArray(gauge + "a 1");
    QTest::newRow("twice") << QByteArray(gauge + "a 1\na 1\n");
    QTest::newRow("family twice") << QByteArray(gauge + gauge);
    QTest::newRow("quotes") << QByteArray(gauge + "a{b=\"\"\"} 1\n");
    QTest::newRow("no number") << QByteArray(gauge + "a x\n");
    QTest::newRow("counter's name") << QByteArray("# HELP a b\n# TYPE a counter\na 1\n");
    QTest::newRow("unit") << QByteArray("# HELP a_us b\n# TYPE a_us gauge\na_us 1\n");
    const QByteArray histogram("# HELP h b\n# TYPE h histogram\n");
    QTest::newRow("not cumulative") << QByteArray(histogram + "h_bucket{le=\"1\"} 3\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 2\n");
    QTest::newRow("no infinity") << QByteArray(histogram + "h_bucket{le=\"1\"} 2\nh_sum 1\nh_count 2\n");
    QTest::newRow("no sum") << QByteArray(histogram + "h_bucket{le=\"+Inf\"} 2\nh_count 2\n");
}

void TestServerMetrics::wrongTextIsNoticed()
{
    QFETCH(QByteArray, text);
    QVERIFY(!problemsOfMetrics(text.toStdString()).empty());
}

QTEST_APPLESS_MAIN(TestServerMetrics)
#include "test_server_metrics.moc"
