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

Picker::Picker(const ZoneTable& zones, std::uint32_t setSize)
    : m_zones(zones)
    , m_setSize(setSize)
    , m_extras(setSize > zones.zoneCount ? setSize - zones.zoneCount : 0)
    , m_metInWalk(zones.zoneCount, 0)
{}

void Picker::begin()
{
    ++m_walk;
    m_count = 0;
    m_extrasLeft = m_extras;
}

bool Picker::take(NodeIndex node)
{
    const std::uint32_t zone = m_zones.zoneOf[node];
    if (!wouldTake(zone))
        return false;
    if (m_metInWalk[zone] == m_walk)
        --m_extrasLeft;
    m_metInWalk[zone] = m_walk;
    ++m_count;
    return true;
}

namespace {

void pickSet(Picker& picker, const std::vector<NodeIndex>& walk, NodeIndex* set)
{
    picker.begin();
    for (auto node = walk.begin(); !picker.isFull(); ++node) {
        QUOIT_ENSURE(node != walk.end());
        if (picker.take(*node))
            *set++ = *node;
    }
}

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
    pickSet(picker, order.nodes(), sets.data() + (partitionCount - 1) * setSize);
    for (std::size_t boundary = partitionCount; boundary-- > 0;) {
        NodeIndex* set = sets.data() + boundary * setSize;
        if (ownerAt[boundary] != nobody) {
            order.startAt(ownerAt[boundary]);
            pickSet(picker, order.nodes(), set);
        } else if (boundary + 1 < partitionCount) {
            std::copy_n(set + setSize, setSize, set);
        }
    }
    return sets;
}

} // namespace quoit::ring
