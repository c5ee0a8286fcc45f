// node/store/store_codec.h - the bytes of one stored record, and of the small things beside it.
// Pure functions; the golden bytes are in tests/unit/store.
//
// A record is a row (position, key, expiry, head, value). `head`, little-endian:
//   format u8 = 1 | headSum u32 | flags u8 (1 tombstone, 2 has a value) | [valueSum u64] | version | base | count
//   varint, operations…
// headSum is the low half of XXH3-64 over the bytes of head behind it, seeded with XXH3-64 of the key, seeded with
// position + expiry; valueSum is XXH3-64 of the value. So a head can be checked, and a listing made, without touching
// the value, which lies behind it.
#pragma once

#include "node/core/persistence.h"

#include <optional>
#include <string>
#include <string_view>

namespace quoit {

inline constexpr std::uint8_t recordFormat = 1;

/// SQLite's integers are signed: this keeps the order.
inline std::int64_t storedPosition(Position position)
{
    return static_cast<std::int64_t>(position ^ (std::uint64_t(1) << 63));
}
inline Position positionFromStored(std::int64_t stored)
{
    return static_cast<Position>(stored) ^ (std::uint64_t(1) << 63);
}

/// A row as it was read; borrows its bytes.
struct StoredRow
{
    Position position = 0;
    std::string_view key;
    std::int64_t expiryMs = 0;
    std::string_view head;
    std::string_view value; ///< not for headOf and summaryOf
};

/// Appends the head of a record to writer.bytes.
void encodeHead(ByteWriter& writer, Position position, const Record& record);

/// @return null if a checksum doesn't fit or the bytes don't decode.
RecordPtr recordOf(const StoredRow& row);
/// @param valueBytes  the value's length. @return nothing if the head's checksum doesn't fit or it doesn't decode.
std::optional<RecordSummary> summaryOf(const StoredRow& row, std::uint64_t valueBytes);
/// What the scan of the start needs of a head.
struct HeadFacts
{
    Version version;
    bool tombstone = false;
};
/// Like summaryOf, without copies.
std::optional<HeadFacts> headFactsOf(const StoredRow& row);

/// Of a head that was found in a row, without a check.
bool isTombstoneHead(std::string_view head);

/// 28 bytes whose order as bytes is the versions' order, for comparisons in SQL.
std::string sortableVersion(const Version& version);
std::optional<Version> versionFromSortable(std::string_view bytes);

} // namespace quoit
