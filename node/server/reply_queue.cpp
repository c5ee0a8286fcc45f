#include "node/server/reply_queue.h"

#include "shared/base/result.h"

#include <utility>

namespace quoit {

namespace {

constexpr std::size_t keptBytes = 16 * 1024; // a smaller reply is copied, so that m_out keeps its memory

} // namespace

ReplyQueue::Ticket ReplyQueue::open()
{
    countLast();
    m_entries.emplace_back();
    return m_first + m_entries.size() - 1;
}

std::string& ReplyQueue::immediate()
{
    if (m_entries.empty())
        return m_out;
    countLast();
    m_entries.emplace_back().ready = true;
    m_lastUncounted = true;
    return m_entries.back().bytes;
}

void ReplyQueue::countLast()
{
    if (std::exchange(m_lastUncounted, false))
        m_heldBytes += m_entries.back().bytes.size();
}

std::string& ReplyQueue::replyOf(Ticket ticket)
{
    QUOIT_ENSURE(ticket - m_first < m_entries.size());
    return ticket == m_first ? m_out : m_entries[ticket - m_first].bytes;
}

void ReplyQueue::complete(Ticket ticket)
{
    QUOIT_ENSURE(ticket - m_first < m_entries.size());
    m_entries[ticket - m_first].ready = true;
    if (ticket != m_first) {
        m_heldBytes += m_entries[ticket - m_first].bytes.size();
        return;
    }
    countLast();
    m_entries.pop_front();
    ++m_first;
    while (!m_entries.empty() && m_entries.front().ready) {
        std::string& bytes = m_entries.front().bytes;
        m_heldBytes -= bytes.size();
        if (m_out.empty() && bytes.size() > keptBytes)
            m_out.swap(bytes); // not copied
        else
            m_out += bytes;
        m_entries.pop_front();
        ++m_first;
    }
}

void ReplyQueue::dropBytes()
{
    m_out = std::string();
    for (Entry& entry : m_entries)
        entry.bytes = std::string();
    m_heldBytes = 0;
    m_lastUncounted = false;
}

} // namespace quoit
