// tests/sim/world_coverage.cpp - what a run has reached: faults that happened, rare branches of the protocol that were taken.
#include "tests/sim/world.h"

namespace quoit::sim {

void World::addBranches(const CoreCounters& c)
{
    const std::pair<const char*, std::uint64_t> counts[] = {
        {"recall applied", c.recallApplied},
        {"recall new", c.recallNew},
        {"recall remembered but dead", c.recallRememberedButDead},
        {"recall through ancestors", c.recallThroughAncestors},
        {"recall unknown", c.recallUnknown},
        {"settle", c.settles},
        {"carried over", c.carriedOver},
        {"confirm", c.confirms},
        {"find unchosen", c.findsUnchosen},
        {"read through home", c.readsThroughHome},
        {"read shared", c.readsShared},
        {"read hedged", c.readsHedged},
        {"retry", c.retries},
        {"interrupted", c.interrupted},
        {"not bound", c.notBound},
        {"handover", c.handovers},
        {"home spared", c.homesSpared},
        {"refusal", c.refusals},
        {"hint delivered", c.hintsDelivered},
        {"hint dropped", c.hintsDropped},
        {"learn", c.learnsSent},
        {"expired", c.expired},
        {"expiry look in vain", c.expiryLooksInVain},
        {"expiry look cut", c.expiryCut},
        {"expiry round after a pause", c.expiryRounds},
        {"evicted", c.evicted},
        {"eviction spared", c.evictionsSpared},
        {"refused for room", c.refusedForRoom},
        {"comparison", c.repair.comparisons},
        {"comparison differing", c.repair.differing},
        {"key looked at", c.repair.keysLookedAt},
        {"key repaired", c.repair.keysRepaired},
        {"key settled", c.repair.settles},
        {"floor tried", c.repair.floorsTried},
        {"floor raised", c.repair.floorsRaised},
        {"tombstone removed", c.repair.tombstonesRemoved},
        {"leftover removed", c.repair.leftoversRemoved},
        {"removal of a dead member", c.autoRemovals},
        {"replacement of an emptied member", c.autoReplacements},
        {"large value fetched", c.fetches},
        {"fetch in its turn", c.fetchesQueued},
        {"fetch in vain", c.fetchesInVain},
        {"write in its turn", c.writesQueued},
        {"freed while short", c.freedWhileShort},
        {"refused alone", c.refusedAlone},
        {"no quorum", c.noQuorum},
        {"unknown", c.unknown},
    };
    for (const auto& [name, count] : counts)
        m_branches[name] += count;
}

std::map<std::string, std::uint64_t> World::coverage()
{
    for (const auto& [id, node] : m_nodes)
        if (node.core)
            addBranches(node.core->counters());
    std::map<std::string, std::uint64_t> all = std::exchange(m_branches, {});
    for (const auto& [name, count] : m_faults)
        all["fault: " + name] += count;
    return all;
}

} // namespace quoit::sim
