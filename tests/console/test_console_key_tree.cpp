#include "tests/console/fake_cluster_fixture.h"

#include <QAbstractItemModelTester>
#include <QAccessible>
#include <QSignalSpy>

#include <map>
#include <random>

using namespace quoit;
using quoit::test::FakeClusterFixture;

/// The page Keys as a tree: what is shown is what is loaded, and what somebody looks at stays.
class TestConsoleKeyTree : public QObject, protected FakeClusterFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { isolateSettings(); }
    void init();
    void cleanup() { closeConsole(); }
    void levelsAreWhatABruteForceFinds_data();
    void levelsAreWhatABruteForceFinds();
    void largeLevelsEndAndSayWhatIsLeft();
    void branchesCountWhatIsLoadedBelow();
    void separatorsMayBeLong();
    void theChoiceIsRemembered();
    void theTreeLoadsByItselfAndCanBeStopped();
    void keysThatAreFoundDontMoveTheSelection();
    void keyboardOpensBranchesAndKeys();
    void restIsShownOnDemand();
    void deletingAndUndoingWorkFromTheTree();
    void branchesStayOpenWhenLoadedAnew();
    void partsHaveAccessibleNames();

    void finderAsksOneAtATimeAndForgetsOldAnswers();
    void finderFindsLoadedKeys();
    void paletteFindsKeys();

private:
    void openTree();
    KeysPage& page() { return *m_window->keysPage(); }
    KeyTreeView& tree() { return *page().tree(); }
    KeyTreeModel& model() { return tree().keyModel(); }
    KeyPanel& panel() { return *page().panel(); }
    QList<QByteArray> shown(const QModelIndex& parent = {});
    QModelIndex at(const char* id) { return model().shownIndexOf(id); }
};

void TestConsoleKeyTree::init()
{
    openConsole(3, true);
    for (int i = 0; i < 30; ++i) {
        m_cluster->put("user:" + QByteArray::number(i) + ":name", "n");
        m_cluster->put("user:" + QByteArray::number(i) + ":mail", "m");
    }
    m_cluster->put("alone", "a");
    m_cluster->put("zebra", "z");
    m_cluster->put("cart--9", "c");
    connectAndWait();
    m_window->showPage(m_window->indexOf(m_window->keysPage()));
}

/// Waits until everything is in the tree.
void TestConsoleKeyTree::openTree()
{
    page().setTree(true);
    QTRY_VERIFY(m_workspace->browser().isComplete());
    QTRY_VERIFY(!model().isBehind());
}

QList<QByteArray> TestConsoleKeyTree::shown(const QModelIndex& parent)
{
    QList<QByteArray> texts;
    for (int row = 0; row < model().rowCount(parent); ++row)
        texts << model().index(row, 0, parent).data().toString().toUtf8();
    return texts;
}

void TestConsoleKeyTree::levelsAreWhatABruteForceFinds_data()
{
    QTest::addColumn<QByteArray>("separator");
    QTest::newRow("one character") << QByteArray(":");
    QTest::newRow("several") << QByteArray("::");
    QTest::newRow("letters") << QByteArray("ab");
}

void TestConsoleKeyTree::levelsAreWhatABruteForceFinds()
{
    QFETCH(QByteArray, separator);
    std::mt19937 chance(7);
    const char letters[] = {'a', 'b', ':', ':', '\xff', '\0'};
    QSet<QByteArray> all;
    KeyTree tree;
    tree.restart(separator);
    for (int batch = 0; batch < 60; ++batch) {
        std::vector<QByteArray> found;
        for (int i = 0; i < 20; ++i) {
            QByteArray key;
            for (auto length = chance() % 9; key.size() < qsizetype(length);)
                key += letters[chance() % std::size(letters)];
            if (!all.contains(key)) {
                all.insert(key);
                found.push_back(key);
            }
        }
        tree.add(found);
        if (!found.empty() && chance() % 2 == 0) {
            QVERIFY(tree.remove(found.front()));
            QVERIFY(!tree.remove(found.front()));
            all.remove(found.front());
        }
        QCOMPARE(tree.size(), all.size());
        for (const QByteArray& prefix :
             {QByteArray(), "a" + separator, separator, "ba" + separator + "b" + separator}) {
            std::map<QByteArray, std::pair<bool, qsizetype>> wanted;
            for (const QByteArray& key : all) {
                if (!key.startsWith(prefix))
                    continue;
                const qsizetype place = key.indexOf(separator, prefix.size());
                auto& [isBranch, keys] = wanted[place < 0 ? key : key.left(place + separator.size())];
                isBranch = place >= 0;
                ++keys;
            }
            const KeyTree::Level level = tree.level(prefix, 100'000, {}, 100'000);
            QCOMPARE(level.keysMore, qsizetype(0));
            QCOMPARE(level.entries.size(), wanted.size());
            QByteArray last;
            for (const KeyTreeEntry& entry : level.entries) {
                QVERIFY(wanted.contains(entry.id));
                QCOMPARE(entry.isBranch, wanted[entry.id].first);
                QCOMPARE(entry.keys, wanted[entry.id].second);
                // By name: what is between the prefix and the separator.
                const QByteArray name = entry.id.mid(prefix.size()).chopped(entry.isBranch ? separator.size() : 0);
                QVERIFY(&entry == level.entries.data() || last <= name);
                last = name;
            }
        }
    }
}

void TestConsoleKeyTree::largeLevelsEndAndSayWhatIsLeft()
{
    KeyTree tree;
    std::vector<QByteArray> keys;
    for (int i = 1000; i < 6000; ++i)
        keys.push_back("k" + QByteArray::number(i));
    tree.add(keys);
    KeyTree::Level level = tree.level({}, 100, {}, 3000);
    QCOMPARE(level.entries.size(), std::size_t(100));
    QCOMPARE(level.keysMore, qsizetype(4900));
    level = tree.level({}, 100, "k1999", 3000);
    QCOMPARE(level.entries.size(), std::size_t(1000));
    QCOMPARE(level.entries.back().id, QByteArray("k1999"));
    QCOMPARE(tree.level({}, 100, "k5999", 3000).entries.size(), std::size_t(3000));
}

void TestConsoleKeyTree::branchesCountWhatIsLoadedBelow()
{
    QAbstractItemModelTester tester(&model(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    tester.setUseFetchMore(false);
    openTree();
    QCOMPARE(shown(), QList<QByteArray>({"alone", "cart--9", "user:", "zebra"}));
    const QModelIndex user = at("user:");
    QCOMPARE(user.data(KeyTreeModel::CountRole).toInt(), 60);
    tree().expand(user);
    QTRY_COMPARE(model().rowCount(user), 30);
    QCOMPARE(shown(user).first(3), QList<QByteArray>({"0:", "1:", "10:"})); // by name
    tree().expand(at("user:7:"));
    QTRY_COMPARE(shown(at("user:7:")), QList<QByteArray>({"mail", "name"}));
    m_workspace->browser().noteKey("user:7:zip");
    QTRY_VERIFY(!model().isBehind());
    QCOMPARE(at("user:").data(KeyTreeModel::CountRole).toInt(), 61);
    QCOMPARE(at("user:7:").data(KeyTreeModel::CountRole).toInt(), 3);
    QCOMPARE(shown(at("user:7:")), QList<QByteArray>({"mail", "name", "zip"}));
    for (const char* key : {"user:7:zip", "user:7:mail", "user:7:name"})
        m_workspace->browser().forgetKey(key);
    QVERIFY(!at("user:7:").isValid());
    QCOMPARE(model().rowCount(at("user:")), 29);
    tree().showKey("user:3:name");
    picture(QStringLiteral("tree"), {{900, 600}, {1400, 900}});
}

void TestConsoleKeyTree::separatorsMayBeLong()
{
    openTree();
    auto* field = page().findChild<QLineEdit*>(QStringLiteral("separator"));
    QVERIFY(field->isVisible());
    tree().showKey("zebra");
    field->setText(QStringLiteral("--"));
    QTRY_COMPARE(model().rowCount(), 63);
    QCOMPARE(shown().first(2), QList<QByteArray>({"alone", "cart--"}));
    QTRY_COMPARE(tree().currentIndex().data(KeyTreeModel::KeyRole).toByteArray(), QByteArray("zebra"));
    field->clear(); // would separate nothing
    QCOMPARE(model().tree().separator(), QByteArray("--"));
}

void TestConsoleKeyTree::theChoiceIsRemembered()
{
    openTree();
    page().findChild<QLineEdit*>(QStringLiteral("separator"))->setText(QStringLiteral("--"));
    m_window = std::make_unique<MainWindow>(*m_workspace);
    m_window->setQuiet(true);
    QVERIFY(page().isTree());
    QCOMPARE(model().tree().separator(), QByteArray("--"));
    page().setTree(false);
    m_window = std::make_unique<MainWindow>(*m_workspace);
    m_window->setQuiet(true);
    QVERIFY(!page().isTree());
}

void TestConsoleKeyTree::theTreeLoadsByItselfAndCanBeStopped()
{
    for (int i = 0; i < 6'000; ++i)
        m_cluster->put("more:" + QByteArray::number(i), "x");
    page().setTree(true);
    const auto button = [this](const char* text) {
        for (QPushButton* each : page().findChildren<QPushButton*>())
            if (each->text() == QLatin1String(text))
                return each;
        return static_cast<QPushButton*>(nullptr);
    };
    KeyBrowser& browser = m_workspace->browser();
    browser.browse("more:");
    browser.fetchAll();
    bool isStopped = false;
    connect(&browser, &KeyBrowser::progressed, this, [&] {
        if (std::exchange(isStopped, isStopped || browser.keys().size() > 2000) || !isStopped)
            return;
        QVERIFY(button("Stop")->isVisible());
        QVERIFY(!button("Load on")->isVisible());
        button("Stop")->click();
    });
    QTRY_VERIFY(isStopped);
    disconnect(&browser, &KeyBrowser::progressed, this, nullptr);
    QVERIFY(!m_workspace->browser().isLooking());
    const qsizetype loaded = m_workspace->browser().keys().size();
    QVERIFY(loaded < 6'000);
    QTRY_VERIFY(!model().isBehind());
    QCOMPARE(at("more:").data(KeyTreeModel::CountRole).toLongLong(), loaded);
    QVERIFY(!button("Stop")->isVisible());
    button("Load on")->click();
    QTRY_VERIFY_WITH_TIMEOUT(m_workspace->browser().isComplete(), 60'000);
    QTRY_COMPARE(at("more:").data(KeyTreeModel::CountRole).toInt(), 6'000);
    QVERIFY(!button("Load on")->isVisible());
}

void TestConsoleKeyTree::keysThatAreFoundDontMoveTheSelection()
{
    openTree();
    tree().showKey("user:5:name");
    QTRY_VERIFY(tree().isExpanded(at("user:5:")));
    panel().open("user:5:name");
    QSignalSpy chosen(&tree(), &KeyTreeView::keyChosen);
    std::mt19937 chance(3);
    for (int i = 0; i < 3000; ++i) {
        const QByteArray key = "user:" + QByteArray::number(chance() % 40) + ":" + QByteArray::number(i);
        m_workspace->browser().noteKey(key);
        if (i % 300 == 0)
            QTRY_VERIFY(!model().isBehind());
        if (i % 3 == 0)
            m_workspace->browser().forgetKey(key);
    }
    QTRY_VERIFY(!model().isBehind());
    QCOMPARE(tree().currentIndex().data(KeyTreeModel::KeyRole).toByteArray(), QByteArray("user:5:name"));
    // What is marked stays, even behind more than are shown; and when it goes, nothing else is opened.
    for (int i = 0; i < 3000; ++i)
        m_workspace->browser().noteKey("user:5:a" + QByteArray::number(i));
    QTRY_VERIFY(!model().isBehind());
    QCOMPARE(tree().currentIndex().data(KeyTreeModel::KeyRole).toByteArray(), QByteArray("user:5:name"));
    m_workspace->browser().forgetKey("user:5:name");
    QVERIFY(!tree().currentIndex().isValid());
    QCOMPARE(chosen.size(), 0);
    QCOMPARE(panel().key(), QByteArray("user:5:name"));
}

void TestConsoleKeyTree::keyboardOpensBranchesAndKeys()
{
    openTree();
    tree().setFocus();
    tree().setCurrentIndex(at("cart--9"));
    QTest::keyClick(&tree(), Qt::Key_Down);
    QTest::keyClick(&tree(), Qt::Key_Right); // opens "user:"
    QVERIFY(tree().isExpanded(at("user:")));
    QTest::keyClick(&tree(), Qt::Key_Down);
    QTest::keyClick(&tree(), Qt::Key_Return);
    QVERIFY(tree().isExpanded(at("user:0:")));
    QTest::keyClick(&tree(), Qt::Key_Down);
    QTRY_VERIFY(panel().record() && panel().record()->key == QByteArray("user:0:mail"));
    QTest::keyClick(&tree(), Qt::Key_Left);
    QTest::keyClick(&tree(), Qt::Key_Left);
    QVERIFY(!tree().isExpanded(at("user:0:")));
    QCOMPARE(panel().key(), QByteArray("user:0:mail"));
}

void TestConsoleKeyTree::restIsShownOnDemand()
{
    for (int i = 10'000; i < 12'000; ++i)
        m_cluster->put("flat:" + QByteArray::number(i), "x");
    openTree();
    const QModelIndex flat = at("flat:");
    tree().expand(flat);
    QTRY_COMPARE(model().rowCount(flat), int(KeyTreeModel::rowsAtFirst) + 1);
    QModelIndex rest = model().index(int(KeyTreeModel::rowsAtFirst), 0, flat);
    QCOMPARE(rest.data().toString(), QStringLiteral("1,500 more keys…"));
    tree().setFocus();
    tree().setCurrentIndex(rest);
    picture(QStringLiteral("rest"), {{900, 600}, {1400, 900}});
    QTest::keyClick(&tree(), Qt::Key_Return);
    QCOMPARE(model().rowCount(flat), 2 * int(KeyTreeModel::rowsAtFirst) + 1);
    // A key that has no row yet gets one.
    page().openKey(QStringLiteral("flat:11990"));
    QCOMPARE(tree().currentIndex().data(KeyTreeModel::KeyRole).toByteArray(), QByteArray("flat:11990"));
}

void TestConsoleKeyTree::deletingAndUndoingWorkFromTheTree()
{
    openTree();
    tree().showKey("user:7:mail");
    QTRY_VERIFY(tree().visualRect(at("user:7:name")).isValid());
    const QModelIndex index = at("user:7:name");
    tree().scrollTo(index);
    QTest::mouseClick(tree().viewport(), Qt::LeftButton, {}, tree().visualRect(index).center());
    QTRY_VERIFY(panel().record() && panel().record()->key == QByteArray("user:7:name"));
    panel().findChild<ValueEditor*>()->setPlainText(QStringLiteral("edited"));
    panel().save();
    QTRY_COMPARE(m_cluster->value("user:7:name"), QByteArray("edited"));
    QCOMPARE(tree().currentIndex().data(KeyTreeModel::KeyRole).toByteArray(), QByteArray("user:7:name"));
    QTRY_COMPARE(panel().record()->value, QByteArray("edited"));
    panel().removeKey();
    QTRY_VERIFY(!m_cluster->contains("user:7:name"));
    QTRY_VERIFY(!at("user:7:name").isValid());
    QVERIFY(!tree().currentIndex().isValid());
    QCOMPARE(panel().key(), QByteArray("user:7:name"));
    QCOMPARE(at("user:").data(KeyTreeModel::CountRole).toInt(), 59);
    QTRY_COMPARE(m_workspace->keyUndo().steps().size(), 2u);
    m_workspace->keyUndo().undoLast();
    QTRY_COMPARE(m_cluster->value("user:7:name"), QByteArray("edited"));
    QTRY_COMPARE(tree().currentIndex().data(KeyTreeModel::KeyRole).toByteArray(), QByteArray("user:7:name"));
}

void TestConsoleKeyTree::branchesStayOpenWhenLoadedAnew()
{
    openTree();
    page().openKey(QStringLiteral("user:7:mail"));
    QVERIFY(tree().isExpanded(at("user:7:")));
    m_workspace->browser().browse("user:");
    QVERIFY(!tree().currentIndex().isValid());
    m_workspace->browser().fetchAll();
    QTRY_VERIFY(at("user:7:").isValid() && tree().isExpanded(at("user:7:")));
    QTRY_COMPARE(tree().currentIndex().data(KeyTreeModel::KeyRole).toByteArray(), QByteArray("user:7:mail"));
    // What was asked for is open.
    tree().collapseAll();
    m_workspace->browser().browse("user:2");
    m_workspace->browser().fetchAll();
    QTRY_VERIFY(at("user:").isValid() && tree().isExpanded(at("user:")));
}

void TestConsoleKeyTree::partsHaveAccessibleNames()
{
    openTree();
    QCOMPARE(at("user:").data(Qt::AccessibleTextRole).toString(), QStringLiteral("user:, 60 loaded keys"));
    QAccessibleInterface* face = QAccessible::queryAccessibleInterface(&tree());
    QVERIFY(face);
    QCOMPARE(face->role(), QAccessible::Tree);
    QCOMPARE(face->text(QAccessible::Name), QStringLiteral("Keys as a tree"));
    tree().showKey("user:7:mail");
    QAccessibleInterface* row = face->focusChild() ? face->focusChild() : face->child(0);
    QVERIFY(row);
    QVERIFY(!row->text(QAccessible::Name).isEmpty());
}

void TestConsoleKeyTree::finderAsksOneAtATimeAndForgetsOldAnswers()
{
    std::vector<std::pair<QByteArray, KeyFinder::Answer>> asked;
    auto finder =
        std::make_unique<KeyFinder>(m_workspace->browser(), [&](const QByteArray& key, KeyFinder::Answer answer) {
            asked.emplace_back(key, std::move(answer));
        });
    for (const char* text : {"u", "us", "user"}) // typed without a pause: only the last is asked for
        finder->find(text);
    QTRY_COMPARE(asked.size(), std::size_t(1));
    QCOMPARE(asked[0].first, QByteArray("user"));
    finder->find("user:1");
    QTest::qWait(400);
    QCOMPARE(asked.size(), std::size_t(1)); // the first is still under way
    asked[0].second(true);
    QCOMPARE(finder->exact(), KeyFinder::Exact::Unknown); // it was about another text
    QCOMPARE(asked.size(), std::size_t(2));
    QCOMPARE(asked[1].first, QByteArray("user:1"));
    asked[1].second(false);
    QCOMPARE(finder->exact(), KeyFinder::Exact::Absent);
    finder->find("user:1:name");
    QCOMPARE(finder->exact(), KeyFinder::Exact::Unknown);
    QTRY_COMPARE(asked.size(), std::size_t(3));
    asked[2].second({});
    QCOMPARE(finder->exact(), KeyFinder::Exact::Unknown);
    finder->find("alone");
    QTRY_COMPARE(asked.size(), std::size_t(4));
    finder.reset();
    asked[3].second(true); // nobody waits for it any more
}

void TestConsoleKeyTree::finderFindsLoadedKeys()
{
    openTree();
    KeyFinder finder(m_workspace->browser(), [](const QByteArray&, KeyFinder::Answer) {});
    finder.find("R:7:");
    QTRY_COMPARE(finder.matches().size(), 2);
    finder.find("user:1");
    QTRY_COMPARE(finder.matches().size(), KeyFinder::matchesMax);
    for (const QByteArray& key : finder.matches())
        QVERIFY(key.startsWith("user:1"));
    finder.find("zebra"); // itself isn't among what is like it
    QTest::qWait(50);
    QVERIFY(finder.matches().isEmpty());
    finder.find("");
    QVERIFY(finder.matches().isEmpty());
}

void TestConsoleKeyTree::paletteFindsKeys()
{
    openTree();
    m_cluster->put("user:7", "not loaded yet");
    m_window->showPage(0);
    QPointer<CommandPalette> palette = m_window->openPalette();
    auto* field = palette->findChild<QLineEdit*>();
    field->setText(QStringLiteral("user:7"));
    QCOMPARE(palette->shownTexts().first(), QStringLiteral("Open key “user:7”"));
    QTRY_COMPARE(palette->shownTexts(), QStringList({QStringLiteral("Key “user:7”"), QStringLiteral("user:7:mail"),
                                                     QStringLiteral("user:7:name")}));
    if (const QString folder = qEnvironmentVariable("QUOIT_PICTURES"); !folder.isEmpty())
        palette->grab().save(folder + QStringLiteral("/palette.png"));
    field->setText(QStringLiteral("user:8"));
    QTRY_COMPARE(palette->shownTexts().first(), QStringLiteral("There is no key “user:8” yet"));
    QTRY_COMPARE(palette->shownTexts().size(), 3);
    QTest::keyClick(field, Qt::Key_Down);
    QTest::keyClick(field, Qt::Key_Return);
    QCOMPARE(m_window->currentPage(), m_window->indexOf(m_window->keysPage()));
    QTRY_VERIFY(panel().record() && panel().record()->key == QByteArray("user:8:mail"));
    QCOMPARE(tree().currentIndex().data(KeyTreeModel::KeyRole).toByteArray(), QByteArray("user:8:mail"));
    m_workspace->disconnectFromCluster();
    QTRY_VERIFY(m_window->isStartShown());
    palette = m_window->openPalette(); // there are no keys to open
    palette->findChild<QLineEdit*>()->setText(QStringLiteral("user:7"));
    QVERIFY(palette->shownTexts().isEmpty());
    palette->close();
}

QTEST_MAIN(TestConsoleKeyTree)
#include "test_console_key_tree.moc"
