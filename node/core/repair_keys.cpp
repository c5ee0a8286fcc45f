// node/core/repair_keys.cpp - what differs, key by key: listings of the leaves that differ, then for each key the word
// of every replica, and what follows from it. Design: resources/docs/protocol.md, "Repair".

#include "node/core/repair.h"

#include <bit>

namespace quoit {

namespace {

/// The same key in two listings that cover it.
using Place = std::pair<Position, std::string>;

ReadReply asReply(const RecordSummary* record, const Version& floor)
{
    ReadReply reply;
    reply.floor = floor;
    if (!record)
        return reply;
    reply.present = true;
    reply.tombstone = record->tombstone;
    reply.version = record->version;
    return reply;
}

const ReadReply* highestOf(const std::map<NodeId, ReadReply>& answers)
{
    const ReadReply* highest = nullptr;
    for (const auto& [node, answer] : answers)
        if (!highest || (answer.present && (!highest->present || answer.version > highest->version)))
            highest = &answer;
    return highest;
}

} // namespace

/// The next page of the first leaf that is left, or the end.
void Repair::listNext(Comparison& comparison)
{
    if (comparison.leaves == 0 || comparison.differing.empty()) {
        finish(comparison.partition);
        return;
    }
    const auto leaf = static_cast<std::size_t>(std::countr_zero(comparison.leaves));
    const HashTrees& trees = m_replica.trees();
    comparison.step = Step::Listing;
    comparison.tag = m_context.newTag();
    comparison.deadline = deadline();
    comparison.listings.clear();
    comparison.waiting = {m_context.self};
    for (const auto& [node, leaves] : comparison.differing)
        comparison.waiting.insert(node);
    const ScanRequest request{comparison.tag,  comparison.partition,
                              comparison.next, m_context.options.repair.pageRecords,
                              false,           trees.leafLast(comparison.partition, leaf)};
    for (const NodeId node : comparison.waiting)
        m_context.outbox.send(node, request);
}

bool Repair::handle(NodeId from, const ScanReply& reply)
{
    Comparison* const comparison = comparisonOf(reply.tag);
    if (!comparison || comparison->step != Step::Listing)
        return false;
    if (comparison->waiting.erase(from) == 0)
        return true;
    if (reply.status == ReplicaStatus::Ok && reply.coveredTo >= comparison->next)
        comparison->listings[from] = reply;
    else
        comparison->differing.erase(from);
    if (comparison->waiting.empty())
        onListed(*comparison);
    return true;
}

void Repair::onListed(Comparison& comparison)
{
    const auto leaf = static_cast<std::size_t>(std::countr_zero(comparison.leaves));
    const Position last = m_replica.trees().leafLast(comparison.partition, leaf);
    Position covered = last;
    for (const auto& [node, listing] : comparison.listings)
        covered = std::min(covered, listing.coveredTo);
    std::map<Place, std::map<NodeId, const RecordSummary*>> merged;
    for (const auto& [node, listing] : comparison.listings)
        for (const RecordSummary& record : listing.records)
            if (record.position >= comparison.next && record.position <= covered)
                merged[{record.position, record.key}][node] = &record;
    for (const auto& [place, records] : merged) {
        bool same = true;
        const ReadReply first = asReply(records.begin()->second, {});
        for (const auto& [node, listing] : comparison.listings) {
            const auto record = records.find(node);
            same =
                same && sameContent(first, asReply(record == records.end() ? nullptr : record->second, listing.floor));
        }
        if (!same)
            comparison.keys.push_back(place.second);
    }
    comparison.listings.clear();
    if (covered == last) {
        comparison.leaves &= comparison.leaves - 1;
        if (comparison.leaves != 0)
            comparison.next = m_replica.trees().leafFirst(
                comparison.partition, static_cast<std::size_t>(std::countr_zero(comparison.leaves)));
    } else {
        comparison.next = covered + 1;
    }
    comparison.step = Step::Keys;
    pump(comparison);
}

/// Looks at as many keys as may be looked at now; goes on with the next page when all of this one are done.
void Repair::pump(Comparison& comparison)
{
    while (!comparison.keys.empty() && m_keys.size() < keysMax && m_keysAllowed > 0) {
        --m_keysAllowed;
        askKey(comparison, comparison.keys.front());
        comparison.keys.pop_front();
    }
    if (comparison.keys.empty() && comparison.keysOpen == 0)
        listNext(comparison);
}

void Repair::askKey(Comparison& comparison, const std::string& key)
{
    const Tag tag = m_context.newTag();
    KeyRound& round = m_keys[tag];
    round.partition = comparison.partition;
    round.key = key;
    round.deadline = deadline();
    ++comparison.keysOpen;
    ++m_context.counters.repair.keysLookedAt;
    for (const NodeId node : m_context.replicas(comparison.partition)) {
        if (!m_context.isUp(node))
            continue;
        round.waiting.insert(node);
        m_context.outbox.send(node, ReadRequest{tag, comparison.partition, key, {}, false});
    }
}

bool Repair::handle(NodeId from, const ReadReply& reply)
{
    const auto found = m_keys.find(reply.tag);
    if (found == m_keys.end())
        return false;
    KeyRound& round = found->second;
    if (round.step == KeyStep::Fetching) {
        if (!reply.record)
            return true; // doubled on the way
        if (reply.record->version == round.chosen)
            teach(reply.tag, reply.record);
        else
            endKey(reply.tag, false); // it has changed: the next comparison looks again
        return true;
    }
    if (round.step != KeyStep::Asking || round.waiting.erase(from) == 0)
        return true;
    if (reply.status == ReplicaStatus::Ok)
        round.answers[from] = reply;
    if (round.waiting.empty())
        judgeKey(reply.tag);
    return true;
}

/// All who were asked have answered, or won't.
void Repair::judgeKey(Tag tag)
{
    KeyRound& round = m_keys.at(tag);
    const auto nodeOf = &std::pair<const NodeId, ReadReply>::first;
    const ReadReply* const highest = highestOf(round.answers);
    if (round.step != KeyStep::Asking || !m_context.isMajority(round.partition, round.answers, nodeOf) ||
        m_context.disk == DiskSpace::None) {
        endKey(tag, round.step == KeyStep::Teaching);
        return;
    }
    std::vector<NodeId> same;
    NodeId holder = noNode;
    for (const auto& [node, answer] : round.answers) {
        if (sameContent(answer, *highest)) {
            same.push_back(node);
            if (answer.present && answer.version == highest->version && (holder == noNode || node == m_context.self))
                holder = node;
        } else if (m_context.takesWrites(node, highest->tombstone)) {
            round.behind.push_back(node);
        }
    }
    if (same.size() == round.answers.size()) { // it was on its way
        endKey(tag, false);
    } else if (!m_context.isMajority(round.partition, same) && !planted(PlantedBug::UnchosenLearntByRepair)) {
        settleKey(tag);
    } else {
        round.chosen = highest->version;
        round.step = KeyStep::Fetching;
        m_context.outbox.send(holder, ReadRequest{tag, round.partition, round.key, {}, true});
    }
}

/// Nobody knows whether the highest version is chosen: the home makes one of it, or of what it finds instead.
void Repair::settleKey(Tag tag)
{
    const KeyRound& round = m_keys.at(tag);
    // What the home is at work on becomes the same by itself, or the home's work ends.
    const bool settles = !m_home.ballotOf(round.partition).isNone() && !m_home.isWorkingOn(round.partition, round.key);
    if (settles) {
        ++m_context.counters.repair.settles;
        m_home.settleKey(round.partition, round.key);
    }
    endKey(tag, settles);
}

void Repair::teach(Tag tag, const RecordPtr& record)
{
    KeyRound& round = m_keys.at(tag);
    round.step = KeyStep::Teaching;
    round.waiting.insert(round.behind.begin(), round.behind.end());
    for (const NodeId node : round.behind) {
        ++m_context.counters.learnsSent;
        m_context.outbox.send(node, LearnRequest{tag, round.partition, record});
    }
    if (round.waiting.empty())
        endKey(tag, false);
}

bool Repair::handle(NodeId from, const LearnReply& reply)
{
    const auto found = m_keys.find(reply.tag);
    if (found == m_keys.end())
        return false;
    KeyRound& round = found->second;
    if (round.step != KeyStep::Teaching || round.waiting.erase(from) == 0)
        return true;
    if (reply.status == ReplicaStatus::Ok) {
        ++m_context.counters.repair.keysRepaired;
        ++m_peers[from].keysRepaired;
    }
    if (round.waiting.empty())
        endKey(reply.tag, true);
    return true;
}

void Repair::endKey(Tag tag, bool mended)
{
    const auto found = m_keys.find(tag);
    const auto comparison = m_comparisons.find(found->second.partition);
    m_keys.erase(found);
    QUOIT_ENSURE(comparison != m_comparisons.end() && comparison->second.keysOpen > 0);
    --comparison->second.keysOpen;
    comparison->second.mended = comparison->second.mended || mended;
    pump(comparison->second);
}

} // namespace quoit
