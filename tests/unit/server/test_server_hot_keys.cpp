// Space-Saving against exact counts, and what nodes make of it: lists, decay, sampling, merging.
#include "node/server/hot_keys.h"
#include "shared/base/random.h"

#include <QtTest>

#include <cmath>
#include <map>
#include <xxhash.h>

using namespace quoit;

class TestServerHotKeys : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void fewKeysAreCountedExactly();
    void boundsHoldOnZipfStreams_data();
    void boundsHoldOnZipfStreams();
    void keysThatAllAskForAlikeAreNotListed();
    void hotKeyIsListedWithItsRate();
    void whatIsOverFades();
    void manyRequestsAreSampledWithoutBias();
    void readsAndWritesAreApart();
    void mergedErrorsHold();
    void longKeysAreCut();
};

namespace {

std::uint64_t hashOf(std::string_view key)
{
    return XXH3_64bits(key.data(), key.size());
}

/// Keys "0" … "n-1" with probabilities that fall like 1 / rank^skew.
class Zipf
{
public:
    Zipf(std::size_t keys, double skew, std::uint64_t seed)
        : m_random(seed)
    {
        double sum = 0;
        for (std::size_t i = 0; i < keys; ++i)
            m_sums.push_back(sum += 1 / std::pow(double(i + 1), skew));
    }
    std::string next()
    {
        const double wanted = m_random.unit() * m_sums.back();
        return std::to_string(std::lower_bound(m_sums.begin(), m_sums.end(), wanted) - m_sums.begin());
    }

private:
    std::vector<double> m_sums;
    Random m_random;
};

const HotKeyRate* rateOf(const HotKeyList& list, std::string_view key)
{
    const auto found = std::find_if(list.keys.begin(), list.keys.end(), [&](const HotKeyRate& rate) { return rate.key == key; });
    return found == list.keys.end() ? nullptr : &*found;
}

} // namespace

void TestServerHotKeys::fewKeysAreCountedExactly()
{
    SpaceSaving sketch;
    for (int i = 0; i < 100; ++i)
        for (int n = 0; n <= i; ++n)
            sketch.add(std::to_string(i), hashOf(std::to_string(i)), 2);
    const std::vector<CountedKey> top = sketch.top(1000);
    QCOMPARE(top.size(), std::size_t(100));
    for (int i = 0; i < 100; ++i) {
        QCOMPARE(top[std::size_t(i)].key, std::to_string(99 - i));
        QCOMPARE(top[std::size_t(i)].count, 2.0 * (100 - i));
        QCOMPARE(top[std::size_t(i)].error, 0.0);
    }
    QCOMPARE(sketch.floor(), 0.0);
}

void TestServerHotKeys::boundsHoldOnZipfStreams_data()
{
    QTest::addColumn<double>("skew");
    for (const double skew : {0.0, 0.6, 0.8, 1.0, 1.2, 2.0})
        QTest::addRow("%.1f", skew) << skew;
}

void TestServerHotKeys::boundsHoldOnZipfStreams()
{
    QFETCH(double, skew);
    Zipf stream(20'000, skew, 7);
    SpaceSaving sketch;
    std::map<std::string, double> exact;
    double counted = 0;
    for (int i = 0; i < 100'000; ++i) {
        const std::string key = stream.next();
        sketch.add(key, hashOf(key), 1);
        ++exact[key];
        ++counted;
        if (i % 30'000 == 29'999) { // the same decay for both
            sketch.decay(0.5);
            counted *= 0.5;
            for (auto& [name, count] : exact)
                count *= 0.5;
        }
    }
    constexpr double slack = 0.01; // sums of halves; and counts that have vanished
    const double share = counted / SpaceSaving::countersMax;
    std::map<std::string, CountedKey> known;
    for (const CountedKey& key : sketch.top(SpaceSaving::countersMax)) {
        known[key.key] = key;
        QVERIFY(exact[key.key] <= key.count + slack);
        QVERIFY(exact[key.key] >= key.count - key.error - slack);
        QVERIFY(key.error <= share + slack);
    }
    QVERIFY(sketch.floor() <= share + slack);
    for (const auto& [key, count] : exact) {
        if (count > share + slack)
            QVERIFY2(known.count(key), key.c_str());
        else if (!known.count(key))
            QVERIFY(count <= sketch.floor() + slack);
    }
}

void TestServerHotKeys::keysThatAllAskForAlikeAreNotListed()
{
    HotKeys keys(1);
    Random random(3);
    for (int i = 0; i < 20'000; ++i) {
        const std::string key = std::to_string(random.below(100'000));
        keys.note(key, hashOf(key), false);
    }
    keys.tick(1);
    QVERIFY(keys.reads().keys.empty());
    QVERIFY(keys.reads().floor > 0);
}

void TestServerHotKeys::hotKeyIsListedWithItsRate()
{
    HotKeys keys(1);
    Random random(3);
    for (int second = 0; second < 10; ++second) {
        for (int i = 0; i < 1'500; ++i) {
            const std::string key = i % 3 == 0 ? "hot" : std::to_string(random.below(100'000));
            keys.note(key, hashOf(key), false);
        }
        keys.tick(1);
        const HotKeyRate* const hot = rateOf(keys.reads(), "hot");
        QVERIFY(hot);
        QVERIFY(hot->perSecond >= 500 && hot->perSecond - hot->error <= 500);
        QVERIFY(keys.reads().keys.size() == 1);
    }
}

void TestServerHotKeys::whatIsOverFades()
{
    HotKeys keys(1);
    for (int i = 0; i < 1'000; ++i)
        keys.note("old", hashOf("old"), true);
    for (int second = 0; second < 10; ++second)
        keys.tick(1);
    for (int i = 0; i < 1'000; ++i)
        keys.note("new", hashOf("new"), true);
    keys.tick(1);
    QCOMPARE(keys.writes().keys.front().key, std::string("new"));
    for (int second = 0; second < 40; ++second)
        keys.tick(1);
    QVERIFY(keys.writes().keys.empty());
}

void TestServerHotKeys::manyRequestsAreSampledWithoutBias()
{
    HotKeys keys(1);
    Zipf stream(1'000, 1.0, 9);
    std::map<std::string, double> exact;
    constexpr int seconds = 10;
    for (int second = 0; second < seconds; ++second) {
        for (int i = 0; i < 50'000; ++i) {
            const std::string key = stream.next();
            keys.note(key, hashOf(key), false);
            exact[key] += 1.0 / seconds;
        }
        keys.tick(1);
    }
    for (int rank = 0; rank < 5; ++rank) {
        const std::string key = std::to_string(rank);
        const HotKeyRate* const rate = rateOf(keys.reads(), key);
        QVERIFY(rate);
        // About three seconds count: five standard deviations of what one in eight tells of them.
        const double chance = 5 * std::sqrt(exact[key] * HotKeys::sampledOneIn / 3);
        QVERIFY(std::abs(double(rate->perSecond) - exact[key]) <= chance + double(rate->error));
    }
}

void TestServerHotKeys::readsAndWritesAreApart()
{
    HotKeys keys(1);
    for (int i = 0; i < 10; ++i)
        keys.note("read", hashOf("read"), false);
    for (int i = 0; i < 20; ++i)
        keys.note("written", hashOf("written"), true);
    keys.tick(2);
    QVERIFY((keys.reads().keys == std::vector<HotKeyRate>{{"read", 5, 0}}));
    QVERIFY((keys.writes().keys == std::vector<HotKeyRate>{{"written", 10, 0}}));
    const std::vector<HotKeyReport> merged = mergeHotKeys({&keys.reads()}, {&keys.writes()}, 1);
    QVERIFY((merged == std::vector<HotKeyReport>{{"written", 0, 0, 10, 0}}));
}

void TestServerHotKeys::mergedErrorsHold()
{
    std::vector<HotKeys> nodes(3, HotKeys(1));
    Zipf stream(5'000, 1.1, 5);
    std::map<std::string, std::int64_t> exact;
    Random random(2);
    for (int i = 0; i < 3'000; ++i) { // few enough that nothing is sampled
        const std::string key = stream.next();
        // Uneven, so that some keys are listed by some nodes only.
        nodes[random.chance(0.6) ? 0 : 1 + hashOf(key) % 2].note(key, hashOf(key), false);
        ++exact[key];
    }
    std::vector<const HotKeyList*> lists;
    for (HotKeys& node : nodes) {
        node.tick(1);
        lists.push_back(&node.reads());
    }
    const std::vector<HotKeyReport> merged = mergeHotKeys(lists, {}, 100);
    QVERIFY(merged.size() >= 10);
    std::uint64_t before = merged.front().readsPerSecond;
    for (const HotKeyReport& key : merged) {
        const std::int64_t off = std::int64_t(key.readsPerSecond) - exact[key.key];
        QVERIFY2(std::abs(off) <= std::int64_t(key.readsError), key.key.c_str());
        QVERIFY(key.readsPerSecond <= before);
        before = key.readsPerSecond;
    }
    QCOMPARE(merged.front().key, std::string("0"));
}

void TestServerHotKeys::longKeysAreCut()
{
    const std::string beginning(SpaceSaving::keyBytesMax, 'k');
    HotKeys keys(1);
    for (const char* end : {"a", "b"})
        for (int i = 0; i < 10; ++i)
            keys.note(beginning + end, hashOf(beginning + end), false);
    keys.tick(1);
    QCOMPARE(keys.reads().keys.size(), std::size_t(2));
    const std::vector<HotKeyReport> merged = mergeHotKeys({&keys.reads()}, {}, 10);
    QVERIFY((merged == std::vector<HotKeyReport>{{beginning, 20, 0, 0, 0}}));
}

QTEST_APPLESS_MAIN(TestServerHotKeys)
#include "test_server_hot_keys.moc"
