// What nodes say to each other survives being bytes, in exactly the bytes that this protocol version has always used.
#include "node/peer/hello.h"
#include "node/peer/message_codec.h"
#include "tests/unit/peer/sample_messages.h"

#include <QtTest>
#include <set>

using namespace quoit;

class TestPeerCodec : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void everyTypeHasItsGoldenBytes();
    void helloHasItsGoldenBytes();
    void randomMessagesComeBackUnchanged();
    void everyTruncationIsRefused();
    void mutationsNeverCrash();
    void declaredCountsDontReserveMemory();
    void offersThatNameAPartitionTwiceAreRefused();
};

namespace {

QString goldenPath(const std::string& name)
{
    return QStringLiteral(QUOIT_SOURCE_DIR "/tests/golden/peer/v%1/%2.hex")
        .arg(peerProtocolVersion)
        .arg(QString::fromStdString(name));
}

/// Compares with the golden file; QUOIT_REWRITE_GOLDEN=1 writes it instead, to be reviewed as a diff.
bool matchesGolden(const std::string& name, const std::string& bytes)
{
    const QByteArray hex = QByteArray::fromStdString(bytes).toHex() + '\n';
    QFile file(goldenPath(name));
    if (qEnvironmentVariableIsSet("QUOIT_REWRITE_GOLDEN")) {
        QDir().mkpath(QFileInfo(file).path());
        return file.open(QIODevice::WriteOnly) && file.write(hex) == hex.size();
    }
    if (!file.open(QIODevice::ReadOnly)) {
        qWarning("no golden file %s", qPrintable(file.fileName()));
        return false;
    }
    const QByteArray golden = file.readAll();
    if (golden != hex)
        qWarning("%s:\n expected %s got      %s", name.c_str(), golden.constData(), hex.constData());
    return golden == hex;
}

std::string encoded(const Message& message)
{
    ByteWriter writer;
    encodeMessage(writer, message);
    return std::move(writer.bytes);
}

} // namespace

void TestPeerCodec::everyTypeHasItsGoldenBytes()
{
    const auto messages = testing::fixedMessages();
    std::set<std::size_t> types;
    for (const auto& [name, message] : messages) {
        types.insert(message.body.index());
        const std::string bytes = encoded(message);
        QVERIFY2(matchesGolden(name, bytes), name.c_str());
        ByteReader reader(bytes);
        QVERIFY2(testing::same(decodeMessage(reader), message), name.c_str());
        QVERIFY(reader.ok() && reader.atEnd());
    }
    QCOMPARE(types.size(), std::variant_size_v<MessageBody>);
}

void TestPeerCodec::helloHasItsGoldenBytes()
{
    const Hello hello{"0b8e6f0c-6b5d-4f37-9f52-0d5a5f1c7a11",
                      2,
                      "disk-2",
                      17,
                      0x1122334455667788,
                      98765,
                      3,
                      "two",
                      "127.0.0.1:7401",
                      "127.0.0.1:17401",
                      "127.0.0.1:9401",
                      "0.1.0"};
    std::string bytes;
    encodeHello(bytes, hello);
    QVERIFY(matchesGolden("hello", bytes));
    ReceiveBuffer buffer;
    buffer.append(bytes);
    Hello decoded;
    std::string error;
    QCOMPARE(decodeHello(buffer, decoded, error), DecodeStatus::Ready);
    QVERIFY(decoded == hello);
    QVERIFY(buffer.view().empty());
}

void TestPeerCodec::randomMessagesComeBackUnchanged()
{
    Random random(20240501);
    for (int round = 0; round < 500; ++round) {
        for (std::size_t type = 0; type < std::variant_size_v<MessageBody>; ++type) {
            const Message message = testing::randomMessage(random, type);
            const std::string bytes = encoded(message);
            ByteReader reader(bytes);
            const Message decoded = decodeMessage(reader);
            QVERIFY2(reader.ok() && reader.atEnd(), std::to_string(type).c_str());
            QVERIFY2(testing::same(decoded, message), std::to_string(type).c_str());
        }
    }
}

void TestPeerCodec::everyTruncationIsRefused()
{
    for (const auto& [name, message] : testing::fixedMessages()) {
        const std::string bytes = encoded(message);
        for (std::size_t length = 0; length < bytes.size(); ++length) {
            ByteReader reader(std::string_view(bytes).substr(0, length));
            decodeMessage(reader);
            QVERIFY2(!reader.ok(), name.c_str());
        }
    }
}

void TestPeerCodec::mutationsNeverCrash()
{
    Random random(7);
    for (const auto& [name, message] : testing::fixedMessages()) {
        const std::string bytes = encoded(message);
        for (int round = 0; round < 2000; ++round) {
            std::string mutated = bytes;
            for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips)
                mutated[random.below(mutated.size())] = static_cast<char>(random.next());
            ByteReader reader(mutated);
            const Message decoded = decodeMessage(reader);
            // What is accepted can be said again.
            if (reader.ok())
                QVERIFY(!encoded(decoded).empty());
        }
    }
}

void TestPeerCodec::declaredCountsDontReserveMemory()
{
    // Lists that declare 2^40 entries and hold none.
    for (const int type : {1, 2, 8, 13, 16, 18}) {
        ByteWriter writer;
        writer.u8(static_cast<std::uint8_t>(type));
        writer.varint(1);
        for (int i = 0; i < 20; ++i)
            writer.varint(std::uint64_t(1) << 40);
        ByteReader reader(writer.bytes);
        decodeMessage(reader);
        QVERIFY(!reader.ok());
    }
}

void TestPeerCodec::offersThatNameAPartitionTwiceAreRefused()
{
    for (const std::vector<PartitionIndex>& partitions :
         {std::vector<PartitionIndex>{5, 5}, std::vector<PartitionIndex>{5, 4}}) {
        const std::string bytes = encoded({1, HomeOffer{partitions}});
        ByteReader reader(bytes);
        decodeMessage(reader);
        QVERIFY(!reader.ok());
    }
}

QTEST_APPLESS_MAIN(TestPeerCodec)
#include "test_peer_codec.moc"
