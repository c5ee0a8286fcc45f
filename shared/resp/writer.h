// shared/resp/writer.h - writes RESP2 and RESP3 by appending to a string.
// The caller promises as many elements as it announced in a header; nothing here counts them.
#pragma once

#include "shared/resp/value.h"

#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace quoit {

/// Appends replies in a client's protocol. Cheap to create: one for each reply is fine.
/// Borrows the string, which must outlive the writer.
class RespWriter
{
public:
    /// @param protocol 2 or 3, as the client chose it with HELLO
    RespWriter(std::string& out, int protocol)
        : m_out(out)
        , m_protocol(protocol)
    {}

    int protocol() const { return m_protocol; }

    /// CR and LF in it become spaces: they would end the line.
    void simpleString(std::string_view text) { line('+', text); }
    /// @param text with its code: "ERR no such key". CR and LF become spaces.
    void error(std::string_view text) { line('-', text); }
    void integer(std::int64_t value) { number(':', value); }
    void bulk(std::string_view text)
    {
        number('$', static_cast<std::int64_t>(text.size()));
        m_out.append(text);
        m_out.append("\r\n", 2);
    }
    /// A missing value: RESP2's null bulk.
    void null();
    /// A missing list: RESP2's null array; the same as null() in RESP3.
    void nullArray();
    /// @param count elements that follow
    void arrayHeader(std::size_t count) { number('*', static_cast<std::int64_t>(count)); }
    /// @param pairs keys with values that follow; RESP2 gets an array of 2 × pairs
    void mapHeader(std::size_t pairs);
    /// RESP2 gets an array.
    void setHeader(std::size_t count);
    /// RESP2 gets an array; don't send pushes there but in answer to a request.
    void pushHeader(std::size_t count);
    /// RESP2 gets a bulk string. The shortest text that reads back as the same number.
    void doubleValue(double value);
    /// RESP2 gets the integer 0 or 1.
    void boolean(bool value);
    /// @param digits with an optional '-'. RESP2 gets a bulk string.
    void bigNumber(std::string_view digits);
    /// @param format three characters: "txt" or "mkd". RESP2 gets a bulk string.
    void verbatim(std::string_view text, std::string_view format = "txt");
    /// A whole value, with what is in it.
    void write(const RespValue& value);
    /// Bytes that are RESP already.
    void raw(std::string_view bytes) { m_out.append(bytes); }

private:
    void number(char type, std::int64_t value)
    {
        char buffer[24];
        buffer[0] = type;
        char* end = std::to_chars(buffer + 1, buffer + 22, value).ptr;
        *end++ = '\r';
        *end++ = '\n';
        m_out.append(buffer, static_cast<std::size_t>(end - buffer));
    }
    void line(char type, std::string_view text);
    void elements(const RespValue& value);

    std::string& m_out;
    int m_protocol;
};

/// Appends a request: an array of bulk strings. @param arguments any range of what converts to std::string_view
template <typename Range>
void appendRequest(std::string& out, const Range& arguments)
{
    RespWriter writer(out, 2);
    writer.arrayHeader(static_cast<std::size_t>(std::size(arguments)));
    for (const auto& argument : arguments)
        writer.bulk(argument);
}

/// A request as bytes.
template <typename Range>
std::string encodeRequest(const Range& arguments)
{
    std::string out;
    appendRequest(out, arguments);
    return out;
}

inline std::string encodeRequest(std::initializer_list<std::string_view> arguments)
{
    return encodeRequest<std::initializer_list<std::string_view>>(arguments);
}

} // namespace quoit
