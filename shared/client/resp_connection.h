// shared/client/resp_connection.h - one connection to one node: requests out, answers and pushes in.
// Knows nothing of clusters, retries or deadlines; those are ClusterClient's.
#pragma once

#include "shared/base/time.h"
#include "shared/client/address_book.h"
#include "shared/client/client_reply.h"
#include "shared/resp/reply_parser.h"

#include <QObject>
#include <QTimer>

#include <chrono>
#include <deque>
#include <string>
#include <vector>

class QTcpSocket;

namespace quoit {

/// A pipelined RESP3 connection (RESP2 with servers that know no HELLO). Lives and calls back in its thread, which
/// needs an event loop. One use: open() once, and make another one after closed().
class RespConnection : public QObject
{
    Q_OBJECT

public:
    struct Options
    {
        Milliseconds connectTimeout{1000}; ///< until HELLO is answered
        std::string clientName;            ///< for CLIENT SETNAME; empty: none
        ReplyParser::Limits limits;
    };

    explicit RespConnection(Options options, QObject* parent = nullptr);
    /// Closes. Callbacks of requests without an answer are dropped, not called.
    ~RespConnection() override;

    /// Connects, says HELLO 3 and CLIENT SETNAME. Ends in opened() or closed().
    void open(const HostPort& address);
    /// Ends everything now, as if the connection had been lost for this reason: callbacks, then closed().
    void close(const QString& reason);

    bool isOpen() const { return m_state == State::Open; }
    /// 2 or 3, once open.
    int protocol() const { return m_protocol; }
    const HostPort& address() const { return m_address; }

    /// Sends a request behind those sent before. What is sent in one turn of the event loop leaves in one write.
    /// @param callback called exactly once, never before this returns, unless this is destroyed first: Answered;
    ///        NotRun if it never left (also at once if not open); MayHaveRun if the connection is lost. It may destroy
    ///        this.
    void send(const std::vector<std::string>& arguments, ReplyCallback callback);
    /// The same, for bytes that are exactly one request already.
    void sendEncoded(std::string_view request, ReplyCallback callback);

    /// Requests without an answer.
    std::size_t pendingCount() const { return m_pending.size(); }
    /// How long nothing has come although something was due: since the oldest pending request was sent or something was
    /// received, whichever is later. 0 without pending requests.
    Milliseconds silence() const;
    /// Since something was sent or received.
    Milliseconds idleTime() const;

Q_SIGNALS:
    void opened();
    /// Once, after all callbacks. @param reason a sentence for people
    void closed(const QString& reason);
    void pushReceived(const quoit::RespValue& push);

private:
    using Clock = std::chrono::steady_clock;
    enum class State { Unused, Connecting, Greeting, Open, Closed };
    struct Pending
    {
        ReplyCallback callback;
        Clock::time_point sent;
    };

    void enqueue(std::string_view request, ReplyCallback callback);
    void flush();
    bool isEndedByServer() const;
    void onConnected();
    void onGreeted(const ClientReply& reply);
    void onReadyRead();
    bool onValue(RespValue value);

    const Options m_options;
    HostPort m_address;
    QTcpSocket* m_socket;
    QTimer m_connectTimer;
    State m_state = State::Unused;
    int m_protocol = 3;
    ReplyParser m_parser;
    std::deque<Pending> m_pending; // oldest first; the last m_unsentCount are still in m_outgoing
    std::size_t m_unsentCount = 0;
    std::string m_outgoing;
    Clock::time_point m_lastReceived;
    Clock::time_point m_lastSent;
};

} // namespace quoit
