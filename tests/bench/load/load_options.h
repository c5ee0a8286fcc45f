// tests/bench/load/load_options.h - what one run of the load generator does, read from its arguments.
#pragma once

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quoit::bench {

enum class Work {
    Fill, ///< writes every key once, then ends
    Set,
    Get,
    Increment,
};

/// An IPv4 address in numbers, and a port.
struct Server
{
    std::string host;
    std::uint16_t port = 0;
};

struct LoadOptions
{
    std::vector<Server> servers; ///< the connections are dealt to them in turn; at least one
    Work work = Work::Get;
    std::string level;          ///< sent as QUOIT.LEVEL on every connection first; empty: not sent
    int waitReplicas = 0;       ///< > 0: SET or INCR is followed by WAIT with this number, both together are one operation
    bool routed = false;        ///< each connection keeps to keys that its server is first for; not with Fill
    int connections = 50;       ///< 1 … 10,000
    int pipeline = 1;           ///< operations in flight per connection, 1 … 1024
    double seconds = 3;         ///< measured, after the warm-up; Fill has no limit but the watchdog
    double warmupSeconds = 0.5; ///< load that isn't counted
    double perSecond = 0;       ///< > 0: an open load (OpenLoad) of so many operations; 0: a closed one (Load)
    std::uint64_t keys = 100'000;
    std::string prefix = "key:"; ///< of every key, before its number
    std::size_t valueBytes = 100; ///< 1 … 65,536
    std::uint64_t seed = 1;
    std::vector<int> processIds; ///< of the servers, whose processor time is measured
    const volatile std::sig_atomic_t* stop = nullptr; ///< once it isn't 0 the measured time is over
};

/// @return the options, or nothing after a complaint was printed to standard error. "--help" ends the program.
std::optional<LoadOptions> readOptions(int argc, char** argv);

} // namespace quoit::bench
