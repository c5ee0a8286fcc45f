// node/server/slow_log.h - the requests that took longest lately, for SLOWLOG and LATENCY. Not thread-safe.
// A request's time runs from the moment it was taken in to its answer: what it waited for is part of it.
#pragma once

#include "shared/base/time.h"

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

struct SlowLogLimits
{
    std::int64_t thresholdUs = 100'000; ///< what takes as long is noted; 0: everything, -1: nothing
    std::size_t entriesMax = 128;       ///< then the oldest goes

    bool operator==(const SlowLogLimits&) const = default;
};

class SlowLog
{
public:
    static constexpr std::size_t keyBytesMax = 128; ///< of a key in an entry
    static constexpr std::size_t entriesMaxMax = 10'000;

    struct Entry
    {
        std::uint64_t id = 0;
        std::int64_t endedMs = 0; ///< since the Unix epoch
        Microseconds duration{};
        std::vector<std::string> words; ///< the command's name, and its first key if it has one
        std::string address;            ///< the client's
        std::string clientName;
    };

    const SlowLogLimits& limits() const { return m_limits; }
    void setLimits(const SlowLogLimits& limits);
    bool isSlow(Microseconds duration) const { return m_limits.thresholdUs >= 0 && duration.count() >= m_limits.thresholdUs; }
    /// @param entry  its id is given here
    void note(Entry entry);
    void clear() { m_entries.clear(); }
    const std::deque<Entry>& entries() const { return m_entries; } ///< oldest first

private:
    SlowLogLimits m_limits;
    std::deque<Entry> m_entries;
    std::uint64_t m_nextId = 0;
};

} // namespace quoit
