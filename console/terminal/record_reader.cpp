#include "console/terminal/record_reader.h"

#include "shared/base/result.h"

#include <utility>

namespace quoit::terminal {

namespace {

constexpr std::string_view byteOrderMark = "\xef\xbb\xbf";

} // namespace

RecordReader::RecordReader(Format format)
    : m_format(format)
{
    QUOIT_ENSURE(format.delimiter != '\n' && format.delimiter != '\r');
    m_record.line = 1;
}

void RecordReader::feed(std::string_view bytes)
{
    // What was read is dropped only here, so that next() needn't move the rest for every record.
    m_pending.erase(0, m_cursor);
    m_cursor = 0;
    m_pending.append(bytes);
    dropByteOrderMark();
}

void RecordReader::finish()
{
    m_isFinished = true;
    dropByteOrderMark();
}

void RecordReader::dropByteOrderMark()
{
    if (!m_isAtBeginning)
        return;
    if (!m_isFinished && m_pending.size() < byteOrderMark.size() && byteOrderMark.starts_with(m_pending))
        return; // too little to tell
    if (m_pending.starts_with(byteOrderMark))
        m_cursor = byteOrderMark.size();
    m_isAtBeginning = false;
}

std::optional<Record> RecordReader::next()
{
    if (m_isAtBeginning)
        return std::nullopt;
    while (m_cursor < m_pending.size()) {
        if (takeByte(m_pending[m_cursor++]))
            return std::exchange(m_done, std::nullopt);
    }
    if (!m_isFinished)
        return std::nullopt;
    if (m_state == State::Quoted)
        fail("a quote was opened here and never closed");
    return endRecord() ? std::exchange(m_done, std::nullopt) : std::nullopt;
}

/// @return true when the byte has ended a record that counts
bool RecordReader::takeByte(char byte)
{
    if (std::exchange(m_skipLineFeed, false) && byte == '\n')
        return false;
    const bool isLineEnd = byte == '\n' || byte == '\r';
    if (m_state == State::Quoted) {
        append(byte);
        m_line += byte == '\n';
        if (byte == '"')
            m_state = State::QuoteInQuoted;
        else
            m_field.push_back(byte);
        return false;
    }
    if (isLineEnd) {
        m_skipLineFeed = byte == '\r';
        ++m_line;
        return endRecord();
    }
    if (m_state == State::Skipping)
        return false;
    append(byte);
    takeUnquoted(byte);
    return false;
}

/// A byte that is neither between quotes nor a line end.
void RecordReader::takeUnquoted(char byte)
{
    if (m_state == State::Skipping || !m_format.hasFields)
        return;
    if (m_format.hasQuotes && byte == '"' && m_state != State::Unquoted) {
        // At a field's start it opens; after a quote within quotes it stands for one quote.
        if (m_state == State::QuoteInQuoted)
            m_field.push_back('"');
        m_state = State::Quoted;
    } else if (byte == m_format.delimiter) {
        closeField();
    } else if (m_state == State::QuoteInQuoted) {
        fail("text after a closing quote (a quote within quotes is written twice)");
    } else {
        m_field.push_back(byte);
        m_state = State::Unquoted;
    }
}

void RecordReader::append(char byte)
{
    if (m_state == State::Skipping)
        return;
    if (m_record.text.size() >= m_format.recordBytesMax)
        fail("longer than " + std::to_string(m_format.recordBytesMax) + " bytes (is a quote missing?)");
    else
        m_record.text.push_back(byte);
}

void RecordReader::closeField()
{
    m_record.fields.push_back(std::exchange(m_field, {}));
    m_state = State::FieldStart;
}

/// @return false for an empty line, which is no record
bool RecordReader::endRecord()
{
    const bool counts = !m_record.text.empty() || !m_record.error.empty();
    if (counts) {
        if (m_format.hasFields && m_record.error.empty())
            closeField();
        m_done = std::move(m_record);
    }
    m_record = {};
    m_record.line = m_line;
    m_field.clear();
    m_state = State::FieldStart;
    return counts;
}

/// Gives up on the record: what was gathered is let go, and the rest of the line skipped.
void RecordReader::fail(std::string error)
{
    m_record.error = std::move(error);
    m_record.text.clear();
    m_record.fields.clear();
    m_field.clear();
    m_state = State::Skipping;
}

} // namespace quoit::terminal
