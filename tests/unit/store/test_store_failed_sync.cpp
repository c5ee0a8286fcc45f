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

QTEST_GUILESS_MAIN(TestStoreFailedSync)
#include "test_store_failed_sync.moc"
