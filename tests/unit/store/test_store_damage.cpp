// Tests of damaged files: a bit that has flipped anywhere in the database, in SQLite's log or in what is kept beside
// them is found when it is read; nothing wrong is ever served, nothing stored counts as absent, and no process works
// with that folder again.
#include "tests/sim/memory_disk.h"
#include "tests/unit/store/store_fixture.h"

#include <QtTest>

#include <algorithm>
#include <set>

using namespace quoit;
using namespace quoit::test;
using namespace quoit::sim;

namespace {

constexpr std::uint64_t pageBytes = 4096;
constexpr std::uint64_t logHeaderBytes = 32;
constexpr std::uint64_t frameBytes = pageBytes + 24;
const std::string databaseFile = "quoit.db";
const std::string logFile = "quoit.db-wal";
const std::string syncedMarkFile = "quoit.db-synced";

bool contains(const std::string& text, const std::string& part)
{
    return text.find(part) != std::string::npos;
}

/// A disk with a store that has something in each of its tables, to be damaged again and again.
class Patient
{
public:
    Patient()
        : m_disk("patient")
    {
        {
            Life life(*this);
            QUOIT_ENSURE(life.opened.ok() && life.store().setIdentity(1, makeMap()).ok());
            commit(life, 40);
            while (life.store().turn() == StoreTurn::Worked) {
            } // folded: the log's pages are free now
            commit(life, 3);
            QUOIT_ENSURE(life.store().statistics().unfoldedRecords > 0);
        }
        auto database = Database::open("patient/quoit.db", Database::Access::ReadWrite, checkedVfs(memoryVfsName));
        QUOIT_ENSURE(database.ok() && database.value().execute("PRAGMA wal_checkpoint(TRUNCATE)").ok());
        freePages = static_cast<std::uint64_t>(database.value().number("PRAGMA freelist_count").value());
        QUOIT_ENSURE(database.value().close().ok());
        image = m_disk.snapshot();
        QUOIT_ENSURE(!image.files.contains(logFile));
    }
    ~Patient() { m_disk.kill(); }

    SqliteStoreOptions options() const
    {
        SqliteStoreOptions made;
        made.dir = "patient";
        made.vfs = memoryVfsName;
        made.folder = false;
        made.threads = false;
        made.diskId = "disk 1";
        made.cacheBytes = 0;
        made.readerCacheKib = 0;
        made.logBytes = 40'000;
        made.directBytes = UINT64_MAX; // entries of the log leave free pages
        return made;
    }

    /// One process. It ends as by SIGKILL.
    struct Life
    {
        explicit Life(Patient& patient)
            : disk(patient.m_disk)
            , opened(SqliteStore::open(patient.options(), listener))
        {}
        ~Life()
        {
            disk.kill();
            if (opened)
                opened.value().reset();
        }
        SqliteStore& store() { return *opened.value(); }

        MemoryDisk& disk;
        RecordingListener listener;
        Result<std::unique_ptr<SqliteStore>> opened;
    };

    /// The next few batches, each in a transaction of its own, with whatever is to be done between them.
    void commit(Life& life, int batches)
    {
        for (int i = 0; i < batches; ++i) {
            life.store().submit(nextContents());
            life.store().turn();
        }
        QUOIT_ENSURE(life.listener.failures() == 0);
        progress = life.listener.progress();
    }

    void heal() { m_disk.restore(image); }
    MemoryDisk& disk() { return m_disk; }
    std::uint64_t pages() const { return image.files.at(databaseFile).size() / pageBytes; }
    std::uint64_t frames() const { return (image.files.at(logFile).size() - logHeaderBytes) / frameBytes; }

    /// What the start has found that isn't as it was.
    std::string wrongState(Life& life) const
    {
        const StoredState& state = life.store().state();
        const auto keepsPromise = [](const PartitionState& one) { return one.promised.round >= 8; };
        if (state.identity.node != 1 || state.identity.diskId != "disk 1" || state.identity.incarnation < 2)
            return "forgot who it is";
        if (!state.map || state.map->epoch() != m_sequence || state.peers != m_peers || state.progress < progress)
            return "forgot its map or peers";
        if (state.partitions.size() != 16 ||
            !std::all_of(state.partitions.begin(), state.partitions.end(), keepsPromise))
            return "forgot a promise";
        if (state.hints.size() != 20 * m_sequence)
            return "forgot a hint";
        return {};
    }

    /// Which record isn't as it was; nothing if the store has ended meanwhile. @param more  records than there were
    std::string wrongRecords(Life& life, std::size_t more = 0) const
    {
        SqliteStore& store = life.store();
        std::set<std::string> listed;
        for (const RecordSummary& summary : store.list(0, UINT64_MAX, 100'000))
            listed.insert(summary.key);
        std::set<std::string> expired;
        for (const RecordSummary& summary : store.expired(1'000'000, 100'000).keys)
            expired.insert(summary.key);
        if (life.listener.failures() == 0 && (listed.size() != m_values.size() + more || expired != m_expiring))
            return "leaves records out of a listing";
        for (const auto& [key, value] : m_values) {
            const RecordPtr found = store.find(positionOf(key), key);
            if (life.listener.failures() > 0)
                return {};
            if (!found)
                return key + " is absent";
            if (found->value != value)
                return key + " has a wrong value";
        }
        return {};
    }

    std::uint64_t progress = 0;
    std::uint64_t freePages = 0;
    MemoryDisk::Image image; ///< that of heal()

private:
    PersistBatch nextContents()
    {
        ++m_sequence;
        std::vector<RecordPtr> records;
        for (std::uint64_t i = 0; i < 12; ++i) {
            const std::string key = "key" + std::to_string(m_sequence % 45) + '.' + std::to_string(i);
            std::string value = std::to_string(m_sequence) + std::string(i == 0 ? 20'000 : 30 * i, 'v');
            const std::int64_t expiryMs = i % 2 ? 1000 + static_cast<std::int64_t>(m_sequence) : 0;
            m_values[key] = value;
            if (expiryMs > 0)
                m_expiring.insert(key);
            records.push_back(record(key, std::move(value), m_sequence, expiryMs));
        }
        PersistBatch made = batch(m_sequence, std::move(records));
        made.partitions = {{static_cast<PartitionIndex>(m_sequence % 16), {1, m_sequence, 1}, version(m_sequence)}};
        for (std::uint64_t i = 0; i < 20; ++i)
            made.hintsAdded.push_back({2, m_sequence, "hint" + std::string(50, 'h') + std::to_string(i), version(1)});
        m_peers = {{2, m_sequence, 5, m_sequence}};
        made.peers = m_peers;
        made.map = makeMap(m_sequence);
        return made;
    }

    MemoryDisk m_disk;
    PersistSequence m_sequence = 0;
    std::map<std::string, std::string> m_values; ///< by key
    std::set<std::string> m_expiring;            ///< keys
    std::vector<PeerMark> m_peers;
};

enum class Fate { Wrong, Refused, Ended, Harmless };

/// Opens the damaged store, reads all of it, writes, and opens it again. @param why  it is wrong
Fate fateOf(Patient& patient, std::string& why)
{
    const auto isWrong = [&](std::string reason) {
        why = std::move(reason);
        return Fate::Wrong;
    };
    std::string message;
    Fate fate = Fate::Harmless;
    {
        Patient::Life life(patient);
        if (!life.opened) {
            if (life.opened.error().code != ErrorCode::Corrupt)
                return isWrong("is refused for another reason: " + life.opened.error().message);
            fate = Fate::Refused;
            message = life.opened.error().message;
        } else {
            if (std::string wrong = patient.wrongState(life); !wrong.empty())
                return isWrong(wrong);
            if (std::string wrong = patient.wrongRecords(life); !wrong.empty())
                return isWrong(wrong);
            life.store().submit(batch(1, {record("new", std::string(50'000, 'n'), 1)}));
            while (life.store().turn() == StoreTurn::Worked) {
            }
            message = life.listener.failure().message;
            fate = life.listener.failures() == 0 ? Fate::Harmless : Fate::Ended;
            if (fate == Fate::Ended && life.listener.failure().code != ErrorCode::Corrupt)
                return isWrong("ends for another reason: " + message);
            if (life.listener.failures() > 1 || life.listener.durableAfterFailure())
                return isWrong("doesn't end with its failure");
        }
    }
    Patient::Life again(patient);
    if (fate != Fate::Harmless) {
        if (!contains(message, "quoit.db") || !contains(message, "empty data folder"))
            return isWrong("doesn't say what to do: " + message);
        if (again.opened || again.opened.error().code != ErrorCode::Corrupt ||
            !contains(again.opened.error().message, message))
            return isWrong("starts again");
        return fate;
    }
    if (!again.opened)
        return isWrong("is found damaged too late: " + again.opened.error().message);
    if (std::string wrong = patient.wrongRecords(again, 1); !wrong.empty())
        return isWrong("later " + wrong);
    return again.listener.failures() == 0 ? fate : isWrong("is found damaged too late");
}

QString placeText(std::uint64_t page, std::uint64_t byte, const std::string& why)
{
    return QStringLiteral("page %1, byte %2: %3").arg(page + 1).arg(byte).arg(QString::fromStdString(why));
}

} // namespace

class TestStoreDamage : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void flippedBitInAnyPageIsFoundOrHarmless();
    void pageInAnothersPlaceIsFound();
    void pageOfZerosIsFound();
    void shortenedFileIsFound();
    void bitFlippedInTheLogOfAKilledProcessIsFound();
    void bitFlippedInTheLogOfARunningProcessIsFound();
    void logThatIsGoneIsFound();
    void damagedMarkSaysNothing();
    void cutOffLogIsNoDamage();
    void fileWithoutChecksumsIsRefused();
    void scrubFindsWhatNobodyAsksFor();
    void scrubOfABusyFileFindsNothing();
};

void TestStoreDamage::flippedBitInAnyPageIsFoundOrHarmless()
{
    Patient patient;
    Random random(1);
    std::map<Fate, int> fates;
    std::set<std::uint64_t> harmless; // pages
    QVERIFY(patient.pages() > 200);
    QVERIFY(patient.freePages > 5);
    for (std::uint64_t page = 0; page < patient.pages(); ++page) {
        for (const std::uint64_t byte :
             {random.below(100), random.below(pageBytes - 8), pageBytes - 1 - random.below(8)}) {
            patient.heal();
            QVERIFY(patient.disk().flipBit(databaseFile, page * pageBytes + byte, static_cast<int>(random.below(8))));
            std::string why;
            const Fate fate = fateOf(patient, why);
            QVERIFY2(fate != Fate::Wrong, qPrintable(placeText(page, byte, why)));
            ++fates[fate];
            if (fate == Fate::Harmless)
                harmless.insert(page);
        }
    }
    qInfo("%d refused, %d ended, %d harmless in %zu pages; %d are free", fates[Fate::Refused], fates[Fate::Ended],
          fates[Fate::Harmless], harmless.size(), static_cast<int>(patient.freePages));
    QVERIFY(fates[Fate::Refused] > 50);
    QVERIFY(fates[Fate::Ended] > 50);
    QVERIFY(harmless.size() < patient.freePages); // only pages that hold nothing are never read
}

void TestStoreDamage::pageInAnothersPlaceIsFound()
{
    Patient patient;
    const MemoryDisk::Image whole = patient.image;
    int found = 0;
    for (std::uint64_t page = 1; page + 1 < patient.pages(); ++page) {
        patient.image = whole;
        patient.image.files[databaseFile].replace(page * pageBytes, pageBytes, whole.files.at(databaseFile),
                                                  (page + 1) * pageBytes, pageBytes);
        patient.heal();
        std::string why;
        const Fate fate = fateOf(patient, why);
        QVERIFY2(fate != Fate::Wrong, qPrintable(placeText(page, 0, why)));
        found += fate != Fate::Harmless;
    }
    QVERIFY(found + patient.freePages + 5 > patient.pages());
}

void TestStoreDamage::pageOfZerosIsFound()
{
    Patient patient;
    const MemoryDisk::Image whole = patient.image;
    int found = 0;
    for (std::uint64_t page = 0; page < patient.pages(); ++page) {
        patient.image = whole;
        patient.image.files[databaseFile].replace(page * pageBytes, pageBytes, pageBytes, '\0');
        patient.heal();
        std::string why;
        const Fate fate = fateOf(patient, why);
        QVERIFY2(fate != Fate::Wrong, qPrintable(placeText(page, 0, why)));
        found += fate != Fate::Harmless;
    }
    QVERIFY(found + patient.freePages + 5 > patient.pages());
}

void TestStoreDamage::shortenedFileIsFound()
{
    Patient patient;
    const MemoryDisk::Image whole = patient.image;
    for (const std::uint64_t count : {(patient.pages() - 1) * pageBytes, patient.pages() / 2 * pageBytes, pageBytes,
                                      pageBytes / 2, std::uint64_t(50)}) {
        patient.image = whole;
        patient.image.files[databaseFile].resize(count);
        patient.heal();
        std::string why;
        QVERIFY2(fateOf(patient, why) == Fate::Refused, qPrintable(placeText(0, count, why)));
    }
}

void TestStoreDamage::bitFlippedInTheLogOfAKilledProcessIsFound()
{
    Patient patient;
    {
        Patient::Life life(patient);
        patient.commit(life, 8); // and foldings between them, which aren't synced
    }
    patient.image = patient.disk().snapshot();
    QVERIFY(patient.frames() > 50);
    std::string why;
    QVERIFY2(fateOf(patient, why) == Fate::Harmless, why.c_str());
    Random random(2);
    std::map<Fate, int> fates;
    int wrongWithoutMark = 0;
    for (std::uint64_t place = 0; place <= patient.frames(); ++place) {
        const std::uint64_t start = place == 0 ? 0 : logHeaderBytes + (place - 1) * frameBytes;
        for (const std::uint64_t byte :
             {random.below(logHeaderBytes - 8), place == 0 ? 8 : 24 + random.below(pageBytes)}) {
            for (const bool marked : {true, false}) {
                if (!marked && place % 5 != 0)
                    continue;
                patient.heal();
                const int bit = static_cast<int>(random.below(8));
                QVERIFY(patient.disk().flipBit(logFile, start + byte, bit));
                if (!marked) {
                    MemoryDisk::Image image = patient.disk().snapshot();
                    image.files.erase(syncedMarkFile);
                    patient.disk().restore(image);
                }
                const Fate fate = fateOf(patient, why);
                QVERIFY2(fate != Fate::Wrong || !marked, qPrintable(placeText(place, byte, why)));
                wrongWithoutMark += fate == Fate::Wrong;
                fates[fate] += marked;
            }
        }
    }
    qInfo("%d refused, %d ended, %d harmless; without the mark %d would be lost", fates[Fate::Refused],
          fates[Fate::Ended], fates[Fate::Harmless], wrongWithoutMark);
    QVERIFY(fates[Fate::Refused] > 50);
    QVERIFY(wrongWithoutMark > 10);
}

void TestStoreDamage::bitFlippedInTheLogOfARunningProcessIsFound()
{
    int found = 0;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Patient patient;
        Random random(seed);
        Patient::Life life(patient);
        patient.commit(life, 3 + static_cast<int>(random.below(8)));
        const std::uint64_t place = random.below(patient.disk().fileBytes(logFile) / frameBytes);
        const std::uint64_t byte = 24 + random.below(pageBytes);
        QVERIFY(patient.disk().flipBit(logFile, logHeaderBytes + place * frameBytes + byte, 5));
        while (life.store().turn() == StoreTurn::Worked) {
        } // all that is in the log goes to the database
        const std::string wrong = patient.wrongRecords(life);
        QVERIFY2(wrong.empty(), wrong.c_str());
        if (life.listener.failures() > 0) {
            QVERIFY(life.listener.failure().code == ErrorCode::Corrupt);
            QVERIFY2(contains(life.listener.failure().message, "quoit.db-wal"),
                     life.listener.failure().message.c_str());
            ++found;
        }
    }
    QVERIFY(found > 8); // the others were older states of pages
}

void TestStoreDamage::logThatIsGoneIsFound()
{
    Patient patient;
    {
        Patient::Life life(patient);
        patient.commit(life, 3);
    }
    patient.image = patient.disk().snapshot();
    for (const std::uint64_t left :
         {logHeaderBytes + patient.frames() / 2 * frameBytes, logHeaderBytes + 10, std::uint64_t(0)}) {
        patient.image.files[logFile].resize(left);
        patient.heal();
        std::string why;
        QVERIFY2(fateOf(patient, why) == Fate::Refused, why.c_str());
    }
    patient.image.files.erase(logFile);
    patient.heal();
    std::string why;
    QVERIFY2(fateOf(patient, why) == Fate::Refused, why.c_str());
}

void TestStoreDamage::damagedMarkSaysNothing()
{
    Patient patient;
    {
        Patient::Life life(patient);
        patient.commit(life, 3);
    }
    patient.image = patient.disk().snapshot();
    QCOMPARE(patient.image.files.at(syncedMarkFile).size(), std::size_t(32));
    for (std::uint64_t byte = 0; byte < 32; ++byte) {
        patient.heal();
        QVERIFY(patient.disk().flipBit(syncedMarkFile, byte, static_cast<int>(byte % 8)));
        std::string why;
        QVERIFY2(fateOf(patient, why) == Fate::Harmless, qPrintable(placeText(0, byte, why)));
    }
}

/// What was never synced may be gone after a loss of power: none of it was acknowledged.
void TestStoreDamage::cutOffLogIsNoDamage()
{
    Patient patient;
    PersistSequence sequence = 1;
    std::uint64_t lost = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        Random random(seed);
        {
            Patient::Life life(patient);
            QVERIFY2(life.opened, life.opened ? "" : life.opened.error().message.c_str());
            for (int i = static_cast<int>(random.below(10)); i >= 0; --i) {
                ++sequence;
                life.store().submit(batch(sequence, {record("k", std::string(random.below(9000), 'v'), sequence)}));
                life.store().turn();
            }
            patient.disk().crashAfter(1 + random.below(20), static_cast<CrashSide>(random.below(2)));
            life.store().submit(batch(++sequence, {record("k", std::string(9000, 'w'), sequence)}));
            while (life.store().turn() == StoreTurn::Worked) {
            }
            patient.disk().powerLoss(random, static_cast<PowerLoss>(seed % powerLossStyles));
            lost = patient.disk().counters().lostWrites;
        }
    }
    QVERIFY(lost > 100);
}

void TestStoreDamage::fileWithoutChecksumsIsRefused()
{
    RecordingListener listener;
    for (const bool ours : {true, false}) {
        Folder folder;
        QVERIFY(folder.open(listener));
        QVERIFY(QFile::remove(QString::fromStdString(folder.file())));
        {
            auto database = Database::open(folder.file(), Database::Access::ReadWrite, "unix");
            QVERIFY(database.ok());
            const std::string id = ours ? "0x51756f69" : "7";
            QVERIFY(database.value().execute(
                ("PRAGMA application_id = " + id + "; PRAGMA user_version = 2; CREATE TABLE t(a)").c_str()));
        }
        QVERIFY(!folder.open(listener));
        QVERIFY2(folder.error().code == (ours ? ErrorCode::Unsupported : ErrorCode::Refused),
                 folder.error().message.c_str());
    }
}

void TestStoreDamage::scrubFindsWhatNobodyAsksFor()
{
    Patient patient;
    for (std::uint64_t page = 0; page < patient.pages(); page += 7) {
        patient.heal();
        Patient::Life life(patient);
        QVERIFY(life.opened);
        const std::uint64_t last = patient.disk().fileBytes(databaseFile) / pageBytes - 1;
        const std::uint64_t damaged = std::min(page, last);
        QVERIFY(patient.disk().flipBit(databaseFile, damaged * pageBytes + 77, 2));
        std::uint64_t turns = 0;
        while (life.listener.failures() == 0 && turns < 2 * patient.pages()) {
            life.store().turn();
            ++turns;
        }
        // A checkpoint may have overwritten it before.
        if (life.listener.failures() == 0 && life.store().statistics().checkpoints > 0)
            continue;
        QCOMPARE(life.listener.failures(), 1);
        QVERIFY2(contains(life.listener.failure().message, " is damaged: page "),
                 life.listener.failure().message.c_str());
        QVERIFY(turns < patient.pages() + 50);
        QVERIFY(life.store().statistics().scrub.pagesVerified <= turns);
    }
}

void TestStoreDamage::scrubOfABusyFileFindsNothing()
{
    Folder folder;
    RecordingListener listener;
    SqliteStoreOptions options = folder.options(0);
    options.logBytes = 100'000;
    options.walPagesMax = 100;
    options.scrubPeriod = std::chrono::seconds(1);
    auto store = folder.open(listener, options);
    QVERIFY(store);
    Random random(5);
    PersistSequence sequence = 0;
    while (store->statistics().scrub.passes < 4 && sequence < 1'000'000) {
        std::vector<RecordPtr> records;
        for (int i = 0; i < 20; ++i)
            records.push_back(
                record("key" + std::to_string(random.below(20'000)), std::string(300, 'v'), sequence + 1));
        store->submit(batch(++sequence, std::move(records)));
        QVERIFY(store->flush());
    }
    const StoreStatistics statistics = store->statistics();
    QVERIFY(statistics.checkpoints > 10);
    QVERIFY(statistics.scrub.pagesVerified > 100);
    QVERIFY(statistics.scrub.passEndedMs > 0);
    QCOMPARE(listener.failures(), 0);
}

QTEST_GUILESS_MAIN(TestStoreDamage)
#include "test_store_damage.moc"
