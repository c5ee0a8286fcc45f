#include "node/store/commit_set.h"

#include <algorithm>

namespace quoit {

namespace {
constexpr Version newestVersion{{UINT64_MAX, UINT64_MAX, UINT32_MAX}, UINT64_MAX};
} // namespace

void CommitSet::clear()
{
    m_records.clear();
    m_partitions.clear();
    m_hints.clear();
    m_map.reset();
    m_recordsAdded = 0;
}

void CommitSet::add(const PersistBatch& batch)
{
    for (const auto& [position, record] : batch.records)
        m_records.push_back({position, record.get(), static_cast<std::uint32_t>(m_recordsAdded++)});
    m_partitions.insert(m_partitions.end(), batch.partitions.begin(), batch.partitions.end());
    for (const Hint& hint : batch.hintsAdded)
        m_hints[{hint.node, hint.position, hint.key}] = {hint.version, std::nullopt};
    for (const Hint& hint : batch.hintsRemoved) {
        HintChange& change = m_hints[{hint.node, hint.position, hint.key}];
        if (!change.set)
            change.removeUpTo = std::max(change.removeUpTo.value_or(Version()), hint.version);
        else if (*change.set <= hint.version)
            change = {std::nullopt, newestVersion}; // whatever the table holds was replaced before it was removed
    }
    if (batch.map)
        m_map = batch.map;
}

void CommitSet::seal()
{
    std::sort(m_records.begin(), m_records.end(), [](const RecordWrite& a, const RecordWrite& b) {
        if (a.position != b.position)
            return a.position < b.position;
        const int order = a.record->key.compare(b.record->key);
        return order != 0 ? order < 0 : a.order > b.order;
    });
    const auto last = std::unique(m_records.begin(), m_records.end(), [](const RecordWrite& a, const RecordWrite& b) {
        return a.position == b.position && a.record->key == b.record->key;
    });
    m_records.erase(last, m_records.end());

    std::stable_sort(m_partitions.begin(), m_partitions.end(),
                     [](const PartitionState& a, const PartitionState& b) { return a.partition < b.partition; });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < m_partitions.size(); ++i) {
        if (i + 1 == m_partitions.size() || m_partitions[i + 1].partition != m_partitions[i].partition)
            m_partitions[kept++] = m_partitions[i];
    }
    m_partitions.resize(kept);
}

} // namespace quoit
