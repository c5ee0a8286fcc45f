#include "tests/console/console_fixture.h"

#include <QAccessible>
#include <QSignalSpy>

using namespace quoit;
using quoit::test::LocalFixture;

/// The window goes back in time: real nodes of this machine are killed, come back and change their ring, and every page
/// shows afterwards how it was; so does the next console.
class TestConsolePast : public QObject, protected LocalFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { isolateSettings(); }
    void thingsHappen();
    void beforeTheKillAllNodesWereUp();
    void afterTheKillOneWasDown();
    void ringIsTheOneOfThen();
    void alertsAreThoseOfThen();
    void nothingCanBeChangedInThePast();
    void chartsStayInStep();
    void marksLeadToWhatHappened();
    void sliderIsDraggedAndMovedByKeys();
    void backToNowIsNow();
    void restartedConsoleShowsTheSamePast();
    void timeWithoutAConsoleIsAGap();
    void cleanupTestCase() { closeWindow(); }

private:
    void goTo(qint64 ms);
    const NodeReport& node(NodeId id) const { return *m_workspace->snapshot().node(id); }
    TimeTrack& track() const { return *m_window->timeBar()->track(); }
    template <typename Widget>
    Widget* find(const char* name) const
    {
        return m_window->findChild<Widget*>(QLatin1String(name));
    }

    qint64 m_wellMs = 0;   ///< all were up
    qint64 m_downMs = 0;   ///< one was down, and its alert had begun
    qint64 m_backMs = 0;   ///< it was back
    qint64 m_weightMs = 0; ///< the ring had changed
    qint64 m_endMs = 0;    ///< the first console's last report
    Epoch m_epochBefore = 0;
};

namespace {

constexpr int patienceMs = 120'000; // a busy machine starts nodes and reads files slowly

/// On a busy machine there are others: slow commits, for one.
bool hasNodeDown(const std::vector<Alert>& alerts)
{
    return std::ranges::any_of(alerts, [](const Alert& alert) {
        return alert.subject.rule == AlertRule::NodeDown && alert.subject.node == 3 && alert.isActive();
    });
}

} // namespace

/// Waits until that moment is shown.
void TestConsolePast::goTo(qint64 ms)
{
    m_workspace->past().go(ms);
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->past().moment() && m_workspace->past().moment()->second == ms / 1000, patienceMs);
}

void TestConsolePast::thingsHappen()
{
    startThree();
    const auto settle = [this](qint64& ms, int nodesUp) { // some reports later, at one that says so
        const qint64 before = m_workspace->history().lastMs();
        QTRY_VERIFY_WITH_TIMEOUT(m_workspace->history().lastMs() >= before + 3000 &&
                                     m_workspace->live().totals.nodesUp == nodesUp,
                                 patienceMs);
        ms = m_workspace->history().lastMs(); // of a report: no pause, however busy the machine is
        QTRY_VERIFY_WITH_TIMEOUT(m_workspace->history().lastMs() > ms, patienceMs); // it is past
    };
    settle(m_wellMs, 3);
    m_epochBefore = m_workspace->live().map->epoch();
    m_workspace->processOf(3)->kill();
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->live().node(3)->state, NodeState::Down, patienceMs);
    QTRY_VERIFY_WITH_TIMEOUT(hasNodeDown(m_workspace->alerts().active()), patienceMs);
    settle(m_downMs, 2);
    m_workspace->processOf(3)->start();
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->live().node(3)->state, NodeState::Up, patienceMs);
    QTRY_VERIFY_WITH_TIMEOUT(!hasNodeDown(m_workspace->alerts().active()), patienceMs);
    settle(m_backMs, 3);
    StagedStep step;
    step.kind = ChangeStep::Kind::Weight;
    step.node = 1;
    step.nodeName = QStringLiteral("node-1");
    step.weight = 3;
    std::optional<Result<PlanReport>> plan;
    m_workspace->changes().plan({step}, this, [&](const Result<PlanReport>& report) { plan = report; });
    QTRY_VERIFY_WITH_TIMEOUT(plan.has_value(), patienceMs);
    QVERIFY2(plan->ok(), plan->ok() ? "" : plan->error().message.c_str());
    std::optional<QString> problem;
    m_workspace->changes().apply(plan->value().number, this, [&](const QString& text) { problem = text; });
    QTRY_VERIFY_WITH_TIMEOUT(problem.has_value(), patienceMs);
    QVERIFY2(problem->isEmpty(), qPrintable(*problem));
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->live().map->epoch() > m_epochBefore && !m_workspace->live().map->isChanging(), patienceMs);
    settle(m_weightMs, 3);
    QVERIFY(m_workspace->isLive());
    QCOMPARE(m_window->timeBar()->text(), QStringLiteral("Live"));
    picture(QStringLiteral("live"), {{900, 600}, {1400, 900}});
}

void TestConsolePast::beforeTheKillAllNodesWereUp()
{
    m_window->showPage(0);
    goTo(m_wellMs);
    QVERIFY(!m_workspace->isLive());
    QVERIFY(m_window->pastBand()->isVisible());
    const ClusterSnapshot& then = m_workspace->snapshot();
    QCOMPARE(then.totals.nodesUp, 3);
    QCOMPARE(then.health.level, Health::Level::Well);
    QCOMPARE(then.map->epoch(), m_epochBefore);
    QVERIFY(then.totals.operationsPerSecond.has_value());
    QVERIFY(node(3).figures.memoryBytes > 1'000'000);
    QVERIFY(!node(1).version.empty());
}

void TestConsolePast::afterTheKillOneWasDown()
{
    goTo(m_downMs);
    const ClusterSnapshot& then = m_workspace->snapshot();
    QCOMPARE(then.totals.nodesUp, 2);
    QCOMPARE(node(3).state, NodeState::Down);
    QVERIFY(node(3).sinceMs > 0 && node(3).sinceMs < 60'000);
    QCOMPARE(then.health.level, Health::Level::Degraded);
    QVERIFY(then.availability.partitionsBelowStrength > 0);
    QVERIFY(!hasFreshFigures(node(3))); // and not as it is now
    QCOMPARE(m_workspace->live().totals.nodesUp, 3);
    picture(QStringLiteral("overview-down"), {{900, 600}, {1400, 900}});
    m_window->showPage(2);
    m_workspace->selectNode(3);
    auto* table = m_window->nodesPage()->findChild<QTableView*>();
    QCOMPARE(table->model()->index(2, NodeModel::State).data().toString(), stateWord(NodeState::Down));
    QCOMPARE(table->model()->index(2, NodeModel::Memory).data().toString(), noDataText());
    QVERIFY(table->model()->index(1, NodeModel::Memory).data().toString() != noDataText());
    picture(QStringLiteral("nodes-down"), {{900, 600}, {1400, 900}});
    m_window->showPage(1);
    auto* ring = m_window->ringPage()->findChild<RingView*>();
    QCOMPARE(ring->nodes()[2].state, NodeState::Down);
    QVERIFY(!ring->marks().empty()); // weakened partitions
    picture(QStringLiteral("ring-down"), {{900, 600}, {1400, 900}});
    goTo(m_backMs);
    QCOMPARE(node(3).state, NodeState::Up);
    QCOMPARE(ring->nodes()[2].state, NodeState::Up);
}

void TestConsolePast::ringIsTheOneOfThen()
{
    m_window->showPage(1);
    auto* ring = m_window->ringPage()->findChild<RingView*>();
    goTo(m_wellMs);
    QCOMPARE(ring->map()->epoch(), m_epochBefore);
    QCOMPARE(ring->map()->member(1)->weight, 1.0);
    goTo(m_weightMs);
    QVERIFY(ring->map()->epoch() > m_epochBefore);
    QCOMPARE(ring->map()->member(1)->weight, 3.0);
    m_window->ringPage()->pinKey(QStringLiteral("a key")); // its place by the ring of then; nobody is asked
    goTo(m_wellMs);
    QVERIFY(!find<QPushButton>("openInKeys")->isVisible());
    m_window->ringPage()->pinKey({});
}

void TestConsolePast::alertsAreThoseOfThen()
{
    m_window->showPage(m_window->indexOf(m_window->alertsPage()));
    AlertsPage& page = *m_window->alertsPage();
    goTo(m_wellMs);
    QVERIFY(!hasNodeDown(m_workspace->alertsShown().active));
    QCOMPARE(page.model()->rowCount(), int(m_workspace->alertsShown().active.size()));
    goTo(m_downMs);
    QVERIFY(page.model()->rowCount() > 0);
    QVERIFY(hasNodeDown(m_workspace->alertsShown().active));
    QVERIFY(!hasNodeDown(m_workspace->alerts().active())); // now
    QVERIFY(!page.findChild<QPushButton*>(QStringLiteral("acknowledge"))->isEnabled());
    picture(QStringLiteral("alerts-down"), {{900, 600}, {1400, 900}});
    goTo(m_backMs);
    QVERIFY(!hasNodeDown(m_workspace->alertsShown().active));
    QVERIFY(!m_workspace->alertsShown().ended.empty());
}

void TestConsolePast::nothingCanBeChangedInThePast()
{
    goTo(m_downMs);
    m_window->showPage(2);
    m_workspace->selectNode(2);
    for (const char* name : {"removeNode", "addNode"}) {
        QVERIFY2(!find<QPushButton>(name)->isEnabled(), name);
        QVERIFY2(find<QPushButton>(name)->toolTip().contains(QStringLiteral("past")), name);
    }
    for (const QPushButton* button : m_window->nodesPage()->findChildren<QPushButton*>())
        if (QStringList{QStringLiteral("Stop"), QStringLiteral("Kill…"), QStringLiteral("Restart"), QStringLiteral("Start")}.contains(button->text()))
            QVERIFY2(!button->isEnabled() && button->toolTip().contains(QStringLiteral("past")), qPrintable(button->text()));
    QVERIFY(m_workspace->isReadOnly());
    QVERIFY(!m_workspace->isReadOnlyChosen());
    std::optional<KeyOutcome> outcome;
    m_workspace->keys().put("a", "b", {}, {}, [&](const KeyOutcome& each) { outcome = each; });
    QTRY_VERIFY_WITH_TIMEOUT(outcome.has_value(), patienceMs);
    QVERIFY2(outcome->text.contains(QStringLiteral("past")), qPrintable(outcome->text));
    m_window->showPage(m_window->indexOf(m_window->changesPage()));
    QVERIFY(!m_window->changesPage()->stage()->isEnabled());
    QVERIFY2(m_window->pastBand()->text().contains(QStringLiteral("this is now")), qPrintable(m_window->pastBand()->text()));
    picture(QStringLiteral("changes-past"), {{900, 600}, {1400, 900}});
    m_workspace->past().goLive();
    QVERIFY(!m_workspace->isReadOnly());
    QVERIFY(m_window->changesPage()->stage()->isEnabled());
    m_window->showPage(2);
    QVERIFY(find<QPushButton>("addNode")->isEnabled());
}

void TestConsolePast::chartsStayInStep()
{
    ChartsPage& page = *m_window->chartsPage();
    m_window->showPage(m_window->indexOf(&page));
    goTo(m_downMs);
    QVERIFY(page.past().isVisible());
    QVERIFY(page.range().fromMs <= m_downMs && m_downMs <= page.range().toMs);
    picture(QStringLiteral("charts-down"), {{900, 600}, {1400, 900}});
    // A moment that is pinned on a chart is the window's.
    TimeSeriesView& chart = *page.charts().front();
    m_workspace->past().goLive();
    QVERIFY(!page.past().isVisible());
    QTest::mouseClick(&chart, Qt::LeftButton, {}, chart.rect().center());
    QVERIFY(!m_workspace->isLive());
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->past().snapshot(), patienceMs);
    QTest::mouseClick(&chart, Qt::LeftButton, {}, chart.rect().center());
    QVERIFY(m_workspace->isLive());
    QVERIFY(page.isLive());
}

void TestConsolePast::marksLeadToWhatHappened()
{
    const auto isDownMark = [](const TimeMark& mark) { return !mark.isAlert && mark.mark == StateMark::Down; };
    QVERIFY(std::ranges::any_of(track().marks(), isDownMark));
    m_workspace->past().goLive();
    QSet<qint64> visited;
    bool hasSeenDown = false;
    while (const auto ms = track().markFrom(false)) {
        QVERIFY2(!visited.contains(*ms), "the same mark twice");
        visited.insert(*ms);
        QTest::keyClick(m_window.get(), Qt::Key_BracketLeft, Qt::ControlModifier);
        QCOMPARE(m_workspace->shownMs(), *ms);
        QTRY_VERIFY_WITH_TIMEOUT(m_workspace->past().moment() && m_workspace->past().moment()->second == *ms / 1000, patienceMs);
        const bool isDown = std::ranges::any_of(
            m_workspace->past().timeline().eventsIn({*ms - 1000, *ms - 1}),
            [](const ClusterEvent& event) { return event.kind == "node-down" && event.node == 3; });
        if (isDown) {
            QVERIFY(!track().textAt(*ms).isEmpty());
            hasSeenDown = true;
            // What the mark tells is what is shown, or a second later: clocks and reports aren't the same.
            if (node(3).state != NodeState::Down)
                goTo(*ms + 1000);
            QCOMPARE(node(3).state, NodeState::Down);
            goTo(*ms);
        }
    }
    QVERIFY(hasSeenDown);
    QVERIFY(visited.size() >= 3);
    QVERIFY(track().markFrom(true).has_value());
    m_window->timeBar()->findChild<QPushButton*>(QStringLiteral("markAfter"))->click();
    QVERIFY(visited.contains(m_workspace->shownMs()));
}

void TestConsolePast::sliderIsDraggedAndMovedByKeys()
{
    m_workspace->past().goLive();
    const QPoint at(int(track().xOf(m_downMs)), track().height() / 2 - 3);
    QTest::mousePress(&track(), Qt::LeftButton, {}, QPoint(track().width() - 4, at.y()));
    QVERIFY(m_workspace->isLive()); // its right end is now
    for (int x = track().width() - 4; x > at.x(); x -= 10)
        QTest::mouseMove(&track(), QPoint(x, at.y()));
    QTest::mouseMove(&track(), at);
    QTest::mouseRelease(&track(), Qt::LeftButton, {}, at);
    QVERIFY(!m_workspace->isLive());
    QVERIFY(std::abs(m_workspace->shownMs() - m_downMs) < 20'000); // time went on meanwhile
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->past().moment() ? m_workspace->past().moment()->second : 0, m_workspace->shownMs() / 1000, patienceMs);
    const qint64 before = m_workspace->shownMs();
    QTest::keyClick(&track(), Qt::Key_Left);
    QCOMPARE(m_workspace->shownMs(), before - 1000);
    QTest::keyClick(&track(), Qt::Key_Right, Qt::ShiftModifier);
    QCOMPARE(m_workspace->shownMs(), before + 9000);
    QAccessibleInterface* face = QAccessible::queryAccessibleInterface(&track());
    QVERIFY(face);
    QCOMPARE(face->role(), QAccessible::Slider);
    QVERIFY(face->text(QAccessible::Value).startsWith(momentText(before + 9000)));
    QTest::keyClick(&track(), Qt::Key_Home);
    QCOMPARE(m_workspace->shownMs(), m_workspace->history().oldestMs());
    QTest::keyClick(&track(), Qt::Key_End);
    QVERIFY(m_workspace->isLive());
}

void TestConsolePast::backToNowIsNow()
{
    m_window->showPage(0);
    goTo(m_downMs);
    find<QPushButton>("backToLive")->click();
    QVERIFY(m_workspace->isLive());
    QVERIFY(!m_window->pastBand()->isVisible());
    QCOMPARE(&m_workspace->snapshot(), &m_workspace->live());
    QCOMPARE(m_workspace->snapshot().totals.nodesUp, 3);
    const quint64 number = m_workspace->snapshot().number;
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->snapshot().number > number, patienceMs); // and goes on
}

void TestConsolePast::restartedConsoleShowsTheSamePast()
{
    m_endMs = m_workspace->history().lastMs();
    QSignalSpy stopped(m_workspace->local(), &LocalCluster::allStopped);
    m_window->close();
    QVERIFY(stopped.wait(patienceMs));
    m_window.reset();
    m_workspace.reset();
    QTest::qWait(8000); // nobody watches
    startThree();
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->history().oldestMs() < m_endMs, patienceMs);
    m_window->showPage(0);
    goTo(m_downMs);
    QCOMPARE(node(3).state, NodeState::Down);
    QCOMPARE(m_workspace->snapshot().map->epoch(), m_epochBefore);
    QVERIFY(node(2).figures.memoryBytes > 1'000'000);
    QVERIFY(hasNodeDown(m_workspace->alertsShown().active));
    goTo(m_wellMs);
    QCOMPARE(m_workspace->snapshot().totals.nodesUp, 3);
    goTo(m_weightMs);
    QCOMPARE(m_workspace->snapshot().map->member(1)->weight, 3.0);
    const auto isDownMark = [](const TimeMark& mark) { return !mark.isAlert && mark.mark == StateMark::Down; };
    QVERIFY(std::ranges::any_of(track().marks(), isDownMark));
}

void TestConsolePast::timeWithoutAConsoleIsAGap()
{
    m_window->showPage(1);
    const auto& listened = m_workspace->past().timeline().listened();
    const auto next = std::ranges::find_if(listened, [this](const TimeRange& range) { return range.fromMs > m_endMs; });
    QVERIFY(next != listened.end()); // of this console
    const qint64 gapMs = next->fromMs - 4000; // there were eight seconds at least
    goTo(gapMs);
    QVERIFY(!m_workspace->past().moment()->isListened);
    QVERIFY(!m_workspace->snapshot().map);
    QVERIFY(m_workspace->snapshot().nodes.empty());
    QVERIFY(!m_workspace->snapshot().totals.operationsPerSecond); // unknown, not 0
    QCOMPARE(m_workspace->snapshot().health.headline, QStringLiteral("Nobody watched then"));
    QVERIFY(m_workspace->past().moment()->gapFromSecond >= m_endMs / 1000);
    picture(QStringLiteral("ring-gap"), {{900, 600}, {1400, 900}});
    m_window->showPage(0);
    picture(QStringLiteral("overview-gap"), {{900, 600}, {1400, 900}});
    m_window->showPage(2);
    picture(QStringLiteral("nodes-gap"), {{900, 600}, {1400, 900}});
    m_workspace->past().goLive();
    QCOMPARE(m_workspace->snapshot().nodes.size(), 3u);
}

QTEST_MAIN(TestConsolePast)
#include "test_console_past.moc"
