// shared/client/node_link.h - keeps one connection to some live node: chooses it, watches it, replaces it.
#pragma once

#include "shared/client/address_book.h"
#include "shared/client/resp_connection.h"

#include <QObject>
#include <QTimer>

#include <functional>

namespace quoit {

/// One of a ClusterClient's connections. A node that stops without closing (a stopped process, a cut cable) is noticed
/// by its silence: a second connection to it then decides between slow and dead, so that slow requests aren't lost.
/// Borrows the book, which must outlive it.
class NodeLink : public QObject
{
    Q_OBJECT

public:
    struct Options
    {
        RespConnection::Options connection;
        Milliseconds backoffMin{100}; ///< after all known addresses have failed; doubles each time
        Milliseconds backoffMax{2000};
        Milliseconds silenceMax{500};  ///< without an answer that is due, before the node is probed; a PING when idle
        Milliseconds answerMax{30000}; ///< without an answer that is due, before a node that answers probes is given up
    };

    /// @param takenByOthers addresses that this link must not use
    NodeLink(AddressBook& book, Options options, std::function<QStringList()> takenByOthers);

    /// Begins, or tries at once instead of waiting for the back-off to end. Nothing happens while a connection is
    /// there.
    void start();
    /// Closes for good, until start().
    void stop(const QString& reason);

    /// Like stop(), but once what is in flight is answered.
    void retire();

    /// The connection that takes requests, or nullptr. Valid until down().
    RespConnection* connection() const;
    bool isUp() const { return m_isUp; }
    /// Up, or trying address() at this moment.
    bool isActive() const { return m_connection != nullptr; }
    /// What it is connected to, or has tried last.
    const QString& address() const { return m_address; }

    /// Takes no more requests, and goes to another node once those in flight are answered. Nothing happens if no other
    /// node is known, or if it did so less than two seconds ago.
    void leave(const QString& reason);

Q_SIGNALS:
    void up();
    /// After the callbacks of what was in flight.
    void down(const QString& reason);
    void attemptFailed(const QString& address, const QString& reason);
    void pushReceived(const quoit::RespValue& push);

private:
    void tryNext();
    void onOpened();
    void onClosed(const QString& reason);
    void watch();
    void probe();
    void dropProbe();
    void dropConnection();

    AddressBook& m_book;
    const Options m_options;
    const std::function<QStringList()> m_takenByOthers;

    RespConnection* m_connection = nullptr; // a child; deleted later, since it may be calling us
    RespConnection* m_probe = nullptr;      // likewise
    QString m_address;
    bool m_isRunning = false;
    bool m_isUp = false;
    bool m_isLeaving = false;
    QString m_leavingReason;
    qsizetype m_failedInARow = 0; // a connection that was lost within a second counts as failed
    std::chrono::steady_clock::time_point m_upSince;
    QTimer m_backoffTimer;
    QTimer m_watchTimer;
    std::chrono::steady_clock::time_point m_probeAllowed;
    std::chrono::steady_clock::time_point m_leaveAllowed;
};

} // namespace quoit
