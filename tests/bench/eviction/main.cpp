// tests/bench/eviction/main.cpp - how well a cluster with a limit keeps what is asked for: replays a trace through all of its nodes, as a
// cache in front of something slow is used (GET, and SET of what is missing), and counts what was missing. Beside it: an exact LRU of that size.
//
//   bench_eviction TRACE.csv.gz PORT...     nodes on 127.0.0.1, without data; it sets their max-bytes. About five minutes
#include "node/core/eviction_policy.h"
#include "shared/base/random.h"
#include "tests/bench/cache/cache_model.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <list>

using namespace quoit;

namespace {

constexpr std::uint32_t scale = 16; ///< objects are that much smaller than in the trace

[[noreturn]] void fail(const std::string& what)
{
    std::fprintf(stderr, "bench_eviction: %s\n", what.c_str());
    std::exit(1);
}

/// One request at a time.
class Connection
{
public:
    explicit Connection(int port)
        : m_socket(socket(AF_INET, SOCK_STREAM, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        const int on = 1;
        setsockopt(m_socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (connect(m_socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            fail("nobody listens on port " + std::to_string(port));
    }
    /// @return the reply's first line, and behind it the bulk if it is one
    std::string ask(const std::vector<std::string>& arguments)
    {
        std::string request = "*" + std::to_string(arguments.size()) + "\r\n";
        for (const std::string& argument : arguments)
            request += "$" + std::to_string(argument.size()) + "\r\n" + argument + "\r\n";
        for (std::size_t sent = 0; sent < request.size();) {
            const ssize_t count = write(m_socket, request.data() + sent, request.size() - sent);
            if (count <= 0)
                fail("a node went away");
            sent += static_cast<std::size_t>(count);
        }
        std::string reply;
        char buffer[65536];
        for (std::size_t needed = 0; needed == 0 || reply.size() < needed;) {
            const ssize_t count = read(m_socket, buffer, sizeof buffer);
            if (count <= 0)
                fail("a node went away");
            reply.append(buffer, static_cast<std::size_t>(count));
            const std::size_t end = reply.find("\r\n");
            if (end == std::string::npos)
                continue;
            needed = end + 2;
            if (reply[0] == '$' && reply[1] != '-')
                needed += std::stoull(reply.substr(1)) + 2;
        }
        return reply;
    }

private:
    const int m_socket;
};

std::string keyOf(const CacheRequest& request)
{
    return std::to_string(request.id);
}

std::uint32_t valueBytesOf(const CacheRequest& request)
{
    const std::uint32_t around = static_cast<std::uint32_t>(keyOf(request).size() + keyOverheadBytes);
    return std::max(request.bytes / scale, around + 1) - around;
}

/// By the same count of bytes.
std::uint64_t exactMisses(const std::vector<CacheRequest>& requests, std::uint64_t bytesMax)
{
    std::list<std::pair<std::uint64_t, std::uint64_t>> order; // id, bytes; the last used first
    std::unordered_map<std::uint64_t, decltype(order)::iterator> places;
    std::uint64_t bytes = 0;
    std::uint64_t misses = 0;
    for (const CacheRequest& request : requests) {
        if (const auto place = places.find(request.id); place != places.end()) {
            order.splice(order.begin(), order, place->second);
            continue;
        }
        ++misses;
        const std::uint64_t added = keyOf(request).size() + valueBytesOf(request) + keyOverheadBytes;
        order.emplace_front(request.id, added);
        places[request.id] = order.begin();
        for (bytes += added; bytes > bytesMax; order.pop_back()) {
            bytes -= order.back().second;
            places.erase(order.back().first);
        }
    }
    return misses;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc < 3)
        fail("bench_eviction TRACE.csv.gz PORT...");
    const std::vector<CacheRequest> requests = readTrace(argv[1]);
    if (requests.empty())
        fail(std::string("can't read ") + argv[1]);
    std::vector<std::unique_ptr<Connection>> nodes;
    for (int i = 2; i < argc; ++i)
        nodes.push_back(std::make_unique<Connection>(std::stoi(argv[i])));
    std::unordered_map<std::uint64_t, std::uint64_t> distinct;
    std::uint64_t needed = 0;
    for (const CacheRequest& request : requests)
        if (distinct.emplace(request.id, 0).second)
            needed += keyOf(request).size() + valueBytesOf(request) + keyOverheadBytes;
    const std::uint64_t bytesMax = needed / 2;
    for (const auto& node : nodes)
        if (node->ask({"CONFIG", "SET", "max-bytes", std::to_string(bytesMax)}) != "+OK\r\n")
            fail("a node doesn't take max-bytes");
    Random random(1);
    std::uint64_t misses = 0;
    std::uint64_t refused = 0;
    const std::string value(1 << 20, 'v');
    for (const CacheRequest& request : requests) {
        const std::string reply = nodes[random.below(nodes.size())]->ask({"GET", keyOf(request)});
        if (reply[0] == '-')
            fail(reply);
        if (reply[1] != '-')
            continue;
        ++misses;
        refused += nodes[random.below(nodes.size())]->ask({"SET", keyOf(request), value.substr(0, valueBytesOf(request))}) != "+OK\r\n";
    }
    const std::uint64_t exact = exactMisses(requests, bytesMax);
    const auto hits = [&](std::uint64_t missed) {
        return 100 * (1 - static_cast<double>(missed) / static_cast<double>(requests.size()));
    };
    std::printf("%zu requests, %llu bytes for all objects, limit %llu\n", requests.size(), static_cast<unsigned long long>(needed),
                static_cast<unsigned long long>(bytesMax));
    std::printf("hits: %.2f %% (%llu misses, %llu refused); exact LRU %.2f %% (%llu misses)\n", hits(misses),
                static_cast<unsigned long long>(misses), static_cast<unsigned long long>(refused), hits(exact),
                static_cast<unsigned long long>(exact));
    return 0;
}
