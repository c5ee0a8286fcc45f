#include "shared/resp/numbers.h"

#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <locale.h>

namespace quoit {

namespace {

/// MAX_LONG_DOUBLE_CHARS of Redis: LDBL_MAX has 4933 digits before the point.
constexpr std::size_t longDoubleCharsMax = 5 * 1024;

locale_t plainLocale()
{
    static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
    return locale;
}

} // namespace

std::optional<std::int64_t> parseInteger(std::string_view text)
{
    const bool negative = !text.empty() && text.front() == '-';
    const std::string_view digits = text.substr(negative ? 1 : 0);
    if (digits.empty() || digits.size() > 19)
        return std::nullopt;
    if (digits.front() == '0')
        return digits.size() == 1 && !negative ? std::optional<std::int64_t>(0) : std::nullopt;
    std::uint64_t magnitude = 0; // 19 digits always fit
    for (const char c : digits) {
        if (c < '0' || c > '9')
            return std::nullopt;
        magnitude = magnitude * 10 + static_cast<std::uint64_t>(c - '0');
    }
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (magnitude > largest + (negative ? 1 : 0))
        return std::nullopt;
    return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

std::optional<long double> parseLongDouble(std::string_view text)
{
    if (text.empty() || text.size() >= longDoubleCharsMax || std::isspace(static_cast<unsigned char>(text.front())))
        return std::nullopt;
    const std::string terminated(text);
    char* end = nullptr;
    errno = 0;
    const long double value = strtold_l(terminated.c_str(), &end, plainLocale());
    if (end != terminated.c_str() + terminated.size() || std::isnan(value))
        return std::nullopt;
    if (errno == ERANGE && (std::isinf(value) || value == 0))
        return std::nullopt;
    return value;
}

std::string formatLongDouble(long double value)
{
    char buffer[longDoubleCharsMax];
    const locale_t previous = uselocale(plainLocale());
    const int length = std::snprintf(buffer, sizeof buffer, "%.17Lf", value);
    uselocale(previous);
    std::string text(buffer, static_cast<std::size_t>(length));
    if (text.find('.') != std::string::npos) {
        text.erase(text.find_last_not_of('0') + 1);
        if (text.back() == '.')
            text.pop_back();
    }
    return text == "-0" ? "0" : text;
}

std::optional<double> parseDouble(std::string_view text)
{
    if (!text.empty() && text.front() == '+')
        text.remove_prefix(1);
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

std::string formatDouble(double value)
{
    if (std::isnan(value))
        return "nan"; // to_chars would write the sign of a NaN as well
    char buffer[32];
    const auto [end, failure] = std::to_chars(buffer, buffer + sizeof buffer, value);
    return std::string(buffer, failure == std::errc() ? end : buffer);
}

} // namespace quoit
