#include "node/store/cache_policies.h"
#include "node/store/frequency_sketch.h"

#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

constexpr double windowShareFirst = 0.01;
constexpr double windowShareMin = 0.0005;
constexpr double windowShareMax = 0.8;
constexpr double protectedShare = 0.8; // of what isn't the window
constexpr double stepFirst = 0.0625;
constexpr double stepDecay = 0.98;
constexpr double hitRateJump = 0.05; // restarts the climb: the load has changed
constexpr double deviationsMin = 2;  // a smaller change of the hit rate is chance
constexpr double calmDecay = 0.2;    // of the window's way back to its first share while nothing but chance is seen
constexpr std::uint64_t sampleMin = 1000;

class TinyLfuPolicy final : public CachePolicy
{
public:
    explicit TinyLfuPolicy(std::uint64_t bytesMax)
        : m_bytesMax(bytesMax)
    {
        setWindow(windowShareFirst);
    }
    void inserted(CacheSlot slot, std::uint64_t hash, std::uint32_t bytes, CacheRank rank) override
    {
        m_nodes.reach(slot);
        m_sketch.reach(++m_entries);
        CacheNode& node = m_nodes[slot];
        node.hash = static_cast<std::uint32_t>((hash * 0x9e3779b97f4a7c15ULL) >> 32);
        node.bytes = std::min<std::uint32_t>(bytes, (1U << 30) - 1);
        m_sketch.add(node.hash);
        if (rank == 0)
            count(0, 1);
        enter(slot, rank == 0 ? Window : static_cast<Segment>(rank - 1));
        drainWindow();
    }
    void touched(std::span<const CacheSlot> slots) override
    {
        prefetch(slots);
        for (const CacheSlot slot : slots) {
            const CacheNode& node = m_nodes[slot];
            m_sketch.add(node.hash);
            const auto segment = static_cast<Segment>(node.mark);
            if (slot == m_lists[segment].newest && segment != Probation)
                continue;
            leave(slot);
            enter(slot, segment == Window ? Window : Protected);
        }
        while (m_bytes[Protected] > m_protectedBytesMax && m_lists[Protected].oldest != m_lists[Protected].newest)
            move(m_lists[Protected].oldest, Probation);
        count(slots.size(), 0);
    }
    CacheRank removed(CacheSlot slot) override
    {
        leave(slot);
        --m_entries;
        return m_nodes[slot].mark + 1;
    }
    CacheSlot victim() override
    {
        drainWindow();
        const CacheSlot candidate = m_lists[Window].oldest;
        const CacheSlot inMain = m_lists[m_lists[Probation].isEmpty() ? Protected : Probation].oldest;
        if (inMain == noCacheSlot || candidate == noCacheSlot)
            return inMain == noCacheSlot ? candidate : inMain;
        if (m_bytes[Window] <= m_windowBytesMax)
            return inMain;
        return m_sketch.estimate(m_nodes[candidate].hash) > m_sketch.estimate(m_nodes[inMain].hash) ? inMain
                                                                                                    : candidate;
    }

private:
    enum Segment : std::uint8_t { Window, Probation, Protected };

    /// All that the uses will touch lies anywhere in memory: fetched at once it costs little more than one of it.
    void prefetch(std::span<const CacheSlot> slots)
    {
        for (const CacheSlot slot : slots)
            __builtin_prefetch(&m_nodes[slot], 1);
        for (const CacheSlot slot : slots) {
            const CacheNode& node = m_nodes[slot];
            m_sketch.prefetch(node.hash);
            for (const CacheSlot neighbour : {node.newer, node.older})
                if (neighbour != noCacheSlot)
                    __builtin_prefetch(&m_nodes[neighbour], 1);
        }
    }
    void enter(CacheSlot slot, Segment segment)
    {
        m_nodes[slot].mark = segment;
        m_lists[segment].push(m_nodes, slot);
        m_bytes[segment] += m_nodes[slot].bytes;
    }
    void leave(CacheSlot slot)
    {
        const CacheNode& node = m_nodes[slot];
        m_lists[node.mark].take(m_nodes, slot);
        m_bytes[node.mark] -= node.bytes;
    }
    void move(CacheSlot slot, Segment segment)
    {
        leave(slot);
        enter(slot, segment);
    }
    /// Who is too old for the window goes where there is room without a contest.
    void drainWindow()
    {
        while (m_bytes[Window] > m_windowBytesMax) {
            const CacheSlot oldest = m_lists[Window].oldest;
            if (m_bytes[Probation] + m_bytes[Protected] + m_nodes[oldest].bytes > m_bytesMax - m_windowBytesMax)
                return;
            move(oldest, Probation);
        }
    }
    void setWindow(double share)
    {
        m_windowShare = std::clamp(share, windowShareMin, windowShareMax);
        m_windowBytesMax = static_cast<std::uint64_t>(m_windowShare * static_cast<double>(m_bytesMax));
        m_protectedBytesMax =
            static_cast<std::uint64_t>(protectedShare * static_cast<double>(m_bytesMax - m_windowBytesMax));
    }
    /// Hill climbing: a step further while more is found, back when it is less; smaller and smaller steps. What may be chance is no reason to go
    /// anywhere but home.
    void count(std::uint64_t hits, std::uint64_t misses)
    {
        m_hits += hits;
        m_requests += hits + misses;
        if (m_requests < std::max(sampleMin, m_entries))
            return;
        const auto requests = static_cast<double>(m_requests);
        const double rate = static_cast<double>(m_hits) / requests;
        const double change = rate - m_rateBefore;
        m_hits = m_requests = 0;
        m_rateBefore = rate;
        const double deviation = std::sqrt(2 * std::max(rate * (1 - rate), 1e-6) / requests);
        if (std::abs(change) < deviationsMin * deviation) {
            setWindow(m_windowShare + (windowShareFirst - m_windowShare) * calmDecay);
        } else {
            const double direction = change >= 0 ? m_step : -m_step;
            m_step = std::abs(change) >= hitRateJump ? std::copysign(stepFirst, direction) : direction * stepDecay;
            setWindow(m_windowShare + direction);
        }
        drainWindow();
    }

    const std::uint64_t m_bytesMax;
    SlotNodes<CacheNode> m_nodes; ///< mark: the segment
    SlotList<CacheNode> m_lists[3];
    std::uint64_t m_bytes[3] = {};
    std::uint64_t m_entries = 0;
    FrequencySketch m_sketch;
    double m_windowShare = 0;
    std::uint64_t m_windowBytesMax = 0;
    std::uint64_t m_protectedBytesMax = 0;
    std::uint64_t m_hits = 0; ///< of this sample
    std::uint64_t m_requests = 0;
    double m_rateBefore = 0;
    double m_step = -stepFirst;
};

} // namespace

std::unique_ptr<CachePolicy> makeTinyLfu(std::uint64_t bytesMax)
{
    return std::make_unique<TinyLfuPolicy>(bytesMax);
}

} // namespace quoit
