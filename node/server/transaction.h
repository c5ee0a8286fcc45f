// node/server/transaction.h - what a client queues between MULTI and EXEC. Pure.
//
// Only one command on one key can be carried out as a whole, so only the first is kept: EXEC refuses several, and nothing
// of them has happened. Executed one after the other they would be no transaction.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quoit {

class Transaction
{
public:
    void queue(const std::vector<std::string_view>& arguments)
    {
        m_first.clear();
        m_bytes = 0;
        if (++m_count > 1)
            return;
        m_first.assign(arguments.begin(), arguments.end());
        for (const std::string_view argument : arguments)
            m_bytes += argument.size() + sizeof(std::string);
    }
    /// A command was refused: EXEC refuses all.
    void spoil()
    {
        m_spoiled = true;
        m_first.clear();
        m_bytes = 0;
    }
    bool isSpoiled() const { return m_spoiled; }
    std::size_t count() const { return m_count; } ///< commands that were queued
    std::size_t heldBytes() const { return m_bytes; }
    /// The only command, if there was one.
    const std::vector<std::string>& command() const { return m_first; }

private:
    std::vector<std::string> m_first;
    std::size_t m_count = 0;
    std::size_t m_bytes = 0;
    bool m_spoiled = false;
};

} // namespace quoit
