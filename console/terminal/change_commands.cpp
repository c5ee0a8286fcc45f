// console/terminal/change_commands.cpp - changes of the ring: plan, apply, abort, pause, resume, throttle, changes.
#include "console/terminal/commands.h"

#include "console/terminal/json_text.h"
#include "console/terminal/node_table.h"
#include "console/terminal/plan_steps.h"
#include "shared/admin/change_report.h"
#include "shared/ring/cluster_map.h"

#include <charconv>
#include <cstdio>

namespace quoit::terminal {

namespace {

int cantRead(Session& session, const Error& error)
{
    return session.refuse("The node's answer can't be read: " + error.message + ". Is it of another version?");
}

std::string share(double value)
{
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.1f %%", value * 100);
    return buffer;
}

std::string ratio(double value)
{
    char buffer[32];
    std::snprintf(buffer, sizeof buffer, "%.3f", value);
    return buffer;
}

/// What a node that waits says of itself, as QUOIT.PLAN wants it. @return false after a sentence on standard error
bool appendNewcomer(Session& session, const Options& options, const std::string& address, std::vector<std::string>& arguments)
{
    Options there = options;
    there.address = address;
    Session newcomer(there, session.output(), "The node that is to come in must run there: start it with an empty data folder, and plan again.");
    if (!newcomer.connectToCluster())
        return false;
    const auto value = newcomer.ask({"QUOIT.IDENTITY"});
    if (!value)
        return false;
    const Result<IdentityReport> read = identityReportFromResp(*value);
    if (!read) {
        cantRead(session, read.error());
        return false;
    }
    const IdentityReport& identity = read.value();
    if (identity.node != noNode) {
        session.refuse(inQuotes(address) + " is node " + std::to_string(identity.node) + " of cluster " + identity.clusterId +
                       " already; a node joins with an empty data folder.");
        return false;
    }
    char weight[32];
    const auto weightEnd = std::to_chars(weight, std::end(weight), identity.weight).ptr; // in every language the same
    for (const std::string& word : {identity.diskId, identity.name, identity.clientAddress, identity.peerAddress, identity.httpAddress,
                                    identity.zone, std::string(weight, weightEnd)})
        arguments.push_back(word);
    if (identity.diskFreeBytes > 0)
        arguments.insert(arguments.end(), {"FREE", std::to_string(identity.diskFreeBytes)});
    return true;
}

/// Adds QUOIT.PLAN's words for those of the command line.
/// @return false after a sentence on standard error
bool appendSteps(Session& session, const Options& options, std::vector<std::string>& arguments)
{
    const auto steps = parsePlanSteps(options.arguments);
    QUOIT_ENSURE(steps.ok()); // parseOptions() has seen them
    for (const PlanStep& step : steps.value()) {
        arguments.push_back(step.kind);
        arguments.insert(arguments.end(), step.words.begin(), step.words.end());
        if (!step.address.empty() && !appendNewcomer(session, options, step.address, arguments))
            return false;
    }
    return true;
}

/// ", zone east": where it will be.
std::string zoneText(const ClusterMap* after, NodeId id)
{
    const Member* const member = after ? after->member(id) : nullptr;
    return member && !member->zone.empty() ? ", zone " + printable(member->zone) : std::string();
}

void show(Output& output, const PlanReport& plan)
{
    const Style& style = output.style();
    const Result<ClusterMapPtr> after = ClusterMap::decode(plan.ringAfter);
    output.lines(pairLines({{"plan", std::to_string(plan.number)},
                            {"change", printable(plan.text)},
                            {"moves", countText(plan.partitionsMoved) + " replicas of partitions (" + share(plan.movedShare) + "), about " +
                                          bytesText(plan.bytesMoved) + ", " + durationText(plan.secondsEstimated) + " or so"},
                            {"busiest", ratio(plan.balanceBefore) + " of its fair share before, " + ratio(plan.balanceAfter) + " after"}},
                           style));
    output.line("");
    for (const PlanNodeReport& node : plan.nodes)
        output.line(printable(node.name) + " (node " + std::to_string(node.id) + zoneText(after ? after.value().get() : nullptr, node.id) +
                    ") " + node.part + ": " +
                    countText(node.partitionsBefore) + " partitions before, " + countText(node.partitionsAfter) + " after" +
                    (node.partitionsToCopy > 0
                         ? "; copies " + countText(node.partitionsToCopy) + ", about " + bytesText(node.bytesToCopy)
                         : std::string()));
    for (const std::string& risk : plan.risks)
        output.line(style.paint(Colour::Yellow, "mind: " + printable(risk)));
    output.line("");
    output.line("Nothing has happened yet. Go ahead with: quoit apply " + std::to_string(plan.number));
}

int ask(Session& session, const std::vector<std::string>& arguments, const std::string& done)
{
    const auto value = session.ask(arguments, false);
    if (!value)
        return session.failure();
    session.output().line(done);
    return exitDone;
}

} // namespace

int runPlan(Session& session, const Options& options)
{
    std::vector<std::string> arguments{"QUOIT.PLAN"};
    if (!appendSteps(session, options, arguments))
        return exitNotDone;
    const auto value = session.ask(arguments);
    if (!value)
        return session.failure();
    if (options.json) {
        session.output().line(jsonText(*value));
        return exitDone;
    }
    const Result<PlanReport> plan = planReportFromResp(*value);
    if (!plan)
        return cantRead(session, plan.error());
    show(session.output(), plan.value());
    return exitDone;
}

int runApply(Session& session, const Options& options)
{
    return ask(session, {"QUOIT.APPLY", options.arguments[0]},
               "The change has begun, or waits for those before it. Look at it with: quoit changes");
}

int runAbort(Session& session, const Options& options)
{
    std::vector<std::string> arguments{"QUOIT.ABORT"};
    arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
    return ask(session, arguments, "The change is aborted. A node that came in by it leaves as soon as its clients are gone.");
}

int runPause(Session& session, const Options&)
{
    return ask(session, {"QUOIT.PAUSE"}, "The change is paused. Go on with: quoit resume");
}

int runResume(Session& session, const Options&)
{
    return ask(session, {"QUOIT.RESUME"}, "The change goes on.");
}

int runThrottle(Session& session, const Options& options)
{
    const std::string& rate = options.arguments[0];
    return ask(session, {"QUOIT.THROTTLE", rate},
               rate == "0" ? "Nodes copy without a limit." : "Each node copies at most " + rate + " MB/s.");
}

int runChanges(Session& session, const Options& options)
{
    const auto value = session.ask({"QUOIT.CHANGES"});
    if (!value)
        return session.failure();
    Output& output = session.output();
    if (options.json) {
        output.line(jsonText(*value));
        return exitDone;
    }
    const Result<ChangesReport> read = changesReportFromResp(*value);
    if (!read)
        return cantRead(session, read.error());
    const ChangesReport& report = read.value();
    if (report.state == "none") {
        output.line("No change of the ring is in progress.");
    } else {
        output.line("change " + std::to_string(report.number) + ", " + report.state + ": " + printable(report.text));
        output.line(report.state == "aborting" ? "Whoever came in by it lets its clients go."
                                               : countText(report.partitionsCopied) + " of " + countText(report.partitionsToCopy) +
                                                     " partitions copied, " + bytesText(report.bytesCopied));
        for (const CopyReport& node : report.nodes)
            output.line("  node " + std::to_string(node.node) + ": " + countText(node.partitionsCopied) + " of " +
                        countText(node.partitionsToCopy) + ", " + bytesText(node.bytesCopied));
    }
    for (const WaitingChangeReport& waiting : report.queue)
        output.line("waits: " + std::to_string(waiting.number) + ", " + printable(waiting.text));
    for (const EndedChangeReport& ended : report.ended)
        output.line("over: " + std::to_string(ended.number) + ", " + ended.outcome + ": " + printable(ended.text));
    return exitDone;
}

} // namespace quoit::terminal
