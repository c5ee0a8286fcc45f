// node/server/log.h - one line a fact, on stderr, with time and level; and a brake for facts that others can cause.
#pragma once

#include "shared/base/time.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace quoit {

enum class LogLevel { Info, Warning, Error };

/// Writes "2024-05-01T12:00:00.123Z level text" in one write; safe from any thread. Line breaks in it become spaces.
void logLine(LogLevel level, std::string_view text);

/// Lets a line through every few seconds and counts those that it held back. Not thread-safe.
class LogBrake
{
public:
    explicit LogBrake(Milliseconds interval = Milliseconds(5000))
        : m_interval(interval)
    {}
    /// logLine(), or nothing. Says how many similar lines were held back since the last one.
    void line(TimePoint now, LogLevel level, std::string_view text);

private:
    Milliseconds m_interval;
    TimePoint m_next{};
    std::uint64_t m_heldBack = 0;
};

} // namespace quoit
