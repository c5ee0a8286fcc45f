// shared/resp/numbers.h - numbers in text, read and written exactly as Redis does, whatever the process' locale.
// Qt sets the locale of the user, so strtod and printf must not be used bare: some write a decimal comma.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quoit {

/// A signed 64-bit integer in its one canonical form: no spaces, no '+', no leading zeros, no "-0".
/// Source: string2ll() of Redis 7. Anything else, and whatever doesn't fit, is nullopt.
std::optional<std::int64_t> parseInteger(std::string_view text);

/// What INCRBYFLOAT accepts: everything of strtold() (also hexadecimal, "inf"), but no leading space, no NaN, nothing
/// that overflows or underflows to 0, at most 5119 characters. Source: string2ld() of Redis 7.
std::optional<long double> parseLongDouble(std::string_view text);

/// As INCRBYFLOAT answers: 17 digits after the point, never an exponent, trailing zeros removed, "0" for -0.
/// Source: ld2string(LD_STR_HUMAN) of Redis 7. @param value finite
std::string formatLongDouble(long double value);

/// A decimal floating-point number as RESP3 writes it; also "inf", "-inf" and "nan".
std::optional<double> parseDouble(std::string_view text);

/// The shortest text that reads back as the same double; "inf", "-inf", "nan".
std::string formatDouble(double value);

} // namespace quoit
