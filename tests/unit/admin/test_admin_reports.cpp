#include "shared/admin/change_report.h"
#include "shared/admin/hot_keys_report.h"
#include "shared/admin/node_report.h"
#include "shared/resp/reply_parser.h"
#include "shared/resp/writer.h"
#include "shared/ring/token_allocation.h"

#include <QtTest>

using namespace quoit;

namespace {

LoadFigures someFigures()
{
    LoadFigures figures;
    figures.readsPerSecond = 12'345;
    figures.writesPerSecond = 678;
    figures.p50Us = 90;
    figures.p99Us = 1'234;
    figures.p999Us = 9'999;
    figures.cacheHitsPerSecond = 11;
    figures.cacheMissesPerSecond = 12;
    figures.memoryBytes = 13;
    figures.cacheBytes = 14;
    figures.diskBytes = 15;
    figures.keys = 16;
    figures.tombstones = 17;
    figures.dataBytes = 18;
    figures.connections = 19;
    figures.waitingOperations = 20;
    figures.hints = 21;
    figures.homes = 22;
    figures.commitP99Us = 23;
    figures.cpuPermille = 24;
    figures.uptimeSeconds = 25;
    figures.commitP50Us = 26;
    figures.fsyncP50Us = 27;
    figures.fsyncP99Us = 28;
    figures.queuedBytes = 29;
    figures.expiredPerSecond = 30;
    figures.evictedPerSecond = 31;
    figures.cacheEvictionsPerSecond = 32;
    figures.busyPerSecond = 33;
    figures.errorsPerSecond = 34;
    figures.usedBytes = 51;
    figures.bytesMax = 52;
    figures.evictedKeys = 53;
    figures.refusedForRoom = 54;
    figures.evictionPolicy = "allkeys-lru";
    figures.storageFull = true;
    return figures;
}

NodeReport someNode(NodeId id)
{
    NodeReport node;
    node.id = id;
    node.name = "north-" + std::to_string(id);
    node.clientAddress = "127.0.0.1:7400";
    node.peerAddress = "127.0.0.1:17400";
    node.httpAddress = "127.0.0.1:9400";
    node.zone = "a";
    node.weight = 1.25;
    node.state = NodeState::Suspect;
    node.phi = 6.5;
    node.sinceMs = 42;
    node.incarnation = 7;
    node.figuresAgeMs = 100;
    node.version = "0.1.0";
    node.figures = someFigures();
    return node;
}

/// Over the wire and back, in either protocol.
RespValue throughWire(const RespValue& value, int protocol)
{
    std::string bytes;
    RespWriter(bytes, protocol).write(value);
    ReplyParser parser;
    parser.feed(bytes);
    return parser.next().value();
}

/// Changes the value beside a key, to break it.
RespValue with(RespValue map, const char* key, RespValue value)
{
    for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2)
        if (map.elements[i].text == key)
            map.elements[i + 1] = value;
    return map;
}

} // namespace

class TestAdminReports : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyStateHasANameThatReadsBack();
    void reportsSurviveBothProtocols_data();
    void reportsSurviveBothProtocols();
    void mapSurvivesBothProtocols();
    void changeReportsSurviveBothProtocols();
    void mapInAChangeSurvives();
    void missingAndUnknownNamesAreNoError();
    void wrongTypeIsNamed();
};

void TestAdminReports::everyStateHasANameThatReadsBack()
{
    for (const NodeState state :
         {NodeState::Unknown, NodeState::Up, NodeState::Suspect, NodeState::Down, NodeState::Waiting})
        QCOMPARE(nodeStateFromText(toText(state)), state);
    QCOMPARE(nodeStateFromText("resting"), NodeState::Unknown);
}

void TestAdminReports::reportsSurviveBothProtocols_data()
{
    QTest::addColumn<int>("protocol");
    QTest::newRow("resp2") << 2;
    QTest::newRow("resp3") << 3;
}

void TestAdminReports::reportsSurviveBothProtocols()
{
    QFETCH(int, protocol);

    const NodeReport node = someNode(3);
    const auto nodeBack = nodeReportFromResp(throughWire(toResp(node), protocol));
    QVERIFY(nodeBack.ok());
    QCOMPARE(nodeBack.value().figures, node.figures);
    QCOMPARE(toResp(nodeBack.value()), toResp(node));

    const std::vector<NodeReport> nodes = {someNode(1), someNode(2)};
    const auto nodesBack = nodeReportsFromResp(throughWire(toResp(nodes), protocol));
    QVERIFY(nodesBack.ok());
    QCOMPARE(toResp(nodesBack.value()), toResp(nodes));

    WatchReport watch;
    watch.timeMs = 1'700'000'000'123;
    watch.reporter = 2;
    watch.epoch = 9;
    watch.nodes = nodes;
    watch.partitions = {{1, 100}, {1023, 5}};
    watch.events = {{1'700'000'000'000, "node-down", 3, "north-3 is down"}};
    const auto watchBack = watchReportFromResp(throughWire(toResp(watch), protocol));
    QVERIFY(watchBack.ok());
    QCOMPARE(toResp(watchBack.value()), toResp(watch));
    QCOMPARE(watchBack.value().events.front().text, std::string("north-3 is down"));
    QCOMPARE(watchBack.value().partitions.back().partition, 1023u);

    LocateReport locate;
    locate.key = std::string("a\0b", 3);
    locate.position = 0xffff'ffff'ffff'fff0ULL; // doesn't fit a signed integer
    locate.slot = 16383;
    locate.partition = 1023;
    locate.home = 1;
    locate.replicas = {{1, true, true, false, "1.2.3.4", 100, 5}, {2, false, false, true, "", 0, 0}};
    const auto locateBack = locateReportFromResp(throughWire(toResp(locate), protocol));
    QVERIFY(locateBack.ok());
    QCOMPARE(locateBack.value().position, locate.position);
    QCOMPARE(toResp(locateBack.value()), toResp(locate));

    StatusReport status{1, "a", "0.1.0", "serving", "uuid", 2, 3, 4, 5, 1024, 6, 7, 8, "well"};
    status.strength = "one copy";
    const auto statusBack = statusReportFromResp(throughWire(toResp(status), protocol));
    QVERIFY(statusBack.ok());
    QCOMPARE(toResp(statusBack.value()), toResp(status));
    QCOMPARE(statusBack.value().strength, status.strength);

    const HotKeysReport hot{1'700'000'000'000, 3, 1000, 200, {{"a\r\n", 700, 12, 0, 3}, {"b", 0, 0, 90, 1}}};
    const auto hotRead = hotKeysReportFromResp(throughWire(toResp(hot), protocol));
    QVERIFY(hotRead.ok());
    QCOMPARE(hotRead.value().timeMs, hot.timeMs);
    QCOMPARE(hotRead.value().nodes, hot.nodes);
    QCOMPARE(hotRead.value().readsPerSecond, hot.readsPerSecond);
    QCOMPARE(hotRead.value().writesPerSecond, hot.writesPerSecond);
    QVERIFY(hotRead.value().keys == hot.keys);
    const auto broken = hotKeysReportFromResp(with(toResp(hot), "keys", RespValue::integer(1)));
    QVERIFY(!broken.ok() && broken.error().message.find("keys") != std::string::npos);

    const IdentityReport identity{"disk", 4, "uuid", "a", "h:1", "h:2", "h:3", "z", 2.0, 5, "waiting", "0.1.0"};
    const auto identityBack = identityReportFromResp(throughWire(toResp(identity), protocol));
    QVERIFY(identityBack.ok());
    QCOMPARE(toResp(identityBack.value()), toResp(identity));
}

void TestAdminReports::mapSurvivesBothProtocols()
{
    std::vector<NodeToPlace> places;
    ClusterMapParts parts;
    parts.clusterId = "c0ffee";
    for (NodeId id = 1; id <= 4; ++id)
        places.push_back({id, "", 1.0});
    const auto tokens = allocateTokens(places, parts.partitionCount, parts.replicaCount, parts.vnodesPerWeight);
    QVERIFY(tokens.ok());
    for (NodeId id = 1; id <= 4; ++id)
        parts.members.push_back(Member{id, "disk", "name", "h:1", "h:2", "", "", 1.0, tokens.value()[id - 1]});
    const auto map = ClusterMap::make(parts);
    QVERIFY(map.ok());
    for (const int protocol : {2, 3}) {
        const auto back = clusterMapFromResp(throughWire(toResp(*map.value()), protocol));
        QVERIFY(back.ok());
        QVERIFY(back.value()->parts() == map.value()->parts());
    }
    QCOMPARE(clusterMapFromResp(with(toResp(*map.value()), "partitions", RespValue::integer(3))).error().code,
             ErrorCode::Corrupt);
}

void TestAdminReports::changeReportsSurviveBothProtocols()
{
    PlanReport plan;
    plan.number = 1001;
    plan.text = "join n4";
    plan.epoch = 3;
    plan.partitionsMoved = 770;
    plan.movedShare = 0.25;
    plan.bytesMoved = 12345;
    plan.secondsEstimated = 5;
    plan.balanceBefore = 1.5;
    plan.balanceAfter = 1.25;
    plan.nodes = {{4, "n4", "joins", 0, 770, 770, 12345}, {1, "n1", "stays", 1024, 764, 0, 0}};
    plan.risks = {"one", "two"};
    plan.ringAfter = std::string("QMAP\0", 5);
    ChangesReport changes;
    changes.state = "copying";
    changes.number = 2;
    changes.text = "leave n2";
    changes.epoch = 4;
    changes.partitionsToCopy = 10;
    changes.partitionsCopied = 5;
    changes.bytesCopied = 99;
    changes.copyMegabytesPerSecond = 7;
    changes.nodes = {{3, 10, 5, 99}};
    changes.queue = {{8, "weight of n1: 2"}};
    changes.ended = {{1, "aborted", "leave n3", 3, 1'700'000'000'000, 12}};
    for (const int protocol : {2, 3}) {
        const auto planBack = planReportFromResp(throughWire(toResp(plan), protocol));
        QVERIFY(planBack.ok());
        QCOMPARE(toResp(planBack.value()), toResp(plan));
        QCOMPARE(planBack.value().risks, plan.risks);
        QCOMPARE(planBack.value().nodes.size(), std::size_t(2));
        const auto changesBack = changesReportFromResp(throughWire(toResp(changes), protocol));
        QVERIFY(changesBack.ok());
        QCOMPARE(toResp(changesBack.value()), toResp(changes));
        QCOMPARE(changesBack.value().queue.size(), std::size_t(1));
        QCOMPARE(changesBack.value().ended.size(), std::size_t(1));
    }
    QVERIFY(!planReportFromResp(with(toResp(plan), "nodes", RespValue::integer(1))).ok());
    QVERIFY(!changesReportFromResp(RespValue::integer(1)).ok());
}

void TestAdminReports::mapInAChangeSurvives()
{
    ClusterMapParts parts;
    parts.clusterId = "c0ffee";
    parts.partitionCount = 16;
    parts.members = {Member{1, "d1", "n1", "h:1", "h:2", "", "", 1.0, {0}}, Member{2, "d2", "n2", "h:3", "h:4", "", "", 1.0, {8}}};
    RingChange& change = parts.change.emplace();
    change.wanted = {2, {ChangeStep{ChangeStep::Kind::Leave, 2, {}, 1.0, {}, 0}}};
    change.members = {parts.members[0]};
    const auto map = ClusterMap::make(parts);
    QVERIFY(map.ok());
    const auto back = clusterMapFromResp(throughWire(toResp(*map.value()), 3));
    QVERIFY(back.ok());
    QVERIFY(back.value()->parts() == map.value()->parts());
}

void TestAdminReports::missingAndUnknownNamesAreNoError()
{
    const RespValue value = RespValue::map({RespValue::bulk("id"), RespValue::integer(5),
                                            RespValue::bulk("invented-later"), RespValue::array({RespValue::null()})});
    const auto node = nodeReportFromResp(value);
    QVERIFY(node.ok());
    QCOMPARE(node.value().id, 5u);
    QCOMPARE(node.value().weight, 1.0);
    QCOMPARE(node.value().state, NodeState::Unknown);
}

void TestAdminReports::wrongTypeIsNamed()
{
    const auto offender = [](const auto& result) { return QString::fromStdString(result.error().message); };
    const auto badId = nodeReportFromResp(with(toResp(someNode(1)), "id", RespValue::bulk("one")));
    QVERIFY(!badId.ok());
    QCOMPARE(badId.error().code, ErrorCode::Corrupt);
    QVERIFY(offender(badId).contains("'id'"));
    QVERIFY(!nodeReportFromResp(with(toResp(someNode(1)), "figures", RespValue::integer(1))).ok());
    QVERIFY(!nodeReportFromResp(with(toResp(someNode(1)), "since-ms", RespValue::integer(-1))).ok());
    QVERIFY(!nodeReportFromResp(RespValue::bulk("node")).ok());
    QVERIFY(!nodeReportsFromResp(RespValue::integer(1)).ok());
    QVERIFY(
        !watchReportFromResp(with(toResp(WatchReport{}), "partitions", RespValue::array({RespValue::null()}))).ok());
    QVERIFY(!locateReportFromResp(with(toResp(LocateReport{}), "position", RespValue::bulk("-1"))).ok());
}

QTEST_APPLESS_MAIN(TestAdminReports)
#include "test_admin_reports.moc"
