#include "tests/sim/client_operations.h"

#include "node/commands/sequence.h"
#include "shared/base/bytes.h"

namespace quoit::sim {

namespace {

constexpr std::uint8_t compareAndSetByValue = 0xff; // no opcode of node/commands

std::string encodeCompareAndSet(const HistoryEntry& entry)
{
    ByteWriter writer;
    writer.u8(compareAndSetByValue);
    writer.blob(entry.argument);
    writer.blob(entry.expected);
    return std::move(writer.bytes);
}

std::vector<std::string_view> commandOf(const HistoryEntry& entry, std::string_view ttlMs)
{
    switch (entry.kind) {
    case Kind::Get:
        return {"GET", entry.key};
    case Kind::Set:
        if (!ttlMs.empty())
            return {"SET", entry.key, entry.argument, "PX", ttlMs};
        return {"SET", entry.key, entry.argument};
    case Kind::Delete:
        return {"DEL", entry.key};
    case Kind::Increment:
        return {"INCR", entry.key};
    case Kind::SetIfAbsent:
        return {"SETNX", entry.key, entry.argument};
    case Kind::Append:
        return {"APPEND", entry.key, entry.argument};
    case Kind::Replace:
        return {"SET", entry.key, entry.argument, "GET"};
    case Kind::CompareAndSet:
    case Kind::Sequence:
    case Kind::Evict:
        break;
    }
    QUOIT_ENSURE(false);
}

} // namespace

std::string encodeOperation(const HistoryEntry& entry, std::int64_t ttlMs)
{
    if (entry.kind == Kind::CompareAndSet)
        return encodeCompareAndSet(entry);
    if (entry.kind == Kind::Sequence) {
        std::vector<std::string> operations;
        for (const SequencePart& part : entry.parts) {
            HistoryEntry one;
            one.key = entry.key;
            one.kind = part.kind;
            one.argument = part.argument;
            operations.push_back(encodeOperation(one));
        }
        return encodeSequence(operations);
    }
    const std::string ttl = ttlMs > 0 ? std::to_string(ttlMs) : std::string();
    const std::vector<std::string_view> arguments = commandOf(entry, ttl);
    const CommandSpec* const spec = findCommand(arguments.front());
    QUOIT_ENSURE(spec && arityFits(*spec, arguments.size()));
    std::vector<KeyOperation> operations;
    const std::string error = parseCommand(*spec, arguments, CommandLimits{}, operations);
    QUOIT_ENSURE(error.empty() && operations.size() == 1);
    return std::move(operations.front().operation);
}

bool ClientLogic::addsData(std::string_view operation) const
{
    return static_cast<std::uint8_t>(operation.front()) == compareAndSetByValue || m_commands.addsData(operation);
}

Applied ClientLogic::apply(std::string_view operation, const KeyState& before, std::int64_t nowMs) const
{
    ByteReader reader(operation);
    if (reader.u8() != compareAndSetByValue)
        return m_commands.apply(operation, before, nowMs);
    HistoryEntry entry;
    entry.kind = Kind::CompareAndSet;
    entry.argument = reader.blob();
    entry.expected = reader.blob();
    RegisterState state{before.present, std::string(before.value)};
    Applied applied;
    applied.reply = applySequentially(entry, state);
    if (applied.reply == ":1\r\n") {
        applied.change = Applied::Change::Put;
        applied.value = std::move(state.value);
    }
    return applied;
}

} // namespace quoit::sim
