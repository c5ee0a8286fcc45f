// console/terminal/record_reader.h - cuts delimited text (CSV, TSV, semicolons ...) and plain lines into records, chunk
// by chunk. Pure: whoever owns the file feeds the bytes. Memory is bounded by one record. Source of the format: RFC
// 4180, with any delimiter; LF, CRLF and CR end a record; bytes are kept as they are, NUL included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quoit::terminal {

/// One record, or what was wrong with it.
struct Record
{
    std::uint64_t line = 0;          ///< where it begins, from 1 on
    std::vector<std::string> fields; ///< without their quotes
    std::string text;                ///< the record as it stood, without its line end
    std::string error;               ///< for people; empty: the record is good
};

/// Any split of the text into chunks gives the same records. Not thread-safe.
class RecordReader
{
public:
    struct Format
    {
        char delimiter = ',';  ///< not a quote, CR or LF
        bool hasQuotes = true; ///< '"' at a field's start opens a field that may hold all characters
        bool hasFields = true; ///< false: every line is one record without fields (JSON Lines)
        std::size_t recordBytesMax =
            64 * 1024 * 1024; ///< a longer one is an error, and is skipped up to its line's end
    };

    explicit RecordReader(Format format);

    /// Adds bytes of the text. A byte order mark at its beginning is dropped.
    void feed(std::string_view bytes);
    /// Says that nothing more comes: the last record may end without a line end.
    void finish();
    /// The next complete record, empty lines left out; nothing: feed more, or the end after finish().
    std::optional<Record> next();

private:
    enum class State { FieldStart, Unquoted, Quoted, QuoteInQuoted, Skipping };

    bool takeByte(char byte);
    void takeUnquoted(char byte);
    void append(char byte);
    void closeField();
    bool endRecord();
    void fail(std::string error);
    void dropByteOrderMark();

    const Format m_format;
    std::string m_pending;
    std::size_t m_cursor = 0;
    bool m_isFinished = false;
    bool m_isAtBeginning = true;
    bool m_skipLineFeed = false; // the second half of CRLF

    State m_state = State::FieldStart;
    Record m_record;
    std::string m_field;
    std::uint64_t m_line = 1;
    std::optional<Record> m_done;
};

} // namespace quoit::terminal
