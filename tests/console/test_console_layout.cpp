// tests/console/test_console_layout.cpp - what fits into which window: a small one doesn't make the reader scroll in two ways.
#include "tests/console/fake_cluster_fixture.h"

#include <QAbstractScrollArea>
#include <QScrollArea>
#include <QScrollBar>
#include <QtTest>

using namespace quoit;

namespace {

bool canScroll(const QAbstractScrollArea& area)
{
    return area.isVisible() && area.verticalScrollBar()->maximum() > area.verticalScrollBar()->minimum();
}

/// A scroll area that scrolls within one that does, by its class; empty: none.
QString nested(const QWidget& within)
{
    for (const QAbstractScrollArea* inner : within.findChildren<QAbstractScrollArea*>())
        for (const QWidget* outer = inner->parentWidget(); canScroll(*inner) && outer; outer = outer->parentWidget())
            if (const auto* area = qobject_cast<const QAbstractScrollArea*>(outer); area && canScroll(*area))
                return QString::fromLatin1(inner->metaObject()->className()) + QStringLiteral(" named ") + inner->accessibleName();
    return {};
}

} // namespace

class TestConsoleLayout : public QObject, private quoit::test::FakeClusterFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { isolateSettings(); }
    void cleanup() { closeConsole(); }
    void smallWindowShowsAWholePage_data();
    void smallWindowShowsAWholePage();
    void nothingScrollsWithinWhatScrolls_data();
    void nothingScrollsWithinWhatScrolls();
    void smallAndLargeTellTheSame();

private:
    void openPage(const QString& title, QSize size);
    static void addColumns();
    static void addRow(const char* title, QSize size);
};

void TestConsoleLayout::openPage(const QString& title, QSize size)
{
    openConsole(5, true);
    for (NodeId id = 1; id <= 5; ++id)
        m_cluster->setReport(id, [](NodeReport& node) { node.httpAddress = "127.0.0.1:38811"; }); // one line more in its details
    m_window->resize(size);
    connectAndWait();
    for (int i = 0; i < m_window->pageCount(); ++i)
        if (m_window->page(i)->title() == title)
            m_window->showPage(i);
    m_workspace->selectNode(1);
    QTRY_COMPARE(m_workspace->snapshot().nodes.size(), std::size_t(5));
    QTest::qWait(300); // one report and one layout after the other: what is looked at too soon only looks better than it is
}

void TestConsoleLayout::addColumns()
{
    QTest::addColumn<QString>("title");
    QTest::addColumn<QSize>("size");
}

void TestConsoleLayout::addRow(const char* title, QSize size)
{
    QTest::newRow(qPrintable(QStringLiteral("%1 %2x%3").arg(QLatin1String(title)).arg(size.width()).arg(size.height())))
        << QString::fromLatin1(title) << size;
}

void TestConsoleLayout::smallWindowShowsAWholePage_data()
{
    addColumns();
    for (const char* title : {"Overview", "Nodes"})
        for (const QSize size : {QSize(900, 600), QSize(1024, 680), QSize(1280, 800), QSize(1366, 768)})
            addRow(title, size);
}

void TestConsoleLayout::smallWindowShowsAWholePage()
{
    QFETCH(QString, title);
    QFETCH(QSize, size);
    openPage(title, size);
    const auto* scroll = qobject_cast<QScrollArea*>(m_window->page(m_window->currentPage())->parentWidget()->parentWidget());
    QVERIFY(scroll);
    QTRY_VERIFY2(!canScroll(*scroll), qPrintable(QString::number(scroll->verticalScrollBar()->maximum())));
    picture(QStringLiteral("layout-") + title);
}

void TestConsoleLayout::nothingScrollsWithinWhatScrolls_data()
{
    addColumns();
    for (const char* title : {"Overview", "Ring", "Nodes", "Charts"})
        for (const QSize size : {QSize(1280, 800), QSize(900, 600), QSize(700, 600)})
            addRow(title, size);
}

void TestConsoleLayout::nothingScrollsWithinWhatScrolls()
{
    QFETCH(QString, title);
    QFETCH(QSize, size);
    openPage(title, size);
    QTRY_VERIFY2(nested(*m_window).isEmpty(), qPrintable(nested(*m_window)));
}

/// Less room is no reason to tell less.
void TestConsoleLayout::smallAndLargeTellTheSame()
{
    openPage(QStringLiteral("Overview"), {900, 600});
    const auto seen = [this] {
        const QWidget* page = m_window->page(0);
        return std::tuple(page->findChildren<NodeCard*>().size(), page->findChildren<StatTile*>().size(),
                          page->findChild<EventList*>()->isVisible(), page->findChild<RingView*>()->isVisible());
    };
    const auto small = seen();
    QCOMPARE(std::get<0>(small), 5);
    const int low = m_window->page(0)->findChild<NodeCard*>()->height();
    m_window->resize(1280, 800);
    QCOMPARE(seen(), small);
    QTRY_VERIFY(m_window->page(0)->findChild<NodeCard*>()->height() > low);
}

QTEST_MAIN(TestConsoleLayout)
#include "test_console_layout.moc"
