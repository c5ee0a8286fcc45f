// tests/console/fake_cluster_fixture.h - a console's window beside a cluster in this process, new for each test function.
#pragma once

#include "tests/console/console_fixture.h"
#include "tests/console/fake_cluster.h"

namespace quoit::test {

class FakeClusterFixture : protected ConsoleFixture
{
protected:
    ~FakeClusterFixture() { closeConsole(); }

    /// Not connected yet, so that a test can fill the cluster or change what it tells.
    void openConsole(int nodes, bool isQuiet = false)
    {
        QSettings().clear();
        m_cluster = std::make_unique<FakeCluster>(nodes, reportEveryMs);
        m_folder = std::make_unique<QTemporaryDir>();
        openWindow(options(), {1280, 800}, isQuiet);
    }

    /// What the console keeps and where nodes would be: in one folder.
    Workspace::Options options() const { return {{}, m_folder->path(), true, m_folder->path()}; }

    void closeConsole()
    {
        closeWindow();
        m_cluster.reset();
    }

    void connectAndWait()
    {
        QVERIFY(m_workspace->connectTo(m_cluster->addresses().join(QLatin1Char(','))));
        QTRY_VERIFY(m_workspace->snapshot().map && !m_workspace->snapshot().partitionLoad.empty());
    }

    std::unique_ptr<FakeCluster> m_cluster;
    std::unique_ptr<QTemporaryDir> m_folder;

private:
    static constexpr int reportEveryMs = 60;
};

} // namespace quoit::test
