#include "tests/sim/simulated_disk.h"

#include <algorithm>

namespace quoit::sim {

namespace {

RecordSummary summaryOf(Position position, const Record& record)
{
    return {position, record.key, record.version, record.tombstone, record.expiryMs, record.value.size()};
}

} // namespace

SimulatedDisk::SimulatedDisk(ClusterMapPtr map, NodeId node)
    : m_map(std::move(map))
{
    m_identity.node = node;
    m_identity.diskId = "disk-" + std::to_string(node);
}

void SimulatedDisk::apply(const PersistBatch& batch)
{
    for (const PartitionState& state : batch.partitions)
        m_partitions[state.partition] = state;
    for (const auto& [position, record] : batch.records)
        m_records[{position, record->key}] = record;
    for (const Hint& hint : batch.hintsAdded)
        m_hints[{hint.node, hint.key}] = hint;
    for (const Hint& hint : batch.hintsRemoved) {
        const auto found = m_hints.find({hint.node, hint.key});
        if (found != m_hints.end() && found->second.version <= hint.version)
            m_hints.erase(found);
    }
}

PersistSequence SimulatedDisk::sync(std::size_t count)
{
    PersistSequence last = 0;
    for (; count > 0 && !m_waiting.empty(); --count) {
        apply(m_waiting.front());
        last = m_waiting.front().sequence;
        m_waiting.pop_front();
    }
    return last;
}

void SimulatedDisk::crash(Random& random)
{
    sync(random.below(m_waiting.size() + 1));
    m_waiting.clear();
}

StoredState SimulatedDisk::start()
{
    ++m_identity.incarnation;
    StoredState state;
    state.identity = m_identity;
    state.map = m_map;
    for (const auto& [index, partition] : m_partitions)
        state.partitions.push_back(partition);
    state.counts.resize(m_map->partitionCount());
    for (const auto& [place, record] : m_records) {
        PartitionCounts& counts = state.counts[m_map->partitionOf(place.first)];
        (record->tombstone ? counts.tombstones : counts.keys) += 1;
        counts.bytes += record->key.size() + record->value.size();
        counts.highest = std::max(counts.highest, record->version);
    }
    for (const auto& [place, hint] : m_hints)
        state.hints.push_back(hint);
    return state;
}

RecordPtr SimulatedDisk::find(Position position, std::string_view key)
{
    const auto found = m_records.find(std::pair<Position, std::string>(position, key));
    return found == m_records.end() ? nullptr : found->second;
}

std::vector<RecordSummary> SimulatedDisk::list(Position first, Position last, std::size_t limit)
{
    std::vector<RecordSummary> found;
    for (auto place = m_records.lower_bound(std::pair<Position, std::string>(first, {}));
         place != m_records.end() && place->first.first <= last; ++place) {
        if (found.size() >= limit && place->first.first != found.back().position)
            break;
        found.push_back(summaryOf(place->first.first, *place->second));
    }
    return found;
}

std::vector<RecordSummary> SimulatedDisk::expired(std::int64_t nowMs, std::size_t limit)
{
    std::vector<RecordSummary> found;
    for (const auto& [place, record] : m_records)
        if (!record->tombstone && record->expiryMs != 0 && record->expiryMs <= nowMs && found.size() < limit)
            found.push_back(summaryOf(place.first, *record));
    return found;
}

} // namespace quoit::sim
