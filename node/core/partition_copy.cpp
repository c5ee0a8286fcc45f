#include "node/core/partition_copy.h"

#include "shared/ring/change_plan.h"

namespace quoit {

namespace {

constexpr std::size_t tasksMax = 4;
constexpr std::uint32_t pageRecords = 500;
constexpr std::uint32_t settlingPageRecords = 100; ///< all of a page may have to be settled at once
constexpr Milliseconds patience{1000};

void writeSet(ByteWriter& writer, const std::set<PartitionIndex>& set)
{
    writer.varint(set.size());
    for (const PartitionIndex partition : set)
        writer.varint(partition);
}

std::set<PartitionIndex> readSet(ByteReader& reader)
{
    std::set<PartitionIndex> set;
    const std::uint64_t count = reader.count(1);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i)
        set.insert(static_cast<PartitionIndex>(reader.varint()));
    return set;
}

} // namespace

PartitionCopy::PartitionCopy(Context& context, Replica& replica, Home& home, const std::string& note)
    : m_context(context)
    , m_replica(replica)
    , m_home(home)
{
    load(note);
    onAdopted();
}

void PartitionCopy::load(const std::string& note)
{
    if (note.empty())
        return;
    ByteReader reader(note);
    m_epoch = reader.varint();
    m_copied = readSet(reader);
    m_settled = readSet(reader);
    QUOIT_ENSURE(reader.ok());
}

void PartitionCopy::persist()
{
    ByteWriter writer;
    writer.varint(m_epoch);
    writeSet(writer, m_copied);
    writeSet(writer, m_settled);
    m_context.outbox.batch().notes[noteName] = std::move(writer.bytes);
    m_marked = m_context.outbox.batchSequence();
}

void PartitionCopy::onAdopted()
{
    const ClusterMap& map = *m_context.map;
    m_tasks.clear();
    m_settling.clear();
    m_toCopy.clear();
    m_toSettle.clear();
    m_progress.partitions = m_progress.copied = 0;
    m_isLeaving = m_clientsGone = false;
    if (!map.isChanging())
        return;
    if (m_epoch != map.epoch()) {
        m_epoch = map.epoch();
        m_copied.clear();
        m_settled.clear();
        m_progress = {};
    }
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition) {
        if (!map.isMoving(partition) || !map.isReplica(partition, m_context.self))
            continue;
        const bool isNew = !contains(map.before(partition), m_context.self);
        m_progress.partitions += isNew;
        m_progress.copied += isNew && m_copied.count(partition) > 0;
        if (isNew && m_copied.count(partition) == 0)
            m_toCopy.insert(partition);
        if (needsSettling(map, partition) && m_settled.count(partition) == 0)
            m_toSettle.insert(partition);
    }
}

bool PartitionCopy::mayGoOn() const
{
    return m_context.map->isChanging() && !m_context.map->parts().change->paused && m_context.disk == DiskSpace::Ample;
}

void PartitionCopy::housekeeping()
{
    if (!mayGoOn())
        return;
    const TimePoint now = m_context.now.monotonic;
    const std::int64_t limit = std::int64_t(m_context.map->parts().copyMegabytesPerSecond) * 1'000'000;
    const std::int64_t rate = limit > 0 ? std::min(limit, m_rate) : m_rate;
    const std::int64_t elapsedUs = std::min<std::int64_t>(std::chrono::duration_cast<Microseconds>(now - m_credited).count(), 1'000'000);
    m_credit = std::min(m_credit + elapsedUs * rate / 1'000'000, rate);
    m_credited = now;
    std::vector<Tag> late;
    for (const auto& [tag, task] : m_tasks)
        if (task.waits ? m_credit > 0 : now - task.asked > patience)
            late.push_back(tag);
    for (const Tag tag : late) { // anew, with another source perhaps: what was copied of the page is only seen again
        Task task = std::move(m_tasks.at(tag));
        m_tasks.erase(tag);
        std::erase_if(m_settling, [tag](const auto& entry) { return entry.second.first == tag; });
        task.answers.clear();
        task.missing.clear();
        task.unsettled.clear();
        task.merged = false;
        const Tag newTag = m_context.newTag();
        askPage(newTag, m_tasks.emplace(newTag, std::move(task)).first->second);
    }
    const auto isInWork = [&](PartitionIndex partition, bool settling) {
        return std::any_of(m_tasks.begin(), m_tasks.end(), [&](const auto& entry) {
            return entry.second.partition == partition && entry.second.settling == settling;
        });
    };
    for (const PartitionIndex partition : m_toCopy)
        if (m_tasks.size() < tasksMax && !m_replica.hasLeftovers(partition) && !isInWork(partition, false))
            begin(partition, false);
    for (const PartitionIndex partition : m_toSettle)
        if (m_tasks.size() < 2 * tasksMax && !m_home.ballotOf(partition).isNone() && !isInWork(partition, true))
            begin(partition, true);
}

void PartitionCopy::begin(PartitionIndex partition, bool settling)
{
    const Tag tag = m_context.newTag();
    Task& task = m_tasks[tag];
    task.settling = settling;
    task.partition = partition;
    task.next = firstPosition(partition, m_context.map->partitionCount());
    askPage(tag, task);
}

void PartitionCopy::askPage(Tag tag, Task& task)
{
    task.asked = m_context.now.monotonic;
    task.waits = !task.settling && m_credit <= 0;
    if (task.waits)
        return;
    // To settle, whoever can be reached; to copy, those before the change.
    std::vector<NodeId> nodes = m_context.reachable(task.partition);
    if (!task.settling) {
        const auto before = m_context.map->before(task.partition);
        std::erase_if(nodes, [&](NodeId node) { return !contains(before, node); });
        if (nodes.empty())
            return;
        task.source = nodes[m_context.random.below(nodes.size())];
    }
    for (const NodeId node : nodes)
        m_context.outbox.send(node, ScanRequest{tag, task.partition, task.next, task.settling ? settlingPageRecords : pageRecords,
                                                !task.settling && node == task.source});
}

bool PartitionCopy::handle(NodeId from, const ScanReply& reply)
{
    const auto found = m_tasks.find(reply.tag);
    if (found == m_tasks.end())
        return false;
    Task& task = found->second;
    if (task.merged || reply.status != ReplicaStatus::Ok || reply.coveredTo < task.next)
        return true;
    task.answers[from] = reply;
    const auto nodeOf = &std::pair<const NodeId, ScanReply>::first;
    if (task.settling) {
        // All that were asked, or, later, whoever has answered: see housekeeping.
        if (m_context.isMajority(task.partition, task.answers, nodeOf))
            mergeForSettling(task);
    } else if (task.answers.count(task.source) > 0 && task.answers.size() > m_context.map->before(task.partition).size() / 2) {
        mergeForCopy(reply.tag, task);
    }
    if (task.merged && task.missing.empty() && task.unsettled.empty())
        turnPage(found->first);
    return true;
}

bool PartitionCopy::take(PartitionIndex partition, const RecordPtr& record)
{
    if (!m_replica.copy(partition, record))
        return false;
    ++m_progress.records;
    const auto bytes = static_cast<std::int64_t>(record->key.size() + record->value.size());
    m_progress.bytes += static_cast<std::uint64_t>(bytes);
    m_credit -= bytes;
    return true;
}

/// Of each key the highest version among the answers: from the source's page, or fetched from whoever has it.
void PartitionCopy::mergeForCopy(Tag tag, Task& task)
{
    task.merged = true;
    task.coveredTo = ~Position(0);
    Version floor;
    for (const auto& [node, reply] : task.answers) {
        task.coveredTo = std::min(task.coveredTo, reply.coveredTo);
        floor = std::max(floor, reply.floor);
    }
    m_replica.raiseFloor(task.partition, floor);
    std::map<std::string, std::pair<NodeId, Version>> highest;
    for (const auto& [node, reply] : task.answers)
        for (const RecordSummary& record : reply.records) {
            if (record.position > task.coveredTo)
                continue;
            auto& known = highest[record.key];
            if (known.first == noNode || known.second < record.version)
                known = {node, record.version};
        }
    for (const RecordPtr& record : task.answers.at(task.source).whole) {
        const auto known = highest.find(std::string(record->key));
        if (known == highest.end() || known->second.second > record->version)
            continue;
        take(task.partition, record);
        highest.erase(known);
    }
    task.missing = std::move(highest);
    for (const auto& [key, place] : task.missing)
        m_context.outbox.send(place.first, ReadRequest{tag, task.partition, key, Ballot{}, true});
}

bool PartitionCopy::handle(NodeId from, const ReadReply& reply)
{
    const auto found = m_tasks.find(reply.tag);
    if (found == m_tasks.end())
        return false;
    Task& task = found->second;
    if (reply.status != ReplicaStatus::Ok || !reply.record)
        return true; // removed meanwhile, which the next look at the page will show
    const auto missing = task.missing.find(std::string(reply.record->key));
    if (missing == task.missing.end() || missing->second.first != from || reply.record->version < missing->second.second)
        return true;
    take(task.partition, reply.record);
    task.missing.erase(missing);
    if (task.missing.empty())
        turnPage(reply.tag);
    return true;
}

/// Keys that no majority agrees on are read through the home, which settles them.
void PartitionCopy::mergeForSettling(Task& task)
{
    const Tag tag = task.answers.begin()->second.tag;
    task.merged = true;
    task.coveredTo = ~Position(0);
    for (const auto& [node, reply] : task.answers)
        task.coveredTo = std::min(task.coveredTo, reply.coveredTo);
    std::map<std::string, std::map<Version, std::vector<NodeId>>> holders;
    for (const auto& [node, reply] : task.answers)
        for (const RecordSummary& record : reply.records)
            if (record.position <= task.coveredTo)
                holders[record.key][record.version].push_back(node);
    for (const auto& [key, versions] : holders) {
        if (m_context.isMajority(task.partition, versions.rbegin()->second))
            continue;
        task.unsettled.insert(key);
    }
    for (const std::string& key : task.unsettled) {
        OperationRequest request;
        request.id = {m_context.self, m_context.operationIncarnation(), settlingBit | ++m_counter};
        request.partition = task.partition;
        request.key = key;
        request.read = true;
        m_settling[request.id.counter] = {tag, key};
        m_context.outbox.send(m_context.self, std::move(request));
    }
}

void PartitionCopy::handle(const OperationReply& reply)
{
    const auto found = m_settling.find(reply.id.counter);
    if (found == m_settling.end() || reply.id.incarnation != m_context.operationIncarnation())
        return;
    const auto [tag, key] = found->second;
    m_settling.erase(found);
    const auto task = m_tasks.find(tag);
    if (task == m_tasks.end())
        return;
    if (reply.outcome != OperationOutcome::Changed && reply.outcome != OperationOutcome::Unchanged)
        return; // no longer home, perhaps; the page is asked for again
    task->second.unsettled.erase(key);
    if (task->second.unsettled.empty())
        turnPage(tag);
}

void PartitionCopy::turnPage(Tag tag)
{
    Task task = std::move(m_tasks.at(tag));
    m_tasks.erase(tag);
    const ClusterMap& map = *m_context.map;
    const Tag next = m_context.newTag();
    const Position end = task.coveredTo + 1; // 0 after the last partition
    const bool isOver = end == 0 || map.partitionOf(end) != task.partition;
    task.next = end;
    task.answers.clear();
    task.merged = false;
    Task& placed = m_tasks.emplace(next, std::move(task)).first->second;
    if (isOver)
        complete(next);
    else if (mayGoOn())
        askPage(next, placed);
}

void PartitionCopy::complete(Tag tag)
{
    const Task task = std::move(m_tasks.at(tag));
    m_tasks.erase(tag);
    if (task.settling) {
        m_settled.insert(task.partition);
        m_toSettle.erase(task.partition);
    } else {
        m_copied.insert(task.partition);
        m_toCopy.erase(task.partition);
        ++m_progress.copied;
    }
    persist();
    housekeeping();
}

void PartitionCopy::handle(NodeId from, const ChangeReportRequest& request)
{
    ChangeReportReply reply;
    reply.tag = request.tag;
    reply.copied.assign(m_copied.begin(), m_copied.end());
    reply.settled.assign(m_settled.begin(), m_settled.end());
    if (request.allElseIsDone && !m_isLeaving && isLeaving(*m_context.map, m_context.self)) {
        m_isLeaving = true;
        m_context.outbox.effects().events.push_back({CoreEvent::Kind::Leaving, m_context.self, 0});
    }
    reply.clientsGone = m_clientsGone;
    m_context.outbox.sendWhenDurable(m_marked, from, std::move(reply));
}

} // namespace quoit
