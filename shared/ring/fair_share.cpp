// shared/ring/fair_share.cpp - water-filling: one level for all nodes, cut off where a node or a zone is full.
#include "shared/ring/fair_share.h"

#include <algorithm>
#include <cmath>

namespace quoit::ring {

namespace {

constexpr int weightBits = 16;

struct Zone
{
    std::vector<std::uint64_t> weights; // in 1/65536 of the largest
    std::uint64_t loadMin = 0;
    std::uint64_t loadMax = 0;
};

/// A node of the largest weight has load `level`, unless it is full.
std::uint64_t loadAt(std::uint64_t level, std::uint64_t weight, std::uint64_t full)
{
    return std::min(full, (level * weight) >> weightBits);
}

std::uint64_t nodesLoadAt(std::uint64_t level, const Zone& zone, std::uint64_t full)
{
    std::uint64_t sum = 0;
    for (const std::uint64_t weight : zone.weights)
        sum += loadAt(level, weight, full);
    return sum;
}

/// The lowest level at which loadOf(level) reaches the wanted load, or the highest level if none does.
template <typename LoadOf>
std::uint64_t levelFor(std::uint64_t wanted, std::uint64_t full, LoadOf loadOf)
{
    std::uint64_t low = 0;
    std::uint64_t high = full << weightBits; // here even the lightest node is full
    while (low < high) {
        const std::uint64_t middle = (low + high) / 2;
        if (loadOf(middle) < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

std::vector<Zone> zonesOf(const std::vector<double>& weights, const ZoneTable& zones, std::uint64_t full,
                          std::uint32_t setSize)
{
    const double heaviest = *std::max_element(weights.begin(), weights.end());
    std::vector<Zone> result(zones.zoneCount);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        const long long scaled = std::llround(weights[i] / heaviest * (1 << weightBits));
        result[zones.zoneOf[i]].weights.push_back(static_cast<std::uint64_t>(std::max(1LL, scaled)));
    }
    const std::uint32_t extras = setSize > zones.zoneCount ? setSize - zones.zoneCount : 0;
    for (Zone& zone : result) {
        zone.loadMin = zones.zoneCount <= setSize ? full : 0;
        zone.loadMax = full * (1 + extras);
    }
    return result;
}

} // namespace

std::vector<std::uint64_t> fairLoads(const std::vector<double>& weights, const ZoneTable& zones,
                                     std::uint32_t partitionCount, std::uint32_t setSize)
{
    const std::uint64_t full = partitionCount * fairUnit;
    const std::vector<Zone> zoneList = zonesOf(weights, zones, full, setSize);
    const auto zoneLoadAt = [full](std::uint64_t level, const Zone& zone) {
        return std::clamp(nodesLoadAt(level, zone, full), zone.loadMin, zone.loadMax);
    };
    const std::uint64_t level = levelFor(full * setSize, full, [&](std::uint64_t candidate) {
        std::uint64_t sum = 0;
        for (const Zone& zone : zoneList)
            sum += zoneLoadAt(candidate, zone);
        return sum;
    });

    std::vector<std::vector<std::uint64_t>> loads;
    for (const Zone& zone : zoneList) {
        const std::uint64_t inside = levelFor(
            zoneLoadAt(level, zone), full, [&](std::uint64_t candidate) { return nodesLoadAt(candidate, zone, full); });
        std::vector<std::uint64_t>& list = loads.emplace_back();
        for (const std::uint64_t weight : zone.weights)
            list.push_back(std::max<std::uint64_t>(1, loadAt(inside, weight, full)));
    }
    std::vector<std::uint64_t> result;
    std::vector<std::size_t> next(zones.zoneCount);
    for (const std::uint32_t zone : zones.zoneOf)
        result.push_back(loads[zone][next[zone]++]);
    return result;
}

std::vector<std::uint64_t> fairRears(std::vector<double> weights, ZoneTable zones, std::uint32_t partitionCount,
                                     std::uint32_t setSize)
{
    const std::uint64_t nodeCount = weights.size();
    const std::uint64_t full = partitionCount * fairUnit;
    std::vector<std::uint64_t> losses = fairLoads(weights, zones, partitionCount, setSize);
    double sumOfWeights = 0;
    for (const double weight : weights)
        sumOfWeights += weight;
    weights.push_back(sumOfWeights / static_cast<double>(nodeCount));
    zones.add({});
    const std::vector<std::uint64_t> after = fairLoads(weights, zones, partitionCount, setSize);
    std::uint64_t sum = 1;
    for (std::size_t i = 0; i < nodeCount; ++i) {
        losses[i] -= std::min(losses[i], after[i]);
        sum += losses[i];
    }
    for (std::uint64_t& loss : losses)
        loss = std::max(loss * full / sum, full / (4 * nodeCount));
    return losses;
}

} // namespace quoit::ring
