#include "console/desktop/alert_text.h"
#include "console/desktop/verdict.h"
#include "tests/console/fake_cluster_fixture.h"

#include <QAbstractItemModelTester>
#include <QAccessible>
#include <QMenu>
#include <QSignalSpy>
#include <QSystemTrayIcon>

using namespace quoit;
using quoit::test::FakeClusterFixture;

/// The page Alerts, the badge, the marks on charts, and the model behind them, against a cluster in this process.
class TestConsoleAlerts : public QObject, protected FakeClusterFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { isolateSettings(); }
    void init();
    void cleanup() { closeConsole(); }
    void rowsStayUnderTheMouse();
    void modelTakesEveryOrderFromEveryOther();
    void everyRuleHasWords();
    void wellClusterIsSaidToBeWell();
    void verdictAgreesWithAlerts();
    void overviewLeadsFromVerdictToAlerts();
    void downNodeIsListedBadgedAndMarkedOnCharts();
    void alertIsAcknowledgedAndSnoozedByKeyboard();
    void alertLeadsToItsChartAndNode();
    void rulesAreSetAndKept();
    void paletteFindsAlerts();
    void endedAlertsAreKeptWithTheirFigures();
    void notificationsAreShort();
    void hotKeysAreListedAndPinned();
    void olderNodesTellNoHotKeys();
    void pageIsReadAloud();

private:
    void breakNode(NodeId id);
    AlertsPage& page() { return *m_window->alertsPage(); }
};

namespace {

Alert alertOf(quint64 number, AlertRule rule = AlertRule::NodeDown, qint64 beganMs = 1'700'000'000'000)
{
    Alert alert;
    alert.number = number;
    alert.subject = {rule, NodeId(number), rule == AlertRule::HotKey ? "some key" : ""};
    alert.nodeName = QStringLiteral("node-%1").arg(number);
    alert.figure = alert.worst = 1;
    alert.bound = factsOf(rule).bound;
    alert.beganMs = beganMs;
    return alert;
}

std::vector<quint64> numbersOf(const AlertModel& model)
{
    std::vector<quint64> numbers;
    for (int row = 0; row < model.rowCount(); ++row)
        numbers.push_back(model.at(row)->number);
    return numbers;
}

} // namespace

void TestConsoleAlerts::init()
{
    openConsole(5);
}

void TestConsoleAlerts::breakNode(NodeId id)
{
    m_cluster->stopNode(id);
    QTRY_COMPARE(m_workspace->alerts().active().size(), 1u);
}

void TestConsoleAlerts::rowsStayUnderTheMouse()
{
    ThemeManager themes(*qApp);
    AlertModel model(themes);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    model.show({alertOf(1), alertOf(2)}, {}, 0);
    QCOMPARE(numbersOf(model), (std::vector<quint64>{1, 2}));
    const QPersistentModelIndex second = model.index(1);

    model.setHeld(true);
    Alert over = alertOf(1);
    over.endedMs = over.beganMs + 1000;
    model.show({alertOf(3), alertOf(2)}, {over}, 0);
    QCOMPARE(numbersOf(model), (std::vector<quint64>{1, 2, 3})); // where they were, and the new one at the end
    QCOMPARE(model.index(0).data(AlertModel::StateRole).toString(), QStringLiteral("Ended"));
    model.show({alertOf(4), alertOf(3), alertOf(2)}, {over}, 0);
    QCOMPARE(numbersOf(model), (std::vector<quint64>{1, 2, 3, 4}));

    model.setHeld(false);
    QCOMPARE(numbersOf(model), (std::vector<quint64>{4, 3, 2}));
    QCOMPARE(second.data(AlertModel::NumberRole).toULongLong(), 2u); // a selection goes with its alert
    QCOMPARE(model.rowOf(2), 2);
    QCOMPARE(model.rowOf(1), -1);
    QVERIFY(!model.at(3));
    QVERIFY(!model.at(-1));
}

void TestConsoleAlerts::modelTakesEveryOrderFromEveryOther()
{
    ThemeManager themes(*qApp);
    AlertModel model(themes);
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    std::vector<std::vector<quint64>> orders{{}};
    for (std::vector<quint64> all : {std::vector<quint64>{1, 2, 3}, {1, 3, 4}, {2, 5}})
        do
            orders.push_back(all);
        while (std::ranges::next_permutation(all).found);
    for (const auto& before : orders)
        for (const auto& after : orders) {
            for (const auto& order : {before, after}) {
                std::vector<Alert> alerts;
                for (const quint64 number : order)
                    alerts.push_back(alertOf(number));
                model.show(alerts, {}, 0);
                QCOMPARE(numbersOf(model), order);
            }
        }
    // Urgent ones first, snoozed ones last.
    Alert snoozed = alertOf(1, AlertRule::NoMajority);
    snoozed.snoozedUntilMs = 1;
    const auto ordered = inOrderOfUrgency({snoozed, alertOf(2, AlertRule::SlowRequests, 5), alertOf(3, AlertRule::StorageFull),
                                           alertOf(4, AlertRule::SlowRequests, 9)});
    std::vector<quint64> numbers;
    for (const Alert& alert : ordered)
        numbers.push_back(alert.number);
    QCOMPARE(numbers, (std::vector<quint64>{3, 4, 2, 1}));
}

void TestConsoleAlerts::everyRuleHasWords()
{
    QSet<QString> texts;
    for (int i = 0; i < alertRuleCount; ++i) {
        const auto rule = AlertRule(i);
        Alert alert = alertOf(7, rule);
        alert.figure = alert.worst = factsOf(rule).bound;
        for (const QString& text : {alertRuleTitle(rule), alertRuleMeaning(rule), alertAdvice(rule), alertText(alert)}) {
            QVERIFY(!text.isEmpty());
            QVERIFY2(!text.contains(QLatin1Char('%')) || text.contains(QStringLiteral("\u00a0%")), qPrintable(text));
            QVERIFY2(!texts.contains(text), qPrintable(text));
            texts.insert(text);
        }
        QCOMPARE(alertBoundText(alert).isEmpty(), factsOf(rule).unit == AlertUnit::State);
    }
    for (int i = 0; i < metricCount; ++i)
        QVERIFY(!metricTitle(Metric(i)).isEmpty());
}

void TestConsoleAlerts::wellClusterIsSaidToBeWell()
{
    connectAndWait();
    m_window->showPage(6);
    QVERIFY(page().isVisible());
    QVERIFY(page().isEmptyShown());
    QCOMPARE(m_window->status()->alertText(), QString());
    QVERIFY(!m_window->grab().isNull());
}

void TestConsoleAlerts::verdictAgreesWithAlerts()
{
    Health well;
    well.level = Health::Level::Well;
    well.headline = QStringLiteral("All is well");
    well.detail = QStringLiteral("5 nodes are up.");
    QCOMPARE(verdictOf(well, {}).headline, well.headline);

    Alert hot = alertOf(1, AlertRule::HotKey);
    Health verdict = verdictOf(well, {hot});
    QCOMPARE(verdict.level, Health::Level::Degraded);
    QCOMPARE(verdict.headline, alertText(hot));
    QCOMPARE(verdict.detail, well.detail);
    const Alert busy = alertOf(2, AlertRule::Busy);
    verdict = verdictOf(well, {busy, hot, alertOf(3, AlertRule::Imbalance)});
    QCOMPARE(verdict.level, Health::Level::Critical);
    QCOMPARE(verdict.headline, alertText(busy) + QStringLiteral(", and 2 more alerts"));
    hot.snoozedUntilMs = 1;
    QCOMPARE(verdictOf(well, {hot}).headline, well.headline);

    // A node that has just come back isn't said to be down, though its alert isn't over yet.
    verdict = verdictOf(well, {alertOf(4, AlertRule::NodeDown)});
    QCOMPARE(verdict.level, Health::Level::Well);
    QVERIFY(verdict.detail.contains(QStringLiteral("alert")));

    Health down = well;
    down.level = Health::Level::Degraded;
    down.headline = QStringLiteral("node-4 is down, nothing is lost");
    QCOMPARE(verdictOf(down, {alertOf(4, AlertRule::NodeDown)}).detail, down.detail);
    verdict = verdictOf(down, {alertOf(4, AlertRule::NodeDown), busy});
    QCOMPARE(verdict.level, Health::Level::Critical);
    QCOMPARE(verdict.headline, down.headline);
    QVERIFY(verdict.detail.contains(alertText(busy)));
    QCOMPARE(verdictOf({}, {busy}).level, Health::Level::Unknown);
}

void TestConsoleAlerts::overviewLeadsFromVerdictToAlerts()
{
    connectAndWait();
    m_window->showPage(0);
    auto* show = m_window->findChild<QPushButton*>(QStringLiteral("showAlerts"));
    QVERIFY(!show->isVisible());
    QCOMPARE(m_workspace->health().level, Health::Level::Well);
    m_cluster->setReport(4, [](NodeReport& report) { report.figures.busyPerSecond = 50; });
    QTRY_VERIFY_WITH_TIMEOUT(show->isVisible(), 30'000); // it has to last some seconds
    QCOMPARE(m_workspace->health().level, Health::Level::Critical);
    QVERIFY(m_workspace->health().headline.contains(QStringLiteral("node-4")));
    show->click();
    QVERIFY(page().isVisible());
}

void TestConsoleAlerts::downNodeIsListedBadgedAndMarkedOnCharts()
{
    connectAndWait();
    QTRY_VERIFY(m_workspace->history().lastMs() > 0);
    m_window->showPage(3);
    TimeSeriesView* chart = m_window->chartsPage()->charts()[0];
    m_cluster->setReport(4, [](NodeReport& report) { report.figures.storageFull = true; });
    QTRY_COMPARE(m_workspace->alerts().active().size(), 1u);
    QCOMPARE(m_window->status()->alertText(), QStringLiteral("1 alert"));
    const auto buttons = m_window->sidebar()->findChildren<SidebarButton*>();
    QVERIFY(std::ranges::any_of(
        buttons, [](SidebarButton* each) { return each->accessibleName() == QStringLiteral("Alerts, 1 new"); }));
    m_window->showPage(6);
    QVERIFY(!page().isEmptyShown());
    QCOMPARE(page().model()->rowCount(), 1);
    QCOMPARE(page().details()->findChild<QLabel*>(QStringLiteral("alertTitle"))->text(), QStringLiteral("The disk of node-4 is full or nearly so"));
    // A chart ends with the last whole second.
    QTRY_VERIFY(m_workspace->history().lastMs() > m_workspace->alerts().active()[0].beganMs);
    // The same chart, with the alert and without: only its mark makes the difference.
    const auto picture = [&] {
        m_window->showPage(3);
        m_cluster->setSilent(true);
        return chart->grab().toImage();
    };
    const QImage with = picture();
    m_workspace->alerts().leave();
    QVERIFY(chart->grab().toImage() != with);
}

void TestConsoleAlerts::alertIsAcknowledgedAndSnoozedByKeyboard()
{
    connectAndWait();
    m_window->showPage(6);
    breakNode(2);
    const auto button = [&](const char* name) { return page().findChild<QPushButton*>(QLatin1String(name)); };
    QCOMPARE(m_window->focusWidget(), page().list());
    button("acknowledge")->setFocus();
    QTest::keyClick(button("acknowledge"), Qt::Key_Space);
    QCOMPARE(m_workspace->alerts().waitingCount(), 0);
    QVERIFY(!button("acknowledge")->isEnabled());
    QCOMPARE(page().model()->index(0).data(AlertModel::StateRole).toString(), QStringLiteral("Warning, acknowledged"));
    QList<QAction*> spans = button("snooze")->menu()->actions();
    spans[1]->trigger();
    const qint64 until = m_workspace->alerts().active()[0].snoozedUntilMs;
    QVERIFY(std::abs(until - QDateTime::currentMSecsSinceEpoch() - 3'600'000) < 60'000);
    QCOMPARE(m_window->status()->alertText(), QString());
    QVERIFY(page().model()->index(0).data(AlertModel::StateRole).toString().contains(QStringLiteral("snoozed until")));
    spans.last()->trigger();
    QCOMPARE(m_workspace->alerts().active()[0].snoozedUntilMs, 0);
}

void TestConsoleAlerts::alertLeadsToItsChartAndNode()
{
    connectAndWait();
    m_cluster->setReport(3, [](NodeReport& report) { report.figures.diskFreeBytes = 1'000'000; });
    m_window->showPage(6);
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->alerts().active().size(), 1u, 30'000);
    QTest::keyClick(page().list(), Qt::Key_Return);
    QCOMPARE(m_window->currentPage(), 3);
    QCOMPARE(m_workspace->selectedNode(), NodeId(3));
    auto* focused = qobject_cast<TimeSeriesView*>(m_window->focusWidget());
    QVERIFY(focused);
    QCOMPARE(focused->metric(), Metric::DiskFreeBytes);
    QVERIFY(focused->visibleRegion().boundingRect().height() > 100); // scrolled to
    m_window->showPage(6);
    page().findChild<QPushButton*>(QStringLiteral("toNode"))->click();
    QCOMPARE(m_window->currentPage(), 2);
    QCOMPARE(m_workspace->selectedNode(), NodeId(3));
}

void TestConsoleAlerts::rulesAreSetAndKept()
{
    connectAndWait();
    m_window->showPage(6);
    page().setRulesShown(true);
    AlertRulesView& rules = *page().rules();
    QVERIFY(rules.isVisible());
    QVERIFY(!rules.field(AlertRule::NodeDown)); // nothing to set
    QCOMPARE(rules.field(AlertRule::SlowRequests)->value(), 100.0);
    rules.field(AlertRule::SlowRequests)->setValue(2.5);
    QTest::keyClick(rules.box(AlertRule::NodeDown), Qt::Key_Space);
    QCOMPARE(m_workspace->alerts().settings()[std::size_t(AlertRule::SlowRequests)].bound, 2500.0);
    QVERIFY(!m_workspace->alerts().settings()[std::size_t(AlertRule::NodeDown)].isOn);
    m_window.reset();
    m_workspace.reset(); // it writes on a thread, to the end: the next one reads what it wrote
    m_workspace = std::make_unique<Workspace>(options());
    m_window = std::make_unique<MainWindow>(*m_workspace);
    m_window->show();
    connectAndWait();
    m_window->showPage(6);
    page().setRulesShown(true);
    QCOMPARE(page().rules()->field(AlertRule::SlowRequests)->value(), 2.5);
    QVERIFY(!page().rules()->box(AlertRule::NodeDown)->isChecked());
    page().findChild<QPushButton*>(QStringLiteral("ruleDefaults"))->click();
    QCOMPARE(m_workspace->alerts().settings(), defaultAlertSettings());
    QVERIFY(page().rules()->box(AlertRule::NodeDown)->isChecked());
}

void TestConsoleAlerts::paletteFindsAlerts()
{
    connectAndWait();
    breakNode(5);
    QPointer<CommandPalette> palette = m_window->openPalette();
    auto* field = palette->findChild<QLineEdit*>();
    QVERIFY(palette->shownTexts().contains(QStringLiteral("Set alert rules")));
    field->setText(QStringLiteral("alert: node-5"));
    QCOMPARE(palette->shownTexts().first(), QStringLiteral("Alert: node-5 is down"));
    QTest::keyClick(field, Qt::Key_Return);
    QCOMPARE(m_window->currentPage(), 6);
    QCOMPARE(page().details()->alert()->subject.node, NodeId(5));
    palette = m_window->openPalette();
    field = palette->findChild<QLineEdit*>();
    field->setText(QStringLiteral("acknowledge all"));
    QTest::keyClick(field, Qt::Key_Return);
    QCOMPARE(m_workspace->alerts().waitingCount(), 0);
    QTest::keyClick(m_window.get(), Qt::Key_1, Qt::ControlModifier);
    QCOMPARE(m_window->currentPage(), 0);
    QTest::keyClick(m_window.get(), Qt::Key_7, Qt::ControlModifier);
    QCOMPARE(m_window->currentPage(), 6);
}

void TestConsoleAlerts::endedAlertsAreKeptWithTheirFigures()
{
    connectAndWait();
    breakNode(5);
    m_window->showPage(6);
    m_cluster->startNode(5);
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->alerts().active().empty(), 30'000);
    QTRY_VERIFY(page().isEmptyShown());
    page().setEndedShown(true);
    QCOMPARE(page().model()->rowCount(), 1);
    QCOMPARE(page().details()->findChild<QLabel*>(QStringLiteral("alertTitle"))->text(), QStringLiteral("node-5 was down"));
    QVERIFY(!page().findChild<QPushButton*>(QStringLiteral("snooze"))->isEnabled());
    QVERIFY(!m_window->grab().isNull());
}

void TestConsoleAlerts::notificationsAreShort()
{
    const NotificationText one = notificationText({alertOf(3)});
    QCOMPARE(one.title, QStringLiteral("Node down"));
    QCOMPARE(one.text, QStringLiteral("node-3 is down"));
    std::vector<Alert> many;
    for (quint64 number = 1; number <= 9; ++number)
        many.push_back(alertOf(number));
    const NotificationText all = notificationText(many);
    QCOMPARE(all.title, QStringLiteral("9 alerts"));
    QCOMPARE(all.text.count(QLatin1Char('\n')), 4);
    QVERIFY(all.text.endsWith(QStringLiteral("and 5 more")));
    QCOMPARE(AlertNotifier(*m_workspace).isAvailable(), QSystemTrayIcon::isSystemTrayAvailable());
}

void TestConsoleAlerts::hotKeysAreListedAndPinned()
{
    HotKeysReport report;
    report.readsPerSecond = 8000;
    report.writesPerSecond = 2000;
    const std::string binary("\xff\x00\x01", 3);
    report.keys = {{"user:7", 3000, 10, 1000, 10}, {binary, 900, 10, 0, 0}, {std::string(256, 'x'), 500, 0, 0, 0}};
    m_cluster->setHotKeys(report);
    connectAndWait();
    m_window->showPage(1);
    RingPage& ring = *m_window->ringPage();
    HotKeyModel& model = *ring.hotKeys()->model();
    QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest);
    QTRY_COMPARE(model.rowCount(), 3);
    QCOMPARE(model.index(0).data(HotKeyModel::ShareTextRole).toString(), QStringLiteral("40.0\u00a0%"));
    QVERIFY(model.index(0).data(Qt::AccessibleTextRole).toString().contains(QStringLiteral("reads, ")));
    QVERIFY(model.index(0).data(HotKeyModel::PlaceRole).toString().startsWith(QStringLiteral("partition ")));
    QVERIFY(model.index(2).data(HotKeyModel::PlaceRole).toString().isEmpty()); // told in part: its place isn't known
    ring.hotKeys()->list()->setCurrentIndex(model.index(0));
    auto* key = ring.findChild<QLineEdit*>();
    QCOMPARE(key->text(), QStringLiteral("user:7"));
    auto* located = ring.findChild<LocateView*>();
    QTRY_VERIFY(located->accessibleDescription().contains(QStringLiteral("partition")));
    ring.hotKeys()->list()->setCurrentIndex(model.index(1)); // no text: a pin without the field
    QCOMPARE(key->text(), QString());
    // Under the mouse rows stay, and what has cooled down says nothing.
    model.setHeld(true);
    report.keys = {{"new", 5000, 0, 0, 0}, {"user:7", 10, 0, 0, 0}};
    m_cluster->setHotKeys(report);
    QTRY_COMPARE(model.rowCount(), 4);
    QCOMPARE(model.at(0)->key, std::string("user:7"));
    QCOMPARE(model.index(1).data(HotKeyModel::ShareTextRole).toString(), QStringLiteral("—"));
    model.setHeld(false);
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.at(0)->key, std::string("new"));
}

void TestConsoleAlerts::olderNodesTellNoHotKeys()
{
    connectAndWait();
    const quint64 before = m_workspace->snapshot().number;
    QTRY_VERIFY(m_workspace->snapshot().number > before + 5);
    QVERIFY(!m_workspace->snapshot().hotKeys);
    QCOMPARE(m_workspace->monitor().trouble(), QString());
    m_window->showPage(1);
    QVERIFY(!m_window->ringPage()->hotKeys()->list()->isVisible());
}

void TestConsoleAlerts::pageIsReadAloud()
{
    connectAndWait();
    breakNode(1);
    m_window->showPage(6);
    const QString row = page().model()->index(0).data(Qt::AccessibleTextRole).toString();
    QVERIFY2(row.startsWith(QStringLiteral("node-1 is down; Warning; since ")), qPrintable(row));
    QAccessibleInterface* list = QAccessible::queryAccessibleInterface(page().list());
    QCOMPARE(list->text(QAccessible::Name), QStringLiteral("Alerts"));
    QCOMPARE(list->childCount(), 1);
    QCOMPARE(list->child(0)->text(QAccessible::Name), row);
    const QAccessibleInterface* field = QAccessible::queryAccessibleInterface(page().rules()->field(AlertRule::Queue));
    QCOMPARE(field->text(QAccessible::Name), QStringLiteral("Bound of “Long queue”"));
    QVERIFY(m_window->status()->accessibleDescription().endsWith(QStringLiteral("1 alert")));
    if (const QString folder = qEnvironmentVariable("QUOIT_PICTURES"); !folder.isEmpty()) {
        m_cluster->setReport(3, [](NodeReport& report) { report.figures.diskFreeBytes = 1'000'000; });
        QTest::qWait(14'000);
        for (const ThemeChoice choice : {ThemeChoice::Dark, ThemeChoice::Light}) {
            m_workspace->setThemeChoice(choice);
            page().setRulesShown(false);
            QTest::qWait(100);
            m_window->grab().save(QStringLiteral("%1/alerts-%2.png").arg(folder).arg(int(choice)));
            page().setRulesShown(true);
            QTest::qWait(100);
            m_window->grab().save(QStringLiteral("%1/alert-rules-%2.png").arg(folder).arg(int(choice)));
        }
    }
}

QTEST_MAIN(TestConsoleAlerts)
#include "test_console_alerts.moc"
