// tests/bench/cache/cache_model.h - a cache without records around a policy, to count misses; and the trace.
#pragma once

#include "node/store/cache_policy.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unordered_map>
#include <vector>

namespace quoit {

struct CacheRequest
{
    std::uint64_t id;
    std::uint32_t bytes;
};

/// Bytes count as of the insertion; newcomers that can never fit aren't taken.
class CacheModel
{
public:
    CacheModel(CachePolicyKind kind, std::uint64_t bytesMax)
        : m_bytesMax(bytesMax)
        , m_policy(makeCachePolicy(kind, bytesMax))
    {}
    /// @return whether it was there
    bool ask(const CacheRequest& request)
    {
        if (const auto found = m_slots.find(request.id); found != m_slots.end()) {
            m_policy->touched({&found->second, 1});
            return true;
        }
        ++m_misses;
        if (request.bytes > m_bytesMax)
            return false;
        CacheSlot slot = static_cast<CacheSlot>(m_entries.size());
        if (m_free.empty()) {
            m_entries.push_back(request);
        } else {
            slot = m_free.back();
            m_free.pop_back();
            m_entries[slot] = request;
        }
        m_slots.emplace(request.id, slot);
        m_bytes += request.bytes;
        m_policy->inserted(slot, request.id * 0x9e3779b97f4a7c15ULL, request.bytes, 0);
        while (m_bytes > m_bytesMax)
            evict(m_policy->victim());
        return false;
    }
    std::uint64_t misses() const { return m_misses; }
    std::uint64_t bytes() const { return m_bytes; }
    bool holds(std::uint64_t id) const { return m_slots.contains(id); }

private:
    void evict(CacheSlot slot)
    {
        m_policy->evicted(slot);
        m_bytes -= m_entries[slot].bytes;
        m_slots.erase(m_entries[slot].id);
        m_free.push_back(slot);
    }

    const std::uint64_t m_bytesMax;
    const std::unique_ptr<CachePolicy> m_policy;
    std::unordered_map<std::uint64_t, CacheSlot> m_slots;
    std::vector<CacheRequest> m_entries;
    std::vector<CacheSlot> m_free;
    std::uint64_t m_bytes = 0;
    std::uint64_t m_misses = 0;
};

/// Lines "object id,bytes" from a file packed by gzip. @return nothing if it can't be read
inline std::vector<CacheRequest> readTrace(const std::string& path)
{
    std::vector<CacheRequest> requests;
    FILE* const pipe = popen(("gzip -dc '" + path + "' 2>/dev/null").c_str(), "r");
    if (!pipe)
        return requests;
    unsigned long long id = 0;
    unsigned bytes = 0;
    while (std::fscanf(pipe, "%llu,%u", &id, &bytes) == 2)
        requests.push_back({id, bytes});
    pclose(pipe);
    return requests;
}

} // namespace quoit
