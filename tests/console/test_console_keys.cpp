#include "console/desktop/main_window.h"
#include "tests/console/fake_cluster.h"

#include <QStandardPaths>
#include <QTemporaryDir>
#include <QtTest>

using namespace quoit;
using quoit::test::FakeCluster;

/// The page Keys: what is saved is what was typed, and nothing is lost on the way.
class TestConsoleKeys : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void savedValuesDifferByWhatWasTyped_data();
    void savedValuesDifferByWhatWasTyped();
    void shiftEnterEndsALine();
    void savingDoesntLengthenTheLife();
    void whatExpiredMeanwhileIsntWritten();

private:
    void open(const QByteArray& key);
    KeyPanel& panel() { return *m_window->keysPage()->panel(); }
    ValueEditor& editor() { return *panel().findChild<ValueEditor*>(); }

    std::unique_ptr<FakeCluster> m_cluster;
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Workspace> m_workspace;
    std::unique_ptr<MainWindow> m_window;
};

void TestConsoleKeys::initTestCase()
{
    QStandardPaths::setTestModeEnabled(true);
    QCoreApplication::setOrganizationName(QStringLiteral("quoit-test"));
    QCoreApplication::setApplicationName(QStringLiteral("test_console_keys"));
}

void TestConsoleKeys::init()
{
    QSettings().clear();
    m_cluster = std::make_unique<FakeCluster>(3, 60);
    for (int i = 0; i < 30; ++i)
        m_cluster->put("user:" + QByteArray::number(i), "value " + QByteArray::number(i));
    m_folder = std::make_unique<QTemporaryDir>();
    m_workspace = std::make_unique<Workspace>(Workspace::Options{{}, m_folder->path(), true, m_folder->path()});
    m_window = std::make_unique<MainWindow>(*m_workspace);
    m_window->setQuiet(true);
    m_window->resize(1280, 800);
    m_window->show();
    QVERIFY(m_workspace->connectTo(m_cluster->addresses().join(QLatin1Char(','))));
    QTRY_VERIFY(m_workspace->snapshot().map && !m_workspace->snapshot().partitionLoad.empty());
    m_window->showPage(m_window->indexOf(m_window->keysPage()));
}

void TestConsoleKeys::cleanup()
{
    m_window.reset();
    m_workspace.reset();
    m_cluster.reset();
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
    panel().undo();
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

QTEST_MAIN(TestConsoleKeys)
#include "test_console_keys.moc"
