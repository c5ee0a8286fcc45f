// What a replica remembers of operations and of the homes' first records, what it knows to have forgotten, and which timer is next.
#include "node/core/ancestry.h"
#include "node/core/operation_memory.h"
#include "node/core/timer_queue.h"
#include "shared/base/random.h"
#include "tests/unit/core/core_fixture.h"

#include <QtTest>

using namespace quoit;
using quoit::testing::at;

namespace {

Version version(std::uint64_t round, std::uint64_t sequence)
{
    return {{1, round, 1}, sequence};
}

OperationId operation(std::uint64_t counter)
{
    return {1, 1, counter};
}

RecordPtr carrying(const Version& version, std::initializer_list<std::uint64_t> counters)
{
    Record record;
    record.version = version;
    std::vector<CarriedOperation> operations;
    for (const std::uint64_t counter : counters)
        operations.push_back({operation(counter), ':' + std::to_string(counter)});
    return makeRecord(record, operations);
}

RecordPtr builtOn(const std::string& key, const Version& version, const Version& base)
{
    Record record;
    record.key = key;
    record.version = version;
    record.base = base;
    return makeRecord(record);
}

std::vector<Version> versionsOf(const OperationMemory& memory, std::uint64_t counter)
{
    std::vector<Version> versions;
    for (const RememberedResult& result : memory.find(operation(counter)))
        versions.push_back(result.version);
    return versions;
}

using Versions = std::vector<Version>;

} // namespace

class TestCoreMemory : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyVersionOfAnOperationIsRemembered()
    {
        OperationMemory memory(60s, 100);
        memory.remember(at(0ms), 3, *carrying(version(2, 5), {1, 2}));
        memory.remember(at(1ms), 3, *carrying(version(1, 9), {1}));
        memory.remember(at(2ms), 3, *carrying(version(3, 1), {1}));
        memory.remember(at(3ms), 3, *carrying(version(2, 5), {1})); // came twice
        QVERIFY(versionsOf(memory, 1) == (Versions{version(1, 9), version(2, 5), version(3, 1)}));
        QVERIFY(versionsOf(memory, 2) == Versions{version(2, 5)});
        QCOMPARE(memory.find(operation(2)).front().result, std::string(":2"));
        QVERIFY(memory.find(operation(3)).empty());
    }

    void whatIsForgottenForItsAgeIsKnownToBe()
    {
        OperationMemory memory(60s, 100);
        memory.remember(at(0ms), 3, *carrying(version(1, 1), {1}));
        memory.remember(at(30'000ms), 3, *carrying(version(1, 2), {1}));
        memory.prune(at(60'000ms));
        QVERIFY(memory.forgotten(3).isNone());
        memory.prune(at(60'001ms));
        QVERIFY(memory.forgotten(3) == version(1, 1));
        QVERIFY(versionsOf(memory, 1) == Versions{version(1, 2)});
        memory.prune(at(90'001ms));
        QVERIFY(memory.find(operation(1)).empty());
        QVERIFY(memory.forgotten(3) == version(1, 2));
        QVERIFY(memory.forgotten(4).isNone());
    }

    void memoryIsBoundedAndSaysSo()
    {
        OperationMemory memory(60s, 10);
        for (std::uint64_t i = 1; i <= 25; ++i)
            memory.remember(at(0ms), 3, *carrying(version(1, i), {i}));
        memory.prune(at(0ms));
        QVERIFY(memory.forgotten(3) == version(1, 15));
        for (std::uint64_t i = 1; i <= 25; ++i)
            QCOMPARE(!memory.find(operation(i)).empty(), i > 15);
    }

    void forgottenNeverGoesBack()
    {
        OperationMemory memory(60s, 100);
        memory.raiseForgotten(3, version(5, 1));
        memory.raiseForgotten(3, version(4, 9));
        memory.remember(at(0ms), 3, *carrying(version(2, 1), {1})); // late
        memory.prune(at(70'000ms));
        QVERIFY(memory.forgotten(3) == version(5, 1));
    }

    /// Whatever came in whatever order: an operation that isn't found was carried by nothing newer than `forgotten`.
    void nothingNewerThanForgottenIsMissing()
    {
        Random random(11);
        OperationMemory memory(5s, 50);
        std::vector<std::tuple<PartitionIndex, Version, std::uint64_t>> told;
        for (int i = 0; i < 2000; ++i) {
            const Milliseconds time(i * 20);
            const auto partition = static_cast<PartitionIndex>(random.below(3));
            const Version v = version(1 + random.below(5), random.below(1000));
            const std::uint64_t counter = 1 + random.below(400);
            memory.remember(at(time), partition, *carrying(v, {counter}));
            told.emplace_back(partition, v, counter);
            if (random.chance(0.1))
                memory.prune(at(time));
        }
        int known = 0;
        for (const auto& [partition, v, counter] : told) {
            const Versions versions = versionsOf(memory, counter);
            const bool found = std::find(versions.begin(), versions.end(), v) != versions.end();
            QVERIFY(found || v <= memory.forgotten(partition));
            known += found;
        }
        QVERIFY(known > 0);
    }

    /// Through growth, collisions and forgetting in the middle of them, for as many operations as fill its table several times.
    void memoryTellsWhatAPlainListTells()
    {
        constexpr std::size_t operationsMax = 3000;
        Random random(5);
        OperationMemory memory(60s, operationsMax);
        std::deque<std::pair<std::uint64_t, Version>> list;
        for (std::uint64_t i = 1; i <= 12'000; ++i) {
            const std::uint64_t counter = random.chance(0.8) ? i : 1 + random.below(i);
            const Version v = version(1 + random.below(2), 1 + random.below(3));
            memory.remember(at(0ms), 0, *carrying(v, {counter}));
            if (std::find(list.begin(), list.end(), std::pair(counter, v)) == list.end())
                list.emplace_back(counter, v);
            if (i % 7 == 0) {
                memory.prune(at(0ms));
                while (list.size() > operationsMax)
                    list.pop_front();
            }
            QCOMPARE(memory.size(), list.size());
            const std::uint64_t asked = i % 2 == 0 ? counter : 1 + random.below(i + 10);
            Versions wanted;
            for (const auto& [of, version] : list) {
                if (of == asked)
                    wanted.push_back(version);
            }
            std::sort(wanted.begin(), wanted.end());
            QVERIFY(versionsOf(memory, asked) == wanted);
        }
    }

    void firstRecordsOfHomesAreRemembered()
    {
        Ancestry ancestry(60s, 100);
        const RecordPtr first = builtOn("k", version(1, 4), {});
        const RecordPtr second = builtOn("k", version(2, 1), first->version);
        const RecordPtr third = builtOn("k", version(2, 2), first->version);
        const RecordPtr fourth = builtOn("k", version(5, 7), third->version);
        ancestry.note(at(0ms), *first, *second);
        ancestry.note(at(1ms), *second, *third);  // of the same ballot
        ancestry.note(at(2ms), *third, *fourth);
        ancestry.note(at(3ms), *third, *fourth);  // came twice
        ancestry.note(at(3ms), *second, *builtOn("k", version(6, 1), fourth->version)); // it wasn't built on what this replica had
        ancestry.note(at(3ms), *builtOn("other", version(1, 4), {}), *builtOn("other", version(3, 1), version(1, 4)));
        QCOMPARE(ancestry.size(), std::size_t(3));
        QVERIFY(ancestry.find("k") == (std::vector<BuiltOn>{{version(2, 0).ballot, first->version}, {version(5, 0).ballot, third->version}}));
        QVERIFY(ancestry.find("nothing").empty());
    }

    void firstRecordsAreForgottenByTimeAndNumber()
    {
        Ancestry ancestry(60s, 2);
        for (std::uint64_t round = 2; round < 5; ++round)
            ancestry.note(at(Milliseconds(round)), *builtOn("k", version(round - 1, 1), {}), *builtOn("k", version(round, 1), version(round - 1, 1)));
        ancestry.prune(at(10ms));
        QVERIFY(ancestry.find("k") == (std::vector<BuiltOn>{{version(3, 0).ballot, version(2, 1)}, {version(4, 0).ballot, version(3, 1)}}));
        ancestry.prune(at(60s + 3ms));
        QCOMPARE(ancestry.find("k").size(), std::size_t(2));
        ancestry.prune(at(60s + 4ms));
        QVERIFY(ancestry.find("k") == (std::vector<BuiltOn>{{version(4, 0).ballot, version(3, 1)}}));
        ancestry.prune(at(61s));
        QCOMPARE(ancestry.size(), std::size_t(0));
        QVERIFY(ancestry.find("k").empty());
    }

    void timersComeWhenDueAndInOrder()
    {
        TimerQueue timers;
        timers.set(at(30ms), Timer::Kind::Read, 3);
        timers.set(at(10ms), Timer::Kind::Promise, 1);
        timers.set(at(30ms), Timer::Kind::Scan, 4);
        timers.set(at(20ms), Timer::Kind::HomeRound, 2);
        QCOMPARE(timers.firstDue().time_since_epoch().count(), at(10ms).time_since_epoch().count());
        Timer timer;
        QVERIFY(!timers.next(at(9ms), timer));
        std::vector<std::uint64_t> ids;
        while (timers.next(at(30ms), timer))
            ids.push_back(timer.id);
        QVERIFY(ids == (std::vector<std::uint64_t>{1, 2, 3, 4}));
        QVERIFY(timers.empty());
    }

    void timersOfOneKindComeInOrderHoweverTheyWereSet()
    {
        TimerQueue timers;
        Random random(7);
        std::vector<std::pair<std::int64_t, std::uint64_t>> wanted; // due, then the order of setting
        for (std::uint64_t id = 0; id < 2000; ++id) {
            const auto due = static_cast<std::int64_t>(random.below(100));
            timers.set(at(Milliseconds(due)), id % 3 == 0 ? Timer::Kind::Read : Timer::Kind::Copy, id);
            wanted.emplace_back(due, id);
        }
        std::sort(wanted.begin(), wanted.end());
        QCOMPARE(timers.size(), wanted.size());
        for (const auto& [due, id] : wanted) {
            Timer timer;
            QVERIFY(timers.firstDue() == at(Milliseconds(due)));
            QVERIFY(due == 0 || !timers.next(at(Milliseconds(due - 1)), timer));
            QVERIFY(timers.next(at(Milliseconds(due)), timer));
            QCOMPARE(timer.id, id);
        }
        QVERIFY(timers.empty());
    }
};

QTEST_APPLESS_MAIN(TestCoreMemory)
#include "test_core_memory.moc"
