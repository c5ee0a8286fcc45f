// node/core/core_parts.h - the roles of one node, and how messages, time and maps reach them. Private to Core.
// Pure. Design: ARCHITECTURE.md, "A request's way".
#pragma once

#include "node/core/core.h"

#include "node/core/coordinator.h"
#include "node/core/early_messages.h"
#include "node/core/evictor.h"
#include "node/core/expirer.h"
#include "node/core/floor_keeper.h"
#include "node/core/home.h"
#include "node/core/lookahead.h"
#include "node/core/map_register.h"
#include "node/core/map_spread.h"
#include "node/core/partition_copy.h"
#include "node/core/repair.h"
#include "node/core/replica.h"
#include "node/core/ring_driver.h"

namespace quoit {

struct Core::Parts
{
    static constexpr Milliseconds housekeepingInterval{100};

    Context context;
    Lookahead lookahead;
    Replica replica;
    Hints hints;
    Home home;
    Evictor evictor;
    Expirer expirer;
    FloorKeeper floors;
    Repair repair;
    Coordinator coordinator;
    PeerLedger ledger;
    MapRegister maps;
    MapSpread spread;
    PartitionCopy copy;
    RingDriver driver;
    std::uint64_t progress;
    ClusterMapPtr nextMap;          ///< chosen, not yet on this node's disk; null: none
    PersistSequence nextMapSequence = 0;
    bool tellsOfNextMap = false;    ///< this node made it chosen
    bool removed = false;
    EarlyMessages early; ///< of a later epoch than this node's
    TimePoint nextMarks;
    TimePoint nextHousekeeping;
    TimePoint plannedTick;

    Parts(const CoreOptions& options, const StoredState& stored, RecordSource& source, const OperationLogic& logic, std::uint64_t seed,
          Now now);

    /// @param body  what a role keeps of it is moved from
    void dispatch(NodeId from, MessageBody& body);
    /// Delivers what this node said to itself, until nothing is left.
    void settle();
    void onPeerChanges();
    void housekeeping();
    /// Buries what has expired, and evicts if somebody holds too much.
    void makeRoom();
    void rememberPeers();

    /// What concerns the map, from whatever epoch it comes. @return false if the message is about something else
    bool handleMap(NodeId from, Message& message);
    void handle(NodeId from, Message& message);
    /// The newest map that this node has, in use or not yet.
    const ClusterMap& newestMap() const { return nextMap ? *nextMap : *context.map; }
    /// A map that is chosen: used once it is on disk. @return whether it is news
    bool offerMap(const ClusterMapPtr& map);
    void adoptMap();
};

} // namespace quoit
