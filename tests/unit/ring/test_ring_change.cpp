#include "shared/ring/change_plan.h"

#include "shared/base/random.h"
#include "shared/ring/token_allocation.h"

#include <QtTest>

#include <algorithm>
#include <map>

using namespace quoit;
using Kind = ChangeStep::Kind;

class TestRingChange : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void joinMovesOnlyWhatTheNewNodeReceives();
    void replacementTakesOverExactlyWhatTheOldNodeHeld();
    void leaveMovesLittleMoreThanTheLeaverHeld();
    void balanceStaysThroughManyChanges();
    void planIsTheSameEverywhere();
    void duringAChangeBothSetsAreThere();
    void abortLeavesEverythingAsBeforeButTheNumbers();
    void whoCameInByAnAbortedChangeStaysForAWhile();
    void textsTellTheWeight();
    void idsAreNeverGivenOutTwice();
    void endedChangesAreKeptInTheMap();
    void onlyTheLastEndedChangesAreKept();
    void smallerSetsNeedSettling();
    void whatWaitsComesBeforeWhatIsPlanned();
    void stepsThatCannotBeTakenAreRefused_data();
    void stepsThatCannotBeTakenAreRefused();
};

namespace {

Member newcomer(const std::string& name)
{
    Member member;
    member.name = name;
    member.diskId = "disk-" + name;
    member.clientAddress = name + ":7400";
    member.peerAddress = name + ":17400";
    return member;
}

ChangeStep joinOf(const std::string& name)
{
    ChangeStep step;
    step.member = newcomer(name);
    return step;
}

ChangeStep stepOn(Kind kind, NodeId node)
{
    ChangeStep step;
    step.kind = kind;
    step.node = node;
    return step;
}

ClusterMapPtr ringOf(int nodes, std::uint32_t partitionCount = 1024)
{
    ClusterMapParts parts;
    parts.clusterId = "test";
    parts.partitionCount = partitionCount;
    std::vector<NodeToPlace> places;
    for (int i = 1; i <= nodes; ++i)
        places.push_back({static_cast<NodeId>(i), {}, 1.0});
    const auto tokens = allocateTokens(places, partitionCount, parts.replicaCount, parts.vnodesPerWeight).value();
    for (int i = 1; i <= nodes; ++i) {
        Member member = newcomer("n" + std::to_string(i));
        member.id = static_cast<NodeId>(i);
        member.tokens = tokens[static_cast<std::size_t>(i - 1)];
        parts.members.push_back(std::move(member));
    }
    return ClusterMap::make(std::move(parts)).value();
}

ClusterMapPtr during(const ClusterMap& map, std::vector<ChangeStep> steps)
{
    Result<RingChange> change = planChange(map, {map.revision() + 1, std::move(steps)});
    return change ? beginChange(map, std::move(change).value()).value() : nullptr;
}

/// When the clients of who came in by it are gone.
ClusterMapPtr aborted(const ClusterMap& joint)
{
    return finishChange(*abortChange(joint).value()).value();
}

ClusterMapPtr after(const ClusterMap& map, std::vector<ChangeStep> steps)
{
    const ClusterMapPtr joint = during(map, std::move(steps));
    return joint ? finishChange(*joint).value() : nullptr;
}

} // namespace

void TestRingChange::joinMovesOnlyWhatTheNewNodeReceives()
{
    const ClusterMapPtr before = ringOf(6);
    const ClusterMapPtr now = after(*before, {joinOf("new")});
    QVERIFY(now);
    QCOMPARE(now->members().back().id, NodeId(7));
    for (PartitionIndex partition = 0; partition < now->partitionCount(); ++partition)
        for (const NodeId node : now->replicas(partition))
            QVERIFY(node == 7 || before->isReplica(partition, node));
    const double ideal = 1.0 / 7;
    QVERIFY2(std::abs(movedShare(*before, *now) / ideal - 1) < 0.05, qPrintable(QString::number(movedShare(*before, *now) / ideal)));
}

void TestRingChange::replacementTakesOverExactlyWhatTheOldNodeHeld()
{
    const ClusterMapPtr before = ringOf(5);
    ChangeStep step = stepOn(Kind::Replace, 3);
    step.member = newcomer("n3"); // name and address of the old one may be used again
    step.member.diskId = "another disk";
    const ClusterMapPtr now = after(*before, {step});
    QVERIFY(now);
    QVERIFY(!now->member(3));
    for (PartitionIndex partition = 0; partition < now->partitionCount(); ++partition) {
        QCOMPARE(now->isReplica(partition, 6), before->isReplica(partition, 3));
        for (const NodeId node : before->replicas(partition))
            QVERIFY(node == 3 || now->isReplica(partition, node));
    }
}

void TestRingChange::leaveMovesLittleMoreThanTheLeaverHeld()
{
    const ClusterMapPtr before = ringOf(8);
    const ClusterMapPtr now = after(*before, {stepOn(Kind::Leave, 4)});
    QVERIFY(now);
    QVERIFY(!now->member(4));
    QVERIFY2(movedShare(*before, *now) < 1.5 / 8, qPrintable(QString::number(movedShare(*before, *now))));
    QVERIFY2(balanceOf(*now).maxOverFair <= 1.10, qPrintable(QString::number(balanceOf(*now).maxOverFair)));
}

void TestRingChange::balanceStaysThroughManyChanges()
{
    Random random(7);
    ClusterMapPtr map = ringOf(6);
    double worst = 0;
    for (int change = 0; change < 50; ++change) {
        const std::vector<Member>& members = map->members();
        ChangeStep step = joinOf("j" + std::to_string(change));
        const std::uint64_t drawn = random.below(3);
        if ((drawn == 0 && members.size() > 4) || members.size() >= 14) {
            step = stepOn(Kind::Leave, members[random.below(members.size())].id);
        } else if (drawn == 1) {
            step = stepOn(Kind::Weight, members[random.below(members.size())].id);
            step.weight = 0.5 + random.unit();
        }
        const ClusterMapPtr next = after(*map, {step});
        QVERIFY(next);
        map = next;
        worst = std::max(worst, balanceOf(*map).maxOverFair);
    }
    QVERIFY2(worst <= 1.10, qPrintable(QString::number(worst)));
}

void TestRingChange::planIsTheSameEverywhere()
{
    const ClusterMapPtr map = ringOf(5);
    const std::vector<ChangeStep> steps{joinOf("a"), stepOn(Kind::Leave, 2), joinOf("b")};
    QCOMPARE(during(*map, steps)->encode(), during(*ringOf(5), steps)->encode());
}

void TestRingChange::duringAChangeBothSetsAreThere()
{
    const ClusterMapPtr before = ringOf(5);
    const ClusterMapPtr joint = during(*before, {joinOf("new"), stepOn(Kind::Leave, 1)});
    QVERIFY(joint->isChanging());
    QCOMPARE(joint->epoch(), Epoch(2));
    QCOMPARE(joint->members().size(), std::size_t(6));
    const ClusterMapPtr done = finishChange(*joint).value();
    for (PartitionIndex partition = 0; partition < joint->partitionCount(); ++partition) {
        QVERIFY(std::ranges::equal(joint->before(partition), before->replicas(partition)));
        QVERIFY(std::ranges::equal(joint->after(partition), done->replicas(partition)));
        const bool same = std::ranges::is_permutation(joint->before(partition), joint->after(partition));
        QCOMPARE(joint->isMoving(partition), !same);
        for (const NodeId node : joint->replicas(partition))
            QVERIFY(before->isReplica(partition, node) || done->isReplica(partition, node));
        const std::vector<NodeId> newcomers = newReplicas(*joint, partition);
        QCOMPARE(newcomers.size() + 3, joint->replicas(partition).size());
        QVERIFY(!needsSettling(*joint, partition));
    }
}

void TestRingChange::abortLeavesEverythingAsBeforeButTheNumbers()
{
    const ClusterMapPtr before = ringOf(4);
    const ClusterMapPtr joint = during(*before, {stepOn(Kind::Leave, 2)});
    const ClusterMapPtr aborted = abortChange(*joint).value();
    QCOMPARE(aborted->epoch(), Epoch(3));
    QVERIFY(!aborted->isChanging());
    QVERIFY(aborted->members() == before->members());
    QVERIFY(!abortChange(*aborted).ok());
}

void TestRingChange::textsTellTheWeight()
{
    const ClusterMapPtr map = ringOf(4);
    for (const auto& [weight, text] : {std::pair(0.01, "0.01"), {0.5, "0.5"}, {1.0, "1"}, {10.0, "10"}, {100.0, "100"}, {20.25, "20.25"}}) {
        ChangeStep step = stepOn(Kind::Weight, 1);
        step.weight = weight;
        QVERIFY2(toText(*map, {step}).ends_with(std::string(": ") + text), toText(*map, {step}).c_str());
    }
}

/// Its clients must not notice: it is a member, of no replica set, until they are gone.
void TestRingChange::whoCameInByAnAbortedChangeStaysForAWhile()
{
    const ClusterMapPtr before = ringOf(4);
    ClusterMapParts paused = during(*before, {joinOf("new"), stepOn(Kind::Leave, 2)})->parts();
    paused.change->paused = true;
    const ClusterMapPtr joint = ClusterMap::make(std::move(paused)).value();
    const ClusterMapPtr aborting = abortChange(*joint, 1000).value();
    QCOMPARE(aborting->epoch(), joint->epoch() + 1);
    QVERIFY(aborting->isChanging() && aborting->isAborting() && !aborting->parts().change->paused);
    QCOMPARE(aborting->members().size(), std::size_t(5));
    QVERIFY(isLeaving(*aborting, 5) && !isLeaving(*joint, 5));
    QVERIFY(!isLeaving(*aborting, 2) && isLeaving(*joint, 2));
    QVERIFY(aborting->membersAfter() == before->members());
    for (PartitionIndex partition = 0; partition < aborting->partitionCount(); ++partition) {
        QVERIFY(!aborting->isMoving(partition) && newReplicas(*aborting, partition).empty());
        for (const auto set : {aborting->replicas(partition), aborting->before(partition), aborting->after(partition)})
            QVERIFY(std::ranges::equal(set, before->replicas(partition)));
    }
    QVERIFY(!abortChange(*aborting).ok());
    QVERIFY(aborting->parts().ended.empty());
    const ClusterMapPtr aborted = finishChange(*aborting, 2000).value();
    QVERIFY(!aborted->isChanging() && aborted->members() == before->members() && aborted->lastNodeId() == 5);
    QCOMPARE(aborted->parts().ended.size(), std::size_t(1));
    const EndedChange& ended = aborted->parts().ended[0];
    QVERIFY(ended.outcome == EndedChange::Outcome::Aborted && ended.endedMs == 2000 && ended.epoch == aborted->epoch());
    QCOMPARE(ended.partitions, finishChange(*joint).value()->parts().ended[0].partitions);
}

void TestRingChange::idsAreNeverGivenOutTwice()
{
    ClusterMapPtr map = ringOf(4);
    map = after(*map, {joinOf("a")});
    map = after(*map, {stepOn(Kind::Leave, 5)});
    map = aborted(*during(*map, {joinOf("b")}));
    map = after(*map, {joinOf("c")});
    QCOMPARE(map->members().back().id, NodeId(7));
}

void TestRingChange::endedChangesAreKeptInTheMap()
{
    using Outcome = EndedChange::Outcome;
    const ClusterMapPtr first = ringOf(3);
    const ClusterMapPtr joint = during(*first, {joinOf("four")});
    ClusterMapParts parts = joint->parts();
    parts.queue.push_back({30, {stepOn(Kind::Leave, 9)}}); // isn't possible
    parts.queue.push_back({40, {joinOf("five")}});
    const ClusterMapPtr waiting = ClusterMap::make(std::move(parts)).value();
    QVERIFY(!abortWaiting(*waiting, 41).ok());
    const ClusterMapPtr without = abortWaiting(*waiting, 40, 1000).value();
    QCOMPARE(without->epoch(), waiting->epoch());
    const ClusterMapPtr done = finishChange(*without, 2000).value();
    const ClusterMapPtr next = beginNext(*done, 3000).value();
    QVERIFY(!next->isChanging() && next->parts().queue.empty());
    const ClusterMapPtr aborted = abortChange(*during(*next, {stepOn(Kind::Leave, 4)}), 4000).value();
    const std::vector<EndedChange>& ended = aborted->parts().ended;
    QCOMPARE(ended.size(), std::size_t(4));
    const auto isLike = [&](std::size_t i, std::uint64_t number, Outcome outcome, Epoch epoch, std::int64_t ms, const std::string& text) {
        return ended[i].number == number && ended[i].outcome == outcome && ended[i].epoch == epoch && ended[i].endedMs == ms &&
               ended[i].text.starts_with(text);
    };
    QVERIFY(isLike(0, 40, Outcome::Aborted, 2, 1000, "join five"));
    QVERIFY(isLike(1, joint->parts().change->wanted.number, Outcome::Done, 3, 2000, "join four"));
    QVERIFY(isLike(2, 30, Outcome::Impossible, 3, 3000, "leave node 9: node 9 is no member of the ring"));
    QVERIFY(isLike(3, aborted->revision() - 1, Outcome::Aborted, 5, 4000, "leave four"));
    QCOMPARE(ended[0].partitions, std::uint64_t(0));
    QVERIFY(ended[1].partitions > 0 && ended[3].partitions > 0);
}

void TestRingChange::onlyTheLastEndedChangesAreKept()
{
    ClusterMapPtr map = ringOf(3);
    const std::string longName(1000, 'x');
    for (int i = 0; i < 20; ++i)
        map = aborted(*during(*map, {joinOf(i == 19 ? longName : "n" + std::to_string(100 + i))}));
    const std::vector<EndedChange>& ended = map->parts().ended;
    QCOMPARE(ended.size(), EndedChange::keptMax);
    QVERIFY(ended.front().text.starts_with("join n104 "));
    QCOMPARE(ended.back().text.size(), EndedChange::textBytesMax);
    QVERIFY(std::ranges::is_sorted(ended, {}, &EndedChange::epoch));
}

void TestRingChange::smallerSetsNeedSettling()
{
    ChangeStep step = stepOn(Kind::Replicas, noNode);
    step.replicas = 2;
    const ClusterMapPtr joint = during(*ringOf(4), {step});
    for (PartitionIndex partition = 0; partition < joint->partitionCount(); ++partition)
        QVERIFY(needsSettling(*joint, partition));
    step.replicas = 4;
    const ClusterMapPtr larger = during(*ringOf(4), {step});
    for (PartitionIndex partition = 0; partition < larger->partitionCount(); ++partition)
        QVERIFY(!needsSettling(*larger, partition) && newReplicas(*larger, partition).size() == 1);
}

void TestRingChange::whatWaitsComesBeforeWhatIsPlanned()
{
    const ClusterMapPtr map = ringOf(3);
    const ClusterMapPtr joint = beginChange(*map, planChange(*map, {2, {joinOf("four")}}).value()).value();
    ClusterMapParts parts = joint->parts();
    parts.queue.push_back({3, {stepOn(Kind::Leave, 9)}}); // isn't possible: it goes
    parts.queue.push_back({4, {stepOn(Kind::Leave, 1), joinOf("five")}});
    const ClusterMapPtr waiting = ClusterMap::make(std::move(parts)).value();
    QVERIFY(!beginNext(*waiting).ok()); // one at a time
    const ClusterMapPtr future = futureOf(*waiting).value();
    QVERIFY(!future->isChanging());
    QVERIFY(future->parts().queue.empty());
    std::vector<std::string> names;
    for (const Member& member : future->members())
        names.push_back(member.name);
    QCOMPARE(names, (std::vector<std::string>{"n2", "n3", "four", "five"}));
    QVERIFY(futureOf(*map).value()->members() == map->members());
    QCOMPARE(zoneCount(map->members()), std::size_t(3)); // none is one of its own
    std::vector<Member> zoned = map->members();
    zoned[0].zone = zoned[1].zone = "west";
    QCOMPARE(zoneCount(zoned), std::size_t(2));
}

void TestRingChange::stepsThatCannotBeTakenAreRefused_data()
{
    QTest::addColumn<QString>("steps");
    for (const char* name : {"no step", "stranger leaves", "twice", "name taken", "disk taken", "address taken", "all leave",
                             "weight 0", "no replica", "nothing changes"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestRingChange::stepsThatCannotBeTakenAreRefused()
{
    QFETCH(QString, steps);
    const ClusterMapPtr map = ringOf(3);
    ChangeStep sameName = joinOf("new");
    sameName.member.name = "n1";
    ChangeStep sameDisk = joinOf("new");
    sameDisk.member.diskId = "disk-n2";
    ChangeStep sameAddress = joinOf("new");
    sameAddress.member.peerAddress = "n3:17400";
    ChangeStep noWeight = stepOn(Kind::Weight, 1);
    noWeight.weight = 0;
    ChangeStep sameWeight = stepOn(Kind::Weight, 1);
    const ChangeStep leave1 = stepOn(Kind::Leave, 1);
    const std::map<QString, std::vector<ChangeStep>> wanted{
        {"no step", {}},
        {"stranger leaves", {stepOn(Kind::Leave, 9)}},
        {"twice", {leave1, leave1}},
        {"name taken", {sameName}},
        {"disk taken", {sameDisk}},
        {"address taken", {sameAddress}},
        {"all leave", {leave1, stepOn(Kind::Leave, 2), stepOn(Kind::Leave, 3)}},
        {"weight 0", {noWeight}},
        {"no replica", {stepOn(Kind::Replicas, noNode)}},
        {"nothing changes", {sameWeight}},
    };
    const Result<RingChange> change = planChange(*map, {2, wanted.at(steps)});
    QVERIFY(!change.ok());
    QVERIFY(!change.error().message.empty());
}

QTEST_APPLESS_MAIN(TestRingChange)
#include "test_ring_change.moc"
