// Tests of what follows a failed fsync. The system may then hold data that no later fsync writes: a process that starts on it must not take
// for durable what only looks so.
#include "tests/sim/memory_disk.h"
#include "tests/unit/store/store_fixture.h"

#include <QtTest>

using namespace quoit;
using namespace quoit::test;
using namespace quoit::sim;

class TestStoreFailedSync : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatTheNextProcessStoresSurvives();
    void powerMayBeLostWhileTheNextProcessStarts();
};

namespace {

SqliteStoreOptions options()
{
    SqliteStoreOptions made;
    made.dir = "node";
    made.vfs = memoryVfsName;
    made.folder = false;
    made.threads = false;
    made.reserveBytes = 0;
    made.diskId = "disk 1";
    return made;
}

} // namespace

void TestStoreFailedSync::whatTheNextProcessStoresSurvives()
{
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        MemoryDisk disk("node", seed);
        Random random(seed);
        std::uint64_t incarnation = 0;
        {
            RecordingListener listener;
            auto store = SqliteStore::open(options(), listener);
            QVERIFY(store.ok() && store.value()->setIdentity(1, makeMap()).ok());
            store.value()->submit(batch(1, {record("a", "1", 1)}));
            store.value()->turn(); // the commit, and no tidying behind it
            disk.faults().failingSyncs = 1;
            store.value()->submit(batch(2, {record("a", "2", 2), record("b", "2", 2)}));
            store.value()->turn();
            QCOMPARE(listener.failures(), 1);
            disk.kill();
        }
        {
            RecordingListener listener;
            auto store = SqliteStore::open(options(), listener);
            QVERIFY2(store.ok(), store.ok() ? "" : store.error().message.c_str());
            incarnation = store.value()->state().identity.incarnation;
            store.value()->submit(batch(1, {record("c", "3", 3)}));
            store.value()->turn();
            QCOMPARE(listener.durableUpTo(), PersistSequence(1));
            disk.powerLoss(random, PowerLoss::Nothing);
        }
        RecordingListener listener;
        auto store = SqliteStore::open(options(), listener);
        QVERIFY2(store.ok(), store.ok() ? "" : store.error().message.c_str());
        QVERIFY(store.value()->state().identity.incarnation > incarnation);
        const RecordPtr found = store.value()->find(positionOf("c"), "c");
        QVERIFY(found && found->value == "3");
        disk.kill();
    }
}

/// It copies the log to the database: as long as the log isn't on disk itself, nothing would mend a page that is half written.
void TestStoreFailedSync::powerMayBeLostWhileTheNextProcessStarts()
{
    int interrupted = 0;
    for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
        MemoryDisk disk("node", seed);
        Random random(seed);
        {
            RecordingListener listener;
            auto store = SqliteStore::open(options(), listener);
            QVERIFY(store.ok() && store.value()->setIdentity(1, makeMap()).ok());
            store.value()->submit(batch(1, {record("a", "1", 1)}));
            for (int turns = 0; turns < 100 && store.value()->turn() != StoreTurn::Idle; ++turns) {
            } // it is in its table
            disk.kill();
        }
        {
            RecordingListener listener;
            auto store = SqliteStore::open(options(), listener);
            QVERIFY(store.ok());
            store.value()->submit(batch(1, {record("a", "2", 2)}));
            store.value()->turn();
            for (std::uint64_t turns = seed % 4; turns > 0; --turns)
                store.value()->turn(); // comes to its table, in SQLite's log, without an fsync
            disk.faults().failingSyncs = 1;
            store.value()->submit(batch(2, {record("b", "3", 3)}));
            store.value()->turn();
            QCOMPARE(listener.failures(), 1);
            disk.kill();
        }
        {
            RecordingListener listener;
            disk.crashAfter(1 + random.below(40), random.chance(0.5) ? CrashSide::Before : CrashSide::After);
            interrupted += !SqliteStore::open(options(), listener).ok();
            disk.powerLoss(random, random.chance(0.5) ? PowerLoss::Torn : PowerLoss::Subset);
        }
        RecordingListener listener;
        auto store = SqliteStore::open(options(), listener);
        QVERIFY2(store.ok(), store.ok() ? "" : (std::to_string(seed) + ": " + store.error().message).c_str());
        const RecordPtr found = store.value()->find(positionOf("a"), "a");
        QVERIFY(found && found->value == "2");
        disk.kill();
    }
    QVERIFY(interrupted > 100);
}

QTEST_GUILESS_MAIN(TestStoreFailedSync)
#include "test_store_failed_sync.moc"
