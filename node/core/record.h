// node/core/record.h - one key's state at one version, shared and never changed; and its bytes.
// Pure. Design: resources/docs/protocol.md, "Terms" and "Writing".
#pragma once

#include "node/core/ballot.h"
#include "shared/base/result.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

/// An operation that a record will carry out, with its short result (see OperationLogic).
struct CarriedOperation
{
    OperationId id;
    std::string result; ///< RESP3 bytes, ≤ carriedResultBytesMax; empty: too long to be carried
};

/// A result longer than this is not kept with the record; a retry that meets it is answered UNKNOWN.
inline constexpr std::size_t carriedResultBytesMax = 1024;

/// One that is shared owns what its views show: it is one piece of memory, with all bytes and operations behind it, since a node holds millions
/// of them, which no cache of the processor does. makeRecord() and decodeRecord() make these. One that somebody builds on his way there borrows.
struct Record
{
    struct Operation
    {
        OperationId id;
        std::string_view result;

        bool operator==(const Operation&) const = default;
    };

    std::string_view key;
    std::string_view value; ///< empty for a tombstone
    Version version;
    Version base; ///< what the home found when it first touched the key under version.ballot; for an absent key the floor
    std::span<const Operation> operations;
    std::int64_t expiryMs = 0; ///< ms since the Unix epoch; 0: none
    bool tombstone = false;
    bool evicted = false; ///< of a tombstone: nobody deleted the key, there was no room for it

    Record() = default;
    Record(const Record&) = delete;
    Record& operator=(const Record&) = delete;
    bool operator==(const Record& other) const;
    /// What it takes in memory, about; for budgets.
    std::size_t bytes() const;
};
using RecordPtr = std::shared_ptr<const Record>;

/// Copies it. @param more  carried behind its own operations
RecordPtr makeRecord(const Record& record, std::span<const CarriedOperation> more = {});

/// Without a checksum; frames and stores add their own. Layout, in order: flags u8 (1 tombstone, 2 has expiry, 4 evicted), key blob, value blob,
/// version, base, [expiry i64], operations.
void encode(ByteWriter& writer, const Record& record);
/// Fails the reader on malformed bytes. The result is then meaningless, but never null.
RecordPtr decodeRecord(ByteReader& reader);

/// The operations alone: count varint, each id and result blob.
void encodeOperations(ByteWriter& writer, const Record& record);
/// The rest of a record whose other parts were read before. @param head  borrows; without operations
/// @return as decodeRecord()
RecordPtr decodeOperations(ByteReader& reader, const Record& head);

} // namespace quoit
