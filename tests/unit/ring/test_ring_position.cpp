#include "shared/ring/position.h"

#include <QFile>
#include <QtTest>

#include <string>

using namespace quoit;

class TestRingPosition : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void slotsAreThoseOfARealRedis();
    void checksumIsXmodem();
    void onlyTheFirstNonEmptyTagCounts();
    void positionBeginsWithTheSlot();
    void keysOfOneTagDifferInTheLowerBits();
    void positionsNeverChange();
    void partitionsCutTheRingEvenly();
};

namespace {

/// Undoes the %XX of tests/golden/keyslots.txt.
std::string unescaped(const QByteArray& text)
{
    return QByteArray::fromPercentEncoding(text).toStdString();
}

} // namespace

void TestRingPosition::slotsAreThoseOfARealRedis()
{
    QFile file(QStringLiteral(QUOIT_SOURCE_DIR "/tests/golden/keyslots.txt"));
    QVERIFY2(file.open(QIODevice::ReadOnly), qPrintable(file.errorString()));
    int checked = 0;
    while (!file.atEnd()) {
        QByteArray line = file.readLine();
        if (line.startsWith('#'))
            continue;
        line.chop(1);
        const int tab = line.indexOf('\t');
        QVERIFY(tab > 0);
        const std::string key = unescaped(line.mid(tab + 1));
        QVERIFY2(hashSlot(key) == line.left(tab).toInt(), line.constData());
        ++checked;
    }
    QVERIFY(checked >= 1000);
}

void TestRingPosition::checksumIsXmodem()
{
    // The check value of CRC16/XMODEM; it is below 2^14, so the slot is the checksum itself.
    QCOMPARE(int(hashSlot("123456789")), 0x31c3);
    QCOMPARE(int(hashSlot("")), 0);
}

void TestRingPosition::onlyTheFirstNonEmptyTagCounts()
{
    QCOMPARE(hashSlot("{user1000}.following"), hashSlot("user1000"));
    QCOMPARE(hashSlot("foo{{bar}}zap"), hashSlot("{bar"));
    QCOMPARE(hashSlot("foo{bar}{zap}"), hashSlot("bar"));
    QVERIFY(hashSlot("foo{}{bar}") != hashSlot("bar"));
    QVERIFY(hashSlot("{}") != hashSlot(""));
}

void TestRingPosition::positionBeginsWithTheSlot()
{
    for (int i = 0; i < 1000; ++i) {
        const std::string key = "key:" + std::to_string(i);
        QCOMPARE(positionOf(key) >> 50, Position(hashSlot(key)));
        QCOMPARE(partitionOf(positionOf(key), hashSlotCount), PartitionIndex(hashSlot(key)));
    }
}

void TestRingPosition::keysOfOneTagDifferInTheLowerBits()
{
    const Position one = positionOf("{tag}1");
    const Position other = positionOf("{tag}2");
    QCOMPARE(one >> 50, other >> 50);
    QVERIFY(one != other);
}

void TestRingPosition::positionsNeverChange()
{
    // Stores are clustered by position: another value here would make every stored key unreachable.
    QCOMPARE(positionOf(""), Position(0x0000b41a0014e34e));
    QCOMPARE(positionOf("foo"), Position(0xbe5aadb97d901df9));
    QCOMPARE(positionOf("{user1000}.following"), Position(0x35cfc068e95303d1));
    QCOMPARE(positionOf(std::string(1000, 'x')), Position(0x31ef02921dee58b2));
}

void TestRingPosition::partitionsCutTheRingEvenly()
{
    for (const std::uint32_t count : {16u, 1024u, 16384u}) {
        const Position width = firstPosition(1, count);
        QCOMPARE(firstPosition(0, count), Position(0));
        for (PartitionIndex partition = 0; partition < count; ++partition) {
            const Position first = firstPosition(partition, count);
            QCOMPARE(first, partition * width);
            QCOMPARE(partitionOf(first, count), partition);
            QCOMPARE(partitionOf(first + width - 1, count), partition);
        }
        QCOMPARE(partitionOf(~Position(0), count), count - 1);
    }
}

QTEST_APPLESS_MAIN(TestRingPosition)
#include "test_ring_position.moc"
