// node/store/log_codec.h - the bytes of one entry of the log: the records, removals and hints of one transaction.
// Pure functions; the golden bytes are in tests/unit/store. An entry, little-endian:
//   format u8 = 1 | sum u64 | count varint, records… | count varint, hints…
//   format u8 = 2 | the same | count varint, removals… (at least one)
//   removal: position u64 | key blob | version
//   record: position u64, then as node/core/record.h encodes it
//   hint: node varint | position u64 | key blob | set u8 (1: set, 0: remove what isn't newer) | version
// sum is XXH3-64 of all behind it, seeded with the entry's id.
#pragma once

#include "node/store/logged_changes.h"

#include <cstdint>
#include <string_view>

namespace quoit {

inline constexpr std::uint8_t logEntryFormat = 1;
inline constexpr std::uint8_t logEntryFormatWithRemovals = 2;

/// Of what doesn't go to its table at once. Replaces writer.bytes.
void encodeLogEntry(ByteWriter& writer, std::uint64_t id, const LoggedChanges& changes);

/// Adds the entry's changes behind those that are there. @return false, with some of them added, if the bytes are
/// damaged.
bool decodeLogEntry(std::uint64_t id, std::string_view bytes, LoggedChanges& into);

} // namespace quoit
