// Tests that no loss of power, wherever it hits, takes what was reported durable, tears a batch or leaves a store that
// doesn't open. The store runs without threads on a disk in memory that knows what was synced.
#include "tests/sim/memory_disk.h"
#include "tests/unit/store/store_fixture.h"

#include <QtTest>

using namespace quoit;
using namespace quoit::test;
using namespace quoit::sim;

namespace {

constexpr std::uint64_t keyCount = 40;

std::string keyOf(std::uint64_t number)
{
    return "key" + std::to_string(number);
}

/// What batch number `sequence` contains; the last one says how far a disk got.
PersistBatch contents(PersistSequence sequence)
{
    Random random(sequence);
    std::vector<RecordPtr> records;
    for (std::uint64_t i = random.below(5); i > 0; --i) {
        const std::size_t valueBytes = random.chance(0.03) ? 9000 : random.below(200);
        records.push_back(record(keyOf(random.below(keyCount)),
                                 std::to_string(sequence) + ':' + std::string(valueBytes, 'v'), sequence));
    }
    PersistBatch made = batch(sequence, std::move(records));
    made.partitions = {{0, {1, sequence, 1}, {}}};
    if (random.chance(0.3))
        made.hintsAdded = {{2, 0, keyOf(random.below(5)), version(sequence)}};
    if (random.chance(0.05))
        made.map = makeMap(sequence + 1);
    return made;
}

/// What a store must hold after so many batches.
struct Expected
{
    std::map<std::string, PersistSequence> records; ///< by key: the batch that wrote it last
    std::map<std::string, PersistSequence> hints;
    Epoch epoch = 1;
    PersistSequence upTo = 0;

    void advance(PersistSequence to)
    {
        while (upTo < to) {
            const PersistBatch made = contents(++upTo);
            for (const auto& [position, written] : made.records)
                records[std::string(written->key)] = upTo;
            for (const Hint& hint : made.hintsAdded)
                hints[hint.key] = upTo;
            epoch = made.map ? made.map->epoch() : epoch;
        }
    }
};

/// One node's life after another on one disk.
class Node
{
public:
    explicit Node(std::uint64_t seed)
        : m_random(seed)
        , m_disk("node")
    {}

    MemoryDisk& disk() { return m_disk; }
    Random& random() { return m_random; }

    static SqliteStoreOptions options()
    {
        SqliteStoreOptions made;
        made.dir = "node";
        made.vfs = memoryVfsName;
        made.folder = false;
        made.threads = false;
        made.diskId = "disk 1";
        made.cacheBytes = 2000;
        made.logBytes = 4000; // several generations in a life, each folded in several steps
        made.walPagesMax = 40;
        return made;
    }

    /// A life up to `last` batches, or until the disk dies. @return what is wrong, or nothing
    std::string live(PersistSequence last)
    {
        RecordingListener listener;
        auto opened = SqliteStore::open(options(), listener);
        if (!opened)
            return m_disk.dead() ? std::string() : "doesn't open: " + opened.error().message;
        if (m_disk.dead())
            return {}; // in the last operation of the start, whose failure means nothing
        SqliteStore& store = *opened.value();
        if (std::string wrong = check(store); !wrong.empty())
            return wrong;
        if (store.state().identity.node == noNode && !store.setIdentity(1, makeMap()))
            return m_disk.dead() ? std::string() : "takes no identity";
        m_member = m_member || !m_disk.dead();
        for (PersistSequence next = m_expected.upTo + 1; next <= last && !m_disk.dead(); ++next) {
            store.submit(contents(next));
            m_submitted = next;
            for (std::uint64_t turns = m_random.below(4); turns > 0 && !m_disk.dead(); --turns)
                store.turn();
            note(listener);
        }
        if (m_random.chance(0.5)) {
            while (store.turn() == StoreTurn::Worked) {
            }
        }
        m_folded += store.statistics().unfoldedRecords == 0;
        m_checkpoints += store.statistics().checkpoints;
        note(listener);
        if (listener.failures() > 0 && !m_disk.dead())
            return "fails: " + listener.failure().message;
        if (m_random.chance(0.7))
            m_disk.kill(); // or it is closed properly
        opened.value().reset();
        note(listener);
        return {};
    }

    PersistSequence durable() const { return m_durable; }
    std::uint64_t progress() const { return m_progress; }
    std::uint64_t checkpoints() const { return m_checkpoints; }
    std::uint64_t folded() const { return m_folded; }

private:
    void note(const RecordingListener& listener)
    {
        m_durable = std::max(m_durable, listener.durableUpTo());
        m_progress = std::max(m_progress, listener.progress());
    }

    /// What was durable is there, whole batches in order, and nothing else.
    std::string check(SqliteStore& store)
    {
        const StoredState& state = store.state();
        if (state.identity.diskId != "disk 1" || state.identity.incarnation <= m_incarnation)
            return "forgot its identity";
        m_incarnation = state.identity.incarnation;
        if (m_member && state.identity.node != 1)
            return "forgot who it is";
        const PersistSequence reached = state.partitions.empty() ? 0 : state.partitions[0].promised.round;
        if (reached < m_durable || reached > m_submitted)
            return std::to_string(m_durable) + " was durable, " + std::to_string(m_submitted) + " submitted, " +
                   std::to_string(reached) + " is there";
        if (const Result<void> counted = store.checkCounts(); !counted && !m_disk.dead())
            return counted.error().message;
        if (reached < m_expected.upTo)
            return "went back in time";
        m_expected.advance(reached);
        if (state.progress < m_progress)
            return "progress went back from " + std::to_string(m_progress) + " to " + std::to_string(state.progress);
        m_progress = state.progress;
        m_durable = reached; // what a start has found must stay as well
        for (std::uint64_t i = 0; i < keyCount; ++i) {
            const std::string key = keyOf(i);
            const RecordPtr found = store.find(positionOf(key), key);
            const auto wanted = m_expected.records.find(key);
            if ((found ? found->version.sequence : 0) != (wanted == m_expected.records.end() ? 0 : wanted->second))
                return key + " is not what batch " + std::to_string(reached) + " left";
        }
        if (state.hints.size() != m_expected.hints.size() || (state.map && state.map->epoch() != m_expected.epoch))
            return "hints or map are not those of batch " + std::to_string(reached);
        return {};
    }

    Random m_random;
    MemoryDisk m_disk;
    Expected m_expected; ///< as of the last start
    PersistSequence m_submitted = 0;
    std::uint64_t m_progress = 0;
    PersistSequence m_durable = 0; ///< reported, or found by a start
    std::uint64_t m_incarnation = 0;
    std::uint64_t m_checkpoints = 0;
    std::uint64_t m_folded = 0; ///< lives
    bool m_member = false;
};

} // namespace

class TestStoreMemoryDisk : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void crashAtAnyOperationLosesNothingDurable_data();
    void crashAtAnyOperationLosesNothingDurable();
    void randomCrashesOverManyLivesLoseNothingDurable();
    void failedSyncIsNeverReportedDurable();
    void fullDiskDelaysAndLosesNothing();
    void turnsGoOnUntilNothingIsLeft();
    void checkpointThatIsHeldUpIsTriedAgain();
    void sameSeedGivesTheSameBytes();
    void diskGoneBackInTimeIsAnOlderState();
};

void TestStoreMemoryDisk::crashAtAnyOperationLosesNothingDurable_data()
{
    QTest::addColumn<int>("side");
    QTest::newRow("before") << static_cast<int>(CrashSide::Before);
    QTest::newRow("after") << static_cast<int>(CrashSide::After);
}

void TestStoreMemoryDisk::crashAtAnyOperationLosesNothingDurable()
{
    QFETCH(int, side);
    constexpr PersistSequence batches = 60;
    seedSqlite(1);
    std::uint64_t operations;
    {
        Node whole(7);
        QCOMPARE(whole.live(batches), std::string());
        operations = whole.disk().counters().operations;
        QVERIFY(whole.checkpoints() > 1);
        QVERIFY(whole.durable() > batches - 3);
    }
    for (std::uint64_t crash = 1; crash <= operations; ++crash) {
        seedSqlite(1);
        Node node(7); // the same life, up to the crash
        node.disk().crashAfter(crash, static_cast<CrashSide>(side));
        Random chance(crash);
        for (int life = 0; life < 3; ++life) {
            const std::string wrong = node.live(batches);
            QVERIFY2(wrong.empty(), qPrintable(QStringLiteral("crash at %1, life %2: %3")
                                                   .arg(crash)
                                                   .arg(life)
                                                   .arg(QString::fromStdString(wrong))));
            node.disk().powerLoss(chance, static_cast<PowerLoss>(chance.below(powerLossStyles)));
        }
        QVERIFY(node.durable() > 0);
    }
}

void TestStoreMemoryDisk::randomCrashesOverManyLivesLoseNothingDurable()
{
    std::uint64_t lost = 0;
    std::uint64_t torn = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        seedSqlite(static_cast<std::uint32_t>(seed));
        Node node(seed);
        Random chance(seed + 1000);
        for (int life = 0; life < 25; ++life) {
            if (chance.chance(0.8))
                node.disk().crashAfter(1 + chance.below(chance.chance(0.5) ? 40 : 400),
                                       static_cast<CrashSide>(chance.below(2)));
            const std::string wrong = node.live(node.durable() + 1 + chance.below(60));
            QVERIFY2(
                wrong.empty(),
                qPrintable(
                    QStringLiteral("seed %1, life %2: %3").arg(seed).arg(life).arg(QString::fromStdString(wrong))));
            if (chance.chance(0.8))
                node.disk().powerLoss(chance, static_cast<PowerLoss>(chance.below(powerLossStyles)));
            else
                node.disk().kill();
        }
        QVERIFY(node.durable() > 100);
        lost += node.disk().counters().lostWrites;
        torn += node.disk().counters().tornWrites;
    }
    QVERIFY(lost > 1000);
    QVERIFY(torn > 300);
}

void TestStoreMemoryDisk::failedSyncIsNeverReportedDurable()
{
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        MemoryDisk disk("node", seed);
        RecordingListener listener;
        Random random(seed);
        {
            auto opened = SqliteStore::open(Node::options(), listener);
            QVERIFY(opened);
            SqliteStore& store = *opened.value();
            store.submit(contents(1));
            QVERIFY(store.turn() == StoreTurn::Worked);
            disk.faults().failingSyncs = 1;
            store.submit(contents(2));
            QVERIFY(store.turn() == StoreTurn::Ended);
            QCOMPARE(disk.counters().failedSyncs, std::uint64_t(1));
            store.submit(contents(3)); // it would work again: it must not be tried
            QVERIFY(store.turn() == StoreTurn::Ended);
            QVERIFY(!store.flush());
            QVERIFY(!store.close());
            QCOMPARE(listener.failures(), 1);
            QCOMPARE(listener.durableUpTo(), PersistSequence(1));
        }
        disk.powerLoss(random, PowerLoss::Nothing);
        auto opened = SqliteStore::open(Node::options(), listener);
        QVERIFY(opened);
        QVERIFY(opened.value()->state().partitions.at(0).promised.round <= 2);
    }
}

void TestStoreMemoryDisk::fullDiskDelaysAndLosesNothing()
{
    MemoryDisk disk("node");
    RecordingListener listener;
    auto opened = SqliteStore::open(Node::options(), listener);
    QVERIFY(opened);
    SqliteStore& store = *opened.value();
    disk.faults().full = true;
    store.submit(contents(1));
    QVERIFY(store.turn() == StoreTurn::DiskFull);
    QVERIFY(store.turn() == StoreTurn::DiskFull);
    const Result<void> flushed = store.flush();
    QVERIFY(!flushed && flushed.error().code == ErrorCode::DiskFull);
    const Result<void> identity = store.setIdentity(1, makeMap());
    QVERIFY(!identity && identity.error().code == ErrorCode::DiskFull);
    QCOMPARE(listener.durableUpTo(), PersistSequence(0));
    QVERIFY(disk.counters().fullWrites > 0);
    disk.faults().full = false;
    disk.faults().bytesMax = disk.bytes() + 100'000;
    PersistSequence sequence = 1;
    while (store.turn() != StoreTurn::DiskFull && sequence < 2000) {
        ++sequence;
        store.submit(batch(sequence, {record("key" + std::to_string(sequence), std::string(500, 'v'), sequence)}));
    }
    QVERIFY(sequence < 2000);
    QVERIFY(listener.durableUpTo() > 10);
    disk.faults().bytesMax = UINT64_MAX;
    QVERIFY(store.flush());
    QCOMPARE(listener.durableUpTo(), sequence);
    QCOMPARE(listener.spaces(), (std::vector<DiskSpace>{DiskSpace::None, DiskSpace::Ample, DiskSpace::None, DiskSpace::Ample}));
    QCOMPARE(listener.failures(), 0);
    QVERIFY(store.close());
}

void TestStoreMemoryDisk::turnsGoOnUntilNothingIsLeft()
{
    MemoryDisk disk("node");
    RecordingListener listener;
    SqliteStoreOptions options = Node::options();
    options.logBytes = 100'000;
    auto opened = SqliteStore::open(options, listener);
    QVERIFY(opened);
    SqliteStore& store = *opened.value();
    for (PersistSequence sequence = 1; sequence <= 20; ++sequence)
        store.submit(contents(sequence));
    QCOMPARE(listener.durableUpTo(), PersistSequence(0)); // nothing happens but in turns
    QVERIFY(store.turn() == StoreTurn::Worked);
    QCOMPARE(listener.durableUpTo(), PersistSequence(20)); // all that waited, as one commit
    QVERIFY(store.statistics().unfoldedRecords > 0);
    int turns = 0;
    while (store.turn() == StoreTurn::Worked && turns < 1000)
        ++turns;
    QVERIFY(turns > 1 && turns < 1000);
    QCOMPARE(store.statistics().unfoldedRecords, std::uint64_t(0));
    QVERIFY(store.statistics().checkpoints > 0);
    const std::uint64_t operations = disk.counters().operations;
    QVERIFY(store.turn() == StoreTurn::Idle);
    QCOMPARE(disk.counters().operations, operations);
}

void TestStoreMemoryDisk::checkpointThatIsHeldUpIsTriedAgain()
{
    MemoryDisk disk("node");
    RecordingListener listener;
    auto opened = SqliteStore::open(Node::options(), listener);
    QVERIFY(opened);
    SqliteStore& store = *opened.value();
    store.submit(batch(1, {record("a", "1", 1)}));
    QVERIFY(store.flush());
    while (store.statistics().unfoldedRecords > 0)
        QVERIFY(store.turn() == StoreTurn::Worked);
    auto reader = Database::open("node/quoit.db", Database::Access::ReadOnly, checkedVfs(memoryVfsName));
    auto other = Database::open("node/quoit.db", Database::Access::ReadWrite, checkedVfs(memoryVfsName));
    QVERIFY(reader && other);
    QVERIFY(reader.value().execute("BEGIN; SELECT * FROM meta"));
    QVERIFY(other.value().number("SELECT count(*) FROM meta")); // or it wouldn't know of SQLite's log yet
    struct HeldUp
    {
        SqliteStore& store;
        int turns;
    } heldUp{store, 0};
    // Waits for the reader, with the lock that a checkpoint needs.
    sqlite3_busy_handler(
        other.value().handle(),
        [](void* context, int) {
            auto& [store, turns] = *static_cast<HeldUp*>(context);
            while (store.turn() == StoreTurn::Worked)
                ++turns;
            ++turns;
            return 0;
        },
        &heldUp);
    QCOMPARE(sqlite3_wal_checkpoint_v2(other.value().handle(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr),
             SQLITE_BUSY);
    QVERIFY(heldUp.turns > 0);
    QCOMPARE(listener.failures(), 0);
    QVERIFY(reader.value().execute("COMMIT"));
    QVERIFY(reader.value().close() && other.value().close());
    const std::uint64_t checkpoints = store.statistics().checkpoints;
    store.submit(contents(2));
    while (store.turn() == StoreTurn::Worked) {
    }
    QVERIFY(store.statistics().checkpoints > checkpoints);
    QCOMPARE(listener.failures(), 0);
}

void TestStoreMemoryDisk::sameSeedGivesTheSameBytes()
{
    std::map<std::string, std::string> files[2];
    for (auto& copy : files) {
        seedSqlite(42);
        Node node(42);
        for (int life = 0; life < 5; ++life) {
            node.disk().crashAfter(100 + static_cast<std::uint64_t>(life) * 50, CrashSide::After);
            QCOMPARE(node.live(node.durable() + 80), std::string());
            node.disk().powerLoss(node.random(), PowerLoss::Torn);
        }
        copy = node.disk().snapshot().files;
    }
    QVERIFY(files[0].size() > 1);
    QVERIFY(files[0] == files[1]);
}

void TestStoreMemoryDisk::diskGoneBackInTimeIsAnOlderState()
{
    Node node(3);
    RecordingListener listener;
    QCOMPARE(node.live(20), std::string());
    node.disk().kill();
    const MemoryDisk::Image image = node.disk().snapshot();
    QCOMPARE(node.live(40), std::string());
    QVERIFY(node.durable() > 20);
    const std::uint64_t progress = node.progress();
    node.disk().restore(image);
    {
        auto opened = SqliteStore::open(Node::options(), listener);
        QVERIFY(opened);
        QVERIFY(opened.value()->state().partitions.at(0).promised.round <= 20);
        QVERIFY(opened.value()->state().progress < progress); // whoever knows it can tell
    }
    node.disk().wipe();
    auto opened = SqliteStore::open(Node::options(), listener);
    QVERIFY(opened);
    QVERIFY(opened.value()->state().partitions.empty());
    QCOMPARE(opened.value()->state().identity.incarnation, std::uint64_t(1));
    opened.value().reset();
}

QTEST_GUILESS_MAIN(TestStoreMemoryDisk)
#include "test_store_memory_disk.moc"
