// shared/ring/takeover.cpp - see the header.
#include "shared/ring/takeover.h"

#include "shared/base/result.h"

#include <algorithm>

namespace quoit::ring {

Takeover::Takeover(const std::vector<NodeIndex>& ownerAt, const ZoneTable& zones, std::uint32_t setSize)
    : m_stretchAt(ownerAt.size())
    , m_loads(zones.zoneOf.size() - 1)
{
    const std::uint32_t count = partitionCount();
    for (PartitionIndex boundary = 0; boundary < count; ++boundary) {
        if (ownerAt[boundary] != nobody)
            m_stretches.push_back({.last = boundary, .owner = ownerAt[boundary]});
    }
    QUOIT_ENSURE(!m_stretches.empty());
    PartitionIndex before = m_stretches.back().last;
    for (std::uint32_t i = 0; i < m_stretches.size(); ++i) {
        Stretch& stretch = m_stretches[i];
        stretch.count = i == 0 ? stretch.last + count - before : stretch.last - before;
        for (std::uint32_t back = 0; back < stretch.count; ++back)
            m_stretchAt[(stretch.last + count - back) % count] = i;
        before = stretch.last;
    }
    walk(zones, setSize);
    m_covered = coverage(&Stretch::limit);
    // A set of one has no rear but the new node itself.
    m_coveredBeforeRear = setSize > 1 ? coverage(&Stretch::rearLimit) : std::vector<std::uint32_t>(count);
}

/// Finds loser and limit of each stretch, and the loads.
void Takeover::walk(const ZoneTable& zones, std::uint32_t setSize)
{
    const std::uint32_t count = partitionCount();
    const std::uint32_t zoneOfNew = zones.zoneOf.back();
    std::vector<PartitionIndex> firstToken(m_loads.size()); // of each node, as the walk meets it
    WalkOrder order;
    for (auto stretch = m_stretches.rbegin(); stretch != m_stretches.rend(); ++stretch) {
        firstToken[stretch->owner] = stretch->last;
        order.startAt(stretch->owner);
    }
    Picker picker(zones, setSize);
    std::vector<NodeIndex> others; // the set without the loser
    for (auto stretch = m_stretches.rbegin(); stretch != m_stretches.rend(); ++stretch) {
        firstToken[stretch->owner] = stretch->last;
        order.startAt(stretch->owner);
        const auto distanceTo = [&](NodeIndex node) { return (firstToken[node] + count - stretch->last) % count; };
        stretch->limit = count;
        others.clear();
        picker.begin();
        for (const NodeIndex node : order.nodes()) {
            if (picker.isFull())
                break;
            if (!picker.take(node))
                continue;
            m_loads[node] += stretch->count;
            if (picker.isFull())
                stretch->rear = node;
            if (stretch->loser == nobody && !picker.wouldTake(zoneOfNew)) {
                stretch->loser = node;
                stretch->limit = distanceTo(node);
            } else {
                others.push_back(node);
            }
        }
        if (!others.empty()) {
            stretch->nextRear = others.back();
            stretch->rearLimit = std::min(stretch->limit, distanceTo(others.back()));
        }
    }
}

/// For each boundary x the number of partitions, ending with x, from which a token at x is met before the limit.
std::vector<std::uint32_t> Takeover::coverage(std::uint32_t Stretch::*limit) const
{
    std::vector<std::uint32_t> result(m_stretchAt.size());
    const std::uint32_t count = partitionCount();
    const std::uint32_t stretchCount = static_cast<std::uint32_t>(m_stretches.size());
    for (PartitionIndex x = 0; x < count; ++x) {
        const std::uint32_t own = m_stretchAt[x];
        const PartitionIndex end = m_stretches[own].last;
        std::uint32_t covered = m_stretches[own].count - (end + count - x) % count;
        bool isInReach = true;
        for (std::uint32_t i = 1; i < stretchCount && isInReach; ++i) {
            const Stretch& behind = m_stretches[(own + stretchCount - i) % stretchCount];
            isInReach = (x + count - behind.last) % count < behind.*limit;
            covered += isInReach ? behind.count : 0;
        }
        // All the way round: what lies after x in its own stretch meets x last.
        if (isInReach && (x + count - end) % count < m_stretches[own].*limit)
            covered = count;
        result[x] = covered;
    }
    return result;
}

} // namespace quoit::ring
