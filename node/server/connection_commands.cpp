// HELLO, PING, ECHO, QUIT, SELECT, RESET, CLIENT, READONLY, READWRITE.
#include "node/server/server_commands.h"

#include "shared/resp/numbers.h"

#include <algorithm>

namespace quoit {

namespace {

std::uint64_t secondsOf(Microseconds duration)
{
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

void ping(CommandCall& call)
{
    if (!call.needs(1, 2))
        return;
    if (call.arguments.size() == 2)
        call.reply().bulk(call.argument(1));
    else
        call.reply().simpleString("PONG");
}

void echo(CommandCall& call)
{
    if (call.needs(2, 2))
        call.reply().bulk(call.argument(1));
}

void quit(CommandCall& call)
{
    call.reply().simpleString("OK");
    call.session.closeAfterReplies();
}

void select(CommandCall& call)
{
    if (!call.needs(2, 2))
        return;
    const std::optional<std::int64_t> index = parseInteger(call.argument(1));
    if (!index)
        call.reply().error("ERR invalid DB index");
    else if (*index != 0)
        call.reply().error("ERR DB index is out of range");
    else
        call.reply().simpleString("OK");
}

void reset(CommandCall& call)
{
    SessionState& state = call.session.state();
    state.protocol = 2;
    state.level = Level::Quorum;
    state.readOnly = false;
    state.watching = false;
    state.name.clear();
    call.reply().simpleString("RESET");
}

/// Printable and without spaces, as Redis wants it.
bool isClientName(std::string_view name)
{
    return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

constexpr std::string_view badClientName = "ERR Client names cannot contain spaces, newlines or special characters.";

void hello(CommandCall& call)
{
    SessionState& state = call.session.state();
    std::int64_t protocol = state.protocol;
    if (call.arguments.size() >= 2) {
        const std::optional<std::int64_t> asked = parseInteger(call.argument(1));
        if (!asked) {
            call.reply().error("ERR Protocol version is not an integer or out of range");
            return;
        }
        if (*asked != 2 && *asked != 3) {
            call.reply().error("NOPROTO unsupported protocol version");
            return;
        }
        protocol = *asked;
    }
    std::string name = state.name;
    for (std::size_t i = 2; i < call.arguments.size();) {
        const std::string option = upperCase(call.argument(i));
        if (option == "AUTH" && i + 2 < call.arguments.size()) {
            call.reply().error("ERR AUTH is not supported: this node has no passwords");
            return;
        }
        if (option != "SETNAME" || i + 1 >= call.arguments.size()) {
            call.reply().error("ERR Syntax error in HELLO option '" + std::string(call.argument(i)) + "'");
            return;
        }
        name = call.argument(i + 1);
        if (!isClientName(name)) {
            call.reply().error(badClientName);
            return;
        }
        i += 2;
    }
    state.name = name;
    state.protocol = static_cast<int>(protocol);
    RespWriter& reply = call.reply();
    reply.mapHeader(7);
    reply.bulk("server");
    reply.bulk("quoit");
    reply.bulk("version");
    reply.bulk(call.node.options().programVersion);
    reply.bulk("proto");
    reply.integer(protocol);
    reply.bulk("id");
    reply.integer(static_cast<std::int64_t>(state.id));
    reply.bulk("mode");
    reply.bulk("cluster");
    reply.bulk("role");
    reply.bulk("master");
    reply.bulk("modules");
    reply.arrayHeader(0);
}

std::string clientLine(const Session& session, TimePoint now)
{
    const SessionState& state = session.state();
    return "id=" + std::to_string(state.id) + " addr=" + state.address + " laddr=" + state.localAddress +
           " name=" + state.name + " age=" + std::to_string(secondsOf(now - state.since)) +
           " idle=" + std::to_string(secondsOf(now - state.lastActive)) +
           " flags=N db=0 sub=0 psub=0 multi=-1 qbuf=" + std::to_string(session.inputBytes()) +
           " omem=" + std::to_string(session.outputBytes()) +
           " events=r cmd=" + std::string(state.lastCommand.empty() ? "NULL" : state.lastCommand) +
           " user=default redir=-1 resp=" + std::to_string(state.protocol) + " lib-name=" + state.libraryName +
           " lib-ver=" + state.libraryVersion + '\n';
}

void clientSetInfo(CommandCall& call)
{
    const std::string attribute = upperCase(call.argument(2));
    const std::string_view value = call.argument(3);
    SessionState& state = call.session.state();
    if (!isClientName(value)) {
        call.reply().error("ERR " + std::string(call.argument(2)) +
                           " cannot contain spaces, newlines or special characters.");
        return;
    }
    if (attribute == "LIB-NAME")
        state.libraryName = value;
    else if (attribute == "LIB-VER")
        state.libraryVersion = value;
    else {
        call.reply().error("ERR Unrecognized option '" + std::string(call.argument(2)) + "'");
        return;
    }
    call.reply().simpleString("OK");
}

void clientSetName(CommandCall& call)
{
    if (!isClientName(call.argument(2))) {
        call.reply().error(badClientName);
        return;
    }
    call.session.state().name = call.argument(2);
    call.reply().simpleString("OK");
}

void client(CommandCall& call)
{
    if (!call.needs(2, SIZE_MAX))
        return;
    const std::string what = upperCase(call.argument(1));
    const SessionState& state = call.session.state();
    const TimePoint now = call.node.now().monotonic;
    if (what == "SETNAME") {
        if (call.needs(3, 3))
            clientSetName(call);
    } else if (what == "GETNAME") {
        if (!call.needs(2, 2))
            return;
        if (state.name.empty())
            call.reply().null();
        else
            call.reply().bulk(state.name);
    } else if (what == "ID") {
        if (call.needs(2, 2))
            call.reply().integer(static_cast<std::int64_t>(state.id));
    } else if (what == "INFO") {
        if (call.needs(2, 2))
            call.reply().verbatim(clientLine(call.session, now));
    } else if (what == "LIST") {
        std::string lines;
        call.node.sessions().forEach([&lines, now](const Session& session) { lines += clientLine(session, now); });
        call.reply().verbatim(lines);
    } else if (what == "SETINFO") {
        if (call.needs(4, 4))
            clientSetInfo(call);
    } else if (what == "NO-EVICT" || what == "NO-TOUCH") {
        if (!call.needs(3, 3))
            return;
        const std::string setting = upperCase(call.argument(2));
        if (setting == "ON" || setting == "OFF")
            call.reply().simpleString("OK");
        else
            call.reply().error("ERR syntax error");
    } else {
        call.unknownSubcommand();
    }
}

void setReadOnly(CommandCall& call, bool readOnly)
{
    call.session.state().readOnly = readOnly;
    call.reply().simpleString("OK");
}

} // namespace

bool runConnectionCommand(CommandId id, CommandCall& call)
{
    switch (id) {
    case CommandId::Ping:
        ping(call);
        return true;
    case CommandId::Echo:
        echo(call);
        return true;
    case CommandId::Quit:
        quit(call);
        return true;
    case CommandId::Select:
        select(call);
        return true;
    case CommandId::Reset:
        reset(call);
        return true;
    case CommandId::Hello:
        hello(call);
        return true;
    case CommandId::Client:
        client(call);
        return true;
    case CommandId::ReadOnly:
        setReadOnly(call, true);
        return true;
    case CommandId::ReadWrite:
        setReadOnly(call, false);
        return true;
    default:
        return false;
    }
}

} // namespace quoit
