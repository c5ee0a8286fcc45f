// HELLO, AUTH, PING, ECHO, QUIT, SELECT, RESET, MULTI, DISCARD, UNWATCH, READONLY, READWRITE. EXEC and WATCH are
// CommandCenter's.
#include "node/server/server_commands.h"

#include "shared/resp/numbers.h"

namespace quoit {

namespace {

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
        call.reply().error("ERR value is not an integer or out of range");
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
    state.transaction.reset();
    state.watched.reset();
    call.reply().simpleString("RESET");
}

/// As Redis without passwords: the user "default" may come with any.
std::string authError(std::string_view user)
{
    return user == "default" ? "" : "WRONGPASS invalid username-password pair or user is disabled.";
}

void auth(CommandCall& call)
{
    if (!call.needs(2, 3))
        return;
    const std::string error = call.arguments.size() == 2
                                  ? "ERR AUTH <password> called without any password configured for the default user: this node has no "
                                    "passwords"
                                  : authError(call.argument(1));
    if (error.empty())
        call.reply().simpleString("OK");
    else
        call.reply().error(error);
}

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
            if (const std::string error = authError(call.argument(i + 1)); !error.empty()) {
                call.reply().error(error);
                return;
            }
            i += 3;
            continue;
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
    reply.bulk(redisVersion);
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

void multi(CommandCall& call)
{
    std::unique_ptr<Transaction>& transaction = call.session.state().transaction;
    if (transaction) {
        call.reply().error("ERR MULTI calls can not be nested");
        return;
    }
    transaction = std::make_unique<Transaction>();
    call.reply().simpleString("OK");
}

void discard(CommandCall& call)
{
    if (!call.session.state().transaction) {
        call.reply().error("ERR DISCARD without MULTI");
        return;
    }
    call.session.state().transaction.reset();
    call.session.state().watched.reset();
    call.reply().simpleString("OK");
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
    case CommandId::Auth:
        auth(call);
        return true;
    case CommandId::Client:
        runClient(call);
        return true;
    case CommandId::Multi:
        multi(call);
        return true;
    case CommandId::Discard:
        discard(call);
        return true;
    case CommandId::Unwatch:
        call.session.state().watched.reset();
        call.reply().simpleString("OK");
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
