#include "tests/bench/load/open_load.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace quoit::bench {

namespace {

constexpr double drainSeconds = 2;
constexpr int eventsPerTurn = 256;

double secondsBetween(Clock::time_point from, Clock::time_point to)
{
    return std::chrono::duration<double>(to - from).count();
}

} // namespace

OpenLoad::OpenLoad(const LoadOptions& options, double perSecond)
    : m_options(options)
    , m_perSecond(perSecond)
    , m_requests(options)
    , m_random(options.seed)
    , m_epoll(::epoll_create1(EPOLL_CLOEXEC))
{}

OpenLoad::~OpenLoad()
{
    ::close(m_epoll);
}

bool OpenLoad::openAll()
{
    for (int i = 0; i < m_options.connections; ++i) {
        Connection& connection = m_connections.emplace_back(m_options.pipeline);
        m_result.firstOther = connection.open(m_options.servers[static_cast<std::size_t>(i) % m_options.servers.size()], m_options.level);
        if (!m_result.firstOther.empty()) {
            ++m_result.other;
            return false;
        }
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &connection;
        ::epoll_ctl(m_epoll, EPOLL_CTL_ADD, connection.socket(), &event);
    }
    return true;
}

OpenLoadResult OpenLoad::run(double seconds)
{
    if (!openAll())
        return m_result;
    m_started = Clock::now();
    std::array<epoll_event, eventsPerTurn> events;
    while (true) {
        const Clock::time_point now = Clock::now();
        const double elapsed = secondsBetween(m_started, now);
        if (m_options.stop && *m_options.stop != 0)
            seconds = std::min(seconds, elapsed);
        if (elapsed < seconds)
            sendDue(now);
        else if (m_inFlight == 0 || elapsed > seconds + drainSeconds)
            break;
        const int count = ::epoll_wait(m_epoll, events.data(), eventsPerTurn, 1);
        for (int i = 0; i < count; ++i)
            receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
    m_result.seconds = seconds;
    if (m_inFlight > 0 && m_result.firstOther.empty())
        m_result.firstOther = "no answer within two seconds";
    m_result.other += m_inFlight;
    return m_result;
}

/// All that should have been sent by now, a few connections a flush.
void OpenLoad::sendDue(Clock::time_point now)
{
    const auto due = static_cast<std::uint64_t>(secondsBetween(m_started, now) * m_perSecond);
    for (; m_due < due; ++m_due) {
        Connection* const connection = nextWithRoom();
        if (!connection) {
            m_result.notSent += due - m_due;
            m_due = due;
            break;
        }
        m_requests.append(connection->out(), m_random.below(m_options.keys), m_random);
        connection->noteSent(now);
        ++m_inFlight;
    }
    for (Connection& connection : m_connections)
        if (connection.isOpen() && connection.hasUnsent() && !connection.flush())
            lose(connection, std::strerror(errno));
}

Connection* OpenLoad::nextWithRoom()
{
    for (std::size_t tries = 0; tries < m_connections.size(); ++tries) {
        Connection& connection = m_connections[m_next];
        m_next = (m_next + 1) % m_connections.size();
        if (connection.isOpen() && connection.inFlight() < m_options.pipeline)
            return &connection;
    }
    return nullptr;
}

void OpenLoad::receive(Connection& connection)
{
    std::array<char, 64 * 1024> bytes;
    const ssize_t received = connection.isOpen() ? ::recv(connection.socket(), bytes.data(), bytes.size(), 0) : -1;
    if (received <= 0) {
        if (connection.isOpen() && (received == 0 || (errno != EAGAIN && errno != EINTR)))
            lose(connection, received == 0 ? "the server closed the connection" : std::strerror(errno));
        return;
    }
    std::string_view left(bytes.data(), static_cast<std::size_t>(received));
    const Clock::time_point now = Clock::now();
    ScannedReply reply;
    while (true) {
        const ReplyScanner::Step step = connection.scanner.next(left, reply);
        if (step == ReplyScanner::Step::NeedMore)
            return;
        if (step == ReplyScanner::Step::Broken || connection.inFlight() == 0) {
            lose(connection, "a reply that nobody can read or asked for");
            return;
        }
        const bool good = m_requests.isExpected(reply, 0);
        const bool busy = !good && reply.kind == '-' && reply.text.starts_with("BUSY");
        if (!good && !busy && m_result.firstOther.empty())
            m_result.firstOther = std::string(1, reply.kind) + std::string(reply.text);
        const Clock::time_point start = connection.noteReply(1);
        --m_inFlight;
        ++(good ? m_result.good : busy ? m_result.busy : m_result.other);
        const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(now - start).count();
        if (good || busy)
            (good ? m_result.goodLatency : m_result.busyLatency).record(static_cast<std::uint64_t>(std::max<std::int64_t>(microseconds, 0)));
    }
}

void OpenLoad::lose(Connection& connection, const std::string& why)
{
    if (m_result.firstOther.empty())
        m_result.firstOther = why;
    m_result.other += static_cast<std::uint64_t>(connection.inFlight());
    m_inFlight -= static_cast<std::uint64_t>(connection.inFlight());
    connection.close();
}

} // namespace quoit::bench
