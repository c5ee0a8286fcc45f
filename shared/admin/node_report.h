// shared/admin/node_report.h - what a node tells an operator about itself and its peers; to and from RESP.
// Pure. The commands that answer with these: QUOIT.STATUS, QUOIT.RING, QUOIT.NODES, QUOIT.STATS, QUOIT.LOCATE, QUOIT.WATCH.
// Everything is a RESP3 map (a flat array in RESP2) of names and values, so that redis-cli shows it readably and later fields can be
// added; readers ignore names that they don't know, and leave the default where a name is missing.
#pragma once

#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/resp/value.h"
#include "shared/ring/cluster_map.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quoit {

/// How the answering node sees a peer.
enum class NodeState { Unknown, Up, Suspect, Down, Waiting };
std::string_view toText(NodeState state); ///< "unknown", "up", "suspect", "down", "waiting"
NodeState nodeStateFromText(std::string_view text);

/// Figures that a node measures of itself, over the last second where they are rates or percentiles. They travel in heartbeats.
struct LoadFigures
{
    std::uint64_t readsPerSecond = 0;  ///< client commands that it coordinated
    std::uint64_t writesPerSecond = 0;
    std::uint64_t p50Us = 0;           ///< latency of those commands; 0 when there were none
    std::uint64_t p99Us = 0;
    std::uint64_t p999Us = 0;
    std::uint64_t cacheHitsPerSecond = 0;
    std::uint64_t cacheMissesPerSecond = 0;
    std::uint64_t memoryBytes = 0;     ///< resident
    std::uint64_t cacheBytes = 0;
    std::uint64_t diskBytes = 0;       ///< database and its log
    std::uint64_t diskFreeBytes = 0;   ///< on the file system of its data folder
    std::uint64_t keys = 0;            ///< records of the partitions that it replicates, tombstones not counted
    std::uint64_t tombstones = 0;
    std::uint64_t dataBytes = 0;       ///< keys and values of those partitions
    std::uint64_t connections = 0;     ///< clients
    std::uint64_t waitingOperations = 0;
    std::uint64_t hints = 0;           ///< writes that it remembers for others
    std::uint64_t homes = 0;           ///< partitions whose home it is
    std::uint64_t commitP50Us = 0;     ///< group commits, from taking what waits to the end of their fsync; 0 when there were none
    std::uint64_t commitP99Us = 0;
    std::uint64_t fsyncP50Us = 0;      ///< of them, the fsync alone
    std::uint64_t fsyncP99Us = 0;
    std::uint64_t queuedBytes = 0;     ///< of memory, about: handed to the store, not durable yet
    std::uint64_t cpuPermille = 0;     ///< of one core
    std::uint64_t uptimeSeconds = 0;
    std::uint64_t partitionsToCopy = 0; ///< for the change of the ring in progress
    std::uint64_t partitionsCopied = 0;
    std::uint64_t copiedBytes = 0;      ///< keys and values, by this process
    std::uint64_t mapRevision = 0;
    std::uint64_t expiredPerSecond = 0; ///< keys that it, as their home, found expired
    std::uint64_t evictedPerSecond = 0; ///< keys that it, as their home, deleted for room
    std::uint64_t cacheEvictionsPerSecond = 0; ///< records that left its cache for others; they stay on disk
    std::uint64_t busyPerSecond = 0;    ///< client commands that it refused because too much waits
    std::uint64_t errorsPerSecond = 0;  ///< client commands that failed for the cluster's reasons, those refused included
    std::uint64_t usedBytes = 0;        ///< what counts against bytesMax: living keys with key, value and 64 B each
    std::uint64_t bytesMax = 0;         ///< 0: no limit
    std::uint64_t evictedKeys = 0;      ///< by this process, as their home
    std::uint64_t refusedForRoom = 0;   ///< writes answered OOM, likewise
    std::string evictionPolicy;         ///< "noeviction", "allkeys-lru" …
    bool storageFull = false; ///< or so nearly that only what frees space is taken

    bool operator==(const LoadFigures&) const = default;
};

/// One member, as the answering node sees it. An entry of QUOIT.NODES and of a QUOIT.WATCH push.
struct NodeReport
{
    NodeId id = noNode;
    std::string name;
    std::string clientAddress;
    std::string peerAddress;
    std::string httpAddress;
    std::string zone;
    double weight = 1.0;
    NodeState state = NodeState::Unknown;
    double phi = 0;                 ///< 0 … 300; 0 for the node itself
    std::uint64_t sinceMs = 0;      ///< how long it has been in that state
    std::uint64_t incarnation = 0;
    std::uint64_t figuresAgeMs = 0; ///< how old the figures are; they are the last known ones of a node that is down
    std::int64_t clockOffsetMs = 0; ///< its clock less the answering node's, as old as the figures; late by the way here
    std::string version;            ///< of the program; empty: unknown
    LoadFigures figures;
    // How far it is from being the same as the other replicas, by the word of all homes that are up.
    std::uint64_t partitionsUncompared = 0; ///< since it was last away, or their home changed
    std::uint64_t partitionsDiffering = 0;  ///< when last compared
    std::uint64_t tombstonesWaiting = 0;    ///< that can't be dropped before it is back and the same
    std::uint64_t sameForMs = 0;            ///< 0: it isn't known to be the same
};

/// What the ring alone says of a member: its state is unknown, and there are no figures.
NodeReport reportOfMember(const Member& member);

/// Something worth a mark on a chart.
struct ClusterEvent
{
    std::int64_t timeMs = 0; ///< Unix epoch
    std::string kind;        ///< "node-up", "node-suspect", "node-down", "takeover", "handover", "storage-full", "storage-free", "ring-changed", "node-leaving", "node-removed"
    NodeId node = noNode;
    std::string text;        ///< for people
};

/// Load of one partition: what clients ask of its keys, wherever they are connected.
struct PartitionLoad
{
    PartitionIndex partition = 0;
    std::uint64_t operationsPerSecond = 0;
};

/// A QUOIT.WATCH push, `["quoit.watch", map]`, once a second.
struct WatchReport
{
    std::int64_t timeMs = 0;
    NodeId reporter = noNode;
    Epoch epoch = 0;
    std::vector<NodeReport> nodes;         ///< ascending by id
    std::vector<PartitionLoad> partitions; ///< only those with load, ascending; RESP: a flat array of pairs
    std::vector<ClusterEvent> events;      ///< since the last push, ascending by time
};

/// What one replica holds of a key.
struct ReplicaReport
{
    NodeId node = noNode;
    bool answered = false;
    bool present = false; ///< a live value; false for absent keys and tombstones
    bool tombstone = false;
    std::string version;  ///< empty: no record
    std::uint64_t valueBytes = 0;
    std::int64_t expiryMs = 0; ///< Unix epoch; 0: none
};

/// QUOIT.LOCATE key
struct LocateReport
{
    std::string key;
    Position position = 0; ///< RESP: a decimal string, since it may not fit a signed integer
    std::uint32_t slot = 0;
    PartitionIndex partition = 0;
    NodeId home = noNode;  ///< whom the answering node believes to be home
    std::vector<ReplicaReport> replicas; ///< in preference order
};

/// QUOIT.STATUS
struct StatusReport
{
    NodeId node = noNode;
    std::string name;
    std::string version;
    std::string state;      ///< "waiting" (no cluster yet), "starting", "serving", "stopping"
    std::string clusterId;
    Epoch epoch = 0;
    std::uint64_t nodesUp = 0;
    std::uint64_t nodesSuspect = 0;
    std::uint64_t nodesDown = 0;
    std::uint64_t partitions = 0;
    std::uint64_t partitionsBelowStrength = 0;   ///< some replica is down
    std::uint64_t partitionsWithoutMajority = 0; ///< no majority of replicas is up
    std::uint64_t partitionsReadOnly = 0; ///< of the others: no majority of replicas has space on its disk
    std::string repair;     ///< which replicas aren't known to be the same as the others; empty: all are
    std::string change;     ///< of the ring, in progress; empty: none
    std::string verdict;    ///< "well", or a sentence that says what isn't and what to do
    std::string zones;      ///< what a lost zone would stop although nothing is wrong now; empty: nothing, or nobody names zones
    std::string strength;   ///< how many replicas are missing for want of nodes; empty: none. Then the verdict is this if nothing is worse
};

/// QUOIT.IDENTITY: what a node says of itself when a cluster is made; a member of a cluster says which.
struct IdentityReport
{
    std::string diskId;
    NodeId node = noNode; ///< noNode while it waits
    std::string clusterId;
    std::string name;
    std::string clientAddress;
    std::string peerAddress;
    std::string httpAddress;
    std::string zone;
    double weight = 1.0;
    std::uint64_t diskFreeBytes = 0;
    std::string state;   ///< as StatusReport::state; empty: an older node, that doesn't tell
    std::string version; ///< of its program; empty: an older one
};

RespValue toResp(const LoadFigures& figures);
RespValue toResp(const NodeReport& report);
RespValue toResp(const std::vector<NodeReport>& reports); ///< an array
RespValue toResp(const WatchReport& report);              ///< the map; the session adds "quoit.watch" and the push header
RespValue toResp(const LocateReport& report);
RespValue toResp(const StatusReport& report);
RespValue toResp(const IdentityReport& report);
/// QUOIT.RING: cluster, epoch, partitions, replicas, vnodes, members with id, name, addresses, zone, weight, tokens, disk.
RespValue toResp(const ClusterMap& map);

/// All: Corrupt with the name of the offending field when a value has the wrong type.
Result<NodeReport> nodeReportFromResp(const RespValue& value);
Result<std::vector<NodeReport>> nodeReportsFromResp(const RespValue& value);
Result<WatchReport> watchReportFromResp(const RespValue& value);
Result<LocateReport> locateReportFromResp(const RespValue& value);
Result<StatusReport> statusReportFromResp(const RespValue& value);
Result<IdentityReport> identityReportFromResp(const RespValue& value);
Result<ClusterMapPtr> clusterMapFromResp(const RespValue& value);

} // namespace quoit
