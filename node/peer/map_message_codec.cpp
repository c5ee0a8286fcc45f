#include "node/peer/map_message_codec.h"

#include "node/peer/codec_parts.h"

namespace quoit::codec {

namespace {

void writeMap(ByteWriter& writer, const ClusterMapPtr& map)
{
    QUOIT_ENSURE(map != nullptr);
    writer.blob(map->encode());
}

ClusterMapPtr readMap(ByteReader& reader)
{
    const std::string_view bytes = reader.blob();
    if (!reader.ok())
        return {};
    Result<ClusterMapPtr> map = ClusterMap::decode(bytes);
    if (map)
        return std::move(map).value();
    reader.fail();
    return {};
}

// [count] distance from the one before
void writePartitions(ByteWriter& writer, const std::vector<PartitionIndex>& partitions)
{
    writer.varint(partitions.size());
    PartitionIndex before = 0;
    for (const PartitionIndex partition : partitions) {
        writer.varint(partition - before);
        before = partition;
    }
}

std::vector<PartitionIndex> readPartitions(ByteReader& reader)
{
    const std::uint64_t count = reader.count(1);
    if (count > partitionsMax)
        reader.fail();
    std::vector<PartitionIndex> partitions;
    PartitionIndex partition = 0;
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        partition += readUint32(reader);
        if (partition >= partitionsMax)
            reader.fail();
        partitions.push_back(partition);
    }
    return partitions;
}

} // namespace

void put(ByteWriter& writer, const MapPush& body)
{
    writeMap(writer, body.map);
    writer.varint(body.root);
}
void get(ByteReader& reader, MapPush& body)
{
    body.map = readMap(reader);
    body.root = readUint32(reader);
}

void put(ByteWriter&, const MapRequest&) {}
void get(ByteReader&, MapRequest&) {}

void put(ByteWriter& writer, const MapPrepareRequest& body)
{
    writer.varint(body.tag);
    writer.varint(body.revision);
    encode(writer, body.ballot);
}
void get(ByteReader& reader, MapPrepareRequest& body)
{
    body.tag = reader.varint();
    body.revision = reader.varint();
    body.ballot = decodeBallot(reader);
}

// flags: 1 a map
void put(ByteWriter& writer, const MapPrepareReply& body)
{
    writer.varint(body.tag);
    writer.u8(static_cast<std::uint8_t>(body.status));
    encode(writer, body.promised);
    encode(writer, body.accepted);
    writer.u8(body.map ? 1 : 0);
    if (body.map)
        writeMap(writer, body.map);
}
void get(ByteReader& reader, MapPrepareReply& body)
{
    body.tag = reader.varint();
    body.status = readStatus(reader);
    body.promised = decodeBallot(reader);
    body.accepted = decodeBallot(reader);
    if (flag(readFlags(reader, 1), 1))
        body.map = readMap(reader);
}

void put(ByteWriter& writer, const MapAcceptRequest& body)
{
    writer.varint(body.tag);
    encode(writer, body.ballot);
    writeMap(writer, body.map);
}
void get(ByteReader& reader, MapAcceptRequest& body)
{
    body.tag = reader.varint();
    body.ballot = decodeBallot(reader);
    body.map = readMap(reader);
}

void put(ByteWriter& writer, const MapAcceptReply& body)
{
    writer.varint(body.tag);
    writer.u8(static_cast<std::uint8_t>(body.status));
    encode(writer, body.promised);
}
void get(ByteReader& reader, MapAcceptReply& body)
{
    body.tag = reader.varint();
    body.status = readStatus(reader);
    body.promised = decodeBallot(reader);
}

// flags: 1 all else is done
void put(ByteWriter& writer, const ChangeReportRequest& body)
{
    writer.varint(body.tag);
    writer.u8(body.allElseIsDone ? 1 : 0);
}
void get(ByteReader& reader, ChangeReportRequest& body)
{
    body.tag = reader.varint();
    body.allElseIsDone = flag(readFlags(reader, 1), 1);
}

// flags: 1 the clients are gone
void put(ByteWriter& writer, const ChangeReportReply& body)
{
    writer.varint(body.tag);
    writer.u8(body.clientsGone ? 1 : 0);
    writePartitions(writer, body.copied);
    writePartitions(writer, body.settled);
}
void get(ByteReader& reader, ChangeReportReply& body)
{
    body.tag = reader.varint();
    body.clientsGone = flag(readFlags(reader, 1), 1);
    body.copied = readPartitions(reader);
    body.settled = readPartitions(reader);
}

} // namespace quoit::codec
