#include "tests/sim/nemesis.h"

#include "shared/ring/change_plan.h"

#include <algorithm>

namespace quoit::sim {

namespace {
/// Where every node is paused for most of the time, a request can take a minute: the last ones get some peace, or they would not come to an end at all.
constexpr std::int64_t actsUs = 2'400'000'000;
constexpr std::size_t membersMin = 3; ///< changes of the ring leave so many, but in runs whose sets are resized
} // namespace

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
    if (m_world.nowUs() > actsUs) {
        for (const NodeId id : m_world.nodeIds())
            m_world.start(id);
        m_world.at(1'000'000, [this] { act(); });
        return;
    }
    Random& random = m_world.random();
    const NodeId id = m_world.randomNode();
    std::vector<Fault> faults;
    for (const std::vector<Fault>& some : {processFaults(id), networkFaults(id), diskFaults(id)})
        faults.insert(faults.end(), some.begin(), some.end());
    int total = 0;
    for (const Fault& fault : faults)
        total += fault.weight;
    if (total > 0) {
        int drawn = static_cast<int>(random.below(static_cast<std::uint64_t>(total)));
        for (const Fault& fault : faults) {
            if (drawn < fault.weight) {
                fault.happens();
                break;
            }
            drawn -= fault.weight;
        }
    }
    m_world.at(m_parameters.nemesisPauseUs + shortTime(8 * m_parameters.nemesisPauseUs), [this] { act(); });
}

std::int64_t Nemesis::shortTime(std::int64_t mostUs)
{
    return static_cast<std::int64_t>(m_world.random().below(static_cast<std::uint64_t>(mostUs)));
}

std::vector<Nemesis::Fault> Nemesis::processFaults(NodeId id)
{
    const Parameters& p = m_parameters;
    return {
        {p.crash,
         [this, id] {
             m_world.crash(id);
             restartLater(id, m_world.random().chance(0.5) ? 100'000 : 1'500'000);
         }},
        {p.crashInTurn,
         [this, id] {
             m_world.node(id).crashAfterEffects = 1 + static_cast<int>(m_world.random().below(60));
             restartLater(id, 2'000'000);
         }},
        {p.crashMany, [this] { crashMany(); }},
        {p.crashTwice, [this, id] { crashTwice(id); }},
        {p.pause,
         [this, id] {
             if (m_world.node(id).pausedUntilUs > m_world.nowUs())
                 return; // it would never wake up
             const std::int64_t us = shortTime(m_parameters.pauseMaxUs);
             m_world.fault("pause", "n", id, " for ", us / 1000, " ms");
             m_world.pause(id, us);
         }},
        {p.starve, [this, id] { beginStarving(id, 500'000 + shortTime(4'000'000)); }},
        {p.starveAll,
         [this] {
             const std::int64_t us = 500'000 + shortTime(4'000'000);
             for (const NodeId starving : m_world.nodeIds())
                 beginStarving(starving, us);
         }},
        {p.needlessTakeover, [this, id] { takeOverNeedlessly(id); }},
        {p.forgottenPromise, [this, id] { forgetPromise(id); }},
        {p.silentTakeover, [this, id] { takeOverSilently(id); }},
        {p.ringChange,
         [this, id] {
             changeRing(id);
             if (m_world.random().chance(0.3)) // two who want different things at once
                 changeRing(m_world.randomNode());
         }},
        {p.clockJump,
         [this, id] {
             m_world.fault("clock jump", "n", id);
             m_world.node(id).clockOffsetUs = 1000 * (shortTime(2 * m_parameters.clockJumpMaxMs + 1) - m_parameters.clockJumpMaxMs);
         }},
    };
}

std::vector<Nemesis::Fault> Nemesis::networkFaults(NodeId id)
{
    const Parameters& p = m_parameters;
    const NodeId other = m_world.randomNode();
    return {
        {p.cut,
         [this, id, other] {
             m_world.fault("cut", "n", id, " to n", other);
             m_world.network().cut(id, other, m_world.nowUs() + shortTime(1'500'000));
         }},
        {p.partition, [this] { partitionNetwork(); }},
        {p.clog, [this] { clogLinks(); }},
        {p.disconnect,
         [this, id, other] {
             if (id == other)
                 return;
             m_world.fault("disconnect", "n", id, " and n", other);
             m_world.disconnect(id, other);
         }},
    };
}

std::vector<Nemesis::Fault> Nemesis::diskFaults(NodeId id)
{
    const Parameters& p = m_parameters;
    return {
        {p.crashInCommit,
         [this, id] {
             Random& random = m_world.random();
             m_world.fault("crash in commit planned", "n", id);
             m_world.node(id).disk->disk().crashAfter(1 + random.below(12), random.chance(0.5) ? CrashSide::Before : CrashSide::After);
             restartLater(id, 2'000'000);
         }},
        {p.diskStall, [this, id] { stallDisk(id); }},
        {p.diskFull, [this, id] { fillDisk(id); }},
        {p.diskShort, [this, id] { shortenDisks(id); }},
        {p.fsyncError, [this, id] { failSyncs(id); }},
        {p.bitFlip, [this, id] { flipBits(id); }},
        {p.lostDisk, [this, id] { loseDisk(id); }},
    };
}

/// Soon after the start, when little is remembered.
void Nemesis::crashTwice(NodeId id)
{
    m_world.crash(id);
    m_world.at(30'000 + shortTime(100'000), [this, id] { m_world.start(id); });
    m_world.at(140'000 + shortTime(200'000), [this, id] {
        if (m_world.healed())
            return;
        m_world.fault("crash again", "n", id);
        m_world.crash(id);
        restartLater(id, 400'000);
    });
}

/// Others get the processor: a turn comes late, and after a few of them the next one does.
void Nemesis::beginStarving(NodeId id, std::int64_t us)
{
    const bool starves = m_world.node(id).starvesUntilUs > m_world.nowUs();
    m_world.node(id).starvesUntilUs = m_world.nowUs() + us;
    if (!starves)
        starve(id);
}

void Nemesis::starve(NodeId id)
{
    if (m_world.healed() || m_world.nowUs() > m_world.node(id).starvesUntilUs)
        return;
    const std::int64_t us = 50'000 + shortTime(450'000);
    if (m_world.node(id).pausedUntilUs < m_world.nowUs() + us) {
        m_world.fault("starved", "n", id, " for ", us / 1000, " ms");
        m_world.pause(id, us);
    }
    m_world.at(us + 2'000 + shortTime(300'000), [this, id] { starve(id); });
}

void Nemesis::stallDisk(NodeId id)
{
    SimulatedNode& node = m_world.node(id);
    node.diskStallsUntilUs = m_world.nowUs() + 20'000 + shortTime(m_world.random().chance(0.2) ? 1'500'000 : 150'000);
    const bool forEver = m_world.random().chance(0.6);
    m_world.fault(forEver ? "disk stalls, then crash" : "disk stalls", "n", id, " until ", node.diskStallsUntilUs / 1000);
    if (!forEver)
        return;
    m_world.at(node.diskStallsUntilUs - m_world.nowUs() - 1000, [this, id] {
        if (m_world.healed())
            return;
        m_world.crash(id);
        restartLater(id, 300'000);
    });
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
    for (PartitionIndex p = 0; p < m_world.map()->partitionCount(); ++p)
        if (m_parameters.chaseHomes || m_parameters.forgottenPromise > 0 || m_world.random().chance(0.7))
            offer.partitions.push_back(p);
    m_world.fault("needless takeover", "n", id);
    m_world.inNode(id, m_world.node(id).life, [this, offer, id](SimulatedNode& n) {
        n.core->receive(m_world.nowAt(n), id, {n.core->map()->epoch(), offer});
    });
}

/// What was on its way to the home that loses its partitions comes later, what the new home says never; the clients of the old one go on asking it.
void Nemesis::takeOverSilently(NodeId id)
{
    Random& random = m_world.random();
    NodeId victim = m_world.randomNode();
    if (m_parameters.chaseHomes && m_lastHome != noNode)
        victim = m_lastHome;
    if (victim == id)
        return;
    m_lastHome = id;
    if (m_parameters.chaseHomes) { // nobody but the two is troubled, and not for long
        m_world.fault("silent takeover", "behind n", victim);
        m_world.network().cut(id, victim, m_world.nowUs() + 30'000 + shortTime(30'000));
        takeOverNeedlessly(id);
        return;
    }
    m_world.fault("silent takeover", "behind n", victim);
    for (const NodeId other : m_world.nodeIds()) {
        if (other == victim)
            continue;
        const std::int64_t untilUs = m_world.nowUs() + 80'000 + static_cast<std::int64_t>(random.below(500'000));
        if (other == id || random.chance(0.3))
            m_world.network().cut(other, victim, untilUs);
        else
            m_world.network().clog(other, victim, untilUs);
    }
    takeOverNeedlessly(id);
}

/// Takes over from whoever did so last. One that promises forgets it, and is back while another one has not heard of the new home yet: with
/// these two and itself, the old home has a majority again.
void Nemesis::forgetPromise(NodeId id)
{
    const NodeId home = std::exchange(m_lastHome, id);
    std::vector<NodeId> others = m_world.nodeIds();
    std::erase_if(others, [&](NodeId node) { return node == id || node == home; });
    if (home == noNode || home == id || others.size() < 2)
        return;
    const std::size_t drawn = m_world.random().below(others.size());
    const NodeId forgetful = others[drawn];
    const NodeId late = others[(drawn + 1 + m_world.random().below(others.size() - 1)) % others.size()];
    const std::int64_t crashUs = 20'000 + shortTime(40'000);
    m_world.fault("forgotten promise", "of n", forgetful, " to n", id, " behind n", home);
    m_world.node(forgetful).diskStallsUntilUs = m_world.nowUs() + crashUs + 1000;
    m_world.disconnect(id, home);
    m_world.network().clog(id, late, m_world.nowUs() + crashUs + 100'000 + shortTime(200'000));
    m_world.network().clog(home, forgetful, m_world.nowUs() + crashUs);
    takeOverNeedlessly(id);
    m_world.at(crashUs, [this, forgetful] {
        if (m_world.healed())
            return;
        m_world.crash(forgetful);
        m_world.at(5'000 + shortTime(20'000), [this, forgetful] { m_world.start(forgetful); });
    });
}

/// Half of the members leave at once, or as many come. They may be a majority of those who decide on maps.
std::vector<ChangeStep> Nemesis::drawExodus(const ClusterMap& map)
{
    constexpr std::size_t membersWanted = 6;
    std::vector<Member> members = map.parts().members;
    std::vector<ChangeStep> steps;
    for (std::size_t size = members.size(); size < membersWanted; ++size) {
        steps.emplace_back();
        steps.back().kind = ChangeStep::Kind::Join;
        steps.back().member = drawNewcomer();
    }
    while (steps.size() < membersWanted / 2 && members.size() > membersMin) {
        const std::size_t drawn = m_world.random().below(members.size());
        steps.emplace_back();
        steps.back().kind = ChangeStep::Kind::Leave;
        steps.back().node = members[drawn].id;
        members.erase(members.begin() + static_cast<std::ptrdiff_t>(drawn));
    }
    return steps;
}

Member Nemesis::drawNewcomer()
{
    Member member;
    member.name = "j" + std::to_string(++m_newcomers);
    member.diskId = "disk-" + member.name;
    member.clientAddress = member.name + ":1";
    member.peerAddress = member.name + ":2";
    return member;
}

std::vector<ChangeStep> Nemesis::drawSteps(const ClusterMap& map, std::size_t leaving)
{
    constexpr std::size_t membersMax = 8;
    Random& random = m_world.random();
    const std::vector<Member>& members = map.parts().members;
    ChangeStep step;
    step.node = members[random.below(members.size())].id;
    step.member = drawNewcomer();
    using Kind = ChangeStep::Kind;
    if (m_parameters.resizeSets && random.chance(0.8)) {
        step.kind = Kind::Replicas;
        step.replicas = map.replicaCount() > 3 || random.chance(0.3) ? 2 + static_cast<std::uint32_t>(random.below(2)) : 5;
        return {step};
    }
    switch (random.below(8)) {
    case 0:
    case 1:
        step.kind = members.size() < membersMax ? Kind::Join : Kind::Leave;
        break;
    case 2:
    case 3:
        step.kind = members.size() - leaving > membersMin ? Kind::Leave : Kind::Join;
        break;
    case 4:
        step.kind = Kind::Replace;
        break;
    case 5:
        step.kind = Kind::Weight;
        step.weight = 0.5 + random.unit() * 2;
        break;
    default: // a lost disk needs two others for every key
        step.kind = Kind::Replicas;
        step.replicas = (m_parameters.lostDisk + m_parameters.bitFlip > 0 ? 3 : 2) + static_cast<std::uint32_t>(random.below(3));
        break;
    }
    std::vector<ChangeStep> steps{step};
    if (random.chance(0.2)) {
        const std::vector<ChangeStep> more = drawSteps(map, leaving + (step.kind == Kind::Leave));
        steps.insert(steps.end(), more.begin(), more.end());
    }
    return steps;
}

void Nemesis::changeRing(NodeId id)
{
    Random& random = m_world.random();
    const std::vector<ChangeStep> steps = m_parameters.leaveTogether ? drawExodus(*m_world.map()) : drawSteps(*m_world.map(), 0);
    const bool aborts = random.chance(0.3);
    const bool losesDisks = m_parameters.lostDisk + m_parameters.bitFlip > 0;
    const bool queues = random.chance(0.3) && !losesDisks; // what is planned now must leave three when it is done
    m_world.fault("ring change wanted", "n", id, ": ", toText(*m_world.map(), steps));
    const bool atOnce = !m_parameters.calm(); // what waits is begun when a request can't meet two changes
    m_world.inNode(id, m_world.node(id).life, [this, steps, aborts, queues, atOnce, losesDisks](SimulatedNode& n) {
        n.core->submitMap(m_world.nowAt(n), 0, [steps, aborts, queues, atOnce, losesDisks](const ClusterMap& map) -> Result<ClusterMapPtr> {
            if (map.isChanging() && aborts)
                return abortChange(map);
            const WantedChange wanted{map.revision() + 1, steps};
            Result<RingChange> change = planChange(map, wanted);
            if (!change)
                return change.error();
            if (losesDisks && change.value().members.size() < membersMin) // another change has ended since the steps were drawn
                return Error{ErrorCode::Refused, "too few would remain"};
            if (!map.isChanging() && atOnce)
                return beginChange(map, std::move(change).value());
            if ((map.isChanging() && !queues) || map.parts().queue.size() > 2)
                return Error{ErrorCode::Refused, "a change is in progress"};
            ClusterMapParts parts = map.parts();
            ++parts.revision;
            parts.queue.push_back(wanted);
            return ClusterMap::make(std::move(parts));
        });
    });
}

void Nemesis::fillDisk(NodeId id)
{
    m_world.fault("disk full", "n", id);
    m_world.node(id).disk->disk().faults().full = true;
    m_world.at(100'000 + static_cast<std::int64_t>(m_world.random().below(2'000'000)), [this, id] { m_world.node(id).disk->disk().faults().full = false; });
}

/// Of one node or of all: those that hold the same fill up together.
void Nemesis::shortenDisks(NodeId id)
{
    const bool all = m_world.random().chance(0.6);
    m_world.fault("disk short", all ? "all" : "n", all ? noNode : id);
    for (const NodeId node : m_world.nodeIds())
        if (all || node == id)
            m_world.setDiskShort(node, true);
    m_world.at(100'000 + shortTime(3'000'000), [this] {
        for (const NodeId node : m_world.nodeIds())
            m_world.setDiskShort(node, false);
    });
}

/// Of one node, or of all at once, as when they share what is below their disks; whoever hasn't ended because of it ends soon after.
void Nemesis::failSyncs(NodeId id)
{
    Random& random = m_world.random();
    const bool all = random.chance(0.3);
    for (const NodeId failing : m_world.nodeIds()) {
        if (!all && failing != id)
            continue;
        m_world.fault("fsync error", "n", failing);
        m_world.node(failing).disk->disk().faults().failingSyncs = 1;
        m_world.at(50'000 + static_cast<std::int64_t>(random.below(500'000)), [this, failing] {
            if (m_world.healed())
                return;
            m_world.crash(failing);
            restartLater(failing, 1'000'000);
        });
    }
}

/// Of two replicas both are needed.
bool Nemesis::canLoseOne() const
{
    const ClusterMapPtr map = m_world.map();
    return map->replicaCount() >= 3 && map->members().size() >= 3 && !map->isChanging();
}

/// Some bits of one node's disk flip, while it runs or before it starts again.
void Nemesis::flipBits(NodeId id)
{
    if (m_lostNode != noNode && !m_world.map()->member(m_lostNode))
        m_lostNode = noNode; // another one has taken its place
    if ((m_lostNode != noNode && m_lostNode != id) || !canLoseOne())
        return; // damage on two nodes may be the end of data
    m_lostNode = id;
    Random& random = m_world.random();
    SimulatedNode& node = m_world.node(id);
    node.damaged = true;
    if (random.chance(0.5))
        m_world.crash(id);
    // After a loss of power nobody may know how far SQLite's log was on disk: a bit of it that flips then is one fault too many.
    const bool ofLog = !node.core && !node.disk->lostPower() && random.chance(0.3);
    for (std::uint64_t flips = 1 + random.below(8); flips > 0; --flips)
        m_world.fault("bit flip", "n", id, " ", node.disk->disk().flipBit(random, ofLog ? "quoit.db-wal" : "quoit.db"));
    restartLater(id, 1'000'000);
}

/// One node of a run loses its data for good: emptied, or replaced by an old copy.
void Nemesis::loseDisk(NodeId id)
{
    if (m_lostNode != noNode || !canLoseOne())
        return;
    m_lostNode = id;
    SimulatedNode& node = m_world.node(id);
    node.lost = true;
    if (m_world.random().chance(0.3)) {
        m_world.fault("disk emptied", "n", id);
        m_world.crash(id);
        node.disk->disk().wipe();
        restartLater(id, 500'000);
        return;
    }
    node.disk->takeSnapshot();
    // Somebody else misses what is written meanwhile, and still hears how far the disk comes: what only the lost disk and one more had
    // is on a majority no more.
    const NodeId other = m_world.randomNode();
    const bool misses = other != id && m_world.random().chance(0.6);
    if (misses) {
        m_world.fault("disk full", "n", other);
        m_world.node(other).disk->disk().faults().full = true;
        m_fullNode = other;
    }
    m_world.at(300'000 + static_cast<std::int64_t>(m_world.random().below(3'000'000)), [this, id] {
        SimulatedNode& old = m_world.node(id);
        if (m_fullNode != noNode)
            m_world.at(600'000, [this] { m_world.node(m_fullNode).disk->disk().faults().full = false; });
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
