#include "node/store/frequency_sketch.h"

#include <algorithm>

namespace quoit {

namespace {
constexpr std::uint64_t entriesPerBlock = 16;
/// So many additions for each cached entry until every counter has been halved once.
constexpr std::uint64_t periodPerEntry = 10;
constexpr std::uint64_t counterMax = 15;

/// Bits that are independent of those that choose the block.
std::uint64_t bitsOf(std::uint32_t hash)
{
    return (hash ^ 0xa5a5a5a5ULL) * 0xd6e8feb86659fd93ULL;
}
} // namespace

FrequencySketch::FrequencySketch()
    : m_blocks(16)
    , m_untilAge(entriesPerBlock * periodPerEntry)
{}

void FrequencySketch::reach(std::uint64_t entries)
{
    m_entries = entries;
    while (m_entries > m_blocks.size() * entriesPerBlock) {
        const std::size_t before = m_blocks.size();
        m_blocks.resize(before * 2);
        std::copy_n(m_blocks.begin(), before, m_blocks.begin() + static_cast<std::ptrdiff_t>(before));
    }
}

void FrequencySketch::add(std::uint32_t hash)
{
    Block& block = m_blocks[hash & (m_blocks.size() - 1)];
    const std::uint64_t bits = bitsOf(hash);
    std::uint64_t counts[rows];
    std::uint64_t least = counterMax;
    for (int row = 0; row < rows; ++row) {
        const Place place = placeOf(bits, row);
        counts[row] = block.counters[place.word] >> place.shift & counterMax;
        least = std::min(least, counts[row]);
    }
    for (int row = 0; row < rows && least < counterMax; ++row) {
        const Place place = placeOf(bits, row);
        block.counters[place.word] += std::uint64_t(counts[row] == least) << place.shift;
    }
    if (--m_untilAge == 0)
        age();
}

std::uint32_t FrequencySketch::estimate(std::uint32_t hash) const
{
    const Block& block = m_blocks[hash & (m_blocks.size() - 1)];
    const std::uint64_t bits = bitsOf(hash);
    std::uint64_t least = counterMax;
    for (int row = 0; row < rows; ++row) {
        const Place place = placeOf(bits, row);
        least = std::min(least, block.counters[place.word] >> place.shift & counterMax);
    }
    return static_cast<std::uint32_t>(least);
}

void FrequencySketch::age()
{
    Block& block = m_blocks[m_nextAged];
    for (std::uint64_t& word : block.counters)
        word = word >> 1 & 0x7777777777777777ULL;
    m_nextAged = (m_nextAged + 1) & (m_blocks.size() - 1);
    m_untilAge = std::max<std::uint64_t>(1, m_entries * periodPerEntry / m_blocks.size());
}

} // namespace quoit
