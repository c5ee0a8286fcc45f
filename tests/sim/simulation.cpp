#include "tests/sim/simulation.h"

#include "shared/ring/position.h"

#include <algorithm>

namespace quoit::sim {

namespace {

constexpr std::int64_t workMaxUs = 3'600'000'000;
constexpr std::int64_t settlingUs = 3'000'000;
/// A request is answered within its deadline; two in a row, and some time for the disks.
constexpr std::int64_t finaleMaxUs = 30'000'000;
constexpr std::int64_t ringSettlesUs = 60'000'000;
constexpr std::int64_t watchUs = 50'000;
constexpr std::int64_t quietUs = 45'000'000; // messages are late by up to 30 s

} // namespace

Simulation::Simulation(std::uint64_t seed, const Parameters& parameters, bool trace)
    : m_world((seedSqlite(static_cast<std::uint32_t>(seed) | 1), seed), parameters, m_logic, trace)
    , m_clients(m_world, seed)
    , m_nemesis(m_world)
{
}

std::string Simulation::run()
{
    std::string problem = runWorld();
    if (!m_world.problem().empty())
        problem = m_world.problem();
    if (!m_floorProblem.empty())
        problem = m_floorProblem;
    m_coverage = m_world.coverage();
    return problem.empty() ? m_clients.judge() : problem;
}

std::string Simulation::runWorld()
{
    for (const NodeId id : m_world.nodeIds())
        m_world.start(id);
    m_world.at(300'000, [this] { m_clients.begin(); });
    m_world.at(1'500'000, [this] { m_nemesis.begin(); });
    if (m_world.parameters().onePartition && m_world.parameters().ringChange == 0)
        m_world.at(watchUs, [this] { watchFloors(); });
    bool begun = false;
    while (!begun || m_clients.working()) {
        begun = begun || m_world.nowUs() > 1'400'000;
        if (!m_world.step() || m_world.nowUs() > workMaxUs)
            return "clients wait for answers without end";
    }
    m_world.heal();
    const std::int64_t wellUs = m_world.pausesEndUs() + settlingUs;
    const std::int64_t endUs = wellUs + ringSettlesUs + finaleMaxUs;
    // Changes that still waited may take away the node that is asked.
    while (m_world.nowUs() < wellUs || (!m_world.ringIsSettled() && m_world.nowUs() < wellUs + ringSettlesUs))
        if (!m_world.step())
            break;
    m_clients.beginFinale();
    while (!m_clients.finaleOver()) {
        if (!m_world.step() || m_world.nowUs() > endUs)
            return "requests are not answered although all nodes are well";
    }
    // What was kept in memory for requests goes when they are over.
    const std::int64_t quietEndUs = m_world.nowUs() + quietUs;
    while (m_world.nowUs() < quietEndUs && m_world.step()) {
    }
    if (!m_world.ringIsSettled())
        return "a change of the ring doesn't come to its end although all nodes are well";
    for (const std::string& problem : {judgeSizes(), judgeReplicas()})
        if (!problem.empty())
            return problem;
    m_clients.beginLastLook();
    const std::int64_t lastUs = m_world.nowUs() + finaleMaxUs;
    while (!m_clients.finaleOver())
        if (!m_world.step() || m_world.nowUs() > lastUs)
            return "requests are not answered in the end";
    return {};
}

/// While set and ring stay as they are: what a replica lacks and another holds is not at or below the floor of the first. It would have dropped what
/// the others never heard was deleted, and refuse for ever whoever brings it back.
void Simulation::watchFloors()
{
    const ClusterMapPtr map = m_world.map();
    const Position any = positionOf(m_clients.someRegister());
    const PartitionIndex p = map->partitionOf(any);
    const Position first = firstPosition(p, map->partitionCount());
    std::map<std::string, std::map<NodeId, RecordSummary>> held;
    std::vector<NodeId> replicas;
    for (const NodeId id : map->replicas(p)) {
        if (!m_world.node(id).core)
            continue;
        replicas.push_back(id);
        for (const RecordSummary& record : m_world.node(id).disk->records().list(first, first + (~Position(0) / map->partitionCount()), SIZE_MAX))
            held[record.key][id] = record;
    }
    for (const auto& [key, records] : held)
        for (const auto& [id, record] : records)
            for (const NodeId other : replicas)
                if (!record.tombstone && records.count(other) == 0 && record.version <= m_world.node(other).core->floorOf(p))
                    m_floorProblem = "n" + std::to_string(other) + " has dropped key " + key + ", which n" + std::to_string(id) +
                                     " still holds, at " + std::to_string(m_world.nowUs() / 1000) + " ms";
    if (m_floorProblem.empty())
        m_world.at(watchUs, [this] { watchFloors(); });
}

/// After a quiet while all replicas that are left hold the same, and nobody keeps what was deleted, or what has moved away.
std::string Simulation::judgeReplicas()
{
    const ClusterMapPtr settled = m_world.map();
    const ClusterMap& map = *settled;
    for (PartitionIndex p = 0; p < map.partitionCount(); ++p) {
        const Position first = firstPosition(p, map.partitionCount());
        const Position last = first + (~Position(0) / map.partitionCount());
        std::map<std::string, std::map<NodeId, RecordSummary>> held;
        std::vector<NodeId> replicas;
        for (const NodeId id : m_world.nodeIds()) {
            if (!m_world.node(id).core)
                continue;
            const std::vector<RecordSummary> records = m_world.node(id).disk->records().list(first, last, SIZE_MAX);
            if (!map.isReplica(p, id) && !records.empty())
                return "node " + std::to_string(id) + " still holds key " + records.front().key + " of partition " + std::to_string(p) +
                       ", which has moved away from it";
            // Who comes in is compared with the others once the change is over: until then it may lack what was written after its copy.
            const auto before = map.before(p);
            if (std::find(before.begin(), before.end(), id) == before.end())
                continue;
            replicas.push_back(id);
            for (const RecordSummary& record : records)
                held[record.key][id] = record;
        }
        // A change waits for whoever has to copy; no floor is raised meanwhile.
        const bool all = replicas.size() == map.replicas(p).size() && !map.isChanging();
        for (const auto& [key, records] : held) {
            const RecordSummary& one = records.begin()->second;
            Version newest;
            for (const auto& [id, record] : records)
                newest = std::max(newest, record.version);
            const bool same = records.size() == replicas.size() && std::all_of(records.begin(), records.end(), [&](const auto& entry) {
                                  return entry.second.version == one.version;
                              });
            // A replica that comes in learns the floor last: until then it may keep a tombstone that the others, whose floor it is below, have dropped.
            const bool forgotten =
                std::all_of(records.begin(), records.end(), [](const auto& entry) { return entry.second.tombstone; }) &&
                std::all_of(replicas.begin(), replicas.end(), [&](NodeId id) {
                    return m_world.node(id).core->floorOf(p) >= newest || (records.count(id) > 0 && records.at(id).version == newest);
                });
            if (all ? !same || one.tombstone : !same && !forgotten)
                return "key " + key + " of partition " + std::to_string(p) + (same ? " is still a tombstone" : " isn't the same") +
                       " on its replicas although all have been well for long";
        }
    }
    return {};
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
                                                            {"evictions", sizes.evictions},
                                                            {"messages that wait for the disk", sizes.held}};
        for (const auto& [what, count] : none)
            if (count > 0)
                return "n" + std::to_string(id) + " keeps " + std::to_string(count) + " " + what + " although nothing is to do";
        const RoomLimit& room = node.core->room();
        if (room.bytesMax != 0 && room.policy != EvictionPolicy::NoEviction && !isVolatile(room.policy) &&
            node.core->usedBytes() > room.bytesMax)
            return "n" + std::to_string(id) + " holds " + std::to_string(node.core->usedBytes()) + " of " +
                   std::to_string(room.bytesMax) + " bytes although it has had all the time to evict";
    }
    return {};
}

} // namespace quoit::sim
