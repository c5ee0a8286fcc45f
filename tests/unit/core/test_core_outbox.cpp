// Nothing leaves a node before what it speaks of is durable.
#include "node/core/outbox.h"

#include <QtTest>

using namespace quoit;

namespace {

constexpr NodeId self = 1;
constexpr NodeId peer = 2;
constexpr Epoch epoch = 7;

WriteReply reply(Tag tag)
{
    return {tag, ReplicaStatus::Ok, {}};
}

std::vector<Tag> tagsOf(const Effects& effects)
{
    std::vector<Tag> tags;
    for (const Outgoing& outgoing : effects.messages)
        tags.push_back(std::get<WriteReply>(outgoing.message.body).tag);
    return tags;
}

std::vector<Tag> localTags(Outbox& outbox)
{
    std::vector<Tag> tags;
    for (MessageBody body; outbox.nextLocal(body);)
        tags.push_back(std::get<WriteReply>(body).tag);
    return tags;
}

/// Fills this turn's batch and takes it. @return its number
PersistSequence takeBatch(Outbox& outbox)
{
    outbox.persistPartition({0, {epoch, 1, self}, {}});
    return outbox.take().persist.sequence;
}

using Tags = std::vector<Tag>;

} // namespace

class TestCoreOutbox : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nothingLeavesBeforeItIsDurable()
    {
        Outbox outbox(self, epoch);
        outbox.sendWhenDurable(outbox.batchSequence(), peer, reply(10));
        const PersistSequence first = takeBatch(outbox);
        QVERIFY(tagsOf(outbox.take()).empty());
        outbox.persisted(first - 1);
        QVERIFY(tagsOf(outbox.take()).empty());
        outbox.persisted(first);
        QVERIFY(tagsOf(outbox.take()) == Tags{10});
        outbox.persisted(first);
        QVERIFY(outbox.take().empty());
    }

    void whatIsDurableAlreadyLeavesAtOnce()
    {
        Outbox outbox(self, epoch);
        outbox.sendWhenDurable(0, peer, reply(1));
        const PersistSequence first = takeBatch(outbox);
        outbox.persisted(first);
        outbox.sendWhenDurable(first, peer, reply(2));
        QVERIFY(tagsOf(outbox.take()) == Tags{2});
    }

    void whatWaitsLeavesInOrder()
    {
        Outbox outbox(self, epoch);
        outbox.sendWhenDurable(2, peer, reply(20));
        outbox.sendWhenDurable(1, peer, reply(10));
        outbox.sendWhenDurable(3, peer, reply(30));
        outbox.sendWhenDurable(2, peer, reply(21));
        outbox.sendWhenDurable(1, peer, reply(11));
        outbox.persisted(1);
        QVERIFY(tagsOf(outbox.take()) == (Tags{10, 11}));
        outbox.persisted(3);
        QVERIFY(tagsOf(outbox.take()) == (Tags{20, 21, 30}));
    }

    void whatANodeTellsItselfWaitsAsWell()
    {
        Outbox outbox(self, epoch);
        outbox.send(self, reply(1));
        outbox.sendWhenDurable(1, self, reply(2));
        QVERIFY(localTags(outbox) == Tags{1});
        outbox.persisted(1);
        QVERIFY(localTags(outbox) == Tags{2});
        QVERIFY(outbox.take().messages.empty());
    }

    void messagesBearTheEpoch()
    {
        Outbox outbox(self, epoch);
        outbox.send(peer, reply(1));
        const Effects effects = outbox.take();
        QCOMPARE(effects.messages.at(0).message.epoch, epoch);
        QCOMPARE(effects.messages.at(0).to, peer);
    }

    void onlyBatchesThatHoldSomethingAreNumbered()
    {
        Outbox outbox(self, epoch);
        QCOMPARE(outbox.take().persist.sequence, PersistSequence(0));
        QCOMPARE(takeBatch(outbox), PersistSequence(1));
        QCOMPARE(outbox.take().persist.sequence, PersistSequence(0));
        QCOMPARE(takeBatch(outbox), PersistSequence(2));
    }

    void newestStateOfAPartitionCounts()
    {
        Outbox outbox(self, epoch);
        outbox.persistPartition({3, {epoch, 1, self}, {}});
        outbox.persistPartition({5, {epoch, 1, self}, {}});
        outbox.persistPartition({3, {epoch, 2, peer}, {}});
        const Effects first = outbox.take();
        QCOMPARE(first.persist.partitions.size(), std::size_t(2));
        QCOMPARE(first.persist.partitions[0].partition, PartitionIndex(3));
        QVERIFY(first.persist.partitions[0].promised == (Ballot{epoch, 2, peer}));
        outbox.persistPartition({3, {epoch, 3, self}, {}});
        const Effects second = outbox.take();
        QCOMPARE(second.persist.partitions.size(), std::size_t(1));
        QVERIFY(second.persist.partitions[0].promised == (Ballot{epoch, 3, self}));
    }

    void whatItSaysToItselfKeepsItsOrder()
    {
        Outbox outbox(self, epoch);
        for (Tag tag = 1; tag <= 5000; ++tag) // more than it keeps room for
            outbox.send(self, reply(tag));
        QCOMPARE(outbox.local().size(), std::size_t(5000));
        MessageBody body;
        QVERIFY(outbox.nextLocal(body));
        QCOMPARE(std::get<WriteReply>(body).tag, Tag(1));
        QCOMPARE(std::get<WriteReply>(outbox.local().front()).tag, Tag(2));
        outbox.send(self, reply(5001)); // while the others wait
        const Tags rest = localTags(outbox);
        QCOMPARE(rest.size(), std::size_t(5000));
        QVERIFY(std::ranges::is_sorted(rest));
        QVERIFY(outbox.local().empty());
        outbox.send(self, reply(7));
        QVERIFY(localTags(outbox) == Tags{7});
    }
};

QTEST_APPLESS_MAIN(TestCoreOutbox)
#include "test_core_outbox.moc"
