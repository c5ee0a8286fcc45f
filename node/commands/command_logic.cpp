#include "node/commands/command_logic.h"

#include "node/commands/operation_codec.h"
#include "shared/resp/numbers.h"
#include "shared/resp/writer.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quoit {

namespace {

constexpr const char* ok = "+OK\r\n";
constexpr const char* null = "_\r\n";
constexpr const char* tooLong = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
constexpr const char* notAnInteger = "ERR value is not an integer or out of range";

std::string integer(std::int64_t value)
{
    std::string reply;
    RespWriter(reply, 3).integer(value);
    return reply;
}

std::string bulk(std::string_view text)
{
    std::string reply;
    reply.reserve(text.size() + 24);
    RespWriter(reply, 3).bulk(text);
    return reply;
}

Applied refuse(std::string_view error)
{
    Applied applied;
    RespWriter(applied.reply, 3).error(error);
    return applied;
}

Applied answer(std::string reply)
{
    Applied applied;
    applied.reply = std::move(reply);
    return applied;
}

Applied put(std::string value, std::int64_t expiryMs, std::string reply)
{
    return {Applied::Change::Put, std::move(value), expiryMs, std::move(reply)};
}

Applied remove(std::string reply)
{
    return {Applied::Change::Delete, {}, 0, std::move(reply)};
}

Applied setExpiry(std::int64_t expiryMs, std::string reply)
{
    return {Applied::Change::Expiry, {}, expiryMs, std::move(reply)};
}

std::string oldValue(const KeyState& before)
{
    return before.present ? bulk(before.value) : null;
}

Applied malformed()
{
    return refuse("ERR malformed operation");
}

/// Everything was there, and nothing behind it.
bool complete(const ByteReader& reader)
{
    return reader.ok() && reader.atEnd();
}

/// An expiry as operations carry it → ms since the Unix epoch. @return false if it isn't positive or would overflow.
bool readExpiry(ByteReader& reader, bool relative, std::int64_t nowMs, std::int64_t& expiryMs)
{
    expiryMs = reader.i64();
    return expiryMs > 0 && (!relative || !__builtin_add_overflow(expiryMs, nowMs, &expiryMs));
}

Applied applySet(ByteReader& reader, const KeyState& before, std::int64_t nowMs)
{
    const std::uint8_t flags = reader.u8();
    std::int64_t expiryMs = 0;
    if (flags & (SetExpiryRelative | SetExpiryAbsolute)) {
        if (!readExpiry(reader, flags & SetExpiryRelative, nowMs, expiryMs))
            return malformed();
    } else if (flags & SetKeepsExpiry) {
        expiryMs = before.present ? before.expiryMs : 0;
    }
    const std::string_view value = rest(reader);
    if (!reader.ok())
        return malformed();
    const bool refused = ((flags & SetIfAbsent) && before.present) || ((flags & SetIfPresent) && !before.present);
    std::string reply;
    if (flags & SetRepliesInteger)
        reply = integer(refused ? 0 : 1);
    else if (flags & SetReturnsOld)
        reply = oldValue(before);
    else
        reply = refused ? null : ok;
    if (refused)
        return answer(std::move(reply));
    // Already expired: the key must be absent at once, also for an operation that runs behind this one in the same
    // batch.
    if (expiryMs != 0 && expiryMs <= nowMs)
        return remove(std::move(reply));
    return put(std::string(value), expiryMs, std::move(reply));
}

Applied applyGetEx(ByteReader& reader, const KeyState& before, std::int64_t nowMs)
{
    const auto kind = static_cast<GetExKind>(reader.u8());
    std::int64_t expiryMs = 0;
    if (kind == GetExKind::Relative || kind == GetExKind::Absolute) {
        if (!readExpiry(reader, kind == GetExKind::Relative, nowMs, expiryMs))
            return malformed();
    }
    if (!complete(reader) || kind > GetExKind::InvalidTime)
        return malformed();
    if (!before.present)
        return answer(null);
    switch (kind) {
    case GetExKind::NotAnInteger:
        return refuse(notAnInteger);
    case GetExKind::InvalidTime:
        return refuse("ERR invalid expire time in 'getex' command");
    case GetExKind::Persist:
        return before.expiryMs != 0 ? setExpiry(0, bulk(before.value)) : answer(bulk(before.value));
    case GetExKind::Relative:
    case GetExKind::Absolute:
        return expiryMs <= nowMs ? remove(bulk(before.value)) : setExpiry(expiryMs, bulk(before.value));
    case GetExKind::Keep:
        break;
    }
    return answer(bulk(before.value));
}

Applied applyAppend(std::string_view suffix, const KeyState& before, std::size_t valueBytesMax)
{
    if (before.value.size() + suffix.size() > valueBytesMax)
        return refuse(tooLong);
    std::string value;
    value.reserve(before.value.size() + suffix.size());
    value.append(before.value).append(suffix);
    const auto length = static_cast<std::int64_t>(value.size());
    return put(std::move(value), before.expiryMs, integer(length));
}

Applied applySetRange(ByteReader& reader, const KeyState& before, std::size_t valueBytesMax)
{
    const std::int64_t offset = reader.i64();
    const std::string_view part = rest(reader);
    if (!reader.ok() || offset < 0)
        return malformed();
    if (part.empty())
        return answer(integer(static_cast<std::int64_t>(before.value.size())));
    const auto start = static_cast<std::uint64_t>(offset);
    if (start > valueBytesMax || start + part.size() > valueBytesMax)
        return refuse(tooLong);
    std::string value(before.value);
    value.resize(std::max<std::size_t>(value.size(), start + part.size()), '\0');
    value.replace(start, part.size(), part);
    const auto length = static_cast<std::int64_t>(value.size());
    return put(std::move(value), before.expiryMs, integer(length));
}

Applied getRange(ByteReader& reader, const KeyState& before)
{
    std::int64_t first = reader.i64();
    std::int64_t last = reader.i64();
    const auto length = static_cast<std::int64_t>(before.value.size());
    if (!complete(reader))
        return malformed();
    if (first < 0 && last < 0 && first > last)
        return answer(bulk({}));
    if (first < 0)
        first = std::max<std::int64_t>(first + length, 0);
    if (last < 0)
        last = std::max<std::int64_t>(last + length, 0);
    last = std::min(last, length - 1);
    if (first > last || length == 0)
        return answer(bulk({}));
    return answer(
        bulk(before.value.substr(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first + 1))));
}

Applied applyIncrement(ByteReader& reader, const KeyState& before)
{
    const std::int64_t amount = reader.i64();
    if (!complete(reader))
        return malformed();
    std::int64_t value = 0;
    if (before.present) {
        const auto old = parseInteger(before.value);
        if (!old)
            return refuse(notAnInteger);
        value = *old;
    }
    if (__builtin_add_overflow(value, amount, &value))
        return refuse("ERR increment or decrement would overflow");
    return put(std::to_string(value), before.expiryMs, integer(value));
}

Applied applyIncrementByFloat(std::string_view amountText, const KeyState& before)
{
    long double value = 0;
    if (before.present) {
        const auto old = parseLongDouble(before.value);
        if (!old)
            return refuse("ERR value is not a valid float");
        value = *old;
    }
    const auto amount = parseLongDouble(amountText);
    if (!amount)
        return refuse("ERR value is not a valid float");
    value += *amount;
    if (std::isnan(value) || std::isinf(value))
        return refuse("ERR increment would produce NaN or Infinity");
    const std::string text = formatLongDouble(value);
    return put(text, before.expiryMs, bulk(text));
}

Applied applyExpire(ByteReader& reader, const KeyState& before, std::int64_t nowMs)
{
    const std::uint8_t flags = reader.u8();
    const std::int64_t ms = reader.i64();
    std::int64_t expiryMs = ms;
    if (!complete(reader) || (flags & ExpireRelative && __builtin_add_overflow(ms, nowMs, &expiryMs)))
        return malformed();
    const bool none = before.expiryMs == 0; // counts as infinitely late
    if (!before.present || ((flags & ExpireIfNone) && !none) || ((flags & ExpireIfAny) && none) ||
        ((flags & ExpireIfLater) && (none || expiryMs <= before.expiryMs)) ||
        ((flags & ExpireIfEarlier) && !none && expiryMs >= before.expiryMs))
        return answer(integer(0));
    return expiryMs <= nowMs ? remove(integer(1)) : setExpiry(expiryMs, integer(1));
}

/// Half a second counts as one; no overflow near the end of time.
std::int64_t toSeconds(std::int64_t ms)
{
    return ms / 1000 + (ms % 1000 >= 500 ? 1 : 0);
}

Applied ttl(ByteReader& reader, const KeyState& before, std::int64_t nowMs)
{
    const auto as = static_cast<TtlAs>(reader.u8());
    if (!complete(reader) || as > TtlAs::UnixMilliseconds)
        return malformed();
    if (!before.present)
        return answer(integer(-2));
    if (before.expiryMs == 0)
        return answer(integer(-1));
    if (as == TtlAs::UnixSeconds || as == TtlAs::UnixMilliseconds)
        return answer(integer(as == TtlAs::UnixSeconds ? toSeconds(before.expiryMs) : before.expiryMs));
    const std::int64_t leftMs = before.expiryMs > nowMs ? before.expiryMs - nowMs : 0;
    return answer(integer(as == TtlAs::Seconds ? toSeconds(leftMs) : leftMs));
}

/// What the key counts for in max-bytes.
Applied memoryUsage(ByteReader& reader, const KeyState& before)
{
    constexpr std::int64_t recordBytes = 64;
    const std::int64_t keyBytes = reader.i64();
    if (!complete(reader) || keyBytes < 0 || keyBytes > std::numeric_limits<std::int32_t>::max())
        return malformed();
    return answer(before.present ? integer(keyBytes + static_cast<std::int64_t>(before.value.size()) + recordBytes) : null);
}

Applied applyCompareAndSet(ByteReader& reader, const KeyState& before, std::int64_t nowMs)
{
    const std::string_view text = reader.blob();
    const std::int64_t ms = reader.i64();
    const std::string_view value = rest(reader);
    std::int64_t expiryMs = 0;
    if (!reader.ok() || ms < 0 || (ms > 0 && __builtin_add_overflow(ms, nowMs, &expiryMs)))
        return malformed();
    if (text != "0") {
        const auto expected = Version::fromString(text);
        if (!expected)
            return refuse("ERR version must be 0 or as QUOIT.GETV shows it: epoch.round.node.sequence");
        if (!before.present)
            return refuse("CONFLICT the key is absent");
        if (*expected != before.version)
            return refuse("CONFLICT current version is " + before.version.toString());
    } else if (before.present) {
        return refuse("CONFLICT current version is " + before.version.toString());
    }
    return put(std::string(value), expiryMs, ok);
}

std::string getVersion(const KeyState& before)
{
    if (!before.present)
        return null;
    std::string reply;
    RespWriter writer(reply, 3);
    writer.arrayHeader(2);
    writer.bulk(before.value);
    writer.bulk(before.version.toString());
    return reply;
}

/// Operations that consist of their opcode.
Applied applyBare(Opcode opcode, const KeyState& before)
{
    switch (opcode) {
    case Opcode::Get:
        return answer(oldValue(before));
    case Opcode::GetDel:
        return before.present ? remove(bulk(before.value)) : answer(null);
    case Opcode::Delete:
        return before.present ? remove(integer(1)) : answer(integer(0));
    case Opcode::Exists:
        return answer(integer(before.present));
    case Opcode::StrLen:
        return answer(integer(static_cast<std::int64_t>(before.value.size())));
    case Opcode::Persist:
        return before.present && before.expiryMs != 0 ? setExpiry(0, integer(1)) : answer(integer(0));
    case Opcode::Type:
        return answer(before.present ? "+string\r\n" : "+none\r\n");
    case Opcode::GetVersion:
        return answer(getVersion(before));
    case Opcode::Encoding:
        return answer(before.present ? bulk("raw") : null);
    case Opcode::RefCount:
        return answer(before.present ? integer(1) : null);
    default:
        return malformed();
    }
}

} // namespace

Applied CommandLogic::apply(std::string_view operation, const KeyState& before, std::int64_t nowMs) const
{
    ByteReader reader(operation);
    const auto opcode = static_cast<Opcode>(reader.u8());
    switch (opcode) {
    case Opcode::Set:
        return applySet(reader, before, nowMs);
    case Opcode::GetEx:
        return applyGetEx(reader, before, nowMs);
    case Opcode::Append:
        return applyAppend(rest(reader), before, m_limits.valueBytesMax);
    case Opcode::GetRange:
        return getRange(reader, before);
    case Opcode::SetRange:
        return applySetRange(reader, before, m_limits.valueBytesMax);
    case Opcode::IncrementBy:
        return applyIncrement(reader, before);
    case Opcode::IncrementByFloat:
        return applyIncrementByFloat(rest(reader), before);
    case Opcode::Expire:
        return applyExpire(reader, before, nowMs);
    case Opcode::Ttl:
        return ttl(reader, before, nowMs);
    case Opcode::CompareAndSet:
        return applyCompareAndSet(reader, before, nowMs);
    case Opcode::MemoryUsage:
        return memoryUsage(reader, before);
    case Opcode::Sequence:
        return applySequence(reader, before, nowMs);
    default:
        return complete(reader) ? applyBare(opcode, before) : malformed();
    }
}

bool CommandLogic::addsData(std::string_view operation) const
{
    switch (operation.empty() ? Opcode::Get : static_cast<Opcode>(operation.front())) {
    case Opcode::Set:
    case Opcode::Append:
    case Opcode::SetRange:
    case Opcode::IncrementBy:
    case Opcode::IncrementByFloat:
    case Opcode::CompareAndSet:
        return true;
    case Opcode::Sequence:
        return sequenceAddsData(operation);
    default:
        return false;
    }
}

std::string CommandLogic::evaluate(std::string_view operation, const RecordPtr& record, std::int64_t nowMs) const
{
    KeyState state;
    if (record)
        state = {true, record->value, record->expiryMs, record->version};
    return apply(operation, state, nowMs).reply;
}

std::string_view toProtocol(std::string_view reply, int protocol, bool nullIsArray)
{
    if (protocol >= 3 || reply != null)
        return reply;
    return nullIsArray ? "*-1\r\n" : "$-1\r\n";
}

} // namespace quoit
