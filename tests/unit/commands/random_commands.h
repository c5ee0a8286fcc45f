// tests/unit/commands/random_commands.h - commands that look for differences: few keys, odd numbers, options in any
// order.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace quoit::testing {

/// The same seed gives the same commands. What Quoit answers differently on purpose isn't among them: the empty key,
/// commands that it doesn't have, keys and values above its limits, an expiry in the last centuries before 2^63 ms, an
/// option with a NUL in it.
class RandomCommands
{
public:
    explicit RandomCommands(std::uint64_t seed)
        : m_random(seed)
    {}

    /// [1 …] arguments with the name. Nothing in them expires within the next 1000 s.
    std::vector<std::string> next();

private:
    using Arguments = std::vector<std::string>;

    std::size_t below(std::size_t limit) { return m_random() % limit; }
    bool oneIn(std::size_t n) { return below(n) == 0; }
    template <typename List>
    std::string pick(const List& list)
    {
        return std::string(list[below(std::size(list))]);
    }

    std::string anyCase(std::string_view text);
    std::string key();
    std::string value();
    std::string integer();
    std::string smallInteger();
    std::string relativeTime();
    std::string absoluteTime(bool seconds);
    void addTimeOption(Arguments& arguments);
    Arguments set();
    Arguments getEx();
    Arguments expire();
    Arguments range();
    Arguments arithmetic();
    Arguments manyKeys();
    Arguments oneKey();
    Arguments unknown();
    Arguments wrongArity();

    std::mt19937_64 m_random;
    std::int64_t m_counter = 0; ///< makes each relative time another one: GT and LT must not depend on a millisecond
};

} // namespace quoit::testing
