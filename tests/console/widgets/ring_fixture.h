// tests/console/widgets/ring_fixture.h - small rings with known tokens.
#pragma once

#include "shared/admin/node_report.h"
#include "shared/ring/cluster_map.h"

#include <QtTest>

#include <string>
#include <vector>

namespace quoit::test {

/// @param tokens of node 1, 2, …
inline ClusterMapPtr ringOf(std::uint32_t partitionCount, std::vector<std::vector<PartitionIndex>> tokens,
                            Epoch epoch = 1)
{
    ClusterMapParts parts;
    parts.epoch = epoch;
    parts.clusterId = "5f8ab9f2-6c1f-4a35-bb4e-6d7f1c0b2a11";
    parts.partitionCount = partitionCount;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        Member member;
        member.id = NodeId(i + 1);
        member.name = "node-" + std::to_string(i + 1);
        member.tokens = std::move(tokens[i]);
        parts.members.push_back(std::move(member));
    }
    auto map = ClusterMap::make(std::move(parts));
    return map ? std::move(map).value() : nullptr;
}

inline std::vector<NodeReport> reportsOf(const std::vector<NodeState>& states)
{
    std::vector<NodeReport> nodes;
    for (std::size_t i = 0; i < states.size(); ++i) {
        NodeReport node;
        node.id = NodeId(i + 1);
        node.name = "node-" + std::to_string(i + 1);
        node.state = states[i];
        node.figures.readsPerSecond = 1000 * (i + 1);
        nodes.push_back(std::move(node));
    }
    return nodes;
}

} // namespace quoit::test
