// node/core/evictor.h - which keys leave when a replica holds more than it may: decided by their homes, each for its own partitions, and carried
// out by ordinary writes. Pure. Design: resources/docs/protocol.md, "Eviction".
//
// A home samples its keys, keeps the coldest in a pool, asks the other replicas how those were used with them (a read need not meet the home), and
// evicts the coldest of what comes back.
#pragma once

#include "node/core/home.h"
#include "node/core/replica.h"

#include <map>
#include <set>
#include <utility>
#include <vector>

namespace quoit {

class Evictor
{
public:
    /// In the counter of the operations by which keys are evicted.
    static constexpr std::uint64_t evictingBit = std::uint64_t(1) << 61;

    Evictor(Context& context, Replica& replica, Home& home, RecordSource& records);

    void setRoom(const RoomLimit& room);
    void heard(NodeId from, const Heartbeat& heartbeat);
    void handle(NodeId from, const UseReply& reply);
    /// An eviction is over.
    void handle(const OperationReply& reply);
    void onTimer(const Timer& timer);
    void onPeerLost(NodeId peer);
    void onAdopted();
    /// About once in 100 ms.
    void housekeeping();
    /// To be called often: begins to evict if some node holds too much. Does nothing twice in a millisecond.
    void turn();

    std::size_t underWay() const { return m_evicting.size() + m_rounds.size(); }

private:
    struct Candidate
    {
        std::uint64_t score = 0; ///< the lowest leaves first
        Position position = 0;
        bool expires = false;

        auto operator<=>(const Candidate&) const = default;
    };
    /// Candidates whose uses are being asked for.
    struct Round
    {
        std::vector<Candidate> candidates;
        std::map<NodeId, std::vector<std::size_t>> open; ///< who has not answered; what it was asked for, as indexes of the candidates
        std::size_t wanted = 0;     ///< how many are to go
    };
    struct Evicting
    {
        Position position = 0;
        PartitionIndex partition = 0;
        std::uint64_t bytes = 0;
    };

    bool isPressed() const;
    void computeShares();
    void computeNeeds();
    bool isNeeded(PartitionIndex partition) const;
    std::uint64_t averageBytes() const;
    std::size_t recordsFor(std::uint64_t bytes) const;
    std::uint64_t scoreOf(Position position) const;
    bool mayLeave(Position position) const;
    void sample(std::size_t count);
    void sampleTable(bool expires);
    void sampleStore();
    void add(Position position, bool expires);
    std::vector<Candidate> takeColdest(std::size_t count);
    bool askForColdest(std::size_t wanted);
    void ask(std::vector<Candidate> candidates, std::size_t wanted);
    void decide(Round round);
    bool evictAt(Position position);
    bool evict(const RecordSummary& record);
    bool evictEarliestEnding(std::size_t wanted);

    Context& m_context;
    Replica& m_replica;
    Home& m_home;
    RecordSource& m_records;

    // Of about now.
    TimePoint m_sharesOf{};
    std::map<NodeId, std::uint64_t> m_heldBytes; ///< by each node, of this home's partitions
    std::vector<PartitionIndex> m_partitions;    ///< this home's, with keys
    // As of this turn.
    std::map<NodeId, std::int64_t> m_needs; ///< bytes that this home is to take away from each node; only those of nodes with too much

    std::set<Candidate> m_pool;
    std::set<Position> m_busy; ///< in the pool, asked about, or being evicted
    std::map<Tag, Round> m_rounds;
    std::map<std::uint64_t, Evicting> m_evicting; ///< by the operation's counter
    std::uint64_t m_counter = 0;
    ExpiryPlace m_endsSeen;
    TimePoint m_lastTurn{};
    TimePoint m_lastFound{};
};

} // namespace quoit
