// node/core/messages.h - everything that one node says to another, as values. node/peer turns them into bytes.
// Pure. Design: resources/docs/protocol.md, "Messages between nodes". All are idempotent but OperationRequest, which a link never doubles.
//
// A tag names a round at the node that asked, never used again by that process or a later one of it; the answer carries it back.
#pragma once

#include "node/core/eviction_messages.h"
#include "node/core/map_messages.h"
#include "node/core/persistence.h"
#include "node/core/repair_messages.h"
#include "node/core/strain.h"

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace quoit {

struct PartitionBallot
{
    PartitionIndex partition = 0;
    Ballot ballot;

    bool operator==(const PartitionBallot&) const = default;
};

struct PromiseRequest
{
    Tag tag = 0;
    std::vector<PartitionBallot> partitions; ///< ascending by partition
    bool operator==(const PromiseRequest&) const = default;
};
/// One answer per partition asked, in that order: promised equals the ballot asked for, or is the higher one that forbids it.
struct PromiseReply
{
    Tag tag = 0;
    std::vector<PartitionBallot> promised;
    bool operator==(const PromiseReply&) const = default;
};

/// Store a record under the ballot of its version.
struct WriteRequest
{
    Tag tag = 0;
    PartitionIndex partition = 0;
    RecordPtr record;
};
struct WriteReply
{
    Tag tag = 0;
    ReplicaStatus status = ReplicaStatus::Ok;
    Ballot promised; ///< when Refused
    bool operator==(const WriteReply&) const = default;
};

struct ReadRequest
{
    Tag tag = 0;
    PartitionIndex partition = 0;
    std::string key;
    Ballot ballot;      ///< none: a plain read; else promise it first
    bool whole = false; ///< the record, or its version only
    bool brief = false; ///< without the record if its value is larger than CoreOptions::valueAheadMax
    bool operator==(const ReadRequest&) const = default;
};
/// What a replica holds of a key. Absent with floor F equals a tombstone of any version ≤ F.
struct ReadReply
{
    Tag tag = 0;
    ReplicaStatus status = ReplicaStatus::Ok;
    bool present = false; ///< it has a record, maybe a tombstone
    bool tombstone = false;
    Version version;
    std::int64_t expiryMs = 0;
    std::uint64_t valueBytes = 0;
    Version floor;
    Ballot promised;  ///< when Refused
    RecordPtr record; ///< when present and the whole was asked for; see ReadRequest::brief
};

struct RecallRequest
{
    Tag tag = 0;
    PartitionIndex partition = 0;
    Ballot ballot;
    std::string key;
    OperationId operation;
    Version after; ///< the highest version of the partition that the coordinator had seen when it first sent the operation
    bool operator==(const RecallRequest&) const = default;
};
struct RememberedResult
{
    Version version; ///< of a record that carried the operation
    std::string result;
    bool operator==(const RememberedResult&) const = default;
};
/// The records of some key under a ballot were built, one on the other, on that record of an earlier one.
struct BuiltOn
{
    Ballot ballot;
    Version base;
    bool operator==(const BuiltOn&) const = default;
};
struct RecallReply
{
    ReadReply read; ///< whole
    std::vector<RememberedResult> remembered; ///< ascending by version
    bool sure = false; ///< nothing newer than `after` was forgotten
    std::vector<BuiltOn> ancestry; ///< of the key, as far as it is remembered; in no order
};

/// A chosen record for a replica that may lack it. Tag 0: no answer wanted.
struct LearnRequest
{
    Tag tag = 0;
    PartitionIndex partition = 0;
    RecordPtr record;
};
struct LearnReply
{
    Tag tag = 0;
    ReplicaStatus status = ReplicaStatus::Ok;
    bool operator==(const LearnReply&) const = default;
};

/// A client's operation, from its coordinator to a home.
struct OperationRequest
{
    OperationId id;
    std::uint32_t attempt = 0; ///< 1, 2, … of this operation; the answer carries it back
    PartitionIndex partition = 0;
    std::string key;
    std::string operation; ///< for OperationLogic; empty: read the record
    Ballot believed;       ///< the home must be bound to exactly this one; not looked at for reads and retries
    Version after;         ///< see RecallRequest
    bool read = false;     ///< changes nothing, whatever happens: may be run any number of times
    bool retry = false;
    bool everyReplica = false; ///< answer only when all replicas have it (level `all`)
    bool settle = false;       ///< with read: write the value again as a new version. Only from a home to itself, never sent
    Version evicts;            ///< with read: the key goes if it still has this version, and nobody else wants it. Likewise
    bool operator==(const OperationRequest&) const = default;
};
enum class OperationOutcome : std::uint8_t {
    Changed = 0,     ///< done, and on a majority
    Unchanged = 1,   ///< done; it changed nothing and left no trace
    NotBound = 2,    ///< surely not run; ballot and latest say what to believe now (none: ask another replica)
    Interrupted = 3, ///< may or may not have run
    Unknown = 4,     ///< can't be known any more
    Busy = 5,        ///< surely not run by this attempt: too much waits
    StorageFull = 6, ///< surely not run by this attempt: too few replicas have space on their disks for it
    NotEverywhere = 7, ///< done and on a majority, but not on every replica as level `all` asks
    NoRoom = 8,        ///< surely not run by this attempt: it adds data, and a replica holds all that it may
    Alone = 9,         ///< surely not run by this attempt: the other replicas have been down for long, as this one sees it
};
struct OperationReply
{
    OperationId id;
    std::uint32_t attempt = 0;
    OperationOutcome outcome = OperationOutcome::Changed;
    std::string result; ///< RESP3 bytes
    RecordPtr record;   ///< for reads: what is there; null for an absent key
    Ballot ballot;      ///< of the home
    Version latest;     ///< the highest version of the partition that the home knows
};

/// "You are preferred to me as home of these, or I am strained and you aren't, and nothing waits": an invitation to take over.
struct HomeOffer
{
    std::vector<PartitionIndex> partitions; ///< ascending
    bool operator==(const HomeOffer&) const = default;
};

struct Heartbeat
{
    std::uint64_t sequence = 0;
    DiskSpace disk = DiskSpace::Ample;
    std::uint64_t progress = 0; ///< of the sender's disk; see node/core/peer_ledger.h
    std::uint64_t revision = 0; ///< of the sender's map
    std::uint64_t usedBytes = 0; ///< what it holds; see RoomLimit
    std::uint64_t bytesMax = 0;  ///< what it may hold; 0: no limit
    std::string figures; ///< opaque here: node/server's load figures
    Busy busy;
    bool operator==(const Heartbeat&) const = default;
};

struct ScanRequest
{
    Tag tag = 0;
    PartitionIndex partition = 0;
    Position first = 0; ///< within the partition
    std::uint32_t limit = 0;
    bool whole = false; ///< with the records; at most about 1 MiB of them, one at least
    Position last = ~Position(0); ///< the partition's end if that comes before
    bool operator==(const ScanRequest&) const = default;
};
struct ScanReply
{
    Tag tag = 0;
    ReplicaStatus status = ReplicaStatus::Ok;
    std::vector<RecordSummary> records; ///< ascending by (position, key), tombstones included
    Position coveredTo = 0;             ///< all that it holds from `first` up to here is listed
    Version floor;
    std::vector<RecordPtr> whole;       ///< of those, when asked for
};

struct CountRequest
{
    Tag tag = 0;
    bool operator==(const CountRequest&) const = default;
};
struct PartitionCount
{
    PartitionIndex partition = 0;
    std::uint64_t keys = 0;
    Version highest;
    bool operator==(const PartitionCount&) const = default;
};
/// Of every partition that the answering node replicates; ascending.
struct CountReply
{
    Tag tag = 0;
    std::vector<PartitionCount> counts;
    bool operator==(const CountReply&) const = default;
};

/// The last word on a link: why the sender won't have the receiver as a peer, a sentence for people.
struct Farewell
{
    std::string reason;
    bool operator==(const Farewell&) const = default;
};

using MessageBody = std::variant<PromiseRequest, PromiseReply, WriteRequest, WriteReply, ReadRequest, ReadReply, RecallRequest, RecallReply,
                                 LearnRequest, LearnReply, OperationRequest, OperationReply, HomeOffer, Heartbeat, ScanRequest, ScanReply,
                                 CountRequest, CountReply, MapPush, MapRequest, Farewell, MapPrepareRequest, MapPrepareReply,
                                 MapAcceptRequest, MapAcceptReply, ChangeReportRequest, ChangeReportReply, TreeRequest, TreeReply,
                                 FloorRequest, FloorReply, FloorFact, UseRequest, UseReply>;

/// A message and the epoch of its sender's map.
struct Message
{
    Epoch epoch = 0;
    MessageBody body;
};

} // namespace quoit
