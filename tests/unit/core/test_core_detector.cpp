// Who is suspected, when, and when no more.
#include "node/core/failure_detector.h"
#include "tests/unit/core/core_fixture.h"

#include <QtTest>

using namespace quoit;
using quoit::testing::at;

namespace {

constexpr NodeId peer = 2;
constexpr Milliseconds interval{100};

/// A detector whose peer has sent so many heartbeats in time; the last one at beats × interval.
FailureDetector afterBeats(int beats)
{
    FailureDetector detector({}, 2);
    detector.connected(at(0ms), peer);
    for (int i = 1; i <= beats; ++i)
        detector.heartbeat(at(i * interval), peer);
    detector.takeChanges();
    return detector;
}

double phiAt(const FailureDetector& detector, Milliseconds time)
{
    return detector.health(at(time), peer).phi;
}

std::vector<PeerState> statesOf(FailureDetector& detector)
{
    std::vector<PeerState> states;
    for (const FailureDetector::Change& change : detector.takeChanges())
        states.push_back(change.state);
    return states;
}

} // namespace

class TestCoreDetector : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void phiGrowsWithSilence()
    {
        const FailureDetector detector = afterBeats(20);
        QVERIFY(phiAt(detector, 2000ms) < 1);
        double before = phiAt(detector, 2100ms);
        for (const Milliseconds time : {2200ms, 2300ms, 2400ms, 2600ms}) {
            const double phi = phiAt(detector, time);
            QVERIFY(phi > before);
            before = phi;
        }
        QCOMPARE(phiAt(detector, 60'000ms), 300.0);
    }

    void silenceEndsInSuspicionAndThenDown()
    {
        FailureDetector detector = afterBeats(20);
        detector.tick(at(2150ms), 0ms);
        QVERIFY(detector.isUp(peer));
        detector.tick(at(3000ms), 0ms);
        QVERIFY(!detector.isUp(peer));
        QVERIFY(detector.isConnected(peer));
        detector.tick(at(12'900ms), 0ms);
        QCOMPARE(detector.health(at(12'900ms), peer).state, PeerState::Suspect);
        detector.tick(at(13'000ms), 0ms);
        QVERIFY(statesOf(detector) == (std::vector{PeerState::Suspect, PeerState::Down}));
    }

    /// Where a node has many peers, each hears of it more rarely: from the first heartbeat on, and when they become more or fewer.
    void rareHeartbeatsOfALargeClusterAreNoSilence()
    {
        constexpr std::size_t members = 1000;
        const Milliseconds rare = heartbeatInterval(members);
        QCOMPARE(rare.count(), 1998);
        FailureDetector detector({}, members);
        detector.connected(at(0ms), peer);
        detector.takeChanges();
        Milliseconds now{0};
        const auto passUntil = [&](Milliseconds end) {
            for (; now < end; now += 10ms)
                detector.tick(at(now), 0ms);
        };
        for (int beats = 1; beats <= 5; ++beats) {
            passUntil(beats * rare);
            detector.heartbeat(at(now), peer);
        }
        QVERIFY(statesOf(detector).empty());
        passUntil(now + rare + 1000ms);
        QVERIFY(statesOf(detector) == std::vector{PeerState::Suspect});
        for (int beats = 1; beats <= 5; ++beats) {
            detector.heartbeat(at(now), peer); // once it is back it isn't suspected again
            passUntil(now + rare);
        }
        QVERIFY(statesOf(detector) == std::vector{PeerState::Up});

        FailureDetector growing({}, 2);
        growing.connected(at(0ms), peer);
        growing.setMembers(members);
        growing.tick(at(rare), 0ms);
        QVERIFY(growing.isUp(peer));
        growing.setMembers(2);
        growing.tick(at(rare), 0ms);
        QVERIFY(!growing.isUp(peer));
    }

    void steadyPeerStaysUp()
    {
        FailureDetector detector = afterBeats(0);
        for (int i = 1; i <= 500; ++i) {
            detector.heartbeat(at(i * interval), peer);
            detector.tick(at(i * interval + 90ms), 0ms);
        }
        QVERIFY(statesOf(detector).empty());
        QCOMPARE(detector.upFor(at(50'000ms), peer), Microseconds(50'000ms));
    }

    /// Heartbeats share the link with everything else, and may wait behind megabytes.
    void trafficIsASignOfLife()
    {
        FailureDetector detector = afterBeats(20); // the last one at 2000 ms
        for (Milliseconds time = 2000ms; time <= 7000ms; time += 50ms) {
            detector.heard(at(time), peer);
            detector.tick(at(time + 40ms), 0ms);
        }
        QVERIFY(statesOf(detector).empty());
        Milliseconds time = 7000ms;
        while (detector.isUp(peer)) {
            detector.tick(at(time += 10ms), 0ms);
            QVERIFY(time < 7500ms);
        }
    }

    void trafficBeforeASilenceDelaysNoSuspicion()
    {
        const auto suspectedAt = [](bool traffic) {
            FailureDetector detector = afterBeats(20);
            Milliseconds time = 2000ms;
            for (; detector.isUp(peer) && time < 60'000ms; time += 10ms) {
                if (traffic && time <= 2090ms) // until the next heartbeat would have come
                    detector.heard(at(time), peer);
                detector.tick(at(time), 0ms);
            }
            return time;
        };
        QCOMPARE(suspectedAt(true), suspectedAt(false));
        QVERIFY(suspectedAt(true) < 2600ms);
    }

    void trafficRevivesNobody()
    {
        FailureDetector detector = afterBeats(20);
        detector.tick(at(4000ms), 0ms);
        detector.heard(at(4010ms), peer);
        detector.tick(at(4020ms), 0ms);
        QVERIFY(!detector.isUp(peer));
        detector.heartbeat(at(4030ms), peer);
        QVERIFY(detector.isUp(peer));
        detector.heard(at(4040ms), 77); // of whom nobody knows
        QVERIFY(!detector.isConnected(77));
    }

    void irregularPeerIsGivenMoreTime()
    {
        FailureDetector irregular({}, 2);
        irregular.connected(at(0ms), peer);
        Milliseconds time{0};
        for (int i = 0; i < 40; ++i)
            irregular.heartbeat(at(time += (i % 2 ? 20ms : 400ms)), peer);
        QVERIFY(phiAt(irregular, time + 600ms) < phiAt(afterBeats(40), 4000ms + 600ms));
        irregular.tick(at(time + 600ms), 0ms);
        QVERIFY(irregular.isUp(peer));
    }

    /// Whoever has news tells them at once, between two heartbeats. That says nothing of how late one may come.
    void heartbeatsOutOfTurnAreNoJitter()
    {
        constexpr std::size_t members = 1000;
        const Milliseconds rare = heartbeatInterval(members);
        const auto suspectedAfter = [&](Milliseconds outOfTurn, bool keepsTurn) {
            FailureDetector detector({}, members);
            detector.connected(at(0ms), peer);
            Milliseconds last = rare;
            detector.heartbeat(at(last), peer);
            detector.heartbeat(at(last += rare), peer);
            if (outOfTurn > 0ms) {
                detector.heartbeat(at(last + outOfTurn), peer);
                detector.heartbeat(at(last += keepsTurn ? rare : outOfTurn + rare), peer);
            }
            Milliseconds silence{0};
            while (detector.isUp(peer) && silence < 20'000ms)
                detector.tick(at(last + (silence += 10ms)), 0ms);
            return silence;
        };
        const Milliseconds regular = suspectedAfter(0ms, true);
        QVERIFY(regular > rare && regular < rare + 500ms);
        for (const Milliseconds outOfTurn : {1ms, 300ms, 1000ms, 1700ms})
            for (const bool keepsTurn : {true, false})
                QCOMPARE(suspectedAfter(outOfTurn, keepsTurn).count(), regular.count());
    }

    void latenessIsJitter()
    {
        FailureDetector detector = afterBeats(20);
        Milliseconds last = 20 * interval;
        for (int i = 0; i < 20; ++i) // every second one comes 100 ms late
            detector.heartbeat(at(last += (i % 2 ? 0ms : 2 * interval)), peer);
        QVERIFY(phiAt(detector, last + 400ms) < phiAt(afterBeats(40), 4000ms + 400ms));
    }

    void ownStallExcusesThePeers()
    {
        FailureDetector stalled = afterBeats(20);
        stalled.tick(at(5000ms), 2950ms);
        QVERIFY(stalled.isUp(peer));
        FailureDetector awake = afterBeats(20);
        awake.tick(at(5000ms), 0ms);
        QVERIFY(!awake.isUp(peer));
        // Once excused, silence counts again.
        stalled.tick(at(6000ms), 0ms);
        QVERIFY(!stalled.isUp(peer));
    }

    void heartbeatAfterAnOwnStallIsNotExcusedOnceMore()
    {
        FailureDetector detector = afterBeats(20);
        detector.heartbeat(at(12000ms), peer); // noticed in the turn that ends the stall, before the tick
        detector.tick(at(12000ms), 10000ms);
        detector.tick(at(27000ms), 0ms);
        QVERIFY(!detector.isUp(peer));
    }

    void closedConnectionOfASuspectIsToldOnceMore()
    {
        FailureDetector detector = afterBeats(20);
        detector.tick(at(5000ms), 0ms);
        QVERIFY(!detector.isUp(peer));
        detector.takeChanges();
        detector.disconnected(at(5100ms), peer);
        const auto changes = detector.takeChanges();
        QCOMPARE(changes.size(), std::size_t(1));
        QVERIFY(changes[0].state == PeerState::Suspect && changes[0].again);
        detector.disconnected(at(5200ms), peer);
        QVERIFY(detector.takeChanges().empty());
    }

    void closedConnectionIsSuspicionAtOnce()
    {
        FailureDetector detector = afterBeats(20);
        detector.disconnected(at(2001ms), peer);
        QVERIFY(!detector.isUp(peer));
        QVERIFY(!detector.isConnected(peer));
        QCOMPARE(detector.upFor(at(2001ms), peer), Microseconds(0));
        QVERIFY(statesOf(detector) == std::vector{PeerState::Suspect});
    }

    void heartbeatEndsSuspicion()
    {
        FailureDetector detector = afterBeats(20);
        detector.tick(at(4000ms), 0ms);
        detector.heartbeat(at(4100ms), peer);
        QVERIFY(detector.isUp(peer));
        QCOMPARE(detector.upFor(at(4150ms), peer), Microseconds(50ms));
        // The silence didn't teach it that intervals are long: the next one is noticed as soon as the first.
        for (int i = 1; i <= 3; ++i)
            detector.heartbeat(at(4100ms + i * interval), peer);
        detector.tick(at(5400ms), 0ms);
        QVERIFY(!detector.isUp(peer));
        QVERIFY(statesOf(detector) == (std::vector{PeerState::Suspect, PeerState::Up, PeerState::Suspect}));
    }

    void heartbeatWithoutAConnectionCountsForNothing()
    {
        FailureDetector detector = afterBeats(20);
        detector.disconnected(at(2050ms), peer);
        detector.heartbeat(at(2060ms), peer); // was still on the way
        QVERIFY(!detector.isUp(peer));
        detector.connected(at(2070ms), peer);
        QVERIFY(detector.isUp(peer));
    }

    void strangersAreUnknown()
    {
        const FailureDetector detector({}, 2);
        QVERIFY(!detector.isUp(peer));
        QCOMPARE(detector.health(at(0ms), peer).state, PeerState::Unknown);
    }
};

QTEST_APPLESS_MAIN(TestCoreDetector)
#include "test_core_detector.moc"
