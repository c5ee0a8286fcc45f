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

/// Places the nodes one after the other, each as allocateTokensFor() would beside those before it: the tokens of a node
/// don't depend on later nodes. A node's new tokens take partitions over from others; nobody else gains any.
/// With equal weights, no zones, 3 replicas and 16 vnodes the busiest node has at most 1.05 of the mean at every number
/// of nodes, while a fifth of the boundaries stays free. About 10 ms a node.
/// @return [nodes.size()] token lists, ascending, in the order of the input; InvalidArgument for sizes that
///         checkRingSizes() refuses, for weights not above 0, and when P is too small for the tokens.
Result<std::vector<std::vector<PartitionIndex>>> allocateTokens(const std::vector<NodeToPlace>& nodes,
                                                                std::uint32_t partitionCount,
                                                                std::uint32_t replicaCount,
                                                                std::uint32_t vnodesPerWeight);

/// Tokens for one more node beside those that are there and keep theirs. It makes good what removed nodes left uneven,
/// as far as its own share goes.
/// @param members in any order, each with tokens
/// @return ascending; only boundaries that nobody owns yet; InvalidArgument as above.
Result<std::vector<PartitionIndex>> allocateTokensFor(const NodeToPlace& node, const std::vector<Member>& members,
                                                      std::uint32_t partitionCount, std::uint32_t replicaCount,
                                                      std::uint32_t vnodesPerWeight);

/// How evenly a map spreads its replicas. Fair is a share in proportion to the weight, as far as distinct replicas in
/// distinct zones allow: nobody can hold a partition twice, and a small zone may have to hold a replica of everything.
struct Balance
{
    /// [members] partitions replicated by the member / (P × min(N, members)), in order of members
    std::vector<double> share;
    double maxOverFair = 0; ///< the largest (share / fair share)
    double minOverFair = 0; ///< the smallest
};
Balance balanceOf(const ClusterMap& map);

/// @param after of the same P
/// @return replicas (partition × member) that `after` has and `before` hasn't / (P × min(N, members))
double movedShare(const ClusterMap& before, const ClusterMap& after);

} // namespace quoit
