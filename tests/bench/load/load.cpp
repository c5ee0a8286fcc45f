#include "tests/bench/load/load.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace quoit::bench {

namespace {

using namespace std::chrono_literals;

constexpr auto silenceMax = 10s;
constexpr int eventsPerTurn = 256;
constexpr int waitMs = 20;

double secondsBetween(Clock::time_point from, Clock::time_point to)
{
    return std::chrono::duration<double>(to - from).count();
}

double ownCpuSeconds()
{
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

bool isStopped(const LoadOptions& options)
{
    return options.stop && *options.stop != 0;
}

/// utime + stime of a process; 0 if there is none. Source: proc(5), fields 14 and 15 of /proc/PID/stat.
double cpuSecondsOf(int processId)
{
    std::ifstream file("/proc/" + std::to_string(processId) + "/stat");
    std::string line;
    std::getline(file, line);
    const std::size_t nameEnd = line.rfind(')');
    if (nameEnd == std::string::npos)
        return 0;
    std::istringstream fields(line.substr(nameEnd + 1));
    std::string ignored;
    for (int field = 3; field < 14; ++field)
        fields >> ignored;
    double userTicks = 0;
    double systemTicks = 0;
    fields >> userTicks >> systemTicks;
    return (userTicks + systemTicks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

} // namespace

Load::Load(const LoadOptions& options)
    : m_options(options)
    , m_requests(options)
    , m_random(options.seed)
    , m_epoll(::epoll_create1(EPOLL_CLOEXEC))
{}

Load::~Load()
{
    ::close(m_epoll);
}

LoadResult Load::run()
{
    if (!openAll())
        return m_result;
    m_started = m_lastProgress = Clock::now();
    if (m_options.work == Work::Fill)
        startMeasuring(m_started);
    for (Connection& connection : m_connections) {
        sendNext(connection, Clock::now());
        flush(connection);
    }
    std::array<epoll_event, eventsPerTurn> events;
    while (hasMoreToSend() || m_inFlight > 0) {
        const int count = ::epoll_wait(m_epoll, events.data(), eventsPerTurn, waitMs);
        for (int i = 0; i < count; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            onEvent(*static_cast<Connection*>(event.data.ptr), event.events);
        }
        const Clock::time_point now = Clock::now();
        if (count > 0)
            m_lastProgress = now;
        if (now - m_lastProgress > silenceMax) {
            complain(m_inFlight, "no answer for 10 s");
            break;
        }
        advancePhase(now);
        if (std::none_of(m_connections.begin(), m_connections.end(), [](const Connection& c) { return c.isOpen(); }))
            break;
    }
    if (m_phase == Phase::Measured)
        stopMeasuring(Clock::now());
    return m_result;
}

bool Load::openAll()
{
    if (m_options.routed) {
        m_routed = keysByServer(m_options);
        if (!m_routed.problem.empty()) {
            complain(1, m_routed.problem);
            return false;
        }
    }
    for (int i = 0; i < m_options.connections; ++i) {
        Connection& connection = m_connections.emplace_back(m_options.pipeline);
        connection.server = static_cast<std::size_t>(i) % m_options.servers.size();
        const Server& server = m_options.servers[connection.server];
        const std::string problem = connection.open(server, m_options.level);
        if (!problem.empty()) {
            complain(1, server.host + ":" + std::to_string(server.port) + ": " + problem);
            return false;
        }
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &connection;
        if (::epoll_ctl(m_epoll, EPOLL_CTL_ADD, connection.socket(), &event) != 0) {
            complain(1, std::string("epoll_ctl: ") + std::strerror(errno));
            return false;
        }
    }
    return true;
}

bool Load::hasMoreToSend() const
{
    return m_options.work == Work::Fill ? m_nextKey < m_options.keys : m_phase != Phase::Drain;
}

void Load::advancePhase(Clock::time_point now)
{
    if (m_options.work == Work::Fill)
        return;
    if (m_phase == Phase::Warmup && secondsBetween(m_started, now) >= m_options.warmupSeconds)
        startMeasuring(now);
    else if (m_phase == Phase::Measured && (secondsBetween(m_measuredFrom, now) >= m_options.seconds || isStopped(m_options)))
        stopMeasuring(now);
}

void Load::startMeasuring(Clock::time_point now)
{
    m_phase = Phase::Measured;
    m_measuredFrom = now;
    m_result.serverCpuSeconds = -serverCpuSeconds();
    m_result.clientCpuSeconds = -ownCpuSeconds();
}

void Load::stopMeasuring(Clock::time_point now)
{
    m_phase = Phase::Drain;
    m_result.seconds = secondsBetween(m_measuredFrom, now);
    m_result.serverCpuSeconds += serverCpuSeconds();
    m_result.clientCpuSeconds += ownCpuSeconds();
}

double Load::serverCpuSeconds() const
{
    double sum = 0;
    for (const int processId : m_options.processIds)
        sum += cpuSecondsOf(processId);
    return sum;
}

std::uint64_t Load::nextKeyFor(const Connection& connection)
{
    if (m_options.work == Work::Fill)
        return m_nextKey++;
    if (!m_options.routed)
        return m_random.below(m_options.keys);
    const auto& keys = m_routed.keys[connection.server];
    return keys[m_random.below(keys.size())];
}

void Load::sendNext(Connection& connection, Clock::time_point now)
{
    while (connection.inFlight() < m_options.pipeline && hasMoreToSend()) {
        m_requests.append(connection.out(), nextKeyFor(connection), m_random);
        connection.noteSent(now);
        ++m_inFlight;
    }
}

void Load::onEvent(Connection& connection, std::uint32_t events)
{
    if (!connection.isOpen())
        return;
    if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) {
        const ssize_t received = ::recv(connection.socket(), m_received.data(), m_received.size(), 0);
        if (received == 0 || (received < 0 && errno != EAGAIN && errno != EINTR)) {
            lose(connection, received == 0 ? "the server closed the connection" : std::strerror(errno));
            return;
        }
        if (received > 0) {
            const Clock::time_point now = Clock::now();
            if (!takeReplies(connection, {m_received.data(), static_cast<std::size_t>(received)}, now))
                return;
            sendNext(connection, now);
        }
    }
    flush(connection);
}

bool Load::takeReplies(Connection& connection, std::string_view bytes, Clock::time_point now)
{
    ScannedReply reply;
    while (true) {
        const ReplyScanner::Step step = connection.scanner.next(bytes, reply);
        if (step == ReplyScanner::Step::NeedMore)
            return true;
        if (step == ReplyScanner::Step::Broken || connection.inFlight() == 0) {
            lose(connection, "a reply that nobody can read or asked for");
            return false;
        }
        if (!m_requests.isExpected(reply, connection.replyIndex()))
            complain(1, "unexpected answer " + std::string(1, reply.kind) + std::string(reply.text));
        const Clock::time_point start = connection.noteReply(m_requests.repliesPerOperation());
        if (start == Clock::time_point{})
            continue;
        --m_inFlight;
        if (m_phase != Phase::Measured)
            continue;
        ++m_result.operations;
        const auto nanoseconds = std::chrono::nanoseconds(now - start).count();
        m_result.latency.record(static_cast<std::uint64_t>((nanoseconds + 500) / 1000));
    }
}

void Load::flush(Connection& connection)
{
    if (!connection.flush()) {
        lose(connection, std::strerror(errno));
        return;
    }
    if (connection.hasUnsent() == connection.waitsForRoom)
        return;
    connection.waitsForRoom = connection.hasUnsent();
    epoll_event event{};
    event.events = EPOLLIN | (connection.waitsForRoom ? static_cast<std::uint32_t>(EPOLLOUT) : 0U);
    event.data.ptr = &connection;
    ::epoll_ctl(m_epoll, EPOLL_CTL_MOD, connection.socket(), &event);
}

void Load::lose(Connection& connection, const std::string& why)
{
    complain(static_cast<std::uint64_t>(std::max(connection.inFlight(), 1)), why);
    m_inFlight -= static_cast<std::uint64_t>(connection.inFlight());
    connection.close();
}

void Load::complain(std::uint64_t operations, const std::string& why)
{
    m_result.errors += operations;
    if (m_result.firstError.empty())
        m_result.firstError = why;
}

} // namespace quoit::bench
