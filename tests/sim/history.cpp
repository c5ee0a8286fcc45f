#include "tests/sim/history.h"

#include "shared/resp/numbers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_set>
#include <utility>

namespace quoit::sim {

const char* toText(Kind kind)
{
    static const char* const texts[] = {"GET", "SET", "DEL", "CAS", "INCR", "SETNX", "APPEND", "SET GET", "SEQUENCE", "EVICT"};
    return texts[static_cast<std::size_t>(kind)];
}

namespace {

std::string valueReply(const RegisterState& state)
{
    return state.present ? "$" + std::to_string(state.value.size()) + "\r\n" + state.value + "\r\n" : "_\r\n";
}

} // namespace

std::string applySequentially(const HistoryEntry& entry, RegisterState& state)
{
    switch (entry.kind) {
    case Kind::Get:
        return valueReply(state);
    case Kind::Set:
        state = {true, entry.argument, entry.livesUntilUs, entry.goneAfterUs};
        return "+OK\r\n";
    case Kind::Replace: {
        const std::string reply = valueReply(state);
        state = {true, entry.argument};
        return reply;
    }
    case Kind::Evict:
        if (state.present && state.value == entry.expected)
            state = {};
        return {};
    case Kind::Delete: {
        const bool there = state.present;
        state = {};
        return there ? ":1\r\n" : ":0\r\n";
    }
    case Kind::CompareAndSet:
        if (entry.expected.empty() ? state.present : !state.present || state.value != entry.expected)
            return ":0\r\n";
        state = {true, entry.argument};
        return ":1\r\n";
    case Kind::Increment: {
        const std::optional<std::int64_t> number = state.present ? parseInteger(state.value) : 0;
        if (!number)
            return "-ERR value is not an integer or out of range\r\n";
        state.present = true;
        state.value = std::to_string(*number + 1);
        return ":" + state.value + "\r\n";
    }
    case Kind::SetIfAbsent:
        if (state.present)
            return ":0\r\n";
        state = {true, entry.argument};
        return ":1\r\n";
    case Kind::Append:
        state.present = true;
        state.value += entry.argument;
        return ":" + std::to_string(state.value.size()) + "\r\n";
    case Kind::Sequence: {
        std::string replies = "*" + std::to_string(entry.parts.size()) + "\r\n";
        for (const SequencePart& part : entry.parts) {
            HistoryEntry one;
            one.kind = part.kind;
            one.argument = part.argument;
            replies += applySequentially(one, state);
        }
        return replies;
    }
    }
    return {};
}

namespace {

constexpr std::size_t noEvent = 0; ///< the head of the list, which is none
constexpr const char* tooLong = "could not be judged within the checker's limit";

/// Its reply tells that it has changed nothing, whenever it took place.
bool isOnlyRead(const HistoryEntry& entry)
{
    switch (entry.kind) {
    case Kind::Get:
        return true;
    case Kind::Delete:
    case Kind::CompareAndSet:
    case Kind::SetIfAbsent:
        return entry.result == ":0\r\n";
    case Kind::Increment:
        return entry.result.starts_with('-');
    default:
        return false;
    }
}

/// One key's search: a list of calls and returns in time order, from which operations are taken out as they are placed.
class Search
{
public:
    Search(const std::vector<const HistoryEntry*>& entries, std::uint64_t stepsMax);
    /// Deepens: first with no operation of unknown outcome between two known ones, then with ever more of them, since an
    /// explanation rarely needs many and there are exponentially many ways to place them.
    std::string run();

private:
    struct Event
    {
        std::int64_t timeUs = 0;
        std::size_t entry = 0;
        bool isCall = false;
        std::size_t previous = 0;
        std::size_t next = 0; ///< 0: the end
    };
    enum class Outcome { Found, None, TooLong };
    Outcome searchWith(std::size_t unknownInRowMax);
    /// Whoever returns first is tried first: what has long to go can nearly always wait.
    std::size_t candidateAfter(std::size_t tried) const;
    std::size_t dueOf(std::size_t event) const
    {
        const std::size_t end = m_returns[m_events[event].entry];
        return end != 0 ? end : m_events.size() + event;
    }
    void unlink(std::size_t event);
    void relink(std::size_t event);
    /// @return false if the search has been in that state with the same entries placed
    bool isNews(const RegisterState& state, std::size_t unknownInRow);
    bool place(std::size_t event);
    /// The end of the value's time to live, between what is placed and what is not.
    bool placeEnd();
    /// Only a read that fits. It needs no other place: wherever an order has it later, it may as well have it now.
    std::size_t readCandidate() const;
    /// Places the first candidate behind `tried` that fits, the end of the time to live last. @return false if there is none
    bool placeNext(std::size_t tried);
    /// @return what was placed last
    std::size_t takeBack();
    void mark(std::size_t entry) { m_placed[entry / 8] = static_cast<char>(m_placed[entry / 8] ^ 1 << entry % 8); }

    const std::vector<const HistoryEntry*>& m_entries;
    const std::uint64_t m_stepsMax;
    std::uint64_t m_steps = 0; ///< tries to place an entry
    std::vector<Event> m_events{1}; ///< the first is the head
    std::vector<std::size_t> m_returns;
    std::size_t m_definite = 0;
    std::string m_placed; ///< a bit for each entry
    RegisterState m_state;
    std::unordered_set<std::string> m_seen;
    struct Placed
    {
        std::size_t event;
        RegisterState before;
        std::size_t unknownInRow; ///< before it was placed
        bool isOnlyChoice = false; ///< nothing else is tried in its place
    };
    std::vector<Placed> m_stack;
    std::size_t m_unknownInRow = 0;
    std::size_t m_unknownInRowMax = 0;
    bool m_cutShort = false; ///< something was not tried because of the maximum
};

Search::Search(const std::vector<const HistoryEntry*>& entries, std::uint64_t stepsMax)
    : m_entries(entries)
    , m_stepsMax(stepsMax)
    , m_returns(entries.size())
    , m_placed((entries.size() + 7) / 8, '\0')
{
    struct Moment
    {
        std::int64_t timeUs;
        bool isReturn;
        std::size_t entry;
    };
    std::vector<Moment> moments;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        moments.push_back({entries[i]->calledUs, false, i});
        if (entries[i]->returnedUs != HistoryEntry::never)
            moments.push_back({entries[i]->returnedUs, true, i});
    }
    std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
        return std::tie(a.timeUs, a.isReturn, a.entry) < std::tie(b.timeUs, b.isReturn, b.entry);
    });
    std::size_t last = 0;
    for (const Moment& moment : moments) {
        m_events[last].next = m_events.size();
        if (moment.isReturn) {
            m_returns[moment.entry] = m_events.size();
            ++m_definite;
        }
        m_events.push_back({moment.timeUs, moment.entry, !moment.isReturn, last, 0});
        last = m_events.size() - 1;
    }
}

void Search::unlink(std::size_t event)
{
    m_events[m_events[event].previous].next = m_events[event].next;
    if (m_events[event].next != 0)
        m_events[m_events[event].next].previous = m_events[event].previous;
}

void Search::relink(std::size_t event)
{
    m_events[m_events[event].previous].next = event;
    if (m_events[event].next != 0)
        m_events[m_events[event].next].previous = event;
}

bool Search::isNews(const RegisterState& state, std::size_t unknownInRow)
{
    return m_seen.insert(m_placed + static_cast<char>('0' + unknownInRow) + (state.present ? '+' : '-') + std::to_string(state.livesUntilUs) + ' ' + state.value)
        .second;
}

bool Search::place(std::size_t event)
{
    ++m_steps;
    const std::size_t entry = m_events[event].entry;
    const bool definite = m_returns[entry] != 0;
    if (m_state.goneAfterUs < m_entries[entry]->calledUs && m_entries[entry]->kind != Kind::Evict)
        return false; // its end comes first
    RegisterState after = m_state;
    const std::string result = applySequentially(*m_entries[entry], after);
    // One of unknown outcome that would change nothing here explains nothing here.
    if (definite ? result != m_entries[entry]->result : after == m_state)
        return false;
    if (!definite && m_unknownInRow == m_unknownInRowMax) {
        m_cutShort = true;
        return false;
    }
    const std::size_t inRow = definite ? 0 : m_unknownInRow + 1;
    mark(entry);
    if (!isNews(after, inRow)) {
        mark(entry);
        return false;
    }
    m_stack.push_back({event, std::move(m_state), m_unknownInRow});
    m_state = std::move(after);
    m_unknownInRow = inRow;
    unlink(event);
    if (definite) {
        unlink(m_returns[entry]);
        --m_definite;
    }
    return true;
}

bool Search::placeEnd()
{
    if (!m_state.present || m_state.livesUntilUs == HistoryEntry::never)
        return false;
    std::size_t next = m_events[0].next;
    while (m_events[next].isCall)
        next = m_events[next].next;
    if (m_events[next].timeUs < m_state.livesUntilUs || !isNews({}, m_unknownInRow))
        return false;
    m_stack.push_back({noEvent, std::exchange(m_state, {}), m_unknownInRow, true}); // it was tried last
    return true;
}

std::size_t Search::takeBack()
{
    const std::size_t event = m_stack.back().event;
    m_state = std::move(m_stack.back().before);
    m_unknownInRow = m_stack.back().unknownInRow;
    m_stack.pop_back();
    if (event == noEvent)
        return event;
    const std::size_t entry = m_events[event].entry;
    mark(entry);
    if (m_returns[entry] != 0) {
        relink(m_returns[entry]);
        ++m_definite;
    }
    relink(event);
    return event;
}

std::size_t Search::candidateAfter(std::size_t tried) const
{
    const std::size_t after = tried == noEvent ? 0 : dueOf(tried);
    std::size_t best = 0;
    for (std::size_t event = m_events[0].next; event != 0 && m_events[event].isCall; event = m_events[event].next)
        if (dueOf(event) > after && (best == 0 || dueOf(event) < dueOf(best)))
            best = event;
    return best;
}

std::size_t Search::readCandidate() const
{
    RegisterState same = m_state;
    for (std::size_t event = m_events[0].next; event != noEvent && m_events[event].isCall; event = m_events[event].next) {
        const HistoryEntry& entry = *m_entries[m_events[event].entry];
        if (m_returns[m_events[event].entry] != 0 && isOnlyRead(entry) && m_state.goneAfterUs >= entry.calledUs) {
            if (applySequentially(entry, same) == entry.result)
                return event;
            same = m_state;
        }
    }
    return noEvent;
}

bool Search::placeNext(std::size_t tried)
{
    if (tried == noEvent) {
        const std::size_t read = readCandidate();
        if (read != noEvent) {
            if (!place(read))
                return false;
            m_stack.back().isOnlyChoice = true;
            return true;
        }
    }
    for (std::size_t event = candidateAfter(tried); event != noEvent; event = candidateAfter(event))
        if (place(event))
            return true;
    return placeEnd();
}

Search::Outcome Search::searchWith(std::size_t unknownInRowMax)
{
    m_unknownInRowMax = unknownInRowMax;
    m_cutShort = false;
    m_seen.clear();
    m_steps = 0;
    std::size_t tried = noEvent;
    while (m_definite > 0) {
        if (m_steps > m_stepsMax)
            return Outcome::TooLong;
        if (placeNext(tried)) {
            tried = noEvent;
            continue;
        }
        bool wasOnlyChoice = true;
        while (wasOnlyChoice) {
            if (m_stack.empty())
                return Outcome::None;
            wasOnlyChoice = m_stack.back().isOnlyChoice;
            tried = takeBack();
        }
    }
    return Outcome::Found;
}

std::string Search::run()
{
    constexpr std::size_t inRowTriedMax = 6;
    bool cut = false;
    for (std::size_t unknownInRowMax = 0;; ++unknownInRowMax) {
        const Outcome outcome = searchWith(unknownInRowMax);
        if (outcome == Outcome::Found)
            return {};
        if (outcome == Outcome::TooLong) // a deeper search may still come by an explanation sooner
            cut = true;
        else if (!m_cutShort)
            return "is not linearizable";
        if (cut && unknownInRowMax >= inRowTriedMax)
            return tooLong;
        while (!m_stack.empty())
            takeBack();
    }
}

/// The history as it was known right after the entry's reply.
std::vector<const HistoryEntry*> prefixOf(const std::vector<const HistoryEntry*>& entries, std::int64_t endUs,
                                          std::vector<HistoryEntry>& storage)
{
    storage.clear();
    storage.reserve(entries.size());
    for (const HistoryEntry* entry : entries) {
        if (entry->calledUs > endUs)
            continue;
        storage.push_back(*entry);
        if (entry->returnedUs > endUs)
            storage.back().returnedUs = HistoryEntry::never;
    }
    std::vector<const HistoryEntry*> prefix;
    for (const HistoryEntry& entry : storage)
        if (entry.kind != Kind::Get || entry.returnedUs != HistoryEntry::never)
            prefix.push_back(&entry);
    return prefix;
}

/// Names the reply that no order explains: the end of the shortest prefix that is wrong (every longer one is, too).
std::string blame(const std::vector<const HistoryEntry*>& entries, std::uint64_t stepsMax, std::string problem)
{
    std::vector<const HistoryEntry*> returns;
    for (const HistoryEntry* entry : entries)
        if (entry->returnedUs != HistoryEntry::never)
            returns.push_back(entry);
    std::sort(returns.begin(), returns.end(), [](auto* a, auto* b) { return a->returnedUs < b->returnedUs; });
    std::size_t good = 0, bad = returns.size();
    std::vector<HistoryEntry> storage;
    while (good + 1 < bad) {
        const std::size_t middle = (good + bad) / 2;
        const auto prefix = prefixOf(entries, returns[middle - 1]->returnedUs, storage);
        const std::string found = Search(prefix, stepsMax).run();
        (found.empty() ? good : bad) = middle;
        if (!found.empty())
            problem = found;
    }
    const HistoryEntry& entry = *returns[bad - 1];
    return problem + " from the reply of client " + std::to_string(entry.client) + " at " + std::to_string(entry.returnedUs / 1000) +
           " ms on, " + toText(entry.kind) + " " + entry.argument + " -> " + entry.result.substr(0, entry.result.find('\r'));
}

} // namespace

std::string checkLinearizable(const History& history, std::uint64_t stepsMax)
{
    std::map<std::string, std::vector<const HistoryEntry*>> byKey;
    for (const HistoryEntry& entry : history) {
        const bool openRead = entry.kind == Kind::Get && entry.returnedUs == HistoryEntry::never;
        if (!entry.refused && !openRead)
            byKey[entry.key].push_back(&entry);
    }
    for (const auto& [key, entries] : byKey) {
        const std::string problem = Search(entries, stepsMax).run();
        if (problem == tooLong)
            return "the history of key " + key + " " + problem;
        if (!problem.empty())
            return "the history of key " + key + " " + blame(entries, stepsMax, problem);
    }
    return {};
}

} // namespace quoit::sim
