#include "tests/cluster/peer_proxy.h"

#include "node/peer/hello.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <deque>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace quoit::test {

namespace {

constexpr const char* proxyHost = "127.0.0.2";
constexpr std::size_t queuedBytesMax = 4 * 1024 * 1024; // then the sender's own buffer fills, as in a real network
constexpr std::size_t portionBytes = 64 * 1024;

TimePoint clockNow()
{
    return TimePoint(std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now().time_since_epoch()));
}

sockaddr_in addressOf(const char* host, std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host, &address.sin_addr);
    return address;
}

void setNoDelay(int descriptor)
{
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

} // namespace

struct PeerProxy::Connection
{
    struct Portion
    {
        TimePoint due;
        std::string bytes; ///< empty: the end of the stream
    };
    /// What came from one side for the other.
    struct Queue
    {
        std::deque<Portion> portions;
        std::size_t byteCount = 0;
        bool hasEnded = false;
    };

    ~Connection()
    {
        close(0);
        close(1);
    }
    void close(int side)
    {
        if (sockets[side] >= 0)
            ::close(sockets[side]);
        sockets[side] = -1;
    }
    bool isGone() const { return sockets[0] < 0 && sockets[1] < 0; }
    /// Both ends at once; what was under way is lost.
    void breakOff()
    {
        const linger reset{1, 0};
        for (const int side : {0, 1}) {
            if (sockets[side] >= 0)
                ::setsockopt(sockets[side], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
            close(side);
        }
    }
    /// What to wait for. A socket that nothing is wanted of is left out: its end would be reported over and over.
    pollfd wanted(int side) const
    {
        short events = isBlocked[side] || (side == 1 && isConnecting) ? POLLOUT : 0;
        if (!queues[side].hasEnded && queues[side].byteCount < queuedBytesMax && !(side == 1 && isConnecting))
            events |= POLLIN;
        return {events != 0 ? sockets[side] : -1, events, 0};
    }
    /// A side takes nothing any more. What it sent before is still under way.
    void lose(int side)
    {
        close(side);
        queues[1 - side] = {};
        queues[1 - side].hasEnded = true;
        if (!queues[side].hasEnded)
            queues[side].portions.push_back({{}, {}});
        queues[side].hasEnded = true;
    }

    int node[2] = {0, 0}; ///< [0] who dialled, 0: unknown; [1] who was dialled
    int sockets[2] = {-1, -1};
    Queue queues[2];        ///< [side] what that side sent
    bool isBlocked[2] = {}; ///< the socket takes nothing for now
    bool isConnecting = false;
    bool isIdentified = false;
    short events[2] = {}; ///< of the last poll
};

PeerProxy::PeerProxy(int nodeCount)
    : m_ports(static_cast<std::size_t>(nodeCount))
{}

PeerProxy::~PeerProxy()
{
    {
        const std::lock_guard lock(m_mutex);
        m_stop = true;
    }
    if (m_thread.joinable()) {
        wake();
        m_thread.join();
    }
    for (const Port& port : m_ports)
        if (port.descriptor >= 0)
            ::close(port.descriptor);
    if (m_wakeDescriptor >= 0)
        ::close(m_wakeDescriptor);
}

std::string PeerProxy::start()
{
    m_wakeDescriptor = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    for (Port& port : m_ports) {
        port.descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        sockaddr_in address = addressOf(proxyHost, 0);
        socklen_t length = sizeof address;
        if (m_wakeDescriptor < 0 || port.descriptor < 0 ||
            ::bind(port.descriptor, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
            ::listen(port.descriptor, 64) != 0 ||
            ::getsockname(port.descriptor, reinterpret_cast<sockaddr*>(&address), &length) != 0)
            return std::string("the proxy can't listen at ") + proxyHost + ": " + std::strerror(errno);
        port.number = ntohs(address.sin_port);
    }
    m_thread = std::thread([this] { run(); });
    return {};
}

std::string PeerProxy::address(int node) const
{
    return std::string(proxyHost) + ':' + std::to_string(m_ports.at(static_cast<std::size_t>(node - 1)).number);
}

void PeerProxy::setTarget(int node, std::uint16_t port)
{
    const std::lock_guard lock(m_mutex);
    m_ports.at(static_cast<std::size_t>(node - 1)).target = port;
}

void PeerProxy::setWay(int from, int to, Way way)
{
    {
        const std::lock_guard lock(m_mutex);
        m_ways[{from, to}] = way;
    }
    wake();
}

void PeerProxy::cut(int a, int b)
{
    const std::lock_guard lock(m_mutex);
    m_cuts.insert(std::minmax(a, b));
    for (const auto& connection : m_connections) {
        if (std::minmax(connection->node[0], connection->node[1]) != std::minmax(a, b) || connection->isGone())
            continue;
        ++m_counters.cut;
        connection->breakOff();
    }
}

void PeerProxy::mend(int a, int b)
{
    const std::lock_guard lock(m_mutex);
    m_cuts.erase(std::minmax(a, b));
}

void PeerProxy::free()
{
    {
        const std::lock_guard lock(m_mutex);
        m_cuts.clear();
        m_ways.clear();
    }
    wake();
}

PeerProxyCounters PeerProxy::counters() const
{
    const std::lock_guard lock(m_mutex);
    return m_counters;
}

void PeerProxy::wake()
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(m_wakeDescriptor, &one, sizeof one);
}

Way PeerProxy::wayOf(const Connection& connection, int side) const
{
    const auto found = m_ways.find({connection.node[side], connection.node[1 - side]});
    return found == m_ways.end() ? Way{} : found->second;
}

TimePoint PeerProxy::nextDue(TimePoint now) const
{
    TimePoint due = now + std::chrono::seconds(1);
    for (const auto& connection : m_connections) {
        for (const int side : {0, 1}) {
            const Connection::Queue& queue = connection->queues[side];
            if (!queue.portions.empty() && !wayOf(*connection, side).isHeld && !connection->isBlocked[1 - side] &&
                !connection->isConnecting)
                due = std::min(due, queue.portions.front().due);
        }
    }
    return std::max(due, now);
}

void PeerProxy::run()
{
    std::unique_lock lock(m_mutex);
    std::vector<pollfd> polled;
    while (!m_stop) {
        polled.assign(1, {m_wakeDescriptor, POLLIN, 0});
        for (const Port& port : m_ports)
            polled.push_back({port.descriptor, POLLIN, 0});
        for (const auto& connection : m_connections)
            for (const int side : {0, 1})
                polled.push_back(connection->wanted(side));
        const TimePoint now = clockNow();
        const auto wait = std::chrono::duration_cast<std::chrono::nanoseconds>(nextDue(now) - now).count();
        const timespec timeout{static_cast<time_t>(wait / 1'000'000'000), static_cast<long>(wait % 1'000'000'000)};
        const std::size_t polledConnections = m_connections.size();
        lock.unlock();
        ::ppoll(polled.data(), polled.size(), &timeout, nullptr);
        lock.lock();
        std::uint64_t ignored = 0;
        [[maybe_unused]] const ssize_t count = ::read(m_wakeDescriptor, &ignored, sizeof ignored);
        for (std::size_t i = 0; i < polledConnections; ++i)
            for (const std::size_t side : {0, 1})
                m_connections[i]->events[side] = polled[1 + m_ports.size() + 2 * i + side].revents;
        for (std::size_t i = 0; i < m_ports.size(); ++i)
            if (polled[1 + i].revents != 0)
                accept(static_cast<int>(i) + 1);
        for (const auto& connection : m_connections)
            serve(*connection);
        std::erase_if(m_connections, [](const auto& connection) { return connection->isGone(); });
    }
    m_connections.clear();
}

void PeerProxy::accept(int node)
{
    const int descriptor = ::accept4(m_ports[static_cast<std::size_t>(node - 1)].descriptor, nullptr, nullptr,
                                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0)
        return;
    setNoDelay(descriptor);
    auto connection = std::make_unique<Connection>();
    connection->sockets[0] = descriptor;
    connection->node[1] = node;
    m_connections.push_back(std::move(connection));
    ++m_counters.connections;
}

void PeerProxy::serve(Connection& connection)
{
    const short connected = std::exchange(connection.events[1], static_cast<short>(0));
    if (connection.isConnecting && connected != 0) {
        int error = 0;
        socklen_t length = sizeof error;
        ::getsockopt(connection.sockets[1], SOL_SOCKET, SO_ERROR, &error, &length);
        connection.isConnecting = false;
        if (error != 0)
            connection.breakOff();
    } else if (connected != 0) {
        connection.isBlocked[1] = false;
        if ((connected & (POLLIN | POLLHUP | POLLERR)) != 0)
            receive(connection, 1);
    }
    const short dialler = std::exchange(connection.events[0], static_cast<short>(0));
    connection.isBlocked[0] = connection.isBlocked[0] && dialler == 0;
    if ((dialler & (POLLIN | POLLHUP | POLLERR)) != 0)
        receive(connection, 0);
    if (!connection.isIdentified)
        identify(connection);
    for (const int side : {0, 1})
        deliver(connection, side);
}

/// Looks at the dialler's greeting; what isn't one passes untouched.
void PeerProxy::identify(Connection& connection)
{
    if (connection.queues[0].hasEnded)
        connection.breakOff();
    if (connection.queues[0].byteCount == 0 || connection.sockets[0] < 0)
        return;
    std::string bytes;
    for (const Connection::Portion& portion : connection.queues[0].portions)
        bytes += portion.bytes;
    ReceiveBuffer buffer;
    buffer.append(bytes);
    Hello hello;
    std::string error;
    const DecodeStatus status = decodeHello(buffer, hello, error);
    if (status == DecodeStatus::NeedMore)
        return;
    connection.isIdentified = true;
    connection.node[0] = status == DecodeStatus::Ready ? static_cast<int>(hello.node) : 0;
    if (isCut(connection.node[0], connection.node[1])) {
        ++m_counters.cut;
        connection.breakOff();
        return;
    }
    dial(connection);
}

void PeerProxy::dial(Connection& connection)
{
    const std::uint16_t target = m_ports[static_cast<std::size_t>(connection.node[1] - 1)].target;
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const sockaddr_in address = addressOf("127.0.0.1", target);
    connection.sockets[1] = descriptor;
    setNoDelay(descriptor);
    if (target != 0 && (::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
                        errno == EINPROGRESS))
        connection.isConnecting = true;
    else
        connection.breakOff();
}

void PeerProxy::receive(Connection& connection, int side)
{
    std::array<char, portionBytes> space;
    Connection::Queue& queue = connection.queues[side];
    if (connection.sockets[side] < 0 || queue.hasEnded || queue.byteCount >= queuedBytesMax)
        return;
    const ssize_t count = ::recv(connection.sockets[side], space.data(), space.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    const Way way = wayOf(connection, side);
    Connection::Portion portion{clockNow() + way.delay, {}};
    if (count > 0) {
        portion.bytes.assign(space.data(), static_cast<std::size_t>(count));
        m_counters.held += way.isHeld;
        m_counters.delayed += way.delay.count() > 0;
    } else {
        queue.hasEnded = true;
    }
    queue.byteCount += portion.bytes.size();
    queue.portions.push_back(std::move(portion));
}

/// Hands what that side sent to the other one, as far as it is due.
void PeerProxy::deliver(Connection& connection, int side)
{
    Connection::Queue& queue = connection.queues[side];
    const int other = 1 - side;
    if (connection.isConnecting || !connection.isIdentified)
        return;
    const TimePoint now = clockNow();
    while (!queue.portions.empty() && queue.portions.front().due <= now && !wayOf(connection, side).isHeld) {
        Connection::Portion& portion = queue.portions.front();
        if (portion.bytes.empty()) {
            // A process closes both directions at once; so the end of one is the end of its socket here.
            connection.close(other);
            connection.close(side);
            queue.portions.clear();
            return;
        }
        if (connection.sockets[other] < 0)
            return;
        const ssize_t count =
            ::send(connection.sockets[other], portion.bytes.data(), portion.bytes.size(), MSG_NOSIGNAL);
        if (count < 0) {
            if (errno == EAGAIN)
                connection.isBlocked[other] = true;
            else if (errno != EINTR)
                connection.lose(other);
            return;
        }
        queue.byteCount -= static_cast<std::size_t>(count);
        m_counters.bytes += static_cast<std::uint64_t>(count);
        portion.bytes.erase(0, static_cast<std::size_t>(count));
        if (portion.bytes.empty())
            queue.portions.pop_front();
    }
}

} // namespace quoit::test
