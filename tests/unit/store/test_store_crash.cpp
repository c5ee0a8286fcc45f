// Tests that kill -9 loses nothing that was reported durable: a child writes and says what is durable, the parent kills
// it at a random moment.
#include "tests/unit/store/store_fixture.h"

#include <QtTest>

#include <csignal>
#include <cstdlib>
#include <cstring>

#include <sys/wait.h>
#include <unistd.h>

using namespace quoit;
using namespace quoit::test;

namespace {

constexpr std::uint64_t keyCount = 300;

std::string keyOf(std::uint64_t number)
{
    return "key" + std::to_string(number);
}

/// What batch number `sequence` contains; parent and child agree on it.
PersistBatch contents(PersistSequence sequence)
{
    Random random(sequence);
    std::vector<RecordPtr> records;
    for (std::uint64_t i = 1 + random.below(12); i > 0; --i) {
        const std::size_t valueBytes = random.chance(0.02) ? 20000 : random.below(300);
        records.push_back(record(keyOf(random.below(keyCount)),
                                 std::to_string(sequence) + ':' + std::string(valueBytes, 'v'), sequence));
    }
    PersistBatch made = batch(sequence, std::move(records));
    made.partitions = {{0, {1, sequence, 1}, {}}};
    made.hintsAdded = {{2, 0, keyOf(random.below(5)), version(sequence)}};
    return made;
}

SqliteStoreOptions crashOptions(const std::string& dir)
{
    SqliteStoreOptions options;
    options.dir = dir;
    options.reserveBytes = 0;
    options.cacheBytes = 10'000;
    options.logBytes = 200'000; // several generations in a life, each folded in several steps
    options.walPagesMax = 100;  // checkpoints as well
    return options;
}

/// Writes the sequences that are durable to a pipe.
class PipeListener final : public StoreListener
{
public:
    void durable(PersistSequence upTo, std::uint64_t) override
    {
        if (::write(STDOUT_FILENO, &upTo, sizeof upTo) != sizeof upTo)
            std::_Exit(3);
    }
    void diskSpace(DiskSpace) override { std::_Exit(4); }
    void failed(const Error&) override { std::_Exit(5); }
};

/// The child: writes until it is killed.
int writeForever(const char* dir, PersistSequence first)
{
    PipeListener listener;
    auto store = SqliteStore::open(crashOptions(dir), listener);
    if (!store)
        return 2;
    Random random(first);
    for (PersistSequence sequence = first;; ++sequence) {
        store.value()->submit(contents(sequence));
        if (random.chance(0.3)) // transactions of a few batches, many to a generation
            static_cast<void>(store.value()->flush());
    }
}

struct Victim
{
    pid_t pid = 0;
    int pipe = -1;
};

Victim startVictim(const std::string& dir, PersistSequence first)
{
    int ends[2];
    if (::pipe(ends) != 0)
        return {};
    const std::string firstText = std::to_string(first);
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(ends[1], STDOUT_FILENO);
        ::close(ends[0]);
        ::close(ends[1]);
        ::execl("/proc/self/exe", "victim", "--write", dir.c_str(), firstText.c_str(), nullptr);
        std::_Exit(1);
    }
    ::close(ends[1]);
    return {pid, ends[0]};
}

/// Reads what the victim says until `count` reports have come, then kills it and reads the rest. @return the last
/// report
PersistSequence killAfter(const Victim& victim, std::uint64_t reports, unsigned pauseUs)
{
    PersistSequence durable = 0;
    PersistSequence report;
    std::uint64_t seen = 0;
    while (seen < reports && ::read(victim.pipe, &report, sizeof report) == sizeof report) {
        durable = report;
        ++seen;
    }
    ::usleep(pauseUs); // into the middle of whatever it does
    ::kill(victim.pid, SIGKILL);
    while (::read(victim.pipe, &report, sizeof report) == sizeof report)
        durable = report;
    ::close(victim.pipe);
    ::waitpid(victim.pid, nullptr, 0);
    return durable;
}

} // namespace

class TestStoreCrash : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void killedProcessLosesNothingThatWasDurable();
};

void TestStoreCrash::killedProcessLosesNothingThatWasDurable()
{
    QTemporaryDir dir;
    const std::string path = dir.path().toStdString();
    Random random(static_cast<std::uint64_t>(::getpid()));
    std::map<std::string, PersistSequence> expected; // the last batch of each key
    PersistSequence applied = 0;
    for (int round = 0; round < 10; ++round) {
        const Victim victim = startVictim(path, applied + 1);
        QVERIFY(victim.pid > 0);
        const PersistSequence durable =
            killAfter(victim, 5 + random.below(400), static_cast<unsigned>(random.below(3000)));
        QVERIFY(durable > applied);

        RecordingListener listener;
        auto opened = SqliteStore::open(crashOptions(path), listener);
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        SqliteStore& store = *opened.value();
        // The promise is written with every batch: it says how far the folder got.
        QCOMPARE(store.state().partitions.size(), std::size_t(1));
        const PersistSequence reached = store.state().partitions[0].promised.round;
        QVERIFY2(reached >= durable,
                 qPrintable(QStringLiteral("%1 was durable, %2 is there").arg(durable).arg(reached)));
        std::map<std::string, Version> hints;
        for (; applied < reached; ++applied) {
            for (const auto& [position, written] : contents(applied + 1).records)
                expected[std::string(written->key)] = applied + 1;
        }
        for (std::uint64_t i = 0; i < keyCount; ++i) {
            const std::string key = keyOf(i);
            const RecordPtr found = store.find(positionOf(key), key);
            QCOMPARE(found != nullptr, expected.contains(key));
            if (found)
                QCOMPARE(found->version.sequence, expected[key]); // whole batches, in order, and none beyond
        }
        for (PersistSequence sequence = 1; sequence <= reached; ++sequence)
            hints[contents(sequence).hintsAdded[0].key] = version(sequence);
        QCOMPARE(store.state().hints.size(), hints.size());
        for (const Hint& hint : store.state().hints)
            QVERIFY(hint.version == hints[hint.key]);
        QCOMPARE(listener.failures(), 0);
        if (round % 3 == 2)
            QVERIFY(store.close());
    }
}

int main(int count, char** arguments)
{
    if (count == 4 && std::strcmp(arguments[1], "--write") == 0)
        return writeForever(arguments[2], std::strtoull(arguments[3], nullptr, 10));
    TestStoreCrash test;
    return QTest::qExec(&test, count, arguments);
}
#include "test_store_crash.moc"
