// tests/sim/simulated_disk.h - one node's disk: batches become durable in order, and a crash loses what had not.
#pragma once

#include "node/core/persistence.h"
#include "shared/base/random.h"

#include <deque>
#include <map>
#include <string>
#include <utility>

namespace quoit::sim {

class SimulatedDisk : public RecordSource
{
public:
    SimulatedDisk(ClusterMapPtr map, NodeId node);

    void submit(PersistBatch batch) { m_waiting.push_back(std::move(batch)); }
    /// The oldest `count` batches become durable. @return the sequence of the last one; 0 if nothing waits.
    PersistSequence sync(std::size_t count);
    std::size_t waiting() const { return m_waiting.size(); }
    /// Some of what waits may have reached the platter without anybody having heard of it; the rest is gone.
    void crash(Random& random);
    /// What a process finds that starts now; raises the incarnation.
    StoredState start();

    RecordPtr find(Position position, std::string_view key) override;
    std::vector<RecordSummary> list(Position first, Position last, std::size_t limit) override;
    std::vector<RecordSummary> expired(std::int64_t nowMs, std::size_t limit) override;

private:
    void apply(const PersistBatch& batch);

    ClusterMapPtr m_map;
    Identity m_identity;
    std::deque<PersistBatch> m_waiting;
    std::map<PartitionIndex, PartitionState> m_partitions;
    std::map<std::pair<Position, std::string>, RecordPtr, std::less<>> m_records;
    std::map<std::pair<NodeId, std::string>, Hint> m_hints;
};

} // namespace quoit::sim
