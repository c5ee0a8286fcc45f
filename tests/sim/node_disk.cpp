#include "tests/sim/node_disk.h"

namespace quoit::sim {

NodeDisk::NodeDisk(NodeId node, ClusterMapPtr map, const Parameters&)
    : m_disk(std::make_unique<SimulatedDisk>(std::move(map), node))
{
}

Result<StoredState> NodeDisk::open()
{
    StoredState state = m_disk->start();
    state.progress = m_progress;
    return state;
}

void NodeDisk::close(Random& random)
{
    m_disk->crash(random);
}

void NodeDisk::submit(PersistBatch batch)
{
    m_disk->submit(std::move(batch));
}

NodeDisk::Turn NodeDisk::turn(Random& random)
{
    Turn turn;
    turn.durable = m_disk->sync(random.chance(0.5) ? m_disk->waiting() : 1 + random.below(m_disk->waiting() + 1));
    turn.progress = m_progress += turn.durable != 0;
    turn.more = m_disk->waiting() > 0;
    return turn;
}

} // namespace quoit::sim
