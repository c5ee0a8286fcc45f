// tests/cluster/proxied_cluster.h - a real cluster whose nodes talk through a PeerProxy. Nodes listen at new ports in
// each life; the map names the proxy's, so no port is ever fought for.
#pragma once

#include "tests/cluster/peer_proxy.h"
#include "tests/cluster/test_node.h"

#include <QStringList>

#include <memory>
#include <vector>

namespace quoit::test {

struct ClusterSetup
{
    QString program; ///< path of quoit-node or quoit-node-faulty
    QString folder;  ///< for the nodes' folders, "1" … ; made if it is missing
    int nodeCount = 5;
    std::uint32_t replicaCount = 3;
    std::uint32_t partitionCount = 64;
};

class ProxiedCluster
{
public:
    explicit ProxiedCluster(const ClusterSetup& setup);
    ~ProxiedCluster();

    /// Starts all nodes and makes a cluster of them. @return what went wrong; empty once it serves
    QString start();

    int nodeCount() const { return m_setup.nodeCount; }
    /// @param id 1 … nodeCount()
    TestNode& node(int id) { return *m_nodes[static_cast<std::size_t>(id - 1)]; }
    PeerProxy& proxy() { return m_proxy; }

    /// Starts a node that doesn't run, and waits until it serves. @return false if it doesn't
    bool startNode(int id, int milliseconds = 15'000);
    /// The network is perfect, disks are good, every node runs and sees all others up, every partition has a majority.
    /// @return what is not so after that time; empty if all is well
    QString heal(int milliseconds);
    /// What is not well, as the nodes see it; empty if all is.
    QString trouble();
    /// The last lines of all logs, for a failing test.
    QString logs() const;

private:
    QString form();
    bool reach(int id, int milliseconds = 15'000);

    const ClusterSetup m_setup;
    PeerProxy m_proxy;
    std::vector<std::unique_ptr<TestNode>> m_nodes;
};

} // namespace quoit::test
