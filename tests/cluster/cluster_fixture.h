// tests/cluster/cluster_fixture.h - a real cluster of processes in a folder that goes with it.
#pragma once

#include "console/cluster/local_cluster.h"
#include "shared/resp/value.h"

#include <QTemporaryDir>

#include <memory>
#include <string>
#include <vector>

namespace quoit {

/// Asks one node one thing and waits. @return an error value when it doesn't answer in time.
RespValue ask(const QString& address, const std::vector<std::string>& arguments, int milliseconds = 6000);

class ClusterFixture
{
public:
    /// @param program path of quoit-node
    ClusterFixture(const QString& program, int nodeCount);

    /// @return what went wrong; empty once the cluster serves and every partition has a home.
    QString start();
    LocalCluster& cluster() { return *m_cluster; }
    QString address(int index) const { return m_cluster->node(index)->addresses().client; }
    QStringList addressesWithout(int index) const;
    /// Waits until every node sees all others up. @return false if that takes longer.
    bool waitUntilAllUp(int milliseconds);
    /// Waits until the process has ended (or runs and serves).
    bool waitForEnd(int index, int milliseconds);
    bool waitForReady(int index, int milliseconds);
    /// The last lines of all logs, for a failing test.
    QString logs() const;

private:
    int m_nodeCount;
    QTemporaryDir m_folder;
    std::unique_ptr<LocalCluster> m_cluster;
};

} // namespace quoit
