// node/core/record.h - one key's state at one version, shared and never changed; and its bytes.
// Pure. Design: resources/docs/protocol.md, "Terms" and "Writing".
#pragma once

#include "node/core/ballot.h"
#include "shared/base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

/// An operation that a record carries out, with its short result (see OperationLogic).
struct CarriedOperation
{
    OperationId id;
    std::string result; ///< RESP3 bytes, ≤ carriedResultBytesMax; empty: too long to be carried

    bool operator==(const CarriedOperation&) const = default;
};

/// A result longer than this is not kept with the record; a retry that meets it is answered UNKNOWN.
inline constexpr std::size_t carriedResultBytesMax = 1024;

struct Record
{
    std::string key;
    std::string value; ///< empty for a tombstone
    Version version;
    Version base; ///< what the home found when it first touched the key under version.ballot; for an absent key the floor
    std::vector<CarriedOperation> operations;
    std::int64_t expiryMs = 0; ///< ms since the Unix epoch; 0: none
    bool tombstone = false;
    bool evicted = false; ///< of a tombstone: nobody deleted the key, there was no room for it

    bool operator==(const Record&) const = default;
    /// What it takes in memory, about; for budgets.
    std::size_t bytes() const;
};
using RecordPtr = std::shared_ptr<const Record>;

/// Without a checksum; frames and stores add their own. Layout, in order: flags u8 (1 tombstone, 2 has expiry, 4 evicted), key blob, value blob,
/// version, base, [expiry i64], count varint of operations, each id and result blob.
void encode(ByteWriter& writer, const Record& record);
/// Fails the reader on malformed bytes. The result is then meaningless.
Record decodeRecord(ByteReader& reader);

} // namespace quoit
