// tests/sim/sim_main.cpp - the simulator as a program: many seeds, one with a trace, or the hunt for a planted bug.
#include "node/core/planted_bug.h"
#include "tests/sim/bug_names.h"
#include "tests/sim/simulation.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>

using namespace quoit;

namespace {

constexpr const char* usage =
    "quoit-sim [--seed S] [--count N | --minutes M] [--trace] [--hashes] [--quiet]\n"
    "  Runs the seeds from S on; prints those that fail, and how often each fault and each rare branch was met.\n"
    "  --trace   tells what happens\n"
    "  --hashes  prints each seed's event hash: the same in every build\n"
    "  --profile NAME  only seeds whose run is of that kind (tests/sim/profiles.cpp); counts them all\n"
    "quoit-sim-planted --bug NAME|all|list [--seed S] [--count N]\n"
    "  Looks for the first seed that finds the planted bug.\n";

struct Arguments
{
    std::uint64_t seed = 1;
    std::uint64_t count = 1;
    double minutes = 0;
    bool trace = false;
    bool hashes = false;
    bool quiet = false;
    std::string bug;
    std::string profile; ///< empty: all
};

bool parse(int argc, char** argv, Arguments& arguments)
{
    for (int i = 1; i < argc; ++i) {
        const auto is = [&](const char* name) { return std::strcmp(argv[i], name) == 0; };
        const auto value = [&] { return i + 1 < argc ? argv[++i] : ""; };
        if (is("--seed"))
            arguments.seed = std::strtoull(value(), nullptr, 10);
        else if (is("--count"))
            arguments.count = std::strtoull(value(), nullptr, 10);
        else if (is("--minutes"))
            arguments.minutes = std::strtod(value(), nullptr);
        else if (is("--bug"))
            arguments.bug = value();
        else if (is("--profile"))
            arguments.profile = value();
        else if (is("--trace"))
            arguments.trace = true;
        else if (is("--hashes"))
            arguments.hashes = true;
        else if (is("--quiet"))
            arguments.quiet = true;
        else
            return false;
    }
    return true;
}

class Stopwatch
{
public:
    double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count(); }

private:
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

int runSeeds(const Arguments& arguments)
{
    const Stopwatch watch;
    std::map<std::string, std::uint64_t> coverage;
    std::uint64_t runs = 0, failures = 0, requests = 0, unknown = 0;
    for (; arguments.minutes > 0 ? watch.seconds() < arguments.minutes * 60 : runs < arguments.count; ++runs) {
        const std::uint64_t seed = arguments.seed + runs;
        const sim::Parameters parameters = sim::Parameters::draw(seed);
        if (!arguments.profile.empty() && arguments.profile != parameters.profile)
            continue;
        sim::Simulation simulation(seed, parameters, arguments.trace);
        const std::string problem = simulation.run();
        for (const auto& [name, times] : simulation.coverage())
            coverage[name] += times;
        requests += simulation.history().size();
        unknown += simulation.unknown();
        if (!problem.empty()) {
            ++failures;
            std::cout << "seed " << seed << ": " << problem << " (" << parameters.toText() << ")" << std::endl;
        }
        if (arguments.trace || arguments.hashes)
            std::cout << "seed " << seed << " event hash " << simulation.eventHash() << "\n";
    }
    if (arguments.hashes)
        return failures == 0 ? 0 : 1;
    std::cout << runs << " runs from seed " << arguments.seed << ", " << failures << " failed; " << requests << " requests, " << unknown
              << " of unknown outcome; " << watch.seconds() << " s\n";
    if (!arguments.quiet)
        for (const auto& [name, times] : coverage)
            std::cout << "  " << name << " " << times << "\n";
    return failures == 0 ? 0 : 1;
}

#ifdef QUOIT_PLANTED_BUGS
/// @return the number of seeds until the bug was found; 0 if it wasn't.
std::uint64_t hunt(PlantedBug bug, const Arguments& arguments)
{
    plantedBug = bug;
    for (std::uint64_t run = 0; run < arguments.count; ++run) {
        const std::uint64_t seed = arguments.seed + run;
        const sim::Parameters parameters = sim::Parameters::draw(seed);
        if (!arguments.profile.empty() && arguments.profile != parameters.profile)
            continue;
        sim::Simulation simulation(seed, parameters, false);
        const std::string problem = simulation.run();
        if (problem.empty() || problem.find("could not be judged") != std::string::npos)
            continue;
        std::cout << sim::nameOf(bug) << ": found by seed " << seed << ", after " << run + 1 << ": " << problem << std::endl;
        return run + 1;
    }
    std::cout << sim::nameOf(bug) << ": not found by " << arguments.count << " seeds" << std::endl;
    return 0;
}

int huntBugs(const Arguments& arguments)
{
    int missed = 0;
    bool known = false;
    for (int i = 1; i < static_cast<int>(PlantedBug::Count); ++i) {
        const auto bug = static_cast<PlantedBug>(i);
        if (arguments.bug == "list")
            std::cout << sim::nameOf(bug) << "\n";
        else if (arguments.bug == "all" || arguments.bug == sim::nameOf(bug))
            missed += hunt(bug, arguments) == 0;
        else
            continue;
        known = true;
    }
    if (!known)
        std::cerr << "there is no planted bug " << arguments.bug << "; see --bug list\n";
    return !known ? 2 : missed > 0;
}
#endif

} // namespace

int main(int argc, char** argv)
{
    Arguments arguments;
    if (!parse(argc, argv, arguments)) {
        std::cerr << usage;
        return 2;
    }
#ifdef QUOIT_PLANTED_BUGS
    if (!arguments.bug.empty())
        return huntBugs(arguments);
#else
    if (!arguments.bug.empty()) {
        std::cerr << "planted bugs are in quoit-sim-planted\n";
        return 2;
    }
#endif
    return runSeeds(arguments);
}
