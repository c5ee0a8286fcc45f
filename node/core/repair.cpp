#include "node/core/repair.h"

#include <bit>

namespace quoit {

namespace {

/// A partition whose home changed is compared within this part of a round: its last home may have left something half
/// done.
constexpr int firstPart = 60;
constexpr std::int64_t turnsPerSecond = 10;
/// After so many times the pause of a second look the replicas should be the same.
constexpr int recheckPauses = 10;
constexpr Milliseconds retryPause{100};
constexpr Milliseconds stuckPause{10'000}; ///< when nothing could be done about a difference

} // namespace

Repair::Repair(Context& context, Replica& replica, Home& home, Hints& hints, FloorKeeper& floors)
    : m_context(context)
    , m_replica(replica)
    , m_home(home)
    , m_hints(hints)
    , m_floors(floors)
    , m_watched(context.map->partitionCount())
{}

void Repair::turn()
{
    noticeHomes();
    noteReturns();
    endOverdue();
    const auto perTurn = static_cast<std::int64_t>(m_context.options.repair.keysPerSecond) / turnsPerSecond;
    m_keysAllowed = std::min(m_keysAllowed + perTurn, perTurn);
    for (const PartitionIndex partition : m_floors.takeUnequal())
        hasten(partition);
    for (std::size_t looked = 0; looked < m_watched.size() && m_comparisons.size() < comparisonsMax; ++looked) {
        const PartitionIndex partition = m_next++ % m_watched.size();
        const Watched& watched = m_watched[partition];
        if (!watched.ballot.isNone() && watched.due <= m_context.now.monotonic && !m_comparisons.count(partition))
            begin(partition);
    }
    m_next %= m_watched.size();
    std::vector<PartitionIndex> waiting;
    for (const auto& [partition, comparison] : m_comparisons)
        if (comparison.step == Step::Keys)
            waiting.push_back(partition);
    for (const PartitionIndex partition : waiting)
        pump(m_comparisons.at(partition));
}

/// What this node has become home of is compared soon: at a pace that takes a sixtieth of a round for all partitions.
void Repair::noticeHomes()
{
    std::vector<PartitionIndex> gained;
    for (PartitionIndex partition = 0; partition < m_watched.size(); ++partition) {
        Watched& watched = m_watched[partition];
        const Ballot ballot = m_home.ballotOf(partition);
        if (ballot == watched.ballot)
            continue;
        stopWatching(partition);
        watched.ballot = ballot;
        if (ballot.isNone())
            continue;
        gained.push_back(partition);
        for (const NodeId node : m_context.replicas(partition))
            if (node != m_context.self)
                setStanding(partition, node, Standing::Unknown);
    }
    const auto all = static_cast<std::uint64_t>((m_context.options.repair.round / firstPart).count());
    const std::uint64_t spread = all * gained.size() / std::max<std::size_t>(1, m_watched.size()) + 1;
    for (const PartitionIndex partition : gained)
        m_watched[partition].due = m_context.now.monotonic + Milliseconds(static_cast<std::int64_t>(m_context.random.below(spread)));
}

void Repair::stopWatching(PartitionIndex partition)
{
    abandon(partition);
    for (const auto& [node, standing] : std::exchange(m_watched[partition].standing, {}))
        --m_peers[node].count[static_cast<int>(standing)];
}

void Repair::setStanding(PartitionIndex partition, NodeId node, Standing standing)
{
    Peer& peer = m_peers[node];
    const auto [known, isNew] = m_watched[partition].standing.try_emplace(node, standing);
    if (!isNew) {
        if (known->second == standing)
            return;
        --peer.count[static_cast<int>(known->second)];
        known->second = standing;
    }
    ++peer.count[static_cast<int>(standing)];
    if (standing == Standing::Same &&
        peer.count[static_cast<int>(Standing::Unknown)] + peer.count[static_cast<int>(Standing::Differs)] == 0)
        peer.sameSince = m_context.now.monotonic;
}

/// Whoever is back is compared as soon as it has got what was kept for it.
void Repair::noteReturns()
{
    for (auto& [node, peer] : m_peers) {
        if (!peer.returned || m_hints.countFor(node) > 0)
            continue;
        peer.returned = false;
        for (PartitionIndex partition = 0; partition < m_watched.size(); ++partition)
            if (m_watched[partition].standing.count(node))
                hasten(partition);
    }
}

void Repair::hasten(PartitionIndex partition)
{
    Watched& watched = m_watched[partition];
    watched.due = std::min(watched.due, m_context.now.monotonic);
    const auto running = m_comparisons.find(partition);
    if (running != m_comparisons.end())
        running->second.again = true;
}

void Repair::onPeerUp(NodeId peer)
{
    m_peers[peer].returned = true;
}

void Repair::onPeerLost(NodeId peer)
{
    for (PartitionIndex partition = 0; partition < m_watched.size(); ++partition)
        if (m_watched[partition].standing.count(peer))
            setStanding(partition, peer, Standing::Unknown);
    std::vector<PartitionIndex> partitions;
    for (auto& [partition, comparison] : m_comparisons) {
        comparison.differing.erase(peer);
        if (comparison.waiting.erase(peer) > 0 && comparison.waiting.empty())
            partitions.push_back(partition);
    }
    for (const PartitionIndex partition : partitions) {
        Comparison& comparison = m_comparisons.at(partition);
        comparison.step == Step::Looking ? onLooked(comparison) : onListed(comparison);
    }
    std::vector<Tag> keys;
    for (auto& [tag, round] : m_keys)
        if (round.waiting.erase(peer) > 0 && round.waiting.empty())
            keys.push_back(tag);
    for (const Tag tag : keys)
        judgeKey(tag);
}

void Repair::onAdopted()
{
    for (PartitionIndex partition = 0; partition < m_watched.size(); ++partition) {
        stopWatching(partition);
        m_watched[partition].ballot = {};
    }
    std::erase_if(m_peers, [&](const auto& peer) { return !m_context.map->member(peer.first); });
}

void Repair::endOverdue()
{
    const TimePoint now = m_context.now.monotonic;
    std::vector<PartitionIndex> looking;
    for (const auto& [partition, comparison] : m_comparisons)
        if (comparison.step != Step::Keys && comparison.deadline <= now)
            looking.push_back(partition);
    for (const PartitionIndex partition : looking) {
        Comparison& comparison = m_comparisons.at(partition);
        if (comparison.step == Step::Pausing) {
            std::vector<NodeId> peers;
            for (const auto& [node, leaves] : comparison.differing)
                peers.push_back(node);
            look(comparison, peers);
            continue;
        }
        for (const NodeId silent : std::exchange(comparison.waiting, {}))
            comparison.differing.erase(silent);
        comparison.again = true;
        comparison.step == Step::Looking ? onLooked(comparison) : onListed(comparison);
    }
    std::vector<Tag> keys;
    for (auto& [tag, round] : m_keys)
        if (round.deadline <= now)
            keys.push_back(tag);
    for (const Tag tag : keys) {
        m_keys.at(tag).waiting.clear();
        judgeKey(tag);
    }
}

void Repair::begin(PartitionIndex partition)
{
    const RepairOptions& options = m_context.options.repair;
    // Who comes in by a change copies by itself. The change may wait for it for long, and the others must be the same meanwhile.
    std::vector<NodeId> peers;
    bool isSteady = false;
    for (const NodeId node : m_context.map->before(partition)) {
        isSteady = isSteady || node == m_context.self;
        if (node != m_context.self && m_context.isUp(node))
            peers.push_back(node);
    }
    if (peers.empty() || !isSteady || !m_replica.trees().isBuilt(partition)) {
        m_watched[partition].due = m_context.now.monotonic + std::max(recheckPauses * options.lookAgain, retryPause);
        return;
    }
    ++m_context.counters.repair.comparisons;
    Comparison& comparison = m_comparisons[partition];
    comparison.partition = partition;
    comparison.ballot = m_watched[partition].ballot;
    m_watched[partition].due = m_context.now.monotonic + options.round; // finish() knows better
    look(comparison, peers);
}

void Repair::look(Comparison& comparison, const std::vector<NodeId>& peers)
{
    if (!m_replica.trees().isBuilt(comparison.partition)) { // being built anew
        comparison.again = true;
        finish(comparison.partition);
        return;
    }
    comparison.step = Step::Looking;
    comparison.tag = m_context.newTag();
    comparison.deadline = deadline();
    ++comparison.looks;
    comparison.waiting.insert(peers.begin(), peers.end());
    for (const NodeId node : peers)
        m_context.outbox.send(
            node, TreeRequest{comparison.tag, comparison.partition, {}, m_replica.trees().root(comparison.partition)});
    if (peers.empty())
        onLooked(comparison);
}

Repair::Comparison* Repair::comparisonOf(Tag tag)
{
    for (auto& [partition, comparison] : m_comparisons)
        if (comparison.tag == tag)
            return &comparison;
    return nullptr;
}

void Repair::handle(NodeId from, const TreeReply& reply)
{
    Comparison* const comparison = comparisonOf(reply.tag);
    if (!comparison || comparison->step != Step::Looking || comparison->waiting.erase(from) == 0)
        return;
    onTree(*comparison, from, reply);
    if (comparison->waiting.empty())
        onLooked(*comparison);
}

void Repair::onTree(Comparison& comparison, NodeId from, const TreeReply& reply)
{
    const PartitionIndex partition = comparison.partition;
    const HashTrees& trees = m_replica.trees();
    if (reply.status != ReplicaStatus::Ok || !reply.built || !trees.isBuilt(partition)) {
        comparison.differing.erase(from);
        comparison.again = true;
        return;
    }
    // While it moves, floors stay: whoever comes in may have taken over the lower one. What differs by them alone is no difference key by key.
    if (reply.floor != m_replica.floor(partition) && !m_context.map->isMoving(partition)) {
        m_floors.level(partition, from, reply.floor);
        comparison.differing.erase(from);
        comparison.again = true;
        return;
    }
    std::uint64_t leaves = 0;
    if (reply.root != trees.root(partition) && reply.leaves.size() == treeLeafCount)
        for (std::size_t leaf = 0; leaf < treeLeafCount; ++leaf)
            leaves |= std::uint64_t(reply.leaves[leaf] != trees.leaves(partition)[leaf]) << leaf;
    if (comparison.looks > 1)
        leaves &= comparison.differing[from];
    comparison.differing[from] = leaves;
    if (leaves == 0) {
        comparison.differing.erase(from);
        setStanding(partition, from, Standing::Same);
    }
}

void Repair::onLooked(Comparison& comparison)
{
    if (comparison.differing.empty()) {
        finish(comparison.partition);
    } else if (comparison.looks == 1 && m_context.options.repair.lookAgain > Milliseconds(0)) {
        comparison.step = Step::Pausing;
        comparison.tag = 0;
        comparison.deadline = m_context.now.monotonic + m_context.options.repair.lookAgain;
    } else {
        ++m_context.counters.repair.differing;
        for (const auto& [node, leaves] : comparison.differing) {
            setStanding(comparison.partition, node, Standing::Differs);
            comparison.leaves |= leaves;
        }
        comparison.next = m_replica.trees().leafFirst(comparison.partition,
                                                      static_cast<std::size_t>(std::countr_zero(comparison.leaves)));
        listNext(comparison);
    }
}

void Repair::finish(PartitionIndex partition)
{
    const Comparison& comparison = m_comparisons.at(partition);
    const RepairOptions& options = m_context.options.repair;
    const TimePoint now = m_context.now.monotonic;
    const Milliseconds soon = std::max(recheckPauses * options.lookAgain, retryPause);
    Milliseconds pause = options.round;
    if (comparison.again || comparison.mended)
        pause = soon;
    else if (!comparison.differing.empty())
        pause = std::max(soon, stuckPause);
    m_watched[partition].due = now + std::min(pause, options.round);
    m_comparisons.erase(partition);
}

/// This node is home no more: whatever it found out is somebody else's business.
void Repair::abandon(PartitionIndex partition)
{
    m_comparisons.erase(partition);
    std::erase_if(m_keys, [&](const auto& entry) { return entry.second.partition == partition; });
}

RepairState Repair::state() const
{
    RepairState state;
    std::map<NodeId, std::uint64_t> waiting; // tombstones
    for (PartitionIndex partition = 0; partition < m_watched.size(); ++partition) {
        state.partitionsHeld += m_replica.trees().isOpen(partition);
        state.treesBuilt += m_replica.trees().isBuilt(partition);
        state.tombstones += m_replica.counts(partition).tombstones;
        if (!m_replica.trees().isBuilt(partition))
            continue;
        for (const auto& [node, standing] : m_watched[partition].standing)
            if (standing != Standing::Same)
                waiting[node] += m_replica.trees().tombstones(partition);
    }
    for (const auto& [node, peer] : m_peers) {
        PeerRepair& shown = state.peers.emplace_back();
        shown.node = node;
        const auto same = peer.count[static_cast<int>(Standing::Same)];
        shown.differing = peer.count[static_cast<int>(Standing::Differs)];
        shown.compared = same + shown.differing;
        shown.partitions = shown.compared + peer.count[static_cast<int>(Standing::Unknown)];
        shown.keysRepaired = peer.keysRepaired;
        if (same == shown.partitions && same > 0)
            shown.sameFor = std::chrono::duration_cast<Microseconds>(m_context.now.monotonic - peer.sameSince);
        shown.tombstonesWaiting = waiting[node];
    }
    return state;
}

void Repair::addTo(CoreSizes& sizes) const
{
    sizes.comparisons += m_comparisons.size();
    sizes.repairKeys += m_keys.size();
}

} // namespace quoit
