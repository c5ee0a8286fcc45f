// tests/sim/node_disk.h - one node's disk and the real store on it.
#pragma once

#include "node/store/sqlite_store.h"
#include "shared/base/random.h"
#include "tests/sim/memory_disk.h"
#include "tests/sim/parameters.h"

#include <memory>
#include <optional>
#include <string>

namespace quoit::sim {

class NodeDisk final : private StoreListener
{
public:
    /// What became of a piece of work.
    struct Turn
    {
        PersistSequence durable = 0; ///< 0: no news
        std::uint64_t progress = 0;
        bool more = false;           ///< something is to do still
        bool ended = false;          ///< the disk died or the store gave up: the process must end
        bool spaceChanged = false;
    };

    /// Of a node that has just become a member. @param isFirst the map is that of the run's beginning, which other runs share
    NodeDisk(NodeId node, const ClusterMapPtr& map, bool isFirst, const Parameters& parameters, std::uint64_t seed);
    ~NodeDisk() override;

    /// A process starts. @return what it finds, or why it can't work with it.
    Result<StoredState> open();
    /// The process is gone; with the power, what was not synced may be gone as well, in part.
    void close(Random& random);

    RecordSource& records() { return *m_store; }
    void submit(PersistBatch batch) { m_store->submit(std::move(batch)); }
    Turn turn();

    /// What the process knows.
    DiskSpace space() const { return m_space == DiskSpace::Ample && m_short ? DiskSpace::Short : m_space; }
    void setShort(bool isShort) { m_short = isShort; }
    /// A lookup found what the store must not serve, or the store gave up: the process must end.
    bool untrusted() const { return m_failed; }
    /// A promise of the store that doesn't hold, found when a process started; empty: none.
    const std::string& problem() const { return m_problem; }
    /// Between two processes: the last one's end took what was not synced, or some of it.
    bool lostPower() const { return m_lostPower; }
    MemoryDisk& disk() { return *m_disk; }
    void takeSnapshot() { m_snapshot = m_disk->snapshot(); }
    void restoreSnapshot() { m_disk->restore(m_snapshot.value()); }

private:
    void durable(PersistSequence upTo, std::uint64_t progress) override;
    void diskSpace(DiskSpace space) override { m_space = space; }
    void failed(const Error&) override { m_failed = true; }

    SqliteStoreOptions options() const;

    const NodeId m_node;
    const Parameters& m_parameters;
    std::unique_ptr<MemoryDisk> m_disk;
    std::unique_ptr<SqliteStore> m_store; ///< null: no process
    std::optional<MemoryDisk::Image> m_snapshot;
    PersistSequence m_durable = 0;
    std::uint64_t m_progress = 0;
    DiskSpace m_space = DiskSpace::Ample; ///< by the store
    bool m_short = false;                 ///< by the nemesis
    bool m_failed = false;
    bool m_lostPower = false;
    std::string m_problem;
};

} // namespace quoit::sim
