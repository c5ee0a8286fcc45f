// node/peer/codec_parts.h - what the encoders and decoders of messages share. Inside this room only.
#pragma once

#include "node/core/messages.h"

namespace quoit::codec {

inline constexpr std::size_t partitionsMax = 16384;
inline constexpr std::size_t recordBytesMin = 12; ///< of one without key, value and operations

inline bool flag(std::uint8_t flags, std::uint8_t bit)
{
    return (flags & bit) != 0;
}

inline std::uint8_t readFlags(ByteReader& reader, std::uint8_t known)
{
    const std::uint8_t flags = reader.u8();
    if (flags & ~known)
        reader.fail();
    return flags;
}

inline std::uint32_t readUint32(ByteReader& reader)
{
    const std::uint64_t value = reader.varint();
    if (value > UINT32_MAX)
        reader.fail();
    return static_cast<std::uint32_t>(value);
}

inline ReplicaStatus readStatus(ByteReader& reader)
{
    const std::uint8_t value = reader.u8();
    if (value > static_cast<std::uint8_t>(ReplicaStatus::NotReplica))
        reader.fail();
    return static_cast<ReplicaStatus>(value);
}

inline RecordPtr readRecord(ByteReader& reader)
{
    return decodeRecord(reader);
}

inline void writeRecord(ByteWriter& writer, const RecordPtr& record)
{
    QUOIT_ENSURE(record != nullptr);
    encode(writer, *record);
}

} // namespace quoit::codec
