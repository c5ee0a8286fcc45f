// shared/ring/replica_walk.h - the clockwise walk that turns tokens into replica sets. Inside this room only.
// The map and the token allocation share it, so that they can't disagree about who replicates what.
#pragma once

#include "shared/base/ids.h"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace quoit::ring {

/// An index into the list of nodes that are walked over; not a NodeId.
using NodeIndex = std::uint32_t;
inline constexpr NodeIndex nobody = ~NodeIndex(0);

/// Zones as small integers; a node without a zone is a zone of its own.
struct ZoneTable
{
    std::vector<std::uint32_t> zoneOf; ///< [nodes]
    std::uint32_t zoneCount = 0;

    void add(const std::string& zone)
    {
        if (zone.empty()) {
            zoneOf.push_back(zoneCount++);
            return;
        }
        const auto [entry, isNew] = m_named.try_emplace(zone, zoneCount);
        zoneCount += isNew;
        zoneOf.push_back(entry->second);
    }

private:
    std::unordered_map<std::string, std::uint32_t> m_named; // looked up only, never iterated
};

/// The nodes in the order in which a walk from the current boundary meets them. Visit the tokens from the last to the
/// first, and then once more, to have it right at each token of the second round: each visit costs O(nodes).
class WalkOrder
{
public:
    /// The walk now starts at a token of this node.
    void startAt(NodeIndex node);
    /// [nodes met so far], by first meeting.
    const std::vector<NodeIndex>& nodes() const { return m_nodes; }

private:
    std::vector<NodeIndex> m_nodes;
};

/// Picks a replica set from the nodes of one walk after the other. It takes each node of a zone not met before, and
/// others as long as there are more places than zones.
class Picker
{
public:
    /// @param zones must outlive the picker.
    Picker(const ZoneTable& zones, std::uint32_t setSize);

    /// A new walk begins.
    void begin();
    bool isFull() const { return m_count == m_setSize; }
    /// @return whether a node of this zone would be taken if it came next.
    bool wouldTake(std::uint32_t zone) const { return !isFull() && (m_metInWalk[zone] != m_walk || m_extrasLeft > 0); }
    /// The walk meets this node, for the first time. @return whether it is picked.
    bool take(NodeIndex node);

private:
    const ZoneTable& m_zones;
    const std::uint32_t m_setSize;
    const std::uint32_t m_extras;           ///< places that zones alone can't fill
    std::vector<std::uint32_t> m_metInWalk; ///< [zones] the last walk that met it
    std::uint32_t m_walk = 0;
    std::uint32_t m_count = 0;
    std::uint32_t m_extrasLeft = 0;
};

/// The replica sets of all partitions.
/// @param ownerAt [P]: whose token lies at each boundary, or nobody
/// @param zones   of all nodes that own a token (and of no others)
/// @param setSize 1 … nodes
/// @return [P][setSize] node indices in preference order; rule: see ClusterMap::replicas().
std::vector<NodeIndex> replicaSets(const std::vector<NodeIndex>& ownerAt, const ZoneTable& zones,
                                   std::uint32_t setSize);

} // namespace quoit::ring
