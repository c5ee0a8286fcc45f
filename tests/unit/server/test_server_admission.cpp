// How much a node takes in: the limit by itself, a node that refuses, and sessions that share.
#include "node/server/admission.h"
#include "node/server/client_sessions.h"
#include "node/server/thread_pressure.h"
#include "shared/resp/writer.h"

#include <QTcpSocket>
#include <QtTest>

using namespace quoit;

class TestServerAdmission : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void limitIsWhatCompletesInTheTarget();
    void limitFallsSlowlyAndNeverTooFar();
    void rateWithoutEnoughToDoSaysNothing();
    void slowRequestsAfterFastOnesAreBounded();
    void bytesAreBounded();
    void pressureOfABusyThreadIsSeen();
    void floodingSessionWaitsForTheOthers();
    void loneSessionIsNotHeldBack();
    void afterManyRefusalsKeysWaitAndOperatorsDoNot();
};

namespace {

TimePoint at(Microseconds time)
{
    return TimePoint(time);
}

/// Keeps every command, as a node that has no answer yet; INFO it answers.
class Keeper final : public CommandRunner
{
public:
    bool run(Session& session, const std::vector<std::string_view>& arguments) override
    {
        if (arguments[0] == "INFO") {
            session.replies().immediate() += "+INFO\r\n";
            return true;
        }
        if (sessions->refusesTooMuch())
            return false;
        kept.emplace_back(&session, session.openTicket());
        return true;
    }
    void runAgain(Session&, ChainedCommand) override
    {
        QFAIL("nothing was postponed");
    }
    /// Answers all that is kept of now.
    void answer()
    {
        for (auto& [session, ticket] : std::exchange(kept, {})) {
            session->replies().replyOf(ticket) += "+OK\r\n";
            session->replies().complete(ticket);
            session->onReplied();
        }
    }
    std::vector<std::pair<Session*, ReplyQueue::Ticket>> kept;
    ClientSessions* sessions = nullptr;
};

struct Server
{
    Server()
        : sessions(limits, 100, keeper)
    {
        keeper.sessions = &sessions;
        address = sessions.listen({"127.0.0.1", 0}).value();
    }
    std::unique_ptr<QTcpSocket> client(int commands)
    {
        auto socket = std::make_unique<QTcpSocket>();
        socket->connectToHost(QStringLiteral("127.0.0.1"), address.port);
        socket->waitForConnected(5000);
        socket->write(QByteArray("PING\r\n").repeated(commands));
        socket->flush();
        return socket;
    }
    std::size_t active()
    {
        std::size_t count = 0;
        sessions.forEach([&count](Session& session) { count += session.unanswered() > 0; });
        return count;
    }
    std::size_t most()
    {
        std::size_t most = 0;
        sessions.forEach([&most](Session& session) { most = std::max(most, session.unanswered()); });
        return most;
    }
    SessionLimits limits;
    Keeper keeper;
    ClientSessions sessions;
    Address address;
};

} // namespace

void TestServerAdmission::limitIsWhatCompletesInTheTarget()
{
    Admission admission;
    QCOMPARE(admission.limit(), Admission::requestsUntried);
    admission.tick(at(1s), 0, 0);
    admission.tick(at(3s), 40'000, 10'000);
    QCOMPARE(admission.limit(), std::size_t(5'000));
    QVERIFY(admission.admits(4'999, 0, 100));
    QVERIFY(!admission.admits(5'000, 0, 100));
    admission.tick(at(4s), 40'000 + 10'000'000, 5'000);
    QCOMPARE(admission.limit(), Admission::requestsMax);
}

void TestServerAdmission::limitFallsSlowlyAndNeverTooFar()
{
    Admission admission;
    admission.tick(at(1s), 0, 0);
    admission.tick(at(3s), 80'000, 20'000);
    QCOMPARE(admission.limit(), std::size_t(10'000));
    admission.tick(at(3100ms), 80'000, 10'000); // a tenth of a second in which nothing completes
    QCOMPARE(admission.limit(), std::size_t(9'500));
    for (int i = 0; i < 200; ++i)
        admission.tick(at(3200ms + i * 100ms), 80'000, 10'000);
    QCOMPARE(admission.limit(), Admission::requestsMin);
}

/// Ten clients with one request each get a tenth of what the node can: the eleventh may bring a pipeline of thousands.
void TestServerAdmission::rateWithoutEnoughToDoSaysNothing()
{
    Admission admission;
    admission.tick(at(1s), 0, 10);
    std::uint64_t completed = 0;
    for (int second = 2; second < 60; ++second)
        admission.tick(at(std::chrono::seconds(second)), completed += 1'000, 10);
    QCOMPARE(admission.limit(), Admission::requestsUntried);
    // A node that was slow is tried anew after a while.
    for (int second = 60; second < 80; ++second)
        admission.tick(at(std::chrono::seconds(second)), completed += 1'000, 10'000);
    QCOMPARE(admission.limit(), Admission::requestsMin);
    for (int second = 80; second < 110; ++second)
        admission.tick(at(std::chrono::seconds(second)), completed, 0);
    QVERIFY(admission.limit() > Admission::requestsUntried * 9 / 10);
}

/// However far below the limit of the fast ones: ten thousand that complete by the thousand would outlive their deadline.
void TestServerAdmission::slowRequestsAfterFastOnesAreBounded()
{
    Admission admission;
    admission.tick(at(1s), 0, 0);
    admission.tick(at(2s), 10'000'000, 10'000);
    QCOMPARE(admission.limit(), Admission::requestsMax);
    for (int second = 3; second < 20; ++second)
        admission.tick(at(std::chrono::seconds(second)), 10'000'000 + std::uint64_t(second) * 1'000, 10'000);
    QCOMPARE(admission.limit(), Admission::requestsMin);
}

void TestServerAdmission::bytesAreBounded()
{
    const Admission admission;
    QVERIFY(admission.admits(0, 0, 2 * Admission::bytesMax)); // alone
    QVERIFY(admission.admits(1, Admission::bytesMax - 10, 10));
    QVERIFY(!admission.admits(1, Admission::bytesMax - 10, 11));
    QVERIFY(!admission.admits(1, 2 * Admission::bytesMax, 1));
}

void TestServerAdmission::pressureOfABusyThreadIsSeen()
{
    ThreadPressure pressure;
    QCOMPARE(pressure.sinceLast(at(1s)), 0.0);
    const double none = pressure.sinceLast(at(1000s));
    QVERIFY(none >= 0 && none < 0.5); // of the thousand seconds that it is told
    volatile std::uint64_t sum = 0;
    for (std::uint64_t i = 0; i < 50'000'000; ++i)
        sum = sum + i;
    if (!QFile::exists(QStringLiteral("/proc/thread-self/schedstat")))
        QSKIP("this system doesn't tell");
    const double busy = pressure.sinceLast(at(1000s + 1ms)); // it ran for more than that
    QCOMPARE(busy, 1.0);
}

void TestServerAdmission::floodingSessionWaitsForTheOthers()
{
    Server server;
    std::vector<std::unique_ptr<QTcpSocket>> clients;
    clients.push_back(server.client(5'000));
    for (int i = 0; i < 10; ++i)
        clients.push_back(server.client(1));
    QTRY_COMPARE(server.keeper.kept.size(), server.limits.waitingMax + 10);
    // Saturated: as it answers, the flood gets no more than twice what the others have.
    std::size_t flood = 0;
    for (int round = 0; round < 20; ++round) {
        server.sessions.shareFairly(true);
        server.keeper.answer();
        for (int i = 1; i <= 10; ++i) {
            clients[std::size_t(i)]->write("PING\r\n");
            clients[std::size_t(i)]->flush();
        }
        QTRY_VERIFY((server.sessions.flush(), server.active() == 11));
        flood = server.most();
    }
    QCOMPARE(flood, std::size_t(2));
    for (int round = 0; round < 40; ++round) // enough room again
        server.sessions.shareFairly(false);
    server.keeper.answer();
    QTRY_VERIFY((server.sessions.flush(), server.most() == server.limits.waitingMax));
}

void TestServerAdmission::loneSessionIsNotHeldBack()
{
    Server server;
    const auto client = server.client(5'000);
    QTRY_COMPARE(server.keeper.kept.size(), server.limits.waitingMax);
    server.sessions.shareFairly(true);
    server.keeper.answer();
    QTRY_VERIFY((server.sessions.flush(), server.keeper.kept.size() == server.limits.waitingMax));
}

void TestServerAdmission::afterManyRefusalsKeysWaitAndOperatorsDoNot()
{
    Server server;
    for (std::size_t i = 0; i < ClientSessions::refusalsMax; ++i)
        server.sessions.noteRefusal();
    const auto client = server.client(10);
    const auto single = server.client(1);
    const auto oper = server.client(0);
    oper->write("INFO\r\n");
    oper->flush();
    QTRY_COMPARE((server.sessions.flush(), oper->bytesAvailable()), qint64(7));
    QTRY_COMPARE(server.sessions.count(), std::size_t(3));
    for (int i = 0; i < 20; ++i) {
        QCoreApplication::processEvents();
        server.sessions.flush();
    }
    QVERIFY(server.keeper.kept.empty());
    server.sessions.shareFairly(false);
    QTRY_VERIFY((server.sessions.flush(), server.keeper.kept.size() == 11));
}

QTEST_GUILESS_MAIN(TestServerAdmission)
#include "test_server_admission.moc"
