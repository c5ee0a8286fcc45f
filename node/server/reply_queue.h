// node/server/reply_queue.h - puts the replies of one connection into the order of its requests.
// Pure. Requests are answered in any order; bytes leave in the order in which they came.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

namespace quoit {

class ReplyQueue
{
public:
    using Ticket = std::uint64_t;

    /// A request that will be answered later. Every ticket must be completed.
    Ticket open();
    /// Where to write the reply of a request that is answered right now, behind those that wait.
    std::string& immediate();
    /// Where to write the reply of a ticket; call complete() afterwards, before anything else here.
    std::string& replyOf(Ticket ticket);
    void complete(Ticket ticket);
    /// Its reply leaves next: nothing waits before it.
    bool isNext(Ticket ticket) const { return ticket == m_first; }

    /// Requests that were opened and whose reply hasn't gone to out() yet.
    std::size_t waiting() const { return m_entries.size(); }
    /// Bytes of replies that wait for earlier ones.
    std::size_t heldBytes() const { return m_heldBytes + (m_lastUncounted ? m_entries.back().bytes.size() : 0); }
    /// Nobody reads any more: gives the memory of all replies back. Tickets are still completed.
    void dropBytes();
    /// Replies since the last call that are errors: they begin with '-'.
    std::uint64_t takeErrorCount();
    /// Replies in order, to be sent and cleared.
    std::string& out()
    {
        noteWritten();
        return m_out;
    }
    const std::string& out() const { return m_out; }

private:
    struct Entry
    {
        bool ready = false;
        std::string bytes;
    };

    void countLast();
    std::string& beginWriting(std::string& bytes);
    void noteWritten();

    std::string m_out;
    std::deque<Entry> m_entries;
    Ticket m_first = 0; ///< of m_entries.front()
    std::size_t m_heldBytes = 0;
    const std::string* m_writing = nullptr; ///< of the replies' strings; null: none is being written
    std::size_t m_writingFrom = 0;
    std::uint64_t m_errorCount = 0;
    bool m_lastUncounted = false; ///< m_entries.back() is an immediate reply that is still being written
};

} // namespace quoit
