// When and how often keys were used: what eviction goes by.
#include "node/core/access_table.h"

#include <QtTest>

#include <map>

using namespace quoit;

class TestCoreUses : public QObject
{
    Q_OBJECT
private slots:
    void tableSaysWhatAMapSays();
    void everyKeyIsSampledAboutAsOften();
    void frequencyGrowsWithUsesAndFadesWithTime();
    void laterUseElsewhereCounts();
    void keyMovesWithItsTimeToLive();
    void nothingIsKeptWhileItIsOff();
};

void TestCoreUses::tableSaysWhatAMapSays()
{
    Random random(1);
    AccessTable table;
    std::map<Position, std::uint32_t> expected;
    for (std::uint32_t step = 1; step <= 200'000; ++step) {
        // Few bits in the middle, so that many share their places.
        const Position position = random.below(20'000) << 40;
        if (random.chance(0.4)) {
            table.erase(position);
            expected.erase(position);
        } else {
            table.touch(position, step, random);
            expected[position] = step;
        }
    }
    QCOMPARE(table.count(), std::uint64_t(expected.size()));
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        const auto found = table.find(i << 40);
        const auto known = expected.find(i << 40);
        QCOMPARE(found.has_value(), known != expected.end());
        if (found)
            QCOMPARE(found->lastMs, known->second);
    }
}

void TestCoreUses::everyKeyIsSampledAboutAsOften()
{
    Random random(2);
    AccessTable table;
    constexpr Position keys = 5000;
    for (Position i = 0; i < keys; ++i)
        table.touch(i * 0x9e3779b97f4a7c15ULL, 1, random);
    std::map<Position, int> times;
    for (Position i = 0; i < 100 * keys; ++i)
        ++times[table.sample(random)->position];
    QCOMPARE(times.size(), std::size_t(keys));
    for (const auto& [position, count] : times)
        QVERIFY2(count > 40 && count < 250, qPrintable(QString::number(count)));
    for (Position i = 1; i < keys; ++i)
        table.erase(i * 0x9e3779b97f4a7c15ULL);
    QCOMPARE(table.sample(random)->position, Position(0));
    table.erase(0);
    QVERIFY(!table.sample(random));
}

void TestCoreUses::frequencyGrowsWithUsesAndFadesWithTime()
{
    Random random(3);
    AccessTable table;
    table.touch(1, 0, random);
    const std::uint8_t once = table.find(1)->frequency;
    for (int i = 0; i < 1000; ++i)
        table.touch(1, 0, random);
    const std::uint8_t often = table.find(1)->frequency;
    for (int i = 0; i < 100'000; ++i)
        table.touch(1, 0, random);
    const std::uint8_t veryOften = table.find(1)->frequency;
    QVERIFY(once < often && often < veryOften);
    QCOMPARE(AccessTable::fadedFrequency({0, 20}, 5 * 60'000), std::uint8_t(15));
    QCOMPARE(AccessTable::fadedFrequency({0, 20}, 500 * 60'000), std::uint8_t(1));
}

void TestCoreUses::laterUseElsewhereCounts()
{
    Random random(4);
    AccessTable table;
    table.touch(1, 100, random);
    table.merge(1, {50, 200});
    QVERIFY((*table.find(1) == KeyUse{100, 200}));
    table.merge(1, {150, 3});
    QVERIFY((*table.find(1) == KeyUse{150, 200}));
    table.merge(2, {150, 3});
    QVERIFY((*table.find(2) == KeyUse{150, 3}));
    table.merge(3, {150, 0}); // it doesn't know the key
    QVERIFY(!table.find(3));
}

void TestCoreUses::keyMovesWithItsTimeToLive()
{
    Random random(5);
    KeyUses uses;
    uses.setActive(true);
    uses.used(1, false, 10, random);
    uses.changed(1, true, true);
    QCOMPARE(uses.table(false).count(), std::uint64_t(0));
    QCOMPARE(uses.find(1)->lastMs, std::uint32_t(10));
    QCOMPARE(uses.table(true).sample(random)->position, Position(1));
    uses.changed(1, false, false);
    QVERIFY(!uses.find(1));
    QCOMPARE(uses.count(), std::uint64_t(0));
}

void TestCoreUses::nothingIsKeptWhileItIsOff()
{
    Random random(6);
    KeyUses uses;
    uses.used(1, false, 10, random);
    QCOMPARE(uses.count(), std::uint64_t(0));
    uses.setActive(true);
    uses.used(1, false, 10, random);
    uses.setActive(false);
    QCOMPARE(uses.count(), std::uint64_t(0));
}

QTEST_GUILESS_MAIN(TestCoreUses)
#include "test_core_uses.moc"
