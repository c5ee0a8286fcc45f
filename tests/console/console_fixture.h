// tests/console/console_fixture.h - a console's window in a test: settings and folders of its own, and an orderly end. A test
// class inherits one of these beside QObject.
#pragma once

#include "console/desktop/main_window.h"

#include <QFileInfo>
#include <QSettings>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QtTest>

#include <memory>

namespace quoit::test {

/// Workspace and window; the test says where they keep what they keep.
class ConsoleFixture
{
protected:
    ~ConsoleFixture() { closeWindow(); }

    /// Once in a program, before the first window: no settings from before, and none for others.
    static void isolateSettings()
    {
        QStandardPaths::setTestModeEnabled(true);
        QCoreApplication::setOrganizationName(QStringLiteral("quoit-test"));
        QCoreApplication::setApplicationName(QFileInfo(QCoreApplication::applicationFilePath()).baseName());
        QSettings().clear();
    }

    /// @param isQuiet it asks nothing and notifies nobody
    void openWindow(const Workspace::Options& options, QSize size, bool isQuiet)
    {
        m_workspace = std::make_unique<Workspace>(options);
        m_window = std::make_unique<MainWindow>(*m_workspace);
        m_window->setQuiet(isQuiet);
        m_window->resize(size);
        m_window->show();
    }

    /// The window first: it speaks of the workspace.
    void closeWindow()
    {
        m_window.reset();
        m_workspace.reset();
    }

    /// In both themes, for somebody to look at, if they want to: QUOIT_PICTURES names the folder.
    /// @param sizes of the window; none: as it is
    void picture(const QString& name, const QList<QSize>& sizes = {})
    {
        const QString folder = qEnvironmentVariable("QUOIT_PICTURES");
        if (folder.isEmpty())
            return;
        for (const QSize& size : sizes.isEmpty() ? QList{m_window->size()} : sizes)
            for (const ThemeChoice choice : {ThemeChoice::Dark, ThemeChoice::Light}) {
                m_window->resize(size);
                m_workspace->setThemeChoice(choice);
                QTest::qWait(sizes.isEmpty() ? 0 : 300);
                const QString theme = choice == ThemeChoice::Dark ? QStringLiteral("dark") : QStringLiteral("light");
                m_window->grab().save(QStringLiteral("%1/%2-%3-%4.png").arg(folder, name).arg(size.width()).arg(theme));
            }
    }

    std::unique_ptr<Workspace> m_workspace;
    std::unique_ptr<MainWindow> m_window;
};

/// With three real nodes that the console starts. Folders last as long as the test class, so a second window finds them.
class LocalFixture : protected ConsoleFixture
{
protected:
    ~LocalFixture() { closeWindow(); } // nodes end before their folders do

    Workspace::Options localOptions() const
    {
        return {QStringLiteral(QUOIT_BIN_DIR "/quoit-node"), m_folder.path(), true, m_data.path()};
    }

    /// Waits until all are up and well.
    void startThree(QSize size = {1400, 900})
    {
        openWindow(localOptions(), size, true);
        m_workspace->startLocal(3);
        QTRY_VERIFY_WITH_TIMEOUT(m_workspace->monitor().state() == PictureState::Live, startMs);
        QTRY_COMPARE_WITH_TIMEOUT(m_workspace->live().totals.nodesUp, 3, startMs);
        QTRY_COMPARE_WITH_TIMEOUT(m_workspace->live().health.level, Health::Level::Well, startMs);
    }

    QTemporaryDir m_folder; ///< the nodes'
    QTemporaryDir m_data;   ///< the console's

private:
    static constexpr int startMs = 40'000;
};

} // namespace quoit::test
