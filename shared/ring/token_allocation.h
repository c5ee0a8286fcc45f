// shared/ring/token_allocation.h - which partition boundaries (tokens) each node owns, so that replicated ownership is
// even. Pure and deterministic: the same input gives the same tokens on every machine.
#pragma once

#include "shared/ring/cluster_map.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quoit {

/// A node that is to be placed. Order matters: nodes are placed one after the other.
struct NodeToPlace
{
    NodeId id = noNode;
    std::string zone;    ///< empty: none
    double weight = 1.0; ///< > 0; tokens = max(1, round(weight × vnodesPerWeight))
};

/// @return [nodes.size()] token lists, ascending, in the order of the input; InvalidArgument when P is too small for
/// the tokens.
Result<std::vector<std::vector<PartitionIndex>>> allocateTokens(const std::vector<NodeToPlace>& nodes,
                                                                std::uint32_t partitionCount,
                                                                std::uint32_t replicaCount,
                                                                std::uint32_t vnodesPerWeight);

/// Tokens for one more node beside those that are there and keep theirs.
/// @return ascending; only boundaries that nobody owns yet.
Result<std::vector<PartitionIndex>> allocateTokensFor(const NodeToPlace& node, const std::vector<Member>& members,
                                                      std::uint32_t partitionCount, std::uint32_t replicaCount,
                                                      std::uint32_t vnodesPerWeight);

/// How evenly a map spreads its replicas.
struct Balance
{
    std::vector<double>
        share; ///< [members] partitions replicated by the member / (P × min(N, members)), in order of members
    double maxOverFair = 0; ///< largest share / the share that its weight deserves
    double minOverFair = 0;
};
Balance balanceOf(const ClusterMap& map);

/// @return replicas (partition × member) that the new map's members hold and didn't hold in the old one / (P × N).
double movedShare(const ClusterMap& before, const ClusterMap& after);

} // namespace quoit
