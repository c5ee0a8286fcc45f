// CLIENT: about client connections, this one and the others of the node.
#include "node/server/server_commands.h"

#include "shared/resp/numbers.h"

#include <algorithm>
#include <span>

namespace quoit {

bool isClientName(std::string_view name)
{
    return std::all_of(name.begin(), name.end(), [](char c) { return c >= '!' && c <= '~'; });
}

namespace {

constexpr std::string_view syntaxError = "ERR syntax error";

std::uint64_t secondsOf(Microseconds duration)
{
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

/// Fields, and their order, as in Redis 7; those that would always be 0 here are left out.
std::string clientLine(const Session& session, TimePoint now)
{
    const SessionState& state = session.state();
    const std::size_t input = session.inputBytes();
    const std::size_t output = session.outputBytes();
    std::string flags = state.watching ? "P" : "";
    if (state.transaction)
        flags += 'x';
    if (state.readOnly)
        flags += 'r';
    return "id=" + std::to_string(state.id) + " addr=" + state.address + " laddr=" + state.localAddress +
           " fd=" + std::to_string(session.descriptor()) + " name=" + state.name + " age=" + std::to_string(secondsOf(now - state.since)) +
           " idle=" + std::to_string(secondsOf(now - state.lastActive)) + " flags=" + (flags.empty() ? "N" : flags) +
           " db=0 sub=0 psub=0 ssub=0 multi=" + (state.transaction ? std::to_string(state.transaction->count()) : "-1") +
           " qbuf=" + std::to_string(session.unparsedBytes()) +
           " qbuf-free=" + std::to_string(input - std::min(input, session.unparsedBytes())) +
           " multi-mem=" + std::to_string(state.transaction ? state.transaction->heldBytes() : 0) + " omem=" + std::to_string(output) +
           " tot-mem=" + std::to_string(sizeof(Session) + input + output) +
           " events=r cmd=" + std::string(state.lastCommand.empty() ? "NULL" : state.lastCommand) +
           " user=default redir=-1 resp=" + std::to_string(state.protocol) + " lib-name=" + state.libraryName +
           " lib-ver=" + state.libraryVersion + '\n';
}

/// A kind of client: "normal", "pubsub" (QUOIT.WATCH is the like), "master", "replica".
struct ClientType
{
    std::string name; ///< lower case
    bool fits(const SessionState& state) const { return name == (state.watching ? "pubsub" : "normal"); }
};

std::optional<ClientType> typeFromText(std::string_view text)
{
    std::string name = upperCase(text);
    if (name != "NORMAL" && name != "PUBSUB" && name != "MASTER" && name != "REPLICA" && name != "SLAVE")
        return std::nullopt;
    return ClientType{name == "NORMAL" ? "normal" : name == "PUBSUB" ? "pubsub" : "replica"};
}

std::string unknownType(std::string_view text)
{
    return "ERR Unknown client type '" + std::string(text.substr(0, 128)) + "'";
}

/// Ids, each > 0. @return null if one isn't
std::optional<std::vector<std::uint64_t>> idsFrom(std::span<const std::string_view> texts)
{
    std::vector<std::uint64_t> ids;
    for (const std::string_view text : texts) {
        const std::optional<std::int64_t> id = parseInteger(text);
        if (!id || *id < 1)
            return std::nullopt;
        ids.push_back(static_cast<std::uint64_t>(*id));
    }
    return ids;
}

/// CLIENT LIST [TYPE type | ID id …]
void list(CommandCall& call)
{
    const auto& arguments = call.arguments;
    const std::string filter = arguments.size() > 2 ? upperCase(call.argument(2)) : "";
    std::optional<ClientType> type;
    std::vector<std::uint64_t> ids;
    if (filter == "TYPE" && arguments.size() == 4) {
        type = typeFromText(call.argument(3));
        if (!type)
            return call.reply().error(unknownType(call.argument(3)));
    } else if (filter == "ID" && arguments.size() > 3) {
        const auto wanted = idsFrom(std::span(arguments).subspan(3));
        if (!wanted)
            return call.reply().error("ERR Invalid client ID");
        ids = *wanted;
    } else if (!filter.empty()) {
        return call.reply().error(syntaxError);
    }
    std::vector<const Session*> found;
    call.node.sessions().forEach([&](const Session& session) {
        const SessionState& state = session.state();
        if ((!type || type->fits(state)) && (ids.empty() || std::find(ids.begin(), ids.end(), state.id) != ids.end()))
            found.push_back(&session);
    });
    std::sort(found.begin(), found.end(), [](const Session* a, const Session* b) { return a->state().id < b->state().id; });
    const TimePoint now = call.node.now().monotonic;
    std::string lines;
    for (const Session* session : found)
        lines += clientLine(*session, now);
    call.reply().verbatim(lines);
}

/// Which connections CLIENT KILL means.
struct Victims
{
    std::optional<std::uint64_t> id;
    std::optional<std::string> address;
    std::optional<std::string> localAddress;
    std::optional<ClientType> type;
    bool skipMe = true;

    bool include(const SessionState& state) const
    {
        return (!id || state.id == *id) && (!address || state.address == *address) &&
               (!localAddress || state.localAddress == *localAddress) && (!type || type->fits(state));
    }
};

/// @return an error, or nothing
std::string readVictims(std::span<const std::string_view> options, Victims& victims)
{
    if (options.size() % 2 != 0)
        return std::string(syntaxError);
    for (std::size_t i = 0; i < options.size(); i += 2) {
        const std::string option = upperCase(options[i]);
        const std::string_view value = options[i + 1];
        if (option == "ID") {
            const auto ids = idsFrom(options.subspan(i + 1, 1));
            if (!ids)
                return "ERR client-id should be greater than 0";
            victims.id = ids->front();
        } else if (option == "ADDR") {
            victims.address = value;
        } else if (option == "LADDR") {
            victims.localAddress = value;
        } else if (option == "TYPE") {
            victims.type = typeFromText(value);
            if (!victims.type)
                return unknownType(value);
        } else if (option == "USER") {
            if (value != "default")
                return "ERR No such user '" + std::string(value.substr(0, 128)) + "'";
        } else if (option == "SKIPME" && (upperCase(value) == "YES" || upperCase(value) == "NO")) {
            victims.skipMe = upperCase(value) == "YES";
        } else {
            return std::string(syntaxError);
        }
    }
    return {};
}

/// CLIENT KILL host:port, or with options. The own connection gets its reply first.
void kill(CommandCall& call)
{
    Victims victims;
    const bool oldForm = call.arguments.size() == 3;
    if (oldForm) {
        victims.address = call.argument(2);
        victims.skipMe = false;
    } else if (const std::string error = readVictims(std::span(call.arguments).subspan(2), victims); !error.empty()) {
        return call.reply().error(error);
    }
    std::int64_t killed = 0;
    bool killsMe = false;
    call.node.sessions().forEach([&](Session& session) {
        const bool isMe = &session == &call.session;
        if (!victims.include(session.state()) || (isMe && victims.skipMe))
            return;
        ++killed;
        if (isMe)
            killsMe = true;
        else
            session.abort({});
    });
    if (!oldForm)
        call.reply().integer(killed);
    else if (killed > 0)
        call.reply().simpleString("OK");
    else
        call.reply().error("ERR No such client");
    if (killsMe)
        call.session.closeAfterReplies();
}

void setInfo(CommandCall& call)
{
    const std::string attribute = upperCase(call.argument(2));
    const std::string_view value = call.argument(3);
    SessionState& state = call.session.state();
    if (!isClientName(value)) {
        call.reply().error("ERR " + std::string(call.argument(2).substr(0, 128)) +
                           " cannot contain spaces, newlines or special characters.");
        return;
    }
    if (attribute == "LIB-NAME")
        state.libraryName = value;
    else if (attribute == "LIB-VER")
        state.libraryVersion = value;
    else {
        call.reply().error("ERR Unrecognized option '" + std::string(call.argument(2).substr(0, 128)) + "'");
        return;
    }
    call.reply().simpleString("OK");
}

void setName(CommandCall& call)
{
    if (!isClientName(call.argument(2))) {
        call.reply().error(badClientName);
        return;
    }
    call.session.state().name = call.argument(2);
    call.reply().simpleString("OK");
}

void getName(CommandCall& call)
{
    const std::string& name = call.session.state().name;
    if (name.empty())
        call.reply().null();
    else
        call.reply().bulk(name);
}

void id(CommandCall& call)
{
    call.reply().integer(static_cast<std::int64_t>(call.session.state().id));
}

void info(CommandCall& call)
{
    call.reply().verbatim(clientLine(call.session, call.node.now().monotonic));
}

/// CLIENT NO-EVICT and NO-TOUCH ON | OFF: connections aren't evicted here, and any use of a key may count.
void onOrOff(CommandCall& call)
{
    const std::string setting = upperCase(call.argument(2));
    if (setting == "ON" || setting == "OFF")
        call.reply().simpleString("OK");
    else
        call.reply().error(syntaxError);
}

/// Replies can't be switched off.
void reply(CommandCall& call)
{
    const std::string setting = upperCase(call.argument(2));
    if (setting == "ON")
        call.reply().simpleString("OK");
    else if (setting == "OFF" || setting == "SKIP")
        call.reply().error("ERR CLIENT REPLY " + setting + " is not supported: every command is answered");
    else
        call.reply().error(syntaxError);
}

void tracking(CommandCall& call)
{
    const std::string setting = upperCase(call.argument(2));
    if (setting == "OFF")
        call.reply().simpleString("OK");
    else if (setting == "ON")
        call.reply().error("ERR CLIENT TRACKING is not supported: clients aren't told when keys change");
    else
        call.reply().error(syntaxError);
}

/// Nobody is ever blocked.
void unblock(CommandCall& call)
{
    if (idsFrom(std::span(call.arguments).subspan(2, 1)))
        call.reply().integer(0);
    else
        call.reply().error("ERR value is not an integer or out of range");
}

void help(CommandCall& call)
{
    call.help({"GETNAME",
               "    The name of this connection.",
               "ID",
               "    The id of this connection.",
               "INFO",
               "    What LIST says of this connection.",
               "KILL <ip:port>",
               "    Closes the connection from <ip:port>.",
               "KILL <option> <value> [<option> <value> [...]]",
               "    Closes connections. Options are:",
               "    * ADDR <ip:port>",
               "    * LADDR <ip:port>",
               "    * TYPE (NORMAL|PUBSUB|MASTER|REPLICA)",
               "      PUBSUB: those with QUOIT.WATCH.",
               "    * USER default",
               "    * ID <client-id>",
               "    * SKIPME (YES|NO)",
               "      Not the connection that asks (YES).",
               "LIST [TYPE <type> | ID <id> [<id> ...]]",
               "    All connections of this node.",
               "NO-EVICT (ON|OFF), NO-TOUCH (ON|OFF), REPLY ON, TRACKING OFF, UNBLOCK <id>",
               "    Accepted, without an effect.",
               "SETINFO (LIB-NAME|LIB-VER) <value>",
               "    What the client's library is.",
               "SETNAME <name>",
               "    Names this connection.",
               "HELP",
               "    Prints this help."});
}

struct Subcommand
{
    std::string_view name;
    std::string_view fullName; ///< for an error of arity, and CLIENT LIST
    std::size_t argumentsMin;
    std::size_t argumentsMax;
    void (*run)(CommandCall&);
};
constexpr Subcommand subcommands[] = {
    {"SETNAME", "client|setname", 3, 3, setName},
    {"GETNAME", "client|getname", 2, 2, getName},
    {"ID", "client|id", 2, 2, id},
    {"INFO", "client|info", 2, 2, info},
    {"LIST", "client|list", 2, SIZE_MAX, list},
    {"KILL", "client|kill", 3, SIZE_MAX, kill},
    {"SETINFO", "client|setinfo", 4, 4, setInfo},
    {"NO-EVICT", "client|no-evict", 3, 3, onOrOff},
    {"NO-TOUCH", "client|no-touch", 3, 3, onOrOff},
    {"REPLY", "client|reply", 3, 3, reply},
    {"TRACKING", "client|tracking", 3, SIZE_MAX, tracking},
    {"UNBLOCK", "client|unblock", 3, 4, unblock},
    {"HELP", "client|help", 2, 2, help},
};

} // namespace

void runClient(CommandCall& call)
{
    const std::string what = upperCase(call.argument(1));
    for (const Subcommand& subcommand : subcommands) {
        if (subcommand.name != what)
            continue;
        call.session.state().lastCommand = subcommand.fullName;
        if (call.arguments.size() < subcommand.argumentsMin || call.arguments.size() > subcommand.argumentsMax)
            call.reply().error("ERR wrong number of arguments for '" + std::string(subcommand.fullName) + "' command");
        else
            subcommand.run(call);
        return;
    }
    call.unknownSubcommand();
}

} // namespace quoit
