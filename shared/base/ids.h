// shared/base/ids.h - the small integers that name things across the whole product.
#pragma once

#include <cstdint>

namespace quoit {

/// A member of the cluster; given out by the map from 1 on, never used again. 0 means "no node".
using NodeId = std::uint32_t;
inline constexpr NodeId noNode = 0;

/// A map's number; each map has its own, the first is 1. 0 means "no map yet".
using Epoch = std::uint64_t;

/// A slice of the ring: 0 … P - 1.
using PartitionIndex = std::uint32_t;

/// A place on the ring; see shared/ring/position.h.
using Position = std::uint64_t;

} // namespace quoit
