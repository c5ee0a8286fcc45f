#include "shared/client/node_link.h"

#include <algorithm>

namespace quoit {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds leaveInterval{2000};
constexpr Milliseconds stableAfter{1000};
constexpr int watchesPerSilence = 4;

} // namespace

NodeLink::NodeLink(AddressBook& book, Options options, std::function<QStringList()> takenByOthers)
    : m_book(book)
    , m_options(std::move(options))
    , m_takenByOthers(std::move(takenByOthers))
{
    m_backoffTimer.setSingleShot(true);
    connect(&m_backoffTimer, &QTimer::timeout, this, &NodeLink::tryNext);
    connect(&m_watchTimer, &QTimer::timeout, this, &NodeLink::watch);
}

void NodeLink::start()
{
    if (!m_isRunning)
        m_isLeaving = false; // was to retire
    m_isRunning = true;
    if (!m_connection)
        tryNext();
}

void NodeLink::stop(const QString& reason)
{
    m_isRunning = false;
    m_backoffTimer.stop();
    if (m_connection)
        m_connection->close(reason);
}

void NodeLink::retire()
{
    m_isRunning = false;
    m_backoffTimer.stop();
    m_isLeaving = true;
    m_leavingReason = QStringLiteral("not needed any more");
    if (m_connection && !m_isUp)
        m_connection->close(m_leavingReason);
}

RespConnection* NodeLink::connection() const
{
    return m_isUp && !m_isLeaving && m_connection->isOpen() ? m_connection : nullptr;
}

void NodeLink::tryNext()
{
    m_backoffTimer.stop();
    m_address = m_book.pick(m_takenByOthers());
    const auto address = parseHostPort(m_address);
    if (!address)
        return; // nothing to try before the book learns more, and start() says so
    m_connection = new RespConnection(m_options.connection, this);
    connect(m_connection, &RespConnection::opened, this, &NodeLink::onOpened);
    connect(m_connection, &RespConnection::closed, this, &NodeLink::onClosed);
    connect(m_connection, &RespConnection::pushReceived, this, &NodeLink::pushReceived);
    m_connection->open(*address);
}

void NodeLink::onOpened()
{
    m_book.noteSuccess(m_address);
    m_upSince = Clock::now();
    m_isUp = true;
    m_isLeaving = false;
    m_probeAllowed = Clock::now();
    m_watchTimer.start(m_options.silenceMax / watchesPerSilence);
    Q_EMIT up();
}

void NodeLink::onClosed(const QString& reason)
{
    const QString address = m_address;
    const bool wasUp = m_isUp;
    dropProbe();
    dropConnection();
    m_book.noteFailure(address);
    if (m_isRunning) {
        // Everything known is tried once before the first pause.
        const auto candidates = std::max<qsizetype>(1, m_book.all().size() - m_takenByOthers().size());
        const bool wasStable = wasUp && Clock::now() - m_upSince >= stableAfter;
        m_failedInARow = wasStable ? 0 : m_failedInARow + 1;
        const qsizetype round = m_failedInARow / candidates;
        const Milliseconds pause =
            round == 0 ? Milliseconds(0) : m_options.backoffMin * (1 << std::min<qsizetype>(round - 1, 10));
        m_backoffTimer.start(std::min(pause, m_options.backoffMax));
    }
    if (wasUp)
        Q_EMIT down(reason);
    else
        Q_EMIT attemptFailed(address, reason);
}

void NodeLink::leave(const QString& reason)
{
    const bool hasOther = !m_book.pick(m_takenByOthers() << m_address).isEmpty();
    if (!m_isUp || m_isLeaving || !hasOther || Clock::now() < m_leaveAllowed)
        return;
    m_leaveAllowed = Clock::now() + leaveInterval;
    m_isLeaving = true;
    m_leavingReason = reason;
    // Not from within the callback that found out; and the others in flight are to be answered first.
    QMetaObject::invokeMethod(this, &NodeLink::watch, Qt::QueuedConnection);
}

void NodeLink::watch()
{
    if (!m_isUp)
        return;
    if (m_isLeaving && m_connection->pendingCount() == 0) {
        m_connection->close(QString(m_leavingReason));
        return;
    }
    const Milliseconds silence = m_connection->silence();
    if (silence >= m_options.answerMax)
        m_connection->close(QStringLiteral("no answer within %1 s").arg(m_options.answerMax.count() / 1000));
    else if (silence >= m_options.silenceMax && !m_probe && Clock::now() >= m_probeAllowed)
        probe();
    else if (m_connection->pendingCount() == 0 && m_connection->idleTime() >= m_options.silenceMax)
        m_connection->send({"PING"}, [](const ClientReply&) {});
}

/// Asks over a new connection whether the node still answers anything.
void NodeLink::probe()
{
    RespConnection::Options options = m_options.connection;
    options.clientName.clear();
    m_probe = new RespConnection(options, this);
    connect(m_probe, &RespConnection::opened, this, [this] {
        m_probeAllowed = Clock::now() + m_options.silenceMax;
        dropProbe();
    });
    connect(m_probe, &RespConnection::closed, this, [this](const QString& reason) {
        dropProbe();
        if (m_connection && m_connection->silence() >= m_options.silenceMax)
            m_connection->close(QStringLiteral("the node doesn't answer any more (%1)").arg(reason));
    });
    m_probe->open(m_connection->address());
}

void NodeLink::dropProbe()
{
    if (!m_probe)
        return;
    m_probe->disconnect(this);
    m_probe->deleteLater();
    m_probe = nullptr;
}

void NodeLink::dropConnection()
{
    m_connection->disconnect(this);
    m_connection->deleteLater();
    m_connection = nullptr;
    m_isUp = false;
    m_isLeaving = false;
    m_watchTimer.stop();
}

} // namespace quoit
