// Fuzzes numbers and times in text: shared/resp/numbers, and the durations of console/terminal/options.
// Input: a text.
#include "console/terminal/options.h"
#include "shared/resp/numbers.h"
#include "tests/fuzz/fuzz.h"

#include <charconv>
#include <cmath>
#include <cstring>

using namespace quoit;

namespace {

void fuzzInteger(std::string_view text)
{
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool isCanonical = error == std::errc() && end == text.data() + text.size() && std::to_string(value) == text;
    const auto parsed = parseInteger(text);
    FUZZ_CHECK(parsed.has_value() == isCanonical);
    FUZZ_CHECK(!parsed || *parsed == value);
}

void fuzzLongDouble(std::string_view text)
{
    const auto value = parseLongDouble(text);
    if (!value)
        return;
    FUZZ_CHECK(!std::isnan(*value));
    if (std::isinf(*value))
        return;
    const std::string shown = formatLongDouble(*value);
    FUZZ_CHECK(shown.find_first_not_of("-0123456789.") == std::string::npos && shown != "-0");
    const auto again = parseLongDouble(shown);
    FUZZ_CHECK(again && std::abs(*again - *value) <= 1e-17L);
    FUZZ_CHECK(formatLongDouble(*again) == shown);
}

void fuzzDouble(std::string_view text)
{
    if (const auto value = parseDouble(text); value && !std::isnan(*value))
        FUZZ_CHECK(parseDouble(formatDouble(*value)) == value);
    double value = 0;
    std::memcpy(&value, text.data(), std::min(text.size(), sizeof value));
    const auto again = parseDouble(formatDouble(value));
    FUZZ_CHECK(again && (std::isnan(value) ? std::isnan(*again) : *again == value));
}

void fuzzDuration(std::string_view text)
{
    const auto ms = terminal::parseDuration(text);
    if (!ms)
        return;
    FUZZ_CHECK(*ms > 0);
    FUZZ_CHECK(terminal::parseDuration(std::to_string(*ms) + "ms") == ms);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    const std::string_view text = fuzz::Input(data, byteCount).rest();
    fuzzInteger(text);
    fuzzLongDouble(text);
    fuzzDouble(text);
    fuzzDuration(text);
    return 0;
}
