// node/store/presence_builder.h - goes through all stored records once after a start, beside everything else, and fills the presence filter that
// is used from then on. A record that can't be read ends the process, as a lookup of it would. Design: ARCHITECTURE.md, "The store".
#pragma once

#include "node/store/presence_filter.h"
#include "node/store/store_reader.h"

#include <atomic>
#include <functional>
#include <thread>

namespace quoit {

/// What is committed after it began may be missing: its owner adds that itself. One owner.
class PresenceBuilder
{
public:
    /// @param reader  its own
    /// @param expected  records, about
    PresenceBuilder(StoreReader reader, std::uint64_t expected);
    /// Ends the thread within a few milliseconds.
    ~PresenceBuilder();

    /// Begins, on a thread of low priority. @param onError  called on it, after which nothing more happens
    void start(std::function<void(const Error&)> onError);
    /// The next records, for an owner without a thread. @return Corrupt, Io
    Result<void> step(std::size_t records);
    bool done() const { return m_done.load(std::memory_order_acquire); }
    /// Once it is done.
    PresenceFilter take() { return std::move(m_filter); }

private:
    void run(const std::function<void(const Error&)>& onError);

    StoreReader m_reader;
    PresenceFilter m_filter;
    Position m_next = 0;
    std::atomic<bool> m_done{false};
    std::atomic<bool> m_stop{false};
    std::thread m_thread; ///< last: it uses everything above
};

} // namespace quoit
