#include "shared/resp/reply_text.h"

#include "shared/base/utf8.h"

#include <algorithm>
#include <cstdio>

namespace quoit {

namespace {

constexpr std::size_t pieceBytes = 4096;

/// Appends the character at the front, escaped where it has to be, and takes it away.
void takeEscaped(std::string_view& bytes, std::string& out)
{
    char32_t codePoint = 0;
    const std::size_t length = decodeUtf8(bytes, codePoint);
    if (length > 0 && !isControlCode(codePoint)) {
        if (codePoint == '"' || codePoint == '\\')
            out.push_back('\\');
        out.append(bytes.substr(0, length));
        bytes.remove_prefix(length);
        return;
    }
    const char byte = bytes.front();
    constexpr std::string_view codes = "\n\r\t\a\b";
    constexpr std::string_view letters = "nrtab";
    if (const std::size_t code = codes.find(byte); code != std::string_view::npos) {
        out.push_back('\\');
        out.push_back(letters[code]);
    } else {
        char buffer[8];
        std::snprintf(buffer, sizeof buffer, "\\x%02x", static_cast<unsigned char>(byte));
        out += buffer;
    }
    bytes.remove_prefix(1);
}

std::string_view emptyText(RespType type)
{
    switch (type) {
    case RespType::Map:
        return "(empty hash)";
    case RespType::Set:
        return "(empty set)";
    case RespType::Push:
        return "(empty push)";
    default:
        return "(empty array)";
    }
}

bool isOneLine(const RespValue& value)
{
    if (!value.isAggregate())
        return value.type != RespType::VerbatimString || value.text.find('\n') == std::string::npos;
    const std::size_t step = value.type == RespType::Map ? 2 : 1;
    return value.elements.size() <= step && std::ranges::all_of(value.elements, isOneLine);
}

/// Every function is true until the sink wants no more.
class ReplyWriter
{
public:
    explicit ReplyWriter(const TextSink& sink)
        : m_sink(sink)
    {}

    /// @param indent of the lines after the first
    bool write(const RespValue& value, const std::string& indent)
    {
        switch (value.type) {
        case RespType::Error:
            return m_sink("(error) ") && m_sink(value.text);
        case RespType::Integer:
            return m_sink("(integer) " + value.asText());
        case RespType::Double:
            return m_sink("(double) " + value.asText());
        case RespType::Boolean:
            return m_sink(value.integerValue ? "(true)" : "(false)");
        case RespType::Null:
            return m_sink("(nil)");
        case RespType::BulkString:
            return writeQuoted(value.text);
        case RespType::VerbatimString:
            return writeVerbatim(value.text);
        case RespType::SimpleString:
        case RespType::BigNumber:
            return m_sink(value.text);
        case RespType::Array:
        case RespType::Map:
        case RespType::Set:
        case RespType::Push:
            return writeElements(value, indent);
        }
        return true;
    }

private:
    bool writeQuoted(std::string_view bytes)
    {
        std::string piece(1, '"');
        while (!bytes.empty()) {
            takeEscaped(bytes, piece);
            if (piece.size() < pieceBytes)
                continue;
            if (!m_sink(piece))
                return false;
            piece.clear();
        }
        piece.push_back('"');
        return m_sink(piece);
    }

    bool writeVerbatim(std::string_view text)
    {
        while (text.ends_with('\n') || text.ends_with('\r'))
            text.remove_suffix(1);
        while (!text.empty()) {
            const std::size_t end = text.find("\r\n");
            if (!m_sink(text.substr(0, end)))
                return false;
            if (end == std::string_view::npos)
                break;
            text.remove_prefix(end + 1); // the LF begins the next piece
        }
        return true;
    }

    bool writeElements(const RespValue& value, const std::string& indent)
    {
        if (value.elements.empty())
            return m_sink(emptyText(value.type));
        const bool isMap = value.type == RespType::Map;
        const std::size_t step = isMap ? 2 : 1;
        const std::size_t count = value.elements.size() / step;
        const std::size_t digits = std::to_string(count).size();
        const std::string inner = indent + std::string(digits + 2, ' ');
        const char mark = isMap ? '#' : value.type == RespType::Set ? '~' : ')';
        for (std::size_t i = 0; i < count; ++i) {
            std::string number = std::to_string(i + 1);
            number.insert(0, digits - number.size(), ' ');
            number.push_back(mark);
            number.push_back(' ');
            if (!m_sink(i == 0 ? number : "\n" + indent + number) || !write(value.elements[i * step], inner))
                return false;
            if (isMap && !writeMapped(value.elements[i * step + 1], inner))
                return false;
        }
        return true;
    }

    /// What has several lines begins on one of its own.
    bool writeMapped(const RespValue& value, const std::string& indent)
    {
        return m_sink(isOneLine(value) ? " => " : " => \n" + indent) && write(value, indent);
    }

    const TextSink& m_sink;
};

} // namespace

bool writeReplyText(const RespValue& reply, const TextSink& sink)
{
    return ReplyWriter(sink).write(reply, {});
}

std::string replyText(const RespValue& reply)
{
    std::string text;
    writeReplyText(reply, [&text](std::string_view piece) {
        text += piece;
        return true;
    });
    return text;
}

std::string quotedText(std::string_view bytes)
{
    std::string text(1, '"');
    while (!bytes.empty())
        takeEscaped(bytes, text);
    text.push_back('"');
    return text;
}

} // namespace quoit
