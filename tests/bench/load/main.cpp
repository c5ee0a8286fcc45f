// tests/bench/load/main.cpp - bench_load: loads a server of the Redis protocol, prints one line of JSON.
// tests/bench/run calls it; bench_load --help says how.
#include "tests/bench/load/load.h"
#include "tests/bench/load/open_load.h"

#include <csignal>
#include <cstdio>

using namespace quoit;

namespace {

std::string escaped(const std::string& text)
{
    std::string out;
    for (const char character : text) {
        if (character == '"' || character == '\\')
            out += '\\';
        if (static_cast<unsigned char>(character) >= ' ')
            out += character;
    }
    return out;
}

const char* nameOf(bench::Work work)
{
    switch (work) {
    case bench::Work::Fill:
        return "fill";
    case bench::Work::Set:
        return "set";
    case bench::Work::Increment:
        return "incr";
    case bench::Work::Get:
        break;
    }
    return "get";
}

volatile std::sig_atomic_t stopped = 0;

/// The warm-up is a load of its own, whose failures count.
bench::LoadResult runOpen(const bench::LoadOptions& options)
{
    const bench::OpenLoadResult warmup = bench::OpenLoad(options, options.perSecond).run(options.warmupSeconds);
    const bench::OpenLoadResult measured = bench::OpenLoad(options, options.perSecond).run(options.seconds);
    bench::LoadResult result;
    result.operations = measured.good;
    result.seconds = measured.seconds;
    result.latency = measured.goodLatency;
    for (const bench::OpenLoadResult* part : {&warmup, &measured}) {
        result.errors += part->busy + part->other + part->notSent;
        if (result.firstError.empty())
            result.firstError = part->busy > 0 ? "BUSY" : part->notSent > 0 ? "no room on any connection" : part->firstOther;
    }
    return result;
}

} // namespace

int main(int argc, char** argv)
{
    auto options = bench::readOptions(argc, argv);
    if (!options)
        return 2;
    options->stop = &stopped;
    std::signal(SIGTERM, [](int) { stopped = 1; });
    const bench::LoadResult result = options->perSecond > 0 ? runOpen(*options) : bench::Load(*options).run();
    const double operations = static_cast<double>(result.operations);
    const auto perOperation = [&](double seconds) { return operations > 0 ? seconds * 1e6 / operations : 0.0; };
    const auto percentile = [&](double fraction) {
        return static_cast<unsigned long long>(result.latency.percentile(fraction));
    };
    std::printf("{\"work\":\"%s\",\"connections\":%d,\"pipeline\":%d,\"ops\":%.0f,\"seconds\":%.3f,\"rate\":%.0f,"
                "\"p50\":%llu,\"p99\":%llu,\"p999\":%llu,\"serverCpuUs\":%.2f,\"clientCpuUs\":%.2f,\"errors\":%llu,"
                "\"firstError\":\"%s\"}\n",
                nameOf(options->work), options->connections, options->pipeline, operations, result.seconds,
                result.seconds > 0 ? operations / result.seconds : 0.0, percentile(0.5), percentile(0.99),
                percentile(0.999), perOperation(result.serverCpuSeconds), perOperation(result.clientCpuSeconds),
                static_cast<unsigned long long>(result.errors), escaped(result.firstError).c_str());
    return result.errors == 0 && result.operations > 0 ? 0 : 1;
}
