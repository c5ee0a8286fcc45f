// node/core/coordinator_read.cpp - reads: one round trip to a majority, shared by all who want the same key.
// Design: resources/docs/protocol.md, "Reading".

#include "node/core/coordinator.h"

namespace quoit {

namespace {

constexpr Milliseconds locatePatience{300};
constexpr std::size_t spareRoundsMax = 4096;
constexpr int attemptsPerHedge = 5;    // readHedge is waited so often before what was lost is asked for again
constexpr int hedgesUntilCertain = 10; // readHedge is waited so often for a late replica, while the budget is spent

RecordPtr livingOnly(const RecordPtr& record, std::int64_t nowMs)
{
    if (!record || record->tombstone || (record->expiryMs != 0 && record->expiryMs <= nowMs))
        return {};
    return record;
}

} // namespace

void Coordinator::read(RequestId request, std::string key, Level level)
{
    if (m_isRemoved || (level != Level::One && m_context.isAlone(m_context.map->partitionOf(positionOf(key))))) {
        ++m_context.counters.refusedAlone;
        complete(request, CompletionStatus::NoQuorum);
        return;
    }
    if (level == Level::Quorum) {
        const auto running = m_quorumReads.find(key);
        if (running != m_quorumReads.end()) { // its round began earlier than this request: the next one is for it
            ReadRound& round = m_reads.at(running->second);
            ++m_loads[round.partition];
            if (round.next.empty())
                round.nextDeadline = m_context.now.monotonic + m_context.options.requestDeadline;
            (planted(PlantedBug::SharedRoundJoinedLate) ? round.requests : round.next).push_back(request);
            ++m_context.counters.readsShared;
            return;
        }
    }
    const Tag tag = m_context.newTag();
    const ReadMode mode = level == Level::Quorum ? ReadMode::Quorum : level == Level::One ? ReadMode::One : ReadMode::All;
    ReadRound& round = openRead(tag, mode, std::move(key), request);
    ++m_loads[round.partition];
    if (level == Level::Quorum)
        nameQuorumRead(round.key, tag);
    startRead(tag, round);
}

Coordinator::ReadRound& Coordinator::openRead(Tag tag, ReadMode mode, std::string key, RequestId request)
{
    if (m_spareReads.empty()) {
        m_reads.try_emplace(tag);
    } else {
        m_spareReads.back().key() = tag;
        m_reads.insert(std::move(m_spareReads.back()));
        m_spareReads.pop_back();
    }
    ReadRound& round = m_reads.at(tag);
    round.mode = mode;
    round.partition = m_context.map->partitionOf(positionOf(key));
    round.key = std::move(key);
    round.requests.assign(1, request);
    return round;
}

void Coordinator::nameQuorumRead(const std::string& key, Tag tag)
{
    if (m_spareNames.empty()) {
        m_quorumReads[key] = tag;
        return;
    }
    auto name = std::move(m_spareNames.back());
    m_spareNames.pop_back();
    name.key() = key;
    name.mapped() = tag;
    m_quorumReads.insert(std::move(name));
}

/// The round is over, and nobody waits for the next one.
void Coordinator::closeRead(Tag tag, const ReadRound& round)
{
    if (round.mode == ReadMode::Quorum) {
        auto name = m_quorumReads.extract(round.key);
        if (name && m_spareNames.size() < spareRoundsMax)
            m_spareNames.push_back(std::move(name));
    }
    auto spare = m_reads.extract(tag);
    if (m_spareReads.size() == spareRoundsMax)
        return;
    ReadRound fresh;
    fresh.requests = std::move(spare.mapped().requests);
    fresh.asked = std::move(spare.mapped().asked);
    fresh.answers = std::move(spare.mapped().answers);
    fresh.asked.clear();
    fresh.answers.clear();
    spare.mapped() = std::move(fresh);
    m_spareReads.push_back(std::move(spare));
}

void Coordinator::locate(RequestId request, std::string key)
{
    const Tag tag = m_context.newTag();
    startRead(tag, openRead(tag, ReadMode::Locate, std::move(key), request));
}

void Coordinator::startRead(Tag tag, ReadRound& round)
{
    ++m_context.counters.readRounds;
    const TimePoint now = m_context.now.monotonic;
    if (round.deadline == TimePoint{})
        round.deadline = now + (round.mode == ReadMode::Locate ? locatePatience : m_context.options.requestDeadline);
    round.began = now;
    const bool hedged = round.mode == ReadMode::Quorum || round.mode == ReadMode::One;
    const TimePoint due = now + (hedged ? m_choice.hedgeAfter() : m_context.options.readHedge);
    m_context.timers.set(round.mode == ReadMode::Locate ? round.deadline : due, Timer::Kind::Read, tag);
    const auto replicas = m_context.replicas(round.partition);
    if (round.mode == ReadMode::All || round.mode == ReadMode::Locate) {
        round.widened = true;
        for (const NodeId node : replicas)
            if (m_context.isConnected(node))
                ask(tag, round, node, round.mode == ReadMode::All);
        round.askedFirst = round.asked.size();
        if (round.asked.empty() && round.mode == ReadMode::Locate)
            finishLocate(tag, round);
        return;
    }
    // Itself first if it is a replica; of the others those that answer soonest.
    const auto enough = [&] {
        return round.mode == ReadMode::One ? !round.asked.empty() : m_context.isMajority(round.partition, round.asked);
    };
    // During a change: first those who are replicas before and after it; who comes in by it may lack most records.
    const auto isSteady = [&](NodeId node) {
        const auto old = m_context.map->before(round.partition);
        return std::find(old.begin(), old.end(), node) != old.end() &&
               (!m_context.map->isMoving(round.partition) || contains(m_context.map->after(round.partition), node));
    };
    if (contains(replicas, m_context.self) && isSteady(m_context.self))
        ask(tag, round, m_context.self, true);
    for (const bool steady : {true, false}) {
        const auto eligible = [&](NodeId node) {
            return isSteady(node) == steady && !contains(round.asked, node) && m_context.isUp(node);
        };
        while (!enough()) {
            const NodeId node = m_choice.pick(replicas, eligible, m_context.random, now);
            if (node == noNode)
                break;
            ask(tag, round, node, round.asked.empty());
        }
    }
    round.askedFirst = round.asked.size();
    if (!enough())
        widen(tag, round);
}

void Coordinator::ask(Tag tag, ReadRound& round, NodeId node, bool whole)
{
    if (!contains(round.asked, node)) {
        round.asked.push_back(node);
        if (node != m_context.self)
            m_choice.asked(node);
    }
    m_context.counters.readRequests += node != m_context.self;
    m_context.outbox.send(node, ReadRequest{tag, round.partition, round.key, Ballot{}, whole, true});
}

bool Coordinator::hedge(Tag tag, ReadRound& round)
{
    const auto left = [&](NodeId node) { return !contains(round.asked, node) && m_context.isConnected(node); };
    const auto replicas = m_context.replicas(round.partition);
    const auto count = static_cast<std::uint32_t>(std::count_if(replicas.begin(), replicas.end(), left));
    if (count == 0 || !m_choice.mayHedge(count))
        return false;
    round.widened = true;
    round.widenedAt = m_context.now.monotonic;
    m_context.counters.readRequests -= count;
    m_context.counters.hedgeRequests += count;
    for (const NodeId node : replicas)
        if (left(node))
            ask(tag, round, node, true);
    return true;
}

void Coordinator::noteSpeed(const ReadRound& round)
{
    const TimePoint now = m_context.now.monotonic;
    bool others = false;
    for (std::size_t i = 0; i < round.asked.size(); ++i) {
        const NodeId node = round.asked[i];
        if (node == m_context.self)
            continue;
        others = true;
        if (std::none_of(round.answers.begin(), round.answers.end(), [&](const Answer& a) { return a.from == node; }))
            m_choice.givenUp(node, now - (i < round.askedFirst ? round.began : round.widenedAt), now);
    }
    if (others && (round.mode == ReadMode::Quorum || round.mode == ReadMode::One))
        m_choice.roundEnded(now - round.began);
}

void Coordinator::widen(Tag tag, ReadRound& round)
{
    round.widened = true;
    round.widenedAt = m_context.now.monotonic;
    // The whole from everybody: whoever was to give it may be the one who doesn't answer.
    for (const NodeId node : m_context.replicas(round.partition)) {
        const bool answered = std::any_of(round.answers.begin(), round.answers.end(), [&](const Answer& a) { return a.from == node; });
        if (!answered && (node == m_context.self || m_context.isConnected(node)))
            ask(tag, round, node, true);
    }
    if (round.fetching != noNode && !m_context.isUp(round.fetching)) {
        endFetch(round);
        evaluate(tag, round);
    }
}

void Coordinator::handle(NodeId from, const ReadReply& reply)
{
    const auto found = m_reads.find(reply.tag);
    if (found == m_reads.end() || reply.status != ReplicaStatus::Ok)
        return;
    ReadRound& round = found->second;
    const auto known = std::find_if(round.answers.begin(), round.answers.end(), [&](const Answer& a) { return a.from == from; });
    if (known == round.answers.end()) {
        const auto index = static_cast<std::size_t>(std::ranges::find(round.asked, from) - round.asked.begin());
        if (from != m_context.self)
            m_choice.answered(from, m_context.now.monotonic - (index < round.askedFirst ? round.began : round.widenedAt), m_context.now.monotonic);
        round.answers.push_back({from, reply});
    } else if (from == round.fetching && (reply.record || !reply.present)) {
        // Fetched after the versions were known; it may be newer than what was known, then the answers are judged again.
        known->reply = reply;
        endFetch(round);
    } else {
        return;
    }
    evaluate(reply.tag, round);
}

void Coordinator::evaluate(Tag tag, ReadRound& round)
{
    const std::size_t replicas = m_context.replicas(round.partition).size();
    switch (round.mode) {
    case ReadMode::One:
        for (const Answer& answer : round.answers)
            if (answer.reply.record || !answer.reply.present || answer.reply.tombstone) {
                answerRead(tag, round, answer.reply);
                return;
            }
        if (round.fetching == noNode)
            fetch(tag, round, round.answers.front().reply.version);
        return;
    case ReadMode::Locate:
        if (round.answers.size() >= round.asked.size())
            finishLocate(tag, round);
        return;
    case ReadMode::All:
        if (round.answers.size() == replicas)
            evaluateQuorum(tag, round);
        return;
    case ReadMode::Quorum:
        if (m_context.isMajority(round.partition, round.answers, &Answer::from))
            evaluateQuorum(tag, round);
        return;
    }
}

/// With the answers that the round's level asks for.
void Coordinator::evaluateQuorum(Tag tag, ReadRound& round)
{
    if (round.fetching != noNode)
        return;
    const Answer* highest = &round.answers.front();
    for (const Answer& answer : round.answers)
        if (answer.reply.present && (!highest->reply.present || answer.reply.version > highest->reply.version))
            highest = &answer;
    std::vector<NodeId> same;
    const Answer* whole = nullptr;
    for (const Answer& answer : round.answers) {
        if (!sameContent(answer.reply, highest->reply))
            continue;
        same.push_back(answer.from);
        if (answer.reply.record && answer.reply.version == highest->reply.version)
            whole = &answer;
    }
    if (planted(PlantedBug::CopyOfUnchosen))
        for (const Answer& answer : round.answers)
            if (answer.reply.record && answer.reply.version == highest->reply.version)
                repair(round, answer.reply.record);
    const bool agreed = round.mode == ReadMode::All ? same.size() == round.answers.size() : m_context.isMajority(round.partition, same);
    if (agreed || planted(PlantedBug::ReadWithoutAgreement)) {
        if (!highest->reply.present || highest->reply.tombstone) {
            if (whole && same.size() < round.answers.size()) // a replica that missed a delete still has the value
                repair(round, whole->reply.record);
            answerRead(tag, round, highest->reply);
        } else if (whole) {
            if (same.size() < round.answers.size())
                repair(round, whole->reply.record);
            answerRead(tag, round, whole->reply);
        } else {
            fetch(tag, round, highest->reply.version);
        }
        return;
    }
    if (!round.widened) {
        ++m_context.counters.readsDisagreed;
        widen(tag, round);
        return;
    }
    if (round.answers.size() >= round.asked.size())
        throughHome(tag, round);
}

/// Asks one of those that have this version for the record.
void Coordinator::fetch(Tag tag, ReadRound& round, const Version& version)
{
    const Answer* source = nullptr;
    const auto isBetter = [&](const Answer& answer) {
        return !source || (m_context.isUp(answer.from) && (!m_context.isUp(source->from) || source->from == round.fetchedInVain));
    };
    for (const Answer& answer : round.answers)
        if (answer.reply.present && answer.reply.version == version && isBetter(answer))
            source = &answer;
    QUOIT_ENSURE(source);
    round.fetching = source->from;
    round.fetchBytes = source->reply.valueBytes;
    const bool isLarge = round.fetchBytes > m_context.options.valueAheadMax;
    round.fetchQueued = isLarge && m_fetchBytes > 0 && m_fetchBytes + round.fetchBytes > m_context.options.fetchBytesMax;
    (round.fetchQueued ? m_fetchesQueuedBytes : m_fetchBytes) += round.fetchBytes;
    if (isLarge) {
        ++m_context.counters.fetches;
        m_context.counters.fetchesQueued += round.fetchQueued;
        const Milliseconds patience = m_context.patienceFor(m_fetchBytes + m_fetchesQueuedBytes);
        round.fetchDue = m_context.now.monotonic + attemptsPerHedge * m_context.options.readHedge + patience;
        round.deadline += std::max(Milliseconds::zero(), patience - round.patience);
        round.patience = std::max(round.patience, patience);
    }
    if (round.fetchQueued)
        m_fetches.push_back(tag);
    else
        sendFetch(tag, round);
}

void Coordinator::sendFetch(Tag tag, const ReadRound& round)
{
    m_context.counters.readRequests += round.fetching != m_context.self;
    m_context.outbox.send(round.fetching, ReadRequest{tag, round.partition, round.key, Ballot{}, true, false});
}

/// It has come, or is not waited for any more: the next one's turn.
void Coordinator::endFetch(ReadRound& round)
{
    if (round.fetching == noNode)
        return;
    (round.fetchQueued ? m_fetchesQueuedBytes : m_fetchBytes) -= round.fetchBytes;
    round.fetching = noNode;
    round.fetchQueued = false;
    while (!m_fetches.empty()) {
        const auto found = m_reads.find(m_fetches.front());
        if (found != m_reads.end() && found->second.fetchQueued) {
            ReadRound& next = found->second;
            if (m_fetchBytes > 0 && m_fetchBytes + next.fetchBytes > m_context.options.fetchBytesMax)
                return;
            next.fetchQueued = false;
            m_fetchesQueuedBytes -= next.fetchBytes;
            m_fetchBytes += next.fetchBytes;
            sendFetch(found->first, next);
        }
        m_fetches.pop_front();
    }
}

void Coordinator::answerRead(Tag tag, ReadRound& round, const ReadReply& reply)
{
    const bool expired = reply.present && !reply.tombstone && reply.expiryMs != 0 && reply.expiryMs <= m_context.now.wallMs &&
                         !planted(PlantedBug::ReaderJudgesExpiry);
    if (expired && round.mode != ReadMode::One) {
        throughHome(tag, round); // the home alone judges expiry
        return;
    }
    const RecordPtr record = livingOnly(reply.record, m_context.now.wallMs);
    finishRead(tag, round, CompletionStatus::Done, record);
}

void Coordinator::repair(const ReadRound& round, const RecordPtr& record)
{
    for (const Answer& answer : round.answers) {
        if (answer.reply.present && answer.reply.version >= record->version)
            continue;
        ++m_context.counters.learnsSent;
        m_context.outbox.send(answer.from, LearnRequest{0, round.partition, record});
    }
}

void Coordinator::throughHome(Tag tag, ReadRound& round)
{
    ++m_context.counters.readsThroughHome;
    Operation operation;
    operation.requests = std::exchange(round.requests, {});
    operation.key = round.key;
    operation.partition = round.partition;
    operation.read = true;
    operation.deadline = round.deadline;
    start(std::move(operation));
    finishRead(tag, round, CompletionStatus::Done, {});
}

void Coordinator::finishRead(Tag tag, ReadRound& round, CompletionStatus status, const RecordPtr& record)
{
    noteSpeed(round);
    endFetch(round);
    for (const RequestId request : round.requests)
        complete(request, status, {}, record);
    if (round.next.empty()) {
        closeRead(tag, round);
        return;
    }
    ReadRound next;
    next.mode = round.mode;
    next.key = std::move(round.key);
    next.partition = round.partition;
    next.requests = std::move(round.next);
    next.deadline = round.nextDeadline + round.patience;
    m_reads.erase(tag);
    const Tag nextTag = m_context.newTag();
    m_quorumReads[next.key] = nextTag;
    startRead(nextTag, m_reads.emplace(nextTag, std::move(next)).first->second);
}

void Coordinator::finishLocate(Tag tag, ReadRound& round)
{
    noteSpeed(round);
    LocateResult result;
    result.request = round.requests.front();
    result.home = m_bindings[round.partition].ballot.node;
    if (result.home == noNode || !m_context.isUp(result.home))
        result.home = m_context.firstUp(round.partition);
    for (const NodeId node : m_context.replicas(round.partition))
        for (Answer& answer : round.answers)
            if (answer.from == node)
                result.replicas.emplace_back(node, std::move(answer.reply));
    m_context.outbox.effects().locations.push_back(std::move(result));
    closeRead(tag, round);
}

void Coordinator::onReadTimer(Tag tag)
{
    const auto found = m_reads.find(tag);
    if (found == m_reads.end())
        return;
    ReadRound& round = found->second;
    if (round.mode == ReadMode::Locate) {
        finishLocate(tag, round);
        return;
    }
    const TimePoint now = m_context.now.monotonic;
    if (now >= round.deadline) {
        finishRead(tag, round, CompletionStatus::NoQuorum, {});
        return;
    }
    if (round.fetching != noNode && now < round.fetchDue && m_context.isUp(round.fetching)) {
        m_context.timers.set(std::min(round.deadline, now + attemptsPerHedge * m_context.options.readHedge), Timer::Kind::Read, tag);
        return;
    }
    // A replica that is left may reach those that this node doesn't, or says that it doesn't either.
    if (round.mode == ReadMode::Quorum && round.fetching == noNode && m_context.isCutOff(round.partition)) {
        throughHome(tag, round);
        return;
    }
    // The first time those that weren't asked, as far as the budget goes; a message that was lost isn't waited for for ever.
    const bool mayWait = now - round.began < hedgesUntilCertain * m_context.options.readHedge;
    if (!round.widened && round.fetching == noNode) {
        const bool hedged = hedge(tag, round);
        m_context.counters.readsHedged += hedged;
        if (hedged || mayWait) {
            m_context.timers.set(now + (hedged ? attemptsPerHedge : 1) * m_context.options.readHedge, Timer::Kind::Read, tag);
            return;
        }
    }
    ++m_context.counters.readsHedged;
    // The first time the rest; later, what was lost on the way. A majority that disagrees needn't wait for the last replica.
    if (round.widened && round.mode == ReadMode::Quorum && round.fetching == noNode &&
        m_context.isMajority(round.partition, round.answers, &Answer::from)) {
        throughHome(tag, round);
        return;
    }
    const bool inVain = round.fetching != noNode;
    m_context.counters.fetchesInVain += inVain;
    if (inVain)
        round.fetchedInVain = round.fetching;
    endFetch(round);
    widen(tag, round);
    if (inVain) // from another one
        evaluate(tag, round);
    const auto again = m_reads.find(tag);
    if (again != m_reads.end())
        m_context.timers.set(now + attemptsPerHedge * m_context.options.readHedge, Timer::Kind::Read, tag);
}

} // namespace quoit
