// tests/sim/world_evictions.cpp - tells the clients what nodes evict.
#include "tests/sim/world.h"

namespace quoit::sim {

/// The first who is told to keep the end of an evicted key is its home, with what it evicts still there.
void World::noteEvictions(SimulatedNode& node, const PersistBatch& batch)
{
    for (const auto& [position, record] : batch.records) {
        if (!record->evicted)
            continue;
        const RecordPtr before = node.disk->records().find(position, record->key);
        if (before && !before->tombstone)
            m_answers->evicted(std::string(record->key), std::string(before->value));
    }
}

} // namespace quoit::sim
