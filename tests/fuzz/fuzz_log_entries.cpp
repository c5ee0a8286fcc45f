// Fuzzes the entries of the store's log: node/store/log_codec.
// Input: flags u8 (1: the rest gets a right head, 2: of the format with removals), id u64, then an entry.
#include "node/store/log_codec.h"
#include "tests/fuzz/fuzz.h"

#include <utility>
#include <xxhash.h>

using namespace quoit;

namespace {

std::string sealed(std::uint64_t id, std::string_view content, bool withRemovals)
{
    ByteWriter writer;
    writer.u8(withRemovals ? logEntryFormatWithRemovals : logEntryFormat);
    writer.u64(XXH3_64bits_withSeed(content.data(), content.size(), id));
    writer.raw(content);
    return std::move(writer.bytes);
}

bool same(const LoggedChanges& a, const LoggedChanges& b)
{
    const auto sameWrite = [](const LoggedChanges::RecordWrite& x, const LoggedChanges::RecordWrite& y) {
        return x.position == y.position && x.removes == y.removes && *x.record == *y.record;
    };
    return std::equal(a.records().begin(), a.records().end(), b.records().begin(), b.records().end(), sameWrite) &&
           a.hints().all() == b.hints().all();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    fuzz::Input input(data, byteCount);
    const std::uint8_t flags = input.u8();
    const std::uint64_t id = input.u64();
    std::string entry(input.rest());
    if (flags & 1)
        entry = sealed(id, entry, flags & 2);

    const fuzz::MemoryMeter meter;
    LoggedChanges changes;
    const bool understood = decodeLogEntry(id, entry, changes);
    FUZZ_CHECK(meter.peakBytes() <= 1024 + 48 * entry.size());
    for (const auto& [hint, change] : std::as_const(changes).hints().all())
        FUZZ_CHECK(change.set.has_value() != change.removeUpTo.has_value());
    if (!understood)
        return 0;

    ByteWriter writer;
    encodeLogEntry(writer, id, changes);
    LoggedChanges again;
    FUZZ_CHECK(decodeLogEntry(id, writer.bytes, again));
    FUZZ_CHECK(same(again, changes));
    LoggedChanges another;
    FUZZ_CHECK(!decodeLogEntry(id + 1, writer.bytes, another));
    changes.seal();
    FUZZ_CHECK(std::as_const(changes).records().size() <= std::as_const(again).records().size());
    return 0;
}
