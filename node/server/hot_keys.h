// node/server/hot_keys.h - which keys the clients of this node ask for most, now; and how the nodes' lists become the cluster's.
// Pure. Reads and writes are counted apart, each with a SpaceSaving. Counts are halved every two seconds, so that a list shows what is hot
// now. Up to a bound every request is counted, beyond it one in eight, for eight: the cost of a request stays below that of its reply.
#pragma once

#include "node/server/space_saving.h"
#include "shared/admin/hot_keys_report.h"
#include "shared/base/random.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

/// One hot key of one node. Rates in requests per second; the sampling's chance comes on top of the error.
struct HotKeyRate
{
    std::string key;              ///< its first SpaceSaving::keyBytesMax bytes
    std::uint64_t perSecond = 0;  ///< at least its rate
    std::uint64_t error = 0;      ///< by at most how much that is too high

    bool operator==(const HotKeyRate&) const = default;
};

/// Descending by rate. Keys of whose rate less than half is certain aren't listed: they are where no key stands out.
struct HotKeyList
{
    std::vector<HotKeyRate> keys;
    std::uint64_t floor = 0; ///< the largest rate that a key may have without being listed

    bool operator==(const HotKeyList&) const = default;
};

class HotKeys
{
public:
    static constexpr std::size_t listedMax = 16;
    static constexpr std::uint32_t countedAllPerTick = 2000; ///< so many are all counted, before sampling begins
    static constexpr std::uint32_t sampledOneIn = 8;

    /// @param seed for the sampling
    explicit HotKeys(std::uint64_t seed);

    /// A client asks for a key. @param keyHash of the whole key
    void note(std::string_view key, std::uint64_t keyHash, bool isWrite)
    {
        double weight = 1;
        if (++m_notedInTick > countedAllPerTick) {
            if (m_random.next() % sampledOneIn != 0)
                return;
            weight = sampledOneIn;
        }
        (isWrite ? m_writes : m_reads).sketch.add(key, keyHash, weight);
    }
    /// Makes the lists anew. About once a second. @param seconds since the last call, > 0
    void tick(double seconds);

    const HotKeyList& reads() const { return m_reads.list; }
    const HotKeyList& writes() const { return m_writes.list; }

private:
    struct Side
    {
        SpaceSaving sketch;
        HotKeyList list;
    };
    void makeList(Side& side) const;

    Side m_reads;
    Side m_writes;
    Random m_random;
    std::uint32_t m_notedInTick = 0;
    double m_seconds = 0; ///< that the counts stand for: decayed as they are
};

/// The hottest keys of several nodes, descending by reads and writes together, then by key. A key that a node doesn't list may have up to
/// the list's floor there: that is part of the error. Keys that share their first SpaceSaving::keyBytesMax bytes count as one.
std::vector<HotKeyReport> mergeHotKeys(const std::vector<const HotKeyList*>& reads, const std::vector<const HotKeyList*>& writes,
                                       std::size_t countMax);

} // namespace quoit
