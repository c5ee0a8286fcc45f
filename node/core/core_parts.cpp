#include "node/core/core_parts.h"

namespace quoit {

namespace {

constexpr Milliseconds marksInterval{5000};

std::string noteOf(const StoredState& stored, const char* name)
{
    const auto found = stored.notes.find(name);
    return found == stored.notes.end() ? std::string() : found->second;
}

} // namespace

Core::Parts::Parts(const CoreOptions& options, const StoredState& stored, RecordSource& source, const OperationLogic& logic,
                   std::uint64_t seed, Now now)
    : context(options, stored, logic, seed, now)
    , lookahead(source)
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
                context.strains.heard(context.now.monotonic, from, message.busy);
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
    if (removed) { // no part of the ring: nothing but what clients wait for matters
        while (!context.outbox.local().empty())
            context.outbox.nextLocal(body);
        coordinator.onRemoved();
        return;
    }
    for (std::size_t ahead = 0; !context.outbox.local().empty(); --ahead) {
        if (ahead == 0)
            ahead = lookahead.tell(context.outbox.local());
        context.outbox.nextLocal(body);
        dispatch(context.self, body);
    }
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
    if (message.epoch < epoch)
        spread.tell(from);
    else if (message.epoch > newestMap().epoch())
        spread.ask(from);
    if (message.epoch > epoch) {
        early.keep(from, std::move(message));
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
    context.strains.keepOnly([&map](NodeId node) { return map.member(node) != nullptr; });
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
    for (auto& [from, message] : early.take())
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
            context.strains.forget(change.peer);
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

} // namespace quoit
