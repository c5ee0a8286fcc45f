// One turn of the event loop, and what is done by the clock.
#include "node/server/node_service.h"

#include "node/server/log.h"
#include "node/server/server_commands.h"
#include "node/store/data_folder.h"
#include "shared/ring/change_plan.h"

#include <algorithm>

#include <unistd.h>

namespace quoit {

namespace {

// A pump that finds ever more to do gives the sockets a turn after so many rounds.
constexpr int pumpRoundsMax = 8;
constexpr Milliseconds tickSpacing{5};
constexpr double saturation = 0.85; // of its time the main thread wants a processor
/// Of a client that never waits for nothing, when this node leaves the cluster; shorter than CoreOptions::leavingTakes.
constexpr Milliseconds letGoPatience{6000};

} // namespace

void NodeService::submitRead(Now now, RequestId request, std::string key, Level level)
{
    m_core->submitRead(now, request, std::move(key), level);
}

void NodeService::submitWrite(Now now, RequestId request, std::string key, std::string operation, Level level)
{
    m_core->submitWrite(now, request, std::move(key), std::move(operation), level);
}

void NodeService::submitScan(RequestId request, Position first, std::uint32_t count)
{
    m_core->submitScan(now(), request, first, count);
}

void NodeService::submitCount(RequestId request)
{
    m_core->submitCount(now(), request);
}

void NodeService::submitLocate(RequestId request, std::string key)
{
    m_core->submitLocate(now(), request, std::move(key));
}

void NodeService::submitMap(RequestId request, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder)
{
    m_core->submitMap(now(), request, std::move(builder));
}

std::string NodeService::peerIntroduced(Now now, const Hello& peer)
{
    return m_core ? m_core->peerIntroduced(now, peer.node, {peer.incarnation, peer.session, peer.progress}) : std::string();
}

/// Whoever has the name of the member and its address was started to be it.
void NodeService::emptyNodeFound(NodeId id, const Hello& found)
{
    const Member* const member = m_core ? m_core->map()->member(id) : nullptr;
    if (!member || found.name != member->name)
        return;
    Member newcomer = *member;
    newcomer.id = noNode;
    newcomer.tokens.clear();
    newcomer.diskId = found.diskId;
    newcomer.httpAddress = found.httpAddress;
    m_view.noteEmptyNode(now().monotonic, id);
    m_core->emptyNodeAt(now(), id, std::move(newcomer));
}

void NodeService::peerConnected(Now now, const Hello& peer)
{
    logLine(LogLevel::Info, "connected with " + m_view.nameOf(peer.node));
    m_view.onHello(peer);
    if (m_core)
        m_core->peerConnected(now, peer.node);
    // It may have lost what it knew of this node.
    m_gossipFresh = true;
    m_nextHeartbeat = now.monotonic;
}

void NodeService::peerDisconnected(Now now, NodeId peer)
{
    logLine(LogLevel::Warning, "lost the connection with " + m_view.nameOf(peer));
    if (m_core)
        m_core->peerDisconnected(now, peer);
}

void NodeService::peerHeard(Now now, NodeId peer)
{
    if (m_core)
        m_core->peerHeard(now, peer);
}

void NodeService::peerMessages(Now now, NodeId from, std::vector<Message>& messages)
{
    if (!m_core)
        return;
    std::size_t expected = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (i == expected)
            expected += m_core->expect(std::span(messages).subspan(i));
        Message& message = messages[i];
        if (const auto* heartbeat = std::get_if<Heartbeat>(&message.body))
            m_view.onGossip(now, from, heartbeat->figures);
        if (const auto* farewell = std::get_if<Farewell>(&message.body))
            endRefused(from, farewell->reason);
        m_core->receive(now, from, std::move(message));
    }
}

/// What this node holds must not be served by anybody: it is older than what the node has acknowledged.
void NodeService::endRefused(NodeId by, const std::string& reason)
{
    logLine(LogLevel::Error, m_view.nameOf(by) + " refuses this node: " + reason +
                                 ". This node stops. Its data folder " + m_options.dataDir + " can't be used any more");
    _exit(1);
}

void NodeService::storeDurable(PersistSequence upTo)
{
    if (m_core)
        m_core->persisted(now(), upTo, m_messenger.progress());
}

void NodeService::storeSpace(DiskSpace space)
{
    if (space == DiskSpace::Ample)
        logLine(LogLevel::Info, "there is space on the disk again: writes go on");
    else
        logLine(LogLevel::Error, "the disk of " + m_options.dataDir +
                                     (space == DiskSpace::Short ? " is nearly full: writes that need space are refused, reads and deletes go on"
                                                                : " is full: writes are refused until there is space, reads go on"));
    if (m_core)
        m_core->diskSpace(now(), space);
}

void NodeService::pump()
{
    if (m_phase == Phase::Stopped)
        return;
    bool active = true;
    for (int round = 0; active && round < pumpRoundsMax; ++round) {
        active = m_links.settle();
        if (m_core) {
            Effects effects = m_core->takeEffects();
            if (!effects.empty())
                active = carryOut(std::move(effects)) || active;
        }
        m_sessions.memory().beginTurn(); // what was looked up is counted with the replies now
        active = m_sessions.flush() || active;
    }
    m_links.flush(); // one write to a peer, whatever the rounds brought
    active = m_links.settle() || active;
    if (active)
        m_turn->again();
    armTick();
}

bool NodeService::carryOut(Effects effects)
{
    if (!effects.persist.empty())
        m_store->submit(std::move(effects.persist));
    for (const Outgoing& outgoing : effects.messages)
        m_links.send(outgoing.to, outgoing.message);
    const Now time = now();
    for (Completion& completion : effects.completions)
        m_commands.onCompletion(std::move(completion), time);
    for (ScanPage& page : effects.scanPages)
        m_commands.onScanPage(std::move(page));
    for (CountResult& result : effects.counts)
        m_commands.onCount(std::move(result));
    for (LocateResult& result : effects.locations)
        m_commands.onLocate(std::move(result));
    for (ChangeCompletion& completion : effects.changes)
        m_commands.onMap(std::move(completion));
    for (const CoreEvent& event : effects.events)
        onCoreEvent(event);
    return true;
}

void NodeService::onCoreEvent(const CoreEvent& event)
{
    if (event.kind == CoreEvent::Kind::Removed) {
        logLine(LogLevel::Info, "this node has been removed from the cluster: it stops. Its data folder " + m_options.dataDir +
                                    " isn't needed any more");
        beginStop();
        m_clientsStayUntil = now().monotonic; // whatever they ask could only be refused
        m_sessions.letGo(m_clientsStayUntil, m_clientsStayUntil);
        return;
    }
    if (event.kind == CoreEvent::Kind::Leaving) {
        m_clientsStayUntil = now().monotonic + letGoPatience;
        logLine(LogLevel::Info, "leaves the cluster: lets its " + std::to_string(m_sessions.count()) + " clients go");
        letClientsGo();
    }
    if (event.kind == CoreEvent::Kind::MapAdopted)
        mapAdopted();
    logPeer(event);
    m_view.addEvent(now().wallMs, event);
}

/// Of peers whose links are up; what becomes of links is told where it happens.
void NodeService::logPeer(const CoreEvent& event)
{
    if (event.kind == CoreEvent::Kind::PeerSuspect && m_links.isConnected(event.node)) {
        m_silentPeers.insert(event.node);
        logLine(LogLevel::Warning, m_view.nameOf(event.node) + " doesn't answer, though the connection is up: it may hang. Others take over what it was home of");
    } else if (event.kind == CoreEvent::Kind::PeerUp && m_silentPeers.erase(event.node) > 0) {
        logLine(LogLevel::Info, m_view.nameOf(event.node) + " answers again");
    }
}

void NodeService::mapAdopted()
{
    const ClusterMapPtr& map = m_core->map();
    if (m_phase == Phase::Serving && m_clientsStayUntil != TimePoint{} && map->member(m_self.node) && !isLeaving(*map, m_self.node))
        stayAfterAll();
    m_self.epoch = map->epoch();
    m_links.change(m_self, map);
    m_view.change(map);
    m_gossipFresh = true;
    m_nextHeartbeat = now().monotonic; // others learn of it by the next heartbeat
    logLine(LogLevel::Info, "map " + std::to_string(map->epoch()) + ", revision " + std::to_string(map->revision()) +
                                (map->isAborting()   ? ": a change is being aborted, " + toText(*map, map->parts().change->wanted.steps)
                                 : map->isChanging() ? ": a change is in progress, " + toText(*map, map->parts().change->wanted.steps)
                                                   : ": " + std::to_string(map->members().size()) + " members"));
}

/// Again and again, until nobody is left: then the change that takes this node away may be done.
void NodeService::letClientsGo()
{
    m_sessions.letGo(now().monotonic, m_clientsStayUntil);
    if (m_sessions.count() == 0)
        m_core->clientsGone();
}

/// The change was aborted.
void NodeService::stayAfterAll()
{
    m_clientsStayUntil = TimePoint{};
    m_sessions.keep();
    const Result<Address> listening = m_sessions.listen(m_options.listen);
    if (!listening)
        logLine(LogLevel::Error, "stays in the cluster, but takes no clients until it is started again: " + listening.error().message);
}

void NodeService::armTick()
{
    if (!m_core)
        return;
    // Under load something is due all the time; a few milliseconds later is early enough, and saves most of the
    // wake-ups.
    const TimePoint due = std::max(m_core->nextTick(), m_lastTick + tickSpacing);
    if (m_tickTimer.isActive() && due >= m_tickDue)
        return; // it will fire, find nothing due and be set anew
    m_tickDue = due;
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(due - now().monotonic);
    m_tickTimer.start(std::max(wait, std::chrono::milliseconds(0)));
}

void NodeService::onTick()
{
    if (!m_core || m_phase == Phase::Stopped)
        return;
    const Now time = now();
    m_lastTick = time.monotonic;
    m_core->tick(time);
}

void NodeService::onHousekeeping()
{
    const TimePoint time = now().monotonic;
    m_links.tick(time);
    m_commands.tick(time);
    const double pressure = m_pressure.sinceLast(time);
    m_sessions.shareFairly(pressure > saturation);
    m_busy = m_strain.update(time, pressure);
    if (m_core)
        m_core->setBusy(now(), m_busy);
    if (time >= m_nextSecond) {
        m_nextSecond = std::max(m_nextSecond + std::chrono::seconds(1), time);
        everySecond();
    }
    if (m_core && time >= m_nextHeartbeat) {
        const Milliseconds interval = heartbeatInterval(m_core->map()->members().size());
        m_nextHeartbeat = std::max(m_nextHeartbeat + interval, time + interval / 2);
        sendHeartbeats();
    }
    if (m_clientsStayUntil != TimePoint{} && m_phase == Phase::Serving)
        letClientsGo();
    if (m_phase == Phase::Stopping)
        onStopProgress();
}

void NodeService::sendHeartbeats()
{
    Heartbeat heartbeat;
    heartbeat.sequence = ++m_heartbeats;
    heartbeat.progress = m_core->progress();
    heartbeat.revision = m_core->map()->revision();
    heartbeat.usedBytes = m_core->usedBytes();
    heartbeat.bytesMax = m_core->room().bytesMax;
    heartbeat.disk = m_messenger.space();
    heartbeat.busy = m_busy;
    if (std::exchange(m_gossipFresh, false)) {
        Gossip gossip = m_view.own();
        gossip.sentMs = static_cast<std::uint64_t>(now().wallMs);
        heartbeat.figures = encodeGossip(gossip);
    }
    const Message message{m_core->map()->epoch(), std::move(heartbeat)};
    for (const Member& member : m_core->map()->members()) {
        if (member.id != m_core->self() && m_links.isConnected(member.id))
            m_links.send(member.id, message);
    }
}

Gossip NodeService::ownGossip()
{
    Gossip gossip;
    LoadFigures& figures = gossip.figures;
    const StoreStatistics store = m_store->statistics();
    m_hotKeys.tick(m_meter.rotate(now().monotonic, figures));
    gossip.hotReads = m_hotKeys.reads();
    gossip.hotWrites = m_hotKeys.writes();
    gossip.programVersion = m_options.programVersion;
    const Histogram commits = store.commitLatency.since(m_storeBefore.commitLatency);
    const Histogram syncs = store.syncLatency.since(m_storeBefore.syncLatency);
    figures.cacheHitsPerSecond = store.cacheHits - m_storeBefore.cacheHits;
    figures.cacheMissesPerSecond = store.cacheMisses - m_storeBefore.cacheMisses;
    figures.cacheBytes = store.cacheBytes;
    figures.diskBytes = store.fileBytes;
    figures.diskFreeBytes = freeBytes(m_options.dataDir);
    figures.cacheEvictionsPerSecond = store.cacheEvictions - m_storeBefore.cacheEvictions;
    figures.commitP50Us = commits.percentile(0.5);
    figures.commitP99Us = commits.percentile(0.99);
    figures.fsyncP50Us = syncs.percentile(0.5);
    figures.fsyncP99Us = syncs.percentile(0.99);
    figures.queuedBytes = store.queuedBytes;
    figures.connections = m_sessions.count();
    figures.storageFull = store.disk != DiskSpace::Ample;
    figures.bytesMax = m_options.core.room.bytesMax;
    gossip.figures.evictionPolicy = toText(m_options.core.room.policy);
    m_storeBefore = store;
    if (!m_core)
        return gossip;
    const CoreCounters& counters = m_core->counters();
    figures.expiredPerSecond = counters.expired - std::exchange(m_expiredBefore, counters.expired);
    figures.evictedPerSecond = counters.evicted - std::exchange(m_evictedBefore, counters.evicted);
    figures.waitingOperations = m_core->waitingOperations();
    figures.hints = m_core->hintCount();
    figures.usedBytes = m_core->usedBytes();
    figures.evictedKeys = m_core->counters().evicted;
    figures.refusedForRoom = m_core->counters().refusedForRoom;
    figures.homes = m_core->homeCount();
    const CopyProgress& copied = m_core->copyProgress();
    figures.partitionsToCopy = copied.partitions;
    figures.partitionsCopied = copied.copied;
    figures.copiedBytes = copied.bytes;
    figures.mapRevision = m_core->map()->revision();
    for (PartitionIndex partition = 0; partition < m_core->map()->partitionCount(); ++partition) {
        // What a change of the ring has taken away stays on disk; counted, it would make keys out of copies.
        if (!m_core->map()->isReplica(partition, m_self.node))
            continue;
        const PartitionCounts& counts = m_core->countsOf(partition);
        figures.keys += counts.keys;
        figures.tombstones += counts.tombstones;
        figures.dataBytes += counts.bytes;
    }
    const std::vector<std::uint32_t> loads = m_core->takePartitionLoads();
    for (PartitionIndex partition = 0; partition < loads.size(); ++partition) {
        if (loads[partition] > 0)
            gossip.partitions.push_back({partition, loads[partition]});
    }
    for (const PeerRepair& peer : m_core->repairState().peers) {
        const ReplicaStanding standing{peer.node, peer.partitions - peer.compared, peer.differing, peer.tombstonesWaiting};
        if (standing != ReplicaStanding{peer.node})
            gossip.standings.push_back(standing);
    }
    return gossip;
}

void NodeService::everySecond()
{
    const TimePoint time = now().monotonic;
    m_view.setOwn(time, ownGossip());
    if (m_core) {
        m_view.noteStandings(now(), *m_core);
        const std::vector<NodeReport> nodes = m_view.nodes(now(), m_core.get());
        m_changeBook.measure(time, *m_core->map(), nodes);
        m_copyPace.update(nodes, m_core->map()->isChanging());
        m_core->setCopyRate(m_copyPace.bytesPerSecond());
    }
    m_gossipFresh = true;
    m_sessions.tick(time);
    m_http.tick(time);
    pushWatches();
}

void NodeService::pushWatches()
{
    std::string push;
    m_sessions.forEach([this, &push](Session& session) {
        if (!session.state().watching || session.state().protocol < 3)
            return;
        if (push.empty()) {
            RespWriter writer(push, 3);
            writer.pushHeader(2);
            writer.bulk("quoit.watch");
            writer.write(toResp(m_view.watch(now(), m_core.get())));
        }
        // Between replies, never within one; a watcher that doesn't read gets no more until it does.
        if (session.outputBytes() > 4 * push.size() + 1024 * 1024)
            return;
        session.replies().immediate() += push;
        session.markDirty();
    });
    m_view.clearEvents();
}

HttpReply NodeService::answerHttp(std::string_view path)
{
    if (path == "/metrics")
        return {200, metricsText(*this)};
    if (path == "/health") { // of this process: whoever restarts it asks
        const bool ends = m_phase == Phase::Stopping || m_phase == Phase::Stopped;
        return {ends ? 503 : 200, stateText() + '\n'};
    }
    if (path != "/healthz" && path != "/ready")
        return {404, "there is /health, /ready, /healthz and /metrics\n"};
    const StatusReport status = m_view.status(now(), m_core.get(), stateText());
    if (path == "/ready") { // whether clients are served here: a balancer asks. A node that is cut off serves few partitions.
        const bool serves = m_phase == Phase::Serving && status.partitionsWithoutMajority * 2 <= status.partitions;
        return {serves ? 200 : 503, (serves ? "ready" : m_phase == Phase::Stopping ? stateText() : status.verdict) + '\n'};
    }
    const bool well = m_phase == Phase::Serving && status.partitionsWithoutMajority == 0 && status.partitionsReadOnly == 0;
    return {well ? 200 : 503, status.verdict + '\n'};
}

} // namespace quoit
