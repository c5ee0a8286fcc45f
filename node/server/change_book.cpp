#include "node/server/change_book.h"

#include "shared/ring/token_allocation.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace quoit {

namespace {

using Kind = ChangeStep::Kind;

constexpr std::uint64_t bytesOnDiskPerByte = 2; ///< of keys and values: the tables, and what is written before it
constexpr std::uint64_t secondsMin = 5; ///< see CoreOptions::changeTakes

Error invalid(std::string message)
{
    return {ErrorCode::InvalidArgument, std::move(message)};
}

bool sameWord(std::string_view text, std::string_view upper)
{
    return text.size() == upper.size() && std::equal(text.begin(), text.end(), upper.begin(), [](char a, char b) {
               return (a >= 'a' && a <= 'z' ? a - 'a' + 'A' : a) == b;
           });
}

/// Reads words one after the other; the first problem stays.
class Words
{
public:
    /// @param future the ring when all changes before this one are done
    Words(const ClusterMap& now, const ClusterMap& future, const std::vector<std::string_view>& words)
        : m_now(now)
        , m_future(future)
        , m_words(words)
    {}

    bool atEnd() const { return m_next >= m_words.size(); }
    const std::string& problem() const { return m_problem; }
    void fail(std::string problem)
    {
        if (m_problem.empty())
            m_problem = std::move(problem);
    }

    std::string_view next(std::string_view what)
    {
        if (!atEnd())
            return m_words[m_next++];
        fail(std::string("something is missing: ").append(what));
        return {};
    }
    /// What is shown to people wherever the ring is.
    std::string_view text(std::string_view what)
    {
        constexpr std::size_t bytesMax = 255;
        const std::string_view word = next(what);
        if (word.size() > bytesMax)
            fail(std::string(what).append(" is longer than 255 bytes"));
        if (std::ranges::any_of(word, [](unsigned char c) { return c < ' ' || c == 0x7f; }))
            fail(std::string(what).append(" has control characters, which aren't for names"));
        return word;
    }
    NodeId node()
    {
        const std::string_view word = next("a node's id or name");
        const auto hasNumber = [word](const Member& member) { return std::to_string(member.id) == word; };
        const auto hasName = [word](const Member& member) { return member.name == word; };
        const std::vector<Member>& members = m_future.members();
        if (const auto meant = std::ranges::find_if(members, hasNumber); meant != members.end())
            return meant->id;
        const auto named = std::ranges::find_if(members, hasName);
        const auto second = named == members.end() ? named : std::find_if(named + 1, members.end(), hasName);
        if (second != members.end())
            fail("'" + std::string(word) + "' is the name of nodes " + std::to_string(named->id) + " and " + std::to_string(second->id) +
                 "; give the number of the one that is meant");
        if (named != members.end())
            return named->id;
        if (std::ranges::any_of(m_now.members(), [&](const Member& member) { return hasNumber(member) || hasName(member); }))
            fail(std::string(word).append(" leaves already, by a change before this one; see QUOIT.CHANGES"));
        fail(std::string("no member is called '").append(word).append("'; QUOIT.NODES lists them"));
        return noNode;
    }
    double number(std::string_view what)
    {
        const std::string_view word = next(what);
        double value = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (word.empty() || error != std::errc() || end != word.data() + word.size())
            fail("'" + std::string(word) + "' is no number: " + std::string(what));
        return value;
    }
    /// The next word, if it is this one.
    bool skip(std::string_view upper)
    {
        const bool is = !atEnd() && sameWord(m_words[m_next], upper);
        m_next += is;
        return is;
    }
    Member newcomer()
    {
        Member member;
        member.diskId = text("the new node's disk id, as QUOIT.IDENTITY tells it");
        member.name = text("its name");
        member.clientAddress = text("its address for clients");
        member.peerAddress = text("its address for nodes");
        member.httpAddress = text("its HTTP address, may be empty");
        member.zone = text("its zone, may be empty");
        member.weight = number("its weight");
        if (member.diskId.empty() || member.clientAddress.empty() || member.peerAddress.empty())
            fail("a new node needs a disk id and addresses");
        if (!(member.weight >= 0.01 && member.weight <= 100))
            fail("a weight must be between 0.01 and 100");
        return member;
    }

private:
    const ClusterMap& m_now;
    const ClusterMap& m_future;
    const std::vector<std::string_view>& m_words;
    std::size_t m_next = 0;
    std::string m_problem;
};

void readStep(Words& words, ChangeBook::Wanted& wanted)
{
    ChangeStep& step = wanted.steps.emplace_back();
    const auto readNewcomer = [&] {
        step.member = words.newcomer();
        if (words.skip("FREE"))
            wanted.freeBytes[step.member.diskId] =
                static_cast<std::uint64_t>(std::clamp(words.number("free bytes of its disk"), 0.0, 1e18));
    };
    const std::string_view kind = words.next("JOIN, LEAVE, REMOVE, REPLACE, WEIGHT, ZONE or REPLICAS");
    if (sameWord(kind, "JOIN")) {
        step.kind = Kind::Join;
        readNewcomer();
    } else if (sameWord(kind, "LEAVE") || sameWord(kind, "REMOVE")) {
        step.kind = sameWord(kind, "LEAVE") ? Kind::Leave : Kind::Remove;
        step.node = words.node();
    } else if (sameWord(kind, "REPLACE")) {
        step.kind = Kind::Replace;
        step.node = words.node();
        readNewcomer();
    } else if (sameWord(kind, "WEIGHT")) {
        step.kind = Kind::Weight;
        step.node = words.node();
        step.weight = words.number("the weight");
    } else if (sameWord(kind, "ZONE")) {
        step.kind = Kind::Zone;
        step.node = words.node();
        step.zone = words.text("the zone");
    } else if (sameWord(kind, "REPLICAS")) {
        step.kind = Kind::Replicas;
        const double wanted = words.number("the number of replicas");
        if (!(wanted >= 1 && wanted <= replicaCountMax && wanted == static_cast<std::uint32_t>(wanted)))
            words.fail("the number of replicas must be 1 to 7");
        else
            step.replicas = static_cast<std::uint32_t>(wanted);
    } else {
        words.fail("'" + std::string(kind) +
                   "' is no step; there are JOIN, LEAVE, REMOVE, REPLACE, WEIGHT, ZONE and REPLICAS, and "
                   "UNDER-STRENGTH beside them");
    }
}

bool endsMembership(const ChangeStep& step)
{
    return step.kind == Kind::Leave || step.kind == Kind::Remove || step.kind == Kind::Replace;
}

/// Of two weights for one node only one can be meant, and nobody leaves twice.
std::string contradiction(const ClusterMap& map, const std::vector<ChangeStep>& steps)
{
    for (std::size_t i = 0; i < steps.size(); ++i)
        for (std::size_t k = i + 1; k < steps.size(); ++k)
            if (steps[i].kind == steps[k].kind && steps[i].node == steps[k].node &&
                (steps[i].kind == Kind::Weight || steps[i].kind == Kind::Zone || steps[i].kind == Kind::Replicas))
                return "the same is wanted twice: " + toText(map, {steps[i]}) + ", and " + toText(map, {steps[k]});
            else if (steps[i].node == steps[k].node && endsMembership(steps[i]) && endsMembership(steps[k]))
                return "a node can leave only once: " + toText(map, {steps[i]}) + ", and " + toText(map, {steps[k]}) +
                       "; keep one of the two";
    return {};
}

std::map<NodeId, std::uint64_t> replicated(const ClusterMap& map)
{
    std::map<NodeId, std::uint64_t> counts;
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition)
        for (const NodeId node : map.after(partition))
            ++counts[node];
    return counts;
}

/// Bytes in one replica of a partition, on average over those that the nodes report.
std::uint64_t bytesPerPartition(const ClusterMap& map, const std::vector<NodeReport>& nodes)
{
    std::uint64_t bytes = 0;
    for (const NodeReport& node : nodes)
        bytes += node.figures.dataBytes;
    return bytes / (std::uint64_t(map.partitionCount()) * map.before(0).size());
}

std::string stateText(NodeState state)
{
    return state == NodeState::Down || state == NodeState::Suspect ? std::string(toText(state)) : "not heard of";
}

/// What waits before a plan's change: sentences about it are for people who look at one plan.
void addWait(std::vector<std::string>& risks, const ClusterMap& now)
{
    const std::size_t changes = now.parts().queue.size() + now.isChanging();
    if (changes == 0)
        return;
    const WantedChange& first = now.isChanging() ? now.parts().change->wanted : now.parts().queue.front();
    const std::string before = changes == 1 ? std::string("the change before it is ") + (now.isAborting() ? "taken back: " : "done: ") : "the " + std::to_string(changes) + " changes before it are done, first: ";
    risks.push_back("it waits until " + before + toText(now, first.steps));
}

/// Sentences that name nodes as people do, and say what to do in no program's own words: terminal and console show the same ones.
/// @param planned what each node has to do
void addRisks(std::vector<std::string>& risks, const ClusterMap& map, const ClusterMap& after, const std::vector<ChangeStep>& steps,
              const std::vector<PlanNodeReport>& planned, const std::vector<NodeReport>& nodes)
{
    const auto stateOf = [&](NodeId id) {
        const auto node = std::ranges::find(nodes, id, &NodeReport::id);
        return node == nodes.end() ? NodeState::Up : node->state;
    };
    for (const ChangeStep& step : steps) {
        const auto node = std::ranges::find(planned, step.node, &PlanNodeReport::id);
        const NodeState state = stateOf(step.node);
        if (step.kind == Kind::Remove && state == NodeState::Up)
            risks.push_back(node->name + " is up: let it leave instead, and it hands over what it holds");
        if (step.kind == Kind::Replace && state == NodeState::Up)
            risks.push_back(node->name + " is up: it goes when the other one has taken its place");
        if (step.kind == Kind::Leave && state != NodeState::Up)
            risks.push_back(node->name + " is " + stateText(state) + " and can't hand over what it holds: remove it instead");
    }
    for (const PlanNodeReport& node : planned)
        if (const NodeState state = stateOf(node.id); state != NodeState::Up && node.partitionsToCopy > 0)
            risks.push_back(node.name + " is " + stateText(state) + ": what it has to copy (" + std::to_string(node.partitionsToCopy) +
                            " partitions) waits until it is back; start it, or replace it");
    const std::size_t zonesBefore = std::min<std::size_t>(zoneCount(map.parts().members), map.before(0).size());
    const std::size_t zonesAfter = zoneCount(after.members());
    if (zonesAfter < after.before(0).size() && zonesAfter < zonesBefore)
        risks.push_back("there will be " + std::to_string(zonesAfter) + (zonesAfter == 1 ? " zone for " : " zones for ") +
                        std::to_string(after.before(0).size()) + " replicas: some share a zone, and fail together with it");
}

/// @return nothing if it isn't known
std::optional<std::uint64_t> freeBytesOf(const Member& member, const ChangeBook::Wanted& wanted,
                                         const std::vector<NodeReport>& nodes)
{
    if (const auto said = wanted.freeBytes.find(member.diskId); said != wanted.freeBytes.end())
        return said->second;
    for (const NodeReport& node : nodes)
        if (node.id == member.id && node.figures.diskFreeBytes > 0)
            return node.figures.diskFreeBytes;
    return std::nullopt;
}

std::string megabytes(std::uint64_t bytes)
{
    return std::to_string(bytes >> 20) + " MB";
}

/// What each node has to do for the change. @param during the joint map between `map` and `after`
/// @param bytesPerSecond a node copies, as long as no limit forbids it
/// @return Refused if a newcomer hasn't the space
Result<void> listNodes(PlanReport& report, const ClusterMap& map, const ClusterMap& during, const ClusterMap& after,
                       const ChangeBook::Wanted& wanted, const std::vector<NodeReport>& nodes, std::uint64_t bytesPerSecond)
{
    std::map<NodeId, std::uint64_t> toCopy;
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition)
        for (const NodeId node : newReplicas(during, partition))
            ++toCopy[node];
    const std::uint64_t bytes = bytesPerPartition(map, nodes);
    std::map<NodeId, std::uint64_t> before = replicated(map);
    std::map<NodeId, std::uint64_t> then = replicated(after);
    std::uint64_t most = 0;
    for (const Member& member : during.members()) {
        PlanNodeReport& node = report.nodes.emplace_back();
        node.id = member.id;
        node.name = member.name;
        node.part = !map.member(member.id) ? "joins" : after.member(member.id) ? "stays" : "leaves";
        node.partitionsBefore = before[member.id];
        node.partitionsAfter = then[member.id];
        node.partitionsToCopy = toCopy[member.id];
        node.bytesToCopy = node.partitionsToCopy * bytes;
        report.partitionsMoved += node.partitionsToCopy;
        report.bytesMoved += node.bytesToCopy;
        most = std::max(most, node.bytesToCopy);
        const std::optional<std::uint64_t> free = freeBytesOf(member, wanted, nodes);
        if (!free || node.bytesToCopy * bytesOnDiskPerByte <= *free)
            continue;
        const std::string tooSmall = member.name + " has " + megabytes(*free) + " free on its disk and may need " +
                                     megabytes(node.bytesToCopy * bytesOnDiskPerByte);
        if (!map.member(member.id))
            return Error{ErrorCode::Refused, tooSmall + "; give it a larger disk, or start it with a lower --weight"};
        report.risks.push_back(tooSmall + "; make room there first");
    }
    const std::uint64_t limit = map.parts().copyMegabytesPerSecond * std::uint64_t(1'000'000);
    const std::uint64_t rate = limit == 0 ? bytesPerSecond : std::min(limit, bytesPerSecond);
    report.secondsEstimated = secondsMin + most / rate;
    return {};
}

constexpr std::size_t stepsMax = 256;

Result<ClusterMapPtr> enqueue(const ClusterMap& map, WantedChange wanted)
{
    constexpr std::size_t queueMax = 16;
    if (map.parts().queue.size() >= queueMax)
        return Error{ErrorCode::Refused, "16 changes wait already"};
    ClusterMapParts parts = map.parts();
    ++parts.revision;
    parts.queue.push_back(std::move(wanted));
    return ClusterMap::make(std::move(parts));
}

} // namespace

Result<ChangeBook::Wanted> ChangeBook::parse(const ClusterMap& map, const std::vector<std::string_view>& words)
{
    const Result<ClusterMapPtr> future = futureOf(map);
    if (!future)
        return future.error();
    Words reader(map, *future.value(), words);
    Wanted wanted;
    do {
        if (wanted.steps.size() >= stepsMax)
            return invalid("a change has at most 256 steps; make several of it");
        if (reader.skip("UNDER-STRENGTH"))
            wanted.isUnderStrength = true;
        else
            readStep(reader, wanted);
    } while (!reader.atEnd() && reader.problem().empty());
    if (!reader.problem().empty())
        return invalid(reader.problem());
    if (std::string twice = contradiction(*future.value(), wanted.steps); !twice.empty())
        return invalid(std::move(twice));
    return wanted;
}

Result<PlanReport> ChangeBook::plan(const ClusterMap& now, Wanted wanted, const std::vector<NodeReport>& nodes)
{
    const std::vector<ChangeStep>& steps = wanted.steps;
    // What is in progress and what waits come first: the plan is about the ring that they leave.
    const Result<ClusterMapPtr> future = futureOf(now);
    if (!future)
        return future.error();
    const ClusterMap& map = *future.value();
    Result<RingChange> change = planChange(map, {map.revision() + 1, steps});
    if (!change)
        return change.error();
    const bool isShort = change.value().members.size() < change.value().replicaCount && map.parts().members.size() >= map.replicaCount();
    if (isShort && !wanted.isUnderStrength)
        return Error{ErrorCode::Refused, std::to_string(change.value().members.size()) + " nodes can't keep " +
                                             std::to_string(change.value().replicaCount) +
                                             " replicas: add a node to the plan, or a lower number of replicas, or allow fewer nodes "
                                             "than replicas (UNDER-STRENGTH)"};
    const Result<ClusterMapPtr> joint = beginChange(map, std::move(change).value());
    if (!joint)
        return joint.error();
    const ClusterMap& during = *joint.value();
    const Result<ClusterMapPtr> after = finishChange(during);
    if (!after)
        return after.error();
    PlanReport report;
    report.number = now.revision() * 1000 + ++m_count;
    report.text = toText(map, steps);
    report.epoch = now.epoch();
    report.movedShare = movedShare(map, *after.value());
    report.balanceBefore = balanceOf(map).maxOverFair;
    report.balanceAfter = balanceOf(*after.value()).maxOverFair;
    report.ringAfter = after.value()->encode();
    if (const Result<void> listed = listNodes(report, map, during, *after.value(), wanted, nodes, m_bytesPerSecond); !listed)
        return listed.error();
    addWait(report.risks, now);
    addRisks(report.risks, map, *after.value(), steps, report.nodes, nodes);
    if (isShort)
        report.risks.push_back("every partition will have " + std::to_string(after.value()->before(0).size()) + " replicas instead of " +
                               std::to_string(after.value()->replicaCount()) + " until a node joins");
    m_plans.push_back({report.number, now.epoch(), std::move(wanted.steps)});
    if (m_plans.size() > plansMax)
        m_plans.pop_front();
    return report;
}

void ChangeBook::measure(TimePoint now, const ClusterMap& map, const std::vector<NodeReport>& nodes)
{
    constexpr std::uint64_t telling = 1 << 20; ///< less is no measure of a rate
    const bool copies = map.isChanging() && !map.isAborting() && !map.parts().change->paused;
    std::map<NodeId, std::uint64_t> copied;
    for (const NodeReport& node : nodes)
        if (copies && node.state == NodeState::Up && node.figures.partitionsCopied < node.figures.partitionsToCopy)
            copied[node.id] = node.figures.copiedBytes;
    const bool goesOn = map.epoch() == m_measured.epoch && std::ranges::any_of(copied, [this](const auto& entry) {
        return m_measured.copied.contains(entry.first);
    });
    if (!goesOn) {
        m_measured = {map.epoch(), now, std::move(copied)};
        return;
    }
    std::uint64_t most = 0;
    for (const auto& [node, bytes] : copied)
        if (const auto first = m_measured.copied.find(node); first != m_measured.copied.end() && bytes > first->second)
            most = std::max(most, bytes - first->second);
    const auto passed = std::chrono::duration_cast<Milliseconds>(now - m_measured.since).count();
    if (most >= telling && passed >= 1000)
        m_bytesPerSecond = std::max(most / static_cast<std::uint64_t>(passed) * 1000, telling);
}

void ChangeBook::drop(std::uint64_t number)
{
    std::erase_if(m_plans, [number](const Plan& plan) { return plan.number == number; });
}

Result<ChangeBook::Builder> ChangeBook::apply(const ClusterMap& map, std::uint64_t number)
{
    const auto plan = std::find_if(m_plans.begin(), m_plans.end(), [number](const Plan& each) { return each.number == number; });
    if (plan == m_plans.end())
        return Error{ErrorCode::Refused, "this node has no plan " + std::to_string(number) + "; apply it where it was made, or plan again"};
    if (plan->isApplied)
        return Error{ErrorCode::Refused, "plan " + std::to_string(number) +
                                             " has been applied already; QUOIT.CHANGES lists it, or else plan again"};
    if (plan->epoch != map.epoch())
        return Error{ErrorCode::Refused, "the ring has changed since the plan was made; plan again"};
    plan->isApplied = true;
    return Builder([steps = plan->steps, epoch = plan->epoch](const ClusterMap& now) -> Result<ClusterMapPtr> {
        if (now.epoch() != epoch)
            return Error{ErrorCode::Refused, "the ring has changed since the plan was made; plan again"};
        WantedChange wanted{now.revision() + 1, steps};
        if (now.isChanging() || !now.parts().queue.empty())
            return enqueue(now, std::move(wanted));
        Result<RingChange> change = planChange(now, wanted);
        if (!change)
            return change.error();
        return beginChange(now, std::move(change).value());
    });
}

ClusterMapPtr ChangeBook::withPause(const ClusterMap& map, bool paused)
{
    ClusterMapParts parts = map.parts();
    ++parts.revision;
    parts.change->paused = paused;
    return ClusterMap::make(std::move(parts)).value();
}

ChangesReport ChangeBook::changes(const ClusterMap& map, const std::vector<NodeReport>& nodes)
{
    ChangesReport report;
    report.epoch = map.epoch();
    report.copyMegabytesPerSecond = map.parts().copyMegabytesPerSecond;
    for (const WantedChange& wanted : map.parts().queue)
        report.queue.push_back({wanted.number, toText(map, wanted.steps)});
    for (const EndedChange& ended : map.parts().ended)
        report.ended.push_back({ended.number, toText(ended.outcome), ended.text, ended.epoch,
                                static_cast<std::uint64_t>(ended.endedMs), ended.partitions});
    if (!map.isChanging()) {
        report.state = "none";
        return report;
    }
    const RingChange& change = *map.parts().change;
    report.state = map.isAborting() ? "aborting" : change.paused ? "paused" : "copying";
    report.number = change.wanted.number;
    report.text = toText(map, change.wanted.steps);
    // Who has to copy how much is in the map. How far they are is in their figures, once those are of this change.
    std::map<NodeId, CopyReport> copies;
    for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition)
        for (const NodeId node : newReplicas(map, partition))
            ++copies[node].partitionsToCopy;
    for (const NodeReport& node : nodes) {
        const auto copy = copies.find(node.id);
        if (copy == copies.end() || node.figures.mapRevision < report.number ||
            node.figures.partitionsToCopy != copy->second.partitionsToCopy)
            continue;
        copy->second.partitionsCopied = node.figures.partitionsCopied;
        copy->second.bytesCopied = node.figures.copiedBytes;
    }
    for (auto& [node, copy] : copies) {
        copy.node = node;
        report.nodes.push_back(copy);
        report.partitionsToCopy += copy.partitionsToCopy;
        report.partitionsCopied += copy.partitionsCopied;
        report.bytesCopied += copy.bytesCopied;
    }
    return report;
}

} // namespace quoit
