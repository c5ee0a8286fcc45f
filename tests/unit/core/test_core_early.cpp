// What is kept of messages that come before the map they belong to.
#include "node/core/early_messages.h"
#include "node/core/record.h"

#include <QtTest>

using namespace quoit;

namespace {

Message write(std::size_t valueBytes, Tag tag)
{
    Record record;
    record.key = "key";
    const std::string value(valueBytes, 'v');
    record.value = value;
    return {2, WriteRequest{tag, 0, makeRecord(record)}};
}

Tag tagOf(const Message& message)
{
    return std::get<WriteRequest>(message.body).tag;
}

} // namespace

class TestCoreEarly : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void allAreTakenInTheirOrder()
    {
        EarlyMessages early;
        for (Tag tag = 1; tag <= 3; ++tag)
            early.keep(7, write(10, tag));
        QVERIFY(early.bytes() >= 30);
        const auto taken = early.take();
        QCOMPARE(taken.size(), std::size_t(3));
        for (std::size_t i = 0; i < 3; ++i) {
            QCOMPARE(taken[i].first, NodeId(7));
            QCOMPARE(tagOf(taken[i].second), Tag(i + 1));
        }
        QCOMPARE(early.count(), std::size_t(0));
        QCOMPARE(early.bytes(), std::size_t(0));
    }

    void neitherManyNorLargeOnesFillTheMemory()
    {
        EarlyMessages early;
        for (Tag tag = 0; tag < EarlyMessages::countMax + 5; ++tag)
            early.keep(1, write(1, tag));
        QCOMPARE(early.count(), EarlyMessages::countMax);
        QCOMPARE(tagOf(early.take().front().second), Tag(5));
        for (Tag tag = 0; tag < 100; ++tag)
            early.keep(1, write(1 << 20, tag));
        QVERIFY(early.bytes() <= EarlyMessages::bytesMax);
        const auto taken = early.take();
        QVERIFY2(taken.size() >= 60, qPrintable(QString::number(taken.size())));
        QCOMPARE(tagOf(taken.back().second), Tag(99));
    }

    /// Operations, results and what a replica remembers count as records do.
    void everyKindOfContentCounts()
    {
        EarlyMessages early;
        OperationRequest request;
        request.operation.assign(1000, 'o');
        early.keep(1, {2, request});
        QVERIFY(early.bytes() >= 1000);
        OperationReply reply;
        reply.result.assign(1000, 'r');
        early.keep(1, {2, reply});
        QVERIFY(early.bytes() >= 2000);
        RecallReply recall;
        recall.read.record = std::get<WriteRequest>(write(1000, 1).body).record;
        early.keep(1, {2, recall});
        QVERIFY(early.bytes() >= 3000);
    }
};

QTEST_GUILESS_MAIN(TestCoreEarly)
#include "test_core_early.moc"
