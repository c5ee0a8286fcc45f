// Fuzzes what clients send: shared/resp/request_parser, inline_arguments.
// Input: limits u8, cut u8, then a client's stream.
#include "shared/resp/inline_arguments.h"
#include "shared/resp/request_parser.h"
#include "shared/resp/writer.h"
#include "tests/fuzz/fuzz.h"

using namespace quoit;

namespace {

struct Outcome
{
    std::vector<std::vector<std::string>> requests;
    std::string error;

    bool operator==(const Outcome&) const = default;
};

/// @return false once the stream has failed
template <typename Take>
bool takeAll(RequestParser& parser, Take take)
{
    std::vector<std::string_view> arguments;
    for (;;) {
        const RequestParser::Status status = parser.next(arguments);
        if (status == RequestParser::Status::NeedMore)
            return true;
        if (status == RequestParser::Status::Error)
            return false;
        FUZZ_CHECK(!arguments.empty());
        take(arguments);
    }
}

Outcome parse(std::string_view stream, const RequestParser::Limits& limits, std::uint8_t cut, bool isWhole)
{
    Outcome outcome;
    RequestParser parser(limits);
    bool alive = true;
    const auto feed = [&](std::string_view chunk) {
        if (!alive)
            return;
        parser.append(chunk);
        alive = takeAll(parser, [&](const std::vector<std::string_view>& arguments) {
            outcome.requests.emplace_back(arguments.begin(), arguments.end());
        });
    };
    if (isWhole)
        feed(stream);
    else
        fuzz::inChunks(stream, cut, feed);
    outcome.error = parser.error();
    FUZZ_CHECK(alive == outcome.error.empty());
    return outcome;
}

void checkMemory(std::string_view stream, const RequestParser::Limits& limits)
{
    const fuzz::MemoryMeter meter;
    RequestParser parser(limits);
    parser.append(stream);
    const bool alive = takeAll(parser, [](const auto&) {});
    FUZZ_CHECK(meter.peakBytes() <= 8192 + 32 * stream.size());
    FUZZ_CHECK(!alive || parser.bufferedBytes() <= stream.size());
    if (alive && parser.bufferedBytes() == 0) {
        parser.shrink();
        FUZZ_CHECK(parser.heldBytes() == 0);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    fuzz::Input input(data, byteCount);
    RequestParser::Limits limits;
    if (input.u8() % 2 != 0)
        limits = {
            .bulkBytesMax = 64, .argumentsMax = 8, .inlineBytesMax = 32, .requestBytesMax = 256, .keptBytesMax = 64};
    const std::uint8_t cut = input.u8();
    const std::string_view stream = input.rest();

    const Outcome whole = parse(stream, limits, cut, true);
    FUZZ_CHECK(parse(stream, limits, cut, false) == whole);
    FUZZ_CHECK(parse(stream, limits, 0, false) == whole);
    checkMemory(stream, limits);

    std::string again;
    for (const auto& request : whole.requests)
        appendRequest(again, request);
    FUZZ_CHECK(parse(again, RequestParser::Limits(), cut, true).requests == whole.requests);

    const auto arguments = splitInlineArguments(stream);
    std::size_t argumentBytes = 0;
    if (arguments)
        for (const std::string& argument : *arguments)
            argumentBytes += argument.size();
    FUZZ_CHECK(argumentBytes <= stream.size());
    return 0;
}
