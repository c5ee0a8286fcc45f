#include "tests/bench/load/connection.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace quoit::bench {

namespace {

constexpr int keyDigits = 12;
constexpr std::size_t valuePoolBytes = 64 * 1024;

std::string bulk(const std::string& text)
{
    return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string lastError(const char* what)
{
    return std::string(what) + ": " + std::strerror(errno);
}

/// The last digits of a key.
std::array<char, keyDigits> digitsOf(std::uint64_t number)
{
    std::array<char, keyDigits> digits;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, number /= 10)
        *digit = static_cast<char>('0' + number % 10);
    return digits;
}

} // namespace

std::string keyText(const LoadOptions& options, std::uint64_t number)
{
    const auto digits = digitsOf(number);
    return options.prefix + std::string(digits.data(), digits.size());
}

Requests::Requests(const LoadOptions& options)
    : m_work(options.work)
    , m_valueBytes(options.valueBytes)
    , m_waitReplicas(options.waitReplicas)
{
    const std::string keyStart = "$" + std::to_string(options.prefix.size() + keyDigits) + "\r\n" + options.prefix;
    if (m_waitReplicas > 0 && m_work != Work::Get)
        m_wait = "*3\r\n" + bulk("WAIT") + bulk(std::to_string(m_waitReplicas)) + bulk("0");
    if (m_work == Work::Get || m_work == Work::Increment) {
        m_head = "*2\r\n" + bulk(m_work == Work::Get ? "GET" : "INCR") + keyStart;
        m_middle = "\r\n";
        return;
    }
    m_head = "*3\r\n" + bulk("SET") + keyStart;
    m_middle = "\r\n$" + std::to_string(m_valueBytes) + "\r\n";
    Random random(options.seed);
    m_valuePool.resize(valuePoolBytes + m_valueBytes);
    for (char& character : m_valuePool)
        character = static_cast<char>('!' + random.below(94));
}

void Requests::append(std::string& out, std::uint64_t key, Random& random) const
{
    const auto digits = digitsOf(key);
    out.append(m_head).append(digits.data(), digits.size()).append(m_middle);
    if (!m_valuePool.empty())
        out.append(m_valuePool, static_cast<std::size_t>(random.below(valuePoolBytes)), m_valueBytes).append("\r\n");
    out.append(m_wait);
}

bool Requests::isExpected(const ScannedReply& reply, int replyIndex) const
{
    if (replyIndex == 1)
        return reply.kind == ':' && reply.number >= m_waitReplicas;
    if (m_work == Work::Increment)
        return reply.kind == ':' && reply.number > 0;
    if (m_work == Work::Get)
        return reply.kind == '$' && reply.number == static_cast<std::int64_t>(m_valueBytes);
    return reply.kind == '+';
}

Connection::Connection(int pipeline)
    : m_starts(static_cast<std::size_t>(pipeline))
{}

Connection::~Connection()
{
    close();
}

Connection::Connection(Connection&& other) noexcept
    : scanner(std::move(other.scanner))
    , server(other.server)
    , waitsForRoom(other.waitsForRoom)
    , m_socket(std::exchange(other.m_socket, -1))
    , m_out(std::move(other.m_out))
    , m_sentBytes(other.m_sentBytes)
    , m_starts(std::move(other.m_starts))
    , m_oldest(other.m_oldest)
    , m_inFlight(other.m_inFlight)
    , m_replyIndex(other.m_replyIndex)
{}

std::string Connection::open(const Server& server, const std::string& level)
{
    m_socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (m_socket < 0)
        return lastError("socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server.port);
    ::inet_pton(AF_INET, server.host.c_str(), &address.sin_addr);
    // Bounds the blocking steps below, too.
    const timeval patience{5, 0};
    const int on = 1;
    ::setsockopt(m_socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    ::setsockopt(m_socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(m_socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(m_socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return lastError("connect");
    if (!level.empty()) {
        const std::string request = "*2\r\n" + bulk("QUOIT.LEVEL") + bulk(level);
        std::array<char, 512> answer;
        if (::send(m_socket, request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
            return lastError("send");
        const ssize_t received = ::recv(m_socket, answer.data(), answer.size(), 0);
        if (received != 5 || std::memcmp(answer.data(), "+OK\r\n", 5) != 0)
            return "QUOIT.LEVEL was not answered with OK";
    }
    if (::fcntl(m_socket, F_SETFL, ::fcntl(m_socket, F_GETFL) | O_NONBLOCK) != 0)
        return lastError("fcntl");
    return {};
}

void Connection::waitForAnswers()
{
    ::fcntl(m_socket, F_SETFL, ::fcntl(m_socket, F_GETFL) & ~O_NONBLOCK);
}

void Connection::close()
{
    if (m_socket >= 0)
        ::close(m_socket);
    m_socket = -1;
}

void Connection::noteSent(Clock::time_point now)
{
    std::size_t index = m_oldest + static_cast<std::size_t>(m_inFlight);
    if (index >= m_starts.size())
        index -= m_starts.size();
    m_starts[index] = now;
    ++m_inFlight;
}

Clock::time_point Connection::noteReply(int repliesPerOperation)
{
    if (++m_replyIndex < repliesPerOperation)
        return {};
    m_replyIndex = 0;
    const Clock::time_point start = m_starts[m_oldest];
    if (++m_oldest == m_starts.size())
        m_oldest = 0;
    --m_inFlight;
    return start;
}

bool Connection::flush()
{
    while (hasUnsent()) {
        const ssize_t sent = ::send(m_socket, m_out.data() + m_sentBytes, m_out.size() - m_sentBytes, MSG_NOSIGNAL);
        if (sent < 0)
            return errno == EAGAIN || errno == EINTR;
        m_sentBytes += static_cast<std::size_t>(sent);
    }
    m_out.clear();
    m_sentBytes = 0;
    return true;
}

} // namespace quoit::bench
