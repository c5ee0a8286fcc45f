#include "shared/base/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace quoit {

namespace {

// Values below 16 have a bucket each; above, the four bits after the leading one choose the bucket of the octave.
int bucketOf(std::uint64_t value)
{
    if (value < Histogram::bucketsPerOctave)
        return static_cast<int>(value);
    const int octave = std::bit_width(value) - 5;
    const int index = (octave + 1) * Histogram::bucketsPerOctave + static_cast<int>((value >> octave) & 15);
    return std::min(index, Histogram::bucketCount - 1);
}

std::uint64_t upperEdge(int bucket)
{
    if (bucket < Histogram::bucketsPerOctave)
        return static_cast<std::uint64_t>(bucket);
    const int octave = bucket / Histogram::bucketsPerOctave - 1;
    return ((static_cast<std::uint64_t>(bucket % Histogram::bucketsPerOctave) + 17) << octave) - 1;
}

} // namespace

void Histogram::record(std::uint64_t value)
{
    ++m_buckets[static_cast<std::size_t>(bucketOf(value))];
    ++m_count;
    m_sum += value;
}

void Histogram::merge(const Histogram& other)
{
    for (std::size_t i = 0; i < m_buckets.size(); ++i)
        m_buckets[i] += other.m_buckets[i];
    m_count += other.m_count;
    m_sum += other.m_sum;
}

Histogram Histogram::since(const Histogram& earlier) const
{
    Histogram later = *this;
    for (std::size_t i = 0; i < m_buckets.size(); ++i)
        later.m_buckets[i] -= earlier.m_buckets[i];
    later.m_count -= earlier.m_count;
    later.m_sum -= earlier.m_sum;
    return later;
}

void Histogram::clear()
{
    m_buckets.fill(0);
    m_count = 0;
    m_sum = 0;
}

std::uint64_t Histogram::countBelowPower(int power) const
{
    const auto end = std::min<std::size_t>(static_cast<std::size_t>(power - 3) * bucketsPerOctave, bucketCount);
    return std::accumulate(m_buckets.begin(), m_buckets.begin() + static_cast<std::ptrdiff_t>(end), std::uint64_t(0));
}

std::uint64_t Histogram::percentile(double fraction) const
{
    if (m_count == 0)
        return 0;
    const auto wanted = static_cast<std::uint64_t>(std::ceil(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(m_count)));
    std::uint64_t seen = 0;
    for (int i = 0; i < bucketCount; ++i) {
        seen += m_buckets[static_cast<std::size_t>(i)];
        if (seen >= wanted && seen > 0)
            return upperEdge(i);
    }
    return upperEdge(bucketCount - 1);
}

} // namespace quoit
