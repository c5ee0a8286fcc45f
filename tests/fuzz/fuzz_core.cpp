// Fuzzes a whole node's protocol with messages that decode and yet are wild: node/core.
// Input: steps, each a byte that says what happens (Step; its upper bit: to which peer) and what that needs; 0 ends
// them.
#include "node/commands/command_logic.h"
#include "node/commands/parse.h"
#include "node/core/core.h"
#include "node/peer/message_codec.h"
#include "shared/ring/position.h"
#include "tests/fuzz/fuzz.h"

#include <map>

using namespace quoit;

namespace {

constexpr int stepsMax = 200;
constexpr std::size_t sleepsAtEnd = 120;
constexpr Epoch epoch = 1;
constexpr RequestId scanRequest = 1'000'000; // whose pages aren't waited for

enum class Step { Connected = 1, Disconnected, ShortSleep, LongSleep, Write, Read, Synced, Scan, Count, Full, Locate };

/// Holds what became durable.
class MemorySource : public RecordSource
{
public:
    void put(const PersistBatch& batch)
    {
        for (const auto& [position, record] : batch.records)
            m_records[{position, std::string(record->key)}] = record;
        for (const Removal& removal : batch.removals) {
            const auto found = m_records.find({removal.position, removal.key});
            if (found != m_records.end() && found->second->version <= removal.version)
                m_records.erase(found);
        }
    }
    RecordPtr find(Position position, std::string_view key) override
    {
        const auto found = m_records.find({position, std::string(key)});
        return found == m_records.end() ? nullptr : found->second;
    }
    std::vector<RecordSummary> list(Position first, Position last, std::size_t limit) override
    {
        std::vector<RecordSummary> summaries;
        for (auto it = m_records.lower_bound({first, {}}); it != m_records.end() && it->first.first <= last; ++it) {
            if (summaries.size() >= limit && summaries.back().position != it->first.first)
                break;
            summaries.push_back(summaryOf(it->first.first, *it->second));
        }
        return summaries;
    }
    ExpiredKeys expired(std::int64_t nowMs, std::size_t, const ExpiryPlace& after) override
    {
        ExpiredKeys found{{}, after, true};
        for (const auto& [place, record] : m_records)
            if (!record->tombstone && record->expiryMs != 0 && record->expiryMs <= nowMs)
                found.keys.push_back(summaryOf(place.first, *record));
        return found;
    }

private:
    static RecordSummary summaryOf(Position position, const Record& record)
    {
        return {position, std::string(record.key), record.version, record.tombstone, record.expiryMs, record.value.size()};
    }

    std::map<std::pair<Position, std::string>, RecordPtr> m_records;
};

StoredState firstStart()
{
    static const ClusterMapPtr map = [] {
        ClusterMapParts parts;
        parts.epoch = epoch;
        parts.partitionCount = 16;
        for (NodeId id = 1; id <= 3; ++id) {
            Member member;
            member.id = id;
            member.tokens = {id};
            parts.members.push_back(std::move(member));
        }
        return ClusterMap::make(std::move(parts)).value();
    }();
    StoredState state;
    state.identity = {"disk", 1, 1};
    state.map = map;
    return state;
}

/// Node 1 of three; the input plays its disk, its clients, its clock and the other two.
class Node
{
public:
    Node()
        : m_core(options(), firstStart(), m_source, m_logic, 1, now())
    {}

    void step(std::uint8_t what, fuzz::Input& input)
    {
        static constexpr const char* keys[] = {"a", "b", "k1"};
        const NodeId peer = 2 + (what >> 7);
        const bool flag = what & 16;
        switch (static_cast<Step>(what % 16)) {
        case Step::Connected:
            return m_core.peerConnected(now(), peer);
        case Step::Disconnected:
            return m_core.peerDisconnected(now(), peer);
        case Step::ShortSleep:
            return sleep(Milliseconds(input.u8()));
        case Step::LongSleep:
            return sleep(Milliseconds(100 * input.u8()));
        case Step::Write:
            return m_core.submitWrite(now(), ++m_requests, keys[input.u8() % 3], encodeSet("v"),
                                      flag ? Level::All : Level::Quorum);
        case Step::Read:
            return m_core.submitRead(now(), ++m_requests, keys[input.u8() % 3], static_cast<Level>(input.u8() % 3));
        case Step::Synced:
            return sync();
        case Step::Scan:
            return m_core.submitScan(now(), scanRequest, input.u64(), input.u8());
        case Step::Count:
            return m_core.submitCount(now(), ++m_requests);
        case Step::Full:
            return m_core.diskSpace(now(), flag ? static_cast<DiskSpace>(1 + input.u8() % 2) : DiskSpace::Ample);
        case Step::Locate:
            return m_core.submitLocate(now(), ++m_requests, keys[input.u8() % 3]);
        }
        hear(peer, input);
    }

    /// The core's word on what it wants done is taken at once.
    void carryOut()
    {
        for (Effects effects = m_core.takeEffects(); !effects.empty(); effects = m_core.takeEffects()) {
            for (const Outgoing& outgoing : effects.messages) {
                ByteWriter writer;
                encodeMessage(writer, outgoing.message);
            }
            m_answers += effects.completions.size() + effects.counts.size() + effects.locations.size();
            if (!effects.persist.empty())
                m_waiting.push_back(std::move(effects.persist));
        }
        FUZZ_CHECK(m_answers <= m_requests);
    }

    void sleep(Milliseconds duration)
    {
        m_time += duration;
        m_core.tick(now());
    }
    bool answeredAll() const { return m_answers == m_requests; }

private:
    static CoreOptions options()
    {
        CoreOptions options;
        options.hintsMax = 8;
        options.memoryOperationsMax = 16;
        return options;
    }
    Now now() const { return {TimePoint(m_time), 1'700'000'000'000 + m_time.count()}; }

    void sync()
    {
        if (m_waiting.empty())
            return;
        const PersistSequence last = m_waiting.back().sequence;
        for (const PersistBatch& batch : m_waiting)
            m_source.put(batch);
        m_waiting.clear();
        m_core.persisted(now(), last, 0);
    }

    void hear(NodeId from, fuzz::Input& input)
    {
        std::string bytes(1, static_cast<char>(input.u8()));
        bytes.push_back(static_cast<char>(epoch));
        bytes.append(input.text());
        ByteReader reader(bytes);
        Message message = decodeMessage(reader);
        if (reader.ok())
            m_core.receive(now(), from, std::move(message));
    }

    MemorySource m_source;
    const CommandLogic m_logic;
    Milliseconds m_time{1000};
    Core m_core;
    std::vector<PersistBatch> m_waiting;
    std::size_t m_requests = 0;
    std::size_t m_answers = 0;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    fuzz::Input input(data, byteCount);
    Node node;
    for (int i = 0; i < stepsMax; ++i) {
        const std::uint8_t what = input.u8();
        if (what == 0)
            break;
        node.step(what, input);
        node.carryOut();
    }
    // Whatever peers do or don't, and if the disk never answers again: no request hangs.
    for (std::size_t i = 0; i < sleepsAtEnd && !node.answeredAll(); ++i) {
        node.sleep(Milliseconds(250));
        node.carryOut();
    }
    FUZZ_CHECK(node.answeredAll());
    return 0;
}
