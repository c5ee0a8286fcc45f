// tests/sim/world_turns.cpp - the turns of a process: what comes to it, and what leaves it at their ends.
#include "tests/sim/world.h"

namespace quoit::sim {

void World::inNode(NodeId id, std::uint64_t life, std::function<void(SimulatedNode&)> action)
{
    SimulatedNode& node = m_nodes.at(id);
    if (!node.core || node.life != life)
        return;
    if (node.pausedUntilUs > m_nowUs) {
        at(node.pausedUntilUs - m_nowUs, [this, id, life, action = std::move(action)] { inNode(id, life, action); });
        return;
    }
    action(node);
    if (node.disk->untrusted()) {
        endUntrusted(id);
        return;
    }
    if (m_parameters.turnUs == 0)
        carryOut(id);
    else if (node.inTurn)
        ++m_branches["several things in one turn"];
    else
        beginTurn(id);
}

/// More may come before its end.
void World::beginTurn(NodeId id)
{
    SimulatedNode& node = m_nodes.at(id);
    node.inTurn = true;
    at(static_cast<std::int64_t>(m_random.below(static_cast<std::uint64_t>(m_parameters.turnUs))),
       [this, id, life = node.life] { endTurn(id, life); });
}

void World::endTurn(NodeId id, std::uint64_t life)
{
    SimulatedNode& node = m_nodes.at(id);
    if (!node.core || node.life != life)
        return;
    if (node.pausedUntilUs > m_nowUs) {
        at(node.pausedUntilUs - m_nowUs, [this, id, life] { endTurn(id, life); });
        return;
    }
    node.inTurn = false;
    carryOut(id);
}

/// What a process must do that finds its data damaged or its disk failing.
void World::endUntrusted(NodeId id)
{
    fault("process ended by its store", "n", id);
    crash(id);
}

/// A planned crash in the middle of a turn.
bool World::crashesNow(NodeId id)
{
    SimulatedNode& node = m_nodes.at(id);
    if (node.crashAfterEffects == 0 || --node.crashAfterEffects > 0)
        return false;
    fault("crash in turn", "n", id);
    crash(id);
    return true;
}

void World::carryOut(NodeId id)
{
    SimulatedNode& node = m_nodes.at(id);
    for (Effects effects = node.core->takeEffects(); !effects.empty(); effects = node.core->takeEffects()) {
        if (!effects.persist.empty()) {
            if (crashesNow(id))
                return;
            noteEvictions(node, effects.persist);
            node.disk->submit(std::move(effects.persist));
            work(id);
        }
        for (Outgoing& outgoing : effects.messages) {
            if (crashesNow(id))
                return;
            send(id, outgoing.to, std::move(outgoing.message));
        }
        for (const Completion& completion : effects.completions) {
            if (crashesNow(id))
                return;
            node.requests.erase(completion.request);
            note(completion.request * 16 + static_cast<std::uint64_t>(completion.status));
            m_answers->completed(id, completion);
        }
        for (const ScanPage& page : effects.scanPages) {
            node.requests.erase(page.request);
            m_answers->scanned(id, page);
        }
        onEvents(id, effects.events);
        if (!node.core)
            return;
    }
    if (node.leaving && node.requests.empty())
        node.core->clientsGone();
    armTick(id);
}

} // namespace quoit::sim
