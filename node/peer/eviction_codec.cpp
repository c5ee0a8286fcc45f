// Integers are varints, positions u64, frequencies u8; the order of the fields is the layout.
#include "node/peer/eviction_codec.h"

#include "node/peer/codec_parts.h"

namespace quoit::codec {

void put(ByteWriter& writer, const UseRequest& body)
{
    writer.varint(body.tag);
    writer.varint(body.positions.size());
    for (const Position position : body.positions)
        writer.u64(position);
}
void get(ByteReader& reader, UseRequest& body)
{
    body.tag = reader.varint();
    const std::uint64_t count = reader.count(sizeof(Position));
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i)
        body.positions.push_back(reader.u64());
}

void put(ByteWriter& writer, const UseReply& body)
{
    writer.varint(body.tag);
    writer.varint(body.uses.size());
    for (const UseOfKey& use : body.uses) {
        writer.varint(use.idleMs);
        writer.u8(use.frequency);
    }
}
void get(ByteReader& reader, UseReply& body)
{
    body.tag = reader.varint();
    const std::uint64_t count = reader.count(2);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        UseOfKey& use = body.uses.emplace_back();
        use.idleMs = readUint32(reader);
        use.frequency = reader.u8();
    }
}

} // namespace quoit::codec
