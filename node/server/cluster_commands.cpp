// CLUSTER: the ring as clients of Redis Cluster see it. A partition is a run of hash slots; its first replica is shown
// as their master, the others as replicas. Any node answers for any key, so that a client that knows less is served as
// well.
#include "node/server/server_commands.h"

#include "shared/resp/numbers.h"
#include "shared/ring/position.h"

#include <algorithm>
#include <cstdio>
#include <span>
#include <unordered_map>
#include <xxhash.h>

namespace quoit {

namespace {

/// Neighbouring slots with the same replicas (or, for masters, the same first one).
struct SlotRange
{
    int first = 0;
    int last = 0;
    PartitionIndex partition = 0; // one of them, to look its replicas up
};

std::vector<SlotRange> slotRanges(const ClusterMap& map, bool byMasterOnly)
{
    const int slotsEach = hashSlotCount / static_cast<int>(map.partitionCount());
    std::vector<SlotRange> ranges;
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition) {
        const int first = static_cast<int>(partition) * slotsEach;
        const auto replicas = map.replicas(partition);
        if (!ranges.empty()) {
            const auto before = map.replicas(ranges.back().partition);
            const bool same = byMasterOnly ? before.front() == replicas.front()
                                           : std::equal(before.begin(), before.end(), replicas.begin());
            if (same) {
                ranges.back().last = first + slotsEach - 1;
                continue;
            }
        }
        ranges.push_back({first, first + slotsEach - 1, partition});
    }
    return ranges;
}

Address addressOf(const Member& member)
{
    const Result<Address> address = addressFromText(member.clientAddress);
    return address ? address.value() : Address{member.clientAddress, 0};
}

std::uint16_t peerPortOf(const Member& member)
{
    const Result<Address> address = addressFromText(member.peerAddress);
    return address ? address.value().port : 0;
}

bool isUp(CommandCall& call, NodeId node)
{
    Core& core = *call.node.core();
    return node == core.self() || core.peerHealth(call.node.now(), node).state == PeerState::Up;
}

bool isDown(CommandCall& call, NodeId node)
{
    Core& core = *call.node.core();
    return node != core.self() && core.peerHealth(call.node.now(), node).state == PeerState::Down;
}

void keySlot(CommandCall& call)
{
    if (call.needs(3, 3))
        call.reply().integer(hashSlot(call.argument(2)));
}

void slots(CommandCall& call)
{
    const ClusterMap& map = *call.node.core()->map();
    const std::vector<SlotRange> ranges = slotRanges(map, false);
    RespWriter& reply = call.reply();
    reply.arrayHeader(ranges.size());
    for (const SlotRange& range : ranges) {
        const auto replicas = map.replicas(range.partition);
        reply.arrayHeader(2 + replicas.size());
        reply.integer(range.first);
        reply.integer(range.last);
        for (const NodeId id : replicas) {
            const Address address = addressOf(*map.member(id));
            reply.arrayHeader(4);
            reply.bulk(address.host);
            reply.integer(address.port);
            reply.bulk(clusterNodeId(map.clusterId(), id));
            reply.arrayHeader(0);
        }
    }
}

void shardNode(CommandCall& call, const ClusterMap& map, const Member& member)
{
    const Address address = addressOf(member);
    RespWriter& reply = call.reply();
    reply.mapHeader(7);
    reply.bulk("id");
    reply.bulk(clusterNodeId(map.clusterId(), member.id));
    reply.bulk("port");
    reply.integer(address.port);
    reply.bulk("ip");
    reply.bulk(address.host);
    reply.bulk("endpoint");
    reply.bulk(address.host);
    reply.bulk("role");
    reply.bulk("master");
    reply.bulk("replication-offset");
    reply.integer(0);
    reply.bulk("health");
    reply.bulk(isUp(call, member.id) ? "online" : "failed");
}

/// One shard a node: what it is the first replica of.
void shards(CommandCall& call)
{
    const ClusterMap& map = *call.node.core()->map();
    const std::vector<SlotRange> ranges = slotRanges(map, true);
    RespWriter& reply = call.reply();
    reply.arrayHeader(map.members().size());
    for (const Member& member : map.members()) {
        std::vector<const SlotRange*> own;
        for (const SlotRange& range : ranges) {
            if (map.owner(range.partition) == member.id)
                own.push_back(&range);
        }
        reply.mapHeader(2);
        reply.bulk("slots");
        reply.arrayHeader(own.size() * 2);
        for (const SlotRange* range : own) {
            reply.integer(range->first);
            reply.integer(range->last);
        }
        reply.bulk("nodes");
        reply.arrayHeader(1);
        shardNode(call, map, member);
    }
}

void nodes(CommandCall& call)
{
    const Core& core = *call.node.core();
    const ClusterMap& map = *core.map();
    const std::vector<SlotRange> ranges = slotRanges(map, true);
    std::string text;
    for (const Member& member : map.members()) {
        const bool isSelf = member.id == core.self();
        const bool up = isUp(call, member.id);
        text += clusterNodeId(map.clusterId(), member.id) + ' ' + addressOf(member).toText() + '@' +
                std::to_string(peerPortOf(member)) + ' ' +
                (isSelf                    ? "myself,master"
                 : isDown(call, member.id) ? "master,fail"
                 : up                      ? "master"
                                           : "master,fail?") +
                " - 0 0 " + std::to_string(map.epoch()) + (up ? " connected" : " disconnected");
        for (const SlotRange& range : ranges) {
            if (map.owner(range.partition) != member.id)
                continue;
            text += ' ' + std::to_string(range.first);
            if (range.last != range.first)
                text += '-' + std::to_string(range.last);
        }
        text += '\n';
    }
    call.reply().verbatim(text);
}

void info(CommandCall& call)
{
    const Core& core = *call.node.core();
    const ClusterMap& map = *core.map();
    const StatusReport status = call.node.view().status(call.node.now(), &core, call.node.stateText());
    const auto slotsEach = static_cast<std::uint64_t>(hashSlotCount) / map.partitionCount();
    const std::uint64_t failed = status.partitionsWithoutMajority * slotsEach;
    const PeerLinksCounters links = call.node.linkCounters();
    std::string text =
        std::string("cluster_state:") + (failed == 0 ? "ok" : "fail") +
        "\r\ncluster_slots_assigned:16384\r\ncluster_slots_ok:" + std::to_string(hashSlotCount - failed) +
        "\r\ncluster_slots_pfail:0\r\ncluster_slots_fail:" + std::to_string(failed) +
        "\r\ncluster_known_nodes:" + std::to_string(map.members().size()) +
        "\r\ncluster_size:" + std::to_string(map.members().size()) +
        "\r\ncluster_current_epoch:" + std::to_string(map.epoch()) +
        "\r\ncluster_my_epoch:" + std::to_string(map.epoch()) +
        "\r\ncluster_stats_messages_sent:" + std::to_string(links.messagesSent) +
        "\r\ncluster_stats_messages_received:" + std::to_string(links.messagesReceived) +
        "\r\ntotal_cluster_links_buffer_limit_exceeded:0\r\n";
    call.reply().verbatim(text);
}

void countKeysInSlot(CommandCall& call)
{
    if (!call.needs(3, 3))
        return;
    const std::optional<std::int64_t> slot = parseInteger(call.argument(2));
    if (!slot)
        call.reply().error("ERR value is not an integer or out of range");
    else if (*slot < 0 || *slot >= hashSlotCount)
        call.reply().error("ERR Invalid slot");
    else
        call.start(makeCountKeysInSlot(call.desk, call.session, static_cast<std::uint32_t>(*slot)));
}

void myId(CommandCall& call)
{
    const Core& core = *call.node.core();
    call.reply().bulk(clusterNodeId(core.map()->clusterId(), core.self()));
}

/// One link for both directions, to each member that is connected.
void links(CommandCall& call)
{
    const Now now = call.node.now();
    const std::string& cluster = call.node.core()->map()->clusterId();
    const std::vector<PeerLinkFacts> links = call.node.links();
    call.reply().arrayHeader(links.size());
    for (const PeerLinkFacts& link : links) {
        const auto bytes = static_cast<std::int64_t>(link.backlogBytes);
        call.reply().mapHeader(6);
        call.reply().bulk("direction");
        call.reply().bulk(link.isDialled ? "to" : "from");
        call.reply().bulk("node");
        call.reply().bulk(clusterNodeId(cluster, link.peer));
        call.reply().bulk("create-time");
        call.reply().integer(now.wallMs - std::chrono::duration_cast<Milliseconds>(now.monotonic - link.since).count());
        call.reply().bulk("events");
        call.reply().bulk(bytes > 0 ? "rw" : "r");
        call.reply().bulk("send-buffer-allocated");
        call.reply().integer(bytes);
        call.reply().bulk("send-buffer-used");
        call.reply().integer(bytes);
    }
}

using Handler = void (*)(CommandCall&);
struct Subcommand
{
    Handler handler;
    std::size_t argumentsMax; // of those that don't look themselves
};
const std::unordered_map<std::string_view, Subcommand> subcommands = {
    {"SLOTS", {slots, 2}}, {"SHARDS", {shards, 2}}, {"NODES", {nodes, 2}},
    {"INFO", {info, 2}},   {"MYID", {myId, 2}},     {"COUNTKEYSINSLOT", {countKeysInSlot, 3}},
    {"LINKS", {links, 2}},
};

} // namespace

std::string clusterNodeId(const std::string& clusterId, NodeId node)
{
    const std::string seed = clusterId + '/' + std::to_string(node);
    const XXH128_hash_t wide = XXH3_128bits(seed.data(), seed.size());
    const XXH64_hash_t narrow = XXH3_64bits(seed.data(), seed.size());
    char text[48];
    std::snprintf(text, sizeof text, "%016llx%016llx%08x", static_cast<unsigned long long>(wide.high64),
                  static_cast<unsigned long long>(wide.low64), static_cast<unsigned>(narrow));
    return text;
}

bool runClusterCommand(CommandId id, CommandCall& call)
{
    if (id != CommandId::Cluster)
        return false;
    if (!call.needs(2, SIZE_MAX))
        return true;
    const std::string what = upperCase(call.argument(1));
    if (what == "KEYSLOT") {
        keySlot(call);
        return true;
    }
    if (what == "HELP") {
        call.help({"COUNTKEYSINSLOT <slot>", "    How many keys a slot has.", "INFO", "    The state of the cluster.",
                   "KEYSLOT <key>", "    The slot of a key.", "LINKS", "    The connections to other nodes.", "MYID", "    The id of this node.", "NODES",
                   "    The nodes and the slots of which each is the first replica.", "SHARDS",
                   "    The same, as a structure.", "SLOTS", "    All replicas of all slots.", "HELP",
                   "    Prints this help."});
        return true;
    }
    const auto subcommand = subcommands.find(what);
    if (subcommand == subcommands.end())
        call.unknownSubcommand();
    else if (call.needs(2, subcommand->second.argumentsMax) && call.needsCluster())
        subcommand->second.handler(call);
    return true;
}

} // namespace quoit
