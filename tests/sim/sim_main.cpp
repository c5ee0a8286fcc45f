// tests/sim/sim_main.cpp - the simulator as a program: many seeds, or one with a trace.
//   quoit-sim --count 500 [--seed 1] [--minutes M] [--trace]

#include "tests/sim/simulation.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iostream>

using namespace quoit;

int main(int argc, char** argv)
{
    std::uint64_t seed = 1;
    std::uint64_t count = 1;
    double minutes = 0;
    bool trace = false;
    for (int i = 1; i < argc; ++i) {
        const auto value = [&] { return i + 1 < argc ? argv[++i] : "0"; };
        if (std::strcmp(argv[i], "--seed") == 0)
            seed = std::strtoull(value(), nullptr, 10);
        else if (std::strcmp(argv[i], "--count") == 0)
            count = std::strtoull(value(), nullptr, 10);
        else if (std::strcmp(argv[i], "--minutes") == 0)
            minutes = std::strtod(value(), nullptr);
        else if (std::strcmp(argv[i], "--trace") == 0)
            trace = true;
        else {
            std::cerr << "usage: quoit-sim [--seed S] [--count N] [--minutes M] [--trace]\n";
            return 2;
        }
    }
    const auto start = std::chrono::steady_clock::now();
    const auto elapsed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
    std::map<std::string, std::uint64_t> coverage;
    std::uint64_t runs = 0, failures = 0, requests = 0, unknown = 0;
    for (; minutes > 0 ? elapsed() < minutes * 60 : runs < count; ++runs) {
        const sim::Parameters parameters = sim::Parameters::draw(seed + runs);
        sim::Simulation simulation(seed + runs, parameters, trace);
        const std::string problem = simulation.run();
        for (const auto& [name, times] : simulation.coverage())
            coverage[name] += times;
        for (const sim::HistoryEntry& entry : simulation.history()) {
            ++requests;
            unknown += entry.returnedUs == sim::HistoryEntry::never && !entry.refused;
        }
        if (!problem.empty()) {
            ++failures;
            std::cout << "seed " << seed + runs << ": " << problem << " (" << parameters.toText() << ")\n";
        }
        if (trace)
            std::cout << "event hash " << simulation.eventHash() << "\n";
    }
    std::cout << runs << " runs from seed " << seed << ", " << failures << " failed; " << requests << " requests, " << unknown
              << " of unknown outcome; " << elapsed() << " s\n";
    for (const auto& [name, times] : coverage)
        std::cout << "  " << name << " " << times << "\n";
    return failures == 0 ? 0 : 1;
}
