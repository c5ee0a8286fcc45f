#include "node/core/ancestry.h"

#include <algorithm>

namespace quoit {

Ancestry::Ancestry(Milliseconds retention, std::size_t entriesMax)
    : m_retention(retention)
    , m_entriesMax(entriesMax)
{
}

void Ancestry::note(TimePoint now, const Record& before, const Record& after)
{
    if (after.base != before.version || before.version.ballot >= after.version.ballot)
        return;
    const auto place = m_keys.try_emplace(std::string(after.key)).first;
    const BuiltOn entry{after.version.ballot, after.base};
    if (std::find(place->second.begin(), place->second.end(), entry) != place->second.end())
        return;
    place->second.push_back(entry);
    m_order.push_back({now, &place->first});
}

std::vector<BuiltOn> Ancestry::find(const std::string& key) const
{
    const auto place = m_keys.find(key);
    return place == m_keys.end() ? std::vector<BuiltOn>() : place->second;
}

void Ancestry::prune(TimePoint now)
{
    while (!m_order.empty() && (m_order.size() > m_entriesMax || now - m_order.front().at > m_retention))
        forgetOldest();
}

void Ancestry::forgetOldest()
{
    const auto place = m_keys.find(*m_order.front().key);
    m_order.pop_front();
    place->second.erase(place->second.begin());
    if (place->second.empty())
        m_keys.erase(place);
}

} // namespace quoit
