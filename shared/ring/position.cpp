// shared/ring/position.cpp - the Redis Cluster hash slot and the position that refines it.
#include "shared/ring/position.h"

#include "shared/base/result.h"

#include <xxhash.h>

#include <array>
#include <bit>

namespace quoit {

namespace {

constexpr int slotBits = 14;
constexpr int positionBits = 64;
static_assert(hashSlotCount == 1 << slotBits);

/// CRC16/XMODEM: polynomial x^16 + x^12 + x^5 + 1, most significant bit first, starts at 0, no final XOR.
constexpr std::array<std::uint16_t, 256> makeCrcTable()
{
    std::array<std::uint16_t, 256> table{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        unsigned crc = byte << 8;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1;
        table[byte] = static_cast<std::uint16_t>(crc);
    }
    return table;
}

constexpr std::array<std::uint16_t, 256> crcTable = makeCrcTable();

std::uint16_t crc16(std::string_view bytes)
{
    std::uint16_t crc = 0;
    for (const char c : bytes)
        crc = static_cast<std::uint16_t>((crc << 8) ^ crcTable[(crc >> 8) ^ static_cast<std::uint8_t>(c)]);
    return crc;
}

/// What is hashed for the slot: the text between the first '{' and the first '}' after it, unless there is none or it
/// is empty; else the whole key.
std::string_view hashedPart(std::string_view key)
{
    const std::size_t open = key.find('{');
    if (open == std::string_view::npos)
        return key;
    const std::size_t close = key.find('}', open + 1);
    if (close == std::string_view::npos || close == open + 1)
        return key;
    return key.substr(open + 1, close - open - 1);
}

int partitionShift(std::uint32_t partitionCount)
{
    QUOIT_ENSURE(std::has_single_bit(partitionCount) && partitionCount >= 2 && partitionCount <= hashSlotCount);
    return positionBits - std::countr_zero(partitionCount);
}

} // namespace

std::uint16_t hashSlot(std::string_view key)
{
    return crc16(hashedPart(key)) & (hashSlotCount - 1);
}

Position positionOf(std::string_view key)
{
    const std::uint64_t hash = XXH3_64bits(key.data(), key.size());
    return static_cast<Position>(hashSlot(key)) << (positionBits - slotBits) | hash >> slotBits;
}

PartitionIndex partitionOf(Position position, std::uint32_t partitionCount)
{
    return static_cast<PartitionIndex>(position >> partitionShift(partitionCount));
}

Position firstPosition(PartitionIndex partition, std::uint32_t partitionCount)
{
    QUOIT_ENSURE(partition < partitionCount);
    return static_cast<Position>(partition) << partitionShift(partitionCount);
}

} // namespace quoit
