// tests/bench/scale/large_cluster.h - many whole cores in virtual time on a good network, without data: what a ring costs by its size.
#pragma once

#include "node/commands/command_logic.h"
#include "node/core/core.h"

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

namespace quoit::bench {

/// A node's store, always empty.
class NoRecords : public RecordSource
{
public:
    RecordPtr find(Position, std::string_view) override { return nullptr; }
    std::vector<RecordSummary> list(Position, Position, std::size_t) override { return {}; }
    ExpiredKeys expired(std::int64_t, std::size_t, const ExpiryPlace& after) override { return {{}, after, true}; }
};

/// Of this process, in memory at this moment.
std::uint64_t residentBytes();

struct Traffic
{
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0; ///< as frames encode them
};

class LargeCluster
{
public:
    LargeCluster(NodeId nodeCount, std::uint32_t partitionCount);

    void pass(Milliseconds time);
    /// @return how long it took; the limit if it doesn't come true
    Milliseconds passUntil(Milliseconds limit, const std::function<bool()>& condition);
    Core& core(NodeId id) { return *m_nodes[id - 1].core; }
    NodeId size() const { return static_cast<NodeId>(m_nodes.size()); }
    Now now() const { return {TimePoint(Microseconds(m_us)), 1'700'000'000'000 + m_us / 1000}; }
    const ClusterMapPtr& firstMap() const { return m_map; }
    Milliseconds heartbeatInterval() const;

    /// Neither says nor hears anything any more; its connections stay.
    void hang(NodeId id) { m_nodes[id - 1].hangs = true; }
    void propose(NodeId at, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder);

    /// By kind, of all nodes, since the last call.
    std::map<std::string, Traffic> takeTraffic();
    /// The most that one node has sent since takeTraffic(), bytes.
    std::uint64_t mostSent() const;

private:
    struct Node
    {
        NoRecords records;
        std::unique_ptr<Core> core;
        bool hangs = false;
        std::int64_t tickUs = 0;
        std::uint64_t sent = 0;
        std::uint64_t sequence = 0;
    };
    struct Event
    {
        std::int64_t us;
        std::uint64_t order;
        std::function<void()> happens;
        bool operator<(const Event& other) const { return us != other.us ? us > other.us : order > other.order; }
    };
    void at(std::int64_t us, std::function<void()> happens) { m_events.push({us, ++m_order, std::move(happens)}); }
    void step();
    void beat(NodeId id);
    void tellAll(NodeId id);
    void run(NodeId id);
    void planTick(NodeId id);
    void send(NodeId from, NodeId to, const std::shared_ptr<const Message>& message, std::uint64_t bytes);

    CommandLogic m_logic;
    ClusterMapPtr m_map;
    std::vector<Node> m_nodes;
    std::priority_queue<Event> m_events;
    std::map<std::string, Traffic> m_traffic;
    std::int64_t m_us = 1'000'000;
    std::uint64_t m_order = 0;
};

} // namespace quoit::bench
