// node/server/figures_codec.h - what a heartbeat carries beside the beat: the sender's figures and the load of its
// partitions. Layout: version u8, program version as a blob, the figures as varints in their order in LoadFigures,
// flags u8 (1: storage full), count of partitions, each as varint distance to the one before and varint operations/s;
// count of replicas that aren't known to be the same, each as varints: node, partitions not compared, differing,
// tombstones that wait for it; the hot keys of reads and those of writes, each as varints floor and count, and per key
// a blob and varints rate and error; the sender's clock as a varint, ms since the Unix epoch. Later versions may
// append.
#pragma once

#include "node/server/hot_keys.h"
#include "shared/admin/node_report.h"

#include <string>
#include <string_view>
#include <vector>

namespace quoit {

/// How far a replica is from being the same as the others, in the partitions whose home the sender is.
struct ReplicaStanding
{
    NodeId node = noNode;
    std::uint64_t uncompared = 0; ///< partitions, since it was last away or the home changed
    std::uint64_t differing = 0;  ///< partitions, when last compared
    std::uint64_t tombstonesWaiting = 0;

    bool operator==(const ReplicaStanding&) const = default;
};

struct Gossip
{
    std::string programVersion;
    LoadFigures figures;
    std::vector<PartitionLoad> partitions; ///< asked for by the sender's clients; only those with load, ascending
    std::vector<ReplicaStanding> standings; ///< those that aren't known to be the same, ascending by node
    HotKeyList hotReads;
    HotKeyList hotWrites;
    std::uint64_t sentMs = 0; ///< Unix epoch, by the sender's clock
};

std::string encodeGossip(const Gossip& gossip);
/// @return false, and leaves it half changed, if the bytes are none of a version that this program knows.
bool decodeGossip(std::string_view bytes, Gossip& gossip);

} // namespace quoit
