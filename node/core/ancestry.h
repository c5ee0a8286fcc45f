// node/core/ancestry.h - on what the homes of the last minute built their first records of a key, so that a retry that
// comes after several of them can be told what became of it: a record itself says only on what its own ballot's were built.
// Pure. Design: resources/docs/protocol.md, "Memory of ancestors".
//
// All records of a key under one ballot are built, one on the other, on what its home found at first. So which replica
// tells it doesn't matter, nor that it is forgotten at a restart: then there is less to tell.
#pragma once

#include "node/core/messages.h"
#include "shared/base/time.h"

#include <deque>
#include <unordered_map>
#include <vector>

namespace quoit {

class Ancestry
{
public:
    Ancestry(Milliseconds retention, std::size_t entriesMax);

    /// A record takes another one's place: notes it if it is the first of its ballot, built on just that one. A floor as a
    /// base is not noted: below it there may be records that nobody chose.
    void note(TimePoint now, const Record& before, const Record& after);
    /// All that is remembered of the key, in no order.
    std::vector<BuiltOn> find(const std::string& key) const;
    /// Forgets what is too old or too much.
    void prune(TimePoint now);
    std::size_t size() const { return m_order.size(); }

private:
    using Keys = std::unordered_map<std::string, std::vector<BuiltOn>>; ///< each oldest first
    struct Noted
    {
        TimePoint at;
        const std::string* key; ///< in m_keys
    };

    void forgetOldest();

    Milliseconds m_retention;
    std::size_t m_entriesMax;
    Keys m_keys;
    std::deque<Noted> m_order; ///< oldest first
};

} // namespace quoit
