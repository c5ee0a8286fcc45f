#include "console/cluster/change_desk.h"

#include "console/cluster/plan_request.h"

#include <QDateTime>

namespace quoit {

namespace {

using Kind = ChangeStep::Kind;

constexpr int pollMs = 1000;
constexpr qint64 windowMs = 10'000;
constexpr Milliseconds commandDeadline{20'000}; // a map is chosen by a majority of deciders and synced

ClusterClient::Options clientOptions()
{
    ClusterClient::Options options;
    options.link.connection.clientName = "quoit-console-changes";
    return options;
}

} // namespace

QString StagedStep::text() const
{
    switch (kind) {
    case Kind::Join:
        return ChangeDesk::tr("Join %1").arg(address);
    case Kind::Leave:
        return ChangeDesk::tr("%1 leaves").arg(nodeName);
    case Kind::Remove:
        return ChangeDesk::tr("Remove %1, which is dead").arg(nodeName);
    case Kind::Replace:
        return ChangeDesk::tr("Replace %1 by %2").arg(nodeName, address);
    case Kind::Weight:
        return ChangeDesk::tr("Weight of %1: %2").arg(nodeName).arg(weight);
    case Kind::Zone:
        return zone.isEmpty() ? ChangeDesk::tr("%1 is in no zone").arg(nodeName)
                              : ChangeDesk::tr("Zone of %1: %2").arg(nodeName, zone);
    case Kind::Replicas:
        return ChangeDesk::tr("Replicas: %1").arg(replicas);
    }
    return {};
}

bool StagedStep::givesUpData() const
{
    return kind == Kind::Leave || kind == Kind::Remove || kind == Kind::Replace;
}

ChangeDesk::ChangeDesk(QObject* parent)
    : QObject(parent)
    , m_client(clientOptions())
{
    m_timer.setInterval(pollMs);
    connect(&m_timer, &QTimer::timeout, this, &ChangeDesk::poll);
}

void ChangeDesk::connectTo(const QStringList& seeds)
{
    disconnectFromCluster();
    m_isConnectionWanted = true;
    m_client.connectTo(seeds);
    updatePolling();
}

void ChangeDesk::disconnectFromCluster()
{
    m_isConnectionWanted = false;
    m_isChanging = false;
    m_client.disconnectFromCluster();
    m_changes.reset();
    m_trouble.clear();
    m_measured = 0;
    m_bytesCopied = 0;
    m_samples.clear();
    updatePolling();
    Q_EMIT changed();
}

void ChangeDesk::plan(const std::vector<StagedStep>& steps, QObject* context, PlanCallback callback, bool isUnderStrength)
{
    auto* request = new PlanRequest(m_client, steps, isUnderStrength, context, std::move(callback), this);
    request->start();
}

void ChangeDesk::apply(quint64 number, QObject* context, DoneCallback callback)
{
    command({"QUOIT.APPLY", std::to_string(number)}, context, std::move(callback));
}

void ChangeDesk::abort(quint64 number, QObject* context, DoneCallback callback)
{
    command({"QUOIT.ABORT", std::to_string(number)}, context, std::move(callback));
}

void ChangeDesk::setPaused(bool isPaused, QObject* context, DoneCallback callback)
{
    command({isPaused ? "QUOIT.PAUSE" : "QUOIT.RESUME"}, context, std::move(callback));
}

void ChangeDesk::throttle(int megabytesPerSecond, QObject* context, DoneCallback callback)
{
    command({"QUOIT.THROTTLE", std::to_string(megabytesPerSecond)}, context, std::move(callback));
}

void ChangeDesk::command(const std::vector<std::string>& arguments, QObject* context, DoneCallback callback)
{
    RequestOptions options;
    options.deadline = commandDeadline;
    options.context = context;
    m_client.request(arguments, options, [this, callback = std::move(callback)](const ClientReply& reply) {
        poll();
        if (reply.fate == RequestFate::MayHaveRun)
            callback(tr("It isn't known whether this was done: %1. What the ring says now stands below.")
                         .arg(QString::fromStdString(reply.reason)));
        else
            callback(reply.ok() ? QString() : wordsOf(reply));
    });
}

void ChangeDesk::setWatched(bool isWatched)
{
    m_isWatched = isWatched;
    updatePolling();
}

void ChangeDesk::follow(const ClusterMapPtr& map)
{
    const bool isChanging = map && (map->isChanging() || !map->parts().queue.empty());
    if (isChanging == m_isChanging)
        return;
    m_isChanging = isChanging;
    poll(); // its end is to be seen as well
    updatePolling();
}

void ChangeDesk::updatePolling()
{
    const bool isWanted = m_isConnectionWanted && (m_isWatched || m_isChanging);
    if (isWanted == m_timer.isActive())
        return;
    if (!isWanted)
        return m_timer.stop();
    m_timer.start();
    poll();
}

void ChangeDesk::poll()
{
    if (m_isAsked || !m_isConnectionWanted)
        return;
    m_isAsked = true;
    RequestOptions options;
    options.idempotent = true;
    options.context = this;
    m_client.request({"QUOIT.CHANGES"}, options, [this](const ClientReply& reply) { onChanges(reply); });
}

void ChangeDesk::onChanges(const ClientReply& reply)
{
    m_isAsked = false;
    if (!m_isConnectionWanted)
        return;
    if (!reply.ok()) {
        m_trouble = wordsOf(reply);
    } else if (auto report = changesReportFromResp(reply.value); report.ok()) {
        m_trouble.clear();
        measure(report.value());
        m_changes = std::move(report).value();
    } else {
        m_trouble = QString::fromStdString(report.error().message);
    }
    Q_EMIT changed();
}

void ChangeDesk::measure(const ChangesReport& report)
{
    if (report.state == "none") {
        m_samples.clear();
        return;
    }
    if (report.number != m_measured) {
        m_measured = report.number;
        m_samples.clear();
    }
    m_bytesCopied = report.bytesCopied;
    // A node that was started again counts from 0: the rate begins anew as well.
    if (!m_samples.empty() && m_samples.back().bytes > m_bytesCopied)
        m_samples.clear();
    const qint64 now = QDateTime::currentMSecsSinceEpoch();
    m_samples.push_back({now, m_bytesCopied, report.partitionsCopied});
    while (m_samples.size() > 2 && m_samples.front().timeMs < now - windowMs)
        m_samples.pop_front();
}

std::optional<double> ChangeDesk::bytesPerSecond() const
{
    if (m_samples.size() < 2 || m_samples.back().bytes < m_samples.front().bytes)
        return std::nullopt;
    const double seconds = double(m_samples.back().timeMs - m_samples.front().timeMs) / 1000;
    return seconds > 0 ? std::optional(double(m_samples.back().bytes - m_samples.front().bytes) / seconds)
                       : std::nullopt;
}

std::optional<qint64> ChangeDesk::remainingMs() const
{
    if (!m_changes || m_samples.size() < 2 || m_samples.back().partitions <= m_samples.front().partitions)
        return std::nullopt;
    const double copied = double(m_samples.back().partitions - m_samples.front().partitions);
    const double ms = double(m_samples.back().timeMs - m_samples.front().timeMs);
    return qint64(double(m_changes->partitionsToCopy - m_changes->partitionsCopied) * ms / copied);
}

} // namespace quoit
