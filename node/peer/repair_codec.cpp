// Integers are varints, hashes u64, flags u8; one pair of functions for each type, and the order of the fields is the
// layout.
#include "node/peer/repair_codec.h"

#include "node/peer/codec_parts.h"

namespace quoit::codec {

void put(ByteWriter& writer, const TreeRequest& body)
{
    writer.varint(body.tag);
    writer.varint(body.partition);
    encode(writer, body.ballot);
    writer.u64(body.root);
}
void get(ByteReader& reader, TreeRequest& body)
{
    body.tag = reader.varint();
    body.partition = readUint32(reader);
    body.ballot = decodeBallot(reader);
    body.root = reader.u64();
}

// flags: 1 built, 2 leaves (treeLeafCount of them); promised only when it is Refused
void put(ByteWriter& writer, const TreeReply& body)
{
    QUOIT_ENSURE(body.leaves.empty() || body.leaves.size() == treeLeafCount);
    writer.u8((body.built ? 1 : 0) | (body.leaves.empty() ? 0 : 2));
    writer.varint(body.tag);
    writer.u8(static_cast<std::uint8_t>(body.status));
    if (body.status == ReplicaStatus::Refused)
        encode(writer, body.promised);
    encode(writer, body.floor);
    writer.u64(body.root);
    for (const std::uint64_t leaf : body.leaves)
        writer.u64(leaf);
}
void get(ByteReader& reader, TreeReply& body)
{
    const std::uint8_t flags = readFlags(reader, 3);
    body.built = flags & 1;
    body.tag = reader.varint();
    body.status = readStatus(reader);
    if (body.status == ReplicaStatus::Refused)
        body.promised = decodeBallot(reader);
    body.floor = decodeVersion(reader);
    body.root = reader.u64();
    if ((flags & 2) && reader.remaining() < treeLeafCount * sizeof(std::uint64_t))
        reader.fail();
    else if (flags & 2)
        body.leaves.resize(treeLeafCount);
    for (std::uint64_t& leaf : body.leaves)
        leaf = reader.u64();
}

void put(ByteWriter& writer, const FloorRequest& body)
{
    writer.varint(body.tag);
    writer.varint(body.partition);
    encode(writer, body.ballot);
    encode(writer, body.floor);
}
void get(ByteReader& reader, FloorRequest& body)
{
    body.tag = reader.varint();
    body.partition = readUint32(reader);
    body.ballot = decodeBallot(reader);
    body.floor = decodeVersion(reader);
}

// flags: 1 known; promised only when it is Refused
void put(ByteWriter& writer, const FloorReply& body)
{
    writer.u8(body.known ? 1 : 0);
    writer.varint(body.tag);
    writer.u8(static_cast<std::uint8_t>(body.status));
    if (body.status == ReplicaStatus::Refused)
        encode(writer, body.promised);
    encode(writer, body.floor);
    writer.u64(body.hash);
}
void get(ByteReader& reader, FloorReply& body)
{
    body.known = readFlags(reader, 1);
    body.tag = reader.varint();
    body.status = readStatus(reader);
    if (body.status == ReplicaStatus::Refused)
        body.promised = decodeBallot(reader);
    body.floor = decodeVersion(reader);
    body.hash = reader.u64();
}

void put(ByteWriter& writer, const FloorFact& body)
{
    writer.varint(body.tag);
    writer.varint(body.partition);
    encode(writer, body.floor);
}
void get(ByteReader& reader, FloorFact& body)
{
    body.tag = reader.varint();
    body.partition = readUint32(reader);
    body.floor = decodeVersion(reader);
}

} // namespace quoit::codec
