// console/terminal/record_writer.h - writes exported keys, so that `quoit import` of the same file brings them back.
// Pure. CSV and TSV: columns key, value, ttl_ms, quoted as RFC 4180 says, bytes as they are (binary values stay
// binary). JSON Lines: {"key": ..., "value": ..., "ttl_ms": ...}; what isn't UTF-8 goes into "key_base64" and
// "value_base64".
#pragma once

#include "console/terminal/options.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace quoit::terminal {

class RecordWriter
{
public:
    /// @param format not Automatic
    RecordWriter(FileFormat format, char delimiter, bool hasHeader = true);

    /// The columns' names and a line end; nothing for JSON Lines, or if there is to be none.
    std::string header() const;
    /// Appends one record and its line end. @param ttlMs 0: for ever
    void append(std::string& out, std::string_view key, std::string_view value, std::int64_t ttlMs) const;

private:
    void appendField(std::string& out, std::string_view field) const;

    const FileFormat m_format;
    const char m_delimiter;
    const bool m_hasHeader;
};

} // namespace quoit::terminal
