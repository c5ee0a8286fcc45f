// console/terminal/progress.h - how far a long job is: a bar, the rate, the time that is left.
// Pure: the caller gives the time and writes the line.
#pragma once

#include "console/terminal/text.h"
#include "shared/base/time.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace quoit::terminal {

/// Follows one job. The rate is that of the last five seconds, so that the remaining time follows what happens now.
class Progress
{
public:
    /// @param verb "import" or the like. @param totalUnits bytes or keys that make it whole; 0: nobody knows
    Progress(std::string verb, std::uint64_t totalUnits, TimePoint now);

    /// @param units done of totalUnits, never fewer than before; @param records done; @param failed of these
    void update(std::uint64_t units, std::uint64_t records, std::uint64_t failed, TimePoint now);
    void setTotal(std::uint64_t totalUnits) { m_totalUnits = totalUnits; }

    /// Records a second.
    double rate() const;
    /// Nothing while it can't be told.
    std::optional<std::uint64_t> secondsLeft() const;
    /// "import  ██████····  62 %  21.6 k keys  12.3 k/s  1 s left  3 failed", cut to the columns
    std::string line(std::size_t columns, const Style& style) const;

private:
    struct Sample
    {
        TimePoint time;
        std::uint64_t units;
        std::uint64_t records;
    };

    double perSecond(std::uint64_t Sample::*member) const;

    const std::string m_verb;
    std::uint64_t m_totalUnits;
    std::deque<Sample> m_samples; ///< oldest first, never empty
    std::uint64_t m_failed = 0;
};

} // namespace quoit::terminal
