// tests/sim/test_sim.cpp - the promises of the protocol, under faults drawn from seeds.
#include "tests/sim/simulation.h"

#include <QTest>

using namespace quoit;

class TestSim : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void checkerAcceptsWhatIsLinearizable();
    void checkerFindsALostWrite();
    void checkerFindsAStaleRead();
    void acknowledgedWritesSurviveEverySeed();
    void sameSeedGivesTheSameRun();
};

namespace {

sim::HistoryEntry entry(sim::Kind kind, const char* argument, std::int64_t called, std::int64_t returned, const char* result)
{
    sim::HistoryEntry e;
    e.key = "k";
    e.kind = kind;
    e.argument = argument;
    e.calledUs = called;
    e.returnedUs = returned;
    e.result = result;
    return e;
}

} // namespace

void TestSim::checkerAcceptsWhatIsLinearizable()
{
    using sim::Kind;
    sim::History history{entry(Kind::Set, "a", 0, 10, "+OK\r\n"), entry(Kind::Set, "b", 5, sim::HistoryEntry::never, ""),
                         entry(Kind::Get, "", 11, 12, "$1\r\na\r\n"), entry(Kind::Get, "", 20, 22, "$1\r\nb\r\n")};
    QCOMPARE(checkLinearizable(history), std::string());
}

void TestSim::checkerFindsALostWrite()
{
    using sim::Kind;
    sim::History history{entry(Kind::Set, "a", 0, 10, "+OK\r\n"), entry(Kind::Get, "", 11, 12, "_\r\n")};
    QVERIFY(!checkLinearizable(history).empty());
}

void TestSim::checkerFindsAStaleRead()
{
    using sim::Kind;
    sim::History history{entry(Kind::Set, "a", 0, 10, "+OK\r\n"), entry(Kind::Set, "b", 11, 12, "+OK\r\n"),
                         entry(Kind::Get, "", 13, 14, "$1\r\nb\r\n"), entry(Kind::Get, "", 15, 16, "$1\r\na\r\n")};
    QVERIFY(!checkLinearizable(history).empty());
}

void TestSim::acknowledgedWritesSurviveEverySeed()
{
    std::map<std::string, std::uint64_t> coverage;
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        sim::Simulation simulation(seed, sim::Parameters::draw(seed));
        const std::string problem = simulation.run();
        QVERIFY2(problem.empty(), qPrintable(QString::asprintf("seed %llu: %s", static_cast<unsigned long long>(seed), problem.c_str())));
        for (const auto& [name, times] : simulation.coverage())
            coverage[name] += times;
    }
    // A fault test that met no fault proves nothing.
    for (const char* name : {"fault: crash", "fault: pause", "fault: cut", "fault: lost", "fault: doubled", "fault: disconnect",
                             "fault: needless takeover", "recall applied", "recall new", "recall unknown", "recall remembered but dead",
                             "settle", "carried over", "confirm", "read through home", "read shared", "handover", "hint delivered",
                             "hint dropped", "learn"})
        QVERIFY2(coverage[name] > 0, name);
}

void TestSim::sameSeedGivesTheSameRun()
{
    sim::Simulation a(42, sim::Parameters::draw(42));
    sim::Simulation b(42, sim::Parameters::draw(42));
    QCOMPARE(a.run(), b.run());
    QCOMPARE(a.eventHash(), b.eventHash());
    QCOMPARE(a.history().size(), b.history().size());
}

QTEST_GUILESS_MAIN(TestSim)
#include "test_sim.moc"
