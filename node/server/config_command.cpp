// CONFIG GET, CONFIG SET and CONFIG RESETSTAT.
#include "node/server/server_commands.h"
#include "node/server/settings.h"
#include "node/server/tcp_stream.h"

#include "shared/resp/glob.h"

#include <algorithm>

namespace quoit {

namespace {

std::string lowerCase(std::string_view text)
{
    std::string lower(text);
    for (char& c : lower)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return lower;
}

using Settings = std::vector<std::pair<std::string, std::string>>; // name and value

Settings allSettings(CommandCall& call)
{
    const ServiceOptions& options = call.node.options();
    const RuntimeSettings changeable = call.node.settings();
    const std::string maxBytes = std::to_string(changeable.room.bytesMax);
    const std::string evictionPolicy(toText(changeable.room.policy));
    return {
        {"appendfsync", "always"},
        {"appendonly", "yes"},
        {"bind", options.listen.host},
        {"cache-bytes", std::to_string(changeable.cacheBytes)},
        {"cache-policy", std::string(toText(changeable.cachePolicy))},
        {"cluster-enabled", "yes"},
        {"databases", "1"},
        {"eviction-policy", evictionPolicy},
        {"max-bytes", maxBytes},
        {"maxclients", std::to_string(options.clientsMax)},
        {"maxmemory", maxBytes},
        {"maxmemory-policy", evictionPolicy},
        {"port", std::to_string(options.listen.port)},
        {"proto-max-bulk-len", std::to_string(16 * 1024 * 1024)},
        {"save", ""},
        {"slowlog-log-slower-than", std::to_string(changeable.slowLog.thresholdUs)},
        {"slowlog-max-len", std::to_string(changeable.slowLog.entriesMax)},
        {"tcp-keepalive", std::to_string(keepAliveSeconds)},
        {"timeout", std::to_string(changeable.timeoutSeconds)},
    };
}

void configGet(CommandCall& call)
{
    const Settings settings = allSettings(call);
    std::vector<const std::pair<std::string, std::string>*> found;
    for (const auto& setting : settings) {
        for (std::size_t i = 2; i < call.arguments.size(); ++i) {
            if (globMatches(lowerCase(call.argument(i)), setting.first)) {
                found.push_back(&setting);
                break;
            }
        }
    }
    call.reply().mapHeader(found.size());
    for (const auto* setting : found) {
        call.reply().bulk(setting->first);
        call.reply().bulk(setting->second);
    }
}

/// All of them, or none.
void configSet(CommandCall& call)
{
    if (call.arguments.size() < 4 || call.arguments.size() % 2 != 0) {
        call.wrongArity();
        return;
    }
    RuntimeSettings settings = call.node.settings();
    for (std::size_t i = 2; i < call.arguments.size(); i += 2) {
        const std::string name = lowerCase(call.argument(i));
        const Result<void> changed = change(settings, name, call.argument(i + 1));
        if (changed)
            continue;
        const Settings all = allSettings(call);
        const bool isKnown = std::any_of(all.begin(), all.end(), [&name](const auto& setting) { return setting.first == name; });
        call.reply().error(isKnown ? "ERR CONFIG SET failed - " + changed.error().message
                                   : "ERR Unknown option or number of arguments for CONFIG SET - '" + name.substr(0, 128) + "'");
        return;
    }
    call.node.apply(settings);
    call.reply().simpleString("OK");
}

} // namespace

void runConfig(CommandCall& call)
{
    if (!call.needs(2, SIZE_MAX))
        return;
    const std::string what = upperCase(call.argument(1));
    if (what == "GET") {
        if (call.needs(3, SIZE_MAX))
            configGet(call);
    } else if (what == "SET") {
        configSet(call);
    } else if (what == "RESETSTAT") {
        if (!call.needs(2, 2))
            return;
        call.node.meter().reset();
        call.node.sessions().resetCounters();
        call.reply().simpleString("OK");
    } else if (what == "HELP") {
        call.help({"GET <pattern> [<pattern> ...]", "    Settings whose names match.",
                   "SET <name> <value> [<name> <value> ...]",
                   "    Changes cache-bytes, cache-policy, max-bytes (maxmemory), eviction-policy (maxmemory-policy), "
                   "timeout, slowlog-log-slower-than or slowlog-max-len until this node ends.",
                   "RESETSTAT", "    Begins anew with counting commands, errors, connections and latencies (INFO, LATENCY, /metrics).",
                   "HELP", "    Prints this help."});
    } else {
        call.unknownSubcommand();
    }
}

} // namespace quoit
