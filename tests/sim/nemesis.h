// tests/sim/nemesis.h - what goes wrong, and when.
#pragma once

#include "tests/sim/world.h"

#include <functional>
#include <vector>

namespace quoit::sim {

class Nemesis
{
public:
    explicit Nemesis(World& world);

    void begin();

private:
    struct Fault
    {
        int weight;
        std::function<void()> happens;
    };

    void act();
    std::int64_t shortTime(std::int64_t mostUs);
    std::vector<Fault> processFaults(NodeId id);
    std::vector<Fault> networkFaults(NodeId id);
    std::vector<Fault> diskFaults(NodeId id);
    void crashTwice(NodeId id);
    void stallDisk(NodeId id);
    void beginStarving(NodeId id, std::int64_t us);
    void starve(NodeId id);
    void restartLater(NodeId id, std::int64_t withinUs);
    void crashMany();
    void partitionNetwork();
    void clogLinks();
    void takeOverNeedlessly(NodeId id);
    void takeOverSilently(NodeId id);
    void forgetPromise(NodeId id);
    void fillDisk(NodeId id);
    void shortenDisks(NodeId id);
    void failSyncs(NodeId id);
    void flipBits(NodeId id);
    void changeRing(NodeId id);
    /// @param leaving members that earlier steps of the change take away
    std::vector<ChangeStep> drawSteps(const ClusterMap& map, std::size_t leaving);
    std::vector<ChangeStep> drawExodus(const ClusterMap& map);
    Member drawNewcomer();
    bool canLoseOne() const;
    void loseDisk(NodeId id);

    World& m_world;
    const Parameters& m_parameters;
    int m_newcomers = 0;
    NodeId m_lastHome = noNode; ///< the last that took over silently
    NodeId m_fullNode = noNode; ///< while another one's disk goes back in time
    NodeId m_lostNode = noNode; ///< the one whose data may be lost or damaged in this run
};

} // namespace quoit::sim
