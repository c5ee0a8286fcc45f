// Frames come out of a byte stream whole and in order, however it is cut; anything else is refused with a sentence.
#include "node/peer/frame.h"
#include "node/peer/message_codec.h"
#include "tests/unit/peer/sample_messages.h"

#include <QtTest>

#include <xxhash.h>

using namespace quoit;

class TestPeerFrame : public QObject
{
    Q_OBJECT
private Q_SLOTS:
    void messagesThatAreReadyTogetherTravelInOneFrame();
    void anySplitGivesTheSameFrames();
    void everyChangedByteIsRefused();
    void declaredLengthIsNotBelieved();
    void manyMapsAreRefusedAndNeverSentTogether();
    void messageLongerThanAFrameIsLeftOut();
    void largeBatchesBecomeSeveralFrames();
    void helloComesOutOfAnySplit();
    void garbageIsRefusedAtItsFirstByte();
    void otherVersionIsRefusedBeforeItsHelloIsRead();
    void changedHelloIsRefused();
};

namespace {

std::string frameOf(const std::vector<Message>& messages)
{
    FrameWriter writer;
    for (const Message& message : messages)
        writer.add(message);
    writer.finish();
    return writer.bytes();
}

std::vector<Message> allFixed()
{
    std::vector<Message> messages;
    for (const auto& named : testing::fixedMessages())
        messages.push_back(named.message);
    return messages;
}

Message writeOf(std::size_t valueBytes)
{
    Record record;
    record.key = "k";
    const std::string value(valueBytes, 'v');
    record.value = value;
    return {1, WriteRequest{1, 1, makeRecord(record)}};
}

std::string helloBytes()
{
    std::string bytes;
    encodeHello(bytes, {"cluster", 1, "disk", 2, 4, 5, 3, "name", "c:1", "p:2", "", "0.1.0"});
    return bytes;
}

} // namespace

void TestPeerFrame::messagesThatAreReadyTogetherTravelInOneFrame()
{
    const std::vector<Message> messages = allFixed();
    ReceiveBuffer buffer;
    buffer.append(frameOf(messages));
    std::vector<Message> decoded;
    std::string error;
    QCOMPARE(decodeFrame(buffer, decoded, error), DecodeStatus::Ready);
    QCOMPARE(decoded.size(), messages.size());
    for (std::size_t i = 0; i < messages.size(); ++i)
        QVERIFY(testing::same(decoded[i], messages[i]));
    QCOMPARE(decodeFrame(buffer, decoded, error), DecodeStatus::NeedMore);
}

void TestPeerFrame::anySplitGivesTheSameFrames()
{
    Random random(99);
    std::string stream;
    std::vector<Message> sent;
    for (int i = 0; i < 200; ++i) {
        std::vector<Message> messages;
        for (std::uint64_t j = random.below(5); j > 0; --j)
            messages.push_back(testing::randomMessage(random, random.below(std::variant_size_v<MessageBody>)));
        stream += frameOf(messages);
        sent.insert(sent.end(), messages.begin(), messages.end());
    }
    for (const std::size_t chunkMax : {1, 3, 100, 5000}) {
        ReceiveBuffer buffer;
        std::vector<Message> received;
        std::vector<Message> frame;
        std::string error;
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t length = std::min<std::size_t>(1 + random.below(chunkMax), stream.size() - at);
            buffer.append(std::string_view(stream).substr(at, length));
            at += length;
            while (decodeFrame(buffer, frame, error) == DecodeStatus::Ready)
                received.insert(received.end(), frame.begin(), frame.end());
            QVERIFY2(error.empty(), error.c_str());
        }
        QCOMPARE(received.size(), sent.size());
        for (std::size_t i = 0; i < sent.size(); ++i)
            QVERIFY(testing::same(received[i], sent[i]));
    }
}

void TestPeerFrame::everyChangedByteIsRefused()
{
    const std::string bytes = frameOf({{3, WriteReply{78, ReplicaStatus::Ok, {}}}, {3, CountRequest{5}}});
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 0x10);
        ReceiveBuffer buffer;
        buffer.append(changed);
        std::vector<Message> messages;
        std::string error;
        QVERIFY(decodeFrame(buffer, messages, error) != DecodeStatus::Ready);
        QVERIFY(messages.empty());
    }
}

void TestPeerFrame::manyMapsAreRefusedAndNeverSentTogether()
{
    // A map of 16384 partitions takes half a megabyte, however few bytes tell it.
    Message map;
    for (const auto& message : allFixed())
        if (std::holds_alternative<MapPush>(message.body))
            map = message;
    constexpr std::uint32_t mapCount = 100;
    ReceiveBuffer sent;
    sent.append(frameOf(std::vector<Message>(mapCount, map)));
    std::vector<Message> messages;
    std::string error;
    std::size_t received = 0;
    while (decodeFrame(sent, messages, error) == DecodeStatus::Ready) {
        QVERIFY(messages.size() <= frameMapsMax);
        received += messages.size();
    }
    QCOMPARE(received, std::size_t(mapCount));
    ByteWriter payload;
    payload.u32(mapCount);
    for (std::uint32_t i = 0; i < mapCount; ++i)
        encodeMessage(payload, map);
    ByteWriter frame;
    frame.u32(static_cast<std::uint32_t>(payload.bytes.size()));
    frame.u64(XXH3_64bits(payload.bytes.data(), payload.bytes.size()));
    ReceiveBuffer forged;
    forged.append(frame.bytes + payload.bytes);
    QCOMPARE(decodeFrame(forged, messages, error), DecodeStatus::Error);
    QVERIFY(messages.empty());
}

void TestPeerFrame::declaredLengthIsNotBelieved()
{
    std::vector<Message> messages;
    std::string error;
    ReceiveBuffer tooLong;
    tooLong.append(std::string("\xff\xff\xff\x7f", 4));
    QCOMPARE(decodeFrame(tooLong, messages, error), DecodeStatus::Error);
    QVERIFY(!error.empty());

    ReceiveBuffer honest;
    honest.append(std::string("\x00\x00\x00\x04", 4)); // 64 MiB announced, nothing sent
    QCOMPARE(decodeFrame(honest, messages, error), DecodeStatus::NeedMore);
    honest.writeSpace(1);
    QVERIFY(honest.writeSpaceBytes() < 1024 * 1024);
}

void TestPeerFrame::messageLongerThanAFrameIsLeftOut()
{
    FrameWriter writer;
    QVERIFY(writer.add({1, CountRequest{1}}));
    QVERIFY(!writer.add(writeOf(frameBytesMax)));
    QVERIFY(writer.add({1, CountRequest{2}}));
    writer.finish();
    ReceiveBuffer buffer;
    buffer.append(writer.bytes());
    std::vector<Message> all;
    std::vector<Message> messages;
    std::string error;
    while (decodeFrame(buffer, messages, error) == DecodeStatus::Ready)
        all.insert(all.end(), messages.begin(), messages.end());
    QCOMPARE(all.size(), std::size_t(2));
    QCOMPARE(std::get<CountRequest>(all[1].body).tag, Tag(2));
}

void TestPeerFrame::largeBatchesBecomeSeveralFrames()
{
    FrameWriter writer;
    for (int i = 0; i < 40; ++i)
        QVERIFY(writer.add(writeOf(3 * 1024 * 1024)));
    writer.finish();
    ReceiveBuffer buffer;
    buffer.append(writer.bytes());
    std::size_t frames = 0;
    std::size_t count = 0;
    std::vector<Message> messages;
    std::string error;
    while (decodeFrame(buffer, messages, error) == DecodeStatus::Ready) {
        ++frames;
        count += messages.size();
    }
    QVERIFY2(error.empty(), error.c_str());
    QVERIFY(frames > 1);
    QCOMPARE(count, std::size_t(40));
}

void TestPeerFrame::helloComesOutOfAnySplit()
{
    const std::string bytes = helloBytes();
    ReceiveBuffer buffer;
    Hello hello;
    std::string error;
    for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
        buffer.append(std::string_view(bytes).substr(i, 1));
        QCOMPARE(decodeHello(buffer, hello, error), DecodeStatus::NeedMore);
    }
    buffer.append(std::string_view(bytes).substr(bytes.size() - 1));
    QCOMPARE(decodeHello(buffer, hello, error), DecodeStatus::Ready);
    QCOMPARE(hello.node, NodeId(1));
}

void TestPeerFrame::garbageIsRefusedAtItsFirstByte()
{
    for (const char* garbage : {"*", "GET / HTTP/1.1", "QUOX"}) {
        ReceiveBuffer buffer;
        buffer.append(garbage);
        Hello hello;
        std::string error;
        QCOMPARE(decodeHello(buffer, hello, error), DecodeStatus::Error);
        QVERIFY(!error.empty());
    }
}

void TestPeerFrame::otherVersionIsRefusedBeforeItsHelloIsRead()
{
    ReceiveBuffer buffer;
    buffer.append("QUOT\x63");
    Hello hello;
    std::string error;
    QCOMPARE(decodeHello(buffer, hello, error), DecodeStatus::Error);
    QVERIFY(error.find("version 99") != std::string::npos);
}

void TestPeerFrame::changedHelloIsRefused()
{
    const std::string bytes = helloBytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ 0x10);
        ReceiveBuffer buffer;
        buffer.append(changed);
        Hello hello;
        std::string error;
        QVERIFY(decodeHello(buffer, hello, error) != DecodeStatus::Ready);
    }
}

QTEST_APPLESS_MAIN(TestPeerFrame)
#include "test_peer_frame.moc"
