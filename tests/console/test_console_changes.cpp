// tests/console/test_console_changes.cpp - the Changes page against real nodes: planned, applied, followed, aborted,
// refused.
#include "tests/console/console_fixture.h"
#include "tests/console/sheet_button.h"

#include <QProgressBar>
#include <QScrollArea>
#include <QScrollBar>
#include <QTcpServer>

using namespace quoit;
using Kind = ChangeStep::Kind;

class TestConsoleChanges : public QObject, private quoit::test::LocalFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void emptyPageSaysWhatToDo();
    void joinIsPlannedAppliedAndFollowedToItsEnd();
    void changeIsPausedLimitedResumedAndAborted();
    void stalePlanIsRefusedInWords();
    void smallWindowScrollsToThePlan();
    void dataLeavesOnlyWithTheNameTyped();
    void changeThatWaitsIsShownAndTakenOut();
    void badInputIsRefusedBesideItsField();
    void nodeThatCantBeAskedIsNamed();
    void refusalsAreShownInTheNodesWords();
    void reportsAreKeptWithTheirOutcome();
    void cleanupTestCase();

private:
    static constexpr int waitMs = 40'000;
    ChangesPage& page() { return *m_window->changesPage(); }
    template <typename Widget>
    Widget* named(const char* name)
    {
        return page().findChild<Widget*>(QString::fromLatin1(name));
    }
    /// Starts a node that waits for a cluster.
    NodeProcess& startNew(const QString& name);
    void planAndWait(const std::vector<StagedStep>& steps);
    std::size_t memberCount() const { return m_workspace->snapshot().map->parts().members.size(); }
    NodeId idOf(const QString& name) const;
    StagedStep about(Kind kind, const QString& name) const;
    /// Fills the form in as a user does, and adds the step. @return what is said beside the field; empty: it is a step now
    QString say(Kind kind, const QString& address, const QString& node = {});

    std::vector<std::unique_ptr<NodeProcess>> m_more;
};

void TestConsoleChanges::initTestCase()
{
    isolateSettings();
    startThree({1280, 800});
    for (int i = 0; i < 300; ++i)
        m_workspace->keys().put("key:" + QByteArray::number(i), QByteArray(2000, 'x'), "0", {},
                                [](const KeyOutcome&) {});
    m_window->showPage(m_window->indexOf(&page()));
}

NodeProcess& TestConsoleChanges::startNew(const QString& name)
{
    m_more.push_back(std::make_unique<NodeProcess>(name, QStringLiteral(QUOIT_BIN_DIR "/quoit-node"),
                                                   m_folder.filePath(QStringLiteral("more-") + name)));
    NodeProcess& node = *m_more.back();
    node.start();
    [&] { QTRY_COMPARE_WITH_TIMEOUT(node.state(), NodeProcess::State::Running, waitMs); }();
    return node;
}

NodeId TestConsoleChanges::idOf(const QString& name) const
{
    for (const Member& member : m_workspace->snapshot().map->members())
        if (QString::fromStdString(member.name) == name)
            return member.id;
    return noNode;
}

StagedStep TestConsoleChanges::about(Kind kind, const QString& name) const
{
    StagedStep step;
    step.kind = kind;
    step.node = idOf(name);
    step.nodeName = name;
    return step;
}

void TestConsoleChanges::planAndWait(const std::vector<StagedStep>& steps)
{
    page().stage()->clear();
    for (const StagedStep& step : steps)
        page().stage()->addStep(step);
    named<QPushButton>("plan")->click();
    [&] {
        QTRY_VERIFY_WITH_TIMEOUT(page().isPlanShown() || !named<QLabel>("planProblem")->text().isEmpty(), waitMs);
    }();
}

void TestConsoleChanges::emptyPageSaysWhatToDo()
{
    QVERIFY(!page().isPlanShown());
    QVERIFY(!page().isChangeShown());
    QVERIFY(!named<QPushButton>("plan")->isEnabled());
    QTRY_VERIFY(m_workspace->changes().changes().has_value());
    QCOMPARE(m_workspace->changes().changes()->state, std::string("none"));
    picture(QStringLiteral("empty"));
}

void TestConsoleChanges::joinIsPlannedAppliedAndFollowedToItsEnd()
{
    NodeProcess& four = startNew(QStringLiteral("four"));
    StagedStep join;
    join.address = four.addresses().client;
    planAndWait({join});
    QVERIFY2(page().isPlanShown(), qPrintable(named<QLabel>("planProblem")->text()));
    QCOMPARE(memberCount(), std::size_t(3)); // nothing has happened
    auto* plan = page().findChild<ChangePlanView*>();
    QCOMPARE(plan->plan().nodes.size(), std::size_t(4));
    QVERIFY(plan->plan().partitionsMoved > 0);
    const auto rings = plan->findChildren<RingView*>();
    QCOMPARE(rings.size(), 2);
    QCOMPARE(rings[0]->map()->members().size(), std::size_t(3));
    QCOMPARE(rings[1]->map()->members().size(), std::size_t(4));
    picture(QStringLiteral("plan-join"));
    QVERIFY(named<QPushButton>("apply")->isEnabled()); // nobody gives up data
    named<QPushButton>("apply")->click();
    QTRY_VERIFY_WITH_TIMEOUT(page().isChangeShown(), waitMs);
    QVERIFY(!page().isPlanShown());
    QVERIFY(page().stage()->steps().empty());
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->snapshot().map->isChanging(), waitMs);
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->changes().changes()->partitionsCopied > 0, waitMs);
    picture(QStringLiteral("progress"));
    // The ring page draws what moves as well.
    m_window->showPage(1);
    // While a node isn't heard for a moment, that its partitions are below strength is drawn instead.
    const auto& marks = m_window->ringPage()->findChild<RingView*>()->marks();
    QTRY_VERIFY_WITH_TIMEOUT(std::ranges::find(marks, RingMark::Moving) != marks.end(), waitMs);
    picture(QStringLiteral("ring-moving"));
    m_window->showPage(m_window->indexOf(&page()));
    QTRY_COMPARE_WITH_TIMEOUT(memberCount(), std::size_t(4), waitMs);
    QTRY_VERIFY_WITH_TIMEOUT(!page().isChangeShown(), waitMs);
    QVERIFY(idOf(QStringLiteral("four")) != noNode);
    // What nodes still store of partitions that they have given away doesn't count twice.
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->snapshot().totals.keys.value_or(-1), 300.0, 15'000);
}

void TestConsoleChanges::changeIsPausedLimitedResumedAndAborted()
{
    NodeProcess& five = startNew(QStringLiteral("five"));
    StagedStep join;
    join.address = five.addresses().client;
    planAndWait({join});
    QVERIFY(page().isPlanShown());
    five.kill(); // a node that can't copy keeps the change open
    QTRY_VERIFY_WITH_TIMEOUT(!five.isAlive(), waitMs);
    named<QPushButton>("apply")->click();
    QTRY_VERIFY_WITH_TIMEOUT(page().isChangeShown(), waitMs);
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->snapshot().map->isChanging(), waitMs);
    named<QPushButton>("pause")->click();
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->changes().changes()->state, std::string("paused"), waitMs);
    QTRY_COMPARE(named<QPushButton>("pause")->text(), QStringLiteral("Resume"));
    page().findChild<ChangeProgressView*>()->findChild<QSpinBox*>()->setValue(7);
    named<QPushButton>("limit")->click();
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->changes().changes()->copyMegabytesPerSecond, std::uint64_t(7), waitMs);
    picture(QStringLiteral("paused"));
    const auto* place = qobject_cast<QScrollArea*>(page().parentWidget()->parentWidget());
    QTRY_COMPARE(place->horizontalScrollBar()->maximum(), 0);
    // The window tells of it everywhere, and leads there.
    const QString told = m_window->status()->changeText();
    QVERIFY2(told.startsWith(QStringLiteral("Change paused")), qPrintable(told));
    m_window->showPage(0);
    QTRY_COMPARE(m_window->overviewPage()->changeText(), m_window->status()->changeText());
    picture(QStringLiteral("overview-change"));
    m_window->resize(1440, 960); // the tour is offered as well
    const auto* area = qobject_cast<QScrollArea*>(m_window->overviewPage()->parentWidget()->parentWidget());
    QTRY_COMPARE(area->verticalScrollBar()->maximum(), 0); // there is room for the bar
    m_window->resize(1280, 800);
    m_window->overviewPage()->findChild<QPushButton*>(QStringLiteral("showChange"))->click();
    QCOMPARE(m_window->currentPage(), m_window->indexOf(m_window->changesPage()));
    named<QPushButton>("pause")->click();
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->changes().changes()->state, std::string("copying"), waitMs);

    named<QPushButton>("abort")->click();
    const auto answer = [&](const char* text) { return sheetButton(*m_window, "abortQuestion", QLatin1String(text)); };
    QTRY_VERIFY(answer("Go on"));
    answer("Go on")->click();
    QTest::qWait(50);
    QVERIFY(page().isChangeShown());
    named<QPushButton>("abort")->click();
    QTRY_VERIFY(answer("Abort it"));
    answer("Abort it")->click();
    QTRY_VERIFY_WITH_TIMEOUT(!page().isChangeShown(), waitMs);
    QTRY_VERIFY_WITH_TIMEOUT(!m_workspace->snapshot().map->isChanging(), waitMs);
    QTRY_COMPARE(m_window->status()->changeText(), QString());
    QCOMPARE(memberCount(), std::size_t(4));
}

void TestConsoleChanges::stalePlanIsRefusedInWords()
{
    StagedStep weight = about(Kind::Weight, QStringLiteral("four"));
    weight.weight = 1.5;
    planAndWait({weight});
    QVERIFY(page().isPlanShown());
    const quint64 number = page().findChild<ChangePlanView*>()->plan().number;
    // Somebody else's change comes first.
    StagedStep zone = about(Kind::Zone, QStringLiteral("four"));
    zone.zone = QStringLiteral("cellar");
    std::optional<QString> applied;
    m_workspace->changes().plan({zone}, this, [&](const Result<PlanReport>& report) {
        QVERIFY(report.ok());
        m_workspace->changes().apply(report.value().number, this, [&](const QString& problem) { applied = problem; });
    });
    QTRY_VERIFY_WITH_TIMEOUT(applied.has_value(), waitMs);
    QCOMPARE(*applied, QString());
    QTRY_VERIFY_WITH_TIMEOUT(named<QPushButton>("planAgain")->isVisible(), waitMs);
    QVERIFY(!named<QPushButton>("apply")->isEnabled());
    picture(QStringLiteral("stale"));
    // The node would refuse it as well.
    std::optional<QString> refused;
    m_workspace->changes().apply(number, this, [&](const QString& problem) { refused = problem; });
    QTRY_VERIFY_WITH_TIMEOUT(refused.has_value(), waitMs);
    QVERIFY2(refused->contains(QStringLiteral("plan again")), qPrintable(*refused));
    QTRY_VERIFY_WITH_TIMEOUT(!m_workspace->snapshot().map->isChanging() && !page().isChangeShown(), waitMs);
    named<QPushButton>("planAgain")->click();
    QTRY_VERIFY_WITH_TIMEOUT(named<QPushButton>("apply")->isVisible() && named<QPushButton>("apply")->isEnabled(),
                             waitMs);
    QVERIFY(!named<QPushButton>("planAgain")->isVisible());
}

void TestConsoleChanges::smallWindowScrollsToThePlan()
{
    m_window->resize(900, 600);
    StagedStep weight = about(Kind::Weight, QStringLiteral("four"));
    weight.weight = 2;
    planAndWait({weight});
    const auto* plan = page().findChild<ChangePlanView*>();
    QTRY_VERIFY(plan->visibleRegion().boundingRect().top() == 0 && plan->visibleRegion().boundingRect().height() > 350);
    picture(QStringLiteral("plan-small"));
    page().stage()->clear();
    m_window->resize(1280, 800);
}

void TestConsoleChanges::dataLeavesOnlyWithTheNameTyped()
{
    planAndWait({about(Kind::Leave, QStringLiteral("four"))});
    QVERIFY2(page().isPlanShown(), qPrintable(named<QLabel>("planProblem")->text()));
    auto* apply = named<QPushButton>("apply");
    auto* confirm = named<QLineEdit>("confirm");
    QVERIFY(confirm);
    QVERIFY(!apply->isEnabled());
    page().apply(); // without the name nothing happens
    confirm->setText(QStringLiteral("fou"));
    QVERIFY(!apply->isEnabled());
    picture(QStringLiteral("plan-leave"));
    confirm->setText(QStringLiteral("four"));
    QVERIFY(apply->isEnabled());
    QCOMPARE(memberCount(), std::size_t(4));
    QTest::keyClick(confirm, Qt::Key_Return);
    QTRY_COMPARE_WITH_TIMEOUT(memberCount(), std::size_t(3), waitMs);
    QTRY_VERIFY_WITH_TIMEOUT(!m_more.front()->isAlive(), waitMs); // who has left stops by itself
}

void TestConsoleChanges::changeThatWaitsIsShownAndTakenOut()
{
    // The second is planned and applied while the first is in progress.
    for (const char* zone : {"attic", "garden"}) {
        StagedStep step = about(Kind::Zone, QStringLiteral("node-2"));
        step.zone = QString::fromLatin1(zone);
        std::optional<quint64> number;
        m_workspace->changes().plan({step}, this, [&number](const Result<PlanReport>& report) {
            QVERIFY(report.ok());
            number = report.value().number;
        });
        QTRY_VERIFY_WITH_TIMEOUT(number.has_value(), waitMs);
        std::optional<QString> answer;
        m_workspace->changes().apply(*number, this, [&answer](const QString& problem) { answer = problem; });
        QTRY_VERIFY_WITH_TIMEOUT(answer.has_value(), waitMs);
        QCOMPARE(*answer, QString());
    }
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->changes().changes()->queue.size(), std::size_t(1), waitMs);
    auto* progress = page().findChild<ChangeProgressView*>();
    const auto takeOut = [&]() -> QPushButton* {
        for (QPushButton* button : progress->findChildren<QPushButton*>())
            if (button->text() == QStringLiteral("Take out…"))
                return button;
        return nullptr;
    };
    QTRY_VERIFY_WITH_TIMEOUT(takeOut(), waitMs);
    picture(QStringLiteral("queue"));
    takeOut()->click();
    QTRY_VERIFY(sheetButton(*m_window, "abortQuestion", QStringLiteral("Take out")));
    sheetButton(*m_window, "abortQuestion", QStringLiteral("Take out"))->click();
    QTRY_VERIFY_WITH_TIMEOUT(!takeOut(), waitMs);
    QTRY_VERIFY_WITH_TIMEOUT(!m_workspace->snapshot().map->isChanging() && !page().isChangeShown(), waitMs);
    QCOMPARE(m_workspace->snapshot().map->member(idOf(QStringLiteral("node-2")))->zone, std::string("attic"));
}

QString TestConsoleChanges::say(Kind kind, const QString& address, const QString& node)
{
    page().stage()->prepare(kind, node.isEmpty() ? noNode : idOf(node));
    auto* field = named<QLineEdit>("newAddress");
    field->setFocus();
    field->selectAll();
    QTest::keyClicks(field, address);
    const std::size_t before = page().stage()->steps().size();
    named<QPushButton>("addStep")->click();
    const auto* problem = named<QLabel>("fieldProblem");
    if (problem->isVisible() == (page().stage()->steps().size() > before))
        return QStringLiteral("neither a step nor a refusal");
    return problem->text();
}

void TestConsoleChanges::badInputIsRefusedBesideItsField()
{
    const auto isRefused = [this](const QString& problem, const char* words) {
        QVERIFY2(problem.contains(QLatin1String(words)), qPrintable(problem));
        // Right below the form, and above the button that it is about.
        const auto* label = named<QLabel>("fieldProblem");
        QVERIFY(label->y() < named<QPushButton>("addStep")->y());
        QVERIFY(!named<QLabel>("planProblem")->isVisible());
    };
    m_window->showPage(m_window->indexOf(&page()));
    page().stage()->clear();
    isRefused(say(Kind::Join, {}), "Say where the new node listens, for example 127.0.0.1:7405");
    for (const char* address : {"127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1", "my node:7405", "a:b:7405", ":7405",
                                "127.0.0.1:74x5"})
        isRefused(say(Kind::Join, QLatin1String(address)), "Say host:port");
    QVERIFY(page().stage()->steps().empty());
    QVERIFY(!named<QPushButton>("plan")->isEnabled());
    QTest::keyClicks(named<QLineEdit>("newAddress"), QStringLiteral("1")); // whoever mends it isn't blamed on
    QVERIFY(!named<QLabel>("fieldProblem")->isVisible());

    QCOMPARE(say(Kind::Join, QStringLiteral(" 127.0.0.1:7405 ")), QString());
    isRefused(say(Kind::Join, QStringLiteral("127.0.0.1:7405")), "There is such a step already: Join 127.0.0.1:7405");
    isRefused(say(Kind::Replace, QStringLiteral("127.0.0.1:7405"), QStringLiteral("node-1")), "There is such a step already: Join");
    QCOMPARE(say(Kind::Weight, {}, QStringLiteral("node-1")), QString());
    isRefused(say(Kind::Weight, {}, QStringLiteral("node-1")), "There is such a step already: Weight of node-1");
    QCOMPARE(say(Kind::Weight, {}, QStringLiteral("node-2")), QString());
    QCOMPARE(say(Kind::Join, QStringLiteral("127.0.0.1:7406")), QString());
    QCOMPARE(page().stage()->steps().size(), 4u);
    isRefused(say(Kind::Join, QStringLiteral("127.0.0.1:7406")), "There is such a step already");
    picture(QStringLiteral("bad-input"));
    page().stage()->clear();
    QVERIFY(!named<QLabel>("fieldProblem")->isVisible());
}

void TestConsoleChanges::nodeThatCantBeAskedIsNamed()
{
    const auto problem = [this] { return named<QLabel>("planProblem")->text(); };
    QTcpServer silent; // takes connections and never says a word
    QVERIFY(silent.listen(QHostAddress::LocalHost));
    StagedStep join;
    join.address = QStringLiteral("127.0.0.1:%1").arg(silent.serverPort());
    planAndWait({join});
    QVERIFY2(problem().startsWith(QStringLiteral("The node at %1 doesn't answer. Start it anew").arg(join.address)), qPrintable(problem()));
    silent.close();
    planAndWait({join});
    QVERIFY2(problem().startsWith(QStringLiteral("The node at %1 can't be asked").arg(join.address)), qPrintable(problem()));
    QVERIFY2(problem().contains(QStringLiteral("Start it, or take this step out")), qPrintable(problem()));
    page().stage()->clear();
}

void TestConsoleChanges::refusalsAreShownInTheNodesWords()
{
    const auto problem = [this] { return named<QLabel>("planProblem")->text(); };
    planAndWait({about(Kind::Leave, QStringLiteral("node-1"))});
    QVERIFY(!page().isPlanShown());
    QVERIFY2(problem().contains(QStringLiteral("2 nodes can't keep 3 replicas")), qPrintable(problem()));
    picture(QStringLiteral("refused"));
    auto* underStrength = named<QCheckBox>("underStrength");
    QVERIFY(underStrength->isVisible());
    underStrength->click();
    named<QPushButton>("plan")->click();
    QTRY_VERIFY_WITH_TIMEOUT(page().isPlanShown(), waitMs);
    QVERIFY2(problem().isEmpty(), qPrintable(problem()));
    picture(QStringLiteral("under-strength"));
    underStrength->click(); // it would be about something else
    QVERIFY(!page().isPlanShown());
    underStrength->click();
    page().stage()->clear();
    QVERIFY(!underStrength->isVisible() && !underStrength->isChecked()); // nothing is asked where enough stay
    StagedStep join;
    join.address = m_workspace->local()->addresses().first();
    planAndWait({join});
    QVERIFY2(problem().contains(QStringLiteral("already")), qPrintable(problem()));
    join.address = QStringLiteral("127.0.0.1:1");
    planAndWait({join});
    QVERIFY2(problem().contains(QStringLiteral("127.0.0.1:1")), qPrintable(problem()));
    page().stage()->clear();
    QVERIFY(problem().isEmpty());
}

void TestConsoleChanges::reportsAreKeptWithTheirOutcome()
{
    const std::string cluster = m_workspace->snapshot().map->clusterId();
    const auto outcomes = [&](const ChangeLog& log) {
        std::vector<KeptChange::Outcome> all;
        for (const KeptChange& kept : log.of(cluster))
            all.push_back(kept.outcome);
        return all;
    };
    using Outcome = KeptChange::Outcome;
    const std::vector expected{Outcome::Aborted, // while it waited
                               Outcome::Done, Outcome::Done, Outcome::Done, Outcome::Aborted, Outcome::Done};
    QTRY_VERIFY_WITH_TIMEOUT(outcomes(m_workspace->changeLog()) == expected, waitMs);
    const KeptChange join = m_workspace->changeLog().of(cluster).back();
    QVERIFY(join.text.startsWith(QStringLiteral("join four")));
    QVERIFY(join.partitions > 0 && join.bytes > 0 && join.endedMs > join.beganMs);
    // They outlive the console.
    QTRY_VERIFY(outcomes(ChangeLog(m_data.filePath(QStringLiteral("changes.json")))) == expected);
    picture(QStringLiteral("kept"));
}

void TestConsoleChanges::cleanupTestCase()
{
    if (QTest::currentTestFailed() && m_workspace && m_workspace->local())
        for (int i = 0; i < m_workspace->local()->nodeCount(); ++i)
            qWarning("%s", qPrintable(m_workspace->local()->node(i)->log().join(QLatin1Char('\n')).right(2000)));
    closeWindow();
    m_more.clear();
}

QTEST_MAIN(TestConsoleChanges)
#include "test_console_changes.moc"
