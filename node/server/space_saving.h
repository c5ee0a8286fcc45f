// node/server/space_saving.h - the most frequent keys of a stream, in bounded memory, with what is certain about their counts.
// Pure. Source: Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

/// One key that is counted.
struct CountedKey
{
    std::string key;  ///< its first keyBytesMax bytes
    double count = 0; ///< at least its true count
    double error = 0; ///< by at most how much it is too high
};

/// Counts keys by a 64-bit hash of theirs. With n counted in all and k counters, every key with more than n/k is among the counters, and
/// no error is larger than n/k. Not thread-safe. Memory: at most countersMax × (keyBytesMax + 64 B).
class SpaceSaving
{
public:
    static constexpr std::size_t countersMax = 128; ///< few enough that looking through all of them is fastest
    static constexpr std::size_t keyBytesMax = 256;

    /// @param keyHash  of the whole key, however long
    void add(std::string_view key, std::uint64_t keyHash, double weight);
    /// Multiplies all counts and errors: what is long past counts less. @param factor  0 … 1
    void decay(double factor);
    /// The largest ones, descending by count, then ascending by key.
    std::vector<CountedKey> top(std::size_t countMax) const;
    /// The largest count that a key may have without being among the counters.
    double floor() const;

private:
    std::size_t m_used = 0; ///< of the arrays; those stay in place
    std::array<std::uint64_t, countersMax> m_hashes{};
    std::array<double, countersMax> m_counts{};
    std::array<double, countersMax> m_errors{};
    std::array<std::string, countersMax> m_keys;
};

} // namespace quoit
