// node/core/home_write.cpp - a home's records on their way to the replicas, and what becomes of the operations that they carry.
// Design: resources/docs/protocol.md, "Writing".

#include "node/core/home.h"

namespace quoit {

void Home::write(KeyWork& work, const Record& newRecord, std::span<const CarriedOperation> operations)
{
    const std::vector<NodeId> targets = m_context.reachable(work.partition);
    if (!m_context.isMajority(work.partition, targets)) { // nothing is sent, so that nothing is left open
        stopBeingHome(work.partition, Ballot{});
        return;
    }
    const RecordPtr record = makeRecord(newRecord, operations);
    work.phase = KeyWork::Phase::Writing;
    work.tag = m_context.newTag();
    m_keyRounds[work.tag] = {work.partition, work.key};
    WriteRound& round = m_writes[work.tag];
    round.partition = work.partition;
    round.bytes = record->key.size() + record->value.size();
    round.record = record;
    m_writeBytes += round.bytes;
    for (const NodeId node : m_context.replicas(work.partition)) {
        if (contains(targets, node))
            m_context.outbox.send(node, WriteRequest{work.tag, work.partition, record});
        else
            round.failed.push_back(node);
    }
    m_context.timers.set(roundEnd(), Timer::Kind::HomeRound, work.tag);
}

void Home::handle(NodeId from, const WriteReply& reply)
{
    const auto found = m_writes.find(reply.tag);
    if (found == m_writes.end())
        return;
    WriteRound& round = found->second;
    if (contains(round.written, from))
        return;
    if (reply.status == ReplicaStatus::Ok) {
        std::erase(round.failed, from);
        round.written.push_back(from);
    } else {
        if (reply.status == ReplicaStatus::Refused)
            noteRound(round.partition, reply.promised);
        if (!contains(round.failed, from))
            round.failed.push_back(from);
    }
    onWriteProgress(reply.tag);
    // A home whose own replica lacks its last record can't build on it.
    if (from == m_context.self && reply.status != ReplicaStatus::Ok && workOf(reply.tag))
        stopBeingHome(workOf(reply.tag)->partition, Ballot{});
}

void Home::onWriteProgress(Tag tag)
{
    WriteRound& round = m_writes.at(tag);
    const PartitionIndex partition = round.partition;
    const std::size_t replicas = m_context.replicas(partition).size();
    if (!round.chosen && m_context.isMajority(partition, round.written)) {
        round.chosen = true;
        onChosen(round); // starts other rounds; this one stays where it is
    }
    if (round.chosen) {
        if (round.written.size() + round.failed.size() >= replicas)
            finishRound(tag);
    } else if (!round.failed.empty() && !m_context.isMajorityWithout(partition, round.failed)) { // whoever was not asked or is lost won't answer either
        ++m_context.counters.refusals;
        finishRound(tag);
    }
}

void Home::onChosen(WriteRound& round)
{
    auto& keys = m_partitions[round.partition].keys;
    const auto found = keys.find(std::string(round.record->key));
    if (found == keys.end() || found->second->phase != KeyWork::Phase::Writing ||
        found->second->ballot != round.record->version.ballot)
        return;
    KeyWork& work = *found->second;
    m_keyRounds.erase(work.tag);
    // Reads of the batch saw what was there before; if only they were there, that is what was written again.
    if (work.readRecord && std::find(work.traced.begin(), work.traced.end(), true) == work.traced.end())
        work.readRecord = round.record;
    finishBatch(work, &round);
}

/// Whatever begins now is behind the values that are on their way to the replicas.
TimePoint Home::roundEnd() const
{
    return m_context.now.monotonic + m_context.options.roundTimeout + m_context.patienceFor(m_writeBytes);
}

Home::WriteRound Home::takeRound(std::unordered_map<Tag, WriteRound>::iterator found)
{
    WriteRound round = std::move(found->second);
    m_writes.erase(found);
    m_writeBytes -= round.bytes;
    return round;
}

void Home::finishRound(Tag tag)
{
    const auto found = m_writes.find(tag);
    if (found == m_writes.end())
        return;
    WriteRound round = takeRound(found);
    if (!round.chosen) {
        if (planted(PlantedBug::HintOfUnchosen))
            for (const NodeId node : m_context.replicas(round.partition))
                if (!contains(round.written, node) && node != m_context.self)
                    m_hints.add(node, std::string(round.record->key), round.record->version);
        stopBeingHome(round.partition, Ballot{});
        return;
    }
    const bool everywhere = round.written.size() == m_context.replicas(round.partition).size();
    for (OperationReply& waiting : round.whenEverywhere) {
        if (!everywhere)
            waiting.outcome = OperationOutcome::NotEverywhere;
        m_context.outbox.send(waiting.id.coordinator, std::move(waiting));
    }
    for (const NodeId node : m_context.replicas(round.partition))
        if (!contains(round.written, node) && node != m_context.self)
            m_hints.add(node, std::string(round.record->key), round.record->version);
}

void Home::finishBatch(KeyWork& work, WriteRound* round)
{
    for (std::size_t i = 0; i < work.batch.size(); ++i) {
        const OperationRequest& request = work.batch[i];
        if (work.recalledAsDone && work.results[i].empty()) {
            reply(request, OperationOutcome::Unknown); // it happened, but its result was too long to be carried
            continue;
        }
        OperationOutcome outcome = work.traced[i] ? OperationOutcome::Changed : OperationOutcome::Unchanged;
        if (request.everyReplica && round && round->written.size() < m_context.replicas(work.partition).size()) {
            --m_partitions[work.partition].waiting;
            round->whenEverywhere.push_back(makeReply(request, outcome, std::move(work.results[i]), {}));
            continue;
        }
        reply(request, outcome, std::move(work.results[i]), request.read ? work.readRecord : RecordPtr());
    }
    work.batch.clear();
    work.phase = KeyWork::Phase::Idle;
    advance(work);
}

} // namespace quoit
