#include "console/terminal/node_table.h"

#include "console/cluster/cluster_snapshot.h"

#include <algorithm>
#include <cstdio>

namespace quoit::terminal {

namespace {

constexpr const char* noData = "—";

std::string phiText(const NodeReport& node, const Style& style)
{
    if (node.phi <= 0)
        return noData;
    char buffer[16];
    std::snprintf(buffer, sizeof buffer, "%.1f", std::min(node.phi, 300.0));
    return style.paint(node.phi >= 8 ? Colour::Yellow : Colour::None, buffer);
}

std::uint64_t operationsOf(const LoadFigures& figures)
{
    return figures.readsPerSecond + figures.writesPerSecond;
}

} // namespace

std::vector<std::string> nodeLines(const std::vector<NodeReport>& nodes, const Style& style)
{
    using enum Table::Align;
    Table table({{"id", Right},
                 {"name"},
                 {"state"},
                 {"for"},
                 {"ops/s", Right},
                 {"p50", Right},
                 {"p99", Right},
                 {"records", Right},
                 {"memory", Right},
                 {"disk", Right},
                 {"phi", Right},
                 {"address"},
                 {"zone"}});
    for (const NodeReport& node : nodes) {
        const LoadFigures& load = node.figures;
        const bool hasFigures = hasFreshFigures(node);
        const auto shown = [&](std::string text) { return hasFigures ? std::move(text) : std::string(noData); };
        table.add({std::to_string(node.id), printable(node.name), stateText(node.state, style),
                   durationText(node.sinceMs / 1000), shown(figure(static_cast<double>(operationsOf(load)))),
                   shown(latencyText(load.p50Us)), shown(latencyText(load.p99Us)), shown(countText(load.keys)),
                   shown(bytesText(load.memoryBytes)), shown(bytesText(load.diskBytes)), phiText(node, style),
                   printable(node.clientAddress), printable(node.zone)});
    }
    return table.lines(style);
}

} // namespace quoit::terminal
