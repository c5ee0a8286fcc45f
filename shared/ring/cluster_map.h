// shared/ring/cluster_map.h - who the members are and which of them hold which partition: an immutable value per epoch.
// Pure. Whoever holds a map shares it as ClusterMapPtr; nobody changes one.
#pragma once

#include "shared/base/ids.h"
#include "shared/base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
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

/// One thing that an operator wants of the ring. Several make up a change.
struct ChangeStep
{
    enum class Kind : std::uint8_t {
        Join = 0,     ///< `member` comes in; its id and tokens are chosen when the change begins
        Leave = 1,    ///< `node` gives up what it holds
        Remove = 2,   ///< `node` is dead; the same, without its help
        Replace = 3,  ///< `member` takes the place of `node`: the same tokens, zone and weight
        Weight = 4,   ///< `node` gets `weight`
        Zone = 5,     ///< `node` is in `zone`
        Replicas = 6, ///< N becomes `replicas`
    };
    Kind kind = Kind::Join;
    NodeId node = noNode;
    Member member;
    double weight = 1.0;
    std::string zone;
    std::uint32_t replicas = 0;

    bool operator==(const ChangeStep&) const = default;
};

/// Steps that take effect together.
struct WantedChange
{
    std::uint64_t number = 0; ///< the revision of the map that first lists it; names it to operators
    std::vector<ChangeStep> steps;

    bool operator==(const WantedChange&) const = default;
};

/// A change in progress: until it is done, everything needs a majority of the replicas before it and one of those after it.
struct RingChange
{
    WantedChange wanted;
    std::uint32_t replicaCount = 3;
    std::vector<Member> members; ///< ascending by id: who they are when it is done
    bool paused = false;         ///< no more is copied
    bool aborting = false;       ///< the sets are those before it again; who came in by it stays a member until its clients are gone

    bool operator==(const RingChange&) const = default;
};

/// A change that is over, for operators: it travels with the map, so that every node can tell, whatever it has missed.
struct EndedChange
{
    enum class Outcome : std::uint8_t {
        Done = 0,
        Aborted = 1,
        Impossible = 2, ///< it waited, and could not be made any more when its turn came
    };
    static constexpr std::size_t keptMax = 16;
    static constexpr std::size_t textBytesMax = 256;

    std::uint64_t number = 0; ///< of the wanted change
    Outcome outcome = Outcome::Done;
    Epoch epoch = 0;              ///< of the map that ended it
    std::int64_t endedMs = 0;     ///< Unix epoch, by the clock of whoever proposed that map; 0: not known
    std::uint64_t partitions = 0; ///< replicas of partitions that somebody had to copy for it
    std::string text;             ///< its steps in words, and why it was impossible; cut at textBytesMax

    bool operator==(const EndedChange&) const = default;
};

/// What a map is made from.
struct ClusterMapParts
{
    Epoch epoch = 1;
    std::uint64_t revision = 1;          ///< counts all maps of the cluster; several may have one epoch, never two one revision
    std::string clusterId;               ///< a UUID
    std::uint32_t partitionCount = 1024; ///< P: a power of two, 16 … 16384
    std::uint32_t replicaCount = 3;      ///< N: 1 … 7
    std::uint32_t vnodesPerWeight = 16;  ///< V: tokens of a member of weight 1
    std::vector<Member> members;         ///< ascending by id, ids unique; during a change: as before it
    NodeId lastNodeId = noNode;          ///< the highest id ever given out; 0: that of the members
    std::optional<RingChange> change;
    std::vector<WantedChange> queue;     ///< changes that wait for their turn
    std::uint32_t copyMegabytesPerSecond = 0; ///< for the nodes that copy, each; 0: as fast as clients' latency allows
    std::vector<EndedChange> ended;      ///< the last ones, oldest first; at most EndedChange::keptMax

    bool operator==(const ClusterMapParts&) const = default;
};

class ClusterMap;
using ClusterMapPtr = std::shared_ptr<const ClusterMap>;

/// Immutable; safe to share between threads.
class ClusterMap
{
public:
    /// @return InvalidArgument unless sizes, epoch and ids are as documented above, there is a member, weights are
    ///         finite (also in changes that wait) and above 0, and each member owns at least one token, no boundary being owned twice; the same for the members
    ///         after a change.
    static Result<ClusterMapPtr> make(ClusterMapParts parts);

    Epoch epoch() const { return m_parts.epoch; }
    const std::string& clusterId() const { return m_parts.clusterId; }
    std::uint32_t partitionCount() const { return m_parts.partitionCount; }
    std::uint32_t replicaCount() const { return m_parts.replicaCount; }
    std::uint32_t vnodesPerWeight() const { return m_parts.vnodesPerWeight; }
    std::uint64_t revision() const { return m_parts.revision; }
    /// Ascending by id; during a change those before and after it, whoever is in both as before it.
    const std::vector<Member>& members() const { return m_parts.change ? m_all : m_parts.members; }
    /// Who will be members when the change in progress is over.
    const std::vector<Member>& membersAfter() const { return hasTwoSets() ? m_parts.change->members : m_parts.members; }
    const ClusterMapParts& parts() const { return m_parts; }
    /// @return nullptr for an id that is no member; else valid as long as the map.
    const Member* member(NodeId id) const;
    NodeId lastNodeId() const;
    bool isChanging() const { return m_parts.change.has_value(); }
    /// Whether the change in progress is being aborted.
    bool isAborting() const { return isChanging() && m_parts.change->aborting; }
    /// Those who decide what the next map is: at most 7 members before the change, in ascending order, from as many zones as possible.
    std::vector<NodeId> deciders() const;

    PartitionIndex partitionOf(Position position) const { return static_cast<PartitionIndex>(position >> m_shift); }
    /// The replica set in preference order: S = min(N, members) distinct ids. During a change those before it, then those who come
    /// in by it unless it is being aborted.
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
        if (!m_unions.empty())
            return m_unions[partition];
        return before(partition);
    }
    /// During a change: the set before it, and the one after it. Otherwise, and while it is aborted, both are replicas().
    std::span<const NodeId> before(PartitionIndex partition) const { return m_before.of(partition); }
    std::span<const NodeId> after(PartitionIndex partition) const
    {
        return (hasTwoSets() ? m_after : m_before).of(partition);
    }
    /// Whether the sets before and after the change differ, in whatever order.
    bool isMoving(PartitionIndex partition) const { return !m_moving.empty() && m_moving[partition]; }
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
    bool hasTwoSets() const { return isChanging() && !isAborting(); }

    ClusterMapParts m_parts;
    struct ReplicaTable
    {
        std::uint32_t setSize = 0;
        std::vector<NodeId> nodes; ///< [P][setSize]

        std::span<const NodeId> of(PartitionIndex partition) const
        {
            return {nodes.data() + std::size_t(partition) * setSize, setSize};
        }
    };
    static ReplicaTable tableOf(const std::vector<Member>& members, std::uint32_t partitionCount, std::uint32_t replicaCount);
    void uniteSets();

    int m_shift = 54; ///< 64 - log2(P)
    ReplicaTable m_before;
    ReplicaTable m_after;                      ///< of a change
    std::vector<std::vector<NodeId>> m_unions; ///< [P] of a change; empty: there is none
    std::vector<bool> m_moving;                ///< [P] of a change
    std::vector<Member> m_all;                 ///< of a change
};

} // namespace quoit
