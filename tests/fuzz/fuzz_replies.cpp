// Fuzzes what servers send to the console: shared/resp/reply_parser, writer, value.
// Input: limits u8, cut u8, then a server's stream.
#include "shared/resp/reply_parser.h"
#include "shared/resp/writer.h"
#include "tests/fuzz/fuzz.h"

#include <cmath>

using namespace quoit;

namespace {

/// NaN, which equals nothing, in the bytes that a writer makes of it.
std::string bytesOf(const std::vector<RespValue>& values, int protocol)
{
    std::string bytes;
    RespWriter writer(bytes, protocol);
    for (const RespValue& value : values)
        writer.write(value);
    return bytes;
}

struct Outcome
{
    std::vector<RespValue> values;
    std::string error;
};

Outcome parse(std::string_view stream, const ReplyParser::Limits& limits, std::uint8_t cut, bool isWhole)
{
    Outcome outcome;
    ReplyParser parser(limits);
    const auto feed = [&](std::string_view chunk) {
        parser.feed(chunk);
        while (auto value = parser.next())
            outcome.values.push_back(std::move(*value));
    };
    if (isWhole)
        feed(stream);
    else
        fuzz::inChunks(stream, cut, feed);
    outcome.error = parser.error();
    FUZZ_CHECK(parser.failed() == !outcome.error.empty());
    return outcome;
}

void checkMemory(std::string_view stream, const ReplyParser::Limits& limits)
{
    const fuzz::MemoryMeter meter;
    ReplyParser parser(limits);
    parser.feed(stream);
    while (parser.next())
        ;
    // Every open list may have its first elements reserved; an element of three bytes takes a RespValue.
    const std::size_t reserved = limits.depthMax * 256 * sizeof(RespValue);
    FUZZ_CHECK(meter.peakBytes() <= 4096 + reserved + sizeof(RespValue) * stream.size());
}

/// What nobody may trip over, whatever the value is.
void lookAt(const RespValue& value, std::size_t depth)
{
    FUZZ_CHECK(depth <= ReplyParser::Limits().depthMax);
    (void)value.asBool();
    const std::string text = value.asText();
    if (const auto number = value.asInteger(); number && value.isString())
        FUZZ_CHECK(std::to_string(*number) == text);
    if (const RespValue* found = value.find("a"))
        FUZZ_CHECK(value.textAt("a") == found->asText());
    for (const RespValue& element : value.elements)
        lookAt(element, depth + 1);
}

/// True if writing keeps it as it is: no line end in what is written as a line, no NaN.
bool isPlain(const RespValue& value)
{
    if (value.type == RespType::SimpleString || value.type == RespType::Error)
        return value.text.find_first_of("\r\n") == std::string::npos;
    if (value.type == RespType::Double)
        return !std::isnan(value.doubleValue);
    for (const RespValue& element : value.elements)
        if (!isPlain(element))
            return false;
    return true;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    fuzz::Input input(data, byteCount);
    ReplyParser::Limits limits;
    if (input.u8() % 2 != 0)
        limits = {.depthMax = 3, .lineBytesMax = 16, .bulkBytesMax = 32, .elementsMax = 4, .valueBytesMax = 64};
    const std::uint8_t cut = input.u8();
    const std::string_view stream = input.rest();

    const Outcome whole = parse(stream, limits, cut, true);
    const std::string bytes = bytesOf(whole.values, 3);
    for (const std::uint8_t way : {cut, std::uint8_t(0)}) {
        const Outcome chunked = parse(stream, limits, way, false);
        FUZZ_CHECK(chunked.error == whole.error);
        FUZZ_CHECK(bytesOf(chunked.values, 3) == bytes);
    }
    checkMemory(stream, limits);
    for (const RespValue& value : whole.values)
        lookAt(value, 0);

    const Outcome again = parse(bytes, ReplyParser::Limits(), cut, true);
    FUZZ_CHECK(again.error.empty() && again.values.size() == whole.values.size());
    FUZZ_CHECK(bytesOf(again.values, 3) == bytes);
    for (std::size_t i = 0; i < whole.values.size(); ++i)
        FUZZ_CHECK(!isPlain(whole.values[i]) || again.values[i] == whole.values[i]);
    const Outcome older = parse(bytesOf(whole.values, 2), ReplyParser::Limits(), cut, true);
    FUZZ_CHECK(older.error.empty() && older.values.size() == whole.values.size());
    return 0;
}
