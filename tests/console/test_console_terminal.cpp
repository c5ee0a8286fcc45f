#include "console/desktop/sheet.h"
#include "tests/console/console_fixture.h"

#include <QScrollBar>
#include <QTextBlock>

using namespace quoit;

/// The page Terminal with real nodes.
class TestConsoleTerminal : public QObject, private quoit::test::LocalFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        isolateSettings();
        startThree({1280, 800});
    }
    void init();
    void repliesAreShownAsRedisCliShowsThem();
    void quotesAreUnderstoodAndRefused();
    void errorsAreRedAndSaySo();
    void earlierCommandsAreFoundAgainAfterARestart();
    void namesAreCompletedWithTab();
    void longRepliesAreCutAndSavedWhole();
    void oldLinesGo();
    void readOnlyRefusesWrites();
    void typingInTheOutputGoesToTheField();
    void clearClears();
    void pageIsReachedByKeyPaletteAndHelp();
    void everySizeAndThemeIsPainted();
    void disconnectedStateIsTold();
    void cleanupTestCase() { closeWindow(); }

private:
    TerminalPage& page() { return *m_window->terminalPage(); }
    TerminalView& view() { return *page().view(); }
    /// Types it, presses Enter, and waits for the reply. @return what was shown for it, without the command and the time
    QString enter(const QString& line);
    void type(const QString& text);
};

void TestConsoleTerminal::init()
{
    m_window->showPage(m_window->indexOf(&page()));
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->commands().isConnected() && !m_workspace->commands().book().isEmpty(), 20'000);
    page().clear();
    page().line()->clear();
}

void TestConsoleTerminal::type(const QString& text)
{
    page().line()->setFocus();
    QTest::keyClicks(page().line(), text);
}

QString TestConsoleTerminal::enter(const QString& line)
{
    page().clear();
    type(line);
    QTest::keyClick(page().line(), Qt::Key_Return);
    [&] { QTRY_VERIFY_WITH_TIMEOUT(!m_workspace->commands().isBusy(), 20'000); }();
    QStringList lines = view().toPlainText().split(QLatin1Char('\n'));
    const QString command = lines.takeFirst();
    if (!command.endsWith(QStringLiteral("> ") + line))
        return QStringLiteral("not the command: ") + command;
    if (!lines.isEmpty() && lines.last().endsWith(QStringLiteral("s · ") + m_workspace->commands().address()))
        lines.removeLast();
    return lines.join(QLatin1Char('\n'));
}

void TestConsoleTerminal::repliesAreShownAsRedisCliShowsThem()
{
    QCOMPARE(enter(QStringLiteral("SET greeting hello")), QStringLiteral("OK"));
    QCOMPARE(enter(QStringLiteral("get greeting")), QStringLiteral("\"hello\""));
    QCOMPARE(enter(QStringLiteral("STRLEN greeting")), QStringLiteral("(integer) 5"));
    QCOMPARE(enter(QStringLiteral("GET absent")), QStringLiteral("(nil)"));
    QCOMPARE(enter(QStringLiteral("MGET greeting absent")), QStringLiteral("1) \"hello\"\n2) (nil)"));
    QVERIFY(enter(QStringLiteral("INFO server")).startsWith(QStringLiteral("# Server\nredis_version:")));
    const QString time = view().document()->lastBlock().text();
    QVERIFY2(time.contains(QStringLiteral("s · ") + m_workspace->commands().address()), qPrintable(time));
}

void TestConsoleTerminal::quotesAreUnderstoodAndRefused()
{
    QCOMPARE(enter(QStringLiteral("SET 'a key' \"two\\nlines \\x41 \\\"quoted\\\"\"")), QStringLiteral("OK"));
    QCOMPARE(enter(QStringLiteral("GET \"a key\"")), QStringLiteral("\"two\\nlines A \\\"quoted\\\"\""));
    QVERIFY(enter(QStringLiteral("GET \"a key")).startsWith(QStringLiteral("(error) Invalid argument(s)")));
    QVERIFY(enter(QStringLiteral("GET \"a\"key")).startsWith(QStringLiteral("(error) Invalid argument(s)")));
}

void TestConsoleTerminal::errorsAreRedAndSaySo()
{
    QVERIFY(enter(QStringLiteral("GET")).startsWith(QStringLiteral("(error) ERR wrong number of arguments")));
    for (const ThemeChoice choice : {ThemeChoice::Dark, ThemeChoice::Light}) {
        m_workspace->setThemeChoice(choice);
        const QTextBlock error = view().document()->firstBlock().next();
        QCOMPARE(error.begin().fragment().charFormat().foreground().color(), m_workspace->theme().down);
        QCOMPARE(error.previous().begin().fragment().charFormat().foreground().color(), m_workspace->theme().text);
    }
    QCOMPARE(enter(QStringLiteral("nonsense")),
             QStringLiteral("(error) ERR unknown command 'nonsense', with args beginning with: "));
}

void TestConsoleTerminal::earlierCommandsAreFoundAgainAfterARestart()
{
    enter(QStringLiteral("PING one"));
    enter(QStringLiteral("PING two"));
    type(QStringLiteral("half"));
    QTest::keyClick(page().line(), Qt::Key_Up);
    QCOMPARE(page().line()->text(), QStringLiteral("PING two"));
    QTest::keyClick(page().line(), Qt::Key_Up);
    QCOMPARE(page().line()->text(), QStringLiteral("PING one"));
    QTest::keyClick(page().line(), Qt::Key_Down);
    QTest::keyClick(page().line(), Qt::Key_Down);
    QCOMPARE(page().line()->text(), QStringLiteral("half"));
    m_window = std::make_unique<MainWindow>(*m_workspace); // as after a restart
    m_window->setQuiet(true);
    m_window->show();
    init();
    QTest::keyClick(page().line(), Qt::Key_Up);
    QCOMPARE(page().line()->text(), QStringLiteral("PING two"));
}

void TestConsoleTerminal::namesAreCompletedWithTab()
{
    auto* hint = page().findChild<QLabel*>(QStringLiteral("terminalHint"));
    type(QStringLiteral("quoit.sta"));
    QCOMPARE(hint->text(), QStringLiteral("QUOIT.STATS · QUOIT.STATUS"));
    QTest::keyClick(page().line(), Qt::Key_Tab);
    QCOMPARE(page().line()->text(), QStringLiteral("quoit.stat"));
    QTest::keyClick(page().line(), Qt::Key_Tab);
    QCOMPARE(page().line()->text(), QStringLiteral("quoit.stats"));
    QTest::keyClick(page().line(), Qt::Key_Tab);
    QCOMPARE(page().line()->text(), QStringLiteral("quoit.status"));
    QTest::keyClick(page().line(), Qt::Key_Tab);
    QCOMPARE(page().line()->text(), QStringLiteral("quoit.stats"));
    page().line()->clear();
    type(QStringLiteral("GET"));
    QTest::keyClick(page().line(), Qt::Key_Tab);
    QCOMPARE(page().line()->text(), QStringLiteral("GETDEL"));
    page().line()->clear();
    type(QStringLiteral("STRL"));
    QTest::keyClick(page().line(), Qt::Key_Tab);
    QCOMPARE(page().line()->text(), QStringLiteral("STRLEN "));
    QCOMPARE(hint->text(), QStringLiteral("The length of a value in bytes · 1 argument"));
    QCOMPARE(page().line()->accessibleDescription(), hint->text());
    QVERIFY(m_window->focusWidget() == page().line());
    QTest::keyClick(page().line(), Qt::Key_Tab); // nothing to complete: on to the next field
    QVERIFY(m_window->focusWidget() != page().line());
}

void TestConsoleTerminal::longRepliesAreCutAndSavedWhole()
{
    const QByteArray value(200'000, 'x');
    std::optional<KeyOutcome> put;
    m_workspace->keys().put("long", value, "0", {}, [&](const KeyOutcome& each) { put = each; });
    QTRY_VERIFY_WITH_TIMEOUT(put.has_value(), 10'000);
    QCOMPARE(put->kind, KeyOutcome::Kind::Done);
    const QString shown = enter(QStringLiteral("GET long"));
    QVERIFY(shown.endsWith(QStringLiteral("--- cut here; \"Save reply…\" writes all of it to a file")));
    QVERIFY(shown.size() < qsizetype(TerminalPage::shownBytesMax) + 1000);
    for (QTextBlock block = view().document()->begin(); block.isValid(); block = block.next())
        QVERIFY(block.length() <= TerminalView::lineCharactersMax + 1);
    const QString name = m_data.filePath(QStringLiteral("reply"));
    QCOMPARE(page().saveReply(name), QString());
    QFile file(name);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(file.readAll(), value);
    enter(QStringLiteral("MGET long absent"));
    QCOMPARE(page().saveReply(name), QString());
    QFile list(name);
    QVERIFY(list.open(QIODevice::ReadOnly));
    QCOMPARE(list.readAll(), "1) \"" + value + "\"\n2) (nil)");
    QVERIFY(page().saveReply(m_data.filePath(QStringLiteral("no/such/folder"))).contains(QStringLiteral("can't be written")));
}

void TestConsoleTerminal::oldLinesGo()
{
    for (int i = 0; i < TerminalView::linesMax + 10; ++i)
        view().append(TerminalLineKind::Reply, QString::number(i));
    QCOMPARE(view().document()->blockCount(), TerminalView::linesMax);
    QCOMPARE(view().document()->lastBlock().text(), QString::number(TerminalView::linesMax + 9));
    QCOMPARE(view().verticalScrollBar()->value(), view().verticalScrollBar()->maximum());
}

void TestConsoleTerminal::readOnlyRefusesWrites()
{
    QCOMPARE(enter(QStringLiteral("SET guarded before")), QStringLiteral("OK"));
    page().findChild<QCheckBox*>()->click();
    QVERIFY(m_workspace->isReadOnly());
    QVERIFY(enter(QStringLiteral("SET guarded after")).startsWith(QStringLiteral("(refused) SET writes.")));
    QVERIFY(enter(QStringLiteral("QUOIT.THROTTLE 1")).startsWith(QStringLiteral("(refused) QUOIT.THROTTLE changes")));
    QVERIFY(enter(QStringLiteral("FLUSHALL")).startsWith(QStringLiteral("(refused) FLUSHALL isn't known")));
    QCOMPARE(enter(QStringLiteral("GET guarded")), QStringLiteral("\"before\""));
    page().findChild<QCheckBox*>()->click();
    QCOMPARE(enter(QStringLiteral("SET guarded after")), QStringLiteral("OK"));
}

void TestConsoleTerminal::typingInTheOutputGoesToTheField()
{
    view().setFocus();
    QTest::keyClicks(&view(), QStringLiteral("P"));
    QVERIFY(m_window->focusWidget() == page().line());
    QCOMPARE(page().line()->text(), QStringLiteral("P"));
}

void TestConsoleTerminal::clearClears()
{
    QCOMPARE(enter(QStringLiteral("PING")), QStringLiteral("PONG"));
    QTest::keyClick(page().line(), Qt::Key_L, Qt::ControlModifier);
    QVERIFY(view().toPlainText().isEmpty());
    enter(QStringLiteral("PING"));
    type(QStringLiteral("clear"));
    QTest::keyClick(page().line(), Qt::Key_Return);
    QVERIFY(view().toPlainText().isEmpty());
    QVERIFY(enter(QStringLiteral("help")).contains(QStringLiteral("MGET MSET")));
    QCOMPARE(enter(QStringLiteral("help strlen")),
             QStringLiteral("STRLEN · The length of a value in bytes · 1 argument"));
}

void TestConsoleTerminal::pageIsReachedByKeyPaletteAndHelp()
{
    m_window->showPage(0);
    QTest::keyClick(m_window.get(), Qt::Key_8, Qt::ControlModifier);
    QCOMPARE(m_window->currentPage(), m_window->indexOf(&page()));
    QVERIFY(m_window->focusWidget() == page().line());
    m_window->showPage(0);
    CommandPalette* palette = m_window->openPalette();
    QTest::keyClicks(palette->findChild<QLineEdit*>(), QStringLiteral("Run a comm"));
    QVERIFY(palette->shownTexts().contains(QStringLiteral("Run a command")));
    QTest::keyClick(palette->findChild<QLineEdit*>(), Qt::Key_Return);
    QTRY_COMPARE(m_window->currentPage(), m_window->indexOf(&page()));
    QTest::keyClick(m_window.get(), Qt::Key_F1);
    auto* sheet = m_window->findChild<Sheet*>();
    QVERIFY(sheet);
    QVERIFY(sheet->findChildren<QLabel*>().last()->text().contains(QStringLiteral("Ctrl+8")));
    sheet->close();
}

/// For somebody to look at, if they want to.
void TestConsoleTerminal::everySizeAndThemeIsPainted()
{
    const QString folder = qEnvironmentVariable("QUOIT_PICTURES");
    for (const QString& line : {QStringLiteral("SET user:1 \"Ada Lovelace\""), QStringLiteral("GET user:1"),
                                QStringLiteral("GET"), QStringLiteral("QUOIT.LOCATE user:1"), QStringLiteral("MGET user:1 b")}) {
        page().run(line);
        QTRY_VERIFY(!m_workspace->commands().isBusy());
    }
    type(QStringLiteral("quoit"));
    for (const QSize size : {QSize(900, 600), QSize(1400, 900)})
        for (const ThemeChoice choice : {ThemeChoice::Dark, ThemeChoice::Light}) {
            m_window->resize(size);
            m_workspace->setThemeChoice(choice);
            QTest::qWait(100);
            const QPixmap picture = m_window->grab();
            QCOMPARE(picture.size(), size);
            if (!folder.isEmpty())
                QVERIFY(picture.save(QStringLiteral("%1/terminal-%2-%3.png").arg(folder).arg(size.width()).arg(int(choice))));
        }
}

void TestConsoleTerminal::disconnectedStateIsTold()
{
    auto* notice = page().findChild<QLabel*>(QStringLiteral("terminalNotice"));
    QVERIFY(!notice->isVisible());
    for (int i = 0; i < 3; ++i)
        m_workspace->local()->node(i)->kill();
    QTRY_VERIFY_WITH_TIMEOUT(notice->isVisible() && notice->text().startsWith(QStringLiteral("Not connected: ")), 20'000);
    QVERIFY(enter(QStringLiteral("PING")).startsWith(QStringLiteral("(not sent) Not connected")));
    for (int i = 0; i < 3; ++i)
        m_workspace->local()->node(i)->start();
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->commands().isConnected(), 30'000);
    QVERIFY(!notice->isVisible());
    QTRY_COMPARE_WITH_TIMEOUT(enter(QStringLiteral("GET greeting")), QStringLiteral("\"hello\""), 30'000);
}

QTEST_MAIN(TestConsoleTerminal)
#include "test_console_terminal.moc"
