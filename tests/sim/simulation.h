// tests/sim/simulation.h - a cluster of real cores in one thread: virtual time, a bad network, crashing nodes, one seed.
// The same seed gives the same run. Design: ARCHITECTURE.md, "The simulator".
#pragma once

#include "node/core/core.h"
#include "tests/sim/history.h"
#include "tests/sim/simulated_disk.h"

#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <vector>

namespace quoit::sim {

/// How bad the world is; drawn from the seed, so that different seeds look for different bugs.
struct Parameters
{
    int nodes = 3;
    int keys = 2;
    int clients = 4;
    int operations = 80;
    double loss = 0;
    double doubling = 0;
    double verySlow = 0.002; ///< share of messages that take 0.2 … 3 s
    std::int64_t nemesisPauseUs = 200'000;
    bool crashes = true;
    bool pauses = true;
    bool cuts = true;
    bool needlessTakeovers = true;
    CoreOptions core;

    static Parameters draw(std::uint64_t seed);
    std::string toText() const;
};

class Simulation
{
public:
    Simulation(std::uint64_t seed, Parameters parameters, bool trace = false);

    /// Runs the workload under faults, heals, reads every key through every node, and judges.
    /// @return what went wrong; empty if nothing did.
    std::string run();

    const History& history() const { return m_history; }
    /// A hash of everything that was delivered, in order: equal for equal seeds, in every build.
    std::uint64_t eventHash() const { return m_hash; }
    /// How often each kind of fault and each rare branch of the protocol happened.
    std::map<std::string, std::uint64_t> coverage() const;

private:
    struct Node
    {
        std::unique_ptr<SimulatedDisk> disk;
        std::unique_ptr<Core> core; ///< null: crashed
        std::uint64_t life = 0;     ///< counts starts
        std::int64_t pausedUntilUs = 0;
        std::int64_t tickAtUs = 0;
        bool syncing = false;
        std::map<RequestId, std::size_t> requests; ///< → index into the history
    };
    struct Event
    {
        std::int64_t timeUs;
        std::uint64_t order;
        std::function<void()> action;
    };
    struct Later
    {
        bool operator()(const std::shared_ptr<Event>& a, const std::shared_ptr<Event>& b) const
        {
            return a->timeUs != b->timeUs ? a->timeUs > b->timeUs : a->order > b->order;
        }
    };

    Now now() const;
    void at(std::int64_t delayUs, std::function<void()> action);
    /// Runs the action in the node when it isn't paused; not at all if that process is gone by then.
    void inNode(NodeId node, std::uint64_t life, std::function<void(Node&)> action);
    std::int64_t networkDelayUs();
    void send(NodeId from, NodeId to, Message message);
    void deliver(NodeId from, NodeId to, std::uint64_t life, Message message);
    void carryOut(NodeId id);
    void sync(NodeId id);
    void start(NodeId id);
    void crash(NodeId id);
    void heartbeat(NodeId id, std::uint64_t life);
    void nemesis();
    void heal();
    void client(int number);
    void call(NodeId coordinator, HistoryEntry entry);
    void answered(Node& node, const Completion& completion);
    HistoryEntry randomEntry(int clientNumber);
    void note(std::uint64_t value);
    template <typename... Parts>
    void say(const Parts&... parts) const;

    const Parameters m_parameters;
    const bool m_trace;
    Random m_random;
    std::int64_t m_nowUs = 1'000'000;
    std::uint64_t m_order = 0;
    std::priority_queue<std::shared_ptr<Event>, std::vector<std::shared_ptr<Event>>, Later> m_events;
    ClusterMapPtr m_map;
    std::map<NodeId, Node> m_nodes;
    std::map<std::pair<NodeId, NodeId>, std::int64_t> m_cutUntilUs; ///< one way
    std::map<std::string, std::uint64_t> m_faults;
    std::map<std::string, std::uint64_t> m_branches; ///< counters of processes that are gone
    History m_history;
    std::vector<bool> m_open; ///< [history] not answered yet, its client waits
    int m_left = 0;
    int m_unknown = 0; ///< requests of unknown outcome
    bool m_healed = false;
    RequestId m_nextRequest = 0;
    std::uint64_t m_hash = 0x9e3779b97f4a7c15ULL;
};

} // namespace quoit::sim
