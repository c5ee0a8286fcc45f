// tests/sim/simulation.h - one run: a cluster, its clients and its faults from one seed, and the verdict.
#pragma once

#include "tests/sim/clients.h"
#include "tests/sim/nemesis.h"
#include "tests/sim/world.h"

#include <map>
#include <string>

namespace quoit::sim {

class Simulation
{
public:
    Simulation(std::uint64_t seed, const Parameters& parameters, bool trace = false);

    /// Runs the workload under faults, heals, asks for everything once more, and judges.
    /// @return what went wrong; empty if nothing did.
    std::string run();

    const History& history() const { return m_clients.history(); }
    std::uint64_t unknown() const { return m_clients.unknown(); }
    /// A hash of everything that was delivered, in order: equal for equal seeds, in every build.
    std::uint64_t eventHash() const { return m_world.eventHash(); }
    /// How often each kind of fault happened and each rare branch of the protocol was taken. After run().
    const std::map<std::string, std::uint64_t>& coverage() const { return m_coverage; }

private:
    std::string runWorld();
    std::string judgeSizes();
    std::string judgeReplicas();
    void watchFloors();

    ClientLogic m_logic;
    World m_world;
    Clients m_clients;
    Nemesis m_nemesis;
    std::string m_floorProblem;
    std::map<std::string, std::uint64_t> m_coverage;
};

} // namespace quoit::sim
