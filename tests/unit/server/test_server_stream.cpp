// What a node writes to a socket, and when the other side sees it.
#include "node/server/tcp_stream.h"

#include <QTcpServer>
#include <QTcpSocket>
#include <QtTest>
#include <sys/socket.h>
#include <unistd.h>

using namespace quoit;

class TestServerStream : public QObject, private TcpStream::Owner
{
    Q_OBJECT
private Q_SLOTS:
    void init();
    void cleanup();
    void heldBytesComeWithTheEnd();
    void heldBytesComeWhenReleased();

private:
    void streamReadable() override {}
    void streamClosed(const std::string&) override {}
    /// What the other side would read now: -1 for nothing, 0 for the end.
    ssize_t peek() const
    {
        char space[16];
        return ::recv(static_cast<int>(m_client->socketDescriptor()), space, sizeof space, MSG_PEEK | MSG_DONTWAIT);
    }
    std::string take(std::size_t bytes) const
    {
        std::string taken(bytes, '\0');
        const ssize_t count = ::recv(static_cast<int>(m_client->socketDescriptor()), taken.data(), bytes, MSG_DONTWAIT);
        taken.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return taken;
    }

    std::unique_ptr<QTcpServer> m_server;
    std::unique_ptr<QTcpSocket> m_client;
    std::unique_ptr<TcpStream> m_stream;
};

void TestServerStream::init()
{
    m_server = std::make_unique<QTcpServer>();
    QVERIFY(m_server->listen(QHostAddress::LocalHost));
    m_client = std::make_unique<QTcpSocket>();
    m_client->connectToHost(QHostAddress::LocalHost, m_server->serverPort());
    QVERIFY(m_client->waitForConnected(5000) && m_server->waitForNewConnection(5000));
    QTcpSocket* accepted = m_server->nextPendingConnection();
    m_stream = TcpStream::accepted(::dup(static_cast<int>(accepted->socketDescriptor())), *this);
    accepted->abort();
    delete accepted;
    QVERIFY(m_stream);
}

void TestServerStream::cleanup()
{
    m_stream.reset();
    m_client.reset();
    m_server.reset();
}

/// A client that reads its reply and asks again at once would ask a connection that is about to end.
void TestServerStream::heldBytesComeWithTheEnd()
{
    {
        const TcpStream::Hold hold(m_stream.get());
        m_stream->write("+OK\r\n");
        QCOMPARE(m_stream->backlogBytes(), 0u);
        QCOMPARE(peek(), ssize_t(-1));
        m_stream->closeWhenSent();
    }
    QCOMPARE(take(16), std::string("+OK\r\n"));
    QCOMPARE(peek(), ssize_t(0));
}

void TestServerStream::heldBytesComeWhenReleased()
{
    {
        const TcpStream::Hold hold(m_stream.get());
        m_stream->write("+OK\r\n");
        QCOMPARE(peek(), ssize_t(-1));
    }
    QCOMPARE(take(16), std::string("+OK\r\n"));
    QCOMPARE(peek(), ssize_t(-1));
    m_stream->write("+PONG\r\n");
    QCOMPARE(take(16), std::string("+PONG\r\n"));
}

QTEST_GUILESS_MAIN(TestServerStream)
#include "test_server_stream.moc"
