#include "node/peer/hello.h"

#include "shared/base/bytes.h"

#include <algorithm>
#include <xxhash.h>

namespace quoit {

namespace {

constexpr std::string_view magic = "QUOT";
constexpr std::size_t headerBytes = 7;
constexpr std::size_t bodyBytesMax = 4096;
constexpr std::size_t checksumBytes = 8;
constexpr std::size_t stringBytesMax = 255;

std::string_view cut(const std::string& text)
{
    return std::string_view(text).substr(0, stringBytesMax);
}

} // namespace

void encodeHello(std::string& out, const Hello& hello)
{
    ByteWriter body;
    for (const std::string* text : {&hello.clusterId, &hello.diskId, &hello.name, &hello.clientAddress,
                                    &hello.peerAddress, &hello.httpAddress, &hello.programVersion})
        body.blob(cut(*text));
    body.varint(hello.node);
    body.u64(hello.incarnation);
    body.u64(hello.epoch);
    body.u64(hello.session);
    body.u64(hello.progress);

    ByteWriter writer;
    writer.raw(magic);
    writer.u8(peerProtocolVersion);
    writer.u16(static_cast<std::uint16_t>(body.bytes.size()));
    writer.raw(body.bytes);
    writer.u64(XXH3_64bits(body.bytes.data(), body.bytes.size()));
    out += writer.bytes;
}

DecodeStatus decodeHello(ReceiveBuffer& buffer, Hello& hello, std::string& error)
{
    const std::string_view bytes = buffer.view();
    const std::size_t comparable = std::min(bytes.size(), magic.size());
    if (bytes.substr(0, comparable) != magic.substr(0, comparable)) {
        error = "what came is not the protocol between quoit nodes; clients belong on the client port";
        return DecodeStatus::Error;
    }
    if (bytes.size() > magic.size()) {
        const auto version = static_cast<std::uint8_t>(bytes[magic.size()]);
        if (version != peerProtocolVersion) {
            error = "it speaks version " + std::to_string(version) +
                    " of the protocol between nodes, this node speaks version " + std::to_string(peerProtocolVersion) +
                    "; run the same release on all nodes";
            return DecodeStatus::Error;
        }
    }
    if (bytes.size() < headerBytes)
        return DecodeStatus::NeedMore;

    ByteReader header(bytes.substr(magic.size() + 1));
    const std::size_t bodyBytes = header.u16();
    if (bodyBytes > bodyBytesMax) {
        error = "its hello is too long (" + std::to_string(bodyBytes) + " bytes)";
        return DecodeStatus::Error;
    }
    const std::size_t totalBytes = headerBytes + bodyBytes + checksumBytes;
    if (bytes.size() < totalBytes)
        return DecodeStatus::NeedMore;

    const std::string_view body = bytes.substr(headerBytes, bodyBytes);
    ByteReader checksum(bytes.substr(headerBytes + bodyBytes, checksumBytes));
    if (checksum.u64() != XXH3_64bits(body.data(), body.size())) {
        error = "its hello has a wrong checksum";
        return DecodeStatus::Error;
    }
    ByteReader reader(body);
    for (std::string* text : {&hello.clusterId, &hello.diskId, &hello.name, &hello.clientAddress, &hello.peerAddress,
                              &hello.httpAddress, &hello.programVersion})
        *text = reader.blob();
    const std::uint64_t node = reader.varint();
    hello.node = static_cast<NodeId>(node);
    hello.incarnation = reader.u64();
    hello.epoch = reader.u64();
    hello.session = reader.u64();
    hello.progress = reader.u64();
    if (!reader.ok() || node > UINT32_MAX) {
        error = "its hello is malformed";
        return DecodeStatus::Error;
    }
    buffer.consume(totalBytes);
    return DecodeStatus::Ready;
}

} // namespace quoit
