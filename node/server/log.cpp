#include "node/server/log.h"

#include <cstdio>
#include <ctime>
#include <sys/time.h>
#include <unistd.h>

namespace quoit {

void logLine(LogLevel level, std::string_view text)
{
    timeval time{};
    gettimeofday(&time, nullptr);
    std::tm utc{};
    gmtime_r(&time.tv_sec, &utc);
    char stamp[64];
    std::snprintf(stamp, sizeof stamp, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ ", utc.tm_year + 1900, utc.tm_mon + 1,
                  utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(time.tv_usec / 1000));
    std::string line = stamp;
    line += level == LogLevel::Info ? "info " : level == LogLevel::Warning ? "warning " : "error ";
    for (const char c : text)
        line += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
    line += '\n';
    // Nothing sensible is left to do if stderr is gone.
    [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

void LogBrake::line(TimePoint now, LogLevel level, std::string_view text)
{
    if (now < m_next) {
        ++m_heldBack;
        return;
    }
    m_next = now + m_interval;
    if (m_heldBack == 0) {
        logLine(level, text);
        return;
    }
    logLine(level, std::string(text) + " (and " + std::to_string(m_heldBack) + " similar lines before)");
    m_heldBack = 0;
}

} // namespace quoit
