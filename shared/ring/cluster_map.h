// shared/ring/cluster_map.h - who the members are and which of them hold which partition: an immutable value per epoch.
// Pure. Whoever holds a map shares it as ClusterMapPtr; nobody changes one.
#pragma once

#include "shared/base/ids.h"
#include "shared/base/result.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

inline constexpr std::uint32_t partitionCountMin = 16;
inline constexpr std::uint32_t partitionCountMax = 16384;
inline constexpr std::uint32_t replicaCountMax = 7;

/// @return InvalidArgument unless P is a power of two, 16 … 16384, N is 1 … 7 and V at least 1.
Result<void> checkRingSizes(std::uint32_t partitionCount, std::uint32_t replicaCount, std::uint32_t vnodesPerWeight);

/// A member as the map lists it. Addresses are "host:port".
struct Member
{
    NodeId id = noNode;
    std::string diskId; ///< the UUID of its data folder; ties the id to one disk
    std::string name;
    std::string clientAddress;          ///< RESP
    std::string peerAddress;            ///< node to node
    std::string httpAddress;            ///< empty: none
    std::string zone;                   ///< empty: none
    double weight = 1.0;                ///< > 0
    std::vector<PartitionIndex> tokens; ///< ascending; the partition boundaries that it owns

    bool operator==(const Member&) const = default;
};

/// What a map is made from.
struct ClusterMapParts
{
    Epoch epoch = 1;
    std::string clusterId;               ///< a UUID
    std::uint32_t partitionCount = 1024; ///< P: a power of two, 16 … 16384
    std::uint32_t replicaCount = 3;      ///< N: 1 … 7
    std::uint32_t vnodesPerWeight = 16;  ///< V: tokens of a member of weight 1
    std::vector<Member> members;         ///< ascending by id, ids unique

    bool operator==(const ClusterMapParts&) const = default;
};

class ClusterMap;
using ClusterMapPtr = std::shared_ptr<const ClusterMap>;

/// Immutable; safe to share between threads.
class ClusterMap
{
public:
    /// @return InvalidArgument unless sizes, epoch and ids are as documented above, there is a member, weights are
    ///         finite and above 0, and each member owns at least one token, no boundary being owned twice.
    static Result<ClusterMapPtr> make(ClusterMapParts parts);

    Epoch epoch() const { return m_parts.epoch; }
    const std::string& clusterId() const { return m_parts.clusterId; }
    std::uint32_t partitionCount() const { return m_parts.partitionCount; }
    std::uint32_t replicaCount() const { return m_parts.replicaCount; }
    std::uint32_t vnodesPerWeight() const { return m_parts.vnodesPerWeight; }
    const std::vector<Member>& members() const { return m_parts.members; }
    const ClusterMapParts& parts() const { return m_parts; }
    /// @return nullptr for an id that is no member; else valid as long as the map.
    const Member* member(NodeId id) const;

    PartitionIndex partitionOf(Position position) const { return static_cast<PartitionIndex>(position >> m_shift); }
    /// The replica set in preference order: S = min(N, members) distinct ids.
    ///
    /// The walk for partition p visits the tokens p, p + 1, … P - 1, 0, … p - 1 (a token at p itself comes first) and
    /// meets each member at its first token. Let Z be the number of zones of all members; a member without a zone is a
    /// zone of its own. A member met is taken if none of its zone was taken before, or if it is one of the first S - Z
    /// others (none when Z ≥ S); the walk ends when S are taken. So: S distinct zones while there are as many, else all
    /// zones and the first others. The preference order is the order of being taken.
    ///
    /// One index into a table. Valid as long as the map.
    std::span<const NodeId> replicas(PartitionIndex partition) const
    {
        return {m_replicas.data() + std::size_t(partition) * m_setSize, m_setSize};
    }
    /// The member that owns the first token at or clockwise after p: first in the preference order, normally
    /// the home.
    NodeId owner(PartitionIndex partition) const { return replicas(partition).front(); }
    bool isReplica(PartitionIndex partition, NodeId node) const;

    /// A compact, versioned, checksummed form (grammar: cluster_map_codec.cpp); the same bytes for equal maps.
    std::string encode() const;
    /// @return Corrupt for bytes that are no map, Unsupported for a map of a later format. Memory is bounded by a small
    ///         multiple of the bytes given and 16384 × 7 table entries, whatever lengths the bytes declare.
    static Result<ClusterMapPtr> decode(std::string_view bytes);

private:
    explicit ClusterMap(ClusterMapParts parts);

    ClusterMapParts m_parts;
    int m_shift = 54; ///< 64 - log2(P)
    std::uint32_t m_setSize = 0;
    std::vector<NodeId> m_replicas; ///< [P][m_setSize]
};

} // namespace quoit
