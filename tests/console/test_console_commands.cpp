#include "console/cluster/command_session.h"
#include "console/cluster/line_history.h"
#include "shared/resp/writer.h"
#include "tests/unit/client/fake_server.h"

#include <QSignalSpy>
#include <QtTest>

using namespace quoit;

/// What the page Terminal is made of, without widgets.
class TestConsoleCommands : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void historyGoesBackAndReturnsToWhatWasTyped();
    void historyIsBoundedAndHoldsNoRepetitions();
    void namesAndHintsComeFromTheCluster();
    void readOnlyRefusesWhatWritesAndWhatIsUnknown();
    void commandIsSentOnceAndItsReplyTold();
    void errorsAreToldAsTheyAreAndNotRetried();
    void oneCommandAtATime();
    void cancelledCommandMayHaveRunAndTheNextOneWorks();
    void lostConnectionIsToldAndAnotherNodeTaken();
    void withoutAConnectionNothingIsSent();
    void endlessCommandIsntSent();
    void readOnlySessionSendsNoWrites();

private:
    using Outcome = CommandSession::Outcome;

    /// Runs and waits.
    static Outcome run(CommandSession& session, const std::vector<std::string>& arguments);
    static void connectTo(CommandSession& session, const QStringList& seeds);
};

namespace {

using Arguments = FakeServer::Arguments;

RespValue entry(const char* name, int arity, std::vector<RespValue> flags)
{
    return RespValue::array({RespValue::bulk(name), RespValue::integer(arity), RespValue::set(std::move(flags))});
}

RespValue commandsReply()
{
    return RespValue::array({entry("get", 2, {RespValue::simple("readonly")}), entry("getdel", 2, {RespValue::simple("write")}),
                             entry("set", -3, {RespValue::simple("write"), RespValue::simple("denyoom")}),
                             entry("config", -2, {RespValue::simple("admin")}), entry("ping", -1, {}),
                             entry("quoit.apply", 2, {RespValue::simple("admin")}),
                             entry("quoit.plan", -2, {RespValue::simple("admin")})});
}

/// The same as a node would send it.
std::string commandsBytes()
{
    std::string bytes;
    RespWriter writer(bytes, 3);
    const RespValue reply = commandsReply();
    writer.arrayHeader(reply.elements.size());
    for (const RespValue& each : reply.elements) {
        writer.arrayHeader(3);
        writer.bulk(each.elements[0].text);
        writer.integer(each.elements[1].integerValue);
        writer.setHeader(each.elements[2].elements.size());
        for (const RespValue& flag : each.elements[2].elements)
            writer.simpleString(flag.text);
    }
    return bytes;
}

/// Answers COMMAND, and the rest as `rest` says.
void serve(FakeServer& server, std::function<std::optional<std::string>(const Arguments&)> rest)
{
    server.answer = [rest](const Arguments& arguments) -> std::optional<std::string> {
        if (arguments[0] != "COMMAND")
            return rest(arguments);
        return arguments.size() > 1 ? "%0\r\n" : commandsBytes();
    };
}

qsizetype countOf(const FakeServer& server, const std::string& name)
{
    return std::ranges::count(server.requests, name, [](const Arguments& arguments) { return arguments[0]; });
}

} // namespace

CommandSession::Outcome TestConsoleCommands::run(CommandSession& session, const std::vector<std::string>& arguments)
{
    std::optional<Outcome> outcome;
    const auto connection = connect(&session, &CommandSession::finished, &session,
                                    [&](const Outcome& each) { outcome = each; });
    session.run(arguments);
    [&] { QTRY_VERIFY_WITH_TIMEOUT(outcome.has_value(), 20'000); }();
    disconnect(connection);
    return outcome.value_or(Outcome());
}

void TestConsoleCommands::connectTo(CommandSession& session, const QStringList& seeds)
{
    session.setCluster(seeds);
    session.open();
    QTRY_VERIFY(session.isConnected() && !session.book().isEmpty());
}

void TestConsoleCommands::historyGoesBackAndReturnsToWhatWasTyped()
{
    LineHistory history({QStringLiteral("a"), QStringLiteral("b")});
    QCOMPARE(history.newer(QStringLiteral("x")), QStringLiteral("x"));
    QCOMPARE(history.older(QStringLiteral("x")), QStringLiteral("b"));
    QCOMPARE(history.older(QStringLiteral("b")), QStringLiteral("a"));
    QCOMPARE(history.older(QStringLiteral("a")), QStringLiteral("a"));
    QCOMPARE(history.newer(QStringLiteral("a")), QStringLiteral("b"));
    QCOMPARE(history.newer(QStringLiteral("b")), QStringLiteral("x"));
    history.older(QStringLiteral("x"));
    history.add(QStringLiteral("c"));
    QCOMPARE(history.older({}), QStringLiteral("c"));
    QVERIFY(LineHistory().older(QStringLiteral("y")) == QStringLiteral("y"));
}

void TestConsoleCommands::historyIsBoundedAndHoldsNoRepetitions()
{
    LineHistory history;
    for (int i = 0; i < LineHistory::linesMax + 7; ++i) {
        history.add(QString::number(i));
        history.add(QString::number(i));
    }
    history.add({});
    history.add(QString(LineHistory::lineCharactersMax + 1, QLatin1Char('x')));
    QCOMPARE(history.lines().size(), LineHistory::linesMax);
    QCOMPARE(history.lines().first(), QStringLiteral("7"));
    QCOMPARE(LineHistory(history.lines() + QStringList(QStringLiteral("z"))).lines().size(), LineHistory::linesMax);
}

void TestConsoleCommands::namesAndHintsComeFromTheCluster()
{
    CommandBook book;
    book.readCommands(commandsReply());
    book.readDocs(RespValue::map({RespValue::bulk("get"), RespValue::map({RespValue::bulk("summary"), RespValue::bulk("Gets it")}),
                                  RespValue::bulk("ping"), RespValue::map({})}));
    QCOMPARE(book.namesWith(QStringLiteral("ge")), QStringList({QStringLiteral("GET"), QStringLiteral("GETDEL")}));
    QCOMPARE(book.namesWith({}).size(), 7);
    QVERIFY(book.namesWith(QStringLiteral("zz")).isEmpty());
    QCOMPARE(book.hint(QStringLiteral("get")), QStringLiteral("Gets it · 1 argument"));
    QCOMPARE(book.hint(QStringLiteral("SET")), QStringLiteral("at least 2 arguments"));
    QVERIFY(book.hint(QStringLiteral("ping")).isEmpty());
    book.readCommands(RespValue::error("ERR unknown command"));
    QVERIFY(book.isEmpty());
}

void TestConsoleCommands::readOnlyRefusesWhatWritesAndWhatIsUnknown()
{
    CommandBook book;
    book.readCommands(commandsReply());
    for (const Arguments& allowed : std::vector<Arguments>{{"get", "a"}, {"PING"}, {"config", "get", "*"}, {"QUOIT.PLAN", "X"}})
        QVERIFY2(book.whyNotReadOnly(allowed).isEmpty(), allowed[0].c_str());
    for (const Arguments& refused : std::vector<Arguments>{
             {"set", "a", "b"}, {"GetDel", "a"}, {"CONFIG", "SET", "a", "b"}, {"config"}, {"QUOIT.APPLY", "1"}, {"flushall"}})
        QVERIFY2(!book.whyNotReadOnly(refused).isEmpty(), refused[0].c_str());
}

void TestConsoleCommands::commandIsSentOnceAndItsReplyTold()
{
    FakeServer server;
    serve(server, [](const Arguments&) { return "+fine\r\n"; });
    CommandSession session;
    session.setCluster({server.address()});
    QTest::qWait(50);
    QCOMPARE(server.acceptedCount, 0); // nobody wants to talk yet
    connectTo(session, {server.address()});
    const Outcome outcome = run(session, {"GET", "a b"});
    QVERIFY(outcome.reply.ok());
    QCOMPARE(outcome.reply.value.text, std::string("fine"));
    QCOMPARE(outcome.address, server.address());
    QVERIFY(outcome.microseconds > 0);
    QCOMPARE(server.requests.back(), Arguments({"GET", "a b"}));
    QVERIFY(!session.isBusy());
}

void TestConsoleCommands::errorsAreToldAsTheyAreAndNotRetried()
{
    FakeServer server;
    serve(server, [](const Arguments&) { return "-BUSY too much to do\r\n"; });
    CommandSession session;
    connectTo(session, {server.address()});
    const Outcome outcome = run(session, {"GET", "a"});
    QCOMPARE(outcome.reply.fate, RequestFate::Answered);
    QCOMPARE(outcome.reply.value.text, std::string("BUSY too much to do"));
    QCOMPARE(countOf(server, "GET"), 1);
}

void TestConsoleCommands::oneCommandAtATime()
{
    FakeServer server;
    serve(server, [](const Arguments& arguments) -> std::optional<std::string> {
        if (arguments[0] == "GET")
            return std::nullopt;
        return "+OK\r\n";
    });
    CommandSession session;
    connectTo(session, {server.address()});
    QSignalSpy finished(&session, &CommandSession::finished);
    session.run({"GET", "a"});
    session.run({"SET", "a", "b"});
    QTRY_COMPARE(countOf(server, "GET"), 1);
    QTest::qWait(50);
    QCOMPARE(countOf(server, "SET"), 0);
    QCOMPARE(finished.count(), 0);
    QVERIFY(session.isBusy());
}

void TestConsoleCommands::cancelledCommandMayHaveRunAndTheNextOneWorks()
{
    FakeServer server;
    serve(server, [](const Arguments& arguments) -> std::optional<std::string> {
        if (arguments[0] == "GET")
            return std::nullopt;
        return "+OK\r\n";
    });
    CommandSession session;
    connectTo(session, {server.address()});
    QSignalSpy reconnected(&session, &CommandSession::reconnected);
    std::optional<Outcome> outcome;
    connect(&session, &CommandSession::finished, this, [&](const Outcome& each) { outcome = each; });
    session.run({"GET", "a"});
    QTRY_COMPARE(countOf(server, "GET"), 1);
    session.cancel();
    QTRY_VERIFY(outcome.has_value());
    QCOMPARE(outcome->reply.fate, RequestFate::MayHaveRun);
    QTRY_COMPARE(reconnected.count(), 1);
    QCOMPARE(reconnected.front()[1].toBool(), false);
    QVERIFY(run(session, {"SET", "a", "b"}).reply.ok());
    session.cancel(); // nothing to cancel
    QVERIFY(session.isConnected());
}

void TestConsoleCommands::lostConnectionIsToldAndAnotherNodeTaken()
{
    FakeServer first;
    FakeServer second;
    serve(first, [](const Arguments&) { return std::nullopt; });
    serve(second, [](const Arguments&) { return "+second\r\n"; });
    CommandSession session;
    connectTo(session, {first.address()});
    session.learn({first.address(), second.address()});
    QSignalSpy reconnected(&session, &CommandSession::reconnected);
    std::optional<Outcome> outcome;
    connect(&session, &CommandSession::finished, this, [&](const Outcome& each) { outcome = each; });
    session.run({"INCR", "a"});
    QTRY_COMPARE(countOf(first, "INCR"), 1);
    first.die();
    QTRY_VERIFY(outcome.has_value());
    QCOMPARE(outcome->reply.fate, RequestFate::MayHaveRun); // and it isn't repeated by itself
    QTRY_COMPARE(reconnected.count(), 1);
    QCOMPARE(reconnected.front()[0].toString(), second.address());
    QCOMPARE(countOf(second, "INCR"), 0);
    QCOMPARE(run(session, {"GET", "a"}).reply.value.text, std::string("second"));
}

void TestConsoleCommands::withoutAConnectionNothingIsSent()
{
    FakeServer server;
    const QString address = server.address();
    server.die();
    CommandSession session;
    QVERIFY(run(session, {"PING"}).reply.reason.starts_with("Not connected"));
    session.setCluster({address});
    session.open();
    QTRY_VERIFY(session.trouble().startsWith(address));
    const Outcome outcome = run(session, {"SET", "a", "b"});
    QCOMPARE(outcome.reply.fate, RequestFate::NotRun);
    QVERIFY(QString::fromStdString(outcome.reply.reason).contains(address));
    QCOMPARE(outcome.microseconds, 0);
    serve(server, [](const Arguments&) { return "+OK\r\n"; });
    server.revive();
    QTRY_VERIFY_WITH_TIMEOUT(session.isConnected(), 10'000);
    QVERIFY(session.trouble().isEmpty());
    QCOMPARE(countOf(server, "SET"), 0);
}

void TestConsoleCommands::endlessCommandIsntSent()
{
    FakeServer server;
    serve(server, [](const Arguments&) { return "+OK\r\n"; });
    CommandSession session;
    connectTo(session, {server.address()});
    QVERIFY(run(session, {"quoit.watch"}).isRefused);
    QCOMPARE(countOf(server, "quoit.watch"), 0);
}

void TestConsoleCommands::readOnlySessionSendsNoWrites()
{
    FakeServer server;
    serve(server, [](const Arguments&) { return "+OK\r\n"; });
    CommandSession session;
    connectTo(session, {server.address()});
    session.setReadOnly(true);
    const Outcome refused = run(session, {"set", "a", "b"});
    QVERIFY(refused.isRefused);
    QVERIFY(QString::fromStdString(refused.reply.reason).contains(QStringLiteral("SET writes.")));
    QCOMPARE(countOf(server, "set"), 0);
    QVERIFY(run(session, {"GET", "a"}).reply.ok());
    session.setReadOnly(false);
    QVERIFY(run(session, {"set", "a", "b"}).reply.ok());
}

QTEST_GUILESS_MAIN(TestConsoleCommands)
#include "test_console_commands.moc"
