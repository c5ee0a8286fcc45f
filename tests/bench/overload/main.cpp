// tests/bench/overload/main.cpp - bench_overload: what a cluster does with twice the load that it can sustain, and with one client that
// floods it. Takes the options of bench_load; prints sentences.
//   bench_overload --server 127.0.0.1:7400 ... --pid N ... --work set --keys 100000 --connections 200
#include "tests/bench/load/load.h"
#include "tests/bench/load/open_load.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <fstream>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace quoit;
using namespace quoit::bench;

namespace {

constexpr double settleSeconds = 1.5;
constexpr int pausesMs = 50;

using ullong = unsigned long long;

double residentMegabytes(const std::vector<int>& processIds)
{
    double most = 0;
    for (const int id : processIds) {
        std::ifstream file("/proc/" + std::to_string(id) + "/statm");
        double pages = 0;
        file >> pages >> pages;
        most = std::max(most, pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6);
    }
    return most;
}

/// An operator beside the load: asks INFO again and again, and looks at the memory.
class Operator
{
public:
    explicit Operator(const LoadOptions& options)
        : m_options(options)
        , m_thread([this] { run(); })
    {}
    ~Operator() { stop(); }
    void stop()
    {
        m_stop = true;
        if (m_thread.joinable())
            m_thread.join();
    }

    Histogram latency; ///< µs
    std::uint64_t unanswered = 0;
    double residentMbMax = 0;

private:
    void run()
    {
        Connection connection(1);
        if (!connection.open(m_options.servers.front(), {}).empty()) {
            ++unanswered;
            return;
        }
        while (!m_stop) {
            residentMbMax = std::max(residentMbMax, residentMegabytes(m_options.processIds));
            const Clock::time_point start = Clock::now();
            connection.out() = "*1\r\n$4\r\nINFO\r\n";
            if (!connection.flush() || !hasAnswer(connection)) {
                ++unanswered;
                return;
            }
            const auto took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - start);
            latency.record(static_cast<std::uint64_t>(took.count()));
            std::this_thread::sleep_for(std::chrono::milliseconds(pausesMs));
        }
    }
    static bool hasAnswer(Connection& connection)
    {
        std::array<char, 64 * 1024> bytes;
        pollfd waits{connection.socket(), POLLIN, 0};
        while (::poll(&waits, 1, 5000) == 1) {
            const ssize_t received = ::recv(connection.socket(), bytes.data(), bytes.size(), 0);
            if (received <= 0)
                return false;
            std::string_view left(bytes.data(), static_cast<std::size_t>(received));
            ScannedReply reply;
            if (connection.scanner.next(left, reply) == ReplyScanner::Step::Reply)
                return reply.kind == '$';
        }
        return false;
    }

    const LoadOptions& m_options;
    std::atomic<bool> m_stop{false};
    std::thread m_thread;
};

double rateOf(const LoadResult& result)
{
    return result.seconds > 0 ? static_cast<double>(result.operations) / result.seconds : 0;
}

/// One operation in flight on each connection.
LoadResult closedLoad(LoadOptions options, double warmupSeconds, double seconds, int pipeline = 1)
{
    options.pipeline = pipeline;
    options.warmupSeconds = warmupSeconds;
    options.seconds = seconds;
    return Load(options).run();
}

void overload(const LoadOptions& options)
{
    const LoadResult peak = closedLoad(options, options.warmupSeconds, options.seconds);
    std::printf("peak: %.0f/s on %d connections, p99 %llu us\n", rateOf(peak), options.connections,
                static_cast<ullong>(peak.latency.percentile(0.99)));
    LoadOptions open = options;
    open.pipeline = std::max(options.pipeline, 32);
    Operator watcher(options);
    const OpenLoadResult twice = OpenLoad(open, 2 * rateOf(peak)).run(options.seconds);
    watcher.stop();
    const LoadResult after = closedLoad(options, 0, 1);
    std::this_thread::sleep_for(std::chrono::duration<double>(settleSeconds));
    const LoadResult later = closedLoad(options, options.warmupSeconds, options.seconds);
    const double goodput = twice.seconds > 0 ? static_cast<double>(twice.good) / twice.seconds : 0;
    std::printf("twice the peak for %.1f s: goodput %.0f/s (%.0f %% of the peak before, %.0f %% of the one after), p50 %llu p99 %llu us; "
                "%llu BUSY, p50 %llu p99 %llu us; %llu other%s%s; %llu not sent, all connections full\n",
                twice.seconds, goodput, 100 * goodput / rateOf(peak), 100 * goodput / rateOf(later),
                static_cast<ullong>(twice.goodLatency.percentile(0.5)), static_cast<ullong>(twice.goodLatency.percentile(0.99)),
                static_cast<ullong>(twice.busy), static_cast<ullong>(twice.busyLatency.percentile(0.5)),
                static_cast<ullong>(twice.busyLatency.percentile(0.99)), static_cast<ullong>(twice.other), twice.other ? ": " : "",
                twice.firstOther.c_str(), static_cast<ullong>(twice.notSent));
    std::printf("meanwhile: INFO p50 %llu p99 %llu us, %llu not answered; at most %.0f MB resident in one node\n",
                static_cast<ullong>(watcher.latency.percentile(0.5)), static_cast<ullong>(watcher.latency.percentile(0.99)),
                static_cast<ullong>(watcher.unanswered), watcher.residentMbMax);
    std::printf("the second after: %.0f/s; later: %.0f/s\n", rateOf(after), rateOf(later));
}

/// One more connection with a thousand in flight, at the first server, where a part of the others are as well.
void flood(const LoadOptions& options)
{
    const LoadResult alone = closedLoad(options, options.warmupSeconds, options.seconds);
    LoadOptions flooding = options;
    flooding.connections = 1;
    flooding.servers.resize(1);
    LoadResult flooded;
    std::thread other([&] { flooded = closedLoad(flooding, 0, options.warmupSeconds + options.seconds, 1000); });
    const LoadResult beside = closedLoad(options, options.warmupSeconds, options.seconds);
    other.join();
    const double share = rateOf(alone) * options.connections / (options.connections + 1);
    std::printf("%d connections alone: %.0f/s; beside one that keeps 1000 in flight: %.0f/s, %.0f %% of their share, p99 %llu -> %llu us; "
                "the flooding one: %.0f/s\n",
                options.connections, rateOf(alone), rateOf(beside), 100 * rateOf(beside) / share,
                static_cast<ullong>(alone.latency.percentile(0.99)), static_cast<ullong>(beside.latency.percentile(0.99)), rateOf(flooded));
}

} // namespace

int main(int argc, char** argv)
{
    const auto options = readOptions(argc, argv);
    if (!options)
        return 2;
    overload(*options);
    flood(*options);
    return 0;
}
