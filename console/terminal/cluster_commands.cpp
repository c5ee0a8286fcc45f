// console/terminal/cluster_commands.cpp - status, ring, nodes, stats, hot, locate: one question to one node, and its answer
// laid out.
#include "console/terminal/commands.h"

#include "console/terminal/json_text.h"
#include "console/terminal/node_table.h"
#include "shared/admin/hot_keys_report.h"
#include "shared/ring/token_allocation.h"

#include <QDateTime>

#include <algorithm>
#include <cstdio>
#include <limits>

namespace quoit::terminal {

namespace {

constexpr std::size_t barColumns = 24;
constexpr std::size_t stripColumns = 64;
constexpr std::size_t keyColumns = 48;
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Asks, and prints the answer as it is if that is what is wanted.
/// @return nothing when there is nothing left to lay out; exit with `code`
std::optional<RespValue> answerTo(Session& session, const Options& options, const std::vector<std::string>& arguments,
                                  int& code)
{
    auto value = session.ask(arguments);
    code = value ? int(exitDone) : session.failure();
    if (value && options.json) {
        session.output().line(jsonText(*value));
        return std::nullopt;
    }
    return value;
}

int cantRead(Session& session, const Error& error)
{
    return session.refuse("The node's answer can't be read: " + error.message + ". Is it of another version?");
}

std::string percent(double share)
{
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.1f %%", share * 100);
    return buffer;
}

std::string ratio(double value)
{
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.3f", value);
    return buffer;
}

/// The ring, unrolled: each column is a slice of it, with the letter of who owns most of it.
std::string strip(const ClusterMap& map, const Style& style)
{
    const std::uint32_t count = map.partitionCount();
    const std::size_t columns = std::min<std::size_t>(stripColumns, count);
    const auto& members = map.members();
    std::string text;
    for (std::size_t column = 0; column < columns; ++column) {
        std::vector<std::size_t> owned(members.size());
        for (std::size_t p = column * count / columns; p < (column + 1) * count / columns; ++p) {
            const NodeId owner = map.owner(static_cast<PartitionIndex>(p));
            ++owned[static_cast<std::size_t>(std::ranges::find(members, owner, &Member::id) - members.begin())];
        }
        const auto most = static_cast<std::size_t>(std::ranges::max_element(owned) - owned.begin());
        text += style.paintSeries(most, letters.substr(most, 1));
    }
    return text;
}

std::vector<std::string> ownershipLines(const ClusterMap& map, const Style& style)
{
    using enum Table::Align;
    const Balance balance = balanceOf(map);
    const double largest = std::max(1e-9, *std::ranges::max_element(balance.share));
    const bool hasLetters = map.members().size() <= letters.size();
    Table table({{""},
                 {"id", Right},
                 {"name"},
                 {"tokens", Right},
                 {"homes", Right},
                 {"replicas", Right},
                 {"share", Right},
                 {""},
                 {"weight", Right},
                 {"zone"}});
    for (std::size_t i = 0; i < map.members().size(); ++i) {
        const Member& member = map.members()[i];
        std::size_t homes = 0;
        std::size_t replicas = 0;
        for (PartitionIndex p = 0; p < map.partitionCount(); ++p) {
            homes += map.owner(p) == member.id;
            replicas += map.isReplica(p, member.id);
        }
        table.add({hasLetters ? style.paintSeries(i, letters.substr(i, 1)) : std::string(), std::to_string(member.id),
                   printable(member.name), std::to_string(member.tokens.size()), std::to_string(homes),
                   std::to_string(replicas), percent(balance.share[i]),
                   style.paintSeries(i, bar(balance.share[i] / largest, barColumns)), figure(member.weight),
                   printable(member.zone)});
    }
    std::vector<std::string> lines;
    if (hasLetters) {
        lines.push_back(strip(map, style));
        lines.emplace_back();
    }
    std::ranges::move(table.lines(style), std::back_inserter(lines));
    return lines;
}

/// Everything of QUOIT.RING, and beside it every partition with its replicas in preference order.
std::string ringJson(const RespValue& answer, const ClusterMap& map)
{
    std::vector<RespValue> partitions;
    for (PartitionIndex p = 0; p < map.partitionCount(); ++p) {
        std::vector<RespValue> replicas;
        for (const NodeId node : map.replicas(p))
            replicas.push_back(RespValue::integer(node));
        partitions.push_back(RespValue::array(std::move(replicas)));
    }
    std::vector<RespValue> members = answer.elements;
    members.push_back(RespValue::bulk("partition-replicas"));
    members.push_back(RespValue::array(std::move(partitions)));
    return jsonText(RespValue::map(std::move(members)));
}

std::string nodeName(const std::vector<NodeReport>& nodes, NodeId id)
{
    const auto node = std::ranges::find(nodes, id, &NodeReport::id);
    return id == noNode ? "—" : node == nodes.end() ? "node " + std::to_string(id) : printable(node->name);
}

std::string expiryText(std::int64_t expiryMs)
{
    if (expiryMs <= 0)
        return "—";
    const std::int64_t leftMs = expiryMs - QDateTime::currentMSecsSinceEpoch();
    return leftMs <= 0 ? "has expired" : "in " + durationText(static_cast<std::uint64_t>(leftMs / 1000));
}

std::string holdingText(const ReplicaReport& replica, const Style& style)
{
    if (!replica.answered)
        return style.paint(Colour::Red, "✕ no answer");
    return replica.present ? style.paint(Colour::Green, "● value") : replica.tombstone ? "◌ deleted" : "◌ nothing";
}

/// Figures of one node, as name and value for people: the unit is in the name's end.
std::string statText(const std::string& name, const RespValue& value)
{
    if (value.type != RespType::Integer || value.integerValue < 0)
        return printable(value.asText());
    const auto number = static_cast<std::uint64_t>(value.integerValue);
    const auto ends = [&](std::string_view suffix) { return std::string_view(name).ends_with(suffix); };
    if (ends("bytes"))
        return bytesText(number);
    if (ends("-us"))
        return latencyText(number);
    if (ends("seconds"))
        return durationText(number);
    return countText(number);
}

void appendStats(std::vector<std::pair<std::string, std::string>>& pairs, const std::string& prefix,
                 const RespValue& map)
{
    for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
        const std::string name = map.elements[i].asText();
        const RespValue& value = map.elements[i + 1];
        if (value.type == RespType::Map)
            appendStats(pairs, prefix + name + ".", value);
        else if (!value.isAggregate())
            pairs.emplace_back(printable(prefix + name), statText(name, value));
    }
}

} // namespace

int runStatus(Session& session, const Options& options)
{
    auto value = session.ask({"QUOIT.STATUS"});
    if (!value)
        return session.failure();
    const auto report = statusReportFromResp(*value);
    if (!report)
        return cantRead(session, report.error());
    const StatusReport& status = report.value();
    const bool lacksNodes = !status.strength.empty() && status.verdict == status.strength; // and nothing is wrong beyond that
    const bool isWell = lacksNodes || status.verdict == "well";
    if (options.json) {
        session.output().line(jsonText(*value));
        return isWell ? exitDone : exitNotDone;
    }
    const Style& style = session.output().style();
    const auto orNone = [](const std::string& text) { return text.empty() ? std::string("—") : printable(text); };
    session.output().line(lacksNodes ? style.paint(Colour::Yellow, "▲ " + printable(status.verdict))
                          : isWell   ? style.paint(Colour::Green, "● well")
                                     : style.paint(Colour::Red, "✕ " + printable(status.verdict)));
    if (!status.zones.empty())
        session.output().line(style.paint(status.zones.starts_with("warning") ? Colour::Yellow : Colour::None,
                                          "▲ " + printable(status.zones)));
    session.output().lines(
        pairLines({{"nodes", std::to_string(status.nodesUp) + " up, " + std::to_string(status.nodesSuspect) +
                                 " suspect, " + std::to_string(status.nodesDown) + " down"},
                   {"partitions", countText(status.partitions) + ", " + countText(status.partitionsBelowStrength) +
                                      " below full strength, " + countText(status.partitionsWithoutMajority) +
                                      " without majority"},
                   {"replicas", status.repair.empty() ? "all the same" : printable(status.repair)},
                   {"change of the ring", status.change.empty() ? "none" : printable(status.change) + "; quoit changes"},
                   {"cluster", orNone(status.clusterId)},
                   {"epoch", std::to_string(status.epoch)},
                   {"asked", orNone(status.name) + " (" + session.address() + "), " + orNone(status.state) +
                                 ", version " + orNone(status.version)}},
                  style));
    return isWell ? exitDone : exitNotDone;
}

int runRing(Session& session, const Options& options)
{
    const auto value = session.ask({"QUOIT.RING"});
    if (!value)
        return session.failure();
    const auto decoded = clusterMapFromResp(*value);
    if (!decoded)
        return cantRead(session, decoded.error());
    const ClusterMap& map = *decoded.value();
    Output& output = session.output();
    if (options.json) {
        output.line(ringJson(*value, map));
        return exitDone;
    }
    output.line("cluster " + printable(map.clusterId()) + ", epoch " + std::to_string(map.epoch()) + ": " +
                countOf(map.partitionCount(), "partition") + ", " + replicasText(map) + ", " +
                countOf(map.vnodesPerWeight(), "vnode") + " for weight 1");
    output.line("");
    output.lines(ownershipLines(map, output.style()));
    const Balance balance = balanceOf(map);
    output.line("");
    output.line("largest share / fair share " + ratio(balance.maxOverFair) + ", smallest " +
                ratio(balance.minOverFair));
    return exitDone;
}

int runNodes(Session& session, const Options& options)
{
    int code = exitDone;
    const auto value = answerTo(session, options, {"QUOIT.NODES"}, code);
    if (!value)
        return code;
    const auto nodes = nodeReportsFromResp(*value);
    if (!nodes)
        return cantRead(session, nodes.error());
    session.output().lines(nodeLines(nodes.value(), session.output().style()));
    return exitDone;
}

int runStats(Session& session, const Options& options)
{
    int code = exitDone;
    const auto value = answerTo(session, options, {"QUOIT.STATS"}, code);
    if (!value)
        return code;
    std::vector<std::pair<std::string, std::string>> pairs;
    appendStats(pairs, {}, *value);
    session.output().lines(pairLines(pairs, session.output().style()));
    return exitDone;
}

int runHot(Session& session, const Options& options)
{
    int code = exitDone;
    const auto value = answerTo(
        session, options, {"QUOIT.HOTKEYS", "COUNT", std::to_string(options.limit == 0 ? 10 : options.limit)}, code);
    if (!value)
        return code;
    const auto read = hotKeysReportFromResp(*value);
    if (!read)
        return cantRead(session, read.error());
    const HotKeysReport& report = read.value();
    Output& output = session.output();
    const std::uint64_t total = report.readsPerSecond + report.writesPerSecond;
    output.line("all keys: " + countText(report.readsPerSecond) + " reads/s, " + countText(report.writesPerSecond) +
                " writes/s, as " + std::to_string(report.nodes) + (report.nodes == 1 ? " node tells" : " nodes tell"));
    output.line("");
    if (report.keys.empty()) {
        output.line("No key stands out.");
        return exitDone;
    }
    const auto rate = [](std::uint64_t perSecond, std::uint64_t error) {
        return perSecond == 0 ? std::string("—") : countText(perSecond) + (error > 0 ? " ± " + countText(error) : "");
    };
    using enum Table::Align;
    Table table({{"key"}, {"reads/s", Right}, {"writes/s", Right}, {"share", Right}, {""}});
    for (const HotKeyReport& key : report.keys) {
        const double share = std::min(1.0, static_cast<double>(key.readsPerSecond + key.writesPerSecond) /
                                               static_cast<double>(std::max<std::uint64_t>(total, 1)));
        table.add({cutToColumns(printable(key.key), keyColumns), rate(key.readsPerSecond, key.readsError),
                   rate(key.writesPerSecond, key.writesError), percent(share), bar(share, barColumns)});
    }
    output.lines(table.lines(output.style()));
    return exitDone;
}

int runLocate(Session& session, const Options& options)
{
    int code = exitDone;
    const auto value = answerTo(session, options, {"QUOIT.LOCATE", options.arguments[0]}, code);
    if (!value)
        return code;
    const auto located = locateReportFromResp(*value);
    if (!located)
        return cantRead(session, located.error());
    const auto nodesValue = session.ask({"QUOIT.NODES"});
    if (!nodesValue)
        return session.failure();
    const auto nodesResult = nodeReportsFromResp(*nodesValue);
    const std::vector<NodeReport> nodes = nodesResult ? nodesResult.value() : std::vector<NodeReport>();
    const LocateReport& report = located.value();
    Output& output = session.output();
    const Style& style = output.style();
    output.lines(pairLines({{"key", printable(report.key)},
                            {"slot", std::to_string(report.slot)},
                            {"partition", std::to_string(report.partition)},
                            {"position", std::to_string(report.position) + " (" +
                                             percent(static_cast<double>(report.position) /
                                                     static_cast<double>(std::numeric_limits<Position>::max())) +
                                             " round the ring)"},
                            {"home", nodeName(nodes, report.home)}},
                           style));
    output.line("");
    Table table({{"replica"}, {"holds"}, {"version"}, {"bytes", Table::Align::Right}, {"expires"}});
    for (const ReplicaReport& replica : report.replicas)
        table.add({nodeName(nodes, replica.node), holdingText(replica, style),
                   replica.version.empty() ? "—" : printable(replica.version),
                   replica.present ? countText(replica.valueBytes) : "—", expiryText(replica.expiryMs)});
    output.lines(table.lines(style));
    return exitDone;
}

} // namespace quoit::terminal
