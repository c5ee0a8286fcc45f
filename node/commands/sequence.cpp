#include "node/commands/sequence.h"

#include "node/commands/command_logic.h"
#include "node/commands/operation_codec.h"
#include "shared/resp/writer.h"

#include <charconv>

namespace quoit {

namespace {

/// Values that a sequence may make on its way, in values of the largest size: each is copied by the thread that serves all.
constexpr std::size_t madeValuesMax = 4;
constexpr int depthMax = 4; // of arrays in replies

struct Sequence
{
    std::optional<std::string_view> expectedVersion;
    std::vector<std::string_view> operations;
};

std::optional<Sequence> readSequence(ByteReader& reader)
{
    Sequence sequence;
    const std::uint8_t flags = reader.u8();
    if (flags > SequenceHasVersion)
        return std::nullopt;
    if (flags & SequenceHasVersion)
        sequence.expectedVersion = reader.blob();
    const std::uint64_t count = reader.count(1);
    if (count > sequenceOperationsMax)
        return std::nullopt;
    sequence.operations.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i)
        sequence.operations.push_back(reader.blob());
    if (!reader.ok() || !reader.atEnd())
        return std::nullopt;
    return sequence;
}

Applied reply(std::string bytes)
{
    Applied applied;
    applied.reply = std::move(bytes);
    return applied;
}

std::string errorReply(std::string_view text)
{
    std::string bytes;
    RespWriter(bytes, 3).error(text);
    return bytes;
}

bool isVersionOf(std::string_view text, const KeyState& state)
{
    if (text == "0")
        return !state.present;
    const auto version = Version::fromString(text);
    return version && state.present && *version == state.version;
}

/// The versions that the key has on the way are nobody's: only the record that the whole sequence makes has one.
bool asksForVersion(Opcode opcode)
{
    return opcode == Opcode::GetVersion || opcode == Opcode::CompareAndSet;
}

/// One reply at the beginning of `bytes`. @return its bytes; 0: malformed
std::size_t replyBytes(std::string_view bytes, int depth)
{
    const std::size_t line = bytes.find("\r\n");
    if (line == std::string_view::npos || line == 0)
        return 0;
    const std::size_t head = line + 2;
    const char type = bytes.front();
    if (type != '$' && type != '*')
        return head;
    std::size_t count = 0;
    const auto parsed = std::from_chars(bytes.data() + 1, bytes.data() + line, count);
    if (parsed.ec != std::errc() || parsed.ptr != bytes.data() + line)
        return 0;
    if (type == '$')
        return count <= bytes.size() && head + count + 2 <= bytes.size() ? head + count + 2 : 0;
    std::size_t end = head;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t one = depth > 0 ? replyBytes(bytes.substr(end), depth - 1) : 0;
        if (one == 0)
            return 0;
        end += one;
    }
    return end;
}

/// What the operations of a sequence make of a key, one after the other.
class SequenceRun
{
public:
    explicit SequenceRun(const KeyState& before)
        : m_before(before)
        , m_state(before)
    {}

    const KeyState& state() const { return m_state; }
    bool hasChanged() const { return m_changed; }
    std::size_t madeBytes() const { return m_madeBytes; }

    void take(Applied applied)
    {
        m_changed = m_changed || applied.change != Applied::Change::None;
        switch (applied.change) {
        case Applied::Change::None:
            return;
        case Applied::Change::Put:
            m_value = std::move(applied.value);
            m_madeBytes += m_value.size();
            m_hasValue = true;
            m_state = {true, m_value, applied.expiryMs, {}};
            return;
        case Applied::Change::Expiry:
            m_state.expiryMs = applied.expiryMs;
            return;
        case Applied::Change::Delete:
            m_state = {};
            return;
        }
    }

    /// All of it as one change.
    Applied result(std::string bytes)
    {
        Applied applied;
        applied.reply = std::move(bytes);
        if (!m_changed || (!m_state.present && !m_before.present))
            return applied;
        if (!m_state.present) {
            applied.change = Applied::Change::Delete;
            return applied;
        }
        applied.change = m_hasValue ? Applied::Change::Put : Applied::Change::Expiry;
        applied.expiryMs = m_state.expiryMs;
        if (m_hasValue)
            applied.value = std::move(m_value);
        return applied;
    }

private:
    const KeyState& m_before;
    KeyState m_state;
    std::string m_value; ///< what m_state shows, once an operation has set one
    bool m_hasValue = false;
    bool m_changed = false;
    std::size_t m_madeBytes = 0;
};

} // namespace

std::string encodeSequence(std::span<const std::string> operations, const std::optional<std::string>& expectedVersion)
{
    ByteWriter writer;
    std::size_t bytes = 64;
    for (const std::string& operation : operations)
        bytes += operation.size() + 5;
    writer.bytes.reserve(bytes);
    writer.u8(static_cast<std::uint8_t>(Opcode::Sequence));
    writer.u8(expectedVersion ? SequenceHasVersion : 0);
    if (expectedVersion)
        writer.blob(*expectedVersion);
    writer.varint(operations.size());
    for (const std::string& operation : operations)
        writer.blob(operation);
    return std::move(writer.bytes);
}

std::size_t shortReplyBytes(std::string_view operation)
{
    constexpr std::size_t integerBytes = 23;
    switch (operation.empty() ? Opcode::Get : static_cast<Opcode>(operation.front())) {
    case Opcode::Set:
        return operation.size() > 1 && !(operation[1] & SetReturnsOld) ? 5 : 0;
    case Opcode::Delete:
    case Opcode::Expire:
    case Opcode::Persist:
        return 4;
    case Opcode::Append:
    case Opcode::SetRange:
    case Opcode::IncrementBy:
        return integerBytes;
    default:
        return 0;
    }
}

std::optional<std::vector<std::string_view>> splitReplies(std::string_view reply)
{
    if (!reply.starts_with('*') || replyBytes(reply, depthMax) != reply.size())
        return std::nullopt;
    std::vector<std::string_view> replies;
    for (std::size_t at = reply.find("\r\n") + 2; at < reply.size();) {
        const std::size_t bytes = replyBytes(reply.substr(at), depthMax);
        replies.push_back(reply.substr(at, bytes));
        at += bytes;
    }
    return replies;
}

Applied CommandLogic::applySequence(ByteReader& reader, const KeyState& before, std::int64_t nowMs) const
{
    const std::optional<Sequence> sequence = readSequence(reader);
    if (!sequence)
        return reply(errorReply("ERR malformed operation"));
    if (sequence->expectedVersion && !isVersionOf(*sequence->expectedVersion, before))
        return reply("_\r\n");
    SequenceRun run(before);
    std::string replies;
    RespWriter(replies, 3).arrayHeader(sequence->operations.size());
    for (const std::string_view operation : sequence->operations) {
        const auto opcode = static_cast<Opcode>(operation.empty() ? 0 : operation.front());
        if (opcode == Opcode::Sequence) {
            replies += errorReply("ERR malformed operation");
        } else if (run.hasChanged() && asksForVersion(opcode)) {
            replies += errorReply("ERR a transaction that has changed the key has no version before it is over: ask first, or afterwards");
        } else {
            Applied applied = apply(operation, run.state(), nowMs);
            replies += applied.reply;
            run.take(std::move(applied));
        }
        if (replies.size() > m_limits.valueBytesMax + sequenceOverheadBytesMax || run.madeBytes() > madeValuesMax * m_limits.valueBytesMax)
            return reply(errorReply("EXECABORT Transaction discarded, nothing was changed: its values or its replies are too large together"));
    }
    return run.result(std::move(replies));
}

bool CommandLogic::sequenceAddsData(std::string_view operation) const
{
    ByteReader reader(operation);
    reader.u8();
    const std::optional<Sequence> sequence = readSequence(reader);
    if (!sequence)
        return false;
    for (const std::string_view one : sequence->operations)
        if (!one.empty() && static_cast<Opcode>(one.front()) != Opcode::Sequence && addsData(one))
            return true;
    return false;
}

} // namespace quoit
