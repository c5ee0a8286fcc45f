// node/store/presence_filter.h - knows without asking the disk that most absent keys are absent: a first write of a key
// needs no lookup there.
#pragma once

#include "shared/base/ids.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace quoit {

/// A Bloom filter over positions that grows by adding larger ones; nothing is ever taken out. One owner, one thread.
/// Less than 1 % of absent positions pass, in 1.5 … 3 bytes a key.
/// Sources: Putze, Sanders, Singler, WEA 2007 (blocks of one cache line); Almeida et al., IPL 2007 (growth).
class PresenceFilter
{
public:
    /// @param expected  positions that fit before it grows
    explicit PresenceFilter(std::uint64_t expected);

    /// Holds what the other one holds as well.
    void absorb(PresenceFilter other);
    void add(Position position);
    /// False: surely never added.
    bool mayContain(Position position) const;

    std::uint64_t bytes() const;

private:
    static constexpr int wordsPerBlock = 8; ///< 64 bytes
    struct alignas(64) Block
    {
        std::uint64_t words[wordsPerBlock] = {};
    };
    struct Layer
    {
        std::vector<Block> blocks;
        std::uint64_t room; ///< positions that may still be added
    };

    void grow(std::uint64_t capacity);

    std::vector<Layer> m_layers;  ///< only the last one is added to
    std::uint64_t m_capacity = 0; ///< of the largest layer; the next one is at least twice as large
};

} // namespace quoit
