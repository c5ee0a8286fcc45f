// Tests of what goes wrong: full disks, failed writes and fsyncs, damaged bytes, a second opener, files of another
// version.
#include "tests/unit/store/faulty_vfs.h"
#include "tests/unit/store/store_fixture.h"

#include <QtTest>

#include <cerrno>
#include <cstdio>
#include <fstream>

#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

using namespace quoit;
using namespace quoit::test;

namespace {

RecordPtr lookUp(SqliteStore& store, const std::string& key)
{
    return store.find(positionOf(key), key);
}

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

} // namespace

class TestStoreFaults : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init();
    void fullDiskKeepsBatchesAndRecovers_data();
    void fullDiskKeepsBatchesAndRecovers();
    void startOnAFullDiskSaysWhatToDo_data() { fullDiskKeepsBatchesAndRecovers_data(); }
    void startOnAFullDiskSaysWhatToDo();
    void fullDiskWhileFoldingRecovers();
    void fileSystemThatIsFullIsSurvived();
    void littleSpaceIsTold();
    void identityIsUnchangedOnAFullDisk();
    void closingOnAFullDiskSaysWhatIsLost();
    void durableIsSaidOnlyAfterAnFsync();
    void failedFsyncIsFinal_data();
    void failedFsyncIsFinal();
    void failedWriteIsFinal();
    void damagedRecordEndsTheStoreForGood_data();
    void damagedRecordEndsTheStoreForGood();
    void damagedLogIsRefused();
    void lockHeldForAMomentIsWaitedFor();
    void secondOpenerIsRefused();
    void folderOfANewerVersionIsRefused();
    void foreignFilesAreRefused();

private:
    SqliteStoreOptions faultyOptions(const Folder& folder) const
    {
        SqliteStoreOptions options = folder.options(0);
        options.vfs = faultyVfsName;
        return options;
    }
};

void TestStoreFaults::init()
{
    faultyVfs().clear();
}

void TestStoreFaults::fullDiskKeepsBatchesAndRecovers_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<int>("systemError");
    QTest::newRow("full") << SQLITE_FULL << 0;
    QTest::newRow("write error for lack of space") << SQLITE_IOERR_WRITE << ENOSPC;
    QTest::newRow("over quota") << SQLITE_IOERR_WRITE << EDQUOT;
}

void TestStoreFaults::fullDiskKeepsBatchesAndRecovers()
{
    QFETCH(int, code);
    QFETCH(int, systemError);
    Folder folder;
    RecordingListener listener;
    Faults& faults = faultyVfs();
    {
        auto store = folder.open(listener, faultyOptions(folder));
        QVERIFY2(store, folder.error().message.c_str());
        store->submit(batch(1, {record("before", "1", 1)}));
        QVERIFY(listener.waitForDurable(1));
        faults.systemError = systemError;
        faults.writeCode = code;
        store->submit(batch(2, {record("during", "2", 2)}));
        QVERIFY(listener.waitForSpace(DiskSpace::None));
        QVERIFY(faults.failedWrites > 0);
        store->submit(batch(3, {record("during", "3", 3), record("later", "3", 4)}));
        const Result<void> flushed = store->flush();
        QVERIFY(!flushed);
        QVERIFY(flushed.error().code == ErrorCode::DiskFull);
        QCOMPARE(listener.durableUpTo(), PersistSequence(1));
        QVERIFY(store->statistics().disk == DiskSpace::None);
        QVERIFY(store->queuedBytes() > 0);
        QCOMPARE(lookUp(*store, "before")->value, std::string("1")); // reads go on
        QCOMPARE(store->list(0, UINT64_MAX, 10).size(), std::size_t(3));

        faults.writeCode = 0;
        QVERIFY(listener.waitForDurable(3));
        QVERIFY(listener.waitForSpace(DiskSpace::Ample));
        QCOMPARE(listener.spaces(), (std::vector<DiskSpace>{DiskSpace::None, DiskSpace::Ample}));
        QVERIFY(store->close());
    }
    auto store = folder.open(listener);
    QVERIFY(store);
    QCOMPARE(lookUp(*store, "before")->value, std::string("1"));
    QCOMPARE(lookUp(*store, "during")->value, std::string("3"));
    QCOMPARE(lookUp(*store, "later")->value, std::string("3"));
    QCOMPARE(listener.failures(), 0);
}

void TestStoreFaults::startOnAFullDiskSaysWhatToDo()
{
    QFETCH(int, code);
    QFETCH(int, systemError);
    Folder folder;
    RecordingListener listener;
    {
        auto store = folder.open(listener);
        QVERIFY(store);
        store->submit(batch(1, {record("k", "v", 1)}));
        QVERIFY(store->close());
    }
    faultyVfs().systemError = systemError;
    faultyVfs().writeCode = code;
    QVERIFY(!folder.open(listener, faultyOptions(folder)));
    QVERIFY(faultyVfs().failedWrites > 0);
    QVERIFY(folder.error().code == ErrorCode::DiskFull);
    QVERIFY2(folder.error().message.find(" is full, and a start has to write: make some room there") != std::string::npos,
             folder.error().message.c_str());
    faultyVfs().clear();
    auto store = folder.open(listener, faultyOptions(folder));
    QVERIFY2(store, folder.error().message.c_str());
    QCOMPARE(lookUp(*store, "k")->value, std::string("v"));
}

void TestStoreFaults::fullDiskWhileFoldingRecovers()
{
    Folder folder;
    RecordingListener listener;
    Faults& faults = faultyVfs();
    auto store = folder.open(listener, faultyOptions(folder));
    QVERIFY(store);
    store->submit(batch(1, {record("a", "1", 1)}));
    QVERIFY(listener.waitForDurable(1));
    faults.writeCode = SQLITE_FULL; // durable already: only the folding, which comes after a quiet moment, can fail
    QVERIFY(listener.waitForSpace(DiskSpace::None));
    QVERIFY(faults.failedWrites > 0);
    QCOMPARE(lookUp(*store, "a")->value, std::string("1"));
    QCOMPARE(store->statistics().unfoldedRecords, std::uint64_t(1));
    faults.writeCode = 0;
    QVERIFY(listener.waitForSpace(DiskSpace::Ample));
    QTRY_COMPARE(store->statistics().unfoldedRecords, std::uint64_t(0));
    QCOMPARE(lookUp(*store, "a")->value, std::string("1"));
    QCOMPARE(listener.failures(), 0);
}

void TestStoreFaults::fileSystemThatIsFullIsSurvived()
{
    QTemporaryDir mountPoint;
    const std::string path = mountPoint.path().toStdString();
    if (::mount("tmpfs", path.c_str(), "tmpfs", 0, "size=16m") != 0)
        QSKIP("needs the right to mount a small file system");
    struct Unmount
    {
        const std::string& path;
        ~Unmount() { ::umount2(path.c_str(), MNT_DETACH); }
    } const unmount{path};
    {
        RecordingListener listener;
        const std::string ballast = path + "/ballast";
        {
            std::ofstream file(ballast, std::ios::binary);
            file << std::string(13'500'000, 'x');
        }
        SqliteStoreOptions options;
        options.dir = path + "/data";
        options.reserveBytes = 0;
        options.retryPause = Milliseconds(20);
        options.cacheBytes = 0;
        auto opened = SqliteStore::open(options, listener);
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        SqliteStore& store = *opened.value();
        PersistSequence sequence = 0;
        while (listener.spaces().empty() && sequence < 2000) {
            ++sequence;
            store.submit(batch(sequence, {record("key" + std::to_string(sequence), std::string(5000, 'v'), sequence)}));
            static_cast<void>(store.flush());
        }
        QVERIFY(listener.waitForSpace(DiskSpace::None));
        QVERIFY(listener.durableUpTo() < sequence); // the fault did happen
        QVERIFY(lookUp(store, "key1"));
        std::remove(ballast.c_str());
        QVERIFY(listener.waitForSpace(DiskSpace::Ample));
        QVERIFY(store.flush());
        QCOMPARE(listener.durableUpTo(), sequence);
        QCOMPARE(listener.failures(), 0);
        QVERIFY(store.close());
        opened.value().reset();
        auto again = SqliteStore::open(options, listener);
        QVERIFY2(again, again ? "" : again.error().message.c_str());
        for (PersistSequence i = 1; i <= sequence; ++i)
            QVERIFY(lookUp(*again.value(), "key" + std::to_string(i)));
    }
}

void TestStoreFaults::littleSpaceIsTold()
{
    Folder folder;
    RecordingListener listener;
    SqliteStoreOptions options = folder.options();
    options.reserveBytes = UINT64_MAX - 1;
    auto store = folder.open(listener, options);
    QVERIFY(store);
    store->submit(batch(1, {record("a", "1", 1)}));
    QVERIFY(listener.waitForSpace(DiskSpace::Short));
    QVERIFY(store->flush()); // what must be written is
    QCOMPARE(listener.durableUpTo(), PersistSequence(1));
    RecordingListener idleListener;
    Folder idleFolder;
    options.dir = idleFolder.path();
    auto idleStore = idleFolder.open(idleListener, options);
    QVERIFY(idleStore);
    QVERIFY(idleListener.waitForSpace(DiskSpace::Short)); // noticed without a write
}

void TestStoreFaults::identityIsUnchangedOnAFullDisk()
{
    Folder folder;
    RecordingListener listener;
    Faults& faults = faultyVfs();
    auto store = folder.open(listener, faultyOptions(folder));
    QVERIFY(store);
    faults.writeCode = SQLITE_FULL;
    const Result<void> refused = store->setIdentity(4, makeMap());
    QVERIFY(!refused);
    QVERIFY(refused.error().code == ErrorCode::DiskFull);
    QVERIFY(faults.failedWrites > 0);
    QCOMPARE(store->state().identity.node, noNode);
    faults.writeCode = 0;
    QVERIFY(listener.waitForSpace(DiskSpace::Ample));
    QVERIFY(store->close());
    store.reset();
    store = folder.open(listener, faultyOptions(folder));
    QVERIFY(store);
    QCOMPARE(store->state().identity.node, noNode);
    QVERIFY(store->setIdentity(4, makeMap()));
}

void TestStoreFaults::closingOnAFullDiskSaysWhatIsLost()
{
    Folder folder;
    RecordingListener listener;
    Faults& faults = faultyVfs();
    {
        auto store = folder.open(listener, faultyOptions(folder));
        QVERIFY(store);
        store->submit(batch(1, {record("a", "1", 1)}));
        QVERIFY(listener.waitForDurable(1));
        faults.writeCode = SQLITE_FULL;
        store->submit(batch(2, {record("b", "2", 2)}));
        QVERIFY(listener.waitForSpace(DiskSpace::None));
        const Result<void> closed = store->close();
        QVERIFY(!closed);
        QVERIFY(closed.error().code == ErrorCode::DiskFull);
    }
    faults.clear();
    auto store = folder.open(listener);
    QVERIFY2(store, folder.error().message.c_str());
    QVERIFY(lookUp(*store, "a"));
    QVERIFY(!lookUp(*store, "b"));
    QCOMPARE(listener.durableUpTo(), PersistSequence(1));
}

void TestStoreFaults::durableIsSaidOnlyAfterAnFsync()
{
    /// Looks at the moment of the report, on the writer's thread.
    class Witness final : public StoreListener
    {
    public:
        void durable(PersistSequence, std::uint64_t) override
        {
            ++reports;
            unsynced += faultyVfs().logUnsynced;
        }
        void diskSpace(DiskSpace) override {}
        void failed(const Error&) override {}
        int reports = 0;
        int unsynced = 0;
    } witness;
    Folder folder;
    Faults& faults = faultyVfs();
    SqliteStoreOptions options = faultyOptions(folder);
    options.logBytes = 5000; // so that folding, which doesn't wait for the disk, happens between the commits
    options.walPagesMax = 50;
    auto store = folder.open(witness, options);
    QVERIFY(store);
    for (PersistSequence sequence = 1; sequence <= 500; ++sequence) {
        store->submit(
            batch(sequence, {record("key" + std::to_string(sequence % 50), std::string(100, 'v'), sequence)}));
        if (sequence % 3 == 0)
            QVERIFY(store->flush());
    }
    QVERIFY(store->flush());
    QVERIFY(faults.logWrites > 0);
    QVERIFY(store->statistics().checkpoints > 0);
    QVERIFY(store->close());
    QVERIFY(witness.reports >= 167);
    QCOMPARE(witness.unsynced, 0);
}

void TestStoreFaults::failedFsyncIsFinal_data()
{
    QTest::addColumn<int>("systemError");
    QTest::newRow("input/output error") << EIO;
    QTest::newRow("even for lack of space") << ENOSPC;
}

void TestStoreFaults::failedFsyncIsFinal()
{
    QFETCH(int, systemError);
    Folder folder;
    RecordingListener listener;
    Faults& faults = faultyVfs();
    {
        auto store = folder.open(listener, faultyOptions(folder));
        QVERIFY(store);
        store->submit(batch(1, {record("a", "1", 1)}));
        QVERIFY(listener.waitForDurable(1));
        faults.systemError = systemError;
        faults.syncCode = SQLITE_IOERR_FSYNC;
        store->submit(batch(2, {record("b", "2", 2)}));
        QVERIFY(listener.waitForFailure());
        QVERIFY(faults.failedSyncs > 0);
        faults.clear(); // it would work again: it must not be tried
        store->submit(batch(3, {record("c", "3", 3)}));
        const Result<void> flushed = store->flush();
        QVERIFY(!flushed);
        QVERIFY(flushed.error().code == ErrorCode::Io);
        QVERIFY(!store->setIdentity(1, makeMap()));
        QVERIFY(!store->close());
        QCOMPARE(listener.failures(), 1);
        QVERIFY(!listener.durableAfterFailure());
        QCOMPARE(listener.durableUpTo(), PersistSequence(1));
        QVERIFY(listener.spaces().empty());
        QVERIFY2(contains(listener.failure().message, folder.file()), listener.failure().message.c_str());
        QVERIFY(contains(listener.failure().message, "errno " + std::to_string(systemError)));
    }
    auto store = folder.open(listener);
    QVERIFY(store);
    QVERIFY(lookUp(*store, "a"));
    QVERIFY(!lookUp(*store, "c"));
}

void TestStoreFaults::failedWriteIsFinal()
{
    Folder folder;
    RecordingListener listener;
    Faults& faults = faultyVfs();
    auto store = folder.open(listener, faultyOptions(folder));
    QVERIFY(store);
    faults.systemError = EIO;
    faults.writeCode = SQLITE_IOERR_WRITE;
    store->submit(batch(1, {record("a", "1", 1)}));
    QVERIFY(listener.waitForFailure());
    QVERIFY(faults.failedWrites > 0);
    QCOMPARE(listener.durableUpTo(), PersistSequence(0));
    QVERIFY(!store->close());
    QCOMPARE(listener.failures(), 1);
}

void TestStoreFaults::damagedRecordEndsTheStoreForGood_data()
{
    QTest::addColumn<QString>("change");
    QTest::addColumn<bool>("atTheStart");
    QTest::newRow("value") << QStringLiteral("UPDATE records SET value = CAST('12346' AS BLOB)") << false;
    QTest::newRow("head") << QStringLiteral(
                                 "UPDATE records SET head = CAST(substr(head, 1, 8) || x'7f' || substr(head, 10) AS BLOB)")
                          << true;
}

void TestStoreFaults::damagedRecordEndsTheStoreForGood()
{
    QFETCH(QString, change);
    QFETCH(bool, atTheStart);
    Folder folder;
    RecordingListener listener;
    {
        auto store = folder.open(listener);
        QVERIFY(store);
        QVERIFY(store->setIdentity(3, makeMap()));
        store->submit(batch(1, {record("good", "12345", 1), record("damaged", "12345", 2)}));
        QVERIFY(store->close());
    }
    QVERIFY(folder.alter(change.toStdString() + " WHERE key = CAST('damaged' AS BLOB)"));
    auto store = folder.open(listener);
    std::string message = atTheStart ? folder.error().message : std::string();
    QCOMPARE(store == nullptr, atTheStart);
    if (store) {
        QVERIFY(lookUp(*store, "good"));
        QVERIFY(!lookUp(*store, "damaged"));
        QCOMPARE(listener.failures(), 1);
        QVERIFY(listener.failure().code == ErrorCode::Corrupt);
        store->submit(batch(2, {record("damaged", "new", 3)}));
        QVERIFY(!store->flush());
        message = listener.failure().message;
        QVERIFY(!store->close());
        store.reset();
    }
    for (const char* part : {"quoit.db", "'damaged'", "empty data folder", "quoit plan replace 3 ADDRESS"})
        QVERIFY2(contains(message, part), message.c_str());
    QVERIFY(!folder.open(listener)); // whatever is in the file now
    QVERIFY(folder.error().code == ErrorCode::Corrupt);
    QVERIFY2(contains(folder.error().message, message), folder.error().message.c_str());
}

void TestStoreFaults::damagedLogIsRefused()
{
    Folder folder;
    RecordingListener listener;
    Faults& faults = faultyVfs();
    {
        auto store = folder.open(listener, faultyOptions(folder));
        QVERIFY(store);
        store->submit(batch(1, {record("a", "1", 1)}));
        QVERIFY(listener.waitForDurable(1));
        faults.syncCode = SQLITE_IOERR_FSYNC; // so that it ends with its log unfolded
        store->submit(batch(2, {record("b", "2", 2)}));
        QVERIFY(listener.waitForFailure());
    }
    faults.clear();
    QVERIFY(folder.alter(
        "UPDATE log SET entry = CAST(substr(entry, 1, 20) || x'00' || substr(entry, 22) AS BLOB) WHERE id = 1"));
    QVERIFY(!folder.open(listener));
    QVERIFY(folder.error().code == ErrorCode::Corrupt);
    QVERIFY2(contains(folder.error().message, "entry 1 of its log"), folder.error().message.c_str());
}

void TestStoreFaults::lockHeldForAMomentIsWaitedFor()
{
    Folder folder;
    RecordingListener listener;
    const auto store = folder.open(listener);
    QVERIFY2(store, folder.error().message.c_str());
    // As a reader does that meets a half-written index of SQLite's log.
    sqlite3* other = nullptr;
    QCOMPARE(sqlite3_open_v2(folder.file().c_str(), &other, SQLITE_OPEN_READWRITE, folder.options().vfs.c_str()),
             SQLITE_OK);
    QCOMPARE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
    store->submit(batch(1, {record("k", "v", 1)}));
    QTest::qWait(50);
    QCOMPARE(listener.failures(), 0);
    QCOMPARE(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
    QVERIFY(listener.waitForDurable(1));
    sqlite3_close(other);
}

void TestStoreFaults::secondOpenerIsRefused()
{
    Folder folder;
    RecordingListener listener;
    auto store = folder.open(listener);
    QVERIFY(store);
    QVERIFY(!folder.open(listener));
    QVERIFY(folder.error().code == ErrorCode::Refused);
    QVERIFY2(contains(folder.error().message, std::to_string(::getpid())), folder.error().message.c_str());
    store.reset();
    QVERIFY(folder.open(listener));
}

void TestStoreFaults::folderOfANewerVersionIsRefused()
{
    Folder folder;
    RecordingListener listener;
    QVERIFY(folder.open(listener));
    QVERIFY(folder.alter("PRAGMA user_version = 99"));
    QVERIFY(!folder.open(listener));
    QVERIFY(folder.error().code == ErrorCode::Unsupported);
    QVERIFY(contains(folder.error().message, "newer"));
}

void TestStoreFaults::foreignFilesAreRefused()
{
    RecordingListener listener;
    Folder database;
    QVERIFY(database.open(listener));
    QVERIFY(database.alter("PRAGMA application_id = 1"));
    QVERIFY(!database.open(listener));
    QVERIFY(database.error().code == ErrorCode::Refused);

    Folder garbage;
    QVERIFY(garbage.open(listener));
    {
        std::ofstream file(garbage.file(), std::ios::binary | std::ios::trunc);
        file << std::string(8192, 'g');
    }
    QVERIFY(!garbage.open(listener));
    QVERIFY(garbage.error().code == ErrorCode::Corrupt);

    Folder notAFolder;
    std::ofstream(notAFolder.path()) << "file";
    QVERIFY(!notAFolder.open(listener));
    QVERIFY(notAFolder.error().code == ErrorCode::Io);
}

QTEST_GUILESS_MAIN(TestStoreFaults)
#include "test_store_faults.moc"
