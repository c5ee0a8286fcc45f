#include "tests/sim/simulation.h"

namespace quoit::sim {

namespace {

constexpr std::int64_t workMaxUs = 3'600'000'000;
constexpr std::int64_t settlingUs = 3'000'000;
/// A request is answered within its deadline; two in a row, and some time for the disks.
constexpr std::int64_t finaleMaxUs = 30'000'000;
constexpr std::int64_t quietUs = 45'000'000; // messages are late by up to 30 s

} // namespace

Simulation::Simulation(std::uint64_t seed, const Parameters& parameters, bool trace)
    : m_world((seedSqlite(static_cast<std::uint32_t>(seed) | 1), seed), parameters, m_logic, trace)
    , m_clients(m_world)
    , m_nemesis(m_world)
{
}

std::string Simulation::run()
{
    std::string problem = runWorld();
    if (!m_world.problem().empty())
        problem = m_world.problem();
    m_coverage = m_world.coverage();
    return problem.empty() ? m_clients.judge() : problem;
}

std::string Simulation::runWorld()
{
    for (const NodeId id : m_world.nodeIds())
        m_world.start(id);
    m_world.at(300'000, [this] { m_clients.begin(); });
    m_world.at(1'500'000, [this] { m_nemesis.begin(); });
    bool begun = false;
    while (!begun || m_clients.working()) {
        begun = begun || m_world.nowUs() > 1'400'000;
        if (!m_world.step() || m_world.nowUs() > workMaxUs)
            return "clients wait for answers without end";
    }
    m_world.heal();
    bool finale = false;
    const std::int64_t wellUs = m_world.pausesEndUs() - m_world.nowUs() + settlingUs;
    m_world.at(wellUs, [this, &finale] {
        finale = true;
        m_clients.beginFinale();
    });
    const std::int64_t endUs = m_world.nowUs() + wellUs + finaleMaxUs;
    while (!finale || !m_clients.finaleOver()) {
        if (!m_world.step() || m_world.nowUs() > endUs)
            return "requests are not answered although all nodes are well";
    }
    // What was kept in memory for requests goes when they are over.
    const std::int64_t quietEndUs = m_world.nowUs() + quietUs;
    while (m_world.nowUs() < quietEndUs && m_world.step()) {
    }
    if (!m_world.ringIsSettled())
        return "a change of the ring doesn't come to its end although all nodes are well";
    return judgeSizes();
}

std::string Simulation::judgeSizes()
{
    for (const NodeId id : m_world.nodeIds()) {
        const SimulatedNode& node = m_world.node(id);
        if (!node.core)
            continue;
        const CoreSizes sizes = node.core->sizes();
        const std::pair<const char*, std::size_t> none[] = {{"operations", sizes.operations},
                                                            {"keys with work", sizes.keys},
                                                            {"promises in the making", sizes.promises},
                                                            {"rounds of keys", sizes.keyRounds},
                                                            {"writes", sizes.writes},
                                                            {"records on their way to the disk", sizes.pending},
                                                            {"messages that wait for the disk", sizes.held}};
        for (const auto& [what, count] : none)
            if (count > 0)
                return "n" + std::to_string(id) + " keeps " + std::to_string(count) + " " + what + " although nothing is to do";
    }
    return {};
}

} // namespace quoit::sim
