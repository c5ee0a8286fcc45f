#include "node/core/core.h"

#include "node/core/coordinator.h"
#include "node/core/home.h"
#include "node/core/replica.h"

namespace quoit {

namespace {

constexpr Milliseconds housekeepingInterval{100};
constexpr Milliseconds marksInterval{5000};
constexpr std::size_t expiredPerRound = 100;

} // namespace

std::string CoreOptions::problem() const
{
    if (requestDeadline <= 0ms || attemptTimeout <= 0ms || roundTimeout <= 0ms || readHedge <= 0ms)
        return "time-outs must be longer than zero";
    if (memoryRetention <= requestDeadline)
        return "operations must be remembered for longer than a request's deadline";
    if (bindingLifetime >= memoryRetention)
        return "a binding must live shorter than operations are remembered";
    if (waitingPerPartitionMax == 0 || memoryOperationsMax == 0)
        return "limits must be larger than zero";
    return {};
}

struct Core::Parts
{
    Context context;
    RecordSource& records;
    Replica replica;
    Hints hints;
    Home home;
    Coordinator coordinator;
    PeerLedger ledger;
    std::uint64_t progress;
    TimePoint nextMarks;
    TimePoint nextHousekeeping;
    TimePoint plannedTick;

    Parts(const CoreOptions& options, const StoredState& stored, RecordSource& source, const OperationLogic& logic, std::uint64_t seed,
          Now now)
        : context(options, stored, logic, seed, now)
        , records(source)
        , replica(context, source, stored,
                  [this](PartitionIndex partition, const Ballot& ballot) { home.onPromised(partition, ballot); })
        , hints(context, replica, stored.hints)
        , home(context, replica, hints)
        , coordinator(context)
        , ledger(stored.peers)
        , progress(stored.progress)
        , nextMarks(now.monotonic)
        , nextHousekeeping(now.monotonic + housekeepingInterval)
        , plannedTick(nextHousekeeping)
    {
    }

    void dispatch(NodeId from, MessageBody body);
    /// Delivers what this node said to itself, until nothing is left.
    void settle();
    void onPeerChanges();
    void housekeeping();
    void expire();
    void rememberPeers();
};

void Core::Parts::dispatch(NodeId from, MessageBody body)
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
                coordinator.handle(from, std::move(message));
            } else if constexpr (std::is_same_v<T, ReadReply>) {
                if (!home.handle(from, message))
                    coordinator.handle(from, message);
            } else if constexpr (std::is_same_v<T, LearnReply>) {
                hints.handle(from, message);
            } else if constexpr (std::is_same_v<T, ScanReply> || std::is_same_v<T, CountReply>) {
                coordinator.handle(from, message);
            } else if constexpr (std::is_same_v<T, Heartbeat>) {
                context.detector.heartbeat(context.now.monotonic, from);
                ledger.heard(from, message.progress);
                const auto place = std::lower_bound(context.fullPeers.begin(), context.fullPeers.end(), from);
                const bool known = place != context.fullPeers.end() && *place == from;
                if (message.storageFull && !known)
                    context.fullPeers.insert(place, from);
                else if (!message.storageFull && known)
                    context.fullPeers.erase(place);
            } else if constexpr (std::is_same_v<T, MapPush> || std::is_same_v<T, MapRequest> ||
                                 std::is_same_v<T, Farewell>) {
                // Between members of one epoch there is nothing to tell; a node that waits for its first map has no core yet.
                // Farewells are for whoever drives this core.
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
        dispatch(context.self, std::move(body));
}

void Core::Parts::onPeerChanges()
{
    for (const FailureDetector::Change& change : context.detector.takeChanges()) {
        const CoreEvent::Kind kind = change.state == PeerState::Up        ? CoreEvent::Kind::PeerUp
                                     : change.state == PeerState::Suspect ? CoreEvent::Kind::PeerSuspect
                                                                          : CoreEvent::Kind::PeerDown;
        context.outbox.effects().events.push_back({kind, change.peer, 0});
        if (change.state == PeerState::Suspect) {
            hints.onPeerLost(change.peer);
            home.onPeerLost(change.peer);
            settle();
            coordinator.onPeerLost(change.peer);
        }
        settle();
    }
}

void Core::Parts::housekeeping()
{
    home.housekeeping();
    hints.deliver();
    replica.prune();
    expire();
    rememberPeers();
}

void Core::Parts::rememberPeers()
{
    if (context.storageFull)
        return;
    const bool everything = context.now.monotonic >= nextMarks;
    if (everything)
        nextMarks = context.now.monotonic + marksInterval;
    std::vector<PeerMark> marks = ledger.takeChanged(everything);
    auto& batch = context.outbox.batch().peers;
    batch.insert(batch.end(), marks.begin(), marks.end());
}

void Core::Parts::expire()
{
    if (context.storageFull)
        return;
    for (const RecordSummary& record : records.expired(context.now.wallMs, expiredPerRound)) {
        const PartitionIndex partition = context.map->partitionOf(record.position);
        const RecordPtr current = replica.find(record.key);
        // A read through the home turns it into a tombstone; only where this node is home, and only once.
        if (home.ballotOf(partition).isNone() || !current || current->tombstone || current->version != record.version)
            continue;
        OperationRequest request;
        request.id = {context.self, context.incarnation, 0};
        request.partition = partition;
        request.key = record.key;
        request.read = true;
        home.handle(context.self, std::move(request));
        settle();
    }
}

Core::Core(const CoreOptions& options, const StoredState& stored, RecordSource& records, const OperationLogic& logic, std::uint64_t seed,
           Now now)
{
    QUOIT_ENSURE(stored.map && stored.map->member(stored.identity.node) && options.problem().empty());
    m_parts = std::make_unique<Parts>(options, stored, records, logic, seed, now);
}

Core::~Core() = default;

void Core::receive(Now now, NodeId from, Message message)
{
    m_parts->context.now = now;
    if (message.epoch != m_parts->context.map->epoch())
        return;
    m_parts->dispatch(from, std::move(message.body));
    m_parts->settle();
    m_parts->onPeerChanges();
}

void Core::peerConnected(Now now, NodeId peer)
{
    m_parts->context.now = now;
    m_parts->context.detector.connected(now.monotonic, peer);
    m_parts->onPeerChanges();
}

void Core::peerDisconnected(Now now, NodeId peer)
{
    m_parts->context.now = now;
    m_parts->context.detector.disconnected(now.monotonic, peer);
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
}

void Core::storageFull(Now now, bool full)
{
    m_parts->context.now = now;
    if (m_parts->context.storageFull == full)
        return;
    m_parts->context.storageFull = full;
    m_parts->context.outbox.effects().events.push_back(
        {full ? CoreEvent::Kind::StorageFull : CoreEvent::Kind::StorageFree, m_parts->context.self, 0});
}

void Core::tick(Now now)
{
    Parts& parts = *m_parts;
    parts.context.now = now;
    const Microseconds lateBy = std::max(Microseconds::zero(), Microseconds(now.monotonic - parts.plannedTick));
    parts.context.detector.tick(now.monotonic, lateBy);
    parts.onPeerChanges();
    Timer timer;
    while (parts.context.timers.next(now.monotonic, timer)) {
        parts.home.onTimer(timer);
        parts.coordinator.onTimer(timer);
        parts.settle();
    }
    if (now.monotonic >= parts.nextHousekeeping) {
        parts.nextHousekeeping = now.monotonic + housekeepingInterval;
        parts.housekeeping();
        parts.settle();
    }
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

Effects Core::takeEffects()
{
    return m_parts->context.outbox.take();
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

std::vector<std::uint32_t> Core::takePartitionLoads()
{
    return m_parts->home.takeLoads();
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
    sizes.held = m_parts->context.outbox.heldCount();
    sizes.timers = m_parts->context.timers.size();
    return sizes;
}

} // namespace quoit
