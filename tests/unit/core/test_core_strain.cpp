// A node that has too much to do gives partitions away, a few at a time, and gets them back when it has been well for long.
#include "tests/unit/core/core_fixture.h"
#include "tests/unit/core/core_world.h"

#include <QtTest>

using namespace quoit;
using quoit::testing::at;
using quoit::testing::CoreWorld;

namespace {

constexpr Busy strained{Strain::Strained, 100};
constexpr Busy recovering{Strain::Recovering, 70};

/// Three nodes, each home of those partitions that prefer it.
class Ring : public CoreWorld
{
public:
    Ring()
        : CoreWorld(3)
    {
        pass(7s);
        preferred = homes(1);
    }
    std::uint64_t homes(NodeId id) { return core(id).homeCount(); }
    std::uint64_t allHomes() { return homes(1) + homes(2) + homes(3); }
    bool writesWork()
    {
        std::vector<RequestId> requests;
        for (PartitionIndex partition = 0; partition < 16; ++partition)
            requests.push_back(set(1 + partition % 3, keyOf(partition), "v"));
        pass(1s);
        return std::ranges::all_of(requests, [this](RequestId request) {
            return answers.contains(request) && answers.at(request).completion.status == CompletionStatus::Done;
        });
    }

    std::uint64_t preferred = 0; ///< partitions of node 1
};

} // namespace

class TestCoreStrain : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void strainedNodeGivesAFewAwayAtATime()
    {
        Ring ring;
        QVERIFY(ring.preferred >= 3);
        ring.setBusy(1, strained);
        ring.pass(150ms);
        QVERIFY(ring.homes(1) >= ring.preferred - 2);
        ring.pass(3s);
        QCOMPARE(ring.homes(1), std::uint64_t(0));
        QCOMPARE(ring.allHomes(), std::uint64_t(16));
        QCOMPARE(ring.core(1).counters().homesSpared, ring.preferred);
        QVERIFY(ring.writesWork());
        ring.pass(30s);
        QCOMPARE(ring.homes(1), std::uint64_t(0)); // it stays so
    }

    void partitionsComeBackWhenTheNodeHasRecovered()
    {
        Ring ring;
        ring.setBusy(1, strained);
        ring.pass(3s);
        ring.setBusy(1, recovering);
        ring.pass(30s);
        QCOMPARE(ring.homes(1), std::uint64_t(0));
        ring.setBusy(1, {});
        ring.pass(250ms); // two others offer one each in a tenth of a second
        QVERIFY(ring.homes(1) <= 6);
        QVERIFY(ring.passUntil(10s, [&ring] { return ring.homes(1) == ring.preferred; }));
        QVERIFY(ring.writesWork());
    }

    void giftsStopAsSoonAsTheStrainDoes()
    {
        Ring ring;
        ring.setBusy(1, strained);
        QVERIFY(ring.passUntil(3s, [&ring] { return ring.homes(1) < ring.preferred; }));
        ring.setBusy(1, recovering);
        ring.pass(300ms); // what was offered is taken
        const std::uint64_t kept = ring.homes(1);
        QVERIFY(kept > 0);
        ring.pass(20s);
        QCOMPARE(ring.homes(1), kept);
    }

    void nobodyGivesToWhomIsBusy()
    {
        Ring ring;
        ring.setBusy(2, strained);
        ring.setBusy(3, {Strain::None, StrainBook::percentMax + 1});
        ring.pass(500ms);
        ring.setBusy(1, strained);
        ring.pass(10s);
        QCOMPARE(ring.homes(1), ring.preferred);
        QCOMPARE(ring.allHomes(), std::uint64_t(16));
    }

    void strainedNodeIsStillTakenOverWhenItDies()
    {
        Ring ring;
        ring.setBusy(2, strained);
        ring.pass(5s);
        QCOMPARE(ring.homes(2), std::uint64_t(0));
        ring.crash(3);
        QVERIFY(ring.passUntil(10s, [&ring] { return ring.homes(1) + ring.homes(2) == 16; }));
    }

    void whoWasStrainedReclaimsNothingForAWhile()
    {
        StrainBook book;
        QVERIFY(book.mayReclaim(at(0ms)));
        book.setOwn(at(1s), strained);
        QVERIFY(!book.mayReclaim(at(1s)));
        book.setOwn(at(2s), recovering);
        book.setOwn(at(3s), {});
        QVERIFY(!book.mayReclaim(at(4s)));
        QVERIFY(book.mayReclaim(at(3s + StrainBook::gentleFor)));
        book.setOwn(at(300s), {}); // nothing new
        QVERIFY(book.mayReclaim(at(300s)));
    }

    void peersAreKnownByWhatTheySaidLast()
    {
        StrainBook book;
        QVERIFY(book.takesBack(2) && book.hasCapacity(2) && !book.isGentle(at(0ms), 2)); // never heard
        book.heard(at(1s), 2, strained);
        QVERIFY(!book.takesBack(2) && !book.hasCapacity(2));
        book.heard(at(2s), 2, {Strain::None, 90});
        QVERIFY(book.takesBack(2) && !book.hasCapacity(2));
        QVERIFY(book.isGentle(at(2s), 2));
        QVERIFY(!book.isGentle(at(1s + StrainBook::gentleFor), 2));
        book.heard(at(3s), 2, strained);
        book.forget(2);
        QVERIFY(book.takesBack(2));
        book.heard(at(4s), 3, strained);
        book.keepOnly([](NodeId node) { return node != 3; });
        QVERIFY(book.takesBack(3));
    }
};

QTEST_APPLESS_MAIN(TestCoreStrain)
#include "test_core_strain.moc"
