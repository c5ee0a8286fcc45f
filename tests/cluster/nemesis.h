// tests/cluster/nemesis.h - does to a cluster of processes what happens to machines, as a seed draws it. Several faults
// may be there at the same time; each is taken back by itself.
#pragma once

#include "shared/base/random.h"
#include "tests/cluster/proxied_cluster.h"

#include <functional>
#include <map>
#include <vector>

namespace quoit::test {

enum class Fault {
    KillOne,      ///< SIGKILL; with quoit-node-faulty that is a power cut
    KillMajority, ///< of all nodes, at the same time
    KillAll,
    Pause,       ///< SIGSTOP of one or two
    Cut,         ///< connections between groups of nodes break, new ones are refused
    Hold,        ///< nothing passes between groups of nodes, and arrives later; no connection breaks
    HoldOneWay,  ///< the same in one direction
    DelayOneWay, ///< some directions are slow
    DiskFull,    ///< of one or more nodes. This and the next: quoit-node-faulty only
    SlowSync,
    FailingSync, ///< of one node, which then ends by itself
};
inline constexpr int faultKinds = 11;
const char* toText(Fault fault);

struct NemesisOptions
{
    std::uint64_t seed = 1;
    std::vector<Fault> faults; ///< to draw from
    int atOnceMax = 1;         ///< faults at the same time
    int faultMsMin = 100;      ///< how long a fault lasts
    int faultMsMax = 2000;
    int restMsMax = 1200; ///< without any, or before another one joins
    int leakPermille = 0; ///< see power_loss_vfs.h; all the time
};

class Nemesis
{
public:
    /// @param cluster outlives this
    Nemesis(const NemesisOptions& options, ProxiedCluster& cluster);

    /// Torments the cluster for so long, while the event loop runs. Faults may be left: heal the cluster after it.
    void run(int milliseconds);
    /// How often each fault began.
    const std::map<Fault, int>& counts() const { return m_counts; }
    /// A line for each thing that was done, by time (µs as LoadClient counts them).
    const QString& diary() const { return m_diary; }

private:
    using Undo = std::function<void()>;
    struct Active
    {
        std::int64_t endUs;
        Undo undo;
    };
    Undo begin(Fault fault);
    Undo kill(int count);
    Undo pause();
    Undo part(Fault how);
    Undo delay();
    Undo spoil(Fault how);
    Fault drawFault();
    /// So many different nodes.
    std::vector<int> draw(int count);
    /// Pairs of nodes that don't reach each other: one or two nodes alone, halves, a bridge, a ring.
    std::vector<std::pair<int, int>> drawParting();
    void setDisk(int node, const std::function<void(DiskFaults&)>& change);
    void restart(int node);
    void say(const QString& what);
    int drawMs(int min, int max);

    const NemesisOptions m_options;
    ProxiedCluster& m_cluster;
    Random m_random;
    std::vector<Active> m_active;
    std::vector<Fault> m_deck; ///< of m_options.faults, those that are left
    std::vector<DiskFaults> m_disks; ///< [node - 1]
    std::map<Fault, int> m_counts;
    QString m_diary;
};

} // namespace quoit::test
