#include "tests/console/console_fixture.h"

using namespace quoit;
using quoit::test::LocalFixture;

/// The tour's card, pressed button by button, with real nodes.
class TestConsoleTourCard : public QObject, protected LocalFixture
{
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        isolateSettings();
        startThree();
    }
    void cardIsOfferedOnLocalNodesOnly();
    void declinedCardComesBackFromThePalette();
    void readOnlyClusterHasNoTour();
    void everyStepIsAButton();
    void disconnectEndsTheTour();
    void cleanupTestCase() { closeWindow(); }

private:
    TourCard& card() { return *m_window->overviewPage()->tour(); }
    Tour& tour() { return m_workspace->tour(); }
    /// Presses the button of the next step, once it can be.
    void press(const QString& text);
    QString figures() { return card().findChild<QLabel*>(QStringLiteral("tourFigures"))->text(); }
};

void TestConsoleTourCard::press(const QString& text)
{
    QTRY_COMPARE_WITH_TIMEOUT(card().nextButton()->text(), text, 90'000);
    QTRY_VERIFY_WITH_TIMEOUT(card().nextButton()->isEnabled(), 90'000);
    card().nextButton()->click();
}

void TestConsoleTourCard::cardIsOfferedOnLocalNodesOnly()
{
    QTRY_VERIFY(card().isVisible());
    picture(QStringLiteral("tour-offer"), {{900, 600}, {1400, 900}});
    // The same cluster, seen by somebody who hasn't started it.
    Workspace other({{}, m_data.filePath(QStringLiteral("none")), true, m_data.filePath(QStringLiteral("other"))});
    MainWindow window(other);
    window.setQuiet(true);
    window.show();
    QVERIFY(other.connectTo(m_workspace->local()->addresses().join(QLatin1Char(','))));
    QTRY_COMPARE_WITH_TIMEOUT(other.snapshot().health.level, Health::Level::Well, 30'000);
    QVERIFY(!window.overviewPage()->tour()->isVisible());
    CommandPalette* palette = window.openPalette();
    QTest::keyClicks(palette->findChild<QLineEdit*>(), QStringLiteral("Try it"));
    QVERIFY(!palette->shownTexts().join(QLatin1Char('\n')).contains(QStringLiteral("kill a node")));
}

void TestConsoleTourCard::declinedCardComesBackFromThePalette()
{
    card().stopButton()->click();
    QVERIFY(!card().isVisible());
    m_window->showPage(3);
    CommandPalette* palette = m_window->openPalette();
    QTest::keyClicks(palette->findChild<QLineEdit*>(), QStringLiteral("Try it"));
    QVERIFY(palette->shownTexts().contains(QStringLiteral("Try it: kill a node under load")));
    QTest::keyClick(palette->findChild<QLineEdit*>(), Qt::Key_Return);
    QTRY_VERIFY(card().isVisible());
    QCOMPARE(m_window->currentPage(), 0);
}

void TestConsoleTourCard::readOnlyClusterHasNoTour()
{
    m_workspace->setReadOnly(true);
    QVERIFY(!card().nextButton()->isEnabled());
    QCOMPARE(card().findChild<QLabel*>(QStringLiteral("tourTrouble"))->text(),
             QStringLiteral("This cluster is set to read only."));
    m_workspace->setReadOnly(false);
    QTRY_VERIFY_WITH_TIMEOUT(card().nextButton()->isEnabled(), 30'000);
}

void TestConsoleTourCard::everyStepIsAButton()
{
    press(QStringLiteral("Load sample keys"));
    QVERIFY(!card().nextButton()->isEnabled());
    press(QStringLiteral("Put load on"));
    QTRY_VERIFY2(figures().contains(QStringLiteral(" answered, 0 failed, the slowest took ")), qPrintable(figures()));
    QTRY_VERIFY_WITH_TIMEOUT(tour().figures().load.acknowledged > 1000, 30'000);
    picture(QStringLiteral("tour-load"), {{900, 600}, {1400, 900}});
    press(QStringLiteral("Kill a node"));
    const QString node = tour().figures().node;
    QVERIFY(card().text().startsWith(node + QStringLiteral(" was killed.")));
    QTRY_VERIFY_WITH_TIMEOUT(tour().figures().sinceKill.acknowledged > 1000, 30'000);
    QVERIFY(figures().contains(QStringLiteral("\nSince the kill: ")));
    picture(QStringLiteral("tour-killed"), {{900, 600}, {1400, 900}});
    press(QStringLiteral("Start %1 again").arg(node));
    QTRY_VERIFY_WITH_TIMEOUT(tour().progress() > 0 || tour().stage() == Tour::Stage::CaughtUp, 60'000);
    QTRY_VERIFY2_WITH_TIMEOUT(card().text().contains(QStringLiteral(" are the same.")) || tour().stage() != Tour::Stage::CatchingUp,
                              qPrintable(card().text()), 60'000);
    picture(QStringLiteral("tour-catching-up"), {{900, 600}, {1400, 900}});
    press(QStringLiteral("End the load"));
    QTRY_COMPARE_WITH_TIMEOUT(tour().stage(), Tour::Stage::Report, 30'000);
    QVERIFY2(card().text().startsWith(QStringLiteral("No request failed: all ")), qPrintable(card().text()));
    QVERIFY(card().text().contains(QStringLiteral("All 10,000 sample keys were read back and are as they should be.")));
    picture(QStringLiteral("tour-report"), {{900, 600}, {1400, 900}});
    QCOMPARE(card().stopButton()->text(), QStringLiteral("Keep them"));
    press(QStringLiteral("Delete the sample keys"));
    QTRY_VERIFY_WITH_TIMEOUT(!card().isVisible(), 60'000); // done, and not offered again by itself
    QCOMPARE(tour().figures().keysDeleted, 10'000);
}

void TestConsoleTourCard::disconnectEndsTheTour()
{
    card().offer();
    QTRY_VERIFY_WITH_TIMEOUT(card().nextButton()->isEnabled(), 60'000);
    press(QStringLiteral("Load sample keys"));
    QTRY_VERIFY(tour().figures().keysLoaded > 0);
    m_workspace->disconnectFromCluster();
    QCOMPARE(tour().stage(), Tour::Stage::Idle);
    const int loaded = tour().figures().keysLoaded;
    QTest::qWait(200);
    QCOMPARE(tour().figures().keysLoaded, loaded);
}

QTEST_MAIN(TestConsoleTourCard)
#include "test_console_tour_card.moc"
