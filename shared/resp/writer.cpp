#include "shared/resp/writer.h"

#include "shared/base/result.h"
#include "shared/resp/numbers.h"

namespace quoit {

void RespWriter::line(char type, std::string_view text)
{
    m_out.push_back(type);
    const std::size_t begin = m_out.size();
    m_out.append(text);
    for (std::size_t i = begin; i < m_out.size(); ++i) {
        if (m_out[i] == '\r' || m_out[i] == '\n')
            m_out[i] = ' ';
    }
    m_out.append("\r\n", 2);
}

void RespWriter::null()
{
    m_out.append(m_protocol >= 3 ? "_\r\n" : "$-1\r\n");
}

void RespWriter::nullArray()
{
    m_out.append(m_protocol >= 3 ? "_\r\n" : "*-1\r\n");
}

void RespWriter::mapHeader(std::size_t pairs)
{
    if (m_protocol >= 3)
        number('%', static_cast<std::int64_t>(pairs));
    else
        arrayHeader(2 * pairs);
}

void RespWriter::setHeader(std::size_t count)
{
    number(m_protocol >= 3 ? '~' : '*', static_cast<std::int64_t>(count));
}

void RespWriter::pushHeader(std::size_t count)
{
    number(m_protocol >= 3 ? '>' : '*', static_cast<std::int64_t>(count));
}

void RespWriter::doubleValue(double value)
{
    if (m_protocol >= 3)
        line(',', formatDouble(value));
    else
        bulk(formatDouble(value));
}

void RespWriter::boolean(bool value)
{
    if (m_protocol >= 3)
        m_out.append(value ? "#t\r\n" : "#f\r\n");
    else
        integer(value ? 1 : 0);
}

void RespWriter::bigNumber(std::string_view digits)
{
    if (m_protocol >= 3)
        line('(', digits);
    else
        bulk(digits);
}

void RespWriter::verbatim(std::string_view text, std::string_view format)
{
    QUOIT_ENSURE(format.size() == 3);
    if (m_protocol < 3) {
        bulk(text);
        return;
    }
    number('=', static_cast<std::int64_t>(text.size() + 4));
    m_out.append(format);
    m_out.push_back(':');
    m_out.append(text);
    m_out.append("\r\n", 2);
}

void RespWriter::write(const RespValue& value)
{
    switch (value.type) {
    case RespType::SimpleString:
        return simpleString(value.text);
    case RespType::Error:
        return error(value.text);
    case RespType::Integer:
        return integer(value.integerValue);
    case RespType::BulkString:
        return bulk(value.text);
    case RespType::Null:
        return null();
    case RespType::Double:
        return doubleValue(value.doubleValue);
    case RespType::Boolean:
        return boolean(value.integerValue != 0);
    case RespType::BigNumber:
        return bigNumber(value.text);
    case RespType::VerbatimString:
        return verbatim(value.text);
    case RespType::Array:
        arrayHeader(value.elements.size());
        return elements(value);
    case RespType::Map:
        QUOIT_ENSURE(value.elements.size() % 2 == 0);
        mapHeader(value.elements.size() / 2);
        return elements(value);
    case RespType::Set:
        setHeader(value.elements.size());
        return elements(value);
    case RespType::Push:
        pushHeader(value.elements.size());
        return elements(value);
    }
}

void RespWriter::elements(const RespValue& value)
{
    for (const RespValue& element : value.elements)
        write(element);
}

} // namespace quoit
