// node/commands/operation_codec.h - the bytes of an operation: an opcode, then what that opcode needs; the longest part
// comes last, bare. Made by parse.cpp, read by command_logic.cpp; travels between nodes of one protocol version.
#pragma once

#include "shared/base/bytes.h"

#include <cstdint>
#include <string_view>

namespace quoit {

enum class Opcode : std::uint8_t {
    Get = 1,               ///< -
    Set = 2,               ///< flags u8 (SetFlag), [milliseconds i64, > 0], value
    GetDel = 3,            ///< -
    GetEx = 4,             ///< GetExKind u8; Relative and Absolute: milliseconds i64
    Delete = 5,            ///< -
    Exists = 6,            ///< -
    StrLen = 7,            ///< -
    Append = 8,            ///< value
    GetRange = 9,          ///< start i64, end i64
    SetRange = 10,         ///< offset i64, value
    IncrementBy = 11,      ///< amount i64
    IncrementByFloat = 12, ///< the amount's text
    Expire = 13,           ///< flags u8 (ExpireFlag), milliseconds i64
    Ttl = 14,              ///< what u8 (TtlAs)
    Persist = 15,          ///< -
    Type = 16,             ///< -
    CompareAndSet = 17,    ///< version text blob, expiry ms from now i64 (0: none), value
    GetVersion = 18,       ///< -
    MemoryUsage = 19,      ///< bytes of the key i64
    Encoding = 20,         ///< -
    RefCount = 21,         ///< -
    Sequence = 22,         ///< flags u8 (SequenceFlag), [version text blob], count varint, operations blobs; see sequence.h
};

enum SequenceFlag : std::uint8_t { SequenceHasVersion = 1 };

enum SetFlag : std::uint8_t {
    SetIfAbsent = 1,
    SetIfPresent = 2,
    SetReturnsOld = 4,
    SetKeepsExpiry = 8,
    SetExpiryRelative = 16, ///< the expiry is milliseconds from now
    SetExpiryAbsolute = 32, ///< … since the Unix epoch
    SetRepliesInteger = 64, ///< SETNX: 1 or 0 instead of OK or null
};

enum ExpireFlag : std::uint8_t {
    ExpireIfNone = 1,
    ExpireIfAny = 2,
    ExpireIfLater = 4,
    ExpireIfEarlier = 8,
    ExpireRelative = 16
};

enum class GetExKind : std::uint8_t {
    Keep = 0,
    Relative = 1,
    Absolute = 2,
    Persist = 3,
    NotAnInteger = 4,
    InvalidTime = 5
};

enum class TtlAs : std::uint8_t { Seconds = 0, Milliseconds = 1, UnixSeconds = 2, UnixMilliseconds = 3 };

/// What is left of an operation's bytes: its bare last part.
inline std::string_view rest(ByteReader& reader)
{
    return reader.raw(reader.remaining());
}

} // namespace quoit
