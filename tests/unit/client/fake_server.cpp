#include "tests/unit/client/fake_server.h"

#include "shared/resp/writer.h"

#include <QTcpSocket>

namespace quoit {

FakeServer::FakeServer()
{
    connect(&m_server, &QTcpServer::newConnection, this, &FakeServer::onConnection);
    revive();
}

QString FakeServer::address() const
{
    return QStringLiteral("127.0.0.1:%1").arg(m_port);
}

void FakeServer::revive()
{
    if (!m_server.listen(QHostAddress::LocalHost, m_port))
        qFatal("can't listen: %s", qPrintable(m_server.errorString()));
    m_port = m_server.serverPort();
}

void FakeServer::die()
{
    m_server.close();
    closeConnections();
}

void FakeServer::closeConnections()
{
    const auto sockets = m_clients.keys();
    m_clients.clear();
    for (QTcpSocket* socket : sockets) {
        socket->disconnect(this);
        socket->abort();
        socket->deleteLater();
    }
}

void FakeServer::sendToAll(const std::string& bytes)
{
    for (QTcpSocket* socket : m_clients.keys()) {
        socket->write(bytes.data(), static_cast<qint64>(bytes.size()));
        socket->flush();
    }
}

void FakeServer::onConnection()
{
    while (QTcpSocket* socket = m_server.nextPendingConnection()) {
        ++acceptedCount;
        m_clients.insert(socket, std::make_shared<RequestParser>());
        connect(socket, &QTcpSocket::readyRead, this, [this, socket] { onReadyRead(socket); });
        connect(socket, &QTcpSocket::disconnected, this, [this, socket] {
            m_clients.remove(socket);
            socket->deleteLater();
        });
    }
}

void FakeServer::onReadyRead(QTcpSocket* socket)
{
    const QByteArray bytes = socket->readAll();
    if (!isAwake)
        return;
    const std::shared_ptr<RequestParser> parser = m_clients.value(socket);
    parser->append({bytes.constData(), static_cast<std::size_t>(bytes.size())});
    ++readCount;
    std::vector<std::string_view> views;
    while (parser->next(views) == RequestParser::Status::Request) {
        const auto reply = answerTo(Arguments(views.begin(), views.end()));
        if (!m_clients.contains(socket))
            return; // the test closed it
        if (reply)
            socket->write(reply->data(), static_cast<qint64>(reply->size()));
    }
}

std::optional<std::string> FakeServer::answerTo(const Arguments& arguments)
{
    const std::string& command = arguments.at(0);
    if (command == "HELLO")
        return hello;
    if (command == "CLIENT")
        return "+OK\r\n";
    if (command == "PING")
        return "+PONG\r\n";
    if (command != "QUOIT.NODES" && command != "CLUSTER")
        requests.push_back(arguments);
    if (answer)
        return answer(arguments);
    return "-ERR unknown command\r\n";
}

std::string bulkReply(const std::string& text)
{
    std::string out;
    RespWriter(out, 3).bulk(text);
    return out;
}

std::string nodesReply(const std::vector<QString>& addresses)
{
    std::vector<RespValue> nodes;
    for (const QString& address : addresses)
        nodes.push_back(RespValue::map({RespValue::bulk("client-address"), RespValue::bulk(address.toStdString())}));
    std::string out;
    RespWriter(out, 3).write(RespValue::array(nodes));
    return out;
}

} // namespace quoit
