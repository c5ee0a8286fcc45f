// node/core/hash_tree.h - what a replica holds of its partitions, as hashes that two replicas can compare in one
// message. Pure. Must not look anything up: node/core/replica tells it of every change. Design:
// resources/docs/protocol.md, "Repair".
//
// Per partition a flat tree: 64 leaves, each the XOR of hash(key, version) over the records in 1/64 of the partition's
// positions, and a root, the XOR of the leaves. XOR, so that a change costs two hashes whatever else is there, and the
// order of changes doesn't matter. 64, so that what differs fits into one word and a leaf's range is a shift; with
// 10,000 keys a partition, a difference costs a listing of 160 of them. Tombstones at or below the floor are left out:
// a replica that has dropped them holds the same.
//
// Memory: 0.6 KiB a partition held, 0.5 KiB more with tombstones, 1.7 KiB more if it was written lately. 1024
// partitions: below 3 MiB. CPU: two hashes of a key for an accepted record; building costs a listing of all
// records once after a start.
#pragma once

#include "node/core/record.h"
#include "node/core/repair_messages.h"
#include "shared/ring/position.h"

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace quoit {

class HashTrees
{
public:
    using Leaves = std::array<std::uint64_t, treeLeafCount>;

    explicit HashTrees(std::uint32_t partitionCount);

    static std::uint64_t hashOf(std::string_view key, const Version& version);
    /// First and last position of a leaf.
    Position leafFirst(PartitionIndex partition, std::size_t leaf) const;
    Position leafLast(PartitionIndex partition, std::size_t leaf) const;

    /// The partition is held from now on. @param highest of any record in it; none: it is empty, and its tree complete
    void open(PartitionIndex partition, const Version& floor, const Version& highest);
    void close(PartitionIndex partition) { m_partitions[partition].reset(); }
    bool isOpen(PartitionIndex partition) const { return m_partitions[partition] != nullptr; }

    // What happens to records. Those at positions that the building hasn't reached yet count when it gets there.
    /// @param before null: there was none
    void changed(PartitionIndex partition, Position position, const Record* before, const Record& after);
    void removed(PartitionIndex partition, Position position, const Record& before);
    /// Tombstones at or below it count no more. If it can't be told which these are, the tree is built anew.
    void floorRaised(PartitionIndex partition, const Version& floor);

    // Building: all records of the partition are gone through in order of their positions.
    bool isBuilt(PartitionIndex partition) const { return m_partitions[partition] && m_partitions[partition]->built; }
    /// Where to go on.
    Position buildFrom(PartitionIndex partition) const { return m_partitions[partition]->next; }
    /// A record at or behind buildFrom().
    void count(PartitionIndex partition, Position position, std::string_view key, const Version& version,
               bool tombstone);
    /// Everything up to this position was counted.
    void countedTo(PartitionIndex partition, Position position);

    // What is known. Only of partitions that are built.
    std::uint64_t root(PartitionIndex partition) const { return m_partitions[partition]->root; }
    const Leaves& leaves(PartitionIndex partition) const { return m_partitions[partition]->leaves; }
    /// Tombstones above the floor.
    std::uint64_t tombstones(PartitionIndex partition) const { return m_partitions[partition]->tombstoneCount; }
    /// The XOR over all records at or below a version, tombstones at or below the floor left out.
    /// @return nothing if too much newer is held, or the tree isn't built
    std::optional<std::uint64_t> hashUpTo(PartitionIndex partition, const Version& version) const;

private:
    static constexpr std::size_t recentMax = 32;

    /// A record that is held and was accepted lately.
    struct Recent
    {
        Version version;
        std::uint64_t hash = 0;
        std::uint8_t leaf = 0;
        bool tombstone = false;
    };
    struct Partition
    {
        Leaves leaves{};
        std::unique_ptr<Leaves> tombstones; ///< the tombstones' part of the leaves; null: none yet
        std::uint64_t root = 0;
        std::uint64_t tombstoneCount = 0;
        Version floor;
        Position next = 0; ///< up to which it is built
        bool built = false;
        std::vector<Recent> recent; ///< every record held with a version above the horizon
        Version horizon;
    };

    std::uint8_t leafOf(Position position) const;
    static bool isLeftOut(const Partition& partition, const Version& version, bool tombstone);
    static void toggle(Partition& partition, std::uint8_t leaf, std::uint64_t hash, bool tombstone, bool there);
    static void remember(Partition& partition, const Recent& recent);
    static void forget(Partition& partition, const Version& version);
    void startBuilding(PartitionIndex index);

    const std::uint32_t m_partitionCount;
    int m_leafShift = 0;                                  ///< a position shifted right by so much ends with its leaf
    std::vector<std::unique_ptr<Partition>> m_partitions; ///< [P]; null: not held
};

} // namespace quoit
