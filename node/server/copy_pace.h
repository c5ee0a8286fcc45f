// node/server/copy_pace.h - how fast a node copies while the ring changes: as fast as clients don't feel it. Additive increase,
// multiplicative decrease on the 99th percentile of all nodes' client requests, as they gossip it once a second. Pure.
#pragma once

#include "shared/admin/node_report.h"

#include <cstdint>
#include <map>
#include <vector>

namespace quoit {

class CopyPace
{
public:
    static constexpr std::uint64_t slowest = 1 << 20; ///< bytes/s
    static constexpr std::uint64_t first = 16 << 20;
    static constexpr std::uint64_t fastest = std::uint64_t(512) << 20;

    /// About once a second. @param copying whether a change of the ring is in progress
    void update(const std::vector<NodeReport>& nodes, bool copying);
    std::uint64_t bytesPerSecond() const { return m_rate; }

private:
    bool isStrained(const std::vector<NodeReport>& nodes) const;
    void learn(const std::vector<NodeReport>& nodes);

    std::map<NodeId, double> m_usualP99Us; ///< between changes
    std::uint64_t m_rate = first;
};

} // namespace quoit
