// tests/sim/node_disk.h - one node's disk and the store on it.
#pragma once

#include "node/core/persistence.h"
#include "shared/base/random.h"
#include "shared/base/result.h"
#include "tests/sim/parameters.h"
#include "tests/sim/simulated_disk.h"

#include <memory>

namespace quoit::sim {

class NodeDisk
{
public:
    /// What became of a piece of work.
    struct Turn
    {
        PersistSequence durable = 0;  ///< 0: no news
        std::uint64_t progress = 0;
        bool more = false;            ///< something waits still
        bool ended = false;           ///< the disk died or the store gave up: the process must end
    };

    NodeDisk(NodeId node, ClusterMapPtr map, const Parameters& parameters);

    /// A process starts. @return what it finds, or why it can't work with it.
    Result<StoredState> open();
    /// The process is gone; what was not synced as well, in part.
    void close(Random& random);

    RecordSource& records() { return *m_disk; }
    void submit(PersistBatch batch);
    Turn turn(Random& random);

    bool full() const { return false; }
    void setFull(bool) {}
    void failNextSync() {}
    void crashAfter(int) {}
    void flipBit(Random&) {}
    void snapshot() {}
    bool restore() { return false; }
    bool wipe() { return false; }

private:
    std::unique_ptr<SimulatedDisk> m_disk;
    std::uint64_t m_progress = 0;
};

} // namespace quoit::sim
