#include "console/terminal/json_text.h"

#include "console/terminal/text.h"

#include <cmath>
#include <cstdio>

namespace quoit::terminal {

namespace {

void appendValue(std::string& out, const RespValue& value);

void appendList(std::string& out, const RespValue& list)
{
    out.push_back('[');
    for (std::size_t i = 0; i < list.elements.size(); ++i) {
        if (i)
            out.push_back(',');
        appendValue(out, list.elements[i]);
    }
    out.push_back(']');
}

void appendMap(std::string& out, const RespValue& map)
{
    out.push_back('{');
    for (std::size_t i = 0; i + 1 < map.elements.size(); i += 2) {
        if (i)
            out.push_back(',');
        appendJsonString(out, map.elements[i].asText());
        out.push_back(':');
        appendValue(out, map.elements[i + 1]);
    }
    out.push_back('}');
}

/// RESP allows a plus and zeros in front, JSON doesn't.
void appendBigNumber(std::string& out, std::string_view digits)
{
    if (digits.starts_with('-'))
        out.push_back('-');
    const std::size_t first = digits.find_first_not_of("+-0");
    out += first == std::string_view::npos ? "0" : digits.substr(first);
}

void appendValue(std::string& out, const RespValue& value)
{
    switch (value.type) {
    case RespType::Null:
        out += "null";
        break;
    case RespType::Integer:
        out += value.asText();
        break;
    case RespType::BigNumber:
        appendBigNumber(out, value.text);
        break;
    case RespType::Boolean:
        out += value.asBool() ? "true" : "false";
        break;
    case RespType::Double:
        out += std::isfinite(value.doubleValue) ? value.asText() : "null"; // JSON knows no infinity
        break;
    case RespType::Map:
        appendMap(out, value);
        break;
    case RespType::Array:
    case RespType::Set:
    case RespType::Push:
        appendList(out, value);
        break;
    case RespType::Error:
        out += "{\"error\":" + jsonString(value.text) + "}";
        break;
    case RespType::SimpleString:
    case RespType::BulkString:
    case RespType::VerbatimString:
        appendJsonString(out, value.text);
        break;
    }
}

void appendEscaped(std::string& out, char byte)
{
    switch (byte) {
    case '"':
        out += "\\\"";
        break;
    case '\\':
        out += "\\\\";
        break;
    case '\n':
        out += "\\n";
        break;
    case '\r':
        out += "\\r";
        break;
    case '\t':
        out += "\\t";
        break;
    default: {
        char buffer[8];
        std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned char>(byte));
        out += buffer;
    }
    }
}

} // namespace

void appendJsonString(std::string& out, std::string_view text)
{
    out.push_back('"');
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text.front());
        const std::size_t length = byte < 0x80 ? 1 : utf8Length(text);
        if (length == 0)
            out += "\uFFFD";
        else if (text.starts_with("\uFEFF"))
            out += "\\ufeff"; // readers take it for a byte order mark and drop it
        else if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f)
            appendEscaped(out, text.front());
        else
            out.append(text.substr(0, length));
        text.remove_prefix(length == 0 ? 1 : length);
    }
    out.push_back('"');
}

std::string jsonText(const RespValue& value)
{
    std::string out;
    appendValue(out, value);
    return out;
}

std::string jsonString(std::string_view text)
{
    std::string out;
    appendJsonString(out, text);
    return out;
}

std::string jsonObject(std::initializer_list<std::pair<std::string_view, std::string>> members)
{
    std::string out(1, '{');
    for (const auto& [name, value] : members) {
        if (out.size() > 1)
            out.push_back(',');
        appendJsonString(out, name);
        out.push_back(':');
        out += value;
    }
    out.push_back('}');
    return out;
}

std::string jsonList(const std::vector<std::string>& elements)
{
    std::string out(1, '[');
    for (const std::string& element : elements) {
        if (out.size() > 1)
            out.push_back(',');
        out += element;
    }
    out.push_back(']');
    return out;
}

} // namespace quoit::terminal
