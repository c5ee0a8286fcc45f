// tests/unit/core/core_world.h - a few whole cores in virtual time, on a network that loses only what a test says, with
// disks that need a millisecond. For situations that a test wants to build by hand; the simulator is for those that
// nobody thought of.
#pragma once

#include "node/commands/command_logic.h"
#include "node/core/core.h"

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>

namespace quoit::testing {

/// What one node has stored: a disk that answers at once.
class StoredRecords : public RecordSource
{
public:
    void put(const RecordPtr& record);
    void remove(const Removal& removal);
    RecordPtr find(Position position, std::string_view key) override;
    std::vector<RecordSummary> list(Position first, Position last, std::size_t limit) override;
    ExpiredKeys expired(std::int64_t nowMs, std::size_t limit, const ExpiryPlace& after) override;

private:
    std::map<std::pair<Position, std::string>, RecordPtr> m_records;
};

/// Nodes 1 … n, all connected, 16 partitions with three replicas each.
class CoreWorld
{
public:
    explicit CoreWorld(NodeId nodeCount, CoreOptions options = {});

    void pass(Milliseconds time);
    /// Until the condition holds. @return false if it doesn't within that time
    bool passUntil(Milliseconds time, const std::function<bool()>& condition);
    Now now() const { return {TimePoint(Microseconds(m_us)), 1'700'000'000'000 + m_us / 1000}; }

    Core& core(NodeId id) { return *m_nodes.at(id).core; }
    StoredRecords& records(NodeId id) { return m_nodes.at(id).records; }
    /// The first one; for what comes after it, ask a core.
    const ClusterMap& map() const { return *m_map; }
    /// The number-th key of that partition.
    std::string keyOf(PartitionIndex partition, int number = 0) const;
    /// The node that has no copy of the partition, of four.
    NodeId outsider(PartitionIndex partition) const;

    RequestId set(NodeId at, const std::string& key, const std::string& value, Level level = Level::Quorum);
    RequestId submit(NodeId at, const std::string& key, const std::string& operation);
    RequestId get(NodeId at, const std::string& key, Level level = Level::Quorum);
    RequestId scan(NodeId at, Position first, std::uint32_t count);
    RequestId changeMap(NodeId at, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder);

    void split(NodeId a, NodeId b);
    void crash(NodeId id);
    /// What its disk still takes; heartbeats say so. What waits while there is none is written when there is some.
    void setDiskSpace(NodeId id, DiskSpace space);
    /// The same of how a node fares.
    void setBusy(NodeId id, Busy busy);

    struct Answer
    {
        Completion completion;
        Milliseconds took{};
    };
    std::map<RequestId, Answer> answers;
    std::map<RequestId, std::pair<ScanPage, Milliseconds>> pages;
    std::map<RequestId, std::pair<ChangeCompletion, Milliseconds>> changes;
    /// Of messages on their way; true: lost.
    std::function<bool(NodeId from, NodeId to, const Message&)> loses;
    /// Of messages on their way: how much longer than usual they take.
    std::function<Microseconds(NodeId from, NodeId to, const Message&)> delay;
    std::uint64_t ticks = 0;

private:
    struct Node
    {
        StoredRecords records;
        std::unique_ptr<Core> core;
        std::vector<PersistBatch> unwritten;
        DiskSpace disk = DiskSpace::Ample;
        Busy busy;
        std::int64_t tickUs = 0; ///< planned
    };
    struct Event
    {
        std::int64_t us;
        std::uint64_t order;
        std::function<void()> happens;
        bool operator<(const Event& other) const { return us != other.us ? us > other.us : order > other.order; }
    };
    void at(std::int64_t us, std::function<void()> happens);
    void step();
    void beat(NodeId id);
    void run(NodeId id);
    void planTick(NodeId id);
    void write(NodeId id);
    void send(NodeId from, NodeId to, const Message& message);

    CommandLogic m_logic;
    CoreOptions m_options;
    ClusterMapPtr m_map;
    std::map<NodeId, Node> m_nodes;
    std::priority_queue<Event> m_events;
    std::map<std::pair<NodeId, NodeId>, bool> m_cut;
    std::map<RequestId, std::int64_t> m_asked;
    std::int64_t m_us = 1'000'000;
    std::uint64_t m_order = 0;
    RequestId m_request = 0;
};

} // namespace quoit::testing
