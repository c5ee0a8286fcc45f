#include "node/core/replica.h"

namespace quoit {

namespace {

constexpr std::size_t pageBytesMax = 1 << 20;

} // namespace

Replica::Replica(Context& context, RecordSource& records, const StoredState& stored, const std::string& note,
                 std::function<void(PartitionIndex, const Ballot&)> onPromised)
    : m_context(context)
    , m_records(records)
    , m_onPromised(std::move(onPromised))
    , m_partitions(context.map->partitionCount())
    , m_counts(stored.counts)
    , m_memory(context.options.memoryRetention, context.options.memoryOperationsMax)
    , m_ancestry(context.options.memoryRetention, context.options.memoryOperationsMax)
    , m_trees(context.map->partitionCount())
{
    m_counts.resize(m_partitions.size());
    for (const PartitionState& state : stored.partitions) {
        QUOIT_ENSURE(state.partition < m_partitions.size());
        m_partitions[state.partition] = {state.promised, state.floor};
    }
    loadLeftovers(note);
    findLeftovers();
    // A restart forgets the operations of every record but those that the stored ones still carry.
    for (PartitionIndex p = 0; p < m_partitions.size(); ++p) {
        if (isReplica(p))
            m_trees.open(p, m_partitions[p].floor, m_counts[p].highest);
        m_counts[p].highest = std::max(m_counts[p].highest, m_partitions[p].floor);
        m_memory.raiseForgotten(p, m_counts[p].highest);
        m_keys += m_counts[p].keys;
        m_tombstones += m_counts[p].tombstones;
        m_context.usedBytes += m_counts[p].bytes + m_counts[p].keys * keyOverheadBytes;
        // Nor does a process that begins within the change that brings it a partition know what was carried out there before.
        const auto before = context.map->before(p);
        const bool comesIn = context.map->isReplica(p, context.self) && std::find(before.begin(), before.end(), context.self) == before.end();
        if (comesIn || hasLeftovers(p))
            m_memory.raiseForgotten(p, {{context.map->epoch(), 0, noNode}, 0});
    }
}

bool Replica::isReplica(PartitionIndex partition) const
{
    return partition < m_partitions.size() && m_context.map->isReplica(partition, m_context.self) && !hasLeftovers(partition);
}

bool Replica::promise(PartitionIndex partition, const Ballot& ballot)
{
    Partition& p = m_partitions[partition];
    if (p.promised > ballot)
        return planted(PlantedBug::WriteBelowPromise);
    if (p.promised < ballot) {
        p.promised = ballot;
        p.promiseSequence = planted(PlantedBug::PromiseNotSynced) ? 0 : m_context.outbox.batchSequence();
        m_context.outbox.persistPartition({partition, p.promised, p.floor});
        m_onPromised(partition, ballot);
    }
    return true;
}

Replica::Found Replica::lookUp(std::string_view key) const
{
    if (!m_pending.empty()) {
        const auto found = m_pending.find(std::string(key));
        if (found != m_pending.end())
            return {found->second.record, found->second.sequence};
    }
    return {m_records.find(positionOf(key), key), 0};
}

RecordPtr Replica::find(std::string_view key) const
{
    return lookUp(key).record;
}

void Replica::handle(NodeId from, const PromiseRequest& request)
{
    PromiseReply reply{request.tag, {}};
    reply.promised.reserve(request.partitions.size());
    PersistSequence sequence = 0;
    for (const auto& [partition, ballot] : request.partitions) {
        if (!isReplica(partition))
            continue;
        promise(partition, ballot);
        reply.promised.push_back({partition, m_partitions[partition].promised});
        sequence = std::max(sequence, m_partitions[partition].promiseSequence);
    }
    m_context.outbox.sendWhenDurable(sequence, from, std::move(reply));
}

ReplicaStatus Replica::accept(PartitionIndex partition, const RecordPtr& record, PersistSequence& sequence)
{
    const Found stored = lookUp(record->key);
    if (stored.record ? record->version <= stored.record->version : record->version <= m_partitions[partition].floor) {
        // Whatever is there was built on it; but what is there may itself still be on its way to the disk.
        if (!planted(PlantedBug::OlderRecordNotSynced))
            sequence = std::max(sequence, stored.sequence);
        return stored.record ? ReplicaStatus::Ok : ReplicaStatus::BelowFloor;
    }
    sequence = std::max(sequence, store(partition, stored, record));
    return ReplicaStatus::Ok;
}

/// @return the batch that makes it durable
PersistSequence Replica::store(PartitionIndex partition, const Found& stored, const RecordPtr& record)
{
    const PersistSequence batch = m_context.outbox.batchSequence();
    const Position position = positionOf(record->key);
    m_context.outbox.batch().records.emplace_back(position, record);
    m_pending[std::string(record->key)] = {record, batch};
    m_pendingOrder.emplace_back(batch, record->key);
    count(partition, stored.record.get(), *record);
    m_uses.changed(position, !record->tombstone, record->expiryMs != 0);
    if (m_trees.isOpen(partition))
        m_trees.changed(partition, position, stored.record.get(), *record);
    m_memory.remember(m_context.now.monotonic, partition, *record);
    if (stored.record)
        m_ancestry.note(m_context.now.monotonic, *stored.record, *record);
    return batch;
}

bool Replica::copy(PartitionIndex partition, const RecordPtr& record)
{
    const Found stored = lookUp(record->key);
    if (stored.record && record->version <= stored.record->version)
        return false;
    const bool belowFloor = !stored.record && record->version <= m_partitions[partition].floor;
    if (belowFloor && (record->tombstone || planted(PlantedBug::CopyBelowFloorRefused)))
        return false;
    store(partition, stored, record);
    return true;
}

void Replica::onAdopted(const ClusterMap& before)
{
    findLeftovers();
    // Who comes in knows nothing of what was carried out before.
    const Version beginning{{m_context.map->epoch(), 0, noNode}, 0};
    for (PartitionIndex p = 0; p < m_partitions.size(); ++p) {
        const bool comesIn = m_context.map->isReplica(p, m_context.self) && (!before.isReplica(p, m_context.self) || hasLeftovers(p));
        if (comesIn)
            m_memory.raiseForgotten(p, beginning);
        if (!isReplica(p)) {
            m_trees.close(p);
            m_sweeps.erase(p);
        } else if (!m_trees.isOpen(p)) {
            const PartitionCounts& counts = m_counts[p];
            m_trees.open(p, m_partitions[p].floor, counts.keys + counts.tombstones > 0 ? counts.highest : Version{});
        }
    }
    m_unbuilt = 0;
    armUpkeep();
}

void Replica::count(PartitionIndex partition, const Record* before, const Record& after)
{
    PartitionCounts& counts = m_counts[partition];
    const auto add = [&](const Record& record, std::uint64_t sign) { // 1, or what wraps around to -1
        if (record.tombstone) {
            counts.tombstones += sign;
            m_tombstones += sign;
            return;
        }
        const std::uint64_t bytes = record.key.size() + record.value.size();
        counts.keys += sign;
        counts.bytes += sign * bytes;
        m_keys += sign;
        m_context.addUsed(partition, sign * (bytes + keyOverheadBytes));
    };
    if (before)
        add(*before, ~std::uint64_t(0));
    add(after, 1);
    counts.highest = std::max(counts.highest, after.version);
}

bool Replica::hasSpaceFor(const Record& record) const
{
    if (m_context.disk != DiskSpace::Short)
        return m_context.disk == DiskSpace::Ample;
    if (record.tombstone)
        return true;
    const Found stored = lookUp(record.key);
    return stored.record && record.value.size() <= stored.record->value.size();
}

void Replica::handle(NodeId from, const WriteRequest& request)
{
    WriteReply reply{request.tag, ReplicaStatus::Ok, {}};
    PersistSequence sequence = 0;
    if (!isReplica(request.partition)) {
        reply.status = ReplicaStatus::NotReplica;
    } else if (!hasSpaceFor(*request.record)) {
        reply.status = ReplicaStatus::StorageFull;
    } else if (!promise(request.partition, request.record->version.ballot)) {
        reply.status = ReplicaStatus::Refused;
        reply.promised = m_partitions[request.partition].promised;
        sequence = m_partitions[request.partition].promiseSequence;
    } else {
        sequence = m_partitions[request.partition].promiseSequence;
        reply.status = accept(request.partition, request.record, sequence);
        m_context.counters.freedWhileShort += m_context.disk == DiskSpace::Short;
        if (!request.record->tombstone)
            noteUse(*request.record);
    }
    if (planted(PlantedBug::RecordNotSynced))
        sequence = 0;
    m_context.outbox.sendWhenDurable(sequence, from, std::move(reply));
}

void Replica::fill(ReadReply& reply, PartitionIndex partition, const RecordPtr& record, bool whole) const
{
    reply.floor = m_partitions[partition].floor;
    if (!record)
        return;
    reply.present = true;
    reply.tombstone = record->tombstone;
    reply.version = record->version;
    reply.expiryMs = record->expiryMs;
    reply.valueBytes = record->value.size();
    if (whole)
        reply.record = record;
}

void Replica::handle(NodeId from, const ReadRequest& request)
{
    ReadReply reply;
    reply.tag = request.tag;
    PersistSequence sequence = 0;
    if (!isReplica(request.partition)) {
        reply.status = ReplicaStatus::NotReplica;
    } else {
        const bool allowed = request.ballot.isNone() || promise(request.partition, request.ballot);
        if (!request.ballot.isNone())
            sequence = m_partitions[request.partition].promiseSequence;
        if (!allowed) {
            reply.status = ReplicaStatus::Refused;
            reply.promised = m_partitions[request.partition].promised;
        } else {
            const Found found = lookUp(request.key);
            const bool tooLarge = request.brief && from != m_context.self && found.record && found.record->value.size() > m_context.options.valueAheadMax;
            fill(reply, request.partition, found.record, request.whole && !tooLarge);
            if (request.ballot.isNone() && found.record && !found.record->tombstone)
                noteUse(*found.record);
            sequence = std::max(sequence, found.sequence);
        }
    }
    if (isStuck(sequence)) {
        reply = {};
        reply.tag = request.tag;
        reply.status = ReplicaStatus::StorageFull;
        sequence = 0;
    }
    m_context.outbox.sendWhenDurable(sequence, from, std::move(reply));
}

void Replica::noteUse(const Record& record)
{
    if (m_uses.isActive())
        m_uses.used(positionOf(record.key), record.expiryMs != 0, usesClockMs(), m_context.random);
}

std::uint64_t Replica::usesClockMs64() const
{
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<Milliseconds>(m_context.now.monotonic.time_since_epoch()).count());
}

void Replica::handle(NodeId from, const UseRequest& request)
{
    UseReply reply;
    reply.tag = request.tag;
    const std::uint32_t nowMs = usesClockMs();
    for (const Position position : request.positions) {
        const std::optional<KeyUse> use = m_uses.find(position);
        if (planted(PlantedBug::EvictedByReplicas))
            for (const RecordSummary& record : m_records.list(position, position, 1))
                removeRecord(record.position, record.key, record.version);
        reply.uses.push_back(use ? UseOfKey{nowMs - use->lastMs, AccessTable::fadedFrequency(*use, nowMs)} : UseOfKey{});
    }
    m_context.outbox.send(from, std::move(reply));
}

void Replica::handle(NodeId from, const RecallRequest& request)
{
    RecallReply reply;
    reply.read.tag = request.tag;
    PersistSequence sequence = 0;
    if (!isReplica(request.partition)) {
        reply.read.status = ReplicaStatus::NotReplica;
    } else if (!promise(request.partition, request.ballot)) {
        reply.read.status = ReplicaStatus::Refused;
        reply.read.promised = m_partitions[request.partition].promised;
        sequence = m_partitions[request.partition].promiseSequence;
    } else {
        const Found found = lookUp(request.key);
        fill(reply.read, request.partition, found.record, true);
        sequence = std::max(m_partitions[request.partition].promiseSequence, found.sequence);
        reply.remembered = m_memory.find(request.operation);
        reply.ancestry = m_ancestry.find(request.key);
        // What this replica forgot of the key was carried by records no newer than the one that it holds (or than its floor).
        const Version ofKey = found.record ? found.record->version : m_partitions[request.partition].floor;
        reply.sure = std::min(m_memory.forgotten(request.partition), ofKey) <= request.after;
        if (found.record) {
            for (const Record::Operation& operation : found.record->operations) {
                const bool known = std::any_of(reply.remembered.begin(), reply.remembered.end(), [&](const RememberedResult& result) {
                    return result.version == found.record->version;
                });
                if (operation.id == request.operation && !known)
                    reply.remembered.push_back({found.record->version, std::string(operation.result)});
            }
        }
    }
    if (isStuck(sequence)) {
        reply = {};
        reply.read.tag = request.tag;
        reply.read.status = ReplicaStatus::StorageFull;
        sequence = 0;
    }
    m_context.outbox.sendWhenDurable(sequence, from, std::move(reply));
}

void Replica::handle(NodeId from, const LearnRequest& request)
{
    LearnReply reply{request.tag, ReplicaStatus::Ok};
    PersistSequence sequence = 0;
    if (!isReplica(request.partition))
        reply.status = ReplicaStatus::NotReplica;
    else if (!hasSpaceFor(*request.record))
        reply.status = ReplicaStatus::StorageFull;
    else
        reply.status = accept(request.partition, request.record, sequence);
    if (request.tag != 0)
        m_context.outbox.sendWhenDurable(sequence, from, std::move(reply));
}

void Replica::handle(NodeId from, const ScanRequest& request)
{
    ScanReply reply;
    reply.tag = request.tag;
    if (!isReplica(request.partition)) {
        reply.status = ReplicaStatus::NotReplica;
        m_context.outbox.send(from, std::move(reply));
        return;
    }
    // Records that are not durable yet are not listed: a scan may miss a key that did not exist throughout, and what is
    // listed is only a hint to keys whose value is read properly.
    const std::uint32_t count = m_context.map->partitionCount();
    const Position last = std::min(request.last, firstPosition(request.partition, count) + (~Position(0) / count));
    const std::size_t limit = std::clamp<std::size_t>(request.limit, 1, 10'000);
    reply.floor = m_partitions[request.partition].floor;
    reply.records = m_records.list(request.first, last, limit);
    reply.coveredTo = reply.records.size() < limit ? last : reply.records.back().position;
    if (request.whole)
        addWhole(reply);
    m_context.outbox.send(from, std::move(reply));
}

/// Gives the listed records, and ends the page where they become too much for one message.
void Replica::addWhole(ScanReply& reply) const
{
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < reply.records.size(); ++i) {
        const RecordSummary& listed = reply.records[i];
        if (bytes > pageBytesMax && listed.position != reply.records[i - 1].position) { // never in the middle of a position
            reply.coveredTo = listed.position - 1;
            reply.records.resize(i);
            return;
        }
        RecordPtr record = m_records.find(listed.position, listed.key);
        if (!record)
            continue;
        bytes += record->bytes();
        reply.whole.push_back(std::move(record));
    }
}

void Replica::handle(NodeId from, const CountRequest& request)
{
    CountReply reply{request.tag, {}};
    for (PartitionIndex p = 0; p < m_partitions.size(); ++p)
        if (isReplica(p))
            reply.counts.push_back({p, m_counts[p].keys, m_counts[p].highest});
    m_context.outbox.send(from, std::move(reply));
}

void Replica::persisted(PersistSequence upTo)
{
    while (!m_pendingOrder.empty() && m_pendingOrder.front().first <= upTo) {
        const auto found = m_pending.find(m_pendingOrder.front().second);
        if (found != m_pending.end() && found->second.sequence <= upTo)
            m_pending.erase(found);
        m_pendingOrder.pop_front();
    }
}

void Replica::addTo(CoreSizes& sizes) const
{
    sizes.pending += m_pending.size();
    sizes.upkeep += m_sweeps.size() + m_leftovers.size();
    sizes.remembered += m_memory.size() + m_ancestry.size();
}

void Replica::prune()
{
    m_memory.prune(m_context.now.monotonic);
    m_ancestry.prune(m_context.now.monotonic);
    if (planted(PlantedBug::TombstoneDroppedByAge) && m_context.random.chance(0.1))
        for (PartitionIndex p = 0; p < m_partitions.size(); ++p)
            if (m_counts[p].tombstones > 0)
                applyFloor(p, m_counts[p].highest);
    armUpkeep();
}

} // namespace quoit
