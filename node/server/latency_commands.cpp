// SLOWLOG and LATENCY: which requests took long, and how long requests take.
#include "node/server/server_commands.h"

#include "shared/resp/numbers.h"

#include <algorithm>
#include <map>

namespace quoit {

namespace {

constexpr std::string_view slowCommandEvent = "command"; // the only one: what the slow log has
constexpr int histogramPowerMin = 4;
constexpr int histogramPowerMax = 35;

std::int64_t millisecondsOf(const SlowLog::Entry& entry)
{
    return std::chrono::duration_cast<Milliseconds>(entry.duration).count();
}

void slowLogGet(CommandCall& call)
{
    std::int64_t count = 10;
    if (call.arguments.size() == 3) {
        const std::optional<std::int64_t> asked = parseInteger(call.argument(2));
        if (!asked || *asked < -1)
            return call.reply().error("ERR count should be greater than or equal to -1");
        count = *asked;
    }
    const std::deque<SlowLog::Entry>& entries = call.node.slowLog().entries();
    const std::size_t shown = count < 0 ? entries.size() : std::min(entries.size(), static_cast<std::size_t>(count));
    call.reply().arrayHeader(shown);
    for (auto entry = entries.rbegin(); entry != entries.rbegin() + static_cast<std::ptrdiff_t>(shown); ++entry) {
        call.reply().arrayHeader(6);
        call.reply().integer(static_cast<std::int64_t>(entry->id));
        call.reply().integer(entry->endedMs / 1000);
        call.reply().integer(entry->duration.count());
        call.reply().arrayHeader(entry->words.size());
        for (const std::string& word : entry->words)
            call.reply().bulk(word);
        call.reply().bulk(entry->address);
        call.reply().bulk(entry->clientName);
    }
}

/// Of each command at all levels together.
std::map<std::string_view, Histogram> latenciesOf(const LoadMeter& meter)
{
    std::map<std::string_view, Histogram> latencies;
    meter.eachLatency([&latencies](const CommandSpec& spec, Level, const Histogram& latency) { latencies[spec.name].merge(latency); });
    return latencies;
}

void latencyHistogram(CommandCall& call)
{
    std::map<std::string_view, Histogram> latencies = latenciesOf(call.node.meter());
    if (call.arguments.size() > 2) {
        std::map<std::string_view, Histogram> asked;
        for (std::size_t i = 2; i < call.arguments.size(); ++i)
            if (const CommandSpec* const spec = findCommand(call.argument(i)); spec && latencies.count(spec->name) > 0)
                asked[spec->name] = latencies[spec->name];
        latencies = std::move(asked);
    }
    call.reply().mapHeader(latencies.size());
    for (const auto& [name, latency] : latencies) {
        std::vector<std::pair<std::int64_t, std::uint64_t>> steps; // where the count below a power of two grows
        for (int power = histogramPowerMin; power <= histogramPowerMax; ++power)
            if (const std::uint64_t below = latency.countBelowPower(power); below > (steps.empty() ? 0 : steps.back().second))
                steps.emplace_back(std::int64_t(1) << power, below);
        call.reply().bulk(name);
        call.reply().mapHeader(2);
        call.reply().bulk("calls");
        call.reply().integer(static_cast<std::int64_t>(latency.count()));
        call.reply().bulk("histogram_usec");
        call.reply().mapHeader(steps.size());
        for (const auto& [us, count] : steps) {
            call.reply().integer(us);
            call.reply().integer(static_cast<std::int64_t>(count));
        }
    }
}

void latencyLatest(CommandCall& call)
{
    const std::deque<SlowLog::Entry>& entries = call.node.slowLog().entries();
    call.reply().arrayHeader(entries.empty() ? 0 : 1);
    if (entries.empty())
        return;
    std::int64_t longest = 0;
    for (const SlowLog::Entry& entry : entries)
        longest = std::max(longest, millisecondsOf(entry));
    call.reply().arrayHeader(4);
    call.reply().bulk(slowCommandEvent);
    call.reply().integer(entries.back().endedMs / 1000);
    call.reply().integer(millisecondsOf(entries.back()));
    call.reply().integer(longest);
}

void latencyHistory(CommandCall& call)
{
    const std::deque<SlowLog::Entry>& entries = call.node.slowLog().entries();
    const bool isKnown = call.argument(2) == slowCommandEvent;
    call.reply().arrayHeader(isKnown ? entries.size() : 0);
    if (!isKnown)
        return;
    for (const SlowLog::Entry& entry : entries) {
        call.reply().arrayHeader(2);
        call.reply().integer(entry.endedMs / 1000);
        call.reply().integer(millisecondsOf(entry));
    }
}

std::string milliseconds(std::uint64_t us)
{
    return std::to_string(us / 1000) + '.' + std::to_string(us / 100 % 10) + " ms";
}

std::string latencyDoctor(NodeDesk& node)
{
    const SlowLog& slow = node.slowLog();
    std::string text;
    Histogram all;
    std::pair<std::string_view, std::uint64_t> slowest;
    for (const auto& [name, latency] : latenciesOf(node.meter())) {
        all.merge(latency);
        if (const std::uint64_t us = latency.percentile(0.99); us > slowest.second)
            slowest = {name, us};
    }
    if (all.count() == 0)
        return "No command on a key was answered here since the start, or since CONFIG RESETSTAT.\n";
    text = "Of " + std::to_string(all.count()) + " commands on keys half took up to " + milliseconds(all.percentile(0.5)) + ", 99 % up to " +
           milliseconds(all.percentile(0.99)) + ". Slowest by its 99th percentile: " + std::string(slowest.first) + ", " +
           milliseconds(slowest.second) + ".\n";
    const StoreStatistics store = node.storeStatistics();
    if (store.commitLatency.count() > 0)
        text += "A commit to this node's disk takes " + milliseconds(store.commitLatency.percentile(0.5)) + ", 99 % up to " +
                milliseconds(store.commitLatency.percentile(0.99)) + "; a write waits for those of a majority.\n";
    if (slow.limits().thresholdUs < 0)
        text += "The slow log is off: CONFIG SET slowlog-log-slower-than 100000 notes what takes 100 ms.\n";
    else if (slow.entries().empty())
        text += "No request took " + milliseconds(static_cast<std::uint64_t>(slow.limits().thresholdUs)) + " (slowlog-log-slower-than).\n";
    else
        text += std::to_string(slow.entries().size()) + " requests in the slow log took " +
                milliseconds(static_cast<std::uint64_t>(slow.limits().thresholdUs)) +
                " or more: SLOWLOG GET names them, quoit status says whether the cluster is well.\n";
    return text;
}

} // namespace

void runSlowLog(CommandCall& call)
{
    const std::string what = upperCase(call.argument(1));
    if (what == "GET") {
        if (call.needs(2, 3))
            slowLogGet(call);
    } else if (what == "LEN") {
        if (call.needs(2, 2))
            call.reply().integer(static_cast<std::int64_t>(call.node.slowLog().entries().size()));
    } else if (what == "RESET") {
        if (!call.needs(2, 2))
            return;
        call.node.slowLog().clear();
        call.reply().simpleString("OK");
    } else if (what == "HELP") {
        call.help({"GET [<count>]", "    The newest requests that took slowlog-log-slower-than microseconds or more, waiting included; 10, -1: all.",
                   "    Each: number, time, microseconds, name and first key, client, its name.", "LEN", "    How many are kept, slowlog-max-len at most.",
                   "RESET", "    Forgets them.", "HELP", "    Prints this help."});
    } else {
        call.unknownSubcommand();
    }
}

void runLatency(CommandCall& call)
{
    const std::string what = upperCase(call.argument(1));
    if (what == "HISTOGRAM") {
        latencyHistogram(call);
    } else if (what == "LATEST") {
        if (call.needs(2, 2))
            latencyLatest(call);
    } else if (what == "HISTORY") {
        if (call.needs(3, 3))
            latencyHistory(call);
    } else if (what == "DOCTOR") {
        if (call.needs(2, 2))
            call.reply().verbatim(latencyDoctor(call.node));
    } else if (what == "RESET") {
        const bool any = !call.node.slowLog().entries().empty();
        call.node.slowLog().clear();
        call.reply().integer(any ? 1 : 0);
    } else if (what == "HELP") {
        call.help({"DOCTOR", "    How long commands and commits take, in words.", "HISTOGRAM [<command> ...]",
                   "    How many calls took less than 16, 32, 64 ... microseconds.", "HISTORY command", "    Times and milliseconds of the slow log.",
                   "LATEST", "    The last of the slow log, and the longest.", "RESET", "    Empties the slow log, from which HISTORY and LATEST come.",
                   "HELP", "    Prints this help."});
    } else {
        call.unknownSubcommand();
    }
}

} // namespace quoit
