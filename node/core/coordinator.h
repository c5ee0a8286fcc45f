// node/core/coordinator.h - a node's role towards its clients: finds homes, retries safely, reads from majorities.
// Pure. Design: resources/docs/protocol.md, "Reading" and "Writing". Split: coordinator.cpp (operations), coordinator_read.cpp
// (reads and locating), coordinator_scan.cpp (scans and counts).
#pragma once

#include "node/core/context.h"
#include "node/core/replica_choice.h"

#include <deque>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace quoit {

class Coordinator
{
public:
    explicit Coordinator(Context& context);

    void write(RequestId request, std::string key, std::string operation, Level level);
    void read(RequestId request, std::string key, Level level);
    void scan(RequestId request, Position first, std::uint32_t count);
    void count(RequestId request);
    void locate(RequestId request, std::string key);

    void handle(NodeId from, OperationReply reply);
    void handle(NodeId from, const ReadReply& reply);
    void handle(NodeId from, const ScanReply& reply);
    void handle(NodeId from, const CountReply& reply);
    void onPeerLost(NodeId peer);
    /// The context has a new map of a new epoch: everything is asked again.
    void onAdopted();
    /// The node is no member any more and nobody answers it: whatever is in flight is answered now. Again for what was asked later.
    void onRemoved();
    /// A replica that was away remembers no operations: what is believed of its partitions is asked for anew, so that the next
    /// operations' `after` is behind all that it has forgotten.
    void onPeerConnected(NodeId peer);
    void onTimer(const Timer& timer);

    /// Requests on keys since the last call, [P]; then reset. A read counts as much as a write: most of them never reach a home.
    std::vector<std::uint32_t> takeLoads();
    std::uint64_t inFlight() const { return m_operations.size() + m_reads.size() + m_scans.size() + m_counts.size(); }

private:
    static constexpr Milliseconds scanAskAgain{100};

    /// What is believed of a partition's home.
    struct Binding
    {
        Ballot ballot; ///< none: not known
        bool isPromised = false; ///< a majority has promised it
        TimePoint refreshed{};
        Version seen;  ///< highest version of the partition in any answer
    };
    struct Operation
    {
        std::vector<RequestId> requests; ///< one for a write; a read's waiters
        std::string key;
        std::string operation;
        PartitionIndex partition = 0;
        bool read = false;
        bool everyReplica = false;
        std::uint32_t attempt = 0;
        std::uint32_t restarts = 0; ///< attempts that surely did not run
        std::uint32_t refusals = 0; ///< attempts that were interrupted; pauses grow with them
        NodeId target = noNode;
        NodeId avoided = noNode;    ///< gave no answer, or one that names no home
        bool underWay = false;
        bool mayHaveRun = false;    ///< from now on: a retry
        bool retried = false;       ///< a retry was sent: unchanged answers of earlier attempts don't count [14]
        bool bound = false;         ///< the first attempt names a ballot: it may run
        Version after;
        bool queued = false; ///< waits for its turn
        std::size_t bytes = 0; ///< of a write's key and operation
        TimePoint deadline; ///< set by start() unless the request has one already
    };
    enum class ReadMode : std::uint8_t { Quorum, One, All, Locate };
    struct Answer
    {
        NodeId from;
        ReadReply reply;
    };
    struct ReadRound
    {
        ReadMode mode = ReadMode::Quorum;
        std::string key;
        PartitionIndex partition = 0;
        std::vector<RequestId> requests; ///< answered by this round
        std::vector<RequestId> next;     ///< came after it began
        std::vector<NodeId> asked;
        std::vector<Answer> answers;
        NodeId fetching = noNode; ///< asked for the whole record after versions were known
        NodeId fetchedInVain = noNode; ///< asked for it before
        bool fetchQueued = false;      ///< not asked yet: other values come first
        std::uint64_t fetchBytes = 0;  ///< of the value that is fetched
        TimePoint fetchDue{};          ///< of a large one: not asked for again before
        Milliseconds patience{};       ///< by so much the deadline is later for its sake
        bool widened = false;     ///< all that can be reached were asked
        std::size_t askedFirst = 0; ///< of `asked`: those that were asked when it began, the others when it was widened
        TimePoint began{};
        TimePoint widenedAt{};
        TimePoint deadline; ///< of the request that has waited longest
        TimePoint nextDeadline;
    };
    struct ScanState
    {
        RequestId request = 0;
        Position first = 0;
        std::uint32_t wanted = 0;
        std::uint32_t asked = 0; ///< summaries per replica; more where most are of deleted keys
        std::uint32_t partitionsLeft = 0;
        PartitionIndex partition = 0;
        std::map<NodeId, ScanReply> answers;
        std::vector<RecordSummary> found;
        TimePoint endsAfter; ///< a page that has got on by then is answered with what there is
        TimePoint deadline;
    };
    struct CountState
    {
        RequestId request = 0;
        std::set<NodeId> waiting;
        std::map<NodeId, CountReply> answers;
    };

    // coordinator.cpp
    void start(Operation operation);
    void startQueued();
    bool hasRoomFor(const Operation& operation) const;
    void attempt(std::uint64_t counter, Operation& operation);
    NodeId targetOf(const Operation& operation) const;
    void again(std::uint64_t counter, Operation& operation, bool pause);
    void finish(std::uint64_t counter, CompletionStatus status, std::string result = {}, RecordPtr record = {});
    void complete(RequestId request, CompletionStatus status, std::string result = {}, RecordPtr record = {});
    void learn(NodeId from, PartitionIndex partition, const Ballot& ballot, const Version& latest);
    void expireOperation(std::uint64_t counter);

    // coordinator_read.cpp
    ReadRound& openRead(Tag tag, ReadMode mode, std::string key, RequestId request);
    void nameQuorumRead(const std::string& key, Tag tag);
    void closeRead(Tag tag, const ReadRound& round);
    void startRead(Tag tag, ReadRound& round);
    void ask(Tag tag, ReadRound& round, NodeId node, bool whole);
    void widen(Tag tag, ReadRound& round);
    /// @return false if nobody is left to be asked, or the budget is spent
    bool hedge(Tag tag, ReadRound& round);
    /// What the round has told about the replicas' speed.
    void noteSpeed(const ReadRound& round);
    void evaluate(Tag tag, ReadRound& round);
    void evaluateQuorum(Tag tag, ReadRound& round);
    void fetch(Tag tag, ReadRound& round, const Version& version);
    void sendFetch(Tag tag, const ReadRound& round);
    void endFetch(ReadRound& round);
    void answerRead(Tag tag, ReadRound& round, const ReadReply& reply);
    void repair(const ReadRound& round, const RecordPtr& record);
    void throughHome(Tag tag, ReadRound& round);
    void finishRead(Tag tag, ReadRound& round, CompletionStatus status, const RecordPtr& record);
    void finishLocate(Tag tag, ReadRound& round);
    void onReadTimer(Tag tag);

    // coordinator_scan.cpp
    void askScan(Tag tag, ScanState& scan);
    bool mergeScan(ScanState& scan);
    void finishScan(Tag tag, CompletionStatus status);
    void finishCount(Tag tag);

    Context& m_context;
    bool m_isRemoved = false; ///< what is asked now is refused at once
    std::vector<Binding> m_bindings; ///< [P]
    TimePoint m_lastRefresh = TimePoint::min(); ///< of any of them
    std::vector<std::uint32_t> m_loads; ///< [P] requests since takeLoads()
    std::uint64_t m_operationCounter = 0;
    std::unordered_map<std::uint64_t, Operation> m_operations; ///< by counter
    std::uint64_t m_writeBytes = 0;  ///< of operations that have begun
    std::uint64_t m_queuedBytes = 0; ///< of those that wait for their turn
    std::deque<std::uint64_t> m_queue; ///< their counters, and of some that are over
    std::unordered_map<Tag, ReadRound> m_reads;
    std::uint64_t m_fetchBytes = 0;         ///< of values that are being fetched
    std::uint64_t m_fetchesQueuedBytes = 0; ///< of those that wait for their turn
    std::deque<Tag> m_fetches;              ///< their rounds, and some that are over
    std::unordered_map<std::string, Tag> m_quorumReads; ///< the round in flight for a key
    // Rounds that are over, for the next ones: their memory is the better part of what a read would allocate.
    std::vector<decltype(m_reads)::node_type> m_spareReads;
    std::vector<decltype(m_quorumReads)::node_type> m_spareNames;
    std::unordered_map<Tag, ScanState> m_scans;
    std::unordered_map<Tag, CountState> m_counts;
    ReplicaChoice m_choice;
};

} // namespace quoit
