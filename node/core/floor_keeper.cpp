#include "node/core/floor_keeper.h"

namespace quoit {

namespace {

/// Fewer tombstones than one in so many records wait for the longer interval: dropping them costs a pass over the
/// partition.
constexpr std::uint64_t fewTombstones = 64;
constexpr std::uint32_t backoffMax = 4; ///< doublings of the pause
constexpr Milliseconds tellAgain{1000};

} // namespace

FloorKeeper::FloorKeeper(Context& context, Replica& replica, Home& home)
    : m_context(context)
    , m_replica(replica)
    , m_home(home)
    , m_pace(context.map->partitionCount(), Pace{context.now.monotonic, 0})
{}

void FloorKeeper::turn()
{
    const TimePoint now = m_context.now.monotonic;
    std::vector<PartitionIndex> over;
    for (const auto& [partition, attempt] : m_attempts)
        if (now >= attempt.deadline || m_home.ballotOf(partition) != attempt.floor.ballot)
            over.push_back(partition);
    for (const PartitionIndex partition : over)
        end(partition, false);
    for (auto fact = m_facts.begin(); fact != m_facts.end();) {
        // Another home levels the floors when it compares.
        if (m_home.ballotOf(fact->first).isNone() || fact->second.missing.empty()) {
            fact = m_facts.erase(fact);
            continue;
        }
        if (now >= fact->second.next)
            tell(fact->first, fact->second);
        ++fact;
    }
    std::size_t started = 0;
    for (std::size_t looked = 0; looked < m_pace.size() && m_attempts.size() < attemptsMax && started < startedPerTurn;
         ++looked) {
        const PartitionIndex partition = m_next++ % m_pace.size();
        noteHome(partition);
        if (!isHomeForLong(partition) || !mayTry(partition))
            continue;
        if (const auto version = m_home.quietVersion(partition)) {
            start(partition, *version);
            ++started;
        }
    }
    m_next %= m_pace.size();
}

bool FloorKeeper::isEnough(PartitionIndex partition, const std::vector<NodeId>& nodes) const
{
    if (planted(PlantedBug::FloorWithoutAll))
        return m_context.isMajority(partition, nodes);
    if (planted(PlantedBug::FloorDuringChange)) {
        const auto before = m_context.map->before(partition);
        return std::all_of(before.begin(), before.end(), [&](NodeId node) {
            return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
        });
    }
    return nodes.size() == m_context.replicas(partition).size(); // [16]
}

/// Notices under which ballot this node is home, and since when.
void FloorKeeper::noteHome(PartitionIndex partition)
{
    Pace& pace = m_pace[partition];
    if (pace.ballot == m_home.ballotOf(partition))
        return;
    pace.ballot = m_home.ballotOf(partition);
    pace.homeSince = m_context.now.monotonic;
}

/// Whether whatever was begun under an earlier home is over. What retries ask for may be known by a tombstone alone, and a floor of a later
/// ballot doesn't tell whether what was there under an earlier one was carried out.
bool FloorKeeper::isHomeForLong(PartitionIndex partition) const
{
    const Pace& pace = m_pace[partition];
    return !pace.ballot.isNone() && m_context.now.monotonic - pace.homeSince >= m_context.options.repair.floorAfter;
}

bool FloorKeeper::mayTry(PartitionIndex partition) const
{
    if (m_home.ballotOf(partition).isNone() || m_attempts.count(partition) || m_facts.count(partition))
        return false;
    // Whoever comes in is not the same yet, and what it still copies may be what is deleted now.
    if (m_context.map->isChanging() && !planted(PlantedBug::FloorDuringChange))
        return false;
    const HashTrees& trees = m_replica.trees();
    if (!trees.isBuilt(partition) || trees.tombstones(partition) == 0)
        return false;
    const PartitionCounts& counts = m_replica.counts(partition);
    const bool few = counts.tombstones * fewTombstones < counts.keys;
    const RepairOptions& options = m_context.options.repair;
    const Pace& pace = m_pace[partition];
    const Milliseconds pause =
        few ? options.floorInterval
            : std::min(options.floorInterval, options.floorPause * (std::int64_t(1) << pace.failures));
    if (m_context.now.monotonic - pace.last < pause)
        return false;
    std::vector<NodeId> up;
    for (const NodeId node : m_context.replicas(partition))
        if (m_context.isUp(node) && m_context.diskOf(node) != DiskSpace::None)
            up.push_back(node);
    return isEnough(partition, up);
}

void FloorKeeper::start(PartitionIndex partition, const Version& floor)
{
    Attempt& attempt = m_attempts[partition];
    attempt.tag = m_context.newTag();
    attempt.floor = floor;
    attempt.deadline = m_context.now.monotonic + m_context.options.roundTimeout;
    m_pace[partition].last = m_context.now.monotonic;
    ++m_context.counters.repair.floorsTried;
    for (const NodeId node : m_context.replicas(partition))
        m_context.outbox.send(node, FloorRequest{attempt.tag, partition, floor.ballot, floor});
}

void FloorKeeper::handle(NodeId from, const FloorReply& reply)
{
    const auto found = std::find_if(m_attempts.begin(), m_attempts.end(),
                                    [&](const auto& entry) { return entry.second.tag == reply.tag; });
    if (found == m_attempts.end())
        return;
    const PartitionIndex partition = found->first;
    Attempt& attempt = found->second;
    if (reply.status == ReplicaStatus::Refused) {
        attempt.refused.insert(from);
        attempt.promised = std::max(attempt.promised, reply.promised);
        judgeRefusals(partition);
        return;
    }
    if (reply.status != ReplicaStatus::Ok || !reply.known) {
        end(partition, false);
        return;
    }
    level(partition, from, reply.floor);
    attempt.answers[from] = reply;
    if (attempt.refused.empty())
        judge(partition);
    else
        judgeRefusals(partition);
}

/// A replica may have promised a ballot that nobody else ever heard of, for instance its own: then it refuses whatever
/// this home sends. A new ballot above that one brings it back. Where a majority refuses, this is no home any more, even
/// if whoever asked for those promises never became one: without writes nothing else would tell it.
void FloorKeeper::judgeRefusals(PartitionIndex partition)
{
    const Attempt& attempt = m_attempts.at(partition);
    if (attempt.answers.size() + attempt.refused.size() < m_context.replicas(partition).size())
        return;
    const Ballot promised = attempt.promised;
    const bool current = m_home.ballotOf(partition) == attempt.floor.ballot;
    const bool deposed = !m_context.isMajorityWithout(partition, {attempt.refused.begin(), attempt.refused.end()});
    end(partition, false);
    if (!current)
        return;
    if (deposed)
        m_home.onDeposed(partition, promised);
    else
        m_home.takeAgain(partition, promised);
}

void FloorKeeper::judge(PartitionIndex partition)
{
    Attempt& attempt = m_attempts.at(partition);
    const auto& first = attempt.answers.begin()->second;
    const bool same = std::all_of(attempt.answers.begin(), attempt.answers.end(),
                                  [&](const auto& answer) { return answer.second.hash == first.hash; });
    if (!same) {
        m_unequal.insert(partition);
        end(partition, false);
        return;
    }
    std::vector<NodeId> nodes;
    for (const auto& [node, answer] : attempt.answers)
        nodes.push_back(node);
    if (!isEnough(partition, nodes) || m_home.ballotOf(partition) != attempt.floor.ballot)
        return;
    Fact fact;
    fact.floor = attempt.floor;
    fact.missing.insert(m_context.replicas(partition).begin(), m_context.replicas(partition).end());
    end(partition, true);
    tell(partition, m_facts[partition] = std::move(fact));
}

void FloorKeeper::end(PartitionIndex partition, bool raised)
{
    Pace& pace = m_pace[partition];
    pace.failures = raised ? 0 : std::min(pace.failures + 1, backoffMax);
    m_attempts.erase(partition);
}

void FloorKeeper::tell(PartitionIndex partition, Fact& fact)
{
    fact.next = m_context.now.monotonic + tellAgain;
    fact.tag = m_context.newTag();
    for (const NodeId node : fact.missing)
        if (m_context.isUp(node))
            m_context.outbox.send(node, FloorFact{fact.tag, partition, fact.floor});
}

bool FloorKeeper::handle(NodeId from, const LearnReply& reply)
{
    const auto fact =
        std::find_if(m_facts.begin(), m_facts.end(), [&](const auto& entry) { return entry.second.tag == reply.tag; });
    if (fact == m_facts.end())
        return false;
    if (reply.status == ReplicaStatus::Ok)
        fact->second.missing.erase(from);
    if (fact->second.missing.empty())
        m_facts.erase(fact);
    return true;
}

void FloorKeeper::onPeerLost(NodeId peer)
{
    std::vector<PartitionIndex> over;
    for (const auto& [partition, attempt] : m_attempts)
        if (m_context.map->isReplica(partition, peer))
            over.push_back(partition);
    for (const PartitionIndex partition : over)
        end(partition, false);
}

void FloorKeeper::onAdopted()
{
    m_attempts.clear();
    m_facts.clear();
    m_unequal.clear();
}

void FloorKeeper::level(PartitionIndex partition, NodeId node, const Version& theirs)
{
    const Version& own = m_replica.floor(partition);
    if (theirs < own)
        m_context.outbox.send(node, FloorFact{0, partition, own});
    else if (own < theirs)
        m_context.outbox.send(m_context.self, FloorFact{0, partition, theirs});
}

} // namespace quoit
