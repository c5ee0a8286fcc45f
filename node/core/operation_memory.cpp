#include "node/core/operation_memory.h"

#include "node/core/planted_bug.h"

#include <algorithm>

namespace quoit {

namespace {
constexpr std::size_t slotsMin = 1024;
} // namespace

OperationMemory::OperationMemory(Milliseconds retention, std::size_t operationsMax)
    : m_retention(retention)
    , m_operationsMax(operationsMax)
    , m_slots(slotsMin)
{
}

std::uint32_t OperationMemory::hashOf(const OperationId& id)
{
    return static_cast<std::uint32_t>(OperationIdHash{}(id) >> 32) | 1;
}

/// @return null if it is forgotten
const OperationMemory::Entry* OperationMemory::entryOf(Number number) const
{
    const Number index = number - m_first;
    return index < m_entries.size() ? &m_entries[index] : nullptr;
}

/// The slot of the operation, or the free one that it would get.
std::size_t OperationMemory::slotOf(const OperationId& id, std::uint32_t hash) const
{
    std::size_t slot = hash / 2 & (m_slots.size() - 1);
    while (m_slots[slot].hash != 0 && (m_slots[slot].hash != hash || entryOf(m_slots[slot].newest)->id != id))
        slot = (slot + 1) & (m_slots.size() - 1);
    return slot;
}

/// Newest first, in the order in which they came.
template <typename Visitor>
void OperationMemory::forEachOf(const OperationId& id, Visitor visit) const
{
    const Slot& slot = m_slots[slotOf(id, hashOf(id))];
    if (slot.hash == 0)
        return;
    Number number = slot.newest;
    for (const Entry* entry = entryOf(number); entry; entry = entryOf(number)) {
        visit(*entry);
        if (entry->previous == number)
            break;
        number = entry->previous;
    }
}

void OperationMemory::remember(TimePoint now, PartitionIndex partition, const Record& record)
{
    for (const Record::Operation& operation : record.operations) {
        bool known = false;
        forEachOf(operation.id, [&](const Entry& entry) {
            known = known || entry.version == record.version || planted(PlantedBug::MemoryOfOneVersion);
        });
        if (!known)
            add({now, operation.id, record.version, std::string(operation.result), partition, 0});
    }
}

void OperationMemory::add(Entry entry)
{
    if ((m_taken + 1) * 2 > m_slots.size())
        growSlots();
    const std::uint32_t hash = hashOf(entry.id);
    Slot& slot = m_slots[slotOf(entry.id, hash)];
    const Number number = m_first + static_cast<Number>(m_entries.size());
    entry.previous = slot.hash == 0 ? number : slot.newest;
    m_taken += slot.hash == 0;
    slot = {hash, number};
    m_entries.push_back(std::move(entry));
}

void OperationMemory::growSlots()
{
    std::vector<Slot> old(m_slots.size() * 2);
    old.swap(m_slots);
    for (const Slot& slot : old) {
        if (slot.hash == 0)
            continue;
        std::size_t to = slot.hash / 2 & (m_slots.size() - 1);
        while (m_slots[to].hash != 0)
            to = (to + 1) & (m_slots.size() - 1);
        m_slots[to] = slot;
    }
}

std::vector<RememberedResult> OperationMemory::find(const OperationId& id) const
{
    std::vector<RememberedResult> results;
    forEachOf(id, [&](const Entry& entry) { results.push_back({entry.version, entry.result}); });
    std::sort(results.begin(), results.end(), [](const RememberedResult& a, const RememberedResult& b) { return a.version < b.version; });
    return results;
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
    while (!m_entries.empty() && (m_entries.size() > m_operationsMax || now - m_entries.front().at > m_retention))
        forgetOldest();
}

void OperationMemory::forgetOldest()
{
    const Entry& entry = m_entries.front();
    raiseForgotten(entry.partition, entry.version);
    const std::size_t slot = slotOf(entry.id, hashOf(entry.id));
    if (m_slots[slot].newest == m_first)
        freeSlot(slot);
    m_entries.pop_front();
    ++m_first;
}

/// Moves back those behind it that would no longer be found.
void OperationMemory::freeSlot(std::size_t slot)
{
    const std::size_t mask = m_slots.size() - 1;
    for (std::size_t next = (slot + 1) & mask; m_slots[next].hash != 0; next = (next + 1) & mask) {
        const std::size_t wanted = m_slots[next].hash / 2 & mask;
        if (((next - wanted) & mask) >= ((next - slot) & mask)) {
            m_slots[slot] = m_slots[next];
            slot = next;
        }
    }
    m_slots[slot] = {};
    --m_taken;
}

} // namespace quoit
