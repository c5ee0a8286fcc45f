// node/store/commit_set.h - several batches seen as one transaction: of each key, partition and hint only the last
// state, in the order of the tables. Pure. Buffers are kept from one transaction to the next.
#pragma once

#include "node/core/persistence.h"

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

namespace quoit {

/// Borrows the batches that were added; they outlive the set's content.
class CommitSet
{
public:
    struct RecordWrite
    {
        Position position;
        const Record* record;
        std::uint32_t order; ///< a later one of the same key replaces an earlier one
    };
    struct HintKey
    {
        NodeId node;
        Position position;
        std::string_view key;

        auto operator<=>(const HintKey&) const = default;
    };
    /// Either: set it; or: remove the stored one if it isn't newer than that.
    struct HintChange
    {
        std::optional<Version> set;
        std::optional<Version> removeUpTo;
    };

    void clear();
    /// Batches in the order of their sequences.
    void add(const PersistBatch& batch);
    /// Ends the adding: sorts, and drops what is superseded.
    void seal();

    std::span<const RecordWrite> records() const { return m_records; } ///< ascending by (position, key), keys unique
    std::span<const PartitionState> partitions() const { return m_partitions; } ///< ascending, unique
    const std::map<HintKey, HintChange>& hints() const { return m_hints; }
    const ClusterMapPtr& map() const { return m_map; } ///< null: unchanged
    std::uint64_t recordsAdded() const { return m_recordsAdded; }

private:
    std::vector<RecordWrite> m_records;
    std::vector<PartitionState> m_partitions;
    std::map<HintKey, HintChange> m_hints;
    ClusterMapPtr m_map;
    std::uint64_t m_recordsAdded = 0;
};

} // namespace quoit
