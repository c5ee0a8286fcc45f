// node/core/context.h - what the roles of one node share: who it is, the map, the time of this turn, chance, and the way out.
// Pure. Core owns it; the roles borrow it for their lives.
#pragma once

#include "node/core/failure_detector.h"
#include "node/core/outbox.h"
#include "node/core/planted_bug.h"
#include "node/core/timer_queue.h"
#include "shared/ring/position.h"

#include <algorithm>
#include <span>

namespace quoit {

struct Context
{
    const CoreOptions options;
    const NodeId self;
    const std::uint64_t incarnation;
    const ClusterMapPtr map;
    const OperationLogic& logic;
    Outbox outbox;
    FailureDetector detector;
    TimerQueue timers;
    Random random;
    Now now;
    CoreCounters counters;
    bool storageFull = false;
    std::vector<NodeId> fullPeers; ///< whose last heartbeat said that its disk is full; ascending
    Tag nextTag;                   ///< begins with the incarnation, so that no answer to an earlier process fits

    Context(const CoreOptions& coreOptions, const StoredState& stored, const OperationLogic& operationLogic, std::uint64_t seed, Now start)
        : options(coreOptions)
        , self(stored.identity.node)
        , incarnation(stored.identity.incarnation)
        , map(stored.map)
        , logic(operationLogic)
        , outbox(self, map->epoch())
        , detector(coreOptions.failureDetector, start.monotonic)
        , random(seed)
        , now(start)
        , nextTag(incarnation << 40)
    {
    }

    Tag newTag() { return ++nextTag; }
    /// The middle part of this process' operation ids.
    std::uint64_t operationIncarnation() const { return planted(PlantedBug::OperationIdUsedAgain) ? 1 : incarnation; }
    std::span<const NodeId> replicas(PartitionIndex partition) const { return map->replicas(partition); }
    std::size_t majority(PartitionIndex partition) const
    {
        return replicas(partition).size() / 2 + (planted(PlantedBug::MajorityMinusOne) ? 0 : 1);
    }
    bool isUp(NodeId node) const { return node == self || detector.isUp(node); }
    bool isConnected(NodeId node) const { return node == self || detector.isConnected(node); }
    bool isFull(NodeId node) const
    {
        return node == self ? storageFull : std::binary_search(fullPeers.begin(), fullPeers.end(), node);
    }
    /// The replicas that are up; if they are no majority, all that are connected as well: suspicion may be wrong.
    std::vector<NodeId> reachable(PartitionIndex partition) const
    {
        std::vector<NodeId> nodes;
        for (const NodeId node : replicas(partition))
            if (isUp(node))
                nodes.push_back(node);
        if (nodes.size() >= majority(partition))
            return nodes;
        nodes.clear();
        for (const NodeId node : replicas(partition))
            if (isConnected(node))
                nodes.push_back(node);
        return nodes;
    }
    /// The first replica in preference order that is up; noNode if none is.
    NodeId firstUp(PartitionIndex partition) const
    {
        for (const NodeId node : replicas(partition))
            if (isUp(node))
                return node;
        return noNode;
    }
};

/// Whether two answers say the same about a key: absent with floor F equals a tombstone of any version ≤ F.
inline bool sameContent(const ReadReply& a, const ReadReply& b)
{
    if (a.present && b.present)
        return a.version == b.version;
    if (!a.present && !b.present)
        return true;
    const ReadReply& record = a.present ? a : b;
    const ReadReply& absent = a.present ? b : a;
    return record.tombstone && record.version <= absent.floor;
}

} // namespace quoit
