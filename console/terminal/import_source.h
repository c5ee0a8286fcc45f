// console/terminal/import_source.h - turns the bytes of a CSV, TSV or JSON Lines file into keys and values, line by
// line. Pure: whoever owns the file feeds the bytes. A bad line is an item with an error, never the end of the import.
#pragma once

#include "console/terminal/options.h"
#include "console/terminal/record_reader.h"

#include <cstdint>
#include <optional>
#include <string>

namespace quoit::terminal {

/// The limits of a node, checked here so that a bad line is named before it travels.
inline constexpr std::size_t keyBytesMax = 32 * 1024;
inline constexpr std::size_t valueBytesMax = 16 * 1024 * 1024;

/// What one line asks to be written, or why it can't be.
struct ImportItem
{
    std::uint64_t line = 0; ///< from 1 on
    std::string key;
    std::string value;
    std::int64_t ttlMs = 0; ///< 0: for ever
    std::string error;      ///< for people; empty: good
};

/// The format that a file's name speaks of: .csv, .tsv or .tab, .jsonl or .ndjson; a delimiter says that it is
/// delimited.
/// @return InvalidArgument when neither the options nor the name say
Result<FileFormat> formatOf(const FileOptions& options, const std::string& fileName);

/// The delimiter that the options and the format ask for.
char delimiterOf(const FileOptions& options, FileFormat format);

/// One file's way in. Any split of the bytes into chunks gives the same items.
/// JSON Lines: an object a line; "key" or "key_base64", "value" or "value_base64" (else the whole line is the value),
/// "ttl_ms". Values that aren't strings are stored as compact JSON.
class ImportSource
{
public:
    /// @param format not Automatic
    ImportSource(FileOptions options, FileFormat format);

    void feed(std::string_view bytes) { m_reader.feed(bytes); }
    void finish() { m_reader.finish(); }
    /// The next line's item, good or bad; nothing: feed more, the end after finish(), or fatalError().
    std::optional<ImportItem> next();

    /// Why nothing of the file can be imported (a column that isn't there); empty: it can.
    const std::string& fatalError() const { return m_fatalError; }

private:
    ImportItem fromFields(Record record) const;
    ImportItem fromJson(Record record) const;
    void takeHeader(const Record& header);
    std::optional<std::size_t> columnIndex(const std::optional<ColumnName>& wanted, const char* usualName,
                                           const Record* header);

    const FileOptions m_options;
    const bool m_isJson;
    RecordReader m_reader;
    bool m_isHeaderDue;
    std::size_t m_keyIndex = 0;
    std::optional<std::size_t> m_valueIndex; ///< none: the whole record
    std::optional<std::size_t> m_ttlIndex;
    std::string m_fatalError;
};

} // namespace quoit::terminal
