// shared/base/histogram.h - latencies in buckets that are 6 % wide, from 1 µs to 70 minutes; mergeable and cheap.
#pragma once

#include <array>
#include <cstdint>

namespace quoit {

/// A log-linear histogram: 16 buckets to a power of two. Source: the layout of HdrHistogram (G. Tene).
class Histogram
{
public:
    static constexpr int bucketsPerOctave = 16;
    static constexpr int bucketCount = 512;

    /// @param value microseconds, ≥ 0; larger than the last bucket counts there.
    void record(std::uint64_t value);
    void merge(const Histogram& other);
    void clear();
    /// What was recorded since `earlier`, a copy of this histogram at some time before.
    Histogram since(const Histogram& earlier) const;
    std::uint64_t count() const { return m_count; }
    std::uint64_t sum() const { return m_sum; } ///< of all values
    /// How many values are less than 2^power. @param power 4 … 35: there buckets end exactly
    std::uint64_t countBelowPower(int power) const;
    /// @param fraction 0 … 1. @return upper edge of the bucket that holds it, in µs; 0 when nothing was recorded.
    std::uint64_t percentile(double fraction) const;

private:
    std::array<std::uint64_t, bucketCount> m_buckets{};
    std::uint64_t m_count = 0;
    std::uint64_t m_sum = 0;
};

} // namespace quoit
