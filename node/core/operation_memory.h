// node/core/operation_memory.h - which operations a replica's recent records carried, so that a retry can be told what became of it.
// Pure. Design: resources/docs/protocol.md, "What a replica stores".
#pragma once

#include "node/core/messages.h"
#include "shared/base/time.h"

#include <deque>
#include <unordered_map>
#include <vector>

namespace quoit {

class OperationMemory
{
public:
    OperationMemory(Milliseconds retention, std::size_t operationsMax);

    /// Notes every operation that the record carries, each with the record's version.
    void remember(TimePoint now, PartitionIndex partition, const Record& record);
    /// All remembered versions of the operation; null if there is none. Valid until the next call.
    const std::vector<RememberedResult>* find(const OperationId& id) const;
    /// Of records of the partition with higher versions nothing was forgotten.
    Version forgotten(PartitionIndex partition) const;
    void raiseForgotten(PartitionIndex partition, const Version& version);
    /// Forgets what is too old or too much.
    void prune(TimePoint now);
    std::size_t size() const { return m_order.size(); }

private:
    struct Entry
    {
        TimePoint at;
        PartitionIndex partition;
        OperationId id;
        Version version;
    };

    Milliseconds m_retention;
    std::size_t m_operationsMax;
    std::unordered_map<OperationId, std::vector<RememberedResult>, OperationIdHash> m_results;
    std::deque<Entry> m_order;        ///< oldest first
    std::vector<Version> m_forgotten; ///< [P on demand]
};

} // namespace quoit
