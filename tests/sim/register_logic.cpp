#include "tests/sim/register_logic.h"

#include "shared/base/bytes.h"

namespace quoit::sim {

std::string encodeOperation(const HistoryEntry& entry)
{
    ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(entry.kind));
    writer.blob(entry.argument);
    writer.blob(entry.expected);
    return std::move(writer.bytes);
}

Applied RegisterLogic::apply(std::string_view operation, const KeyState& before, std::int64_t) const
{
    ByteReader reader(operation);
    HistoryEntry entry;
    entry.kind = static_cast<Kind>(reader.u8());
    entry.argument = reader.blob();
    entry.expected = reader.blob();
    const RegisterState old{before.present, std::string(before.value)};
    RegisterState state = old;
    Applied applied;
    applied.reply = applySequentially(entry, state);
    // A SET of the same value is a change all the same, as it is in the store's own commands.
    const bool writes = entry.kind == Kind::Set || !(state == old);
    if (writes) {
        applied.change = state.present ? Applied::Change::Put : Applied::Change::Delete;
        applied.value = state.value;
    }
    return applied;
}

} // namespace quoit::sim
