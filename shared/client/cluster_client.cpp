#include "shared/client/cluster_client.h"

#include "shared/base/result.h"
#include "shared/resp/writer.h"

#include <algorithm>

namespace quoit {

namespace {

/// The first word of a server's error: what to branch on.
std::string_view errorCode(const RespValue& error)
{
    const std::string_view text = error.text;
    return text.substr(0, text.find(' '));
}

/// Errors that promise that nothing was applied, and that may be gone the next time.
bool saysNothingApplied(std::string_view code)
{
    return code == "NOQUORUM" || code == "BUSY" || code == "LOADING" || code == "CLUSTERDOWN";
}

} // namespace

ClusterClient::ClusterClient(QObject* parent)
    : ClusterClient(Options(), parent)
{}

ClusterClient::ClusterClient(Options options, QObject* parent)
    : QObject(parent)
    , m_options(std::move(options))
{
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &ClusterClient::onTimer);
    connect(&m_topologyTimer, &QTimer::timeout, this, &ClusterClient::refreshTopology);
    addLink();
}

ClusterClient::~ClusterClient()
{
    for (const auto& link : m_links)
        link->disconnect(this);
}

NodeLink* ClusterClient::addLink()
{
    const std::size_t index = m_links.size();
    const auto takenByOthers = [this, index] {
        QStringList taken;
        for (std::size_t i = 0; i < m_links.size(); ++i) {
            if (i != index && m_links[i]->isActive())
                taken.append(m_links[i]->address());
        }
        return taken;
    };
    m_links.push_back(std::make_unique<NodeLink>(m_book, m_options.link, takenByOthers));
    NodeLink* const link = m_links.back().get();
    connect(link, &NodeLink::up, this, [this, link] { onLinkUp(link); });
    connect(link, &NodeLink::down, this, &ClusterClient::onLinkDown);
    connect(link, &NodeLink::pushReceived, this, &ClusterClient::pushReceived);
    connect(link, &NodeLink::attemptFailed, this, [this](const QString& address, const QString& reason) {
        m_lastFailure = address + QStringLiteral(": ") + reason;
        Q_EMIT attemptFailed(address, reason);
    });
    return link;
}

void ClusterClient::connectTo(const QStringList& seeds)
{
    if (m_isRunning)
        disconnectFromCluster();
    m_book.setSeeds(seeds);
    m_isRunning = true;
    m_lastFailure = m_book.all().isEmpty() ? QStringLiteral("no address of the form host:port was given") : QString();
    m_topologyTimer.start(m_options.topologyInterval);
    for (const auto& link : m_links)
        link->start();
}

void ClusterClient::disconnectFromCluster()
{
    if (!m_isRunning)
        return;
    m_isRunning = false;
    m_topologyTimer.stop();
    const QString reason = QStringLiteral("disconnected on request");
    const QPointer<ClusterClient> alive(this);
    for (std::size_t i = 0; alive && i < m_links.size(); ++i)
        m_links[i]->stop(reason);
    while (alive && !m_requests.empty()) {
        const auto& [id, request] = *m_requests.begin();
        const std::string text = reason.toStdString();
        finish(id, request.mayHaveRun ? ClientReply::mayHaveRun(text) : ClientReply::notRun(text));
    }
}

void ClusterClient::setSpread(int nodeCount)
{
    QUOIT_ENSURE(nodeCount >= 1);
    m_spread = nodeCount;
    while (m_links.size() < static_cast<std::size_t>(nodeCount)) {
        NodeLink* const link = addLink();
        if (m_isRunning)
            link->start();
    }
    for (std::size_t i = 0; i < m_links.size(); ++i) {
        if (i >= static_cast<std::size_t>(nodeCount))
            m_links[i]->retire();
        else if (m_isRunning)
            m_links[i]->start();
    }
}

QString ClusterClient::address() const
{
    for (const auto& link : m_links) {
        if (link->isUp())
            return link->address();
    }
    return {};
}

quint64 ClusterClient::request(const std::vector<std::string>& arguments, const RequestOptions& options,
                               ReplyCallback callback)
{
    QUOIT_ENSURE(!arguments.empty());
    const quint64 id = ++m_lastRequestId;
    Request request;
    request.bytes = encodeRequest(arguments);
    request.idempotent = options.idempotent;
    request.hasContext = options.context != nullptr;
    request.context = options.context;
    request.callback = std::move(callback);
    request.deadlineAfter = options.deadline;
    request.grace = options.grace;
    request.deadline = Clock::now() + options.deadline;
    m_requestBytes += request.bytes.size();
    const bool isTooMuch = m_requests.size() >= m_options.requestsMax || m_requestBytes > m_options.requestBytesMax;
    m_deadlines.emplace(request.deadline, id);
    m_requests.emplace(id, std::move(request));
    if (!m_isRunning || isTooMuch) {
        const std::string reason = isTooMuch ? "too many requests wait for an answer" : "not connected to a cluster";
        QMetaObject::invokeMethod(
            this, [this, id, reason] { finish(id, ClientReply::notRun(reason)); }, Qt::QueuedConnection);
        return id;
    }
    armTimer();
    trySend(id);
    return id;
}

void ClusterClient::cancel(quint64 requestId)
{
    const auto found = m_requests.find(requestId);
    if (found == m_requests.end())
        return;
    found->second.callback = [](const ClientReply&) {};
    finish(requestId, ClientReply::notRun({}));
}

NodeLink* ClusterClient::pickLink() const
{
    NodeLink* best = nullptr;
    for (const auto& link : m_links) {
        if (!link->connection())
            continue;
        if (!best || link->connection()->pendingCount() < best->connection()->pendingCount())
            best = link.get();
    }
    return best;
}

void ClusterClient::trySend(quint64 id)
{
    const auto found = m_requests.find(id);
    if (found == m_requests.end())
        return;
    NodeLink* const link = pickLink();
    if (!link) {
        m_waiting.push_back(id);
        return;
    }
    found->second.isInFlight = true;
    link->connection()->sendEncoded(found->second.bytes,
                                    [this, id, link](ClientReply reply) { onReply(id, link, std::move(reply)); });
}

void ClusterClient::onReply(quint64 id, NodeLink* link, ClientReply reply)
{
    const auto found = m_requests.find(id);
    if (found == m_requests.end())
        return; // overdue or cancelled
    Request& request = found->second;
    request.isInFlight = false;
    switch (reply.fate) {
    case RequestFate::Answered:
        if (reply.value.isError() &&
            (saysNothingApplied(errorCode(reply.value)) || errorCode(reply.value) == "UNKNOWN"))
            onRefused(id, link, std::move(reply.value));
        else
            finish(id, std::move(reply));
        return;
    case RequestFate::NotRun:
        break;
    case RequestFate::MayHaveRun:
        request.mayHaveRun = true;
        if (!request.idempotent || request.isLate) {
            finish(id, ClientReply::mayHaveRun("the connection to " + link->address().toStdString() +
                                               " was lost before the answer came: " + reply.reason));
            return;
        }
        break;
    }
    if (request.isLate)
        finish(id, request.mayHaveRun ? ClientReply::mayHaveRun(std::move(reply.reason)) : std::move(reply));
    else if (m_isRunning)
        trySend(id);
}

void ClusterClient::onRefused(quint64 id, NodeLink* link, RespValue error)
{
    Request& request = m_requests.at(id);
    const std::string_view code = errorCode(error);
    const bool mayHaveRun = code == "UNKNOWN";
    const Milliseconds pause =
        std::min(m_options.retryMin * (1 << std::min(request.refusedCount, 10)), m_options.retryMax);
    if ((mayHaveRun && !request.idempotent) || request.isLate || Clock::now() + pause >= request.deadline) {
        finish(id, ClientReply::answered(std::move(error)));
        return;
    }
    request.mayHaveRun |= mayHaveRun;
    ++request.refusedCount;
    // A node that isn't ready, or that alone sees no majority: another one may serve.
    if (code == "LOADING" || code == "CLUSTERDOWN" || (code == "NOQUORUM" && request.refusedCount >= 3))
        link->leave(QString::fromStdString(error.text));
    request.lastError = std::move(error);
    m_retries.emplace(Clock::now() + pause, id);
    armTimer();
}

/// Forgets a request, then calls back. Nothing may be touched afterwards: the callback may have destroyed this.
void ClusterClient::finish(quint64 id, ClientReply reply)
{
    const auto found = m_requests.find(id);
    if (found == m_requests.end())
        return;
    const Request request = std::move(found->second);
    m_requests.erase(found);
    m_requestBytes -= request.bytes.size();
    m_deadlines.erase({request.deadline, id});
    if (!request.hasContext || request.context)
        request.callback(std::move(reply));
}

void ClusterClient::finishOverdue(quint64 id)
{
    Request& request = m_requests.at(id);
    if (request.isInFlight && !request.isLate && request.grace.count() > 0) {
        m_deadlines.erase({request.deadline, id});
        request.isLate = true;
        request.deadline += request.grace;
        request.deadlineAfter += request.grace;
        m_deadlines.emplace(request.deadline, id);
        return;
    }
    const std::string within = std::to_string(request.deadlineAfter.count()) + " ms";
    if (request.isInFlight || request.mayHaveRun)
        finish(id, ClientReply::mayHaveRun("no answer within " + within));
    else if (request.refusedCount > 0)
        finish(id, ClientReply::answered(std::move(request.lastError)));
    else
        finish(id, ClientReply::notRun("no connection within " + within +
                                       (m_lastFailure.isEmpty() ? "" : " (" + m_lastFailure.toStdString() + ")")));
}

void ClusterClient::armTimer()
{
    Clock::time_point due = Clock::time_point::max();
    if (!m_deadlines.empty())
        due = m_deadlines.begin()->first;
    if (!m_retries.empty())
        due = std::min(due, m_retries.begin()->first);
    // A timer that rings early costs less than one that is set anew for each request.
    if (due >= m_timerDue)
        return;
    m_timerDue = due;
    m_timer.start(std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(due - Clock::now())));
}

void ClusterClient::onTimer()
{
    m_timerDue = Clock::time_point::max();
    const Clock::time_point now = Clock::now();
    const QPointer<ClusterClient> alive(this);
    while (!m_deadlines.empty() && m_deadlines.begin()->first <= now) {
        finishOverdue(m_deadlines.begin()->second);
        if (!alive)
            return;
    }
    while (!m_retries.empty() && m_retries.begin()->first <= now) {
        const quint64 id = m_retries.begin()->second;
        m_retries.erase(m_retries.begin());
        trySend(id);
    }
    armTimer();
}

void ClusterClient::onLinkUp(NodeLink* link)
{
    const QPointer<ClusterClient> alive(this);
    if (!m_isConnected) {
        m_isConnected = true;
        m_lastFailure.clear();
        Q_EMIT connected(link->address());
    }
    if (!alive || !link->connection())
        return;
    for (std::size_t left = m_waiting.size(); left > 0; --left) {
        const quint64 id = m_waiting.front();
        m_waiting.pop_front();
        trySend(id);
    }
    askTopology(link, "QUOIT.NODES");
}

void ClusterClient::onLinkDown(const QString& reason)
{
    m_lastFailure = reason;
    const bool anyUp = std::any_of(m_links.begin(), m_links.end(), [](const auto& link) { return link->isUp(); });
    if (anyUp || !m_isConnected)
        return;
    m_isConnected = false;
    Q_EMIT disconnected(reason);
}

void ClusterClient::refreshTopology()
{
    if (NodeLink* const link = pickLink())
        askTopology(link, "QUOIT.NODES");
}

void ClusterClient::askTopology(NodeLink* link, const std::string& command)
{
    const QString host = link->connection()->address().host;
    std::vector<std::string> arguments = {command};
    if (command == "CLUSTER")
        arguments.emplace_back("SHARDS");
    link->connection()->send(arguments, [this, link, command, host](const ClientReply& reply) {
        const QStringList addresses = reply.ok() ? addressesFromAnswer(reply.value, host) : QStringList();
        if (!addresses.isEmpty())
            learn(addresses);
        else if (reply.fate == RequestFate::Answered && command != "CLUSTER" && link->connection())
            askTopology(link, "CLUSTER"); // a server that isn't Quoit
    });
}

void ClusterClient::learn(const QStringList& addresses)
{
    if (!m_book.learn(addresses))
        return;
    for (std::size_t i = 0; i < m_links.size() && i < static_cast<std::size_t>(m_spread); ++i)
        m_links[i]->start(); // those that had no address left
    Q_EMIT topologyChanged();
}

} // namespace quoit
