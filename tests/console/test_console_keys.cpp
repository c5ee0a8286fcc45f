#include "tests/console/fake_cluster_fixture.h"

#include <QSignalSpy>

using namespace quoit;
using quoit::test::FakeClusterFixture;

/// The page Keys: what is saved is what was typed, and nothing is lost on the way.
class TestConsoleKeys : public QObject, protected FakeClusterFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { isolateSettings(); }
    void init();
    void cleanup() { closeConsole(); }
    void savedValuesDifferByWhatWasTyped_data();
    void savedValuesDifferByWhatWasTyped();
    void shiftEnterEndsALine();
    void savingDoesntLengthenTheLife();
    void whatExpiredMeanwhileIsntWritten();
    void editsAreKeptWhileOtherKeysAreLookedAt();
    void keptEditsDontOverwriteOthersChanges();
    void leavingAsksAboutEdits();
    void draftsAreBounded();
    void undoOutlivesTheNextClick();
    void undoGoesBackStepByStep();
    void listAndPanelAgreeAfterADelete();
    void listThatIsTabbedIntoOpensNothing_data();
    void listThatIsTabbedIntoOpensNothing();
    void newKeysAreNamedInASheet();
    void shortcutsReachFieldHelpAndExit();
    void readOnlyLetsNothingWrite();
    void everythingIsReachableInASmallWindow();

private:
    void open(const QByteArray& key);
    KeyPanel& panel() { return *m_window->keysPage()->panel(); }
    ValueEditor& editor() { return *panel().findChild<ValueEditor*>(); }
};

void TestConsoleKeys::init()
{
    openConsole(3, true);
    for (int i = 0; i < 30; ++i)
        m_cluster->put("user:" + QByteArray::number(i), "value " + QByteArray::number(i));
    connectAndWait();
    m_window->showPage(m_window->indexOf(m_window->keysPage()));
}

/// Opens a key and waits until it is shown.
void TestConsoleKeys::open(const QByteArray& key)
{
    m_window->keysPage()->openKey(QString::fromUtf8(key));
    QTRY_VERIFY(panel().record() && panel().record()->key == key);
}

void TestConsoleKeys::savedValuesDifferByWhatWasTyped_data()
{
    QTest::addColumn<QByteArray>("character");
    QTest::addColumn<bool>("isEditable");
    const auto row = [](const char* name, char32_t character, bool isEditable) {
        QTest::newRow(name) << QString::fromUcs4(&character, 1).toUtf8() << isEditable;
    };
    row("line end", U'\n', true);
    row("tab", U'\t', true);
    row("control", U'\x01', true);
    row("vertical tab", U'\v', true);
    row("form feed", U'\f', true);
    row("next line", U'\x85', true);
    row("no-break space", U'\xa0', true);
    row("soft hyphen", U'\xad', true);
    row("zero width space", U'\x200b', true);
    row("direction mark", U'\x202e', true);
    row("narrow no-break space", U'\x202f', true);
    row("byte order mark", U'\xfeff', true);
    row("object replacement", U'\xfffc', true);
    row("beyond the first plane", U'\x1f600', true);
    row("carriage return", U'\r', false);
    row("line separator", U'\x2028', false);
    row("paragraph separator", U'\x2029', false);
    row("beginning of frame", U'\xfdd0', false);
    row("end of frame", U'\xfdd1', false);
    QTest::newRow("crlf") << QByteArray("\r\n") << false;
    QTest::newRow("no text") << QByteArray("\xff") << false;
}

void TestConsoleKeys::savedValuesDifferByWhatWasTyped()
{
    QFETCH(QByteArray, character);
    QFETCH(bool, isEditable);
    // At the beginning, where decoders look for marks, in the middle, and at the end.
    const QByteArray value = character + "a" + character + "b" + character;
    m_cluster->put("user:7", value);
    open("user:7");
    QCOMPARE(editor().isReadOnly(), !isEditable);
    editor().moveCursor(QTextCursor::End);
    editor().setFocus();
    QTest::keyClick(&editor(), Qt::Key_X);
    panel().save();
    if (isEditable)
        QTRY_COMPARE(m_cluster->value("user:7"), value + "x");
    else
        QCOMPARE(m_cluster->value("user:7"), value);
}

void TestConsoleKeys::shiftEnterEndsALine()
{
    open("user:7");
    editor().moveCursor(QTextCursor::End);
    QTest::keyClick(&editor(), Qt::Key_Return, Qt::ShiftModifier);
    QTest::keyClick(&editor(), Qt::Key_X);
    panel().save();
    QTRY_COMPARE(m_cluster->value("user:7"), QByteArray("value 7\nx"));
}

void TestConsoleKeys::savingDoesntLengthenTheLife()
{
    m_cluster->put("user:7", "lives", 60'000);
    open("user:7");
    QTest::qWait(1200);
    editor().setPlainText(QStringLiteral("lives on"));
    panel().save();
    QTRY_COMPARE(m_cluster->value("user:7"), QByteArray("lives on"));
    const qint64 left = m_cluster->ttlMs("user:7");
    QVERIFY2(left > 0 && left <= 60'000 - 1000, qPrintable(QString::number(left)));
    // Nor does the way back.
    QTRY_COMPARE(panel().record()->value, QByteArray("lives on"));
    QTest::qWait(300);
    m_workspace->keyUndo().undoLast();
    QTRY_COMPARE(m_cluster->value("user:7"), QByteArray("lives"));
    QVERIFY2(m_cluster->ttlMs("user:7") <= 60'000 - 1300, qPrintable(QString::number(m_cluster->ttlMs("user:7"))));
    QVERIFY(m_cluster->ttlMs("user:7") > 0);
}

void TestConsoleKeys::whatExpiredMeanwhileIsntWritten()
{
    m_cluster->put("user:7", "short", 400);
    open("user:7");
    editor().setPlainText(QStringLiteral("kept by me"));
    QTRY_COMPARE(panel().record()->ttlMs().value_or(-1), qint64(0));
    panel().save();
    QTRY_VERIFY(!panel().record()->isPresent);
    QVERIFY(m_cluster->value("user:7") != QByteArray("kept by me"));
    QCOMPARE(editor().toPlainText(), QStringLiteral("kept by me"));
    panel().save(); // as a new key, now that it is known to be gone
    QTRY_COMPARE(m_cluster->value("user:7"), QByteArray("kept by me"));
}

void TestConsoleKeys::editsAreKeptWhileOtherKeysAreLookedAt()
{
    open("user:7");
    editor().setPlainText(QStringLiteral("half done"));
    QVERIFY(panel().isDirty());
    open("user:8");
    QVERIFY(!panel().isDirty());
    QCOMPARE(editor().toPlainText(), QStringLiteral("value 8"));
    panel().openNew("brand new");
    editor().setPlainText(QStringLiteral("first words"));
    open("user:7");
    QVERIFY(panel().isDirty());
    QCOMPARE(editor().toPlainText(), QStringLiteral("half done"));
    picture(QStringLiteral("kept"));
    panel().save();
    QTRY_COMPARE(m_cluster->value("user:7"), QByteArray("half done"));
    QTRY_VERIFY(!panel().isDirty());
    QCOMPARE(m_workspace->drafts().keys(), QList<QByteArray>{"brand new"});
    open("brand new");
    QCOMPARE(editor().toPlainText(), QStringLiteral("first words"));
    panel().discardEdit();
    QTRY_COMPARE(editor().toPlainText(), QString());
    QVERIFY(m_workspace->drafts().isEmpty());
}

void TestConsoleKeys::keptEditsDontOverwriteOthersChanges()
{
    open("user:7");
    editor().setPlainText(QStringLiteral("mine"));
    open("user:8");
    m_cluster->put("user:7", "theirs");
    open("user:7");
    QCOMPARE(editor().toPlainText(), QStringLiteral("mine"));
    panel().save();
    QTRY_VERIFY(panel().findChild<QDialog*>(QStringLiteral("conflict")));
    QCOMPARE(m_cluster->value("user:7"), QByteArray("theirs"));
}

void TestConsoleKeys::leavingAsksAboutEdits()
{
    m_window->setQuiet(false);
    open("user:7");
    editor().setPlainText(QStringLiteral("half done"));
    const auto question = [this] { return m_window->findChild<QDialog*>(QStringLiteral("draftsQuestion")); };
    QVERIFY(!m_window->close());
    QVERIFY(question());
    if (const QString folder = qEnvironmentVariable("QUOIT_PICTURES"); !folder.isEmpty())
        question()->grab().save(folder + QStringLiteral("/leaving.png"));
    QPointer<QDialog> first = question();
    QTest::keyClick(first, Qt::Key_Escape);
    QTRY_VERIFY(!first);
    QVERIFY(m_window->isVisible());
    QVERIFY(panel().isDirty());
    Q_EMIT m_window->sidebar()->disconnectWanted();
    QVERIFY(question());
    QVERIFY(!m_window->isStartShown());
    for (QPushButton* button : question()->findChildren<QPushButton*>())
        if (button->property("kind").toString() == QStringLiteral("danger"))
            button->click();
    QTRY_VERIFY(m_window->isStartShown());
    QVERIFY(m_workspace->drafts().isEmpty());
    QVERIFY(!panel().record());
    QVERIFY(m_window->close());
}

void TestConsoleKeys::draftsAreBounded()
{
    KeyDrafts drafts;
    QList<QByteArray> dropped;
    connect(&drafts, &KeyDrafts::dropped, this, [&](const QByteArray& key) { dropped << key; });
    for (int i = 0; i < KeyDrafts::draftsMax + 2; ++i)
        drafts.keep(QByteArray::number(i), "1", "x");
    QCOMPARE(drafts.keys().size(), KeyDrafts::draftsMax);
    QCOMPARE(dropped, QList<QByteArray>({"0", "1"}));
    drafts.keep("large", "1", QByteArray(KeyDrafts::bytesMax, 'x'));
    QCOMPARE(drafts.keys(), QList<QByteArray>{"large"});
}

void TestConsoleKeys::undoOutlivesTheNextClick()
{
    open("user:7");
    panel().removeKey();
    QTRY_VERIFY(m_window->undoBar()->isVisible());
    QVERIFY(!m_cluster->contains("user:7"));
    QVERIFY(m_window->undoBar()->text().contains(QStringLiteral("user:7")));
    open("user:8");
    m_window->showPage(0);
    QVERIFY(m_window->undoBar()->isVisible());
    m_window->showPage(m_window->indexOf(m_window->keysPage()));
    picture(QStringLiteral("undo"));
    QPointer<CommandPalette> palette = m_window->openPalette();
    QVERIFY(palette->shownTexts().contains(QStringLiteral("Undo: Deleted user:7")));
    palette->close();
    m_window->undoBar()->findChild<QPushButton*>()->click();
    QTRY_COMPARE(m_cluster->value("user:7"), QByteArray("value 7"));
    QTRY_VERIFY(m_workspace->browser().keys().contains("user:7"));
    QCOMPARE(panel().key(), QByteArray("user:8")); // what is looked at stays
}

void TestConsoleKeys::undoGoesBackStepByStep()
{
    open("user:7");
    for (const char* text : {"one", "two"}) {
        const std::size_t before = m_workspace->keyUndo().steps().size();
        editor().setPlainText(QString::fromLatin1(text));
        panel().save();
        QTRY_COMPARE(m_workspace->keyUndo().steps().size(), before + 1);
    }
    const auto undo = [this] {
        QSignalSpy undone(&m_workspace->keyUndo(), &KeyUndo::undone);
        m_workspace->keyUndo().undoLast();
        m_workspace->keyUndo().undo(2); // a second click finds nothing
        return undone.wait();
    };
    QVERIFY(undo());
    QCOMPARE(m_cluster->value("user:7"), QByteArray("one"));
    QVERIFY(undo());
    QCOMPARE(m_cluster->value("user:7"), QByteArray("value 7"));
    QVERIFY(m_workspace->keyUndo().steps().empty());
    // What somebody else has changed since stays.
    QTRY_COMPARE(editor().toPlainText(), QStringLiteral("value 7"));
    editor().setPlainText(QStringLiteral("mine"));
    panel().save();
    QTRY_COMPARE(m_workspace->keyUndo().steps().size(), 1u);
    m_cluster->put("user:7", "theirs");
    QSignalSpy failed(&m_workspace->keyUndo(), &KeyUndo::failed);
    m_workspace->keyUndo().undoLast();
    QVERIFY(failed.wait());
    QCOMPARE(m_cluster->value("user:7"), QByteArray("theirs"));
}

void TestConsoleKeys::listAndPanelAgreeAfterADelete()
{
    QTRY_COMPARE(m_workspace->browser().keys().size(), 30);
    auto* list = m_window->keysPage()->findChild<QListView*>();
    const QModelIndex third = list->model()->index(2, 0);
    list->setCurrentIndex(third);
    const QByteArray key = third.data(KeyListModel::KeyRole).toByteArray();
    QTRY_VERIFY(panel().record() && panel().record()->key == key);
    panel().removeKey();
    QTRY_VERIFY(!panel().record()->isPresent);
    QCOMPARE(panel().record()->key, key);
    QVERIFY(!list->currentIndex().isValid());
    QVERIFY(list->selectionModel()->selectedIndexes().isEmpty());
    // The row that has taken its place opens at a click.
    const QModelIndex next = list->model()->index(2, 0);
    QTest::mouseClick(list->viewport(), Qt::LeftButton, {}, list->visualRect(next).center());
    QTRY_VERIFY(panel().record() && panel().record()->key == next.data(KeyListModel::KeyRole).toByteArray());
    QVERIFY(panel().record()->isPresent);
}

void TestConsoleKeys::listThatIsTabbedIntoOpensNothing_data()
{
    QTest::addColumn<bool>("isTree");
    QTest::newRow("list") << false;
    QTest::newRow("tree") << true;
}

void TestConsoleKeys::listThatIsTabbedIntoOpensNothing()
{
    QFETCH(const bool, isTree);
    if (isTree)
        for (QPushButton* button : m_window->keysPage()->findChildren<QPushButton*>())
            if (button->text() == QStringLiteral("Tree"))
                button->click();
    QAbstractItemView* view = nullptr;
    for (QAbstractItemView* each : m_window->keysPage()->findChildren<QAbstractItemView*>())
        if (each->isVisible())
            view = each;
    QVERIFY(view);
    QTRY_VERIFY(view->model()->rowCount() > 0);
    QVERIFY(!view->currentIndex().isValid());
    view->setFocus(Qt::TabFocusReason);
    QVERIFY(view->hasFocus());
    QVERIFY(view->currentIndex().isValid()); // Qt has marked the first row
    QTest::qWait(100);
    QVERIFY(panel().key().isEmpty());
    QVERIFY(!panel().record());
    if (isTree) { // the first row is a branch
        QTest::keyClick(view, Qt::Key_Right);
        QTest::keyClick(view, Qt::Key_Down);
    } else {
        QTest::keyClick(view, Qt::Key_Down);
    }
    QTRY_VERIFY(panel().record()); // now one is chosen
}

void TestConsoleKeys::newKeysAreNamedInASheet()
{
    const auto sheet = [this] { return m_window->findChild<QDialog*>(QStringLiteral("newKey")); };
    for (QPushButton* button : m_window->keysPage()->findChildren<QPushButton*>())
        if (button->text() == QStringLiteral("New"))
            button->click();
    QVERIFY(sheet());
    if (const QString folder = qEnvironmentVariable("QUOIT_PICTURES"); !folder.isEmpty())
        sheet()->grab().save(folder + QStringLiteral("/new-key.png"));
    auto* field = sheet()->findChild<QLineEdit*>();
    field->setText(QStringLiteral("made here"));
    QTest::keyClick(field, Qt::Key_Return);
    QCOMPARE(panel().key(), QByteArray("made here"));
    QVERIFY(!m_cluster->contains("made here"));
    panel().save();
    QTRY_VERIFY(m_cluster->contains("made here"));
}

void TestConsoleKeys::shortcutsReachFieldHelpAndExit()
{
    open("user:7");
    editor().setFocus();
    QTest::keyClick(m_window.get(), Qt::Key_F, Qt::ControlModifier);
    QVERIFY(m_window->keysPage()->firstField()->hasFocus());
    QTest::keyClick(m_window.get(), Qt::Key_F1);
    QPointer<QDialog> help = m_window->findChild<QDialog*>();
    QVERIFY(help);
    if (const QString folder = qEnvironmentVariable("QUOIT_PICTURES"); !folder.isEmpty())
        help->grab().save(folder + QStringLiteral("/help.png"));
    QTest::keyClick(help, Qt::Key_Escape);
    QTRY_VERIFY(!help);
    m_window->activateWindow();
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    QTest::keyClick(m_window.get(), Qt::Key_Q, Qt::ControlModifier);
    QVERIFY(!m_window->isVisible());
}

void TestConsoleKeys::readOnlyLetsNothingWrite()
{
    open("user:7");
    m_workspace->setReadOnly(true);
    QVERIFY(editor().isReadOnly());
    for (const QPushButton* button : m_window->keysPage()->findChildren<QPushButton*>())
        if (QStringList{QStringLiteral("Save"), QStringLiteral("Delete"), QStringLiteral("Set"), QStringLiteral("New")}
                .contains(button->text()))
            QVERIFY2(!button->isEnabled(), qPrintable(button->text()));
    std::optional<KeyOutcome> outcome;
    m_workspace->keys().put("user:7", "written", panel().record()->version, {},
                            [&](const KeyOutcome& each) { outcome = each; });
    QTRY_VERIFY(outcome);
    QCOMPARE(outcome->kind, KeyOutcome::Kind::Failed);
    QCOMPARE(m_cluster->value("user:7"), QByteArray("value 7"));
    m_workspace->setReadOnly(false);
    QVERIFY(!editor().isReadOnly());
}

void TestConsoleKeys::everythingIsReachableInASmallWindow()
{
    m_cluster->put("user:7", "short", 100'000);
    open("user:7");
    for (const QSize size : {QSize(900, 600), QSize(1280, 800), QSize(640, 600)}) {
        m_window->resize(size);
        QCoreApplication::processEvents();
        QCOMPARE(m_window->size(), size);
        const KeysPage& page = *m_window->keysPage();
        QVERIFY(page.width() <= page.parentWidget()->width());
        for (const QWidget* child : page.findChildren<QWidget*>()) {
            if (!child->isVisibleTo(&page) || child->parentWidget()->inherits("QAbstractScrollArea"))
                continue;
            const int right = child->mapTo(&page, QPoint(child->width(), 0)).x();
            QVERIFY2(right <= page.width(), child->metaObject()->className());
        }
        picture(QStringLiteral("size"));
    }
}

QTEST_MAIN(TestConsoleKeys)
#include "test_console_keys.moc"
