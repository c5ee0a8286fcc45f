// GET /metrics: everything that this node measures, for Prometheus. For people: README.md, "Watching from outside".
#include "node/server/metrics_text.h"
#include "node/server/server_commands.h"

#include <algorithm>

namespace quoit {

namespace {

using Type = MetricsText::Type;

/// Times leave in seconds.
double seconds(Microseconds time)
{
    return static_cast<double>(time.count()) / 1e6;
}

std::string levelName(Level level)
{
    return level == Level::One ? "one" : level == Level::All ? "all" : "quorum";
}

void addProcess(MetricsText& text, NodeDesk& node)
{
    text.family("quoit_build_info", Type::Gauge, "The program's version; always 1");
    text.sample(1, {{"version", node.options().programVersion}});
    text.family("quoit_node_state", Type::Gauge, "1 for the state that the node is in");
    for (const char* state : {"waiting", "serving", "stopping"})
        text.sample(node.stateText() == state ? 1 : 0, {{"state", state}});
    const LoadFigures& figures = node.view().own().figures;
    text.counter("process_cpu_seconds_total", "User and system time", seconds(processorTime()));
    text.gauge("process_resident_memory_bytes", "Resident memory", residentBytes());
    text.gauge("quoit_uptime_seconds", "Since the start of the process", figures.uptimeSeconds);
}

void addClients(MetricsText& text, NodeDesk& node)
{
    const LoadTotals& totals = node.meter().totals();
    const ClientSessions& sessions = node.sessions();
    text.counter("quoit_commands_total", "Commands of all kinds", totals.commands);
    text.counter("quoit_reads_total", "Commands that read keys and were answered", totals.reads);
    text.counter("quoit_writes_total", "Commands that write keys and were answered", totals.writes);
    text.counter("quoit_keys_found_total", "Keys that reads asked for and that were there", totals.keysFound);
    text.counter("quoit_keys_absent_total", "Keys that reads asked for and that weren't there", totals.keysAbsent);
    text.family("quoit_failed_commands_total", Type::Counter, "Commands on keys that were refused or failed, by the error that they were answered with");
    for (const CompletionStatus kind : failureKinds)
        text.sample(totals.failedFor(kind), {{"error", std::string(errorCodeOf(kind))}});
    text.gauge("quoit_waiting_operations", "Requests of clients that are under way", node.core() ? node.core()->waitingOperations() : 0);
    text.gauge("quoit_clients", "Connected clients", sessions.count());
    text.gauge("quoit_clients_limit", "Clients that may be connected", sessions.connectionsMax());
    text.counter("quoit_clients_received_total", "Clients that were taken in", sessions.received());
    text.counter("quoit_clients_rejected_total", "Clients refused because of the limit", sessions.rejected());
    text.gauge("quoit_reply_bytes", "Replies that wait for their clients, and those expected of requests under way",
               sessions.memory().replyBytes());
    text.gauge("quoit_input_bytes", "Memory for what clients have sent and isn't carried out yet", sessions.memory().inputBytes());
    text.counter("quoit_clients_closed_unread_total",
                 "Clients closed because they didn't read and others needed the memory",
                 sessions.memory().closedUnread());
    text.counter("quoit_clients_closed_half_sent_total", "Clients closed because the rest of a request didn't come",
                 sessions.memory().closedHalfSent());
    text.counter("quoit_error_replies_total",
                 "Replies that are errors, those of quoit_failed_commands_total among them", sessions.errorReplies());
    text.family("quoit_command_duration_seconds", Type::Histogram, "From reading a command on keys to its reply, those that failed not counted");
    node.meter().eachLatency([&text](const CommandSpec& spec, Level level, const Histogram& latency) {
        text.sample(latency, {{"command", std::string(spec.name)}, {"level", levelName(level)}});
    });
}

void addCache(MetricsText& text, const StoreStatistics& store)
{
    text.gauge("quoit_cache_bytes", "Memory of the record cache", store.cacheBytes);
    text.gauge("quoit_cache_entries", "Records in the cache, known absences included", store.cacheEntries);
    text.counter("quoit_cache_hits_total", "Lookups answered from memory", store.cacheHits);
    text.counter("quoit_cache_misses_total", "Lookups that weren't in the cache", store.cacheMisses);
    text.counter("quoit_cache_evictions_total", "Records that left the cache for others", store.cacheEvictions);
    text.counter("quoit_filtered_lookups_total", "Of the misses, keys known to be absent without asking the disk", store.filteredLookups);
    text.gauge("quoit_filter_bytes", "Memory that knows absent keys", store.filterBytes);
}

void addStore(MetricsText& text, const StoreStatistics& store, const LoadFigures& figures)
{
    text.gauge("quoit_disk_bytes", "Database and its log", store.fileBytes);
    text.gauge("quoit_disk_free_bytes", "Free on the file system of the data folder", figures.diskFreeBytes);
    text.gauge("quoit_disk_full", "1 while writes that need space are refused, 2 while all are", static_cast<int>(store.disk));
    text.counter("quoit_commits_total", "Group commits", store.transactions);
    text.counter("quoit_batches_total", "Batches that they made durable", store.batches);
    text.counter("quoit_records_submitted_total", "Records in those batches", store.recordsSubmitted);
    text.counter("quoit_records_written_total", "Of them, after several of one key in one commit became one", store.recordsWritten);
    text.histogram("quoit_commit_duration_seconds", "Group commits, from taking what waits to the end of the fsync", store.commitLatency);
    text.histogram("quoit_fsync_duration_seconds", "The fsync of group commits", store.syncLatency);
    text.histogram("quoit_checkpoint_duration_seconds", "Copying SQLite's log into the database", store.checkpointLatency);
    text.gauge("quoit_queued_batches", "Batches that aren't durable yet", store.queuedBatches);
    text.gauge("quoit_queued_bytes", "Memory of those batches", store.queuedBytes);
    text.gauge("quoit_unfolded_records", "Records that are durable in the log and not in their table yet", store.unfoldedRecords);
    text.counter("quoit_scrubbed_pages_total", "Pages of the file verified in the background", store.scrub.pagesVerified);
    text.counter("quoit_scrubs_total", "Passes over the whole file", store.scrub.passes);
    text.gauge("quoit_last_scrub_timestamp_seconds", "End of the last pass, Unix time; 0 before the first",
               static_cast<double>(store.scrub.passEndedMs) / 1000);
}

void addKeys(MetricsText& text, NodeDesk& node, const CoreCounters& counters)
{
    const LoadFigures& figures = node.view().own().figures;
    text.gauge("quoit_keys", "Records stored here, tombstones not counted", figures.keys);
    text.gauge("quoit_tombstones", "Tombstones stored here", figures.tombstones);
    text.gauge("quoit_data_bytes", "Keys and values stored here", figures.dataBytes);
    text.counter("quoit_expired_keys_total", "Keys found expired by this node as their home", counters.expired);
    text.counter("quoit_evicted_keys_total", "Keys deleted for room by this node as their home", counters.evicted);
    text.counter("quoit_writes_refused_for_room_total", "Writes answered OOM by this node as their home", counters.refusedForRoom);
    text.gauge("quoit_room_bytes", "Living keys stored here: key, value and 64 bytes each", figures.usedBytes);
    text.gauge("quoit_room_limit_bytes", "What this node may hold of them; 0: no limit", figures.bytesMax);
    // By rank: keys as labels would be new series without end. QUOIT.HOTKEYS has the keys.
    text.family("quoit_hot_key_requests_per_second", Type::Gauge, "The keys that clients of this node ask for most, by rank");
    const auto addRanks = [&text](const HotKeyList& list, const char* kind) {
        for (std::size_t rank = 0; rank < HotKeys::listedMax; ++rank)
            text.sample(rank < list.keys.size() ? list.keys[rank].perSecond : 0, {{"kind", kind}, {"rank", std::to_string(rank + 1)}});
    };
    addRanks(node.hotKeys().reads(), "read");
    addRanks(node.hotKeys().writes(), "write");
}

void addProtocol(MetricsText& text, NodeDesk& node, const CoreCounters& counters)
{
    const Core* const core = node.core();
    text.gauge("quoit_homes", "Partitions whose home this node is", core ? core->homeCount() : 0);
    text.counter("quoit_takeovers_total", "Partitions taken over", counters.takeovers);
    text.counter("quoit_handovers_total", "Partitions handed over", counters.handovers);
    text.counter("quoit_homes_spared_total", "Partitions offered to others because this node had too much to do", counters.homesSpared);
    text.counter("quoit_retries_total", "Operations sent again", counters.retries);
    text.counter("quoit_unknown_total", "Operations answered UNKNOWN", counters.unknown);
    text.counter("quoit_no_quorum_total", "Operations answered NOQUORUM", counters.noQuorum);
    text.counter("quoit_read_rounds_total", "Rounds of asking replicas for a key", counters.readRounds);
    text.counter("quoit_reads_shared_total", "Reads that joined another's round", counters.readsShared);
    text.counter("quoit_reads_disagreed_total", "Rounds in which replicas differed", counters.readsDisagreed);
    text.counter("quoit_reads_through_home_total", "Reads that had to go through the home", counters.readsThroughHome);
    text.counter("quoit_reads_hedged_total", "Rounds that asked further replicas because of a late one", counters.readsHedged);
    text.counter("quoit_read_requests_total", "Questions to other replicas, those of hedges not counted", counters.readRequests);
    text.counter("quoit_hedge_requests_total", "Questions to further replicas because of a late one", counters.hedgeRequests);
    text.gauge("quoit_hints", "Writes remembered for others", core ? core->hintCount() : 0);
    text.counter("quoit_hints_stored_total", "Writes that a replica missed and this node remembered for it", counters.hintsStored);
    text.counter("quoit_hints_delivered_total", "Of them, those that the replica got", counters.hintsDelivered);
    text.counter("quoit_hints_dropped_total", "Of them, those forgotten because of the limit", counters.hintsDropped);
    const RepairCounters& repair = counters.repair;
    text.counter("quoit_repair_comparisons_total", "Comparisons of a partition with its replicas", repair.comparisons);
    text.counter("quoit_repair_differing_total", "Of them, those that found a difference", repair.differing);
    text.counter("quoit_repair_keys_looked_at_total", "Keys looked at because of a difference", repair.keysLookedAt);
    text.counter("quoit_repair_keys_total", "Records sent to replicas that lacked them", repair.keysRepaired);
    text.counter("quoit_repair_settles_total", "Keys written anew because their latest version wasn't known to be chosen", repair.settles);
    text.counter("quoit_floors_tried_total", "Attempts to make tombstones superfluous", repair.floorsTried);
    text.counter("quoit_floors_raised_total", "Attempts that this node as a replica heard to have succeeded", repair.floorsRaised);
    text.counter("quoit_tombstones_removed_total", "Tombstones removed", repair.tombstonesRemoved);
    text.counter("quoit_leftovers_removed_total", "Records of partitions that moved away, removed", repair.leftoversRemoved);
}

void addChange(MetricsText& text, NodeDesk& node)
{
    static const CopyProgress none;
    const CopyProgress& copy = node.core() ? node.core()->copyProgress() : none;
    text.gauge("quoit_map_revision", "Revision of the cluster's map", node.core() ? node.core()->map()->revision() : 0);
    text.gauge("quoit_map_changing", "1 while a change of the ring is in progress",
               node.core() && node.core()->map()->isChanging() ? 1 : 0);
    text.gauge("quoit_partitions_to_copy", "Partitions that the change of the ring brings here", copy.partitions);
    text.gauge("quoit_partitions_copied", "Of them, those that are here", copy.copied);
    text.counter("quoit_copied_records_total", "Records copied for changes of the ring", copy.records);
    text.counter("quoit_copied_bytes_total", "Keys and values copied for changes of the ring", copy.bytes);
}

/// Bounded by the members.
void addPeers(MetricsText& text, NodeDesk& node)
{
    std::vector<NodeReport> peers = node.core() ? node.view().nodes(node.now(), node.core()) : std::vector<NodeReport>();
    std::erase_if(peers, [&node](const NodeReport& peer) { return peer.id == node.self().node; });
    const auto label = [](NodeId id) { return MetricsText::Labels{{"peer", std::to_string(id)}}; };
    text.family("quoit_peer_up", Type::Gauge, "1 if this node takes the peer for up");
    for (const NodeReport& peer : peers)
        text.sample(peer.state == NodeState::Up ? 1 : 0, label(peer.id));
    text.family("quoit_peer_phi", Type::Gauge, "Suspicion: -log10 of the probability that the peer's heartbeat is only late");
    for (const NodeReport& peer : peers)
        text.sample(peer.phi, label(peer.id));
    const std::vector<PeerRepair> repairs = node.core() ? node.core()->repairState().peers : std::vector<PeerRepair>();
    const auto each = [&](const char* name, const char* help, std::uint64_t PeerRepair::*field) {
        text.family(name, Type::Gauge, help);
        for (const PeerRepair& peer : repairs)
            text.sample(peer.*field, label(peer.node));
    };
    each("quoit_replica_partitions", "Partitions with this home that the peer holds as well", &PeerRepair::partitions);
    each("quoit_replica_compared_partitions", "Of them, those compared since the peer was last away", &PeerRepair::compared);
    each("quoit_replica_differing_partitions", "Of them, those that differed when last compared", &PeerRepair::differing);
    each("quoit_replica_waiting_tombstones", "Tombstones that can't be dropped before the peer is the same",
         &PeerRepair::tombstonesWaiting);
}

void addLinks(MetricsText& text, const PeerLinksCounters& links)
{
    text.counter("quoit_peer_messages_sent_total", "Messages to other nodes", links.messagesSent);
    text.counter("quoit_peer_messages_received_total", "Messages of other nodes", links.messagesReceived);
    text.counter("quoit_peer_messages_dropped_total", "Messages to other nodes that couldn't be sent", links.messagesDropped);
    text.counter("quoit_peer_sends_total", "Sends of one or more frames to other nodes", links.writes);
    text.counter("quoit_peer_sent_bytes_total", "Bytes to other nodes", links.bytesSent);
    text.counter("quoit_peer_received_bytes_total", "Bytes of other nodes", links.bytesReceived);
    text.counter("quoit_peer_links_made_total", "Links to other nodes that were made", links.linksMade);
    text.counter("quoit_peer_links_lost_total", "Links to other nodes that broke", links.linksLost);
    text.counter("quoit_peer_links_refused_total", "Connections to the peer port that were refused", links.linksRefused);
}

} // namespace

std::string metricsText(NodeDesk& node)
{
    static const CoreCounters none;
    const CoreCounters& counters = node.core() ? node.core()->counters() : none;
    const StoreStatistics store = node.storeStatistics();
    MetricsText text;
    addProcess(text, node);
    addClients(text, node);
    addCache(text, store);
    addStore(text, store, node.view().own().figures);
    addKeys(text, node, counters);
    addProtocol(text, node, counters);
    addChange(text, node);
    addPeers(text, node);
    addLinks(text, node.linkCounters());
    return text.take();
}

} // namespace quoit
