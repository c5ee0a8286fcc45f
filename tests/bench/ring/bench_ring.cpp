// tests/bench/ring/bench_ring.cpp - prints how even token allocation is beside random tokens, what a joining node
// moves, how long it takes to place it, and what a lookup costs.
//
//   bench_ring [NODES]     grow a cluster to that many nodes, default 1000 (about 20 s)
#include "shared/base/random.h"
#include "shared/ring/position.h"
#include "shared/ring/token_allocation.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using namespace quoit;

namespace {

constexpr std::uint32_t replicaCount = 3;
constexpr std::uint32_t vnodesPerWeight = 16;
constexpr std::uint32_t fewPartitions = 1024;
constexpr std::uint32_t manyPartitions = 16384;
constexpr std::uint32_t nodesOnFewPartitions = 50;

double millisecondsSince(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

ClusterMapPtr mapOf(const ClusterMapParts& parts)
{
    Result<ClusterMapPtr> map = ClusterMap::make(parts);
    if (!map) {
        std::fprintf(stderr, "bench_ring: %s\n", map.error().message.c_str());
        std::exit(1);
    }
    return std::move(map).value();
}

/// A cluster that grows by nodes of weight 1.
class Cluster
{
public:
    explicit Cluster(std::uint32_t partitionCount)
        : m_taken(partitionCount)
    {
        m_parts.partitionCount = partitionCount;
        m_parts.replicaCount = replicaCount;
        m_parts.vnodesPerWeight = vnodesPerWeight;
    }

    void addAllocated()
    {
        const NodeToPlace node{.id = static_cast<NodeId>(m_parts.members.size() + 1)};
        const auto start = std::chrono::steady_clock::now();
        Result<std::vector<PartitionIndex>> tokens =
            allocateTokensFor(node, m_parts.members, m_parts.partitionCount, replicaCount, vnodesPerWeight);
        m_allocationMs = millisecondsSince(start);
        if (!tokens) {
            std::fprintf(stderr, "bench_ring: %s\n", tokens.error().message.c_str());
            std::exit(1);
        }
        add(node.id, std::move(tokens).value());
    }

    void addRandom(Random& random)
    {
        std::vector<PartitionIndex> tokens;
        while (tokens.size() < vnodesPerWeight) {
            const auto token = static_cast<PartitionIndex>(random.below(m_taken.size()));
            if (!m_taken[token]) {
                m_taken[token] = true;
                tokens.push_back(token);
            }
        }
        std::sort(tokens.begin(), tokens.end());
        add(static_cast<NodeId>(m_parts.members.size() + 1), std::move(tokens));
    }

    ClusterMapPtr map() const { return mapOf(m_parts); }
    double lastAllocationMs() const { return m_allocationMs; }

private:
    void add(NodeId id, std::vector<PartitionIndex> tokens)
    {
        Member member;
        member.id = id;
        member.tokens = std::move(tokens);
        m_parts.members.push_back(std::move(member));
    }

    ClusterMapParts m_parts;
    std::vector<bool> m_taken; // by random tokens
    double m_allocationMs = 0;
};

double homeMaxOverMean(const ClusterMap& map)
{
    std::vector<std::uint32_t> homes(map.members().size() + 1);
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition)
        ++homes[map.owner(partition)];
    const std::uint32_t most = *std::max_element(homes.begin(), homes.end());
    return static_cast<double>(most) * static_cast<double>(map.members().size()) / map.partitionCount();
}

bool isPrinted(std::uint32_t count)
{
    if (count <= 12)
        return true;
    if (count <= 100)
        return count % 10 == 0 || count == 48;
    return count % 100 == 0;
}

void printGrowth(std::uint32_t partitionCount, std::uint32_t first, std::uint32_t last)
{
    std::printf("\n%u partitions, %u replicas, %u vnodes each\n", partitionCount, replicaCount, vnodesPerWeight);
    std::printf("nodes | replicas: largest / mean | homes: largest / mean | moved by the last node   | placing it\n");
    std::printf("      | allocated       random   | allocated    random   | share     ideal  surplus | ms\n");
    Cluster allocated(partitionCount);
    Cluster random(partitionCount);
    Random generator(1);
    ClusterMapPtr before;
    double worst = 0;
    std::uint32_t worstCount = 0;
    double slowestMs = 0;
    for (std::uint32_t count = 1; count <= last; ++count) {
        allocated.addAllocated();
        random.addRandom(generator);
        slowestMs = std::max(slowestMs, allocated.lastAllocationMs());
        const ClusterMapPtr map = allocated.map();
        const double balance = balanceOf(*map).maxOverFair;
        if (count >= first && balance > worst) {
            worst = balance;
            worstCount = count;
        }
        if (count >= first && isPrinted(count)) {
            const ClusterMapPtr randomMap = random.map();
            const double moved = before ? movedShare(*before, *map) : 1;
            const double ideal = count <= replicaCount ? 1.0 / std::min(count, replicaCount) : 1.0 / count;
            std::printf("%5u |    %6.3f       %6.3f   |    %6.3f    %6.3f   | %7.4f %7.4f  %+5.1f %% | %6.1f\n", count,
                        balance, balanceOf(*randomMap).maxOverFair, homeMaxOverMean(*map), homeMaxOverMean(*randomMap),
                        moved, ideal, (moved / ideal - 1) * 100, allocated.lastAllocationMs());
        }
        before = map;
    }
    std::printf("worst of all counts from %u to %u: %.4f at %u nodes; slowest placement %.1f ms\n", first, last, worst,
                worstCount, slowestMs);
}

void printCreation()
{
    std::vector<NodeToPlace> nodes;
    for (NodeId id = 1; id <= 5; ++id)
        nodes.push_back({.id = id});
    const auto start = std::chrono::steady_clock::now();
    const bool ok = allocateTokens(nodes, fewPartitions, replicaCount, vnodesPerWeight).ok();
    std::printf("creating a cluster of 5 nodes, %u partitions: %.1f ms%s\n", fewPartitions, millisecondsSince(start),
                ok ? "" : " (failed)");
}

/// Keys in random order, as a server meets them; 4096 of them stay in the processor's caches, as its requests do.
void printLookups()
{
    constexpr std::size_t keyCount = 4096;
    constexpr int rounds = 500;
    Cluster cluster(manyPartitions);
    Random random(2);
    for (int i = 0; i < 100; ++i)
        cluster.addRandom(random);
    const ClusterMapPtr map = cluster.map();
    std::printf("\nlookup on a map of 100 nodes, %u partitions\n", manyPartitions);
    for (const std::size_t keyBytes : {8, 16, 32, 64, 256}) {
        std::vector<std::string> keys(keyCount);
        for (std::string& key : keys) {
            key = std::to_string(random.next());
            key.resize(keyBytes, 'x');
        }
        std::uint64_t sum = 0;
        const auto start = std::chrono::steady_clock::now();
        for (int round = 0; round < rounds; ++round) {
            for (const std::string& key : keys)
                sum += map->replicas(map->partitionOf(positionOf(key)))[replicaCount - 1];
        }
        const double nanoseconds = millisecondsSince(start) * 1e6 / (double(keyCount) * rounds);
        std::printf("key of %3zu bytes -> replica set: %6.1f ns   (checksum %llu)\n", keyBytes, nanoseconds,
                    static_cast<unsigned long long>(sum));
    }
    std::vector<Position> positions(keyCount);
    for (Position& position : positions)
        position = random.next();
    std::uint64_t sum = 0;
    const auto start = std::chrono::steady_clock::now();
    for (int round = 0; round < rounds; ++round) {
        for (const Position position : positions)
            sum += map->replicas(map->partitionOf(position))[replicaCount - 1];
    }
    std::printf("position         -> replica set: %6.1f ns   (checksum %llu)\n",
                millisecondsSince(start) * 1e6 / (double(keyCount) * rounds), static_cast<unsigned long long>(sum));
}

} // namespace

int main(int argc, char** argv)
{
    const long nodes = argc > 1 ? std::atol(argv[1]) : 1000;
    if (nodes < 3 || nodes > 1000) {
        std::fprintf(stderr, "usage: bench_ring [NODES]   3 to 1000\n");
        return 2;
    }
    const auto nodeCount = static_cast<std::uint32_t>(nodes);
    printCreation();
    printGrowth(fewPartitions, 3, std::min(nodeCount, nodesOnFewPartitions));
    printGrowth(manyPartitions, 3, nodeCount);
    printLookups();
    return 0;
}
