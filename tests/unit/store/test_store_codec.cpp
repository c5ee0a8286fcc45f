// Tests of the store's bytes: golden ones, that every damaged byte is noticed, and that orders are kept.
#include "node/store/log_codec.h"
#include "node/store/store_codec.h"

#include <QtTest>

#include <utility>

using namespace quoit;

namespace {

RecordPtr sample(std::string_view value = "Ada")
{
    Record record;
    record.key = "user:1";
    record.value = value;
    record.version = {{2, 3, 4}, 300};
    record.base = {{1, 1, 2}, 9};
    record.expiryMs = 1'700'000'000'000;
    return makeRecord(record, std::vector<CarriedOperation>{{{3, 8, 1000}, "+OK\r\n"}, {{1, 2, 3}, ""}});
}

std::string head(Position position, const Record& record)
{
    ByteWriter writer;
    encodeHead(writer, position, record);
    return writer.bytes;
}

QByteArray hex(const std::string& bytes)
{
    return QByteArray::fromStdString(bytes).toHex();
}

} // namespace

class TestStoreCodec : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void headHasGoldenBytes();
    void logEntryHasGoldenBytes();
    void recordsComeBackAsTheyWere();
    void everyDamagedByteOfARecordIsNoticed();
    void recordOfAnotherPlaceIsNoticed();
    void everyDamagedByteOfALogEntryIsNoticed();
    void logEntryUnderAnotherIdIsNoticed();
    void positionsAndVersionsKeepTheirOrder();
};

void TestStoreCodec::headHasGoldenBytes()
{
    QCOMPARE(hex(head(0x123456789abcdef0, *sample())),
             QByteArray("01e5c646ab0280cf5d3d3b22ca96020304ac0201010209020308e807052b4f4b0d0a01020300"));
}

void TestStoreCodec::logEntryHasGoldenBytes()
{
    LoggedChanges changes;
    changes.add(0x123456789abcdef0, sample());
    changes.hints().set({5, 6, "k"}, {{1, 1, 1}, 7});
    changes.hints().remove({5, 6, "l"}, {{1, 1, 1}, 8});
    changes.seal();
    ByteWriter writer;
    encodeLogEntry(writer, 11, changes);
    QCOMPARE(
        hex(writer.bytes),
        QByteArray("0191febc724d7bf1b001f0debc9a785634120206757365723a3103416461020304ac02010102090068e5cf8b01000002"
                   "0308e807052b4f4b0d0a0102030002050600000000000000016b0101010107050600000000000000016c0001010108"));
    LoggedChanges decoded;
    QVERIFY(decodeLogEntry(11, writer.bytes, decoded));
    QCOMPARE(decoded.records().size(), std::size_t(1));
    QVERIFY(*decoded.records()[0].record == *sample());
    QVERIFY(std::as_const(decoded).hints().all() == std::as_const(changes).hints().all());
}

void TestStoreCodec::recordsComeBackAsTheyWere()
{
    Record tombstone;
    tombstone.key = std::string_view("\0binary\xff", 8);
    tombstone.version = {{UINT64_MAX, UINT64_MAX, UINT32_MAX}, UINT64_MAX};
    tombstone.tombstone = true;
    for (const RecordPtr& kept : {sample(), makeRecord(tombstone), sample(std::string(1'000'000, 'x'))}) {
        const Record& record = *kept;
        const std::string bytes = head(99, record);
        const RecordPtr found = recordOf({99, record.key, record.expiryMs, bytes, record.value});
        QVERIFY(found);
        QVERIFY(*found == record);
        const auto summary = summaryOf({99, record.key, record.expiryMs, bytes, {}}, record.value.size());
        QVERIFY(summary);
        QVERIFY(summary->version == record.version);
        QCOMPARE(summary->tombstone, record.tombstone);
        QCOMPARE(summary->valueBytes, std::uint64_t(record.value.size()));
    }
}

void TestStoreCodec::everyDamagedByteOfARecordIsNoticed()
{
    const RecordPtr kept = sample();
    const Record& record = *kept;
    const std::string good = head(99, record);
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
            QVERIFY(!recordOf({99, record.key, record.expiryMs, bad, record.value}));
            QVERIFY(!summaryOf({99, record.key, record.expiryMs, bad, {}}, 3));
        }
        QVERIFY(!recordOf({99, record.key, record.expiryMs, std::string_view(good).substr(0, i), record.value}));
    }
    QVERIFY(!recordOf({99, record.key, record.expiryMs, good, "Adb"}));
    QVERIFY(!recordOf({99, record.key, record.expiryMs, good, ""}));
}

void TestStoreCodec::recordOfAnotherPlaceIsNoticed()
{
    const RecordPtr kept = sample();
    const Record& record = *kept;
    const std::string good = head(99, record);
    QVERIFY(!recordOf({98, record.key, record.expiryMs, good, record.value}));
    QVERIFY(!recordOf({99, "user:2", record.expiryMs, good, record.value}));
    QVERIFY(!recordOf({99, record.key, record.expiryMs + 1, good, record.value}));
}

void TestStoreCodec::everyDamagedByteOfALogEntryIsNoticed()
{
    LoggedChanges changes;
    changes.add(1, sample());
    changes.hints().set({5, 6, "k"}, {{1, 1, 1}, 7});
    ByteWriter writer;
    encodeLogEntry(writer, 11, changes);
    for (std::size_t i = 0; i < writer.bytes.size(); ++i) {
        std::string bad = writer.bytes;
        bad[i] = static_cast<char>(bad[i] ^ 1);
        LoggedChanges decoded;
        QVERIFY(!decodeLogEntry(11, bad, decoded));
        QVERIFY(!decodeLogEntry(11, std::string_view(writer.bytes).substr(0, i), decoded));
    }
}

void TestStoreCodec::logEntryUnderAnotherIdIsNoticed()
{
    LoggedChanges changes;
    changes.add(1, sample());
    ByteWriter writer;
    encodeLogEntry(writer, 11, changes);
    LoggedChanges decoded;
    QVERIFY(!decodeLogEntry(12, writer.bytes, decoded));
}

void TestStoreCodec::positionsAndVersionsKeepTheirOrder()
{
    const Position positions[] = {0, 1, 0x7fffffffffffffff, 0x8000000000000000, UINT64_MAX};
    for (std::size_t i = 0; i < std::size(positions); ++i) {
        QCOMPARE(positionFromStored(storedPosition(positions[i])), positions[i]);
        if (i > 0)
            QVERIFY(storedPosition(positions[i - 1]) < storedPosition(positions[i]));
    }
    const Version versions[] = {{},
                                {{1, 0, 0}, 0},
                                {{1, 0, 0}, 256},
                                {{1, 0, 1}, 0},
                                {{1, 300, 0}, 0},
                                {{256, 0, 0}, 0},
                                {{UINT64_MAX, UINT64_MAX, UINT32_MAX}, UINT64_MAX}};
    for (std::size_t i = 0; i < std::size(versions); ++i) {
        QVERIFY(versionFromSortable(sortableVersion(versions[i])) == versions[i]);
        if (i > 0)
            QVERIFY(sortableVersion(versions[i - 1]) < sortableVersion(versions[i]));
    }
    QVERIFY(!versionFromSortable("short"));
}

QTEST_GUILESS_MAIN(TestStoreCodec)
#include "test_store_codec.moc"
