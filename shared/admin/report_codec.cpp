#include "shared/admin/report_codec.h"

#include <limits>

namespace quoit::admin {

RespValue fieldToResp(std::uint64_t value)
{
    constexpr auto largest = std::uint64_t(std::numeric_limits<std::int64_t>::max());
    return RespValue::integer(std::int64_t(value < largest ? value : largest));
}

RespValue fieldToResp(std::int64_t value)
{
    return RespValue::integer(value);
}

RespValue fieldToResp(double value)
{
    return RespValue::real(value);
}

RespValue fieldToResp(bool value)
{
    return RespValue::boolean(value);
}

RespValue fieldToResp(const std::string& value)
{
    return RespValue::bulk(value);
}

RespValue fieldToResp(const std::vector<std::uint32_t>& values)
{
    std::vector<RespValue> elements;
    elements.reserve(values.size());
    for (const std::uint32_t value : values)
        elements.push_back(RespValue::integer(value));
    return RespValue::array(std::move(elements));
}

bool fieldFromResp(const RespValue& value, std::int64_t& field)
{
    const auto number = value.asInteger();
    if (!number)
        return false;
    field = *number;
    return true;
}

bool fieldFromResp(const RespValue& value, std::uint64_t& field)
{
    const auto number = value.asInteger();
    if (!number || *number < 0)
        return false;
    field = std::uint64_t(*number);
    return true;
}

bool fieldFromResp(const RespValue& value, std::uint32_t& field)
{
    const auto number = value.asInteger();
    if (!number || *number < 0 || *number > std::int64_t(std::numeric_limits<std::uint32_t>::max()))
        return false;
    field = std::uint32_t(*number);
    return true;
}

bool fieldFromResp(const RespValue& value, double& field)
{
    const auto number = value.asDouble();
    if (!number)
        return false;
    field = *number;
    return true;
}

bool fieldFromResp(const RespValue& value, bool& field)
{
    if (value.isAggregate() || value.isNull() || value.isError())
        return false;
    field = value.asBool();
    return true;
}

bool fieldFromResp(const RespValue& value, std::string& field)
{
    if (!value.isString())
        return false;
    field = value.text;
    return true;
}

bool fieldFromResp(const RespValue& value, std::vector<std::uint32_t>& field)
{
    if (!value.isAggregate() || value.type == RespType::Map)
        return false;
    field.clear();
    for (const RespValue& element : value.elements) {
        std::uint32_t number = 0;
        if (!fieldFromResp(element, number))
            return false;
        field.push_back(number);
    }
    return true;
}

bool isMapLike(const RespValue& value)
{
    return value.type == RespType::Map || (value.type == RespType::Array && value.elements.size() % 2 == 0);
}

Error corruptField(std::string_view name)
{
    return {ErrorCode::Corrupt, "a node's report can't be read: field '" + std::string(name) + "'"};
}

} // namespace quoit::admin
