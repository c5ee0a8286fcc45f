// tests/cluster/peer_proxy.h - the network between nodes, made bad on request. Nodes dial each other at the proxy's
// addresses; it learns from the first bytes of a connection who dialled, so that every direction between two nodes is
// a way of its own: delayed, held up, or cut.
#pragma once

#include "shared/base/time.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace quoit::test {

/// How bytes travel from one node to another.
struct Way
{
    Milliseconds delay{0};
    bool isHeld = false; ///< nothing passes; what is sent waits, and arrives late once the way is free again
};

/// Counters since the start: a fault test asserts that its fault did happen.
struct PeerProxyCounters
{
    std::uint64_t connections = 0;
    std::uint64_t cut = 0;     ///< connections that were broken or refused because of cut()
    std::uint64_t held = 0;    ///< portions that came while their way was held
    std::uint64_t delayed = 0; ///< portions that were delayed
    std::uint64_t bytes = 0;   ///< delivered
};

/// Runs a thread of its own. Everything may be called from any thread.
class PeerProxy
{
public:
    /// @param nodeCount nodes have the ids 1 … nodeCount
    explicit PeerProxy(int nodeCount);
    ~PeerProxy();
    PeerProxy(const PeerProxy&) = delete;
    PeerProxy& operator=(const PeerProxy&) = delete;

    /// Binds a free port for each node. @return what went wrong; empty if nothing did.
    std::string start();
    /// Where to dial a node, "host:port". The host is never 127.0.0.1, so that no node takes it for an address of its
    /// own.
    std::string address(int node) const;
    /// Where a node listens now, at 127.0.0.1. @param port 0: nowhere
    void setTarget(int node, std::uint16_t port);

    void setWay(int from, int to, Way way);
    /// Breaks the connections between two nodes, and refuses new ones until mend().
    void cut(int a, int b);
    void mend(int a, int b);
    /// A perfect network again. What was held arrives now.
    void free();

    PeerProxyCounters counters() const;

private:
    struct Connection;
    using Ways = std::map<std::pair<int, int>, Way>;

    void run();
    void wake();
    void accept(int node);
    void serve(Connection& connection);
    void identify(Connection& connection);
    void dial(Connection& connection);
    void receive(Connection& connection, int side);
    void deliver(Connection& connection, int side);
    bool isCut(int a, int b) const { return m_cuts.contains(std::minmax(a, b)); }
    Way wayOf(const Connection& connection, int side) const;
    /// @return until when the thread may sleep
    TimePoint nextDue(TimePoint now) const;

    struct Port
    {
        int descriptor = -1;
        std::uint16_t number = 0;
        std::uint16_t target = 0;
    };
    mutable std::mutex m_mutex; ///< everything below, but while the thread sleeps
    std::vector<Port> m_ports;  ///< [node - 1]
    Ways m_ways;
    std::set<std::pair<int, int>> m_cuts;
    std::vector<std::unique_ptr<Connection>> m_connections;
    PeerProxyCounters m_counters;
    bool m_stop = false;
    int m_wakeDescriptor = -1;
    std::thread m_thread;
};

} // namespace quoit::test
