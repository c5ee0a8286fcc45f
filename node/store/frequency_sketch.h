// node/store/frequency_sketch.h - about how often keys were asked for lately, in 4 … 8 bytes a cached entry.
#pragma once

#include <cstdint>
#include <vector>

namespace quoit {

/// A Count-Min sketch of 4-bit counters behind a doorkeeper, in blocks of one cache line; it halves what it knows as it
/// goes on, a block at a time. One owner, one thread.
/// Source: Einziger, Friedman, Manes, TinyLFU, ACM TOS 2017.
class FrequencySketch
{
public:
    FrequencySketch();
    /// The cache holds that many entries. What is known stays.
    void reach(std::uint64_t entries);
    void add(std::uint32_t hash);
    /// @return 0 … 16
    std::uint32_t estimate(std::uint32_t hash) const;

private:
    static constexpr int rows = 3;
    static constexpr int wordsPerRow = 2;
    struct alignas(64) Block
    {
        std::uint64_t counters[rows * wordsPerRow] = {}; ///< 32 of 4 bits a row
        std::uint64_t doorkeeper[2] = {};
    };
    void age();

    std::vector<Block> m_blocks; ///< a power of two
    std::uint64_t m_entries = 0;
    std::uint64_t m_untilAge;
    std::size_t m_nextAged = 0;
};

} // namespace quoit
