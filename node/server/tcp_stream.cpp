#include "node/server/tcp_stream.h"

#include <QHostAddress>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace quoit {

namespace {

// What was sent may be taken out of the backlog's front in portions: the rest is moved only now and then.
constexpr std::size_t backlogMovedBytes = 1024 * 1024;
constexpr std::size_t backlogKeptBytes = 64 * 1024;
constexpr std::size_t movedBytesMin = 256 * 1024; // copying less costs less than what it keeps
// Unread bytes would make the kernel reset the connection at its close, and the other side lose its last replies.
constexpr int drainedPortionsMax = 16;

using EndOf = int (*)(int, sockaddr*, socklen_t*);

std::string textOf(int descriptor, EndOf end)
{
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    if (descriptor < 0 || end(descriptor, reinterpret_cast<sockaddr*>(&storage), &length) != 0)
        return {};
    QHostAddress host(reinterpret_cast<const sockaddr*>(&storage));
    bool isMapped = false;
    if (const quint32 mapped = host.toIPv4Address(&isMapped); isMapped)
        host.setAddress(mapped);
    const quint16 port = storage.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port
                                                       : reinterpret_cast<const sockaddr_in*>(&storage)->sin_port;
    return Address{host.toString().toStdString(), ntohs(port)}.toText();
}

/// @return the length of what was filled in
socklen_t fill(sockaddr_storage& storage, const Address& address)
{
    const QHostAddress host = address.host == "localhost" ? QHostAddress(QHostAddress::LocalHost)
                                                          : QHostAddress(QString::fromStdString(address.host));
    if (host.protocol() == QAbstractSocket::IPv6Protocol) {
        auto& target = reinterpret_cast<sockaddr_in6&>(storage);
        const Q_IPV6ADDR bytes = host.toIPv6Address();
        target.sin6_family = AF_INET6;
        target.sin6_port = htons(address.port);
        std::memcpy(&target.sin6_addr, &bytes, sizeof bytes);
        return sizeof target;
    }
    auto& target = reinterpret_cast<sockaddr_in&>(storage);
    target.sin_family = AF_INET;
    target.sin_port = htons(address.port);
    target.sin_addr.s_addr = htonl(host.toIPv4Address());
    return sizeof target;
}

void setNoDelay(int descriptor)
{
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void setCork(int descriptor, bool isOn)
{
    const int on = isOn;
    if (descriptor >= 0)
        ::setsockopt(descriptor, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
}

/// So that a client whose machine or network has vanished doesn't hold its connection for ever.
void keepAlive(int descriptor)
{
    const int on = 1;
    const int probeSeconds = keepAliveSeconds / 3;
    const int probes = 3;
    ::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &keepAliveSeconds, sizeof keepAliveSeconds);
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &probeSeconds, sizeof probeSeconds);
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

} // namespace

TcpStream::Hold::Hold(TcpStream* stream)
    : m_stream(stream)
{
    if (m_stream)
        setCork(m_stream->m_descriptor, true);
}

TcpStream::Hold::~Hold()
{
    if (m_stream)
        setCork(m_stream->m_descriptor, false);
}

TcpStream::TcpStream(int descriptor, Owner& owner)
    : m_owner(owner)
    , m_descriptor(descriptor)
{
    setNoDelay(descriptor);
}

TcpStream::~TcpStream()
{
    m_closed = true;
    closeSocket();
}

std::unique_ptr<TcpStream> TcpStream::accepted(qintptr descriptor, Owner& owner)
{
    const int socket = static_cast<int>(descriptor);
    int on = 1;
    if (::ioctl(socket, FIONBIO, &on) != 0 || textOf(socket, ::getpeername).empty()) {
        ::close(socket);
        return nullptr;
    }
    keepAlive(socket);
    std::unique_ptr<TcpStream> stream(new TcpStream(socket, owner));
    stream->setReading(true);
    return stream;
}

std::unique_ptr<TcpStream> TcpStream::dialled(const Address& to, Owner& owner)
{
    sockaddr_storage target{};
    const socklen_t length = fill(target, to);
    const int socket = ::socket(target.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int systemError = socket < 0 ? errno : 0;
    std::unique_ptr<TcpStream> stream(new TcpStream(socket, owner));
    if (socket >= 0 && ::connect(socket, reinterpret_cast<const sockaddr*>(&target), length) != 0 &&
        errno != EINPROGRESS)
        systemError = errno;
    stream->m_connecting = true;
    if (systemError == 0) {
        stream->setWriting(true); // a socket that is connected already can be written to
        return stream;
    }
    QMetaObject::invokeMethod(
        &stream->m_context, [raw = stream.get(), systemError] { raw->fail(systemError); }, Qt::QueuedConnection);
    return stream;
}

void TcpStream::setReading(bool reading)
{
    if (reading == m_reading)
        return;
    m_reading = reading;
    if (!m_readNotifier) {
        m_readNotifier = std::make_unique<QSocketNotifier>(m_descriptor, QSocketNotifier::Read);
        QObject::connect(m_readNotifier.get(), &QSocketNotifier::activated, &m_context, [this] { onReadable(); });
    }
    m_readNotifier->setEnabled(reading);
}

void TcpStream::setWriting(bool writing)
{
    if (!m_writeNotifier) {
        if (!writing)
            return;
        m_writeNotifier = std::make_unique<QSocketNotifier>(m_descriptor, QSocketNotifier::Write);
        QObject::connect(m_writeNotifier.get(), &QSocketNotifier::activated, &m_context, [this] { onWritable(); });
    }
    m_writeNotifier->setEnabled(writing);
}

void TcpStream::onReadable()
{
    if (m_closed || !m_reading)
        return;
    m_wasRead = false;
    m_owner.streamReadable();
    // Else the loop would find the same bytes over and over.
    if (!m_wasRead && !m_closed)
        setReading(false);
}

void TcpStream::onWritable()
{
    if (m_closed)
        return;
    if (m_connecting) {
        onConnected();
        return;
    }
    send();
    if (!m_closed)
        m_owner.streamSent();
}

void TcpStream::onConnected()
{
    int systemError = 0;
    socklen_t length = sizeof systemError;
    ::getsockopt(m_descriptor, SOL_SOCKET, SO_ERROR, &systemError, &length);
    if (systemError != 0) {
        fail(systemError);
        return;
    }
    m_connecting = false;
    setWriting(false);
    setReading(true);
    m_owner.streamConnected();
    if (!m_closed && backlogBytes() > 0)
        send();
}

std::size_t TcpStream::read(char* space, std::size_t spaceBytes)
{
    m_wasRead = true;
    if (m_closed || m_ended || m_connecting)
        return 0;
    const ssize_t count = ::recv(m_descriptor, space, spaceBytes, 0);
    if (count > 0) {
        setReading(!m_closing);
        return static_cast<std::size_t>(count);
    }
    if (count == 0) {
        m_ended = true;
        setReading(false);
        m_owner.streamEnded();
    } else if (errno == EAGAIN || errno == EINTR) {
        setReading(!m_closing);
    } else {
        fail(errno);
    }
    return 0;
}

bool TcpStream::hasUnread() const
{
    char first = 0;
    return !m_closed && !m_ended && ::recv(m_descriptor, &first, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

void TcpStream::write(std::string_view bytes)
{
    if (m_closed || bytes.empty())
        return;
    m_writtenBytes += bytes.size();
    if (backlogBytes() == 0 && !m_connecting) {
        const ssize_t count = ::send(m_descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count < 0 && errno != EAGAIN && errno != EINTR) {
            fail(errno);
            return;
        }
        bytes.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
        if (bytes.empty())
            return;
        m_backlog.append(bytes);
        setWriting(true);
        return;
    }
    m_backlog.append(bytes);
    if (!m_connecting)
        send();
}

void TcpStream::writeAll(std::string& bytes)
{
    if (m_closed || m_connecting || backlogBytes() > 0 || bytes.size() < movedBytesMin) {
        write(bytes);
        bytes.clear();
        return;
    }
    m_writtenBytes += bytes.size();
    m_backlog.swap(bytes);
    m_backlogBegin = 0;
    bytes.clear();
    send();
}

/// As much of the backlog as the kernel takes now.
void TcpStream::send()
{
    const ssize_t count = ::send(m_descriptor, m_backlog.data() + m_backlogBegin, backlogBytes(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN && errno != EINTR) {
        fail(errno);
        return;
    }
    m_backlogBegin += count > 0 ? static_cast<std::size_t>(count) : 0;
    if (backlogBytes() == 0) {
        m_backlogBegin = 0;
        if (m_backlog.capacity() > backlogKeptBytes)
            m_backlog = std::string();
        m_backlog.clear();
    } else if (m_backlogBegin >= std::max(backlogMovedBytes, m_backlog.size() / 2)) {
        m_backlog.erase(0, m_backlogBegin);
        m_backlogBegin = 0;
    }
    setWriting(backlogBytes() > 0);
    if (m_closing && backlogBytes() == 0)
        closeWhenSent();
}

void TcpStream::abort()
{
    m_closed = true;
    closeSocket();
}

void TcpStream::closeWhenSent()
{
    if (m_closed)
        return;
    m_closing = true;
    if (backlogBytes() > 0 || m_connecting) {
        setReading(false);
        return;
    }
    char ignored[16 * 1024];
    for (int i = 0; i<drainedPortionsMax&& ::recv(m_descriptor, ignored, sizeof ignored, 0)> 0; ++i) {
    }
    abort();
    m_owner.streamClosed("the connection was closed");
}

std::string TcpStream::peerText() const
{
    return textOf(m_descriptor, ::getpeername);
}

std::string TcpStream::localText() const
{
    return textOf(m_descriptor, ::getsockname);
}

void TcpStream::closeSocket()
{
    // The notifiers first: a descriptor's number may be given to another connection at once.
    if (m_readNotifier)
        m_readNotifier->setEnabled(false);
    if (m_writeNotifier)
        m_writeNotifier->setEnabled(false);
    m_reading = false;
    if (m_descriptor >= 0)
        ::close(m_descriptor);
    m_descriptor = -1;
    m_backlog = std::string();
    m_backlogBegin = 0;
}

void TcpStream::fail(int systemError)
{
    if (m_closed)
        return;
    abort();
    m_owner.streamClosed(std::strerror(systemError));
}

} // namespace quoit
