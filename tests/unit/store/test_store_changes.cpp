// What many transactions change, before it reaches the tables: in the order of the tables, and of each key what counts.
#include "node/store/logged_changes.h"
#include "shared/base/random.h"

#include <QtTest>

#include <map>

using namespace quoit;

namespace {

using Place = std::pair<Position, std::string>;
struct Wanted
{
    std::uint64_t sequence;
    bool removes;
    bool operator==(const Wanted&) const = default;
};

RecordPtr recordOf(const std::string& key, std::uint64_t sequence)
{
    Record record;
    record.key = key;
    record.version = {{1, 1, 1}, sequence};
    return makeRecord(record);
}

std::map<Place, Wanted> contentOf(const LoggedChanges& changes)
{
    std::map<Place, Wanted> content;
    for (const LoggedChanges::RecordWrite& write : changes.records())
        content[{write.position, std::string(write.record->key)}] = {write.record->version.sequence, write.removes};
    return content;
}

} // namespace

class TestStoreChanges : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void ofEachKeyTheLastChangeCounts_data();
    void ofEachKeyTheLastChangeCounts();
    void removalOfAnOlderVersionChangesNothing();
};

void TestStoreChanges::ofEachKeyTheLastChangeCounts_data()
{
    QTest::addColumn<int>("transactions");
    QTest::addColumn<quint64>("keys");
    QTest::newRow("few") << 20 << quint64(8);
    QTest::newRow("few keys, sorted several times meanwhile") << 20'000 << quint64(30'000);
    QTest::newRow("many keys") << 12'000 << quint64(1'000'000);
}

/// Against a map that takes each change as it comes. Two keys share a position each.
void TestStoreChanges::ofEachKeyTheLastChangeCounts()
{
    QFETCH(const int, transactions);
    QFETCH(const quint64, keys);
    Random random(17);
    LoggedChanges all;
    std::map<Place, Wanted> wanted;
    std::uint64_t sequence = 0;
    for (int i = 0; i < transactions; ++i) {
        LoggedChanges one;
        for (std::uint64_t j = random.below(60); j > 0; --j) {
            const std::uint64_t number = random.below(keys);
            const Place place{number / 2, "k" + std::to_string(number)};
            ++sequence;
            if (random.chance(0.2)) {
                one.remove({place.first, place.second, {{1, 1, 1}, sequence}});
                wanted[place] = {sequence, true};
            } else {
                one.add(place.first, recordOf(place.second, sequence));
                wanted[place] = {sequence, false};
            }
        }
        one.seal();
        all.absorb(one);
        QVERIFY(one.empty());
        QVERIFY2(all.records().size() < wanted.size() + wanted.size() / 8 + 270'000, "what is superseded goes meanwhile");
    }
    all.seal();
    QCOMPARE(all.records().size(), wanted.size());
    QVERIFY(contentOf(all) == wanted);
    QVERIFY(std::is_sorted(all.records().begin(), all.records().end(), [](const auto& a, const auto& b) {
        return Place(a.position, a.record->key) < Place(b.position, b.record->key);
    }));
}

/// Whether what is newer was sorted in before or not.
void TestStoreChanges::removalOfAnOlderVersionChangesNothing()
{
    for (const bool sealBetween : {false, true}) {
        LoggedChanges changes;
        changes.add(7, recordOf("k", 5));
        if (sealBetween)
            changes.seal();
        changes.remove({7, "k", {{1, 1, 1}, 4}});
        changes.seal();
        QVERIFY(contentOf(changes) == (std::map<Place, Wanted>{{{7, "k"}, {5, false}}}));
        changes.remove({7, "k", {{1, 1, 1}, 5}});
        changes.seal();
        QVERIFY(contentOf(changes) == (std::map<Place, Wanted>{{{7, "k"}, {5, true}}}));
    }
}

QTEST_APPLESS_MAIN(TestStoreChanges)
#include "test_store_changes.moc"
