#include "console/desktop/sheet.h"
#include "tests/console/console_fixture.h"

#include <QProcess>

#include <csignal>

using namespace quoit;

/// What becomes of local nodes when the console that started them ends: stopped, left and taken over, or orphaned.
class TestConsoleLeave : public QObject, private quoit::test::LocalFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { isolateSettings(); }
    void nodesAreLeftRunning();
    void nextConsoleTakesThemOver();
    void takenOverNodeIsKilledAndStarted();
    void stoppedNodesAreGone();
    void nodesOfAKilledProgramEnd();
    void cleanupTestCase();

private:
    void start();
    std::vector<qint64> processIds();
    QPushButton* quitButton(const QString& text);
    static bool isRunning(const QString& folder) { return RunningProcess::lockHolder(folder) != nullptr; }
    QString nodeFolder(int number) const { return m_folder.filePath(QStringLiteral("node-%1").arg(number)); }
    RespValue ask(const std::vector<std::string>& arguments);

    QStringList m_addresses;
    std::vector<qint64> m_processIds;
};

void TestConsoleLeave::start()
{
    openWindow(localOptions(), {1280, 800}, false);
    m_workspace->startLocal(3);
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->hasPicture(), 30'000);
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->snapshot().totals.nodesUp, 3, 30'000);
    for (int i = 0; i < 3; ++i)
        QTRY_COMPARE_WITH_TIMEOUT(m_workspace->local()->node(i)->state(), NodeProcess::State::Running, 30'000);
}

std::vector<qint64> TestConsoleLeave::processIds()
{
    std::vector<qint64> ids;
    for (int i = 0; i < 3; ++i)
        ids.push_back(m_workspace->local()->node(i)->processId());
    return ids;
}

QPushButton* TestConsoleLeave::quitButton(const QString& text)
{
    m_window->close();
    auto* sheet = m_window->findChild<Sheet*>(QStringLiteral("quitQuestion"));
    if (!sheet)
        return nullptr;
    for (QPushButton* button : sheet->findChildren<QPushButton*>())
        if (button->text() == text)
            return button;
    return nullptr;
}

/// Asks the nodes without the console.
RespValue TestConsoleLeave::ask(const std::vector<std::string>& arguments)
{
    ClusterClient client;
    client.connectTo(m_addresses);
    std::optional<ClientReply> answer;
    client.request(arguments, {.deadline = Milliseconds(15'000), .idempotent = true},
                   [&](ClientReply reply) { answer = std::move(reply); });
    [&] { QTRY_VERIFY_WITH_TIMEOUT(answer.has_value(), 20'000); }();
    return answer ? answer->value : RespValue();
}

void TestConsoleLeave::nodesAreLeftRunning()
{
    start();
    m_addresses = m_workspace->local()->addresses();
    m_processIds = processIds();
    QCOMPARE(ask({"SET", "kept", "yes"}).text, std::string("OK"));
    QPushButton* leave = quitButton(QStringLiteral("Leave them running and quit"));
    QVERIFY(leave);
    if (const QString folder = qEnvironmentVariable("QUOIT_PICTURES"); !folder.isEmpty())
        leave->window()->grab().save(folder + QStringLiteral("/leave.png"));
    leave->click();
    QTRY_VERIFY(!m_window->isVisible());
    closeWindow();
    QCOMPARE(LocalCluster::runningCountIn(m_folder.path()), 3);
    QTest::qWait(1000); // standard input and output of theirs are gone by now
    for (int i = 0; i < 3; ++i)
        QCOMPARE(RunningProcess::lockHolder(nodeFolder(i + 1))->processId(), m_processIds[std::size_t(i)]);
    QCOMPARE(ask({"GET", "kept"}).text, std::string("yes"));
    QCOMPARE(ask({"SET", "written", "without a console"}).text, std::string("OK"));
}

void TestConsoleLeave::nextConsoleTakesThemOver()
{
    start();
    QCOMPARE(processIds(), m_processIds); // none was started anew
    QCOMPARE(m_workspace->local()->addresses(), m_addresses);
    QCOMPARE(ask({"GET", "written"}).text, std::string("without a console"));
    for (NodeId id = 1; id <= 3; ++id)
        QVERIFY(m_workspace->processOf(id));
    QVERIFY(m_workspace->processOf(1)->log().last().contains(QStringLiteral("runs already")));
}

void TestConsoleLeave::takenOverNodeIsKilledAndStarted()
{
    NodeProcess* process = m_workspace->processOf(2);
    process->kill();
    QTRY_VERIFY_WITH_TIMEOUT(!process->isAlive(), 10'000);
    QCOMPARE(process->endText(), QStringLiteral("was killed"));
    QVERIFY(!isRunning(nodeFolder(2)));
    process->start();
    QTRY_COMPARE_WITH_TIMEOUT(process->state(), NodeProcess::State::Running, 30'000);
    QVERIFY(process->processId() != m_processIds[1]);
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->snapshot().totals.nodesUp, 3, 30'000);
    QVERIFY(::kill(pid_t(m_workspace->processOf(3)->processId()), SIGKILL) == 0); // by somebody else
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->processOf(3)->state(), NodeProcess::State::Failed, 10'000);
    m_workspace->processOf(3)->start();
    QTRY_COMPARE_WITH_TIMEOUT(m_workspace->processOf(3)->state(), NodeProcess::State::Running, 30'000);
}

void TestConsoleLeave::stoppedNodesAreGone()
{
    QPushButton* stop = quitButton(QStringLiteral("Stop nodes and quit"));
    QVERIFY(stop);
    stop->click();
    QTRY_VERIFY_WITH_TIMEOUT(!m_window->isVisible(), 30'000);
    QCOMPARE(LocalCluster::runningCountIn(m_folder.path()), 0);
    QVERIFY(!m_workspace->local()->isAnyAlive());
    closeWindow();
}

void TestConsoleLeave::nodesOfAKilledProgramEnd()
{
    QTemporaryDir folder;
    QProcess terminal;
    terminal.start(QStringLiteral(QUOIT_BIN_DIR "/quoit"),
                   {QStringLiteral("dev"), QStringLiteral("--nodes"), QStringLiteral("1"), QStringLiteral("--replicas"),
                    QStringLiteral("1"), QStringLiteral("--dir"), folder.path(), QStringLiteral("--port"), QStringLiteral("0")});
    QVERIFY(terminal.waitForStarted());
    const QString node = folder.filePath(QStringLiteral("node-1"));
    QTRY_VERIFY_WITH_TIMEOUT(isRunning(node) && QFile::exists(node + QStringLiteral("/ready")), 30'000);
    terminal.kill();
    QVERIFY(terminal.waitForFinished());
    QTRY_VERIFY_WITH_TIMEOUT(!isRunning(node), 20'000);
}

void TestConsoleLeave::cleanupTestCase()
{
    closeWindow();
    for (int i = 1; i <= 3; ++i) // whatever a failed test has left
        if (const auto process = RunningProcess::lockHolder(nodeFolder(i))) {
            process->send(SIGKILL);
            QVERIFY(process->waitForEnd(10'000));
        }
}

QTEST_MAIN(TestConsoleLeave)
#include "test_console_leave.moc"
