#include "node/core/record.h"

namespace quoit {

namespace {
constexpr std::uint8_t flagTombstone = 1;
constexpr std::uint8_t flagExpiry = 2;
constexpr std::uint8_t flagEvicted = 4;
} // namespace

std::size_t Record::bytes() const
{
    std::size_t total = sizeof(Record) + 32 + key.size() + value.size();
    for (const CarriedOperation& operation : operations)
        total += sizeof(CarriedOperation) + (operation.result.size() > 15 ? operation.result.size() : 0);
    return total;
}

void encode(ByteWriter& writer, const Record& record)
{
    writer.u8((record.tombstone ? flagTombstone : 0) | (record.expiryMs != 0 ? flagExpiry : 0) | (record.evicted ? flagEvicted : 0));
    writer.blob(record.key);
    writer.blob(record.value);
    encode(writer, record.version);
    encode(writer, record.base);
    if (record.expiryMs != 0)
        writer.i64(record.expiryMs);
    writer.varint(record.operations.size());
    for (const CarriedOperation& operation : record.operations) {
        encode(writer, operation.id);
        writer.blob(operation.result);
    }
}

Record decodeRecord(ByteReader& reader)
{
    Record record;
    const std::uint8_t flags = reader.u8();
    if (flags & ~(flagTombstone | flagExpiry | flagEvicted))
        reader.fail();
    record.tombstone = flags & flagTombstone;
    record.evicted = flags & flagEvicted;
    record.key = reader.blob();
    record.value = reader.blob();
    record.version = decodeVersion(reader);
    record.base = decodeVersion(reader);
    if (flags & flagExpiry)
        record.expiryMs = reader.i64();
    const std::uint64_t count = reader.count(4);
    record.operations.reserve(count);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        CarriedOperation operation;
        operation.id = decodeOperationId(reader);
        operation.result = reader.blob();
        record.operations.push_back(std::move(operation));
    }
    return record;
}

} // namespace quoit
