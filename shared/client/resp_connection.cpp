#include "shared/client/resp_connection.h"

#include "shared/base/result.h"
#include "shared/resp/writer.h"

#include <QNetworkProxy>
#include <QPointer>
#include <QTcpSocket>

#include <algorithm>
#include <array>

#include <sys/socket.h>

namespace quoit {

namespace {

/// What the socket reads ahead while the parser is busy; more waits in the kernel, and slows the server down.
constexpr qint64 readAheadBytesMax = 4 * 1024 * 1024;
constexpr std::size_t outgoingBytesKeptMax = 1024 * 1024;

Milliseconds since(std::chrono::steady_clock::time_point then)
{
    return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - then);
}

/// An old server, which is still worth talking to.
bool isTooOldForHello(const RespValue& answer)
{
    return answer.isError() && (answer.text.starts_with("ERR unknown command") || answer.text.starts_with("NOPROTO"));
}

} // namespace

RespConnection::RespConnection(Options options, QObject* parent)
    : QObject(parent)
    , m_options(std::move(options))
    , m_socket(new QTcpSocket(this))
    , m_parser(m_options.limits)
{
    m_socket->setProxy(QNetworkProxy::NoProxy);
    m_socket->setReadBufferSize(readAheadBytesMax);
    m_connectTimer.setSingleShot(true);
    connect(m_socket, &QTcpSocket::connected, this, &RespConnection::onConnected);
    connect(m_socket, &QTcpSocket::readyRead, this, &RespConnection::onReadyRead);
    connect(m_socket, &QTcpSocket::errorOccurred, this, [this] {
        const QPointer<RespConnection> alive(this);
        onReadyRead(); // the last answers may have come together with the end
        if (alive)
            close(m_socket->errorString());
    });
    connect(&m_connectTimer, &QTimer::timeout, this, [this] {
        const QString within = QString::number(m_options.connectTimeout.count()) + QStringLiteral(" ms");
        close(m_state == State::Connecting
                  ? QStringLiteral("no connection within ") + within
                  : QStringLiteral("it accepts connections, but didn't answer within ") + within);
    });
}

RespConnection::~RespConnection()
{
    m_state = State::Closed;
    m_socket->disconnect(this);
    m_socket->abort();
}

void RespConnection::open(const HostPort& address)
{
    QUOIT_ENSURE(m_state == State::Unused);
    m_address = address;
    m_state = State::Connecting;
    m_connectTimer.start(m_options.connectTimeout);
    m_socket->connectToHost(address.host, address.port);
}

void RespConnection::onConnected()
{
    m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    m_socket->setSocketOption(QAbstractSocket::KeepAliveOption, 1);
    m_state = State::Greeting;
    enqueue(encodeRequest({"HELLO", "3"}), [this](const ClientReply& reply) { onGreeted(reply); });
    if (!m_options.clientName.empty())
        enqueue(encodeRequest({"CLIENT", "SETNAME", m_options.clientName}), [](const ClientReply&) {});
}

void RespConnection::onGreeted(const ClientReply& reply)
{
    if (reply.fate != RequestFate::Answered)
        return; // closing already
    if (isTooOldForHello(reply.value)) {
        m_protocol = 2;
    } else if (reply.value.isError()) {
        close(QStringLiteral("it refuses: ") + QString::fromStdString(reply.value.text));
        return;
    }
    m_connectTimer.stop();
    m_state = State::Open;
    Q_EMIT opened();
}

void RespConnection::send(const std::vector<std::string>& arguments, ReplyCallback callback)
{
    sendEncoded(encodeRequest(arguments), std::move(callback));
}

void RespConnection::sendEncoded(std::string_view request, ReplyCallback callback)
{
    if (m_state == State::Open) {
        enqueue(request, std::move(callback));
        return;
    }
    QMetaObject::invokeMethod(
        this, [callback = std::move(callback)] { callback(ClientReply::notRun("the connection isn't open")); },
        Qt::QueuedConnection);
}

void RespConnection::enqueue(std::string_view request, ReplyCallback callback)
{
    if (m_outgoing.empty())
        QMetaObject::invokeMethod(this, &RespConnection::flush, Qt::QueuedConnection);
    m_outgoing.append(request);
    ++m_unsentCount;
    m_lastSent = Clock::now();
    m_pending.push_back({std::move(callback), m_lastSent});
}

void RespConnection::flush()
{
    if (m_state == State::Closed || m_outgoing.empty())
        return;
    if (m_pending.size() == m_unsentCount && isEndedByServer()) {
        close(QStringLiteral("the node has closed the connection")); // nothing of this has left: it may go elsewhere
        return;
    }
    m_unsentCount = 0;
    m_socket->write(m_outgoing.data(), static_cast<qint64>(m_outgoing.size()));
    if (m_outgoing.capacity() > outgoingBytesKeptMax)
        std::string().swap(m_outgoing);
    m_outgoing.clear();
    m_socket->flush();
}

/// A node that leaves its cluster ends a connection with its last answer; what is sent afterwards is lost.
bool RespConnection::isEndedByServer() const
{
    char byte = 0;
    return ::recv(static_cast<int>(m_socket->socketDescriptor()), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void RespConnection::onReadyRead()
{
    const QPointer<RespConnection> alive(this);
    std::array<char, 65536> chunk;
    while (m_state == State::Greeting || m_state == State::Open) {
        const qint64 byteCount = m_socket->read(chunk.data(), chunk.size());
        if (byteCount <= 0)
            return;
        m_lastReceived = Clock::now();
        m_parser.feed({chunk.data(), static_cast<std::size_t>(byteCount)});
        while (auto value = m_parser.next()) {
            if (!onValue(std::move(*value)) || !alive)
                return;
        }
        if (m_parser.failed()) {
            close(QString::fromStdString(m_parser.error()));
            return;
        }
    }
}

/// @return false if nothing more may be touched: closed, or this is gone
bool RespConnection::onValue(RespValue value)
{
    const QPointer<RespConnection> alive(this);
    if (value.type == RespType::Push) {
        Q_EMIT pushReceived(value);
    } else if (m_pending.size() == m_unsentCount) {
        close(QStringLiteral("the server sent an answer that nobody asked for: ") +
              QString::fromStdString(value.asText()).left(200));
    } else {
        const ReplyCallback callback = std::move(m_pending.front().callback);
        m_pending.pop_front();
        callback(ClientReply::answered(std::move(value)));
    }
    return alive && m_state != State::Closed;
}

void RespConnection::close(const QString& reason)
{
    if (m_state == State::Closed || m_state == State::Unused)
        return;
    m_state = State::Closed;
    m_connectTimer.stop();
    m_socket->disconnect(this);
    m_socket->abort();

    const QPointer<RespConnection> alive(this);
    const std::deque<Pending> pending = std::exchange(m_pending, {});
    const std::size_t sentCount = pending.size() - std::exchange(m_unsentCount, 0);
    const std::string text = reason.toStdString();
    for (std::size_t i = 0; i < pending.size() && alive; ++i)
        pending[i].callback(i < sentCount ? ClientReply::mayHaveRun(text) : ClientReply::notRun(text));
    if (alive)
        Q_EMIT closed(reason);
}

Milliseconds RespConnection::silence() const
{
    return m_pending.empty() ? Milliseconds(0) : since(std::max(m_pending.front().sent, m_lastReceived));
}

Milliseconds RespConnection::idleTime() const
{
    return since(std::max(m_lastSent, m_lastReceived));
}

} // namespace quoit
