// node/core/eviction_messages.h - what a home asks its replicas before it evicts. Pure; a part of node/core/messages.h.
// Design: resources/docs/protocol.md, "Eviction".
#pragma once

#include "node/core/map_messages.h"
#include "shared/ring/position.h"

#include <cstdint>
#include <vector>

namespace quoit {

/// Reads may be answered without the home: how were these keys used with you?
struct UseRequest
{
    Tag tag = 0;
    std::vector<Position> positions;
    bool operator==(const UseRequest&) const = default;
};
struct UseOfKey
{
    std::uint32_t idleMs = 0;    ///< since the last use there
    std::uint8_t frequency = 0;  ///< see KeyUse; 0: it knows of none
    bool operator==(const UseOfKey&) const = default;
};
struct UseReply
{
    Tag tag = 0;
    std::vector<UseOfKey> uses; ///< of each position asked for, in that order
    bool operator==(const UseReply&) const = default;
};

} // namespace quoit
