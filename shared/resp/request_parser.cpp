#include "shared/resp/request_parser.h"

#include "shared/base/result.h"
#include "shared/resp/inline_arguments.h"
#include "shared/resp/numbers.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

namespace quoit {

namespace {

constexpr std::size_t bufferBytesMin = 1024;
constexpr std::size_t argumentsKeptMax = 1024;

/// The number behind a line's type byte; nearly all are one digit, and have no time to lose.
std::optional<std::int64_t> lineNumber(const char* line, std::size_t byteCount)
{
    if (byteCount == 2 && line[1] >= '0' && line[1] <= '9')
        return line[1] - '0';
    return parseInteger(std::string_view(line + 1, byteCount - 1));
}

} // namespace

RequestParser::RequestParser(const Limits& limits)
    : m_limits(limits)
{
    QUOIT_ENSURE(limits.requestBytesMax < std::numeric_limits<std::uint32_t>::max());
}

char* RequestParser::writeSpace(std::size_t bytesMin)
{
    const std::size_t live = m_end - m_begin;
    if (live == 0)
        m_begin = m_end = 0;
    if (m_capacity - m_end >= bytesMin)
        return m_buffer.get() + m_end;
    if (m_capacity - live >= bytesMin && m_begin >= live) {
        // At least as many bytes were consumed as have to move: moving costs a constant per byte received.
        std::memmove(m_buffer.get(), m_buffer.get() + m_begin, live);
    } else {
        const std::size_t capacity = std::bit_ceil(std::max(live + bytesMin, bufferBytesMin));
        auto larger = std::make_unique_for_overwrite<char[]>(capacity);
        if (live > 0)
            std::memcpy(larger.get(), m_buffer.get() + m_begin, live);
        m_buffer = std::move(larger);
        m_capacity = capacity;
    }
    m_begin = 0;
    m_end = live;
    return m_buffer.get() + m_end;
}

void RequestParser::commit(std::size_t byteCount)
{
    QUOIT_ENSURE(byteCount <= m_capacity - m_end);
    m_end += byteCount;
}

void RequestParser::append(std::string_view bytes)
{
    if (bytes.empty())
        return;
    std::memcpy(writeSpace(bytes.size()), bytes.data(), bytes.size());
    commit(bytes.size());
}

void RequestParser::shrink()
{
    if (m_begin != m_end)
        return;
    m_buffer.reset();
    m_capacity = m_begin = m_end = 0;
    // Assigning {} would keep the memory.
    std::vector<Span>().swap(m_spans);
    std::vector<std::string>().swap(m_inlineArguments);
}

RequestParser::Status RequestParser::next(std::vector<std::string_view>& arguments)
{
    arguments.clear();
    if (!m_error.empty())
        return Status::Error;
    while (m_begin < m_end) {
        const Step step = m_buffer[m_begin] == '*' ? parseArray(arguments) : parseInline(arguments);
        if (step == Step::NeedMore)
            return Status::NeedMore;
        if (step == Step::Error)
            return Status::Error;
        finishRequest();
        if (step == Step::Request)
            return Status::Request;
    }
    m_begin = m_end = 0;
    const bool holdsMuch = m_capacity > m_limits.keptBytesMax || m_spans.capacity() > argumentsKeptMax ||
                           m_inlineArguments.capacity() > argumentsKeptMax;
    if (holdsMuch)
        shrink();
    return Status::NeedMore;
}

void RequestParser::finishRequest()
{
    m_begin += m_cursor;
    m_cursor = 0;
    m_scannedBytes = 0;
    m_spans.clear();
}

RequestParser::Step RequestParser::fail(std::string_view reason)
{
    m_error.assign("Protocol error: ").append(reason);
    return Step::Error;
}

/// Looks for the end of the line at m_cursor, only where earlier calls haven't looked, and only as far as lines may go:
/// the answer must not depend on how much more has arrived.
RequestParser::Line RequestParser::findLineEnd(char terminator, std::size_t& length)
{
    const char* const line = m_buffer.get() + m_begin + m_cursor;
    const std::size_t available = m_end - m_begin - m_cursor;
    const std::size_t searched = std::min(available, m_limits.inlineBytesMax + 1);
    const void* found = std::memchr(line + m_scannedBytes, terminator, searched - m_scannedBytes);
    if (!found) {
        m_scannedBytes = searched;
        return available > m_limits.inlineBytesMax ? Line::TooLong : Line::NeedMore;
    }
    length = static_cast<std::size_t>(static_cast<const char*>(found) - line);
    m_scannedBytes = length;
    return Line::Found;
}

RequestParser::Step RequestParser::readArgumentCount()
{
    std::size_t length = 0;
    const Line line = findLineEnd('\r', length);
    if (line == Line::TooLong)
        return fail("too big mbulk count string");
    if (line == Line::NeedMore || length + 2 > m_end - m_begin)
        return Step::NeedMore;
    const auto count = lineNumber(m_buffer.get() + m_begin, length);
    if (!count || *count > static_cast<std::int64_t>(m_limits.argumentsMax))
        return fail("invalid multibulk length");
    m_cursor = length + 2;
    m_scannedBytes = 0;
    if (*count <= 0)
        return Step::Skip;
    m_argumentsLeft = static_cast<std::size_t>(*count);
    return Step::Request;
}

RequestParser::Step RequestParser::readBulkLength()
{
    const std::size_t available = m_end - m_begin - m_cursor;
    if (available == 0)
        return Step::NeedMore;
    const char* const header = m_buffer.get() + m_begin + m_cursor;
    if (*header != '$') {
        const bool breaksLine = *header == '\r' || *header == '\n' || *header == '\0';
        return fail(std::string("expected '$', got '") + (breaksLine ? ' ' : *header) + "'");
    }
    std::size_t length = 0;
    const Line line = findLineEnd('\r', length);
    if (line == Line::TooLong)
        return fail("too big bulk count string");
    if (line == Line::NeedMore || length + 2 > available)
        return Step::NeedMore;
    const auto byteCount = lineNumber(header, length);
    if (!byteCount || *byteCount < 0 || *byteCount > static_cast<std::int64_t>(m_limits.bulkBytesMax))
        return fail("invalid bulk length");
    m_cursor += length + 2;
    m_scannedBytes = 0;
    if (m_cursor + static_cast<std::size_t>(*byteCount) + 2 > m_limits.requestBytesMax)
        return fail("too big request");
    m_bulkBytes = static_cast<std::ptrdiff_t>(*byteCount);
    return Step::Request;
}

RequestParser::Step RequestParser::parseArray(std::vector<std::string_view>& arguments)
{
    if (m_cursor == 0) {
        const Step step = readArgumentCount();
        if (step != Step::Request)
            return step;
    }
    while (m_argumentsLeft > 0) {
        if (m_bulkBytes < 0) {
            const Step step = readBulkLength();
            if (step != Step::Request)
                return step;
        }
        const auto byteCount = static_cast<std::size_t>(m_bulkBytes);
        if (m_end - m_begin - m_cursor < byteCount + 2)
            return Step::NeedMore;
        m_spans.push_back({static_cast<std::uint32_t>(m_cursor), static_cast<std::uint32_t>(byteCount)});
        m_cursor += byteCount + 2; // like Redis, without a look at the CR and LF
        m_bulkBytes = -1;
        --m_argumentsLeft;
    }
    const char* const request = m_buffer.get() + m_begin;
    for (const Span& span : m_spans)
        arguments.emplace_back(request + span.offset, span.byteCount);
    return Step::Request;
}

RequestParser::Step RequestParser::parseInline(std::vector<std::string_view>& arguments)
{
    std::size_t length = 0;
    const Line line = findLineEnd('\n', length);
    if (line == Line::TooLong)
        return fail("too big inline request");
    if (line == Line::NeedMore)
        return Step::NeedMore;
    std::string_view text(m_buffer.get() + m_begin, length);
    if (text.ends_with('\r'))
        text.remove_suffix(1);
    auto split = splitInlineArguments(text);
    if (!split)
        return fail("unbalanced quotes in request");
    m_cursor = length + 1;
    if (split->empty())
        return Step::Skip;
    m_inlineArguments = std::move(*split);
    arguments.assign(m_inlineArguments.begin(), m_inlineArguments.end());
    return Step::Request;
}

} // namespace quoit
