// tests/bench/store/bench_store.cpp - what the store costs: puts by batch size, commits, lookups, the start with a
// million records. Prints a table; asserts nothing. `bench_store [--dir DIR] [--keys N] [--start-records N] [--seconds
// S]`, or what a put costs while a store grows: `bench_store --grow RECORDS [--cache-mib M] [--log-mib M] [--dir DIR]`
#include "node/store/sqlite_store.h"
#include "shared/base/random.h"
#include "shared/ring/position.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

using namespace quoit;

namespace {

struct Settings
{
    std::string dir = "/tmp/bench_store." + std::to_string(::getpid());
    int keys = 100000;
    int startRecords = 1000000;
    double seconds = 3;
    int growRecords = 0;
    std::uint64_t cacheMebibytes = 1024;
    std::uint64_t logMebibytes = 0; ///< 0: as a node with that cache
};

double seconds(clockid_t clock)
{
    timespec time;
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}
double wallSeconds()
{
    return seconds(CLOCK_MONOTONIC);
}
double processSeconds()
{
    return seconds(CLOCK_PROCESS_CPUTIME_ID);
}
double threadSeconds()
{
    return seconds(CLOCK_THREAD_CPUTIME_ID);
}
double residentMegabytes()
{
    long pages = 0;
    long resident = 0;
    if (std::FILE* const file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2)
            resident = 0;
        std::fclose(file);
    }
    return static_cast<double>(resident) * 4096 / 1e6;
}

/// What this process has had written to disks.
double writtenBytes()
{
    double bytes = 0;
    if (std::FILE* const file = std::fopen("/proc/self/io", "r")) {
        char line[128];
        while (std::fgets(line, sizeof line, file))
            std::sscanf(line, "write_bytes: %lf", &bytes);
        std::fclose(file);
    }
    return bytes;
}

/// Ends the program if the disk does.
class Listener final : public StoreListener
{
public:
    void durable(PersistSequence upTo, std::uint64_t) override
    {
        m_durable.store(upTo, std::memory_order_release);
        m_durable.notify_one();
    }
    void diskSpace(DiskSpace space) override { std::fprintf(stderr, "disk space: %d\n", static_cast<int>(space)); }
    void failed(const Error& error) override
    {
        std::fprintf(stderr, "%s\n", error.message.c_str());
        std::_Exit(1);
    }
    void waitFor(PersistSequence sequence)
    {
        for (PersistSequence seen; (seen = m_durable.load(std::memory_order_acquire)) < sequence;)
            m_durable.wait(seen);
    }

private:
    std::atomic<PersistSequence> m_durable{0};
};

std::string keyOf(std::uint64_t number)
{
    char text[32];
    std::snprintf(text, sizeof text, "key:%012llu", static_cast<unsigned long long>(number));
    return text;
}

/// Positions computed once: hashing isn't what is measured.
struct Keys
{
    explicit Keys(int count)
    {
        for (int i = 0; i < count; ++i) {
            names.push_back(keyOf(static_cast<std::uint64_t>(i)));
            positions.push_back(positionOf(names.back()));
        }
    }
    std::vector<std::string> names;
    std::vector<Position> positions;
};

class Bench
{
public:
    explicit Bench(Settings settings)
        : m_settings(std::move(settings))
        , m_keys(m_settings.keys)
    {}

    std::unique_ptr<SqliteStore> open(std::uint64_t cacheBytes)
    {
        SqliteStoreOptions options;
        options.dir = m_settings.dir;
        options.cacheBytes = cacheBytes;
        options.logBytes = m_settings.logMebibytes > 0 ? m_settings.logMebibytes << 20 : logBytesFor(cacheBytes);
        options.logBytesMax = m_settings.logMebibytes > 0 ? 0 : logBytesMaxFor(cacheBytes);
        auto store = SqliteStore::open(options, m_listener);
        if (!store) {
            std::fprintf(stderr, "%s\n", store.error().message.c_str());
            std::exit(1);
        }
        return std::move(store).value();
    }

    void fill(SqliteStore& store, int first, int count)
    {
        for (int i = 0; i < count;) {
            PersistBatch batch;
            batch.sequence = ++m_sequence;
            for (int j = 0; j < 1000 && i < count; ++j, ++i)
                add(batch, static_cast<std::size_t>(first + i));
            store.submit(std::move(batch));
            if (store.queuedBytes() > 64'000'000)
                m_listener.waitFor(m_sequence);
        }
        m_listener.waitFor(m_sequence);
    }

    void add(PersistBatch& batch, std::size_t key)
    {
        const std::string value(100, static_cast<char>('a' + m_sequence % 26));
        Record record;
        record.key = m_keys.names[key];
        record.value = value;
        record.version = {{1, 1, 1}, ++m_version};
        record.base = {{1, 1, 1}, 1};
        const CarriedOperation operations[] = {{{1, 1, m_version}, "+OK\r\n"}};
        batch.records.emplace_back(m_keys.positions[key], makeRecord(record, operations));
    }

    /// Puts random keys, one batch in flight at a time, so that a batch is a transaction.
    void puts(SqliteStore& store, int perBatch)
    {
        const StoreStatistics before = store.statistics();
        const double wall = wallSeconds();
        const double process = processSeconds();
        const double owner = threadSeconds();
        std::vector<double> commits;
        std::uint64_t count = 0;
        while (wallSeconds() - wall < m_settings.seconds) {
            PersistBatch batch;
            batch.sequence = ++m_sequence;
            for (int i = 0; i < perBatch; ++i)
                add(batch, m_random.below(m_keys.names.size()));
            count += static_cast<std::uint64_t>(perBatch);
            const double start = wallSeconds();
            store.submit(std::move(batch));
            m_listener.waitFor(m_sequence);
            commits.push_back((wallSeconds() - start) * 1e6);
        }
        const double elapsed = wallSeconds() - wall;
        const double perPut = 1e6 / static_cast<double>(count);
        const StoreStatistics after = store.statistics();
        std::sort(commits.begin(), commits.end());
        const auto at = [&](double fraction) {
            return commits[static_cast<std::size_t>(fraction * static_cast<double>(commits.size() - 1))];
        };
        std::printf("batches of %4d: %8.0f puts/s, %6.2f us CPU per put (owner's thread %5.2f), durable after p50 "
                    "%6.0f p99 %6.0f p99.9 %6.0f "
                    "max %6.0f us, checkpoints %llu (p50 %llu us)\n",
                    perBatch, static_cast<double>(count) / elapsed, (processSeconds() - process) * perPut,
                    (threadSeconds() - owner) * perPut, at(0.5), at(0.99), at(0.999), at(1),
                    static_cast<unsigned long long>(after.checkpoints - before.checkpoints),
                    static_cast<unsigned long long>(after.checkpointLatency.percentile(0.5)));
    }

    /// @param known  false: keys that no node has. @param among  only so many keys. @return µs of CPU a lookup
    double lookup(SqliteStore& store, int count, bool known, std::size_t among = SIZE_MAX)
    {
        // The questions lie ready in a row, as they would in a socket's buffer.
        struct Question
        {
            Position position;
            std::array<char, 24> key;
            std::size_t keyBytes;
        };
        std::vector<Question> questions(static_cast<std::size_t>(count));
        for (Question& question : questions) {
            const std::size_t key = m_random.below(std::min(among, m_keys.names.size()));
            question.position = known ? m_keys.positions[key] : m_random.next();
            question.keyBytes = m_keys.names[key].copy(question.key.data(), question.key.size());
        }
        const double start = threadSeconds();
        for (const Question& question : questions) {
            if (static_cast<bool>(store.find(question.position, {question.key.data(), question.keyBytes})) != known)
                std::abort();
        }
        return (threadSeconds() - start) / count * 1e6;
    }

    void lookups()
    {
        {
            auto store = open(1'000'000'000);
            lookup(*store, 10 * m_settings.keys, true);
            std::printf("lookup in the cache:                     %6.2f us, among 1000 keys %6.2f us\n",
                        lookup(*store, 500000, true), lookup(*store, 500000, true, 1000));
        }
        auto store = open(0);
        lookup(*store, 50000, true);
        std::printf("lookup on disk, quiet:                   %6.2f us, absent %6.2f us\n",
                    lookup(*store, 100000, true), lookup(*store, 100000, false));
        for (const int perCommit : {1, 8, 64}) {
            double known = 0;
            double absent = 0;
            for (int i = 0; i < 300; ++i) {
                PersistBatch batch;
                batch.sequence = ++m_sequence;
                for (int j = 0; j < 32; ++j)
                    add(batch, m_random.below(m_keys.names.size()));
                store->submit(std::move(batch));
                m_listener.waitFor(m_sequence);
                (i % 2 ? known : absent) += lookup(*store, perCommit, i % 2);
            }
            std::printf("lookup on disk, %2d after each commit:     %6.2f us, absent %6.2f us\n", perCommit,
                        known / 150, absent / 150);
        }
    }

    void start()
    {
        std::filesystem::remove_all(m_settings.dir);
        m_keys = Keys(m_settings.startRecords);
        {
            auto store = open(1'000'000);
            ClusterMapParts parts;
            parts.clusterId = "bench";
            parts.members.resize(1);
            parts.members[0].id = 1;
            parts.members[0].tokens = {0};
            if (!store->setIdentity(1, ClusterMap::make(std::move(parts)).value()))
                std::abort();
            const double begin = wallSeconds();
            const double process = processSeconds();
            fill(*store, 0, m_settings.startRecords);
            std::printf("import in batches of 1000: %8.0f puts/s, %6.2f us CPU per put\n",
                        m_settings.startRecords / (wallSeconds() - begin),
                        (processSeconds() - process) / m_settings.startRecords * 1e6);
            const std::uint64_t unfolded = store->statistics().unfoldedRecords;
            const double closing = wallSeconds();
            static_cast<void>(store->close());
            std::printf("close with %llu records to fold: %.2f s\n", static_cast<unsigned long long>(unfolded),
                        wallSeconds() - closing);
        }
        const double begin = wallSeconds();
        const double process = processSeconds();
        auto store = open(1'000'000);
        const double opened = wallSeconds() - begin;
        const double openedCpu = processSeconds() - process;
        std::uint64_t keys = 0;
        for (const PartitionCounts& counts : store->state().counts)
            keys += counts.keys;
        std::printf("start with %llu records: %.2f s (%.2f s CPU); %.0f MB on disk, %.1f MB filter\n",
                    static_cast<unsigned long long>(keys), opened, openedCpu,
                    static_cast<double>(store->statistics().fileBytes) / 1e6,
                    static_cast<double>(store->statistics().filterBytes) / 1e6);
    }

    /// New keys, in no order, each counted with what it costs until it is in its table.
    void grow()
    {
        std::filesystem::remove_all(m_settings.dir);
        auto store = open(m_settings.cacheMebibytes << 20);
        constexpr int portions = 20;
        for (int portion = 0, first = 0; portion < portions; ++portion) {
            const int count = m_settings.growRecords / portions;
            const double wall = wallSeconds();
            const double process = processSeconds();
            const double written = writtenBytes();
            fill(*store, first, count);
            first += count;
            std::printf("%9d records: %8.0f puts/s, %6.2f us CPU and %6.0f bytes written per put; %.0f MB on disk, %.0f MB resident\n", first,
                        count / (wallSeconds() - wall), (processSeconds() - process) / count * 1e6, (writtenBytes() - written) / count,
                        static_cast<double>(store->statistics().fileBytes) / 1e6, residentMegabytes());
            std::fflush(stdout);
        }
        const double closing = wallSeconds();
        static_cast<void>(store->close());
        std::printf("close: %.2f s\n", wallSeconds() - closing);
        store.reset();
        std::filesystem::remove_all(m_settings.dir);
    }

    void run()
    {
        if (m_settings.growRecords > 0) {
            grow();
            return;
        }
        std::filesystem::remove_all(m_settings.dir);
        {
            auto store = open(64'000'000);
            std::printf("idle: %.1f MB resident\n", residentMegabytes());
            fill(*store, 0, m_settings.keys);
            while (store->statistics().unfoldedRecords > 0)
                std::this_thread::sleep_for(std::chrono::milliseconds(50));
            for (const int perBatch : {1, 8, 32, 128})
                puts(*store, perBatch);
            std::printf("after the puts: %.1f MB resident\n", residentMegabytes());
        }
        lookups();
        if (m_settings.startRecords > 0)
            start();
        std::filesystem::remove_all(m_settings.dir);
    }

private:
    Settings m_settings;
    Keys m_keys;
    Listener m_listener;
    Random m_random{42};
    PersistSequence m_sequence = 0;
    std::uint64_t m_version = 0;
};

} // namespace

int main(int count, char** arguments)
{
    Settings settings;
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string name = arguments[i];
        if (name == "--dir")
            settings.dir = arguments[i + 1];
        else if (name == "--keys")
            settings.keys = std::atoi(arguments[i + 1]);
        else if (name == "--start-records")
            settings.startRecords = std::atoi(arguments[i + 1]);
        else if (name == "--seconds")
            settings.seconds = std::atof(arguments[i + 1]);
        else if (name == "--grow")
            settings.keys = settings.growRecords = std::atoi(arguments[i + 1]);
        else if (name == "--cache-mib")
            settings.cacheMebibytes = std::strtoull(arguments[i + 1], nullptr, 10);
        else if (name == "--log-mib")
            settings.logMebibytes = std::strtoull(arguments[i + 1], nullptr, 10);
    }
    Bench(settings).run();
    return 0;
}
