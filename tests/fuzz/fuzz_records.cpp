// Fuzzes records as they are stored and sent: node/core/record, ballot, node/store/store_codec.
// Input: kind u8, then by kind: 0 a record's bytes; 1 a row (position u64, expiry u64, key text, value text, head);
// 2 the same, whose head gets right checksums; 3 two sortable versions; 4 the text of a version.
#include "node/store/store_codec.h"
#include "tests/fuzz/fuzz.h"

#include <xxhash.h>

using namespace quoit;

namespace {

void fuzzRecord(std::string_view bytes)
{
    const fuzz::MemoryMeter meter;
    ByteReader reader(bytes);
    const RecordPtr record = decodeRecord(reader);
    FUZZ_CHECK(meter.peakBytes() <= 256 + 32 * bytes.size());
    if (!reader.ok())
        return;
    ByteWriter writer;
    encode(writer, *record);
    ByteReader again(writer.bytes);
    FUZZ_CHECK(*decodeRecord(again) == *record);
    FUZZ_CHECK(again.ok() && again.atEnd());
}

/// The head with the checksums that it ought to have; the layout is store_codec.h's.
std::string sealed(const StoredRow& row)
{
    const auto hash = [](std::string_view bytes, std::uint64_t seed) {
        return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
    };
    ByteWriter checked;
    ByteReader reader(row.head);
    const std::uint8_t flags = (reader.u8() & 5) | (row.value.empty() ? 0 : 2);
    checked.u8(flags);
    if (flags & 2)
        checked.u64(hash(row.value, 0));
    checked.raw(reader.raw(reader.remaining()));
    const std::uint64_t seed = hash(row.key, row.position + static_cast<std::uint64_t>(row.expiryMs));
    ByteWriter head;
    head.u8(recordFormat);
    head.u32(static_cast<std::uint32_t>(hash(checked.bytes, seed)));
    head.raw(checked.bytes);
    return std::move(head.bytes);
}

void fuzzRow(const StoredRow& row)
{
    const fuzz::MemoryMeter meter;
    const RecordPtr record = recordOf(row);
    FUZZ_CHECK(meter.peakBytes() <= 1024 + 32 * row.head.size() + 2 * (row.key.size() + row.value.size()));
    const auto facts = headFactsOf(row);
    const auto summary = summaryOf(row, row.value.size());
    FUZZ_CHECK(facts.has_value() == summary.has_value());
    if (!record)
        return;
    FUZZ_CHECK(facts && facts->version == record->version && facts->tombstone == record->tombstone);
    FUZZ_CHECK(summary->version == record->version && summary->key == record->key);
    ByteWriter writer;
    encodeHead(writer, row.position, *record);
    const RecordPtr again = recordOf({row.position, record->key, record->expiryMs, writer.bytes, record->value});
    FUZZ_CHECK(again && *again == *record);
}

void fuzzSortable(std::string_view bytes)
{
    const std::string_view first = bytes.substr(0, 28);
    const std::string_view second = bytes.substr(first.size());
    const auto a = versionFromSortable(first);
    const auto b = versionFromSortable(second);
    FUZZ_CHECK(a.has_value() == (first.size() == 28) && b.has_value() == (second.size() == 28));
    if (!a || !b)
        return;
    FUZZ_CHECK(sortableVersion(*a) == first && sortableVersion(*b) == second);
    FUZZ_CHECK((*a < *b) == (first < second) && (*a == *b) == (first == second));
}

void fuzzVersionText(std::string_view text)
{
    const auto version = Version::fromString(text);
    if (!version)
        return;
    FUZZ_CHECK(Version::fromString(version->toString()) == version);
    FUZZ_CHECK(version->toString().size() <= text.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    fuzz::Input input(data, byteCount);
    const int kind = input.u8() % 5;
    if (kind == 0)
        fuzzRecord(input.rest());
    else if (kind == 3)
        fuzzSortable(input.rest());
    else if (kind == 4)
        fuzzVersionText(input.rest());
    else {
        StoredRow row;
        row.position = input.u64();
        row.expiryMs = static_cast<std::int64_t>(input.u64());
        row.key = input.text();
        row.value = input.text();
        row.head = input.rest();
        const std::string head = kind == 2 ? sealed(row) : std::string(row.head);
        row.head = head;
        fuzzRow(row);
    }
    return 0;
}
