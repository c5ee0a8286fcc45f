// node/core/access_table.h - when keys were last used at this replica, and about how often: what eviction goes by.
// Pure. Design: resources/docs/protocol.md, "Eviction".
//
// A key is known by its position; two keys of one position (once in 2^64 pairs) share their fate. What isn't in the table counts as
// not used for long. 18 to 37 bytes a key, only while a limit and a policy that needs it are set; a key takes more than that of the limit.
#pragma once

#include "shared/base/random.h"
#include "shared/ring/position.h"

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace quoit {

/// How a key was used. Frequency is a logarithmic counter that fades with time, as Redis' LFU has it: 5 at first, about 255 after a million
/// uses, one less for every minute without any.
struct KeyUse
{
    std::uint32_t lastMs = 0; ///< on this replica's monotonic clock; wraps around after 49 days
    std::uint8_t frequency = 0; ///< 1 … 255; 0: unknown

    bool operator==(const KeyUse&) const = default;
};

/// Hash tables with linear probing, many small ones, so that growth never stalls. Not thread-safe: one owner.
class AccessTable
{
public:
    struct Entry
    {
        Position position = 0;
        KeyUse use; ///< frequency 0: the place is free
    };
    static_assert(sizeof(Entry) == 16);

    /// The key was used now. Adds it if it is new.
    void touch(Position position, std::uint32_t nowMs, Random& random);
    /// The key was used like that, by what is known elsewhere; what is known here counts if it is later, or more frequent.
    void merge(Position position, const KeyUse& use);
    void erase(Position position);
    std::optional<KeyUse> find(Position position) const;
    /// A key at random, each as likely as the others. @return null if there is none
    const Entry* sample(Random& random) const;
    std::uint64_t count() const { return m_count; }
    void clear();

    /// The counter as it is now: one less for every minute since the last use.
    static std::uint8_t fadedFrequency(const KeyUse& use, std::uint32_t nowMs);

private:
    static constexpr std::size_t tableCount = 256;
    struct Table
    {
        std::vector<Entry> entries; ///< none, or a power of two of them
        std::size_t count = 0;
    };
    static std::uint64_t hashOf(Position position) { return (position ^ (position >> 29)) * 0x9e3779b97f4a7c15ULL; }
    static std::size_t homeOf(std::uint64_t hash, const Table& table) { return (hash >> 20) & (table.entries.size() - 1); }
    Table& tableOf(std::uint64_t hash) { return m_tables[hash >> 56]; }
    Entry* entryOf(Position position);
    void add(Position position, const KeyUse& use);
    static void grow(Table& table);

    std::array<Table, tableCount> m_tables;
    std::uint64_t m_count = 0;
    std::size_t m_longest = 0; ///< places in a table
};

/// The uses of all keys that a replica holds: those with a time to live by themselves, since some policies take only them.
class KeyUses
{
public:
    /// Off: remembers nothing.
    void setActive(bool active);
    bool isActive() const { return m_isActive; }

    void used(Position position, bool expires, std::uint32_t nowMs, Random& random)
    {
        if (m_isActive)
            m_tables[expires].touch(position, nowMs, random);
    }
    /// The key has, or has no longer, a time to live; or it is gone.
    void changed(Position position, bool present, bool expires);
    /// What another replica knows of a key that is here.
    void learn(Position position, bool expires, const KeyUse& use);
    std::optional<KeyUse> find(Position position) const;
    const AccessTable& table(bool expires) const { return m_tables[expires]; }
    std::uint64_t count() const { return m_tables[0].count() + m_tables[1].count(); }

private:
    bool m_isActive = false;
    std::array<AccessTable, 2> m_tables; ///< [expires]
};

} // namespace quoit
