#include "node/server/space_saving.h"

#include <algorithm>
#include <numeric>

namespace quoit {

namespace {

constexpr double vanished = 1e-3; // a count that says nothing any more

} // namespace

void SpaceSaving::add(std::string_view key, std::uint64_t keyHash, double weight)
{
    const auto used = m_hashes.begin() + static_cast<std::ptrdiff_t>(m_used);
    const auto known = std::find(m_hashes.begin(), used, keyHash);
    auto index = static_cast<std::size_t>(known - m_hashes.begin());
    if (known == used) {
        if (m_used < countersMax) {
            ++m_used;
        } else { // the least frequent one leaves; whoever takes its place may have been as frequent before
            index = static_cast<std::size_t>(std::min_element(m_counts.begin(), m_counts.end()) - m_counts.begin());
            m_errors[index] = m_counts[index];
        }
        m_hashes[index] = keyHash;
        m_keys[index].assign(key.substr(0, keyBytesMax));
    }
    m_counts[index] += weight;
}

void SpaceSaving::decay(double factor)
{
    for (std::size_t i = 0; i < m_used; ++i) {
        m_counts[i] = m_counts[i] * factor < vanished ? 0 : m_counts[i] * factor;
        m_errors[i] = std::min(m_errors[i] * factor, m_counts[i]);
    }
}

std::vector<CountedKey> SpaceSaving::top(std::size_t countMax) const
{
    std::vector<std::size_t> order(m_used);
    std::iota(order.begin(), order.end(), std::size_t(0));
    std::sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
        return m_counts[a] != m_counts[b] ? m_counts[a] > m_counts[b] : m_keys[a] < m_keys[b];
    });
    order.resize(std::min(order.size(), countMax));
    std::vector<CountedKey> keys;
    for (const std::size_t index : order)
        if (m_counts[index] > 0)
            keys.push_back({m_keys[index], m_counts[index], m_errors[index]});
    return keys;
}

double SpaceSaving::floor() const
{
    return m_used < countersMax ? 0 : *std::min_element(m_counts.begin(), m_counts.end());
}

} // namespace quoit
