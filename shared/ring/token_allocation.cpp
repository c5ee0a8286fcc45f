// shared/ring/token_allocation.cpp - places nodes one after the other. The model of what a token takes over is in
// takeover.h, the search in token_search.h.
#include "shared/ring/token_allocation.h"

#include "shared/ring/fair_share.h"
#include "shared/ring/takeover.h"
#include "shared/ring/token_search.h"

#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

Error invalid(std::string message)
{
    return {ErrorCode::InvalidArgument, std::move(message)};
}

bool isWeight(double weight)
{
    return std::isfinite(weight) && weight > 0;
}

/// The nodes placed so far.
class Allocation
{
public:
    Allocation(std::uint32_t partitionCount, std::uint32_t replicaCount, std::uint32_t vnodesPerWeight)
        : m_ownerAt(partitionCount, ring::nobody)
        , m_replicaCount(replicaCount)
        , m_vnodesPerWeight(vnodesPerWeight)
        , m_freeCount(partitionCount)
    {}

    Result<void> addPlaced(const std::string& zone, double weight, const std::vector<PartitionIndex>& tokens)
    {
        if (!isWeight(weight) || tokens.empty())
            return invalid("each node that is there must have a weight greater than 0 and own a token");
        for (const PartitionIndex token : tokens) {
            if (token >= m_ownerAt.size() || m_ownerAt[token] != ring::nobody)
                return invalid("token " + std::to_string(token) + " is out of range or owned twice");
            m_ownerAt[token] = static_cast<ring::NodeIndex>(m_weights.size());
        }
        m_freeCount -= tokens.size();
        m_zones.add(zone);
        m_weights.push_back(weight);
        return {};
    }

    Result<std::vector<PartitionIndex>> place(const NodeToPlace& node)
    {
        if (!isWeight(node.weight))
            return invalid("the weight of node " + std::to_string(node.id) + " must be greater than 0");
        const double wanted = std::max(1.0, std::round(node.weight * m_vnodesPerWeight));
        if (wanted > static_cast<double>(m_freeCount))
            return invalid("only " + std::to_string(m_freeCount) + " of " + std::to_string(m_ownerAt.size()) +
                           " partition boundaries are free, too few for the tokens of node " + std::to_string(node.id) +
                           ": use more partitions or fewer vnodes");
        const std::uint32_t tokenCount = static_cast<std::uint32_t>(wanted);
        const bool isFirst = m_weights.empty();
        m_zones.add(node.zone);
        m_weights.push_back(node.weight);
        std::vector<PartitionIndex> tokens = isFirst ? evenlySpaced(tokenCount) : search(tokenCount);
        for (const PartitionIndex token : tokens)
            m_ownerAt[token] = static_cast<ring::NodeIndex>(m_weights.size() - 1);
        m_freeCount -= tokenCount;
        return tokens;
    }

private:
    std::uint32_t partitionCount() const { return static_cast<std::uint32_t>(m_ownerAt.size()); }

    std::vector<PartitionIndex> evenlySpaced(std::uint32_t tokenCount) const
    {
        std::vector<PartitionIndex> tokens;
        for (std::uint64_t i = 0; i < tokenCount; ++i)
            tokens.push_back(static_cast<PartitionIndex>(i * partitionCount() / tokenCount));
        return tokens;
    }

    std::vector<PartitionIndex> search(std::uint32_t tokenCount) const
    {
        const std::uint32_t nodeCount = static_cast<std::uint32_t>(m_weights.size());
        const std::uint32_t setSize = std::min(m_replicaCount, nodeCount);
        ring::FairLoads fair;
        fair.replicas = ring::fairLoads(m_weights, m_zones, partitionCount(), setSize);
        fair.homes = ring::fairLoads(m_weights, m_zones, partitionCount(), 1);
        // Before, newcomers fill sets that lack a replica; later, there is always somebody to take from.
        if (m_replicaCount > 1 && nodeCount >= m_replicaCount && nodeCount <= 2 * m_replicaCount)
            fair.rears = ring::fairRears(m_weights, m_zones, partitionCount(), setSize);
        const ring::Takeover takeover(m_ownerAt, m_zones, setSize);
        const std::uint64_t seed = m_freeCount; // any will do; it must only be the same everywhere
        return ring::TokenSearch(takeover, fair, seed).run(tokenCount);
    }

    std::vector<ring::NodeIndex> m_ownerAt; ///< [P]
    ring::ZoneTable m_zones;
    std::vector<double> m_weights; ///< [nodes]
    std::uint32_t m_replicaCount;
    std::uint32_t m_vnodesPerWeight;
    std::size_t m_freeCount;
};

} // namespace

Result<std::vector<std::vector<PartitionIndex>>> allocateTokens(const std::vector<NodeToPlace>& nodes,
                                                                std::uint32_t partitionCount,
                                                                std::uint32_t replicaCount,
                                                                std::uint32_t vnodesPerWeight)
{
    if (const Result<void> sizes = checkRingSizes(partitionCount, replicaCount, vnodesPerWeight); !sizes)
        return sizes.error();
    Allocation allocation(partitionCount, replicaCount, vnodesPerWeight);
    std::vector<std::vector<PartitionIndex>> lists;
    for (const NodeToPlace& node : nodes) {
        Result<std::vector<PartitionIndex>> tokens = allocation.place(node);
        if (!tokens)
            return tokens.error();
        lists.push_back(std::move(tokens).value());
    }
    return lists;
}

Result<std::vector<PartitionIndex>> allocateTokensFor(const NodeToPlace& node, const std::vector<Member>& members,
                                                      std::uint32_t partitionCount, std::uint32_t replicaCount,
                                                      std::uint32_t vnodesPerWeight)
{
    if (const Result<void> sizes = checkRingSizes(partitionCount, replicaCount, vnodesPerWeight); !sizes)
        return sizes.error();
    Allocation allocation(partitionCount, replicaCount, vnodesPerWeight);
    for (const Member& member : members) {
        if (const Result<void> added = allocation.addPlaced(member.zone, member.weight, member.tokens); !added)
            return added.error();
    }
    return allocation.place(node);
}

} // namespace quoit
