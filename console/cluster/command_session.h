// console/cluster/command_session.h - a person's own conversation with one node: a command out, its reply in, one at a time.
// A connection of its own, and no retries: what the node says is what is shown. When the node is lost another one is taken,
// and what was set for the connection (QUOIT.LEVEL, HELLO, CLIENT SETNAME) is gone with it.
#pragma once

#include "console/cluster/command_book.h"
#include "shared/client/node_link.h"

#include <QElapsedTimer>
#include <QObject>

#include <memory>

namespace quoit {

class CommandSession : public QObject
{
    Q_OBJECT

public:
    static constexpr std::size_t replyBytesMax = 64 * 1024 * 1024;
    static constexpr std::size_t replyElementsMax = 2'000'000;

    explicit CommandSession(QObject* parent = nullptr);
    ~CommandSession() override;

    /// Forgets the old cluster; connects once open() is called, or at once if it was.
    /// @param seeds "host:port" of any members; empty: no cluster
    void setCluster(const QStringList& seeds);
    /// Whoever wants to talk says so: a connection that nobody uses isn't made.
    void open();
    /// What the cluster told of its members.
    void learn(const QStringList& addresses) { m_addresses.learn(addresses); }

    bool isConnected() const { return m_link->isUp(); }
    /// "host:port" of the node that answers, or of the last one.
    const QString& address() const { return m_link->address(); }
    /// Why there is no connection; empty while there is one, or before the first attempt has ended.
    const QString& trouble() const { return m_trouble; }
    const CommandBook& book() const { return m_book; }

    /// Nothing may be sent that changes something.
    /// @param why for people; empty: because somebody set it so
    void setReadOnly(bool isReadOnly, const QString& why = {})
    {
        m_isReadOnly = isReadOnly;
        m_whyReadOnly = why;
    }
    bool isReadOnly() const { return m_isReadOnly; }

    /// Waiting for a reply.
    bool isBusy() const { return m_isBusy; }
    /// Sends; finished() tells the end. Nothing happens while it is busy.
    /// @param arguments [≥ 1] with the name
    void run(const std::vector<std::string>& arguments);
    /// Drops the connection, since that is the only way to stop waiting: finished() says that the command may have run. A new
    /// connection to the same node is made.
    void cancel();

    /// What came of a command.
    struct Outcome
    {
        ClientReply reply;
        qint64 microseconds = 0; ///< from run() on; 0: nothing was sent
        QString address;         ///< of the node that was asked
        bool isRefused = false;  ///< here: reply.reason says why
    };

Q_SIGNALS:
    /// isConnected(), address(), trouble(), book() or isBusy().
    void changed();
    /// A connection was lost, and there is one again. @param isOtherNode not the node of before
    void reconnected(const QString& address, bool isOtherNode);
    void finished(const quoit::CommandSession::Outcome& outcome);

private:
    void onUp();
    void onDown(const QString& reason);
    void finish(ClientReply reply, bool isRefused = false);
    QString whyNot(const std::vector<std::string>& arguments) const;

    AddressBook m_addresses; // outlives the link
    std::unique_ptr<NodeLink> m_link;
    CommandBook m_book;
    QString m_trouble;
    QString m_lastAddress; // of the last connection to this cluster; empty: none yet
    bool m_isOpen = false;
    bool m_hasCluster = false;
    bool m_isReadOnly = false;
    QString m_whyReadOnly;
    bool m_isBusy = false;
    bool m_isSent = false;
    quint64 m_number = 0; // of the command that is waited for
    QElapsedTimer m_sinceRun;
};

} // namespace quoit
