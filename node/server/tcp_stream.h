// node/server/tcp_stream.h - one TCP connection without a layer between: bytes in, bytes out, one write a turn.
// Not a QTcpSocket, which closes both directions as soon as the other side has ended one.
#pragma once

#include "node/server/address.h"

#include <QObject>
#include <QSocketNotifier>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace quoit {

/// An accepted connection that is silent for so long is probed, and closed when three probes bring no answer. As in Redis.
inline constexpr int keepAliveSeconds = 300;

/// Owns a socket. Must not be destroyed from within one of its owner's callbacks.
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
        /// Bytes wait, or the end does. Comes again, in a later turn, as long as read() is called and doesn't take
        /// all; without a read() only after the next one.
        virtual void streamReadable() = 0;
        /// The kernel took a part of what waited, in a turn of its own.
        virtual void streamSent() {}
        /// The other side sends nothing more, but may still want to be answered. Comes from within read().
        virtual void streamEnded() { streamClosed("the connection was closed"); }
        /// For good; may come from within read(), write() and closeWhenSent(). @param reason for people
        virtual void streamClosed(const std::string& reason) = 0;
    };

    /// Takes over an accepted connection. @return null if it is gone already
    static std::unique_ptr<TcpStream> accepted(qintptr descriptor, Owner& owner);
    /// Begins to connect; streamConnected() or streamClosed() says what came of it, never from within this.
    static std::unique_ptr<TcpStream> dialled(const Address& to, Owner& owner);
    ~TcpStream();

    /// @return how many bytes came, 0 if none wait now
    std::size_t read(char* space, std::size_t spaceBytes);
    /// Whether bytes wait that read() would find.
    bool hasUnread() const;
    /// One send(2), at once; what doesn't fit into the socket's buffer waits in backlogBytes().
    void write(std::string_view bytes);
    /// The same, but what waits isn't copied if nothing else does. Leaves `bytes` empty, with or without its memory.
    void writeAll(std::string& bytes);
    /// While one lives, the end of what is written may wait in the kernel: for more, or for the end of the connection, so
    /// that the other side learns of both at once and sends nothing in between.
    class Hold
    {
    public:
        /// @param stream null: holds nothing
        explicit Hold(TcpStream* stream);
        ~Hold();
        Hold(const Hold&) = delete;
        Hold& operator=(const Hold&) = delete;

    private:
        TcpStream* const m_stream;
    };
    /// Given to write() and not yet taken by the kernel.
    std::size_t backlogBytes() const { return m_backlog.size() - m_backlogBegin; }
    /// Taken by the kernel since the start.
    std::uint64_t sentBytes() const { return m_writtenBytes - backlogBytes(); }
    bool isClosed() const { return m_closed; }
    int descriptor() const { return m_descriptor; } ///< -1: closed
    /// At once, unread and unsent data is dropped; the owner isn't called any more.
    void abort();
    /// Sends what waits, then closes; nothing is read any more.
    void closeWhenSent();
    std::string peerText() const;  ///< "host:port"
    std::string localText() const; ///< "host:port"

private:
    TcpStream(int descriptor, Owner& owner);
    void onReadable();
    void onWritable();
    void onConnected();
    void send();
    void setReading(bool reading);
    void setWriting(bool writing);
    void closeSocket();
    void fail(int systemError);

    Owner& m_owner;
    int m_descriptor; ///< -1: closed
    std::unique_ptr<QSocketNotifier> m_readNotifier;
    std::unique_ptr<QSocketNotifier> m_writeNotifier; ///< made when something has to wait
    QObject m_context;                                ///< of queued calls, which go with it
    std::string m_backlog;
    std::size_t m_backlogBegin = 0; ///< of it the kernel has taken so much
    std::uint64_t m_writtenBytes = 0;
    bool m_connecting = false;
    bool m_reading = false; ///< the notifier is on
    bool m_wasRead = false; ///< read() was called since streamReadable()
    bool m_ended = false;   ///< nothing more will come
    bool m_closing = false; ///< close once the backlog is sent
    bool m_closed = false;
};

} // namespace quoit
