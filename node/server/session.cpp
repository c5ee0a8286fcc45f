#include "node/server/session.h"

#include "node/server/log.h"
#include "shared/resp/writer.h"

#include <algorithm>

namespace quoit {

namespace {

constexpr std::size_t readBytesMin = 4 * 1024;
constexpr std::size_t readBytesMax = 64 * 1024;
constexpr std::size_t keptOutputBytes = 64 * 1024;
constexpr int lastPortionsMax = 64;

} // namespace

bool KeysInFlight::conflicts(std::uint64_t keyHash, bool isWrite) const
{
    for (const Key& key : m_keys) {
        if (key.hash == keyHash && (isWrite || key.isWrite))
            return true;
    }
    return m_exclusive;
}

void KeysInFlight::remove(std::uint64_t keyHash, bool isWrite)
{
    for (Key& key : m_keys) {
        if (key.hash == keyHash && key.isWrite == isWrite) {
            key = m_keys.back();
            m_keys.pop_back();
            return;
        }
    }
}

Session::Session(Host& host, const SessionLimits& limits, std::uint64_t id, qintptr descriptor)
    : m_host(host)
    , m_limits(limits)
    , m_stream(TcpStream::accepted(descriptor, *this))
    , m_readBytes(readBytesMin)
{
    m_state.id = id;
    m_state.since = m_state.lastActive = m_progress = host.now().monotonic;
    if (!m_stream) {
        m_closed = true;
        return;
    }
    m_state.address = m_stream->peerText();
    m_state.localAddress = m_stream->localText();
}

Session::~Session() = default;

void Session::streamReadable()
{
    if (m_ended)
        return;
    if (!mayParse()) {
        m_unread = true;
        return;
    }
    readAndParse();
}

bool Session::mayParse() const
{
    return !m_closed && !m_stopped && !m_blocked && m_replies.waiting() < std::min(m_limits.waitingMax, m_host.waitingMax()) &&
           outputBytes() <= m_limits.outputPauseBytes;
}

void Session::readAndParse()
{
    // One portion a turn: poll() brings the rest, after the others have had theirs.
    char* const space = m_parser.writeSpace(m_readBytes);
    const std::size_t spaceBytes = std::max(m_readBytes, std::min(m_parser.writeSpaceBytes(), readBytesMax));
    const std::size_t byteCount = m_stream->read(space, spaceBytes);
    m_unread = byteCount == spaceBytes;
    m_readBytes = m_unread ? readBytesMax : readBytesMin;
    if (byteCount == 0)
        return;
    m_parser.commit(byteCount);
    m_state.lastActive = m_host.now().monotonic;
    parse();
}

void Session::parse()
{
    m_parsing = true;
    while (mayParse()) {
        const RequestParser::Status status = m_parser.next(m_arguments);
        if (status == RequestParser::Status::NeedMore)
            break;
        if (status == RequestParser::Status::Error) {
            onProtocolError();
            break;
        }
        ++m_state.commands;
        if (!m_host.runCommand(*this, m_arguments))
            m_blocked = true;
    }
    m_parsing = false;
    if (!m_replies.out().empty() || m_unread)
        markDirty();
}

void Session::onProtocolError()
{
    RespWriter(m_replies.immediate(), m_state.protocol).error("ERR " + m_parser.error());
    closeAfterReplies();
}

ReplyQueue::Ticket Session::openTicket()
{
    ++m_unanswered;
    return m_replies.open();
}

void Session::onReplied()
{
    --m_unanswered;
    // Here and not only in flush(): one turn may bring a thousand large replies.
    if (!m_closed && outputBytes() > m_limits.outputCloseBytes)
        abort("it doesn't read its replies: " + std::to_string(outputBytes()) + " bytes wait");
    if (m_closed)
        m_replies.out() = std::string();
    markDirty();
}

void Session::markDirty()
{
    if (m_dirty)
        return;
    m_dirty = true;
    m_host.sessionDirty(*this);
}

void Session::resume()
{
    if (!m_closed && (m_parser.bufferedBytes() > 0 || m_unread))
        markDirty();
}

void Session::flush()
{
    m_dirty = false;
    if (m_closed)
        return;
    std::string& out = m_replies.out();
    const bool hasReplied = !out.empty();
    if (hasReplied) {
        m_stream->write(out);
        if (out.capacity() > keptOutputBytes)
            out = std::string();
        else
            out.clear();
    }
    if (m_closed)
        return;
    if (outputBytes() > m_limits.outputCloseBytes) {
        abort("it doesn't read its replies: " + std::to_string(outputBytes()) + " bytes wait");
        return;
    }
    if (m_closing) {
        if (m_unanswered == 0)
            m_stream->closeWhenSent();
        return;
    }
    if (m_blocked && !m_stopped) {
        m_blocked = false;
        m_parsing = true;
        m_blocked = !m_host.runCommand(*this, m_arguments);
        m_parsing = false;
    }
    if (mayParse() && m_parser.bufferedBytes() > 0)
        parse();
    if (mayParse() && m_unread)
        readAndParse();
    // Parsed to the end, and no more will come.
    if (mayParse() && m_ended)
        closeAfterReplies();
    if (!m_replies.out().empty())
        markDirty();
    else if (hasReplied && m_letGoUntil != TimePoint{} && waitsForNothing())
        closeNow();
}

void Session::closeNow()
{
    m_stopped = m_closing = true;
    m_stream->closeWhenSent();
}

/// Nothing that arrived is unanswered, not even half a request.
bool Session::waitsForNothing() const
{
    return !isBusy() && m_parser.bufferedBytes() == 0 && !m_stream->hasUnread();
}

void Session::letGo(TimePoint now, TimePoint until)
{
    if (m_closed || m_closing || m_ended)
        return;
    m_letGoUntil = until;
    if (now - m_state.lastActive >= m_limits.quietLetGo && waitsForNothing()) {
        closeNow();
    } else if (now >= until) {
        for (int portion = 0; portion < lastPortionsMax && m_stream->hasUnread() && mayParse(); ++portion)
            readAndParse();
        streamEnded();
    }
}

void Session::closeAfterReplies()
{
    m_stopped = true;
    m_closing = true;
    markDirty();
}

void Session::abort(const std::string& reason)
{
    if (m_closed)
        return;
    if (!reason.empty())
        logLine(LogLevel::Warning, "closed the client connection from " + m_state.address + ": " + reason);
    m_closed = true;
    m_stream->abort();
    markDirty();
}

void Session::streamEnded()
{
    m_ended = true;
    m_unread = false;
    markDirty();
}

void Session::streamClosed(const std::string&)
{
    m_closed = true;
    markDirty();
}

void Session::tick(TimePoint now)
{
    if (m_closed)
        return;
    if (m_stream->backlogBytes() == 0 || m_stream->sentBytes() != m_sentBefore) {
        m_progress = now;
        m_sentBefore = m_stream->sentBytes();
        // The client took something: it may be served again.
        if (m_parser.bufferedBytes() > 0 || m_unread)
            markDirty();
    } else if (now - m_progress > m_limits.stallMax) {
        abort("it has taken no reply for " +
              std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now - m_progress).count()) + " s");
        return;
    }
    if (now - m_state.lastActive > m_limits.idleShrink && !isBusy()) {
        m_parser.shrink();
        m_replies.out().shrink_to_fit();
    }
}

} // namespace quoit
