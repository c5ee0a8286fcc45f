// node/store/hint_changes.h - what is to happen to stored hints, one change for each: later changes are merged into
// earlier ones. Pure.
#pragma once

#include "node/core/persistence.h"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace quoit {

struct HintKey
{
    NodeId node;
    Position position;
    std::string key;

    auto operator<=>(const HintKey&) const = default;
};

/// Either: set it; or: remove the stored one if it isn't newer than that.
struct HintChange
{
    std::optional<Version> set;
    std::optional<Version> removeUpTo;

    bool operator==(const HintChange&) const = default;
};

/// Ordered as the table is.
class HintChanges
{
public:
    void set(HintKey hint, const Version& version) { m_changes[std::move(hint)] = {version, std::nullopt}; }
    void remove(HintKey hint, const Version& upTo);
    /// Changes that come after all of these.
    void absorb(HintChanges&& later);
    void clear() { m_changes.clear(); }

    bool empty() const { return m_changes.empty(); }
    const std::map<HintKey, HintChange>& all() const { return m_changes; }

private:
    std::map<HintKey, HintChange> m_changes;
};

} // namespace quoit
