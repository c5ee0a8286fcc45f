// tests/bench/load/connection.h - one client of the load generator: its socket, and what is in flight on it.
#pragma once

#include "shared/base/random.h"
#include "tests/bench/load/load_options.h"
#include "tests/bench/load/reply_scanner.h"

#include <chrono>
#include <string>
#include <vector>

namespace quoit::bench {

using Clock = std::chrono::steady_clock;

/// The key of a number: the options' prefix and twelve digits.
std::string keyText(const LoadOptions& options, std::uint64_t number);

/// Writes operations as RESP.
class Requests
{
public:
    explicit Requests(const LoadOptions& options);

    /// Appends a SET (with its WAIT, if the options say so) or GET of key number @p key. @param random chooses the
    /// value
    void append(std::string& out, std::uint64_t key, Random& random) const;
    int repliesPerOperation() const { return m_wait.empty() ? 1 : 2; }
    /// @param replyIndex 0 for SET or GET, 1 for WAIT. @return whether this is the answer that a healthy server gives.
    bool isExpected(const ScannedReply& reply, int replyIndex) const;

private:
    const Work m_work;
    const std::size_t m_valueBytes;
    const int m_waitReplicas;
    std::string m_head;   ///< up to the key's digits
    std::string m_middle; ///< from there to the value
    std::string m_wait;
    std::string m_valuePool; ///< values are slices of it
};

/// A connected socket. Ends with the object. Not thread-safe.
class Connection
{
public:
    explicit Connection(int pipeline);
    ~Connection();
    Connection(Connection&& other) noexcept;
    Connection& operator=(Connection&&) = delete;

    /// Blocks until connected, and until the level was answered. @return what went wrong, empty if nothing.
    std::string open(const Server& server, const std::string& level);
    /// Makes recv() on the open socket wait, for 5 s at most.
    void waitForAnswers();

    int socket() const { return m_socket; }
    bool isOpen() const { return m_socket >= 0; }
    void close();

    int inFlight() const { return m_inFlight; }
    /// Where requests are written to before flush().
    std::string& out() { return m_out; }
    /// Counts an operation that was appended to out(). At most the pipeline's depth may be in flight.
    void noteSent(Clock::time_point now);
    /// Notes a reply. @return the start of the operation if this was its last reply, else the epoch.
    Clock::time_point noteReply(int repliesPerOperation);
    int replyIndex() const { return m_replyIndex; }
    /// Sends what the socket takes. @return false if the connection is lost.
    bool flush();
    bool hasUnsent() const { return m_sentBytes < m_out.size(); }

    ReplyScanner scanner;
    std::size_t server = 0; ///< its place in LoadOptions::servers
    bool waitsForRoom = false; ///< the event loop is told when the socket takes more

private:
    int m_socket = -1;
    std::string m_out;
    std::size_t m_sentBytes = 0;
    std::vector<Clock::time_point> m_starts; ///< ring of [pipeline], the oldest at m_oldest
    std::size_t m_oldest = 0;
    int m_inFlight = 0;
    int m_replyIndex = 0; ///< of the oldest operation: replies that came already
};

} // namespace quoit::bench
