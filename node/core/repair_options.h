// node/core/repair_options.h - the pace of repair and of floors, and what they tell operators.
// Pure data; a part of node/core/core.h.
#pragma once

#include "shared/base/ids.h"
#include "shared/base/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quoit {

/// Fixed when the core is made.
struct RepairOptions
{
    Milliseconds round{600'000}; ///< every partition is compared once in about this time
    Milliseconds lookAgain{
        100}; ///< what differs is looked at again after this: most of it was on its way; 0: not looked at again
    std::uint32_t keysPerSecond = 5000;  ///< looked at one by one because they may differ
    Milliseconds floorAfter{5000};       ///< a home tries its first floor so much later: at least as long as a request may take
    bool floorsBeforeRetries = false;    ///< for the simulator: floorAfter may be shorter, which leaves some retries unknown and harms nothing else
    Milliseconds floorPause{2000};       ///< between attempts to raise the floor of a partition with many tombstones
    Milliseconds floorInterval{600'000}; ///< of one with few: less than 1 in 64 records
    Milliseconds upkeepPause{
        20}; ///< between pages of records gone through in the background, to build trees and drop tombstones
    std::uint32_t pageRecords = 250; ///< in such a page, and in a listing that is compared

    /// @param requestDeadline  see CoreOptions
    /// @return what is wrong with them, for people; empty if nothing is.
    std::string problem(Milliseconds requestDeadline) const
    {
        if (round <= Milliseconds(0) || lookAgain < Milliseconds(0) || floorAfter < Milliseconds(0) || floorPause <= Milliseconds(0) ||
            floorInterval < floorPause || upkeepPause <= Milliseconds(0))
            return "the pauses of repair must be longer than zero, and a floor's interval not shorter than its pause";
        if (floorAfter < requestDeadline && !floorsBeforeRetries)
            return "a home must wait with its first floor for as long as a request may take";
        if (keysPerSecond < 10 || pageRecords == 0)
            return "repair needs at least 10 keys a second and a record a page";
        return {};
    }
};

/// Since the start; a part of CoreCounters.
struct RepairCounters
{
    std::uint64_t comparisons = 0; ///< of partitions, begun by this node as their home
    std::uint64_t differing = 0;   ///< of them, those that went on to the keys
    std::uint64_t keysLookedAt = 0;
    std::uint64_t keysRepaired = 0; ///< records sent to replicas that lacked them, and stored there
    std::uint64_t settles = 0;      ///< keys whose highest version wasn't known to be chosen
    std::uint64_t floorsTried = 0;
    std::uint64_t floorsRaised = 0; ///< of this node as a replica
    std::uint64_t tombstonesRemoved = 0;
    std::uint64_t leftoversRemoved = 0; ///< records of partitions that moved away
};

/// How far a replica is from being the same as this node, in the partitions whose home this node is.
struct PeerRepair
{
    NodeId node = noNode;
    std::uint64_t partitions = 0;        ///< shared with it
    std::uint64_t compared = 0;          ///< of them, since this node became home and that one was last lost
    std::uint64_t differing = 0;         ///< of them, when they were last compared
    std::uint64_t keysRepaired = 0;      ///< records that it lacked and got by comparison, since the start
    std::optional<Microseconds> sameFor; ///< all of them compared as the same for so long
    std::uint64_t tombstonesWaiting = 0; ///< that can't be dropped before it is back and the same
};

struct RepairState
{
    std::uint64_t partitionsHeld = 0; ///< by this node as a replica
    std::uint64_t treesBuilt = 0;     ///< of them, with a hash tree
    std::uint64_t tombstones = 0;     ///< held by this node
    std::vector<PeerRepair> peers;    ///< ascending by node
};

} // namespace quoit
