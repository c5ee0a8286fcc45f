// node/core/home.h - a node's role as home: takes ballots, orders the writes of its partitions, finishes what others began
// (Paxos' proposer). Pure. Must not touch the disk by itself: everything goes through the replicas, its own included.
// Design: resources/docs/protocol.md, "Writing". Split: home.cpp (operations and ballots), home_key.cpp (one key's rounds),
// home_write.cpp (records on their way).
#pragma once

#include "node/core/context.h"
#include "node/core/hints.h"
#include "node/core/key_work.h"
#include "node/core/replica.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace quoit {

class Home
{
public:
    Home(Context& context, Replica& replica, Hints& hints);

    void handle(NodeId from, OperationRequest request);
    void handle(NodeId from, const PromiseReply& reply);
    void handle(NodeId from, const WriteReply& reply);
    /// @return false if the tag is none of this role's.
    bool handle(NodeId from, const ReadReply& reply);
    void handle(NodeId from, const RecallReply& reply);
    void handle(NodeId from, const HomeOffer& offer);

    /// The replica of this node has promised somebody's ballot: if it is above this node's own, this node is home no more.
    void onPromised(PartitionIndex partition, const Ballot& ballot);
    /// A peer became suspect: its partitions are taken over by the next one in preference order, rounds stop waiting for it.
    void onPeerLost(NodeId peer);
    void onTimer(const Timer& timer);
    /// The context has a new map of a new epoch: no ballot counts any more.
    void onAdopted();
    /// About once in 100 ms: takes partitions that nobody is home of, and offers others what they should be home of.
    void housekeeping();

    std::uint64_t homeCount() const { return m_homeCount; }
    Ballot ballotOf(PartitionIndex partition) const;
    /// @return the version of the last record under this home's ballot (its number is 0 before the first one), when nothing is under way in the
    /// partition: then everything up to it is chosen. Nothing if this node isn't home, or something is.
    std::optional<Version> quietVersion(PartitionIndex partition) const;
    /// Takes a ballot above this one, which a minority has promised, if nothing is under way in the partition.
    void takeAgain(PartitionIndex partition, const Ballot& promised);
    /// Ends being home where a majority has promised that ballot, if nothing is under way in the partition.
    void onDeposed(PartitionIndex partition, const Ballot& promised);
    bool isWorkingOn(PartitionIndex partition, const std::string& key) const;
    /// Makes all replicas agree on a key by writing again what a majority has, as a new version. Only while this node is home.
    void settleKey(PartitionIndex partition, const std::string& key);
    void addTo(CoreSizes& sizes) const;

private:
    enum class State : std::uint8_t { None, Promising, Active };
    /// Under one ballot: a late first attempt of one of these never runs.
    struct Retried
    {
        std::unordered_set<OperationId, OperationIdHash> ids;
        std::deque<OperationId> order; ///< oldest first
    };
    struct Partition
    {
        State state = State::None;
        Ballot ballot;                  ///< held, or asked for while Promising
        std::uint64_t highestRound = 0; ///< seen in any ballot of this partition
        std::uint64_t sequence = 0;     ///< of the last record under this ballot
        std::size_t waiting = 0;        ///< operations here, waiting or under way
        TimePoint unclaimedSince{};     ///< when somebody else was last promised, or this node was home, or asked in vain
        TimePoint offeredUntil{};       ///< operations wait meanwhile, so that the handover interrupts none
        TimePoint nextOffer{};          ///< not before
        int offers = 0;                 ///< in vain, under this ballot
        std::unordered_map<std::string, std::unique_ptr<KeyWork>> keys; ///< only those with operations
        std::vector<OperationRequest> untilHome; ///< came while Promising or offered
        std::unique_ptr<Retried> retried; ///< null: none yet. There are up to 16384 partitions, and an empty deque is 0.6 kB
    };
    struct PromiseRound
    {
        std::map<PartitionIndex, std::pair<Ballot, std::vector<NodeId>>> open; ///< not decided yet: ballot, who promised
    };
    /// Outlives its key's work: runs on until all replicas answered or the time is over, for hints and level `all`.
    struct WriteRound
    {
        PartitionIndex partition = 0;
        std::size_t bytes = 0; ///< of key and value
        RecordPtr record;
        std::vector<NodeId> written;
        std::vector<NodeId> failed;  ///< refused, not asked, or lost
        bool chosen = false;
        std::vector<OperationReply> whenEverywhere; ///< to their coordinators, for level `all`
    };

    // home.cpp: ballots
    void takeOver(const std::vector<PartitionIndex>& partitions);
    void becomeHome(PartitionIndex partition);
    void stopBeingHome(PartitionIndex partition, const Ballot& successor);
    void noteRound(PartitionIndex partition, const Ballot& ballot);
    bool isPromising(PartitionIndex partition, const Ballot& ballot) const;
    void finishPromise(Tag tag);
    NodeId successorOf(PartitionIndex partition) const;
    /// Hands back what somebody preferred can take; a strained node gives away.
    void offerToOthers();
    // home.cpp: operations
    void admit(OperationRequest request);
    void admitWaiting(PartitionIndex partition);
    bool hasOtherHome(PartitionIndex partition, bool frees) const;
    /// Whether the replicas with space for a write are no majority. @param frees  see Context::takesWrites
    bool tooFewDisks(PartitionIndex partition, bool frees) const;
    void reply(const OperationRequest& request, OperationOutcome outcome, std::string result = {}, RecordPtr record = {});
    OperationReply makeReply(const OperationRequest& request, OperationOutcome outcome, std::string result, RecordPtr record);

    // home_key.cpp: one key's rounds
    void advance(KeyWork& work);
    void startRound(KeyWork& work, KeyWork::Phase phase);
    void onRoundAnswered(KeyWork& work);
    bool mayLearnMore(const KeyWork& work) const;
    void onFound(KeyWork& work, bool confirming);
    void onRecalled(KeyWork& work);
    void compute(KeyWork& work);
    bool evict(KeyWork& work, KeyState& state);
    void answerUnchanged(KeyWork& work);
    void putBack(KeyWork& work, std::size_t from);
    void settle(KeyWork& work);
    /// What a record of this key says in any case. @param record  empty; borrows from the work
    void derive(const KeyWork& work, Record& record);
    KeyWork* workOf(Tag tag);
    void finishIfIdle(KeyWork& work);

    // home_write.cpp: records on their way
    /// @param record  borrows
    void write(KeyWork& work, const Record& record, std::span<const CarriedOperation> operations = {});
    void onWriteProgress(Tag tag);
    void onChosen(WriteRound& round);
    void finishRound(Tag tag);
    WriteRound takeRound(std::unordered_map<Tag, WriteRound>::iterator found);
    TimePoint roundEnd() const;
    void finishBatch(KeyWork& work, WriteRound* round);

    Context& m_context;
    Replica& m_replica;
    Hints& m_hints;
    std::vector<Partition> m_partitions; ///< [P]
    std::map<Tag, PromiseRound> m_promises;
    std::unordered_map<Tag, WriteRound> m_writes;
    std::uint64_t m_writeBytes = 0; ///< of m_writes
    std::unordered_map<Tag, std::pair<PartitionIndex, std::string>> m_keyRounds;
    std::uint64_t m_homeCount = 0;
    TimePoint m_started;
    std::map<NodeId, std::uint64_t> m_handedOver; ///< partitions, by new home, that no event has told of yet
    TimePoint m_handedOverTold{};
};

} // namespace quoit
