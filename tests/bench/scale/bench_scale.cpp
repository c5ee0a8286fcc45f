// tests/bench/scale/bench_scale.cpp - what the ring costs by its size, in virtual time: heartbeats, trees, promises, maps, how soon a dead
// node is noticed, and how often a living one is suspected.
//   bench_scale [NODES PARTITIONS]...   default: 10 1024  100 4096  1000 16384
#include "node/core/failure_detector.h"
#include "shared/base/random.h"
#include "shared/ring/change_plan.h"
#include "tests/bench/scale/large_cluster.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>

using namespace quoit;
using namespace quoit::bench;

namespace {

double cpuSeconds()
{
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

void print(const char* what, const std::map<std::string, Traffic>& traffic, NodeId nodes, double seconds)
{
    for (const auto& [kind, each] : traffic)
        std::printf("  %-28s %10.1f messages/s and node, %10.1f kB/s and node\n", (what + (": " + kind)).c_str(),
                    static_cast<double>(each.messages) / seconds / nodes, static_cast<double>(each.bytes) / seconds / nodes / 1000);
}

/// One node watches all others for a day: messages are late by a retransmission in one of a hundred, and every node sleeps now and then.
void measureSuspicions(NodeId nodes, Milliseconds interval)
{
    constexpr std::int64_t dayUs = std::int64_t(24) * 3600 * 1'000'000;
    const std::int64_t endUs = nodes < 1000 ? dayUs : dayUs / 10; // a thousand peers for a day take an hour to simulate
    Random random(nodes);
    FailureDetector detector({}, nodes);
    struct Arrival
    {
        std::int64_t us;
        NodeId peer;
        bool operator<(const Arrival& other) const { return us > other.us; }
    };
    std::priority_queue<Arrival> arrivals;
    const std::int64_t intervalUs = interval.count() * 1000;
    std::vector<std::int64_t> sent(nodes + 1), sleepsAt(nodes + 1), arrived(nodes + 1);
    const auto drawSleep = [&] { return static_cast<std::int64_t>(random.below(dayUs / 2)); }; // four a day
    for (NodeId peer = 1; peer < nodes; ++peer) {
        detector.connected(TimePoint(Microseconds(0)), peer);
        sent[peer] = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(intervalUs)));
        sleepsAt[peer] = drawSleep();
        arrivals.push({sent[peer], peer});
    }
    std::uint64_t suspicions = 0;
    std::int64_t nextTick = 0;
    while (arrivals.top().us < endUs) {
        const Arrival arrival = arrivals.top();
        arrivals.pop();
        for (; nextTick < arrival.us; nextTick += 20'000) {
            detector.tick(TimePoint(Microseconds(nextTick)), Microseconds(0));
            for (const FailureDetector::Change& change : detector.takeChanges())
                suspicions += change.state == PeerState::Suspect;
        }
        detector.heartbeat(TimePoint(Microseconds(arrival.us)), arrival.peer);
        std::int64_t& next = sent[arrival.peer];
        next += intervalUs + static_cast<std::int64_t>(random.below(2000));
        if (next > sleepsAt[arrival.peer]) {
            next += 50'000 + static_cast<std::int64_t>(random.below(450'000)); // a pause of 50 … 500 ms
            sleepsAt[arrival.peer] = next + drawSleep();
        }
        const std::int64_t late = random.chance(0.01) ? 200'000 + static_cast<std::int64_t>(random.below(50'000)) : static_cast<std::int64_t>(random.below(1000));
        arrived[arrival.peer] = std::max(arrived[arrival.peer], next + late); // in order, as TCP delivers
        arrivals.push({arrived[arrival.peer], arrival.peer});
    }
    std::printf("  false suspicions at one node in a day, 1 %% of messages 200 ms late, four pauses of 50 ... 500 ms a node: %.0f\n",
                static_cast<double>(suspicions) * static_cast<double>(dayUs) / static_cast<double>(endUs));
}

/// @return how long until all have the next map
Milliseconds spread(LargeCluster& cluster, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder)
{
    const std::uint64_t revision = cluster.core(1).map()->revision() + 1;
    cluster.takeTraffic();
    cluster.propose(1, std::move(builder));
    return cluster.passUntil(Milliseconds(60'000), [&] {
        for (NodeId id = 1; id <= cluster.size(); ++id)
            if (cluster.core(id).map()->revision() < revision)
                return false;
        return true;
    });
}

void measureMaps(LargeCluster& cluster)
{
    double before = cpuSeconds();
    const Milliseconds limit = spread(cluster, [](const ClusterMap& map) {
        ClusterMapParts parts = map.parts();
        ++parts.revision;
        parts.copyMegabytesPerSecond = 7;
        return ClusterMap::make(std::move(parts));
    });
    std::printf("  all have a new map after %lld ms; the most that one node sent for it: %.0f kB; %.1f ms of CPU a node\n",
                static_cast<long long>(limit.count()), static_cast<double>(cluster.mostSent()) / 1000, 1000 * (cpuSeconds() - before) / cluster.size());
    print("new map", cluster.takeTraffic(), cluster.size(), 1);

    before = cpuSeconds();
    const Milliseconds joint = spread(cluster, [](const ClusterMap& map) -> Result<ClusterMapPtr> {
        ChangeStep heavier;
        heavier.kind = ChangeStep::Kind::Weight;
        heavier.node = 2;
        heavier.weight = 2;
        Result<RingChange> change = planChange(map, {map.revision() + 1, {heavier}});
        return change ? beginChange(map, std::move(change).value()) : Result<ClusterMapPtr>(change.error());
    });
    const Milliseconds rest = cluster.passUntil(Milliseconds(60'000), [&] {
        for (NodeId id = 1; id <= cluster.size(); ++id)
            if (cluster.core(id).map()->isChanging())
                return false;
        return true;
    });
    cluster.pass(Milliseconds(1000));
    const double seconds = static_cast<double>((joint + rest).count()) / 1000 + 1;
    std::printf("  a node gets twice its weight: all know of it after %lld ms, done after %.1f s; the most that one node sent: %.0f kB; %.1f ms of CPU a node\n",
                static_cast<long long>(joint.count()), seconds - 1, static_cast<double>(cluster.mostSent()) / 1000,
                1000 * (cpuSeconds() - before) / cluster.size());
    print("change", cluster.takeTraffic(), cluster.size(), seconds);
}

void measure(NodeId nodes, std::uint32_t partitions)
{
    std::printf("%u nodes, %u partitions\n", static_cast<unsigned>(nodes), static_cast<unsigned>(partitions));
    const std::uint64_t bytesBefore = residentBytes();
    LargeCluster cluster(nodes, partitions);
    std::printf("  %.2f MB of memory a core at the start\n", static_cast<double>(residentBytes() - bytesBefore) / nodes / 1e6);
    std::printf("  map %.1f kB, a heartbeat every %lld ms\n", static_cast<double>(cluster.firstMap()->encode().size()) / 1000,
                static_cast<long long>(cluster.heartbeatInterval().count()));
    const Milliseconds homes = cluster.passUntil(Milliseconds(60'000), [&] {
        std::uint64_t count = 0;
        for (NodeId id = 1; id <= cluster.size(); ++id)
            count += cluster.core(id).homeCount();
        return count == partitions;
    });
    std::printf("  all partitions have a home after %lld ms\n", static_cast<long long>(homes.count()));
    print("start", cluster.takeTraffic(), nodes, static_cast<double>(homes.count()) / 1000);
    constexpr int firstSeconds = 15; // every partition is compared once: later once in ten minutes
    cluster.pass(Milliseconds(firstSeconds * 1000));
    print("first 15 s", cluster.takeTraffic(), nodes, firstSeconds);
    const double before = cpuSeconds();
    constexpr int quietSeconds = 10;
    cluster.pass(Milliseconds(quietSeconds * 1000));
    const double cpu = (cpuSeconds() - before) / quietSeconds / nodes;
    std::printf("  %.2f MB of memory a core once all are at work\n", static_cast<double>(residentBytes() - bytesBefore) / nodes / 1e6);
    print("idle", cluster.takeTraffic(), nodes, quietSeconds);
    std::printf("  idle: %.3f %% of a core for each node, the simulation of the network included\n", 100 * cpu);

    measureMaps(cluster);

    const NodeId dead = nodes;
    cluster.hang(dead);
    const auto suspecting = [&] {
        std::size_t count = 0;
        for (NodeId id = 1; id < cluster.size(); ++id)
            count += cluster.core(id).peerHealth(cluster.now(), dead).state != PeerState::Up;
        return count;
    };
    const Milliseconds first = cluster.passUntil(Milliseconds(60'000), [&] { return suspecting() > 0; });
    const Milliseconds last = cluster.passUntil(Milliseconds(60'000), [&] { return suspecting() == cluster.size() - 1u; });
    cluster.pass(Milliseconds(1000));
    std::printf("  a node that hangs is suspected by the first after %lld ms, by all after %lld ms\n",
                static_cast<long long>(first.count()), static_cast<long long>((first + last).count()));
    const auto traffic = cluster.takeTraffic();
    if (const auto promises = traffic.find("promises"); promises != traffic.end())
        std::printf("  its homes go over with %.2f promise messages a node, %.1f kB a node\n",
                    static_cast<double>(promises->second.messages) / nodes, static_cast<double>(promises->second.bytes) / nodes / 1000);
    measureSuspicions(nodes, cluster.heartbeatInterval());
}

} // namespace

int main(int argc, char** argv)
{
    std::vector<std::pair<NodeId, std::uint32_t>> sizes = {{10, 1024}, {100, 4096}, {1000, 16384}};
    if (argc > 2)
        sizes.clear();
    for (int i = 1; i + 1 < argc; i += 2)
        sizes.emplace_back(static_cast<NodeId>(std::atoi(argv[i])), static_cast<std::uint32_t>(std::atoi(argv[i + 1])));
    std::setvbuf(stdout, nullptr, _IOLBF, 0); // the large ones take long
    for (const auto& [nodes, partitions] : sizes) {
        measure(nodes, partitions);
    }
    return 0;
}
