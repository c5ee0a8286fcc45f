#include "tests/sim/nemesis.h"

#include <algorithm>

namespace quoit::sim {

Nemesis::Nemesis(World& world)
    : m_world(world)
    , m_parameters(world.parameters())
{
}

void Nemesis::begin()
{
    act();
}

void Nemesis::restartLater(NodeId id, std::int64_t withinUs)
{
    m_world.at(20'000 + static_cast<std::int64_t>(m_world.random().below(static_cast<std::uint64_t>(withinUs))),
               [this, id] { m_world.start(id); });
}

void Nemesis::act()
{
    if (m_world.healed())
        return;
    Random& random = m_world.random();
    const Parameters& p = m_parameters;
    const NodeId id = m_world.randomNode();
    const NodeId other = m_world.randomNode();
    SimulatedNode& node = m_world.node(id);
    const auto shortTime = [&random](std::uint64_t mostUs) { return static_cast<std::int64_t>(random.below(mostUs)); };
    const std::pair<int, std::function<void()>> faults[] = {
        {p.crash,
         [&] {
             m_world.crash(id);
             restartLater(id, random.chance(0.5) ? 100'000 : 1'500'000);
         }},
        {p.crashInTurn,
         [&] {
             node.crashAfterEffects = 1 + static_cast<int>(random.below(60));
             restartLater(id, 2'000'000);
         }},
        {p.crashInCommit,
         [&] {
             m_world.fault("crash in commit planned", "n", id);
             node.disk->disk().crashAfter(1 + random.below(12), random.chance(0.5) ? CrashSide::Before : CrashSide::After);
             restartLater(id, 2'000'000);
         }},
        {p.crashMany, [&] { crashMany(); }},
        {p.crashTwice,
         [&] {
             m_world.crash(id);
             m_world.at(30'000 + shortTime(100'000), [this, id] { m_world.start(id); });
             m_world.at(140'000 + shortTime(200'000), [this, id] {
                 if (m_world.healed())
                     return;
                 m_world.fault("crash again", "n", id);
                 m_world.crash(id);
                 restartLater(id, 400'000);
             });
         }},
        {p.pause,
         [&] {
             if (node.pausedUntilUs > m_world.nowUs())
                 return; // it would never wake up
             const std::int64_t us = shortTime(static_cast<std::uint64_t>(p.pauseMaxUs));
             m_world.fault("pause", "n", id, " for ", us / 1000, " ms");
             m_world.pause(id, us);
         }},
        {p.cut,
         [&] {
             m_world.fault("cut", "n", id, " to n", other);
             m_world.network().cut(id, other, m_world.nowUs() + shortTime(1'500'000));
         }},
        {p.partition, [&] { partitionNetwork(); }},
        {p.clog, [&] { clogLinks(); }},
        {p.disconnect,
         [&] {
             if (id == other)
                 return;
             m_world.fault("disconnect", "n", id, " and n", other);
             m_world.disconnect(id, other);
         }},
        {p.needlessTakeover, [&] { takeOverNeedlessly(id); }},
        {p.clockJump,
         [&] {
             m_world.fault("clock jump", "n", id);
             node.clockOffsetUs = 1000 * (shortTime(static_cast<std::uint64_t>(2 * p.clockJumpMaxMs + 1)) - p.clockJumpMaxMs);
         }},
        {p.diskStall,
         [&] {
             node.diskStallsUntilUs = m_world.nowUs() + 20'000 + shortTime(random.chance(0.2) ? 1'500'000 : 150'000);
             const bool forEver = random.chance(0.6);
             m_world.fault(forEver ? "disk stalls, then crash" : "disk stalls", "n", id, " until ", node.diskStallsUntilUs / 1000);
             if (forEver)
                 m_world.at(node.diskStallsUntilUs - m_world.nowUs() - 1000, [this, id] {
                     if (m_world.healed())
                         return;
                     m_world.crash(id);
                     restartLater(id, 300'000);
                 });
         }},
        {p.diskFull, [&] { fillDisk(id); }},
        {p.fsyncError,
         [&] {
             m_world.fault("fsync error", "n", id);
             node.disk->disk().faults().failingSyncs = 1;
             restartLater(id, 1'000'000);
         }},
        {p.bitFlip,
         [&] {
             if (m_lostNode != noNode && m_lostNode != id)
                 return; // damage on two nodes may be the end of data
             m_lostNode = id;
             m_world.fault("bit flip", "n", id, " ", node.disk->disk().flipBit(random));
         }},
        {p.lostDisk, [&] { loseDisk(id); }},
    };
    int total = 0;
    for (const auto& [weight, action] : faults)
        total += weight;
    if (total > 0) {
        int drawn = static_cast<int>(random.below(static_cast<std::uint64_t>(total)));
        for (const auto& [weight, action] : faults) {
            if (drawn < weight) {
                action();
                break;
            }
            drawn -= weight;
        }
    }
    m_world.at(p.nemesisPauseUs + shortTime(static_cast<std::uint64_t>(8 * p.nemesisPauseUs)), [this] { act(); });
}

void Nemesis::crashMany()
{
    Random& random = m_world.random();
    const bool all = random.chance(0.5);
    m_world.fault("crash of many", all ? "all" : "most");
    for (const NodeId id : m_world.nodeIds()) {
        if (!all && random.chance(0.3))
            continue;
        m_world.at(static_cast<std::int64_t>(random.below(20'000)), [this, id] {
            if (m_world.healed())
                return;
            m_world.crash(id);
            restartLater(id, 300'000);
        });
    }
}

/// Halves that don't hear each other; a ring, where each hears its neighbours only; a bridge, where one hears both halves.
void Nemesis::partitionNetwork()
{
    Random& random = m_world.random();
    const std::vector<NodeId> ids = m_world.nodeIds();
    const std::int64_t untilUs = m_world.nowUs() + 100'000 + static_cast<std::int64_t>(random.below(2'500'000));
    const std::uint64_t kind = random.below(3);
    m_world.fault(kind == 0 ? "halves" : kind == 1 ? "ring" : "bridge", "until ", untilUs / 1000, " ms");
    std::map<NodeId, std::size_t> place;
    for (const NodeId id : ids)
        place[id] = id % ids.size();
    const NodeId bridge = m_world.randomNode();
    std::map<NodeId, bool> left;
    for (const NodeId id : ids)
        left[id] = random.chance(0.5);
    for (const NodeId a : ids) {
        for (const NodeId b : ids) {
            const std::size_t apart = (place[a] + ids.size() - place[b]) % ids.size();
            const bool neighbours = apart <= 1 || apart == ids.size() - 1;
            const bool bridged = kind == 2 && (a == bridge || b == bridge);
            if (a != b && (kind == 1 ? !neighbours : left[a] != left[b] && !bridged))
                m_world.network().cut(a, b, untilUs);
        }
    }
}

/// The links of one node stop one after the other, and go on in another order, so that what arrives first is left to chance.
void Nemesis::clogLinks()
{
    Random& random = m_world.random();
    const NodeId node = m_world.randomNode();
    m_world.fault("clog", "n", node);
    for (const NodeId other : m_world.nodeIds()) {
        for (const auto& [from, to] : {std::pair{node, other}, std::pair{other, node}}) {
            if (from == to || random.chance(0.3))
                continue;
            m_world.at(static_cast<std::int64_t>(random.below(300'000)),
                       [this, from = from, to = to, lastsUs = static_cast<std::int64_t>(random.below(1'500'000))] {
                           if (!m_world.healed())
                               m_world.network().clog(from, to, m_world.nowUs() + lastsUs);
                       });
        }
    }
}

void Nemesis::takeOverNeedlessly(NodeId id)
{
    HomeOffer offer;
    for (PartitionIndex p = 0; p < m_world.map().partitionCount(); ++p)
        if (m_world.random().chance(0.7))
            offer.partitions.push_back(p);
    m_world.fault("needless takeover", "n", id);
    m_world.inNode(id, m_world.node(id).life, [this, offer, id](SimulatedNode& n) {
        n.core->receive(m_world.nowAt(n), id, {m_world.map().epoch(), offer});
    });
}

void Nemesis::fillDisk(NodeId id)
{
    m_world.fault("disk full", "n", id);
    m_world.node(id).disk->disk().faults().full = true;
    m_world.at(100'000 + static_cast<std::int64_t>(m_world.random().below(2'000'000)), [this, id] { m_world.node(id).disk->disk().faults().full = false; });
}

/// One node of a run loses its data for good: emptied, or replaced by an old copy.
void Nemesis::loseDisk(NodeId id)
{
    if (m_lostNode != noNode)
        return;
    m_lostNode = id;
    SimulatedNode& node = m_world.node(id);
    if (m_world.random().chance(0.3)) {
        m_world.fault("disk emptied", "n", id);
        m_world.crash(id);
        node.disk->disk().wipe();
        restartLater(id, 500'000);
        return;
    }
    node.disk->takeSnapshot();
    m_world.at(300'000 + static_cast<std::int64_t>(m_world.random().below(3'000'000)), [this, id] {
        SimulatedNode& old = m_world.node(id);
        if (m_world.healed() || !old.core)
            return;
        m_world.crash(id);
        m_world.fault("disk gone back in time", "n", id);
        old.disk->restoreSnapshot();
        // By then every peer has heard the last heartbeats of the process that is gone.
        m_world.at(500'000, [this, id] { restartLater(id, 500'000); });
    });
}

} // namespace quoit::sim
