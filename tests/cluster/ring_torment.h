// tests/cluster/ring_torment.h - a ring of real processes grows from three nodes to seven and shrinks to four, while clients work and nodes
// are killed; then everything that clients were told is judged.
#pragma once

#include "shared/admin/change_report.h"
#include "shared/base/random.h"
#include "shared/ring/cluster_map.h"
#include "tests/cluster/load_client.h"
#include "tests/cluster/test_node.h"

#include <QTimer>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace quoit::test {

struct RingTormentOptions
{
    QString program; ///< path of quoit-node
    QString folder;  ///< for the nodes' folders; made if it is missing
    std::uint64_t seed = 1;
    std::uint32_t replicaCount = 3; ///< 3, or 5 while there are five nodes
    bool kills = true;              ///< else no request may be answered with an error
};

class RingTorment
{
public:
    explicit RingTorment(const RingTormentOptions& options);
    ~RingTorment();

    /// @return a line: what was done, and "good" or "WRONG: …"
    QString run();
    /// After run().
    bool isGood() const { return m_problem.isEmpty(); }

private:
    using Steps = std::function<std::vector<std::string>()>;
    using IsWanted = std::function<bool(const ClusterMap&)>;

    QString start();
    /// Grows and shrinks. @return what went wrong
    QString changeAll();
    /// Plans and applies, again and again if need be, until the ring is as wanted.
    QString change(const QString& what, const Steps& steps, const IsWanted& isWanted);
    QString join(int id);
    QString leave(int id);
    QString setReplicas(std::uint32_t count);
    QString heal();

    bool hasServed(int id);
    void torment();
    void begin(int id);
    /// Where a running member takes clients; empty if it doesn't, or is none.
    QString addressOf(int id);
    QString someAddress();
    ClusterMapPtr ring();
    std::vector<int> members() const;
    TestNode& node(int id) { return *m_nodes[static_cast<std::size_t>(id - 1)]; }
    QString logs();

    const RingTormentOptions m_options;
    Random m_random;
    std::vector<std::unique_ptr<TestNode>> m_nodes; ///< [id - 1]; n1 … are the nodes' names
    std::vector<bool> m_isMember;
    std::vector<NodeId> m_ringIds; ///< [id - 1] in the map
    int m_down = 0;                ///< killed at the moment; 0: none
    int m_kills = 0;
    int m_changes = 0;
    QTimer m_nemesis;
    QString m_problem;
};

} // namespace quoit::test
