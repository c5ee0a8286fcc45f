// console/terminal/node_table.h - nodes as a table for people; `nodes` and the live view show the same one.
// Pure.
#pragma once

#include "console/terminal/text.h"
#include "shared/admin/node_report.h"

#include <string>
#include <vector>

namespace quoit::terminal {

/// @return [nodes + 1] lines, the head first. Old figures, of a node that is down, are "—".
std::vector<std::string> nodeLines(const std::vector<NodeReport>& nodes, const Style& style);

} // namespace quoit::terminal
