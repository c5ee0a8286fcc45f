#include "tests/sim/clients.h"

#include <algorithm>

namespace quoit::sim {

namespace {

/// A key of whose history as much is unknown is left alone: each unknown operation may double what the checker has to consider.
constexpr int unknownMax = 6;
constexpr int endingsMax = 6;
constexpr int evictionsMax = 12;
constexpr int evictingClient = 3'000;
constexpr double sequenceShare = 0.12;
constexpr std::uint64_t sequenceSeed = 0x73657175656e6365;
/// A growing key is judged for linearizability as well if no more of it is unknown.
constexpr int unknownOfGrowingMax = 6;
constexpr int scanClient = 1'000;
constexpr int finalClient = 2'000;
constexpr int finalTriesMax = 2;
constexpr std::int64_t roundingMs = 2;

bool isRegister(const std::string& key)
{
    return key.front() == 'r';
}

std::string replyOf(const Completion& completion)
{
    if (!completion.result.empty())
        return completion.result;
    if (!completion.record)
        return "_\r\n";
    return "$" + std::to_string(completion.record->value.size()) + "\r\n" + std::string(completion.record->value) + "\r\n";
}

bool isUnknown(const HistoryEntry& entry)
{
    return entry.returnedUs == HistoryEntry::never && !entry.refused;
}

} // namespace

Clients::Clients(World& world, std::uint64_t seed)
    : m_world(world)
    , m_parameters(world.parameters())
    , m_registers(static_cast<std::size_t>(m_parameters.registers))
    , m_sequences(seed ^ sequenceSeed)
{
    world.setAnswers(*this);
}

std::string Clients::keyOf(int slot) const
{
    return "r" + std::to_string(slot) + "." + std::to_string(m_registers[static_cast<std::size_t>(slot)].generation) +
           (m_parameters.onePartition ? "{q}" : "");
}

std::set<std::string> Clients::keys() const
{
    std::set<std::string> keys;
    for (const HistoryEntry& entry : m_history)
        keys.insert(entry.key);
    return keys;
}

void Clients::blame(const std::string& problem)
{
    if (m_problem.empty())
        m_problem = problem;
}

NodeId Clients::anyNode()
{
    const NodeId drawn = m_world.randomNode();
    if (m_world.takesRequests(drawn))
        return drawn;
    const std::vector<NodeId> ids = m_world.nodeIds();
    const auto place = std::find(ids.begin(), ids.end(), drawn) - ids.begin();
    for (std::size_t i = 1; i < ids.size(); ++i) {
        const NodeId id = ids[(static_cast<std::size_t>(place) + i) % ids.size()];
        if (m_world.takesRequests(id))
            return id;
    }
    return noNode;
}

// --- asking

void Clients::begin()
{
    m_left = m_parameters.operations;
    for (int i = 0; i < m_parameters.stableKeys; ++i) {
        HistoryEntry entry;
        entry.key = "t" + std::to_string(i);
        entry.kind = Kind::Set;
        entry.argument = "stable";
        ask(anyNode(), entry, {});
    }
    m_stableLeft = m_parameters.stableKeys;
    for (int i = 0; i < m_parameters.clients; ++i)
        m_world.at(static_cast<std::int64_t>(m_world.random().below(10'000)), [this, i] { client(i); });
    if (m_parameters.stableKeys > 0)
        m_world.at(1'000'000, [this] { client(scanClient); });
}

void Clients::again(int number)
{
    const auto mostUs = static_cast<std::uint64_t>(m_parameters.thinkUs);
    const std::int64_t intoUs = m_world.nowUs() % 1'000'000;
    const std::int64_t restUs = m_parameters.burstUs > 0 && intoUs > m_parameters.burstUs ? 1'000'000 - intoUs : 0;
    m_world.at(restUs + static_cast<std::int64_t>(m_world.random().below(mostUs)), [this, number] { client(number); });
}

void Clients::client(int number)
{
    if (number == finalClient || m_left <= 0)
        return;
    const NodeId node = anyNode();
    if (node == noNode) {
        m_world.at(20'000, [this, number] { client(number); });
        return;
    }
    if (number == scanClient) {
        if (m_stableLeft == 0)
            askScan(number);
        else
            m_world.at(100'000, [this, number] { client(number); });
        return;
    }
    --m_left;
    HistoryEntry entry = randomEntry(number);
    Asked asked;
    asked.client = number;
    asked.levelOne = entry.kind == Kind::Get && entry.key.front() == 's' && m_world.random().chance(0.5);
    if (entry.kind == Kind::Set && isRegister(entry.key) && m_world.random().chance(m_parameters.ttlShare)) {
        RegisterSlot& slot = m_registers[static_cast<std::size_t>(entry.key[1] - '0')];
        if (++slot.endings <= endingsMax)
            asked.ttlMs = 20 + static_cast<std::int64_t>(m_world.random().below(1500));
    }
    mayBecomeSequence(entry);
    ask(node, std::move(entry), asked);
}

HistoryEntry Clients::randomEntry(int client)
{
    HistoryEntry entry;
    entry.client = client;
    entry.argument = std::to_string(1000 + 10 * m_history.size());
    Random& random = m_world.random();
    const int which = static_cast<int>(random.below(static_cast<std::uint64_t>(m_parameters.registers + m_parameters.sets + m_parameters.counters)));
    if (which < m_parameters.registers) {
        entry.key = keyOf(which);
        drawRegisterEntry(entry);
        if (entry.kind != Kind::Get)
            entry.argument.resize(std::max(entry.argument.size(), m_parameters.valueBytes), '.');
    } else if (which < m_parameters.registers + m_parameters.sets) {
        entry.key = "s";
        entry.kind = random.chance(0.3) ? Kind::Get : Kind::Append;
        entry.argument = "," + entry.argument;
    } else {
        entry.key = "c";
        entry.kind = random.chance(0.2) ? Kind::Get : Kind::Increment;
    }
    return entry;
}

void Clients::drawRegisterEntry(HistoryEntry& entry)
{
    Random& random = m_world.random();
    if (random.chance(m_parameters.hotRead)) {
        entry.kind = Kind::Get;
        return;
    }
    if (m_parameters.deleteShare > 0 && random.chance(m_parameters.deleteShare)) {
        entry.kind = Kind::Delete;
        return;
    }
    static constexpr std::pair<Kind, std::uint64_t> shares[] = {{Kind::Get, 10},          {Kind::Set, 20},       {Kind::Delete, 14},
                                                                {Kind::CompareAndSet, 16}, {Kind::Increment, 16}, {Kind::SetIfAbsent, 12},
                                                                {Kind::Append, 6},         {Kind::Replace, 6}};
    std::uint64_t drawn = random.below(100);
    for (const auto& [kind, share] : shares) {
        entry.kind = kind;
        if (drawn < share)
            break;
        drawn -= share;
    }
    if (entry.kind != Kind::CompareAndSet)
        return;
    // Expects what was last written there, as far as anybody knows.
    for (std::size_t i = m_history.size(); i > 0 && m_history.size() - i < 20; --i) {
        const HistoryEntry& past = m_history[i - 1];
        const bool wrote = past.kind == Kind::Set || past.kind == Kind::CompareAndSet || past.kind == Kind::Replace;
        if (past.key == entry.key && wrote) {
            entry.expected = past.argument;
            break;
        }
    }
}

/// Now and then an operation becomes the first one of a sequence.
void Clients::mayBecomeSequence(HistoryEntry& entry)
{
    static constexpr Kind firsts[] = {Kind::Delete, Kind::Increment, Kind::SetIfAbsent, Kind::Append, Kind::Replace};
    static constexpr Kind others[] = {Kind::Get, Kind::Set, Kind::Delete, Kind::Increment, Kind::Increment, Kind::SetIfAbsent, Kind::Append};
    const bool mayBegin = std::find(std::begin(firsts), std::end(firsts), entry.kind) != std::end(firsts);
    if (!mayBegin || !isRegister(entry.key) || !m_sequences.chance(sequenceShare))
        return;
    const std::int64_t number = 1000 + 10 * static_cast<std::int64_t>(m_history.size());
    entry.parts.push_back({entry.kind, entry.argument});
    for (std::uint64_t left = 1 + m_sequences.below(4); left > 0; --left)
        entry.parts.push_back({others[m_sequences.below(std::size(others))], std::to_string(number + static_cast<std::int64_t>(left))});
    entry.kind = Kind::Sequence;
    entry.argument.clear();
    for (const SequencePart& part : entry.parts)
        entry.argument += std::string(entry.argument.empty() ? "" : "; ") + toText(part.kind) + ' ' + part.argument;
}

void Clients::ask(NodeId node, HistoryEntry entry, Asked asked)
{
    if (node == noNode) { // only at the very end: nobody is left who could answer
        blame("no node takes requests");
        return;
    }
    entry.calledUs = m_world.nowUs();
    if (asked.ttlMs > 0)
        entry.livesUntilUs = entry.calledUs + (asked.ttlMs - m_parameters.clockErrorMs() - roundingMs) * 1000;
    asked.entry = m_history.size();
    m_history.push_back(entry);
    Random& random = m_world.random();
    // Some reads go through the home, as operations that change nothing.
    const bool asRead = entry.kind == Kind::Get && (asked.levelOne || !random.chance(m_parameters.byHome));
    const bool all = !asked.final && (entry.kind == Kind::Set || asRead) && random.chance(0.05);
    const Level level = asked.levelOne ? Level::One : all ? Level::All : Level::Quorum;
    const RequestId request =
        m_world.submit(node, [entry, asRead, level, ttlMs = asked.ttlMs](Core& core, Now now, RequestId id) {
            if (asRead)
                core.submitRead(now, id, entry.key, level);
            else
                core.submitWrite(now, id, entry.key, encodeOperation(entry, ttlMs), level);
        });
    m_asked[request] = asked;
    m_world.say("client ", entry.client, " at n", node, " request ", request, ": ", toText(entry.kind), " ", entry.key, " ", entry.argument,
                " ", entry.expected, asked.ttlMs > 0 ? " PX " + std::to_string(asked.ttlMs) : std::string(), all ? " all" : "",
                asRead ? "" : " by the home");
}

void Clients::askScan(int client)
{
    const RequestId request = m_world.submit(anyNode(), [](Core& core, Now now, RequestId id) { core.submitScan(now, id, 0, 3); });
    Asked asked;
    asked.client = client;
    asked.entry = m_history.size();
    HistoryEntry entry; // a place holder, so that every request has one
    entry.client = client;
    entry.key = "scan";
    entry.refused = true;
    m_history.push_back(entry);
    m_asked[request] = asked;
    m_scans[request] = {};
}

// --- answers

void Clients::completed(NodeId, const Completion& completion)
{
    const auto found = m_asked.find(completion.request);
    QUOIT_ENSURE(found != m_asked.end());
    const Asked asked = found->second;
    m_asked.erase(found);
    answer(asked, completion);
    again(asked.client);
    if (asked.final && m_asked.empty())
        finaleStep();
}

void Clients::answer(const Asked& asked, const Completion& completion)
{
    HistoryEntry& entry = m_history[asked.entry];
    const bool done = completion.status == CompletionStatus::Done ||
                      (completion.status == CompletionStatus::NotEverywhere && entry.kind == Kind::Set);
    if (done) {
        entry.returnedUs = m_world.nowUs();
        entry.result = completion.status == CompletionStatus::Done ? replyOf(completion) : "+OK\r\n";
        if (asked.ttlMs > 0)
            entry.goneAfterUs = entry.returnedUs + (asked.ttlMs + m_parameters.clockErrorMs() + roundingMs) * 1000;
        m_stableLeft -= entry.key.front() == 't';
    } else if (completion.status == CompletionStatus::Unknown) {
        noteUnknown(entry);
    } else {
        entry.refused = true;
    }
    m_world.say("request ", completion.request, " of client ", entry.client, ": status ", static_cast<int>(completion.status), " ",
                entry.result.substr(0, entry.result.find('\r')), completion.record ? " " + std::string(completion.record->value) : "");
    if (asked.levelOne && done) {
        if (completion.record)
            judgeStaleSet(std::string(completion.record->value));
        entry.refused = true; // no part of what must be linearizable
    }
    if (completion.status == CompletionStatus::NoRoom)
        return;
    // So soon after a restart an honest answer may be that nobody knows; asked again, everything must go through.
    if (!done && asked.final && asked.tries < finalTriesMax) {
        Asked once = asked;
        ++once.tries;
        HistoryEntry again;
        again.client = entry.client;
        again.key = entry.key;
        again.kind = entry.kind;
        again.argument = (entry.key == "s" ? "," : "") + std::to_string(1000 + 10 * m_history.size());
        ask(anyNode(), again, once);
        return;
    }
    // With one node at a time only what was under way when it ended may be unknown; and homes that depose each other without need may find
    // what came of an attempt only in a record that nothing was built on.
    const bool excused = completion.status == CompletionStatus::Unknown && (m_parameters.oneAtATime || m_parameters.needlessTakeover > 0);
    if (!done && (asked.final || ((m_parameters.calm() || m_parameters.oneAtATime) && !excused)))
        blame("a request of client " + std::to_string(entry.client) + " (" + toText(entry.kind) + " " + entry.key + ") at " +
              std::to_string(entry.calledUs / 1000) + " ms failed with status " + std::to_string(static_cast<int>(completion.status)) +
              (asked.final ? " although all nodes were well" : " although nothing was broken"));
}

void Clients::noteUnknown(const HistoryEntry& entry)
{
    ++m_unknown;
    if (!isRegister(entry.key))
        return;
    const int slot = entry.key[1] - '0';
    RegisterSlot& current = m_registers[static_cast<std::size_t>(slot)];
    if (entry.key == keyOf(slot) && ++current.unknown >= unknownMax)
        current = {current.generation + 1, 0, 0, 0};
}

void Clients::lost(RequestId request)
{
    const auto found = m_asked.find(request);
    if (found == m_asked.end())
        return;
    const Asked asked = found->second;
    m_asked.erase(found);
    m_scans.erase(request);
    noteUnknown(m_history[asked.entry]);
    again(asked.client);
    if (asked.final)
        blame("a node ended although nothing was broken any more");
    else if (m_parameters.calm())
        blame("a request was lost with a node that has left, although nothing was broken");
}

void Clients::evicted(const std::string& key, const std::string& value)
{
    HistoryEntry entry;
    entry.client = evictingClient;
    entry.key = key;
    entry.kind = Kind::Evict;
    entry.expected = value;
    entry.calledUs = m_world.nowUs();
    m_history.push_back(entry);
    m_world.say("evicted ", key, " ", value);
    if (!isRegister(key))
        return;
    const int slot = key[1] - '0';
    RegisterSlot& current = m_registers[static_cast<std::size_t>(slot)];
    if (key == keyOf(slot) && ++current.evictions >= evictionsMax)
        current = {current.generation + 1, 0, 0, 0};
}

void Clients::scanned(NodeId node, const ScanPage& page)
{
    const auto found = m_asked.find(page.request);
    QUOIT_ENSURE(found != m_asked.end());
    const Asked asked = found->second;
    Scan scan = m_scans.at(page.request);
    m_asked.erase(found);
    m_scans.erase(page.request);
    if (page.status != CompletionStatus::Done) {
        m_world.at(300'000, [this, asked] { client(asked.client); });
        return;
    }
    for (const RecordSummary& record : page.records)
        scan.found.insert(record.key);
    scan.next = page.next;
    const NodeId next = m_world.takesRequests(node) ? node : anyNode();
    if (scan.next != 0 && next != noNode) {
        const RequestId request = m_world.submit(
            next, [position = scan.next](Core& core, Now now, RequestId id) { core.submitScan(now, id, position, 3); });
        m_asked[request] = asked;
        m_scans[request] = std::move(scan);
        return;
    }
    if (scan.next == 0) {
        ++m_scansDone;
        for (int i = 0; i < m_parameters.stableKeys; ++i)
            if (!scan.found.count("t" + std::to_string(i)))
                blame("a scan missed t" + std::to_string(i) + ", which was there throughout");
    }
    m_world.at(200'000, [this, asked] { client(asked.client); });
}

// --- the end

void Clients::beginFinale()
{
    m_finale = Finale::NotYet;
    finaleStep();
}

void Clients::beginLastLook()
{
    m_finale = Finale::LastLook;
    readEverything();
    if (m_asked.empty())
        finaleStep();
}

/// Goes on when nothing is under way; past phases that have nothing to do.
void Clients::finaleStep()
{
    while (m_asked.empty() && m_finale != Finale::Over) {
        if (m_finale == Finale::NotYet) {
            m_finale = Finale::Writing;
            writeEverything();
        } else if (m_finale == Finale::Writing) {
            m_finale = Finale::Reading;
            readEverything();
        } else if (m_finale == Finale::Reading) {
            m_finale = Finale::Deleting;
            deleteSome();
        } else {
            m_finale = Finale::Over;
        }
    }
}

void Clients::writeEverything()
{
    for (const std::string& key : keys()) {
        if (key == "scan" || key.front() == 't')
            continue;
        const std::string argument = (key == "s" ? "," : "") + std::to_string(1000 + 10 * m_history.size());
        askFinal(anyNode(), key, key == "s" ? Kind::Append : key == "c" ? Kind::Increment : Kind::SetIfAbsent, argument);
    }
}

void Clients::readEverything()
{
    for (const std::string& key : keys())
        for (const NodeId node : m_world.nodeIds())
            if (key != "scan" && !m_world.node(node).gone)
                askFinal(node, key, Kind::Get, {});
}

void Clients::deleteSome()
{
    for (const std::string& key : keys())
        if (isRegister(key) && m_world.random().chance(0.5))
            askFinal(anyNode(), key, Kind::Delete, {});
}

void Clients::askFinal(NodeId node, const std::string& key, Kind kind, const std::string& argument)
{
    HistoryEntry entry;
    entry.client = finalClient;
    entry.key = key;
    entry.kind = kind;
    entry.argument = argument;
    Asked asked;
    asked.client = finalClient;
    asked.final = true;
    ask(node, entry, asked);
}

// --- judging

/// A value read at level `one` may be old, but must consist of what was asked for.
void Clients::judgeStaleSet(const std::string& value)
{
    for (std::size_t begin = 0; begin < value.size();) {
        const std::size_t end = std::min(value.find(',', begin + 1), value.size());
        const std::string element = value.substr(begin, end - begin);
        const bool asked = std::any_of(m_history.begin(), m_history.end(), [&](const HistoryEntry& entry) {
            return entry.kind == Kind::Append && entry.key == "s" && entry.argument == element;
        });
        if (!asked)
            blame("a read at level one found " + element + ", which nobody wrote");
        begin = end;
    }
}

/// Sets and counters: what was acknowledged is there once, what is unknown at most once, what was refused not at all.
std::string Clients::judgeGrowing() const
{
    std::string set;
    std::int64_t counter = 0, counted = 0, open = 0;
    for (const HistoryEntry& entry : m_history) {
        if (entry.client == finalClient && entry.kind == Kind::Get && entry.result.front() == '$') {
            const std::size_t begin = entry.result.find('\n') + 1;
            const std::string value = entry.result.substr(begin, entry.result.size() - begin - 2);
            if (entry.key == "s")
                set = value + ",";
            if (entry.key == "c")
                counter = std::stoll(value);
        }
        if (entry.kind == Kind::Increment && entry.key == "c" && !entry.refused)
            ++(entry.returnedUs == HistoryEntry::never ? open : counted);
    }
    if (counter < counted || counter > counted + open)
        return "the counter is " + std::to_string(counter) + " after " + std::to_string(counted) + " increments and " +
               std::to_string(open) + " of unknown outcome";
    for (const HistoryEntry& entry : m_history) {
        if (entry.kind != Kind::Append || entry.key != "s")
            continue;
        const std::size_t first = set.find(entry.argument + ",");
        const std::size_t times =
            first == std::string::npos ? 0 : 1 + (set.find(entry.argument + ",", first + 1) != std::string::npos);
        const bool acknowledged = entry.returnedUs != HistoryEntry::never;
        if (times > 1 || (acknowledged && times == 0) || (entry.refused && times > 0))
            return "the set has element " + entry.argument.substr(1) + " " + std::to_string(times) + " times; it was " +
                   (acknowledged ? "acknowledged" : entry.refused ? "refused" : "of unknown outcome");
    }
    return {};
}

std::string Clients::judge()
{
    if (!m_problem.empty())
        return m_problem;
    if (std::string problem = judgeGrowing(); !problem.empty())
        return problem;
    std::map<std::string, int> unknown;
    for (const HistoryEntry& entry : m_history)
        unknown[entry.key] += isUnknown(entry);
    History judged;
    for (const HistoryEntry& entry : m_history)
        if (isRegister(entry.key) || entry.key.front() == 't' || unknown[entry.key] <= unknownOfGrowingMax)
            judged.push_back(entry);
    return checkLinearizable(judged);
}

} // namespace quoit::sim
