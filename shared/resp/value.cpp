#include "shared/resp/value.h"

#include "shared/resp/numbers.h"

#include <charconv>

namespace quoit {

RespValue RespValue::ofText(RespType type, std::string text)
{
    RespValue value;
    value.type = type;
    value.text = std::move(text);
    return value;
}

RespValue RespValue::ofList(RespType type, std::vector<RespValue> elements)
{
    RespValue value;
    value.type = type;
    value.elements = std::move(elements);
    return value;
}

RespValue RespValue::integer(std::int64_t number)
{
    RespValue value;
    value.type = RespType::Integer;
    value.integerValue = number;
    return value;
}

RespValue RespValue::real(double number)
{
    RespValue value;
    value.type = RespType::Double;
    value.doubleValue = number;
    return value;
}

RespValue RespValue::boolean(bool truth)
{
    RespValue value;
    value.type = RespType::Boolean;
    value.integerValue = truth ? 1 : 0;
    return value;
}

bool RespValue::isString() const
{
    return type == RespType::SimpleString || type == RespType::BulkString || type == RespType::VerbatimString;
}

bool RespValue::isAggregate() const
{
    return type == RespType::Array || type == RespType::Map || type == RespType::Set || type == RespType::Push;
}

std::optional<std::int64_t> RespValue::asInteger() const
{
    if (type == RespType::Integer || type == RespType::Boolean)
        return integerValue;
    if (isString() || type == RespType::BigNumber)
        return parseInteger(text);
    return std::nullopt;
}

std::optional<double> RespValue::asDouble() const
{
    if (type == RespType::Double)
        return doubleValue;
    if (type == RespType::Integer || type == RespType::Boolean)
        return static_cast<double>(integerValue);
    if (isString() || type == RespType::BigNumber)
        return parseDouble(text);
    return std::nullopt;
}

std::string RespValue::asText() const
{
    switch (type) {
    case RespType::Integer:
        return std::to_string(integerValue);
    case RespType::Boolean:
        return integerValue ? "true" : "false";
    case RespType::Double:
        return formatDouble(doubleValue);
    default:
        return text;
    }
}

bool RespValue::asBool() const
{
    if (type == RespType::Integer || type == RespType::Boolean)
        return integerValue != 0;
    return isString() && (text == "1" || text == "true");
}

const RespValue* RespValue::find(std::string_view key) const
{
    if (type != RespType::Map && type != RespType::Array)
        return nullptr;
    for (std::size_t i = 0; i + 1 < elements.size(); i += 2) {
        if (elements[i].isString() && elements[i].text == key)
            return &elements[i + 1];
    }
    return nullptr;
}

std::int64_t RespValue::integerAt(std::string_view key, std::int64_t fallback) const
{
    const RespValue* value = find(key);
    return value ? value->asInteger().value_or(fallback) : fallback;
}

double RespValue::doubleAt(std::string_view key, double fallback) const
{
    const RespValue* value = find(key);
    return value ? value->asDouble().value_or(fallback) : fallback;
}

std::string RespValue::textAt(std::string_view key) const
{
    const RespValue* value = find(key);
    return value ? value->asText() : std::string();
}

} // namespace quoit
