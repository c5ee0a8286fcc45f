// tests/sim/nemesis.h - what goes wrong, and when.
#pragma once

#include "tests/sim/world.h"

namespace quoit::sim {

class Nemesis
{
public:
    explicit Nemesis(World& world);

    void begin();

private:
    void act();
    void restartLater(NodeId id, std::int64_t withinUs);
    void crashMany();
    void partitionNetwork();
    void clogLinks();
    void takeOverNeedlessly(NodeId id);
    void fillDisk(NodeId id);
    void loseDisk(NodeId id);

    World& m_world;
    const Parameters& m_parameters;
    NodeId m_lostNode = noNode; ///< the one whose data may be lost or damaged in this run
};

} // namespace quoit::sim
