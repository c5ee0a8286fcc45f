// node/core/repair.h - a home's part in keeping the replicas of its partitions the same: compares their hash trees,
// finds the keys that differ, and mends them one by one. What was missed and not hinted is found here. Pure. Must not
// send a record that isn't known to be chosen [15]; what isn't is settled by the home. Design:
// resources/docs/protocol.md, "Repair". Split: repair.cpp (trees: where and when), repair_keys.cpp (listings and single
// keys).
#pragma once

#include "node/core/context.h"
#include "node/core/floor_keeper.h"
#include "node/core/home.h"
#include "node/core/replica.h"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace quoit {

class Repair
{
public:
    Repair(Context& context, Replica& replica, Home& home, Hints& hints, FloorKeeper& floors);

    /// About every 100 ms: begins what is due, ends what takes too long.
    void turn();
    void handle(NodeId from, const TreeReply& reply);
    /// These return false if the tag is none of this role's.
    bool handle(NodeId from, const ScanReply& reply);
    bool handle(NodeId from, const ReadReply& reply);
    bool handle(NodeId from, const LearnReply& reply);
    void onPeerUp(NodeId peer);
    void onPeerLost(NodeId peer);
    /// The context has a map of a new epoch.
    void onAdopted();
    /// The replicas of this partition differ, somebody says.
    void hasten(PartitionIndex partition);

    RepairState state() const;
    void addTo(CoreSizes& sizes) const;

private:
    static constexpr std::size_t comparisonsMax = 16; ///< at a time
    static constexpr std::size_t keysMax = 64;        ///< at a time, of all comparisons

    enum class Standing : std::uint8_t { Unknown, Same, Differs };
    /// A partition whose home this node is.
    struct Watched
    {
        Ballot ballot; ///< none: this node isn't home
        TimePoint due{};
        std::map<NodeId, Standing> standing;
    };
    struct Peer
    {
        std::uint64_t count[3] = {}; ///< partitions by Standing
        std::uint64_t keysRepaired = 0;
        TimePoint sameSince{};
        bool returned = false; ///< its hints come first
    };
    enum class Step : std::uint8_t { Looking, Pausing, Listing, Keys };
    /// Of one partition, from the first look at the trees until its keys are mended.
    struct Comparison
    {
        PartitionIndex partition = 0;
        Ballot ballot;
        Step step = Step::Looking;
        Tag tag = 0; ///< of the answers waited for
        int looks = 0;
        std::set<NodeId> waiting;
        TimePoint deadline;
        std::map<NodeId, std::uint64_t> differing; ///< who, and in which leaves (a bit each)
        std::uint64_t leaves = 0;                  ///< to be listed still
        Position next = 0;                         ///< in the first of them
        std::map<NodeId, ScanReply> listings;
        std::deque<std::string> keys; ///< to be looked at
        std::size_t keysOpen = 0;
        bool mended = false; ///< something was done about a difference
        bool again = false;  ///< somebody couldn't tell
    };
    enum class KeyStep : std::uint8_t { Asking, Fetching, Teaching };
    struct KeyRound
    {
        PartitionIndex partition = 0;
        std::string key;
        KeyStep step = KeyStep::Asking;
        std::set<NodeId> waiting;
        std::map<NodeId, ReadReply> answers;
        std::vector<NodeId> behind;
        Version chosen;
        TimePoint deadline;
    };

    // repair.cpp
    void noticeHomes();
    void stopWatching(PartitionIndex partition);
    void setStanding(PartitionIndex partition, NodeId node, Standing standing);
    void noteReturns();
    void endOverdue();
    void begin(PartitionIndex partition);
    void look(Comparison& comparison, const std::vector<NodeId>& peers);
    void onTree(Comparison& comparison, NodeId from, const TreeReply& reply);
    void onLooked(Comparison& comparison);
    void finish(PartitionIndex partition);
    void abandon(PartitionIndex partition);
    Comparison* comparisonOf(Tag tag);
    TimePoint deadline() const { return m_context.now.monotonic + m_context.options.roundTimeout; }

    // repair_keys.cpp
    void listNext(Comparison& comparison);
    void onListed(Comparison& comparison);
    void pump(Comparison& comparison);
    void askKey(Comparison& comparison, const std::string& key);
    void judgeKey(Tag tag);
    void settleKey(Tag tag);
    void teach(Tag tag, const RecordPtr& record);
    void endKey(Tag tag, bool mended);

    Context& m_context;
    Replica& m_replica;
    Home& m_home;
    Hints& m_hints;
    FloorKeeper& m_floors;
    std::vector<Watched> m_watched; ///< [P]
    std::map<NodeId, Peer> m_peers;
    std::map<PartitionIndex, Comparison> m_comparisons;
    std::map<Tag, KeyRound> m_keys;
    std::int64_t m_keysAllowed = 0; ///< until the next turn
    PartitionIndex m_next = 0;
};

} // namespace quoit
