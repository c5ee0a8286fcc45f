// Ballots, versions and records: their order, their text, their bytes.
#include "node/core/record.h"

#include <QtTest>

#include <algorithm>

using namespace quoit;

namespace {

constexpr std::uint64_t largest = UINT64_MAX;

RecordPtr sample(std::string_view value = "value", std::int64_t expiryMs = 1'700'000'000'123)
{
    Record record;
    record.key = std::string_view("k\0\xff", 3);
    record.value = value;
    record.version = {{3, 7, 2}, 300};
    record.base = {{2, 1, 1}, 5};
    record.expiryMs = expiryMs;
    return makeRecord(record, std::vector<CarriedOperation>{{{1, 0x1122334455, 9}, "+OK\r\n"}, {{UINT32_MAX, largest, largest}, ""}});
}

std::string bytesOf(const Record& record)
{
    ByteWriter writer;
    encode(writer, record);
    return std::move(writer.bytes);
}

bool isRefused(std::string_view bytes)
{
    ByteReader reader(bytes);
    (void)decodeRecord(reader);
    return !reader.ok();
}

} // namespace

class TestCoreCodec : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void versionsCompareFieldByField()
    {
        const std::vector<Version> ascending = {
            {},
            {{1, 0, 0}, 0},
            {{1, 0, 0}, 10},
            {{1, 0, 2}, 9},
            {{1, 0, 10}, 0},
            {{1, 2, 0}, 0},
            {{1, 10, 0}, 0},
            {{2, 0, 0}, 0},
            {{largest, largest, UINT32_MAX}, largest},
        };
        for (std::size_t i = 0; i < ascending.size(); ++i)
            for (std::size_t j = 0; j < ascending.size(); ++j) {
                QCOMPARE(ascending[i] < ascending[j], i < j);
                QCOMPARE(ascending[i] == ascending[j], i == j);
            }
        QVERIFY(Version().isNone() && Ballot().isNone());
        QVERIFY(!ascending[1].isNone());
    }

    void versionTextComesBack()
    {
        QCOMPARE((Version{{3, 7, 2}, 300}).toString(), std::string("3.7.2.300"));
        for (const Version& version :
             {Version{}, Version{{3, 7, 2}, 300}, Version{{largest, largest, UINT32_MAX}, largest}})
            QVERIFY(Version::fromString(version.toString()) == version);
    }

    void whatIsNoVersionIsRefused_data()
    {
        QTest::addColumn<QByteArray>("text");
        for (const char* text : {"", ".", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5", "1..3.4",
                                 "a.2.3.4", "1.2.3.x", "-1.2.3.4", "+1.2.3.4", " 1.2.3.4", "1.2.3.4 ", "1,2,3,4",
                                 "1.2.4294967296.4", "18446744073709551616.2.3.4", "0x1.2.3.4"})
            QTest::newRow(text) << QByteArray(text);
    }
    void whatIsNoVersionIsRefused()
    {
        QFETCH(QByteArray, text);
        QVERIFY(!Version::fromString(text.toStdString()));
    }

    void recordsComeBackAsTheyWere()
    {
        Record tombstone;
        tombstone.key = "k";
        tombstone.tombstone = true;
        tombstone.version = {{largest, largest, UINT32_MAX}, largest};
        for (const RecordPtr& record : {sample(), makeRecord(tombstone), sample(std::string(100'000, 'x'), -1), makeRecord({})}) {
            const std::string bytes = bytesOf(*record);
            ByteReader reader(bytes);
            QVERIFY(*decodeRecord(reader) == *record);
            QVERIFY(reader.ok() && reader.atEnd());
        }
    }

    void madeRecordOwnsWhatItShows()
    {
        std::string bytes = "key and value";
        std::vector<CarriedOperation> operations{{{1, 2, 3}, "+a result that is longer than a short string\r\n"}};
        Record borrowing;
        borrowing.key = std::string_view(bytes).substr(0, 3);
        borrowing.value = std::string_view(bytes).substr(8);
        const RecordPtr first = makeRecord(borrowing, operations);
        const RecordPtr second = makeRecord(*first, operations);
        bytes.assign(bytes.size(), 'x');
        operations.front().result.assign(operations.front().result.size(), 'x');
        for (const RecordPtr& record : {first, second}) {
            QVERIFY(record->key == "key" && record->value == "value");
            QVERIFY(record->operations.front().result == "+a result that is longer than a short string\r\n");
        }
        QCOMPARE(first->operations.size(), std::size_t(1));
        QCOMPARE(second->operations.size(), std::size_t(2));
    }

    void everyTruncationIsRefused()
    {
        const std::string bytes = bytesOf(*sample());
        for (std::size_t length = 0; length < bytes.size(); ++length)
            QVERIFY2(isRefused(std::string_view(bytes).substr(0, length)), qPrintable(QString::number(length)));
    }

    void damagedBytesAreRefused()
    {
        Record record;
        record.key = "k";
        record.version = {{1, 1, 1}, 1};
        const std::string good = bytesOf(record); // flags, "k", "", version, base, no operations
        QVERIFY(!isRefused(good));
        std::string unknownFlag = good;
        unknownFlag[0] = 8;
        QVERIFY(isRefused(unknownFlag));
        std::string expiryMissing = good;
        expiryMissing[0] = 2;
        QVERIFY(isRefused(expiryMissing));
        std::string operationsMissing = good;
        operationsMissing.back() = 1;
        QVERIFY(isRefused(operationsMissing));
        std::string keyTooLong = good;
        keyTooLong[1] = 100;
        QVERIFY(isRefused(keyTooLong));
    }

    void declaredOperationsTakeNoMemory()
    {
        ByteWriter writer;
        encode(writer, Record{});
        writer.bytes.pop_back();
        writer.varint(std::uint64_t(1) << 60);
        QVERIFY(isRefused(writer.bytes)); // and didn't throw for lack of memory
    }

    void nodeIdsPast32BitsAreRefused()
    {
        ByteWriter writer;
        for (int i = 0; i < 4; ++i)
            writer.varint(std::uint64_t(1) << 32);
        ByteReader ballot(writer.bytes);
        (void)decodeBallot(ballot);
        QVERIFY(!ballot.ok());
        ByteReader operation(writer.bytes);
        (void)decodeOperationId(operation);
        QVERIFY(!operation.ok());
    }
};

QTEST_APPLESS_MAIN(TestCoreCodec)
#include "test_core_codec.moc"
