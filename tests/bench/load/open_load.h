// tests/bench/load/open_load.h - a load that doesn't wait for answers: so many operations a second, whatever the servers do.
// One thread on epoll. Bounded: a connection has at most so many in flight, and what finds no room is counted and not sent.
#pragma once

#include "shared/base/histogram.h"
#include "tests/bench/load/connection.h"

#include <deque>
#include <string>

namespace quoit::bench {

struct OpenLoadResult
{
    double seconds = 0;
    std::uint64_t good = 0;    ///< answered as a healthy server does
    std::uint64_t busy = 0;    ///< answered BUSY
    std::uint64_t other = 0;   ///< any other answer, and what was in flight on lost connections
    std::uint64_t notSent = 0; ///< every connection was full
    Histogram goodLatency;     ///< µs from when it was sent
    Histogram busyLatency;     ///< likewise
    std::string firstOther;
};

/// One run.
class OpenLoad
{
public:
    /// @param options outlives this object; pipeline is the most in flight on one connection
    OpenLoad(const LoadOptions& options, double perSecond);
    ~OpenLoad();
    OpenLoad(const OpenLoad&) = delete;
    OpenLoad& operator=(const OpenLoad&) = delete;

    /// Sends for that time, then awaits what is in flight for at most two seconds.
    OpenLoadResult run(double seconds);

private:
    bool openAll();
    void sendDue(Clock::time_point now);
    Connection* nextWithRoom();
    void receive(Connection& connection);
    void lose(Connection& connection, const std::string& why);

    const LoadOptions& m_options;
    const double m_perSecond;
    const Requests m_requests;
    Random m_random;
    int m_epoll = -1;
    std::deque<Connection> m_connections;
    std::size_t m_next = 0;
    Clock::time_point m_started;
    std::uint64_t m_due = 0; ///< operations that were sent, or found no room
    std::uint64_t m_inFlight = 0;
    OpenLoadResult m_result;
};

} // namespace quoit::bench
