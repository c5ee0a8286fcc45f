#include "node/server/reply_queue.h"

#include "shared/base/result.h"

namespace quoit {

ReplyQueue::Ticket ReplyQueue::open()
{
    m_entries.emplace_back();
    return m_first + m_entries.size() - 1;
}

std::string& ReplyQueue::immediate()
{
    if (m_entries.empty())
        return m_out;
    m_entries.emplace_back().ready = true;
    return m_entries.back().bytes;
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
    m_entries.pop_front();
    ++m_first;
    while (!m_entries.empty() && m_entries.front().ready) {
        const std::size_t byteCount = m_entries.front().bytes.size();
        m_heldBytes -= byteCount < m_heldBytes ? byteCount : m_heldBytes;
        m_out += m_entries.front().bytes;
        m_entries.pop_front();
        ++m_first;
    }
}

} // namespace quoit
