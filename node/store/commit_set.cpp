#include "node/store/commit_set.h"

#include <algorithm>

namespace quoit {

void CommitSet::clear()
{
    m_upTo = 0;
    m_batches = 0;
    m_recordsAdded = 0;
    m_changes.clear();
    m_partitions.clear();
    m_peers.clear();
    m_notes.clear();
    m_map.reset();
}

void CommitSet::add(PersistBatch&& batch)
{
    m_upTo = std::max(m_upTo, batch.sequence);
    ++m_batches;
    m_recordsAdded += batch.records.size();
    for (auto& [position, record] : batch.records)
        m_changes.add(position, std::move(record));
    for (Removal& removal : batch.removals)
        m_changes.remove(std::move(removal));
    for (Hint& hint : batch.hintsAdded)
        m_changes.hints().set({hint.node, hint.position, std::move(hint.key)}, hint.version);
    for (Hint& hint : batch.hintsRemoved)
        m_changes.hints().remove({hint.node, hint.position, std::move(hint.key)}, hint.version);
    m_partitions.insert(m_partitions.end(), batch.partitions.begin(), batch.partitions.end());
    for (const PeerMark& peer : batch.peers)
        m_peers[peer.node] = peer;
    for (auto& [name, note] : batch.notes)
        m_notes[name] = std::move(note);
    if (batch.map)
        m_map = std::move(batch.map);
}

void CommitSet::seal()
{
    m_changes.seal();
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
