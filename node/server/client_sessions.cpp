#include "node/server/client_sessions.h"

#include <sys/socket.h>
#include <unistd.h>

namespace quoit {

ClientSessions::ClientSessions(const SessionLimits& limits, std::size_t connectionsMax, CommandRunner& runner)
    : m_limits(limits)
    , m_connectionsMax(connectionsMax)
    , m_runner(runner)
    , m_listener([this](qintptr descriptor) { onAccepted(descriptor); })
{}

ClientSessions::~ClientSessions() = default;

void ClientSessions::onAccepted(qintptr descriptor)
{
    if (m_open >= m_connectionsMax) {
        ++m_rejected;
        constexpr std::string_view reply = "-ERR max number of clients reached\r\n";
        [[maybe_unused]] const ssize_t sent =
            ::send(static_cast<int>(descriptor), reply.data(), reply.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        ::close(static_cast<int>(descriptor));
        m_rejections.line(readClocks().monotonic, LogLevel::Warning,
                          "refused a client: " + std::to_string(m_open) +
                              " are connected, which is the limit (--max-clients)");
        return;
    }
    ++m_received;
    auto session = std::make_unique<Session>(static_cast<Session::Host&>(*this), m_limits, ++m_lastId, descriptor);
    if (session->isClosed())
        return;
    ++m_open;
    m_sessions.emplace(m_lastId, std::move(session));
}

bool ClientSessions::flush()
{
    if (m_dirty.empty())
        return false;
    m_flushing.clear();
    m_flushing.swap(m_dirty);
    for (Session* session : m_flushing) {
        const bool wasFinished = session->isFinished();
        session->flush();
        if (!session->isFinished())
            continue;
        // It may have put itself on the list again while it was flushed.
        if (!wasFinished)
            std::erase(m_dirty, session);
        --m_open;
        m_sessions.erase(session->state().id);
    }
    return true;
}

void ClientSessions::stopParsing()
{
    for (auto& [id, session] : m_sessions)
        session->stopParsing();
}

bool ClientSessions::anyBusy() const
{
    for (const auto& [id, session] : m_sessions) {
        if (!session->isClosed() && session->isBusy())
            return true;
    }
    return false;
}

void ClientSessions::closeAll()
{
    for (auto& [id, session] : m_sessions)
        session->abort({});
}

void ClientSessions::tick(TimePoint now)
{
    for (auto& [id, session] : m_sessions)
        session->tick(now);
}

void ClientSessions::forEach(const std::function<void(Session&)>& visit)
{
    for (auto& [id, session] : m_sessions) {
        if (!session->isClosed())
            visit(*session);
    }
}

} // namespace quoit
