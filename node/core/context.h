// node/core/context.h - what the roles of one node share: who it is, the map, the time of this turn, chance, and the way out.
// Pure. Core owns it; the roles borrow it for their lives.
#pragma once

#include "node/core/failure_detector.h"
#include "node/core/outbox.h"
#include "node/core/planted_bug.h"
#include "node/core/strain.h"
#include "node/core/timer_queue.h"
#include "shared/ring/position.h"

#include <algorithm>
#include <functional>
#include <map>
#include <span>

namespace quoit {

/// What a node holds and may hold; see RoomLimit.
struct Room
{
    std::uint64_t usedBytes = 0;
    std::uint64_t bytesMax = 0; ///< 0: no limit
};

struct Context
{
    const CoreOptions options;
    const NodeId self;
    const std::uint64_t incarnation;
    ClusterMapPtr map; ///< replaced when the next one is chosen
    const OperationLogic& logic;
    Outbox outbox;
    FailureDetector detector;
    TimerQueue timers;
    Random random;
    Now now;
    CoreCounters counters;
    DiskSpace disk = DiskSpace::Ample;
    std::map<NodeId, DiskSpace> peerDisks; ///< of those whose last heartbeat didn't say that there is ample space
    RoomLimit room;                ///< of this node
    std::uint64_t usedBytes = 0;   ///< by this node, at this moment
    std::map<NodeId, Room> peerRooms; ///< of those that are up and have a limit, by their last heartbeats
    StrainBook strains;
    bool nothingToEvict = false;   ///< as a home: what the policy lets go is gone
    Tag nextTag;                   ///< begins with the incarnation, so that no answer to an earlier process fits

    Context(const CoreOptions& coreOptions, const StoredState& stored, const OperationLogic& operationLogic, std::uint64_t seed, Now start)
        : options(coreOptions)
        , self(stored.identity.node)
        , incarnation(stored.identity.incarnation)
        , map(stored.map)
        , logic(operationLogic)
        , outbox(self, map->epoch())
        , detector(coreOptions.failureDetector, map->members().size())
        , random(seed)
        , now(start)
        , room(coreOptions.room)
        , nextTag(incarnation << 40)
    {
    }

    Tag newTag() { return ++nextTag; }
    /// How much longer than usual something may take that has to wait for so many bytes; at most half of what replicas remember of operations.
    Milliseconds patienceFor(std::uint64_t bytes) const
    {
        return std::min(Milliseconds(static_cast<std::int64_t>(bytes * 1000 / options.bytesPerSecondMin)), options.memoryRetention / 2);
    }
    /// The middle part of this process' operation ids.
    std::uint64_t operationIncarnation() const { return planted(PlantedBug::OperationIdUsedAgain) ? 1 : incarnation; }
    std::span<const NodeId> replicas(PartitionIndex partition) const { return map->replicas(partition); }
    /// Whether these replicas, each named once, decide: a majority of them all; during a change of those before and of those after it [17].
    /// @param nodeOf what an element of the range says of the replica, if it isn't the replica's id
    template <typename Range, typename NodeOf = std::identity>
    bool isMajority(PartitionIndex partition, const Range& range, NodeOf nodeOf = {}) const
    {
        if (!map->isMoving(partition))
            return std::size(range) >= majorityOf(map->before(partition));
        return has(map->before(partition), range, nodeOf) && (planted(PlantedBug::OldSetAlone) || has(map->after(partition), range, nodeOf));
    }
    /// Whether the others may still be a majority.
    bool isMajorityWithout(PartitionIndex partition, const std::vector<NodeId>& missing) const
    {
        std::vector<NodeId> others;
        for (const NodeId node : replicas(partition))
            if (std::find(missing.begin(), missing.end(), node) == missing.end())
                others.push_back(node);
        return isMajority(partition, others);
    }
    bool isUp(NodeId node) const { return node == self || detector.isUp(node); }
    bool isConnected(NodeId node) const { return node == self || detector.isConnected(node); }
    DiskSpace diskOf(NodeId node) const
    {
        const auto peer = peerDisks.find(node);
        return node == self ? disk : peer == peerDisks.end() ? DiskSpace::Ample : peer->second;
    }
    /// Whether the node's disk has space for a write. @param frees  the write makes its key hold no more than before
    bool takesWrites(NodeId node, bool frees) const { return diskOf(node) == DiskSpace::Ample || (frees && diskOf(node) == DiskSpace::Short); }
    /// This replica holds so much more (or less, said as what wraps around). The others of the partition do as well, or will: until their next
    /// heartbeats that is the best guess.
    void addUsed(PartitionIndex partition, std::uint64_t bytes)
    {
        usedBytes += bytes;
        if (peerRooms.empty())
            return;
        for (const NodeId node : replicas(partition))
            if (const auto peer = peerRooms.find(node); peer != peerRooms.end())
                peer->second.usedBytes = static_cast<std::uint64_t>(
                    std::max<std::int64_t>(0, static_cast<std::int64_t>(peer->second.usedBytes + bytes)));
    }
    /// Whether some replica that is up would hold more than it may. While this node evicts, an eighth more than that: it is gone soon.
    bool lacksRoom(PartitionIndex partition, std::uint64_t addedBytes) const
    {
        const bool evicts = room.policy != EvictionPolicy::NoEviction && !nothingToEvict;
        const auto lacks = [&](const Room& of) {
            return of.bytesMax != 0 && of.usedBytes + addedBytes > of.bytesMax + (evicts ? of.bytesMax / 8 : 0);
        };
        for (const NodeId node : replicas(partition)) {
            const auto peer = peerRooms.find(node);
            if (node == self ? lacks({usedBytes, room.bytesMax}) : peer != peerRooms.end() && lacks(peer->second))
                return true;
        }
        return false;
    }
    /// The replicas that are up; if they are no majority, all that are connected as well: suspicion may be wrong.
    std::vector<NodeId> reachable(PartitionIndex partition) const
    {
        std::vector<NodeId> nodes;
        for (const NodeId node : replicas(partition))
            if (isUp(node))
                nodes.push_back(node);
        if (isMajority(partition, nodes))
            return nodes;
        nodes.clear();
        for (const NodeId node : replicas(partition))
            if (isConnected(node))
                nodes.push_back(node);
        return nodes;
    }
    /// Whether all other replicas have been down for so long that waiting for them would be in vain. While one is up, that one may reach the others.
    bool isAlone(PartitionIndex partition) const
    {
        return detector.anyDown() && !isMajority(partition, std::span(&self, 1)) &&
               std::ranges::all_of(replicas(partition), [this](NodeId node) { return node == self || detector.isDown(node); });
    }
    /// Whether this node can't reach a majority by itself: too many have been down for long. Another replica may still reach them.
    bool isCutOff(PartitionIndex partition) const
    {
        if (!detector.anyDown())
            return false;
        std::vector<NodeId> others;
        for (const NodeId node : replicas(partition))
            if (node == self || !detector.isDown(node))
                others.push_back(node);
        return !isMajority(partition, others);
    }
    /// The first replica in preference order that is up; noNode if none is.
    NodeId firstUp(PartitionIndex partition) const
    {
        for (const NodeId node : replicas(partition))
            if (isUp(node))
                return node;
        return noNode;
    }

private:
    static std::size_t majorityOf(std::span<const NodeId> set)
    {
        return set.size() / 2 + (planted(PlantedBug::MajorityMinusOne) ? 0 : 1);
    }
    template <typename Range, typename NodeOf>
    static bool has(std::span<const NodeId> set, const Range& range, NodeOf nodeOf)
    {
        std::size_t count = 0;
        for (const auto& element : range)
            count += std::find(set.begin(), set.end(), std::invoke(nodeOf, element)) != set.end();
        return count >= majorityOf(set);
    }
};

inline bool contains(std::span<const NodeId> nodes, NodeId node)
{
    return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

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
