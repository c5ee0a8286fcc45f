// node/core/persistence.h - what the protocol asks of a disk: batches to make durable, records to look up, and the state of the start.
// Pure: node/store and the simulator implement it.
#pragma once

#include "node/core/record.h"
#include "shared/ring/cluster_map.h"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace quoit {

/// Numbers batches in the order in which they must become durable; 0: nothing to wait for.
using PersistSequence = std::uint64_t;

/// How much a node's disk still takes.
enum class DiskSpace : std::uint8_t {
    Ample,
    Short, ///< little is left, and kept for what frees some: deletes, expiry, eviction, changes of the ring
    None,  ///< what waits can't be written
};

/// A partition's durable numbers.
struct PartitionState
{
    PartitionIndex partition = 0;
    Ballot promised;
    Version floor;
};

/// A write that a replica missed, remembered by the home that saw it chosen.
struct Hint
{
    NodeId node = noNode; ///< who missed it
    Position position = 0;
    std::string key;
    Version version; ///< chosen

    bool operator==(const Hint&) const = default;
};

/// How far a peer's disk is known to have come; see node/core/peer_ledger.h.
struct PeerMark
{
    NodeId node = noNode;
    std::uint64_t incarnation = 0;
    std::uint64_t session = 0;
    std::uint64_t progress = 0;

    bool operator==(const PeerMark&) const = default;
};

/// A record that is no longer needed.
struct Removal
{
    Position position = 0;
    std::string key;
    Version version;

    bool operator==(const Removal&) const = default;
};

/// Becomes durable as a whole, after all batches with lower sequence, before any with a higher one.
struct PersistBatch
{
    PersistSequence sequence = 0;
    std::vector<PartitionState> partitions; ///< the newest state of each; at most one per partition
    std::vector<std::pair<Position, RecordPtr>> records; ///< each replaces the key's stored record; the last one of a key counts
    std::vector<Removal> removals; ///< removes the key's record if its version is not newer; what this batch brings included
    std::vector<Hint> hintsAdded;   ///< replaces the hint of the same (node, key)
    std::vector<Hint> hintsRemoved; ///< removes that (node, key) if its version is not newer than this one's
    std::vector<PeerMark> peers;    ///< each replaces that node's
    std::map<std::string, std::string> notes; ///< what a role keeps under a name of its own; each replaces that name's
    ClusterMapPtr map;              ///< null: unchanged

    bool empty() const
    {
        return partitions.empty() && records.empty() && removals.empty() && hintsAdded.empty() && hintsRemoved.empty() &&
               peers.empty() && notes.empty() && !map;
    }
};

/// What a node knows of itself before it may speak.
struct Identity
{
    std::string diskId;            ///< UUID of the data folder, made with it
    NodeId node = noNode;          ///< noNode: not part of a cluster yet
    std::uint64_t incarnation = 0; ///< already raised for this start, durably
};

/// Counters of one partition's stored records.
struct PartitionCounts
{
    std::uint64_t keys = 0;       ///< records that are not tombstones (expired ones count until they are replaced)
    std::uint64_t tombstones = 0;
    std::uint64_t bytes = 0;      ///< keys and values of those that are not tombstones
    Version highest;              ///< of any record held; none if there is none
};

/// What a store found when it was opened.
struct StoredState
{
    Identity identity;
    ClusterMapPtr map; ///< null before the cluster was created
    std::vector<PartitionState> partitions;   ///< only those that were ever stored; any order
    std::vector<PartitionCounts> counts;      ///< [P] by partition index; empty without a map
    std::vector<Hint> hints;
    std::vector<PeerMark> peers;
    std::map<std::string, std::string> notes;
    /// Counts the commits of batches over the whole life of the disk: that of the last one found. A disk that comes back with less than its
    /// node has told others was put back in time.
    std::uint64_t progress = 0;
};

/// One line of a listing: a record without its value.
struct RecordSummary
{
    Position position = 0;
    std::string key;
    Version version;
    bool tombstone = false;
    std::int64_t expiryMs = 0;
    std::uint64_t valueBytes = 0;
};

/// Where a look at expired keys ended; the default is in front of all.
struct ExpiryPlace
{
    std::int64_t expiryMs = 0;
    Position position = 0;

    auto operator<=>(const ExpiryPlace&) const = default;
};

/// What a look at expired keys has found.
struct ExpiredKeys
{
    std::vector<RecordSummary> keys; ///< ascending by (expiry, position); of each only position, key and expiry
    ExpiryPlace seenTo; ///< the next look goes on behind it
    bool isEnd = false; ///< there is nothing more
};

/// Looks up what is stored. Answers at once; sees every batch that was reported durable, and may or may not see later ones.
/// Called from one thread.
class RecordSource
{
public:
    virtual ~RecordSource() = default;
    /// @return null if the key has no record (a tombstone is a record).
    virtual RecordPtr find(Position position, std::string_view key) = 0;
    /// Summaries ascending by (position, key) with first ≤ position ≤ last, tombstones included, until `limit` is reached; then on to the end
    /// of that position, so that a next call may begin at the last position + 1.
    virtual std::vector<RecordSummary> list(Position first, Position last, std::size_t limit) = 0;
    /// Keys whose expiry is over, behind that place. Looks at no more than `limit`, > 0, those that meanwhile are something else included.
    virtual ExpiredKeys expired(std::int64_t nowMs, std::size_t limit, const ExpiryPlace& after = {}) = 0;
    /// The keys at these positions, ≤ expectedMax, will be asked for at once: a hint that changes no answer.
    virtual void expect(std::span<const Position>) {}
    static constexpr std::size_t expectedMax = 32;
};

} // namespace quoit
