// tests/bench/expiry/main.cpp - bench_expiry: how soon many keys that expire within one second are gone from all nodes, what that takes, and
// what clients feel of it. tests/bench/expiry/run starts the nodes.
//
//   bench_expiry KEYS RATE CLIENTPORT:HTTPPORT:PID...     nodes on 127.0.0.1, without data; prints one line of JSON
//
// Loads KEYS keys of 100 B whose time ends within one second, then sends RATE requests a second on six connections, half of them GET and half
// SET of other keys, from five seconds before that time until no node holds one of the keys any more. Takes at most four minutes.
#include "tests/bench/load/load.h"
#include "tests/bench/load/open_load.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

using namespace quoit;
using namespace quoit::bench;

namespace {

constexpr std::uint64_t otherKeys = 10'000;
constexpr std::size_t valueBytes = 100;
constexpr int fillConnections = 6;
constexpr int fillInFlight = 32;         ///< on each of them
constexpr double fillPerSecondMin = 5000; ///< a slower machine doesn't get the keys in before the first expires
constexpr double quietSeconds = 5;       ///< load without anything that expires
constexpr double patienceSeconds = 120;  ///< for the last key
constexpr auto pollPause = std::chrono::milliseconds(200);

using ullong = unsigned long long;

[[noreturn]] void fail(const std::string& what)
{
    std::fprintf(stderr, "bench_expiry: %s\n", what.c_str());
    std::exit(1);
}

struct Node
{
    Server client;
    Server http;
    int processId = 0;
};

std::int64_t wallMs()
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

double secondsUntil(std::int64_t atMs)
{
    return static_cast<double>(atMs - wallMs()) / 1000;
}

void sleepUntil(std::int64_t atMs)
{
    std::this_thread::sleep_for(std::chrono::milliseconds(std::max<std::int64_t>(0, atMs - wallMs())));
}

double cpuSeconds(const std::vector<Node>& nodes)
{
    double ticks = 0;
    for (const Node& node : nodes) {
        std::ifstream file("/proc/" + std::to_string(node.processId) + "/stat");
        const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        if (text.find(')') == std::string::npos)
            fail("a node has ended");
        std::istringstream fields(text.substr(text.rfind(')') + 2));
        std::string skipped;
        for (int i = 0; i < 11; ++i)
            fields >> skipped;
        double user = 0;
        double system = 0;
        fields >> user >> system;
        ticks += user + system;
    }
    return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

/// A sample of a node's /metrics.
std::uint64_t metricOf(const Node& node, const std::string& name)
{
    Connection connection(1);
    const std::string problem = connection.open(node.http, {});
    if (!problem.empty())
        fail("a node's HTTP port: " + problem);
    connection.out() = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    if (!connection.flush())
        fail("a node's HTTP port takes no request");
    std::string text;
    std::array<char, 64 * 1024> bytes;
    pollfd waits{connection.socket(), POLLIN, 0};
    while (::poll(&waits, 1, 10'000) == 1) {
        const ssize_t received = ::recv(connection.socket(), bytes.data(), bytes.size(), 0);
        if (received <= 0)
            break;
        text.append(bytes.data(), static_cast<std::size_t>(received));
    }
    const std::size_t place = text.find("\n" + name + " ");
    if (place == std::string::npos)
        fail("a node tells no " + name);
    return std::strtoull(text.c_str() + place + name.size() + 2, nullptr, 10);
}

std::uint64_t mostKeys(const std::vector<Node>& nodes)
{
    std::uint64_t most = 0;
    for (const Node& node : nodes)
        most = std::max(most, metricOf(node, "quoit_keys"));
    return most;
}

std::string bulk(const std::string& text)
{
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

/// Sends the keys of one connection, a window at a time, and awaits their answers.
void fillPart(const Server& server, std::uint64_t first, std::uint64_t step, std::uint64_t keys, std::int64_t expiryMs)
{
    Connection connection(fillInFlight);
    const std::string problem = connection.open(server, {});
    if (!problem.empty())
        fail(problem);
    connection.waitForAnswers();
    const std::string value(valueBytes, 'v');
    std::array<char, 64 * 1024> bytes;
    for (std::uint64_t next = first; next < keys || connection.inFlight() > 0;) {
        for (; next < keys && connection.inFlight() < fillInFlight; next += step) {
            connection.out() += "*5\r\n$3\r\nSET\r\n" + bulk("expiring:" + std::to_string(next)) + bulk(value) + "$4\r\nPXAT\r\n" +
                                bulk(std::to_string(expiryMs + static_cast<std::int64_t>(next % 1000)));
            connection.noteSent(Clock::now());
        }
        if (!connection.flush())
            fail("a node went away");
        const ssize_t received = ::recv(connection.socket(), bytes.data(), bytes.size(), 0);
        if (received <= 0)
            fail("a node went away, or answers nothing");
        std::string_view left(bytes.data(), static_cast<std::size_t>(received));
        ScannedReply reply;
        while (connection.scanner.next(left, reply) == ReplyScanner::Step::Reply) {
            if (reply.kind != '+')
                fail("SET: " + std::string(reply.text));
            connection.noteReply(1);
        }
    }
}

void fill(const std::vector<Node>& nodes, std::uint64_t keys, std::int64_t expiryMs)
{
    std::vector<std::thread> threads;
    for (int i = 0; i < fillConnections; ++i)
        threads.emplace_back(fillPart, nodes[static_cast<std::size_t>(i) % nodes.size()].client, i, fillConnections, keys, expiryMs);
    for (std::thread& thread : threads)
        thread.join();
}

struct Felt
{
    Histogram get; ///< µs
    Histogram set;
    std::uint64_t failed = 0; ///< refused, lost, or not sent because its connection was full
};

/// The other keys' load for so long.
void loadFor(const std::vector<Node>& nodes, double perSecond, double seconds, Felt& felt)
{
    const auto half = [&](Work work, OpenLoadResult& result) {
        LoadOptions options;
        for (const Node& node : nodes)
            options.servers.push_back(node.client);
        options.work = work;
        options.connections = 3;
        options.pipeline = 512;
        options.keys = otherKeys;
        options.valueBytes = valueBytes;
        options.seed = static_cast<std::uint64_t>(wallMs());
        result = OpenLoad(options, perSecond / 2).run(seconds);
    };
    OpenLoadResult gets;
    OpenLoadResult sets;
    std::thread other([&] { half(Work::Set, sets); });
    half(Work::Get, gets);
    other.join();
    felt.get.merge(gets.goodLatency);
    felt.set.merge(sets.goodLatency);
    for (const OpenLoadResult* result : {&gets, &sets})
        felt.failed += result->busy + result->other + result->notSent;
}

void fillOthers(const std::vector<Node>& nodes)
{
    LoadOptions options;
    for (const Node& node : nodes)
        options.servers.push_back(node.client);
    options.work = Work::Fill;
    options.connections = 3;
    options.pipeline = 16;
    options.keys = otherKeys;
    options.valueBytes = valueBytes;
    if (const LoadResult result = Load(options).run(); result.errors > 0)
        fail(result.firstError);
}

std::string told(const char* when, const Felt& felt)
{
    std::array<char, 256> text;
    std::snprintf(text.data(), text.size(), "\"get%s\":[%llu,%llu],\"set%s\":[%llu,%llu],\"failed%s\":%llu", when,
                  static_cast<ullong>(felt.get.percentile(0.5)), static_cast<ullong>(felt.get.percentile(0.99)), when,
                  static_cast<ullong>(felt.set.percentile(0.5)), static_cast<ullong>(felt.set.percentile(0.99)), when,
                  static_cast<ullong>(felt.failed));
    return text.data();
}

void measure(const std::vector<Node>& nodes, std::uint64_t keys, double perSecond)
{
    const std::int64_t expiryMs =
        wallMs() + static_cast<std::int64_t>(1000 * (static_cast<double>(keys) / fillPerSecondMin + 10 + quietSeconds));
    std::this_thread::sleep_for(std::chrono::seconds(6)); // until homes have settled
    fillOthers(nodes);
    fill(nodes, keys, expiryMs);
    if (secondsUntil(expiryMs) < quietSeconds + 2)
        fail("it took too long to write the keys");
    sleepUntil(expiryMs - static_cast<std::int64_t>(1000 * (quietSeconds + 1)));
    Felt before;
    Felt during;
    double cpu = cpuSeconds(nodes);
    loadFor(nodes, perSecond, quietSeconds, before);
    const double cpuAlone = (cpuSeconds(nodes) - cpu) / quietSeconds;
    sleepUntil(expiryMs);
    std::atomic<bool> over{false};
    std::thread clients([&] {
        while (!over)
            loadFor(nodes, perSecond, 1, during);
    });
    cpu = cpuSeconds(nodes);
    double mostlyGone = 0;
    double gone = 0;
    while (gone == 0 && secondsUntil(expiryMs) > -patienceSeconds) {
        const std::uint64_t left = mostKeys(nodes);
        const double seconds = -secondsUntil(expiryMs);
        if (mostlyGone == 0 && left <= otherKeys + keys / 20)
            mostlyGone = seconds;
        if (left <= otherKeys)
            gone = seconds;
        else
            std::this_thread::sleep_for(pollPause);
    }
    const double cpuAll = cpuSeconds(nodes) - cpu;
    over = true;
    clients.join();
    if (gone == 0)
        fail("keys are left after two minutes");
    std::printf("{\"keys\":%llu,\"secondsTo95\":%.1f,\"seconds\":%.1f,\"cpuUsPerKey\":%.1f,\"coresBefore\":%.2f,\"coresDuring\":%.2f,%s,%s}\n",
                static_cast<ullong>(keys), mostlyGone, gone, (cpuAll - cpuAlone * gone) * 1e6 / static_cast<double>(keys), cpuAlone,
                cpuAll / gone, told("Before", before).c_str(), told("During", during).c_str());
}

} // namespace

int main(int argc, char** argv)
{
    if (argc < 4)
        fail("bench_expiry KEYS RATE CLIENTPORT:HTTPPORT:PID...");
    std::vector<Node> nodes;
    for (int i = 3; i < argc; ++i) {
        unsigned client = 0;
        unsigned http = 0;
        int processId = 0;
        if (std::sscanf(argv[i], "%u:%u:%d", &client, &http, &processId) != 3)
            fail(std::string("not CLIENTPORT:HTTPPORT:PID: ") + argv[i]);
        nodes.push_back({{"127.0.0.1", static_cast<std::uint16_t>(client)}, {"127.0.0.1", static_cast<std::uint16_t>(http)}, processId});
    }
    measure(nodes, std::strtoull(argv[1], nullptr, 10), std::strtod(argv[2], nullptr));
    return 0;
}
