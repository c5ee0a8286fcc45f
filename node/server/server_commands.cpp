// COMMAND, INFO, TIME, LASTSAVE, ACL, ROLE, MEMORY, OBJECT, WAIT, DBSIZE, SCAN, KEYS, RANDOMKEY; and what all handlers share.
#include "node/server/server_commands.h"

#include "shared/resp/glob.h"
#include "shared/resp/numbers.h"

#include <algorithm>
#include <chrono>
#include <span>

namespace quoit {

void CommandCall::unknownSubcommand()
{
    const std::string name = upperCase(arguments[0]);
    reply().error("ERR unknown subcommand '" + std::string(arguments[1].substr(0, 128)) + "'. Try " + name + " HELP.");
}

void CommandCall::help(std::initializer_list<std::string_view> lines)
{
    if (!needs(2, 2))
        return;
    reply().arrayHeader(lines.size() + 1);
    reply().simpleString(upperCase(arguments[0]) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    for (const std::string_view line : lines)
        reply().simpleString(line);
}

void CommandCall::wrongArity()
{
    std::string name(arguments[0].substr(0, 128));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    reply().error("ERR wrong number of arguments for '" + name + "' command");
}

bool CommandCall::needs(std::size_t argumentsMin, std::size_t argumentsMax)
{
    if (arguments.size() >= argumentsMin && arguments.size() <= argumentsMax)
        return true;
    wrongArity();
    return false;
}

bool CommandCall::needsCluster()
{
    if (node.core())
        return true;
    reply().error("CLUSTERDOWN this node is not part of a cluster yet; form one with: quoit create ADDRESS...");
    return false;
}

std::string upperCase(std::string_view text)
{
    std::string upper(text);
    for (char& c : upper)
        c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return upper;
}

namespace {

void info(CommandCall& call)
{
    std::vector<std::string> wanted;
    for (std::size_t i = 1; i < call.arguments.size(); ++i)
        wanted.push_back(upperCase(call.argument(i)));
    if (!call.node.core() || !infoNeedsKeys(wanted)) {
        call.reply().verbatim(infoText(call.node, wanted, std::nullopt));
        return;
    }
    NodeDesk& node = call.node;
    call.start(makeCountAll(call.desk, call.session, [&node, wanted](std::uint64_t keys, RespWriter& reply) {
        reply.verbatim(infoText(node, wanted, keys));
    }));
}

/// Every write was on that many disks beside its home's before it was answered, so there is nothing to wait for.
void wait(CommandCall& call)
{
    if (!call.needs(3, 3) || !call.needsCluster())
        return;
    if (!parseInteger(call.argument(1)) || !parseInteger(call.argument(2))) {
        call.reply().error("ERR value is not an integer or out of range");
        return;
    }
    const auto replicas = static_cast<std::int64_t>(call.node.core()->map()->replicas(0).size());
    call.reply().integer(call.session.state().level == Level::All ? replicas - 1 : replicas / 2);
}

void dbSize(CommandCall& call)
{
    if (!call.needs(1, 1) || !call.needsCluster())
        return;
    call.start(makeCountAll(call.desk, call.session, [](std::uint64_t keys, RespWriter& reply) {
        reply.integer(static_cast<std::int64_t>(keys));
    }));
}

void scan(CommandCall& call)
{
    if (!call.needs(2, SIZE_MAX) || !call.needsCluster())
        return;
    const LongCommandResult result = makeScan(call.desk, call.session, call.arguments);
    if (result.command)
        call.start(result.command);
    else
        call.reply().error(result.error);
}

void keys(CommandCall& call)
{
    if (call.needs(2, 2) && call.needsCluster())
        call.start(makeKeys(call.desk, call.session, call.argument(1)));
}

void randomKey(CommandCall& call)
{
    if (call.needs(1, 1) && call.needsCluster())
        call.start(makeRandomKey(call.desk, call.session, call.random.next()));
}

/// COMMAND GETKEYS command …
void commandKeys(CommandCall& call)
{
    if (!call.needs(3, SIZE_MAX))
        return;
    const auto inner = std::span(call.arguments).subspan(2);
    const CommandSpec* const spec = findCommand(inner.front());
    if (!spec)
        return call.reply().error("ERR Invalid command specified");
    const CommandSpec* const subcommand = findKeySubcommand(*spec, inner);
    if ((subcommand ? subcommand : spec)->firstKey == 0)
        return call.reply().error("ERR The command has no key arguments");
    const std::vector<std::size_t> keys = keyArguments(*spec, inner);
    if (keys.empty())
        return call.reply().error("ERR Invalid number of arguments specified for command");
    call.reply().arrayHeader(keys.size());
    for (const std::size_t index : keys)
        call.reply().bulk(inner[index]);
}

/// COMMAND LIST [FILTERBY PATTERN glob | ACLCAT category | MODULE name]
void commandList(CommandCall& call)
{
    const std::size_t count = call.arguments.size();
    if (count != 2 && (count != 5 || upperCase(call.argument(2)) != "FILTERBY"))
        return call.reply().error("ERR syntax error");
    const std::string filter = count == 5 ? upperCase(call.argument(3)) : "";
    if (count == 5 && filter != "PATTERN" && filter != "ACLCAT" && filter != "MODULE")
        return call.reply().error("ERR syntax error");
    std::vector<std::string_view> names;
    for (const CommandSpec& spec : allCommands()) {
        const std::string category = '@' + upperCase(call.argument(count - 1));
        if (filter.empty() || (filter == "PATTERN" && globMatches(call.argument(4), spec.name)) ||
            (filter == "ACLCAT" && category == upperCase(categoryOf(spec))))
            names.push_back(spec.name);
    }
    call.reply().arrayHeader(names.size());
    for (const std::string_view name : names)
        call.reply().bulk(name);
}

void commandTable(CommandCall& call)
{
    const int protocol = call.session.state().protocol;
    const std::string what = call.arguments.size() > 1 ? upperCase(call.argument(1)) : "INFO";
    const std::span<const std::string_view> names =
        call.arguments.size() > 2 ? std::span(call.arguments).subspan(2) : std::span<const std::string_view>();
    if (what == "INFO") {
        appendCommandInfo(call.session.replies().immediate(), protocol, names);
    } else if (what == "DOCS") {
        appendCommandDocs(call.session.replies().immediate(), protocol, names);
    } else if (what == "COUNT") {
        if (call.needs(2, 2))
            call.reply().integer(static_cast<std::int64_t>(allCommands().size()));
    } else if (what == "LIST") {
        commandList(call);
    } else if (what == "GETKEYS") {
        commandKeys(call);
    } else if (what == "HELP") {
        call.help({"(no subcommand)", "    Details of all commands.", "COUNT", "    How many commands there are.",
                   "DOCS [<command-name> ...]", "    What commands are for.", "GETKEYS <full-command>",
                   "    The keys of a command.", "INFO [<command-name> ...]", "    Details of some commands.",
                   "LIST [FILTERBY (PATTERN <pattern>|ACLCAT <category>|MODULE <name>)]", "    The names of commands.",
                   "HELP", "    Prints this help."});
    } else {
        call.unknownSubcommand();
    }
}

void time(CommandCall& call)
{
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
    call.reply().arrayHeader(2);
    call.reply().bulk(std::to_string(us / 1'000'000));
    call.reply().bulk(std::to_string(us % 1'000'000));
}

/// Whatever was answered is on a majority's disks: the last save is now.
void lastSave(CommandCall& call)
{
    call.reply().integer(call.node.now().wallMs / 1000);
}

void acl(CommandCall& call)
{
    const std::string what = upperCase(call.argument(1));
    if (what == "WHOAMI") {
        if (call.needs(2, 2))
            call.reply().bulk("default");
    } else if (what == "HELP") {
        call.help({"WHOAMI", "    default: everybody is, for there are no users and no passwords.", "HELP", "    Prints this help."});
    } else {
        call.reply().error("ERR ACL " + what.substr(0, 128) +
                           " is not supported: there are no users and no passwords, and everybody may do everything. Let only those "
                           "reach the nodes whom you trust");
    }
}

void role(CommandCall& call)
{
    call.reply().arrayHeader(3);
    call.reply().bulk("master");
    call.reply().integer(0);
    call.reply().arrayHeader(0);
}

/// MEMORY USAGE is a command on a key, and never comes here.
void memory(CommandCall& call)
{
    if (upperCase(call.argument(1)) == "HELP")
        call.help({"USAGE <key> [SAMPLES <count>]", "    Bytes that a key counts for in max-bytes: key, value and 64.",
                   "HELP", "    Prints this help."});
    else
        call.unknownSubcommand();
}

/// As above, OBJECT ENCODING and OBJECT REFCOUNT.
void object(CommandCall& call)
{
    const std::string what = upperCase(call.argument(1));
    if (what == "HELP")
        call.help({"ENCODING <key>", "    raw, or null for an absent key.", "REFCOUNT <key>", "    1, or null for an absent key.", "HELP",
                   "    Prints this help."});
    else if (what == "FREQ" || what == "IDLETIME")
        call.reply().error("ERR OBJECT " + what +
                           " is not supported: how often a key is used is known to its replicas only while they evict; "
                           "QUOIT.HOTKEYS names the keys that are used most");
    else
        call.unknownSubcommand();
}

} // namespace

bool runServerCommand(CommandId id, CommandCall& call)
{
    switch (id) {
    case CommandId::Command:
        commandTable(call);
        return true;
    case CommandId::Config:
        runConfig(call);
        return true;
    case CommandId::Time:
        time(call);
        return true;
    case CommandId::LastSave:
        lastSave(call);
        return true;
    case CommandId::Acl:
        acl(call);
        return true;
    case CommandId::SlowLog:
        runSlowLog(call);
        return true;
    case CommandId::Latency:
        runLatency(call);
        return true;
    case CommandId::Role:
        role(call);
        return true;
    case CommandId::Memory:
        memory(call);
        return true;
    case CommandId::Object:
        object(call);
        return true;
    case CommandId::Info:
        info(call);
        return true;
    case CommandId::Wait:
        wait(call);
        return true;
    case CommandId::DbSize:
        dbSize(call);
        return true;
    case CommandId::Scan:
        scan(call);
        return true;
    case CommandId::Keys:
        keys(call);
        return true;
    case CommandId::RandomKey:
        randomKey(call);
        return true;
    default:
        return false;
    }
}

} // namespace quoit
