// node/server/long_command.h - commands that ask the whole ring: scans, counts, locating. They take one or more
// questions to the core.
#pragma once

#include "node/core/core.h"
#include "node/server/session.h"
#include "shared/resp/writer.h"

#include <functional>
#include <memory>
#include <string>

namespace quoit {

class LongCommand;

/// Asks the core on behalf of a command; the answer comes back to it.
class LongCommandDesk
{
public:
    virtual ~LongCommandDesk() = default;
    virtual TimePoint timeOfDesk() const = 0;
    virtual void answeredLong(const Session& session, std::string_view name, TimePoint since) = 0;
    virtual void askScan(std::shared_ptr<LongCommand> command, Position first, std::uint32_t count) = 0;
    virtual void askCount(std::shared_ptr<LongCommand> command) = 0;
    virtual void askLocate(std::shared_ptr<LongCommand> command, std::string key) = 0;
    /// See Core::submitMap.
    virtual void askMap(std::shared_ptr<LongCommand> command, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder) = 0;
};

/// Lives until its reply is written, held by whoever asks for it. Opens its session's ticket when it is made.
class LongCommand : public std::enable_shared_from_this<LongCommand>
{
public:
    LongCommand(LongCommandDesk& desk, Session& session);
    virtual ~LongCommand() = default;
    LongCommand(const LongCommand&) = delete;
    LongCommand& operator=(const LongCommand&) = delete;

    virtual void start() = 0;
    virtual void onScanPage(ScanPage) {}
    virtual void onCount(CountResult) {}
    virtual void onLocate(LocateResult) {}
    virtual void onMap(ChangeCompletion) {}

protected:
    LongCommandDesk& desk() { return m_desk; }
    /// Writes the reply with write(RespWriter&); call once.
    template <typename Write>
    void answer(Write write)
    {
        RespWriter writer(m_session.replies().replyOf(m_ticket), m_protocol);
        write(writer);
        m_session.replies().complete(m_ticket);
        m_desk.answeredLong(m_session, m_name, m_since);
        m_session.onReplied();
    }
    /// @return true, and answers, if the status is a failure
    bool failed(CompletionStatus status);
    /// True if nobody waits for the reply any more.
    bool isAbandoned() const { return m_session.isClosed(); }

private:
    LongCommandDesk& m_desk;
    Session& m_session;
    const int m_protocol;
    const ReplyQueue::Ticket m_ticket;
    const std::string_view m_name; ///< of the command table
    const TimePoint m_since;
};

/// What a client reads when the core couldn't do it; "CODE sentence".
std::string_view errorTextOf(CompletionStatus status);
/// Its first word, such as "NOQUORUM".
std::string_view errorCodeOf(CompletionStatus status);

} // namespace quoit
