// tests/bench/cache/bench_cache.cpp - prints how many requests each cache policy misses on a trace and on made-up
// loads, and what its steps cost.
//
//   bench_cache [TRACE.csv.gz]     about a minute
#include "shared/base/random.h"
#include "tests/bench/cache/cache_model.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>

using namespace quoit;

namespace {

constexpr std::uint32_t objectBytes = 1000;
constexpr std::uint64_t zipfKeys = 1'000'000;
constexpr int zipfRequests = 4'000'000;

/// Keys 0 … count - 1, the first the most often asked for.
class Zipf
{
public:
    Zipf(std::uint64_t count, double exponent)
    {
        double sum = 0;
        for (std::uint64_t rank = 1; rank <= count; ++rank)
            m_sums.push_back(sum += std::pow(static_cast<double>(rank), -exponent));
    }
    std::uint64_t next(Random& random) const
    {
        const double at = random.unit() * m_sums.back();
        return static_cast<std::uint64_t>(std::lower_bound(m_sums.begin(), m_sums.end(), at) - m_sums.begin());
    }

private:
    std::vector<double> m_sums;
};

void printRow(const std::string& name, const std::vector<CacheRequest>& requests, std::uint64_t bytesMax)
{
    std::uint64_t misses[std::size(allCachePolicies)];
    std::uint64_t best = UINT64_MAX;
    for (std::size_t i = 0; i < std::size(allCachePolicies); ++i) {
        CacheModel model(allCachePolicies[i], bytesMax);
        for (const CacheRequest& request : requests)
            model.ask(request);
        best = std::min(best, misses[i] = model.misses());
    }
    std::printf("| %s |", name.c_str());
    for (const std::uint64_t count : misses)
        std::printf(" %llu |", static_cast<unsigned long long>(count));
    std::printf(" %+.1f %% |\n", (static_cast<double>(misses[2]) / static_cast<double>(best) - 1) * 100);
    std::fflush(stdout);
}

void printZipf(double exponent)
{
    const Zipf zipf(zipfKeys, exponent);
    Random random(1);
    std::vector<CacheRequest> requests;
    for (int i = 0; i < zipfRequests; ++i)
        requests.push_back({zipf.next(random), objectBytes});
    for (const std::uint64_t percent : {1, 10}) {
        char name[64];
        std::snprintf(name, sizeof name, "Zipf %.1f, %d %%", exponent, static_cast<int>(percent));
        printRow(name, requests, zipfKeys * percent / 100 * objectBytes);
    }
}

/// Half of the requests go to a hot set that fits, the other half never come again.
void printScan()
{
    Random random(2);
    std::vector<CacheRequest> requests;
    for (std::uint64_t i = 0; i < 1'000'000; ++i) {
        requests.push_back({random.below(8000), objectBytes});
        requests.push_back({1'000'000 + i, objectBytes});
    }
    printRow("scan through a hot set", requests, 10'000 * std::uint64_t(objectBytes));
}

void printLoop()
{
    std::vector<CacheRequest> requests;
    for (int round = 0; round < 50; ++round) {
        for (std::uint64_t id = 0; id < 11'000; ++id)
            requests.push_back({id, objectBytes});
    }
    printRow("loop of 1.1 caches", requests, 10'000 * std::uint64_t(objectBytes));
}

double nanosecondsOf(std::uint64_t steps, const std::function<void()>& work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() /
           static_cast<double>(steps);
}

/// The policies alone, with a million entries.
void printCosts()
{
    constexpr CacheSlot entries = 1'000'000;
    constexpr std::size_t perCall = 32;
    std::printf("\n| ns per | hit, Zipf 1.0 | hit, uniform | insert | evict and insert |\n|---|--:|--:|--:|--:|\n");
    Random random(3);
    const Zipf zipf(entries, 1.0);
    std::vector<CacheSlot> skewed;
    std::vector<CacheSlot> uniform;
    for (CacheSlot i = 0; i < entries; ++i) {
        skewed.push_back(static_cast<CacheSlot>(zipf.next(random) * 7919 % entries));
        uniform.push_back(static_cast<CacheSlot>(random.below(entries)));
    }
    for (const CachePolicyKind kind : allCachePolicies) {
        const std::unique_ptr<CachePolicy> policy = makeCachePolicy(kind, std::uint64_t(entries) * objectBytes);
        std::uint64_t hash = 1;
        const auto insert = [&](CacheSlot slot) {
            policy->inserted(slot, hash += 0x9e3779b97f4a7c15ULL, objectBytes, 0);
        };
        const auto touch = [&](const std::vector<CacheSlot>& slots) {
            for (std::size_t i = 0; i + perCall <= slots.size(); i += perCall)
                policy->touched(std::span(slots).subspan(i, perCall));
        };
        const double inserting = nanosecondsOf(entries, [&] {
            for (CacheSlot slot = 0; slot < entries; ++slot)
                insert(slot);
        });
        const double hot = nanosecondsOf(entries, [&] { touch(skewed); });
        const double cold = nanosecondsOf(entries, [&] { touch(uniform); });
        const double evicting = nanosecondsOf(entries, [&] {
            for (CacheSlot i = 0; i < entries; ++i) {
                const CacheSlot slot = policy->victim();
                policy->evicted(slot);
                insert(slot);
            }
        });
        std::printf("| %s | %.0f | %.0f | %.0f | %.0f |\n", std::string(toText(kind)).c_str(), hot, cold, inserting,
                    evicting);
    }
}

} // namespace

int main(int argc, char** argv)
{
    std::printf(
        "| misses | lru | lfu | w-tinylfu | s3-fifo | w-tinylfu behind the best |\n|---|--:|--:|--:|--:|--:|\n");
    if (argc > 1) {
        const std::vector<CacheRequest> trace = readTrace(argv[1]);
        if (trace.empty()) {
            std::fprintf(stderr, "bench_cache: can't read %s\n", argv[1]);
            return 1;
        }
        for (std::uint64_t mebibytes = 128; mebibytes <= 1024; mebibytes += 128)
            printRow("trace, " + std::to_string(mebibytes) + " MiB", trace, mebibytes << 20);
    }
    printScan();
    printLoop();
    for (const double exponent : {0.8, 0.9, 1.0, 1.1, 1.2})
        printZipf(exponent);
    printCosts();
    return 0;
}
