// Integers are varints, flags u8, strings blobs, unless a line says otherwise. Optional parts are announced by a flag,
// so that the messages of the hot path (Write, WriteReply, Read, ReadReply, Operation) stay small.
#include "node/peer/message_codec.h"

#include "node/peer/codec_parts.h"
#include "node/peer/eviction_codec.h"
#include "node/peer/map_message_codec.h"
#include "node/peer/repair_codec.h"

#include <array>
#include <utility>

namespace quoit {

using namespace codec;

namespace {

using codec::get;
using codec::put;

/// The wire's numbers of the message types; also their order in MessageBody. Never reuse one.
enum class Type : std::uint8_t {
    PromiseRequest = 1,
    PromiseReply,
    WriteRequest,
    WriteReply,
    ReadRequest,
    ReadReply,
    RecallRequest,
    RecallReply,
    LearnRequest,
    LearnReply,
    OperationRequest,
    OperationReply,
    HomeOffer,
    Heartbeat,
    ScanRequest,
    ScanReply,
    CountRequest,
    CountReply,
    MapPush,
    MapRequest,
    Farewell,
    MapPrepareRequest,
    MapPrepareReply,
    MapAcceptRequest,
    MapAcceptReply,
    ChangeReportRequest,
    ChangeReportReply,
    TreeRequest,
    TreeReply,
    FloorRequest,
    FloorReply,
    FloorFact,
    UseRequest,
    UseReply,
};
static_assert(std::variant_size_v<MessageBody> == static_cast<std::size_t>(Type::UseReply));

// [count] (partition, ballot)
void writePartitionBallots(ByteWriter& writer, const std::vector<PartitionBallot>& ballots)
{
    writer.varint(ballots.size());
    for (const PartitionBallot& entry : ballots) {
        writer.varint(entry.partition);
        encode(writer, entry.ballot);
    }
}

std::vector<PartitionBallot> readPartitionBallots(ByteReader& reader)
{
    const std::uint64_t count = reader.count(4);
    if (count > partitionsMax)
        reader.fail();
    std::vector<PartitionBallot> ballots;
    if (!reader.ok())
        return ballots;
    ballots.reserve(count);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        const PartitionIndex partition = readUint32(reader);
        ballots.push_back({partition, decodeBallot(reader)});
    }
    return ballots;
}

// One pair of functions for each type; the order of the fields is the layout.

void put(ByteWriter& writer, const PromiseRequest& body)
{
    writer.varint(body.tag);
    writePartitionBallots(writer, body.partitions);
}
void get(ByteReader& reader, PromiseRequest& body)
{
    body.tag = reader.varint();
    body.partitions = readPartitionBallots(reader);
}

void put(ByteWriter& writer, const PromiseReply& body)
{
    writer.varint(body.tag);
    writePartitionBallots(writer, body.promised);
}
void get(ByteReader& reader, PromiseReply& body)
{
    body.tag = reader.varint();
    body.promised = readPartitionBallots(reader);
}

void put(ByteWriter& writer, const WriteRequest& body)
{
    writer.varint(body.tag);
    writer.varint(body.partition);
    writeRecord(writer, body.record);
}
void get(ByteReader& reader, WriteRequest& body)
{
    body.tag = reader.varint();
    body.partition = readUint32(reader);
    body.record = readRecord(reader);
}

// promised only when it is Refused
void put(ByteWriter& writer, const WriteReply& body)
{
    writer.varint(body.tag);
    writer.u8(static_cast<std::uint8_t>(body.status));
    if (body.status == ReplicaStatus::Refused)
        encode(writer, body.promised);
}
void get(ByteReader& reader, WriteReply& body)
{
    body.tag = reader.varint();
    body.status = readStatus(reader);
    if (body.status == ReplicaStatus::Refused)
        body.promised = decodeBallot(reader);
}

// flags: 1 whole, 2 with a ballot, 4 brief
void put(ByteWriter& writer, const ReadRequest& body)
{
    writer.u8((body.whole ? 1 : 0) | (body.ballot != Ballot{} ? 2 : 0) | (body.brief ? 4 : 0));
    writer.varint(body.tag);
    writer.varint(body.partition);
    writer.blob(body.key);
    if (body.ballot != Ballot{})
        encode(writer, body.ballot);
}
void get(ByteReader& reader, ReadRequest& body)
{
    const std::uint8_t flags = readFlags(reader, 7);
    body.whole = flag(flags, 1);
    body.brief = flag(flags, 4);
    body.tag = reader.varint();
    body.partition = readUint32(reader);
    body.key = reader.blob();
    if (flag(flags, 2))
        body.ballot = decodeBallot(reader);
}

// flags: 1 present, 2 tombstone, 4 version, 8 expiry (i64), 16 value bytes, 32 floor, 64 promised, 128 record
void put(ByteWriter& writer, const ReadReply& body)
{
    const bool hasVersion = body.version != Version{};
    const bool hasFloor = body.floor != Version{};
    const bool hasPromised = body.promised != Ballot{};
    writer.u8((body.present ? 1 : 0) | (body.tombstone ? 2 : 0) | (hasVersion ? 4 : 0) | (body.expiryMs != 0 ? 8 : 0) |
              (body.valueBytes != 0 ? 16 : 0) | (hasFloor ? 32 : 0) | (hasPromised ? 64 : 0) | (body.record ? 128 : 0));
    writer.varint(body.tag);
    writer.u8(static_cast<std::uint8_t>(body.status));
    if (hasVersion)
        encode(writer, body.version);
    if (body.expiryMs != 0)
        writer.i64(body.expiryMs);
    if (body.valueBytes != 0)
        writer.varint(body.valueBytes);
    if (hasFloor)
        encode(writer, body.floor);
    if (hasPromised)
        encode(writer, body.promised);
    if (body.record)
        writeRecord(writer, body.record);
}
void get(ByteReader& reader, ReadReply& body)
{
    const std::uint8_t flags = reader.u8();
    body.present = flag(flags, 1);
    body.tombstone = flag(flags, 2);
    body.tag = reader.varint();
    body.status = readStatus(reader);
    if (flag(flags, 4))
        body.version = decodeVersion(reader);
    if (flag(flags, 8))
        body.expiryMs = reader.i64();
    if (flag(flags, 16))
        body.valueBytes = reader.varint();
    if (flag(flags, 32))
        body.floor = decodeVersion(reader);
    if (flag(flags, 64))
        body.promised = decodeBallot(reader);
    if (flag(flags, 128))
        body.record = readRecord(reader);
}

void put(ByteWriter& writer, const RecallRequest& body)
{
    writer.varint(body.tag);
    writer.varint(body.partition);
    encode(writer, body.ballot);
    writer.blob(body.key);
    encode(writer, body.operation);
    encode(writer, body.after);
}
void get(ByteReader& reader, RecallRequest& body)
{
    body.tag = reader.varint();
    body.partition = readUint32(reader);
    body.ballot = decodeBallot(reader);
    body.key = reader.blob();
    body.operation = decodeOperationId(reader);
    body.after = decodeVersion(reader);
}

void put(ByteWriter& writer, const RecallReply& body)
{
    put(writer, body.read);
    writer.u8((body.sure ? 1 : 0) | (body.ancestry.empty() ? 0 : 2));
    writer.varint(body.remembered.size());
    for (const RememberedResult& entry : body.remembered) {
        encode(writer, entry.version);
        writer.blob(entry.result);
    }
    if (body.ancestry.empty())
        return;
    writer.varint(body.ancestry.size());
    for (const BuiltOn& entry : body.ancestry) {
        encode(writer, entry.ballot);
        encode(writer, entry.base);
    }
}
void get(ByteReader& reader, RecallReply& body)
{
    get(reader, body.read);
    const std::uint8_t flags = readFlags(reader, 3);
    body.sure = flag(flags, 1);
    const std::uint64_t count = reader.count(5);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        RememberedResult& entry = body.remembered.emplace_back();
        entry.version = decodeVersion(reader);
        entry.result = reader.blob();
    }
    if (!flag(flags, 2))
        return;
    const std::uint64_t ancestors = reader.count(7);
    if (ancestors == 0)
        reader.fail();
    for (std::uint64_t i = 0; i < ancestors && reader.ok(); ++i) {
        BuiltOn& entry = body.ancestry.emplace_back();
        entry.ballot = decodeBallot(reader);
        entry.base = decodeVersion(reader);
    }
}

void put(ByteWriter& writer, const LearnRequest& body)
{
    writer.varint(body.tag);
    writer.varint(body.partition);
    writeRecord(writer, body.record);
}
void get(ByteReader& reader, LearnRequest& body)
{
    body.tag = reader.varint();
    body.partition = readUint32(reader);
    body.record = readRecord(reader);
}

void put(ByteWriter& writer, const LearnReply& body)
{
    writer.varint(body.tag);
    writer.u8(static_cast<std::uint8_t>(body.status));
}
void get(ByteReader& reader, LearnReply& body)
{
    body.tag = reader.varint();
    body.status = readStatus(reader);
}

// flags: 1 read, 2 retry, 4 every replica
void put(ByteWriter& writer, const OperationRequest& body)
{
    writer.u8((body.read ? 1 : 0) | (body.retry ? 2 : 0) | (body.everyReplica ? 4 : 0));
    encode(writer, body.id);
    writer.varint(body.attempt);
    writer.varint(body.partition);
    writer.blob(body.key);
    writer.blob(body.operation);
    encode(writer, body.believed);
    encode(writer, body.after);
}
void get(ByteReader& reader, OperationRequest& body)
{
    const std::uint8_t flags = readFlags(reader, 7);
    body.read = flag(flags, 1);
    body.retry = flag(flags, 2);
    body.everyReplica = flag(flags, 4);
    body.id = decodeOperationId(reader);
    body.attempt = readUint32(reader);
    body.partition = readUint32(reader);
    body.key = reader.blob();
    body.operation = reader.blob();
    body.believed = decodeBallot(reader);
    body.after = decodeVersion(reader);
}

// flags: 1 record
void put(ByteWriter& writer, const OperationReply& body)
{
    writer.u8(body.record ? 1 : 0);
    encode(writer, body.id);
    writer.varint(body.attempt);
    writer.u8(static_cast<std::uint8_t>(body.outcome));
    writer.blob(body.result);
    encode(writer, body.ballot);
    encode(writer, body.latest);
    if (body.record)
        writeRecord(writer, body.record);
}
void get(ByteReader& reader, OperationReply& body)
{
    const std::uint8_t flags = readFlags(reader, 1);
    body.id = decodeOperationId(reader);
    body.attempt = readUint32(reader);
    const std::uint8_t outcome = reader.u8();
    if (outcome > static_cast<std::uint8_t>(OperationOutcome::Alone))
        reader.fail();
    body.outcome = static_cast<OperationOutcome>(outcome);
    body.result = reader.blob();
    body.ballot = decodeBallot(reader);
    body.latest = decodeVersion(reader);
    if (flag(flags, 1))
        body.record = readRecord(reader);
}

void put(ByteWriter& writer, const HomeOffer& body)
{
    writer.varint(body.partitions.size());
    for (const PartitionIndex partition : body.partitions)
        writer.varint(partition);
}
void get(ByteReader& reader, HomeOffer& body)
{
    const std::uint64_t count = reader.count(1);
    if (count > partitionsMax)
        reader.fail();
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        const PartitionIndex partition = readUint32(reader);
        if (i > 0 && partition <= body.partitions.back())
            reader.fail();
        body.partitions.push_back(partition);
    }
}

// flags: 1 no space, or little, on the disk; 2 with it: little
void put(ByteWriter& writer, const Heartbeat& body)
{
    writer.u8(body.disk == DiskSpace::Ample ? 0 : body.disk == DiskSpace::None ? 1 : 3);
    writer.varint(body.sequence);
    writer.varint(body.progress);
    writer.varint(body.revision);
    writer.varint(body.usedBytes);
    writer.varint(body.bytesMax);
    writer.blob(body.figures);
    writer.u8(static_cast<std::uint8_t>(body.busy.strain));
    writer.u8(body.busy.percent);
}
void get(ByteReader& reader, Heartbeat& body)
{
    const std::uint8_t flags = readFlags(reader, 3);
    if (flags == 2)
        reader.fail();
    body.disk = flags == 0 ? DiskSpace::Ample : flags == 1 ? DiskSpace::None : DiskSpace::Short;
    body.sequence = reader.varint();
    body.progress = reader.varint();
    body.revision = reader.varint();
    body.usedBytes = reader.varint();
    body.bytesMax = reader.varint();
    body.figures = reader.blob();
    const std::uint8_t strain = reader.u8();
    body.busy.percent = reader.u8();
    if (strain > static_cast<std::uint8_t>(Strain::Strained) || body.busy.percent > 100)
        reader.fail();
    else
        body.busy.strain = static_cast<Strain>(strain);
}

// first, last: u64, since positions use all bits
void put(ByteWriter& writer, const ScanRequest& body)
{
    writer.varint(body.tag);
    writer.varint(body.partition);
    writer.u64(body.first);
    writer.varint(body.limit);
    writer.u8(body.whole ? 1 : 0);
    writer.u64(body.last);
}
void get(ByteReader& reader, ScanRequest& body)
{
    body.tag = reader.varint();
    body.partition = readUint32(reader);
    body.first = reader.u64();
    body.limit = readUint32(reader);
    body.whole = flag(readFlags(reader, 1), 1);
    body.last = reader.u64();
}

// positions: u64; a summary's flags: 1 tombstone, 2 expiry (i64)
void put(ByteWriter& writer, const ScanReply& body)
{
    writer.varint(body.tag);
    writer.u8(static_cast<std::uint8_t>(body.status));
    writer.u64(body.coveredTo);
    encode(writer, body.floor);
    writer.varint(body.records.size());
    for (const RecordSummary& record : body.records) {
        writer.u8((record.tombstone ? 1 : 0) | (record.expiryMs != 0 ? 2 : 0));
        writer.u64(record.position);
        writer.blob(record.key);
        encode(writer, record.version);
        if (record.expiryMs != 0)
            writer.i64(record.expiryMs);
        writer.varint(record.valueBytes);
    }
    writer.varint(body.whole.size());
    for (const RecordPtr& record : body.whole)
        encode(writer, *record);
}
void get(ByteReader& reader, ScanReply& body)
{
    body.tag = reader.varint();
    body.status = readStatus(reader);
    body.coveredTo = reader.u64();
    body.floor = decodeVersion(reader);
    const std::uint64_t count = reader.count(15);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        RecordSummary& record = body.records.emplace_back();
        const std::uint8_t flags = readFlags(reader, 3);
        record.tombstone = flag(flags, 1);
        record.position = reader.u64();
        record.key = reader.blob();
        record.version = decodeVersion(reader);
        if (flag(flags, 2))
            record.expiryMs = reader.i64();
        record.valueBytes = reader.varint();
    }
    const std::uint64_t whole = reader.count(recordBytesMin);
    for (std::uint64_t i = 0; i < whole && reader.ok(); ++i)
        body.whole.push_back(readRecord(reader));
}

void put(ByteWriter& writer, const CountRequest& body)
{
    writer.varint(body.tag);
}
void get(ByteReader& reader, CountRequest& body)
{
    body.tag = reader.varint();
}

void put(ByteWriter& writer, const CountReply& body)
{
    writer.varint(body.tag);
    writer.varint(body.counts.size());
    for (const PartitionCount& entry : body.counts) {
        writer.varint(entry.partition);
        writer.varint(entry.keys);
        encode(writer, entry.highest);
    }
}
void get(ByteReader& reader, CountReply& body)
{
    body.tag = reader.varint();
    const std::uint64_t count = reader.count(6);
    if (count > partitionsMax)
        reader.fail();
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        PartitionCount& entry = body.counts.emplace_back();
        entry.partition = readUint32(reader);
        entry.keys = reader.varint();
        entry.highest = decodeVersion(reader);
    }
}

void put(ByteWriter& writer, const Farewell& body)
{
    writer.blob(body.reason);
}
void get(ByteReader& reader, Farewell& body)
{
    body.reason = reader.blob();
}

template <std::size_t Index>
void getBody(ByteReader& reader, MessageBody& body)
{
    get(reader, body.emplace<Index>());
}

using Getter = void (*)(ByteReader&, MessageBody&);
template <std::size_t... Indexes>
constexpr std::array<Getter, sizeof...(Indexes)> makeGetters(std::index_sequence<Indexes...>)
{
    return {&getBody<Indexes>...};
}
constexpr auto getters = makeGetters(std::make_index_sequence<std::variant_size_v<MessageBody>>());

} // namespace

void encodeMessage(ByteWriter& writer, const Message& message)
{
    writer.u8(static_cast<std::uint8_t>(message.body.index() + 1));
    writer.varint(message.epoch);
    std::visit([&writer](const auto& body) { put(writer, body); }, message.body);
}

Message decodeMessage(ByteReader& reader)
{
    Message message;
    const std::size_t type = reader.u8();
    message.epoch = reader.varint();
    if (type == 0 || type > getters.size())
        reader.fail();
    if (reader.ok())
        getters[type - 1](reader, message.body);
    return message;
}

} // namespace quoit
