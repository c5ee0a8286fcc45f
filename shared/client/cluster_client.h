// shared/client/cluster_client.h - asks a cluster, whichever of its nodes happen to live.
// Any node serves any key, so there is no routing: one connection to a live node (or several, to spread load), replaced
// when it is lost. What may be repeated without harm is repeated; what may not is reported as it is known.
#pragma once

#include "shared/client/address_book.h"
#include "shared/client/client_reply.h"
#include "shared/client/node_link.h"

#include <QObject>
#include <QPointer>
#include <QTimer>

#include <chrono>
#include <deque>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

namespace quoit {

/// How one request is to be treated.
struct RequestOptions
{
    Milliseconds deadline{5000}; ///< from now to the callback, > 0
    /// What is under way at the deadline may take so much longer, and isn't sent again: a node answers by a deadline of
    /// its own, which is 5 s too, and more for a large value.
    Milliseconds grace{0};
    /// Running it twice does no harm: reads, SET, DEL without a condition. It is repeated when its fate is unknown.
    bool idempotent = false;
    /// If given, the callback isn't called once this is gone.
    QObject* context = nullptr;
};

/// Lives and calls back in its thread, which needs an event loop.
class ClusterClient : public QObject
{
    Q_OBJECT

public:
    struct Options
    {
        NodeLink::Options link;
        Milliseconds topologyInterval{2000};
        Milliseconds retryMin{10}; ///< before a refused request is sent again; doubles each time
        Milliseconds retryMax{500};
        std::size_t requestsMax = 200'000;               ///< without an answer; more are refused at once
        std::size_t requestBytesMax = 512 * 1024 * 1024; ///< likewise
    };

    explicit ClusterClient(Options options, QObject* parent = nullptr);
    explicit ClusterClient(QObject* parent = nullptr);
    /// Closes. Callbacks of requests without an answer are dropped, not called.
    ~ClusterClient() override;

    /// Begins to connect, and keeps at it until disconnectFromCluster().
    /// @param seeds "host:port" of any members; those that aren't addresses are left out
    void connectTo(const QStringList& seeds);
    /// Ends all requests (NotRun or MayHaveRun) and all connections.
    void disconnectFromCluster();

    /// How many nodes to use at the same time, each request going to the one with the fewest in flight; 1 at first.
    /// Never more than are known. For bulk work that keeps a window of requests in flight.
    void setSpread(int nodeCount);

    bool isConnected() const { return m_isConnected; }
    /// "host:port" of the first node connected to, empty if none.
    QString address() const;
    /// What the cluster told, else the seeds; "host:port".
    QStringList knownAddresses() const { return m_book.all(); }

    /// Sends a request, as soon as there is a connection.
    /// Errors that say that nothing was applied (NOQUORUM, BUSY, LOADING, CLUSTERDOWN) are retried until the deadline,
    /// and then answered as they are; so is UNKNOWN, if idempotent.
    /// @param callback called exactly once, never before this returns, unless this or options.context is destroyed or
    ///        the request is cancelled. It may destroy this.
    /// @return a number for cancel()
    quint64 request(const std::vector<std::string>& arguments, const RequestOptions& options, ReplyCallback callback);
    /// Drops a callback; the request may run all the same.
    void cancel(quint64 requestId);

    /// Requests without an answer.
    std::size_t pendingCount() const { return m_requests.size(); }

    /// Asks for the members now, instead of at the next interval.
    void refreshTopology();

Q_SIGNALS:
    /// There was no connection, and now there is one. Whatever belonged to the old one (QUOIT.WATCH) has to be asked
    /// for anew.
    void connected(const QString& address);
    /// The last connection is lost; new ones are being tried unless disconnectFromCluster() was called.
    void disconnected(const QString& reason);
    /// One of many attempts; nothing is to be done.
    void attemptFailed(const QString& address, const QString& reason);
    /// knownAddresses() has changed.
    void topologyChanged();
    void pushReceived(const quoit::RespValue& push);

private:
    using Clock = std::chrono::steady_clock;
    struct Request
    {
        std::string bytes;
        bool idempotent = false;
        bool hasContext = false;
        QPointer<QObject> context;
        ReplyCallback callback;
        Clock::time_point deadline;
        Milliseconds deadlineAfter{0};
        Milliseconds grace{0};
        bool isLate = false; // in its grace
        bool isInFlight = false;
        bool mayHaveRun = false; // some earlier attempt
        int refusedCount = 0;
        RespValue lastError; // from the server, if refusedCount > 0
    };
    /// (when, request id)
    using Schedule = std::set<std::pair<Clock::time_point, quint64>>;

    void trySend(quint64 id);
    NodeLink* pickLink() const;
    void onReply(quint64 id, NodeLink* link, ClientReply reply);
    void onRefused(quint64 id, NodeLink* link, RespValue error);
    void finish(quint64 id, ClientReply reply);
    void finishOverdue(quint64 id);
    void armTimer();
    void onTimer();

    NodeLink* addLink();
    void onLinkUp(NodeLink* link);
    void onLinkDown(const QString& reason);
    void askTopology(NodeLink* link, const std::string& command);
    void learn(const QStringList& addresses);

    const Options m_options;
    AddressBook m_book; // outlives the links
    std::vector<std::unique_ptr<NodeLink>> m_links;
    int m_spread = 1;
    bool m_isRunning = false;
    bool m_isConnected = false;
    QString m_lastFailure; // "127.0.0.1:7400: Connection refused"

    std::unordered_map<quint64, Request> m_requests;
    std::size_t m_requestBytes = 0;
    quint64 m_lastRequestId = 0;
    std::deque<quint64> m_waiting; // for a connection; may name requests that have ended
    Schedule m_deadlines;
    Schedule m_retries;
    QTimer m_timer; // for the first of both
    Clock::time_point m_timerDue = Clock::time_point::max();
    QTimer m_topologyTimer;
};

} // namespace quoit
