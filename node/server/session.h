// node/server/session.h - one client connection: cuts its bytes into requests, keeps its replies in order, bounds what
// it may hold. Knows no commands; whoever hosts it runs them. Not thread-safe.
#pragma once

#include "node/core/core.h"
#include "node/server/key_chains.h"
#include "node/server/long_replies.h"
#include "node/server/reply_queue.h"
#include "node/server/session_memory.h"
#include "node/server/tcp_stream.h"
#include "node/server/transaction.h"
#include "shared/resp/request_parser.h"

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

struct SessionLimits
{
    std::size_t waitingMax = 1024;                    ///< requests without a reply; then nothing more is parsed
    std::size_t outputPauseBytes = 32 * 1024 * 1024;  ///< unread and expected replies; then nothing more is parsed
    std::size_t outputCloseBytes = 256 * 1024 * 1024; ///< then the connection is closed
    Milliseconds stallMax{60000};                     ///< replies wait and none is taken for as long: closed
    Milliseconds halfSentMax{60000};                  ///< a request was begun and nothing came for as long: closed
    Milliseconds halfSentMaxIfShort{5000};            ///< the same, of a large one while the node has no room for more
    Milliseconds idleShrink{10000};                   ///< silent for as long: its buffers are given back
    Milliseconds idleMax{0};                          ///< neither asks nor takes replies for as long: closed; 0: never
};

/// What a client chose for its connection.
struct SessionState
{
    std::uint64_t id = 0;
    int protocol = 2;
    Level level = Level::Quorum;
    bool readOnly = false; ///< READONLY: reads at level one
    bool watching = false; ///< QUOIT.WATCH
    std::string name;
    std::string libraryName;
    std::string libraryVersion;
    std::string_view lastCommand; ///< a name of the command table
    std::unique_ptr<Transaction> transaction; ///< since MULTI; else null
    std::unique_ptr<WatchedKey> watched;      ///< since WATCH; else null
    std::string address;          ///< the client's "host:port"
    std::string localAddress;     ///< ours
    TimePoint since{};
    TimePoint lastActive{};
    std::uint64_t commands = 0;

    Level readLevel() const { return readOnly ? Level::One : level; }
};

/// The keys that a connection's unanswered commands touch, as hashes.
class KeysInFlight
{
public:
    /// True if a command on that key has to wait for an earlier one: either of them writes.
    bool conflicts(std::uint64_t keyHash, bool isWrite) const;
    /// A command on so many keys that it runs alone; only when empty().
    void setExclusive(bool exclusive) { m_exclusive = exclusive; }
    bool isExclusive() const { return m_exclusive; }
    void add(std::uint64_t keyHash, bool isWrite) { m_keys.push_back({keyHash, isWrite}); }
    void remove(std::uint64_t keyHash, bool isWrite);
    bool empty() const { return m_keys.empty() && !m_exclusive; }

private:
    struct Key
    {
        std::uint64_t hash;
        bool isWrite;
    };
    std::vector<Key> m_keys;
    bool m_exclusive = false;
};

class Session final : private TcpStream::Owner
{
public:
    class Host
    {
    public:
        virtual ~Host() = default;
        virtual Now now() const = 0;
        /// Answers through replies(), now or later. @return false: it must wait for earlier commands of this session;
        /// the same call comes again once one of them was answered, and after resume().
        virtual bool runCommand(Session& session, const std::vector<std::string_view>& arguments) = 0;
        /// A read that was postponed; its ticket is still open.
        virtual void runAgain(Session& session, ChainedCommand read) = 0;
        /// Requests without a reply that a session may have at this moment, beside its own limit.
        virtual std::size_t waitingMax() const { return std::numeric_limits<std::size_t>::max(); }
        /// What all sessions hold.
        virtual SessionMemory& memory() = 0;
        /// So many of its replies were errors.
        virtual void errorsReplied(std::uint64_t count) = 0;
        /// It has replies to send, or is closed: flush() or destroy it soon, but not from within this call.
        virtual void sessionDirty(Session& session) = 0;
    };

    Session(Host& host, const SessionLimits& limits, std::uint64_t id, qintptr descriptor);
    ~Session() override;

    SessionState& state() { return m_state; }
    const SessionState& state() const { return m_state; }
    ReplyQueue& replies() { return m_replies; }
    KeysInFlight& keys() { return m_keys; }
    KeyChains& chains() { return m_chains; }
    LongReplies& longReplies() { return m_longReplies; }

    /// A request that was opened in replies() is answered: parses on if the session waited for it. A closed session's
    /// replies are dropped.
    void onReplied();
    /// Something was written to replies() outside of runCommand(), or parsing may go on.
    void markDirty();
    /// It may have been held back: goes on soon, if there is anything to parse.
    void resume();
    /// Sends what is there, in one write, then parses what had to wait.
    void flush();
    /// Sends what is there and then closes; nothing is parsed any more.
    void closeAfterReplies();
    /// At once.
    void abort(const std::string& reason);
    /// This node leaves its cluster or stops: the connection ends with a reply after which the client waits for nothing, or
    /// when it has been silent for a third of the time until `until`: sooner, it may be about to ask, on a busy machine too.
    /// From `until` on what has arrived by then is still answered, and nothing more is read.
    void letGo(TimePoint now, TimePoint until);
    /// It doesn't: the connection stays.
    void keep() { m_letGoUntil = TimePoint{}; }
    /// Looks after stalls and idle memory. About once a second.
    void tick(TimePoint now);
    /// Parts of a reply that is still being put together have come, or have gone into it.
    void changeGathered(std::size_t before, std::size_t after);
    /// Keys of commands on several that aren't answered.
    std::size_t keysGathered() const { return m_keysGathered; }
    void changeKeysGathered(std::size_t before, std::size_t after) { m_keysGathered += after - before; }

    bool isClosed() const { return m_closed; }
    std::size_t unanswered() const { return m_unanswered; }
    /// Closed, and nobody holds a ticket of it any more.
    bool isFinished() const { return m_closed && m_unanswered == 0; }
    /// True while it owes replies or bytes.
    bool isBusy() const
    {
        return m_unanswered > 0 || m_blocked || !m_replies.out().empty() || (m_stream && m_stream->backlogBytes() > 0);
    }
    std::size_t outputBytes() const
    {
        return m_replies.out().size() + m_replies.heldBytes() + (m_stream ? m_stream->backlogBytes() : 0);
    }
    std::size_t inputBytes() const { return m_parser.heldBytes() + (m_state.transaction ? m_state.transaction->heldBytes() : 0); }
    /// Sent by the client and not yet carried out.
    std::size_t unparsedBytes() const { return m_parser.bufferedBytes(); }
    int descriptor() const { return m_stream ? m_stream->descriptor() : -1; }
    /// Taken by the client in the second before the last tick().
    std::uint64_t takenLately() const { return m_takenLately; }
    /// When it last sent something, while it has sent a part of a large request and waits until there is room for the rest.
    bool waitsWithHalfARequest() const { return m_waitsForInput; }
    bool hasLargeInput() const { return m_parser.bufferedBytes() > SessionMemory::smallBytes; }
    /// Opens a ticket; onReplied() must follow when it is completed.
    ReplyQueue::Ticket openTicket();
    /// A read's reply of about so many bytes is there, and its client has to take others first: there is no room for it. How large replies
    /// become is known only when they come, and a thousand may have been asked for.
    bool mustPostpone(ReplyQueue::Ticket ticket, std::size_t bytes) const;
    /// The reply is dropped; the read is run again when there is room, earlier ones first.
    void postpone(ChainedCommand read, std::size_t bytes);

private:
    void streamReadable() override;
    void streamSent() override;
    void streamEnded() override;
    void streamClosed(const std::string& reason) override;
    bool mayParse() const;
    bool mayOweMore() const;
    bool isStoppedByTurn() const;
    void account();
    void goOnLater();
    bool hasMoreToDo() const { return m_parser.bufferedBytes() > 0 || m_unread || !m_postponed.empty(); }
    /// Requests that are being carried out.
    std::size_t underWay() const { return m_unanswered - m_postponed.size(); }
    bool mayGoNext(ReplyQueue::Ticket ticket) const;
    void runPostponed();
    bool isHalfSentTooLong(TimePoint now) const;
    bool isIdleTooLong(TimePoint now) const;
    void readAndParse();
    void parse();
    void onProtocolError();
    bool waitsForNothing() const;
    void closeNow();

    Host& m_host;
    const SessionLimits& m_limits;
    SessionState m_state;
    std::unique_ptr<TcpStream> m_stream;
    RequestParser m_parser;
    std::vector<std::string_view> m_arguments; ///< of the request at hand, or of the one that waits
    ReplyQueue m_replies;
    KeysInFlight m_keys;
    KeyChains m_chains;
    LongReplies m_longReplies;
    std::map<ReplyQueue::Ticket, ChainedCommand> m_postponed; ///< reads whose replies had no room
    std::size_t m_unanswered = 0; ///< tickets that are open
    std::size_t m_readBytes;      ///< how much to ask the socket for
    std::size_t m_gathered = 0;      ///< of replies that are being put together
    std::size_t m_keysGathered = 0;  ///< of commands that are answered when all of theirs are
    std::size_t m_outputBefore = 0;  ///< outputBytes() when it was last looked at
    std::size_t m_replyBytes = 0;    ///< how large a reply may become: as the largest lately
    std::uint64_t m_countedReplies = 0; ///< in the host's memory()
    std::uint64_t m_countedInput = 0;
    std::uint64_t m_takenLately = 0;
    std::uint64_t m_sentBefore = 0;
    TimePoint m_progress{}; ///< when output last moved
    TimePoint m_lastTaken{}; ///< when the client was last seen to take replies
    TimePoint m_letGoUntil{}; ///< zero: it isn't let go
    Microseconds m_quietLetGo{}; ///< silent for as long: its end is in nobody's way
    bool m_blocked = false; ///< m_arguments waits for an earlier command, or until fewer are refused
    bool m_unread = false;  ///< the socket may hold bytes that weren't read because of a limit
    bool m_hasReplied = false;    ///< m_replyBytes is known
    bool m_waitsForInput = false; ///< the node has no room for the rest of its request
    bool m_ended = false;   ///< the client sends nothing more; what it asked for is still answered
    bool m_stopped = false; ///< no more parsing
    bool m_closing = false; ///< close when everything is sent
    bool m_closed = false;
    bool m_dirty = false;
    bool m_parsing = false;
};

} // namespace quoit
