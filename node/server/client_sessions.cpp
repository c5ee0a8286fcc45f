#include "node/server/client_sessions.h"

#include <algorithm>
#include <sys/socket.h>
#include <unistd.h>

namespace quoit {

namespace {

constexpr int shortSecondsMax = 2;                      // then who doesn't read is closed
constexpr std::uint64_t slowBytesPerSecond = 1024 * 1024; // who takes as much of its replies reads

} // namespace

ClientSessions::ClientSessions(const SessionLimits& limits, std::size_t connectionsMax, CommandRunner& runner,
                               const SessionMemoryLimits& memory)
    : m_memory(memory)
    , m_limits(limits)
    , m_connectionsMax(connectionsMax)
    , m_runner(runner)
    , m_listener([this](qintptr descriptor) { onAccepted(descriptor); })
    , m_waitingMax(limits.waitingMax)
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
    if (m_memory.takeTurnOfWaiting()) {
        for (const auto& [id, session] : m_sessions)
            session->resume();
    }
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

/// Half-sent requests fill the room for them: one of them is received to its end, so that they don't all wait for each other.
void ClientSessions::chooseFavourite()
{
    const auto present = m_sessions.find(m_memory.favourite());
    if (present != m_sessions.end() && !present->second->isClosed() && present->second->hasLargeInput())
        return;
    Session* oldest = nullptr;
    for (const auto& [id, session] : m_sessions) {
        if (!session->isClosed() && session->waitsWithHalfARequest() &&
            (!oldest || session->state().lastActive < oldest->state().lastActive))
            oldest = session.get();
    }
    m_memory.setFavourite(oldest ? oldest->state().id : 0);
    if (oldest)
        oldest->resume();
}

/// Those that hold most and hardly take any of it, until there is room again.
void ClientSessions::closeUnread()
{
    m_shortSeconds = m_memory.areRepliesShort() ? m_shortSeconds + 1 : 0;
    if (m_shortSeconds < shortSecondsMax)
        return;
    std::vector<Session*> slow;
    for (const auto& [id, session] : m_sessions) {
        if (!session->isClosed() && session->outputBytes() > SessionMemory::smallBytes && session->takenLately() < slowBytesPerSecond)
            slow.push_back(session.get());
    }
    std::sort(slow.begin(), slow.end(), [](const Session* a, const Session* b) { return a->outputBytes() > b->outputBytes(); });
    for (Session* const session : slow) {
        if (m_memory.isRoomForReplies())
            break;
        m_memory.noteClosedUnread();
        session->abort("it doesn't read its replies, " + std::to_string(session->outputBytes()) +
                       " bytes, and the memory for replies is needed for others");
    }
}

void ClientSessions::letGo(TimePoint now, TimePoint until)
{
    m_listener.stop();
    for (auto& [id, session] : m_sessions)
        session->letGo(now, until);
}

void ClientSessions::keep()
{
    for (auto& [id, session] : m_sessions)
        session->keep();
}

void ClientSessions::closeAll()
{
    for (auto& [id, session] : m_sessions)
        session->abort({});
}

void ClientSessions::shareFairly(bool saturated)
{
    constexpr std::size_t waitingMin = 2;
    if (std::exchange(m_refusals, 0) >= refusalsMax)
        for (const auto& [id, session] : m_sessions)
            session->resume();
    if (m_memory.isInputShort())
        chooseFavourite();
    if (!saturated) { // back gently: the next look tells whether there is room
        m_waitingMax = std::min(m_limits.waitingMax, m_waitingMax + m_waitingMax / 4 + 1);
        return;
    }
    std::size_t active = 0;
    std::size_t sum = 0;
    std::size_t most = 0;
    for (const auto& [id, session] : m_sessions) {
        active += session->unanswered() > 0;
        sum += session->unanswered();
        most = std::max(most, session->unanswered());
    }
    if (active < 2) { // alone
        m_waitingMax = m_limits.waitingMax;
        return;
    }
    const std::size_t fair = std::max(waitingMin, 2 * (sum - most) / (active - 1));
    m_waitingMax = std::min(m_limits.waitingMax, std::max(fair, m_waitingMax / 2));
}

void ClientSessions::tick(TimePoint now)
{
    for (auto& [id, session] : m_sessions)
        session->tick(now);
    closeUnread();
}

void ClientSessions::forEach(const std::function<void(Session&)>& visit)
{
    for (auto& [id, session] : m_sessions) {
        if (!session->isClosed())
            visit(*session);
    }
}

} // namespace quoit
