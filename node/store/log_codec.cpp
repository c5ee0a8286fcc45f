#include "node/store/log_codec.h"

#include "node/core/planted_bug.h"

#include <algorithm>
#include <xxhash.h>

namespace quoit {

namespace {
constexpr std::size_t sumAt = 1;
constexpr std::size_t summedFrom = sumAt + 8;
constexpr std::size_t removalBytesMin = 8 + 1 + 4;

void decodeRemovals(ByteReader& reader, LoggedChanges& into)
{
    const std::uint64_t removals = reader.count(removalBytesMin);
    if (removals == 0)
        reader.fail();
    for (std::uint64_t i = 0; i < removals && reader.ok(); ++i) {
        Removal removal;
        removal.position = reader.u64();
        removal.key = reader.blob();
        removal.version = decodeVersion(reader);
        if (reader.ok())
            into.remove(std::move(removal));
    }
}

} // namespace

void encodeLogEntry(ByteWriter& writer, std::uint64_t id, const LoggedChanges& changes)
{
    std::string& bytes = writer.bytes;
    bytes.clear();
    const auto writes = changes.records();
    const auto removals = std::count_if(writes.begin(), writes.end(), [](const auto& write) { return write.removes; });
    const auto direct = std::count_if(writes.begin(), writes.end(), [](const auto& write) { return write.direct; });
    writer.u8(removals > 0 ? logEntryFormatWithRemovals : logEntryFormat);
    writer.u64(0);
    writer.varint(writes.size() - static_cast<std::size_t>(removals + direct));
    for (const LoggedChanges::RecordWrite& write : writes) {
        if (write.removes || write.direct)
            continue;
        writer.u64(write.position);
        encode(writer, *write.record);
    }
    writer.varint(changes.hints().all().size());
    for (const auto& [hint, change] : changes.hints().all()) {
        writer.varint(hint.node);
        writer.u64(hint.position);
        writer.blob(hint.key);
        writer.u8(change.set ? 1 : 0);
        encode(writer, change.set ? *change.set : *change.removeUpTo);
    }
    if (removals > 0)
        writer.varint(static_cast<std::uint64_t>(removals));
    for (const LoggedChanges::RecordWrite& write : writes) {
        if (!write.removes)
            continue;
        writer.u64(write.position);
        writer.blob(write.record->key);
        encode(writer, write.record->version);
    }
    const std::uint64_t sum = XXH3_64bits_withSeed(bytes.data() + summedFrom, bytes.size() - summedFrom, id);
    for (std::size_t i = 0; i < sizeof sum; ++i)
        bytes[sumAt + i] = static_cast<char>(sum >> (8 * i));
}

bool decodeLogEntry(std::uint64_t id, std::string_view bytes, LoggedChanges& into)
{
    ByteReader reader(bytes);
    const std::uint8_t format = reader.u8();
    const std::uint64_t sum = reader.u64();
    if (!reader.ok() || (format != logEntryFormat && format != logEntryFormatWithRemovals))
        return false;
    const std::uint64_t computed = XXH3_64bits_withSeed(bytes.data() + summedFrom, bytes.size() - summedFrom, id);
    if (sum != computed && !planted(PlantedBug::ChecksumIgnored))
        return false;
    const std::uint64_t records = reader.count(8);
    for (std::uint64_t i = 0; i < records && reader.ok(); ++i) {
        const Position position = reader.u64();
        RecordPtr record = decodeRecord(reader);
        if (reader.ok())
            into.add(position, std::move(record));
    }
    const std::uint64_t hints = reader.count(10);
    for (std::uint64_t i = 0; i < hints && reader.ok(); ++i) {
        HintKey hint;
        hint.node = static_cast<NodeId>(reader.varint());
        hint.position = reader.u64();
        hint.key = reader.blob();
        const bool set = reader.u8() != 0;
        const Version version = decodeVersion(reader);
        if (!reader.ok())
            break;
        if (set)
            into.hints().set(std::move(hint), version);
        else
            into.hints().remove(std::move(hint), version);
    }
    if (format == logEntryFormatWithRemovals)
        decodeRemovals(reader, into);
    return reader.ok() && reader.atEnd();
}

} // namespace quoit
