// shared/resp/value.h - one RESP2 or RESP3 value as a client sees it.
// Source of the format: "Redis serialization protocol specification", RESP2 and RESP3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

enum class RespType : std::uint8_t {
    SimpleString,
    Error, ///< also RESP3's blob error
    Integer,
    BulkString,
    Null, ///< RESP3's null, RESP2's null bulk and null array
    Array,
    Map,
    Set,
    Push,
    Double,
    Boolean,
    BigNumber,
    VerbatimString,
};

/// A value and, for aggregates, everything in it. Plain data: copy, compare and move it freely.
struct RespValue
{
    RespType type = RespType::Null;
    std::string text;                ///< strings, errors, big numbers (their digits); verbatim strings without "txt:"
    std::vector<RespValue> elements; ///< aggregates; of a map [2n]: key, value, key, value, ...
    std::int64_t integerValue = 0;   ///< Integer; Boolean: 0 or 1
    double doubleValue = 0;          ///< Double

    static RespValue null() { return {}; }
    static RespValue simple(std::string text) { return ofText(RespType::SimpleString, std::move(text)); }
    static RespValue error(std::string text) { return ofText(RespType::Error, std::move(text)); }
    static RespValue bulk(std::string text) { return ofText(RespType::BulkString, std::move(text)); }
    static RespValue bigNumber(std::string digits) { return ofText(RespType::BigNumber, std::move(digits)); }
    static RespValue verbatim(std::string text) { return ofText(RespType::VerbatimString, std::move(text)); }
    static RespValue integer(std::int64_t value);
    static RespValue real(double value);
    static RespValue boolean(bool value);
    static RespValue array(std::vector<RespValue> elements) { return ofList(RespType::Array, std::move(elements)); }
    static RespValue set(std::vector<RespValue> elements) { return ofList(RespType::Set, std::move(elements)); }
    static RespValue push(std::vector<RespValue> elements) { return ofList(RespType::Push, std::move(elements)); }
    /// @param flattened [2n] key, value, key, value, ...
    static RespValue map(std::vector<RespValue> flattened) { return ofList(RespType::Map, std::move(flattened)); }

    bool isNull() const { return type == RespType::Null; }
    bool isError() const { return type == RespType::Error; }
    /// A simple, bulk or verbatim string.
    bool isString() const;
    /// An array, map, set or push.
    bool isAggregate() const;

    /// The integer of an Integer or Boolean, or of a string or big number that is one (strictly, as Redis reads them).
    std::optional<std::int64_t> asInteger() const;
    /// The number of a Double, Integer or Boolean, or of a string that is one.
    std::optional<double> asDouble() const;
    /// Strings and errors as they are, numbers in decimal, "true" and "false"; empty for Null and aggregates.
    std::string asText() const;
    /// True for a true Boolean, a non-zero Integer, and the strings that RESP2 has in their place ("1", "true").
    bool asBool() const;

    /// The value beside a key, in a map or in an array of key, value, key, value (what RESP2 has for a map).
    /// @return nullptr if there is none, or if this is neither. Borrowed from this value.
    const RespValue* find(std::string_view key) const;
    /// find() and asInteger(), or the fallback.
    std::int64_t integerAt(std::string_view key, std::int64_t fallback = 0) const;
    /// find() and asDouble(), or the fallback.
    double doubleAt(std::string_view key, double fallback = 0) const;
    /// find() and asText(), or "".
    std::string textAt(std::string_view key) const;

    bool operator==(const RespValue& other) const = default;

private:
    static RespValue ofText(RespType type, std::string text);
    static RespValue ofList(RespType type, std::vector<RespValue> elements);
};

} // namespace quoit
