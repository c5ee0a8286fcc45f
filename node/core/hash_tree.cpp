#include "node/core/hash_tree.h"

#include "node/core/planted_bug.h"

#include <algorithm>
#include <bit>
#include <xxhash.h>

namespace quoit {

namespace {
constexpr int leafBits = 6;
static_assert(std::size_t(1) << leafBits == treeLeafCount);
} // namespace

HashTrees::HashTrees(std::uint32_t partitionCount)
    : m_partitionCount(partitionCount)
    , m_leafShift(64 - std::countr_zero(partitionCount) - leafBits)
    , m_partitions(partitionCount)
{}

std::uint64_t HashTrees::hashOf(std::string_view key, const Version& version)
{
    const Ballot& ballot = version.ballot;
    const std::uint64_t words[] = {ballot.epoch, ballot.round, ballot.node, version.sequence};
    const std::uint64_t seed = planted(PlantedBug::TreeIgnoresVersion) ? 0 : XXH3_64bits(words, sizeof words);
    return XXH3_64bits_withSeed(key.data(), key.size(), seed);
}

std::uint8_t HashTrees::leafOf(Position position) const
{
    return static_cast<std::uint8_t>((position >> m_leafShift) % treeLeafCount);
}

Position HashTrees::leafFirst(PartitionIndex partition, std::size_t leaf) const
{
    return firstPosition(partition, m_partitionCount) + (static_cast<Position>(leaf) << m_leafShift);
}

Position HashTrees::leafLast(PartitionIndex partition, std::size_t leaf) const
{
    return leafFirst(partition, leaf) + ((Position(1) << m_leafShift) - 1);
}

void HashTrees::open(PartitionIndex index, const Version& floor, const Version& highest)
{
    auto partition = std::make_unique<Partition>();
    partition->floor = floor;
    partition->horizon = highest;
    partition->next = firstPosition(index, m_partitionCount);
    partition->built = highest.isNone();
    m_partitions[index] = std::move(partition);
}

bool HashTrees::isLeftOut(const Partition& partition, const Version& version, bool tombstone)
{
    return tombstone && version <= partition.floor;
}

void HashTrees::toggle(Partition& partition, std::uint8_t leaf, std::uint64_t hash, bool tombstone, bool there)
{
    partition.leaves[leaf] ^= hash;
    partition.root ^= hash;
    if (!tombstone)
        return;
    if (!partition.tombstones)
        partition.tombstones = std::make_unique<Leaves>();
    (*partition.tombstones)[leaf] ^= hash;
    partition.tombstoneCount += there ? 1 : -1;
}

void HashTrees::remember(Partition& partition, const Recent& recent)
{
    if (recent.version <= partition.horizon)
        return;
    if (partition.recent.size() == recentMax) { // the older half at once, so that most changes move nothing
        const auto end = partition.recent.begin() + recentMax / 2;
        for (auto oldest = partition.recent.begin(); oldest != end; ++oldest)
            partition.horizon = std::max(partition.horizon, oldest->version);
        partition.recent.erase(partition.recent.begin(), end);
        if (recent.version <= partition.horizon)
            return;
    }
    partition.recent.push_back(recent);
}

void HashTrees::forget(Partition& partition, const Version& version)
{
    if (version <= partition.horizon)
        return;
    const auto found = std::find_if(partition.recent.rbegin(), partition.recent.rend(),
                                    [&](const Recent& recent) { return recent.version == version; });
    if (found != partition.recent.rend())
        partition.recent.erase(std::prev(found.base()));
}

void HashTrees::changed(PartitionIndex index, Position position, const Record* before, const Record& after)
{
    Partition& partition = *m_partitions[index];
    const bool counted = partition.built || position < partition.next;
    const std::uint8_t leaf = leafOf(position);
    if (before) {
        if (counted && !isLeftOut(partition, before->version, before->tombstone))
            toggle(partition, leaf, hashOf(before->key, before->version), before->tombstone, false);
        forget(partition, before->version);
    }
    if (isLeftOut(partition, after.version, after.tombstone))
        return;
    const std::uint64_t hash = hashOf(after.key, after.version);
    if (counted)
        toggle(partition, leaf, hash, after.tombstone, true);
    remember(partition, {after.version, hash, leaf, after.tombstone});
}

void HashTrees::removed(PartitionIndex index, Position position, const Record& before)
{
    Partition& partition = *m_partitions[index];
    const bool counted = partition.built || position < partition.next;
    if (counted && !isLeftOut(partition, before.version, before.tombstone))
        toggle(partition, leafOf(position), hashOf(before.key, before.version), before.tombstone, false);
    forget(partition, before.version);
}

void HashTrees::floorRaised(PartitionIndex index, const Version& floor)
{
    Partition& partition = *m_partitions[index];
    partition.floor = floor;
    const auto isBelow = [&](const Recent& recent) { return recent.tombstone && recent.version <= floor; };
    std::erase_if(partition.recent, isBelow);
    if (!partition.built || (floor < partition.horizon && partition.tombstoneCount > 0)) {
        startBuilding(index);
        return;
    }
    if (partition.tombstoneCount == 0)
        return;
    // Of the tombstones only recent ones are above the floor.
    for (std::size_t leaf = 0; leaf < treeLeafCount; ++leaf) {
        partition.leaves[leaf] ^= (*partition.tombstones)[leaf];
        partition.root ^= (*partition.tombstones)[leaf];
    }
    partition.tombstones.reset();
    partition.tombstoneCount = 0;
    for (const Recent& recent : partition.recent)
        if (recent.tombstone)
            toggle(partition, recent.leaf, recent.hash, true, true);
}

void HashTrees::startBuilding(PartitionIndex index)
{
    Partition& partition = *m_partitions[index];
    partition.leaves = {};
    partition.tombstones.reset();
    partition.root = 0;
    partition.tombstoneCount = 0;
    partition.next = firstPosition(index, m_partitionCount);
    partition.built = false;
}

void HashTrees::count(PartitionIndex index, Position position, std::string_view key, const Version& version,
                      bool tombstone)
{
    Partition& partition = *m_partitions[index];
    QUOIT_ENSURE(!partition.built && position >= partition.next);
    if (!isLeftOut(partition, version, tombstone))
        toggle(partition, leafOf(position), hashOf(key, version), tombstone, true);
}

void HashTrees::countedTo(PartitionIndex index, Position position)
{
    Partition& partition = *m_partitions[index];
    partition.built = position == leafLast(index, treeLeafCount - 1);
    partition.next = position + 1;
}

std::optional<std::uint64_t> HashTrees::hashUpTo(PartitionIndex index, const Version& version) const
{
    const Partition& partition = *m_partitions[index];
    if (!partition.built || version < partition.horizon || version < partition.floor)
        return std::nullopt;
    std::uint64_t hash = partition.root;
    for (const Recent& recent : partition.recent)
        if (recent.version > version)
            hash ^= recent.hash;
    return hash;
}

} // namespace quoit
