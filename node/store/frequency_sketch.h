// node/store/frequency_sketch.h - about how often keys were asked for lately, in 4 … 8 bytes a cached entry.
#pragma once

#include <cstdint>
#include <vector>

namespace quoit {

/// A Count-Min sketch of 4-bit counters, in blocks of one cache line; it halves what it knows as it goes on, a block at a time. Only the lowest
/// of a key's counters grow, so that those who share some of them hardly count for each other. One owner, one thread.
/// Sources: Einziger, Friedman, Manes, TinyLFU, ACM TOS 2017; conservative update: Estan, Varghese, SIGCOMM 2002.
class FrequencySketch
{
public:
    FrequencySketch();
    /// The cache holds that many entries. What is known stays.
    void reach(std::uint64_t entries);
    void add(std::uint32_t hash);
    /// @return 0 … 15
    std::uint32_t estimate(std::uint32_t hash) const;
    /// It will be asked about soon.
    void prefetch(std::uint32_t hash) const { __builtin_prefetch(&m_blocks[hash & (m_blocks.size() - 1)], 1); }

private:
    static constexpr int rows = 4;
    static constexpr int wordsPerRow = 2;
    struct alignas(64) Block
    {
        std::uint64_t counters[rows * wordsPerRow] = {}; ///< 32 of 4 bits a row
    };
    struct Place
    {
        int word;
        int shift;
    };
    static Place placeOf(std::uint64_t bits, int row)
    {
        const auto place = static_cast<int>(bits >> (20 + 5 * row) & 31);
        return {row * wordsPerRow + place / 16, place % 16 * 4};
    }
    void age();

    std::vector<Block> m_blocks; ///< a power of two
    std::uint64_t m_entries = 0;
    std::uint64_t m_untilAge;
    std::size_t m_nextAged = 0;
};

} // namespace quoit
