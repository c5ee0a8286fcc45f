// shared/ring/replica_walk.cpp - see the header; the rule itself is documented at ClusterMap::replicas().
#include "shared/ring/replica_walk.h"

#include "shared/base/result.h"

#include <algorithm>

namespace quoit::ring {

void WalkOrder::startAt(NodeIndex node)
{
    const auto place = std::find(m_nodes.begin(), m_nodes.end(), node);
    if (place == m_nodes.end())
        m_nodes.insert(m_nodes.begin(), node);
    else
        std::rotate(m_nodes.begin(), place, place + 1);
}

namespace {

/// Picks from the walk: each node of a zone not met before, and others while extras are left.
class Picker
{
public:
    Picker(const ZoneTable& zones, std::uint32_t setSize)
        : m_zones(zones)
        , m_setSize(setSize)
        , m_extras(setSize > zones.zoneCount ? setSize - zones.zoneCount : 0)
        , m_metInWalk(zones.zoneCount, 0)
    {}

    void pick(const std::vector<NodeIndex>& walk, NodeIndex* set)
    {
        ++m_walk;
        std::uint32_t extras = m_extras;
        std::uint32_t count = 0;
        for (auto node = walk.begin(); count < m_setSize; ++node) {
            QUOIT_ENSURE(node != walk.end());
            std::uint32_t& met = m_metInWalk[m_zones.zoneOf[*node]];
            if (met == m_walk) {
                if (extras == 0)
                    continue;
                --extras;
            }
            met = m_walk;
            set[count++] = *node;
        }
    }

private:
    const ZoneTable& m_zones;
    const std::uint32_t m_setSize;
    const std::uint32_t m_extras;           // places that zones alone can't fill
    std::vector<std::uint32_t> m_metInWalk; // [zones] the last walk that met it
    std::uint32_t m_walk = 0;
};

} // namespace

std::vector<NodeIndex> replicaSets(const std::vector<NodeIndex>& ownerAt, const ZoneTable& zones, std::uint32_t setSize)
{
    WalkOrder order;
    const std::size_t partitionCount = ownerAt.size();
    for (std::size_t boundary = partitionCount; boundary-- > 0;) {
        if (ownerAt[boundary] != nobody)
            order.startAt(ownerAt[boundary]);
    }
    std::vector<NodeIndex> sets(partitionCount * setSize);
    Picker picker(zones, setSize);
    picker.pick(order.nodes(), sets.data() + (partitionCount - 1) * setSize);
    for (std::size_t boundary = partitionCount; boundary-- > 0;) {
        NodeIndex* set = sets.data() + boundary * setSize;
        if (ownerAt[boundary] != nobody) {
            order.startAt(ownerAt[boundary]);
            picker.pick(order.nodes(), set);
        } else if (boundary + 1 < partitionCount) {
            std::copy_n(set + setSize, setSize, set);
        }
    }
    return sets;
}

} // namespace quoit::ring
