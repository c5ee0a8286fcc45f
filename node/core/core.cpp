#include "node/core/core.h"

#include "node/core/coordinator.h"
#include "node/core/evictor.h"
#include "node/core/expirer.h"
#include "node/core/floor_keeper.h"
#include "node/core/home.h"
#include "node/core/map_register.h"
#include "node/core/map_spread.h"
#include "node/core/partition_copy.h"
#include "node/core/repair.h"
#include "node/core/replica.h"
#include "node/core/ring_driver.h"

namespace quoit {

namespace {

constexpr Milliseconds housekeepingInterval{100};
constexpr Milliseconds marksInterval{5000};
constexpr std::size_t earlyMax = 10'000;

std::string noteOf(const StoredState& stored, const char* name)
{
    const auto found = stored.notes.find(name);
    return found == stored.notes.end() ? std::string() : found->second;
}

} // namespace

std::string CoreOptions::problem() const
{
    if (requestDeadline <= 0ms || attemptTimeout <= 0ms || roundTimeout <= 0ms || readHedge <= 0ms)
        return "time-outs must be longer than zero";
    if (memoryRetention <= requestDeadline)
        return "operations must be remembered for longer than a request's deadline";
    if (bindingLifetime >= memoryRetention)
        return "a binding must live shorter than operations are remembered";
    if (waitingPerPartitionMax == 0 || memoryOperationsMax == 0 || mapFanOut == 0 || bytesPerSecondMin == 0 ||
        expiry.atOnceMax == 0 || expiry.perLookMin == 0)
        return "limits must be larger than zero";
    return repair.problem(requestDeadline);
}

struct Core::Parts
{
    Context context;
    RecordSource& records;
    Replica replica;
    Hints hints;
    Home home;
    Evictor evictor;
    Expirer expirer;
    FloorKeeper floors;
    Repair repair;
    Coordinator coordinator;
    PeerLedger ledger;
    MapRegister maps;
    MapSpread spread;
    PartitionCopy copy;
    RingDriver driver;
    std::uint64_t progress;
    ClusterMapPtr nextMap;          ///< chosen, not yet on this node's disk; null: none
    PersistSequence nextMapSequence = 0;
    bool tellsOfNextMap = false;    ///< this node made it chosen
    bool removed = false;
    std::deque<std::pair<NodeId, Message>> early; ///< of a later epoch than this node's
    TimePoint nextMarks;
    TimePoint nextHousekeeping;
    TimePoint plannedTick;

    Parts(const CoreOptions& options, const StoredState& stored, RecordSource& source, const OperationLogic& logic, std::uint64_t seed,
          Now now)
        : context(options, stored, logic, seed, now)
        , records(source)
        , replica(context, source, stored, noteOf(stored, Replica::noteName),
                  [this](PartitionIndex partition, const Ballot& ballot) { home.onPromised(partition, ballot); })
        , hints(context, replica, stored.hints)
        , home(context, replica, hints)
        , evictor(context, replica, home, source)
        , expirer(context, home, source)
        , floors(context, replica, home)
        , repair(context, replica, home, hints, floors)
        , coordinator(context)
        , ledger(stored.peers)
        , maps(context, noteOf(stored, MapRegister::noteName))
        , spread(context)
        , copy(context, replica, home, noteOf(stored, PartitionCopy::noteName))
        , driver(context, maps)
        , progress(stored.progress)
        , nextMarks(now.monotonic)
        , nextHousekeeping(now.monotonic + housekeepingInterval)
        , plannedTick(nextHousekeeping)
    {
    }

    /// @param body  what a role keeps of it is moved from
    void dispatch(NodeId from, MessageBody& body);
    /// Delivers what this node said to itself, until nothing is left.
    void settle();
    void onPeerChanges();
    void housekeeping();
    /// Buries what has expired, and evicts if somebody holds too much.
    void makeRoom();
    void rememberPeers();

    /// What concerns the map, from whatever epoch it comes. @return false if the message is about something else
    bool handleMap(NodeId from, Message& message);
    void handle(NodeId from, Message& message);
    /// The newest map that this node has, in use or not yet.
    const ClusterMap& newestMap() const { return nextMap ? *nextMap : *context.map; }
    /// A map that is chosen: used once it is on disk. @return whether it is news
    bool offerMap(const ClusterMapPtr& map);
    void adoptMap();
};

void Core::Parts::dispatch(NodeId from, MessageBody& body)
{
    std::visit(
        [&](auto& message) {
            using T = std::decay_t<decltype(message)>;
            if constexpr (std::is_same_v<T, PromiseReply> || std::is_same_v<T, WriteReply> || std::is_same_v<T, RecallReply> ||
                          std::is_same_v<T, HomeOffer>) {
                home.handle(from, message);
            } else if constexpr (std::is_same_v<T, OperationRequest>) {
                home.handle(from, std::move(message));
            } else if constexpr (std::is_same_v<T, OperationReply>) {
                if (message.id.counter & PartitionCopy::settlingBit)
                    copy.handle(message);
                else if (message.id.counter & Evictor::evictingBit)
                    evictor.handle(message);
                else if (message.id.counter & Expirer::expiringBit)
                    expirer.handle(message);
                else
                    coordinator.handle(from, std::move(message));
            } else if constexpr (std::is_same_v<T, ReadReply>) {
                if (!home.handle(from, message) && !copy.handle(from, message) && !repair.handle(from, message))
                    coordinator.handle(from, message);
            } else if constexpr (std::is_same_v<T, LearnReply>) {
                if (!hints.handle(from, message) && !repair.handle(from, message))
                    floors.handle(from, message);
            } else if constexpr (std::is_same_v<T, ScanReply>) {
                if (!copy.handle(from, message) && !repair.handle(from, message))
                    coordinator.handle(from, message);
            } else if constexpr (std::is_same_v<T, CountReply>) {
                coordinator.handle(from, message);
            } else if constexpr (std::is_same_v<T, TreeReply>) {
                repair.handle(from, message);
            } else if constexpr (std::is_same_v<T, UseReply>) {
                evictor.handle(from, message);
            } else if constexpr (std::is_same_v<T, FloorReply>) {
                floors.handle(from, message);
            } else if constexpr (std::is_same_v<T, MapPrepareRequest> || std::is_same_v<T, MapPrepareReply> ||
                                 std::is_same_v<T, MapAcceptRequest> || std::is_same_v<T, MapAcceptReply>) {
                maps.handle(from, message);
            } else if constexpr (std::is_same_v<T, ChangeReportRequest>) {
                copy.handle(from, message);
            } else if constexpr (std::is_same_v<T, ChangeReportReply>) {
                driver.handle(from, message);
            } else if constexpr (std::is_same_v<T, Heartbeat>) {
                context.detector.heartbeat(context.now.monotonic, from);
                ledger.heard(from, message.progress);
                evictor.heard(from, message);
                if (message.disk == DiskSpace::Ample)
                    context.peerDisks.erase(from);
                else
                    context.peerDisks[from] = message.disk;
            } else if constexpr (std::is_same_v<T, MapPush>) {
                if (offerMap(message.map) && message.root != noNode)
                    spread.passOn(message.map, message.root);
            } else if constexpr (std::is_same_v<T, MapRequest>) {
                context.outbox.send(from, MapPush{context.map});
            } else if constexpr (std::is_same_v<T, Farewell>) {
                // For whoever drives this core.
            } else {
                replica.handle(from, message);
            }
        },
        body);
}

void Core::Parts::settle()
{
    MessageBody body;
    while (context.outbox.nextLocal(body))
        dispatch(context.self, body);
    const ClusterMapPtr chosen = maps.takeChosen();
    if (chosen && !chosen->member(context.self) && !planted(PlantedBug::LeavesWithTheMap)) {
        spread.handOver(chosen);
    } else if (chosen) {
        offerMap(chosen);
        tellsOfNextMap = tellsOfNextMap || nextMap == chosen;
    }
}

bool Core::Parts::handleMap(NodeId from, Message& message)
{
    if (const auto* const beat = std::get_if<Heartbeat>(&message.body)) {
        spread.onHeartbeat(from, beat->revision, newestMap().revision());
        dispatch(from, message.body);
        return true;
    }
    const bool isAboutMaps = std::visit(
        [](const auto& body) {
            using T = std::decay_t<decltype(body)>;
            return std::is_same_v<T, MapPush> || std::is_same_v<T, MapRequest> || std::is_same_v<T, Farewell> ||
                   std::is_same_v<T, MapPrepareRequest> || std::is_same_v<T, MapPrepareReply> ||
                   std::is_same_v<T, MapAcceptRequest> || std::is_same_v<T, MapAcceptReply>;
        },
        message.body);
    if (isAboutMaps)
        dispatch(from, message.body);
    return isAboutMaps;
}

void Core::Parts::handle(NodeId from, Message& message)
{
    if (handleMap(from, message))
        return;
    const Epoch epoch = context.map->epoch();
    const bool isScan = std::holds_alternative<ScanRequest>(message.body) || std::holds_alternative<ScanReply>(message.body);
    if (message.epoch == epoch || (isScan && planted(PlantedBug::CopyFromOldEpoch))) {
        dispatch(from, message.body);
        return;
    }
    if (message.epoch < epoch || message.epoch > newestMap().epoch())
        spread.exchange(from, message.epoch < epoch);
    if (message.epoch > epoch) {
        early.emplace_back(from, std::move(message));
        if (early.size() > earlyMax)
            early.pop_front();
        return;
    }
    // What was carried out is carried out, in whatever epoch. All else is asked again by whoever still wants to know.
    if (auto* const reply = std::get_if<OperationReply>(&message.body); reply && reply->outcome == OperationOutcome::Changed)
        dispatch(from, message.body);
}

bool Core::Parts::offerMap(const ClusterMapPtr& map)
{
    if (!maps.fits(*map) || newestMap().revision() >= map->revision())
        return false;
    nextMap = map;
    nextMapSequence = context.outbox.batchSequence();
    tellsOfNextMap = false;
    context.outbox.batch().map = map;
    return true;
}

void Core::Parts::adoptMap()
{
    const ClusterMapPtr before = std::exchange(context.map, std::exchange(nextMap, nullptr));
    const ClusterMap& map = *context.map;
    context.outbox.effects().events.push_back({CoreEvent::Kind::MapAdopted, context.self, map.revision()});
    if (tellsOfNextMap) {
        spread.passOn(context.map, context.self);
        for (const Member& member : before->members())
            if (!map.member(member.id) && member.id != context.self) // in no tree any more
                context.outbox.send(member.id, MapPush{context.map});
    }
    context.outbox.setEpoch(map.epoch());
    context.detector.setMembers(map.members().size());
    if (!map.member(context.self)) {
        removed = true;
        context.outbox.effects().events.push_back({CoreEvent::Kind::Removed, context.self, 0});
        return;
    }
    if (map.epoch() != before->epoch()) {
        replica.onAdopted(*before);
        home.onAdopted();
        hints.onAdopted();
        evictor.onAdopted();
        floors.onAdopted();
        repair.onAdopted();
        coordinator.onAdopted();
        copy.onAdopted();
        driver.onAdopted();
    }
    spread.onAdopted();
    maps.onAdopted();
    for (auto& [from, message] : std::exchange(early, {}))
        handle(from, message);
}

void Core::Parts::makeRoom()
{
    expirer.turn();
    evictor.turn();
    settle();
}

void Core::Parts::onPeerChanges()
{
    for (const FailureDetector::Change& change : context.detector.takeChanges()) {
        const CoreEvent::Kind kind = change.state == PeerState::Up        ? CoreEvent::Kind::PeerUp
                                     : change.state == PeerState::Suspect ? CoreEvent::Kind::PeerSuspect
                                                                          : CoreEvent::Kind::PeerDown;
        if (!change.again)
            context.outbox.effects().events.push_back({kind, change.peer, 0});
        if (change.state == PeerState::Suspect) {
            hints.onPeerLost(change.peer);
            home.onPeerLost(change.peer);
            settle();
            coordinator.onPeerLost(change.peer);
            evictor.onPeerLost(change.peer);
            floors.onPeerLost(change.peer);
            repair.onPeerLost(change.peer);
        } else if (change.state == PeerState::Up) {
            repair.onPeerUp(change.peer);
        }
        settle();
    }
}

void Core::Parts::housekeeping()
{
    home.housekeeping();
    copy.housekeeping();
    driver.housekeeping();
    spread.housekeeping();
    hints.deliver();
    floors.turn();
    repair.turn();
    replica.prune();
    expirer.housekeeping();
    evictor.housekeeping();
    rememberPeers();
}

void Core::Parts::rememberPeers()
{
    if (context.disk == DiskSpace::None)
        return;
    const bool everything = context.now.monotonic >= nextMarks;
    if (everything)
        nextMarks = context.now.monotonic + marksInterval;
    for (const PeerMark& mark : ledger.takeChanged(everything))
        context.outbox.batch().peers.push_back(mark);
}

Core::Core(const CoreOptions& options, const StoredState& stored, RecordSource& records, const OperationLogic& logic, std::uint64_t seed,
           Now now)
{
    QUOIT_ENSURE(stored.map && stored.map->member(stored.identity.node) && options.problem().empty());
    m_parts = std::make_unique<Parts>(options, stored, records, logic, seed, now);
}

Core::~Core() = default;

void Core::receive(Now now, NodeId from, Message&& message)
{
    m_parts->context.now = now;
    if (m_parts->removed)
        return;
    m_parts->handle(from, message);
    m_parts->settle();
    m_parts->makeRoom();
    m_parts->onPeerChanges();
}

void Core::peerConnected(Now now, NodeId peer)
{
    m_parts->context.now = now;
    m_parts->context.detector.connected(now.monotonic, peer);
    m_parts->coordinator.onPeerConnected(peer);
    m_parts->onPeerChanges();
}

void Core::peerDisconnected(Now now, NodeId peer)
{
    m_parts->context.now = now;
    m_parts->context.detector.disconnected(now.monotonic, peer);
    m_parts->context.outbox.dropHeld(peer);
    m_parts->onPeerChanges();
}

std::string Core::peerIntroduced(Now now, NodeId peer, const PeerIntroduction& introduction)
{
    m_parts->context.now = now;
    return m_parts->ledger.introduce(peer, introduction);
}

void Core::persisted(Now now, PersistSequence upTo, std::uint64_t progress)
{
    m_parts->context.now = now;
    m_parts->progress = std::max(m_parts->progress, progress);
    m_parts->replica.persisted(upTo);
    m_parts->context.outbox.persisted(upTo);
    m_parts->settle();
    m_parts->makeRoom();
    if (m_parts->nextMap && upTo >= m_parts->nextMapSequence) {
        m_parts->adoptMap();
        m_parts->settle();
    }
}

void Core::diskSpace(Now now, DiskSpace space)
{
    m_parts->context.now = now;
    const DiskSpace before = std::exchange(m_parts->context.disk, space);
    if ((before == DiskSpace::Ample) == (space == DiskSpace::Ample))
        return;
    m_parts->context.outbox.effects().events.push_back(
        {space == DiskSpace::Ample ? CoreEvent::Kind::StorageFree : CoreEvent::Kind::StorageFull, m_parts->context.self, 0});
}

void Core::tick(Now now)
{
    Parts& parts = *m_parts;
    parts.context.now = now;
    if (parts.removed)
        return;
    const Microseconds lateBy = std::max(Microseconds::zero(), Microseconds(now.monotonic - parts.plannedTick));
    parts.context.detector.tick(now.monotonic, lateBy);
    parts.onPeerChanges();
    Timer timer;
    while (parts.context.timers.next(now.monotonic, timer)) {
        parts.home.onTimer(timer);
        parts.replica.onTimer(timer);
        parts.evictor.onTimer(timer);
        parts.coordinator.onTimer(timer);
        parts.maps.onTimer(timer);
        parts.settle();
    }
    if (now.monotonic >= parts.nextHousekeeping) {
        parts.nextHousekeeping = now.monotonic + housekeepingInterval;
        parts.housekeeping();
    }
    parts.makeRoom();
    parts.plannedTick = nextTick();
}

TimePoint Core::nextTick() const
{
    const Parts& parts = *m_parts;
    return parts.context.timers.empty() ? parts.nextHousekeeping : std::min(parts.nextHousekeeping, parts.context.timers.firstDue());
}

void Core::submitWrite(Now now, RequestId request, std::string key, std::string operation, Level level)
{
    m_parts->context.now = now;
    m_parts->coordinator.write(request, std::move(key), std::move(operation), level);
    m_parts->settle();
    m_parts->makeRoom();
}

void Core::submitRead(Now now, RequestId request, std::string key, Level level)
{
    m_parts->context.now = now;
    m_parts->coordinator.read(request, std::move(key), level);
    m_parts->settle();
}

void Core::submitScan(Now now, RequestId request, Position first, std::uint32_t count)
{
    m_parts->context.now = now;
    m_parts->coordinator.scan(request, first, count);
    m_parts->settle();
}

void Core::submitCount(Now now, RequestId request)
{
    m_parts->context.now = now;
    m_parts->coordinator.count(request);
    m_parts->settle();
}

void Core::submitLocate(Now now, RequestId request, std::string key)
{
    m_parts->context.now = now;
    m_parts->coordinator.locate(request, std::move(key));
    m_parts->settle();
}

void Core::submitMap(Now now, RequestId request, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder)
{
    m_parts->context.now = now;
    m_parts->maps.propose(request, std::move(builder));
    m_parts->settle();
}

Effects Core::takeEffects()
{
    return m_parts->context.outbox.take();
}

void Core::setCopyRate(std::uint64_t bytesPerSecond)
{
    m_parts->copy.setRate(bytesPerSecond);
}

void Core::setRoom(Now now, const RoomLimit& room)
{
    m_parts->context.now = now;
    m_parts->evictor.setRoom(room);
}

const RoomLimit& Core::room() const
{
    return m_parts->context.room;
}

std::uint64_t Core::usedBytes() const
{
    return m_parts->context.usedBytes;
}

void Core::emptyNodeAt(Now now, NodeId member, Member newcomer)
{
    m_parts->context.now = now;
    m_parts->driver.emptyNodeAt(member, std::move(newcomer));
}

void Core::clientsGone()
{
    m_parts->copy.clientsGone();
}

const CopyProgress& Core::copyProgress() const
{
    return m_parts->copy.progress();
}

const ClusterMapPtr& Core::map() const
{
    return m_parts->context.map;
}

NodeId Core::self() const
{
    return m_parts->context.self;
}

const CoreCounters& Core::counters() const
{
    return m_parts->context.counters;
}

const PartitionCounts& Core::countsOf(PartitionIndex partition) const
{
    return m_parts->replica.counts(partition);
}

const Version& Core::floorOf(PartitionIndex partition) const
{
    return m_parts->replica.floor(partition);
}

RepairState Core::repairState() const
{
    return m_parts->repair.state();
}

std::vector<std::uint32_t> Core::takePartitionLoads()
{
    return m_parts->coordinator.takeLoads();
}

PeerHealth Core::peerHealth(Now now, NodeId peer) const
{
    if (peer == self())
        return {PeerState::Up, 0, Microseconds::zero()};
    return m_parts->context.detector.health(now.monotonic, peer);
}

std::uint64_t Core::homeCount() const
{
    return m_parts->home.homeCount();
}

std::uint64_t Core::hintCount() const
{
    return m_parts->hints.count();
}

std::uint64_t Core::waitingOperations() const
{
    return m_parts->coordinator.inFlight();
}

std::uint64_t Core::progress() const
{
    return m_parts->progress;
}

CoreSizes Core::sizes() const
{
    CoreSizes sizes;
    sizes.operations = m_parts->coordinator.inFlight();
    m_parts->home.addTo(sizes);
    m_parts->replica.addTo(sizes);
    m_parts->repair.addTo(sizes);
    sizes.evictions = m_parts->evictor.underWay();
    sizes.held = m_parts->context.outbox.heldCount();
    sizes.timers = m_parts->context.timers.size();
    return sizes;
}

} // namespace quoit
