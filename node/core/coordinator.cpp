#include "node/core/coordinator.h"

namespace quoit {

namespace {

constexpr std::uint32_t restartsAtOnceMax = 4; ///< then every further one waits a little
constexpr std::size_t smallOperations = 64;    ///< so many would fit into CoreOptions::writeBytesMax: they never wait for their turn
constexpr std::int64_t crossings = 3;          ///< of a value on its way: to the home, to the replicas, to their disks

/// An attempt's timer names both, so that the timer of an earlier attempt is known for what it is.
std::uint64_t attemptTimerId(std::uint64_t counter, std::uint32_t attempt)
{
    return counter << 8 | (attempt & 0xff);
}

/// The same on every machine, whatever order a hash table has.
template <typename Table>
std::vector<std::uint64_t> keysInOrder(const Table& table)
{
    std::vector<std::uint64_t> keys;
    for (const auto& [key, value] : table)
        keys.push_back(key);
    std::sort(keys.begin(), keys.end());
    return keys;
}

} // namespace

Coordinator::Coordinator(Context& context)
    : m_context(context)
    , m_bindings(context.map->partitionCount())
    , m_loads(context.map->partitionCount())
    , m_choice(context.options.readHedge)
{
}

std::vector<std::uint32_t> Coordinator::takeLoads()
{
    std::vector<std::uint32_t> loads(m_loads.size());
    loads.swap(m_loads);
    return loads;
}

void Coordinator::complete(RequestId request, CompletionStatus status, std::string result, RecordPtr record)
{
    m_context.counters.unknown += status == CompletionStatus::Unknown;
    m_context.counters.noQuorum += status == CompletionStatus::NoQuorum;
    m_context.outbox.effects().completions.push_back({request, status, std::move(result), std::move(record)});
}

void Coordinator::write(RequestId request, std::string key, std::string operation, Level level)
{
    QUOIT_ENSURE(!key.empty());
    Operation state;
    state.requests.assign(1, request);
    state.partition = m_context.map->partitionOf(positionOf(key));
    ++m_loads[state.partition];
    state.key = std::move(key);
    state.operation = std::move(operation);
    state.everyReplica = level == Level::All;
    state.bytes = state.key.size() + state.operation.size();
    if (m_isRemoved || m_context.isAlone(state.partition)) {
        ++m_context.counters.refusedAlone;
        complete(request, CompletionStatus::NoQuorum);
        return;
    }
    start(std::move(state));
}

/// Large values all at once would make each other late, until attempts are given up and sent again, which makes it worse.
bool Coordinator::hasRoomFor(const Operation& operation) const
{
    const std::size_t max = m_context.options.writeBytesMax;
    return operation.bytes <= max / smallOperations || m_writeBytes == 0 || m_writeBytes + operation.bytes <= max;
}

void Coordinator::startQueued()
{
    while (!m_queue.empty()) {
        const auto found = m_operations.find(m_queue.front());
        if (found != m_operations.end()) {
            Operation& operation = found->second;
            if (!hasRoomFor(operation))
                return;
            operation.queued = false;
            m_queuedBytes -= operation.bytes;
            m_writeBytes += operation.bytes;
            attempt(found->first, operation);
        }
        m_queue.pop_front();
    }
}

void Coordinator::start(Operation operation)
{
    const std::uint64_t counter = ++m_operationCounter;
    if (operation.deadline == TimePoint{})
        operation.deadline = m_context.now.monotonic + m_context.options.requestDeadline +
                             m_context.patienceFor(crossings * (m_writeBytes + m_queuedBytes + operation.bytes));
    m_context.timers.set(operation.deadline, Timer::Kind::OperationDeadline, counter);
    operation.queued = !hasRoomFor(operation) || (!m_queue.empty() && operation.bytes > m_context.options.writeBytesMax / smallOperations);
    (operation.queued ? m_queuedBytes : m_writeBytes) += operation.bytes;
    m_context.counters.writesQueued += operation.queued;
    const auto place = m_operations.emplace(counter, std::move(operation)).first;
    if (place->second.queued)
        m_queue.push_back(counter);
    else
        attempt(counter, place->second);
}

NodeId Coordinator::targetOf(const Operation& operation) const
{
    // The believed home, unless it is known to be of no use; then the first live replica in preference order.
    const NodeId believed = m_bindings[operation.partition].ballot.node;
    const bool frees = !m_context.logic.addsData(operation.operation);
    const auto useful = [&](NodeId node) {
        return node != noNode && node != operation.avoided && m_context.isUp(node) && (operation.read || m_context.takesWrites(node, frees));
    };
    if (useful(believed))
        return believed;
    NodeId any = noNode;
    for (const NodeId node : m_context.replicas(operation.partition)) {
        if (useful(node))
            return node;
        if (any == noNode && m_context.isConnected(node))
            any = node;
    }
    return any;
}

void Coordinator::attempt(std::uint64_t counter, Operation& operation)
{
    const NodeId target = targetOf(operation);
    if (target == noNode) { // nobody is there; somebody may come
        ++operation.refusals;
        again(counter, operation, true);
        return;
    }
    const TimePoint now = m_context.now.monotonic;
    operation.target = target;
    operation.underWay = true;
    ++operation.attempt;
    OperationRequest request;
    request.id = {m_context.self, m_context.operationIncarnation(), counter};
    request.attempt = operation.attempt;
    request.partition = operation.partition;
    request.key = operation.key;
    request.operation = operation.operation;
    request.read = operation.read;
    request.everyReplica = operation.everyReplica;
    request.retry = operation.mayHaveRun;
    if (!operation.read && !operation.mayHaveRun) {
        const Binding& binding = m_bindings[operation.partition];
        operation.bound = binding.isPromised && binding.ballot.node == target && now - binding.refreshed <= m_context.options.bindingLifetime;
        if (operation.bound) {
            request.believed = binding.ballot;
            operation.after = binding.seen;
        }
    }
    if (request.retry) {
        operation.retried = true;
        ++m_context.counters.retries;
    }
    request.after = operation.after;
    // From here on a lost answer leaves open whether a bound attempt ran.
    operation.mayHaveRun = operation.mayHaveRun || (operation.bound && !operation.read);
    const TimePoint due = now + m_context.options.attemptTimeout + m_context.patienceFor(crossings * m_writeBytes);
    m_context.timers.set(due, Timer::Kind::OperationAttempt, attemptTimerId(counter, operation.attempt));
    m_context.outbox.send(target, std::move(request));
}

void Coordinator::again(std::uint64_t counter, Operation& operation, bool pause)
{
    operation.underWay = false;
    if (!pause) {
        attempt(counter, operation);
        return;
    }
    // Random, and growing with every refusal: two that duel part.
    const std::uint32_t late = operation.restarts > restartsAtOnceMax ? operation.restarts - restartsAtOnceMax : 0;
    const std::uint64_t spreadMs = std::min<std::uint64_t>(5u << std::min<std::uint32_t>(operation.refusals + late, 5), 100);
    const Microseconds wait(static_cast<std::int64_t>(1000 + m_context.random.below(spreadMs * 1000)));
    m_context.timers.set(m_context.now.monotonic + wait, Timer::Kind::OperationPause, counter);
}

void Coordinator::learn(NodeId from, PartitionIndex partition, const Ballot& ballot, const Version& latest)
{
    Binding& binding = m_bindings[partition];
    if (!ballot.isNone() && ballot >= binding.ballot) {
        // Whom others call home may still wait for promises; who calls itself so has them [24].
        const bool isKnown = binding.isPromised && ballot == binding.ballot;
        binding.isPromised = isKnown || ballot.node == from || planted(PlantedBug::NamedBeforePromised);
        binding.ballot = ballot;
        binding.refreshed = m_lastRefresh = m_context.now.monotonic;
    }
    binding.seen = std::max(binding.seen, latest);
}

void Coordinator::handle(NodeId from, OperationReply reply)
{
    const auto found = m_operations.find(reply.id.counter);
    if (found == m_operations.end() || reply.id.incarnation != m_context.operationIncarnation() || reply.id.coordinator != m_context.self)
        return;
    Operation& operation = found->second;
    learn(from, operation.partition, reply.ballot, reply.latest);
    const bool latest = reply.attempt == operation.attempt;
    switch (reply.outcome) {
    case OperationOutcome::Changed:
        finish(reply.id.counter, CompletionStatus::Done, std::move(reply.result), std::move(reply.record));
        return;
    case OperationOutcome::NotEverywhere:
        finish(reply.id.counter, CompletionStatus::NotEverywhere);
        return;
    case OperationOutcome::Unchanged:
        if (latest || operation.read || !operation.retried || planted(PlantedBug::EarlierUnchangedCounts)) // [14]
            finish(reply.id.counter, CompletionStatus::Done, std::move(reply.result), std::move(reply.record));
        return;
    case OperationOutcome::Unknown:
        finish(reply.id.counter, CompletionStatus::Unknown);
        return;
    default:
        break;
    }
    // Everything below says that this attempt came to nothing; it matters only for the latest one.
    if (!latest || !operation.underWay)
        return;
    const bool surelyNotRun = !operation.retried;
    const bool isAlone = reply.outcome == OperationOutcome::Alone;
    switch (reply.outcome) {
    case OperationOutcome::Alone:
        // Others may be down for that replica only.
        if (surelyNotRun && m_context.isCutOff(operation.partition)) {
            finish(reply.id.counter, CompletionStatus::NoQuorum);
            return;
        }
        [[fallthrough]];
    case OperationOutcome::NotBound:
        if (surelyNotRun)
            operation.mayHaveRun = false;
        ++operation.restarts;
        // Whoever names a home is to be believed, above all if it names itself; whoever knows of none is no help.
        operation.avoided = reply.ballot.isNone() || isAlone ? from : noNode;
        again(reply.id.counter, operation, reply.ballot.isNone() || operation.restarts > restartsAtOnceMax);
        return;
    case OperationOutcome::Busy:
    case OperationOutcome::StorageFull:
    case OperationOutcome::NoRoom:
        if (surelyNotRun) {
            finish(reply.id.counter, reply.outcome == OperationOutcome::Busy     ? CompletionStatus::Busy
                                     : reply.outcome == OperationOutcome::NoRoom ? CompletionStatus::NoRoom
                                                                                 : CompletionStatus::StorageFull);
            return;
        }
        [[fallthrough]];
    default:
        operation.avoided = reply.ballot.isNone() ? from : noNode;
        ++operation.refusals;
        again(reply.id.counter, operation, true);
        return;
    }
}

void Coordinator::finish(std::uint64_t counter, CompletionStatus status, std::string result, RecordPtr record)
{
    const auto found = m_operations.find(counter);
    QUOIT_ENSURE(found != m_operations.end());
    const Operation operation = std::move(found->second);
    m_operations.erase(found);
    (operation.queued ? m_queuedBytes : m_writeBytes) -= operation.bytes;
    for (const RequestId request : operation.requests)
        complete(request, status, result, record);
    startQueued();
}

void Coordinator::expireOperation(std::uint64_t counter)
{
    const auto found = m_operations.find(counter);
    if (found == m_operations.end())
        return;
    const bool open = found->second.mayHaveRun && !found->second.read;
    finish(counter, open ? CompletionStatus::Unknown : CompletionStatus::NoQuorum);
}

void Coordinator::onPeerLost(NodeId peer)
{
    m_choice.lost(peer);
    std::vector<std::uint64_t> lost;
    for (const auto& [counter, operation] : m_operations)
        if (operation.underWay && operation.target == peer)
            lost.push_back(counter);
    std::sort(lost.begin(), lost.end());
    for (const std::uint64_t counter : lost) {
        const auto found = m_operations.find(counter);
        if (found != m_operations.end())
            again(counter, found->second, false);
    }
    std::vector<Tag> reads;
    for (const auto& [tag, round] : m_reads)
        if (std::find(round.asked.begin(), round.asked.end(), peer) != round.asked.end())
            reads.push_back(tag);
    std::sort(reads.begin(), reads.end());
    for (const Tag tag : reads) {
        const auto found = m_reads.find(tag);
        if (found != m_reads.end())
            widen(tag, found->second);
    }
    std::vector<Tag> scans;
    for (const auto& [tag, scan] : m_scans)
        scans.push_back(tag);
    std::sort(scans.begin(), scans.end());
    for (const Tag tag : scans)
        askScan(tag, m_scans.at(tag));
    std::vector<Tag> counts;
    for (auto& [tag, count] : m_counts)
        if (count.waiting.erase(peer) > 0 && count.waiting.empty())
            counts.push_back(tag);
    std::sort(counts.begin(), counts.end());
    for (const Tag tag : counts)
        finishCount(tag);
}

void Coordinator::onAdopted()
{
    for (Binding& binding : m_bindings)
        binding = {{}, false, {}, binding.seen};
    std::vector<std::uint64_t> operations;
    for (const auto& [counter, operation] : m_operations)
        if (operation.underWay)
            operations.push_back(counter);
    std::sort(operations.begin(), operations.end());
    for (const std::uint64_t counter : operations)
        again(counter, m_operations.at(counter), false);
    for (const Tag tag : keysInOrder(m_reads)) {
        ReadRound& round = m_reads.at(tag);
        noteSpeed(round);
        round.asked.clear();
        round.answers.clear();
        endFetch(round);
        round.widened = false;
        startRead(tag, round);
    }
    for (const Tag tag : keysInOrder(m_scans)) {
        m_scans.at(tag).answers.clear();
        askScan(tag, m_scans.at(tag));
    }
    for (auto& [tag, count] : m_counts)
        for (const NodeId node : count.waiting)
            m_context.outbox.send(node, CountRequest{tag});
}

void Coordinator::onRemoved()
{
    m_isRemoved = true;
    m_queue.clear(); // nothing begins any more
    m_fetches.clear();
    for (const std::uint64_t counter : keysInOrder(m_operations))
        expireOperation(counter);
    for (const Tag tag : keysInOrder(m_reads)) {
        ReadRound& round = m_reads.at(tag);
        round.requests.insert(round.requests.end(), round.next.begin(), round.next.end());
        round.next.clear();
        if (round.mode == ReadMode::Locate)
            finishLocate(tag, round);
        else
            finishRead(tag, round, CompletionStatus::NoQuorum, {});
    }
    for (const Tag tag : keysInOrder(m_scans))
        finishScan(tag, CompletionStatus::NoQuorum);
    for (const Tag tag : keysInOrder(m_counts))
        finishCount(tag);
}

void Coordinator::onPeerConnected(NodeId peer)
{
    const TimePoint old = m_context.now.monotonic - m_context.options.bindingLifetime - Microseconds(1);
    if (m_lastRefresh <= old) // so after a start, when all peers connect
        return;
    for (PartitionIndex partition = 0; partition < m_bindings.size(); ++partition)
        if (m_context.map->isReplica(partition, peer))
            m_bindings[partition].refreshed = std::min(m_bindings[partition].refreshed, old);
}

void Coordinator::onTimer(const Timer& timer)
{
    switch (timer.kind) {
    case Timer::Kind::OperationDeadline:
        expireOperation(timer.id);
        break;
    case Timer::Kind::OperationPause: {
        const auto found = m_operations.find(timer.id);
        if (found != m_operations.end() && !found->second.underWay)
            attempt(timer.id, found->second);
        break;
    }
    case Timer::Kind::OperationAttempt: {
        const std::uint64_t counter = timer.id >> 8;
        const auto found = m_operations.find(counter);
        if (found != m_operations.end() && found->second.underWay && timer.id == attemptTimerId(counter, found->second.attempt)) {
            ++found->second.refusals;
            found->second.avoided = found->second.target;
            again(counter, found->second, false);
        }
        break;
    }
    case Timer::Kind::Read:
        onReadTimer(timer.id);
        break;
    case Timer::Kind::Scan: {
        const auto found = m_scans.find(timer.id);
        if (found == m_scans.end())
            break;
        if (m_context.now.monotonic >= found->second.deadline || m_context.isCutOff(found->second.partition)) {
            finishScan(timer.id, CompletionStatus::NoQuorum);
        } else {
            askScan(timer.id, found->second);
            m_context.timers.set(m_context.now.monotonic + scanAskAgain, Timer::Kind::Scan, timer.id);
        }
        break;
    }
    case Timer::Kind::Count:
        finishCount(timer.id);
        break;
    default:
        break;
    }
}

} // namespace quoit
