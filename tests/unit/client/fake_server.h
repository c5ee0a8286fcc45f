// tests/unit/client/fake_server.h - a RESP server that does what a test says, in the test's own thread.
#pragma once

#include "shared/resp/request_parser.h"

#include <QHash>
#include <QObject>
#include <QTcpServer>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

class QTcpSocket;

namespace quoit {

/// Listens on a free port of 127.0.0.1. HELLO and CLIENT are answered by itself, everything else by `answer`.
class FakeServer : public QObject
{
    Q_OBJECT

public:
    using Arguments = std::vector<std::string>;

    FakeServer();
    ~FakeServer() override { die(); }

    /// RESP bytes to send back; nothing: no answer at all.
    std::function<std::optional<std::string>(const Arguments&)> answer;
    /// False: accepts connections and never says a word, like a stopped process.
    bool isAwake = true;
    /// What HELLO is answered with.
    std::string hello = "%1\r\n+proto\r\n:3\r\n";

    QString address() const;
    quint16 port() const { return m_port; }
    /// Closes all connections and the port, as when the process is killed.
    void die();
    /// Listens again on the same port.
    void revive();
    /// Closes the connections only.
    void closeConnections();
    /// To every client that is connected.
    void sendToAll(const std::string& bytes);
    int connectionCount() const { return static_cast<int>(m_clients.size()); }

    /// What `answer` was asked, in order, without QUOIT.NODES, CLUSTER and PING.
    std::vector<Arguments> requests;
    /// Connections since the beginning.
    int acceptedCount = 0;
    /// How many reads of a socket brought requests.
    int readCount = 0;

private:
    void onConnection();
    void onReadyRead(QTcpSocket* socket);
    std::optional<std::string> answerTo(const Arguments& arguments);

    QTcpServer m_server;
    quint16 m_port = 0;
    QHash<QTcpSocket*, std::shared_ptr<RequestParser>> m_clients;
};

/// "$n...": a bulk string as RESP.
std::string bulkReply(const std::string& text);
/// An answer to QUOIT.NODES.
std::string nodesReply(const std::vector<QString>& addresses);

} // namespace quoit
