// tests/sim/world.h - time, chance, nodes and the network between them: the world that clients and faults act on. One thread; the same seed
// gives the same events. Design: ARCHITECTURE.md, "The simulator".
#pragma once

#include "node/core/core.h"
#include "tests/sim/network.h"
#include "tests/sim/node_disk.h"
#include "tests/sim/parameters.h"

#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <queue>
#include <set>
#include <string>
#include <vector>

namespace quoit::sim {

/// One node: its disk, which outlives its processes, and the process that runs now.
struct SimulatedNode
{
    std::unique_ptr<NodeDisk> disk;
    std::string diskId;         ///< as the map names it
    std::unique_ptr<Core> core; ///< null: no process
    std::uint64_t life = 0;     ///< counts processes
    std::uint64_t incarnation = 0;
    std::uint64_t startProgress = 0; ///< of its disk, when the process started
    std::uint64_t session = 0;
    bool damaged = false;       ///< bits of its disk have flipped: it may end at any time
    bool lost = false;          ///< its disk was emptied, or went back in time
    bool gone = false;          ///< its data is lost: it never takes part again
    bool waitsEmpty = false;    ///< its data is lost, and an empty node waits in its place
    std::int64_t pausedUntilUs = 0;
    std::int64_t starvesUntilUs = 0;
    std::int64_t tickAtUs = 0;
    bool inTurn = false;         ///< its effects are taken at the end of it
    bool diskBusy = false;
    std::int64_t diskStallsUntilUs = 0;
    int crashAfterEffects = 0;   ///< 0: not planned
    std::int64_t clockOffsetUs = 0;
    double clockDrift = 0;
    std::set<NodeId> links;      ///< peers that it takes for connected
    std::set<RequestId> requests;
    bool leaving = false;        ///< its clients go elsewhere
};

/// Hears what the nodes answer. A request whose node is gone is told of with lost().
class Answers
{
public:
    virtual ~Answers() = default;
    virtual void completed(NodeId node, const Completion& completion) = 0;
    virtual void scanned(NodeId node, const ScanPage& page) = 0;
    virtual void lost(RequestId request) = 0;
    /// A replica is about to hear that the key goes for want of room. @param value what is there
    virtual void evicted(const std::string& key, const std::string& value) = 0;
};

class World
{
public:
    World(std::uint64_t seed, const Parameters& parameters, const OperationLogic& logic, bool trace);

    const Parameters& parameters() const { return m_parameters; }
    /// The newest that any process has.
    ClusterMapPtr map() const;
    Random& random() { return m_random; }
    std::int64_t nowUs() const { return m_nowUs; }
    void setAnswers(Answers& answers) { m_answers = &answers; }

    void at(std::int64_t delayUs, std::function<void()> action);
    /// Runs the next event. @return false if there is none.
    bool step();

    std::vector<NodeId> nodeIds() const;
    SimulatedNode& node(NodeId id) { return m_nodes.at(id); }
    NodeId randomNode();
    bool takesRequests(NodeId id) const;

    void start(NodeId id);
    void crash(NodeId id);
    void pause(NodeId id, std::int64_t us);
    void setDiskShort(NodeId id, bool isShort);
    void disconnect(NodeId a, NodeId b);
    /// Runs an action in a node's process, later if it is paused; not at all if that process is gone by then.
    void inNode(NodeId id, std::uint64_t life, std::function<void(SimulatedNode&)> action);
    /// Asks a node that takesRequests().
    RequestId submit(NodeId id, const std::function<void(Core&, Now, RequestId)>& ask);
    /// No more faults: every node that can runs, and every link works. Pauses still end by themselves.
    void heal();
    std::int64_t pausesEndUs() const;
    /// What is wrong with the processes, whatever clients see; empty if nothing is.
    const std::string& problem() const { return m_problem; }
    /// Whether no change of the ring is in progress or waits, and every process has the same map; unless a member is gone that a change may need.
    bool ringIsSettled() const;
    bool healed() const { return m_healed; }

    Network& network() { return m_network; }
    Now nowAt(const SimulatedNode& node) const;
    /// A fault happened; counted, and told in the trace.
    template <typename... Parts>
    void fault(const std::string& name, const Parts&... parts)
    {
        ++m_faults[name];
        say(name, " ", parts...);
    }
    template <typename... Parts>
    void say(const Parts&... parts) const
    {
        if (!m_trace)
            return;
        std::cout << m_nowUs / 1000 << "." << (m_nowUs % 1000) / 100 << " ms ";
        (std::cout << ... << parts) << "\n";
    }
    void note(std::uint64_t value);
    std::uint64_t eventHash() const { return m_hash; }
    /// Ends all processes; then how often each fault happened and each rare branch of the protocol was taken.
    std::map<std::string, std::uint64_t> coverage();

private:
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

    void send(NodeId from, NodeId to, Message message);
    void deliver(NodeId from, NodeId to, std::uint64_t life, const Message& message);
    void beginTurn(NodeId id);
    void endTurn(NodeId id, std::uint64_t life);
    void carryOut(NodeId id);
    void noteEvictions(SimulatedNode& node, const PersistBatch& batch);
    bool crashesNow(NodeId id);
    void armTick(NodeId id);
    void waitEmpty(NodeId id);
    void onEvents(NodeId id, const std::vector<CoreEvent>& events);
    /// Whoever the map lists and isn't there yet begins with an empty disk.
    void addNewMembers();
    bool knowEachOther(NodeId a, NodeId b);
    void work(NodeId id);
    void endUntrusted(NodeId id);
    void startFailed(NodeId id, const Error& error);
    void connect(NodeId a, NodeId b);
    void greet(NodeId a, std::uint64_t lifeA, NodeId b, std::uint64_t lifeB);
    void heartbeat(NodeId id, std::uint64_t life);
    /// How a node fares at this time.
    Busy busyOf(NodeId id) const;
    void addBranches(const CoreCounters& counters);

    const std::uint64_t m_seed;
    const Parameters m_parameters;
    const OperationLogic& m_logic;
    const bool m_trace;
    Random m_random;
    Network m_network;
    const ClusterMapPtr m_firstMap;
    std::map<std::uint64_t, ClusterMapPtr> m_maps; ///< by revision, as the first process that used it had it
    std::string m_problem;
    Answers* m_answers = nullptr;
    std::int64_t m_nowUs = 1'000'000;
    std::uint64_t m_order = 0;
    std::priority_queue<std::shared_ptr<Event>, std::vector<std::shared_ptr<Event>>, Later> m_events;
    std::map<NodeId, SimulatedNode> m_nodes;
    std::map<std::string, std::uint64_t> m_faults;
    std::map<std::string, std::uint64_t> m_branches; ///< of processes that are gone
    bool m_healed = false;
    RequestId m_nextRequest = 0;
    std::uint64_t m_hash = 0x9e3779b97f4a7c15ULL;
};

} // namespace quoit::sim
