// node/commands/command.h - the table of commands: names, arity, keys, and how replies of several keys become one.
// Pure. Design: ARCHITECTURE.md, "Commands".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

enum class CommandId : std::uint8_t {
    // on keys
    Get,
    Set,
    GetSet,
    GetDel,
    GetEx,
    SetNx,
    SetEx,
    PSetEx,
    MGet,
    MSet,
    Del,
    Unlink,
    Exists,
    StrLen,
    Append,
    GetRange,
    SubStr,
    SetRange,
    Incr,
    Decr,
    IncrBy,
    DecrBy,
    IncrByFloat,
    Expire,
    PExpire,
    ExpireAt,
    PExpireAt,
    Ttl,
    PTtl,
    ExpireTime,
    PExpireTime,
    Persist,
    Type,
    Touch,
    QuoitCas,
    QuoitGetV,
    MemoryUsage,
    ObjectEncoding,
    ObjectRefCount,
    // answered by the node itself
    Hello,
    Ping,
    Echo,
    Quit,
    Select,
    Reset,
    Auth,
    Client,
    Time,
    LastSave,
    SlowLog,
    Latency,
    Acl,
    Role,
    Memory,
    Object,
    Multi,
    Exec,
    Discard,
    Watch,
    Unwatch,
    Command,
    Config,
    Info,
    DbSize,
    Scan,
    RandomKey,
    Keys,
    Cluster,
    ReadOnly,
    ReadWrite,
    Wait,
    QuoitLevel,
    QuoitLocate,
    QuoitStatus,
    QuoitRing,
    QuoitNodes,
    QuoitStats,
    QuoitHotKeys,
    QuoitWatch,
    QuoitIdentity,
    QuoitAdopt,
    QuoitPlan,
    QuoitApply,
    QuoitAbort,
    QuoitPause,
    QuoitResume,
    QuoitThrottle,
    QuoitChanges,
};

enum class CommandKind : std::uint8_t {
    KeyRead,  ///< each key: read the record, evaluate there
    KeyWrite, ///< each key: an operation at its home
    Server,
};

/// What becomes of the replies of a command's keys.
enum class Combine : std::uint8_t {
    Single,      ///< one key, one reply
    SumIntegers, ///< DEL, EXISTS …; an error among them is the reply
    Array,       ///< MGET
    AllOk,       ///< MSET: OK, or the first error
};

struct CommandSpec
{
    std::string_view name; ///< lower case
    CommandId id;
    CommandKind kind;
    int arity; ///< with the name; negative: at least
    Combine combine = Combine::Single;
    int firstKey = 0, lastKey = 0, keyStep = 0; ///< as in Redis' COMMAND; 0: no keys
    std::string_view flags;                     ///< space-separated, as in Redis' COMMAND
    std::string_view summary;
    bool nullIsArray = false; ///< its null reply stands for a missing list: "*-1" in RESP2
};

/// Case-insensitive. @return null for an unknown command; else valid for ever.
const CommandSpec* findCommand(std::string_view name);
std::span<const CommandSpec> allCommands();
/// The command on a key that a command with subcommands stands for: MEMORY USAGE, OBJECT ENCODING, OBJECT REFCOUNT.
/// @return null if `spec` has none of them, or the arguments name another one
const CommandSpec* findKeySubcommand(const CommandSpec& spec, std::span<const std::string_view> arguments);
/// Which arguments are keys, as indexes; none if their number doesn't fit. Subcommands are known.
std::vector<std::size_t> keyArguments(const CommandSpec& spec, std::span<const std::string_view> arguments);

/// "@read", "@write" or "@connection"
std::string_view categoryOf(const CommandSpec& spec);

/// @param arguments with the name. True if their number fits.
bool arityFits(const CommandSpec& spec, std::size_t argumentCount);

/// Error texts as in Redis 7, without '-' and line end.
std::string arityError(const CommandSpec& spec);
std::string unknownCommandError(std::span<const std::string_view> arguments);

/// Replies to COMMAND, COMMAND INFO and COMMAND DOCS; names that don't exist are null (INFO) or left out (DOCS).
/// Appended to `out`.
/// @param names empty: all.
void appendCommandInfo(std::string& out, int protocol, std::span<const std::string_view> names);
void appendCommandDocs(std::string& out, int protocol, std::span<const std::string_view> names);

} // namespace quoit
