// tests/unit/server/test_server_changes.cpp - what QUOIT.CHANGES tells of a change in progress.
#include "node/server/change_book.h"
#include "shared/ring/token_allocation.h"

#include <QTest>

#include <algorithm>
#include <chrono>

using namespace quoit;

namespace {

/// Three nodes, and a fourth that joins.
ClusterMapPtr jointMap()
{
    std::vector<NodeToPlace> places;
    for (NodeId id = 1; id <= 3; ++id)
        places.push_back({id, "", 1.0});
    ClusterMapParts parts;
    parts.clusterId = "5f8ab9f2-6c1f-4a35-bb4e-6d7f1c0b2a11";
    parts.revision = 8;
    const auto tokens = allocateTokens(places, parts.partitionCount, parts.replicaCount, parts.vnodesPerWeight).value();
    for (NodeId id = 1; id <= 3; ++id) {
        const std::string text = std::to_string(id);
        parts.members.push_back(
            {id, "disk-" + text, "n" + text, "h:" + text, "p:" + text, "", "", 1.0, tokens[id - 1]});
    }
    const ClusterMapPtr map = ClusterMap::make(std::move(parts)).value();
    ChangeStep join;
    join.member = {noNode, "disk-4", "n4", "h:4", "p:4", "", "", 1.0, {}};
    return beginChange(*map, planChange(*map, {9, {join}}).value()).value();
}

/// Three members, no change.
ClusterMapPtr mapBefore()
{
    return finishChange(*abortChange(*jointMap()).value()).value();
}

std::uint64_t copiesOf(const ClusterMap& map, NodeId id)
{
    std::uint64_t count = 0;
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition)
        for (const NodeId node : newReplicas(map, partition))
            count += node == id;
    return count;
}

NodeReport reportOf(NodeId id, std::uint64_t toCopy, std::uint64_t copied, std::uint64_t bytes, std::uint64_t revision)
{
    NodeReport report;
    report.id = id;
    report.figures.partitionsToCopy = toCopy;
    report.figures.partitionsCopied = copied;
    report.figures.copiedBytes = bytes;
    report.figures.mapRevision = revision;
    return report;
}

} // namespace

class TestServerChanges : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void figuresOfAnEarlierChangeDontCount()
    {
        const ClusterMapPtr map = jointMap();
        const std::uint64_t expected = copiesOf(*map, 4);
        QVERIFY(expected > 0);
        // Node 2 copied for a change before this one, and hasn't told anything since.
        const ChangesReport report =
            ChangeBook::changes(*map, {reportOf(2, 500, 500, 70'000, 8), reportOf(4, expected, 0, 9000, 8)});
        QCOMPARE(report.partitionsToCopy, expected);
        QCOMPARE(report.partitionsCopied, std::uint64_t(0));
        QCOMPARE(report.bytesCopied, std::uint64_t(0));
        QCOMPARE(report.nodes.size(), std::size_t(1));
        QCOMPARE(report.nodes[0].node, NodeId(4));
    }

    void nodeThatTellsNothingStillHasToCopy()
    {
        const ClusterMapPtr map = jointMap();
        const ChangesReport report = ChangeBook::changes(*map, {});
        QCOMPARE(report.state, std::string("copying"));
        QCOMPARE(report.partitionsToCopy, copiesOf(*map, 4));
        QCOMPARE(report.nodes.size(), std::size_t(1));
    }

    void figuresOfThisChangeCount()
    {
        const ClusterMapPtr map = jointMap();
        const std::uint64_t expected = copiesOf(*map, 4);
        const ChangesReport report = ChangeBook::changes(*map, {reportOf(4, expected, 17, 9000, map->revision())});
        QCOMPARE(report.partitionsToCopy, expected);
        QCOMPARE(report.partitionsCopied, std::uint64_t(17));
        QCOMPARE(report.bytesCopied, std::uint64_t(9000));
    }

    void planBehindAChangeIsAboutTheRingThatItLeaves()
    {
        const ClusterMapPtr joint = jointMap();
        ChangeBook book;
        const Result<ChangeBook::Wanted> wanted = ChangeBook::parse(*joint, {"LEAVE", "n4"});
        QVERIFY(wanted.ok());
        const Result<PlanReport> plan = book.plan(*joint, wanted.value(), {});
        QVERIFY(plan.ok());
        QVERIFY(plan.value().partitionsMoved > 0);
        QCOMPARE(plan.value().risks, std::vector<std::string>{"it waits until the change before it is done: join n4 (h:4)"});
        const Result<ChangeBook::Builder> builder = book.apply(*joint, plan.value().number);
        QVERIFY(builder.ok());
        const Result<ClusterMapPtr> next = builder.value()(*joint);
        QVERIFY(next.ok());
        QCOMPARE(next.value()->parts().queue.size(), std::size_t(1));
        // The change before it was aborted: the plan is about a ring that won't be.
        for (const ClusterMapPtr& aborted : {abortChange(*joint).value(), finishChange(*abortChange(*joint).value()).value()}) {
            QVERIFY(!builder.value()(*aborted).ok());
            QVERIFY(!book.apply(*aborted, plan.value().number).ok());
        }
    }

    void planBehindAChangeThatIsTakenBackSaysSo()
    {
        const ClusterMapPtr aborting = abortChange(*jointMap()).value();
        ChangeBook book;
        const Result<PlanReport> plan = book.plan(*aborting, ChangeBook::parse(*aborting, {"ZONE", "1", "east"}).value(), {});
        QVERIFY(plan.ok());
        QCOMPARE(plan.value().risks, std::vector<std::string>{"it waits until the change before it is taken back: join n4 (h:4)"});
    }

    /// What waits doesn't change the epoch, so that can't tell it.
    void planIsAppliedOnce()
    {
        const ClusterMapPtr joint = jointMap();
        ChangeBook book;
        const auto plan = book.plan(*joint, ChangeBook::parse(*joint, {"WEIGHT", "n2", "2"}).value(), {});
        QVERIFY(plan.ok());
        const Result<ChangeBook::Builder> builder = book.apply(*joint, plan.value().number);
        QVERIFY(builder.ok());
        const ClusterMapPtr waiting = builder.value()(*joint).value();
        const Result<ChangeBook::Builder> again = book.apply(*waiting, plan.value().number);
        QVERIFY(!again.ok());
        QVERIFY2(again.error().message.find("applied already") != std::string::npos, again.error().message.c_str());
    }

    void estimateFollowsMeasuredRateAndLimit()
    {
        constexpr std::uint64_t mega = 1'000'000;
        std::vector<NodeReport> nodes;
        for (NodeId id = 1; id <= 3; ++id) {
            nodes.push_back(reportOf(id, 0, 0, 0, 1));
            nodes.back().state = NodeState::Up;
            nodes.back().figures.dataBytes = 1000 * mega;
        }
        ChangeBook book;
        const auto secondsFor = [&](const ClusterMap& map) {
            const auto wanted = ChangeBook::parse(map, {"JOIN", "disk-4", "n4", "h:4", "p:4", "", "", "1"});
            return book.plan(map, wanted.value(), nodes).value().secondsEstimated;
        };
        const ClusterMapPtr before = mapBefore();
        const std::uint64_t guessed = secondsFor(*before);
        // The newcomer of an earlier change copied 40 MB/s.
        const ClusterMapPtr joint = jointMap();
        std::vector<NodeReport> during = nodes;
        during.push_back(reportOf(4, 500, 1, 0, joint->revision()));
        during.back().state = NodeState::Up;
        book.measure(TimePoint(std::chrono::seconds(100)), *joint, during);
        during.back().figures.copiedBytes = 400 * mega;
        book.measure(TimePoint(std::chrono::seconds(110)), *joint, during);
        const std::uint64_t measured = secondsFor(*before);
        QVERIFY(measured < guessed);
        ClusterMapParts parts = before->parts();
        ++parts.revision;
        parts.copyMegabytesPerSecond = 1;
        const std::uint64_t limited = secondsFor(*ClusterMap::make(std::move(parts)).value());
        QVERIFY2(limited > 600 && limited < 900, std::to_string(limited).c_str()); // about 750 MB
        // What happens in a pause is no measure.
        const ClusterMapPtr paused = ChangeBook::withPause(*joint, true);
        book.measure(TimePoint(std::chrono::seconds(500)), *paused, during);
        book.measure(TimePoint(std::chrono::seconds(900)), *joint, during);
        book.measure(TimePoint(std::chrono::seconds(901)), *joint, during);
        QCOMPARE(secondsFor(*before), measured);
    }

    void endedChangesAreReported()
    {
        const ClusterMapPtr aborting = abortChange(*jointMap()).value();
        QCOMPARE(ChangeBook::changes(*aborting, {}).state, std::string("aborting"));
        const ClusterMapPtr aborted = finishChange(*aborting, 1234).value();
        const ChangesReport report = ChangeBook::changes(*aborted, {});
        QCOMPARE(report.state, std::string("none"));
        QCOMPARE(report.ended.size(), std::size_t(1));
        QCOMPARE(report.ended[0].outcome, std::string("aborted"));
        QCOMPARE(report.ended[0].endedMs, std::uint64_t(1234));
        QCOMPARE(report.ended[0].partitionsToCopy, copiesOf(*jointMap(), 4));
        QVERIFY(report.ended[0].text.starts_with("join n4"));
    }

    void nodeLeavesOnce()
    {
        const ClusterMapPtr before = mapBefore();
        ChangeStep leave;
        leave.kind = ChangeStep::Kind::Leave;
        leave.node = 3;
        ChangeStep replicas;
        replicas.kind = ChangeStep::Kind::Replicas;
        replicas.replicas = 2;
        const ClusterMapPtr leaving = beginChange(*before, planChange(*before, {7, {leave, replicas}}).value()).value();
        const Result<ChangeBook::Wanted> again = ChangeBook::parse(*leaving, {"LEAVE", "n3"});
        QVERIFY(!again.ok());
        QVERIFY2(again.error().message.starts_with("n3 leaves already"), again.error().message.c_str());
        QVERIFY(ChangeBook::parse(*finishChange(*leaving).value(), {"LEAVE", "n3"}).error().message.starts_with("no member is called 'n3'"));
    }

    void nodeLeavesOnceInOnePlanToo()
    {
        const ClusterMapPtr map = mapBefore();
        const Result<ChangeBook::Wanted> twice = ChangeBook::parse(*map, {"LEAVE", "n3", "REMOVE", "3", "UNDER-STRENGTH"});
        QVERIFY(!twice.ok());
        QCOMPARE(twice.error().message, std::string("a node can leave only once: leave n3, and remove n3; keep one of the two"));
    }

    void nodesOfOneNameAreToldApartByNumber()
    {
        const ClusterMapPtr before = mapBefore();
        ClusterMapParts parts = before->parts();
        ++parts.revision;
        parts.members[1].name = "n1";
        parts.members[2].name = "1";
        const ClusterMapPtr map = ClusterMap::make(std::move(parts)).value();
        const Result<ChangeBook::Wanted> wanted = ChangeBook::parse(*map, {"LEAVE", "n1"});
        QVERIFY(!wanted.ok());
        QCOMPARE(wanted.error().message, std::string("'n1' is the name of nodes 1 and 2; give the number of the one that is meant"));
        QCOMPARE(ChangeBook::parse(*map, {"LEAVE", "2"}).value().steps[0].node, NodeId(2));
        QCOMPARE(ChangeBook::parse(*map, {"LEAVE", "1"}).value().steps[0].node, NodeId(1)); // a number is a number first
        QCOMPARE(ChangeBook::parse(*map, {"LEAVE", "3"}).value().steps[0].node, NodeId(3));
    }

    void risksNameTheNodeAndSayWhatToDo()
    {
        const ClusterMapPtr map = finishChange(*jointMap()).value();
        std::vector<NodeReport> nodes;
        for (NodeId id = 1; id <= 4; ++id) {
            nodes.push_back(reportOf(id, 0, 0, 0, 1));
            nodes.back().state = NodeState::Up;
        }
        const auto risksOf = [&](const std::vector<std::string_view>& words) {
            ChangeBook book;
            const Result<PlanReport> plan = book.plan(*map, ChangeBook::parse(*map, words).value(), nodes);
            return plan ? plan.value().risks : std::vector<std::string>{plan.error().message};
        };
        QCOMPARE(risksOf({"REMOVE", "2"}), std::vector<std::string>{"n2 is up: let it leave instead, and it hands over what it holds"});
        const std::vector<std::string_view> replaced = {"REPLACE", "2", "disk-5", "n5", "h:5", "p:5", "", "", "1"};
        QCOMPARE(risksOf(replaced), std::vector<std::string>{"n2 is up: it goes when the other one has taken its place"});
        nodes[1].state = NodeState::Down;
        QCOMPARE(risksOf(replaced), std::vector<std::string>{});
        QCOMPARE(risksOf({"LEAVE", "2"}), std::vector<std::string>{"n2 is down and can't hand over what it holds: remove it instead"});
        const std::vector<std::string_view> heavier = {"WEIGHT", "2", "3"};
        const std::vector<std::string> waits = risksOf(heavier);
        QCOMPARE(waits.size(), std::size_t(1));
        QVERIFY2(waits.front().starts_with("n2 is down: what it has to copy ("), waits.front().c_str());
        QVERIFY2(waits.front().ends_with(" partitions) waits until it is back; start it, or replace it"), waits.front().c_str());
        nodes[1].state = NodeState::Suspect;
        QVERIFY(risksOf(heavier).front().starts_with("n2 is suspect: "));
    }

    void nodeThatCopiesNothingIsWaitedForByNobody()
    {
        const ClusterMapPtr map = mapBefore();
        NodeReport down = reportOf(2, 0, 0, 0, 1);
        down.state = NodeState::Down;
        ChangeBook book;
        const auto wanted = ChangeBook::parse(*map, {"ZONE", "1", "east"});
        QVERIFY(wanted.ok());
        const Result<PlanReport> plan = book.plan(*map, wanted.value(), {down});
        QVERIFY(plan.ok());
        QCOMPARE(plan.value().partitionsMoved, std::uint64_t(0));
        QCOMPARE(plan.value().risks, std::vector<std::string>{});
    }

    void nodeWhoseDiskIsTooSmallCannotJoin()
    {
        const ClusterMapPtr map = mapBefore();
        std::vector<NodeReport> nodes;
        for (NodeId id = 1; id <= 3; ++id) {
            nodes.push_back(reportOf(id, 0, 0, 0, 1));
            nodes.back().state = NodeState::Up;
            nodes.back().figures.dataBytes = std::uint64_t(100) << 20;
        }
        const auto risksWith = [&](std::string_view freeBytes) {
            ChangeBook book;
            const auto wanted = ChangeBook::parse(*map, {"JOIN", "disk-4", "n4", "h:4", "p:4", "", "", "1", "FREE", freeBytes});
            if (!wanted)
                return std::vector<std::string>{wanted.error().message};
            const Result<PlanReport> plan = book.plan(*map, wanted.value(), nodes);
            return plan ? plan.value().risks : std::vector<std::string>{plan.error().message};
        };
        QCOMPARE(risksWith("1000000000000"), std::vector<std::string>{});
        const std::vector<std::string> risks = risksWith("10000000");
        QCOMPARE(risks.size(), std::size_t(1));
        QVERIFY2(risks.front().starts_with("n4 has 9 MB free on its disk and may need "), risks.front().c_str());
        QVERIFY(risks.front().ends_with("--weight"));
        QVERIFY(risksWith("much").front().find("is no number") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestServerChanges)
#include "test_server_changes.moc"
