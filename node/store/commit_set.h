// node/store/commit_set.h - several batches seen as one transaction: of each key, partition and hint only the last
// state counts. Pure. Buffers are kept from one transaction to the next.
#pragma once

#include "node/core/persistence.h"
#include "node/store/logged_changes.h"

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace quoit {

/// Add batches, then seal, then write; if that has to be tried again, more may be added and sealed.
class CommitSet
{
public:
    void clear();
    /// Batches in the order of their sequences.
    void add(PersistBatch&& batch);
    void seal();

    /// Of all batches added.
    PersistSequence upTo() const { return m_upTo; }
    std::uint64_t batches() const { return m_batches; }
    std::uint64_t recordsAdded() const { return m_recordsAdded; }

    LoggedChanges& changes() { return m_changes; }
    const LoggedChanges& changes() const { return m_changes; }
    std::span<const PartitionState> partitions() const { return m_partitions; } ///< ascending, unique
    const std::map<NodeId, PeerMark>& peers() const { return m_peers; }
    const std::map<std::string, std::string>& notes() const { return m_notes; }
    const ClusterMapPtr& map() const { return m_map; }                          ///< null: unchanged

private:
    PersistSequence m_upTo = 0;
    std::uint64_t m_batches = 0;
    std::uint64_t m_recordsAdded = 0;
    LoggedChanges m_changes;
    std::vector<PartitionState> m_partitions;
    std::map<NodeId, PeerMark> m_peers;
    std::map<std::string, std::string> m_notes;
    ClusterMapPtr m_map;
};

} // namespace quoit
