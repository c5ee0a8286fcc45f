// COMMAND, INFO, WAIT, DBSIZE, SCAN, KEYS, RANDOMKEY; and what all handlers share.
#include "node/server/server_commands.h"

#include "shared/resp/numbers.h"

#include <algorithm>
#include <span>

namespace quoit {

void CommandCall::unknownSubcommand()
{
    const std::string name = upperCase(arguments[0]);
    reply().error("ERR unknown subcommand '" + std::string(arguments[1].substr(0, 128)) + "'. Try " + name + " HELP.");
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

void commandTable(CommandCall& call)
{
    const int protocol = call.session.state().protocol;
    std::string& out = call.session.replies().immediate();
    const std::string what = call.arguments.size() > 1 ? upperCase(call.argument(1)) : "INFO";
    const std::span<const std::string_view> names =
        call.arguments.size() > 2 ? std::span(call.arguments).subspan(2) : std::span<const std::string_view>();
    RespWriter reply(out, protocol);
    if (what == "INFO") {
        appendCommandInfo(out, protocol, names);
    } else if (what == "DOCS") {
        appendCommandDocs(out, protocol, names);
    } else if (what == "COUNT") {
        reply.integer(static_cast<std::int64_t>(allCommands().size()));
    } else if (what == "LIST") {
        reply.arrayHeader(allCommands().size());
        for (const CommandSpec& spec : allCommands())
            reply.bulk(spec.name);
    } else {
        reply.error("ERR unknown subcommand '" + std::string(call.argument(1).substr(0, 128)) + "'. Try COMMAND HELP.");
    }
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
