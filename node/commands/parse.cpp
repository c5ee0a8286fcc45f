#include "node/commands/parse.h"

#include "node/commands/operation_codec.h"
#include "shared/resp/numbers.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace quoit {

namespace {

constexpr const char* syntaxError = "ERR syntax error";
constexpr const char* notAnInteger = "ERR value is not an integer or out of range";

constexpr std::int64_t integerMax = std::numeric_limits<std::int64_t>::max();

using Arguments = std::span<const std::string_view>;

bool is(std::string_view text, std::string_view lowerCase)
{
    return text.size() == lowerCase.size() &&
           std::equal(text.begin(), text.end(), lowerCase.begin(),
                      [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b; });
}

/// As Redis' "%s" shows an argument at the end of an error: up to its first NUL, without line ends behind.
std::string printable(std::string_view text)
{
    text = text.substr(0, text.find('\0'));
    return std::string(text.substr(0, text.find_last_not_of("\r\n") + 1));
}

std::string expireTimeError(const CommandSpec& spec)
{
    return "ERR invalid expire time in '" + std::string(spec.name) + "' command";
}

/// The largest wall clock that a relative expiry is added to: the year 2248. Redis knows the time when it refuses an
/// expiry that would overflow; here the time is only known later, so the last 279 years before year 292,278,994 are
/// refused.
constexpr std::int64_t nowMsMax = std::int64_t(1) << 43;

struct ExpiryOption
{
    std::string_view text;
    bool seconds = false;
    bool relative = false;
};

/// A positive expiry of SET and its like: text → milliseconds.
std::string parseExpiry(const CommandSpec& spec, const ExpiryOption& option, std::int64_t& ms)
{
    const auto value = parseInteger(option.text);
    if (!value)
        return notAnInteger;
    if (*value <= 0 || (option.seconds && *value > integerMax / 1000))
        return expireTimeError(spec);
    ms = option.seconds ? *value * 1000 : *value;
    return option.relative && ms > integerMax - nowMsMax ? expireTimeError(spec) : std::string();
}

/// EX, PX, EXAT and PXAT with what follows. The same one may come again, and the last counts; another one may not.
/// @return false if it is none of them.
bool takeExpiryOption(Arguments arguments, std::size_t& i, std::optional<ExpiryOption>& option)
{
    const std::string_view name = arguments[i];
    ExpiryOption found;
    found.relative = is(name, "ex") || is(name, "px");
    found.seconds = is(name, "ex") || is(name, "exat");
    if ((!found.relative && !found.seconds && !is(name, "pxat")) || i + 1 >= arguments.size())
        return false;
    if (option && (option->relative != found.relative || option->seconds != found.seconds))
        return false;
    found.text = arguments[++i];
    option = found;
    return true;
}

std::string encodeSetWith(std::uint8_t flags, std::int64_t expiryMs, std::string_view value)
{
    ByteWriter writer;
    writer.bytes.reserve(value.size() + 10);
    writer.u8(static_cast<std::uint8_t>(Opcode::Set));
    writer.u8(flags);
    if (flags & (SetExpiryRelative | SetExpiryAbsolute))
        writer.i64(expiryMs);
    writer.raw(value);
    return std::move(writer.bytes);
}

std::string parseSet(const CommandSpec& spec, Arguments arguments, std::string& operation)
{
    std::uint8_t flags = 0;
    std::optional<ExpiryOption> expiry;
    for (std::size_t i = 3; i < arguments.size(); ++i) {
        const std::string_view option = arguments[i];
        if (is(option, "nx") && !(flags & SetIfPresent))
            flags |= SetIfAbsent;
        else if (is(option, "xx") && !(flags & SetIfAbsent))
            flags |= SetIfPresent;
        else if (is(option, "get"))
            flags |= SetReturnsOld;
        else if (is(option, "keepttl") && !expiry)
            flags |= SetKeepsExpiry;
        else if ((flags & SetKeepsExpiry) || !takeExpiryOption(arguments, i, expiry))
            return syntaxError;
    }
    std::int64_t expiryMs = 0;
    if (expiry) {
        const std::string error = parseExpiry(spec, *expiry, expiryMs);
        if (!error.empty())
            return error;
        flags |= expiry->relative ? SetExpiryRelative : SetExpiryAbsolute;
    }
    operation = encodeSetWith(flags, expiryMs, arguments[2]);
    return {};
}

std::string parseGetEx(const CommandSpec& spec, Arguments arguments, std::string& operation)
{
    std::optional<ExpiryOption> expiry;
    bool persist = false;
    for (std::size_t i = 2; i < arguments.size(); ++i) {
        if (is(arguments[i], "persist") && !expiry)
            persist = true;
        else if (persist || !takeExpiryOption(arguments, i, expiry))
            return syntaxError;
    }
    ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(Opcode::GetEx));
    std::int64_t ms = 0;
    GetExKind kind = persist ? GetExKind::Persist : GetExKind::Keep;
    if (expiry) { // Redis looks for the key first and complains of the time afterwards, so the error travels along
        const std::string error = parseExpiry(spec, *expiry, ms);
        kind = error.empty() ? (expiry->relative ? GetExKind::Relative : GetExKind::Absolute)
                             : (error == notAnInteger ? GetExKind::NotAnInteger : GetExKind::InvalidTime);
    }
    writer.u8(static_cast<std::uint8_t>(kind));
    if (kind == GetExKind::Relative || kind == GetExKind::Absolute)
        writer.i64(ms);
    operation = std::move(writer.bytes);
    return {};
}

std::string parseExpire(const CommandSpec& spec, Arguments arguments, std::string& operation)
{
    const bool seconds = spec.id == CommandId::Expire || spec.id == CommandId::ExpireAt;
    const bool relative = spec.id == CommandId::Expire || spec.id == CommandId::PExpire;
    std::uint8_t flags = relative ? ExpireRelative : 0;
    for (std::size_t i = 3; i < arguments.size(); ++i) {
        const std::string_view option = arguments[i];
        if (is(option, "nx"))
            flags |= ExpireIfNone;
        else if (is(option, "xx"))
            flags |= ExpireIfAny;
        else if (is(option, "gt"))
            flags |= ExpireIfLater;
        else if (is(option, "lt"))
            flags |= ExpireIfEarlier;
        else
            return "ERR Unsupported option " + printable(option);
    }
    if ((flags & ExpireIfNone) && (flags & (ExpireIfAny | ExpireIfLater | ExpireIfEarlier)))
        return "ERR NX and XX, GT or LT options at the same time are not compatible";
    if ((flags & ExpireIfLater) && (flags & ExpireIfEarlier))
        return "ERR GT and LT options at the same time are not compatible";
    const auto value = parseInteger(arguments[2]);
    if (!value)
        return notAnInteger;
    if (seconds && (*value > integerMax / 1000 || *value < -(integerMax / 1000)))
        return expireTimeError(spec);
    const std::int64_t ms = seconds ? *value * 1000 : *value;
    if (relative && ms > integerMax - nowMsMax)
        return expireTimeError(spec);
    ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(Opcode::Expire));
    writer.u8(flags);
    writer.i64(ms);
    operation = std::move(writer.bytes);
    return {};
}

std::string encodeIncrement(std::int64_t amount)
{
    ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(Opcode::IncrementBy));
    writer.i64(amount);
    return std::move(writer.bytes);
}

std::string parseIncrement(const CommandSpec& spec, Arguments arguments, std::string& operation)
{
    std::int64_t amount = spec.id == CommandId::Decr ? -1 : 1;
    if (spec.id == CommandId::IncrBy || spec.id == CommandId::DecrBy) {
        const auto value = parseInteger(arguments[2]);
        if (!value)
            return notAnInteger;
        if (spec.id == CommandId::DecrBy && *value == std::numeric_limits<std::int64_t>::min())
            return "ERR decrement would overflow";
        amount = spec.id == CommandId::DecrBy ? -*value : *value;
    }
    operation = encodeIncrement(amount);
    return {};
}

std::string parseRange(const CommandSpec& spec, Arguments arguments, std::string& operation)
{
    ByteWriter writer;
    const auto first = parseInteger(arguments[2]);
    if (!first)
        return notAnInteger;
    if (spec.id == CommandId::SetRange) {
        if (*first < 0)
            return "ERR offset is out of range";
        writer.u8(static_cast<std::uint8_t>(Opcode::SetRange));
        writer.i64(*first);
        writer.raw(arguments[3]);
    } else {
        const auto last = parseInteger(arguments[3]);
        if (!last)
            return notAnInteger;
        writer.u8(static_cast<std::uint8_t>(Opcode::GetRange));
        writer.i64(*first);
        writer.i64(*last);
    }
    operation = std::move(writer.bytes);
    return {};
}

std::string parseCompareAndSet(const CommandSpec& spec, Arguments arguments, std::string& operation)
{
    std::int64_t ms = 0;
    if (arguments.size() != 4) {
        if (arguments.size() != 6 || !is(arguments[4], "px"))
            return syntaxError;
        const std::string error = parseExpiry(spec, {arguments[5], false, true}, ms);
        if (!error.empty())
            return error;
    }
    ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(Opcode::CompareAndSet));
    writer.blob(arguments[2]);
    writer.i64(ms);
    writer.raw(arguments[3]);
    operation = std::move(writer.bytes);
    return {};
}

/// MEMORY USAGE key [SAMPLES count]; a string has no parts to sample.
std::string parseMemoryUsage(Arguments arguments, std::string& operation)
{
    if (arguments.size() != 3) {
        if (arguments.size() != 5 || !is(arguments[3], "samples"))
            return syntaxError;
        const auto samples = parseInteger(arguments[4]);
        if (!samples)
            return notAnInteger;
        if (*samples < 0)
            return syntaxError;
    }
    ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(Opcode::MemoryUsage));
    writer.i64(static_cast<std::int64_t>(arguments[2].size()));
    operation = std::move(writer.bytes);
    return {};
}

std::string withText(Opcode opcode, std::string_view text = {})
{
    std::string bytes(1, static_cast<char>(opcode));
    bytes.append(text);
    return bytes;
}

std::string ttlAs(TtlAs what)
{
    return withText(Opcode::Ttl, std::string(1, static_cast<char>(what)));
}

/// The operation of a command whose key says it all; empty: it isn't one.
std::string withoutArguments(CommandId id)
{
    switch (id) {
    case CommandId::Get:
    case CommandId::MGet:
        return withText(Opcode::Get);
    case CommandId::GetDel:
        return withText(Opcode::GetDel);
    case CommandId::Del:
    case CommandId::Unlink:
        return withText(Opcode::Delete);
    case CommandId::Exists:
    case CommandId::Touch:
        return withText(Opcode::Exists);
    case CommandId::StrLen:
        return withText(Opcode::StrLen);
    case CommandId::Ttl:
        return ttlAs(TtlAs::Seconds);
    case CommandId::PTtl:
        return ttlAs(TtlAs::Milliseconds);
    case CommandId::ExpireTime:
        return ttlAs(TtlAs::UnixSeconds);
    case CommandId::PExpireTime:
        return ttlAs(TtlAs::UnixMilliseconds);
    case CommandId::Persist:
        return withText(Opcode::Persist);
    case CommandId::Type:
        return withText(Opcode::Type);
    case CommandId::QuoitGetV:
        return withText(Opcode::GetVersion);
    case CommandId::ObjectEncoding:
        return withText(Opcode::Encoding);
    case CommandId::ObjectRefCount:
        return withText(Opcode::RefCount);
    default:
        return {};
    }
}

std::string parseOne(const CommandSpec& spec, Arguments arguments, std::string& operation)
{
    switch (spec.id) {
    case CommandId::Set:
        return parseSet(spec, arguments, operation);
    case CommandId::GetSet:
        operation = encodeSetWith(SetReturnsOld, 0, arguments[2]);
        return {};
    case CommandId::GetEx:
        return parseGetEx(spec, arguments, operation);
    case CommandId::SetNx:
        operation = encodeSetWith(SetIfAbsent | SetRepliesInteger, 0, arguments[2]);
        return {};
    case CommandId::SetEx:
    case CommandId::PSetEx: {
        std::int64_t ms = 0;
        const std::string error = parseExpiry(spec, {arguments[2], spec.id == CommandId::SetEx, true}, ms);
        if (error.empty())
            operation = encodeSetWith(SetExpiryRelative, ms, arguments[3]);
        return error;
    }
    case CommandId::Append:
        operation = withText(Opcode::Append, arguments[2]);
        return {};
    case CommandId::GetRange:
    case CommandId::SubStr:
    case CommandId::SetRange:
        return parseRange(spec, arguments, operation);
    case CommandId::Incr:
    case CommandId::Decr:
    case CommandId::IncrBy:
    case CommandId::DecrBy:
        return parseIncrement(spec, arguments, operation);
    case CommandId::IncrByFloat:
        operation = withText(Opcode::IncrementByFloat, arguments[2]);
        return {};
    case CommandId::Expire:
    case CommandId::PExpire:
    case CommandId::ExpireAt:
    case CommandId::PExpireAt:
        return parseExpire(spec, arguments, operation);
    case CommandId::QuoitCas:
        return parseCompareAndSet(spec, arguments, operation);
    case CommandId::MemoryUsage:
        return parseMemoryUsage(arguments, operation);
    default:
        operation = withoutArguments(spec.id);
        return operation.empty() ? "ERR not a command on keys" : std::string();
    }
}

/// Which argument is a command's value; 0: none.
std::size_t valueArgument(CommandId id)
{
    switch (id) {
    case CommandId::Set:
    case CommandId::GetSet:
    case CommandId::SetNx:
    case CommandId::Append:
        return 2;
    case CommandId::SetEx:
    case CommandId::PSetEx:
    case CommandId::SetRange:
    case CommandId::QuoitCas:
        return 3;
    default:
        return 0;
    }
}

std::string checkKey(std::string_view key, const CommandLimits& limits)
{
    if (key.empty())
        return "ERR the empty key is not supported";
    if (key.size() > limits.keyBytesMax)
        return "ERR key is longer than " + std::to_string(limits.keyBytesMax) + " bytes";
    return {};
}

std::string checkValue(std::string_view value, const CommandLimits& limits)
{
    return value.size() > limits.valueBytesMax
               ? "ERR value is larger than " + std::to_string(limits.valueBytesMax) + " bytes"
               : std::string();
}

} // namespace

std::string encodeSet(std::string_view value)
{
    return encodeSetWith(0, 0, value);
}

bool isPlainGet(std::string_view operation)
{
    return operation.size() == 1 && operation.front() == static_cast<char>(Opcode::Get);
}

std::string parseCommand(const CommandSpec& spec, std::span<const std::string_view> arguments,
                         const CommandLimits& limits, std::vector<KeyOperation>& operations)
{
    operations.clear();
    std::string error;
    if (spec.id == CommandId::MSet) {
        if (arguments.size() % 2 == 0)
            return arityError(spec);
        for (std::size_t i = 1; i < arguments.size() && error.empty(); i += 2) {
            error = checkKey(arguments[i], limits);
            if (error.empty())
                error = checkValue(arguments[i + 1], limits);
            operations.push_back({arguments[i], encodeSet(arguments[i + 1])});
        }
    } else {
        const std::size_t value = valueArgument(spec.id);
        std::string operation;
        error = value != 0 ? checkValue(arguments[value], limits) : std::string();
        if (error.empty())
            error = parseOne(spec, arguments, operation);
        const std::size_t end = spec.lastKey < 0 ? arguments.size() : static_cast<std::size_t>(spec.lastKey) + 1;
        for (auto i = static_cast<std::size_t>(spec.firstKey); i < end && error.empty(); ++i) {
            error = checkKey(arguments[i], limits);
            operations.push_back({arguments[i], i + 1 == end ? std::move(operation) : operation});
        }
    }
    if (!error.empty())
        operations.clear();
    return error;
}

} // namespace quoit
