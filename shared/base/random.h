// shared/base/random.h - a small deterministic generator; whoever owns the seed owns the sequence.
#pragma once

#include <cstdint>

namespace quoit {

/// SplitMix64. Source: Steele, Lea, Flood, OOPSLA 2014. Not for secrets.
class Random
{
public:
    explicit Random(std::uint64_t seed)
        : m_state(seed)
    {
    }

    std::uint64_t next()
    {
        std::uint64_t z = (m_state += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    /// 0 … bound - 1; bound > 0.
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }
    /// 0 ≤ value < 1.
    double unit() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    bool chance(double probability) { return unit() < probability; }

private:
    std::uint64_t m_state;
};

} // namespace quoit
