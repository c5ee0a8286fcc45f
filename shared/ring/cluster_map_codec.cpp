// shared/ring/cluster_map_codec.cpp - a map as bytes.
//
//   map    := magic:4 "QMAP"  version:u8 = 1  epoch:varint  clusterId:blob  P:varint  N:varint  V:varint
//             memberCount:varint  member*  checksum:u64
//   member := id:varint  diskId:blob  name:blob  clientAddress:blob  peerAddress:blob  httpAddress:blob  zone:blob
//             weight:f64  tokenCount:varint  token*
//   token  := varint: the distance from the token before it; the first one counts from 0
//
// varint, blob and the fixed widths are those of shared/base/bytes.h. The checksum is XXH3-64 of all bytes before it;
// magic, version and checksum stay where they are in later versions.
#include "shared/ring/cluster_map.h"

#include "shared/base/bytes.h"

#include <xxhash.h>

#include <limits>

namespace quoit {

namespace {

constexpr std::string_view magic = "QMAP";
constexpr std::uint8_t formatVersion = 1;
constexpr std::size_t checksumBytes = 8;
constexpr std::size_t memberBytesMin = 1 + 6 + 8 + 2;

Error corrupt(const std::string& what)
{
    return {ErrorCode::Corrupt, "not a cluster map: " + what};
}

std::uint64_t checksumOf(std::string_view bytes)
{
    return XXH3_64bits(bytes.data(), bytes.size());
}

std::uint32_t readU32(ByteReader& reader)
{
    const std::uint64_t value = reader.varint();
    if (value > std::numeric_limits<std::uint32_t>::max())
        reader.fail();
    return static_cast<std::uint32_t>(value);
}

std::string readString(ByteReader& reader)
{
    return std::string(reader.blob());
}

void writeMember(ByteWriter& writer, const Member& member)
{
    writer.varint(member.id);
    writer.blob(member.diskId);
    writer.blob(member.name);
    writer.blob(member.clientAddress);
    writer.blob(member.peerAddress);
    writer.blob(member.httpAddress);
    writer.blob(member.zone);
    writer.f64(member.weight);
    writer.varint(member.tokens.size());
    PartitionIndex before = 0;
    for (const PartitionIndex token : member.tokens) {
        writer.varint(token - before);
        before = token;
    }
}

Member readMember(ByteReader& reader)
{
    Member member;
    member.id = readU32(reader);
    member.diskId = readString(reader);
    member.name = readString(reader);
    member.clientAddress = readString(reader);
    member.peerAddress = readString(reader);
    member.httpAddress = readString(reader);
    member.zone = readString(reader);
    member.weight = reader.f64();
    const std::uint64_t tokenCount = reader.count(1);
    PartitionIndex token = 0;
    for (std::uint64_t i = 0; i < tokenCount && reader.ok(); ++i) {
        token += readU32(reader); // may wrap around on garbage: make() refuses what isn't ascending
        member.tokens.push_back(token);
    }
    return member;
}

} // namespace

std::string ClusterMap::encode() const
{
    ByteWriter writer;
    writer.raw(magic);
    writer.u8(formatVersion);
    writer.varint(m_parts.epoch);
    writer.blob(m_parts.clusterId);
    writer.varint(m_parts.partitionCount);
    writer.varint(m_parts.replicaCount);
    writer.varint(m_parts.vnodesPerWeight);
    writer.varint(m_parts.members.size());
    for (const Member& member : m_parts.members)
        writeMember(writer, member);
    writer.u64(checksumOf(writer.bytes));
    return std::move(writer.bytes);
}

Result<ClusterMapPtr> ClusterMap::decode(std::string_view bytes)
{
    if (bytes.size() < magic.size() + 1 + checksumBytes || !bytes.starts_with(magic))
        return corrupt("it doesn't begin like one");
    const std::string_view body = bytes.substr(0, bytes.size() - checksumBytes);
    if (ByteReader(bytes.substr(body.size())).u64() != checksumOf(body))
        return corrupt("its checksum is wrong");
    ByteReader reader(body.substr(magic.size()));
    if (const std::uint8_t version = reader.u8(); version != formatVersion)
        return Error{ErrorCode::Unsupported, "a cluster map of format " + std::to_string(version) +
                                                 "; this build knows format " + std::to_string(formatVersion)};
    ClusterMapParts parts;
    parts.epoch = reader.varint();
    parts.clusterId = readString(reader);
    parts.partitionCount = readU32(reader);
    parts.replicaCount = readU32(reader);
    parts.vnodesPerWeight = readU32(reader);
    const std::uint64_t memberCount = reader.count(memberBytesMin);
    for (std::uint64_t i = 0; i < memberCount && reader.ok(); ++i)
        parts.members.push_back(readMember(reader));
    if (!reader.ok() || !reader.atEnd())
        return corrupt("its fields don't fit its length");
    Result<ClusterMapPtr> map = make(std::move(parts));
    if (!map)
        return corrupt(map.error().message);
    return map;
}

} // namespace quoit
