// shared/ring/token_search.cpp - see the header.
//
// The cost adds up, over the nodes, squares of (load / fair load - 1):
// - of the partitions that a node replicates: what this is about;
// - with less weight, of those that it is the home of, since a home orders all writes. Without this, homes are up to
//   45 % over their share; with it, 10 %, at the price of 0.5 % in replicas;
// - while there are few nodes, of those that it would lose to the next node. Three nodes with three replicas are even
//   however their tokens lie, but only some layouts let the fourth and the fifth come out even as well.
// A reward is taken off for tokens that split gaps evenly. It doesn't help the node that joins now: it keeps the gaps
// alike, so that those that join later find something to take from everybody. Without it the first few nodes end up
// 20 % off; its size hardly matters (a tenth or ten times this one does as well).
#include "shared/ring/token_search.h"

#include "shared/base/result.h"

#include <algorithm>
#include <bit>

namespace quoit::ring {

namespace {

/// Relative loads are counted in 1/16384; costs in their squares.
constexpr int relativeBits = 14;
constexpr std::int64_t relativeFair = 1 << relativeBits;
constexpr std::int64_t relativeMax = 1 << 20; // keeps squares and their sum within 64 bits
constexpr int perPartitionBits = 20;
constexpr int gapFactorBits = 8;

/// Weights of the squares of each kind of load.
constexpr std::int64_t replicaImportance = 8;
constexpr std::int64_t homeImportance = 1;
constexpr std::int64_t rearImportance = 1;

/// What a deviation of 1 % in replicas costs: the scale of the temperatures.
constexpr std::int64_t percentCost = replicaImportance * (relativeFair / 100) * (relativeFair / 100);
constexpr std::int64_t temperatureStart = 30 * percentCost;
constexpr int coolingSteps = 64;
constexpr std::int64_t coolingNumerator = 226; // (226 / 256)^64 = 1 / 2900
constexpr std::int64_t coolingDenominator = 256;
constexpr std::uint32_t movesPerTokenAndStep = 20;
constexpr std::uint32_t movesPerStepMax = 2000;

} // namespace

TokenSearch::Loads::Loads(std::vector<std::int64_t> partitions, const std::vector<std::uint64_t>& fair, Cost importance)
    : m_importance(importance)
    , m_partitions(std::move(partitions))
{
    QUOIT_ENSURE(fair.size() == m_partitions.size());
    for (const std::uint64_t load : fair)
        m_perPartition.push_back((fairUnit << (relativeBits + perPartitionBits)) / load);
}

std::uint64_t TokenSearch::Loads::relative(NodeIndex node) const
{
    return (static_cast<std::uint64_t>(m_partitions[node]) * m_perPartition[node]) >> perPartitionBits;
}

TokenSearch::Cost TokenSearch::Loads::costOf(NodeIndex node) const
{
    const Cost deviation = std::min(static_cast<Cost>(relative(node)) - relativeFair, relativeMax);
    return m_importance * deviation * deviation;
}

TokenSearch::Cost TokenSearch::Loads::add(NodeIndex node, std::int64_t partitions)
{
    const Cost before = costOf(node);
    m_partitions[node] += partitions;
    return costOf(node) - before;
}

namespace {

/// The loads before the new node has taken over anything.
std::vector<std::int64_t> replicasAtStart(const Takeover& takeover)
{
    std::vector<std::int64_t> loads(takeover.loads().begin(), takeover.loads().end());
    loads.push_back(0);
    return loads;
}

std::vector<std::int64_t> rearsAtStart(const Takeover& takeover)
{
    std::vector<std::int64_t> loads(takeover.loads().size() + 1);
    for (const Stretch& stretch : takeover.stretches()) {
        if (stretch.rear != nobody)
            loads[stretch.rear] += stretch.count;
    }
    return loads;
}

std::vector<std::int64_t> homesAtStart(const Takeover& takeover)
{
    std::vector<std::int64_t> loads(takeover.loads().size() + 1);
    for (const Stretch& stretch : takeover.stretches())
        loads[stretch.owner] += stretch.count;
    return loads;
}

} // namespace

TokenSearch::TokenSearch(const Takeover& takeover, const FairLoads& fair, std::uint64_t seed)
    : m_takeover(takeover)
    , m_partitionCount(takeover.partitionCount())
    , m_newNode(static_cast<NodeIndex>(takeover.loads().size()))
    , m_replicaLoads(replicasAtStart(takeover), fair.replicas, replicaImportance)
    , m_homeLoads(homesAtStart(takeover), fair.homes, homeImportance)
    , m_rearLoads(rearsAtStart(takeover), fair.rears.empty() ? fair.homes : fair.rears, rearImportance)
    , m_hasRears(!fair.rears.empty())
    , m_random(seed)
{
    for (PartitionIndex boundary = 0; boundary < m_partitionCount; ++boundary) {
        if (isFree(boundary))
            m_freeAtStart.push_back(boundary);
    }
}

std::vector<PartitionIndex> TokenSearch::run(std::uint32_t tokenCount)
{
    QUOIT_ENSURE(tokenCount >= 1 && tokenCount <= m_freeAtStart.size());
    if (tokenCount == m_freeAtStart.size())
        return m_freeAtStart;
    const std::uint64_t tokensAfter = m_takeover.stretches().size() + tokenCount;
    const std::uint64_t partitions = m_partitionCount;
    m_gapFactor = static_cast<std::int64_t>(((2 * percentCost * tokensAfter * tokensAfter) << gapFactorBits) /
                                            (partitions * partitions));
    m_typicalGap = static_cast<std::uint32_t>(std::max<std::uint64_t>(2, partitions / tokensAfter));
    startSomewhere(tokenCount);
    anneal();
    return m_chosen;
}

PartitionIndex TokenSearch::distance(PartitionIndex from, PartitionIndex to) const
{
    return to > from ? to - from : to + m_partitionCount - from;
}

bool TokenSearch::isFree(PartitionIndex boundary) const
{
    return m_takeover.stretches()[m_takeover.stretchAt(boundary)].last != boundary;
}

/// Calls visit(stretch, partitions) for each stretch that the run touches.
template <typename Visit>
void TokenSearch::forEachPart(Run run, Visit visit) const
{
    const std::vector<Stretch>& stretches = m_takeover.stretches();
    std::uint32_t index = m_takeover.stretchAt(run.end);
    std::uint32_t available = stretches[index].count - distance(run.end, stretches[index].last) % m_partitionCount;
    while (run.count > 0) {
        const std::uint32_t part = std::min(run.count, available);
        visit(stretches[index], std::int64_t(part));
        run.count -= part;
        index = (index == 0 ? static_cast<std::uint32_t>(stretches.size()) : index) - 1;
        available = stretches[index].count;
    }
}

/// The effect of a token at x beside the chosen ones. Only the partitions that neither the chosen token before x nor
/// the one after it covers make a difference.
TokenSearch::Cost TokenSearch::change(PartitionIndex x, std::int32_t sign)
{
    const Stretch& here = m_takeover.stretches()[m_takeover.stretchAt(x)];
    std::uint32_t gapAfter = distance(x, here.last);
    std::uint32_t gapBefore = here.count - gapAfter;
    std::uint32_t toPrevious = m_partitionCount;
    std::uint32_t toNext = m_partitionCount;
    PartitionIndex next = x;
    if (!m_chosen.empty()) {
        const auto upper = std::lower_bound(m_chosen.begin(), m_chosen.end(), x);
        next = upper == m_chosen.end() ? m_chosen.front() : *upper;
        toPrevious = distance(upper == m_chosen.begin() ? m_chosen.back() : *(upper - 1), x);
        toNext = distance(x, next);
    }
    const bool isHomeAlready = toNext < gapAfter;
    gapBefore = std::min(gapBefore, toPrevious);
    gapAfter = std::min(gapAfter, toNext);

    Cost cost = -sign * ((static_cast<Cost>(gapBefore) * gapAfter * m_gapFactor) >> gapFactorBits);
    if (!isHomeAlready) {
        cost += m_homeLoads.add(m_newNode, sign * std::int64_t(gapBefore));
        cost += m_homeLoads.add(here.owner, -sign * std::int64_t(gapBefore));
    }
    const auto onlyThroughX = [&](std::uint32_t coveredByX, std::uint32_t coveredByNext) {
        const std::uint32_t fromNext = coveredByNext > toNext ? coveredByNext - toNext : 0;
        const std::uint32_t fromX = std::min(coveredByX, toPrevious);
        return Run{(x + m_partitionCount - fromNext) % m_partitionCount, fromX > fromNext ? fromX - fromNext : 0};
    };
    const Run taken = onlyThroughX(m_takeover.covered(x), m_takeover.covered(next));
    cost += m_replicaLoads.add(m_newNode, sign * std::int64_t(taken.count));
    forEachPart(taken, [&](const Stretch& stretch, std::int64_t count) {
        if (stretch.loser != nobody)
            cost += m_replicaLoads.add(stretch.loser, -sign * count);
    });
    if (m_hasRears) {
        const Run ahead = onlyThroughX(m_takeover.coveredBeforeRear(x), m_takeover.coveredBeforeRear(next));
        cost += changeRears(taken, ahead, sign);
    }
    return cost;
}

/// @param taken the partitions that the new node takes over
/// @param ahead those of them in which it isn't the last in the preference order
TokenSearch::Cost TokenSearch::changeRears(Run taken, Run ahead, std::int32_t sign)
{
    Cost cost = m_rearLoads.add(m_newNode, sign * (std::int64_t(taken.count) - std::int64_t(ahead.count)));
    forEachPart(taken, [&](const Stretch& stretch, std::int64_t count) {
        if (stretch.rear != nobody)
            cost += m_rearLoads.add(stretch.rear, -sign * count);
    });
    forEachPart(ahead, [&](const Stretch& stretch, std::int64_t count) {
        cost += m_rearLoads.add(stretch.nextRear, sign * count);
    });
    return cost;
}

TokenSearch::Cost TokenSearch::add(PartitionIndex x)
{
    const Cost cost = change(x, 1);
    m_chosen.insert(std::lower_bound(m_chosen.begin(), m_chosen.end(), x), x);
    return cost;
}

TokenSearch::Cost TokenSearch::remove(PartitionIndex x)
{
    m_chosen.erase(std::lower_bound(m_chosen.begin(), m_chosen.end(), x));
    return change(x, -1);
}

/// Somewhere else for the token at x: anywhere, at a loaded node, or close by.
PartitionIndex TokenSearch::neighbour(PartitionIndex x)
{
    const auto anywhere = [this] { return m_freeAtStart[m_random.below(m_freeAtStart.size())]; };
    const auto near = [this, x](std::uint32_t reach) {
        const std::uint64_t step = m_random.below(2 * reach + 1);
        return static_cast<PartitionIndex>((x + m_partitionCount + step - reach) % m_partitionCount);
    };
    const auto loadOfLoser = [this](PartitionIndex boundary) {
        const NodeIndex loser = m_takeover.stretches()[m_takeover.stretchAt(boundary)].loser;
        return loser == nobody ? 0 : m_replicaLoads.relative(loser);
    };
    switch (m_random.below(4)) {
    case 0:
        return anywhere();
    case 1: {
        const PartitionIndex one = anywhere();
        const PartitionIndex other = anywhere();
        return loadOfLoser(other) > loadOfLoser(one) ? other : one;
    }
    case 2:
        return near(4);
    default:
        return near(m_typicalGap);
    }
}

/// Metropolis' rule: with probability exp(-increase / temperature). The logarithm of the random number is taken from
/// its leading zeros and, linearly, from the bits behind them: the same everywhere, and close enough.
bool TokenSearch::isAccepted(Cost increase, Cost temperature)
{
    if (increase <= 0)
        return true;
    const std::uint64_t random = m_random.next() | 1;
    const int zeros = std::countl_zero(random);
    const std::int64_t fraction = static_cast<std::int64_t>((random << zeros) >> 48) - (1 << 15); // 0 … 2^15 - 1
    const std::int64_t minusLog2 = (static_cast<std::int64_t>(zeros + 1) << 15) - fraction;       // in 1 / 2^15
    constexpr std::int64_t ln2 = 22713;                                                           // in 1 / 2^15
    return increase <= ((temperature * ((minusLog2 * ln2) >> 15)) >> 15);
}

void TokenSearch::startSomewhere(std::uint32_t tokenCount)
{
    m_chosen.clear();
    while (m_chosen.size() < tokenCount) {
        const PartitionIndex x = m_freeAtStart[m_random.below(m_freeAtStart.size())];
        if (!std::binary_search(m_chosen.begin(), m_chosen.end(), x))
            add(x);
    }
}

void TokenSearch::anneal()
{
    const std::uint64_t moves =
        std::min<std::uint64_t>(movesPerStepMax, std::uint64_t(movesPerTokenAndStep) * m_chosen.size());
    std::vector<PartitionIndex> best = m_chosen;
    Cost cost = 0;
    Cost bestCost = 0;
    Cost temperature = temperatureStart;
    for (int step = 0; step < coolingSteps; ++step) {
        for (std::uint64_t move = 0; move < moves; ++move) {
            const PartitionIndex from = m_chosen[m_random.below(m_chosen.size())];
            const PartitionIndex to = neighbour(from);
            if (!isFree(to) || std::binary_search(m_chosen.begin(), m_chosen.end(), to))
                continue;
            Cost increase = remove(from);
            increase += add(to);
            if (isAccepted(increase, temperature)) {
                cost += increase;
            } else {
                remove(to);
                add(from);
            }
            if (cost < bestCost) {
                bestCost = cost;
                best = m_chosen;
            }
        }
        temperature = temperature * coolingNumerator / coolingDenominator;
    }
    m_chosen = std::move(best);
}

} // namespace quoit::ring
