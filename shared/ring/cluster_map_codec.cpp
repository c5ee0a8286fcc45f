// shared/ring/cluster_map_codec.cpp - a map as bytes.
//
//   map    := magic:4 "QMAP"  version:u8 = 3  epoch:varint  revision:varint  clusterId:blob  P:varint  N:varint
//             V:varint  members  lastNodeId:varint  copyRate:varint  flags:u8 (1 change, 2 paused, 4 aborting)
//             [wanted  N:varint  members]  queueLength:varint  wanted*  endedCount:varint  ended*  checksum:u64
//   wanted := number:varint  stepCount:varint  step*
//   step   := kind:u8  node:varint  weight:f64  zone:blob  replicas:varint  member
//   ended  := number:varint  outcome:u8  epoch:varint  endedMs:u64  partitions:varint  text:blob
//   members := memberCount:varint  member*
//   member := id:varint  diskId:blob  name:blob  clientAddress:blob  peerAddress:blob  httpAddress:blob  zone:blob
//             weight:f64  tokenCount:varint  token*
//   token  := varint: the distance from the token before it; the first one counts from 0
//
// varint, blob and the fixed widths are those of shared/base/bytes.h. The checksum is XXH3-64 of all bytes before it;
// magic, version and checksum stay where they are in later versions. Version 2 ends with the queue.
#include "shared/ring/cluster_map.h"

#include "shared/base/bytes.h"

#include <xxhash.h>

#include <limits>

namespace quoit {

namespace {

constexpr std::string_view magic = "QMAP";
constexpr std::uint8_t formatVersion = 3;
constexpr std::uint8_t formatWithoutEnded = 2; // still read
constexpr std::size_t checksumBytes = 8;
constexpr std::size_t memberBytesMin = 1 + 6 + 8 + 1;
constexpr std::size_t stepBytesMin = 2 + 8 + 2 + memberBytesMin;
constexpr std::size_t endedBytesMin = 4 + 8 + 1;
constexpr std::uint8_t changeFlag = 1;
constexpr std::uint8_t pausedFlag = 2;
constexpr std::uint8_t abortingFlag = 4;

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

void writeMembers(ByteWriter& writer, const std::vector<Member>& members)
{
    writer.varint(members.size());
    for (const Member& member : members)
        writeMember(writer, member);
}

std::vector<Member> readMembers(ByteReader& reader)
{
    std::vector<Member> members;
    const std::uint64_t count = reader.count(memberBytesMin);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i)
        members.push_back(readMember(reader));
    return members;
}

void writeWanted(ByteWriter& writer, const WantedChange& wanted)
{
    writer.varint(wanted.number);
    writer.varint(wanted.steps.size());
    for (const ChangeStep& step : wanted.steps) {
        writer.u8(static_cast<std::uint8_t>(step.kind));
        writer.varint(step.node);
        writer.f64(step.weight);
        writer.blob(step.zone);
        writer.varint(step.replicas);
        writeMember(writer, step.member);
    }
}

WantedChange readWanted(ByteReader& reader)
{
    WantedChange wanted;
    wanted.number = reader.varint();
    const std::uint64_t count = reader.count(stepBytesMin);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        ChangeStep& step = wanted.steps.emplace_back();
        const std::uint8_t kind = reader.u8();
        if (kind > static_cast<std::uint8_t>(ChangeStep::Kind::Replicas))
            reader.fail();
        step.kind = static_cast<ChangeStep::Kind>(kind);
        step.node = readU32(reader);
        step.weight = reader.f64();
        step.zone = readString(reader);
        step.replicas = readU32(reader);
        step.member = readMember(reader);
    }
    return wanted;
}

void writeEnded(ByteWriter& writer, const std::vector<EndedChange>& ended)
{
    writer.varint(ended.size());
    for (const EndedChange& change : ended) {
        writer.varint(change.number);
        writer.u8(static_cast<std::uint8_t>(change.outcome));
        writer.varint(change.epoch);
        writer.u64(static_cast<std::uint64_t>(change.endedMs));
        writer.varint(change.partitions);
        writer.blob(change.text);
    }
}

std::vector<EndedChange> readEnded(ByteReader& reader)
{
    std::vector<EndedChange> ended;
    const std::uint64_t count = reader.count(endedBytesMin);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        EndedChange& change = ended.emplace_back();
        change.number = reader.varint();
        const std::uint8_t outcome = reader.u8();
        if (outcome > static_cast<std::uint8_t>(EndedChange::Outcome::Impossible))
            reader.fail();
        change.outcome = static_cast<EndedChange::Outcome>(outcome);
        change.epoch = reader.varint();
        change.endedMs = static_cast<std::int64_t>(reader.u64());
        change.partitions = reader.varint();
        change.text = readString(reader);
    }
    return ended;
}

void readChange(ByteReader& reader, std::uint8_t flags, ClusterMapParts& parts)
{
    if ((flags & changeFlag) == 0)
        return;
    RingChange& change = parts.change.emplace();
    change.wanted = readWanted(reader);
    change.replicaCount = readU32(reader);
    change.members = readMembers(reader);
    change.paused = (flags & pausedFlag) != 0;
    change.aborting = (flags & abortingFlag) != 0;
}

} // namespace

std::string ClusterMap::encode() const
{
    ByteWriter writer;
    writer.raw(magic);
    writer.u8(formatVersion);
    writer.varint(m_parts.epoch);
    writer.varint(m_parts.revision);
    writer.blob(m_parts.clusterId);
    writer.varint(m_parts.partitionCount);
    writer.varint(m_parts.replicaCount);
    writer.varint(m_parts.vnodesPerWeight);
    writeMembers(writer, m_parts.members);
    writer.varint(m_parts.lastNodeId);
    writer.varint(m_parts.copyMegabytesPerSecond);
    const std::optional<RingChange>& change = m_parts.change;
    writer.u8(change ? changeFlag | (change->paused ? pausedFlag : 0) | (change->aborting ? abortingFlag : 0) : 0);
    if (change) {
        writeWanted(writer, change->wanted);
        writer.varint(change->replicaCount);
        writeMembers(writer, change->members);
    }
    writer.varint(m_parts.queue.size());
    for (const WantedChange& wanted : m_parts.queue)
        writeWanted(writer, wanted);
    writeEnded(writer, m_parts.ended);
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
    const std::uint8_t version = reader.u8();
    if (version != formatVersion && version != formatWithoutEnded)
        return Error{ErrorCode::Unsupported, "a cluster map of format " + std::to_string(version) +
                                                 "; this build knows format " + std::to_string(formatVersion)};
    ClusterMapParts parts;
    parts.epoch = reader.varint();
    parts.revision = reader.varint();
    parts.clusterId = readString(reader);
    parts.partitionCount = readU32(reader);
    parts.replicaCount = readU32(reader);
    parts.vnodesPerWeight = readU32(reader);
    parts.members = readMembers(reader);
    parts.lastNodeId = readU32(reader);
    parts.copyMegabytesPerSecond = readU32(reader);
    const std::uint8_t flags = reader.u8();
    const bool known = flags <= (changeFlag | pausedFlag | abortingFlag) && (flags == 0 || (flags & changeFlag) != 0);
    if (!known)
        return corrupt("unknown flags");
    readChange(reader, flags, parts);
    const std::uint64_t queued = reader.count(2);
    for (std::uint64_t i = 0; i < queued && reader.ok(); ++i)
        parts.queue.push_back(readWanted(reader));
    if (version != formatWithoutEnded)
        parts.ended = readEnded(reader);
    if (!reader.ok() || !reader.atEnd())
        return corrupt("its fields don't fit its length");
    Result<ClusterMapPtr> map = make(std::move(parts));
    if (!map)
        return corrupt(map.error().message);
    return map;
}

} // namespace quoit
