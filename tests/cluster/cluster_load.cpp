#include "tests/cluster/cluster_load.h"

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QEventLoop>

#include <algorithm>

namespace quoit {

namespace {

constexpr std::size_t keysPerConnection = 20;
constexpr int failuresMax = 100;

template <typename Condition>
bool processUntil(int milliseconds, Condition condition)
{
    const QDeadlineTimer deadline(milliseconds);
    while (!condition()) {
        if (deadline.hasExpired())
            return false;
        QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents, 10);
    }
    return true;
}

} // namespace

ClusterLoad::ClusterLoad(const QStringList& addresses, int connectionCount, QObject* parent)
    : QObject(parent)
{
    for (int i = 0; i < connectionCount; ++i) {
        auto worker = std::make_unique<Worker>();
        worker->address = addresses[i % addresses.size()].toStdString();
        worker->connection = std::make_unique<RespConnection>(RespConnection::Options{});
        worker->numbers.resize(keysPerConnection);
        m_workers.push_back(std::move(worker));
    }
    m_clock.start();
}

ClusterLoad::~ClusterLoad() = default;

std::string ClusterLoad::keyOf(const Worker& worker, std::size_t key) const
{
    const auto place = std::find_if(m_workers.begin(), m_workers.end(), [&](const auto& other) { return other.get() == &worker; });
    return "load:" + std::to_string(place - m_workers.begin()) + ":" + std::to_string(key);
}

bool ClusterLoad::start()
{
    for (const auto& worker : m_workers) {
        const auto address = parseHostPort(QString::fromStdString(worker->address));
        if (!address)
            return false;
        connect(worker->connection.get(), &RespConnection::closed, this, [this, w = worker.get()](const QString& reason) {
            if (m_running)
                fail(QStringLiteral("the connection to %1 was lost: %2").arg(QString::fromStdString(w->address), reason));
        });
        worker->connection->open(*address);
    }
    const bool open = processUntil(5000, [this] {
        return std::all_of(m_workers.begin(), m_workers.end(), [](const auto& w) { return w->connection->isOpen(); });
    });
    if (!open)
        return false;
    m_running = true;
    resetGap();
    for (const auto& worker : m_workers)
        next(*worker);
    return true;
}

bool ClusterLoad::stop()
{
    m_running = false;
    return processUntil(10'000, [this] { return std::none_of(m_workers.begin(), m_workers.end(), [](const auto& w) { return w->busy; }); });
}

void ClusterLoad::next(Worker& worker)
{
    if (!m_running || !worker.connection->isOpen())
        return;
    const std::size_t key = worker.turn / 2 % keysPerConnection;
    const bool isWrite = worker.turn % 2 == 0;
    ++worker.turn;
    worker.busy = true;
    std::vector<std::string> request{isWrite ? "SET" : "GET", keyOf(worker, key)};
    if (isWrite)
        request.push_back(std::to_string(worker.numbers[key] + 1));
    worker.connection->send(request, [this, &worker, key, isWrite](const ClientReply& reply) { onReply(worker, key, isWrite, reply); });
}

void ClusterLoad::onReply(Worker& worker, std::size_t key, bool isWrite, const ClientReply& reply)
{
    worker.busy = false;
    if (!reply.ok()) {
        fail(QStringLiteral("%1 %2 at %3: %4")
                 .arg(isWrite ? QStringLiteral("SET") : QStringLiteral("GET"), QString::fromStdString(keyOf(worker, key)),
                      QString::fromStdString(worker.address), QString::fromStdString(reply.errorText())));
        return;
    }
    if (isWrite) {
        ++worker.numbers[key];
    } else if (reply.value.text != std::to_string(worker.numbers[key])) {
        fail(QStringLiteral("%1 reads as \"%2\" at %3, but %4 was acknowledged")
                 .arg(QString::fromStdString(keyOf(worker, key)), QString::fromStdString(reply.value.text),
                      QString::fromStdString(worker.address))
                 .arg(worker.numbers[key]));
    }
    onSuccess();
    next(worker);
}

void ClusterLoad::onSuccess()
{
    const qint64 now = m_clock.nsecsElapsed();
    m_longestGapMs = std::max(m_longestGapMs, double(now - m_lastSuccessNs) / 1e6);
    m_lastSuccessNs = now;
    ++m_successes;
}

void ClusterLoad::resetGap()
{
    m_lastSuccessNs = m_clock.nsecsElapsed();
    m_longestGapMs = 0;
}

void ClusterLoad::fail(const QString& what)
{
    if (m_failures.size() < failuresMax)
        m_failures.append(what);
}

std::vector<std::pair<std::string, std::string>> ClusterLoad::promised() const
{
    std::vector<std::pair<std::string, std::string>> values;
    for (const auto& worker : m_workers)
        for (std::size_t key = 0; key < keysPerConnection; ++key)
            if (worker->numbers[key] > 0)
                values.emplace_back(keyOf(*worker, key), std::to_string(worker->numbers[key]));
    return values;
}

} // namespace quoit
