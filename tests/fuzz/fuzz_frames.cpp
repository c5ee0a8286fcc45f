// Fuzzes what nodes send to each other: node/peer/frame, message_codec, receive_buffer.
// Input: flags u8 (1: the rest is a frame's payload, which gets a right header), cut u8, then a peer's stream.
#include "node/peer/frame.h"
#include "node/peer/message_codec.h"
#include "tests/fuzz/fuzz.h"

#include <xxhash.h>

using namespace quoit;

namespace {

struct Outcome
{
    std::vector<std::vector<std::string>> frames; ///< of messages as bytes
    std::string error;
    std::string rest;

    bool operator==(const Outcome&) const = default;
};

std::string encoded(const Message& message)
{
    ByteWriter writer;
    encodeMessage(writer, message);
    return std::move(writer.bytes);
}

std::string framed(std::string_view payload)
{
    ByteWriter writer;
    writer.u32(static_cast<std::uint32_t>(payload.size()));
    writer.u64(XXH3_64bits(payload.data(), payload.size()));
    writer.raw(payload);
    return std::move(writer.bytes);
}

Outcome decode(std::string_view stream, std::uint8_t cut, bool isWhole)
{
    Outcome outcome;
    ReceiveBuffer buffer;
    const auto feed = [&](std::string_view chunk) {
        if (!outcome.error.empty())
            return;
        buffer.append(chunk);
        std::vector<Message> messages;
        while (decodeFrame(buffer, messages, outcome.error) == DecodeStatus::Ready) {
            auto& frame = outcome.frames.emplace_back();
            for (const Message& message : messages)
                frame.push_back(encoded(message));
        }
    };
    if (isWhole)
        feed(stream);
    else
        fuzz::inChunks(stream, cut, feed);
    if (outcome.error.empty())
        outcome.rest = buffer.view();
    return outcome;
}

void checkMemory(std::string_view stream)
{
    const fuzz::MemoryMeter meter;
    ReceiveBuffer buffer;
    buffer.append(stream);
    std::vector<Message> messages;
    std::string error;
    while (decodeFrame(buffer, messages, error) == DecodeStatus::Ready)
        ;
    // The smallest message has two bytes and takes a Message in a vector that grows; a map has at least 60 and brings
    // a table of 16384 × 7 ids.
    const std::size_t maps = 1 + stream.size() / 60;
    FUZZ_CHECK(meter.peakBytes() <= 65536 + 2 * sizeof(Message) * stream.size() + maps * 1'500'000);
}

/// What was understood can be said again, and means the same.
void checkRoundTrip(const Outcome& outcome)
{
    for (const auto& frame : outcome.frames) {
        FrameWriter writer;
        for (const std::string& bytes : frame) {
            ByteReader reader(bytes);
            const Message message = decodeMessage(reader);
            FUZZ_CHECK(reader.ok() && reader.atEnd());
            FUZZ_CHECK(encoded(message) == bytes);
            FUZZ_CHECK(writer.add(message));
        }
        writer.finish();
        const Outcome again = decode(writer.bytes(), 0, true);
        FUZZ_CHECK(again.error.empty() && again.rest.empty());
        FUZZ_CHECK(frame.empty() ? again.frames.empty() : again.frames == decltype(again.frames){frame});
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    fuzz::Input input(data, byteCount);
    const bool isPayload = input.u8() % 2 != 0;
    const std::uint8_t cut = input.u8();
    std::string stream(input.rest());
    if (isPayload)
        stream = framed(stream) + framed(std::string(4, '\0'));

    const Outcome whole = decode(stream, cut, true);
    FUZZ_CHECK(decode(stream, cut, false) == whole);
    checkMemory(stream);
    checkRoundTrip(whole);
    return 0;
}
