#include "node/store/store_codec.h"

#include "node/core/planted_bug.h"

#include <xxhash.h>

namespace quoit {

namespace {

constexpr std::uint8_t flagTombstone = 1;
constexpr std::uint8_t flagValue = 2;
constexpr std::uint8_t flagEvicted = 4;
constexpr std::size_t headSumAt = 1;
constexpr std::size_t checkedFrom = headSumAt + 4;

std::uint64_t hash(std::string_view bytes, std::uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::uint32_t headSum(Position position, std::string_view key, std::int64_t expiryMs, std::string_view checked)
{
    return static_cast<std::uint32_t>(hash(checked, hash(key, position + static_cast<std::uint64_t>(expiryMs))));
}

bool fits(std::uint64_t stored, std::uint64_t computed)
{
    return stored == computed || planted(PlantedBug::ChecksumIgnored);
}

void putSum(std::string& bytes, std::size_t at, std::uint32_t sum)
{
    for (std::size_t i = 0; i < 4; ++i)
        bytes[at + i] = static_cast<char>(sum >> (8 * i));
}

struct HeadStart
{
    std::uint8_t flags = 0;
    std::uint64_t valueSum = 0;
    Version version;
};

/// Checks format and head sum and reads up to the version; the reader stands behind it, or has failed.
HeadStart beginHead(ByteReader& reader, const StoredRow& row)
{
    HeadStart start;
    const std::uint8_t format = reader.u8();
    const std::uint32_t sum = reader.u32();
    if (!reader.ok() || format != recordFormat ||
        !fits(sum, headSum(row.position, row.key, row.expiryMs, row.head.substr(checkedFrom)))) {
        reader.fail();
        return start;
    }
    start.flags = reader.u8();
    if (start.flags & ~(flagTombstone | flagValue | flagEvicted))
        reader.fail();
    if (start.flags & flagValue)
        start.valueSum = reader.u64();
    start.version = decodeVersion(reader);
    return start;
}

void bigEndian(std::string& bytes, std::uint64_t value, int count)
{
    while (count-- > 0)
        bytes.push_back(static_cast<char>(value >> (8 * count)));
}

std::uint64_t fromBigEndian(std::string_view& bytes, std::size_t count)
{
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < count; ++i)
        value = (value << 8) | static_cast<std::uint8_t>(bytes[i]);
    bytes.remove_prefix(count);
    return value;
}

} // namespace

void encodeHead(ByteWriter& writer, Position position, const Record& record)
{
    const std::size_t begin = writer.bytes.size();
    writer.u8(recordFormat);
    writer.u32(0);
    writer.u8((record.tombstone ? flagTombstone : 0) | (record.value.empty() ? 0 : flagValue) |
              (record.evicted ? flagEvicted : 0));
    if (!record.value.empty())
        writer.u64(hash(record.value, 0));
    encode(writer, record.version);
    encode(writer, record.base);
    encodeOperations(writer, record);
    const std::string_view checked = std::string_view(writer.bytes).substr(begin + checkedFrom);
    putSum(writer.bytes, begin + headSumAt, headSum(position, record.key, record.expiryMs, checked));
}

RecordPtr recordOf(const StoredRow& row)
{
    ByteReader reader(row.head);
    const HeadStart start = beginHead(reader, row);
    if (((start.flags & flagValue) != 0) != !row.value.empty() ||
        (!row.value.empty() && !fits(start.valueSum, hash(row.value, 0))))
        return nullptr;
    Record head;
    head.key = row.key;
    head.value = row.value;
    head.version = start.version;
    head.base = decodeVersion(reader);
    head.expiryMs = row.expiryMs;
    head.tombstone = start.flags & flagTombstone;
    head.evicted = start.flags & flagEvicted;
    RecordPtr record = decodeOperations(reader, head);
    return reader.ok() && reader.atEnd() ? record : nullptr;
}

std::optional<RecordSummary> summaryOf(const StoredRow& row, std::uint64_t valueBytes)
{
    const std::optional<HeadFacts> facts = headFactsOf(row);
    if (!facts)
        return std::nullopt;
    return RecordSummary{row.position,     std::string(row.key), facts->version,
                         facts->tombstone, row.expiryMs,         valueBytes};
}

std::optional<HeadFacts> headFactsOf(const StoredRow& row)
{
    ByteReader reader(row.head);
    const HeadStart start = beginHead(reader, row);
    if (!reader.ok())
        return std::nullopt;
    return HeadFacts{start.version, (start.flags & flagTombstone) != 0};
}

bool isTombstoneHead(std::string_view head)
{
    return head.size() > checkedFrom && (static_cast<std::uint8_t>(head[checkedFrom]) & flagTombstone) != 0;
}

std::string sortableVersion(const Version& version)
{
    std::string bytes;
    bytes.reserve(28);
    bigEndian(bytes, version.ballot.epoch, 8);
    bigEndian(bytes, version.ballot.round, 8);
    bigEndian(bytes, version.ballot.node, 4);
    bigEndian(bytes, version.sequence, 8);
    return bytes;
}

std::optional<Version> versionFromSortable(std::string_view bytes)
{
    if (bytes.size() != 28)
        return std::nullopt;
    Version version;
    version.ballot.epoch = fromBigEndian(bytes, 8);
    version.ballot.round = fromBigEndian(bytes, 8);
    version.ballot.node = static_cast<NodeId>(fromBigEndian(bytes, 4));
    version.sequence = fromBigEndian(bytes, 8);
    return version;
}

} // namespace quoit
