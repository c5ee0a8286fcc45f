#include "node/store/hint_changes.h"

#include <algorithm>

namespace quoit {

namespace {
constexpr Version newestVersion{{UINT64_MAX, UINT64_MAX, UINT32_MAX}, UINT64_MAX};
} // namespace

void HintChanges::remove(HintKey hint, const Version& upTo)
{
    HintChange& change = m_changes[std::move(hint)];
    if (!change.set)
        change.removeUpTo = std::max(change.removeUpTo.value_or(Version()), upTo);
    else if (*change.set <= upTo)
        change = {std::nullopt, newestVersion}; // whatever the table holds was replaced before it was removed
}

void HintChanges::absorb(HintChanges&& later)
{
    if (m_changes.empty()) {
        m_changes.swap(later.m_changes);
        return;
    }
    while (!later.m_changes.empty()) {
        auto node = later.m_changes.extract(later.m_changes.begin());
        if (node.mapped().set)
            set(std::move(node.key()), *node.mapped().set);
        else
            remove(std::move(node.key()), *node.mapped().removeUpTo);
    }
}

} // namespace quoit
