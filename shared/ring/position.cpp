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

using CrcTable = std::array<std::uint16_t, 256>;
constexpr int crcTableCount = 8;

/// CRC16/XMODEM: polynomial x^16 + x^12 + x^5 + 1, most significant bit first, starts at 0, no final XOR.
/// @return [k][byte] the checksum of that byte and k zero bytes behind it
constexpr std::array<CrcTable, crcTableCount> makeCrcTables()
{
    std::array<CrcTable, crcTableCount> tables{};
    for (unsigned byte = 0; byte < 256; ++byte) {
        unsigned crc = byte << 8;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc & 0x8000) ? (crc << 1) ^ 0x1021 : crc << 1;
        tables[0][byte] = static_cast<std::uint16_t>(crc);
    }
    for (int k = 1; k < crcTableCount; ++k) {
        for (unsigned byte = 0; byte < 256; ++byte) {
            const unsigned crc = tables[k - 1][byte];
            tables[k][byte] = static_cast<std::uint16_t>((crc << 8) ^ tables[0][crc >> 8]);
        }
    }
    return tables;
}

constexpr std::array<CrcTable, crcTableCount> crcTables = makeCrcTables();

/// Eight bytes at a time, since a byte at a time waits for the table once a byte (3 ns): "slicing by 8", Kounavis and
/// Berry, ISCC 2005.
std::uint16_t crc16(std::string_view bytes)
{
    const auto* next = reinterpret_cast<const std::uint8_t*>(bytes.data());
    const auto* end = next + bytes.size();
    unsigned crc = 0;
    for (; end - next >= crcTableCount; next += crcTableCount) {
        crc = crcTables[7][next[0] ^ (crc >> 8)] ^ crcTables[6][next[1] ^ (crc & 0xff)] ^ crcTables[5][next[2]] ^
              crcTables[4][next[3]] ^ crcTables[3][next[4]] ^ crcTables[2][next[5]] ^ crcTables[1][next[6]] ^
              crcTables[0][next[7]];
    }
    for (; next != end; ++next)
        crc = ((crc << 8) & 0xffff) ^ crcTables[0][(crc >> 8) ^ *next];
    return static_cast<std::uint16_t>(crc);
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
