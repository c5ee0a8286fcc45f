#include "node/server/reply_queue.h"

#include "shared/base/result.h"

#include <utility>

namespace quoit {

namespace {

constexpr std::size_t keptBytes = 16 * 1024; // a smaller reply is copied, so that m_out keeps its memory

} // namespace

/// The next call of anything here means that the reply is complete.
std::string& ReplyQueue::beginWriting(std::string& bytes)
{
    m_writing = &bytes;
    m_writingFrom = bytes.size();
    return bytes;
}

void ReplyQueue::noteWritten()
{
    const std::string* const written = std::exchange(m_writing, nullptr);
    if (written && written->size() > m_writingFrom && (*written)[m_writingFrom] == '-')
        ++m_errorCount;
}

std::uint64_t ReplyQueue::takeErrorCount()
{
    noteWritten();
    return std::exchange(m_errorCount, 0);
}

ReplyQueue::Ticket ReplyQueue::open()
{
    noteWritten();
    countLast();
    m_entries.emplace_back();
    return m_first + m_entries.size() - 1;
}

std::string& ReplyQueue::immediate()
{
    noteWritten();
    if (m_entries.empty())
        return beginWriting(m_out);
    countLast();
    m_entries.emplace_back().ready = true;
    m_lastUncounted = true;
    return beginWriting(m_entries.back().bytes);
}

void ReplyQueue::countLast()
{
    if (std::exchange(m_lastUncounted, false))
        m_heldBytes += m_entries.back().bytes.size();
}

std::string& ReplyQueue::replyOf(Ticket ticket)
{
    QUOIT_ENSURE(ticket - m_first < m_entries.size());
    noteWritten();
    return beginWriting(ticket == m_first ? m_out : m_entries[ticket - m_first].bytes);
}

void ReplyQueue::complete(Ticket ticket)
{
    QUOIT_ENSURE(ticket - m_first < m_entries.size());
    noteWritten();
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
    noteWritten();
    m_out = std::string();
    for (Entry& entry : m_entries)
        entry.bytes = std::string();
    m_heldBytes = 0;
    m_lastUncounted = false;
}

} // namespace quoit
