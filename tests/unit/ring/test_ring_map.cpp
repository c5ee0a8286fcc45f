#include "shared/ring/cluster_map.h"

#include "shared/base/bytes.h"
#include "shared/base/random.h"
#include "shared/ring/position.h"

#include <QtTest>

#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <set>

using namespace quoit;

class TestRingMap : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void tokenServesThePartitionsUpToItself();
    void walkSkipsMembersMetBefore();
    void zonesComeBeforeNearness();
    void fewZonesAreAllUsedAndFilledUpInWalkOrder();
    void replicaSetsFollowTheirDefinition();
    void partsThatBreakTheRulesAreRefused_data();
    void partsThatBreakTheRulesAreRefused();
    void lookupsAgreeWithPositions();
    void encodedMapComesBackEqual();
    void encodingNeverChanges();
    void formatBeforeIsRead();
    void damagedBytesAreRefused();
    void shortenedBytesAreRefused();
    void laterFormatIsUnsupportedNotCorrupt();
    void declaredCountsAreNotTrusted();
};

namespace {

Member memberWith(NodeId id, std::vector<PartitionIndex> tokens, const std::string& zone = {})
{
    Member member;
    member.id = id;
    member.zone = zone;
    member.tokens = std::move(tokens);
    return member;
}

ClusterMapParts partsWith(std::uint32_t partitionCount, std::uint32_t replicaCount, std::vector<Member> members)
{
    ClusterMapParts parts;
    parts.clusterId = "5f8ab9f2-6c1f-4a35-bb4e-6d7f1c0b2a11";
    parts.partitionCount = partitionCount;
    parts.replicaCount = replicaCount;
    parts.members = std::move(members);
    return parts;
}

ClusterMapPtr mapOf(ClusterMapParts parts)
{
    Result<ClusterMapPtr> map = ClusterMap::make(std::move(parts));
    if (!map)
        qFatal("%s", map.error().message.c_str());
    return std::move(map).value();
}

std::vector<NodeId> setAt(const ClusterMap& map, PartitionIndex partition)
{
    const std::span<const NodeId> set = map.replicas(partition);
    return {set.begin(), set.end()};
}

/// With the checksum that makes it a map's bytes as far as the trailer goes.
std::string sealed(std::string bytes)
{
    ByteWriter writer;
    writer.bytes = std::move(bytes);
    writer.u64(XXH3_64bits(writer.bytes.data(), writer.bytes.size()));
    return std::move(writer.bytes);
}

using Ids = std::vector<NodeId>;

/// 1 … 12 members on random tokens, some in zones.
ClusterMapParts randomParts(Random& random)
{
    const std::uint32_t partitionCount = 16u << random.below(4);
    ClusterMapParts parts = partsWith(partitionCount, 1 + static_cast<std::uint32_t>(random.below(7)), {});
    const std::uint64_t memberCount = 1 + random.below(12);
    const std::uint64_t zoneCount = 1 + random.below(6);
    for (NodeId id = 1; id <= memberCount; ++id)
        parts.members.push_back(memberWith(id * 3, {}));
    for (Member& member : parts.members) {
        if (random.chance(0.7))
            member.zone = "zone " + std::to_string(random.below(zoneCount));
        member.name = "node-" + std::to_string(member.id);
        member.weight = 0.5 + random.unit();
    }
    for (PartitionIndex token = 0; token < partitionCount; ++token) {
        // The first boundaries give everybody a token.
        if (token < memberCount)
            parts.members[token].tokens.push_back(token);
        else if (random.chance(0.6))
            parts.members[random.below(memberCount)].tokens.push_back(token);
    }
    return parts;
}

/// The definition at ClusterMap::replicas(), step by step.
Ids setByDefinition(const ClusterMapParts& parts, PartitionIndex partition)
{
    std::set<std::string> zones;
    std::size_t zoneCount = 0;
    for (const Member& member : parts.members)
        zoneCount += member.zone.empty() || zones.insert(member.zone).second;
    const std::size_t setSize = std::min<std::size_t>(parts.replicaCount, parts.members.size());
    std::size_t others = setSize > zoneCount ? setSize - zoneCount : 0;
    std::set<std::string> met;
    std::set<NodeId> seen;
    Ids set;
    for (std::uint32_t step = 0; step < parts.partitionCount && set.size() < setSize; ++step) {
        const PartitionIndex boundary = (partition + step) % parts.partitionCount;
        for (const Member& member : parts.members) {
            if (!std::count(member.tokens.begin(), member.tokens.end(), boundary) || !seen.insert(member.id).second)
                continue;
            const bool isNewZone = member.zone.empty() || met.insert(member.zone).second;
            if (isNewZone || others > 0) {
                others -= !isNewZone;
                set.push_back(member.id);
            }
        }
    }
    return set;
}

} // namespace

void TestRingMap::tokenServesThePartitionsUpToItself()
{
    const ClusterMapPtr map = mapOf(partsWith(16, 1, {memberWith(1, {3}), memberWith(2, {9})}));
    for (PartitionIndex partition = 0; partition < 16; ++partition)
        QCOMPARE(map->owner(partition), partition >= 4 && partition <= 9 ? NodeId(2) : NodeId(1));
}

void TestRingMap::walkSkipsMembersMetBefore()
{
    const ClusterMapPtr map = mapOf(
        partsWith(16, 3, {memberWith(1, {2, 3, 8}), memberWith(2, {4, 5}), memberWith(3, {6}), memberWith(4, {7})}));
    QCOMPARE(setAt(*map, 0), (Ids{1, 2, 3}));
    QCOMPARE(setAt(*map, 4), (Ids{2, 3, 4}));
    QCOMPARE(setAt(*map, 7), (Ids{4, 1, 2}));
    QCOMPARE(setAt(*map, 15), (Ids{1, 2, 3}));
    QVERIFY(map->isReplica(7, 2));
    QVERIFY(!map->isReplica(7, 3));
}

void TestRingMap::zonesComeBeforeNearness()
{
    const ClusterMapPtr map = mapOf(partsWith(
        16, 2, {memberWith(1, {1}, "a"), memberWith(2, {2}, "a"), memberWith(3, {3}, "b"), memberWith(4, {4}, "b")}));
    QCOMPARE(setAt(*map, 0), (Ids{1, 3}));
    QCOMPARE(setAt(*map, 2), (Ids{2, 3}));
    QCOMPARE(setAt(*map, 3), (Ids{3, 1}));
}

void TestRingMap::fewZonesAreAllUsedAndFilledUpInWalkOrder()
{
    const ClusterMapPtr map = mapOf(partsWith(
        16, 3, {memberWith(1, {1}, "a"), memberWith(2, {2}, "a"), memberWith(3, {3}, "a"), memberWith(4, {4}, "b")}));
    QCOMPARE(setAt(*map, 0), (Ids{1, 2, 4})); // 3 would be nearer, but zone b must be in the set
    QCOMPARE(setAt(*map, 3), (Ids{3, 4, 1}));
    QCOMPARE(setAt(*map, 4), (Ids{4, 1, 2}));
}

void TestRingMap::replicaSetsFollowTheirDefinition()
{
    Random random(1);
    for (int round = 0; round < 300; ++round) {
        const ClusterMapParts parts = randomParts(random);
        const ClusterMapPtr map = mapOf(parts);
        for (PartitionIndex partition = 0; partition < parts.partitionCount; ++partition) {
            const Ids set = setAt(*map, partition);
            QCOMPARE(set, setByDefinition(parts, partition));
            QCOMPARE(std::set<NodeId>(set.begin(), set.end()).size(),
                     std::min<std::size_t>(parts.replicaCount, parts.members.size()));
        }
    }
}

namespace {

struct Fault
{
    const char* name;
    void (*apply)(ClusterMapParts& parts, Member& first, Member& second);
};

using Parts = ClusterMapParts;

const Fault faults[] = {
    {"partition count no power of two", [](Parts& parts, Member&, Member&) { parts.partitionCount = 48; }},
    {"too few partitions", [](Parts& parts, Member&, Member&) { parts.partitionCount = 8; }},
    {"too many partitions", [](Parts& parts, Member&, Member&) { parts.partitionCount = 32768; }},
    {"no replicas", [](Parts& parts, Member&, Member&) { parts.replicaCount = 0; }},
    {"too many replicas", [](Parts& parts, Member&, Member&) { parts.replicaCount = 8; }},
    {"no vnodes", [](Parts& parts, Member&, Member&) { parts.vnodesPerWeight = 0; }},
    {"epoch 0", [](Parts& parts, Member&, Member&) { parts.epoch = 0; }},
    {"no member", [](Parts& parts, Member&, Member&) { parts.members.clear(); }},
    {"id 0", [](Parts&, Member& first, Member&) { first.id = 0; }},
    {"id twice", [](Parts&, Member&, Member& second) { second.id = 1; }},
    {"ids not ascending", [](Parts&, Member& first, Member&) { first.id = 3; }},
    {"no token", [](Parts&, Member&, Member& second) { second.tokens.clear(); }},
    {"token out of range", [](Parts&, Member&, Member& second) { second.tokens = {16}; }},
    {"token twice",
     [](Parts&, Member& first, Member&) {
         first.tokens = {5, 5};
     }},
    {"token of another", [](Parts&, Member&, Member& second) { second.tokens = {5}; }},
    {"tokens not ascending",
     [](Parts&, Member& first, Member&) {
         first.tokens = {5, 1};
     }},
    {"weight 0", [](Parts&, Member& first, Member&) { first.weight = 0; }},
    {"weight infinite", [](Parts&, Member& first, Member&) { first.weight = std::numeric_limits<double>::infinity(); }},
    {"weight not a number",
     [](Parts&, Member& first, Member&) { first.weight = std::numeric_limits<double>::quiet_NaN(); }},
    {"weight that waits not a number",
     [](Parts& parts, Member&, Member&) {
         parts.queue = {{7, {ChangeStep{ChangeStep::Kind::Weight, 1, {}, std::numeric_limits<double>::quiet_NaN(), {}, 0}}}};
     }},
    {"weight of a newcomer infinite",
     [](Parts& parts, Member& first, Member&) {
         first.weight = std::numeric_limits<double>::infinity();
         parts.change = RingChange{{7, {ChangeStep{ChangeStep::Kind::Join, 0, first, 1, {}, 0}}}, 3, parts.members};
         first.weight = parts.change->members[0].weight = 1;
     }},
    {"paused while it is aborted",
     [](Parts& parts, Member&, Member&) { parts.change = RingChange{{7, {}}, 3, parts.members, true, true}; }},
};

} // namespace

void TestRingMap::partsThatBreakTheRulesAreRefused_data()
{
    QTest::addColumn<int>("fault");
    for (int i = 0; i < int(std::size(faults)); ++i)
        QTest::newRow(faults[i].name) << i;
}

void TestRingMap::partsThatBreakTheRulesAreRefused()
{
    QFETCH(int, fault);
    ClusterMapParts parts = partsWith(16, 3, {memberWith(1, {1, 5}), memberWith(2, {3})});
    QVERIFY(ClusterMap::make(parts).ok());
    faults[fault].apply(parts, parts.members[0], parts.members[1]);
    const Result<ClusterMapPtr> map = ClusterMap::make(parts);
    QVERIFY(!map.ok());
    QCOMPARE(map.error().code, ErrorCode::InvalidArgument);
    QVERIFY(!map.error().message.empty());
}

void TestRingMap::lookupsAgreeWithPositions()
{
    const ClusterMapPtr map = mapOf(partsWith(1024, 3, {memberWith(4, {5}), memberWith(9, {700})}));
    for (const Position position : {Position(0), Position(1) << 54, ~Position(0), Position(0x123456789abcdef0)})
        QCOMPARE(map->partitionOf(position), partitionOf(position, 1024));
    QVERIFY(map->member(4) == &map->members()[0]);
    QVERIFY(map->member(9) == &map->members()[1]);
    for (const NodeId stranger : {0u, 3u, 5u, 10u})
        QVERIFY(map->member(stranger) == nullptr);
    QCOMPARE(map->replicas(0).size(), std::size_t(2));
}

void TestRingMap::encodedMapComesBackEqual()
{
    Random random(2);
    for (int round = 0; round < 100; ++round) {
        ClusterMapParts parts = randomParts(random);
        parts.epoch = 1 + random.next() / 2;
        parts.members[0].diskId = std::string("binary \0 \xff", 10);
        parts.members[0].clientAddress = "127.0.0.1:7400";
        parts.revision = 1 + random.next() / 2;
        parts.lastNodeId = static_cast<NodeId>(random.next());
        if (random.chance(0.5)) {
            RingChange& change = parts.change.emplace();
            change.wanted = {random.next(), {ChangeStep{ChangeStep::Kind::Replace, 3, parts.members[0], 0.5, "zone", 2}}};
            change.replicaCount = 2;
            change.members = {parts.members.begin(), parts.members.end() - (parts.members.size() > 1 ? 1 : 0)};
            change.paused = random.chance(0.5);
            change.aborting = !change.paused && random.chance(0.5);
            parts.queue.assign(random.below(3), change.wanted);
        }
        for (std::uint64_t i = random.below(EndedChange::keptMax + 1); i > 0; --i)
            parts.ended.push_back({random.next(), static_cast<EndedChange::Outcome>(random.below(3)), random.next(),
                                   static_cast<std::int64_t>(random.next()), random.next(), "leave n2"});
        const ClusterMapPtr map = mapOf(parts);
        const std::string bytes = map->encode();
        const Result<ClusterMapPtr> again = ClusterMap::decode(bytes);
        QVERIFY2(again.ok(), again.ok() ? "" : again.error().message.c_str());
        QVERIFY(again.value()->parts() == parts);
        QVERIFY(again.value()->encode() == bytes);
    }
}

void TestRingMap::encodingNeverChanges()
{
    Member member = memberWith(7, {2, 300}, "z");
    member.diskId = "d";
    member.name = "n";
    member.clientAddress = "c";
    member.peerAddress = "p";
    member.httpAddress = "h";
    member.weight = 1.5;
    ClusterMapParts parts = partsWith(1024, 3, {member});
    parts.epoch = 300;
    parts.clusterId = "id";
    const std::string bytes = mapOf(parts)->encode();
    QCOMPARE(
        QByteArray::fromStdString(bytes).toHex(),
        QByteArray("514d415003ac02010269648008031001070164016e016301700168017a000000000000f83f0202aa020000000000d72d90e2a95ad557"));
}

void TestRingMap::formatBeforeIsRead()
{
    const QByteArray bytes = QByteArray::fromHex(
        "514d415002ac02010269648008031001070164016e016301700168017a000000000000f83f0202aa0200000000dcde2a132099ef6d");
    const Result<ClusterMapPtr> map = ClusterMap::decode(bytes.toStdString());
    QVERIFY(map.ok());
    QCOMPARE(map.value()->epoch(), Epoch(300));
    QCOMPARE(map.value()->members().front().name, std::string("n"));
    QVERIFY(map.value()->parts().ended.empty());
}

void TestRingMap::damagedBytesAreRefused()
{
    const std::string bytes = mapOf(partsWith(16, 3, {memberWith(1, {1, 5}, "a"), memberWith(2, {3})}))->encode();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string damaged = bytes;
            damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
            const Result<ClusterMapPtr> map = ClusterMap::decode(damaged);
            QVERIFY(!map.ok());
            QCOMPARE(map.error().code, ErrorCode::Corrupt);
        }
    }
}

void TestRingMap::shortenedBytesAreRefused()
{
    const std::string bytes = mapOf(partsWith(16, 3, {memberWith(1, {1, 5}, "a"), memberWith(2, {3})}))->encode();
    for (std::size_t length = 0; length < bytes.size(); ++length)
        QVERIFY(!ClusterMap::decode(bytes.substr(0, length)).ok());
    QVERIFY(!ClusterMap::decode(bytes + '\0').ok());
    QVERIFY(ClusterMap::decode(bytes).ok());
}

void TestRingMap::laterFormatIsUnsupportedNotCorrupt()
{
    std::string bytes = mapOf(partsWith(16, 3, {memberWith(1, {1})}))->encode();
    bytes.resize(bytes.size() - 8);
    bytes[4] = 4;
    const Result<ClusterMapPtr> map = ClusterMap::decode(sealed(bytes));
    QVERIFY(!map.ok());
    QCOMPARE(map.error().code, ErrorCode::Unsupported);
}

void TestRingMap::declaredCountsAreNotTrusted()
{
    // Well-formed up to the count of members, which is gigantic.
    ByteWriter writer;
    writer.raw("QMAP");
    writer.u8(2);
    writer.varint(1);
    writer.varint(1);
    writer.blob("id");
    writer.varint(16);
    writer.varint(3);
    writer.varint(16);
    writer.varint(~std::uint64_t(0));
    const Result<ClusterMapPtr> members = ClusterMap::decode(sealed(writer.bytes));
    QVERIFY(!members.ok());
    QCOMPARE(members.error().code, ErrorCode::Corrupt);
    // Rules are checked on decoding too: these bytes are whole, but have no member.
    writer.bytes.resize(writer.bytes.size() - 10);
    for (int field = 0; field < 5; ++field) // members, last id, copy rate, flags, queue
        writer.varint(0);
    const Result<ClusterMapPtr> empty = ClusterMap::decode(sealed(writer.bytes));
    QVERIFY(!empty.ok());
    QCOMPARE(empty.error().code, ErrorCode::Corrupt);
}

QTEST_APPLESS_MAIN(TestRingMap)
#include "test_ring_map.moc"
