#include "node/core/operation_memory.h"

#include "node/core/planted_bug.h"

#include <algorithm>

namespace quoit {

OperationMemory::OperationMemory(Milliseconds retention, std::size_t operationsMax)
    : m_retention(retention)
    , m_operationsMax(operationsMax)
{
}

void OperationMemory::remember(TimePoint now, PartitionIndex partition, const Record& record)
{
    for (const CarriedOperation& operation : record.operations) {
        auto& results = m_results[operation.id];
        if (planted(PlantedBug::MemoryOfOneVersion) && !results.empty())
            continue;
        const auto place = std::lower_bound(results.begin(), results.end(), record.version,
                                            [](const RememberedResult& a, const Version& b) { return a.version < b; });
        if (place != results.end() && place->version == record.version)
            continue;
        results.insert(place, {record.version, operation.result});
        m_order.push_back({now, partition, operation.id, record.version});
    }
}

const std::vector<RememberedResult>* OperationMemory::find(const OperationId& id) const
{
    const auto found = m_results.find(id);
    return found == m_results.end() ? nullptr : &found->second;
}

Version OperationMemory::forgotten(PartitionIndex partition) const
{
    return partition < m_forgotten.size() ? m_forgotten[partition] : Version{};
}

void OperationMemory::raiseForgotten(PartitionIndex partition, const Version& version)
{
    if (m_forgotten.size() <= partition)
        m_forgotten.resize(partition + 1);
    m_forgotten[partition] = std::max(m_forgotten[partition], version);
}

void OperationMemory::prune(TimePoint now)
{
    while (!m_order.empty() && (m_order.size() > m_operationsMax || now - m_order.front().at > m_retention)) {
        const Entry& entry = m_order.front();
        raiseForgotten(entry.partition, entry.version);
        const auto found = m_results.find(entry.id);
        if (found != m_results.end()) {
            std::erase_if(found->second, [&](const RememberedResult& result) { return result.version == entry.version; });
            if (found->second.empty())
                m_results.erase(found);
        }
        m_order.pop_front();
    }
}

} // namespace quoit
