// node/server/client_sessions.h - the client port: accepts connections, owns their sessions, sends their replies once a
// turn.
#pragma once

#include "node/server/clocks.h"
#include "node/server/log.h"
#include "node/server/session.h"
#include "node/server/tcp_listener.h"

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

namespace quoit {

/// Runs one request of a session; see Session::Host::runCommand.
class CommandRunner
{
public:
    virtual ~CommandRunner() = default;
    virtual bool run(Session& session, const std::vector<std::string_view>& arguments) = 0;
    /// See Session::Host::runAgain.
    virtual void runAgain(Session& session, ChainedCommand read) = 0;
};

class ClientSessions final : private Session::Host
{
public:
    /// @param runner outlives this
    ClientSessions(const SessionLimits& limits, std::size_t connectionsMax, CommandRunner& runner, const SessionMemoryLimits& memory = {});
    ~ClientSessions() override;

    Result<Address> listen(const Address& address) { return m_listener.start(address); }
    /// This node leaves or stops: no new connections, and the present ones end when their clients wait for nothing; at
    /// the latest soon after `until`. To be called again, about every 50 ms, until count() is 0.
    void letGo(TimePoint now, TimePoint until);
    /// It stays after all.
    void keep();
    void closeAll();

    /// Sends what sessions have to say, lets those go on that waited, clears finished ones away. @return true if there
    /// was anything to do
    bool flush();
    /// What all connections hold.
    SessionMemory& memory() override { return m_memory; }
    const SessionMemory& memory() const { return m_memory; }
    bool hasDirty() const { return !m_dirty.empty(); }
    /// Whether the node has more to do than it can: then a session that has far more requests under way than the others
    /// has to wait for them. About ten times a second.
    void shareFairly(bool saturated);
    /// A request was answered BUSY. Refusing costs as well: after so many no request on keys is looked at before the
    /// next shareFairly(), and those who ask without a pause wait in their sockets.
    void noteRefusal() { ++m_refusals; }
    /// Requests on keys have to wait. What this node answers by itself needn't: operators want to know why.
    bool refusesTooMuch() const { return m_refusals >= refusalsMax; }
    static constexpr std::size_t refusalsMax = 500; ///< between two calls of shareFairly()
    /// Stalls, idle memory, connections that hold what others need. About once a second.
    void tick(TimePoint now);

    /// Of the present connections as well; 0: no limit. See SessionLimits::idleMax.
    void setIdleMax(Milliseconds idleMax) { m_limits.idleMax = idleMax; }

    std::size_t count() const { return m_open; }
    std::size_t connectionsMax() const { return m_connectionsMax; }
    std::uint64_t received() const { return m_received; }
    std::uint64_t rejected() const { return m_rejected; }
    /// Replies that were errors, of whatever kind.
    std::uint64_t errorReplies() const { return m_errorReplies; }
    void resetCounters() { m_errorReplies = m_received = m_rejected = 0; }
    /// Any order.
    void forEach(const std::function<void(Session&)>& visit);

private:
    Now now() const override { return readClocks(); }
    bool runCommand(Session& session, const std::vector<std::string_view>& arguments) override
    {
        return m_runner.run(session, arguments);
    }
    void runAgain(Session& session, ChainedCommand read) override { m_runner.runAgain(session, std::move(read)); }
    std::size_t waitingMax() const override { return m_waitingMax; }
    void errorsReplied(std::uint64_t count) override { m_errorReplies += count; }
    void sessionDirty(Session& session) override { m_dirty.push_back(&session); }
    void onAccepted(qintptr descriptor);
    void chooseFavourite();
    void closeUnread();

    SessionMemory m_memory;
    SessionLimits m_limits;
    const std::size_t m_connectionsMax;
    CommandRunner& m_runner;
    TcpListener m_listener;
    std::unordered_map<std::uint64_t, std::unique_ptr<Session>>
        m_sessions; ///< by id; closed ones until their tickets are answered
    std::vector<Session*> m_dirty;
    std::vector<Session*> m_flushing; ///< kept for its memory
    std::uint64_t m_lastId = 0;
    std::size_t m_open = 0;
    std::size_t m_waitingMax; ///< requests under way per session
    std::size_t m_refusals = 0;
    int m_shortSeconds = 0; ///< for so long there has been no room for replies
    std::uint64_t m_received = 0;
    std::uint64_t m_rejected = 0;
    std::uint64_t m_errorReplies = 0;
    LogBrake m_rejections;
};

} // namespace quoit
