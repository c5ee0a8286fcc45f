// tests/sim/world_heartbeats.cpp - what a node tells its peers about itself, again and again.
#include "tests/sim/world.h"

namespace quoit::sim {

namespace {
constexpr std::int64_t heartbeatUs = 100'000;
constexpr std::int64_t strainChangesEveryUs = 700'000;
} // namespace

void World::heartbeat(NodeId id, std::uint64_t life)
{
    inNode(id, life, [this, id, life](SimulatedNode& node) {
        Heartbeat beat;
        beat.disk = node.disk->space();
        beat.busy = busyOf(id);
        node.core->setBusy(nowAt(node), beat.busy);
        beat.usedBytes = node.core->usedBytes();
        beat.bytesMax = node.core->room().bytesMax;
        beat.progress = node.core->progress();
        const ClusterMapPtr& map = node.core->map();
        beat.revision = map->revision();
        for (const Member& member : map->members())
            if (member.id != id)
                send(id, member.id, {map->epoch(), beat});
        at(heartbeatUs, [this, id, life] { heartbeat(id, life); });
    });
}

Busy World::busyOf(NodeId id) const
{
    if (!m_parameters.strains || m_healed)
        return {};
    Random random(m_seed * 1'000'003 + static_cast<std::uint64_t>(m_nowUs / strainChangesEveryUs) * 64 + id); // by itself: seeds keep their meaning
    const auto strain = random.chance(0.5) ? Strain::None : random.chance(0.3) ? Strain::Recovering : Strain::Strained;
    return {strain, static_cast<std::uint8_t>(random.below(101))};
}

} // namespace quoit::sim
