// Fuzzes the command line of `quoit`: console/terminal/options.
// Input: lines, one argument each.
#include "console/terminal/import_source.h"
#include "console/terminal/options.h"
#include "tests/fuzz/fuzz.h"

using namespace quoit;
using namespace quoit::terminal;

namespace {

void check(const Options& options)
{
    FUZZ_CHECK(!options.address.empty());
    FUZZ_CHECK(options.window >= 1 && options.window <= 10'000);
    FUZZ_CHECK(options.replicas >= 1 && options.replicas <= 7);
    FUZZ_CHECK(options.partitions >= 16 && options.partitions <= 16384);
    FUZZ_CHECK((options.partitions & (options.partitions - 1)) == 0);
    FUZZ_CHECK(options.vnodes >= 1 && options.vnodes <= 1024);
    FUZZ_CHECK(options.nodes >= 1 && options.nodes <= 9);
    FUZZ_CHECK(!options.port || *options.port <= 65000);
    FUZZ_CHECK(options.ttlMs >= 0);
    const std::size_t words = options.arguments.size();
    switch (options.command) {
    case Command::Get:
    case Command::Locate:
        FUZZ_CHECK(words == 1);
        break;
    case Command::Set:
        FUZZ_CHECK((words == 2) == options.valueFile.empty());
        break;
    case Command::Import:
    case Command::Export:
        FUZZ_CHECK(words == 1);
        if (const auto format = formatOf(options.file, options.arguments[0]))
            ImportSource(options.file, format.value());
        break;
    case Command::Help:
        FUZZ_CHECK(!helpText(words == 1 ? options.arguments[0] : std::string()).empty());
        break;
    default:
        break;
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    const std::vector<std::string> arguments = fuzz::linesOf(fuzz::Input(data, byteCount).rest());
    const Result<Options> parsed = parseOptions(arguments);
    if (parsed)
        check(parsed.value());
    else
        FUZZ_CHECK(parsed.error().code == ErrorCode::InvalidArgument && !parsed.error().message.empty());
    return 0;
}
