#include "node/server/hot_keys.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace quoit {

namespace {

constexpr double halfLifeSeconds = 2;

/// One key over all nodes, of one kind of request.
struct Sum
{
    std::uint64_t perSecond = 0;
    std::uint64_t tooHigh = 0;      ///< at most
    std::uint64_t listedFloors = 0; ///< of the lists that have the key: those need no allowance for what isn't listed
};

std::uint64_t rounded(double value)
{
    return static_cast<std::uint64_t>(std::llround(value));
}

std::map<std::string_view, Sum> sumsOf(const std::vector<const HotKeyList*>& lists)
{
    std::map<std::string_view, Sum> sums;
    for (const HotKeyList* list : lists)
        for (const HotKeyRate& rate : list->keys) {
            Sum& sum = sums[rate.key];
            sum.perSecond += rate.perSecond;
            sum.tooHigh += rate.error;
            sum.listedFloors += list->floor;
        }
    return sums;
}

} // namespace

HotKeys::HotKeys(std::uint64_t seed)
    : m_random(seed)
{}

void HotKeys::tick(double seconds)
{
    m_seconds += seconds;
    makeList(m_reads);
    makeList(m_writes);
    const double factor = std::exp2(-seconds / halfLifeSeconds);
    m_reads.sketch.decay(factor);
    m_writes.sketch.decay(factor);
    m_seconds *= factor;
    m_notedInTick = 0;
}

void HotKeys::makeList(Side& side) const
{
    side.list.keys.clear();
    double floor = side.sketch.floor();
    for (CountedKey& counted : side.sketch.top(SpaceSaving::countersMax)) {
        const std::uint64_t perSecond = rounded(counted.count / m_seconds);
        if (perSecond > 0 && counted.count >= 2 * counted.error && side.list.keys.size() < listedMax)
            side.list.keys.push_back({std::move(counted.key), perSecond, rounded(counted.error / m_seconds)});
        else
            floor = std::max(floor, counted.count);
    }
    side.list.floor = rounded(floor / m_seconds);
}

std::vector<HotKeyReport> mergeHotKeys(const std::vector<const HotKeyList*>& reads, const std::vector<const HotKeyList*>& writes,
                                       std::size_t countMax)
{
    std::map<std::string_view, HotKeyReport> merged;
    const auto add = [&merged](const std::vector<const HotKeyList*>& lists, std::uint64_t HotKeyReport::*rate,
                               std::uint64_t HotKeyReport::*error) {
        std::uint64_t floors = 0;
        for (const HotKeyList* list : lists)
            floors += list->floor;
        for (const auto& [key, sum] : sumsOf(lists)) {
            merged[key].*rate = sum.perSecond;
            merged[key].*error = std::max(sum.tooHigh, floors - std::min(floors, sum.listedFloors));
        }
    };
    add(reads, &HotKeyReport::readsPerSecond, &HotKeyReport::readsError);
    add(writes, &HotKeyReport::writesPerSecond, &HotKeyReport::writesError);
    std::vector<HotKeyReport> reports;
    for (auto& [key, report] : merged) {
        report.key = key;
        reports.push_back(std::move(report));
    }
    std::stable_sort(reports.begin(), reports.end(), [](const HotKeyReport& a, const HotKeyReport& b) {
        return a.readsPerSecond + a.writesPerSecond > b.readsPerSecond + b.writesPerSecond;
    });
    reports.resize(std::min(reports.size(), countMax));
    return reports;
}

} // namespace quoit
