// node/core/floor_keeper.h - a home's part in forgetting what was deleted: finds out that all replicas of a partition
// hold the same up to a version, and tells them, so that each may drop its tombstones up to there. Pure. Must not raise
// a floor without the word of every replica [16]. Design: resources/docs/protocol.md, "Deletes and the floor".
#pragma once

#include "node/core/context.h"
#include "node/core/home.h"
#include "node/core/replica.h"

#include <map>
#include <set>
#include <vector>

namespace quoit {

class FloorKeeper
{
public:
    FloorKeeper(Context& context, Replica& replica, Home& home);

    /// About every 100 ms: tries what is due, tells again who has not heard.
    void turn();
    void handle(NodeId from, const FloorReply& reply);
    /// @return false if the tag is none of this role's.
    bool handle(NodeId from, const LearnReply& reply);
    void onPeerLost(NodeId peer);
    /// The context has a map of a new epoch.
    void onAdopted();
    /// A replica has a floor other than this node's: whoever has the lower one is told of the higher one, which all are
    /// free to know.
    void level(PartitionIndex partition, NodeId node, const Version& theirs);

    /// Partitions whose replicas were found to differ since the last call.
    std::set<PartitionIndex> takeUnequal() { return std::exchange(m_unequal, {}); }

private:
    static constexpr std::size_t attemptsMax = 32;
    static constexpr std::size_t startedPerTurn = 64;

    struct Attempt
    {
        Tag tag = 0;
        Version floor;
        std::map<NodeId, FloorReply> answers;
        std::set<NodeId> refused;
        Ballot promised; ///< the highest that they named
        TimePoint deadline;
    };
    /// Established, and not yet heard of by all.
    struct Fact
    {
        Tag tag = 0;
        Version floor;
        std::set<NodeId> missing;
        TimePoint next; ///< when to tell them again
    };
    struct Pace
    {
        TimePoint last{};           ///< attempt
        std::uint32_t failures = 0; ///< since the last success
        Ballot ballot;              ///< of this node as home, when it was last looked at
        TimePoint homeSince{};      ///< under that ballot, about
    };

    bool isEnough(PartitionIndex partition, const std::vector<NodeId>& nodes) const;
    bool mayTry(PartitionIndex partition) const;
    void noteHome(PartitionIndex partition);
    bool isHomeForLong(PartitionIndex partition) const;
    void start(PartitionIndex partition, const Version& floor);
    void judge(PartitionIndex partition);
    void judgeRefusals(PartitionIndex partition);
    void end(PartitionIndex partition, bool raised);
    void tell(PartitionIndex partition, Fact& fact);

    Context& m_context;
    Replica& m_replica;
    Home& m_home;
    std::vector<Pace> m_pace; ///< [P]
    PartitionIndex m_next = 0;
    std::map<PartitionIndex, Attempt> m_attempts;
    std::map<PartitionIndex, Fact> m_facts;
    std::set<PartitionIndex> m_unequal;
};

} // namespace quoit
