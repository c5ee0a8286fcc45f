#include "node/core/access_table.h"

#include <algorithm>

namespace quoit {

namespace {

constexpr std::uint8_t frequencyFirst = 5;
constexpr double frequencyGrowth = 10; ///< how much rarer each further step is
constexpr std::uint32_t fadingMs = 60'000;
constexpr std::size_t entriesFirst = 8;
constexpr int samplingTries = 64;

/// @return how much later a is than b
std::int32_t laterBy(std::uint32_t a, std::uint32_t b)
{
    return static_cast<std::int32_t>(a - b);
}

} // namespace

std::uint8_t AccessTable::fadedFrequency(const KeyUse& use, std::uint32_t nowMs)
{
    const std::uint32_t minutes = laterBy(nowMs, use.lastMs) > 0 ? (nowMs - use.lastMs) / fadingMs : 0;
    return static_cast<std::uint8_t>(use.frequency > minutes + 1 ? use.frequency - minutes : 1);
}

AccessTable::Entry* AccessTable::entryOf(Position position)
{
    const std::uint64_t hash = hashOf(position);
    Table& table = tableOf(hash);
    if (table.count == 0)
        return nullptr;
    const std::size_t mask = table.entries.size() - 1;
    for (std::size_t at = homeOf(hash, table);; at = (at + 1) & mask) {
        Entry& entry = table.entries[at];
        if (entry.use.frequency == 0)
            return nullptr;
        if (entry.position == position)
            return &entry;
    }
}

void AccessTable::touch(Position position, std::uint32_t nowMs, Random& random)
{
    if (Entry* const known = entryOf(position)) {
        const std::uint8_t faded = fadedFrequency(known->use, nowMs);
        const double steps = std::max(0, faded - frequencyFirst);
        const bool grows = faded < 255 && random.unit() * (steps * frequencyGrowth + 1) < 1;
        known->use = {nowMs, static_cast<std::uint8_t>(faded + (grows ? 1 : 0))};
        return;
    }
    add(position, {nowMs, frequencyFirst});
}

void AccessTable::add(Position position, const KeyUse& use)
{
    const std::uint64_t hash = hashOf(position);
    Table& table = tableOf(hash);
    if (table.count + 1 > table.entries.size() / 8 * 7)
        grow(table);
    m_longest = std::max(m_longest, table.entries.size());
    const std::size_t mask = table.entries.size() - 1;
    std::size_t at = homeOf(hash, table);
    while (table.entries[at].use.frequency != 0)
        at = (at + 1) & mask;
    table.entries[at] = {position, use};
    ++table.count;
    ++m_count;
}

void AccessTable::merge(Position position, const KeyUse& use)
{
    if (use.frequency == 0)
        return;
    Entry* const known = entryOf(position);
    if (!known) {
        add(position, use);
        return;
    }
    if (laterBy(use.lastMs, known->use.lastMs) > 0)
        known->use.lastMs = use.lastMs;
    known->use.frequency = std::max(known->use.frequency, use.frequency);
}

void AccessTable::erase(Position position)
{
    Entry* const leaving = entryOf(position);
    if (!leaving)
        return;
    Table& table = tableOf(hashOf(position));
    const std::size_t mask = table.entries.size() - 1;
    auto hole = static_cast<std::size_t>(leaving - table.entries.data());
    // What was pushed on by the one that leaves moves back, so that a search may end at the first free place.
    for (std::size_t at = (hole + 1) & mask; table.entries[at].use.frequency != 0; at = (at + 1) & mask) {
        const std::size_t home = homeOf(hashOf(table.entries[at].position), table);
        if (((at - home) & mask) >= ((at - hole) & mask)) {
            table.entries[hole] = table.entries[at];
            hole = at;
        }
    }
    table.entries[hole] = {};
    --table.count;
    --m_count;
}

std::optional<KeyUse> AccessTable::find(Position position) const
{
    const Entry* const entry = const_cast<AccessTable*>(this)->entryOf(position);
    return entry ? std::optional(entry->use) : std::nullopt;
}

const AccessTable::Entry* AccessTable::sample(Random& random) const
{
    if (m_count == 0)
        return nullptr;
    for (int tries = 0; tries < samplingTries; ++tries) {
        const Table& table = m_tables[random.below(tableCount)];
        // As if all were as long as the longest: so every place is as likely.
        const std::size_t at = random.below(m_longest);
        if (at < table.entries.size() && table.entries[at].use.frequency != 0)
            return &table.entries[at];
    }
    // Nearly empty: the next one there is.
    const std::size_t first = random.below(tableCount);
    for (std::size_t i = 0; i < tableCount; ++i)
        for (const Entry& entry : m_tables[(first + i) % tableCount].entries)
            if (entry.use.frequency != 0)
                return &entry;
    return nullptr;
}

void AccessTable::clear()
{
    for (Table& table : m_tables)
        table = {};
    m_count = 0;
    m_longest = 0;
}

void KeyUses::setActive(bool active)
{
    m_isActive = active;
    if (!active)
        for (AccessTable& table : m_tables)
            table.clear();
}

void KeyUses::changed(Position position, bool present, bool expires)
{
    if (!m_isActive)
        return;
    AccessTable& others = m_tables[!expires];
    if (!present) {
        m_tables[expires].erase(position);
        others.erase(position);
    } else if (const std::optional<KeyUse> before = others.find(position)) {
        others.erase(position);
        m_tables[expires].merge(position, *before);
    }
}

void KeyUses::learn(Position position, bool expires, const KeyUse& use)
{
    if (m_isActive)
        m_tables[expires].merge(position, use);
}

std::optional<KeyUse> KeyUses::find(Position position) const
{
    const std::optional<KeyUse> found = m_tables[0].find(position);
    return found ? found : m_tables[1].find(position);
}

void AccessTable::grow(Table& table)
{
    std::vector<Entry> old(table.entries.empty() ? entriesFirst : table.entries.size() * 2);
    old.swap(table.entries);
    const std::size_t mask = table.entries.size() - 1;
    for (const Entry& entry : old) {
        if (entry.use.frequency == 0)
            continue;
        std::size_t at = homeOf(hashOf(entry.position), table);
        while (table.entries[at].use.frequency != 0)
            at = (at + 1) & mask;
        table.entries[at] = entry;
    }
}

} // namespace quoit
