// shared/ring/token_search.cpp - see the header.
//
// Cost = sum over the nodes of (load / fair load - 1)², less a reward for tokens that split gaps evenly. The reward
// doesn't help the node that joins now: it keeps the gaps alike, so that those that join later find something to take
// from everybody. Without it the first few nodes end up 20 % off, with it all sizes stay within about 2 %. Its weight
// hardly matters (0.1 to 10 times this one's does as well).
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

/// What a deviation of 1 % costs: the scale of the temperatures.
constexpr std::int64_t percentCost = (relativeFair / 100) * (relativeFair / 100);
constexpr std::int64_t temperatureStart = 30 * percentCost;
constexpr int coolingSteps = 64;
constexpr std::int64_t coolingNumerator = 226; // (226 / 256)^64 = 1 / 2900
constexpr std::int64_t coolingDenominator = 256;
constexpr std::uint32_t movesPerTokenAndStep = 20;
constexpr std::uint32_t movesPerStepMax = 2000;

} // namespace

TokenSearch::TokenSearch(const Takeover& takeover, const std::vector<std::uint64_t>& fair, std::uint64_t seed)
    : m_takeover(takeover)
    , m_partitionCount(takeover.partitionCount())
    , m_newNode(static_cast<NodeIndex>(takeover.loads().size()))
    , m_loads(takeover.loads().begin(), takeover.loads().end())
    , m_random(seed)
{
    QUOIT_ENSURE(fair.size() == m_loads.size() + 1);
    m_loads.push_back(0);
    for (const std::uint64_t load : fair)
        m_perPartition.push_back((fairUnit << (relativeBits + perPartitionBits)) / load);
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

TokenSearch::Cost TokenSearch::costOf(NodeIndex node) const
{
    const std::uint64_t relative =
        (static_cast<std::uint64_t>(m_loads[node]) * m_perPartition[node]) >> perPartitionBits;
    const std::int64_t deviation = std::min(static_cast<std::int64_t>(relative) - relativeFair, relativeMax);
    return deviation * deviation;
}

/// @return the change of the cost.
TokenSearch::Cost TokenSearch::addLoad(NodeIndex node, std::int32_t change)
{
    const Cost before = costOf(node);
    m_loads[node] += change;
    return costOf(node) - before;
}

/// The new node takes over (sign 1) or gives back (sign -1) a run of partitions.
/// @param end the last one of the run
TokenSearch::Cost TokenSearch::shift(PartitionIndex end, std::uint32_t count, std::int32_t sign)
{
    const std::vector<Stretch>& stretches = m_takeover.stretches();
    Cost cost = addLoad(m_newNode, sign * static_cast<std::int32_t>(count));
    std::uint32_t index = m_takeover.stretchAt(end);
    std::uint32_t available = stretches[index].count - distance(end, stretches[index].last) % m_partitionCount;
    while (count > 0) {
        const std::uint32_t taken = std::min(count, available);
        if (stretches[index].loser != nobody)
            cost += addLoad(stretches[index].loser, -sign * static_cast<std::int32_t>(taken));
        count -= taken;
        index = (index == 0 ? static_cast<std::uint32_t>(stretches.size()) : index) - 1;
        available = stretches[index].count;
    }
    return cost;
}

/// The effect of a token at x beside the chosen ones. Only the partitions that neither the chosen token before x nor
/// the one after it covers make a difference.
TokenSearch::Cost TokenSearch::change(PartitionIndex x, std::int32_t sign)
{
    const Stretch& stretch = m_takeover.stretches()[m_takeover.stretchAt(x)];
    std::uint32_t gapBefore = stretch.count - distance(x, stretch.last);
    std::uint32_t gapAfter = distance(x, stretch.last);
    std::uint32_t covered = m_takeover.covered(x);
    std::uint32_t coveredByNext = 0;
    if (!m_chosen.empty()) {
        const auto upper = std::lower_bound(m_chosen.begin(), m_chosen.end(), x);
        const PartitionIndex next = upper == m_chosen.end() ? m_chosen.front() : *upper;
        const PartitionIndex previous = upper == m_chosen.begin() ? m_chosen.back() : *(upper - 1);
        const std::uint32_t toPrevious = distance(previous, x);
        const std::uint32_t toNext = distance(x, next);
        gapBefore = std::min(gapBefore, toPrevious);
        gapAfter = std::min(gapAfter, toNext);
        covered = std::min(covered, toPrevious);
        const std::uint32_t nextReach = m_takeover.covered(next);
        coveredByNext = nextReach > toNext ? nextReach - toNext : 0;
    }
    const Cost reward = (static_cast<Cost>(gapBefore) * gapAfter * m_gapFactor) >> gapFactorBits;
    if (coveredByNext >= covered)
        return -sign * reward;
    const PartitionIndex end = (x + m_partitionCount - coveredByNext) % m_partitionCount;
    return shift(end, covered - coveredByNext, sign) - sign * reward;
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
        return loser == nobody ? 0 : static_cast<std::uint64_t>(m_loads[loser]) * m_perPartition[loser];
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
            const Cost increase = remove(from) + add(to);
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
