#include "node/store/log_codec.h"

#include <xxhash.h>

namespace quoit {

namespace {
constexpr std::size_t sumAt = 1;
constexpr std::size_t summedFrom = sumAt + 8;
} // namespace

void encodeLogEntry(ByteWriter& writer, std::uint64_t id, const LoggedChanges& changes)
{
    std::string& bytes = writer.bytes;
    bytes.clear();
    writer.u8(logEntryFormat);
    writer.u64(0);
    writer.varint(changes.records().size());
    for (const LoggedChanges::RecordWrite& write : changes.records()) {
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
    const std::uint64_t sum = XXH3_64bits_withSeed(bytes.data() + summedFrom, bytes.size() - summedFrom, id);
    for (std::size_t i = 0; i < sizeof sum; ++i)
        bytes[sumAt + i] = static_cast<char>(sum >> (8 * i));
}

bool decodeLogEntry(std::uint64_t id, std::string_view bytes, LoggedChanges& into)
{
    ByteReader reader(bytes);
    const std::uint8_t format = reader.u8();
    const std::uint64_t sum = reader.u64();
    if (!reader.ok() || format != logEntryFormat ||
        sum != XXH3_64bits_withSeed(bytes.data() + summedFrom, bytes.size() - summedFrom, id))
        return false;
    const std::uint64_t records = reader.count(8);
    for (std::uint64_t i = 0; i < records && reader.ok(); ++i) {
        const Position position = reader.u64();
        auto record = std::make_shared<Record>(decodeRecord(reader));
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
    return reader.ok() && reader.atEnd();
}

} // namespace quoit
