// node/core/replica.h - a node's role for the partitions that it stores: promises, accepts, remembers (Paxos' acceptor).
// Pure. Must not judge expiry, choose values or copy records by itself. Design: resources/docs/protocol.md, "What a replica stores".
// Split: replica.cpp (records), replica_upkeep.cpp (hash trees, floors, what goes through the records in the background).
#pragma once

#include "node/core/access_table.h"
#include "node/core/ancestry.h"
#include "node/core/context.h"
#include "node/core/hash_tree.h"
#include "node/core/operation_memory.h"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace quoit {

class Replica
{
public:
    static constexpr const char* noteName = "leftovers";

    /// @param note what an earlier process left under noteName; empty: nothing
    /// @param onPromised called whenever a partition's promise rises, so that a home of this node that it deposes can stop.
    Replica(Context& context, RecordSource& records, const StoredState& stored, const std::string& note,
            std::function<void(PartitionIndex, const Ballot&)> onPromised);

    void handle(NodeId from, const PromiseRequest& request);
    void handle(NodeId from, const WriteRequest& request);
    void handle(NodeId from, const ReadRequest& request);
    void handle(NodeId from, const RecallRequest& request);
    void handle(NodeId from, const LearnRequest& request);
    void handle(NodeId from, const ScanRequest& request);
    void handle(NodeId from, const CountRequest& request);
    void handle(NodeId from, const TreeRequest& request);
    void handle(NodeId from, const FloorRequest& request);
    void handle(NodeId from, const FloorFact& fact);
    void handle(NodeId from, const UseRequest& request);
    void onTimer(const Timer& timer);

    /// A record that a change of the ring brings here, chosen or not; not subject to the floor [19]. @return false if it is no news
    bool copy(PartitionIndex partition, const RecordPtr& record);
    /// The floor of the replicas before a change, taken over by one that comes in.
    void raiseFloor(PartitionIndex partition, const Version& floor);
    /// The context has a new map.
    void onAdopted(const ClusterMap& before);

    /// Batches up to this one are durable: what waited in memory can be read from the store.
    void persisted(PersistSequence upTo);
    void prune();
    void addTo(CoreSizes& sizes) const;

    /// The newest record of a key that this replica accepted, durable or not yet; null if it has none.
    RecordPtr find(std::string_view key) const;
    const Ballot& promised(PartitionIndex partition) const { return m_partitions[partition].promised; }
    const Version& floor(PartitionIndex partition) const { return m_partitions[partition].floor; }
    /// The highest version of the partition that this replica ever held.
    const Version& highest(PartitionIndex partition) const { return m_counts[partition].highest; }
    const PartitionCounts& counts(PartitionIndex partition) const { return m_counts[partition]; }
    /// Whether the partition can't be used yet, because what it held before it moved away is still being removed.
    bool hasLeftovers(PartitionIndex partition) const { return !m_leftovers.empty() && m_leftovers.count(partition) > 0; }
    const HashTrees& trees() const { return m_trees; }
    /// When and how often keys were used here; nothing unless eviction asks for it.
    KeyUses& uses() { return m_uses; }
    std::uint32_t usesClockMs() const { return static_cast<std::uint32_t>(usesClockMs64()); }
    std::uint64_t usesClockMs64() const;
    /// Living keys of all partitions that it holds.
    std::uint64_t keys() const { return m_keys; }

private:
    struct Partition
    {
        Ballot promised;
        Version floor;
        PersistSequence promiseSequence = 0; ///< the batch that makes `promised` durable
        PersistSequence floorSequence = 0;   ///< … `floor`
    };
    struct Pending
    {
        RecordPtr record;
        PersistSequence sequence = 0;
    };
    struct Found
    {
        RecordPtr record;
        PersistSequence sequence = 0; ///< 0: durable
    };

    struct Page
    {
        std::vector<RecordSummary> records;
        Position covered = 0; ///< up to which nothing is missing
    };

    /// Of what it may serve: not before what is left of an earlier time is gone.
    bool isReplica(PartitionIndex partition) const;
    /// Whether what an answer would wait for may not become durable for hours: the disk is full.
    bool isStuck(PersistSequence sequence) const
    {
        return m_context.disk == DiskSpace::None && sequence > m_context.outbox.durable();
    }
    /// Whether there is space on the disk for this record in place of what is there.
    bool hasSpaceFor(const Record& record) const;
    bool promise(PartitionIndex partition, const Ballot& ballot);
    Found lookUp(std::string_view key) const;
    PersistSequence store(PartitionIndex partition, const Found& stored, const RecordPtr& record);
    /// Stores the record if it is newer than what is there. @param sequence what the answer must wait for.
    ReplicaStatus accept(PartitionIndex partition, const RecordPtr& record, PersistSequence& sequence);
    void fill(ReadReply& reply, PartitionIndex partition, const RecordPtr& record, bool whole) const;
    void addWhole(ScanReply& reply) const;
    void count(PartitionIndex partition, const Record* before, const Record& after);
    void noteUse(const Record& record);

    // replica_upkeep.cpp
    PersistSequence heldSequence() const;
    void applyFloor(PartitionIndex partition, const Version& floor);
    void armUpkeep();
    bool hasUpkeep() const;
    void loadLeftovers(const std::string& note);
    void persistLeftovers();
    void findLeftovers();
    void removeLeftovers(PartitionIndex partition, Position first);
    Page listPage(PartitionIndex partition, Position first) const;
    bool findUnbuilt();
    void buildTrees();
    /// @return how many records were in it
    std::size_t goThroughPage(PartitionIndex partition, Position first, bool building);
    void removeRecord(Position position, const std::string& key, const Version& version);
    void removeTombstone(PartitionIndex partition, Position position, const std::string& key, const Version& version);

    Context& m_context;
    RecordSource& m_records;
    std::function<void(PartitionIndex, const Ballot&)> m_onPromised;
    std::vector<Partition> m_partitions;    ///< [P]
    std::vector<PartitionCounts> m_counts;  ///< [P]
    OperationMemory m_memory;
    Ancestry m_ancestry;
    HashTrees m_trees;
    KeyUses m_uses;
    std::uint64_t m_keys = 0;       ///< in all
    std::uint64_t m_tombstones = 0; ///< likewise
    std::map<PartitionIndex, Position> m_sweeps; ///< where tombstones at or below the floor may be left, and from where on
    std::map<PartitionIndex, Position> m_leftovers; ///< partitions that still hold what they held before they moved, and from where on
    Epoch m_leftoversEpoch = 1;                     ///< of the map for which leftovers were looked for; durable, but the first
    PartitionIndex m_unbuilt = 0;                ///< no tree before this one waits to be built
    bool m_upkeepArmed = false;
    /// Accepted or (null) removed, not yet reported durable.
    std::unordered_map<std::string, Pending> m_pending;
    std::deque<std::pair<PersistSequence, std::string>> m_pendingOrder;
};

} // namespace quoit
