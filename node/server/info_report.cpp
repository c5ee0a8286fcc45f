// INFO, for people who know Redis.
#include "node/server/server_commands.h"

#include <QtGlobal>
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <map>
#include <sys/resource.h>
#include <unistd.h>

namespace quoit {

namespace {

std::string number(std::uint64_t value)
{
    return std::to_string(value);
}

std::string humanBytes(std::uint64_t bytes)
{
    const char* const units[] = {"B", "K", "M", "G", "T"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 1024 && unit + 1 < std::size(units)) {
        value /= 1024;
        ++unit;
    }
    // Fixed point by hand: printf would use the locale's decimal sign.
    const auto hundredths = static_cast<std::uint64_t>(value * 100 + 0.5);
    const std::string fraction = number(hundredths % 100);
    return number(hundredths / 100) + (unit == 0 ? "" : '.' + std::string(2 - fraction.size(), '0') + fraction) +
           units[unit];
}

using Section = std::string (*)(NodeDesk&, std::optional<std::uint64_t>);

std::string serverSection(NodeDesk& node, std::optional<std::uint64_t>)
{
    const ServiceOptions& options = node.options();
    const std::uint64_t uptime = node.view().own().figures.uptimeSeconds;
    return std::string("redis_version:").append(redisVersion) + "\r\nquoit_version:" + options.programVersion +
           "\r\nredis_mode:cluster\r\nos:Linux\r\narch_bits:64\r\nmultiplexing_api:epoll\r\nqt_version:" + qVersion() +
           "\r\nprocess_id:" + number(static_cast<std::uint64_t>(getpid())) + "\r\nrun_id:" + node.self().diskId +
           "\r\ntcp_port:" + number(options.listen.port) + "\r\nuptime_in_seconds:" + number(uptime) +
           "\r\nuptime_in_days:" + number(uptime / 86400) + "\r\nquoit_state:" + node.stateText() + "\r\n";
}

std::string clientsSection(NodeDesk& node, std::optional<std::uint64_t>)
{
    const SessionMemory& memory = node.sessions().memory();
    return "connected_clients:" + number(node.sessions().count()) +
           "\r\nmaxclients:" + number(node.sessions().connectionsMax()) + "\r\nblocked_clients:0\r\nquoit_reply_bytes:" +
           number(memory.replyBytes()) + "\r\nquoit_input_bytes:" + number(memory.inputBytes()) +
           "\r\nquoit_clients_closed_unread:" + number(memory.closedUnread()) +
           "\r\nquoit_clients_closed_half_sent:" + number(memory.closedHalfSent()) + "\r\n";
}

std::string memorySection(NodeDesk& node, std::optional<std::uint64_t>)
{
    const std::uint64_t resident = residentBytes();
    const StoreStatistics store = node.storeStatistics();
    const RuntimeSettings settings = node.settings();
    const ServiceOptions& options = node.options();
    const std::uint64_t used = options.allocatedBytes ? options.allocatedBytes() : resident;
    return "used_memory:" + number(used) + "\r\nused_memory_human:" + humanBytes(used) +
           "\r\nused_memory_rss:" + number(resident) + "\r\nused_memory_rss_human:" + humanBytes(resident) +
           "\r\nmem_allocator:" + options.allocator + "\r\nmaxmemory:" + number(settings.room.bytesMax) +
           "\r\nmaxmemory_human:" + humanBytes(settings.room.bytesMax) +
           "\r\nmaxmemory_policy:" + std::string(toText(settings.room.policy)) +
           "\r\nquoit_room_used_bytes:" + number(node.core() ? node.core()->usedBytes() : 0) +
           "\r\nquoit_cache_bytes_max:" + number(settings.cacheBytes) +
           "\r\nquoit_cache_bytes:" + number(store.cacheBytes) +
           "\r\nquoit_cache_entries:" + number(store.cacheEntries) +
           "\r\nquoit_cache_policy:" + std::string(toText(store.cachePolicy)) +
           "\r\nquoit_cache_hits:" + number(store.cacheHits) + "\r\nquoit_cache_misses:" + number(store.cacheMisses) +
           "\r\nquoit_cache_evictions:" + number(store.cacheEvictions) + "\r\n";
}

std::string persistenceSection(NodeDesk& node, std::optional<std::uint64_t>)
{
    const StoreStatistics store = node.storeStatistics();
    return "loading:0\r\naof_enabled:1\r\nquoit_disk_bytes:" + number(store.fileBytes) +
           "\r\nquoit_disk_full:" + number(static_cast<int>(store.disk)) + "\r\nquoit_batches:" + number(store.batches) +
           "\r\nquoit_transactions:" + number(store.transactions) +
           "\r\nquoit_records_written:" + number(store.recordsWritten) +
           "\r\nquoit_queued_bytes:" + number(store.queuedBytes) +
           "\r\nquoit_commit_p50_us:" + number(store.commitLatency.percentile(0.5)) +
           "\r\nquoit_commit_p99_us:" + number(store.commitLatency.percentile(0.99)) + "\r\n";
}

std::string statsSection(NodeDesk& node, std::optional<std::uint64_t>)
{
    const LoadTotals& totals = node.meter().totals();
    const LoadFigures& figures = node.view().own().figures;
    const PeerLinksCounters links = node.linkCounters();
    static const CoreCounters none;
    const CoreCounters& counters = node.core() ? node.core()->counters() : none;
    return "total_connections_received:" + number(node.sessions().received()) +
           "\r\nrejected_connections:" + number(node.sessions().rejected()) +
           "\r\ntotal_commands_processed:" + number(totals.commands) +
           "\r\ninstantaneous_ops_per_sec:" + number(figures.readsPerSecond + figures.writesPerSecond) +
           "\r\ntotal_error_replies:" + number(node.sessions().errorReplies()) +
           "\r\nquoit_failed_commands:" + number(totals.failures()) + "\r\nkeyspace_hits:" + number(totals.keysFound) +
           "\r\nkeyspace_misses:" + number(totals.keysAbsent) +
           "\r\nevicted_keys:" + number(counters.evicted) + "\r\nquoit_evicted_bytes:" + number(counters.evictedBytes) +
           "\r\nquoit_writes_refused_for_room:" + number(counters.refusedForRoom) +
           "\r\nexpired_keys:" + number(counters.expired) +
           "\r\nquoit_reads:" + number(totals.reads) + "\r\nquoit_writes:" + number(totals.writes) +
           "\r\nquoit_p50_us:" + number(figures.p50Us) + "\r\nquoit_p99_us:" + number(figures.p99Us) +
           "\r\nquoit_peer_messages_sent:" + number(links.messagesSent) +
           "\r\nquoit_peer_writes:" + number(links.writes) + "\r\nquoit_peer_bytes_sent:" + number(links.bytesSent) +
           "\r\n";
}

std::string replicationSection(NodeDesk&, std::optional<std::uint64_t>)
{
    return "role:master\r\nconnected_slaves:0\r\n";
}

std::string secondsText(std::uint64_t us)
{
    const std::string fraction = number(us % 1'000'000);
    return number(us / 1'000'000) + '.' + std::string(6 - fraction.size(), '0') + fraction;
}

std::string cpuSection(NodeDesk&, std::optional<std::uint64_t>)
{
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto us = [](const timeval& time) {
        return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(time.tv_usec);
    };
    return "used_cpu_sys:" + secondsText(us(usage.ru_stime)) + "\r\nused_cpu_user:" + secondsText(us(usage.ru_utime)) +
           "\r\nused_cpu_total:" + secondsText(us(usage.ru_stime) + us(usage.ru_utime)) + "\r\n";
}

/// Of those that were used, since the start or CONFIG RESETSTAT.
std::string commandSection(NodeDesk& node, std::optional<std::uint64_t>)
{
    std::map<std::string_view, Histogram> latencies; // of all levels
    node.meter().eachLatency([&latencies](const CommandSpec& spec, Level, const Histogram& latency) { latencies[spec.name].merge(latency); });
    std::string text;
    for (const auto& [name, latency] : latencies) {
        const std::uint64_t hundredths = latency.count() > 0 ? latency.sum() * 100 / latency.count() : 0;
        const std::string fraction = number(hundredths % 100);
        text.append("cmdstat_").append(name).append(":calls=").append(number(latency.count())).append(",usec=").append(number(latency.sum()));
        text.append(",usec_per_call=").append(number(hundredths / 100)).append(fraction.size() < 2 ? ".0" : ".").append(fraction).append("\r\n");
    }
    return text;
}

/// Of the commands on keys that were refused or failed.
std::string errorSection(NodeDesk& node, std::optional<std::uint64_t>)
{
    std::string text;
    for (const CompletionStatus kind : failureKinds)
        if (const std::uint64_t count = node.meter().totals().failedFor(kind); count > 0)
            text.append("errorstat_").append(errorCodeOf(kind)).append(":count=").append(number(count)).append("\r\n");
    return text;
}

/// A line for each replica of partitions whose home this node is.
std::string repairLines(const RepairState& state)
{
    std::string text = "quoit_trees:" + number(state.treesBuilt) + "\r\nquoit_partitions:" + number(state.partitionsHeld) +
                       "\r\nquoit_tombstones:" + number(state.tombstones) + "\r\n";
    for (const PeerRepair& peer : state.peers) {
        text += "quoit_replica" + number(peer.node) + ":partitions=" + number(peer.partitions) + ",compared=" + number(peer.compared) +
                ",differing=" + number(peer.differing) + ",keys_repaired=" + number(peer.keysRepaired) +
                ",tombstones_waiting=" + number(peer.tombstonesWaiting);
        if (peer.sameFor)
            text += ",same_for_ms=" + number(static_cast<std::uint64_t>(peer.sameFor->count() / 1000));
        text += "\r\n";
    }
    return text;
}

std::string clusterSection(NodeDesk& node, std::optional<std::uint64_t>)
{
    std::string text = "cluster_enabled:1\r\n";
    if (const Core* core = node.core()) {
        text += "quoit_cluster_id:" + core->map()->clusterId() + "\r\nquoit_epoch:" + number(core->map()->epoch()) +
                "\r\nquoit_node:" + number(core->self()) + "\r\nquoit_homes:" + number(core->homeCount()) +
                "\r\nquoit_hints:" + number(core->hintCount()) + "\r\n" + repairLines(core->repairState());
    }
    return text;
}

std::string keyspaceSection(NodeDesk&, std::optional<std::uint64_t> keys)
{
    return keys && *keys > 0 ? "db0:keys=" + number(*keys) + ",expires=0,avg_ttl=0\r\n" : "";
}

struct NamedSection
{
    std::string_view name; // as asked for
    std::string_view title;
    Section text;
    bool isDefault = true; // else only when it is asked for
};
constexpr NamedSection sections[] = {
    {"SERVER", "Server", serverSection},
    {"CLIENTS", "Clients", clientsSection},
    {"MEMORY", "Memory", memorySection},
    {"PERSISTENCE", "Persistence", persistenceSection},
    {"STATS", "Stats", statsSection},
    {"REPLICATION", "Replication", replicationSection},
    {"CPU", "CPU", cpuSection},
    {"CLUSTER", "Cluster", clusterSection},
    {"ERRORSTATS", "Errorstats", errorSection},
    {"KEYSPACE", "Keyspace", keyspaceSection},
    {"COMMANDSTATS", "Commandstats", commandSection, false},
};

bool isWanted(const std::vector<std::string>& wanted, std::string_view name, bool isDefault)
{
    if (wanted.empty())
        return isDefault;
    return std::any_of(wanted.begin(), wanted.end(), [&](const std::string& section) {
        return section == name || section == "ALL" || section == "EVERYTHING" || (section == "DEFAULT" && isDefault);
    });
}

} // namespace

bool infoNeedsKeys(const std::vector<std::string>& wanted)
{
    return isWanted(wanted, "KEYSPACE", true);
}

std::string infoText(NodeDesk& node, const std::vector<std::string>& wanted, std::optional<std::uint64_t> keys)
{
    std::string text;
    for (const NamedSection& section : sections) {
        if (!isWanted(wanted, section.name, section.isDefault))
            continue;
        if (!text.empty())
            text += "\r\n";
        text += "# " + std::string(section.title) + "\r\n" + section.text(node, keys);
    }
    return text;
}

} // namespace quoit
