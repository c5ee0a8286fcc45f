// Fuzzes files that are imported, and that exported ones come back: console/terminal/record_reader, import_source,
// record_writer.
// Input: format u8, options u8, delimiter u8, cut u8, then a file.
#include "console/terminal/import_source.h"
#include "console/terminal/record_writer.h"
#include "tests/fuzz/fuzz.h"

using namespace quoit;
using namespace quoit::terminal;

namespace {

struct Outcome
{
    std::vector<ImportItem> items;
    std::string fatalError;
};

/// Cuts text into chunks and takes from the reader what it has to give after each.
template <typename Reader, typename Take>
void feedAll(Reader& reader, std::string_view text, int cut, Take take)
{
    const auto feed = [&](std::string_view chunk) {
        reader.feed(chunk);
        take();
    };
    if (cut < 0)
        feed(text);
    else
        fuzz::inChunks(text, static_cast<std::uint8_t>(cut), feed);
    reader.finish();
    take();
}

/// @param cut -1: in one piece
Outcome import(const FileOptions& options, FileFormat format, std::string_view text, int cut)
{
    Outcome outcome;
    ImportSource source(options, format);
    feedAll(source, text, cut, [&] {
        while (auto item = source.next())
            outcome.items.push_back(std::move(*item));
    });
    outcome.fatalError = source.fatalError();
    return outcome;
}

bool same(const ImportItem& a, const ImportItem& b)
{
    return a.line == b.line && a.key == b.key && a.value == b.value && a.ttlMs == b.ttlMs && a.error == b.error;
}

void checkItems(const Outcome& outcome, const FileOptions& options)
{
    std::uint64_t lineBefore = 0;
    for (const ImportItem& item : outcome.items) {
        FUZZ_CHECK(item.line > lineBefore);
        lineBefore = item.line;
        if (!item.error.empty())
            continue;
        FUZZ_CHECK(!item.key.empty() && item.key.size() <= keyBytesMax && item.value.size() <= valueBytesMax);
        FUZZ_CHECK(item.key.starts_with(options.keyPrefix) && item.ttlMs >= 0);
    }
}

/// What was imported can be exported, and imported again.
void checkRoundTrip(const Outcome& outcome, FileFormat format, char delimiter, bool hasHeader)
{
    const RecordWriter writer(format, delimiter, hasHeader);
    std::string file = writer.header();
    std::vector<ImportItem> written;
    for (const ImportItem& item : outcome.items) {
        if (!item.error.empty())
            continue;
        writer.append(file, item.key, item.value, item.ttlMs);
        written.push_back(item);
    }
    FileOptions options;
    options.delimiter = delimiter;
    options.hasHeader = hasHeader;
    if (!hasHeader) {
        options.valueColumn = ColumnName{"2"};
        options.ttlColumn = ColumnName{"3"};
    }
    if (format == FileFormat::JsonLines)
        options.valueColumn = options.ttlColumn = std::nullopt;
    const Outcome again = import(options, format, file, -1);
    FUZZ_CHECK(again.fatalError.empty() && again.items.size() == written.size());
    for (std::size_t i = 0; i < written.size(); ++i) {
        FUZZ_CHECK(again.items[i].error.empty());
        FUZZ_CHECK(again.items[i].key == written[i].key && again.items[i].value == written[i].value);
        FUZZ_CHECK(again.items[i].ttlMs == written[i].ttlMs);
    }
}

void fuzzReader(std::string_view text, const FileOptions& options, FileFormat format, std::uint8_t cut)
{
    RecordReader::Format readerFormat;
    readerFormat.delimiter = delimiterOf(options, format);
    readerFormat.hasQuotes = options.hasQuotes;
    readerFormat.hasFields = format != FileFormat::JsonLines;
    readerFormat.recordBytesMax = 16;
    const auto read = [&](int way) {
        std::vector<Record> records;
        RecordReader reader(readerFormat);
        feedAll(reader, text, way, [&] {
            while (auto record = reader.next())
                records.push_back(std::move(*record));
        });
        return records;
    };
    const fuzz::MemoryMeter meter;
    const std::vector<Record> whole = read(-1);
    FUZZ_CHECK(meter.peakBytes() <= 4096 + 512 * text.size()); // a record of one byte is a Record with one field
    const std::vector<Record> chunked = read(cut);
    FUZZ_CHECK(chunked.size() == whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
        FUZZ_CHECK(chunked[i].line == whole[i].line && chunked[i].fields == whole[i].fields);
        FUZZ_CHECK(chunked[i].text == whole[i].text && chunked[i].error == whole[i].error);
        FUZZ_CHECK(whole[i].text.size() <= readerFormat.recordBytesMax);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    fuzz::Input input(data, byteCount);
    const auto format = static_cast<FileFormat>(1 + input.u8() % 3);
    const std::uint8_t flags = input.u8();
    const char delimiter = static_cast<char>(input.u8());
    const std::uint8_t cut = input.u8();
    const std::string_view text = input.rest();

    // What the command line can ask for.
    const Result<Options> given = parseOptions({"import", "f", "--delimiter", std::string(1, delimiter)});
    FileOptions options;
    if (given && (flags & 1))
        options.delimiter = given.value().file.delimiter;
    options.hasHeader = !(flags & 2);
    options.hasQuotes = !(flags & 4);
    if (flags & 8)
        options.keyColumn = ColumnName{"2"};
    if (flags & 16)
        options.valueColumn = ColumnName{"value"};
    if (flags & 32)
        options.ttlColumn = ColumnName{"3"};
    if (flags & 64)
        options.keyPrefix = "p:";

    const Outcome whole = import(options, format, text, -1);
    const Outcome chunked = import(options, format, text, cut);
    FUZZ_CHECK(chunked.fatalError == whole.fatalError && chunked.items.size() == whole.items.size());
    for (std::size_t i = 0; i < whole.items.size(); ++i)
        FUZZ_CHECK(same(chunked.items[i], whole.items[i]));
    checkItems(whole, options);
    checkRoundTrip(whole, format, delimiterOf(options, format), options.hasHeader);
    fuzzReader(text, options, format, cut);
    return 0;
}
