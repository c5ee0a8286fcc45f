#include "shared/ring/token_transfer.h"

#include "shared/ring/fair_share.h"
#include "shared/ring/replica_walk.h"

#include <algorithm>
#include <numeric>

namespace quoit::ring {

namespace {

/// How many partitions may be walked over in a search, in all: a second or two.
constexpr std::uint64_t walkedMax = 40'000'000;
constexpr std::size_t takersMax = 6;
constexpr double goodEnough = 1.04;
constexpr double unfair = 1.0; ///< above its fair share, a load counts by its square

class Loads
{
public:
    Loads(const std::vector<Member>& members, std::uint32_t partitionCount, std::uint32_t replicaCount)
        : m_ownerAt(partitionCount, nobody)
        , m_setSize(static_cast<std::uint32_t>(std::min<std::size_t>(replicaCount, members.size())))
    {
        std::vector<double> weights;
        for (std::size_t i = 0; i < members.size(); ++i) {
            m_zones.add(members[i].zone);
            weights.push_back(members[i].weight);
            for (const PartitionIndex token : members[i].tokens)
                m_ownerAt[token] = static_cast<NodeIndex>(i);
        }
        m_fair = fairLoads(weights, m_zones, partitionCount, m_setSize);
    }

    void own(PartitionIndex token, NodeIndex node) { m_ownerAt[token] = node; }
    NodeIndex ownerAt(PartitionIndex token) const { return m_ownerAt[token]; }

    /// Works out everybody's load over its fair share. @return the sum of the squares of what is above or below
    double measure()
    {
        m_walked += m_ownerAt.size();
        m_over.assign(m_fair.size(), 0);
        for (const NodeIndex node : replicaSets(m_ownerAt, m_zones, m_setSize))
            m_over[node] += 1;
        double cost = 0;
        for (std::size_t i = 0; i < m_over.size(); ++i) {
            m_over[i] *= fairUnit / static_cast<double>(m_fair[i]);
            const double off = m_over[i] - unfair;
            cost += off * off * (off > 0 ? 2 : 1);
        }
        return cost;
    }
    const std::vector<double>& over() const { return m_over; }
    bool isTired() const { return m_walked > walkedMax; }

private:
    std::vector<NodeIndex> m_ownerAt;
    ZoneTable m_zones;
    std::uint32_t m_setSize;
    std::vector<std::uint64_t> m_fair;
    std::vector<double> m_over; ///< [nodes] load / fair load
    std::uint64_t m_walked = 0;
};

std::vector<NodeIndex> byLoad(const std::vector<double>& over)
{
    std::vector<NodeIndex> order(over.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(), [&](NodeIndex a, NodeIndex b) { return over[a] < over[b]; });
    return order;
}

void insertToken(Member& member, PartitionIndex token)
{
    member.tokens.insert(std::lower_bound(member.tokens.begin(), member.tokens.end(), token), token);
}

struct Transfer
{
    PartitionIndex token = 0;
    NodeIndex taker = nobody;
    double cost = 0;
};

/// The best transfer of one token of the giver to one of the takers, or to nobody.
/// @return cost not below the given one: none is better
Transfer bestOf(Loads& loads, const std::vector<Member>& members, NodeIndex giver, const std::vector<NodeIndex>& takers, double cost)
{
    Transfer best{0, nobody, cost};
    if (members[giver].tokens.size() < 2)
        return best;
    for (const PartitionIndex token : members[giver].tokens) {
        for (const NodeIndex taker : takers) {
            if (taker == giver || loads.isTired())
                continue;
            loads.own(token, taker);
            const double with = loads.measure();
            if (with < best.cost)
                best = {token, taker, with};
        }
        loads.own(token, giver);
    }
    return best;
}

} // namespace

void inherit(std::vector<Member>& members, const std::vector<PartitionIndex>& tokens, std::uint32_t partitionCount,
             std::uint32_t replicaCount)
{
    Loads loads(members, partitionCount, replicaCount);
    for (const PartitionIndex token : tokens) {
        loads.measure();
        const std::vector<NodeIndex> order = byLoad(loads.over());
        NodeIndex best = order.front();
        double least = -1;
        for (std::size_t i = 0; i < std::min(2 * takersMax, order.size()) && !loads.isTired(); ++i) {
            loads.own(token, order[i]);
            const double cost = loads.measure();
            if (least < 0 || cost < least) {
                least = cost;
                best = order[i];
            }
        }
        loads.own(token, best);
        insertToken(members[best], token);
    }
}

void evenOut(std::vector<Member>& members, std::uint32_t partitionCount, std::uint32_t replicaCount, NodeId newcomer)
{
    constexpr std::size_t giversMax = 3;
    const auto place = std::find_if(members.begin(), members.end(), [newcomer](const Member& member) { return member.id == newcomer; });
    const auto only = static_cast<NodeIndex>(place - members.begin()); // of the members' number if there is none
    Loads loads(members, partitionCount, replicaCount);
    double cost = loads.measure();
    while (!loads.isTired()) {
        std::vector<NodeIndex> order = byLoad(loads.over());
        if (loads.over()[order.back()] <= goodEnough)
            return;
        std::vector<NodeIndex> givers(order.rbegin(), order.rbegin() + static_cast<std::ptrdiff_t>(std::min(giversMax, order.size())));
        std::vector<NodeIndex> takers(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(std::min(takersMax, order.size())));
        if (place != members.end()) {
            takers = {only};
            if (std::find(givers.begin(), givers.end(), only) == givers.end())
                givers.push_back(only);
        }
        Transfer best{0, nobody, cost};
        NodeIndex giver = nobody;
        for (const NodeIndex candidate : givers) {
            const Transfer transfer =
                bestOf(loads, members, candidate, candidate == only ? std::vector<NodeIndex>{nobody} : takers, best.cost);
            if (transfer.cost < best.cost) {
                best = transfer;
                giver = candidate;
            }
        }
        if (giver == nobody)
            return;
        loads.own(best.token, best.taker);
        std::erase(members[giver].tokens, best.token);
        if (best.taker != nobody)
            insertToken(members[best.taker], best.token);
        cost = loads.measure();
    }
}

} // namespace quoit::ring
