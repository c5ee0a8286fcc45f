// shared/ring/takeover.cpp - see the header.
#include "shared/ring/takeover.h"

#include "shared/base/result.h"

#include <algorithm>

namespace quoit::ring {

Takeover::Takeover(const std::vector<NodeIndex>& ownerAt, const ZoneTable& zones, std::uint32_t setSize)
    : m_stretchAt(ownerAt.size())
    , m_covered(ownerAt.size())
    , m_loads(zones.zoneOf.size() - 1)
{
    const std::uint32_t count = partitionCount();
    for (PartitionIndex boundary = 0; boundary < count; ++boundary) {
        if (ownerAt[boundary] != nobody)
            m_stretches.push_back({.last = boundary});
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
    walk(ownerAt, zones, setSize);
    measureCoverage();
}

/// Finds loser and limit of each stretch, and the loads.
void Takeover::walk(const std::vector<NodeIndex>& ownerAt, const ZoneTable& zones, std::uint32_t setSize)
{
    const std::uint32_t count = partitionCount();
    const std::uint32_t zoneOfNew = zones.zoneOf.back();
    std::vector<PartitionIndex> firstToken(m_loads.size()); // of each node, as the walk meets it
    WalkOrder order;
    for (auto stretch = m_stretches.rbegin(); stretch != m_stretches.rend(); ++stretch) {
        firstToken[ownerAt[stretch->last]] = stretch->last;
        order.startAt(ownerAt[stretch->last]);
    }
    Picker picker(zones, setSize);
    for (auto stretch = m_stretches.rbegin(); stretch != m_stretches.rend(); ++stretch) {
        firstToken[ownerAt[stretch->last]] = stretch->last;
        order.startAt(ownerAt[stretch->last]);
        stretch->limit = count;
        picker.begin();
        for (const NodeIndex node : order.nodes()) {
            if (picker.isFull())
                break;
            if (!picker.take(node))
                continue;
            m_loads[node] += stretch->count;
            if (stretch->loser == nobody && !picker.wouldTake(zoneOfNew)) {
                stretch->loser = node;
                stretch->limit = (firstToken[node] + count - stretch->last) % count;
            }
        }
    }
}

void Takeover::measureCoverage()
{
    const std::uint32_t count = partitionCount();
    const std::uint32_t stretchCount = static_cast<std::uint32_t>(m_stretches.size());
    for (PartitionIndex x = 0; x < count; ++x) {
        const std::uint32_t own = m_stretchAt[x];
        const PartitionIndex end = m_stretches[own].last;
        std::uint32_t covered = m_stretches[own].count - (end + count - x) % count;
        bool isInReach = true;
        for (std::uint32_t i = 1; i < stretchCount && isInReach; ++i) {
            const Stretch& behind = m_stretches[(own + stretchCount - i) % stretchCount];
            isInReach = (x + count - behind.last) % count < behind.limit;
            covered += isInReach ? behind.count : 0;
        }
        // All the way round: what lies after x in its own stretch meets x last.
        if (isInReach && (x + count - end) % count < m_stretches[own].limit)
            covered = count;
        m_covered[x] = covered;
    }
}

} // namespace quoit::ring
