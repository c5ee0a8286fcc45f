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
constexpr std::size_t firstReplyBytes = 32 * 1024; // assumed of a connection that hasn't been answered yet
constexpr std::size_t smallReplyBytes = 16 * 1024;

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

Session::~Session()
{
    m_host.memory().changeReplies(m_countedReplies, 0);
    m_host.memory().changeInput(m_countedInput, 0);
}

void Session::streamReadable()
{
    if (m_ended)
        return;
    if (!mayParse()) {
        m_unread = true;
        goOnLater();
        return;
    }
    readAndParse();
}

/// There is room again for what has waited.
void Session::streamSent()
{
    account();
    if (!m_postponed.empty() || (hasMoreToDo() && mayParse()))
        markDirty();
}

bool Session::mayParse() const
{
    return !m_closed && !m_stopped && !m_blocked && m_postponed.empty() && m_replies.waiting() < std::min(m_limits.waitingMax, m_host.waitingMax()) &&
           mayOweMore() && !isStoppedByTurn();
}

/// Replies are counted as large as the last ones were: how large one becomes is known only when it is there, and a
/// thousand may be under way.
bool Session::mayOweMore() const
{
    const std::size_t each = m_hasReplied ? m_replyBytes : firstReplyBytes;
    const std::size_t owed = outputBytes() + m_gathered + underWay() * each;
    if (owed == 0)
        return true;
    if (owed + each > m_limits.outputPauseBytes)
        return false;
    if (owed + each <= SessionMemory::smallBytes || !m_host.memory().areRepliesShort())
        return true;
    m_host.memory().waitForReplies();
    return false;
}

/// What has been looked up in this turn has to be counted first.
bool Session::isStoppedByTurn() const
{
    return m_host.memory().isTurnFull(m_hasReplied && m_replyBytes <= smallReplyBytes);
}

/// After the turn, if only that held it back.
void Session::goOnLater()
{
    if (!m_closed && (!m_stopped || !m_postponed.empty()) && isStoppedByTurn() && hasMoreToDo())
        markDirty();
}

/// Tells the host's memory() what this session holds now.
void Session::account()
{
    SessionMemory& memory = m_host.memory();
    const std::size_t output = m_closed ? 0 : outputBytes();
    const std::uint64_t replies = m_closed ? 0 : output + m_gathered + underWay() * m_replyBytes;
    const std::uint64_t input = m_closed ? 0 : inputBytes();
    memory.changeReplies(m_countedReplies, replies);
    memory.changeInput(m_countedInput, input);
    m_countedReplies = replies;
    m_countedInput = input;
    m_outputBefore = output;
    if (const std::uint64_t errors = m_replies.takeErrorCount(); errors > 0)
        m_host.errorsReplied(errors);
}

void Session::changeGathered(std::size_t before, std::size_t after)
{
    m_gathered += after - before;
    account();
}

void Session::readAndParse()
{
    SessionMemory& memory = m_host.memory();
    m_waitsForInput = hasLargeInput() && memory.isInputShort() && memory.favourite() != m_state.id;
    if (m_waitsForInput) {
        m_unread = true;
        memory.waitForInput();
        return;
    }
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
    account();
    if (!m_replies.out().empty() || (m_unread && !m_waitsForInput))
        markDirty();
    else
        goOnLater();
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
    const std::size_t output = outputBytes();
    const std::size_t came = output > m_outputBefore ? output - m_outputBefore : 0;
    m_replyBytes = std::max(came, m_replyBytes - m_replyBytes / 8);
    m_hasReplied = true;
    account();
    // Here and not only in flush(): one turn may bring a thousand large replies.
    if (!m_closed && outputBytes() > m_limits.outputCloseBytes)
        abort("it doesn't read its replies: " + std::to_string(outputBytes()) + " bytes wait");
    if (m_closed)
        m_replies.dropBytes();
    markDirty();
}

bool Session::mustPostpone(ReplyQueue::Ticket ticket, std::size_t bytes) const
{
    return !m_closed && bytes > smallReplyBytes && outputBytes() + m_gathered + bytes > m_limits.outputPauseBytes &&
           !mayGoNext(ticket);
}

/// Nothing of what waits behind the reply that leaves next can leave before it is there, so it has room unless the client
/// has as much to take already.
bool Session::mayGoNext(ReplyQueue::Ticket ticket) const
{
    return m_replies.isNext(ticket) && outputBytes() - m_replies.heldBytes() <= m_limits.outputPauseBytes;
}

void Session::postpone(ChainedCommand read, std::size_t bytes)
{
    m_replyBytes = std::max(m_replyBytes, bytes);
    m_hasReplied = true;
    m_postponed.emplace(read.ticket, std::move(read));
    account();
}

void Session::runPostponed()
{
    while (!m_postponed.empty()) {
        const bool mayGo = m_closed || mayGoNext(m_postponed.begin()->first) || (mayOweMore() && !isStoppedByTurn());
        if (!mayGo)
            return;
        ChainedCommand read = std::move(m_postponed.begin()->second);
        m_postponed.erase(m_postponed.begin());
        m_host.runAgain(*this, std::move(read));
    }
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
    if (!m_closed && (m_blocked || hasMoreToDo()))
        markDirty();
}

void Session::flush()
{
    m_dirty = false;
    if (m_closed) {
        runPostponed();
        return;
    }
    std::string& out = m_replies.out();
    const bool hasReplied = !out.empty();
    const TcpStream::Hold hold(hasReplied && m_letGoUntil != TimePoint{} ? m_stream.get() : nullptr);
    if (hasReplied) {
        m_stream->writeAll(out);
        if (out.capacity() > keptOutputBytes)
            out = std::string();
        account();
    }
    if (m_closed) {
        runPostponed();
        return;
    }
    if (outputBytes() > m_limits.outputCloseBytes) {
        abort("it doesn't read its replies: " + std::to_string(outputBytes()) + " bytes wait");
        return;
    }
    runPostponed();
    if (m_closing) {
        goOnLater();
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
    goOnLater();
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
    if (m_letGoUntil != until) {
        m_letGoUntil = until;
        m_quietLetGo = (until - now) / 3;
    }
    if (now - m_state.lastActive >= m_quietLetGo && waitsForNothing()) {
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
    m_replies.dropBytes();
    account();
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
    account();
    markDirty();
}

/// It has sent a part of a request, and the rest doesn't come although it would be read.
bool Session::isHalfSentTooLong(TimePoint now) const
{
    if (m_parser.bufferedBytes() == 0 || m_unread || m_blocked || !mayParse())
        return false;
    const bool hurries = hasLargeInput() && m_host.memory().isInputShort();
    return now - m_state.lastActive > (hurries ? m_limits.halfSentMaxIfShort : m_limits.halfSentMax);
}

/// As Redis' setting "timeout" has it: who only waits to be told something (QUOIT.WATCH) stays.
bool Session::isIdleTooLong(TimePoint now) const
{
    return m_limits.idleMax.count() > 0 && !m_state.watching && !isBusy() &&
           now - std::max(m_state.lastActive, m_lastTaken) > m_limits.idleMax;
}

void Session::tick(TimePoint now)
{
    if (m_closed)
        return;
    const std::uint64_t sent = m_stream->sentBytes();
    m_takenLately = sent - m_sentBefore;
    m_sentBefore = sent;
    if (m_takenLately > 0 || isBusy())
        m_lastTaken = now;
    if (m_stream->backlogBytes() == 0 || m_takenLately > 0) {
        m_progress = now;
        // The client took something: it may be served again.
        if (hasMoreToDo())
            markDirty();
    } else if (now - m_progress > m_limits.stallMax) {
        abort("it has taken no reply for " +
              std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now - m_progress).count()) + " s");
        return;
    }
    if (!m_closing && isHalfSentTooLong(now)) {
        logLine(LogLevel::Warning, "closes the client connection from " + m_state.address + ": the rest of a request of which " +
                                       std::to_string(m_parser.bufferedBytes()) + " bytes are here doesn't come");
        m_host.memory().noteClosedHalfSent();
        RespWriter(m_replies.immediate(), m_state.protocol).error("ERR the rest of the request didn't come in time");
        closeAfterReplies();
        return;
    }
    if (!m_closing && isIdleTooLong(now)) {
        closeNow();
        return;
    }
    if (now - m_state.lastActive > m_limits.idleShrink && !isBusy()) {
        m_parser.shrink();
        m_replies.out().shrink_to_fit();
        account();
    }
}

} // namespace quoit
