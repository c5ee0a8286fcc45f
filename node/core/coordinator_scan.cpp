// node/core/coordinator_scan.cpp - walks over all keys in ring order, and counts them. A page asks a majority of each partition that it
// touches, so that a key which exists throughout is on it, whichever replica is away.

#include "node/core/coordinator.h"

namespace quoit {

namespace {

constexpr std::uint32_t partitionsPerPageMax = 64; ///< a page over empty partitions ends early, with a position to go on from
constexpr std::uint32_t askedMax = 10'000;
constexpr Milliseconds countPatience{1000};

} // namespace

void Coordinator::scan(RequestId request, Position first, std::uint32_t count)
{
    const Tag tag = m_context.newTag();
    ScanState& scan = m_scans[tag];
    scan.request = request;
    scan.first = first;
    scan.wanted = std::clamp<std::uint32_t>(count, 1, askedMax);
    scan.asked = scan.wanted;
    scan.partitionsLeft = partitionsPerPageMax;
    scan.partition = m_context.map->partitionOf(first);
    scan.endsAfter = m_context.now.monotonic + m_context.options.requestDeadline / 10;
    scan.deadline = m_context.now.monotonic + m_context.options.requestDeadline;
    if (m_context.isCutOff(scan.partition)) { // nobody asks replicas on behalf of another one
        ++m_context.counters.refusedAlone;
        finishScan(tag, CompletionStatus::NoQuorum);
        return;
    }
    askScan(tag, scan);
    m_context.timers.set(m_context.now.monotonic + scanAskAgain, Timer::Kind::Scan, tag);
}

void Coordinator::askScan(Tag tag, ScanState& scan)
{
    for (const NodeId node : m_context.reachable(scan.partition))
        if (!scan.answers.count(node))
            m_context.outbox.send(node, ScanRequest{tag, scan.partition, scan.first, scan.asked});
}

void Coordinator::handle(NodeId from, const ScanReply& reply)
{
    const auto found = m_scans.find(reply.tag);
    if (found == m_scans.end() || reply.status != ReplicaStatus::Ok)
        return;
    ScanState& scan = found->second;
    // An answer to an earlier question of this scan, which was about lower positions, doesn't cover this one.
    if (m_context.map->partitionOf(reply.coveredTo) != scan.partition || reply.coveredTo < scan.first)
        return;
    scan.answers[from] = reply;
    if (!m_context.isMajority(scan.partition, scan.answers, &std::pair<const NodeId, ScanReply>::first))
        return;
    if (mergeScan(scan) || m_context.now.monotonic >= scan.endsAfter) {
        finishScan(reply.tag, CompletionStatus::Done);
        return;
    }
    const Tag tag = m_context.newTag();
    ScanState next = std::move(scan);
    m_scans.erase(found);
    next.answers.clear();
    askScan(tag, m_scans.emplace(tag, std::move(next)).first->second);
    m_context.timers.set(m_context.now.monotonic + scanAskAgain, Timer::Kind::Scan, tag);
}

bool Coordinator::mergeScan(ScanState& scan)
{
    Position covered = ~Position(0);
    for (const auto& [node, reply] : scan.answers)
        covered = std::min(covered, reply.coveredTo);
    std::map<std::pair<Position, std::string>, RecordSummary> merged;
    for (auto& [node, reply] : scan.answers)
        for (RecordSummary& record : reply.records) {
            if (record.position < scan.first || record.position > covered)
                continue;
            RecordSummary& known = merged[{record.position, record.key}];
            if (known.key.empty() || known.version < record.version)
                known = std::move(record);
        }
    for (auto& [key, record] : merged) {
        if (record.tombstone || (record.expiryMs != 0 && record.expiryMs <= m_context.now.wallMs))
            continue;
        // Enough, and all that lie at the position of the last one: the rest is of the next page.
        if (scan.found.size() >= scan.wanted && scan.found.back().position != record.position) {
            covered = record.position - 1;
            break;
        }
        scan.found.push_back(std::move(record));
    }
    const Position end = covered + 1; // 0 after the last partition
    scan.asked = std::min(askedMax, scan.asked * 4);
    scan.first = end;
    if (end == 0)
        return true;
    if (m_context.map->partitionOf(end) != scan.partition) {
        scan.partition = m_context.map->partitionOf(end);
        if (--scan.partitionsLeft == 0)
            return true;
    }
    return scan.found.size() >= scan.wanted;
}

void Coordinator::finishScan(Tag tag, CompletionStatus status)
{
    const auto found = m_scans.find(tag);
    ScanPage page;
    page.request = found->second.request;
    page.status = status;
    if (status == CompletionStatus::Done) {
        page.records = std::move(found->second.found);
        page.next = found->second.first;
    }
    m_scans.erase(found);
    m_context.outbox.effects().scanPages.push_back(std::move(page));
}

void Coordinator::count(RequestId request)
{
    const Tag tag = m_context.newTag();
    CountState& count = m_counts[tag];
    count.request = request;
    for (const Member& member : m_context.map->members())
        if (m_context.isUp(member.id))
            count.waiting.insert(member.id);
    m_context.timers.set(m_context.now.monotonic + countPatience, Timer::Kind::Count, tag);
    for (const NodeId node : std::set<NodeId>(count.waiting))
        m_context.outbox.send(node, CountRequest{tag});
}

void Coordinator::handle(NodeId from, const CountReply& reply)
{
    const auto found = m_counts.find(reply.tag);
    if (found == m_counts.end() || found->second.waiting.erase(from) == 0)
        return;
    found->second.answers[from] = reply;
    if (found->second.waiting.empty())
        finishCount(reply.tag);
}

void Coordinator::finishCount(Tag tag)
{
    const auto found = m_counts.find(tag);
    if (found == m_counts.end())
        return;
    std::vector<std::vector<PartitionCount>> perPartition(m_context.map->partitionCount());
    for (const auto& [node, reply] : found->second.answers)
        for (const PartitionCount& count : reply.counts) {
            if (count.partition >= perPartition.size())
                continue;
            const auto old = m_context.map->before(count.partition);
            // Who comes in by a change hasn't all of them yet.
            if (std::find(old.begin(), old.end(), node) == old.end())
                continue;
            perPartition[count.partition].push_back(count);
        }
    CountResult result;
    result.request = found->second.request;
    result.keys.resize(perPartition.size());
    for (PartitionIndex p = 0; p < perPartition.size(); ++p) {
        auto& counts = perPartition[p];
        if (counts.size() <= m_context.map->before(p).size() / 2)
            result.status = CompletionStatus::NoQuorum;
        if (counts.empty())
            continue;
        // The median: a replica that is behind doesn't decide. Of two, the one that has seen the newer record.
        std::sort(counts.begin(), counts.end(), [](const PartitionCount& a, const PartitionCount& b) { return a.keys < b.keys; });
        result.keys[p] = counts[counts.size() / 2].keys;
        if (counts.size() == 2)
            result.keys[p] = (counts[0].highest > counts[1].highest ? counts[0] : counts[1]).keys;
    }
    m_counts.erase(found);
    m_context.outbox.effects().counts.push_back(std::move(result));
}

} // namespace quoit
