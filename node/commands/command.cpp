#include "node/commands/command.h"

#include "shared/resp/writer.h"

#include <algorithm>
#include <array>
#include <vector>

namespace quoit {

namespace {

using enum CommandId;
using enum CommandKind;
using enum Combine;

constexpr std::array table{
    CommandSpec{"get", Get, KeyRead, 2, Single, 1, 1, 1, "readonly fast", "The value of a key"},
    CommandSpec{"set", Set, KeyWrite, -3, Single, 1, 1, 1, "write denyoom",
                "Sets the value of a key, with conditions and a time to live"},
    CommandSpec{"getset", GetSet, KeyWrite, 3, Single, 1, 1, 1, "write denyoom fast",
                "Sets a value and returns the one before"},
    CommandSpec{"getdel", GetDel, KeyWrite, 2, Single, 1, 1, 1, "write fast", "Deletes a key and returns its value"},
    CommandSpec{"getex", GetEx, KeyWrite, -2, Single, 1, 1, 1, "write fast",
                "The value of a key, whose time to live it may change"},
    CommandSpec{"setnx", SetNx, KeyWrite, 3, Single, 1, 1, 1, "write denyoom fast",
                "Sets a value if the key is absent"},
    CommandSpec{"setex", SetEx, KeyWrite, 4, Single, 1, 1, 1, "write denyoom", "Sets a value for some seconds"},
    CommandSpec{"psetex", PSetEx, KeyWrite, 4, Single, 1, 1, 1, "write denyoom", "Sets a value for some milliseconds"},
    CommandSpec{"mget", MGet, KeyRead, -2, Array, 1, -1, 1, "readonly fast",
                "The values of several keys, each read for itself"},
    CommandSpec{"mset", MSet, KeyWrite, -3, AllOk, 1, -1, 2, "write denyoom", "Sets several keys, each for itself"},
    CommandSpec{"del", Del, KeyWrite, -2, SumIntegers, 1, -1, 1, "write", "Deletes keys, each for itself"},
    CommandSpec{"unlink", Unlink, KeyWrite, -2, SumIntegers, 1, -1, 1, "write fast", "The same as DEL"},
    CommandSpec{"exists", Exists, KeyRead, -2, SumIntegers, 1, -1, 1, "readonly fast", "How many of the keys exist"},
    CommandSpec{"strlen", StrLen, KeyRead, 2, Single, 1, 1, 1, "readonly fast", "The length of a value in bytes"},
    CommandSpec{"append", Append, KeyWrite, 3, Single, 1, 1, 1, "write denyoom fast", "Appends to a value"},
    CommandSpec{"getrange", GetRange, KeyRead, 4, Single, 1, 1, 1, "readonly", "A part of a value"},
    CommandSpec{"substr", SubStr, KeyRead, 4, Single, 1, 1, 1, "readonly", "The same as GETRANGE"},
    CommandSpec{"setrange", SetRange, KeyWrite, 4, Single, 1, 1, 1, "write denyoom", "Overwrites a part of a value"},
    CommandSpec{"incr", Incr, KeyWrite, 2, Single, 1, 1, 1, "write denyoom fast", "Adds one to an integer"},
    CommandSpec{"decr", Decr, KeyWrite, 2, Single, 1, 1, 1, "write denyoom fast", "Takes one from an integer"},
    CommandSpec{"incrby", IncrBy, KeyWrite, 3, Single, 1, 1, 1, "write denyoom fast", "Adds to an integer"},
    CommandSpec{"decrby", DecrBy, KeyWrite, 3, Single, 1, 1, 1, "write denyoom fast", "Takes from an integer"},
    CommandSpec{"incrbyfloat", IncrByFloat, KeyWrite, 3, Single, 1, 1, 1, "write denyoom fast", "Adds to a number"},
    CommandSpec{"expire", Expire, KeyWrite, -3, Single, 1, 1, 1, "write fast", "Sets a time to live in seconds"},
    CommandSpec{"pexpire", PExpire, KeyWrite, -3, Single, 1, 1, 1, "write fast", "Sets a time to live in milliseconds"},
    CommandSpec{"expireat", ExpireAt, KeyWrite, -3, Single, 1, 1, 1, "write fast",
                "Sets the time of expiry, seconds since the epoch"},
    CommandSpec{"pexpireat", PExpireAt, KeyWrite, -3, Single, 1, 1, 1, "write fast",
                "Sets the time of expiry, milliseconds since the epoch"},
    CommandSpec{"ttl", Ttl, KeyRead, 2, Single, 1, 1, 1, "readonly fast",
                "The time to live in seconds; -1 none, -2 no key"},
    CommandSpec{"pttl", PTtl, KeyRead, 2, Single, 1, 1, 1, "readonly fast",
                "The time to live in milliseconds; -1 none, -2 no key"},
    CommandSpec{"expiretime", ExpireTime, KeyRead, 2, Single, 1, 1, 1, "readonly fast",
                "The time of expiry in seconds; -1 none, -2 no key"},
    CommandSpec{"pexpiretime", PExpireTime, KeyRead, 2, Single, 1, 1, 1, "readonly fast",
                "The time of expiry in ms; -1 none, -2 no key"},
    CommandSpec{"persist", Persist, KeyWrite, 2, Single, 1, 1, 1, "write fast", "Removes the time to live"},
    CommandSpec{"type", Type, KeyRead, 2, Single, 1, 1, 1, "readonly fast",
                "\"string\", or \"none\" for an absent key"},
    CommandSpec{"touch", Touch, KeyRead, -2, SumIntegers, 1, -1, 1, "readonly fast", "How many of the keys exist"},
    CommandSpec{"quoit.cas", QuoitCas, KeyWrite, -4, Single, 1, 1, 1, "write denyoom fast",
                "Sets a value if the key still has that version; version 0: if it is absent"},
    CommandSpec{"quoit.getv", QuoitGetV, KeyRead, 2, Single, 1, 1, 1, "readonly fast",
                "The value of a key and its version", true},
    CommandSpec{"hello", Hello, Server, -1, Single, 0, 0, 0, "noscript loading stale fast no_auth allow_busy",
                "Chooses the protocol"},
    CommandSpec{"ping", Ping, Server, -1, Single, 0, 0, 0, "fast", "PONG"},
    CommandSpec{"echo", Echo, Server, 2, Single, 0, 0, 0, "loading stale fast", "The message"},
    CommandSpec{"quit", Quit, Server, -1, Single, 0, 0, 0, "noscript loading stale fast no_auth allow_busy",
                "Closes the connection"},
    CommandSpec{"select", Select, Server, 2, Single, 0, 0, 0, "loading stale fast", "There is database 0 only"},
    CommandSpec{"reset", Reset, Server, 1, Single, 0, 0, 0, "noscript loading stale fast no_auth allow_busy",
                "Puts the connection back to its start"},
    CommandSpec{"auth", Auth, Server, -2, Single, 0, 0, 0, "noscript loading stale fast no_auth allow_busy",
                "There are no passwords: as in Redis without one"},
    CommandSpec{"client", Client, Server, -2, Single, 0, 0, 0, "noscript loading stale", "About client connections"},
    CommandSpec{"command", Command, Server, -1, Single, 0, 0, 0, "loading stale", "About commands"},
    CommandSpec{"config", Config, Server, -2, Single, 0, 0, 0, "admin noscript loading stale", "CONFIG GET, CONFIG SET and CONFIG RESETSTAT"},
    CommandSpec{"info", Info, Server, -1, Single, 0, 0, 0, "loading stale", "About the node, in sections"},
    CommandSpec{"time", Time, Server, 1, Single, 0, 0, 0, "loading stale fast",
                "The clock of this node: seconds since the epoch, and microseconds"},
    CommandSpec{"lastsave", LastSave, Server, 1, Single, 0, 0, 0, "loading stale fast",
                "The time of the last save, which is now: what was answered is on disks"},
    CommandSpec{"slowlog", SlowLog, Server, -2, Single, 0, 0, 0, "admin loading stale", "The slowest requests of this node"},
    CommandSpec{"latency", Latency, Server, -2, Single, 0, 0, 0, "admin noscript loading stale", "How long requests of this node take"},
    CommandSpec{"acl", Acl, Server, -2, Single, 0, 0, 0, "noscript loading stale", "ACL WHOAMI: default, there are no users"},
    CommandSpec{"role", Role, Server, 1, Single, 0, 0, 0, "noscript loading stale fast",
                "master: any node takes writes"},
    CommandSpec{"memory", Memory, Server, -2, Single, 0, 0, 0, "readonly", "MEMORY USAGE key"},
    CommandSpec{"object", Object, Server, -2, Single, 0, 0, 0, "readonly", "OBJECT ENCODING key, OBJECT REFCOUNT key"},
    CommandSpec{"multi", Multi, Server, 1, Single, 0, 0, 0, "noscript loading stale fast allow_busy",
                "Begins a transaction, whose commands are all on one key"},
    CommandSpec{"exec", Exec, Server, 1, Single, 0, 0, 0, "noscript loading stale skip_slowlog",
                "Carries the queued commands out as one"},
    CommandSpec{"discard", Discard, Server, 1, Single, 0, 0, 0, "noscript loading stale fast allow_busy",
                "Forgets what was queued since MULTI"},
    CommandSpec{"watch", Watch, Server, -2, AllOk, 1, -1, 1, "noscript loading stale fast allow_busy",
                "EXEC does nothing if the key has changed by then; one key"},
    CommandSpec{"unwatch", Unwatch, Server, 1, Single, 0, 0, 0, "noscript loading stale fast allow_busy",
                "Forgets the key that is watched"},
    CommandSpec{"dbsize", DbSize, Server, 1, Single, 0, 0, 0, "readonly fast", "How many keys the cluster has"},
    CommandSpec{"scan", Scan, Server, -2, Single, 0, 0, 0, "readonly", "Walks over all keys of the cluster"},
    CommandSpec{"randomkey", RandomKey, Server, 1, Single, 0, 0, 0, "readonly", "Some key"},
    CommandSpec{"keys", Keys, Server, 2, Single, 0, 0, 0, "readonly", "All keys that match a pattern"},
    CommandSpec{"cluster", Cluster, Server, -2, Single, 0, 0, 0, "loading stale",
                "The ring as Redis Cluster clients see it"},
    CommandSpec{"readonly", ReadOnly, Server, 1, Single, 0, 0, 0, "loading stale fast",
                "Reads of this connection at level one"},
    CommandSpec{"readwrite", ReadWrite, Server, 1, Single, 0, 0, 0, "loading stale fast",
                "Reads of this connection at its level again"},
    CommandSpec{"wait", Wait, Server, 3, Single, 0, 0, 0, "noscript",
                "How many replicas have what this connection wrote"},
    CommandSpec{"quoit.level", QuoitLevel, Server, -1, Single, 0, 0, 0, "fast",
                "one, quorum or all, for this connection"},
    CommandSpec{"quoit.locate", QuoitLocate, Server, 2, Single, 1, 1, 1, "readonly",
                "Where a key lies and what each replica holds of it"},
    CommandSpec{"quoit.status", QuoitStatus, Server, 1, Single, 0, 0, 0, "fast", "Whether the cluster is well"},
    CommandSpec{"quoit.ring", QuoitRing, Server, 1, Single, 0, 0, 0, "fast", "The cluster's map"},
    CommandSpec{"quoit.nodes", QuoitNodes, Server, 1, Single, 0, 0, 0, "fast", "The members, their state and load"},
    CommandSpec{"quoit.stats", QuoitStats, Server, 1, Single, 0, 0, 0, "fast", "This node's counters"},
    CommandSpec{"quoit.hotkeys", QuoitHotKeys, Server, -1, Single, 0, 0, 0, "fast",
                "The keys that clients ask for most, in the whole cluster"},
    CommandSpec{"quoit.watch", QuoitWatch, Server, -1, Single, 0, 0, 0, "fast",
                "Pushes the live picture once a second (RESP3)"},
    CommandSpec{"quoit.identity", QuoitIdentity, Server, 1, Single, 0, 0, 0, "fast",
                "Who this node is, to make a cluster of it"},
    CommandSpec{"quoit.adopt", QuoitAdopt, Server, 2, Single, 0, 0, 0, "admin",
                "Gives a waiting node its cluster's map"},
    CommandSpec{"quoit.plan", QuoitPlan, Server, -2, Single, 0, 0, 0, "admin",
                "What a change of the ring would mean; nothing happens yet"},
    CommandSpec{"quoit.apply", QuoitApply, Server, 2, Single, 0, 0, 0, "admin", "Begins a planned change of the ring"},
    CommandSpec{"quoit.abort", QuoitAbort, Server, -1, Single, 0, 0, 0, "admin",
                "Ends the change in progress, or one that waits, and leaves the ring as before"},
    CommandSpec{"quoit.pause", QuoitPause, Server, 1, Single, 0, 0, 0, "admin", "Stops copying for the change in progress"},
    CommandSpec{"quoit.resume", QuoitResume, Server, 1, Single, 0, 0, 0, "admin", "Goes on with a paused change"},
    CommandSpec{"quoit.throttle", QuoitThrottle, Server, 2, Single, 0, 0, 0, "admin",
                "MB/s that each node may copy for a change; 0: no limit"},
    CommandSpec{"quoit.changes", QuoitChanges, Server, 1, Single, 0, 0, 0, "fast",
                "The change in progress, and those that wait"},
};

/// Subcommands that are about one key.
constexpr std::array keySubcommands{
    CommandSpec{"memory|usage", MemoryUsage, KeyRead, -3, Single, 2, 2, 1, "readonly",
                "Bytes that a key counts for: key, value and 64"},
    CommandSpec{"object|encoding", ObjectEncoding, KeyRead, 3, Single, 2, 2, 1, "readonly", "raw: values are bytes"},
    CommandSpec{"object|refcount", ObjectRefCount, KeyRead, 3, Single, 2, 2, 1, "readonly", "1"},
};

constexpr std::size_t nameBytesMax = 24;
constexpr std::size_t bucketCount = 512;

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::size_t bucketOf(std::string_view name)
{
    std::uint32_t hash = 2166136261u;
    for (const char c : name)
        hash = (hash ^ static_cast<std::uint8_t>(lower(c))) * 16777619u;
    return (hash ^ hash >> 15) % bucketCount;
}

bool sameName(std::string_view lowerCase, std::string_view any)
{
    return lowerCase.size() == any.size() &&
           std::equal(lowerCase.begin(), lowerCase.end(), any.begin(), [](char a, char b) { return a == lower(b); });
}

/// Open addressing over the table's indexes + 1.
const std::array<std::uint8_t, bucketCount>& index()
{
    static const auto built = [] {
        std::array<std::uint8_t, bucketCount> buckets{};
        for (std::size_t i = 0; i < table.size(); ++i) {
            std::size_t bucket = bucketOf(table[i].name);
            while (buckets[bucket] != 0)
                bucket = (bucket + 1) % bucketCount;
            buckets[bucket] = static_cast<std::uint8_t>(i + 1);
        }
        return buckets;
    }();
    return built;
}

std::vector<std::string_view> words(std::string_view text)
{
    std::vector<std::string_view> found;
    while (!text.empty()) {
        const std::size_t space = std::min(text.find(' '), text.size());
        if (space > 0)
            found.push_back(text.substr(0, space));
        text.remove_prefix(std::min(space + 1, text.size()));
    }
    return found;
}

void appendInfo(RespWriter& writer, const CommandSpec& spec)
{
    const auto flags = words(spec.flags);
    writer.arrayHeader(10);
    writer.bulk(spec.name);
    writer.integer(spec.arity);
    writer.setHeader(flags.size());
    for (const std::string_view flag : flags)
        writer.simpleString(flag);
    writer.integer(spec.firstKey);
    writer.integer(spec.lastKey);
    writer.integer(spec.keyStep);
    writer.setHeader(1); // ACL categories
    writer.simpleString(categoryOf(spec));
    writer.arrayHeader(0); // tips
    writer.arrayHeader(0); // key specifications: first, last and step say it all
    writer.arrayHeader(0); // subcommands
}

void appendDocs(RespWriter& writer, const CommandSpec& spec)
{
    writer.bulk(spec.name);
    writer.mapHeader(3);
    writer.bulk("summary");
    writer.bulk(spec.summary);
    writer.bulk("since");
    writer.bulk("0.1.0");
    writer.bulk("group");
    writer.bulk(spec.kind != Server ? "string" : spec.name.starts_with("quoit.") ? "quoit" : "server");
}

} // namespace

const CommandSpec* findCommand(std::string_view name)
{
    if (name.size() > nameBytesMax)
        return nullptr;
    const auto& buckets = index();
    for (std::size_t bucket = bucketOf(name); buckets[bucket] != 0; bucket = (bucket + 1) % bucketCount) {
        const CommandSpec& spec = table[buckets[bucket] - 1u];
        if (sameName(spec.name, name))
            return &spec;
    }
    return nullptr;
}

std::span<const CommandSpec> allCommands()
{
    return table;
}

std::string_view categoryOf(const CommandSpec& spec)
{
    return spec.kind == Server ? "@connection" : spec.kind == KeyWrite ? "@write" : "@read";
}

const CommandSpec* findKeySubcommand(const CommandSpec& spec, std::span<const std::string_view> arguments)
{
    if ((spec.id != Memory && spec.id != Object) || arguments.size() < 2)
        return nullptr;
    for (const CommandSpec& subcommand : keySubcommands) {
        const std::size_t bar = subcommand.name.find('|');
        if (subcommand.name.substr(0, bar) == spec.name && sameName(subcommand.name.substr(bar + 1), arguments[1]))
            return &subcommand;
    }
    return nullptr;
}

std::vector<std::size_t> keyArguments(const CommandSpec& spec, std::span<const std::string_view> arguments)
{
    const CommandSpec* const subcommand = findKeySubcommand(spec, arguments);
    const CommandSpec& known = subcommand ? *subcommand : spec;
    std::vector<std::size_t> indexes;
    if (known.firstKey == 0 || !arityFits(known, arguments.size()))
        return indexes;
    const std::size_t end = known.lastKey < 0 ? arguments.size() : static_cast<std::size_t>(known.lastKey) + 1;
    for (auto i = static_cast<std::size_t>(known.firstKey); i < end; i += static_cast<std::size_t>(known.keyStep))
        indexes.push_back(i);
    return indexes;
}

bool arityFits(const CommandSpec& spec, std::size_t argumentCount)
{
    const auto count = static_cast<std::int64_t>(argumentCount);
    return spec.arity > 0 ? count == spec.arity : count >= -spec.arity;
}

std::string arityError(const CommandSpec& spec)
{
    const std::string_view code = spec.id == Exec ? "EXECABORT Transaction discarded because of:" : "ERR";
    return std::string(code) + " wrong number of arguments for '" + std::string(spec.name) + "' command";
}

std::string unknownCommandError(std::span<const std::string_view> arguments)
{
    constexpr std::size_t shownMax = 128;
    // "%.*s" in Redis: up to the first NUL.
    const auto shown = [](std::string_view text, std::size_t bytesMax) {
        return text.substr(0, std::min(bytesMax, text.find('\0')));
    };
    std::string list;
    for (std::size_t i = 1; i < arguments.size() && list.size() < shownMax; ++i) {
        const std::string_view argument = shown(arguments[i], shownMax - list.size());
        list.append("'").append(argument).append("' ");
    }
    std::string error = "ERR unknown command '";
    error.append(shown(arguments.front(), shownMax)).append("', with args beginning with: ").append(list);
    return error;
}

void appendCommandInfo(std::string& out, int protocol, std::span<const std::string_view> names)
{
    RespWriter writer(out, protocol);
    writer.arrayHeader(names.empty() ? table.size() : names.size());
    if (names.empty())
        for (const CommandSpec& spec : table)
            appendInfo(writer, spec);
    for (const std::string_view name : names) {
        if (const CommandSpec* spec = findCommand(name))
            appendInfo(writer, *spec);
        else
            writer.nullArray();
    }
}

void appendCommandDocs(std::string& out, int protocol, std::span<const std::string_view> names)
{
    std::vector<const CommandSpec*> specs;
    if (names.empty())
        for (const CommandSpec& spec : table)
            specs.push_back(&spec);
    for (const std::string_view name : names)
        if (const CommandSpec* spec = findCommand(name))
            specs.push_back(spec);
    RespWriter writer(out, protocol);
    writer.mapHeader(specs.size());
    for (const CommandSpec* spec : specs)
        appendDocs(writer, *spec);
}

} // namespace quoit
