#include "tests/bench/load/load_options.h"

#include <arpa/inet.h>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace quoit::bench {

namespace {

constexpr const char* help =
    R"(bench_load --server HOST:PORT [options]     loads a server of the Redis protocol and prints one line of JSON

One thread, closed loop: every connection sends its next operation when one was answered. Exit status 1, and the first
error in the JSON, if any operation failed: an error reply, no value, a value of another length, a lost connection.
SIGTERM ends the measured time early.

  --server HOST:PORT   in numbers; repeat it to spread the connections
  --work WORK          fill: write every key once; set, get, incr: random keys (get)
  --route WAY          any: every connection asks for any key; home: for keys that its server is named first for in
                       CLUSTER SLOTS, as clients of Redis Cluster do; not with fill (any)
  --prefix TEXT        of the keys (key:), so that counters and values of several lengths can be kept apart
  --level LEVEL        QUOIT.LEVEL of the connections: one, quorum, all
  --wait N             SET and WAIT N 0, sent together, count as one operation
  --connections N      1 - 10000 (50)
  --pipeline N         operations in flight on each connection, 1 - 1024 (1)
  --seconds S          measured time (3); fill takes what it takes
  --warmup S           load before that which isn't counted (0.5)
  --rate N             so many operations a second instead, whether answers come or not, up to --pipeline in flight on each
                       connection; one that finds no room has failed; not with fill (as many as are answered)
  --keys N             (100000)
  --value-bytes N      1 - 65536 (100)
  --seed N             of keys and values (1)
  --pid N              a server process whose processor time is measured; repeat it for more

JSON: rate in operations per second, p50, p99, p999 in microseconds (buckets 6 % wide, upper edge),
serverCpuUs and clientCpuUs in microseconds of processor time per operation.
)";

bool parseInteger(std::string_view text, std::uint64_t min, std::uint64_t max, std::uint64_t& value)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && value >= min && value <= max;
}

template <typename Integer>
bool parseInto(std::string_view text, std::uint64_t min, std::uint64_t max, Integer& target)
{
    std::uint64_t value = 0;
    if (!parseInteger(text, min, max, value))
        return false;
    target = static_cast<Integer>(value);
    return true;
}

bool parseSeconds(const std::string& text, double& seconds)
{
    char* end = nullptr;
    seconds = std::strtod(text.c_str(), &end);
    return !text.empty() && *end == '\0' && seconds >= 0 && seconds <= 3600;
}

bool parseServer(std::string_view text, std::vector<Server>& servers)
{
    const std::size_t colon = text.rfind(':');
    std::uint64_t port = 0;
    if (colon == std::string_view::npos || !parseInteger(text.substr(colon + 1), 1, 65535, port))
        return false;
    Server server{std::string(text.substr(0, colon)), static_cast<std::uint16_t>(port)};
    in_addr ignored{};
    if (::inet_pton(AF_INET, server.host.c_str(), &ignored) != 1)
        return false;
    servers.push_back(std::move(server));
    return true;
}

bool parseWork(std::string_view text, Work& work)
{
    if (text == "fill")
        work = Work::Fill;
    else if (text == "set")
        work = Work::Set;
    else if (text == "get")
        work = Work::Get;
    else if (text == "incr")
        work = Work::Increment;
    else
        return false;
    return true;
}

bool apply(std::string_view name, const std::string& value, LoadOptions& options)
{
    if (name == "--server")
        return parseServer(value, options.servers);
    if (name == "--work")
        return parseWork(value, options.work);
    if (name == "--level") {
        options.level = value;
        return value == "one" || value == "quorum" || value == "all";
    }
    if (name == "--route") {
        options.routed = value == "home";
        return value == "any" || value == "home";
    }
    if (name == "--prefix") {
        options.prefix = value;
        return !value.empty() && value.size() <= 100;
    }
    if (name == "--wait")
        return parseInto(value, 0, 7, options.waitReplicas);
    if (name == "--connections")
        return parseInto(value, 1, 10'000, options.connections);
    if (name == "--pipeline")
        return parseInto(value, 1, 1024, options.pipeline);
    if (name == "--seconds")
        return parseSeconds(value, options.seconds) && options.seconds > 0;
    if (name == "--warmup")
        return parseSeconds(value, options.warmupSeconds);
    if (name == "--rate")
        return parseInto(value, 1, 1'000'000, options.perSecond);
    if (name == "--keys")
        return parseInto(value, 1, 1'000'000'000, options.keys);
    if (name == "--value-bytes")
        return parseInto(value, 1, 65'536, options.valueBytes);
    if (name == "--seed")
        return parseInto(value, 0, UINT64_MAX, options.seed);
    if (name == "--pid")
        return parseInto(value, 1, INT32_MAX, options.processIds.emplace_back());
    return false;
}

} // namespace

std::optional<LoadOptions> readOptions(int argc, char** argv)
{
    LoadOptions options;
    for (int i = 1; i < argc; i += 2) {
        const std::string_view name = argv[i];
        if (name == "--help" || name == "-h") {
            std::fputs(help, stdout);
            std::exit(0);
        }
        if (i + 1 == argc || !apply(name, argv[i + 1], options)) {
            std::fprintf(stderr, "bench_load: %s %s: no such option or value; see --help\n", argv[i],
                         i + 1 < argc ? argv[i + 1] : "");
            return std::nullopt;
        }
    }
    if (options.servers.empty()) {
        std::fputs("bench_load: --server is missing; see --help\n", stderr);
        return std::nullopt;
    }
    if (options.routed && options.work == Work::Fill) {
        std::fputs("bench_load: --route home can't fill; see --help\n", stderr);
        return std::nullopt;
    }
    if (options.perSecond > 0 && (options.routed || options.work == Work::Fill || options.waitReplicas > 0)) {
        std::fputs("bench_load: --rate can't fill, route or wait; see --help\n", stderr);
        return std::nullopt;
    }
    return options;
}

} // namespace quoit::bench
