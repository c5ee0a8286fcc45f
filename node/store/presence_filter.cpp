#include "node/store/presence_filter.h"

#include <algorithm>
#include <iterator>

namespace quoit {

namespace {

constexpr std::uint64_t positionsPerBlock = 40; // 12.8 bits each
constexpr std::uint64_t capacityMin = 64 * 1024;

/// Positions of one hash slot share their high bits: spread them.
std::uint64_t mixed(Position position)
{
    std::uint64_t z = position * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 32)) * 0xbf58476d1ce4e5b9ULL;
    return z ^ (z >> 29);
}

/// One bit in each word of a block, six bits of the result for each.
std::uint64_t bitsOf(std::uint64_t hash)
{
    return (hash * 0x94d049bb133111ebULL) >> 16;
}

std::size_t blockOf(std::uint64_t hash, std::size_t count)
{
    return static_cast<std::size_t>(((hash >> 32) * count) >> 32);
}

} // namespace

PresenceFilter::PresenceFilter(std::uint64_t expected)
{
    grow(std::max(expected, capacityMin));
}

void PresenceFilter::grow(std::uint64_t capacity)
{
    m_capacity = capacity;
    m_layers.push_back({std::vector<Block>(capacity / positionsPerBlock + 1), capacity});
}

void PresenceFilter::absorb(PresenceFilter other)
{
    m_capacity = std::max(m_capacity, other.m_capacity);
    m_layers.insert(m_layers.begin(), std::make_move_iterator(other.m_layers.begin()), std::make_move_iterator(other.m_layers.end()));
}

void PresenceFilter::add(Position position)
{
    if (mayContain(position))
        return;
    if (m_layers.back().room == 0)
        grow(m_capacity * 2);
    Layer& layer = m_layers.back();
    --layer.room;
    const std::uint64_t hash = mixed(position);
    Block& block = layer.blocks[blockOf(hash, layer.blocks.size())];
    const std::uint64_t bits = bitsOf(hash);
    for (int i = 0; i < wordsPerBlock; ++i)
        block.words[i] |= std::uint64_t(1) << ((bits >> (6 * i)) & 63);
}

bool PresenceFilter::mayContain(Position position) const
{
    const std::uint64_t hash = mixed(position);
    const std::uint64_t bits = bitsOf(hash);
    for (auto layer = m_layers.rbegin(); layer != m_layers.rend(); ++layer) {
        const Block& block = layer->blocks[blockOf(hash, layer->blocks.size())];
        std::uint64_t missing = 0;
        for (int i = 0; i < wordsPerBlock; ++i)
            missing |= ~block.words[i] & (std::uint64_t(1) << ((bits >> (6 * i)) & 63));
        if (missing == 0)
            return true;
    }
    return false;
}

std::uint64_t PresenceFilter::bytes() const
{
    std::uint64_t bytes = 0;
    for (const Layer& layer : m_layers)
        bytes += layer.blocks.size() * sizeof(Block);
    return bytes;
}

} // namespace quoit
