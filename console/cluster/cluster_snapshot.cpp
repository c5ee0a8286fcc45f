#include "console/cluster/cluster_snapshot.h"

#include "shared/ring/token_allocation.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>
#include <cmath>
#include <limits>

namespace quoit {

namespace {

constexpr std::uint64_t freshMs = 5000;

QString translated(const char* text)
{
    return QCoreApplication::translate("quoit::Health", text);
}

QString nodeName(const NodeReport& node)
{
    return node.name.empty() ? QStringLiteral("node %1").arg(node.id) : QString::fromStdString(node.name);
}

void countStates(const ClusterSnapshot& snapshot, ClusterTotals& totals)
{
    for (const NodeReport& node : snapshot.nodes)
        switch (node.state) {
        case NodeState::Up:
            ++totals.nodesUp;
            break;
        case NodeState::Suspect:
            ++totals.nodesSuspect;
            break;
        case NodeState::Down:
            ++totals.nodesDown;
            break;
        case NodeState::Unknown:
        case NodeState::Waiting:
            ++totals.nodesUnknown;
            break;
        }
}

ClusterTotals totalsOf(const ClusterSnapshot& snapshot)
{
    ClusterTotals totals;
    countStates(snapshot, totals);
    const auto add = [](std::optional<double>& sum, double value) { sum = sum.value_or(0) + value; };
    double hits = 0;
    double misses = 0;
    double weightedP50 = 0;
    double operations = 0;
    for (const NodeReport& node : snapshot.nodes) {
        const LoadFigures& figures = node.figures;
        // What a dead node stored still counts; what it did per second doesn't.
        if (node.state != NodeState::Unknown && node.state != NodeState::Waiting && hasFigures(node))
            add(totals.keys, double(figures.keys));
        if (!hasFreshFigures(node))
            continue;
        add(totals.readsPerSecond, double(figures.readsPerSecond));
        add(totals.writesPerSecond, double(figures.writesPerSecond));
        add(totals.memoryBytes, double(figures.memoryBytes));
        add(totals.diskBytes, double(figures.diskBytes));
        add(totals.dataBytes, double(figures.dataBytes));
        add(totals.connections, double(figures.connections));
        hits += double(figures.cacheHitsPerSecond);
        misses += double(figures.cacheMissesPerSecond);
        if (const double mine = double(figures.readsPerSecond + figures.writesPerSecond);
            mine > 0 && figures.p99Us > 0) {
            operations += mine;
            weightedP50 += mine * double(figures.p50Us);
            totals.p99Us = std::max(totals.p99Us.value_or(0), double(figures.p99Us));
            totals.p999Us = std::max(totals.p999Us.value_or(0), double(figures.p999Us));
        }
    }
    if (totals.readsPerSecond)
        totals.operationsPerSecond = *totals.readsPerSecond + *totals.writesPerSecond;
    if (operations > 0)
        totals.p50Us = weightedP50 / operations;
    if (hits + misses > 0)
        totals.hitRatio = hits / (hits + misses);
    if (totals.keys && snapshot.map) {
        const double copies = std::min<double>(snapshot.map->replicaCount(), snapshot.map->members().size());
        totals.keys = std::round(*totals.keys / copies);
    }
    return totals;
}

/// A suspect one still answers; of whom nothing is known, nothing can be hoped.
Availability availabilityOf(const ClusterSnapshot& snapshot)
{
    if (!snapshot.map || snapshot.receivedMs == 0)
        return {};
    std::vector<NodeId> down;
    for (const Member& member : snapshot.map->members()) {
        const NodeReport* node = snapshot.node(member.id);
        if (!node || (node->state != NodeState::Up && node->state != NodeState::Suspect))
            down.push_back(member.id);
    }
    return availabilityWithout(*snapshot.map, down);
}

Health healthOf(const ClusterSnapshot& snapshot)
{
    Health health;
    if (!snapshot.map || snapshot.receivedMs == 0) {
        health.headline = translated("Waiting for the first report");
        health.detail = translated("The cluster tells its state once a second.");
        return health;
    }
    health.partitionsBelowStrength = int(snapshot.availability.partitionsBelowStrength);
    health.partitionsWithoutMajority = int(snapshot.availability.partitionsWithoutMajority);
    QStringList down;
    QStringList suspect;
    QStringList full;
    for (const NodeReport& node : snapshot.nodes) {
        if (node.state == NodeState::Down || node.state == NodeState::Unknown)
            down << nodeName(node);
        if (node.state == NodeState::Suspect)
            suspect << nodeName(node);
        if (node.figures.storageFull && hasFreshFigures(node))
            full << nodeName(node);
    }
    const auto counted = [](int count) { return QLocale(QLocale::English).toString(count); };
    const QString partitions = counted(int(snapshot.map->partitionCount()));
    if (health.partitionsWithoutMajority > 0) {
        health.level = Health::Level::Critical;
        health.headline = translated("Part of the data can't be reached");
        health.detail = translated("%1 of %2 partitions have no majority of replicas. Bring back %3.")
                            .arg(counted(health.partitionsWithoutMajority), partitions)
                            .arg(down.join(QStringLiteral(" or ")));
    } else if (!full.isEmpty()) {
        health.level = Health::Level::Critical;
        health.headline = translated("Disk full");
        health.detail = translated("Writes are refused on %1; reads go on. Free some space there.")
                            .arg(full.join(QStringLiteral(", ")));
    } else if (!down.isEmpty()) {
        health.level = Health::Level::Degraded;
        health.headline =
            translated("%1 %2 down, nothing is lost")
                .arg(down.join(QStringLiteral(", ")), down.size() == 1 ? translated("is") : translated("are"));
        health.detail = translated("Every request succeeds. %1 of %2 partitions run on fewer replicas than they "
                                   "should; they catch up by themselves when it is back.")
                            .arg(counted(health.partitionsBelowStrength), partitions);
    } else if (!suspect.isEmpty()) {
        health.level = Health::Level::Degraded;
        health.headline = (suspect.size() == 1 ? translated("%1 is suspected of being down")
                                               : translated("%1 are suspected of being down"))
                              .arg(suspect.join(QStringLiteral(", ")));
        health.detail = translated("It answers late or not at all. Requests go round it; it counts as down if it stays silent.");
    } else {
        health.level = Health::Level::Well;
        health.headline = translated("All is well");
        health.detail = translated("%1 nodes are up, and each of the %2 partitions has all of its %3 replicas.")
                            .arg(snapshot.nodes.size())
                            .arg(partitions)
                            .arg(std::min<std::size_t>(snapshot.map->replicaCount(), snapshot.nodes.size()));
    }
    return health;
}

} // namespace

const NodeReport* ClusterSnapshot::node(NodeId id) const
{
    const auto found = std::ranges::lower_bound(nodes, id, {}, &NodeReport::id);
    return found != nodes.end() && found->id == id ? &*found : nullptr;
}

bool hasFigures(const NodeReport& node)
{
    return node.figures != LoadFigures();
}

bool hasFreshFigures(const NodeReport& node)
{
    return hasFigures(node) && (node.state == NodeState::Up || node.state == NodeState::Suspect) && node.figuresAgeMs < freshMs;
}

void completeSnapshot(ClusterSnapshot& snapshot)
{
    snapshot.ownership.assign(snapshot.nodes.size(), std::numeric_limits<double>::quiet_NaN());
    snapshot.ownHomes.assign(snapshot.nodes.size(), 0);
    if (snapshot.map) {
        for (PartitionIndex partition = 0; partition < snapshot.map->partitionCount(); ++partition) {
            const auto owner = std::ranges::lower_bound(snapshot.nodes, snapshot.map->owner(partition), {}, &NodeReport::id);
            if (owner != snapshot.nodes.end() && owner->id == snapshot.map->owner(partition))
                ++snapshot.ownHomes[std::size_t(owner - snapshot.nodes.begin())];
        }
        const Balance balance = balanceOf(*snapshot.map);
        const auto& members = snapshot.map->members();
        for (std::size_t i = 0; i < snapshot.nodes.size(); ++i) {
            const auto found = std::ranges::lower_bound(members, snapshot.nodes[i].id, {}, &Member::id);
            if (found != members.end() && found->id == snapshot.nodes[i].id)
                snapshot.ownership[i] = balance.share[std::size_t(found - members.begin())];
        }
    }
    snapshot.availability = availabilityOf(snapshot);
    snapshot.totals = totalsOf(snapshot);
    snapshot.health = healthOf(snapshot);
}

} // namespace quoit
