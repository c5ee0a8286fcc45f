#include "node/core/core_parts.h"

namespace quoit {

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

std::size_t Core::expect(std::span<const Message> messages)
{
    return m_parts->lookahead.tell(messages);
}

void Core::peerConnected(Now now, NodeId peer)
{
    m_parts->context.now = now;
    m_parts->context.detector.connected(now.monotonic, peer);
    m_parts->coordinator.onPeerConnected(peer);
    m_parts->onPeerChanges();
}

void Core::peerHeard(Now now, NodeId peer)
{
    m_parts->context.now = now;
    m_parts->context.detector.heard(now.monotonic, peer);
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
    if (parts.removed) {
        parts.nextHousekeeping = now.monotonic + Parts::housekeepingInterval;
        return;
    }
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
        parts.nextHousekeeping = now.monotonic + Parts::housekeepingInterval;
        parts.housekeeping();
    }
    parts.makeRoom();
    parts.plannedTick = nextTick();
}

TimePoint Core::nextTick() const
{
    const Parts& parts = *m_parts;
    const bool hasTimers = !parts.removed && !parts.context.timers.empty();
    return hasTimers ? std::min(parts.nextHousekeeping, parts.context.timers.firstDue()) : parts.nextHousekeeping;
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
    m_parts->coordinator.read(request, std::move(key), level); // takeEffects() settles: many at a time take less
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
    m_parts->settle();
    return m_parts->context.outbox.take();
}

void Core::setCopyRate(std::uint64_t bytesPerSecond)
{
    m_parts->copy.setRate(bytesPerSecond);
}

void Core::setBusy(Now now, Busy busy)
{
    m_parts->context.now = now;
    m_parts->context.strains.setOwn(now.monotonic, busy);
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
