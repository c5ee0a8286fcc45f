// tests/bench/load/load.h - the load generator's event loop: keeps every connection busy and counts what comes back.
// One thread on epoll, so that it takes as little as possible from the processors that the servers need.
#pragma once

#include "shared/base/histogram.h"
#include "tests/bench/load/connection.h"
#include "tests/bench/load/keys_by_server.h"

#include <array>
#include <deque>
#include <string>

namespace quoit::bench {

/// What the measured time brought. Errors are counted from the first to the last operation, warm-up included.
struct LoadResult
{
    std::uint64_t operations = 0;
    double seconds = 0;
    Histogram latency; ///< µs
    std::uint64_t errors = 0;
    std::string firstError;
    double serverCpuSeconds = 0;
    double clientCpuSeconds = 0;
};

/// One run. Phases: warm-up, measured time, then the answers in flight are awaited. Fill is measured as a whole.
class Load
{
public:
    /// @param options outlives this object
    explicit Load(const LoadOptions& options);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    /// Blocks. Bounded: gives up when nothing at all came for 10 s.
    LoadResult run();

private:
    enum class Phase { Warmup, Measured, Drain };

    bool openAll();
    void advancePhase(Clock::time_point now);
    void startMeasuring(Clock::time_point now);
    void stopMeasuring(Clock::time_point now);
    void sendNext(Connection& connection, Clock::time_point now);
    void onEvent(Connection& connection, std::uint32_t events);
    /// @return false if the connection is lost
    bool takeReplies(Connection& connection, std::string_view bytes, Clock::time_point now);
    void flush(Connection& connection);
    void lose(Connection& connection, const std::string& why);
    void complain(std::uint64_t operations, const std::string& why);
    bool hasMoreToSend() const;
    std::uint64_t nextKeyFor(const Connection& connection);
    double serverCpuSeconds() const;

    const LoadOptions& m_options;
    const Requests m_requests;
    Random m_random;
    int m_epoll = -1;
    std::deque<Connection> m_connections;
    Phase m_phase = Phase::Warmup;
    Clock::time_point m_started;
    Clock::time_point m_measuredFrom;
    Clock::time_point m_lastProgress;
    std::uint64_t m_nextKey = 0; ///< of Fill
    KeysByServer m_routed;       ///< of LoadOptions::routed, else empty
    std::uint64_t m_inFlight = 0;
    std::array<char, 64 * 1024> m_received;
    LoadResult m_result;
};

} // namespace quoit::bench
