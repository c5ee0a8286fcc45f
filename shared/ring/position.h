// shared/ring/position.h - where a key lies on the ring. Pure.
#pragma once

#include "shared/base/ids.h"

#include <cstdint>
#include <string_view>

namespace quoit {

inline constexpr int hashSlotCount = 16384;

/// The Redis Cluster hash slot of a key: CRC16 (XMODEM) of it, or of its non-empty `{tag}`, mod 16384.
/// Source: Redis Cluster specification, "Keys distribution model" and "Hash tags".
std::uint16_t hashSlot(std::string_view key);

/// Top 14 bits: hashSlot(key); lower 50 bits: from XXH3-64 of the whole key.
Position positionOf(std::string_view key);

/// @param partitionCount a power of two, 16 … 16384. @return 0 … partitionCount - 1.
PartitionIndex partitionOf(Position position, std::uint32_t partitionCount);

/// The first position of a partition; the last is the next partition's first - 1.
Position firstPosition(PartitionIndex partition, std::uint32_t partitionCount);

} // namespace quoit
