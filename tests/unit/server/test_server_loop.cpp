// The node's event loop does what Qt's own does: timers, sockets, events from other threads, and descriptors that come
// and go.
#include "node/server/epoll_dispatcher.h"

#include "node/server/loop_turn.h"

#include <QCoreApplication>
#include <QSocketNotifier>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTimer>
#include <QtTest>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace quoit;

class TestServerLoop : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void timersFireInOrderAndStop();
    void timerMayStopItselfAndOthers();
    void remainingTimeIsKnown();
    void eventsOfOtherThreadsArrive();
    void socketsTalk();
    void numberOfAClosedDescriptorMayComeAgain();
    void notifierRemovedByAnEarlierOneStaysSilent();
    void loopTurnComesOnceATurn();
    void quitEndsTheLoop();
};

void TestServerLoop::timersFireInOrderAndStop()
{
    std::vector<int> order;
    QTimer::singleShot(30, this, [&order] { order.push_back(3); });
    QTimer::singleShot(10, this, [&order] { order.push_back(1); });
    QTimer::singleShot(20, this, [&order] { order.push_back(2); });
    QTimer repeated;
    int count = 0;
    connect(&repeated, &QTimer::timeout, this, [&count] { ++count; });
    repeated.start(5);
    QTRY_COMPARE(order, (std::vector<int>{1, 2, 3}));
    QTRY_VERIFY(count >= 4);
    repeated.stop();
    const int stopped = count;
    QTest::qWait(30);
    QCOMPARE(count, stopped);
}

void TestServerLoop::timerMayStopItselfAndOthers()
{
    QTimer first;
    QTimer second;
    int fired = 0;
    const auto stopBoth = [&] {
        ++fired;
        first.stop();
        second.stop();
    };
    connect(&first, &QTimer::timeout, this, stopBoth);
    connect(&second, &QTimer::timeout, this, stopBoth);
    first.start(5);
    second.start(5);
    QTest::qWait(50);
    QCOMPARE(fired, 1);
}

void TestServerLoop::remainingTimeIsKnown()
{
    QTimer timer;
    timer.start(100'000);
    QVERIFY(timer.remainingTime() > 90'000);
    QVERIFY(timer.remainingTime() <= 100'000);
    QCOMPARE(QAbstractEventDispatcher::instance()->registeredTimers(&timer).size(), 1);
}

void TestServerLoop::eventsOfOtherThreadsArrive()
{
    constexpr int perThread = 5000;
    int received = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([this, &received] {
            for (int n = 0; n < perThread; ++n)
                QMetaObject::invokeMethod(
                    this, [&received] { ++received; }, Qt::QueuedConnection);
        });
    QTRY_COMPARE(received, 4 * perThread);
    for (std::thread& thread : threads)
        thread.join();
}

void TestServerLoop::socketsTalk()
{
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    QTcpSocket* accepted = nullptr;
    connect(&server, &QTcpServer::newConnection, this, [&] {
        accepted = server.nextPendingConnection();
        connect(accepted, &QTcpSocket::readyRead, accepted, [&accepted] { accepted->write(accepted->readAll()); });
    });
    QTcpSocket client;
    client.connectToHost(QHostAddress(QHostAddress::LocalHost), server.serverPort());
    const QByteArray sent(3'000'000, 'x');
    client.write(sent);
    QByteArray received;
    connect(&client, &QTcpSocket::readyRead, this, [&] { received += client.readAll(); });
    QTRY_COMPARE(received.size(), sent.size());
    accepted->close();
    QTRY_COMPARE(client.state(), QAbstractSocket::UnconnectedState);
}

void TestServerLoop::numberOfAClosedDescriptorMayComeAgain()
{
    for (int round = 0; round < 50; ++round) {
        int pair[2];
        QCOMPARE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
        bool heard = false;
        {
            QSocketNotifier notifier(pair[0], QSocketNotifier::Read);
            connect(&notifier, &QSocketNotifier::activated, this, [&heard, &pair] {
                char byte;
                heard = ::read(pair[0], &byte, 1) == 1;
            });
            QCOMPARE(::write(pair[1], "x", 1), ssize_t(1));
            QTRY_VERIFY(heard);
        }
        ::close(pair[0]);
        ::close(pair[1]);
    }
}

void TestServerLoop::notifierRemovedByAnEarlierOneStaysSilent()
{
    int first[2];
    int second[2];
    QCOMPARE(socketpair(AF_UNIX, SOCK_STREAM, 0, first), 0);
    QCOMPARE(socketpair(AF_UNIX, SOCK_STREAM, 0, second), 0);
    auto one = std::make_unique<QSocketNotifier>(first[0], QSocketNotifier::Read);
    auto two = std::make_unique<QSocketNotifier>(second[0], QSocketNotifier::Read);
    int calls = 0;
    connect(one.get(), &QSocketNotifier::activated, this, [&] {
        ++calls;
        one->setEnabled(false);
        two.reset();
    });
    connect(two.get(), &QSocketNotifier::activated, this, [&] {
        ++calls;
        two->setEnabled(false);
        one.reset();
    });
    QCOMPARE(::write(first[1], "x", 1), ssize_t(1));
    QCOMPARE(::write(second[1], "x", 1), ssize_t(1));
    QTest::qWait(50);
    QCOMPARE(calls, 1);
    one.reset();
    two.reset();
    for (const int fd : {first[0], first[1], second[0], second[1]})
        ::close(fd);
}

void TestServerLoop::loopTurnComesOnceATurn()
{
    int turns = 0;
    LoopTurn turn([&turns] { ++turns; });
    QEventLoop loop;
    int before = 0;
    QTimer::singleShot(10, this, [&] { before = turns; });
    QTimer::singleShot(30, &loop, &QEventLoop::quit);
    loop.exec();
    QVERIFY(before >= 1);
    QVERIFY(turns <= 8);
}

void TestServerLoop::quitEndsTheLoop()
{
    QEventLoop loop;
    std::thread thread([&loop] { QMetaObject::invokeMethod(&loop, "quit", Qt::QueuedConnection); });
    loop.exec();
    thread.join();
}

int main(int argc, char** argv)
{
    QCoreApplication::setEventDispatcher(new EpollDispatcher);
    QCoreApplication application(argc, argv);
    TestServerLoop test;
    return QTest::qExec(&test, argc, argv);
}
#include "test_server_loop.moc"
