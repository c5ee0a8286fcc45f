#include "node/core/home.h"

namespace quoit {

namespace {

constexpr std::size_t handBacksPerSecondMax = 256;
/// Of all partitions, those that a node offers in one turn of housekeeping when it is to be gentle; at least one.
constexpr std::size_t gentleShare = 1000;
constexpr std::size_t retriedMax = 1000;
constexpr Milliseconds offerLasts{200};
constexpr Milliseconds offerPauseMin{500};
constexpr int offerDoublingsMax = 6;
/// From this attempt on a request means that its coordinator doesn't get through to the home that it was told of.
constexpr std::uint32_t insistingAttempt = 5;
constexpr Milliseconds eventInterval{5000};
// A partition that nobody seems to be home of is taken after so many times handBackAfter, later by whoever isn't preferred.
constexpr int patienceOfPreferred = 3;
constexpr int patienceOfOthers = 4;

} // namespace

Home::Home(Context& context, Replica& replica, Hints& hints)
    : m_context(context)
    , m_replica(replica)
    , m_hints(hints)
    , m_partitions(context.map->partitionCount())
    , m_started(context.now.monotonic)
{
    for (PartitionIndex p = 0; p < m_partitions.size(); ++p)
        m_partitions[p].highestRound = replica.promised(p).round;
}

Ballot Home::ballotOf(PartitionIndex partition) const
{
    const Partition& p = m_partitions[partition];
    return p.state == State::Active ? p.ballot : Ballot{};
}

std::optional<Version> Home::quietVersion(PartitionIndex partition) const
{
    const Partition& p = m_partitions[partition];
    if (p.state != State::Active || p.waiting > 0 || !p.keys.empty())
        return std::nullopt;
    return Version{p.ballot, p.sequence};
}

void Home::takeAgain(PartitionIndex partition, const Ballot& promised)
{
    noteRound(partition, promised);
    if (!quietVersion(partition))
        return;
    stopBeingHome(partition, Ballot{});
    takeOver({partition});
}

void Home::onDeposed(PartitionIndex partition, const Ballot& promised)
{
    noteRound(partition, promised);
    if (quietVersion(partition))
        stopBeingHome(partition, promised);
}

bool Home::isWorkingOn(PartitionIndex partition, const std::string& key) const
{
    return m_partitions[partition].keys.count(key) > 0;
}

void Home::settleKey(PartitionIndex partition, const std::string& key)
{
    OperationRequest request;
    request.id = {m_context.self, m_context.incarnation, 0};
    request.partition = partition;
    request.key = key;
    request.read = true;
    request.settle = true;
    handle(m_context.self, std::move(request));
}

void Home::addTo(CoreSizes& sizes) const
{
    for (const Partition& partition : m_partitions)
        sizes.keys += partition.keys.size();
    sizes.promises += m_promises.size();
    sizes.keyRounds += m_keyRounds.size();
    sizes.writes += m_writes.size();
}

void Home::noteRound(PartitionIndex partition, const Ballot& ballot)
{
    m_partitions[partition].highestRound = std::max(m_partitions[partition].highestRound, ballot.round);
}

// --- ballots

void Home::takeOver(const std::vector<PartitionIndex>& partitions)
{
    const Tag tag = m_context.newTag();
    PromiseRound& round = m_promises[tag];
    std::map<NodeId, PromiseRequest> requests;
    for (const PartitionIndex index : partitions) {
        Partition& p = m_partitions[index];
        QUOIT_ENSURE(p.state == State::None);
        p.state = State::Promising;
        const bool again = planted(PlantedBug::BallotUsedAgain) && m_replica.promised(index).node == m_context.self;
        p.highestRound = std::max(p.highestRound, m_replica.promised(index).round) + (again ? 0 : 1);
        p.ballot = {m_context.map->epoch(), p.highestRound, m_context.self};
        round.open[index] = {p.ballot, {}};
        for (const NodeId node : m_context.reachable(index))
            requests[node].partitions.push_back({index, p.ballot});
    }
    for (auto& [node, request] : requests) {
        request.tag = tag;
        std::sort(request.partitions.begin(), request.partitions.end(),
                  [](const PartitionBallot& a, const PartitionBallot& b) { return a.partition < b.partition; });
        // The own promise is on disk before a peer hears of the ballot: after a crash it isn't used a second time.
        if (node == m_context.self)
            m_context.outbox.send(node, std::move(request));
        else
            m_context.outbox.sendWhenDurable(m_context.outbox.batchSequence(), node, std::move(request));
    }
    const Milliseconds patience = m_context.options.roundTimeout / 2;
    const Milliseconds jitter(static_cast<std::int64_t>(m_context.random.below(static_cast<std::uint64_t>(patience.count()) + 1)));
    m_context.timers.set(m_context.now.monotonic + patience + jitter, Timer::Kind::Promise, tag);
}

void Home::handle(NodeId from, const PromiseReply& reply)
{
    for (const auto& [index, promised] : reply.promised) {
        if (index >= m_partitions.size())
            continue;
        noteRound(index, promised);
        const auto round = m_promises.find(reply.tag);
        if (round == m_promises.end())
            continue;
        const auto open = round->second.open.find(index);
        if (open == round->second.open.end())
            continue;
        auto& [ballot, nodes] = open->second;
        if (!isPromising(index, ballot)) { // given up meanwhile, and maybe asked for anew
            round->second.open.erase(open);
            continue;
        }
        if (promised != ballot) {
            round->second.open.erase(open);
            stopBeingHome(index, promised);
            continue;
        }
        if (std::find(nodes.begin(), nodes.end(), from) == nodes.end())
            nodes.push_back(from);
        if (!m_context.isMajority(index, nodes))
            continue;
        round->second.open.erase(open);
        if (m_replica.promised(index) <= m_partitions[index].ballot)
            becomeHome(index);
        else
            stopBeingHome(index, m_replica.promised(index));
    }
    const auto round = m_promises.find(reply.tag);
    if (round != m_promises.end() && round->second.open.empty())
        m_promises.erase(round);
}

bool Home::isPromising(PartitionIndex partition, const Ballot& ballot) const
{
    return m_partitions[partition].state == State::Promising && m_partitions[partition].ballot == ballot;
}

void Home::finishPromise(Tag tag)
{
    const auto found = m_promises.find(tag);
    if (found == m_promises.end())
        return;
    const PromiseRound round = std::move(found->second);
    m_promises.erase(found);
    for (const auto& [index, open] : round.open)
        if (isPromising(index, open.first))
            stopBeingHome(index, Ballot{});
}

void Home::becomeHome(PartitionIndex index)
{
    Partition& p = m_partitions[index];
    QUOIT_ENSURE(p.state == State::Promising && p.keys.empty());
    p.state = State::Active;
    p.sequence = 0;
    p.retried.reset();
    p.offeredUntil = p.nextOffer = {};
    p.offers = 0;
    ++m_homeCount;
    ++m_context.counters.takeovers;
    admitWaiting(index);
}

void Home::stopBeingHome(PartitionIndex index, const Ballot& successor)
{
    Partition& p = m_partitions[index];
    if (p.state == State::None)
        return;
    if (p.state == State::Active)
        --m_homeCount;
    p.state = State::None;
    p.unclaimedSince = m_context.now.monotonic;
    p.ballot = successor; // what reply() tells the coordinators
    p.offeredUntil = {};
    for (const OperationRequest& request : std::exchange(p.untilHome, {}))
        reply(request, request.retry || request.read ? OperationOutcome::Interrupted : OperationOutcome::NotBound);
    for (auto& [key, work] : std::exchange(p.keys, {})) {
        m_keyRounds.erase(work->tag);
        const auto write = m_writes.find(work->tag);
        if (write != m_writes.end() && !write->second.chosen)
            takeRound(write);
        // What was never computed has surely not run; of the rest nobody here knows.
        for (const OperationRequest& request : work->waiting)
            reply(request, request.read ? OperationOutcome::Interrupted : OperationOutcome::NotBound);
        for (const OperationRequest& request : work->retries)
            reply(request, OperationOutcome::Interrupted);
        // Likewise a batch of which nothing was sent.
        const bool mayHaveRun = work->isRetry || work->phase == KeyWork::Phase::Writing;
        const OperationOutcome unsure = planted(PlantedBug::AloneThoughSent) ? OperationOutcome::Alone : OperationOutcome::Interrupted;
        for (const OperationRequest& request : work->batch)
            reply(request, request.read || mayHaveRun ? unsure : OperationOutcome::NotBound);
    }
}

void Home::onPromised(PartitionIndex index, const Ballot& ballot)
{
    noteRound(index, ballot);
    if (ballot.node != m_context.self)
        m_partitions[index].unclaimedSince = m_context.now.monotonic;
    const Partition& p = m_partitions[index];
    if (p.state != State::None && ballot > p.ballot) {
        if (p.state == State::Active) {
            ++m_context.counters.handovers;
            ++m_handedOver[ballot.node];
        }
        stopBeingHome(index, ballot);
    }
}

void Home::onPeerLost(NodeId peer)
{
    std::vector<PartitionIndex> orphans;
    for (PartitionIndex index = 0; index < m_partitions.size(); ++index)
        if (m_partitions[index].state == State::None && m_replica.promised(index).node == peer &&
            m_context.firstUp(index) == m_context.self && m_context.isMajority(index, m_context.reachable(index)))
            orphans.push_back(index);
    if (!orphans.empty()) {
        m_context.outbox.effects().events.push_back({CoreEvent::Kind::TookOver, peer, orphans.size()});
        takeOver(orphans);
    }
    // Writes that only the lost peer has not answered are over; it gets hints.
    std::vector<Tag> complete;
    for (auto& [tag, round] : m_writes) {
        const bool answered = std::find(round.written.begin(), round.written.end(), peer) != round.written.end();
        if (!answered && std::find(round.failed.begin(), round.failed.end(), peer) == round.failed.end() &&
            m_context.map->isReplica(round.partition, peer))
            round.failed.push_back(peer);
        if (round.chosen && round.written.size() + round.failed.size() >= m_context.replicas(round.partition).size())
            complete.push_back(tag);
    }
    std::sort(complete.begin(), complete.end());
    for (const Tag tag : complete)
        finishRound(tag);
}

void Home::onAdopted()
{
    m_promises.clear();
    for (PartitionIndex index = 0; index < m_partitions.size(); ++index)
        stopBeingHome(index, Ballot{});
    std::vector<Tag> chosen; // those that weren't are gone with their keys
    for (const auto& [tag, round] : m_writes)
        chosen.push_back(tag);
    std::sort(chosen.begin(), chosen.end());
    for (const Tag tag : chosen)
        finishRound(tag);
    housekeeping();
}

void Home::handle(NodeId, const HomeOffer& offer)
{
    std::vector<PartitionIndex> partitions;
    for (const PartitionIndex index : offer.partitions) {
        if (index >= m_partitions.size() || !m_context.map->isReplica(index, m_context.self) || m_context.disk != DiskSpace::Ample)
            continue;
        // Whoever offers is home: if this node still takes itself for it, it was deposed while nobody could tell it.
        if (m_partitions[index].state == State::Active)
            stopBeingHome(index, Ballot{});
        const bool isDouble = !partitions.empty() && partitions.back() >= index;
        if (m_partitions[index].state == State::None && !isDouble)
            partitions.push_back(index);
    }
    if (!partitions.empty())
        takeOver(partitions);
}

void Home::housekeeping()
{
    const Microseconds running = m_context.now.monotonic - m_started;
    std::vector<PartitionIndex> homeless;
    for (PartitionIndex index = 0; index < m_partitions.size(); ++index) {
        if (m_partitions[index].state != State::None || !m_context.map->isReplica(index, m_context.self))
            continue;
        const NodeId home = m_replica.promised(index).node;
        const bool isPreferred = m_context.firstUp(index) == m_context.self;
        if (!isPreferred && home != m_context.self)
            continue;
        // While others have space they become home as soon as somebody writes. If too few have, there is a home to expire and to drop what goes.
        if (m_context.disk == DiskSpace::None || (m_context.disk == DiskSpace::Short && !tooFewDisks(index, false)))
            continue;
        const bool abandoned = isPreferred && (home == m_context.self || home == noNode || !m_context.isUp(home) ||
                                               m_replica.promised(index).epoch != m_context.map->epoch());
        // Somebody else's partitions come back by an offer; if none ever comes, that node isn't home either. It may have started anew, and nobody
        // missed it: whom this node was to spare then goes without for a while, and the home of before has to go on.
        const Microseconds waited = std::min<Microseconds>(running, m_context.now.monotonic - m_partitions[index].unclaimedSince);
        const bool forgotten = isPreferred ? waited > patienceOfPreferred * m_context.options.handBackAfter && m_context.strains.mayReclaim(m_context.now.monotonic)
                                           : waited > patienceOfOthers * m_context.options.handBackAfter;
        if ((abandoned || forgotten) &&
            m_context.isMajority(index, m_context.reachable(index)))
            homeless.push_back(index);
    }
    if (!homeless.empty())
        takeOver(homeless);
    offerToOthers();
}

/// Who should be home of a partition of this home instead; noNode: nobody.
NodeId Home::successorOf(PartitionIndex index) const
{
    const StrainBook& strains = m_context.strains;
    const auto takes = [this](NodeId node) {
        return node != noNode && node != m_context.self && m_context.isUp(node) && m_context.diskOf(node) == DiskSpace::Ample &&
               m_context.detector.upFor(m_context.now.monotonic, node) >= m_context.options.handBackAfter;
    };
    if (const NodeId preferred = m_context.firstUp(index); takes(preferred) && strains.takesBack(preferred))
        return preferred;
    if (strains.own().strain == Strain::Strained)
        for (const NodeId node : m_context.replicas(index))
            if (takes(node) && strains.hasCapacity(node))
                return node;
    return noNode;
}

void Home::offerToOthers()
{
    std::map<NodeId, HomeOffer> offers;
    const bool isStrained = m_context.strains.own().strain == Strain::Strained;
    std::size_t gentleLeft = std::max<std::size_t>(1, m_partitions.size() / gentleShare);
    for (PartitionIndex index = 0; index < m_partitions.size(); ++index) {
        Partition& p = m_partitions[index];
        if (p.state != State::Active || p.waiting > 0 || p.nextOffer > m_context.now.monotonic)
            continue;
        const NodeId successor = successorOf(index);
        if (successor == noNode)
            continue;
        const bool isGentle = isStrained || m_context.strains.isGentle(m_context.now.monotonic, successor);
        HomeOffer& offer = offers[successor];
        if (offer.partitions.size() >= handBacksPerSecondMax / 10 || (isGentle && gentleLeft == 0))
            continue;
        gentleLeft -= isGentle;
        m_context.counters.homesSpared += isStrained;
        offer.partitions.push_back(index);
        p.offeredUntil = m_context.now.monotonic + offerLasts;
        // Each offer holds requests up: whoever is up and can't take it is asked ever more seldom.
        p.nextOffer = m_context.now.monotonic + offerPauseMin * (1 << std::min(p.offers++, offerDoublingsMax));
        m_context.timers.set(p.offeredUntil, Timer::Kind::HomeOffer, index);
    }
    for (auto& [node, offer] : offers)
        if (!offer.partitions.empty())
            m_context.outbox.send(node, std::move(offer));
    // A handover of many partitions takes a while; operators see it as a few events.
    if (!m_handedOver.empty() && m_context.now.monotonic - m_handedOverTold >= eventInterval) {
        m_handedOverTold = m_context.now.monotonic;
        for (const auto& [node, count] : std::exchange(m_handedOver, {}))
            m_context.outbox.effects().events.push_back({CoreEvent::Kind::HandedOver, node, count});
    }
}

// --- operations

/// Whether somebody else is home, as far as this replica knows. Two that take over for every request that comes would duel for ever.
bool Home::hasOtherHome(PartitionIndex partition, bool frees) const
{
    const auto& [epoch, round, home] = m_replica.promised(partition);
    return home != noNode && home != m_context.self && epoch == m_context.map->epoch() && m_context.isUp(home) &&
           m_context.takesWrites(home, frees);
}

bool Home::tooFewDisks(PartitionIndex partition, bool frees) const
{
    std::vector<NodeId> full;
    for (const NodeId node : m_context.replicas(partition))
        if (!m_context.takesWrites(node, frees))
            full.push_back(node);
    return !full.empty() && !m_context.isMajorityWithout(partition, full);
}

OperationReply Home::makeReply(const OperationRequest& request, OperationOutcome outcome, std::string result, RecordPtr record)
{
    const Partition& p = m_partitions[request.partition];
    OperationReply reply;
    reply.id = request.id;
    reply.attempt = request.attempt;
    reply.outcome = outcome;
    reply.result = std::move(result);
    reply.record = std::move(record);
    if (p.state == State::Active || p.ballot.node != m_context.self || planted(PlantedBug::NamedBeforePromised)) // [24]
        reply.ballot = p.ballot;
    reply.latest = m_replica.highest(request.partition);
    if (p.state == State::Active)
        reply.latest = std::max(reply.latest, Version{p.ballot, p.sequence});
    return reply;
}

void Home::reply(const OperationRequest& request, OperationOutcome outcome, std::string result, RecordPtr record)
{
    --m_partitions[request.partition].waiting;
    m_context.counters.interrupted += outcome == OperationOutcome::Interrupted;
    m_context.counters.notBound += outcome == OperationOutcome::NotBound;
    m_context.outbox.send(request.id.coordinator, makeReply(request, outcome, std::move(result), std::move(record)));
}

void Home::handle(NodeId from, OperationRequest request)
{
    request.id.coordinator = from;
    if (request.partition >= m_partitions.size() || m_context.map->partitionOf(positionOf(request.key)) != request.partition)
        return; // no node of this map sends that
    Partition& p = m_partitions[request.partition];
    ++p.waiting;
    if (!m_context.map->isReplica(request.partition, m_context.self)) {
        reply(request, OperationOutcome::NotBound);
        return;
    }
    // Whether a retry has run is for a majority to say. This node's own coordinator knows.
    if (from != m_context.self && !request.retry && m_context.isAlone(request.partition)) {
        ++m_context.counters.refusedAlone;
        reply(request, OperationOutcome::Alone);
        return;
    }
    const bool frees = !m_context.logic.addsData(request.operation);
    if (!request.read && (!m_context.takesWrites(m_context.self, frees) || tooFewDisks(request.partition, frees))) {
        // With a majority of full disks nobody can help; with a full disk of its own this node leaves it to another home.
        if (tooFewDisks(request.partition, frees)) {
            reply(request, OperationOutcome::StorageFull);
        } else {
            stopBeingHome(request.partition, Ballot{});
            reply(request, request.retry ? OperationOutcome::Interrupted : OperationOutcome::NotBound);
        }
        return;
    }
    if (!request.evicts.ballot.isNone() && p.state != State::Active) {
        reply(request, OperationOutcome::Interrupted); // the next home decides anew
        return;
    }
    // A retry may have run already.
    if (!request.read && !request.retry && !frees &&
        m_context.lacksRoom(request.partition, request.key.size() + request.operation.size())) {
        ++m_context.counters.refusedForRoom;
        reply(request, OperationOutcome::NoRoom);
        return;
    }
    if (p.waiting > m_context.options.waitingPerPartitionMax) {
        reply(request, OperationOutcome::Busy);
        return;
    }
    if (p.state == State::Active && p.offeredUntil <= m_context.now.monotonic) {
        admit(std::move(request));
        return;
    }
    const PartitionIndex index = request.partition;
    if (p.state == State::None && !request.retry && request.attempt < insistingAttempt && hasOtherHome(index, frees)) {
        p.ballot = std::max(p.ballot, m_replica.promised(index));
        reply(request, OperationOutcome::NotBound);
        return;
    }
    if (p.state == State::None && !m_context.isMajority(index, m_context.reachable(index))) {
        reply(request, request.retry || request.read ? OperationOutcome::Interrupted : OperationOutcome::NotBound);
        return;
    }
    p.untilHome.push_back(std::move(request));
    if (p.state == State::None)
        takeOver({index});
}

void Home::admitWaiting(PartitionIndex index)
{
    for (OperationRequest& request : std::exchange(m_partitions[index].untilHome, {})) {
        if (m_partitions[index].state == State::Active)
            admit(std::move(request));
        else
            reply(request, request.retry || request.read ? OperationOutcome::Interrupted : OperationOutcome::NotBound);
    }
}

void Home::admit(OperationRequest request)
{
    Partition& p = m_partitions[request.partition];
    const bool first = !request.retry && !request.read;
    if (first && request.believed != p.ballot && !planted(PlantedBug::RunUnderAnyBallot)) { // [6]
        reply(request, OperationOutcome::NotBound);
        return;
    }
    const bool retriedBefore = first && p.retried && p.retried->ids.contains(request.id);
    if (retriedBefore && !planted(PlantedBug::LateFirstAttemptRuns)) {
        --p.waiting; // [8] stuck on the way until after its own retry: must not run, and nobody waits for its answer
        return;
    }
    auto& slot = p.keys[request.key];
    if (!slot) {
        slot = std::make_unique<KeyWork>();
        slot->key = request.key;
        slot->partition = request.partition;
        slot->ballot = p.ballot;
    }
    KeyWork& work = *slot;
    if (request.retry && !request.read) {
        if (!p.retried)
            p.retried = std::make_unique<Retried>();
        if (p.retried->ids.insert(request.id).second)
            p.retried->order.push_back(request.id);
        if (p.retried->order.size() > retriedMax) {
            p.retried->ids.erase(p.retried->order.front());
            p.retried->order.pop_front();
        }
        // Under one ballot an operation runs at most once, however it arrived: what waits of it gives way.
        const auto same = [&](const OperationRequest& other) { return other.id == request.id; };
        p.waiting -= std::erase_if(work.waiting, same) + std::erase_if(work.retries, same);
        work.retries.push_back(std::move(request));
    } else if (planted(PlantedBug::ConfirmingRoundJoinedLate) && work.phase == KeyWork::Phase::Confirming) {
        work.batch.push_back(std::move(request));
    } else {
        work.waiting.push_back(std::move(request));
    }
    advance(work);
}

void Home::onTimer(const Timer& timer)
{
    switch (timer.kind) {
    case Timer::Kind::Promise:
        finishPromise(timer.id);
        break;
    case Timer::Kind::HomeRound: {
        if (m_writes.count(timer.id)) {
            finishRound(timer.id);
            break;
        }
        if (KeyWork* const work = workOf(timer.id)) {
            work->isOverdue = true;
            if (m_context.isMajority(work->partition, work->answers, &KeyWork::Answer::from))
                onRoundAnswered(*work);
            else
                stopBeingHome(work->partition, Ballot{});
        }
        break;
    }
    case Timer::Kind::HomeOffer: {
        const auto index = static_cast<PartitionIndex>(timer.id);
        Partition& p = m_partitions[index];
        if (p.state == State::Active && p.offeredUntil <= m_context.now.monotonic)
            admitWaiting(index);
        break;
    }
    default:
        break;
    }
}

} // namespace quoit
