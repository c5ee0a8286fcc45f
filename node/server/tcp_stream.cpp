#include "node/server/tcp_stream.h"

#include <QHostAddress>

namespace quoit {

namespace {

// What Qt reads ahead of us when nobody asks; a connection that is paused holds that much.
constexpr qint64 readAheadBytes = 256 * 1024;

std::string textOf(const QHostAddress& host, quint16 port)
{
    return Address{host.toString().toStdString(), port}.toText();
}

} // namespace

TcpStream::TcpStream(Owner& owner)
    : m_owner(owner)
    , m_socket(std::make_unique<QTcpSocket>())
{
    m_socket->setReadBufferSize(readAheadBytes);
    QTcpSocket* socket = m_socket.get();
    QObject::connect(socket, &QTcpSocket::readyRead, socket, [this] {
        if (!m_closed)
            m_owner.streamReadable();
    });
    QObject::connect(socket, &QTcpSocket::disconnected, socket, [this] { onClosed(); });
    QObject::connect(socket, &QTcpSocket::errorOccurred, socket, [this] { onClosed(); });
}

TcpStream::~TcpStream()
{
    m_closed = true;
    m_socket->disconnect();
    m_socket->abort();
}

std::unique_ptr<TcpStream> TcpStream::accepted(qintptr descriptor, Owner& owner)
{
    std::unique_ptr<TcpStream> stream(new TcpStream(owner));
    if (!stream->m_socket->setSocketDescriptor(descriptor))
        return nullptr;
    stream->m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    return stream;
}

std::unique_ptr<TcpStream> TcpStream::dialled(const Address& to, Owner& owner)
{
    std::unique_ptr<TcpStream> stream(new TcpStream(owner));
    QTcpSocket* socket = stream->m_socket.get();
    QObject::connect(socket, &QTcpSocket::connected, socket, [raw = stream.get()] {
        raw->m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
        raw->m_owner.streamConnected();
    });
    const QHostAddress host =
        to.host == "localhost" ? QHostAddress(QHostAddress::LocalHost) : QHostAddress(QString::fromStdString(to.host));
    socket->connectToHost(host, to.port, QIODevice::ReadWrite | QIODevice::Unbuffered);
    return stream;
}

std::size_t TcpStream::read(char* space, std::size_t spaceBytes)
{
    const qint64 count = m_socket->read(space, static_cast<qint64>(spaceBytes));
    // Without Qt's buffer, the end of the stream shows here and nowhere else.
    if (count < 0)
        onClosed();
    return count > 0 ? static_cast<std::size_t>(count) : 0;
}

void TcpStream::write(std::string_view bytes)
{
    if (m_closed || bytes.empty())
        return;
    if (m_socket->write(bytes.data(), static_cast<qint64>(bytes.size())) < 0) {
        onClosed();
        return;
    }
    m_writtenBytes += bytes.size();
    if (!m_closed && m_socket->bytesToWrite() > 0)
        m_socket->flush();
}

void TcpStream::abort()
{
    m_closed = true;
    m_socket->abort();
}

void TcpStream::closeWhenSent()
{
    if (!m_closed)
        m_socket->disconnectFromHost();
}

std::string TcpStream::peerText() const
{
    return textOf(m_socket->peerAddress(), m_socket->peerPort());
}

std::string TcpStream::localText() const
{
    return textOf(m_socket->localAddress(), m_socket->localPort());
}

void TcpStream::onClosed()
{
    if (m_closed)
        return;
    m_closed = true;
    const bool named = m_socket->error() != QAbstractSocket::UnknownSocketError;
    m_owner.streamClosed(named ? m_socket->errorString().toStdString() : "the connection was closed");
}

} // namespace quoit
