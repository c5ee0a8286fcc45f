#include "shared/resp/reply_parser.h"

#include "shared/resp/numbers.h"

#include <algorithm>
#include <cstdio>

namespace quoit {

namespace {

/// A declared count is worth no more memory than this before the elements arrive.
constexpr std::size_t elementsReservedMax = 256;
/// A larger buffer is given back when it is empty.
constexpr std::size_t bufferBytesKeptMax = 1024 * 1024;

RespType aggregateType(char type)
{
    switch (type) {
    case '%':
    case '|':
        return RespType::Map;
    case '~':
        return RespType::Set;
    case '>':
        return RespType::Push;
    default:
        return RespType::Array;
    }
}

std::string describeByte(char byte)
{
    char text[16];
    const auto value = static_cast<unsigned char>(byte);
    if (value > ' ' && value < 0x7f)
        std::snprintf(text, sizeof text, "'%c'", byte);
    else
        std::snprintf(text, sizeof text, "byte 0x%02x", value);
    return text;
}

bool isBigNumber(std::string_view text)
{
    if (text.starts_with('-') || text.starts_with('+'))
        text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

} // namespace

void ReplyParser::feed(std::string_view bytes)
{
    if (failed())
        return; // nothing will ever read it
    if (m_cursor >= m_buffer.size() - m_cursor) {
        // At least as much was parsed as has to move: moving costs a constant per byte received.
        if (m_cursor == m_buffer.size() && m_buffer.capacity() > bufferBytesKeptMax)
            std::string().swap(m_buffer); // assigning {} would keep the memory
        else
            m_buffer.erase(0, m_cursor);
        m_cursor = 0;
    }
    m_buffer.append(bytes);
}

std::optional<RespValue> ReplyParser::next()
{
    while (!failed()) {
        RespValue value;
        const std::size_t before = m_cursor;
        const Step step = parseOne(value);
        m_valueBytes += m_cursor - before;
        if (step == Step::NeedMore || step == Step::Failed)
            return std::nullopt;
        if (m_valueBytes > m_limits.valueBytesMax) {
            fail("the server's answer is larger than " + std::to_string(m_limits.valueBytesMax) + " bytes");
            return std::nullopt;
        }
        if (step == Step::Value && settle(value)) {
            m_valueBytes = 0;
            return value;
        }
    }
    return std::nullopt;
}

/// Puts a complete value where it belongs, and completes what that completes.
/// @return true if the value is an outermost one, to be given to the caller
bool ReplyParser::settle(RespValue& value)
{
    while (!m_frames.empty()) {
        Frame& frame = m_frames.back();
        frame.value.elements.push_back(std::move(value));
        if (--frame.elementsLeft > 0)
            return false;
        const bool dropped = frame.isAttribute;
        value = std::move(frame.value);
        m_frames.pop_back();
        if (dropped)
            return false;
    }
    return true;
}

ReplyParser::Step ReplyParser::fail(std::string message)
{
    m_error = std::move(message);
    std::string().swap(m_buffer);
    m_cursor = 0;
    m_frames.clear();
    return Step::Failed;
}

/// The line at m_cursor without CR LF, its type byte included, and moves behind it; nothing if it isn't complete or
/// fails. Looks only as far as lines may go: the answer must not depend on how much more has arrived.
std::optional<std::string_view> ReplyParser::takeLine()
{
    const std::string_view rest = std::string_view(m_buffer).substr(m_cursor);
    const std::string_view searched = rest.substr(0, m_limits.lineBytesMax + 1);
    const std::size_t length = searched.find('\r', m_scannedBytes);
    if (length == std::string_view::npos) {
        m_scannedBytes = searched.size();
        if (rest.size() > m_limits.lineBytesMax)
            fail("the server sent a line of more than " + std::to_string(m_limits.lineBytesMax) + " bytes");
        return std::nullopt;
    }
    m_scannedBytes = length;
    if (length + 1 >= rest.size())
        return std::nullopt;
    if (rest[length + 1] != '\n') {
        fail("the server sent a CR without an LF behind it");
        return std::nullopt;
    }
    m_cursor += length + 2;
    m_scannedBytes = 0;
    return rest.substr(0, length);
}

/// Reads one leaf (Value), or the head of something (Continue).
ReplyParser::Step ReplyParser::parseOne(RespValue& value)
{
    if (m_bulkType != 0)
        return takeBulk(value);
    if (m_cursor >= m_buffer.size())
        return Step::NeedMore;
    const char type = m_buffer[m_cursor];
    if (std::string_view("+-:$*_,#(!=%~>|").find(type) == std::string_view::npos)
        return fail("the server sent " + describeByte(type) + " where an answer begins: it doesn't speak RESP");
    const auto line = takeLine();
    if (!line)
        return failed() ? Step::Failed : Step::NeedMore;
    const std::string_view content = line->substr(1);
    switch (type) {
    case '$':
    case '!':
    case '=':
        return startBulk(type, content, value);
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
        return startAggregate(type, content, value);
    default:
        return parseLine(type, content, value);
    }
}

ReplyParser::Step ReplyParser::parseLine(char type, std::string_view line, RespValue& value)
{
    switch (type) {
    case '+':
        value = RespValue::simple(std::string(line));
        return Step::Value;
    case '-':
        value = RespValue::error(std::string(line));
        return Step::Value;
    case ':':
        if (const auto number = parseInteger(line.starts_with('+') ? line.substr(1) : line)) {
            value = RespValue::integer(*number);
            return Step::Value;
        }
        return fail("the server sent an integer that isn't one");
    case ',':
        if (const auto number = parseDouble(line)) {
            value = RespValue::real(*number);
            return Step::Value;
        }
        return fail("the server sent a floating-point number that isn't one");
    case '#':
        if (line != "t" && line != "f")
            return fail("the server sent a boolean that is neither true nor false");
        value = RespValue::boolean(line == "t");
        return Step::Value;
    case '(':
        if (!isBigNumber(line))
            return fail("the server sent a big number that isn't one");
        value = RespValue::bigNumber(std::string(line));
        return Step::Value;
    default: // '_'
        if (!line.empty())
            return fail("the server sent a null with something in it");
        value = RespValue::null();
        return Step::Value;
    }
}

ReplyParser::Step ReplyParser::startBulk(char type, std::string_view line, RespValue& value)
{
    if (type == '$' && line == "-1") {
        value = RespValue::null();
        return Step::Value;
    }
    const auto byteCount = parseInteger(line);
    if (!byteCount || *byteCount < (type == '=' ? 4 : 0))
        return fail("the server sent a string with an invalid length");
    if (*byteCount > static_cast<std::int64_t>(m_limits.bulkBytesMax))
        return fail("the server sent a string of more than " + std::to_string(m_limits.bulkBytesMax) + " bytes");
    m_bulkType = type;
    m_bulkBytes = static_cast<std::size_t>(*byteCount);
    return Step::Continue;
}

ReplyParser::Step ReplyParser::takeBulk(RespValue& value)
{
    const std::string_view rest = std::string_view(m_buffer).substr(m_cursor);
    if (rest.size() < m_bulkBytes + 2)
        return Step::NeedMore;
    if (rest.substr(m_bulkBytes, 2) != "\r\n")
        return fail("the server sent a string that is longer than it said");
    std::string_view content = rest.substr(0, m_bulkBytes);
    m_cursor += m_bulkBytes + 2;
    if (m_bulkType == '=') {
        if (content[3] != ':')
            return fail("the server sent a verbatim string without a format");
        value = RespValue::verbatim(std::string(content.substr(4)));
    } else if (m_bulkType == '!') {
        value = RespValue::error(std::string(content));
    } else {
        value = RespValue::bulk(std::string(content));
    }
    m_bulkType = 0;
    return Step::Value;
}

ReplyParser::Step ReplyParser::startAggregate(char type, std::string_view line, RespValue& value)
{
    if (type == '*' && line == "-1") {
        value = RespValue::null();
        return Step::Value;
    }
    const auto count = parseInteger(line);
    if (!count || *count < 0)
        return fail("the server sent a list with an invalid length");
    const bool isPairs = type == '%' || type == '|';
    if (*count > static_cast<std::int64_t>(m_limits.elementsMax) / (isPairs ? 2 : 1))
        return fail("the server sent a list of more than " + std::to_string(m_limits.elementsMax) + " elements");
    if (m_frames.size() >= m_limits.depthMax)
        return fail("the server sent lists within lists, more than " + std::to_string(m_limits.depthMax) + " deep");
    value.type = aggregateType(type);
    const std::size_t elementCount = static_cast<std::size_t>(*count) * (isPairs ? 2 : 1);
    if (elementCount == 0)
        return type == '|' ? Step::Continue : Step::Value;
    value.elements.reserve(std::min(elementCount, elementsReservedMax));
    m_frames.push_back({std::move(value), elementCount, type == '|'});
    return Step::Continue;
}

} // namespace quoit
