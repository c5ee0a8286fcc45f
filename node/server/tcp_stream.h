// node/server/tcp_stream.h - one TCP connection without Qt's conversions: bytes in, bytes out, one write a turn.
#pragma once

#include "node/server/address.h"

#include <QTcpSocket>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace quoit {

/// Owns a QTcpSocket. Must not be destroyed from within one of its owner's callbacks.
class TcpStream
{
public:
    /// Whoever reads and writes. Outlives the stream.
    class Owner
    {
    public:
        virtual ~Owner() = default;
        /// A dialled connection is there.
        virtual void streamConnected() {}
        virtual void streamReadable() = 0;
        /// For good; may come from within write(). @param reason for people
        virtual void streamClosed(const std::string& reason) = 0;
    };

    /// Takes over an accepted connection. @return null if it is gone already
    static std::unique_ptr<TcpStream> accepted(qintptr descriptor, Owner& owner);
    /// Begins to connect; streamConnected() or streamClosed() says what came of it.
    static std::unique_ptr<TcpStream> dialled(const Address& to, Owner& owner);
    ~TcpStream();

    /// @return how many bytes came, 0 if none wait now
    std::size_t read(char* space, std::size_t spaceBytes);
    /// One send(2), at once; what doesn't fit into the socket's buffer waits in backlogBytes().
    void write(std::string_view bytes);
    /// Given to write() and not yet taken by the kernel.
    std::size_t backlogBytes() const { return static_cast<std::size_t>(m_socket->bytesToWrite()); }
    /// Taken by the kernel since the start.
    std::uint64_t sentBytes() const { return m_writtenBytes - backlogBytes(); }
    bool isClosed() const { return m_closed; }
    /// At once, unread and unsent data is dropped; the owner isn't called any more.
    void abort();
    /// Sends what waits, then closes; nothing is read any more.
    void closeWhenSent();
    std::string peerText() const;  ///< "host:port"
    std::string localText() const; ///< "host:port"

private:
    explicit TcpStream(Owner& owner);
    void onClosed();

    Owner& m_owner;
    std::unique_ptr<QTcpSocket> m_socket;
    std::uint64_t m_writtenBytes = 0;
    bool m_closed = false;
};

} // namespace quoit
