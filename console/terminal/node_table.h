// console/terminal/node_table.h - nodes as a table for people; `nodes` and the live view show the same one.
// Pure.
#pragma once

#include "console/terminal/text.h"
#include "shared/admin/node_report.h"

#include <string>
#include <vector>

namespace quoit::terminal {

/// Sums over the nodes that are not down; percentiles are the worst of them.
struct ClusterFigures
{
    std::uint64_t up = 0;
    std::uint64_t suspect = 0;
    std::uint64_t down = 0;
    std::uint64_t operationsPerSecond = 0;
    std::uint64_t p99Us = 0;
    std::uint64_t storedRecords = 0; ///< every replica counts; of all nodes, the last known figure where one is down
    std::uint64_t memoryBytes = 0;
};
ClusterFigures figuresOf(const std::vector<NodeReport>& nodes);

/// @return [nodes + 1] lines, the head first. Figures of a node that is down are "—".
std::vector<std::string> nodeLines(const std::vector<NodeReport>& nodes, const Style& style);

} // namespace quoit::terminal
