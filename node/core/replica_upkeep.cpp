// node/core/replica_upkeep.cpp - what a replica does beside answering for single keys: hash trees for those who
// compare, floors, and going through its records in the background, a page at a time, to build trees, to drop
// tombstones that no replica needs any more, and to remove what is left of partitions that moved away. Design: resources/docs/protocol.md, "Repair" and "Deletes and the floor".

#include "node/core/replica.h"
#include "shared/base/bytes.h"

namespace quoit {

namespace {

constexpr std::uint64_t manyTombstones = 20'000;
constexpr int looksPerTurnMax = 16; ///< into the store, each for a partition or a page of it

} // namespace

/// What an answer about all records of a partition must wait for.
PersistSequence Replica::heldSequence() const
{
    return m_pendingOrder.empty() ? 0 : m_pendingOrder.back().first;
}

void Replica::handle(NodeId from, const TreeRequest& request)
{
    TreeReply reply;
    reply.tag = request.tag;
    PersistSequence sequence = 0;
    if (!isReplica(request.partition)) {
        reply.status = ReplicaStatus::NotReplica;
    } else if (!request.ballot.isNone() && !promise(request.partition, request.ballot)) {
        reply.status = ReplicaStatus::Refused;
        reply.promised = m_partitions[request.partition].promised;
        sequence = m_partitions[request.partition].promiseSequence;
    } else {
        // Without a ballot it is a hint where to look; with one it is what the replica holds under that promise.
        if (!request.ballot.isNone())
            sequence = std::max(m_partitions[request.partition].promiseSequence, heldSequence());
        reply.floor = m_partitions[request.partition].floor;
        reply.built = m_trees.isBuilt(request.partition);
        if (reply.built)
            reply.root = m_trees.root(request.partition);
        if (reply.built && reply.root != request.root) {
            const HashTrees::Leaves& leaves = m_trees.leaves(request.partition);
            reply.leaves.assign(leaves.begin(), leaves.end());
        }
    }
    m_context.outbox.sendWhenDurable(sequence, from, std::move(reply));
}

void Replica::handle(NodeId from, const FloorRequest& request)
{
    FloorReply reply;
    reply.tag = request.tag;
    PersistSequence sequence = 0;
    if (!isReplica(request.partition)) {
        reply.status = ReplicaStatus::NotReplica;
    } else if (m_context.disk == DiskSpace::None) {
        reply.status = ReplicaStatus::StorageFull;
    } else if (!planted(PlantedBug::FloorWithoutPromise) && !promise(request.partition, request.ballot)) {
        reply.status = ReplicaStatus::Refused;
        reply.promised = m_partitions[request.partition].promised;
        sequence = m_partitions[request.partition].promiseSequence;
    } else {
        // What it says it holds it must hold after a crash as well.
        sequence = std::max(m_partitions[request.partition].promiseSequence, heldSequence());
        reply.floor = m_partitions[request.partition].floor;
        const std::optional<std::uint64_t> hash = m_trees.hashUpTo(request.partition, request.floor);
        reply.known = hash.has_value();
        reply.hash = hash.value_or(0);
    }
    m_context.outbox.sendWhenDurable(sequence, from, std::move(reply));
}

void Replica::handle(NodeId from, const FloorFact& fact)
{
    LearnReply reply{fact.tag, ReplicaStatus::Ok};
    PersistSequence sequence = 0;
    if (!isReplica(fact.partition)) {
        reply.status = ReplicaStatus::NotReplica;
    } else if (m_context.disk == DiskSpace::None) {
        reply.status = ReplicaStatus::StorageFull;
    } else {
        applyFloor(fact.partition, fact.floor);
        // The floor of another turn may still be on its way to the disk.
        sequence = std::max(m_partitions[fact.partition].floorSequence, sequence);
    }
    if (fact.tag != 0)
        m_context.outbox.sendWhenDurable(sequence, from, std::move(reply));
}

void Replica::raiseFloor(PartitionIndex partition, const Version& floor)
{
    applyFloor(partition, floor);
    m_memory.raiseForgotten(partition, floor);
}

void Replica::applyFloor(PartitionIndex partition, const Version& floor)
{
    Partition& p = m_partitions[partition];
    if (floor <= p.floor)
        return;
    ++m_context.counters.repair.floorsRaised;
    p.floor = floor;
    p.floorSequence = m_context.outbox.batchSequence();
    m_context.outbox.persistPartition({partition, p.promised, p.floor});
    m_counts[partition].highest = std::max(m_counts[partition].highest, floor);
    if (m_trees.isOpen(partition))
        m_trees.floorRaised(partition, floor);
    if (m_counts[partition].tombstones > 0)
        m_sweeps[partition] = firstPosition(partition, m_context.map->partitionCount());
    m_unbuilt = std::min(m_unbuilt, partition);
    armUpkeep();
}

// --- what is left of partitions that were this node's before

/// A node that left a replica set no longer hears what is deleted. Whatever it holds of a partition that moved away goes before it serves that partition
/// again [22].
void Replica::findLeftovers()
{
    const ClusterMap& map = *m_context.map;
    if (m_leftoversEpoch == map.epoch() || planted(PlantedBug::LeftoversKept))
        return;
    m_leftoversEpoch = map.epoch();
    for (PartitionIndex p = 0; p < m_partitions.size(); ++p) {
        if (m_counts[p].keys + m_counts[p].tombstones == 0)
            continue;
        const auto before = map.before(p);
        const bool stays = map.isReplica(p, m_context.self) &&
                           (!map.isMoving(p) || std::find(before.begin(), before.end(), m_context.self) != before.end());
        if (!stays)
            m_leftovers.try_emplace(p, firstPosition(p, map.partitionCount()));
    }
    persistLeftovers();
}

void Replica::loadLeftovers(const std::string& note)
{
    if (note.empty())
        return;
    ByteReader reader(note);
    m_leftoversEpoch = reader.varint();
    const std::uint64_t count = reader.count(1);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        const auto partition = static_cast<PartitionIndex>(reader.varint());
        m_leftovers[partition] = firstPosition(partition, m_context.map->partitionCount());
    }
    QUOIT_ENSURE(reader.ok());
}

void Replica::persistLeftovers()
{
    ByteWriter writer;
    writer.varint(m_leftoversEpoch);
    writer.varint(m_leftovers.size());
    for (const auto& [partition, next] : m_leftovers)
        writer.varint(partition);
    m_context.outbox.batch().notes[noteName] = std::move(writer.bytes);
}

void Replica::removeLeftovers(PartitionIndex partition, Position first)
{
    const Page page = listPage(partition, first);
    for (const RecordSummary& record : page.records) {
        m_uses.changed(record.position, false, false);
        removeRecord(record.position, record.key, record.version);
    }
    m_context.counters.repair.leftoversRemoved += page.records.size();
    if (page.covered != m_trees.leafLast(partition, treeLeafCount - 1)) {
        m_leftovers[partition] = page.covered + 1;
        return;
    }
    m_leftovers.erase(partition);
    persistLeftovers();
    PartitionCounts& counts = m_counts[partition];
    m_keys -= counts.keys;
    m_tombstones -= counts.tombstones;
    m_context.usedBytes -= counts.bytes + counts.keys * keyOverheadBytes;
    counts.keys = counts.tombstones = counts.bytes = 0;
    if (isReplica(partition))
        m_trees.open(partition, m_partitions[partition].floor, Version{});
}

// --- in the background

bool Replica::hasUpkeep() const
{
    return m_unbuilt < m_partitions.size() || ((!m_sweeps.empty() || !m_leftovers.empty()) && m_context.disk != DiskSpace::None);
}

/// @return whether there is a tree to be built: that of m_unbuilt
bool Replica::findUnbuilt()
{
    while (m_unbuilt < m_partitions.size() && (!m_trees.isOpen(m_unbuilt) || m_trees.isBuilt(m_unbuilt)))
        ++m_unbuilt;
    return m_unbuilt < m_partitions.size();
}

void Replica::armUpkeep()
{
    findUnbuilt();
    if (m_upkeepArmed || !hasUpkeep())
        return;
    m_upkeepArmed = true;
    // Much to drop: quicker, as long as the disk keeps up.
    const Milliseconds pause = m_context.options.repair.upkeepPause;
    const bool hurries = m_tombstones > manyTombstones && m_pending.size() < m_context.options.repair.pageRecords;
    m_context.timers.set(m_context.now.monotonic + (hurries ? std::max(pause / 5, Milliseconds(1)) : pause), Timer::Kind::Upkeep, 0);
}

void Replica::onTimer(const Timer& timer)
{
    if (timer.kind != Timer::Kind::Upkeep)
        return;
    m_upkeepArmed = false;
    if (!m_leftovers.empty() && m_context.disk != DiskSpace::None)
        removeLeftovers(m_leftovers.begin()->first, m_leftovers.begin()->second);
    else if (findUnbuilt())
        buildTrees();
    else if (!m_sweeps.empty() && m_context.disk != DiskSpace::None)
        goThroughPage(m_sweeps.begin()->first, m_sweeps.begin()->second, false);
    armUpkeep();
}

/// A partition's records as they are now: what the store lists, and over it what it may not know yet.
Replica::Page Replica::listPage(PartitionIndex partition, Position first) const
{
    const Position last = m_trees.leafLast(partition, treeLeafCount - 1);
    const std::size_t limit = m_context.options.repair.pageRecords;
    Page page;
    page.records = m_records.list(first, last, limit);
    page.covered = page.records.size() < limit ? last : page.records.back().position;
    std::erase_if(page.records, [this](const RecordSummary& record) { return m_pending.count(record.key) > 0; });
    for (const auto& [key, pending] : m_pending) {
        const Position position = positionOf(key);
        if (pending.record && position >= first && position <= page.covered)
            page.records.push_back({position, key, pending.record->version, pending.record->tombstone});
    }
    // The order of a hash table must not reach the batch.
    std::sort(page.records.begin(), page.records.end(), [](const RecordSummary& a, const RecordSummary& b) {
        return a.position != b.position ? a.position < b.position : a.key < b.key;
    });
    return page;
}

/// A turn is for a page of records, however many partitions they are in; the last of them may bring a page more.
void Replica::buildTrees()
{
    std::size_t seen = 0;
    for (int looks = 0; looks < looksPerTurnMax && seen < m_context.options.repair.pageRecords && findUnbuilt(); ++looks)
        seen += goThroughPage(m_unbuilt, m_trees.buildFrom(m_unbuilt), true);
}

std::size_t Replica::goThroughPage(PartitionIndex partition, Position first, bool building)
{
    const Page page = listPage(partition, first);
    const Version floor = m_partitions[partition].floor;
    bool left = false;
    for (const RecordSummary& record : page.records) {
        if (building)
            m_trees.count(partition, record.position, record.key, record.version, record.tombstone);
        if (!record.tombstone || record.version > floor)
            continue;
        if (m_context.disk == DiskSpace::None)
            left = true;
        else
            removeTombstone(partition, record.position, record.key, record.version);
    }
    const bool isOver = page.covered == m_trees.leafLast(partition, treeLeafCount - 1);
    if (building)
        m_trees.countedTo(partition, page.covered);
    if (building && left)
        m_sweeps.try_emplace(partition, firstPosition(partition, m_context.map->partitionCount()));
    if (!building && isOver)
        m_sweeps.erase(partition);
    else if (!building)
        m_sweeps[partition] = page.covered + 1;
    return page.records.size();
}

void Replica::removeTombstone(PartitionIndex partition, Position position, const std::string& key,
                              const Version& version)
{
    const RecordPtr record = lookUp(key).record;
    if (!record || record->version != version)
        return;
    m_trees.removed(partition, position, *record);
    --m_counts[partition].tombstones;
    --m_tombstones;
    removeRecord(position, key, version);
    ++m_context.counters.repair.tombstonesRemoved;
}

void Replica::removeRecord(Position position, const std::string& key, const Version& version)
{
    const PersistSequence batch = m_context.outbox.batchSequence();
    m_context.outbox.batch().removals.push_back({position, key, version});
    m_pending[key] = {nullptr, batch};
    m_pendingOrder.emplace_back(batch, key);
}

} // namespace quoit
