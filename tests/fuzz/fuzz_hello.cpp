// Fuzzes what a node says of itself: node/peer/hello, and the figures in its heartbeats (node/server/figures_codec).
// Input: flags u8 (1: the rest is a hello's body, which gets a right header; 2: it is a heartbeat's figures), cut u8,
// the rest.
#include "node/peer/hello.h"
#include "node/server/figures_codec.h"
#include "shared/base/bytes.h"
#include "tests/fuzz/fuzz.h"

#include <xxhash.h>

using namespace quoit;

namespace {

struct Outcome
{
    DecodeStatus status = DecodeStatus::NeedMore;
    Hello hello;
    std::string error;
    std::size_t bytesLeft = 0;

    bool operator==(const Outcome&) const = default;
};

std::string framed(std::string_view body)
{
    ByteWriter writer;
    writer.raw("QUOT");
    writer.u8(peerProtocolVersion);
    writer.u16(static_cast<std::uint16_t>(body.size()));
    writer.raw(body);
    writer.u64(XXH3_64bits(body.data(), body.size()));
    return std::move(writer.bytes);
}

Outcome decode(std::string_view stream, std::uint8_t cut, bool isWhole)
{
    Outcome outcome;
    ReceiveBuffer buffer;
    const auto feed = [&](std::string_view chunk) {
        buffer.append(chunk);
        if (outcome.status == DecodeStatus::NeedMore)
            outcome.status = decodeHello(buffer, outcome.hello, outcome.error);
    };
    if (isWhole)
        feed(stream);
    else
        fuzz::inChunks(stream, cut, feed);
    if (outcome.status != DecodeStatus::Ready)
        outcome.hello = {}; // what an error leaves there means nothing
    else
        outcome.bytesLeft = buffer.view().size();
    FUZZ_CHECK((outcome.status == DecodeStatus::Error) == !outcome.error.empty());
    return outcome;
}

void fuzzHello(std::string_view stream, std::uint8_t cut)
{
    const fuzz::MemoryMeter meter;
    const Outcome whole = decode(stream, cut, true);
    FUZZ_CHECK(meter.peakBytes() <= 16384 + 4 * stream.size());
    FUZZ_CHECK(decode(stream, cut, false) == whole);
    if (whole.status != DecodeStatus::Ready)
        return;
    Hello expected = whole.hello;
    for (std::string* text : {&expected.clusterId, &expected.diskId, &expected.name, &expected.clientAddress,
                              &expected.peerAddress, &expected.httpAddress, &expected.programVersion})
        text->resize(std::min<std::size_t>(text->size(), 255));
    std::string bytes;
    encodeHello(bytes, whole.hello);
    const Outcome again = decode(bytes, cut, true);
    FUZZ_CHECK(again.status == DecodeStatus::Ready && again.bytesLeft == 0);
    FUZZ_CHECK(again.hello == expected);
}

void fuzzFigures(std::string_view bytes)
{
    const fuzz::MemoryMeter meter;
    Gossip gossip;
    const bool understood = decodeGossip(bytes, gossip);
    FUZZ_CHECK(meter.peakBytes() <= 1024 + 32 * bytes.size());
    if (!understood)
        return;
    const std::string encoded = encodeGossip(gossip);
    Gossip again;
    FUZZ_CHECK(decodeGossip(encoded, again));
    FUZZ_CHECK(encodeGossip(again) == encoded);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    fuzz::Input input(data, byteCount);
    const std::uint8_t flags = input.u8();
    const std::uint8_t cut = input.u8();
    const std::string_view rest = input.rest();
    if (flags & 2)
        fuzzFigures(rest);
    else
        fuzzHello(flags & 1 ? framed(rest) : std::string(rest), cut);
    return 0;
}
