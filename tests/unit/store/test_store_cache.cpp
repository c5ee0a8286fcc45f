// Tests of the record cache: what leaves, what stays, and that nothing stale is ever found.
#include "node/store/record_cache.h"
#include "shared/base/random.h"

#include <QtTest>

#include <array>
#include <malloc.h>
#include <map>

using namespace quoit;

namespace {

RecordPtr record(std::string key, std::uint64_t sequence, std::size_t valueBytes = 100)
{
    const std::string value(valueBytes, 'v');
    Record made;
    made.key = key;
    made.value = value;
    made.version = {{1, 1, 1}, sequence};
    return makeRecord(made);
}

RecordCache cacheOf(std::uint64_t bytesMax)
{
    return RecordCache(bytesMax, CachePolicyKind::Lru);
}

} // namespace

class TestStoreCache : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whatIsUsedStaysLonger();
    void keysOfOnePositionAreDifferent();
    void absenceIsRemembered();
    void pinnedRecordsStayWithoutABudget();
    void newerPinOutlivesTheOlderOnesUnpinning();
    void unpinningIsBoundedPerCall();
    void pinnedRecordsAreFoundByRange();
    void exchangeOfThePolicyKeepsEntriesAndPins();
    void bytesStayWithinTheBudgetUnderEveryPolicy();
    void overheadOfAnEntryIsAtMostWhatItCounts();
    void nothingStaleIsEverFound();
    void expectingChangesNothing();
};

void TestStoreCache::whatIsUsedStaysLonger()
{
    RecordCache cache = cacheOf(100'000);
    Position next = 1;
    while (cache.entries() == next - 1) {
        cache.insert(next, record("k", next));
        ++next;
        QVERIFY(next < 1000);              // the budget did bind
        QVERIFY(cache.find(1, "k").known); // used all the time
    }
    QVERIFY(cache.bytes() <= 100'000);
    QVERIFY(cache.find(1, "k").known);
    QVERIFY(!cache.find(2, "k").known);
    QVERIFY(cache.find(3, "k").known);
}

void TestStoreCache::keysOfOnePositionAreDifferent()
{
    RecordCache cache = cacheOf(100'000);
    cache.insert(7, record("a", 1));
    cache.insert(7, record("b", 2));
    QCOMPARE(cache.find(7, "a").record->version.sequence, std::uint64_t(1));
    QCOMPARE(cache.find(7, "b").record->version.sequence, std::uint64_t(2));
    QVERIFY(!cache.find(7, "c").known);
    QVERIFY(!cache.find(8, "a").known);
}

void TestStoreCache::absenceIsRemembered()
{
    RecordCache cache = cacheOf(100'000);
    cache.insertAbsent(7, "a");
    const RecordCache::Answer answer = cache.find(7, "a");
    QVERIFY(answer.known);
    QVERIFY(!answer.record);
    cache.pin(1, 7, record("a", 5));
    QVERIFY(cache.find(7, "a").record);
}

void TestStoreCache::pinnedRecordsStayWithoutABudget()
{
    RecordCache cache = cacheOf(0);
    for (Position position = 0; position < 5000; ++position)
        cache.pin(position + 1, position << 40, record("key", position));
    for (Position position = 0; position < 5000; ++position)
        QVERIFY(cache.find(position << 40, "key").record);
    QCOMPARE(cache.pinnedEntries(), std::uint64_t(5000));
    cache.unpin(5000, 5000);
    QCOMPARE(cache.entries(), std::uint64_t(0));
    QCOMPARE(cache.bytes(), std::uint64_t(0));
}

void TestStoreCache::newerPinOutlivesTheOlderOnesUnpinning()
{
    RecordCache cache = cacheOf(0);
    cache.pin(1, 7, record("a", 1));
    cache.pin(2, 7, record("a", 2));
    cache.unpin(1, 100);
    QCOMPARE(cache.find(7, "a").record->version.sequence, std::uint64_t(2));
    QVERIFY(cache.isPinned(7, "a"));
    cache.unpin(2, 100);
    QVERIFY(!cache.find(7, "a").known);
    QCOMPARE(cache.pinnedEntries(), std::uint64_t(0));
}

void TestStoreCache::unpinningIsBoundedPerCall()
{
    RecordCache cache = cacheOf(0);
    for (Position position = 0; position < 100; ++position)
        cache.pin(1, position, record("a", 1));
    cache.unpin(1, 30);
    QCOMPARE(cache.pinnedEntries(), std::uint64_t(70));
    cache.unpin(1, 100);
    QCOMPARE(cache.pinnedEntries(), std::uint64_t(0));
}

void TestStoreCache::pinnedRecordsAreFoundByRange()
{
    RecordCache cache = cacheOf(100'000);
    const Position position = Position(1234) << 52;
    cache.pin(1, position, record("a", 1));
    cache.pin(2, position + 5, record("b", 2));
    cache.pin(3, position + 5, record("c", 3));
    cache.insert(position + 6, record("not pinned", 4));
    std::vector<RecordCache::Pinned> pinned;
    cache.pinnedIn(1234, pinned);
    QCOMPARE(pinned.size(), std::size_t(3));
    pinned.clear();
    cache.unpin(2, 100);
    cache.pinnedIn(1234, pinned);
    QCOMPARE(pinned.size(), std::size_t(1));
    QCOMPARE(pinned[0].record->key, std::string("c"));
    pinned.clear();
    cache.pinnedIn(1235, pinned);
    QVERIFY(pinned.empty());
}

void TestStoreCache::exchangeOfThePolicyKeepsEntriesAndPins()
{
    RecordCache cache(1'000'000, CachePolicyKind::Lru);
    for (Position position = 1; position <= 1000; ++position)
        cache.insert(position << 40, record("a", position));
    cache.pin(1, 5000, record("pinned", 1));
    const std::uint64_t entries = cache.entries();
    const std::uint64_t bytes = cache.bytes();
    for (const CachePolicyKind policy : allCachePolicies) {
        cache.setPolicy(policy);
        QCOMPARE(cache.policy(), policy);
        QCOMPARE(cache.entries(), entries);
        QCOMPARE(cache.bytes(), bytes);
        QVERIFY(cache.isPinned(5000, "pinned"));
        for (Position position = 1; position <= 1000; ++position)
            QVERIFY(cache.find(position << 40, "a").known);
    }
}

void TestStoreCache::bytesStayWithinTheBudgetUnderEveryPolicy()
{
    for (const CachePolicyKind policy : allCachePolicies) {
        Random random(7);
        RecordCache cache(50'000, policy);
        for (int step = 0; step < 20'000; ++step) {
            const Position position = random.below(500) << 40;
            if (!cache.find(position, "k").known)
                cache.insert(position, record("k", 1, random.below(2000)));
            QVERIFY(cache.bytes() <= 50'000);
        }
        QVERIFY(cache.evictions() > 0);
        QVERIFY(cache.hits() > 1000);
    }
}

void TestStoreCache::overheadOfAnEntryIsAtMostWhatItCounts()
{
    for (const CachePolicyKind policy : allCachePolicies) {
        for (const Position entries : {100'000, 131'073, 200'000}) {
            std::vector<RecordPtr> records;
            for (Position i = 0; i < entries; ++i)
                records.push_back(record("k", i, 10));
            const std::size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
            RecordCache cache(std::uint64_t(1) << 40, policy);
            for (Position i = 0; i < entries; ++i)
                cache.insert(i * 0x9e3779b97f4a7c15ULL, records[i]);
            const std::size_t taken = mallinfo2().uordblks + mallinfo2().hblkhd - before;
            const double perEntry = static_cast<double>(taken) / static_cast<double>(entries);
            QVERIFY2(perEntry <= RecordCache::overheadBytes,
                     (std::string(toText(policy)) + ' ' + std::to_string(perEntry)).c_str());
        }
    }
}

void TestStoreCache::nothingStaleIsEverFound()
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Random random(seed);
        RecordCache cache(seed % 4 == 0 ? 0 : 3000, allCachePolicies[seed / 4 % 4]);
        std::map<Position, RecordPtr> newest;
        std::map<Position, RecordPtr> onDisk;
        std::vector<std::pair<PersistSequence, std::pair<Position, RecordPtr>>> inFlight;
        PersistSequence sequence = 0;
        for (int step = 0; step < 5000; ++step) {
            const Position position = random.below(60) * 0x0400000000000001ULL;
            switch (random.below(3)) {
            case 0: {
                const RecordPtr written = record("key", ++sequence, random.below(300));
                cache.pin(sequence, position, written);
                newest[position] = written;
                inFlight.push_back({sequence, {position, written}});
                break;
            }
            case 1: {
                const std::size_t landed = random.below(inFlight.size() + 1);
                for (std::size_t i = 0; i < landed; ++i)
                    onDisk[inFlight[i].second.first] = inFlight[i].second.second;
                const PersistSequence upTo = landed > 0 ? inFlight[landed - 1].first : 0;
                inFlight.erase(inFlight.begin(), inFlight.begin() + static_cast<std::ptrdiff_t>(landed));
                cache.unpin(upTo, static_cast<int>(random.below(10)));
                break;
            }
            default: {
                RecordCache::Answer answer = cache.find(position, "key");
                if (!answer.known) {
                    answer.record = onDisk.contains(position) ? onDisk[position] : nullptr;
                    if (answer.record)
                        cache.insert(position, answer.record);
                    else
                        cache.insertAbsent(position, "key");
                }
                QCOMPARE(answer.record.get(), newest.contains(position) ? newest[position].get() : nullptr);
            }
            }
        }
    }
}

void TestStoreCache::expectingChangesNothing()
{
    RecordCache cache = cacheOf(100'000'000);
    constexpr std::uint64_t count = 5000; // the table grows several times
    for (std::uint64_t i = 1; i <= count; ++i)
        cache.insert(i * 3, record("k", i));
    cache.insert(3, record("other", count + 1)); // two keys at one position
    cache.insertAbsent(1, "k");
    cache.pin(1, 9, record("pinned", count + 2));
    const std::uint64_t bytes = cache.bytes();
    for (std::uint64_t first = 0; first < 3 * count + 100; first += RecordSource::expectedMax) {
        std::array<Position, RecordSource::expectedMax> positions;
        for (std::size_t i = 0; i < positions.size(); ++i)
            positions[i] = first + i; // one of three is there
        cache.expect(positions);
    }
    cache.expect({});
    QCOMPARE(cache.hits() + cache.misses(), std::uint64_t(0));
    QCOMPARE(cache.entries(), count + 3);
    QCOMPARE(cache.bytes(), bytes);
    for (std::uint64_t i = 1; i <= count; ++i)
        QCOMPARE(cache.find(i * 3, "k").record->version.sequence, i);
    QVERIFY(!cache.find(2, "k").known);
}

QTEST_GUILESS_MAIN(TestStoreCache)
#include "test_store_cache.moc"
