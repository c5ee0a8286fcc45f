#include "console/terminal/record_writer.h"

#include "console/terminal/json_text.h"
#include "console/terminal/text.h"

#include <QByteArray>

namespace quoit::terminal {

namespace {

void appendMember(std::string& out, std::string_view name, std::string_view bytes)
{
    out.push_back('"');
    out.append(name);
    if (isUtf8(bytes)) {
        out += "\":";
        appendJsonString(out, bytes);
        return;
    }
    out += "_base64\":\"";
    out += QByteArray::fromRawData(bytes.data(), static_cast<qsizetype>(bytes.size())).toBase64().toStdString();
    out.push_back('"');
}

} // namespace

RecordWriter::RecordWriter(FileFormat format, char delimiter, bool hasHeader)
    : m_format(format)
    , m_delimiter(delimiter)
    , m_hasHeader(hasHeader)
{}

std::string RecordWriter::header() const
{
    if (m_format == FileFormat::JsonLines || !m_hasHeader)
        return {};
    std::string line;
    for (const std::string_view name : {"key", "value", "ttl_ms"}) {
        if (!line.empty())
            line.push_back(m_delimiter);
        appendField(line, name);
    }
    return line + '\n';
}

void RecordWriter::append(std::string& out, std::string_view key, std::string_view value, std::int64_t ttlMs) const
{
    if (m_format == FileFormat::JsonLines) {
        out.push_back('{');
        appendMember(out, "key", key);
        out.push_back(',');
        appendMember(out, "value", value);
        if (ttlMs > 0)
            out += ",\"ttl_ms\":" + std::to_string(ttlMs);
        out += "}\n";
        return;
    }
    appendField(out, key);
    out.push_back(m_delimiter);
    appendField(out, value);
    out.push_back(m_delimiter);
    if (ttlMs > 0)
        appendField(out, std::to_string(ttlMs)); // the delimiter may be a digit
    out.push_back('\n');
}

void RecordWriter::appendField(std::string& out, std::string_view field) const
{
    const char special[] = {m_delimiter, '"', '\n', '\r'};
    // A byte order mark at the beginning of a file without a header would be taken for one.
    const bool needsQuotes = field.find_first_of(std::string_view(special, sizeof special)) != std::string_view::npos ||
                             field.starts_with("\xef\xbb\xbf");
    if (!needsQuotes) {
        out.append(field);
        return;
    }
    out.push_back('"');
    for (const char byte : field) {
        if (byte == '"')
            out.push_back('"');
        out.push_back(byte);
    }
    out.push_back('"');
}

} // namespace quoit::terminal
