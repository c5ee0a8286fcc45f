// node/core/home_key.cpp - one key's way through its home: find, compute, confirm; recall for retries.
// Design: resources/docs/protocol.md, "Writing". The numbers in brackets are its rules.

#include "node/core/home.h"

namespace quoit {

namespace {

/// A record carries at most this many operations; what waits beyond goes into the next one.
constexpr std::size_t batchOperationsMax = 128;
/// Values made in one turn, the intermediate ones included; then what is left of the batch waits for the next record.
constexpr std::size_t batchBytesMax = 32 << 20;

const KeyWork::Answer* highestOf(const std::vector<KeyWork::Answer>& answers)
{
    const KeyWork::Answer* highest = nullptr;
    for (const KeyWork::Answer& answer : answers)
        if (!highest || (answer.read.present && (!highest->read.present || answer.read.version > highest->read.version)))
            highest = &answer;
    return highest;
}

/// Whether a majority among the answers says the same as `reference`.
bool agreed(const Context& context, const KeyWork& work, const ReadReply& reference)
{
    std::vector<NodeId> same;
    for (const KeyWork::Answer& answer : work.answers)
        if (sameContent(answer.read, reference))
            same.push_back(answer.from);
    return context.isMajority(work.partition, same);
}

Version highestFloor(const std::vector<KeyWork::Answer>& answers)
{
    Version floor;
    for (const KeyWork::Answer& answer : answers)
        floor = std::max(floor, answer.read.floor);
    return floor;
}

/// For a planted bug only: whether none of them looks at what it finds.
bool areBlindSets(const std::vector<OperationRequest>& batch)
{
    return std::all_of(batch.begin(), batch.end(),
                       [](const OperationRequest& request) { return request.operation.substr(0, 2) == std::string_view("\2\0", 2); });
}

/// Whether nobody wants the key but to evict it.
bool isEviction(const KeyWork& work)
{
    return std::all_of(work.batch.begin(), work.batch.end(),
                       [](const OperationRequest& request) { return !request.evicts.ballot.isNone(); });
}

/// A part of a key's history: records of one ballot up to `top`, built on `base`, and nothing in between.
struct Stretch
{
    Version top;
    Version base;
};

const BuiltOn* ancestorOf(const KeyWork& work, const Ballot& ballot)
{
    for (const KeyWork::Answer& answer : work.answers)
        for (const BuiltOn& entry : answer.ancestry)
            if (entry.ballot == ballot && entry.base.ballot < ballot)
                return &entry;
    return nullptr;
}

/// The history of the highest record among the answers, as far as they know it, newest first. It ends at a floor: below that there may be
/// records that nobody chose.
std::vector<Stretch> historyOf(const KeyWork& work)
{
    if (!work.base)
        return {{work.baseFloor, work.baseFloor}};
    std::vector<Stretch> history{{work.base->version, work.base->base}};
    const BuiltOn* ancestor = ancestorOf(work, work.base->version.ballot);
    if (!ancestor || ancestor->base != work.base->base)
        return history;
    while ((ancestor = ancestorOf(work, ancestor->base.ballot)))
        history.push_back({history.back().base, ancestor->base});
    return history;
}

enum class Verdict { Applied, NeverWas, Unknown };

/// What became of a record of that version [11, 12]: it is a part of the history, or lies between a base and the home that built on it
/// without it, and is dead for certain.
Verdict fateOf(const Version& v, const std::vector<Stretch>& history)
{
    for (const Stretch& stretch : history) {
        const bool isOfAncestor = v.ballot == stretch.base.ballot && planted(PlantedBug::AncestorsHaveAll) && &stretch != &history.front();
        if ((v.ballot == stretch.top.ballot && v <= stretch.top) || (v.ballot == stretch.base.ballot && v <= stretch.base) || isOfAncestor)
            return Verdict::Applied;
        if (v > stretch.base && v.ballot < stretch.top.ballot)
            return Verdict::NeverWas;
    }
    return Verdict::Unknown;
}

/// What became of an operation, from all that a majority remembers of it. A majority must be sure that it forgot nothing; what others
/// remember counts as well.
Verdict judge(Context& context, const KeyWork& work, std::string& result)
{
    const std::vector<Stretch> history = historyOf(work);
    std::vector<NodeId> sure;
    bool open = false;
    for (const KeyWork::Answer& answer : work.answers) {
        if (answer.sure || planted(PlantedBug::SilenceMeansNever))
            sure.push_back(answer.from);
        for (const RememberedResult& remembered : answer.remembered) {
            const Verdict fate = fateOf(remembered.version, history);
            context.counters.recallThroughAncestors += fate != Verdict::Unknown && fateOf(remembered.version, {history.front()}) == Verdict::Unknown;
            if (fate == Verdict::Applied || planted(PlantedBug::RememberedMeansDone)) {
                result = remembered.result;
                return Verdict::Applied;
            }
            if (fate == Verdict::Unknown && !planted(PlantedBug::DeadVersionsMeanNever))
                open = true;
        }
    }
    return context.isMajority(work.partition, sure) && !open ? Verdict::NeverWas : Verdict::Unknown;
}

} // namespace

KeyWork* Home::workOf(Tag tag)
{
    const auto round = m_keyRounds.find(tag);
    if (round == m_keyRounds.end())
        return nullptr;
    auto& keys = m_partitions[round->second.first].keys;
    const auto work = keys.find(round->second.second);
    QUOIT_ENSURE(work != keys.end() && work->second->tag == tag);
    return work->second.get();
}

void Home::finishIfIdle(KeyWork& work)
{
    if (work.phase == KeyWork::Phase::Idle && work.waiting.empty() && work.retries.empty()) {
        // Not by a reference into the element that goes.
        const std::string key = work.key;
        m_partitions[work.partition].keys.erase(key);
    }
}

void Home::advance(KeyWork& work)
{
    if (work.phase != KeyWork::Phase::Idle)
        return;
    work.base.reset();
    work.readRecord.reset();
    work.baseFloor = {};
    work.baseChosen = work.confirmed = work.isRetry = work.recalledAsDone = false;
    work.results.clear();
    work.traced.clear();
    if (!work.retries.empty()) {
        work.batch.assign(1, std::move(work.retries.front()));
        work.retries.pop_front();
        work.isRetry = true;
        startRound(work, planted(PlantedBug::RetryRunsAgain) ? KeyWork::Phase::Finding : KeyWork::Phase::Recalling);
        return;
    }
    if (work.waiting.empty()) {
        finishIfIdle(work);
        return;
    }
    const std::size_t count = std::min(work.waiting.size(), batchOperationsMax);
    const auto end = work.waiting.begin() + static_cast<std::ptrdiff_t>(count);
    work.batch.assign(std::make_move_iterator(work.waiting.begin()), std::make_move_iterator(end));
    work.waiting.erase(work.waiting.begin(), end);
    // All of them are waiting for an answer, so any order is right: reads first see what all of them find.
    std::stable_partition(work.batch.begin(), work.batch.end(), [](const OperationRequest& request) { return request.read; });
    RecordPtr own = m_replica.find(work.key);
    const bool known = own && own->version.ballot == work.ballot;
    if (known || (planted(PlantedBug::SetWithoutFind) && areBlindSets(work.batch))) {
        work.base = std::move(own);
        work.baseChosen = true; // the home waits for a majority before it builds on a record of its own
        compute(work);
    } else {
        startRound(work, KeyWork::Phase::Finding);
    }
}

void Home::startRound(KeyWork& work, KeyWork::Phase phase)
{
    work.phase = phase;
    work.tag = m_context.newTag();
    work.answers.clear();
    work.refused.clear();
    work.isOverdue = false;
    m_keyRounds[work.tag] = {work.partition, work.key};
    m_context.timers.set(roundEnd(), Timer::Kind::HomeRound, work.tag);
    m_context.counters.finds += phase == KeyWork::Phase::Finding;
    m_context.counters.confirms += phase == KeyWork::Phase::Confirming;
    const std::vector<NodeId> targets = m_context.reachable(work.partition);
    for (const NodeId node : m_context.replicas(work.partition)) {
        if (!contains(targets, node)) {
            work.refused.push_back(node); // won't answer either
            continue;
        }
        if (phase == KeyWork::Phase::Recalling) {
            const OperationRequest& request = work.batch.front();
            m_context.outbox.send(node, RecallRequest{work.tag, work.partition, work.ballot, work.key, request.id, request.after});
        } else {
            m_context.outbox.send(
                node, ReadRequest{work.tag, work.partition, work.key, work.ballot, phase == KeyWork::Phase::Finding});
        }
    }
}

bool Home::handle(NodeId from, const ReadReply& reply)
{
    KeyWork* const work = workOf(reply.tag);
    if (!work || (work->phase != KeyWork::Phase::Finding && work->phase != KeyWork::Phase::Confirming))
        return false;
    if (reply.status == ReplicaStatus::Ok) {
        for (const KeyWork::Answer& answer : work->answers)
            if (answer.from == from)
                return true;
        work->answers.push_back({from, reply, {}, true, {}});
    } else if (!contains(work->refused, from)) {
        noteRound(work->partition, reply.promised);
        work->refused.push_back(from);
    }
    onRoundAnswered(*work);
    return true;
}

void Home::handle(NodeId from, const RecallReply& reply)
{
    KeyWork* const work = workOf(reply.read.tag);
    if (!work || work->phase != KeyWork::Phase::Recalling)
        return;
    if (reply.read.status == ReplicaStatus::Ok) {
        for (const KeyWork::Answer& answer : work->answers)
            if (answer.from == from)
                return;
        // During a change those who come in by it needn't be sure: whatever was carried out is on a majority of those before it as well.
        const auto before = m_context.map->before(work->partition);
        const bool comesIn = std::find(before.begin(), before.end(), from) == before.end();
        work->answers.push_back({from, reply.read, reply.remembered, reply.sure || comesIn, reply.ancestry});
    } else if (!contains(work->refused, from)) {
        noteRound(work->partition, reply.read.promised);
        work->refused.push_back(from);
    }
    onRoundAnswered(*work);
}

void Home::onRoundAnswered(KeyWork& work)
{
    if (!work.refused.empty() && !m_context.isMajorityWithout(work.partition, work.refused)) {
        ++m_context.counters.refusals;
        stopBeingHome(work.partition, Ballot{});
        return;
    }
    if (!m_context.isMajority(work.partition, work.answers, &KeyWork::Answer::from))
        return;
    m_keyRounds.erase(work.tag);
    switch (work.phase) {
    case KeyWork::Phase::Finding:
        onFound(work, false);
        break;
    case KeyWork::Phase::Confirming:
        onFound(work, true);
        break;
    case KeyWork::Phase::Recalling:
        onRecalled(work);
        break;
    default:
        QUOIT_ENSURE(false);
    }
}

/// Whether somebody who may know more of a recalled operation may answer still.
bool Home::mayLearnMore(const KeyWork& work) const
{
    for (const NodeId node : m_context.replicas(work.partition)) {
        const bool answered = std::any_of(work.answers.begin(), work.answers.end(),
                                          [node](const KeyWork::Answer& answer) { return answer.from == node; });
        if (!work.isOverdue && !answered && !contains(work.refused, node) && m_context.isUp(node))
            return true;
    }
    return false;
}

void Home::onFound(KeyWork& work, bool confirming)
{
    const KeyWork::Answer& highest = *highestOf(work.answers);
    if (highest.read.version.ballot > work.ballot) { // learnt from a later home: this one is deposed and hasn't heard of it
        stopBeingHome(work.partition, highest.read.version.ballot);
        return;
    }
    if (confirming) {
        ReadReply base;
        base.present = true;
        base.version = work.base->version;
        base.tombstone = work.base->tombstone;
        work.baseChosen = agreed(m_context, work, base);
    } else if (planted(PlantedBug::ReadAgainAfterRecall) && work.isRetry) {
        work.base = highest.read.record;
        work.baseFloor = highestFloor(work.answers);
        work.baseChosen = agreed(m_context, work, highest.read);
    } else {
        work.base = highest.read.record;
        work.baseFloor = highestFloor(work.answers);
        work.baseChosen = agreed(m_context, work, highest.read);
        m_context.counters.findsUnchosen += !work.baseChosen;
    }
    work.confirmed = true;
    compute(work);
}

void Home::onRecalled(KeyWork& work)
{
    const KeyWork::Answer& highest = *highestOf(work.answers);
    if (highest.read.version.ballot > work.ballot) {
        stopBeingHome(work.partition, highest.read.version.ballot);
        return;
    }
    work.base = highest.read.record;
    work.baseFloor = highestFloor(work.answers);
    work.baseChosen = agreed(m_context, work, highest.read);
    work.confirmed = true;
    std::string result;
    switch (judge(m_context, work, result)) {
    case Verdict::Unknown:
        if (mayLearnMore(work)) {
            m_keyRounds[work.tag] = {work.partition, work.key};
            return;
        }
        ++m_context.counters.recallUnknown;
        reply(work.batch.front(), OperationOutcome::Unknown);
        work.batch.clear();
        work.phase = KeyWork::Phase::Idle;
        advance(work);
        return;
    case Verdict::Applied:
        ++m_context.counters.recallApplied;
        work.recalledAsDone = true;
        work.results.assign(1, std::move(result));
        work.traced.assign(1, true);
        // Level `all` hears from every replica only by writing once more.
        if ((work.baseChosen && !work.batch.front().everyReplica) || planted(PlantedBug::AppliedNotSettled))
            finishBatch(work, nullptr);
        else
            settle(work);
        return;
    case Verdict::NeverWas:
        ++m_context.counters.recallNew;
        for (const KeyWork::Answer& answer : work.answers)
            if (!answer.remembered.empty()) {
                ++m_context.counters.recallRememberedButDead;
                break;
            }
        if (planted(PlantedBug::ReadAgainAfterRecall))
            startRound(work, KeyWork::Phase::Finding);
        else
            compute(work);
        return;
    }
}

void Home::derive(const KeyWork& work, Record& record)
{
    record.key = work.key;
    record.version = {work.ballot, m_partitions[work.partition].sequence};
    if (!work.base) {
        record.base = work.baseFloor;
    } else if (work.base->version.ballot == work.ballot) {
        record.base = work.base->base;
    } else {
        record.base = work.base->version;
        if (!work.baseChosen && !planted(PlantedBug::NothingCarriedOver)) { // [3]
            record.operations = work.base->operations;
            ++m_context.counters.carriedOver;
        }
    }
}

void Home::settle(KeyWork& work)
{
    ++m_context.counters.settles;
    ++m_partitions[work.partition].sequence;
    Record record;
    derive(work, record);
    record.tombstone = !work.base || work.base->tombstone;
    if (work.base) {
        record.evicted = work.base->evicted;
        record.value = work.base->value;
        record.expiryMs = work.base->expiryMs;
        if (work.base->version.ballot == work.ballot)
            record.operations = work.base->operations;
    }
    write(work, record);
}

/// The operations of the batch from that one on wait for the next record.
void Home::putBack(KeyWork& work, std::size_t from)
{
    const auto first = work.batch.begin() + static_cast<std::ptrdiff_t>(from);
    work.waiting.insert(work.waiting.begin(), std::make_move_iterator(first), std::make_move_iterator(work.batch.end()));
    work.batch.erase(first, work.batch.end());
    work.results.resize(from);
    work.traced.resize(from);
}

/// Only what was judged goes: a newer value is another matter. @return whether it goes
bool Home::evict(KeyWork& work, KeyState& state)
{
    if (!isEviction(work))
        return false;
    const auto isMeant = [&](const OperationRequest& request) { return request.evicts == state.version; };
    if (!state.present || std::none_of(work.batch.begin(), work.batch.end(), isMeant)) {
        ++m_context.counters.evictionsSpared;
        return false;
    }
    ++m_context.counters.evicted;
    m_context.counters.evictedBytes += work.key.size() + state.value.size() + keyOverheadBytes;
    work.traced.assign(work.batch.size(), true);
    state = {};
    return true;
}

void Home::answerUnchanged(KeyWork& work)
{
    if (std::any_of(work.batch.begin(), work.batch.end(), [](const OperationRequest& request) { return request.settle; }))
        settle(work);
    else if (!work.confirmed && !isEviction(work) && !planted(PlantedBug::AnswerWithoutConfirming)) // [4]
        startRound(work, KeyWork::Phase::Confirming);
    else if (work.baseChosen || isEviction(work) || planted(PlantedBug::AnswerFromUnchosen))
        finishBatch(work, nullptr);
    else
        settle(work); // [5]
}

void Home::compute(KeyWork& work)
{
    const std::int64_t nowMs = m_context.now.wallMs;
    const bool living = work.base && !work.base->tombstone;
    const bool expired = living && work.base->expiryMs != 0 && work.base->expiryMs <= nowMs;
    KeyState state;
    work.readRecord = living && !expired ? work.base : RecordPtr();
    if (living && !expired)
        state = {true, work.base->value, work.base->expiryMs, work.base->version};
    std::string value; // owns what state.value shows once an operation has changed it
    bool anyChange = false;
    bool changed = expired; // an expired record becomes a tombstone, by an ordinary write
    m_context.counters.expired += expired;
    work.results.assign(work.batch.size(), {});
    work.traced.assign(work.batch.size(), false);
    std::vector<CarriedOperation> carried;
    std::size_t madeBytes = 0;
    const bool evicted = evict(work, state);
    changed = changed || evicted;
    for (std::size_t i = 0; i < work.batch.size(); ++i) {
        const OperationRequest& request = work.batch[i];
        if (request.read)
            continue;
        Applied applied = m_context.logic.apply(request.operation, state, nowMs);
        const bool changes = applied.change != Applied::Change::None;
        if (applied.change == Applied::Change::Delete) {
            state = {};
        } else if (applied.change == Applied::Change::Expiry) {
            state.expiryMs = applied.expiryMs;
        } else if (changes) {
            value = std::move(applied.value);
            state = {true, value, applied.expiryMs, state.version};
        }
        // Every change counts, so that a version that an operation of this batch was told of is not that of a later change.
        if (changes)
            state.version = {work.ballot, ++m_partitions[work.partition].sequence};
        if (state.present && state.expiryMs != 0 && state.expiryMs <= nowMs)
            state = {};
        anyChange = anyChange || changes;
        if (changes || (work.isRetry && !planted(PlantedBug::UnchangedLeavesNoTrace))) { // [13]
            changed = true;
            work.traced[i] = true;
            carried.push_back({request.id, applied.reply.size() <= carriedResultBytesMax ? applied.reply : std::string()});
        }
        work.results[i] = std::move(applied.reply);
        madeBytes += changes ? value.size() : 0;
        if (madeBytes > batchBytesMax)
            putBack(work, i + 1);
    }
    if (!changed) {
        answerUnchanged(work);
        return;
    }
    if (!anyChange) // the end of an expired record, or the trace of a retry
        ++m_partitions[work.partition].sequence;
    Record record;
    derive(work, record);
    record.tombstone = !state.present;
    record.evicted = evicted;
    if (state.present) {
        record.value = state.value;
        record.expiryMs = state.expiryMs;
    }
    write(work, record, carried);
}

} // namespace quoit
